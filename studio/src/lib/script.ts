// Reorders, splits and merges the scenes of a script. Pure. A plan says which sentences form a scene; these functions
// find the sentences in the script, so that marks and pauses around them stay.
import type { SceneOverride } from "../types";

/** A scene's part of the script: its text, and the text between it and the next scene. */
interface Piece {
  text: string;
  gap: string;
}

const SHOT = /<SHOT\s*\d*>[^\S\n]*\n?/gi;

interface Place {
  start: number;
  end: number;
}

const literal = (letter: string) => letter.replace(/[.*+?^${}()|[\]\\/]/, "\\$&");

/** Returns the place of a sentence in a script from a position on. White space and marks may differ. */
function find(script: string, sentence: string, from: number): Place | null {
  const words = sentence.split(/\s+/).filter(Boolean).map((word) => [...word].map(literal).join("[*_`]*"));
  if (words.length === 0) return null;
  const pattern = new RegExp(`[*_\`]*${words.join("[\\s*_`>]+")}[*_\`]*`, "gu");
  pattern.lastIndex = from;
  const match = pattern.exec(script);
  return match && { start: match.index, end: match.index + match[0].length };
}

/** Returns the place of successive sentences; null if one of them is not found. */
function findAll(script: string, sentences: string[], from: number): Place | null {
  let whole: Place | null = null;
  for (const sentence of sentences) {
    const before = whole as Place | null;
    const place = find(script, sentence, before?.end ?? from);
    if (!place) return null;
    whole = { start: before?.start ?? place.start, end: place.end };
  }
  return whole;
}

/** Cuts a script into the pieces of its scenes. Scenes whose sentences are not found keep the planned sentences. */
export function pieces(script: string, scenes: string[][]): Piece[] {
  const plain = script.replace(SHOT, "\n");
  const places: (Place | null)[] = [];
  let from = 0;
  for (const sentences of scenes) {
    const whole = findAll(plain, sentences, from);
    if (whole) from = whole.end;
    places.push(whole);
  }
  return scenes.map((sentences, index) => {
    const own = places[index];
    const next = places[index + 1];
    if (!own) return { text: sentences.join(" "), gap: "\n" };
    const start = index === 0 ? 0 : own.start;
    const end = index === scenes.length - 1 ? plain.length : own.end;
    const gap = next ? plain.slice(own.end, next.start) : "\n";
    return { text: plain.slice(start, end).trim(), gap: gap.length > 0 ? gap : " " };
  });
}

/** Returns a script in which every piece is a scene by hand. */
function shots(texts: string[]): string {
  return texts.map((text, index) => `<SHOT ${index + 1}>\n${text.trim()}\n`).join("");
}

const hasShots = (script: string): boolean => /<SHOT/i.test(script);

/** Moves a scene to another place. Scenes are counted from 0. */
export function moveScene(script: string, scenes: string[][], from: number, to: number): string {
  const all = pieces(script, scenes);
  const texts = all.map((piece) => piece.text);
  texts.splice(to, 0, ...texts.splice(from, 1));
  if (hasShots(script)) return shots(texts);
  // The gaps stay where they are: a paragraph ends after the second scene, whichever that is.
  return texts.map((text, index) => text + (index < texts.length - 1 ? all[index]!.gap : "")).join("");
}

/** Makes one scene of a scene and the next one. */
export function mergeScenes(script: string, scenes: string[][], index: number): string {
  const all = pieces(script, scenes);
  const texts = all.map((piece) => piece.text);
  const joined = `${texts[index]} ${texts[index + 1]}`;
  texts.splice(index, 2, joined);
  return shots(texts);
}

/** Splits a scene after its sentence `after`, counted from 0. */
export function splitScene(script: string, scenes: string[][], index: number, after: number): string {
  const parts = scenes.flatMap((sentences, scene) =>
    scene === index ? [sentences.slice(0, after + 1), sentences.slice(after + 1)] : [sentences]);
  return shots(pieces(script, parts).map((piece) => piece.text));
}

/** Renumbers the changes to scenes. `place` maps an old number to the new one; null drops the change. */
export function renumber(
  scenes: SceneOverride[] | undefined,
  place: (scene: number) => number | null,
): SceneOverride[] | undefined {
  const kept = (scenes ?? []).flatMap((own) => {
    const scene = place(own.scene);
    return scene === null ? [] : [{ ...own, scene }];
  });
  kept.sort((a, b) => a.scene - b.scene);
  return kept.length > 0 ? kept : undefined;
}

/** Returns the new number of a scene after a move. Numbers count from 1. */
export function movedPlace(from: number, to: number): (scene: number) => number {
  return (scene) => {
    if (scene === from) return to;
    if (from < scene && scene <= to) return scene - 1;
    if (to <= scene && scene < from) return scene + 1;
    return scene;
  };
}
