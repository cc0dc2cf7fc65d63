// The words of the page. Each language is one file.
import { signal } from "@preact/signals";
import type { Note } from "../types";
import { de } from "./de";
import { en, type Words } from "./en";

const LANGUAGES = { en, de };
export type Language = keyof typeof LANGUAGES;

const STORED = "pytoon.language";

/** Returns the remembered language. A page that is opened from a file may have no storage. */
function remembered(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

const preferred = remembered() ?? navigator.language.slice(0, 2);

/** The language of the page. */
export const language = signal<Language>(preferred === "de" ? "de" : "en");
document.documentElement.lang = language.value;

/** Changes the language and remembers it in this browser. */
export function setLanguage(next: Language): void {
  language.value = next;
  document.documentElement.lang = next;
  try {
    localStorage.setItem(STORED, next);
  } catch {
    // The choice then lasts until the page is closed.
  }
}

/** Returns the words in the current language. */
export const words = (): Words => LANGUAGES[language.value];

/** Returns a note of the service as a sentence in the current language. English sentences come from the service. */
export function noteText(note: Note): string {
  return words().notes[note.code]?.(note.params) ?? note.message;
}
