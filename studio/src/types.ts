// The shapes of the service's JSON. Those in docs/openapi.json come from the generated types; the others are the
// documents of a job (config/schema) and endpoints that the OpenAPI file describes as plain objects.
import type { components } from "../generated/api";

type Schemas = components["schemas"];
export type Job = Schemas["Job"];
export type Jobs = Schemas["Jobs"];
export type JobScene = Schemas["Scene"];
export type Asset = Schemas["Asset"];
export type Preset = Schemas["Preset"];
export type Problem = Schemas["Problem"] & { price_usd?: number };
export type Engine = Schemas["Engine"];
export type VoiceProvider = Schemas["VoiceProviderState"];
export type Switch = Schemas["Switch"];
export type Accepted = Schemas["Accepted"];

export interface Session {
  scope: "read" | "submit" | "admin";
  no_auth: boolean;
}

/** A coded note of the service, with its sentence in English. */
export interface Note {
  code: string;
  params: Record<string, unknown>;
  message: string;
}

/** A change to one scene of the plan; `scene` is the number from 1. */
export interface SceneOverride {
  scene: number;
  caption?: string;
  shown_as?: string;
  say_instead?: string;
  caption_shift_seconds?: number;
  media?: string;
  prompt?: string;
  effect?: string;
  background?: string;
  transition?: string;
  min_duration_seconds?: number;
  engine?: string;
  take?: number;
}

export interface VoiceSettings {
  provider?: string;
  name?: string;
  speed?: number;
  pitch?: number;
  denoise?: string | boolean;
}

export interface MediaEntry {
  path: string;
  keep_audio?: boolean;
  fit?: "crop" | "whole" | "pan";
}

/** The card over the end of a film. */
export interface EndCard {
  call_to_action?: string;
  address?: string;
  logo?: boolean;
}

/** A brief: the fields that the form shows. Other fields of a loaded brief are kept as they are. */
export interface Brief {
  script?: string;
  media_files?: (string | MediaEntry)[];
  preset_id?: string;
  voice_file?: string;
  voice?: "off" | VoiceSettings;
  language?: string;
  captions?: "off" | { look?: string; platform?: string; size?: number; position?: string };
  music_source?: string;
  music_gain_db?: number;
  brand?: unknown;
  engine_override?: string;
  budget?: number;
  target_duration_seconds?: number;
  format?: string;
  formats?: string[];
  clips?: "shared" | "per_format";
  profile?: string;
  title?: string;
  end_card?: EndCard;
  chapters?: boolean;
  ending?: "plain" | "loop";
  sound_effects?: string[];
  scenes?: SceneOverride[];
  [other: string]: unknown;
}

export interface ChainMember {
  engine: string;
  reason: string;
  /** Millionths of a US dollar. */
  estimate: number;
  askedMs: number;
  blocked?: string | null;
}

export interface GraphScene {
  id: string;
  description: string;
  duration: number;
  media: { type: string; asset: string | null; engine: string; prompt: string | null; effect: string };
  sentences: string[];
  caption: string | null;
  transition: string;
  minDuration: number;
  engineChain?: { members: ChainMember[]; leftOut?: { engine: string; reason: string }[] } | null;
}

export interface SceneGraph {
  presetId: string;
  language: string;
  scenes: GraphScene[];
  warnings?: Note[];
}

export interface TimelineScene {
  sceneId: string;
  engine: string;
  startFrame: number;
  endFrame: number;
  start: number;
  end: number;
}

export interface VideoClip {
  id: string;
  sceneId: string;
  startFrame: number;
  start: number;
  end: number;
  source: { type: string; asset?: string; kind?: string };
  grade: string;
  transitionIn?: { kind: string; startFrame: number; endFrame: number; duration: number } | null;
}

export interface DuckRegion {
  start: number;
  end: number;
  gainDb: number;
  rampDown: number;
  rampUp: number;
}

export interface CaptionWord {
  text: string;
  start: number;
  end: number;
  joinsNext?: boolean;
}

