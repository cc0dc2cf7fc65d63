// The opening and the ending of the film, and the sounds that follow the picture.
import { Choice, TextField } from "../ui/field";
import { words } from "../text";
import type { EndCard } from "../types";
import { brief, change, errorsOf } from "./state";

const SOUNDS = ["whoosh", "pop", "riser", "click"];

export function Ends() {
  const text = words();
  const now = brief.value;
  const card = now.end_card ?? {};
  const changeCard = (part: Partial<EndCard>) => {
    const next = Object.fromEntries(Object.entries({ ...card, ...part }).filter(([, value]) => value)) as EndCard;
    change({ end_card: Object.keys(next).length > 0 ? next : undefined } as object);
  };
  return (
    <details class="card">
      <summary><h2>{text.ends}</h2></summary>
      <div class="fields">
        <TextField label={text.filmTitle} help={text.filmTitleHelp} value={now.title}
          onChange={(title) => change({ title: title || undefined } as object)} errors={errorsOf("title")} />
        <TextField label={text.callToAction} help={text.callToActionHelp} value={card.call_to_action}
          onChange={(value) => changeCard({ call_to_action: value })} errors={errorsOf("end_card")} />
        <TextField label={text.address} value={card.address} onChange={(address) => changeCard({ address })} />
        <Choice label={text.soundEffects} help={text.soundEffectsHelp} empty={text.automatic}
          value={now.sound_effects === undefined ? "" : now.sound_effects.length > 0 ? "all" : "none"}
          onChange={(value) => change({ sound_effects: value === "" ? undefined : value === "all" ? SOUNDS : [] } as object)}
          options={[["all", text.soundEffectsAll], ["none", text.soundEffectsNone]]} errors={errorsOf("sound_effects")} />
        <fieldset class="field checks">
          <legend>{text.endsMore}</legend>
          <Check label={text.endLogo} isChecked={card.logo === true} onChange={(logo) => changeCard({ logo })} />
          <Check label={text.chapters} isChecked={now.chapters === true}
            onChange={(wanted) => change({ chapters: wanted || undefined } as object)} />
          <Check label={text.loops} isChecked={now.ending === "loop"}
            onChange={(wanted) => change({ ending: wanted ? "loop" : undefined } as object)} />
        </fieldset>
      </div>
    </details>
  );
}

function Check({ label, isChecked, onChange }: { label: string; isChecked: boolean; onChange: (value: boolean) => void }) {
  return (
    <label>
      <input type="checkbox" checked={isChecked} onChange={(event) => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  );
}
