// Answers of a service for changes of a brief, versions, engines, operations and documents. The state is kept in memory.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** The time that a changed film takes. */
const RENDER_MS = 6000;
const DOCS = join(import.meta.dirname, "../../docs");

export function serviceFixtures({ job, plant, bodyOf, problem }) {
  const id = job && basename(job);
  const read = (name) => JSON.parse(readFileSync(join(job, name), "utf8"));
  let brief = job ? read("brief.json") : {};
  const tag = () => `"r${createHash("sha256").update(JSON.stringify(brief)).digest("hex").slice(0, 16)}"`;
  const start = Date.parse("2026-11-30T08:00:00Z");
  const versions = [{ version: 1, name: "first draft", created_at: new Date(start).toISOString(), brief }];
  if (plant) versions.unshift({ version: 2, name: "", created_at: new Date(start + 3.6e6).toISOString(), brief });
  let queuedAt = null;
  let finishedAt = new Date(start + 3.6e6).toISOString();
  let calls = plant ? [CALL] : [];
  const engines = ["runway", "pika", "luma"].map((engine) => ({
    engine, enabled: engine !== "luma", switched_off: null, breaker: engine === "pika" ? "open" : "closed", spend_today_usd: engine === "runway" ? 1.25 : 0,
  }));
  const switches = [];

  const publish = () => {
    if (queuedAt === null || Date.now() - queuedAt < RENDER_MS) return;
    finishedAt = new Date(queuedAt + RENDER_MS).toISOString();
    versions.unshift({ version: versions[0].version + 1, name: "", created_at: finishedAt, brief });
    queuedAt = null;
  };
  const queue = (next) => {
    brief = next;
    queuedAt = Date.now();
    return { status: 202, json: { job_id: id, status: "queued" } };
  };

  const answer = async (incoming, path) => {
    // Without the folder of a job, the service answers.
    if (!job) return null;
    const { method } = incoming;
    publish();
    if (path === "/api/v2/engines" && plant) return { json: engines };
    const name = /^\/api\/v2\/engines\/(\w+)\/switch$/.exec(path)?.[1];
    if (name) {
      const { enabled, reason = "" } = JSON.parse(await bodyOf(incoming));
      const record = { changed_by: "key_admin", changed_at: new Date().toISOString(), reason };
      const engine = engines.find((own) => own.engine === name);
      engine.switched_off = enabled ? null : record;
      switches.unshift({ engine: name, enabled, ...record });
      return { json: engine };
    }
    if (path === "/api/v2/operations") return { json: { ...operations(plant), unknown_calls: calls, switches } };
    if (/^\/api\/v2\/calls\/[\w-]+\/lost$/.test(path)) {
      calls = [];
      return { status: 204, bytes: Buffer.alloc(0) };
    }
    if (path === "/api/v2/drills") return problem(404, "there is no such page");
    if (path === "/readyz" && plant) return { status: 503, json: READINESS };
    const document = /^\/api\/v2\/documents(?:\/(guides|runbooks)\/([\w-]+))?$/.exec(path);
    if (document) return documents(document[1], document[2], problem);
    if (!id || !path.startsWith(`/api/v2/jobs/${id}/`)) return null;
    return ofFilm(path.slice(`/api/v2/jobs/${id}`.length), method, incoming);
  };

  async function ofFilm(rest, method, incoming) {
    if (rest === "/events") return problem(404, "there is no stream");
    if (rest === "/brief" && method === "GET") return { json: brief, headers: { etag: tag() } };
    if (rest === "/brief/preview") return preview(JSON.parse(await bodyOf(incoming)));
    if (rest === "/brief" && method === "PUT") {
      const next = JSON.parse(await bodyOf(incoming));
      if (incoming.headers["if-match"] !== tag()) return problem(412, "the brief has changed since it was read: read it again, and apply the change to it");
      if (queuedAt !== null) return problem(409, "wait until the job ends, or cancel it, then change the brief");
      return queue(next);
    }
    if (rest === "/versions") {
      return { json: { versions: versions.map(({ brief: _, ...own }, index) => ({ ...own, is_current: index === 0 })) } };
    }
    const [, number, action] = /^\/versions\/(\d+)(\/restore)?$/.exec(rest) ?? [];
    const version = versions.find((own) => own.version === Number(number));
    if (version && action) return queue({ ...version.brief });
    if (version && method === "PUT") {
      version.name = JSON.parse(await bodyOf(incoming)).name;
      return { status: 204, bytes: Buffer.alloc(0) };
    }
    const file = /^\/versions\/\d+\/artifacts\/([\w.]+)$/.exec(rest)?.[1];
    if (file && existsSync(join(job, file))) {
      return { bytes: readFileSync(join(job, file)), type: file.endsWith(".mp4") ? "video/mp4" : "application/json" };
    }
    return null;
  }

  function preview(next) {
    const graph = read("scene_graph.json");
    const wrong = (next.scenes ?? []).findIndex((own) => own.caption_shift_seconds > 1);
    if (wrong >= 0) {
      const detail = "2 is not in the range -1 to 1";
      return problem(422, detail, { errors: [{ field: `scenes[${wrong}].caption_shift_seconds`, detail }] });
    }
    const changed = new Set();
    const scenes = [];
    const clips = [];
    for (const scene of graph.scenes) {
      const number = graph.scenes.indexOf(scene) + 1;
      const [old, own] = [brief, next].map((from) => (from.scenes ?? []).find((one) => one.scene === number) ?? {});
      if (JSON.stringify(old) === JSON.stringify(own)) continue;
      scenes.push(scene.id);
      if (old.say_instead !== own.say_instead) changed.add("voice");
      if (["say_instead", "shown_as", "caption", "caption_shift_seconds"].some((field) => old[field] !== own[field])) changed.add("captions");
      changed.add("picture");
      if (own.engine && own.engine !== "local") clips.push({ scene_id: scene.id, engine: own.engine, price_usd: 0.25 });
    }
    if (JSON.stringify(brief.music_source) !== JSON.stringify(next.music_source)) changed.add("music");
    const price = clips.reduce((sum, clip) => sum + clip.price_usd, 0);
    const order = ["voice", "captions", "picture", "music"];
    return { json: { price_usd: price, voice_usd: 0, clips, changed_scenes: scenes, changed: order.filter((part) => changed.has(part)), plan: { sceneGraph: graph, timeline: read("timeline.json") } } };
  }

  /** Returns what differs from a finished job. */
  answer.state = () => {
    publish();
    const timings = { queued_at: finishedAt, started_at: finishedAt, finished_at: finishedAt };
    if (queuedAt === null) return { timings };
    const progress = Math.min(99, Math.floor(((Date.now() - queuedAt) / RENDER_MS) * 100));
    return { status: "rendering_scenes", progress_pct: progress, timings: { ...timings, started_at: new Date(queuedAt).toISOString(), finished_at: null } };
  };
  return answer;
}

