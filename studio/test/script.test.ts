import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeScenes, movedPlace, moveScene, renumber, splitScene } from "../src/lib/script";

const script = "Fresh bread. Baked *at dawn*.\n\nCome by!";
const scenes = [["Fresh bread."], ["Baked at dawn."], ["Come by!"]];

test("a moved scene keeps its marks, and paragraphs stay in place", () => {
  assert.equal(moveScene(script, scenes, 1, 0), "Baked *at dawn*. Fresh bread.\n\nCome by!");
  assert.equal(moveScene(script, scenes, 0, 2), "Baked *at dawn*. Come by!\n\nFresh bread.");
});

test("joined scenes become one block", () => {
  assert.equal(mergeScenes("One. Two. Three.", [["One."], ["Two."], ["Three."]], 1), "<SHOT 1>\nOne.\n<SHOT 2>\nTwo. Three.\n");
});

test("a split scene becomes two blocks, and blocks are not nested", () => {
  const once = splitScene("One. Two. Three.", [["One.", "Two."], ["Three."]], 0, 0);
  assert.equal(once, "<SHOT 1>\nOne.\n<SHOT 2>\nTwo.\n<SHOT 3>\nThree.\n");
  assert.equal(mergeScenes(once, [["One."], ["Two."], ["Three."]], 0), "<SHOT 1>\nOne. Two.\n<SHOT 2>\nThree.\n");
});

test("a moved block moves its directions", () => {
  const blocks = "<SHOT 1>\nOne.\n<SHOT 2>\nTwo.\n";
  assert.equal(moveScene(blocks, [["One."], ["Two."]], 0, 1), "<SHOT 1>\nTwo.\n<SHOT 2>\nOne.\n");
});

test("sentences that are not in the script are written as planned", () => {
  assert.equal(moveScene("It costs $5.", [["It costs five dollars."], ["Nothing else."]], 0, 1), "Nothing else.\nIt costs five dollars.");
});

test("changes of scenes follow their scenes", () => {
  const changes = [{ scene: 1, caption: "a" }, { scene: 3, caption: "c" }];
  assert.deepEqual(renumber(changes, movedPlace(1, 3))!.map((own) => [own.scene, own.caption]), [[2, "c"], [3, "a"]]);
  assert.deepEqual(renumber(changes, movedPlace(3, 1))!.map((own) => [own.scene, own.caption]), [[1, "c"], [2, "a"]]);
  assert.equal(renumber([{ scene: 1 }], () => null), undefined);
});
