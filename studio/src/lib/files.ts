// The names of the files that a brief names. Uploaded files have ids, and the service knows their names.
import { signal } from "@preact/signals";
import { api } from "../api";

const UPLOADED = "asset:";
/** The names of uploaded files by id; null while a name is being read, or if there is none. */
const names = signal<Record<string, string | null>>({});

/** Returns the name of a file of a brief; `null` for an uploaded file without a name. */
export function fileName(path: string): string | null {
  if (!path.startsWith(UPLOADED)) return path.split("/").at(-1) ?? path;
  const id = path.slice(UPLOADED.length);
  if (names.value[id] === undefined) void read(id);
  return names.value[id] ?? null;
}

async function read(id: string): Promise<void> {
  // Read once: the id is known from now on, also if the service has no name for it.
  names.peek()[id] = null;
  const name = await api.asset(id).then((asset) => asset.file_name ?? null, () => null);
  if (name) names.value = { ...names.peek(), [id]: name };
}
