// Loads what the view of a film needs.
import { address, api, optional } from "../api";
import { TRACKS, type Bundle } from "../timeline/bundle";
import { levels, parsePeaks } from "../timeline/peaks";
import type { Receipt, SceneGraph, Timeline } from "../types";

/**
 * Reads a finished film. Documents that the service does not have are left out of the timeline. `round` is another text
 * for each publication: a browser keeps pictures and films by their addresses.
 */
export async function readBundleOf(id: string, name: string, round: string): Promise<Bundle> {
  const mark = `v=${encodeURIComponent(round)}`;
  const [timeline, receipt, sceneGraph, inspection, ...buffers] = await Promise.all([
    api.timeline(id),
    optional(api.receipt(id)),
    optional(api.sceneGraph(id)),
    optional(api.inspection(id), [404, 405, 409, 429, 500, 503]),
    ...TRACKS.map((track) => optional(api.peaks(id, track), [404, 405, 409, 429, 500, 503])),
  ]);
  const peaks: Bundle["peaks"] = {};
  TRACKS.forEach((track, index) => {
    const buffer = buffers[index] as ArrayBuffer | null | undefined;
    const read = buffer && parsePeaks(buffer);
    if (read) peaks[track] = levels(read);
  });
  return {
    name,
    timeline,
    receipt,
    sceneGraph,
    inspection,
    peaks,
    film: `${address.artifact(id, "output.mp4")}?${mark}`,
    subtitles: `${address.artifact(id, "captions.vtt")}?${mark}`,
    // Without an inspection the service is older than the endpoint of frames.
    ...(inspection && { frame: (frame: number, height: number) => `${address.frame(id, frame, height)}&${mark}` }),
  };
}

/** Reads the film that was published before, for a job that is made again. Null if there was none. */
export async function readEarlierBundle(id: string, name: string): Promise<Bundle | null> {
  const versions = await optional(api.versions(id));
  const latest = versions?.find((own) => own.is_current);
  if (!latest) return null;
  const read = <T>(file: string) => optional(api.versionFile<T>(id, latest.version, file));
  const [timeline, receipt, sceneGraph] = await Promise.all([
    read<Timeline>("timeline.json"), read<Receipt>("metadata.json"), read<SceneGraph>("scene_graph.json"),
  ]);
  return timeline && {
    name, timeline, receipt, sceneGraph, inspection: null, peaks: {},
    film: address.version(id, latest.version, "output.mp4"),
    subtitles: address.version(id, latest.version, "captions.vtt"),
  };
}
