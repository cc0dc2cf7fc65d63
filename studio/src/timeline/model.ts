// Prepares a bundle for drawing: everything that does not depend on the visible part. Pure.
import type { CaptionCue, CaptionWord, DuckRegion, GraphScene, SceneReceipt, TimelineScene, VideoClip } from "../types";
import type { Bundle } from "./bundle";
import { problemsOf, type Problem } from "./problems";
import { frameRate } from "./scale";

export interface SceneModel {
  id: string;
  number: number;
  start: number;
  end: number;
  place: TimelineScene;
  words: string;
  graph: GraphScene | null;
  receipt: SceneReceipt | null;
  engine: string;
  isFallback: boolean;
  clips: VideoClip[];
}

export interface WordModel extends CaptionWord {
  id: string;
  sceneId: string;
  /** The time of the voice if it differs; null if the voice was not heard. Undefined if the word fits. */
  heard?: number | null;
}

export interface CueModel extends CaptionCue {
  id: string;
  lateMs: number;
}

export interface Model {
  bundle: Bundle;
  duration: number;
  rate: number;
  frames: number;
  scenes: SceneModel[];
  words: WordModel[];
  cues: CueModel[];
  ducks: DuckRegion[];
  problems: Problem[];
  target: number | null;
}

/** What a person has selected. The id is that of a scene, a word, a cue or a problem. */
export interface Selection {
  kind: "scene" | "word" | "cue" | "problem";
  id: string;
}

export function modelOf(bundle: Bundle): Model {
  const { timeline, receipt, sceneGraph, inspection } = bundle;
  const { off = [], late_cues = [] } = inspection?.facts ?? {};
  const cues = timeline.tracks.captions.map((cue, index): CueModel => {
    const late = late_cues.find((own) => own.start_ms === cue.start && own.text === cue.text);
    return { ...cue, id: `cue-${index}`, lateMs: late?.late_ms ?? 0 };
  });
  const words = cues.flatMap((cue) => cue.words.map((word) => ({ ...word, sceneId: cue.sceneId })));
  return {
    bundle,
    duration: timeline.totalDuration,
    rate: frameRate(timeline.frameRate),
    frames: timeline.totalFrames,
    scenes: timeline.timeline.map((place, index): SceneModel => {
      const own = receipt?.scenes.find((scene) => scene.sceneId === place.sceneId) ?? null;
      const graph = sceneGraph?.scenes.find((scene) => scene.id === place.sceneId) ?? null;
      const spoken = cues.filter((cue) => cue.sceneId === place.sceneId).map((cue) => cue.text).join(" ");
      return {
        id: place.sceneId,
        number: index + 1,
        start: place.start,
        end: place.end,
        place,
        words: spoken || graph?.sentences.join(" ") || "",
        graph,
        receipt: own,
        engine: own?.engineUsed ?? place.engine,
        isFallback: own?.fallbackUsed ?? false,
        clips: timeline.tracks.video.filter((clip) => clip.sceneId === place.sceneId),
      };
    }),
    words: words.map((word, index): WordModel => {
      const wrong = off.find((own) => own.start_ms === word.start && own.word === word.text);
      return { ...word, id: `word-${index}`, ...(wrong && { heard: wrong.heard_ms }) };
    }),
    cues,
    ducks: timeline.tracks.audio.flatMap((track) => (track.kind === "music" ? track.duckRegions ?? [] : [])),
    problems: problemsOf(bundle),
    target: receipt?.loudness.targetLufs ?? null,
  };
}

/** Returns the gain of the music at a time, in dB: 0 outside of all regions, with linear ramps at their edges. */
export function duckGain(ducks: DuckRegion[], at: number): number {
  let lowest = 0;
  for (const { start, end, gainDb, rampDown, rampUp } of ducks) {
    const down = rampDown > 0 ? (at - (start - rampDown)) / rampDown : Number(at >= start);
    const up = rampUp > 0 ? (end + rampUp - at) / rampUp : Number(at < end);
    const share = Math.min(Math.max(Math.min(down, up), 0), 1);
    lowest = Math.min(lowest, share * gainDb);
  }
  return lowest;
}

/** Returns the time range of a selection. */
export function rangeOf(model: Model, selection: Selection): { start: number; end: number } | null {
  const list: { id: string; start: number; end: number }[] =
    selection.kind === "scene" ? model.scenes : selection.kind === "word" ? model.words : model.cues;
  if (selection.kind !== "problem") return list.find((item) => item.id === selection.id) ?? null;
  const problem = model.problems.find((own) => own.id === selection.id);
  return problem ? { start: problem.at, end: problem.at } : null;
}