const CALL = {
  call_id: "0198c1f0-7b1e-7c22-9a3b-5f2f3c1d0e9a", engine: "runway", job_id: "1f535077-c014-40de-8bd0-01beedb61b4e", scene_id: "scene_03",
  estimated_usd: 0.25, created_at: "2026-11-30T09:12:00Z", error: "no response within 120 s",
};

const READINESS = {
  status: "not_ready",
  checks: {
    database: { ok: true, detail: "SQLite 3.50" }, ffmpeg: { ok: true, detail: "7.1" },
    queue: { ok: false, detail: "the oldest due task has waited 14 minutes: no worker runs, or too few" },
  },
};

function operations(plant) {
  const none = { ready: 0, running: 0, waiting: 0, dead: 0, expired_leases: 0, oldest_ready_seconds: 0 };
  const empty = { queue: none, jobs: { done: 3 }, processes: ["api@studio"], failures: [], dead_tasks: [], storage: { kind: "folder", free_mib: 48_211, needed_mib: 1024 }, keys: [] };
  if (!plant) return empty;
  const latest_job = CALL.job_id;
  return {
    ...empty,
    queue: { ready: 3, running: 1, waiting: 2, dead: 1, expired_leases: 1, oldest_ready_seconds: 843 },
    jobs: { queued: 3, rendering_scenes: 1, done: 41, failed: 6, held: 1 },
    failures: [
      { code: "voice", stage: "voice", provider: "elevenlabs", jobs: 5, latest_job, message: "elevenlabs: the API key is invalid (401): set another key in ELEVENLABS_API_KEY", runbook: "runbooks/tts" },
      { code: "degraded", stage: "engines", provider: "runway", jobs: 1, latest_job, message: "scene_03 would be drawn by local, and `on_degrade` is `hold`: release the job, or retry it later", runbook: "runbooks/fallback-spike" },
    ],
    dead_tasks: [{ task_id: "0198c1f0-5a00-7000-8000-000000000001", job_id: latest_job, name: "render scene_02", attempts: 5, error: "the object store does not respond (timeout after 30 s)" }],
    keys: [
      { key_id: "key_01", name: "marketing", scopes: ["read", "submit"], budget_per_day_usd: 20, is_revoked: false },
      { key_id: "key_02", name: "an old script with a long name for a client that is gone", scopes: ["read"], budget_per_day_usd: null, is_revoked: true },
    ],
  };
}

function documents(folder, name, problem) {
  if (folder) {
    const path = join(DOCS, folder, `${name}.md`);
    return existsSync(path) ? { bytes: readFileSync(path), type: "text/markdown; charset=utf-8" } : problem(404, "there is no such guide or runbook");
  }
  const all = ["guides", "runbooks"].flatMap((own) => readdirSync(join(DOCS, own)).filter((file) => file.endsWith(".md")).map((file) => ({
    name: `${own}/${file.slice(0, -3)}`, kind: own.slice(0, -1), title: /^# (.*)/m.exec(readFileSync(join(DOCS, own, file), "utf8"))[1],
  })));
  return { json: { documents: all } };
}
