// Parses the Markdown of guides and runbooks: headings, paragraphs, lists, tables, code, quotes, and in them code, bold
// and emphasised words and links. Pure. Unknown syntax stays text, and HTML is text.

export type Inline =
  | string
  | { kind: "code"; text: string }
  | { kind: "strong"; inside: Inline[] }
  | { kind: "em"; inside: Inline[] }
  | { kind: "link"; target: string; inside: Inline[] };

export type Block =
  | { kind: "heading"; level: number; id: string; inside: Inline[] }
  | { kind: "paragraph"; inside: Inline[] }
  | { kind: "code"; text: string; language: string }
  | { kind: "quote"; blocks: Block[] }
  | { kind: "list"; isOrdered: boolean; start: number; items: Block[][] }
  | { kind: "table"; head: Inline[][]; rows: Inline[][][] }
  | { kind: "rule" };

const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])( +|$)/;
const PICTURE = /^!\[[^\]]*\]\([^)]*\)\s*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w-]*)/;
const RULE = /^ {0,3}(?:-{3,}|\*{3,}|_{3,})\s*$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const TABLE_LINE = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/** Parses a document. */
export function parseMarkdown(text: string): Block[] {
  return parseBlocks(text.replace(/\r\n?/g, "\n").split("\n"), new Map());
}

function parseBlocks(lines: string[], ids: Map<string, number>): Block[] {
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at]!;
    // Pictures show the page itself to people who read a document elsewhere.
    if (line.trim() === "" || PICTURE.test(line)) {
      at += 1;
      continue;
    }
    const fence = FENCE.exec(line);
    const heading = HEADING.exec(line);
    if (fence) {
      const [code, next] = readFence(lines, at, fence[1]!);
      blocks.push({ kind: "code", text: code, language: fence[2] ?? "" });
      at = next;
    } else if (heading) {
      const inside = parseInline(heading[2]!);
      blocks.push({ kind: "heading", level: heading[1]!.length, id: uniqueId(plain(inside), ids), inside });
      at += 1;
    } else if (RULE.test(line)) {
      blocks.push({ kind: "rule" });
      at += 1;
    } else if (line.startsWith(">")) {
      const quoted = takeWhile(lines, at, (own) => own.startsWith(">"));
      blocks.push({ kind: "quote", blocks: parseBlocks(quoted.map((own) => own.replace(/^> ?/, "")), ids) });
      at += quoted.length;
    } else if (ITEM.test(line)) {
      const [list, next] = readList(lines, at, ids);
      blocks.push(list);
      at = next;
    } else if (line.includes("|") && TABLE_LINE.test(lines[at + 1] ?? "") && (lines[at + 1] ?? "").includes("|")) {
      const rows = takeWhile(lines, at + 2, (own) => own.includes("|"));
      blocks.push({ kind: "table", head: cells(line), rows: rows.map(cells) });
      at += 2 + rows.length;
    } else {
      const own = takeWhile(lines, at, (next, index) => index === at || !endsParagraph(next));
      blocks.push({ kind: "paragraph", inside: parseInline(own.map((text) => text.trim()).join("\n")) });
      at += own.length;
    }
  }
  return blocks;
}

const endsParagraph = (line: string): boolean =>
  line.trim() === "" || FENCE.test(line) || HEADING.test(line) || ITEM.test(line) || line.startsWith(">");

function takeWhile(lines: string[], from: number, test: (line: string, index: number) => boolean): string[] {
  let end = from;
  while (end < lines.length && test(lines[end]!, end)) end += 1;
  return lines.slice(from, end);
}

function readFence(lines: string[], from: number, mark: string): [string, number] {
  const indent = /^ */.exec(lines[from]!)![0].length;
  let end = from + 1;
  while (end < lines.length && !lines[end]!.trimStart().startsWith(mark)) end += 1;
  const code = lines.slice(from + 1, end).map((line) => line.replace(new RegExp(`^ {0,${indent}}`), ""));
  return [code.join("\n"), end + 1];
}

