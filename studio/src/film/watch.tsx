// A film while it is made: its stages, and its scenes as they get ready.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { address, api, optional } from "../api";
import { seconds } from "../lib/format";
import { frameRate } from "../timeline/scale";
import { language, words } from "../text";
import type { Job, JobScene, SceneGraph, Timeline } from "../types";
import type { LiveJob } from "./live";

const STAGES = ["queued", "planning_scenes", "building_timeline", "rendering_scenes", "composing"];

export function Watch({ live, job }: { live: LiveJob; job: Job }) {
  const text = words();
  const timeline = useSignal<Timeline | null>(null);
  const graph = useSignal<SceneGraph | null>(null);
  const current = STAGES.indexOf(job.status);
  // The documents come with the stages, so each is requested when its stage is over.
  useEffect(() => {
    let isCurrent = true;
    const isPast = (stage: string) => current < 0 || current > STAGES.indexOf(stage);
    const read = async () => {
      const [plan, times] = await Promise.all([
        isPast("planning_scenes") ? optional(api.sceneGraph(job.job_id)) : null,
        isPast("building_timeline") ? optional(api.timeline(job.job_id)) : null,
      ]);
      if (!isCurrent) return;
      graph.value = plan;
      timeline.value = times;
    };
    read().catch(() => undefined);
    return () => {
      isCurrent = false;
    };
  }, [job.job_id, job.status, job.scene_count]);

  return (
    <>
      {current >= 0 && (
        <ol class="stages" aria-label={text.stages}>
          {STAGES.map((stage, index) => (
            <li key={stage} class={index < current ? "past" : index === current ? "current" : ""}
              aria-current={index === current ? "step" : undefined}>
              {text.status[stage]}
            </li>
          ))}
        </ol>
      )}
      <h2>{text.scenes}</h2>
      {(job.scenes ?? []).length === 0 && <p class="help">{text.scenesLater}</p>}
      <ol class="scene-cards plain-list">
        {(job.scenes ?? []).map((scene) => {
          const { number, format } = nameOf(scene.scene_id);
          return (
            <SceneCard key={scene.scene_id} scene={scene} name={format ? `${number}, ${format}` : `${number}`} id={job.job_id}
              timeline={timeline.value} words={graph.value?.scenes[number - 1]?.sentences.join(" ") ?? ""} round={live.changes.value} />
          );
        })}
      </ol>
    </>
  );
}

/** The number of a scene, and the format if it is a clip for a further one: `scene_01_16x9`. */
function nameOf(id: string): { number: number; format: string | undefined } {
  const [, number, width, height] = /(\d+)(?:_(\d+)x(\d+))?$/.exec(id) ?? [];
  return { number: Number(number ?? 0), format: width && `${width}:${height}` };
}

function SceneCard({ scene, name, id, timeline, words: said, round }: {
  scene: JobScene; name: string; id: string; timeline: Timeline | null; words: string; round: number;
}) {
  const text = words();
  const place = timeline?.timeline.find((own) => own.sceneId === scene.scene_id);
  const size = timeline?.profile;
  // A scene that this machine draws is ready when its frames are, long before the film is.
  const isSeen = useSignal(false);
  const status = isSeen.value ? "done" : scene.status;
  return (
    <li class={`card scene-card ${status}`}>
      <div class="thumb" style={{ aspectRatio: size ? `${size.width} / ${size.height}` : "9 / 16" }}>
        {place && <Thumbnail id={id} frame={(place.startFrame + place.endFrame) >> 1} round={scene.status === "done" ? -1 : round} onSeen={() => (isSeen.value = true)} />}
      </div>
      <div>
        <strong>{name} · {text.sceneStatus[status] ?? status}</strong>
        {place && timeline && (
          <span class="help"> {seconds(((place.endFrame - place.startFrame) * 1000) / frameRate(timeline.frameRate), language.value)} s</span>
        )}
        {said && <p class="said">{said}</p>}
        {scene.engine_used && <p class="help">{text.engine}: {scene.engine_used}</p>}
        {scene.fallback_used && <p class="warning"><strong>{text.fallback}</strong>{scene.error && `: ${scene.error}`}</p>}
      </div>
    </li>
  );
}

/** The picture of a frame. A frame that does not exist yet is asked for again when the job has changed. */
function Thumbnail({ id, frame, round, onSeen }: { id: string; frame: number; round: number; onSeen: () => void }) {
  const missing = useSignal<number | null>(null);
  if (missing.value === round) return null;
  return <img src={address.frame(id, frame, 240)} alt="" loading="lazy" onLoad={onSeen} onError={() => (missing.value = round)} />;
}
