// The rows of the timeline: their places from top to bottom, and the item at a point. Pure.
import type { Model, Selection } from "./model";
import type { Problem } from "./problems";
import { toMs, toX, type View } from "./scale";

export const ROWS = ["ruler", "problems", "scenes", "frames", "voice", "music", "loudness", "words", "cues"] as const;
export type Row = (typeof ROWS)[number];
export type Places = Partial<Record<Row, { top: number; height: number }>>;

const HEIGHTS: Record<Row, number> = {
  ruler: 24, problems: 26, scenes: 46, frames: 64, voice: 56, music: 48, loudness: 56, words: 30, cues: 30,
};
const GAP = 6;

/** Returns the places of the rows that have something to show, and the height of all. */
export function placesOf(model: Model): { places: Places; height: number } {
  const { peaks, inspection, frame } = model.bundle;
  const has: Record<Row, boolean> = {
    ruler: true,
    problems: true,
    scenes: true,
    frames: frame !== undefined,
    voice: peaks.voice !== undefined,
    music: peaks.music !== undefined || model.ducks.length > 0,
    loudness: inspection !== null,
    words: model.words.length > 0,
    cues: model.cues.length > 0,
  };
  const places: Places = {};
  let top = 0;
  for (const row of ROWS) {
    if (!has[row]) continue;
    places[row] = { top, height: HEIGHTS[row] };
    top += HEIGHTS[row] + GAP;
  }
  return { places, height: top };
}

/** Half the width of a problem's marker, in pixels; with it, a marker is a target of 24 pixels. */
export const MARKER = 12;

/** Returns the middles of the markers in pixels. Markers of the same time stand side by side. */
export function markerPlaces(problems: Problem[], view: View): { problem: Problem; x: number }[] {
  let last = { at: -1, x: 0 };
  return problems.map((problem) => {
    const own = Math.max(toX(view, problem.at), toX(view, 0) + MARKER);
    const x = problem.at === last.at ? last.x + 2 * MARKER : own;
    last = { at: problem.at, x };
    return { problem, x };
  });
}

/** Returns the item at a point of the canvas. */
export function itemAt(model: Model, places: Places, view: View, x: number, y: number): Selection | null {
  const ms = toMs(view, x);
  const row = ROWS.find((own) => {
    const place = places[own];
    return place && y >= place.top && y < place.top + place.height;
  });
  const at = <T extends { start: number; end: number; id: string }>(list: T[]) =>
    list.find((item) => item.start <= ms && ms < item.end);
  if (row === "problems") {
    const near = markerPlaces(model.problems, view)
      .map((marker) => ({ problem: marker.problem, distance: Math.abs(marker.x - x) }))
      .filter(({ distance }) => distance <= MARKER)
      .sort((a, b) => a.distance - b.distance)[0];
    return near ? { kind: "problem", id: near.problem.id } : null;
  }
  const [kind, list] = row === "scenes" || row === "frames" ? ["scene", model.scenes] as const
    : row === "words" ? ["word", model.words] as const
      : row === "cues" ? ["cue", model.cues] as const : [null, []] as const;
  const found = at(list as { start: number; end: number; id: string }[]);
  return kind && found ? { kind, id: found.id } : null;
}
