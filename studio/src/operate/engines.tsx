// Engines and voices for operators: their state, and their switches with the reason.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { api } from "../api";
import { usd } from "../lib/format";
import { announce, sentence } from "../state";
import { language, words } from "../text";
import type { Engine, Operations, Switch, Voice, VoiceProvider } from "../types";
import { TextField } from "../ui/field";
import { engines, keyName, voiceProviders } from "./state";
import { Section, Table } from "./section";

const moment = (time: string): string => new Date(time).toLocaleString(language.value, { dateStyle: "medium", timeStyle: "short" });

export function Engines({ all }: { all: Engine[] }) {
  const text = words();
  return (
    <Section title={text.engines} name="engines" isWide>
      <p class="help">{text.switchHelp}</p>
      <ul class="plain-list causes">{all.map((engine) => <li key={engine.engine}><EngineRow engine={engine} /></li>)}</ul>
      <p><a href="#/documents/runbooks/engine-health">{text.openRunbook}</a></p>
    </Section>
  );
}

function EngineRow({ engine }: { engine: Engine }) {
  const text = words();
  const { engine: name, enabled, switched_off: off } = engine;
  const isHeldBack = engine.held_back_until != null;
  const state = !enabled ? text.engineOffByFile : off ? text.engineOffByPerson : !engine.has_key ? text.engineNoKey
    : isHeldBack ? text.engineHeldBack : text.engineOn;
  return (
    <SwitchRow
      name={name} state={state} isGood={enabled && !off && engine.has_key && !isHeldBack} off={off} isSwitchable={enabled || off != null}
      detail={`${text.breaker}: ${text.breakers[engine.breaker] ?? engine.breaker} · ${text.spendToday}: ${usd(engine.spend_today_usd, language.value)}`}
      change={async (isOn, reason) => {
        const next = await api.switchEngine(name, isOn, reason);
        engines.value = (engines.value ?? []).map((own) => (own.engine === name ? next : own));
      }}
    >
      {isHeldBack && <p class="warning">{text.heldBack(engine.last_failure ?? "", moment(engine.held_back_until!))}</p>}
      {!enabled && <p class="help">{engine.can_write_enabled ? text.fileWins : text.fileWinsElsewhere}</p>}
      {engine.can_write_enabled && <FileButton engine={engine} />}
    </SwitchRow>
  );
}

/** Writes `enabled` into engine.yaml, after a second click. */
function FileButton({ engine: { engine: name, enabled } }: { engine: Engine }) {
  const text = words();
  const isAsking = useSignal(false);
  const problem = useSignal("");
  const write = async () => {
    problem.value = "";
    try {
      const next = await api.writeEnabled(name, !enabled);
      engines.value = (engines.value ?? []).map((own) => (own.engine === name ? next : own));
      isAsking.value = false;
      announce(words().isWritten(name, next.enabled));
    } catch (error) {
      problem.value = sentence(error);
    }
  };
  return (
    <>
      {!isAsking.value && <p><button type="button" class="plain small" onClick={() => (isAsking.value = true)}>{text.writeFile(name, !enabled)}</button></p>}
      {isAsking.value && (
        <p role="alert">
          {text.writeFileAsk(name, !enabled)}{" "}
          <button type="button" onClick={() => void write()}>{text.writeFileSure}</button>{" "}
          <button type="button" class="plain" onClick={() => (isAsking.value = false)}>{text.cancel}</button>
        </p>
      )}
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
    </>
  );
}

interface SwitchRowProps {
  name: string;
  state: string;
  isGood: boolean;
  off: Switch | null | undefined;
  isSwitchable: boolean;
  detail: string;
  change: (isOn: boolean, reason: string) => Promise<void>;
  children?: ComponentChildren;
}

