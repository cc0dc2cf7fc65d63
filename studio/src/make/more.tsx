// The settings that most films leave as they are.
import { Choice, TextField, numberOf } from "../ui/field";
import { words } from "../text";
import { brief, change, engines, errorsOf, notesOf } from "./state";

/** The format of the built-in output profiles. */
const DEFAULT_FORMAT = "9:16";
const LANGUAGES = ["en", "de", "fr", "es", "it", "pt-BR", "nl", "pl", "tr", "ja", "zh", "ko", "hi", "ar"];

const languageName = (tag: string): string => {
  try {
    return new Intl.DisplayNames([document.documentElement.lang], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
};

export function More() {
  const text = words();
  const now = brief.value;
  const set = (field: string) => (value: string) => change({ [field]: value || undefined });
  const setNumber = (field: string) => (value: string) => change({ [field]: numberOf(value) });
  const captions = typeof now.captions === "object" ? now.captions : {};
  const look = now.captions === "off" ? "off" : captions.look ?? "";
  const changeCaptions = (part: object) => {
    const settings = Object.fromEntries(Object.entries({ ...captions, ...part }).filter(([, value]) => value !== ""));
    change({ captions: Object.keys(settings).length > 0 ? settings : undefined } as object);
  };
  return (
    <details class="card">
      <summary><h2>{text.more}</h2></summary>
      <div class="fields">
        <Formats />
        <TextField label={text.targetSeconds} help={text.targetHelp} type="number" min={1} max={60} step="any"
          value={now.target_duration_seconds} onChange={setNumber("target_duration_seconds")}
          errors={errorsOf("target_duration_seconds")} notes={notesOf("target_duration_seconds")} />
        <Choice label={text.profile} empty={text.automatic} value={now.profile ?? ""} onChange={set("profile")} errors={errorsOf("profile")}
          options={[["default", text.profiles.default], ["master", text.profiles.master], ["test", text.profiles.test]]} />
        <Choice label={text.scriptLanguage} empty={text.detected} value={now.language ?? ""} onChange={set("language")}
          errors={errorsOf("language")} notes={notesOf("language")}
          options={LANGUAGES.map((tag): [string, string] => [tag, languageName(tag)])} />
        <Choice label={text.captions} empty={text.automatic} value={look}
          onChange={(look) => (look === "off" ? change({ captions: "off" }) : changeCaptions({ look }))}
          errors={errorsOf("captions")} options={[["off", text.captionsOff], ...Object.entries(text.looks)]} />
        {now.captions !== "off" && (
          <Choice label={text.captionPosition} help={text.captionPositionHelp} empty={text.automatic} value={captions.position ?? ""}
            onChange={(position) => changeCaptions({ position })} options={Object.entries(text.captionPositions)} />
        )}
        {(now.brand === undefined || typeof now.brand === "string") ? (
          <TextField label={text.brand} help={text.brandHelp} value={now.brand as string | undefined} onChange={set("brand")}
            errors={errorsOf("brand")} notes={notesOf("brand")} />
        ) : <p class="help">{text.brandLoaded}</p>}
        <Choice label={text.engine} help={text.engineHelp} empty={text.automatic} value={now.engine_override ?? ""} onChange={set("engine_override")}
          errors={errorsOf("engine_override")} notes={notesOf("engine_override")} options={engineOptions()} />
        <TextField label={text.budget} help={text.budgetHelp} type="number" min={0} max={10000} step="any" value={now.budget}
          onChange={setNumber("budget")} errors={errorsOf("budget")} notes={notesOf("budget")} />
        <TextField label={text.seed} help={text.seedHelp} type="number" min={0} step={1} value={now.seed as number | undefined}
          onChange={setNumber("seed")} errors={errorsOf("seed")} />
      </div>
    </details>
  );
}

/** The format of the first film, and those of further films of the same brief. */
function Formats() {
  const text = words();
  const { format, formats = [], clips } = brief.value;
  const first = formats[0] ?? format ?? "";
  const further = formats.slice(1);
  const setFormats = (first: string, further: string[]) => {
    const others = further.filter((other) => other !== (first || DEFAULT_FORMAT));
    change({
      format: others.length === 0 && first ? first : undefined,
      formats: others.length > 0 ? [first || DEFAULT_FORMAT, ...others] : undefined,
      clips: others.length > 0 ? clips : undefined,
    } as object);
  };
  const toggle = (name: string, isWanted: boolean) =>
    setFormats(first, Object.keys(text.formats).filter((other) => (other === name ? isWanted : further.includes(other))));
  return (
    <>
      <Choice label={text.format} help={text.formatHelp} empty={text.automatic} value={first}
        onChange={(next) => setFormats(next, further)} errors={[...errorsOf("format"), ...errorsOf("formats")]}
        options={Object.entries(text.formats)} />
      <fieldset class="field checks">
        <legend>{text.furtherFormats}</legend>
        {Object.entries(text.formats).filter(([name]) => name !== (first || DEFAULT_FORMAT)).map(([name, shown]) => (
          <label key={name}>
            <input type="checkbox" checked={further.includes(name)} onChange={(event) => toggle(name, event.currentTarget.checked)} />
            {shown}
          </label>
        ))}
        <p class="help">{text.furtherFormatsHelp}</p>
        {further.length > 0 && (
          <label>
            <input type="checkbox" checked={clips === "per_format"}
              onChange={(event) => change({ clips: event.currentTarget.checked ? "per_format" : undefined } as object)} />
            {text.clipsPerFormat}
          </label>
        )}
      </fieldset>
    </>
  );
}

export function engineOptions(): [string, string][] {
  const text = words();
  return engines.value.map((engine): [string, string] =>
    [engine.engine, engine.enabled ? engine.engine : `${engine.engine} (${text.switchedOff})`]);
}
