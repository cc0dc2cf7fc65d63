// Paid calls with an unknown outcome, and the two decisions about each.
import { useSignal } from "@preact/signals";
import { api, upload } from "../api";
import { usd } from "../lib/format";
import { announce, sentence } from "../state";
import { language, words } from "../text";
import type { UnknownCall } from "../types";
import { Command } from "../ui/command";
import { refresh } from "./state";
import { Section } from "./section";

export function UnknownCalls({ calls }: { calls: UnknownCall[] }) {
  const text = words();
  return (
    <Section title={text.unknownCalls} name="calls" isWide>
      <p class="help">{calls.length === 0 ? text.noUnknownCalls : text.unknownHelp}</p>
      <ul class="plain-list causes">{calls.map((call) => <li key={call.call_id}><CallRow call={call} /></li>)}</ul>
      <p><a href="#/documents/runbooks/paid-calls">{text.openRunbook}</a></p>
    </Section>
  );
}

function CallRow({ call }: { call: UnknownCall }) {
  const text = words();
  const isAsking = useSignal(false);
  const problem = useSignal("");
  const progress = useSignal<number | null>(null);
  const decide = async (decision: () => Promise<void>, said: () => string) => {
    problem.value = "";
    try {
      await decision();
      announce(said());
      await refresh();
    } catch (error) {
      problem.value = sentence(error);
    } finally {
      progress.value = null;
    }
  };
  const isLost = () => decide(() => api.callIsLost(call.call_id), () => words().isLost);
  const hasArrived = (file: File) => decide(async () => {
    progress.value = 0;
    const asset = await upload(file, (share) => (progress.value = share)).done;
    await api.callHasArrived(call.call_id, asset.name);
  }, () => words().hasArrived);
  return (
    <>
      <p>
        <strong>{call.engine}</strong> · <a href={`#/films/${call.job_id}`}>{text.film}</a>{call.scene_id && `, ${call.scene_id}`} · {text.estimate}{" "}
        {usd(call.estimated_usd, language.value)} · {new Date(call.created_at).toLocaleString(language.value)}
      </p>
      <p class="help">{call.call_id}{call.error && `: ${call.error}`}</p>
      {!isAsking.value && <button type="button" class="second" aria-label={`${text.lost}: ${call.call_id}`} onClick={() => (isAsking.value = true)}>{text.lost}</button>}
      {isAsking.value && (
        <p role="alert">
          {text.lostAsk}{" "}
          <button type="button" onClick={() => void isLost()}>{text.lostSure}</button>{" "}
          <button type="button" class="plain" onClick={() => (isAsking.value = false)}>{text.cancel}</button>
        </p>
      )}
      {call.is_clip && (
        <>
          <label class="field clip-choice">
            <span>{text.arrived}</span>
            <input type="file" accept="video/*" aria-label={`${text.arrived}: ${call.call_id}`} disabled={progress.value !== null} onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              event.currentTarget.value = "";
              if (file) void hasArrived(file);
            }} />
          </label>
          {progress.value !== null && <progress max={1} value={progress.value} aria-label={text.arrived} />}
          <p class="help">{text.arrivedHelp} <Command line={`pytoon ledger resolve ${call.call_id} --arrived URL`} /></p>
        </>
      )}
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
    </>
  );
}
