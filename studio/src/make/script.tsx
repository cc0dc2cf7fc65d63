// The script, and its sentences as the planner reads them.
import { Field } from "../ui/field";
import { noteText, words } from "../text";
import { brief, change, errorsOf, fieldOf, plan } from "./state";

/** Notes that say what the planner left out of the script. */
const LEFT_OUT = ["marks_removed", "speakers_removed", "directions_removed"];

export function Script() {
  const text = words();
  const warnings = (plan.value?.warnings ?? []).filter((note) => fieldOf(note) === "script");
  const leftOut = warnings.filter((note) => LEFT_OUT.includes(note.code));
  const scenes = plan.value?.sceneGraph.scenes ?? [];
  const count = scenes.reduce((sum, scene) => sum + scene.sentences.length, 0);
  return (
    <section class="card">
      <Field label={text.script} help={text.scriptHelp} errors={errorsOf("script")}
        notes={warnings.filter((note) => !LEFT_OUT.includes(note.code))}>
        {(attributes) => (
          <textarea {...attributes} rows={9} maxLength={6000} value={brief.value.script ?? ""}
            onInput={(event) => change({ script: event.currentTarget.value })} />
        )}
      </Field>
      {count > 0 && (
        <details>
          <summary>{text.sentencesRead(count)}</summary>
          <ol class="sentences">
            {scenes.flatMap((scene) => scene.sentences.map((sentence, index) => (
              <li key={`${scene.id}-${index}`}>{sentence}</li>
            )))}
          </ol>
        </details>
      )}
      {leftOut.length > 0 && (
        <ul class="messages left-out">{leftOut.map((note) => <li key={note.message}>{noteText(note)}</li>)}</ul>
      )}
    </section>
  );
}
