// Answers for endpoints that a service may not have yet, made from the folder of a finished job.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { serviceFixtures } from "./service.mjs";
import { loudnessOf, peaksOf, readWav } from "./sound.mjs";

const TYPES = { ".mp4": "video/mp4", ".jpg": "image/jpeg", ".json": "application/json", ".vtt": "text/vtt", ".srt": "text/plain", ".wav": "audio/wav" };
const problem = (status, detail, more = {}) => ({
  status, type: "application/problem+json", json: { status, title: "Error", code: "dev", detail, retryable: false, ...more },
});

/** Returns a function that answers a request, or returns null if the service has to. */
export function fixtures({ job, plant, key }) {
  const id = job && basename(job);
  const read = (name) => JSON.parse(readFileSync(join(job, name), "utf8"));
  const film = job && planted({ timeline: read("timeline.json"), receipt: read("metadata.json"), graph: read("scene_graph.json") }, plant);
  const sounds = new Map();
  const sound = (track) => {
    if (!sounds.has(track)) sounds.set(track, readWav(readFileSync(join(job, `assembly/audio/${track}.wav`))));
    return sounds.get(track);
  };
  let isIn = !key;
  const service = serviceFixtures({ job, plant, bodyOf, problem });

  return async (incoming, path) => {
    const { method } = incoming;
    if (path === "/api/v2/session" && (job || key)) {
      if (method === "POST") {
        const sent = JSON.parse(await bodyOf(incoming) || "{}");
        isIn = sent.key === key;
        if (!isIn) return problem(401, "this API key is unknown or revoked");
      }
      if (method === "DELETE") isIn = false;
      return isIn ? { json: { scope: "admin", no_auth: !key } } : problem(401, "there is no session");
    }
    if (!isIn) return problem(401, "there is no session");
    const own = await service(incoming, path);
    if (own) return own;
    if (path === "/api/v2/voices") return { json: { voices: VOICES } };
    if (path === "/api/v2/moods") return { json: { moods: MOODS } };
    if (path.startsWith("/api/v2/previews/")) return preview(path, incoming, job);
    if (!id || !path.startsWith(`/api/v2/jobs/${id}`)) return null;
    const rest = path.slice(`/api/v2/jobs/${id}`.length);
    return ofJob(rest, incoming, { id, job, film, sound, state: service.state });
  };
}