export interface CaptionCue {
  sceneId: string;
  start: number;
  end: number;
  text: string;
  words: CaptionWord[];
}

export interface AudioTrack {
  kind: string;
  clips?: { sceneId?: string; asset: string; start: number; end: number }[];
  duckRegions?: DuckRegion[];
}

export interface Timeline {
  frameRate: number | string;
  totalFrames: number;
  totalDuration: number;
  language: string;
  look: { captions: { burnIn: boolean; leadMs: number } };
  profile: { width: number; height: number };
  timeline: TimelineScene[];
  tracks: { video: VideoClip[]; audio: AudioTrack[]; captions: CaptionCue[] };
}

export interface Attempt {
  engine: string;
  result: string;
  reason: string;
  latencyMs?: number;
  charged?: number;
}

export interface SceneReceipt {
  sceneId: string;
  engineAsked: string;
  engineUsed: string;
  fallbackUsed: boolean;
  clipReused?: boolean;
  attempts?: Attempt[];
  reason: string;
  durationMs: number;
}

export interface Receipt {
  finishedAt: string;
  scenes: SceneReceipt[];
  spendUsd: number;
  voice: { provider: string | null; voice?: string | null; alignment: string; alignmentConfidence: number | null };
  loudness: { targetLufs: number; decodedLufs: number | null; decodedTruePeakDbtp: number | null };
  output: { durationMs: number; sizeBytes: number; width: number; height: number };
  warnings: Note[];
  selfCheck: { checks: string[]; findings: { check: string; detail: string }[] };
}

export interface Facts {
  duration_ms: number;
  av_offset_ms: number | null;
  lead_ms: number;
  deepest_duck_db: number;
  scenes: {
    scene: string;
    start_ms: number;
    end_ms: number;
    spoken_ms: number;
    used_ms: number;
    voice_ms: number | null;
    words: number;
  }[];
  off: { word: string; start_ms: number; heard_ms: number | null }[];
  late_cues: { text: string; start_ms: number; late_ms: number }[];
  reasons: string[];
  missing: string[];
}

export interface Inspection {
  facts: Facts;
  loudness: { step_ms: number; momentary_lufs: (number | null)[]; short_term_lufs: (number | null)[] };
}

/** The plan of a film, as `POST /api/v2/plan` returns it. */
export interface Plan {
  sceneGraph: SceneGraph;
  timeline: Timeline;
  price: { first_usd: number; dearest_usd: number; clips: number } | null;
  spokenBy: { provider: string; voice: string | null } | null;
  voice: { provider: string; estimated: number } | null;
  warnings: Note[];
}

export interface Voice {
  provider: string;
  name: string;
  language: string;
  description: string;
  is_paid: boolean;
  is_usable: boolean;
  reason: string | null;
  usd_per_1000_chars: number | null;
}

export interface Mood {
  mood: string;
  description: string;
}

/** The parts of a film that a change makes again. */
export type Part = "voice" | "captions" | "picture" | "music";

/** What a changed brief would make again, and its price. */
export interface BriefPreview {
  price_usd: number;
  voice_usd: number;
  clips: { scene_id: string; engine: string; price_usd: number }[];
  changed_scenes: string[];
  changed: Part[];
  plan: Plan;
}

export interface FilmVersion {
  version: number;
  name: string;
  created_at: string;
  is_current: boolean;
}

export type Operations = Schemas["Operations"];
export type UnknownCall = Schemas["UnknownCall"];

export interface Readiness {
  status: string;
  checks: Record<string, { ok: boolean; detail: string }>;
}

export interface Document {
  name: string;
  title: string;
  kind: "guide" | "runbook";
}

/** A check of `pytoon doctor`. */
export interface DoctorCheck {
  name: string;
  verdict: "ok" | "warning" | "failed";
  evidence: string;
  fix: string | null;
  runbook: string | null;
}

export type Rehearsal = components["schemas"]["Rehearsal"];
