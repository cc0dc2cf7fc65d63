// Writes a brief as YAML. Pure. It writes the JSON data model: mappings, lists, texts, numbers, booleans and null.

type Value = string | number | boolean | null | undefined | Value[] | { [key: string]: Value };

/** Texts that YAML 1.1 or 1.2 parsers read as another type. */
const AMBIGUOUS = /^(?:null|true|false|yes|no|on|off|y|n|~)$/i;
/** A text that is certainly plain: no indicator, no colon or hash, nothing that looks like a number. */
const PLAIN = /^[\p{L}_/][\p{L}\p{N}_./+() ,'-]*$/u;

function scalar(value: string | number | boolean | null): string {
  if (typeof value !== "string") return value === null ? "null" : String(value);
  const isPlain = PLAIN.test(value) && !AMBIGUOUS.test(value) && value.trim() === value;
  // JSON texts are YAML double-quoted texts, apart from DEL and C1 controls, which YAML wants escaped.
  return isPlain ? value : JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, escaped);
}

const escaped = (letter: string) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Returns true if a text reads well, and exactly, as a literal block. */
function isBlock(text: string): boolean {
  return text.includes("\n") && /^[^\s]/.test(text) && !/[^\S\n]\n|[^\S\n]$/.test(text)
    && !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff]/.test(text);
}

function block(text: string, indent: string): string {
  const end = /\n*$/.exec(text)![0].length;
  const chomping = end === 0 ? "-" : end === 1 ? "" : "+";
  const lines = text.slice(0, text.length - (end > 0 ? 1 : 0)).split("\n");
  return `|${chomping}\n${lines.map((line) => (line ? `${indent}${line}` : "")).join("\n")}`;
}

function node(value: Value, indent: string): string {
  if (Array.isArray(value)) {
    const items = value.filter((item) => item !== undefined);
    if (items.length === 0) return " []";
    return items.map((item) => `\n${indent}-${isFilled(item) ? inline(item, `${indent}  `) : node(item, `${indent}  `)}`).join("");
  }
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    if (entries.length === 0) return " {}";
    return entries.map(([key, item]) => `\n${indent}${scalar(key)}:${node(item, `${indent}  `)}`).join("");
  }
  if (typeof value === "string" && isBlock(value)) return ` ${block(value, indent)}`;
  return ` ${scalar(value as string | number | boolean | null)}`;
}

const isFilled = (value: Value): boolean =>
  value !== null && typeof value === "object" && Object.keys(value).length > 0;

/** Returns a filled mapping or list inside of a list, which begins behind the dash. */
const inline = (value: Value, indent: string): string => ` ${node(value, indent).trimStart()}`;

/** Returns a mapping as a YAML document. */
export function toYaml(value: object): string {
  return `${node(value as Value, "").trimStart()}\n`;
}
