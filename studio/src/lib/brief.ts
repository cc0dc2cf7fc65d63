// Changes to a brief: of one scene, as a list, and on top of another person's changes. Pure.
import type { Brief, SceneOverride } from "../types";

/** Returns the changes to a scene. The number counts from 1. */
export const overrideOf = (brief: Brief, scene: number): Partial<SceneOverride> =>
  brief.scenes?.find((own) => own.scene === scene) ?? {};

const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

/** Changes fields of one scene; empty fields and scenes without changes leave the brief. */
export function withScene(brief: Brief, scene: number, part: { [Field in keyof SceneOverride]?: SceneOverride[Field] | undefined }): Brief {
  const others = (brief.scenes ?? []).filter((own) => own.scene !== scene);
  const own = Object.fromEntries(
    Object.entries({ ...overrideOf(brief, scene), ...part, scene }).filter(([, value]) => isSet(value)),
  ) as unknown as SceneOverride;
  const all = Object.keys(own).length > 1 ? [...others, own] : others;
  all.sort((a, b) => a.scene - b.scene);
  return withFields(brief, { scenes: all.length > 0 ? all : undefined });
}

/** Changes fields of a brief; empty fields leave it. */
export function withFields(brief: Brief, part: { [field: string]: unknown }): Brief {
  return Object.fromEntries(Object.entries({ ...brief, ...part }).filter(([, value]) => isSet(value)));
}

/** A field in which two briefs differ. `scene` is null for fields of the whole film. */
export interface FieldChange {
  scene: number | null;
  field: string;
  before: unknown;
  after: unknown;
}

const isEqual = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);

/** Returns a value as JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_, own: unknown) => {
    if (typeof own !== "object" || own === null || Array.isArray(own)) return own;
    return Object.fromEntries(Object.entries(own).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function differences(before: Record<string, unknown>, after: Record<string, unknown>): { field: string; before: unknown; after: unknown }[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.filter((name) => !isEqual(before[name], after[name]))
    .map((field) => ({ field, before: before[field], after: after[field] }));
}

/** Lists the fields in which a brief differs from an earlier one: those of the film, then those of scenes in order. */
export function changesOf(before: Brief, after: Brief): FieldChange[] {
  const { scenes: _, ...filmBefore } = before;
  const { scenes: __, ...filmAfter } = after;
  const numbers = [...(before.scenes ?? []), ...(after.scenes ?? [])].map((own) => own.scene);
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  return [
    ...differences(filmBefore, filmAfter).map((change) => ({ ...change, scene: null })),
    ...sorted.flatMap((scene) =>
      differences(overrideOf(before, scene), overrideOf(after, scene))
        .filter((change) => change.field !== "scene")
        .map((change) => ({ ...change, scene }))),
  ];
}

/** Applies changes to a brief. */
export function applyChanges(brief: Brief, changes: FieldChange[]): Brief {
  let changed = brief;
  for (const { scene, field, after } of changes) {
    changed = scene === null ? withFields(changed, { [field]: after }) : withScene(changed, scene, { [field]: after });
  }
  return changed;
}

/** Takes one change back. */
export const withoutChange = (brief: Brief, { scene, field, before }: FieldChange): Brief =>
  (scene === null ? withFields(brief, { [field]: before }) : withScene(brief, scene, { [field]: before }));
