// What the view of operators shows. Each part is read by itself: a part that the service does not have is left out.
import { signal } from "@preact/signals";
import { api, optional } from "../api";
import { sentence } from "../state";
import type { Engine, Operations, Readiness, Voice, VoiceProvider } from "../types";

export const operations = signal<Operations | null>(null);
export const engines = signal<Engine[] | null>(null);
export const voices = signal<Voice[] | null>(null);
export const voiceProviders = signal<VoiceProvider[] | null>(null);
export const readiness = signal<Readiness | null>(null);
export const problem = signal("");
/** The time of the last reading. */
export const readAt = signal<Date | null>(null);

/** Reads everything again. What fails keeps its last state, and the failure is shown. */
export async function refresh(): Promise<void> {
  const problems: string[] = [];
  const read = async <T>(request: Promise<T>, set: (value: T | null) => void) => {
    try {
      set(await optional(request, [404, 405]));
    } catch (error) {
      problems.push(sentence(error));
    }
  };
  // The list of voices takes longer than all else, since programs are asked for theirs.
  const show = () => (problem.value = [...new Set(problems)].join(" "));
  void read(api.voices(), (value) => (voices.value = value?.voices ?? null)).then(show);
  await Promise.all([
    read(api.operations(), (value) => (operations.value = value)),
    read(api.engines(), (value) => (engines.value = value)),
    read(api.voiceProviders(), (value) => (voiceProviders.value = value)),
    read(api.readiness(), (value) => (readiness.value = value)),
  ]);
  show();
  readAt.value = new Date();
}

/** Returns the name of an API key; its id if the key is unknown. */
export const keyName = (id: string): string => operations.value?.keys.find((key) => key.key_id === id)?.name ?? id;
