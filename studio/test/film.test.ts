import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, firstWords, parseClock, timeLeft, usd } from "../src/lib/format";
import type { Bundle } from "../src/timeline/bundle";
import { duckGain, modelOf } from "../src/timeline/model";
import { neighbour, problemsOf } from "../src/timeline/problems";
import { itemAt, markerPlaces, placesOf } from "../src/timeline/rows";
import { fit, toX } from "../src/timeline/scale";
import type { Timeline } from "../src/types";

const word = (text: string, start: number, end: number) => ({ text, start, end });
const timeline: Timeline = {
  frameRate: 30, totalFrames: 120, totalDuration: 4000, language: "en", look: { captions: { burnIn: true, leadMs: 50 } },
  profile: { width: 1080, height: 1920 },
  timeline: [
    { sceneId: "scene_01", engine: "local", startFrame: 0, endFrame: 60, start: 0, end: 2000 },
    { sceneId: "scene_02", engine: "runway", startFrame: 60, endFrame: 120, start: 2000, end: 4000 },
  ],
  tracks: {
    video: [], audio: [],
    captions: [
      { sceneId: "scene_01", start: 100, end: 1900, text: "One two", words: [word("One", 150, 500), word("two", 600, 900)] },
      { sceneId: "scene_02", start: 2300, end: 3900, text: "Three", words: [word("Three", 2150, 2500)] },
    ],
  },
};
const bundle = {
  name: "", timeline, sceneGraph: null, peaks: {},
  receipt: {
    scenes: [
      { sceneId: "scene_01", engineAsked: "local", engineUsed: "local", fallbackUsed: false, reason: "", durationMs: 2000 },
      { sceneId: "scene_02", engineAsked: "runway", engineUsed: "local", fallbackUsed: true, reason: "no key", durationMs: 2000 },
    ],
    warnings: [{ code: "captions_too_fast", params: { text: "Three" }, message: "" }, { code: "film_silent", params: {}, message: "" }],
    selfCheck: { checks: [], findings: [{ check: "frozen", detail: "frames 30 to 60 do not change" }] },
    loudness: { targetLufs: -14 },
  },
  inspection: {
    facts: {
      av_offset_ms: 2, off: [{ word: "two", start_ms: 600, heard_ms: null }], scenes: [],
      late_cues: [{ text: "Three", start_ms: 2300, late_ms: 200 }],
    },
    loudness: { step_ms: 100, momentary_lufs: [], short_term_lufs: [] },
  },
} as unknown as Bundle;

test("problems are found where they are", () => {
  const found = problemsOf(bundle).map((problem) => [problem.kind, problem.at, problem.sceneId]);
  assert.deepEqual(found, [
    ["warning", 0, null], ["off", 600, "scene_01"], ["finding", 1000, "scene_01"], ["fallback", 2000, "scene_02"],
    ["warning", 2300, "scene_02"], ["late", 2300, "scene_02"],
  ]);
});

test("next and previous problems go round", () => {
  const problems = problemsOf(bundle);
  assert.equal(neighbour(problems, null, 700, 1)!.at, 1000);
  assert.equal(neighbour(problems, null, 700, -1)!.at, 600);
  assert.equal(neighbour(problems, problems.at(-1)!.id, 0, 1), problems[0]);
  assert.equal(neighbour(problems, problems[0]!.id, 0, -1), problems.at(-1));
  assert.equal(neighbour(problems, null, 4000, 1), problems[0]);
  assert.equal(neighbour([], null, 0, 1), null);
});

test("the item under the pointer", () => {
  const model = modelOf(bundle);
  const view = fit(4000, 400);
  const { places } = placesOf(model);
  const at = (row: "scenes" | "words" | "cues" | "problems", ms: number) =>
    itemAt(model, places, view, toX(view, ms), places[row]!.top + 5);
  assert.deepEqual(at("scenes", 2500), { kind: "scene", id: "scene_02" });
  assert.deepEqual(at("words", 700), { kind: "word", id: "word-1" });
  assert.equal(at("words", 550), null);
  assert.deepEqual(at("cues", 2400), { kind: "cue", id: "cue-1" });
  assert.deepEqual(at("problems", 2000), { kind: "problem", id: "problem-3" });
});

test("markers of the same time stand side by side", () => {
  const [first, second] = markerPlaces(problemsOf(bundle), fit(4000, 400)).slice(-2);
  assert.equal(second!.x - first!.x, 24);
});

test("ducking has linear ramps", () => {
  const ducks = [{ start: 1000, end: 2000, gainDb: -12, rampDown: 200, rampUp: 400 }];
  for (const [at, gain] of [[0, 0], [800, 0], [900, -6], [1000, -12], [1999, -12], [2200, -6], [2400, 0]] as const) {
    assert.ok(Math.abs(duckGain(ducks, at) - gain) < 0.1, `${at}: ${duckGain(ducks, at)}`);
  }
});

test("times and prices are written for people", () => {
  assert.equal(clock(62_340), "1:02");
  assert.equal(clock(62_340, true), "1:02.34");
  assert.equal(clock(59_999, true), "1:00.00");
  assert.equal(parseClock("1:02.5"), 62_500);
  assert.equal(parseClock("3,25"), 3250);
  assert.equal(parseClock("x"), null);
  assert.equal(usd(0.0042, "en"), "$0.0042");
  assert.equal(usd(1.2, "en"), "$1.20");
  assert.equal(timeLeft({ percent: 0, at: 0 }, 10_000, 10_000, 50), 10_000);
  assert.equal(timeLeft({ percent: 0, at: 0 }, 10_000, 13_000, 50), 7000);
  assert.equal(timeLeft({ percent: 0, at: 0 }, 10_000, 25_000, 50), null);
  assert.equal(timeLeft({ percent: 0, at: 0 }, 500, 500, 50), null);
  assert.equal(firstWords("<SHOT 1>\n*One* [pause] two", 8), "One two");
});
