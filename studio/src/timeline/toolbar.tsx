// The buttons and keys of the timeline. Every key has a button.
import { useSignal } from "@preact/signals";
import { clock, parseClock } from "../lib/format";
import { words } from "../text";
import { frameAt } from "./scale";
import type { TimelineStore } from "./store";

/** Handles the keys of the timeline. They work while the focus is inside of it, but not in fields. */
export function onTimelineKey(store: TimelineStore, event: KeyboardEvent, onEdit?: () => void): void {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, textarea, select, video")) return;
  const actions: Record<string, () => void> = {
    n: () => store.nextProblem(1),
    p: () => store.nextProblem(-1),
    "+": () => store.zoom(1.5),
    "=": () => store.zoom(1.5),
    "-": () => store.zoom(1 / 1.5),
    "0": () => store.fit(),
    ",": () => store.step(-1),
    ".": () => store.step(1),
    ...(onEdit && { e: onEdit }),
    // On a button or a link, the space bar presses it.
    ...(!target.closest("button, a, summary") && { " ": () => store.toggle() }),
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

export function Toolbar({ store }: { store: TimelineStore }) {
  const text = words();
  const { problems } = store.model;
  return (
    <div class="toolbar" role="group" aria-label={text.timelineTools}>
      <div class="group">
        <Tool label={text.frameBack} sign="⏴" keys="," act={() => store.step(-1)} />
        {store.hasFilm && (
          <Tool label={store.isPlaying.value ? text.pause : text.play} sign={store.isPlaying.value ? "⏸" : "▶"} keys=" "
            act={() => store.toggle()} />
        )}
        <Tool label={text.frameForward} sign="⏵" keys="." act={() => store.step(1)} />
        <GoTo store={store} />
      </div>
      <div class="group">
        <Tool label={text.previousProblem} sign="◆ ↑" keys="p" act={() => store.nextProblem(-1)} off={problems.length === 0} />
        <Tool label={text.nextProblem} sign="◆ ↓" keys="n" act={() => store.nextProblem(1)} off={problems.length === 0} />
        <span class="help">{text.problemCount(problems.length)}</span>
      </div>
      <div class="group">
        <Tool label={text.panLeft} sign="←" act={() => store.panBy(-0.5)} />
        <Tool label={text.panRight} sign="→" act={() => store.panBy(0.5)} />
        <Tool label={text.zoomOut} sign="−" keys="-" act={() => store.zoom(1 / 1.5)} />
        <Tool label={text.zoomIn} sign="+" keys="+" act={() => store.zoom(1.5)} />
        <Tool label={text.fit} sign="↔" keys="0" act={() => store.fit()} />
      </div>
    </div>
  );
}

function Tool({ label, sign, keys, act, off = false }: {
  label: string; sign: string; keys?: string; act: () => void; off?: boolean;
}) {
  const title = keys ? `${label} (${keys === " " ? words().spaceBar : keys})` : label;
  return (
    <button type="button" class="tool" aria-label={label} title={title} aria-keyshortcuts={keys === " " ? "Space" : keys}
      onClick={act} disabled={off}>
      <span aria-hidden="true">{sign}</span>
    </button>
  );
}

/** The time of the playhead, which can also be typed. */
function GoTo({ store }: { store: TimelineStore }) {
  const text = words();
  const typed = useSignal<string | null>(null);
  const { duration, rate, frames } = store.model;
  const go = () => {
    const at = typed.value === null ? null : parseClock(typed.value);
    typed.value = null;
    if (at !== null) store.seek(at);
  };
  return (
    <>
      <input class="time" aria-label={text.goTo} inputMode="decimal" size={8}
        value={typed.value ?? clock(store.at.value, true)} onInput={(event) => (typed.value = event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && go()} onBlur={go} />
      <span class="help">/ {clock(duration, true)} · {text.frameNumber(frameAt(store.at.value, rate, frames))}</span>
    </>
  );
}
