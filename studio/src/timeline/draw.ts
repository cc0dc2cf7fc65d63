// Draws the visible part of a timeline.
import { duckGain, type Model, type SceneModel, type Selection } from "./model";
import { levelFor, readColumns, type Levels } from "./peaks";
import { markerPlaces, type Places, type Row } from "./rows";
import { endOf, tickStep, toMs, toX, visible, type View } from "./scale";
import { clock } from "../lib/format";

/** Colours and fonts, read from the style sheet, so that light and dark are defined in one place. */
export type Theme = Record<
  "ground" | "panel" | "line" | "text" | "faint" | "accent" | "voice" | "music" | "duck" | "loud" | "word" | "cue"
  | "scene" | "fallback" | "bad" | "onColour", string
> & { font: string };

export interface Scene {
  model: Model;
  /** Names of rows that do not explain themselves. */
  labels: Partial<Record<Row, string>>;
  places: Places;
  view: View;
  theme: Theme;
  selection: Selection | null;
  /** Returns the picture of a frame if it is loaded, and requests it otherwise. */
  picture: (frame: number) => HTMLImageElement | null;
}

type Canvas = CanvasRenderingContext2D;
const LOUDEST = -5;
const QUIETEST = -41;

/** Draws everything but the playhead. */
export function draw(canvas: Canvas, scene: Scene, height: number): void {
  const { view, theme, places } = scene;
  canvas.clearRect(0, 0, view.width, height);
  canvas.font = theme.font;
  canvas.textBaseline = "middle";
  for (const [row, place] of Object.entries(places) as [Row, { top: number; height: number }][]) {
    if (row === "ruler") continue;
    canvas.fillStyle = theme.panel;
    canvas.fillRect(0, place.top, Math.min(view.width, toX(view, view.duration)), place.height);
  }
  ruler(canvas, scene);
  if (places.frames) frames(canvas, scene, places.frames);
  scenes(canvas, scene);
  const { voice, music } = scene.model.bundle.peaks;
  if (places.voice && voice) wave(canvas, view, places.voice, voice, theme.voice);
  if (places.music && music) wave(canvas, view, places.music, music, theme.music);
  if (places.music) ducking(canvas, scene, places.music);
  if (places.loudness) loudness(canvas, scene, places.loudness);
  if (places.words) words(canvas, scene, places.words);
  if (places.cues) cues(canvas, scene, places.cues);
  if (places.problems) markers(canvas, scene, places.problems);
  canvas.textAlign = "right";
  for (const [row, label] of Object.entries(scene.labels) as [Row, string][]) {
    const place = places[row];
    if (!place) continue;
    const right = Math.min(view.width, toX(view, view.duration));
    canvas.fillStyle = theme.panel;
    canvas.fillRect(right - widthOf(canvas, label) - 12, place.top, widthOf(canvas, label) + 12, 18);
    canvas.fillStyle = theme.faint;
    canvas.fillText(label, right - 6, place.top + 10);
  }
  canvas.textAlign = "left";
}

/** Draws the playhead over the rest. */
export function drawPlayhead(canvas: Canvas, view: View, theme: Theme, at: number, height: number): void {
  const x = Math.round(toX(view, at));
  if (x < -1 || x > view.width + 1) return;
  canvas.fillStyle = theme.accent;
  canvas.fillRect(x - 1, 0, 2, height);
  canvas.beginPath();
  canvas.moveTo(x - 7, 0);
  canvas.lineTo(x + 7, 0);
  canvas.lineTo(x, 10);
  canvas.fill();
}

