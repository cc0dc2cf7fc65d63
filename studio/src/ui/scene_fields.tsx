// The fields of a scene's picture, for a new film and for a finished one.
import { words } from "../text";
import type { SceneOverride } from "../types";
import { Choice, TextField, numberOf } from "./field";

const MOVES = ["push_in", "pull_out", "pan_left", "pan_right", "tilt_up", "tilt_down", "punch_in", "hold"];
const TRANSITIONS = ["cut", "crossfade", "fade_black", "swipe_left", "swipe_right", "dissolve", "zoom"];

interface Props {
  /** The number of the scene, from 1. */
  number: number;
  /** The present changes to the scene. */
  own: Partial<SceneOverride>;
  change: (part: Partial<SceneOverride>) => void;
  /** The visual idea that the planner wrote. */
  idea: string;
  engines: [string, string][];
  pictures: [string, string][];
  /** Returns the errors of a field. */
  errorsOf?: (field: string) => string[];
}

export function PictureFields({ number, own, change, idea, engines, pictures, errorsOf = () => [] }: Props) {
  const text = words();
  const set = (field: keyof SceneOverride) => (value: string) => change({ [field]: value });
  return (
    <>
      <Choice label={text.picture} empty={text.automatic} value={own.media ?? ""} onChange={set("media")} options={pictures}
        errors={errorsOf("media")} />
      <Choice label={text.engine} empty={text.automatic} value={own.engine ?? ""} onChange={set("engine")} options={engines}
        errors={errorsOf("engine")} />
      <TextField label={text.prompt} help={idea} value={own.prompt} onChange={set("prompt")} errors={errorsOf("prompt")} />
      <Choice label={text.camera} empty={text.automatic} value={own.effect ?? ""} onChange={set("effect")} errors={errorsOf("effect")}
        options={MOVES.map((name): [string, string] => [name, text.moves[name] ?? name])} />
      {number > 1 && (
        <Choice label={text.transition} empty={text.automatic} value={own.transition ?? ""} onChange={set("transition")}
          errors={errorsOf("transition")} options={TRANSITIONS.map((name): [string, string] => [name, text.transitions[name] ?? name])} />
      )}
      <TextField label={text.minSeconds} type="number" min={0.1} max={60} step="any" value={own.min_duration_seconds}
        errors={errorsOf("min_duration_seconds")}
        onChange={(value) => change({ min_duration_seconds: numberOf(value) } as Partial<SceneOverride>)} />
    </>
  );
}
