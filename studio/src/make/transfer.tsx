// Loads a brief from a file, and saves it as YAML: the brief of the page is the brief of the command line.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { toYaml } from "../lib/yaml";
import { words } from "../text";
import type { Brief } from "../types";
import { brief, briefName, clear, files, isEmpty, loadBrief, outgoing } from "./state";

/** Returns the brief for a file: with the names of files instead of those that the service gave them. */
function written(): Brief {
  const names = new Map(files.value.filter((file) => file.asset).map((file) => [file.asset!, file.name]));
  const nameOf = (path: string) => names.get(path) ?? path;
  const { media_files, voice_file, scenes, ...rest } = outgoing.value;
  return {
    ...rest,
    ...(media_files && {
      media_files: media_files.map((file) => (typeof file === "string" ? nameOf(file) : { ...file, path: nameOf(file.path) })),
    }),
    ...(voice_file && { voice_file: nameOf(voice_file) }),
    ...(scenes && { scenes: scenes.map((own) => (own.media ? { ...own, media: nameOf(own.media) } : own)) }),
  };
}

function save(): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([toYaml(written())], { type: "application/yaml" }));
  link.download = briefName();
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Reads a brief from YAML or JSON, which is a part of YAML. */
async function read(file: File): Promise<Brief> {
  const { parse } = await import("yaml");
  const found: unknown = parse(await file.text(), { maxAliasCount: 100 });
  if (typeof found !== "object" || found === null || Array.isArray(found)) throw new Error(words().noBrief);
  return found as Brief;
}

export function Transfer() {
  const text = words();
  const chooser = useRef<HTMLInputElement>(null);
  const problem = useSignal("");
  const isAsking = useSignal(false);
  const onChoose = async (input: HTMLInputElement) => {
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    problem.value = "";
    try {
      loadBrief(await read(file));
    } catch (error) {
      problem.value = text.unreadable(file.name, error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <div class="row">
      <button type="button" class="plain" onClick={() => chooser.current?.click()}>{text.loadBrief}</button>
      <input ref={chooser} type="file" hidden accept=".yaml,.yml,.json" aria-label={text.loadBrief}
        onChange={(event) => onChoose(event.currentTarget)} />
      <button type="button" class="plain" disabled={isEmpty.value} onClick={save}>{text.saveBrief}</button>
      <button type="button" class="plain" disabled={isEmpty.value && Object.keys(brief.value).length === 0} onClick={() => (isAsking.value = true)}>{text.clearBrief}</button>
      {isAsking.value && (
        <p role="alert">
          {text.clearAsk}{" "}
          <button type="button" onClick={() => {
            clear();
            isAsking.value = false;
          }}>{text.clearNow}</button>{" "}
          <button type="button" class="plain" onClick={() => (isAsking.value = false)}>{text.noThanks}</button>
        </p>
      )}
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
    </div>
  );
}
