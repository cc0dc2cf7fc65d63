// Lists what is wrong with a film, with the time of each problem. Pure.
import type { CaptionCue, Note, SceneReceipt } from "../types";
import type { Bundle } from "./bundle";

export type Problem = { id: string; at: number; sceneId: string | null } & (
  | { kind: "fallback"; receipt: SceneReceipt }
  | { kind: "warning"; note: Note }
  | { kind: "finding"; check: string; detail: string }
  | { kind: "off"; word: string; heard: number | null }
  | { kind: "late"; text: string; lateMs: number }
  | { kind: "sync"; offsetMs: number }
);
/** Notes about marks in the script that did what their author meant. */
const AS_MEANT = ["directions_removed", "speakers_removed", "marks_removed"];
type Draft = Problem extends infer P ? (P extends Problem ? Omit<P, "id"> : never) : never;

/** Returns the problems of a film by time. Problems of the whole film are at its start. */
export function problemsOf(bundle: Bundle): Problem[] {
  const { timeline, receipt, inspection } = bundle;
  const sceneAt = (ms: number) =>
    timeline.timeline.find((scene) => scene.start <= ms && ms < scene.end)?.sceneId ?? null;
  const found: Draft[] = [];
  for (const scene of receipt?.scenes ?? []) {
    if (!scene.fallbackUsed) continue;
    const place = timeline.timeline.find((own) => own.sceneId === scene.sceneId);
    found.push({ kind: "fallback", at: place?.start ?? 0, sceneId: scene.sceneId, receipt: scene });
  }
  for (const note of receipt?.warnings ?? []) {
    // What the planner took out of the script as meant is no problem.
    if (AS_MEANT.includes(note.code)) continue;
    const at = noteTime(note, timeline.tracks.captions);
    const scene = typeof note.params.scene === "string" ? note.params.scene : null;
    const place = timeline.timeline.find((own) => own.sceneId === scene);
    found.push({ kind: "warning", at: at ?? place?.start ?? 0, sceneId: scene ?? (at ? sceneAt(at) : null), note });
  }
  for (const { check, detail } of receipt?.selfCheck.findings ?? []) {
    const frame = /\bframes? (\d+)/.exec(detail);
    const at = frame && check !== "length"
      ? (Number(frame[1]) / timeline.totalFrames) * timeline.totalDuration
      : 0;
    found.push({ kind: "finding", at, sceneId: at > 0 ? sceneAt(at) : null, check, detail });
  }
  const facts = inspection?.facts;
  for (const { word, start_ms, heard_ms } of facts?.off ?? []) {
    found.push({ kind: "off", at: start_ms, sceneId: sceneAt(start_ms), word, heard: heard_ms });
  }
  for (const { text, start_ms, late_ms } of facts?.late_cues ?? []) {
    found.push({ kind: "late", at: start_ms, sceneId: sceneAt(start_ms), text, lateMs: late_ms });
  }
  const offset = facts?.av_offset_ms ?? 0;
  const frameMs = timeline.totalDuration / Math.max(timeline.totalFrames, 1);
  if (Math.abs(offset) >= frameMs) found.push({ kind: "sync", at: 0, sceneId: null, offsetMs: offset });
  const sorted = found.sort((a, b) => a.at - b.at);
  return sorted.map((problem, index) => ({ ...problem, id: `problem-${index}` }) as Problem);
}

/** Returns the time that a note names: a time in the recording, or the caption that it quotes. */
function noteTime(note: Note, cues: CaptionCue[]): number | null {
  const { at_ms, from_ms, text } = note.params;
  if (typeof at_ms === "number") return at_ms;
  if (typeof from_ms === "number") return from_ms;
  const cue = note.code === "captions_too_fast" && typeof text === "string"
    ? cues.find((own) => own.text === text)
    : undefined;
  return cue?.start ?? null;
}

/** Returns the first problem after a time, or before it; at the end, the search goes on at the other end. */
export function neighbour(problems: Problem[], current: string | null, at: number, step: 1 | -1): Problem | null {
  if (problems.length === 0) return null;
  const place = problems.findIndex((problem) => problem.id === current);
  if (place >= 0) return problems[(place + step + problems.length) % problems.length]!;
  const after = problems.findIndex((problem) => problem.at > at);
  const next = after < 0 ? problems.length : after;
  return problems[((step === 1 ? next : next - 1) + problems.length) % problems.length]!;
}
