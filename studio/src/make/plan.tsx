// The plan: what the film will show, by which engine, for how long and for how much; and the changes to single scenes.
import { signal } from "@preact/signals";
import { Messages, TextField } from "../ui/field";
import { PictureFields } from "../ui/scene_fields";
import { clock, seconds, usd } from "../lib/format";
import { mergeScenes, movedPlace, moveScene, renumber, splitScene } from "../lib/script";
import { announce } from "../state";
import { language, words } from "../text";
import type { GraphScene, Plan, SceneOverride } from "../types";
import { engineOptions } from "./more";
import { brief, change, changeScene, changesOfScene, errorsOf, files, isEmpty, isPlanning, notesOf, plan } from "./state";

export function PlanView() {
  const text = words();
  const now = plan.value;
  return (
    <section class="card plan" aria-labelledby="plan-title" aria-busy={isPlanning.value}>
      <h2 id="plan-title">{text.plan}</h2>
      <p class="help" role="status">
        {isPlanning.value ? text.planning : isEmpty.value || !now ? text.planEmpty : summary(now)}
      </p>
      <Messages errors={[]} notes={notesOf("scenes")} />
      {now && (
        <ol class="plain-list">
          {now.sceneGraph.scenes.map((scene, index) => <ScenePlan key={scene.id} scene={scene} index={index} now={now} />)}
        </ol>
      )}
    </section>
  );
}

/** Returns the length, the number of scenes, the voice and the price in one line. */
function summary(now: Plan): string {
  const text = words();
  const price = now.price && now.price.clips > 0
    ? text.priceRange(usd(now.price.first_usd, language.value), usd(now.price.dearest_usd, language.value))
    : text.free;
  const voice = now.voice && text.voicePrice(usd(now.voice.estimated / 1e6, language.value));
  const by = now.spokenBy && text.spokenBy([now.spokenBy.provider, now.spokenBy.voice].filter(Boolean).join(", "));
  return [clock(now.timeline.totalDuration), text.sceneCount(now.sceneGraph.scenes.length), by, price, voice].filter(Boolean).join(" · ");
}

/** Returns true if the scenes come from the script, so that a change of their order can change it. */
const isFromScript = (): boolean => (brief.value.script ?? "").trim() !== "" && brief.value.voice_script === undefined;

function sentencesOf(now: Plan): string[][] {
  return now.sceneGraph.scenes.map((scene) => scene.sentences);
}

function move(now: Plan, from: number, to: number): void {
  const script = moveScene(brief.value.script ?? "", sentencesOf(now), from, to);
  change({ script, scenes: renumber(brief.value.scenes, movedPlace(from + 1, to + 1)) } as object);
  announce(words().movedTo(words().sceneTitle(from + 1), to + 1));
}

function merge(now: Plan, index: number): void {
  const script = mergeScenes(brief.value.script ?? "", sentencesOf(now), index);
  const place = (scene: number) => (scene <= index + 1 ? scene : scene === index + 2 ? null : scene - 1);
  change({ script, scenes: renumber(brief.value.scenes, place) } as object);
  announce(words().merged(index + 1));
}

function split(now: Plan, index: number, after: number): void {
  const script = splitScene(brief.value.script ?? "", sentencesOf(now), index, after);
  change({ script, scenes: renumber(brief.value.scenes, (scene) => (scene > index + 1 ? scene + 1 : scene)) } as object);
  announce(words().split(index + 1));
}

/** The scene that is dragged to another place, counted from 0. Buttons do the same. */
const dragged = signal<number | null>(null);

