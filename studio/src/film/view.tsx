// The page of one film: its progress, and then the film itself. Loaded when a film is opened.
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { address, api, optional } from "../api";
import { firstWords } from "../lib/format";
import { announce, sentence } from "../state";
import { words } from "../text";
import type { Bundle } from "../timeline/bundle";
import { TimelineView } from "../timeline/view";
import type { Brief } from "../types";
import { LiveJob, hasEnded } from "./live";
import { ProgressLine } from "./progress";
import { readBundleOf } from "./state";
import { Watch } from "./watch";

export default function FilmView({ id }: { id: string }) {
  const text = words();
  const live = useMemo(() => new LiveJob(id), [id]);
  const brief = useSignal<Brief | null>(null);
  const bundle = useSignal<Bundle | null>(null);
  const problem = useSignal("");
  useEffect(() => () => live.close(), [live]);
  useEffect(() => {
    optional(api.brief(id)).then((read) => (brief.value = read), () => undefined);
  }, [id]);

  const job = live.job.value;
  const name = firstWords(brief.value?.script ?? brief.value?.prompt as string ?? "") || text.film;
  const finished = job?.status === "done" ? job.timings.finished_at ?? "done" : null;
  useEffect(() => {
    if (!finished) {
      bundle.value = null;
      return;
    }
    let isCurrent = true;
    announce(words().status.done!);
    readBundleOf(id, name).then(
      (read) => isCurrent && (bundle.value = read),
      (error) => isCurrent && (problem.value = sentence(error)),
    );
    return () => {
      isCurrent = false;
    };
  }, [id, finished]);

  return (
    <>
      <h1>{name}</h1>
      {job && <ProgressLine live={live} job={job} />}
      {live.problem.value && <p class="problem" role="alert">{live.problem.value}</p>}
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
      {job?.error && (
        <div class="card problem" role="alert">
          <strong>{text.failedIn(text.stageNames[job.error.stage] ?? job.error.stage, job.error.provider ?? null)}</strong>
          <p>{job.error.message}</p>
        </div>
      )}
      {job && job.status !== "done" && <Watch live={live} job={job} />}
      {job && hasEnded(job) && bundle.value && <TimelineView bundle={bundle.value} underPlayer={<Downloads id={id} />} />}
      {finished && !bundle.value && !problem.value && <p class="help" role="status">{text.loading}</p>}
    </>
  );
}

function Downloads({ id }: { id: string }) {
  const text = words();
  const files: [string, string][] = [
    [text.film, "output.mp4"],
    [text.captionsSrt, "captions.srt"],
    [text.captionsVtt, "captions.vtt"],
    [text.timeline, "timeline.json"],
    [text.receipt, "metadata.json"],
    [text.voiceStem, "voice.wav"],
    [text.musicStem, "music.wav"],
    [text.mixStem, "mixed.wav"],
  ];
  return (
    <nav aria-label={text.downloads}>
      <h2>{text.downloads}</h2>
      <ul class="downloads">
        {files.map(([label, file]) => (
          <li key={file}><a href={address.artifact(id, file)} download={file}>{label}</a></li>
        ))}
      </ul>
    </nav>
  );
}