function ruler(canvas: Canvas, { view, theme, places, model }: Scene): void {
  const bottom = (places.ruler?.height ?? 0) - 2;
  const step = tickStep(view);
  const first = Math.floor(view.start / step) * step;
  const isFine = step < 1000;
  for (let at = first; at <= Math.min(endOf(view), view.duration); at += step / 5) {
    const isLabelled = Math.round((at / step) * 5) % 5 === 0;
    const x = Math.round(toX(view, at));
    canvas.fillStyle = theme.faint;
    canvas.fillRect(x, bottom - (isLabelled ? 8 : 4), 1, isLabelled ? 8 : 4);
    if (isLabelled) canvas.fillText(clock(at, isFine), x + 4, bottom - 9);
  }
  // Magnified enough, every frame has a tick.
  const frameMs = 1000 / model.rate;
  if (frameMs / view.msPerPx < 6) return;
  canvas.fillStyle = theme.line;
  for (let frame = Math.floor(view.start / frameMs); frame * frameMs <= endOf(view); frame++) {
    canvas.fillRect(Math.round(toX(view, frame * frameMs)), bottom, 1, 2);
  }
}

/** Writes a text into a box, shortened to its width; nothing if the box is too narrow. */
function label(canvas: Canvas, text: string, x: number, y: number, width: number): void {
  if (width < 14 || text === "") return;
  canvas.fillText(shorten(canvas, text, width), x, y);
}

/** Widths of texts. All texts have the same font. */
const widths = new Map<string, number>();

function widthOf(canvas: Canvas, text: string): number {
  let width = widths.get(text);
  if (width === undefined) {
    if (widths.size > 5000) widths.clear();
    width = canvas.measureText(text).width;
    widths.set(text, width);
  }
  return width;
}

function shorten(canvas: Canvas, text: string, width: number): string {
  const whole = widthOf(canvas, text);
  if (whole <= width) return text;
  const fitting = Math.floor((text.length * (width - 8)) / whole);
  return fitting < 1 ? "" : `${text.slice(0, fitting)}…`;
}

function box(canvas: Canvas, scene: Scene, place: { top: number; height: number }, item: { start: number; end: number }) {
  const left = Math.max(toX(scene.view, item.start), -4);
  const right = Math.min(toX(scene.view, item.end), scene.view.width + 4);
  canvas.fillRect(left + 0.5, place.top, Math.max(right - left - 1, 1), place.height);
  return { left: Math.max(left, 0), width: right - Math.max(left, 0) };
}

function outline(canvas: Canvas, scene: Scene, place: { top: number; height: number }, item: { start: number; end: number }) {
  canvas.strokeStyle = scene.theme.accent;
  canvas.lineWidth = 3;
  const left = toX(scene.view, item.start);
  canvas.strokeRect(left + 1.5, place.top + 1.5, toX(scene.view, item.end) - left - 3, place.height - 3);
}

const isSelected = (scene: Scene, kind: Selection["kind"], id: string) =>
  scene.selection?.kind === kind && scene.selection.id === id;

function scenes(canvas: Canvas, scene: Scene): void {
  const place = scene.places.scenes!;
  const { view, theme, model } = scene;
  for (const item of visible(model.scenes, view.start, endOf(view))) {
    canvas.fillStyle = item.isFallback ? theme.fallback : theme.scene;
    const { left, width } = box(canvas, scene, place, item);
    canvas.fillStyle = theme.onColour;
    const change = item.clips[0]?.transitionIn;
    const changeEnd = change ? toX(view, (change.endFrame * 1000) / model.rate) : 0;
    const textLeft = Math.max(left, changeEnd) + 6;
    const textWidth = left + width - textLeft - 4;
    const sign = item.isFallback ? " ⚠" : "";
    const title = textWidth < 60 ? `${item.number}${sign}`
      : `${item.number} · ${item.engine}${sign} · ${((item.end - item.start) / 1000).toFixed(1)} s`;
    label(canvas, title, textLeft, place.top + 14, textWidth);
    if (textWidth >= 60) label(canvas, item.words, textLeft, place.top + 33, textWidth);
    if (isSelected(scene, "scene", item.id)) outline(canvas, scene, place, item);
    transitions(canvas, scene, item, place);
  }
}

function transitions(canvas: Canvas, { view, theme, model }: Scene, item: SceneModel, place: { top: number; height: number }): void {
  for (const clip of item.clips) {
    const { transitionIn: change } = clip;
    if (!change) continue;
    const from = toX(view, (change.startFrame * 1000) / model.rate);
    const to = toX(view, (change.endFrame * 1000) / model.rate);
    canvas.strokeStyle = theme.onColour;
    canvas.lineWidth = 1;
    canvas.beginPath();
    canvas.moveTo(from, place.top + place.height);
    canvas.lineTo(to, place.top);
    canvas.moveTo(from, place.top);
    canvas.lineTo(to, place.top + place.height);
    canvas.stroke();
  }
}

