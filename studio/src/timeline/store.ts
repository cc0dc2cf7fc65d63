// The state of a timeline: the visible part, the playhead, the selection, and the film that plays.
import { signal, type Signal } from "@preact/signals";
import type { Bundle } from "./bundle";
import { modelOf, rangeOf, type Model, type Selection } from "./model";
import { neighbour } from "./problems";
import { clamp, fit, frameAt, frameStart, pan, reveal, resize, show, zoomAt, type View } from "./scale";

export class TimelineStore {
  readonly model: Model;
  readonly view: Signal<View>;
  /** The time of the playhead, in milliseconds. */
  readonly at = signal(0);
  readonly isPlaying = signal(false);
  readonly selection = signal<Selection | null>(null);
  private video: HTMLVideoElement | null = null;
  private stopAt: number | null = null;
  private ticking = 0;

  /** `before` is the timeline of the film's earlier version, whose place and selected scene are kept. */
  constructor(bundle: Bundle, before?: TimelineStore | null) {
    this.model = modelOf(bundle);
    this.view = signal(fit(this.model.duration, before?.view.peek().width ?? 800));
    if (!before) return;
    this.at.value = Math.min(before.at.peek(), frameStart(this.model.frames - 1, this.model.rate));
    const selection = before.selection.peek();
    if (selection?.kind === "scene" && rangeOf(this.model, selection)) this.selection.value = selection;
  }

  get hasFilm(): boolean {
    return this.model.bundle.film !== undefined;
  }

  /** Connects the player, or disconnects it. */
  readonly connect = (video: HTMLVideoElement | null): void => {
    this.video = video;
    if (!video) {
      this.isPlaying.value = false;
      cancelAnimationFrame(this.ticking);
      return;
    }
    if (this.at.peek() > 0) video.currentTime = (this.at.peek() + 0.5) / 1000;
    video.onplay = () => {
      this.isPlaying.value = true;
      this.tick();
    };
    video.onpause = () => (this.isPlaying.value = false);
    video.onseeked = () => this.follow();
  };

  private tick = (): void => {
    if (!this.video || !this.isPlaying.value) return;
    this.follow();
    if (this.stopAt !== null && this.at.value >= this.stopAt) {
      this.stopAt = null;
      this.video.pause();
      return;
    }
    this.ticking = requestAnimationFrame(this.tick);
  };

  private follow(): void {
    if (!this.video || this.video.seeking) return;
    this.at.value = Math.min(this.video.currentTime * 1000, this.model.duration);
    if (this.isPlaying.value) this.view.value = reveal(this.view.value, this.at.value);
  }

  /** Moves the playhead. The view jumps there if the time is out of sight. */
  seek(ms: number): void {
    const last = frameStart(this.model.frames - 1, this.model.rate);
    const at = Math.min(Math.max(ms, 0), last);
    this.stopAt = null;
    this.at.value = at;
    this.view.value = reveal(this.view.value, at);
    // A frame is shown from its start on; half a millisecond more keeps rounding on its side.
    if (this.video) this.video.currentTime = (at + 0.5) / 1000;
  }

  step(frames: number): void {
    this.video?.pause();
    const { rate, frames: total } = this.model;
    this.seek(frameStart(frameAt(this.at.value, rate, total) + frames, rate));
  }

  toggle(): void {
    if (!this.video) return;
    this.stopAt = null;
    if (this.video.paused) void this.video.play().catch(() => undefined);
    else this.video.pause();
  }

  /** Plays a part of the film, such as a word. */
  playRange(start: number, end: number): void {
    this.seek(start);
    if (!this.video) return;
    this.stopAt = end;
    void this.video.play().catch(() => undefined);
  }

  /** Selects an item and moves the playhead to it. A word is also played. */
  select(selection: Selection | null): void {
    this.selection.value = selection;
    const range = selection && rangeOf(this.model, selection);
    if (!range) return;
    if (selection.kind === "word") this.playRange(range.start, range.end);
    else this.seek(range.start);
  }

  /** Shows the selected item at a magnification at which its words can be read. */
  showSelection(): void {
    const range = this.selection.value && rangeOf(this.model, this.selection.value);
    if (range) this.view.value = show(this.view.value, range.start - 300, Math.max(range.end, range.start + 1500));
  }

  /** Selects the next or the previous problem. */
  nextProblem(step: 1 | -1): void {
    const current = this.selection.value?.kind === "problem" ? this.selection.value.id : null;
    const found = neighbour(this.model.problems, current, this.at.value, step);
    if (found) this.select({ kind: "problem", id: found.id });
  }

  /** Magnifies at a place in pixels, or at the playhead if it is visible, or else at the middle. */
  zoom(factor: number, x?: number): void {
    const view = this.view.value;
    const playhead = (this.at.value - view.start) / view.msPerPx;
    const isVisible = playhead >= 0 && playhead <= view.width;
    this.view.value = zoomAt(view, x ?? (isVisible ? playhead : view.width / 2), factor);
  }

  pan(pixels: number): void {
    this.view.value = pan(this.view.value, pixels);
  }

  panBy(share: number): void {
    this.pan(this.view.value.width * share);
  }

  fit(): void {
    this.view.value = fit(this.model.duration, this.view.value.width);
  }

  resize(width: number): void {
    if (width > 0) this.view.value = clamp(resize(this.view.value, width));
  }
}
