// Shows why the selected thing is as it is: numbers, reasons, and what to do.
import type { ComponentChildren } from "preact";
import { clock, seconds, usd } from "../lib/format";
import { language, words } from "../text";
import type { CueModel, Model, SceneModel, WordModel } from "./model";
import { problemText } from "./problem_text";
import type { TimelineStore } from "./store";

/** What a caller adds to the inspector of a scene, such as fields that change it. */
export type SceneTools = (scene: SceneModel, store: TimelineStore) => ComponentChildren;

/** `onEdit` moves the keyboard to the tools. */
export function Inspector({ store, tools, onEdit }: { store: TimelineStore; tools?: SceneTools; onEdit?: () => void }) {
  const text = words();
  return (
    <section class="card inspector" aria-label={text.inspector}>
      <div aria-live="polite">
        <Selected store={store} {...(onEdit && { onEdit })} />
      </div>
      {tools && <Tools store={store} tools={tools} />}
    </section>
  );
}

/** Returns the scene of the selection. */
export function selectedScene(store: TimelineStore): SceneModel | null {
  const selection = store.selection.value;
  const { model } = store;
  if (!selection) return null;
  const id = {
    scene: () => selection.id,
    word: () => model.words.find((word) => word.id === selection.id)?.sceneId,
    cue: () => model.cues.find((cue) => cue.id === selection.id)?.sceneId,
    problem: () => model.problems.find((problem) => problem.id === selection.id)?.sceneId,
  }[selection.kind]();
  return model.scenes.find((scene) => scene.id === id) ?? null;
}

function Tools({ store, tools }: { store: TimelineStore; tools: SceneTools }) {
  const scene = selectedScene(store);
  return scene && <>{tools(scene, store)}</>;
}

function Selected({ store, onEdit }: { store: TimelineStore; onEdit?: () => void }) {
  const text = words();
  const { model } = store;
  const selection = store.selection.value;
  if (!selection) return <Overview model={model} />;
  const title = (words: string) => (
    <h2>
      {words}
      <span>
        <button type="button" class="plain small" onClick={() => store.showSelection()}>{text.showThere}</button>
        {onEdit && selectedScene(store) && (
          <button type="button" class="plain small" aria-keyshortcuts="e" title={`${text.editSelected} (e)`} onClick={onEdit}>{text.editSelected}</button>
        )}
      </span>
    </h2>
  );
  switch (selection.kind) {
    case "scene": {
      const scene = model.scenes.find((own) => own.id === selection.id)!;
      return <>{title(text.sceneTitle(scene.number))}<SceneFacts scene={scene} model={model} /></>;
    }
    case "word":
      return <>{title(text.wordTitle)}<WordFacts word={model.words.find((own) => own.id === selection.id)!} /></>;
    case "cue":
      return <>{title(text.cueTitle)}<CueFacts cue={model.cues.find((own) => own.id === selection.id)!} model={model} /></>;
    case "problem": {
      const problem = model.problems.find((own) => own.id === selection.id)!;
      const found = problemText(problem, model.bundle);
      return (
        <>
          {title(found.title)}
          {found.why.map((why) => <p key={why}>{why}</p>)}
          <p><strong>{text.whatToDo}</strong> {found.advice}</p>
          {problem.kind === "fallback" && <Chain scene={model.scenes.find((own) => own.id === problem.sceneId)} />}
        </>
      );
    }
  }
}

type Row = readonly [string, ComponentChildren] | false | null | undefined;

function Facts({ rows }: { rows: Row[] }) {
  return (
    <dl class="facts">
      {rows.map((row) => row && <div key={row[0]}><dt>{row[0]}</dt><dd>{row[1]}</dd></div>)}
    </dl>
  );
}

/** Shows the numbers of the film while nothing is selected. */
function Overview({ model }: { model: Model }) {
  const text = words();
  const { receipt, inspection } = model.bundle;
  const reasons = inspection?.facts.reasons ?? [];
  return (
    <>
      <h2>{text.overview}</h2>
      <p class="help">{text.selectHelp}</p>
      <Facts rows={[
        [text.length, `${clock(model.duration, true)} · ${text.frameCount(model.frames)}`],
        receipt && [text.voice, [receipt.voice.provider, receipt.voice.voice].filter(Boolean).join(", ") || text.none],
        receipt && [text.loudness, loudnessText(receipt.loudness)],
        inspection && [text.syncOffset, inspection.facts.av_offset_ms === null ? text.notMeasured : `${inspection.facts.av_offset_ms.toFixed(1)} ms`],
        receipt && [text.cost, usd(receipt.spendUsd, language.value)],
        receipt && [text.selfCheck, text.selfCheckResult(receipt.selfCheck.checks.length, receipt.selfCheck.findings.length)],
      ]} />
      {reasons.length > 0 && <p><strong>{text.captionsMayBeOff}</strong></p>}
      <ul>{reasons.map((reason) => <li key={reason}>{reason}</li>)}</ul>
      {inspection?.facts.missing.map((missing) => <p key={missing} class="problem">{text.missingFile(missing)}</p>)}
    </>
  );
}