/** Draws pictures at a regular distance in frames, so that loaded pictures serve again at other magnifications. */
function frames(canvas: Canvas, scene: Scene, place: { top: number; height: number }): void {
  const { view, model } = scene;
  const { width, height } = model.bundle.timeline.profile;
  const wide = Math.max((place.height * width) / height, 12);
  const step = frameStep(view.msPerPx, wide, model.rate);
  const first = Math.max(0, Math.floor((view.start * model.rate) / 1000 / step) * step);
  for (let frame = first; frame < model.frames; frame += step) {
    const left = toX(view, (frame * 1000) / model.rate);
    if (left > view.width) break;
    const picture = scene.picture(frame);
    // The last picture ends with the film.
    const shown = Math.min(wide, toX(view, view.duration) - left);
    if (picture && shown > 1) {
      const share = shown / wide;
      canvas.drawImage(picture, 0, 0, picture.naturalWidth * share, picture.naturalHeight, left, place.top, shown, place.height);
    }
  }
}

/** Returns the distance of pictures in frames: the least power of two, or three quarters of it, that leaves each its width. */
export function frameStep(msPerPx: number, wide: number, rate: number): number {
  const needed = ((wide + 2) * msPerPx * rate) / 1000;
  const power = 2 ** Math.max(0, Math.ceil(Math.log2(needed)));
  return power >= 4 && power * 0.75 >= needed ? power * 0.75 : power;
}

function wave(canvas: Canvas, view: View, place: { top: number; height: number }, all: Levels, colour: string): void {
  const level = levelFor(all, view.msPerPx);
  const middle = place.top + place.height / 2;
  const reach = place.height / 2 - 2;
  const end = Math.ceil(Math.min(view.width, toX(view, view.duration)));
  if (columns.length < end * 2) columns = new Float32Array(end * 2);
  readColumns(level, view.start, view.msPerPx, end, columns);
  canvas.fillStyle = colour;
  canvas.fillRect(0, middle - 0.5, end, 1);
  // Rectangles on whole device pixels need no smoothing, which is most of the work for an outline. Silence has none.
  for (let x = 0; x < end; x++) {
    const top = Math.round(columns[x * 2 + 1]! * reach * 2) / 2;
    const bottom = Math.round(columns[x * 2]! * reach * 2) / 2;
    if (top > 0.5 || bottom < -0.5) canvas.fillRect(x, middle - top, 1, top - bottom);
  }
}

/** The values of a waveform's columns, kept between drawings. */
let columns = new Float32Array(0);

function ducking(canvas: Canvas, { view, theme, model }: Scene, place: { top: number; height: number }): void {
  const deepest = Math.min(-6, ...model.ducks.map((duck) => duck.gainDb));
  const end = Math.min(view.width, toX(view, view.duration));
  canvas.strokeStyle = theme.duck;
  canvas.lineWidth = 2;
  canvas.beginPath();
  for (let x = 0; x <= end; x += 2) {
    const low = duckGain(model.ducks, toMs(view, x)) / deepest;
    canvas.lineTo(x, place.top + 5 + low * (place.height - 10));
  }
  canvas.stroke();
  canvas.fillStyle = theme.text;
  for (const duck of model.ducks) {
    const x = toX(view, duck.start);
    if (x > -80 && x < view.width && (duck.end - duck.start) / view.msPerPx > 120) canvas.fillText(`${duck.gainDb.toFixed(0)} dB`, Math.max(x, 0) + 6, place.top + 10);
  }
}

