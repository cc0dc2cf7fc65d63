// Two versions of a film at the same time: side by side, or one over the other with a wipe.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { address } from "../api";
import { clock } from "../lib/format";
import { words } from "../text";
import type { FilmVersion } from "../types";
import { versionName } from "./versions";

/** The difference in seconds from which the second film is set to the time of the first one. */
const DRIFT = 0.08;

export function Compare({ id, left, right, size }: {
  id: string; left: FilmVersion; right: FilmVersion; size: { width: number; height: number };
}) {
  const text = words();
  const first = useRef<HTMLVideoElement>(null);
  const second = useRef<HTMLVideoElement>(null);
  const isWipe = useSignal(false);
  const share = useSignal(50);
  const at = useSignal(0);
  const duration = useSignal(0);
  const isPlaying = useSignal(false);

  const follow = () => {
    const [one, two] = [first.current, second.current];
    if (!one || !two) return;
    at.value = one.currentTime;
    if (Math.abs(two.currentTime - one.currentTime) > DRIFT) two.currentTime = Math.min(one.currentTime, two.duration || 0);
  };
  const section = useRef<HTMLDivElement>(null);
  useEffect(() => section.current?.scrollIntoView({ block: "start" }), []);
  useEffect(() => {
    const one = first.current!;
    const stopAll = () => {
      isPlaying.value = false;
      second.current?.pause();
      follow();
    };
    one.addEventListener("timeupdate", follow);
    one.addEventListener("pause", stopAll);
    return () => {
      one.removeEventListener("timeupdate", follow);
      one.removeEventListener("pause", stopAll);
    };
  }, []);
  const measure = () => {
    duration.value = Math.max(first.current?.duration || 0, second.current?.duration || 0);
  };
  const toggle = () => {
    const [one, two] = [first.current!, second.current!];
    if (!one.paused) return one.pause();
    isPlaying.value = true;
    void Promise.all([one.play(), two.play()]).catch(() => (isPlaying.value = false));
  };
  const seek = (seconds: number) => {
    at.value = seconds;
    for (const video of [first.current!, second.current!]) video.currentTime = Math.min(seconds, video.duration || seconds);
  };
  const film = (version: FilmVersion, ref: typeof first) => (
    <figure>
      <video ref={ref} src={address.version(id, version.version, "output.mp4")} playsInline preload="auto" muted={ref === second}
        aria-label={versionName(version)} onLoadedMetadata={measure}
        style={isWipe.value && ref === second ? { clipPath: `inset(0 0 0 ${share.value}%)` } : { clipPath: "none" }} />
      <figcaption>{versionName(version)}{version.is_current && ` (${text.currentVersion})`}</figcaption>
    </figure>
  );
  return (
    <div ref={section} class="compare" role="group" aria-label={text.comparison}>
      <h3>{text.comparison}</h3>
      <div class="row">
        <button type="button" class="second" aria-pressed={!isWipe.value} onClick={() => (isWipe.value = false)}>{text.sideBySide}</button>
        <button type="button" class="second" aria-pressed={isWipe.value} onClick={() => (isWipe.value = true)}>{text.wipe}</button>
      </div>
      <div class={isWipe.value ? "films-compared wiped" : "films-compared"} style={{ "--shape": `${size.width} / ${size.height}` }}>
        {film(left, first)}
        {film(right, second)}
        {isWipe.value && <div class="wipe-line" style={{ left: `${share.value}%` }} />}
      </div>
      {isWipe.value && (
        <label class="wipe-place">
          {text.wipeAt}
          <input type="range" min={0} max={100} step={1} value={share.value} aria-valuetext={`${share.value} %`}
            onInput={(event) => (share.value = Number(event.currentTarget.value))} />
        </label>
      )}
      <div class="row">
        <button type="button" onClick={toggle}>{isPlaying.value ? text.pause : text.play}</button>
        <label class="grow">
          {text.time} {clock(at.value * 1000, true)}
          <input type="range" min={0} max={duration.value || 1} step={0.01} value={at.value} aria-valuetext={clock(at.value * 1000, true)}
            onInput={(event) => seek(Number(event.currentTarget.value))} />
        </label>
      </div>
    </div>
  );
}
