// The fields that change the selected scene of a finished film, and the voice and music of the whole film.
import { signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api, upload } from "../api";
import { Field, TextField, numberOf } from "../ui/field";
import { PictureFields } from "../ui/scene_fields";
import { ListenToText, MusicPicker, VoicePicker } from "../ui/sound";
import { announce, sentence } from "../state";
import { words } from "../text";
import type { SceneModel } from "../timeline/model";
import type { TimelineStore } from "../timeline/store";
import type { Engine, SceneOverride, VoiceSettings } from "../types";
import { overrideOf } from "../lib/brief";
import { fileName } from "../lib/files";
import type { FixStore } from "./state";

const engines = signal<Engine[] | null>(null);
/** Pictures that were added while this page was open, with their names. */
const added = signal<[string, string][]>([]);

/** Returns the files of the brief for a choice. Files without a name are numbered. */
function pictures(fix: FixStore): [string, string][] {
  const text = words();
  const files = fix.draft.value.media_files ?? [];
  const own = files.map((file, index): [string, string] => {
    const path = typeof file === "string" ? file : file.path;
    return [path, fileName(path) ?? text.fileNumber(index + 1)];
  });
  return [...own, ...added.value.filter(([path]) => !own.some(([known]) => known === path))];
}

export function SceneTools({ scene, store, fix }: { scene: SceneModel; store: TimelineStore; fix: FixStore }) {
  const text = words();
  useEffect(() => {
    if (engines.value === null) api.engines().then((all) => (engines.value = all), () => undefined);
  }, []);
  const { number } = scene;
  const own = fix.changesOfScene(number);
  const change = (part: Partial<SceneOverride>) => fix.changeScene(number, part);
  const errorsOf = (field: string) => fix.errorsOf(number, field);
  const said = scene.graph?.sentences.join(" ") ?? scene.words;
  const { voice, voice_file } = fix.draft.value;
  const hasWords = said !== "";
  return (
    <details class="scene-tools" id="scene-tools" open>
      <summary><h3>{text.changeScene(number)}</h3></summary>
      {scene.isFallback && scene.receipt && <AskAgain scene={scene} fix={fix} />}
      {hasWords && (
        <>
          <EditedText label={text.shownAs} help={text.shownAsHelp} value={own.shown_as} original={own.say_instead ?? said}
            errors={errorsOf("shown_as")}
            // Both would say how the caption reads.
            onChange={(shown_as) => change({ shown_as, ...(shown_as && { caption: "" }) })} />
          {voice_file ? <p class="help">{text.recordingStays}</p> : (
            <>
              <EditedText label={text.sayInstead} help={text.sayInsteadHelp} value={own.say_instead} original={said}
                errors={errorsOf("say_instead")} onChange={(say_instead) => change({ say_instead })} />
              {own.say_instead && voice !== "off" && (
                <ListenToText settings={(typeof voice === "object" ? voice : {}) as VoiceSettings} sample={own.say_instead} />
              )}
            </>
          )}
          <TextField label={text.captionShift} help={text.captionShiftHelp} type="number" min={-1} max={1} step={0.05}
            value={own.caption_shift_seconds} errors={errorsOf("caption_shift_seconds")}
            onChange={(value) => change({ caption_shift_seconds: numberOf(value) } as Partial<SceneOverride>)} />
        </>
      )}
      <TextField label={text.wholeCaption} help={text.captionHelp} maxLength={500} value={own.caption} errors={errorsOf("caption")}
        onChange={(caption) => change({ caption, ...(caption && { shown_as: "" }) })} />
      <div class="fields">
        <PictureFields number={number} own={own} change={change} idea={scene.graph?.media.prompt ?? ""} errorsOf={errorsOf}
          pictures={pictures(fix)}
          engines={(engines.value ?? []).map((engine) =>
            [engine.engine, engine.enabled && !engine.switched_off ? engine.engine : `${engine.engine} (${text.switchedOff})`])} />
      </div>
      <CutAtPlayhead scene={scene} store={store} onCut={(min_duration_seconds) => change({ min_duration_seconds })} />
      <AddPicture onAdded={(asset) => change({ media: asset })} />
    </details>
  );
}

/** Moves the end of a scene to the playhead. A scene is never shorter than its words. */
function CutAtPlayhead({ scene, store, onCut }: { scene: SceneModel; store: TimelineStore; onCut: (seconds: number) => void }) {
  const text = words();
  const seconds = Math.round(store.at.value - scene.start) / 1000;
  return (
    <p>
      <button type="button" class="second" disabled={seconds <= 0.1} onClick={() => onCut(seconds)}>{text.cutHere}</button>{" "}
      <span class="help">{text.cutHereHelp}</span>
    </p>
  );
}

