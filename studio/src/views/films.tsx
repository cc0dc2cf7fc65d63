// The list of films.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { address, api } from "../api";
import { age, usd } from "../lib/format";
import { maySubmit, sentence } from "../state";
import { language, words } from "../text";
import type { Job } from "../types";

/** The pause between readings of the list while a film is made, in milliseconds. */
const REFRESH_MS = 4000;
const ENDED = ["done", "failed", "held", "cancelled"];

export function Films() {
  const text = words();
  const jobs = useSignal<Job[] | null>(null);
  const next = useSignal<string | null>(null);
  const problem = useSignal("");
  const read = async () => {
    try {
      const page = await api.jobs();
      const later = (jobs.value ?? []).filter((job) => !page.jobs.some((own) => own.job_id === job.job_id));
      // Pages that were opened before stay, below the first one.
      jobs.value = [...page.jobs, ...(next.value === null ? [] : later)];
      next.value ??= page.next ?? null;
      problem.value = "";
    } catch (error) {
      problem.value = sentence(error);
    }
  };
  const readMore = async () => {
    try {
      const page = await api.jobs(next.value!);
      jobs.value = [...(jobs.value ?? []), ...page.jobs];
      next.value = page.next ?? "";
    } catch (error) {
      problem.value = sentence(error);
    }
  };
  const isRunning = (jobs.value ?? []).some((job) => !ENDED.includes(job.status));
  useEffect(() => void read(), []);
  useEffect(() => {
    if (!isRunning && !problem.value) return;
    const timer = setInterval(() => document.visibilityState === "visible" && void read(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [isRunning, problem.value]);

  return (
    <>
      <h1>{text.films}</h1>
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
      {jobs.value === null && !problem.value && <p class="help" role="status">{text.loading}</p>}
      {jobs.value?.length === 0 && (
        <div class="card empty">
          <p>{text.noFilms}</p>
          {maySubmit() && <a class="button" href="#/make">{text.firstFilm}</a>}
        </div>
      )}
      <ul class="films plain-list">
        {jobs.value?.map((job) => <FilmCard key={job.job_id} job={job} />)}
      </ul>
      {next.value && <button type="button" class="second" onClick={readMore}>{text.moreFilms}</button>}
    </>
  );
}

function FilmCard({ job }: { job: Job }) {
  const text = words();
  const hasEnded = ENDED.includes(job.status);
  const title = job.title || text.filmOf(new Date(job.timings.queued_at).toLocaleString(language.value));
  return (
    <li class="card film-card">
      <a href={`#/films/${job.job_id}`}>
        <div class="thumb">
          {job.thumbnail_uri && <img src={address.artifact(job.job_id, "thumbnail.jpg")} alt="" loading="lazy" />}
        </div>
        <div class="film-text">
          <strong>{title}</strong>
          <span>
            <span class={`chip ${job.status}`}>{text.status[job.status] ?? job.status}</span>
            {job.is_draft && <> <span class="chip">{text.draftChip}</span></>}
            {job.status === "done" && job.fallback_count > 0 && <> <span class="chip held">{text.fallbackCount(job.fallback_count)}</span></>}
          </span>
          {!hasEnded && <progress max={100} value={job.progress_pct} aria-label={text.progress} />}
          <span class="help">
            {age(Date.parse(job.timings.queued_at), Date.now(), language.value)}
            {(job.cost_usd ?? 0) > 0 && ` · ${usd(job.cost_usd!, language.value)}`}
          </span>
          {job.error && <span class="problem">{job.error.message}</span>}
        </div>
      </a>
    </li>
  );
}
