// The files of a film: dropped or chosen, uploaded, ordered and removed.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Messages } from "../ui/field";
import { announce } from "../state";
import { size } from "../lib/format";
import { language, words } from "../text";
import { addFiles, changeFile, errorsOf, files, moveFile, notesOf, removeFile, type AddedFile } from "./state";

/** Returns the files of a drop; those of folders too, one level deep. */
async function droppedFiles(event: DragEvent): Promise<File[]> {
  const items = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry());
  const plain = [...(event.dataTransfer?.files ?? [])];
  const folders = items.filter((entry): entry is FileSystemDirectoryEntry => entry?.isDirectory === true);
  if (folders.length === 0) return plain;
  const inside = await Promise.all(folders.map(filesOf));
  return [...plain.filter((file) => !folders.some((folder) => folder.name === file.name)), ...inside.flat()];
}

async function filesOf(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    // A reader returns at most 100 entries at a time.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    all.push(...some);
  }
  const found = all.filter((entry): entry is FileSystemFileEntry => entry.isFile && !entry.name.startsWith("."));
  found.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  return Promise.all(found.map((entry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject))));
}

export function Files() {
  const text = words();
  const isOver = useSignal(false);
  const dragged = useSignal<number | null>(null);
  const chooser = useRef<HTMLInputElement>(null);
  const onDrop = async (event: DragEvent) => {
    event.preventDefault();
    isOver.value = false;
    if (dragged.value === null) addFiles(await droppedFiles(event));
  };
  return (
    <section class="card" aria-labelledby="files-title">
      <h2 id="files-title">{text.files}</h2>
      <div class={isOver.value ? "drop over" : "drop"} onDrop={onDrop} onDragLeave={() => (isOver.value = false)}
        onDragOver={(event) => {
          event.preventDefault();
          isOver.value = dragged.value === null;
        }}>
        <p class="help">{text.filesHelp}</p>
        <button type="button" class="second" onClick={() => chooser.current?.click()}>{text.choose}</button>
        <input ref={chooser} type="file" multiple hidden aria-label={text.choose}
          onChange={(event) => {
            addFiles(event.currentTarget.files ?? []);
            event.currentTarget.value = "";
          }} />
      </div>
      <Messages errors={errorsOf("voice_file")} notes={notesOf("media_files")} />
      <ol class="files plain-list">
        {files.value.map((file, index) => (
          <FileRow key={file.key} file={file} index={index} dragged={dragged} />
        ))}
      </ol>
    </section>
  );
}

function FileRow({ file, index, dragged }: { file: AddedFile; index: number; dragged: { value: number | null } }) {
  const text = words();
  const move = (to: number) => {
    moveFile(index, to);
    announce(text.movedTo(file.name, to + 1));
  };
  const media = files.value.filter((own) => own.kind !== "sound" && own.asset);
  const errors = file.asset && file.kind !== "sound" ? errorsOf(`media_files[${media.indexOf(file)}]`) : [];
  return (
    <li class="file" draggable onDragEnd={() => (dragged.value = null)}
      onDragStart={(event) => {
        dragged.value = index;
        event.dataTransfer?.setData("text/plain", file.name);
      }}
      onDragOver={(event) => dragged.value !== null && event.preventDefault()}
      onDrop={(event) => {
        if (dragged.value === null) return;
        event.preventDefault();
        event.stopPropagation();
        moveFile(dragged.value, index);
        dragged.value = null;
      }}>
      <Preview file={file} />
      <div class="file-text">
        <span class="file-name">{file.name}</span>
        <span class="help">{[text.kinds[file.kind], file.size > 0 && size(file.size, language.value)].filter(Boolean).join(" · ")}</span>
        {file.isMissing && <span class="warning">{text.fileMissing}</span>}
        {file.problem && <span class="problem" role="alert">{file.problem}</span>}
        {!file.asset && !file.problem && !file.isMissing && <progress value={file.share} aria-label={text.uploading(file.name)} />}
        {file.kind === "clip" && (
          <label class="check">
            <input type="checkbox" checked={file.settings.keep_audio ?? false}
              onChange={(event) => {
                const { keep_audio: _, ...rest } = file.settings;
                changeFile(file.key, { settings: event.currentTarget.checked ? { ...rest, keep_audio: true } : rest });
              }} />
            {text.keepAudio}
          </label>
        )}
        <Messages errors={errors} notes={[]} />
      </div>
      <div class="file-buttons">
        <button type="button" class="tool" disabled={index === 0} aria-label={text.moveUp(file.name)} onClick={() => move(index - 1)}>↑</button>
        <button type="button" class="tool" disabled={index === files.value.length - 1} aria-label={text.moveDown(file.name)} onClick={() => move(index + 1)}>↓</button>
        <button type="button" class="tool" aria-label={text.removeFile(file.name)} onClick={() => removeFile(file.key)}>✕</button>
      </div>
    </li>
  );
}

function Preview({ file }: { file: AddedFile }) {
  const isBroken = useSignal(false);
  const sign = { picture: "▣", clip: "▶", sound: "♪", unknown: "▣" }[file.kind];
  if (!file.url || isBroken.value || file.kind === "sound" || file.kind === "unknown") {
    return <span class="file-sign" aria-hidden="true">{sign}</span>;
  }
  const onError = () => (isBroken.value = true);
  return file.kind === "clip"
    ? <video class="file-preview" src={file.url} muted playsInline preload="metadata" aria-hidden="true" onError={onError} />
    : <img class="file-preview" src={file.url} alt="" onError={onError} />;
}
