// The choice of a preset, by its moving preview.
import { signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { address, api } from "../api";
import { Messages } from "../ui/field";
import { sentence } from "../state";
import { words } from "../text";
import type { Preset } from "../types";
import { brief, change, errorsOf } from "./state";

const presets = signal<Preset[]>([]);
/** The number of previews that may load. One loads after the other, since a browser opens few connections at a time. */
const previews = signal(1);

export function Presets() {
  const text = words();
  const problem = useSignal("");
  useEffect(() => {
    if (presets.value.length > 0) return;
    api.presets().then((all) => (presets.value = all), (error) => (problem.value = sentence(error)));
  }, []);
  const chosen = brief.value.preset_id ?? "";
  return (
    <fieldset class="card">
      <legend><h2>{text.preset}</h2></legend>
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
      <div class="presets">
        <PresetCard id="" title={text.presetDefault} description={text.presetDefaultHelp} isChosen={chosen === ""} />
        {presets.value.map((preset, index) => (
          <PresetCard key={preset.preset_id} id={preset.preset_id} index={index} title={text.presetTexts[preset.preset_id]?.name ?? preset.preset_id.replaceAll("_", " ")}
            description={text.presetTexts[preset.preset_id]?.description ?? preset.description} isChosen={chosen === preset.preset_id} />
        ))}
      </div>
      <Messages errors={errorsOf("preset_id")} notes={[]} />
    </fieldset>
  );
}

function PresetCard({ id, index = 0, title, description, isChosen }: {
  id: string; index?: number; title: string; description: string; isChosen: boolean;
}) {
  const video = useRef<HTMLVideoElement>(null);
  const hasVideo = useSignal(id !== "");
  const play = () => {
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) void video.current?.play().catch(() => undefined);
  };
  const stop = () => video.current?.pause();
  const next = () => (previews.value = Math.max(previews.value, index + 2));
  return (
    <label class={isChosen ? "preset chosen" : "preset"} onMouseEnter={play} onMouseLeave={stop}>
      {hasVideo.value && (
        <video ref={video} src={index < previews.value ? address.preset(id) : undefined} muted loop playsInline preload="auto"
          aria-hidden="true" onLoadedData={next}
          onError={() => {
            hasVideo.value = false;
            next();
          }} />
      )}
      <span class="preset-text">
        <input type="radio" name="preset" checked={isChosen} onFocus={play} onBlur={stop}
          onChange={() => {
            change({ preset_id: id || undefined } as object);
            play();
          }} />
        <strong>{title}</strong>
        <span class="help">{description}</span>
      </span>
    </label>
  );
}
