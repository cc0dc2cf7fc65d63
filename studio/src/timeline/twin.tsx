// The timeline as lists of buttons: what the canvas shows, for keyboards, screen readers and phones.
import { clock, seconds } from "../lib/format";
import { language, words } from "../text";
import type { Selection } from "./model";
import { problemText } from "./problem_text";
import type { TimelineStore } from "./store";

function Item({ store, selection, class: name = "item", children }: {
  store: TimelineStore; selection: Selection; class?: string; children: preact.ComponentChildren;
}) {
  const current = store.selection.value;
  const isSelected = current?.kind === selection.kind && current.id === selection.id;
  return (
    <button type="button" class={name} aria-pressed={isSelected} onClick={() => {
        store.select(selection);
        // The details may be out of sight.
        document.querySelector(".inspector")?.scrollIntoView({ block: "nearest" });
      }}>
      {children}
    </button>
  );
}

export function ProblemList({ store }: { store: TimelineStore }) {
  const text = words();
  const { problems, bundle } = store.model;
  return (
    <section class="card problems" aria-labelledby="problems">
      <h2 id="problems">{text.problems} ({problems.length})</h2>
      {problems.length === 0 && <p class="help">{text.noProblems}</p>}
      <ol class="plain-list">
        {problems.map((problem) => (
          <li key={problem.id}>
            <Item store={store} selection={{ kind: "problem", id: problem.id }}>
              <span class="at">{clock(problem.at, true)}</span> {problemText(problem, bundle).title}
            </Item>
          </li>
        ))}
      </ol>
    </section>
  );
}

export function SceneList({ store, onEdit }: { store: TimelineStore; onEdit?: () => void }) {
  const text = words();
  const { scenes, cues, words: all } = store.model;
  return (
    <section class="card" aria-labelledby="scenes">
      <h2 id="scenes">{text.scenesAndWords}</h2>
      <ol class="plain-list scene-list">
        {scenes.map((scene) => (
          <li key={scene.id}>
            <Item store={store} selection={{ kind: "scene", id: scene.id }}>
              <span class="at">{clock(scene.start, true)}</span> {scene.number} · {scene.engine}
              {scene.isFallback && <strong> · {text.fallback}</strong>} · {seconds(scene.end - scene.start, language.value)} s
              <span class="said">{scene.words || text.noWords}</span>
            </Item>
            {onEdit && (
              <button type="button" class="plain small" aria-label={text.changeScene(scene.number)}
                onClick={() => {
                  store.select({ kind: "scene", id: scene.id });
                  // The fields appear with the next rendering.
                  setTimeout(onEdit);
                }}>
                {text.editSelected}
              </button>
            )}
            <details>
              <summary>{text.wordsAndCaptions}</summary>
              {cues.filter((cue) => cue.sceneId === scene.id).map((cue) => (
                <Item key={cue.id} store={store} selection={{ kind: "cue", id: cue.id }}>
                  <span class="at">{clock(cue.start, true)}</span> {text.cueTitle}: {cue.text}
                  {cue.lateMs > 0 && <strong> · {text.lateBy(cue.lateMs)}</strong>}
                </Item>
              ))}
              <div class="words">
                {all.filter((word) => word.sceneId === scene.id).map((word) => (
                  <Item key={word.id} store={store} selection={{ kind: "word", id: word.id }} class="word">
                    {word.text} <span class="at">{clock(word.start, true)}</span>
                    {word.heard !== undefined && <strong> {text.offVoice}</strong>}
                  </Item>
                ))}
              </div>
            </details>
          </li>
        ))}
      </ol>
    </section>
  );
}
