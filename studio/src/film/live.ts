// Follows a job: by its event stream, and by asking with growing pauses while the stream is down.
import { signal, type Signal } from "@preact/signals";
import { Failure, address, api } from "../api";
import { sentence } from "../state";
import type { Job } from "../types";

const ENDED = ["done", "failed", "held", "cancelled"];
export const hasEnded = (job: Job): boolean => ENDED.includes(job.status);

/** The pause before the first request without a stream, and the longest pause. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 10_000;
/** Events come in bursts; one request answers for all within this time. */
const BURST_MS = 150;
/** The pause between requests while a stream is open: progress and pictures change without an event. */
const CHECK_MS = 5000;

/** The connection to the service: live, or asking again at a time. */
export type Connection = { kind: "live" } | { kind: "asking"; attempt: number };

export class LiveJob {
  readonly job: Signal<Job | null> = signal(null);
  readonly connection: Signal<Connection> = signal({ kind: "live" });
  readonly problem = signal("");
  /** The number of readings of the job, so that missing pictures of scenes are requested again. */
  readonly changes = signal(0);
  private stream: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private isClosed = false;

  constructor(private readonly id: string) {
    void this.ask();
  }

  /** Asks again soon, for instance after the page has changed the job. */
  readonly refresh = (): void => this.after(0);

  private after(pause: number): void {
    clearTimeout(this.timer);
    if (!this.isClosed) this.timer = setTimeout(() => void this.ask(), pause);
  }

  private async ask(): Promise<void> {
    try {
      const job = await api.job(this.id);
      if (this.isClosed) return;
      this.job.value = job;
      this.changes.value += 1;
      this.problem.value = "";
      if (hasEnded(job)) {
        this.attempt = 0;
        this.connection.value = { kind: "live" };
        this.closeStream();
      } else if (this.stream) {
        this.after(CHECK_MS);
      } else {
        this.openStream();
      }
    } catch (error) {
      if (this.isClosed) return;
      const isTemporary = error instanceof Failure && (error.status === 0 || error.status === 429 || error.status >= 500);
      if (isTemporary) this.retry();
      else this.problem.value = sentence(error);
    }
  }

  private retry(): void {
    this.closeStream();
    this.attempt += 1;
    this.connection.value = { kind: "asking", attempt: this.attempt };
    this.after(Math.min(FIRST_PAUSE_MS * 2 ** (this.attempt - 1), LONGEST_PAUSE_MS));
  }

  private openStream(): void {
    const stream = new EventSource(address.events(this.id));
    this.stream = stream;
    stream.onopen = () => {
      this.attempt = 0;
      this.connection.value = { kind: "live" };
    };
    const onEvent = () => this.after(BURST_MS);
    stream.addEventListener("status", onEvent);
    stream.addEventListener("scene", onEvent);
    // The browser would reconnect by itself after a lost connection, but not after an error status. One way for both:
    // ask for the job, which says whether it has ended, and open the stream again.
    stream.onerror = () => {
      if (this.stream !== stream) return;
      if (this.attempt > 0) return this.retry();
      // A stream ends with its job, so the first end is no sign of a lost connection.
      this.attempt = 1;
      this.closeStream();
      this.after(BURST_MS);
    };
    this.after(CHECK_MS);
  }

  private closeStream(): void {
    this.stream?.close();
    this.stream = null;
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.closeStream();
  }
}
