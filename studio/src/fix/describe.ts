// Changes and their effects in plain words.
import { usd } from "../lib/format";
import type { FieldChange } from "../lib/brief";
import { language, words } from "../text";
import type { BriefPreview, Part } from "../types";

const list = (items: string[]): string => new Intl.ListFormat(language.value, { type: "conjunction" }).format(items);

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Returns the number of a scene from its id, such as 3 from `scene_03`. */
const numberOf = (id: string, ids: string[]): number => ids.indexOf(id) + 1;

/** Names a field of the brief as the form names it. */
export function fieldName({ scene, field }: FieldChange): string {
  const text = words();
  const names: Record<string, string> = {
    shown_as: text.shownAs, say_instead: text.sayInstead, caption: text.wholeCaption, caption_shift_seconds: text.captionShift,
    media: text.picture, prompt: text.prompt, effect: text.camera, transition: text.transition, engine: text.engine,
    min_duration_seconds: text.minSeconds, take: text.askedAgain, voice: text.voice, music_source: text.music,
    music_gain_db: text.musicGain,
  };
  const name = names[field] ?? field.replaceAll("_", " ");
  return scene === null ? name : `${text.sceneTitle(scene)} · ${name}`;
}

/** Returns a value of the brief as a person reads it. */
export function valueText(field: string, value: unknown): string {
  const text = words();
  if (value === undefined || value === null || value === "") return text.automatic;
  if (field === "effect") return text.moves[String(value)] ?? String(value);
  if (field === "transition") return text.transitions[String(value)] ?? String(value);
  if (field === "voice" && typeof value === "object") {
    return Object.entries(value as object).map(([name, own]) => (name === "speed" ? `${text.speed} ${own}` : String(own))).join(", ");
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** States which parts are made again, such as "Captions and picture of scene 1." */
export function effectText({ changed, changed_scenes, plan }: BriefPreview): string {
  const text = words();
  const ids = plan.sceneGraph.scenes.map((scene) => scene.id);
  const numbers = changed_scenes.map((id) => numberOf(id, ids)).filter((number) => number > 0);
  const name = (part: Part) => text.parts[part] ?? part;
  if (changed.length === 0 && numbers.length === 0) return text.nothingAgain;
  if (numbers.length === 0) return `${upperFirst(text.partsOfFilm(list(changed.map(name))))}.`;
  const ofScenes = changed.filter((part) => part !== "music");
  const place = numbers.length === ids.length && numbers.length > 1 ? text.allScenes : text.scenesNumbered(list(numbers.map(String)), numbers.length);
  const sentences = [text.partsOf(list((ofScenes.length > 0 ? ofScenes : ["picture" as const]).map(name)), place)];
  if (changed.includes("music")) sentences.push(text.partsOfFilm(name("music")));
  return `${sentences.map(upperFirst).join(". ")}.`;
}

/** States what has to be paid, and for what. */
export function priceText({ price_usd, voice_usd, clips, plan }: BriefPreview): string {
  const text = words();
  if (price_usd <= 0) return text.nothingToPay;
  const ids = plan.sceneGraph.scenes.map((scene) => scene.id);
  const parts = [
    ...(voice_usd > 0 ? [text.payVoice(usd(voice_usd, language.value))] : []),
    ...clips.map((clip) => text.payClip(clip.engine, numberOf(clip.scene_id, ids), usd(clip.price_usd, language.value))),
  ];
  const whole = text.toPay(usd(price_usd, language.value));
  return parts.length > 0 ? `${whole}: ${list(parts)}.` : `${whole}.`;
}
