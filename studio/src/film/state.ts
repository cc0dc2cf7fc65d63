// Loads what the view of a film needs.
import { address, api, optional } from "../api";
import { TRACKS, type Bundle } from "../timeline/bundle";
import { levels, parsePeaks } from "../timeline/peaks";

/** Reads a finished film. Documents that the service does not have are left out of the timeline. */
export async function readBundleOf(id: string, name: string): Promise<Bundle> {
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
    film: address.artifact(id, "output.mp4"),
    subtitles: address.artifact(id, "captions.vtt"),
    // Without an inspection the service is older than the endpoint of frames.
    ...(inspection && { frame: (frame: number, height: number) => address.frame(id, frame, height) }),
  };
}