function ScenePlan({ scene, index, now }: { scene: GraphScene; index: number; now: Plan }) {
  const text = words();
  const number = index + 1;
  const count = now.sceneGraph.scenes.length;
  const place = now.timeline.timeline.find((own) => own.sceneId === scene.id);
  const first = scene.engineChain?.members[0];
  const canChange = isFromScript() && scene.sentences.length > 0 && !isPlanning.value;
  const place0 = (brief.value.scenes ?? []).findIndex((own) => own.scene === number);
  const isTarget = dragged.value !== null && dragged.value !== index;
  return (
    <li class={isTarget ? "scene-plan target" : "scene-plan"}
      onDragOver={(event) => isTarget && event.preventDefault()}
      onDrop={(event) => {
        if (dragged.value === null) return;
        event.preventDefault();
        const from = dragged.value;
        dragged.value = null;
        if (canChange && from !== index) move(now, from, index);
      }}>
      <div class={canChange ? "scene-head movable" : "scene-head"} draggable={canChange} title={canChange ? text.dragScene : undefined}
        onDragStart={(event) => {
          dragged.value = index;
          event.dataTransfer?.setData("text/plain", text.sceneTitle(number));
        }}
        onDragEnd={() => (dragged.value = null)}>
        <ScenePicture scene={scene} />
        <div class="scene-text">
          <h3>
            {text.sceneTitle(number)}{" "}
            <span class="help">
              {[place && `${seconds(place.end - place.start, language.value)} s`, first?.engine ?? scene.media.engine,
                first && first.estimate > 0 && usd(first.estimate / 1e6, language.value)].filter(Boolean).join(" · ")}
            </span>
          </h3>
          {scene.sentences.length === 0 && <p class="help">{text.noWords}</p>}
          {scene.sentences.map((sentence, at) => (
            <p key={at}>
              {sentence}
              {at < scene.sentences.length - 1 && canChange && (
                <button type="button" class="plain small" onClick={() => split(now, index, at)}>{text.splitHere}</button>
              )}
            </p>
          ))}
        </div>
        {isFromScript() && (
          <div class="file-buttons">
            <button type="button" class="tool" disabled={!canChange || index === 0} aria-label={text.moveUp(text.sceneTitle(number))}
              onClick={() => move(now, index, index - 1)}>↑</button>
            <button type="button" class="tool" disabled={!canChange || index === count - 1} aria-label={text.moveDown(text.sceneTitle(number))}
              onClick={() => move(now, index, index + 1)}>↓</button>
            <button type="button" class="tool" disabled={!canChange || index === count - 1} aria-label={text.mergeWithNext(number)}
              title={text.mergeWithNext(number)} onClick={() => merge(now, index)}>⤓</button>
          </div>
        )}
      </div>
      {place0 >= 0 && <Messages errors={errorsOf(`scenes[${place0}]`)} notes={notesOf(`scenes[${place0}]`)} />}
      <details>
        <summary>{text.changeScene(number)}</summary>
        <SceneFields number={number} scene={scene} />
      </details>
      {scene.engineChain && scene.engineChain.members.length + (scene.engineChain.leftOut ?? []).length > 1 && (
        <details>
          <summary>{text.chain}</summary>
          <ol class="chain">
            {scene.engineChain.members.map((member) => (
              <li key={member.engine}>
                <strong>{member.engine}</strong>: {member.reason}
                {member.estimate > 0 && ` · ${usd(member.estimate / 1e6, language.value)}`}
                {member.blocked && ` · ${member.blocked}`}
              </li>
            ))}
          </ol>
          <ul class="chain">
            {(scene.engineChain.leftOut ?? []).map((left) => (
              <li key={left.engine}>{text.without(left.engine)}: {left.reason}</li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}

/** The picture of a scene: that of the file, or the name of the drawn background. */
function ScenePicture({ scene }: { scene: GraphScene }) {
  const text = words();
  const asset = scene.media.asset ?? "";
  const file = files.value.find((own) => own.asset && asset.includes(own.asset.replace("asset:", "")));
  if (file?.url && file.kind === "picture") return <img class="scene-picture" src={file.url} alt={file.name} />;
  if (file?.url && file.kind === "clip") return <video class="scene-picture" src={file.url} muted preload="metadata" aria-label={file.name} />;
  return <span class="scene-picture none">{file?.name ?? (asset ? asset.split("/").at(-1) : text.drawn)}</span>;
}

/** The fields that change one scene. */
function SceneFields({ number, scene }: { number: number; scene: GraphScene }) {
  const text = words();
  const own = changesOfScene(number);
  const change = (part: Partial<SceneOverride>) => changeScene(number, part);
  const pictures = files.value.filter((file) => file.asset && file.kind !== "sound");
  return (
    <div class="fields">
      <PictureFields number={number} own={own} change={change} idea={scene.media.prompt ?? ""} engines={engineOptions()}
        pictures={pictures.map((file): [string, string] => [file.asset!, file.name])} />
      <TextField label={text.captionText} help={text.captionHelp} maxLength={500} value={own.caption}
        onChange={(caption) => change({ caption })} />
    </div>
  );
}
