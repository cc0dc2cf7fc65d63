// The state of the form: the brief, its files, and the plan of both. The unfinished brief survives a reload.
import { computed, effect, signal } from "@preact/signals";
import { Failure, api, upload, type Upload } from "../api";
import { overrideOf, withScene } from "../lib/brief";
import { firstWords } from "../lib/format";
import { sentence } from "../state";
import { words } from "../text";
import type { Brief, Engine, MediaEntry, Note, Plan, SceneOverride } from "../types";

export type FileKind = "picture" | "clip" | "sound" | "unknown";

/** A file that a person added: on its way, stored, refused, or named by a loaded brief and not added yet. */
export interface AddedFile {
  key: number;
  name: string;
  size: number;
  kind: FileKind;
  /** The uploaded share, 0 to 1. */
  share: number;
  /** The name of the stored file in a brief; null until it is stored. */
  asset: string | null;
  problem: string;
  /** The address of the file in this browser; null after a reload. */
  url: string | null;
  /** True if a loaded brief names a file that was not added yet. */
  isMissing: boolean;
  settings: Omit<MediaEntry, "path">;
}

const STORED = "pytoon.brief";
/** The pause after the last keystroke before the plan is made, in milliseconds. */
const TYPING_MS = 600;

interface Stored {
  brief: Brief;
  files: AddedFile[];
}

function restore(): Stored {
  try {
    const stored = JSON.parse(sessionStorage.getItem(STORED) ?? "") as Stored;
    const files = stored.files.filter((file) => file.asset || file.isMissing);
    return { brief: stored.brief, files: files.map((file) => ({ ...file, url: null })) };
  } catch {
    return { brief: {}, files: [] };
  }
}

const restored = restore();
export const brief = signal<Brief>(restored.brief);
export const files = signal<AddedFile[]>(restored.files);
export const plan = signal<Plan | null>(null);
export const isPlanning = signal(false);
export const failure = signal<unknown>(null);
export const engines = signal<Engine[]>([]);
let lastKey = Math.max(0, ...files.value.map((file) => file.key));

/** The brief as it is sent: with the stored files, and without empty fields. */
export const outgoing = computed<Brief>(() => {
  const stored = files.value.filter((file) => file.asset);
  const media = stored.filter((file) => file.kind !== "sound").map((file) =>
    Object.keys(file.settings).length > 0 ? { path: file.asset!, ...file.settings } : file.asset!);
  const recording = stored.find((file) => file.kind === "sound")?.asset;
  const whole = { ...brief.value, ...(media.length > 0 && { media_files: media }), ...(recording && { voice_file: recording }) };
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined && value !== ""));
});

const text = computed(() => JSON.stringify(outgoing.value));
export const isEmpty = computed(() =>
  !outgoing.value.script?.trim() && !outgoing.value.prompt && !outgoing.value.media_files && !outgoing.value.voice_file);
export const isUploading = computed(() =>
  files.value.some((file) => !file.asset && !file.problem && !file.isMissing));

/** Changes fields of the brief; `undefined` removes one. */
export function change(part: Partial<Brief>): void {
  brief.value = { ...brief.value, ...part };
}

/** Returns the changes to a scene. The number counts from 1. */
export const changesOfScene = (scene: number): Partial<SceneOverride> => overrideOf(brief.value, scene);

/** Changes fields of one scene; a scene without changes leaves the brief. */
export function changeScene(scene: number, part: Partial<SceneOverride>): void {
  brief.value = withScene(brief.value, scene, part);
}

effect(() => {
  sessionStorage.setItem(STORED, JSON.stringify({ brief: brief.value, files: files.value } satisfies Stored));
});

/** Plans the brief whenever it changes, until the returned function is called. A newer plan aborts an older one. */
export function startPlanning(): () => void {
  return effect(() => {
    const wanted = text.value;
    if (isEmpty.value) {
      plan.value = null;
      failure.value = null;
      isPlanning.value = false;
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      isPlanning.value = true;
      try {
        plan.value = await api.plan(JSON.parse(wanted) as Brief, abort.signal);
        failure.value = null;
      } catch (error) {
        if (!abort.signal.aborted) {
          failure.value = error;
          // The plan of another text would be misleading.
          plan.value = null;
        }
      } finally {
        if (!abort.signal.aborted) isPlanning.value = false;
      }
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  });
}

/** The fields that show their own errors. Others are listed above the buttons. */
const SHOWN = [
  "script", "media_files", "voice_file", "voice", "preset_id", "music_source", "language", "brand", "engine_override", "budget",
  "target_duration_seconds", "profile", "format", "formats", "captions", "title", "end_card", "sound_effects",
];
const isOf = (path: string, field: string) => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);

/** Returns the errors of a field of the brief, such as `voice` or `scenes[0]`. */
export function errorsOf(field: string): string[] {
  const error = failure.value;
  if (!(error instanceof Failure)) return [];
  return error.fields.filter((own) => isOf(own.field, field)).map((own) => own.detail);
}

