// The one input of the timeline: everything that is known of a finished film. The page fills it from the API, and a
// self-contained HTML file from its own JSON.
import type { Inspection, Receipt, SceneGraph, Timeline } from "../types";
import { levels, peaksFromBase64, type Levels } from "./peaks";

export interface Bundle {
  name: string;
  timeline: Timeline;
  receipt: Receipt | null;
  sceneGraph: SceneGraph | null;
  inspection: Inspection | null;
  peaks: { voice?: Levels; music?: Levels; mixed?: Levels };
  /** The address of the film. */
  film?: string;
  /** The address of the subtitles. */
  subtitles?: string;
  /** Returns the address of a frame's picture. */
  frame?: (frame: number, height: number) => string;
}

export const TRACKS = ["voice", "music", "mixed"] as const;

/** The JSON of a self-contained file, as `pytoon inspect --html` writes it. */
export interface WrittenBundle {
  name?: string;
  timeline: Timeline;
  receipt?: Receipt;
  scene_graph?: SceneGraph;
  inspection?: Inspection;
  peaks?: Partial<Record<(typeof TRACKS)[number], string>>;
  film?: string;
}

/** Reads the bundle of a self-contained file. */
export function readBundle(written: WrittenBundle): Bundle {
  const peaks: Bundle["peaks"] = {};
  for (const track of TRACKS) {
    const text = written.peaks?.[track];
    const read = text ? peaksFromBase64(text) : null;
    if (read) peaks[track] = levels(read);
  }
  return {
    name: written.name ?? "",
    timeline: written.timeline,
    receipt: written.receipt ?? null,
    sceneGraph: written.scene_graph ?? null,
    inspection: written.inspection ?? null,
    peaks,
    ...(written.film && { film: written.film }),
  };
}
