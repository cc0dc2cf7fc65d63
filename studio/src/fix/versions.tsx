// The versions of a film: naming, comparing and restoring them.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Failure, api, optional } from "../api";
import { usd } from "../lib/format";
import { announce, maySubmit, sentence } from "../state";
import { language, words } from "../text";
import type { FilmVersion } from "../types";
import { Compare } from "./compare";

interface Props {
  id: string;
  /** Changes whenever the list has to be read again. */
  round: string;
  size: { width: number; height: number };
  isRunning: boolean;
  onQueued: () => void;
}

/** Names a version. */
export function versionName({ version, name }: FilmVersion): string {
  return name ? `${version} · ${name}` : words().versionNumber(version);
}

export function Versions({ id, round, size, isRunning, onQueued }: Props) {
  const text = words();
  const versions = useSignal<FilmVersion[] | null>(null);
  const compared = useSignal<number | null>(null);
  const problem = useSignal("");
  const read = async () => {
    try {
      versions.value = await optional(api.versions(id));
      problem.value = "";
    } catch (error) {
      problem.value = sentence(error);
    }
  };
  useEffect(() => void read(), [id, round]);
  const current = versions.value?.find((own) => own.is_current);
  const other = versions.value?.find((own) => own.version === compared.value);
  // One version is the film itself.
  if (!versions.value || versions.value.length < 2 || !current) {
    return problem.value ? <p class="problem" role="alert">{problem.value}</p> : null;
  }
  return (
    <section class="card" aria-labelledby="versions">
      <h2 id="versions">{text.versions}</h2>
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
      <ol class="plain-list versions">
        {versions.value.map((version) => (
          <li key={version.version}>
            <VersionRow id={id} version={version} isRunning={isRunning} isCompared={compared.value === version.version}
              onCompare={() => (compared.value = compared.value === version.version ? null : version.version)}
              onChange={() => void read()} onQueued={onQueued} />
          </li>
        ))}
      </ol>
      {other && <Compare key={`${other.version}-${current.version}`} id={id} left={other} right={current} size={size} />}
    </section>
  );
}

function VersionRow({ id, version, isRunning, isCompared, onCompare, onChange, onQueued }: {
  id: string; version: FilmVersion; isRunning: boolean; isCompared: boolean; onCompare: () => void; onChange: () => void;
  onQueued: () => void;
}) {
  const text = words();
  const name = useSignal<string | null>(null);
  const isAsking = useSignal(false);
  const problem = useSignal("");
  const act = async (action: () => Promise<unknown>, then: () => void) => {
    problem.value = "";
    try {
      await action();
      then();
    } catch (error) {
      problem.value = sentence(error);
    }
  };
  const rename = (event: Event) => {
    event.preventDefault();
    void act(() => api.nameVersion(id, version.version, name.value!.trim()), () => {
      name.value = null;
      onChange();
    });
  };
  /** The price that the service asked for; 0 until it asks for one. */
  const price = useSignal(0);
  const send = () => api.restoreVersion(id, version.version, price.value).catch((error) => {
    const asked = error instanceof Failure && error.status === 402 ? error.problem.price_usd : undefined;
    if (asked === undefined) throw error;
    price.value = asked;
    return null;
  });
  const restore = () => act(async () => {
    // With a price, the button shows it and asks again.
    if (!(await send())) return;
    isAsking.value = false;
    announce(words().changeSent);
    onQueued();
  }, () => undefined);
  const title = versionName(version);
  return (
    <>
      <div class="version">
        <span>
          <strong>{title}</strong>{version.is_current && ` (${text.currentVersion})`}{" "}
          <span class="help">{new Date(version.created_at).toLocaleString(language.value, { dateStyle: "medium", timeStyle: "short" })}</span>
        </span>
        {name.value === null && (
          <span class="group">
            {!version.is_current && (
              <button type="button" class="plain" aria-pressed={isCompared} aria-label={`${text.compare}: ${title}`} onClick={onCompare}>{text.compare}</button>
            )}
            {maySubmit() && (
              <button type="button" class="plain" aria-label={`${text.rename}: ${title}`} onClick={() => (name.value = version.name)}>{text.rename}</button>
            )}
            {maySubmit() && !version.is_current && (
              <button type="button" class="plain" disabled={isRunning} aria-label={`${text.restore}: ${title}`} onClick={() => (isAsking.value = true)}>
                {text.restore}
              </button>
            )}
          </span>
        )}
        {name.value !== null && (
          <form class="group" onSubmit={rename}>
            <input aria-label={text.versionName(version.version)} maxLength={100} value={name.value} autoFocus
              onInput={(event) => (name.value = event.currentTarget.value)}
              onKeyDown={(event) => event.key === "Escape" && (name.value = null)} />
            <button>{text.save}</button>
            <button type="button" class="plain" onClick={() => (name.value = null)}>{text.cancel}</button>
          </form>
        )}
      </div>
      {isAsking.value && (
        <p role="alert">
          {text.restoreHelp}{" "}
          <button type="button" onClick={restore}>{price.value > 0 ? text.restoreFor(title, usd(price.value, language.value)) : text.restoreNow(title)}</button>{" "}
          <button type="button" class="plain" onClick={() => (isAsking.value = false)}>{text.cancel}</button>
        </p>
      )}
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
    </>
  );
}