function readList(lines: string[], from: number, ids: Map<string, number>): [Block, number] {
  const isOrdered = /\d/.test(ITEM.exec(lines[from]!)![2]!);
  const start = Number.parseInt(ITEM.exec(lines[from]!)![2]!, 10) || 1;
  const items: Block[][] = [];
  let at = from;
  while (at < lines.length) {
    const mark = ITEM.exec(lines[at]!);
    if (!mark || /\d/.test(mark[2]!) !== isOrdered) break;
    const indent = mark[1]!.length + mark[2]!.length + 1;
    const own = [lines[at]!.slice(mark[0].length)];
    at += 1;
    while (at < lines.length) {
      const line = lines[at]!;
      const isIndented = /^ */.exec(line)![0].length >= indent;
      const isBlank = line.trim() === "";
      // A blank line belongs to the item if its text goes on after it.
      if (isBlank && /^ */.exec(lines[at + 1] ?? "")![0].length < indent) break;
      if (!isBlank && !isIndented && (endsParagraph(line) || own.at(-1) === "")) break;
      own.push(line.replace(new RegExp(`^ {0,${indent}}`), ""));
      at += 1;
    }
    items.push(parseBlocks(own, ids));
    // A blank line may separate two items.
    if (lines[at]?.trim() === "" && ITEM.test(lines[at + 1] ?? "")) at += 1;
  }
  return [{ kind: "list", isOrdered, start, items }, at];
}

/** Returns the cells of a line of a table. `\|` is a letter. */
function cells(line: string): Inline[][] {
  const inside = line.trim().replace(/^\|/, "").replace(/\|$/, "");
  return inside.split(/(?<!\\)\|/).map((cell) => parseInline(cell.replaceAll("\\|", "|").trim()));
}

const INLINE = /(`+)([\s\S]*?[^`])\1(?!`)|\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^()\s]*)\)|<(https?:\/\/[^>\s]+)>|\*\*([\s\S]+?)\*\*|(?<![\w*])\*([^*\s](?:[^*]*[^*\s])?)\*(?![\w*])|(?<!\w)_([^_\s](?:[^_]*[^_\s])?)_(?!\w)|\\([\\`*_{}[\]()#+.!|<>-])/;

/** Parses the text of a line or a paragraph. */
export function parseInline(text: string): Inline[] {
  const found: Inline[] = [];
  let rest = text;
  while (rest !== "") {
    const match = INLINE.exec(rest);
    if (!match) break;
    if (match.index > 0) push(found, rest.slice(0, match.index));
    const [, ticks, code, label, target, address, strong, star, underline, letter] = match;
    if (ticks) found.push({ kind: "code", text: code!.replace(/\n/g, " ").replace(/^ (.*[^ ].*) $/, "$1") });
    else if (target !== undefined) found.push({ kind: "link", target, inside: parseInline(label ?? "") });
    else if (address) found.push({ kind: "link", target: address, inside: [address] });
    else if (strong) found.push({ kind: "strong", inside: parseInline(strong) });
    else if (star ?? underline) found.push({ kind: "em", inside: parseInline((star ?? underline)!) });
    else push(found, letter!);
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest !== "") push(found, rest);
  return found;
}

/** Adds a text, joined with a text before it. */
function push(found: Inline[], text: string): void {
  const last = found.at(-1);
  if (typeof last === "string") found[found.length - 1] = last + text;
  else found.push(text);
}

/** Returns the words of inline elements without their marks. */
export const plain = (inside: Inline[]): string =>
  inside.map((own) => (typeof own === "string" ? own : own.kind === "code" ? own.text : plain(own.inside))).join("");

/** Returns the anchor of a heading, as code hosts make it; a second one of the same name gets a number. */
function uniqueId(title: string, ids: Map<string, number>): string {
  const base = title.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-");
  const count = ids.get(base) ?? 0;
  ids.set(base, count + 1);
  return count === 0 ? base : `${base}-${count}`;
}

/** Where a link of a document leads. */
export type Destination =
  | { kind: "document"; name: string; anchor: string }
  | { kind: "web"; address: string }
  | { kind: "file"; path: string };

/** Returns where a link in a document leads. `known` names the documents that the page can open. */
export function destination(target: string, document: string, known: (name: string) => boolean): Destination {
  if (/^https?:\/\//i.test(target)) return { kind: "web", address: target };
  const [path = "", anchor = ""] = target.split("#");
  if (path === "") return { kind: "document", name: document, anchor };
  const parts = ["docs", ...document.split("/").slice(0, -1)];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  const whole = parts.join("/");
  const name = whole.replace(/^docs\//, "").replace(/\.md$/, "");
  return whole.startsWith("docs/") && whole.endsWith(".md") && known(name) ? { kind: "document", name, anchor } : { kind: "file", path: whole };
}
