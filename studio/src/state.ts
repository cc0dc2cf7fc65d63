// The state of the page, in one place: who is logged in, which view is open, and what the live region says. A view that
// is loaded later keeps the state of its own form or film in its folder (`make/state.ts`, `film/state.ts`).
import { signal } from "@preact/signals";
import { Failure, api } from "./api";
import { words } from "./text";
import type { Session } from "./types";

/** The caller's session; `null` without one, `undefined` until the service has answered. */
export const session = signal<Session | null | undefined>(undefined);

/** The path of the open view, from the fragment of the address. */
export const path = signal(location.hash.slice(1) || "/");

addEventListener("hashchange", () => {
  path.value = location.hash.slice(1) || "/";
});

/** The text of the live region, which screen readers speak. */
export const announcement = signal("");

/** Speaks a text to users of screen readers. */
export function announce(text: string): void {
  // The same text twice is two announcements, so the region is emptied in between.
  announcement.value = "";
  setTimeout(() => (announcement.value = text), 50);
}

/** Opens a view. */
export function open(next: string): void {
  location.hash = next;
}

/** Returns a failure as a sentence for a person. An expired session leads to the login. */
export function sentence(error: unknown): string {
  if (!(error instanceof Failure)) return String(error);
  const text = words();
  if (error.status === 0) return text.offline;
  if (error.status === 401 && session.peek()) session.value = null;
  if (error.status === 401) return text.loginEnded;
  // An error of the whole body has no field that a person could look for.
  const whole = error.fields.find((own) => own.field === "(body)");
  return whole?.detail ?? (error.message || text.failed(error.status));
}

/** Reads the session. A person without one sees the login. */
export async function readSession(): Promise<void> {
  try {
    session.value = (await api.session()) ?? null;
  } catch (error) {
    if (!(error instanceof Failure) || error.status !== 401) throw error;
    session.value = null;
  }
}

/** The names of unfinished changes to films in the browser's session storage begin with this. */
export const STORED_CHANGES = "pytoon.changes.";

/** Forgets the unfinished changes of all films, when a person logs out. */
export function forgetChanges(): void {
  for (const name of Object.keys(sessionStorage)) if (name.startsWith(STORED_CHANGES)) sessionStorage.removeItem(name);
}

/** Returns true if the caller may operate the service. */
export const mayOperate = (): boolean => session.value?.scope === "admin";

/** Returns true if the caller may make films. */
export const maySubmit = (): boolean => session.value !== null && session.value?.scope !== "read";
