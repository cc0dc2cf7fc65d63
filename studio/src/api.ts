// Calls the API. Every failure is a `Failure`, whose text can be shown to a person.
import type {
  DoctorCheck, Rehearsal,
  Accepted, Asset, Brief, BriefPreview, Document, Engine, FilmVersion, Inspection, Job, Jobs, Mood, Operations, Plan, Preset,
  Problem, Readiness, Receipt, SceneGraph, Session, Timeline, Voice, VoiceProvider, VoiceSettings,
} from "./types";

/** A rejected or failed request. The status is 0 if the service did not answer. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(problem.detail ?? problem.title ?? "");
  }

  /** The errors of single fields of the request. */
  get fields(): { field: string; detail: string }[] {
    return this.problem.errors ?? [];
  }
}

interface Options {
  body?: unknown;
  signal?: AbortSignal | undefined;
  headers?: Record<string, string>;
}

/** Sends a request and returns the response. Throws a `Failure` for every status from 400 on. */
export async function send(method: string, path: string, options: Options = {}): Promise<Response> {
  const { body, signal, headers } = options;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failure(0, {});
  }
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  throw new Failure(response.status, { title: response.statusText, ...problem });
}

async function json<T>(method: string, path: string, options?: Options): Promise<T> {
  const response = await send(method, path, options);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** Returns `null` if the service answers one of the given statuses: it has no such endpoint or document. */
export async function optional<T>(request: Promise<T>, statuses = [404, 405, 409]): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof Failure && statuses.includes(error.status)) return null;
    throw error;
  }
}

const job = (id: string) => `/api/v2/jobs/${encodeURIComponent(id)}`;

