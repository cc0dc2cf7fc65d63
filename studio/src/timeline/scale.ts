// Converts between times and pixels. Pure: a view is a value, and every change returns a new one.

/** The visible part of a film. */
export interface View {
  /** The time at the left edge, in milliseconds. */
  start: number;
  /** Milliseconds per CSS pixel. */
  msPerPx: number;
  /** The width in CSS pixels. */
  width: number;
  /** The length of the film in milliseconds. */
  duration: number;
}

/** The strongest magnification: a frame of a film with 30 frames per second has 66 pixels. */
const CLOSEST = 0.5;

export const toX = (view: View, ms: number): number => (ms - view.start) / view.msPerPx;
export const toMs = (view: View, x: number): number => view.start + x * view.msPerPx;
export const endOf = (view: View): number => toMs(view, view.width);

/** Returns a view that shows the whole film. */
export function fit(duration: number, width: number): View {
  return { start: 0, msPerPx: Math.max(duration, 1) / Math.max(width, 1), width, duration };
}

/** Returns the view with a valid magnification and without empty space beside the film. */
export function clamp(view: View): View {
  const widest = Math.max(view.duration, 1) / Math.max(view.width, 1);
  const msPerPx = Math.min(Math.max(view.msPerPx, Math.min(CLOSEST, widest)), widest);
  const last = Math.max(0, view.duration - view.width * msPerPx);
  return { ...view, msPerPx, start: Math.min(Math.max(view.start, 0), last) };
}

/** Magnifies by a factor. The time under `x` stays under `x`. */
export function zoomAt(view: View, x: number, factor: number): View {
  const at = toMs(view, x);
  const { msPerPx } = clamp({ ...view, msPerPx: view.msPerPx / factor });
  return clamp({ ...view, msPerPx, start: at - x * msPerPx });
}

/** Moves the visible part by pixels. */
export const pan = (view: View, pixels: number): View =>
  clamp({ ...view, start: view.start + pixels * view.msPerPx });

/** Changes the width. A view that shows the whole film continues to. */
export function resize(view: View, width: number): View {
  const isWhole = view.start <= 0 && endOf(view) >= view.duration - 1e-6;
  return isWhole ? fit(view.duration, width) : clamp({ ...view, width });
}

/** Moves the view so that a time is visible; unchanged if it is. The view jumps and does not glide. */
export function reveal(view: View, ms: number): View {
  const x = toX(view, ms);
  if (x >= 0 && x <= view.width) return view;
  return clamp({ ...view, start: ms - (view.width * view.msPerPx) / 4 });
}

/** Returns a view of a time range with a margin. */
export function show(view: View, start: number, end: number): View {
  const length = Math.max(end - start, 1) * 1.4;
  return clamp({ ...view, msPerPx: length / view.width, start: start - length / 7 });
}

const STEPS = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000];

/** Returns the distance of two labelled ticks, in milliseconds, so that labels are at least `gap` pixels apart. */
export function tickStep(view: View, gap = 64): number {
  return STEPS.find((step) => step / view.msPerPx >= gap) ?? 60_000;
}

/** Returns the frame that is on screen at a time. */
export const frameAt = (ms: number, rate: number, total: number): number =>
  Math.min(Math.max(Math.floor((ms * rate) / 1000 + 1e-6), 0), total - 1);

/** Returns the start of a frame, in milliseconds. */
export const frameStart = (frame: number, rate: number): number => (frame * 1000) / rate;

/** Returns frames per second of a whole number or a ratio such as `30000/1001`. */
export function frameRate(rate: number | string): number {
  if (typeof rate === "number") return rate;
  const [over = 30, under = 1] = rate.split("/").map(Number);
  return over / under;
}

/** Returns the items that overlap a time range. `items` is sorted by start and does not overlap itself. */
export function visible<T extends { start: number; end: number }>(items: T[], start: number, end: number): T[] {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (items[middle]!.end < start) low = middle + 1;
    else high = middle;
  }
  const out: T[] = [];
  for (let index = low; index < items.length && items[index]!.start <= end; index++) out.push(items[index]!);
  return out;
}
