// Reads waveform peaks (BBC waveform-data version 2, 8 bit, mono). Pure.

/** Pairs of the lowest and the highest sample of equal spans. */
export interface Peaks {
  /** The span of a pair, in milliseconds. */
  spanMs: number;
  /** Lowest and highest values in turn, -128 to 127. */
  pairs: Int8Array;
}

const HEADER_BYTES = 24;

/** Reads a peaks file. Returns null if it has another version or format. */
export function parsePeaks(buffer: ArrayBuffer): Peaks | null {
  if (buffer.byteLength < HEADER_BYTES) return null;
  const header = new DataView(buffer);
  const field = (index: number) => header.getInt32(index * 4, true);
  const [version, flags, rate, samples, length, channels] = [0, 1, 2, 3, 4, 5].map(field) as
    [number, number, number, number, number, number];
  const isKnown = version === 2 && (flags & 1) === 1 && channels === 1 && rate > 0 && samples > 0;
  if (!isKnown || length < 0) return null;
  const count = Math.min(length * 2, buffer.byteLength - HEADER_BYTES) & ~1;
  return { spanMs: (samples * 1000) / rate, pairs: new Int8Array(buffer, HEADER_BYTES, count) };
}

/** Reads a peaks file from base64. */
export function peaksFromBase64(text: string): Peaks | null {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return parsePeaks(bytes.buffer);
}

/** Returns peaks with `times` as many samples in a pair. */
export function coarser(peaks: Peaks, times: number): Peaks {
  const count = Math.ceil(peaks.pairs.length / 2 / times);
  const pairs = new Int8Array(count * 2);
  for (let index = 0; index < count; index++) {
    const [low, high] = extremes(peaks.pairs, index * times, (index + 1) * times);
    pairs[index * 2] = low;
    pairs[index * 2 + 1] = high;
  }
  return { spanMs: peaks.spanMs * times, pairs };
}

function extremes(pairs: Int8Array, from: number, to: number): [number, number] {
  const end = Math.min(to, pairs.length / 2);
  let low = 127;
  let high = -128;
  for (let index = from; index < end; index++) {
    const least = pairs[index * 2]!;
    const most = pairs[index * 2 + 1]!;
    if (least < low) low = least;
    if (most > high) high = most;
  }
  return low > high ? [0, 0] : [low, high];
}

/** Peaks at several resolutions, finest first. */
export type Levels = Peaks[];

export const levels = (peaks: Peaks): Levels => [peaks, coarser(peaks, 8), coarser(peaks, 64)];

/** Returns the level whose pairs are the longest that a pixel still covers. */
export function levelFor(all: Levels, msPerPx: number): Peaks {
  let found = all[0]!;
  for (const level of all) if (level.spanMs <= msPerPx) found = level;
  return found;
}

/** Reads the lowest and the highest value, -1 to 1, of each of `count` columns in turn. The first begins at `start`. */
export function readColumns(peaks: Peaks, start: number, msPerPx: number, count: number, out: Float32Array): void {
  const { pairs, spanMs } = peaks;
  const last = pairs.length / 2;
  for (let column = 0; column < count; column++) {
    const at = (start + column * msPerPx) / spanMs;
    const from = Math.max(0, Math.floor(at));
    const to = Math.min(last, Math.max(from + 1, Math.ceil(at + msPerPx / spanMs)));
    let low = from < to ? 127 : 0;
    let high = from < to ? -128 : 0;
    for (let index = from; index < to; index++) {
      const least = pairs[index * 2]!;
      const most = pairs[index * 2 + 1]!;
      if (least < low) low = least;
      if (most > high) high = most;
    }
    out[column * 2] = low / 128;
    out[column * 2 + 1] = high / 127;
  }
}