/** A row with a switch. Switching off asks for the reason, which everybody sees. */
function SwitchRow({ name, state, isGood, off, isSwitchable, detail, change, children }: SwitchRowProps) {
  const text = words();
  const reason = useSignal("");
  const isAsking = useSignal(false);
  const problem = useSignal("");
  const switchTo = async (isOn: boolean) => {
    problem.value = isOn || reason.value.trim() ? "" : words().reasonMissing;
    if (problem.value) return;
    try {
      await change(isOn, reason.value.trim());
      isAsking.value = false;
      reason.value = "";
      announce(isOn ? words().isOn(name) : words().isOff(name));
    } catch (error) {
      problem.value = sentence(error);
    }
  };
  return (
    <>
      <div class="version">
        <span>
          <strong>{name}</strong> <span class={isGood ? "chip done" : "chip held"}>{state}</span>{" "}
          <span class="help">{detail}</span>
        </span>
        {isSwitchable && !isAsking.value && (off
          ? <button type="button" class="second" onClick={() => void switchTo(true)}>{text.switchOn(name)}</button>
          : <button type="button" class="second" onClick={() => (isAsking.value = true)}>{text.switchOff(name)}</button>)}
      </div>
      {off && <p>{text.offBy(keyName(off.changed_by), moment(off.changed_at), off.reason)}</p>}
      {isAsking.value && (
        <form class="row" onSubmit={(event) => {
          event.preventDefault();
          void switchTo(false);
        }}>
          <TextField label={text.reason} maxLength={200} isFocused value={reason.value} onChange={(next) => (reason.value = next)} />
          <button>{text.switchOff(name)}</button>
          <button type="button" class="plain" onClick={() => (isAsking.value = false)}>{text.cancel}</button>
        </form>
      )}
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
      {children}
    </>
  );
}

export function SwitchLog({ entries }: { entries: Operations["switches"] }) {
  const text = words();
  if (entries.length === 0) return null;
  return (
    <Section title={text.switchLog} isWide>
      <Table label={text.switchLog} head={[text.time, text.engine, text.state, text.key, text.reason]} rows={entries.map((entry) => [
        moment(entry.changed_at), entry.is_voice ? text.voiceNamed(entry.engine) : entry.engine, entry.enabled ? text.wasOn : text.wasOff, keyName(entry.changed_by), entry.reason,
      ])} />
    </Section>
  );
}

export function VoiceProviders({ voices, providers }: { voices: Voice[] | null; providers: VoiceProvider[] }) {
  const text = words();
  return (
    <Section title={text.voiceProviders} name="voices" isWide>
      <p class="help">{text.voiceSwitchHelp}</p>
      <ul class="plain-list causes">
        {providers.map((provider) => (
          <li key={provider.provider}><VoiceRow provider={provider} voices={voices && voices.filter((voice) => voice.provider === provider.provider)} /></li>
        ))}
      </ul>
      <p><a href="#/documents/runbooks/tts">{text.openRunbook}</a></p>
    </Section>
  );
}

function VoiceRow({ provider, voices }: { provider: VoiceProvider; voices: Voice[] | null }) {
  const text = words();
  const { provider: name, switched_off: off } = provider;
  const own = voices ?? [];
  const usable = own.filter((voice) => voice.is_usable).length;
  const reasons = [...new Set(own.flatMap((voice) => (voice.is_usable || !voice.reason ? [] : [voice.reason])))];
  const isHeldBack = provider.held_back_until != null;
  const details = [text.providerKinds[provider.kind] ?? provider.kind];
  if (provider.kind !== "machine") details.push(`${text.breaker}: ${text.breakers[provider.breaker] ?? provider.breaker}`);
  if (provider.kind === "service") details.push(`${text.spendToday}: ${usd(provider.spend_today_usd, language.value)}`);
  return (
    <SwitchRow
      name={name} off={off} isSwitchable={provider.kind !== "machine"} isGood={(usable > 0 || !voices) && !off && !isHeldBack} detail={details.join(" · ")}
      state={off ? text.engineOffByPerson : isHeldBack ? text.engineHeldBack : voices ? text.voiceCount(usable, own.length) : text.loading}
      change={async (isOn, reason) => {
        const next = await api.switchVoiceProvider(name, isOn, reason);
        voiceProviders.value = (voiceProviders.value ?? []).map((known) => (known.provider === name ? next : known));
      }}
    >
      {isHeldBack && <p class="warning">{text.heldBack(provider.last_failure ?? "", moment(provider.held_back_until!))}</p>}
      {reasons.length > 0 && (
        <details>
          <summary>{text.whyNot(own.length - usable)}</summary>
          {reasons.map((reason) => <p key={reason} class="help">{reason.replaceAll("`", "")}</p>)}
        </details>
      )}
    </SwitchRow>
  );
}
