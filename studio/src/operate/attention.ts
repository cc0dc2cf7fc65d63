// What an operator should look at first, from the state of all parts.
import { words } from "../text";
import type { Engine, Operations, Readiness, VoiceProvider } from "../types";
import type { SectionName } from "./section";

/** Something that needs a person, and the section that shows it. */
export interface Need {
  text: string;
  section: SectionName;
}

interface State {
  operations: Operations | null;
  engines: Engine[] | null;
  voiceProviders: VoiceProvider[] | null;
  readiness: Readiness | null;
}

/** Returns true if the storage has less space than a film needs. */
export const isStorageLow = ({ free_mib, needed_mib }: Operations["storage"]): boolean => free_mib != null && free_mib < needed_mib;

/** Lists what needs a person, the worst first. What a person chose, such as a switched-off engine, is not listed. */
export function needs({ operations, engines, voiceProviders, readiness }: State): Need[] {
  const text = words().attention;
  const list: Need[] = [];
  const add = (isNeeded: boolean | undefined, section: SectionName, sentence: () => string) => isNeeded && list.push({ section, text: sentence() });
  const failed = Object.entries(readiness?.checks ?? {}).filter(([, check]) => !check.ok).map(([name]) => name.replaceAll("_", " "));
  add(failed.length > 0, "service", () => text.checks(failed.join(", ")));
  if (operations) {
    const { queue, storage, unknown_calls: calls, failures } = operations;
    add(isStorageLow(storage), "storage", () => text.storage);
    add(queue.expired_leases > 0, "queue", () => text.leases(queue.expired_leases));
    add(queue.ready > 0 && queue.running === 0 && queue.oldest_ready_seconds > 60, "queue", () => text.stuck(queue.ready));
    add(calls.length > 0, "calls", () => text.calls(calls.length));
    const films = failures.reduce((sum, cause) => sum + cause.jobs, 0);
    add(films > 0, "failures", () => text.films(films, failures.length));
    add(queue.dead > 0, "failures", () => text.dead(queue.dead));
  }
  const heldBack = (engines ?? []).filter((engine) => engine.enabled && !engine.switched_off && engine.held_back_until);
  for (const engine of heldBack) add(true, "engines", () => text.heldBack(engine.engine, engine.last_failure ?? ""));
  const silent = (voiceProviders ?? []).filter((provider) => !provider.switched_off && provider.held_back_until);
  for (const provider of silent) add(true, "voices", () => text.heldBack(provider.provider, provider.last_failure ?? ""));
  return list;
}
