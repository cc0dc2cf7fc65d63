// The changes to a finished film: the saved brief, the changed one, what the change makes again, and what others did.
import { computed, effect, signal } from "@preact/signals";
import { Failure, api, optional, type TaggedBrief } from "../api";
import { applyChanges, changesOf, overrideOf, withFields, withScene, withoutChange, type FieldChange } from "../lib/brief";
import { STORED_CHANGES, sentence } from "../state";
import type { Brief, BriefPreview, SceneOverride } from "../types";

/** The pause after the last keystroke before a change is previewed, in milliseconds. */
const TYPING_MS = 600;
export class FixStore {
  /** The brief of the service; null until it is read. */
  readonly saved = signal<TaggedBrief | null>(null);
  /** The brief with this person's changes. */
  readonly draft = signal<Brief>({});
  readonly changes = computed<FieldChange[]>(() => (this.saved.value ? changesOf(this.saved.value.brief, this.draft.value) : []));
  /** What the present changes make again; null while it is not known. */
  readonly preview = signal<BriefPreview | null>(null);
  readonly failure = signal<unknown>(null);
  readonly isSending = signal(false);
  /** The brief of another person who changed the film meanwhile, while this person has changes too. */
  readonly theirs = signal<TaggedBrief | null>(null);
  /** True after another person's change was taken over. */
  readonly isUpdated = signal(false);
  private readonly name: string;
  private readonly stop: () => void;

  constructor(private readonly id: string, private readonly onQueued: () => void) {
    this.name = STORED_CHANGES + id;
    const stopStoring = effect(() => this.store());
    const stopPreview = effect(() => this.startPreview());
    addEventListener("focus", this.look);
    document.addEventListener("visibilitychange", this.look);
    this.stop = () => {
      stopStoring();
      stopPreview();
      removeEventListener("focus", this.look);
      document.removeEventListener("visibilitychange", this.look);
    };
    void this.read();
  }

  dispose(): void {
    this.stop();
  }

  /** Reads the brief, and the changes to it that this browser has kept. */
  async read(): Promise<void> {
    try {
      const read = await optional(api.taggedBrief(this.id));
      // Without a tag, the service is older than changes of briefs.
      if (!read?.tag) return;
      const kept = this.kept();
      this.saved.value = kept?.base ?? read;
      this.draft.value = kept?.draft ?? read.brief;
      if (kept && kept.base.tag !== read.tag) this.meet(read);
    } catch (error) {
      this.failure.value = error;
    }
  }

  private kept(): { base: TaggedBrief; draft: Brief } | null {
    try {
      return JSON.parse(sessionStorage.getItem(this.name) ?? "null");
    } catch {
      return null;
    }
  }

  private store(): void {
    const base = this.saved.value;
    if (!base) return;
    if (this.changes.value.length === 0) sessionStorage.removeItem(this.name);
    else sessionStorage.setItem(this.name, JSON.stringify({ base, draft: this.draft.value }));
  }

  private startPreview(): (() => void) | void {
    const wanted = this.draft.value;
    this.preview.value = null;
    if (this.changes.value.length === 0 || this.theirs.value) {
      this.failure.value = null;
      return;
    }
    const abort = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const found = await api.previewBrief(this.id, wanted, abort.signal);
        if (abort.signal.aborted) return;
        this.preview.value = found;
        this.failure.value = null;
      } catch (error) {
        if (!abort.signal.aborted) this.failure.value = error;
      }
    }, TYPING_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }

  /** Compares the brief with that of the service, whenever the page is looked at again. */
  readonly look = async (): Promise<void> => {
    if (document.visibilityState !== "visible" || !this.saved.value || this.isSending.value) return;
    const read = await api.taggedBrief(this.id).catch(() => null);
    if (read?.tag && read.tag !== this.saved.value.tag && read.tag !== this.theirs.value?.tag) this.meet(read);
  };

  /** Takes over a brief that this page has changed by other means. This person's changes stay on top of it. */
  async reload(): Promise<void> {
    const read = await api.taggedBrief(this.id).catch(() => null);
    if (!read?.tag) return;
    const mine = this.changes.value;
    this.saved.value = read;
    this.draft.value = applyChanges(read.brief, mine);
  }

  /** Meets a newer brief: takes it over, or asks what becomes of this person's changes. */
  private meet(read: TaggedBrief): void {
    const mine = this.changes.value;
    const isSame = changesOf(read.brief, this.draft.value).length === 0;
    if (mine.length > 0 && !isSame) {
      this.theirs.value = read;
    } else {
      this.saved.value = read;
      this.draft.value = read.brief;
      this.isUpdated.value = true;
    }
    this.onQueued();
  }

  /** Ends a conflict: with the other person's brief alone, or with this person's changes on top of it. */
  resolve(keepsMine: boolean): void {
    const theirs = this.theirs.value;
    if (!theirs) return;
    const mine = this.changes.value;
    this.theirs.value = null;
    this.saved.value = theirs;
    this.draft.value = keepsMine ? applyChanges(theirs.brief, mine) : theirs.brief;
  }

  changesOfScene(scene: number): Partial<SceneOverride> {
    return overrideOf(this.draft.value, scene);
  }

  changeScene(scene: number, part: Partial<SceneOverride>): void {
    this.draft.value = withScene(this.draft.value, scene, part);
  }

  change(part: Partial<Brief> | { [field: string]: unknown }): void {
    this.draft.value = withFields(this.draft.value, part);
  }

  takeBack(change: FieldChange): void {
    this.draft.value = withoutChange(this.draft.value, change);
  }

  discard(): void {
    if (this.saved.value) this.draft.value = this.saved.value.brief;
  }

  /** Asks an engine again for a scene that a fallback has drawn. */
  askAgain(scene: number, engine: string): void {
    const before = this.saved.value ? overrideOf(this.saved.value.brief, scene).take ?? 0 : 0;
    this.changeScene(scene, { engine, take: before + 1 });
  }

  /** Sends the changed brief. Another person's change since then is shown instead. */
  async render(): Promise<boolean> {
    const base = this.saved.value;
    if (!base) return false;
    this.isSending.value = true;
    this.isUpdated.value = false;
    try {
      await api.changeBrief(this.id, this.draft.value, base.tag);
      const read = await api.taggedBrief(this.id);
      this.saved.value = read;
      this.draft.value = read.brief;
      this.onQueued();
      return true;
    } catch (error) {
      const read = error instanceof Failure && error.status === 412 ? await api.taggedBrief(this.id).catch(() => null) : null;
      if (read) this.meet(read);
      else this.failure.value = error;
      return false;
    } finally {
      this.isSending.value = false;
    }
  }

  /** Returns the errors of a field of a scene. */
  errorsOf(scene: number, field: string): string[] {
    const error = this.failure.value;
    if (!(error instanceof Failure)) return [];
    const place = (this.draft.value.scenes ?? []).findIndex((own) => own.scene === scene);
    return error.fields.filter((own) => own.field === `scenes[${place}].${field}`).map((own) => own.detail);
  }

  /** Returns the failure in sentences, with the errors of all fields: the panel of changes is always in sight. */
  get errors(): string[] {
    const error = this.failure.value;
    if (!error) return [];
    if (error instanceof Failure && error.fields.length > 0) return error.fields.map((own) => own.detail);
    return [sentence(error)];
  }
}
