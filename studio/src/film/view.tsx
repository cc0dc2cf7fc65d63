// The page of one film: its progress, and then the film itself with the means to change it. Loaded when a film is opened.
import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { address } from "../api";
import { ChangesPanel } from "../fix/panel";
import { FixStore } from "../fix/state";
import { CaptionPreview, FilmTools, SceneTools, focusTools } from "../fix/tools";
import { Versions } from "../fix/versions";
import { firstWords } from "../lib/format";
import { announce, maySubmit, sentence } from "../state";
import { words } from "../text";
import type { Bundle } from "../timeline/bundle";
import type { Job } from "../types";
import { TimelineView } from "../timeline/view";
import { DraftNote } from "./draft";
import { LiveJob, hasEnded } from "./live";
import { ProgressLine } from "./progress";
import { readBundleOf, readEarlierBundle } from "./state";
import { Watch } from "./watch";

export default function FilmView({ id }: { id: string }) {
  const text = words();
  const live = useMemo(() => new LiveJob(id), [id]);
  const fix = useMemo(() => new FixStore(id, live.refresh), [id]);
  const bundle = useSignal<Bundle | null>(null);
  const problem = useSignal("");
  const isNewer = useSignal(false);
  useEffect(() => {
    addEventListener("focus", live.refresh);
    return () => {
      removeEventListener("focus", live.refresh);
      live.close();
      fix.dispose();
    };
  }, [live]);

  const job = live.job.value;
  const brief = fix.saved.value?.brief;
  const name = firstWords(brief?.script ?? brief?.prompt as string ?? "") || text.film;
  const finished = job?.status === "done" ? job.timings.finished_at ?? "done" : null;
  const isRunning = job !== null && !hasEnded(job);
  const last = useRef<string | null>(null);
  useEffect(() => {
    if (!job) return;
    let isCurrent = true;
    const show = (read: Bundle | null) => {
      if (isCurrent && read) bundle.value = read;
    };
    problem.value = "";
    if (finished) {
      announce(words().status.done!);
      // Another film without a rendering that this page has seen.
      isNewer.value = last.current !== null && bundle.value !== null;
      readBundleOf(id, name, finished).then(show, (error) => isCurrent && (problem.value = sentence(error)));
    } else if (!bundle.value) {
      // A film that was published before stays in sight. Without one, the scenes are shown as they get ready.
      readEarlierBundle(id, name).then(show, () => undefined);
    }
    last.current = finished;
    return () => {
      isCurrent = false;
    };
  }, [id, finished, job === null]);

  const shown = bundle.value;
  const canFix = maySubmit() && fix.saved.value !== null;
  return (
    <>
      <h1>{name}</h1>
      {job && <ProgressLine live={live} job={job} />}
      {finished && brief?.profile === "test" && <DraftNote brief={brief} />}
      {live.problem.value && <p class="problem" role="alert">{live.problem.value}</p>}
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
      {job?.error && (
        <div class="card problem" role="alert">
          <strong>{text.failedIn(text.stageNames[job.error.stage] ?? job.error.stage, job.error.provider ?? null)}</strong>
          <p>{job.error.message}</p>
        </div>
      )}
      {isNewer.value && !fix.isUpdated.value && <p class="notice" role="status">{text.newerVersion}</p>}
      {job && job.status !== "done" && !shown && <Watch live={live} job={job} />}
      {job && shown && (
        <>
          {!finished && (
            <>
              <p class="notice">{text.earlierFilm}</p>
              <details class="card">
                <summary>{text.scenes}</summary>
                <Watch live={live} job={job} />
              </details>
            </>
          )}
          <TimelineView bundle={shown} underPlayer={<Downloads id={id} job={job} />}
            {...(canFix && {
              tools: (scene, store) => <SceneTools key={scene.id} scene={scene} store={store} fix={fix} />,
              onEdit: focusTools,
              overPicture: (store) => <CaptionPreview store={store} fix={fix} />,
              underTop: (
                <>
                  <FilmTools fix={fix} sample={shown.sceneGraph?.scenes[0]?.sentences[0] ?? ""} />
                  <ChangesPanel fix={fix} isRunning={isRunning} />
                </>
              ),
            })} />
          <Versions id={id} round={finished ?? "running"} size={shown.timeline.profile} isRunning={isRunning}
            onQueued={() => {
              live.refresh();
              void fix.reload();
            }} />
        </>
      )}
      {finished && !shown && !problem.value && <p class="help" role="status">{text.loading}</p>}
    </>
  );
}

function Downloads({ id, job }: { id: string; job: Job }) {
  const text = words();
  const files: [string, string][] = [
    [text.film, "output.mp4"],
    ...(job.further_outputs ?? []).map(({ format, output_uri }): [string, string] =>
      [text.filmIn(format), output_uri.split("/").at(-1)!]),
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
