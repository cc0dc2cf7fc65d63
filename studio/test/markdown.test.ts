import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { destination, parseInline, parseMarkdown, type Block } from "../src/lib/markdown";

test("inline marks", () => {
  assert.deepEqual(parseInline("Run `a | b`, **then _c_**, see [d](../e.md#f) and <https://g.h>."), [
    "Run ", { kind: "code", text: "a | b" }, ", ", { kind: "strong", inside: ["then ", { kind: "em", inside: ["c"] }] }, ", see ",
    { kind: "link", target: "../e.md#f", inside: ["d"] }, " and ", { kind: "link", target: "https://g.h", inside: ["https://g.h"] }, ".",
  ]);
  assert.deepEqual(parseInline("snake_case_name and 2 * 3 * 4"), ["snake_case_name and 2 * 3 * 4"]);
});

test("HTML is text", () => {
  assert.deepEqual(parseMarkdown("<img src=x onerror=y>"), [{ kind: "paragraph", inside: ["<img src=x onerror=y>"] }]);
});

test("a list contains paragraphs, code and lists", () => {
  const [list] = parseMarkdown("1. One\n   goes on\n\n   ```sh\n   run\n   ```\n2. Two\n   - inner\n\nAfter") as [Block & { kind: "list" }];
  assert.equal(list.isOrdered, true);
  assert.deepEqual(list.items[0]!.map((block) => block.kind), ["paragraph", "code"]);
  assert.deepEqual((list.items[0]![1] as Block & { kind: "code" }).text, "run");
  assert.deepEqual(list.items[1]!.map((block) => block.kind), ["paragraph", "list"]);
});

test("a table has cells with escaped bars", () => {
  const [table] = parseMarkdown("| a | b |\n| --- | --- |\n| `x \\| y` | z |\n") as [Block & { kind: "table" }];
  assert.deepEqual(table.rows, [[[{ kind: "code", text: "x | y" }], ["z"]]]);
});

test("headings of the same name have different anchors", () => {
  const ids = parseMarkdown("# A b!\n## A b\n").map((block) => block.kind === "heading" && block.id);
  assert.deepEqual(ids, ["a-b", "a-b-1"]);
});

test("links between documents open in the page, others are files or addresses", () => {
  const known = (name: string) => ["runbooks/tts", "guides/keys"].includes(name);
  assert.deepEqual(destination("../guides/keys.md#x", "runbooks/tts", known), { kind: "document", name: "guides/keys", anchor: "x" });
  assert.deepEqual(destination("#y", "runbooks/tts", known), { kind: "document", name: "runbooks/tts", anchor: "y" });
  assert.deepEqual(destination("../../docker-compose.yml", "guides/keys", known), { kind: "file", path: "docker-compose.yml" });
  assert.deepEqual(destination("javascript:alert(1)", "guides/keys", known).kind, "file");
});

test("every document is parsed, and its links to other documents lead to headings", () => {
  const docs = `${process.cwd()}/../../docs`;
  const files = ["guides", "runbooks"].flatMap((folder) =>
    readdirSync(`${docs}/${folder}`).filter((name) => name.endsWith(".md")).map((name) => `${folder}/${name.slice(0, -3)}`));
  const parsed = new Map(files.map((name) => [name, parseMarkdown(readFileSync(`${docs}/${name}.md`, "utf8"))]));
  for (const [name, blocks] of parsed) {
    assert.ok(blocks.some((block) => block.kind === "heading" && block.level === 1), name);
    for (const [, target] of JSON.stringify(blocks).matchAll(/"kind":"link","target":"([^"]+)"/g)) {
      const to = destination(target!, name, (wanted) => parsed.has(wanted));
      if (to.kind !== "document" || !to.anchor) continue;
      const ids = parsed.get(to.name)!.map((block) => block.kind === "heading" && block.id);
      assert.ok(ids.includes(to.anchor), `${name}: ${target}`);
    }
  }
});

test("a picture on a line of its own is left out", () => {
  const blocks = parseMarkdown("# Title\n\n![The page](../studio/make.jpg)\n\nWords.");
  assert.deepEqual(blocks.map((block) => block.kind), ["heading", "paragraph"]);
});
