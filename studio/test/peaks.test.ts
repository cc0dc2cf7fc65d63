import assert from "node:assert/strict";
import { test } from "node:test";
import { coarser, levelFor, levels, parsePeaks, peaksFromBase64, readColumns } from "../src/timeline/peaks";

function file(pairs: number[], header: Partial<Record<number, number>> = {}): ArrayBuffer {
  const out = new ArrayBuffer(24 + pairs.length);
  const view = new DataView(out);
  [2, 1, 48_000, 256, pairs.length / 2, 1].forEach((value, index) => view.setInt32(index * 4, header[index] ?? value, true));
  new Int8Array(out, 24).set(pairs);
  return out;
}

test("a peaks file is read", () => {
  const peaks = parsePeaks(file([-10, 20, -30, 5]))!;
  assert.ok(Math.abs(peaks.spanMs - 5.333) < 0.001);
  assert.deepEqual([...peaks.pairs], [-10, 20, -30, 5]);
});

test("a file of another format is refused", () => {
  for (const header of [{ 0: 1 }, { 1: 0 }, { 2: 0 }, { 3: 0 }, { 5: 2 }]) assert.equal(parsePeaks(file([0, 0], header)), null);
  assert.equal(parsePeaks(new ArrayBuffer(10)), null);
});

test("a file that is cut off is read as far as it goes", () => {
  assert.equal(parsePeaks(file([1, 2, 3, 4], { 4: 100 }))!.pairs.length, 4);
});

test("base64 is read", () => {
  const text = Buffer.from(file([-1, 1])).toString("base64");
  assert.deepEqual([...peaksFromBase64(text)!.pairs], [-1, 1]);
});

test("coarser peaks keep the extremes", () => {
  const peaks = parsePeaks(file([-1, 1, -5, 2, -2, 9]))!;
  const two = coarser(peaks, 2);
  assert.deepEqual([...two.pairs], [-5, 2, -2, 9]);
  assert.equal(two.spanMs, peaks.spanMs * 2);
});

test("the level fits the magnification", () => {
  const all = levels(parsePeaks(file(new Array(2000).fill(0)))!);
  assert.equal(levelFor(all, 1), all[0]);
  assert.equal(levelFor(all, 50), all[1]);
  assert.equal(levelFor(all, 5000), all[2]);
});

test("columns have the extremes of their time, and silence after the end", () => {
  const peaks = parsePeaks(file([-128, 127, 0, 0, -64, 0]))!;
  const out = new Float32Array(8);
  readColumns(peaks, 0, peaks.spanMs, 4, out);
  assert.deepEqual([...out], [-1, 1, 0, 0, -0.5, 0, 0, 0]);
  readColumns(peaks, 0, peaks.spanMs * 3, 1, out);
  assert.deepEqual([...out.subarray(0, 2)], [-1, 1]);
});
