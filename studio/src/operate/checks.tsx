// The checks of the installation: the verdicts of `pytoon doctor`, and rehearsals of faults.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api } from "../api";
import { announce, sentence } from "../state";
import { words } from "../text";
import type { DoctorCheck, Rehearsal } from "../types";
import { Command } from "../ui/command";
import { Section } from "./section";

/** The pause between readings of a running rehearsal, in milliseconds. */
const REHEARSAL_MS = 2000;

export function Doctor() {
  const text = words();
  const checks = useSignal<DoctorCheck[] | null>(null);
  const isBusy = useSignal(false);
  const failure = useSignal("");
  const run = async () => {
    failure.value = "";
    isBusy.value = true;
    try {
      checks.value = await api.doctor();
      announce(words().doctorResult(checks.value.length, checks.value.filter((check) => check.verdict !== "ok").length));
    } catch (error) {
      failure.value = sentence(error);
    } finally {
      isBusy.value = false;
    }
  };
  const bad = (checks.value ?? []).filter((check) => check.verdict !== "ok");
  return (
    <Section title={text.doctor} isWide>
      <p class="help">{text.doctorAbout}</p>
      <button type="button" class="second" disabled={isBusy.value} onClick={run}>{isBusy.value ? text.doctorRuns : text.runDoctor}</button>
      {failure.value && <p class="problem" role="alert">{failure.value} <Command line="pytoon doctor" /></p>}
      {checks.value && <p class={bad.length === 0 ? "good" : "warning"}><strong>{text.doctorResult(checks.value.length, bad.length)}</strong></p>}
      <ul class="plain-list causes">
        {bad.map((check) => (
          <li key={check.name}>
            <p><strong>{check.name}</strong> <span class="chip held">{text.verdicts[check.verdict] ?? check.verdict}</span> {check.evidence}</p>
            {check.fix && <p><strong>{text.whatToDo}</strong> {check.fix}</p>}
            {check.runbook && <p><a href={`#/documents/${check.runbook.replace(/^docs\//, "").replace(/\.md$/, "")}`}>{text.openRunbook}</a></p>}
          </li>
        ))}
      </ul>
      {checks.value && (
        <details>
          <summary>{text.allChecks}</summary>
          <ul class="plain-list">
            {checks.value.map((check) => <li key={check.name}><strong>{check.name}</strong>: {check.evidence}</li>)}
          </ul>
        </details>
      )}
    </Section>
  );
}

export function Drill() {
  const text = words();
  const state = useSignal<Rehearsal | null>(null);
  const failure = useSignal("");
  const read = async (request: Promise<Rehearsal>) => {
    try {
      state.value = await request;
      failure.value = "";
    } catch (error) {
      failure.value = sentence(error);
    }
  };
  useEffect(() => void read(api.rehearsal()), []);
  const now = state.value;
  const isRunning = now?.is_running ?? false;
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => void read(api.rehearsal()), REHEARSAL_MS);
    return () => clearInterval(timer);
  }, [isRunning]);
  const start = () => {
    announce(words().drillStarted);
    void read(api.startRehearsal());
  };
  return (
    <Section title={text.drill} isWide>
      <p class="help">{text.drillHelp}</p>
      {now && !now.is_available && <p>{text.drillMissing} {now.reason} <Command line="pytoon drill --quick" /></p>}
      {now?.is_available && (
        <button type="button" class="second" disabled={isRunning} onClick={start}>{isRunning ? text.drillRuns : text.startDrill}</button>
      )}
      {now?.passed != null && (
        <p class={now.passed ? "good" : "problem"} role="status"><strong>{now.passed ? text.drillPassed : text.drillFailed}</strong></p>
      )}
      {now && now.lines.length > 0 && <pre tabIndex={0} aria-label={text.drillReport}>{now.lines.join("\n")}</pre>}
      {failure.value && <p class="problem" role="alert">{failure.value}</p>}
      <p><a href="#/documents/runbooks/README#rehearsing">{text.openRunbook}</a></p>
    </Section>
  );
}