/** Moves the keyboard to the fields of the selected scene. */
export function focusTools(): void {
  const tools = document.getElementById("scene-tools") as HTMLDetailsElement | null;
  if (!tools) return;
  tools.open = true;
  tools.querySelector<HTMLElement>("textarea, input, select")?.focus();
}

/** Offers to ask the engine again that a fallback replaced. */
function AskAgain({ scene, fix }: { scene: SceneModel; fix: FixStore }) {
  const text = words();
  const asked = scene.receipt!.engineAsked;
  const saved = fix.saved.value ? overrideOf(fix.saved.value.brief, scene.number) : {};
  const isPrepared = (fix.changesOfScene(scene.number).take ?? 0) > (saved.take ?? 0);
  return (
    <p>
      {text.drewInstead(scene.engine, asked)}{" "}
      <button type="button" class="second" disabled={isPrepared}
        onClick={() => {
          fix.askAgain(scene.number, asked);
          announce(words().askPrepared(asked));
        }}>
        {text.askAgain(asked)}
      </button>
      {isPrepared && <span class="help"> {text.askPrepared(asked)}</span>}
      {engines.value?.some((engine) => engine.engine === asked && (engine.held_back_until || engine.switched_off || !engine.enabled)) && (
        <span class="warning"> {text.askAgainHeldBack(asked)}</span>
      )}
    </p>
  );
}

/** A text that is edited in place. The original text is no change. */
function EditedText({ label, help, value, original, errors, onChange }: {
  label: string; help: string; value: string | undefined; original: string; errors: string[]; onChange: (value: string) => void;
}) {
  const typed = useSignal<string | null>(null);
  return (
    <Field label={label} help={help} errors={errors}>
      {(attributes) => (
        <textarea {...attributes} rows={2} maxLength={500} value={typed.value ?? value ?? original}
          onInput={(event) => {
            const next = event.currentTarget.value;
            typed.value = next;
            onChange(next.trim() === "" || next === original ? "" : next);
          }}
          // An emptied field shows the original words again.
          onBlur={() => (typed.value = null)} />
      )}
    </Field>
  );
}

function AddPicture({ onAdded }: { onAdded: (asset: string) => void }) {
  const text = words();
  const chooser = useRef<HTMLInputElement>(null);
  const share = useSignal<number | null>(null);
  const problem = useSignal("");
  const add = async (file: File) => {
    problem.value = "";
    share.value = 0;
    try {
      const asset = await upload(file, (part) => (share.value = part)).done;
      added.value = [...added.value, [asset.name, file.name]];
      onAdded(asset.name);
    } catch (error) {
      problem.value = sentence(error);
    } finally {
      share.value = null;
    }
  };
  return (
    <div>
      <button type="button" class="second" disabled={share.value !== null} onClick={() => chooser.current?.click()}>{text.otherPicture}</button>
      <input ref={chooser} type="file" hidden accept="image/*,video/*" aria-label={text.otherPicture}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (file) void add(file);
        }} />
      {share.value !== null && <progress value={share.value} aria-label={text.uploading(text.picture)} />}
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
    </div>
  );
}

/** The voice and the music of the film. */
export function FilmTools({ fix, sample }: { fix: FixStore; sample: string }) {
  const text = words();
  const { voice, voice_file, music_source, music_gain_db } = fix.draft.value;
  return (
    <details class="card">
      <summary><h2>{text.filmSound}</h2></summary>
      {voice_file ? <p class="help">{text.recordingSpeaks}</p> : (
        <VoicePicker value={voice} automatic={text.automatic} spoken={fix.draft.value.language ?? ""} sample={sample || text.sampleSentence} onChange={(next) => fix.change({ voice: next })} />
      )}
      <MusicPicker value={music_source ?? ""} onChange={(next) => fix.change({ music_source: next })} gain={music_gain_db}
        onGain={(next) => fix.change({ music_gain_db: next })} />
    </details>
  );
}

/** The changed caption over the player, while the playhead is in its scene. It hides the rendered one. */
export function CaptionPreview({ store, fix }: { store: TimelineStore; fix: FixStore }) {
  const at = store.at.value;
  const scene = store.model.scenes.find((own) => own.start <= at && at < own.end);
  if (!scene || !fix.saved.value) return null;
  const textOf = (own: Partial<SceneOverride>) => own.caption ?? own.shown_as ?? own.say_instead;
  const changed = textOf(fix.changesOfScene(scene.number)) ?? scene.graph?.sentences.join(" ");
  const before = textOf(overrideOf(fix.saved.value.brief, scene.number)) ?? scene.graph?.sentences.join(" ");
  if (changed === before || !changed) return null;
  return <div class="caption-preview"><span>{changed}</span><small>{words().notRendered}</small></div>;
}