export const api = {
  /** Returns the session; `undefined` without one. */
  session: () => json<Session | undefined>("GET", "/api/v2/session"),
  logIn: (key: string) => json<Session>("POST", "/api/v2/session", { body: { key } }),
  logOut: () => json<void>("DELETE", "/api/v2/session"),
  jobs: (cursor?: string) =>
    json<Jobs>("GET", `/api/v2/jobs?limit=24${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`),
  job: (id: string) => json<Job>("GET", job(id)),
  brief: (id: string) => json<Brief>("GET", `${job(id)}/brief`),
  /** Returns a brief with its tag, which a change of it states. */
  taggedBrief: async (id: string): Promise<TaggedBrief> => {
    const response = await send("GET", `${job(id)}/brief`);
    return { brief: await response.json() as Brief, tag: response.headers.get("etag") ?? "" };
  },
  previewBrief: (id: string, brief: Brief, signal: AbortSignal) =>
    json<BriefPreview>("POST", `${job(id)}/brief/preview`, { body: brief, signal }),
  changeBrief: (id: string, brief: Brief, tag: string, acceptedUsd: number) =>
    json<Job>("PUT", `${job(id)}/brief?accepted_usd=${acceptedUsd}`, { body: brief, headers: { "if-match": tag } }),
  versions: async (id: string) => (await json<{ versions: FilmVersion[] }>("GET", `${job(id)}/versions`)).versions,
  nameVersion: (id: string, version: number, name: string) => json<void>("PUT", `${job(id)}/versions/${version}`, { body: { name } }),
  restoreVersion: (id: string, version: number, acceptedUsd: number) =>
    json<Job>("POST", `${job(id)}/versions/${version}/restore?accepted_usd=${acceptedUsd}`),
  versionFile: <T>(id: string, version: number, name: string) => json<T>("GET", address.version(id, version, name)),
  timeline: (id: string) => json<Timeline>("GET", `${job(id)}/timeline`),
  receipt: (id: string) => json<Receipt>("GET", `${job(id)}/receipt`),
  sceneGraph: (id: string) => json<SceneGraph>("GET", `${job(id)}/scene-graph`),
  inspection: (id: string) => json<Inspection>("GET", `${job(id)}/inspection`),
  peaks: async (id: string, track: string) => (await send("GET", `${job(id)}/peaks/${track}`)).arrayBuffer(),
  cancel: (id: string) => json<Job>("POST", `${job(id)}/cancel`),
  retry: (id: string) => json<Job>("POST", `${job(id)}/retry`),
  release: (id: string) => json<Job>("POST", `${job(id)}/release`),
  asset: (id: string) => json<Asset>("GET", `/api/v2/assets/${encodeURIComponent(id)}`),
  presets: () => json<Preset[]>("GET", "/api/v2/presets"),
  engines: () => json<Engine[]>("GET", "/api/v2/engines"),
  switchEngine: (engine: string, enabled: boolean, reason: string) =>
    json<Engine>("PUT", `/api/v2/engines/${encodeURIComponent(engine)}/switch`, { body: { enabled, reason } }),
  writeEnabled: (engine: string, enabled: boolean) =>
    json<Engine>("PUT", `/api/v2/engines/${encodeURIComponent(engine)}/enabled`, { body: { enabled } }),
  voiceProviders: () => json<VoiceProvider[]>("GET", "/api/v2/voice-providers"),
  switchVoiceProvider: (provider: string, enabled: boolean, reason: string) =>
    json<VoiceProvider>("PUT", `/api/v2/voice-providers/${encodeURIComponent(provider)}/switch`, { body: { enabled, reason } }),
  operations: () => json<Operations>("GET", "/api/v2/operations"),
  callIsLost: (id: string) => json<void>("POST", `/api/v2/calls/${encodeURIComponent(id)}/lost`),
  callHasArrived: (id: string, file: string) =>
    json<void>("POST", `/api/v2/calls/${encodeURIComponent(id)}/arrived`, { body: { file } }),
  doctor: () => json<DoctorCheck[]>("GET", "/api/v2/doctor"),
  rehearsal: () => json<Rehearsal>("GET", "/api/v2/drills"),
  startRehearsal: () => json<Rehearsal>("POST", "/api/v2/drills"),
  /** Returns the checks of the service, which it also sends with the status 503. */
  readiness: async (): Promise<Readiness> => {
    try {
      return await json<Readiness>("GET", "/readyz");
    } catch (error) {
      const body = error instanceof Failure ? error.problem as Partial<Readiness> : {};
      if (body.checks) return body as Readiness;
      throw error;
    }
  },
  documents: async () => (await json<{ documents: Document[] }>("GET", "/api/v2/documents")).documents,
  document: async (name: string) =>
    (await send("GET", `/api/v2/documents/${name.split("/").map(encodeURIComponent).join("/")}`)).text(),
  voices: () => json<{ voices: Voice[] }>("GET", "/api/v2/voices"),
  moods: () => json<{ moods: Mood[] }>("GET", "/api/v2/moods"),
  plan: (brief: Brief, signal: AbortSignal) => json<Plan>("POST", "/api/v2/plan", { body: brief, signal }),
  submit: (brief: Brief, key: string) =>
    json<Accepted>("POST", "/api/v2/jobs", { body: brief, headers: { "idempotency-key": key } }),
  voicePreview: async (voice: VoiceSettings, text: string, acceptedUsd?: number) => {
    const body = { voice, text, ...(acceptedUsd !== undefined && { accepted_usd: acceptedUsd }) };
    return (await send("POST", "/api/v2/previews/voice", { body })).blob();
  },
};

/** A brief, and the tag of its state. */
export interface TaggedBrief {
  brief: Brief;
  tag: string;
}

/** Addresses that elements load by themselves. */
export const address = {
  artifact: (id: string, name: string) => `${job(id)}/artifacts/${name}`,
  frame: (id: string, frame: number, height: number) => `${job(id)}/frames/${frame}.jpg?height=${height}`,
  version: (id: string, version: number, name: string) => `${job(id)}/versions/${version}/artifacts/${name}`,
  events: (id: string) => `${job(id)}/events`,
  music: (mood: string) => `/api/v2/previews/music/${encodeURIComponent(mood)}`,
  preset: (id: string) => `/api/v2/previews/presets/${encodeURIComponent(id)}`,
};

/** An upload on its way. */
export interface Upload {
  done: Promise<Asset>;
  abort: () => void;
}

/** Uploads a file. `progress` gets values from 0 to 1. */
export function upload(file: File, progress: (share: number) => void): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<Asset>((resolve, reject) => {
    request.open("POST", `/api/v2/assets?name=${encodeURIComponent(file.name)}`);
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onerror = () => reject(new Failure(0, {}));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    request.onload = () => {
      let body: unknown = {};
      try {
        body = JSON.parse(request.responseText);
      } catch {
        // A proxy may answer with a page instead of a problem; the status text says enough.
      }
      if (request.status < 300) resolve(body as Asset);
      else reject(new Failure(request.status, { title: request.statusText, ...(body as Partial<Problem>) }));
    };
    request.send(file);
  });
  return { done, abort: () => request.abort() };
}
