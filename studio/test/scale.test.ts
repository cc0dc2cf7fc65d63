import assert from "node:assert/strict";
import { test } from "node:test";
import { clamp, endOf, fit, frameAt, frameRate, frameStart, pan, resize, reveal, tickStep, toMs, toX, visible, zoomAt } from "../src/timeline/scale";

const film = fit(60_000, 1200);

test("a fitted view shows the whole film", () => {
  assert.equal(toX(film, 0), 0);
  assert.equal(toX(film, 60_000), 1200);
  assert.equal(toMs(film, 600), 30_000);
});

test("the time under the pointer stays there", () => {
  let view = film;
  for (const [x, factor] of [[300, 2], [900, 1.7], [450, 1.3], [450, 0.9]] as const) {
    const before = toMs(view, x);
    view = zoomAt(view, x, factor);
    assert.ok(Math.abs(toMs(view, x) - before) < 1e-6);
  }
});

test("a view never shows time beside the film", () => {
  assert.equal(pan(film, 500).start, 0);
  const near = zoomAt(film, 1200, 4);
  assert.ok(Math.abs(endOf(near) - 60_000) < 1e-6);
  assert.ok(endOf(pan(near, 9999)) <= 60_000 + 1e-6);
  assert.deepEqual(zoomAt(near, 10, 0.0001), clamp({ ...film }));
});

test("magnification ends where a frame is large", () => {
  assert.equal(zoomAt(film, 0, 1e9).msPerPx, 0.5);
});

test("a short film may be wider than the closest magnification", () => {
  const short = fit(100, 1200);
  assert.equal(clamp(short).msPerPx, 100 / 1200);
});

test("a resized view of the whole film still shows the whole film", () => {
  assert.equal(endOf(resize(film, 390)), 60_000);
  assert.equal(resize(zoomAt(film, 0, 10), 390).msPerPx, 5);
});

test("a time out of sight is revealed by a jump", () => {
  const near = zoomAt(film, 0, 10);
  assert.equal(reveal(near, 1000), near);
  const moved = reveal(near, 30_000);
  assert.ok(toX(moved, 30_000) > 0 && toX(moved, 30_000) < 1200);
});

test("labelled ticks keep their distance", () => {
  assert.equal(tickStep(film), 5000);
  assert.equal(tickStep(zoomAt(film, 0, 1e9)), 50);
});

test("frames of a film with 30 frames per second", () => {
  for (const [ms, frame] of [[0, 0], [33.2, 0], [33.4, 1], [1000, 30], [99_999, 147]] as const) {
    assert.equal(frameAt(ms, 30, 148), frame, `${ms}`);
  }
  for (let frame = 0; frame < 148; frame++) assert.equal(frameAt(frameStart(frame, 30), 30, 148), frame);
});

test("frame rates are numbers or ratios", () => {
  assert.equal(frameRate(25), 25);
  assert.ok(Math.abs(frameRate("30000/1001") - 29.97) < 0.001);
});

test("visible items overlap the range", () => {
  const items = [0, 1, 2, 3].map((index) => ({ start: index * 10, end: index * 10 + 8 }));
  assert.deepEqual(visible(items, 9, 21).map((item) => item.start), [10, 20]);
  assert.deepEqual(visible(items, 50, 60), []);
  assert.deepEqual(visible([], 0, 10), []);
});
