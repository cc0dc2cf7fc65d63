// The progress line of a film: always in the same place, whatever the film does.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../api";
import { clock, timeLeft, usd } from "../lib/format";
import { maySubmit, sentence } from "../state";
import { language, words } from "../text";
import type { Job } from "../types";
import { hasEnded, type LiveJob } from "./live";

/** Returns the current time, which advances every second while `isRunning`. */
function useNow(isRunning: boolean): number {
  const now = useSignal(Date.now());
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => (now.value = Date.now()), 1000);
    return () => clearInterval(timer);
  }, [isRunning]);
  return now.value;
}

export function ProgressLine({ live, job }: { live: LiveJob; job: Job }) {
  const text = words();
  const isRunning = !hasEnded(job);
  const now = useNow(isRunning);
  const problem = useSignal("");
  // A film that is made again began long ago: what this page has seen of it says how fast it is.
  const first = useRef({ percent: job.progress_pct, at: now });
  if (!isRunning || job.progress_pct < first.current.percent) first.current = { percent: isRunning ? job.progress_pct : 0, at: Date.now() };
  const change = useRef({ percent: -1, at: now });
  if (change.current.percent !== job.progress_pct) change.current = { percent: job.progress_pct, at: Date.now() };
  const left = isRunning ? timeLeft(first.current, change.current.at, now, job.progress_pct) : null;
  const ready = (job.scenes ?? []).filter((scene) => scene.status === "done").length;
  const connection = live.connection.value;
  const act = async (action: (id: string) => Promise<unknown>) => {
    problem.value = "";
    try {
      await action(job.job_id);
    } catch (error) {
      problem.value = sentence(error);
    }
    live.refresh();
  };
  // What cannot succeed is not tried again.
  const mayRetry = job.status === "cancelled" || (job.status === "failed" && job.error?.retryable !== false);
  const action = mayRetry ? [text.retry, api.retry] as const
    : job.status === "held" ? [text.release, api.release] as const
      : isRunning && job.status !== "cancelling" ? [text.cancel, api.cancel] as const : null;
  return (
    <div class={`progress-line ${job.status}`}>
      <progress max={100} value={job.progress_pct} aria-label={text.progress} />
      <div class="progress-text">
        <strong role="status">{text.status[job.status] ?? job.status}</strong>
        {isRunning && <span>{job.progress_pct} %</span>}
        {isRunning && job.scene_count > 0 && <span>{text.scenesReady(ready, job.scene_count)}</span>}
        {left !== null && <span>{text.timeLeft(clock(left))}</span>}
        {typeof job.cost_usd === "number" && <span>{text.costSoFar(usd(job.cost_usd, language.value), isRunning)}</span>}
        {connection.kind === "asking" && <span class="warning" role="status">{text.reconnecting(connection.attempt)}</span>}
        {action && maySubmit() && (
          <button type="button" class="plain" onClick={() => act(action[1])}>{action[0]}</button>
        )}
      </div>
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
    </div>
  );
}
