// The view of operators: the service, its queue, its failures, engines, paid calls, storage and keys. Loaded when opened.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { clock, usd } from "../lib/format";
import { language, words } from "../text";
import type { Operations } from "../types";
import { Command } from "../ui/command";
import { UnknownCalls } from "./calls";
import { Doctor, Drill } from "./checks";
import { needs, isStorageLow } from "./attention";
import { Section, Table, goToSection } from "./section";
import { Engines, SwitchLog, VoiceProviders } from "./engines";
import { engines, operations, problem, readAt, readiness, refresh, voiceProviders, voices } from "./state";

/** The pause between readings while the page is looked at, in milliseconds. */
const REFRESH_MS = 10_000;

export default function OperateView() {
  const text = words();
  useEffect(() => {
    void refresh();
    const timer = setInterval(() => document.visibilityState === "visible" && void refresh(), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  const now = operations.value;
  return (
    <>
      <h1>{text.operate}</h1>
      <p class="help">
        {readAt.value ? text.updatedAt(readAt.value.toLocaleTimeString(language.value)) : text.loading}{" "}
        <button type="button" class="plain small" onClick={() => void refresh()}>{text.refresh}</button>
      </p>
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
      {readAt.value && <Attention />}
      {readAt.value && <div class="operate">
        {readiness.value && <Service />}
        {now && <Queue now={now} />}
        {now && <Failures now={now} />}
        {engines.value && <Engines all={engines.value} />}
        {now && <UnknownCalls calls={now.unknown_calls} />}
        {voiceProviders.value && <VoiceProviders voices={voices.value} providers={voiceProviders.value} />}
        {now && <Storage now={now} />}
        {now && <Keys now={now} />}
        {now && <SwitchLog entries={now.switches} />}
        {now && <Doctor />}
        {now && <Drill />}
      </div>}
    </>
  );
}

function Attention() {
  const text = words();
  const list = needs({ operations: operations.value, engines: engines.value, voiceProviders: voiceProviders.value, readiness: readiness.value });
  return (
    <section class="card" aria-label={text.attention.title}>
      {list.length === 0 && <p class="good"><strong>{text.attention.nothing}</strong></p>}
      {list.length > 0 && <h2>{text.attention.title}</h2>}
      <ul class="plain-list">
        {list.map((need) => (
          <li key={need.text}><button type="button" class="plain" onClick={() => goToSection(need.section)}>{need.text}</button></li>
        ))}
      </ul>
    </section>
  );
}

function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
  return <dl class="facts">{rows.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}

const Runbook = ({ name }: { name: string }) => <a href={`#/documents/${name}`}>{words().openRunbook}</a>;

function Service() {
  const text = words();
  const { status, checks } = readiness.value!;
  return (
    <Section title={text.service} name="service">
      <p class={status === "ok" ? "good" : "problem"} role="status"><strong>{status === "ok" ? text.ready : text.notReady}</strong></p>
      <Table label={text.service} head={[text.check, text.result]} rows={Object.entries(checks).map(([name, check]) => [
        name.replaceAll("_", " "),
        <span class={check.ok ? "" : "problem"}>{check.ok ? "✓" : "✗"} {check.ok ? text.passed : text.failedCheck}: {check.detail}</span>,
      ])} />
    </Section>
  );
}

function Queue({ now: { queue, jobs, processes } }: { now: Operations }) {
  const text = words();
  return (
    <Section title={text.queue} name="queue">
      <Facts rows={[
        [text.dueTasks, queue.ready], [text.runningTasks, queue.running], [text.waitingTasks, queue.waiting], [text.deadTasks, queue.dead],
        [text.expiredLeases, queue.expired_leases], [text.oldestWaits, clock(queue.oldest_ready_seconds * 1000)],
        [text.processes, processes.length > 0 ? processes.join(", ") : text.none],
      ]} />
      <h3>{text.jobs}</h3>
      <Facts rows={Object.entries(jobs).map(([status, count]): [string, number] => [text.status[status] ?? status, count])} />
      <p><Runbook name="runbooks/jobs-not-moving" /></p>
    </Section>
  );
}

function Failures({ now: { failures, dead_tasks } }: { now: Operations }) {
  const text = words();
  return (
    <Section title={text.failures} name="failures" isWide>
      {failures.length === 0 && <p class="help">{text.noFailures}</p>}
      <ul class="plain-list causes">
        {failures.map((cause) => (
          <li key={`${cause.code}-${cause.stage}-${cause.provider}`}>
            <strong>{text.jobCount(cause.jobs)} · {text.stageNames[cause.stage] ?? cause.stage}{cause.provider && ` (${cause.provider})`} · {cause.code.replaceAll("_", " ")}</strong>
            <p>{cause.message}</p>
            <p><a href={`#/films/${cause.latest_job}`}>{text.latestFilm}</a> · <Runbook name={cause.runbook} /></p>
          </li>
        ))}
      </ul>
      {dead_tasks.length > 0 && (
        <>
          <h3>{text.deadTasks}</h3>
          <ul class="plain-list causes">
            {dead_tasks.map((task) => (
              <li key={task.task_id}>
                <strong>{task.name}</strong> · {text.attempts(task.attempts)} · <a href={`#/films/${task.job_id}`}>{text.film}</a>
                <p class="problem">{task.error}</p>
                <p>{text.requeueHelp} <Command line={`pytoon tasks requeue ${task.task_id}`} /></p>
              </li>
            ))}
          </ul>
          <p><Runbook name="runbooks/dead-tasks" /></p>
        </>
      )}
    </Section>
  );
}

const mib = (value: number | null | undefined): string =>
  (value == null ? words().unknownSize : `${(value / 1024).toLocaleString(language.value, { maximumFractionDigits: 1 })} GiB`);

function Storage({ now: { storage } }: { now: Operations }) {
  const text = words();
  const isLow = isStorageLow(storage);
  return (
    <Section title={text.storage} name="storage">
      <Facts rows={[
        [text.storage, text.storageKinds[storage.kind] ?? storage.kind],
        [text.free_, <span class={isLow ? "problem" : ""}>{mib(storage.free_mib)}</span>], [text.needed, mib(storage.needed_mib)],
      ]} />
      <p><Runbook name="runbooks/storage" /></p>
    </Section>
  );
}

function Keys({ now: { keys } }: { now: Operations }) {
  const text = words();
  return (
    <Section title={text.keys} isWide>
      {keys.length === 0 && <p class="help">{text.none}</p>}
      {keys.length > 0 && <Table label={text.keys} head={[text.name, text.scopes, text.perDay, text.state]} rows={keys.map((key) => [
        <>{key.name} <span class="help">{key.key_id}</span></>, key.scopes.join(", "),
        key.budget_per_day_usd == null ? text.noLimit : usd(key.budget_per_day_usd, language.value), key.is_revoked ? text.revoked : "",
      ])} />}
      <p><a href="#/documents/guides/keys">{text.guides}</a> · <Runbook name="runbooks/key-rotation" /></p>
    </Section>
  );
}
