import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { de } from "../src/text/de";
import { en } from "../src/text/en";

test("German has a sentence for every coded note", () => {
  const source = readFileSync(`${process.cwd()}/../../crates/pytoon-core/src/note.rs`, "utf8");
  const body = /pub enum Note \{([\s\S]*?)\n\}/.exec(source)![1]!;
  const codes = [...body.matchAll(/^ {4}([A-Z]\w+)/gm)].map(([, name]) => name!.replace(/(?<!^)[A-Z]/g, "_$&").toLowerCase());
  assert.ok(codes.length > 30);
  assert.deepEqual(codes.filter((code) => !de.notes[code]), []);
});

test("German has every entry of the English lists", () => {
  for (const [name, own] of Object.entries(en)) {
    if (typeof own !== "object" || ["notes", "presetTexts"].includes(name)) continue;
    assert.deepEqual(Object.keys((de as Record<string, object>)[name]!).sort(), Object.keys(own).sort(), name);
  }
});

test("German has every built-in preset", () => {
  const files = readdirSync(`${process.cwd()}/../../config/presets`).map((file) => file.replace(/\.yaml$/, ""));
  assert.ok(files.length >= 6);
  assert.deepEqual(files.filter((name) => !de.presetTexts[name]), []);
});
