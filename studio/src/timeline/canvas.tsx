// The canvas of the timeline: drawing when something has changed, and pointers, wheel and pinch.
import { effect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { clock } from "../lib/format";
import { language, words } from "../text";
import { draw, drawPlayhead, type Theme } from "./draw";
import { FramePictures } from "./frames";
import { itemAt, placesOf, type Places } from "./rows";
import { frameAt, toMs } from "./scale";
import type { TimelineStore } from "./store";

const COLOURS = [
  "ground", "panel", "line", "text", "faint", "accent", "voice", "music", "duck", "loud", "word", "cue", "scene",
  "fallback", "bad", "onColour",
] as const;

function readTheme(element: Element): Theme {
  const style = getComputedStyle(element);
  const colours = COLOURS.map((name) => [name, style.getPropertyValue(`--t-${name.toLowerCase()}`).trim()]);
  return { ...Object.fromEntries(colours), font: `12px ${style.fontFamily}` } as Theme;
}

/**
 * Draws into a canvas: everything if the view or the selection has changed, and else only the playhead, over a copy of
 * the rest. The copy is made when the playhead moves alone for the first time.
 */
class Painter {
  private theme: Theme;
  private readonly layer = document.createElement("canvas");
  private readonly pictures: FramePictures | null;
  private isStale = true;
  private hasCopy = false;
  private requested = 0;
  private readonly stop: () => void;
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly store: TimelineStore,
    private readonly places: Places,
    private readonly height: number,
  ) {
    this.theme = readTheme(canvas);
    const { frame } = store.model.bundle;
    this.pictures = frame ? new FramePictures(frame, 128, () => this.request(true)) : null;
    this.dark.addEventListener("change", this.onTheme);
    const stopContent = effect(() => {
      store.view.value;
      store.selection.value;
      language.value;
      this.request(true);
    });
    const stopPlayhead = effect(() => {
      store.at.value;
      this.request(false);
    });
    this.stop = () => {
      stopContent();
      stopPlayhead();
    };
  }

  private readonly onTheme = (): void => {
    this.theme = readTheme(this.canvas);
    this.request(true);
  };

  request(isWhole: boolean): void {
    this.isStale ||= isWhole;
    this.requested ||= requestAnimationFrame(this.paint);
  }

  private readonly paint = (): void => {
    this.requested = 0;
    const { store, height, theme } = this;
    const view = store.view.value;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const [wide, tall] = [Math.round(view.width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== wide || this.canvas.height !== tall) {
      for (const canvas of [this.canvas, this.layer]) {
        canvas.width = wide;
        canvas.height = tall;
      }
      this.isStale = true;
    }
    const shown = this.canvas.getContext("2d")!;
    if (this.isStale) {
      this.drawAll(shown, ratio);
      this.hasCopy = false;
      this.isStale = false;
    } else {
      if (!this.hasCopy) this.drawAll(this.layer.getContext("2d")!, ratio);
      this.hasCopy = true;
      shown.setTransform(1, 0, 0, 1, 0, 0);
      shown.globalCompositeOperation = "copy";
      shown.drawImage(this.layer, 0, 0);
      shown.globalCompositeOperation = "source-over";
      shown.setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    drawPlayhead(shown, view, theme, store.at.value, height);
  };

  private drawAll(canvas: CanvasRenderingContext2D, ratio: number): void {
    const { store, places, theme, height } = this;
    const text = words();
    canvas.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.pictures?.begin();
    draw(canvas, {
      model: store.model, places, view: store.view.value, theme, selection: store.selection.value,
      labels: { voice: text.voice, music: text.musicRow, loudness: text.loudness },
      picture: this.pictures?.get ?? (() => null),
    }, height);
    this.pictures?.load();
  }

  dispose(): void {
    this.stop();
    this.dark.removeEventListener("change", this.onTheme);
    cancelAnimationFrame(this.requested);
  }
}

/** Handles pointers: a click selects, a drag on the ruler moves the playhead, another drag pans, two pointers zoom. */
class Pointers {
  private readonly down = new Map<number, { x: number; y: number }>();
  private mode: "none" | "scrub" | "pan" = "none";
  private moved = 0;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly store: TimelineStore,
    private readonly places: Places,
  ) {}

  private point(event: MouseEvent): { x: number; y: number } {
    const box = this.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  private spread(): { x: number; distance: number } {
    const [a, b] = [...this.down.values()];
    return { x: (a!.x + b!.x) / 2, distance: Math.max(Math.abs(a!.x - b!.x), 8) };
  }

  readonly press = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const point = this.point(event);
    this.canvas.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, point);
    this.moved = this.down.size > 1 ? Infinity : 0;
    const isRuler = point.y < (this.places.ruler?.height ?? 0);
    this.mode = isRuler ? "scrub" : "pan";
    if (isRuler) this.store.seek(toMs(this.store.view.value, point.x));
  };

  readonly move = (event: PointerEvent): void => {
    const before = this.down.get(event.pointerId);
    if (!before) return;
    const point = this.point(event);
    if (this.down.size === 2) {
      const old = this.spread();
      this.down.set(event.pointerId, point);
      const now = this.spread();
      this.store.pan(old.x - now.x);
      this.store.zoom(now.distance / old.distance, now.x);
      return;
    }
    this.moved += Math.abs(point.x - before.x) + Math.abs(point.y - before.y);
    if (this.mode === "pan" && this.moved < 5) return;
    this.down.set(event.pointerId, point);
    if (this.mode === "scrub") this.store.seek(toMs(this.store.view.value, point.x));
    else this.store.pan(before.x - point.x);
  };

  readonly release = (event: PointerEvent): void => {
    if (!this.down.delete(event.pointerId)) return;
    if (event.type !== "pointerup" || this.mode !== "pan" || this.moved >= 5) return;
    const { x, y } = this.point(event);
    const { model, view } = this.store;
    const item = itemAt(model, this.places, view.value, x, y);
    if (item) this.store.select(item);
    else this.store.seek(toMs(view.value, x));
  };

  /** Zooms with ctrl or cmd, as a pinch on a touch pad does, and pans sideways. Up and down scroll the page. */
  readonly wheel = (event: WheelEvent): void => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.store.zoom(Math.exp(-event.deltaY / 200), this.point(event).x);
      return;
    }
    const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
    if (Math.abs(sideways) <= Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
    event.preventDefault();
    this.store.pan(sideways);
  };
}

