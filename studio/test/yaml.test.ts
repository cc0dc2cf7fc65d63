import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { toYaml } from "../src/lib/yaml";

test("a brief reads like one that a person wrote", () => {
  const brief = {
    script: "Fresh bread, baked before dawn.\nOur flour comes from the mill.\n",
    media_files: ["loaf.jpg", { path: "pour.mp4", keep_audio: true }],
    voice: { provider: "espeak", name: "en-gb-x-rp" },
    budget: 1.5,
    scenes: [{ scene: 2, effect: "pan_left" }],
  };
  assert.equal(toYaml(brief), `script: |
  Fresh bread, baked before dawn.
  Our flour comes from the mill.
media_files:
  - loaf.jpg
  - path: pour.mp4
    keep_audio: true
voice:
  provider: espeak
  name: en-gb-x-rp
budget: 1.5
scenes:
  - scene: 2
    effect: pan_left
`);
});

test("every value is read back unchanged, by both versions of YAML", () => {
  const texts = [
    "", " ", "yes", "No", "null", "~", "1", "1.5", "1e3", "0x10", "0o7", ".5", "-", "- a", "a: b", "a #b", "#", "'", "\"", "a\tb", "a\\b",
    "line\nline", "line\nline\n", "line\n\n\n", "  indented\nline", "line  \nline", "\nfirst empty", "tab\t\nline", "…", "日本語", "é\u0301",
    "{a}", "[a]", "*a", "&a", "!a", "|", ">", "%a", "@a", "`a`", "a, b", "2026-11-30", "12:30:00", "on", "Off", "y", "a:", ":a", "?", "? a",
    "\u0007", "\u007f", "\u0085", "\u2028", "\ufeffbom", "emoji 🍞", "trailing ", "---", "...", "--- a\nb", "a\r\nb", "=", "<<", "nan", ".inf",
  ];
  const value = { texts, map: Object.fromEntries(texts.map((text, index) => [text || "empty", index])), none: null, empty: [], object: {}, nested: [[1, [2]], [{ a: [] }], [{}]], yes: true };
  for (const version of ["1.1", "1.2"] as const) assert.deepEqual(parse(toYaml(value), { version }), value, version);
});

test("undefined fields are left out", () => {
  assert.equal(toYaml({ a: undefined, b: 1 }), "b: 1\n");
});