/** Returns the errors that no field shows. */
export function otherErrors(): string[] {
  const error = failure.value;
  if (!error) return [];
  if (!(error instanceof Failure) || error.fields.length === 0) return [sentence(error)];
  const hidden = error.fields.filter((own) => !SHOWN.some((field) => isOf(own.field, field)));
  return hidden.map((own) => `${own.field}: ${own.detail}`);
}

/** Returns the errors that fields show, with the name of the field, for the list above the buttons. */
export function shownErrors(): string[] {
  const error = failure.value;
  if (!(error instanceof Failure)) return [];
  const shown = error.fields.filter((own) => SHOWN.some((field) => isOf(own.field, field)));
  return shown.map((own) => `${words().fieldNames[own.field.replace(/[.[].*$/, "")] ?? own.field}: ${own.detail}`);
}

const NOTE_FIELDS: Record<string, string> = {
  media_shown_briefly: "media_files", picture_alpha_unread: "media_files", picture_without_end: "media_files",
  language_assumed: "language", no_natural_voice: "voice", film_silent: "voice", budget_too_small: "budget",
  film_extended: "target_duration_seconds", transition_replaced: "scenes",
};

/** Returns the field of the form that a note is about. */
export function fieldOf(note: Note): string {
  const known = NOTE_FIELDS[note.code];
  if (known) return known;
  if (typeof note.params.field === "string") return note.params.field;
  if (note.code.startsWith("clip_")) return "media_files";
  if (note.code.startsWith("voice_")) return "voice";
  if (note.code.startsWith("recording_") || note.code === "words_spread") return "media_files";
  return "script";
}

export const notesOf = (field: string): Note[] =>
  (plan.value?.warnings ?? []).filter((note) => isOf(fieldOf(note), field));

const uploads = new Map<number, Upload>();

const kindOf = (type: string): FileKind =>
  type.startsWith("audio/") ? "sound" : type.startsWith("video/") ? "clip" : type.startsWith("image/") ? "picture" : "unknown";

export function changeFile(key: number, part: Partial<AddedFile>): void {
  files.value = files.value.map((file) => (file.key === key ? { ...file, ...part } : file));
}

/** Adds files and uploads them. A file that a loaded brief names takes its place in the list. */
export function addFiles(list: Iterable<File>): void {
  for (const file of list) {
    const missing = files.value.find((own) => own.isMissing && own.name === file.name);
    const key = missing?.key ?? ++lastKey;
    const added: AddedFile = {
      key, name: file.name, size: file.size, kind: kindOf(file.type), share: 0, asset: null, problem: "",
      url: URL.createObjectURL(file), isMissing: false, settings: missing?.settings ?? {},
    };
    files.value = missing
      ? files.value.map((own) => (own.key === key ? added : own))
      : [...files.value, added];
    const running = upload(file, (share) => changeFile(key, { share }));
    uploads.set(key, running);
    running.done
      .then((asset) => changeFile(key, { share: 1, asset: asset.name, kind: kindOf(asset.media_type), size: asset.size_bytes }))
      .catch((error) => changeFile(key, { problem: sentence(error) }))
      .finally(() => uploads.delete(key));
  }
}

export function removeFile(key: number): void {
  const file = files.value.find((own) => own.key === key);
  if (file?.url) URL.revokeObjectURL(file.url);
  files.value = files.value.filter((own) => own.key !== key);
  uploads.get(key)?.abort();
  if (!file?.asset) return;
  // No scene can show a removed file.
  const kept = (brief.value.scenes ?? []).map((own) => (own.media === file.asset ? { ...own, media: "" } : own));
  for (const own of kept) changeScene(own.scene, own as Partial<SceneOverride>);
}

export function moveFile(from: number, to: number): void {
  const list = [...files.value];
  const [file] = list.splice(from, 1);
  if (!file || to < 0 || to > list.length) return;
  list.splice(to, 0, file);
  files.value = list;
}

/** Replaces the form by a loaded brief. Files of this computer have to be added again; their places are kept. */
export function loadBrief(loaded: Brief): void {
  const { media_files = [], voice_file, ...rest } = loaded;
  for (const file of files.value) if (file.url) URL.revokeObjectURL(file.url);
  const entry = (path: string, kind: FileKind, settings: Omit<MediaEntry, "path"> = {}): AddedFile => {
    const isStored = path.startsWith("asset:");
    return {
      key: ++lastKey, name: path.split(/[/\\]/).at(-1) ?? path, size: 0, kind, share: isStored ? 1 : 0,
      asset: isStored ? path : null, problem: "", url: null, isMissing: !isStored, settings,
    };
  };
  files.value = [
    ...media_files.map((file) => {
      if (typeof file === "string") return entry(file, "unknown");
      const { path, ...settings } = file;
      return entry(path, "unknown", settings);
    }),
    ...(voice_file ? [entry(voice_file, "sound")] : []),
  ];
  brief.value = rest;
}

/** Empties the form. */
export function clear(): void {
  loadBrief({});
  plan.value = null;
}

/** Returns a file name for the brief, from its first words. */
export function briefName(): string {
  const words = firstWords(brief.value.script ?? "", 4).toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-");
  return `${words.replace(/^-+|-+$/g, "") || "brief"}.yaml`;
}
