import assert from "node:assert/strict";
import { test } from "node:test";
import { applyChanges, changesOf, withFields, withScene, withoutChange } from "../src/lib/brief";

const base = { script: "One. Two.", scenes: [{ scene: 2, engine: "luma" }] };

test("an empty field leaves the brief, and a scene without changes too", () => {
  assert.deepEqual(withScene(base, 2, { engine: "" }), { script: "One. Two." });
  assert.deepEqual(withFields(base, { script: undefined }), { scenes: base.scenes });
});

test("changes are those of the film, then those of scenes in order", () => {
  const changed = withScene(withScene({ ...base, music_source: "calm" }, 2, { take: 1 }), 1, { shown_as: "1" });
  assert.deepEqual(changesOf(base, changed), [
    { scene: null, field: "music_source", before: undefined, after: "calm" },
    { scene: 1, field: "shown_as", before: undefined, after: "1" },
    { scene: 2, field: "take", before: undefined, after: 1 },
  ]);
});

test("the order of keys is no change", () => {
  assert.deepEqual(changesOf({ voice: { provider: "a", name: "b" } }, { voice: { name: "b", provider: "a" } }), []);
});

test("my changes go on top of another person's, which stay", () => {
  const mine = withScene(base, 1, { shown_as: "mine" });
  const theirs = withScene(withFields(base, { music_source: "calm" }), 1, { prompt: "theirs" });
  assert.deepEqual(applyChanges(theirs, changesOf(base, mine)), {
    script: "One. Two.", music_source: "calm",
    scenes: [{ scene: 1, prompt: "theirs", shown_as: "mine" }, { scene: 2, engine: "luma" }],
  });
});

test("a change that is taken back leaves the others", () => {
  const changed = withScene(withScene(base, 2, { engine: "runway", take: 1 }), 1, { shown_as: "1" });
  const [, engine] = changesOf(base, changed);
  assert.deepEqual(changesOf(base, withoutChange(changed, engine!)).map(({ field }) => field), ["shown_as", "take"]);
});