const loudnessText = ({ decodedLufs, targetLufs }: { decodedLufs: number | null; targetLufs: number }) =>
  `${decodedLufs === null ? words().silent : `${decodedLufs.toFixed(1)} LUFS`} (${words().target} ${targetLufs.toFixed(1)})`;

function SceneFacts({ scene, model }: { scene: SceneModel; model: Model }) {
  const text = words();
  const facts = model.bundle.inspection?.facts.scenes.find((own) => own.scene === scene.id);
  const change = scene.clips[0]?.transitionIn?.kind ?? "cut";
  const asked = scene.receipt?.engineAsked;
  const asset = scene.clips[0]?.source.asset ?? null;
  return (
    <>
      <blockquote>{scene.words || text.noWords}</blockquote>
      <Facts rows={[
        [text.engine, asked && asked !== scene.engine ? text.insteadOf(scene.engine, asked) : scene.engine],
        scene.receipt && [text.why, scene.receipt.reason],
        [text.time, `${clock(scene.start, true)} – ${clock(scene.end, true)} (${seconds(scene.end - scene.start, language.value)} s)`],
        [text.framesLabel, `${scene.place.startFrame} – ${scene.place.endFrame - 1}`],
        asset !== null && [text.picture, asset.split("/").at(-1)],
        [text.transition, text.transitions[change] ?? change],
        facts && facts.voice_ms !== null && [text.voiceStarts, clock(facts.voice_ms, true)],
        facts && [text.spoken, `${seconds(facts.used_ms, language.value)} s, ${text.wordCount(facts.words)}`],
      ]} />
      {scene.isFallback && <p><strong>{text.whatToDo}</strong> {text.problem.fallbackAdvice(asked ?? "")}</p>}
      <Chain scene={scene} />
    </>
  );
}

/** Shows the engines that were planned for a scene, what happened to each, and those that were left out. */
export function Chain({ scene }: { scene: SceneModel | undefined }) {
  const text = words();
  const chain = scene?.graph?.engineChain;
  const attempts = scene?.receipt?.attempts ?? [];
  if (!scene || !chain) return null;
  return (
    <>
      <h3>{text.chain}</h3>
      <ol class="chain">
        {chain.members.map((member) => (
          <li key={member.engine} class={member.engine === scene.engine ? "used" : ""}>
            <strong>{member.engine}</strong>{member.engine === scene.engine && <> ({text.drewIt})</>}: {member.reason}
            {member.estimate > 0 && <> · {usd(member.estimate / 1e6, language.value)}</>}
            {member.blocked && <> · {member.blocked}</>}
            {attempts.filter((attempt) => attempt.engine === member.engine).map((attempt, index) => (
              <div key={index} class="help">{attempt.result}{attempt.reason && `: ${attempt.reason}`}</div>
            ))}
          </li>
        ))}
      </ol>
      {(chain.leftOut ?? []).length > 0 && (
        <>
          <h3>{text.leftOut}</h3>
          <ul class="chain">
            {chain.leftOut!.map(({ engine, reason }) => <li key={engine}><strong>{engine}</strong>: {reason}</li>)}
          </ul>
        </>
      )}
    </>
  );
}

function WordFacts({ word }: { word: WordModel }) {
  const text = words();
  const heard = word.heard === undefined ? text.asTimed : word.heard === null ? text.notHeard : clock(word.heard, true);
  return (
    <>
      <blockquote>{word.text}</blockquote>
      <Facts rows={[
        [text.time, `${clock(word.start, true)} – ${clock(word.end, true)} (${word.end - word.start} ms)`],
        [text.heard, heard],
      ]} />
      {word.heard !== undefined && <p><strong>{text.whatToDo}</strong> {text.problem.offAdvice}</p>}
    </>
  );
}

function CueFacts({ cue, model }: { cue: CueModel; model: Model }) {
  const text = words();
  const first = cue.words[0];
  const letters = [...cue.text].length;
  const late = model.problems.find((problem) => problem.kind === "late" && problem.at === cue.start);
  const found = late && problemText(late, model.bundle);
  return (
    <>
      <blockquote>{cue.text}</blockquote>
      <Facts rows={[
        [text.time, `${clock(cue.start, true)} – ${clock(cue.end, true)}`],
        first && [text.firstWord, clock(first.start, true)],
        [text.late, cue.lateMs > 0 ? `${cue.lateMs} ms` : text.onTime],
        [text.readingSpeed, text.lettersPerSecond(Math.round(letters / ((cue.end - cue.start) / 1000)))],
      ]} />
      {found?.why.map((why) => <p key={why}>{why}</p>)}
      {found && <p><strong>{text.whatToDo}</strong> {found.advice}</p>}
    </>
  );
}
