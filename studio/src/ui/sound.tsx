// The choice of a voice and of the music, by hearing them.
import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Failure, address, api, optional } from "../api";
import { usd } from "../lib/format";
import { sentence } from "../state";
import { language, words } from "../text";
import type { Brief, Mood, Note, Voice, VoiceSettings } from "../types";
import { Choice, TextField, numberOf } from "./field";

const voices = signal<Voice[] | null>(null);
const moods = signal<Mood[] | null>(null);
/** The moods of this version, for a service that does not list them. */
const KNOWN_MOODS = ["upbeat_corporate", "calm", "cinematic", "lofi", "energetic"];

const player = new Audio();
/** The name of every voice that plays. Moods have names of their own. */
const VOICE = "voice";

/** The name of the sound that plays; empty while none does. */
const playing = signal("");
player.onended = player.onpause = () => (playing.value = "");

/** Plays a sound instead of the one that plays now. */
async function listen(source: string, name: string): Promise<void> {
  if (player.src.startsWith("blob:")) URL.revokeObjectURL(player.src);
  player.src = source;
  await player.play();
  playing.value = name;
}

/** Reads the voices and moods of the service once. A component that leaves the page stops the sound. */
function useSounds(): void {
  useEffect(() => {
    if (voices.value === null) optional(api.voices()).then((read) => (voices.value = read?.voices ?? null), () => undefined);
    if (moods.value === null) optional(api.moods()).then((read) => (moods.value = read?.moods ?? null), () => undefined);
    return () => player.pause();
  }, []);
}

interface VoiceProps {
  value: Brief["voice"];
  onChange: (value: Brief["voice"]) => void;
  /** The label of "no choice". */
  automatic: string;
  /** The language that is spoken, as a BCP 47 tag. */
  spoken: string;
  /** What the voice says when a person listens to it. */
  sample: string;
  errors?: string[];
  notes?: Note[];
}

/** Returns voice settings without empty fields; undefined if none is left. */
function filled(settings: VoiceSettings): VoiceSettings | undefined {
  const entries = Object.entries(settings).filter(([, value]) => value !== undefined && value !== "");
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

export function VoicePicker({ value, onChange, automatic, spoken, sample, errors = [], notes = [] }: VoiceProps) {
  const text = words();
  useSounds();
  const isFitting = (voice: Voice) => voice.is_usable && (spoken === "" || voice.language === "" || voice.language.slice(0, 2) === spoken.slice(0, 2));
  const known = voices.value ?? [];
  const settings: VoiceSettings = typeof value === "object" ? value : {};
  const { provider, name, speed } = settings;
  const chosen = value === "off" ? "off" : provider ? `${provider}/${name ?? ""}` : "";
  const label = (voice: Voice) => [
    `${voice.name} · ${voice.language}`, voice.description, voice.is_paid && text.paid, !voice.is_usable && text.unusable,
  ].filter(Boolean).join(" · ");
  const choose = (next: string) => {
    if (next === "off") return onChange("off");
    const at = next.indexOf("/");
    const { provider: _, name: __, ...rest } = settings;
    onChange(filled(at < 0 ? rest : { ...rest, provider: next.slice(0, at), name: next.slice(at + 1) }));
  };
  // Voices that cannot speak the film's language would only make the list long.
  const all = known.filter((own) => isFitting(own) || (own.provider === provider && own.name === name));
  const voice = known.find((own) => own.provider === provider && own.name === name);
  return (
    <>
      <Choice label={text.voice} value={chosen} empty={automatic} onChange={choose} errors={errors} notes={notes}
        options={[["off", text.voiceOff], ...all.map((own): [string, string] => [`${own.provider}/${own.name}`, label(own)])]} />
      {voice && !voice.is_usable && voice.reason && <p class="warning">{voice.reason}</p>}
      {value !== "off" && (
        <div class="row">
          {voices.value && <ListenToVoice voice={voice} settings={settings} sample={sample} />}
          <TextField label={text.speed} type="number" min={0.5} max={2} step={0.05} value={speed}
            onChange={(next) => onChange(filled({ ...settings, speed: numberOf(next) } as VoiceSettings))} />
        </div>
      )}
    </>
  );
}

function ListenToVoice({ voice, settings, sample }: { voice: Voice | undefined; settings: VoiceSettings; sample: string }) {
  const text = words();
  const price = useSignal<number | null>(null);
  const problem = useSignal("");
  const isBusy = useSignal(false);
  const play = async (accepted?: number) => {
    problem.value = "";
    price.value = null;
    isBusy.value = true;
    try {
      await listen(URL.createObjectURL(await api.voicePreview(settings, sample, accepted)), VOICE);
    } catch (error) {
      const asked = error instanceof Failure && error.status === 402 ? error.problem.price_usd : undefined;
      if (asked !== undefined) price.value = asked;
      else problem.value = sentence(error);
    } finally {
      isBusy.value = false;
    }
  };
  const perThousand = voice?.is_paid ? voice.usd_per_1000_chars : null;
  return (
    <div>
      <button type="button" class="second" disabled={isBusy.value} onClick={() => (playing.value === VOICE ? player.pause() : void play())}>
        {isBusy.value ? text.loading : playing.value === VOICE ? text.stop : text.listen}
      </button>
      {perThousand != null && <p class="help">{text.perThousand(usd(perThousand, language.value))}</p>}
      {price.value !== null && (
        <p role="alert">
          {text.listenPrice(usd(price.value, language.value))}{" "}
          <button type="button" onClick={() => play(price.value!)}>{text.listenPaid}</button>{" "}
          <button type="button" class="plain" onClick={() => (price.value = null)}>{text.noThanks}</button>
        </p>
      )}
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
    </div>
  );
}

/** Lets a person hear a text in the voice of a film. Nothing for a service without previews. */
export function ListenToText({ settings, sample }: { settings: VoiceSettings; sample: string }) {
  useSounds();
  const voice = voices.value?.find((own) => own.provider === settings.provider && own.name === settings.name);
  return voices.value && <ListenToVoice voice={voice} settings={settings} sample={sample} />;
}

interface MusicProps {
  value: string;
  onChange: (value: string) => void;
  gain: number | undefined;
  onGain: (gain: number | undefined) => void;
  errors?: string[];
}

export function MusicPicker({ value, onChange, gain, onGain, errors = [] }: MusicProps) {
  const text = words();
  useSounds();
  const problem = useSignal("");
  const all = moods.value ?? KNOWN_MOODS.map((mood) => ({ mood, description: "" }));
  const isMood = all.some((own) => own.mood === value);
  const toggle = async () => {
    problem.value = "";
    if (playing.value === value) return player.pause();
    try {
      await listen(address.music(value), value);
    } catch {
      problem.value = text.noPreview;
    }
  };
  return (
    <>
      <Choice label={text.music} value={value} empty={text.musicDefault} onChange={onChange} errors={errors}
        options={[["none", text.musicNone], ...all.map(({ mood, description }): [string, string] =>
          [mood, [mood.replaceAll("_", " "), description].filter(Boolean).join(": ")])]} />
      <div class="row">
        {moods.value && (
          <button type="button" class="second" disabled={!isMood} onClick={toggle}>
            {playing.value !== "" && playing.value === value ? text.stop : text.listen}
          </button>
        )}
        <TextField label={text.musicGain} type="number" min={-30} max={12} step={1} value={gain}
          onChange={(next) => onGain(numberOf(next))} />
      </div>
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
    </>
  );
}