/** The canvas, which is also the slider of the playhead. */
export function TimelineCanvas({ store }: { store: TimelineStore }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const { places, height } = useMemo(() => placesOf(store.model), [store]);

  useEffect(() => {
    const element = canvas.current!;
    const painter = new Painter(element, store, places, height);
    const pointers = new Pointers(element, store, places);
    const box = frame.current!;
    const size = new ResizeObserver(() => store.resize(box.clientWidth));
    size.observe(box);
    element.addEventListener("pointerdown", pointers.press);
    element.addEventListener("pointermove", pointers.move);
    element.addEventListener("pointerup", pointers.release);
    element.addEventListener("pointercancel", pointers.release);
    element.addEventListener("wheel", pointers.wheel, { passive: false });
    return () => {
      size.disconnect();
      painter.dispose();
    };
  }, [store]);

  return (
    <div class="timeline-canvas" ref={frame} style={{ height: `${height}px` }}>
      <canvas ref={canvas} aria-hidden="true" style={{ width: "100%", height: `${height}px` }} />
      <Playhead store={store} />
    </div>
  );
}

/** The slider that moves the playhead with the keyboard. It covers the canvas, and lets pointers through. */
function Playhead({ store }: { store: TimelineStore }) {
  const text = words();
  const { duration, rate, frames } = store.model;
  // While the film plays, the value changes once a second: every change is spoken.
  const at = store.isPlaying.value ? Math.floor(store.at.value / 1000) * 1000 : store.at.value;
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowLeft: -1000, ArrowDown: -1000, ArrowRight: 1000, ArrowUp: 1000, PageDown: -5000, PageUp: 5000,
      Home: -duration, End: duration,
    };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    store.seek(store.at.value + (event.shiftKey ? step / 10 : step));
  };
  return (
    <div class="playhead" role="slider" tabIndex={0} aria-label={text.playhead} aria-valuemin={0} aria-valuemax={duration}
      aria-valuenow={Math.round(at)} onKeyDown={onKeyDown}
      aria-valuetext={text.playheadAt(clock(at, !store.isPlaying.value), clock(duration), frameAt(at, rate, frames))} />
  );
}
