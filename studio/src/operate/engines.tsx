// Engines and voices for operators: their state, and the switch of an engine with its reason.
import { useSignal } from "@preact/signals";
import { api } from "../api";
import { usd } from "../lib/format";
import { announce, sentence } from "../state";
import { language, words } from "../text";
import type { Engine, Operations, Voice } from "../types";
import { TextField } from "../ui/field";
import { engines, keyName } from "./state";
import { Section, Table } from "./section";

const moment = (time: string): string => new Date(time).toLocaleString(language.value, { dateStyle: "medium", timeStyle: "short" });

export function Engines({ all }: { all: Engine[] }) {
  const text = words();
  return (
    <Section title={text.engines} isWide>
      <p class="help">{text.switchHelp}</p>
      <ul class="plain-list causes">{all.map((engine) => <li key={engine.engine}><EngineRow engine={engine} /></li>)}</ul>
      <p><a href="#/documents/runbooks/engine-health">{text.openRunbook}</a></p>
    </Section>
  );
}

function EngineRow({ engine }: { engine: Engine }) {
  const text = words();
  const reason = useSignal("");
  const isAsking = useSignal(false);
  const problem = useSignal("");
  const { engine: name, enabled, switched_off: off } = engine;
  const isHeldBack = engine.held_back_until != null;
  const state = !enabled ? text.engineOffByFile : off ? text.engineOffByPerson : !engine.has_key ? text.engineNoKey
    : isHeldBack ? text.engineHeldBack : text.engineOn;
  const change = async (isOn: boolean) => {
    problem.value = "";
    try {
      const next = await api.switchEngine(name, isOn, reason.value.trim());
      engines.value = (engines.value ?? []).map((own) => (own.engine === name ? next : own));
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
          <strong>{name}</strong> <span class={enabled && !off && engine.has_key && !isHeldBack ? "chip done" : "chip held"}>{state}</span>{" "}
          <span class="help">{text.breaker}: {text.breakers[engine.breaker] ?? engine.breaker} · {text.spendToday}: {usd(engine.spend_today_usd, language.value)}</span>
        </span>
        {off !== undefined && !isAsking.value && (off
          ? <button type="button" class="second" onClick={() => void change(true)}>{text.switchOn(name)}</button>
          : enabled && <button type="button" class="second" onClick={() => (isAsking.value = true)}>{text.switchOff(name)}</button>)}
      </div>
      {isHeldBack && <p class="warning">{text.heldBack(engine.last_failure ?? "", moment(engine.held_back_until!))}</p>}
      {off && <p>{text.offBy(keyName(off.changed_by), moment(off.changed_at), off.reason)}</p>}
      {!enabled && <p class="help">{text.fileWins}</p>}
      {isAsking.value && (
        <form class="row" onSubmit={(event) => {
          event.preventDefault();
          void change(false);
        }}>
          <TextField label={text.reason} maxLength={200} isFocused value={reason.value} onChange={(next) => (reason.value = next)} />
          <button>{text.switchOff(name)}</button>
          <button type="button" class="plain" onClick={() => (isAsking.value = false)}>{text.cancel}</button>
        </form>
      )}
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
    </>
  );
}

export function SwitchLog({ entries }: { entries: Operations["switches"] }) {
  const text = words();
  if (entries.length === 0) return null;
  return (
    <Section title={text.switchLog} isWide>
      <Table label={text.switchLog} head={[text.time, text.engine, text.state, text.key, text.reason]} rows={entries.map((entry) => [
        moment(entry.changed_at), entry.engine, entry.enabled ? text.wasOn : text.wasOff, keyName(entry.changed_by), entry.reason,
      ])} />
    </Section>
  );
}

export function VoiceProviders({ all }: { all: Voice[] }) {
  const text = words();
  const providers = [...new Set(all.map((voice) => voice.provider))];
  return (
    <Section title={text.voiceProviders}>
      <ul class="plain-list causes">
        {providers.map((provider) => {
          const own = all.filter((voice) => voice.provider === provider);
          const usable = own.filter((voice) => voice.is_usable).length;
          const reasons = [...new Set(own.flatMap((voice) => (voice.is_usable || !voice.reason ? [] : [voice.reason])))];
          return (
            <li key={provider}>
              <strong>{provider}</strong> <span class={usable > 0 ? "chip done" : "chip held"}>{text.voiceCount(usable, own.length)}</span>
              {reasons.length > 0 && (
                <details>
                  <summary>{text.whyNot(own.length - usable)}</summary>
                  {reasons.map((reason) => <p key={reason} class="help">{reason.replaceAll("`", "")}</p>)}
                </details>
              )}
            </li>
          );
        })}
      </ul>
      <p><a href="#/documents/runbooks/tts">{text.openRunbook}</a></p>
    </Section>
  );
}