function loudness(canvas: Canvas, { view, theme, model }: Scene, place: { top: number; height: number }): void {
  const curves = model.bundle.inspection?.loudness;
  const y = (lufs: number) =>
    place.top + ((LOUDEST - Math.min(Math.max(lufs, QUIETEST), LOUDEST)) / (LOUDEST - QUIETEST)) * place.height;
  if (curves) {
    const step = curves.step_ms;
    line(canvas, view, curves.momentary_lufs, step, y, theme.line, 1);
    line(canvas, view, curves.short_term_lufs, step, y, theme.loud, 2);
  }
  if (model.target === null) return;
  canvas.strokeStyle = theme.text;
  canvas.lineWidth = 1;
  canvas.setLineDash([6, 4]);
  canvas.beginPath();
  canvas.moveTo(0, y(model.target));
  canvas.lineTo(Math.min(view.width, toX(view, view.duration)), y(model.target));
  canvas.stroke();
  canvas.setLineDash([]);
  canvas.fillStyle = theme.text;
  canvas.fillText(`${model.target.toFixed(0)} LUFS`, 6, y(model.target) - 8);
}

function line(
  canvas: Canvas, view: View, values: (number | null)[], step: number, y: (value: number) => number, colour: string,
  width: number,
): void {
  const first = Math.max(0, Math.floor(view.start / step) - 1);
  const last = Math.min(values.length - 1, Math.ceil(endOf(view) / step) + 1);
  canvas.strokeStyle = colour;
  canvas.lineWidth = width;
  canvas.beginPath();
  let isDown = false;
  for (let index = first; index <= last; index++) {
    const value = values[index];
    if (value === null || value === undefined) {
      isDown = false;
      continue;
    }
    const x = toX(view, index * step);
    if (isDown) canvas.lineTo(x, y(value));
    else canvas.moveTo(x, y(value));
    isDown = true;
  }
  canvas.stroke();
}

function words(canvas: Canvas, scene: Scene, place: { top: number; height: number }): void {
  const { view, theme, model } = scene;
  for (const word of visible(model.words, view.start, endOf(view))) {
    canvas.fillStyle = word.heard === undefined ? theme.word : theme.bad;
    const { left, width } = box(canvas, scene, place, word);
    canvas.fillStyle = theme.onColour;
    label(canvas, word.text, left + 4, place.top + place.height / 2, width - 6);
    if (isSelected(scene, "word", word.id)) outline(canvas, scene, place, word);
  }
}

function cues(canvas: Canvas, scene: Scene, place: { top: number; height: number }): void {
  const { view, theme, model } = scene;
  const lead = model.bundle.timeline.look.captions.leadMs;
  for (const cue of visible(model.cues, view.start, endOf(view))) {
    canvas.fillStyle = cue.lateMs > 0 ? theme.bad : theme.cue;
    const { left, width } = box(canvas, scene, place, cue);
    canvas.fillStyle = theme.onColour;
    label(canvas, cue.lateMs > 0 ? `+${cue.lateMs} ms  ${cue.text}` : cue.text, left + 6, place.top + 18, width - 10);
    for (const word of cue.words) canvas.fillRect(toX(view, Math.max(0, word.start - lead)), place.top, 2, 6);
    if (isSelected(scene, "cue", cue.id)) outline(canvas, scene, place, cue);
  }
}

/** Draws a diamond for each problem: filled for failures, hollow for warnings, so that colour is not the only sign. */
function markers(canvas: Canvas, scene: Scene, place: { top: number; height: number }): void {
  const { view, theme, model } = scene;
  const middle = place.top + place.height / 2;
  for (const { problem, x } of markerPlaces(model.problems, view)) {
    if (x < -12 || x > view.width + 12) continue;
    const size = isSelected(scene, "problem", problem.id) ? 11 : 8;
    const isWarning = problem.kind === "warning";
    canvas.beginPath();
    canvas.moveTo(x, middle - size);
    canvas.lineTo(x + size, middle);
    canvas.lineTo(x, middle + size);
    canvas.lineTo(x - size, middle);
    canvas.closePath();
    canvas.fillStyle = problem.kind === "fallback" ? theme.fallback : theme.bad;
    canvas.strokeStyle = canvas.fillStyle;
    canvas.lineWidth = 2.5;
    if (isWarning) canvas.stroke();
    else canvas.fill();
  }
}