async function bodyOf(incoming) {
  const parts = [];
  for await (const part of incoming) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function preview(path, incoming, job) {
  if (path.startsWith("/api/v2/previews/presets/")) {
    return job && !path.endsWith("meme_text") ? { bytes: readFileSync(join(job, "output.mp4")), type: "video/mp4" } : problem(404, "there is no preview");
  }
  const track = path.startsWith("/api/v2/previews/music/") ? "music" : "voice";
  if (track === "voice") {
    const { voice = {}, accepted_usd } = JSON.parse(await bodyOf(incoming));
    if (voice.provider === "elevenlabs" && !(accepted_usd >= 0.0042)) return problem(402, "this preview costs $0.0042", { price_usd: 0.0042 });
  }
  return job ? { bytes: readFileSync(join(job, `assembly/audio/${track}.wav`)), type: "audio/wav" } : problem(404, "there is no preview");
}

function ofJob(rest, incoming, { id, job, film, sound, state }) {
  const frame = /^\/frames\/(\d+)\.jpg$/.exec(rest);
  const peaks = /^\/peaks\/(voice|music|mixed)$/.exec(rest);
  const artifact = /^\/artifacts\/([\w.]+)$/.exec(rest);
  const query = new URL(incoming.url, "http://localhost").searchParams;
  if (frame) return { bytes: picture(job, Number(frame[1]), Number(query.get("height") ?? 160)), type: "image/jpeg" };
  if (peaks) return { bytes: peaksOf(sound(peaks[1]), Number(query.get("samples_per_pair") ?? 256)), type: "application/octet-stream" };
  if (artifact) {
    const path = [artifact[1], `assembly/audio/${artifact[1]}`].map((name) => join(job, name)).find(existsSync);
    return path ? { bytes: readFileSync(path), type: TYPES[/\.\w+$/.exec(path)[0]] } : problem(404, "there is no such artifact");
  }
  switch (rest) {
    case "": return { json: { ...jobOf(id, film), ...state(id) } };
    case "/timeline": return { json: film.timeline };
    case "/receipt": return { json: film.receipt };
    case "/scene-graph": return { json: film.graph };
    case "/inspection": return { json: { facts: factsOf(film), loudness: loudnessOf(sound("mixed")) } };
    default: return null;
  }
}

function picture(job, number, height) {
  const filter = `select=eq(n\\,${number}),scale=-2:${height}`;
  return execFileSync("ffmpeg", ["-v", "error", "-i", join(job, "output.mp4"), "-vf", filter, "-frames:v", "1", "-f", "mjpeg", "-"], { maxBuffer: 1 << 24 });
}

function jobOf(id, { receipt }) {
  const uri = (name) => `/api/v2/jobs/${id}/artifacts/${name}`;
  return {
    job_id: id, status: "done", progress_pct: 100, output_uri: uri("output.mp4"), thumbnail_uri: uri("thumbnail.jpg"),
    scene_count: receipt.scenes.length, cost_usd: receipt.spendUsd, error: null, client_data: null,
    timings: { queued_at: receipt.finishedAt, started_at: receipt.finishedAt, finished_at: receipt.finishedAt },
    scenes: receipt.scenes.map((scene) => ({
      scene_id: scene.sceneId, status: "done", engine_used: scene.engineUsed, fallback_used: scene.fallbackUsed,
      render_duration_ms: null, error: scene.fallbackUsed ? scene.reason : null,
    })),
  };
}

function factsOf({ timeline, off, late }) {
  const clips = timeline.tracks.audio.find((track) => track.kind === "voice")?.clips ?? [];
  const music = timeline.tracks.audio.find((track) => track.kind === "music");
  return {
    duration_ms: timeline.totalDuration, spoken_ms: 0, used_ms: 0, av_offset_ms: 0.4, stream_offset_ms: 0,
    duck_regions: music?.duckRegions ?? [], deepest_duck_db: -12, lead_ms: timeline.look.captions.leadMs,
    scenes: timeline.timeline.map((scene) => {
      const own = clips.filter((clip) => clip.sceneId === scene.sceneId);
      const used = own.reduce((sum, clip) => sum + clip.end - clip.start, 0);
      const words = timeline.tracks.captions.filter((cue) => cue.sceneId === scene.sceneId).flatMap((cue) => cue.words);
      return {
        scene: scene.sceneId, start_ms: scene.start, end_ms: scene.end, spoken_ms: used, used_ms: used,
        voice_ms: own[0]?.start ?? null, words: words.length,
      };
    }),
    off, late_cues: late, missing: [],
    reasons: late.map((cue) => `1 caption comes after the first word should light up; worst "${cue.text}", ${cue.late_ms} ms late`),
  };
}

/** Adds one problem of each kind to a film. */
function planted({ timeline, receipt, graph }, plant) {
  if (!plant) return { timeline, receipt, graph, off: [], late: [] };
  const last = receipt.scenes.at(-1);
  Object.assign(last, {
    engineAsked: "runway", fallbackUsed: true,
    reason: "runway: the request timed out after 120 s; drawn by local: background mesh",
    attempts: [{ engine: "runway", result: "timeout", reason: "no result within 120 s", latencyMs: 120_000, charged: 0 }],
  });
  graph.scenes.at(-1).engineChain.members.unshift({ engine: "runway", reason: "named by the brief", estimate: 250_000, askedMs: 5000 });
  const params = { fast: 1, captions: 3, text: timeline.tracks.captions[1].text, speed: 24, limit: 20, recorded: false };
  receipt.warnings.push({
    code: "captions_too_fast", params,
    message: `1 of 3 captions are too fast to read ("${params.text}" has 24 characters per second, the limit is 20): slow the voice (voice.speed) or give the film more time`,
  });
  receipt.selfCheck.findings.push({ check: "frozen", detail: "frames 110 to 140 do not change" });
  const cue = timeline.tracks.captions[1];
  cue.start += 280;
  const word = timeline.tracks.captions[0].words[2];
  return {
    timeline, receipt, graph,
    off: [{ word: word.text, start_ms: word.start, heard_ms: word.start - 130 }],
    late: [{ text: cue.text, start_ms: cue.start, late_ms: 230 }],
  };
}

const MOODS = ["upbeat_corporate", "calm", "cinematic", "lofi", "energetic"].map((mood) => ({ mood, description: `music of the kind ${mood.replace("_", " ")}` }));
const VOICES = [
  { provider: "neural", name: "heart", language: "en", description: "warm, female", is_paid: false, is_usable: true, reason: null, usd_per_1000_chars: null },
  { provider: "espeak", name: "en-gb-x-rp", language: "en-GB", description: "formant voice", is_paid: false, is_usable: true, reason: null, usd_per_1000_chars: null },
  { provider: "elevenlabs", name: "rachel", language: "en", description: "calm", is_paid: true, is_usable: true, reason: null, usd_per_1000_chars: 0.1 },
];
