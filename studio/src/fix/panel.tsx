// The panel of changes: what changes, what is made again, what it costs, and the button that renders.
import { useId } from "preact/hooks";
import { usd } from "../lib/format";
import { announce } from "../state";
import { language, words } from "../text";
import { effectText, fieldName, priceText, valueText } from "./describe";
import type { FixStore } from "./state";

/** Shows the changes, and what another person changed meanwhile. Nothing without either. */
export function ChangesPanel({ fix, isRunning }: { fix: FixStore; isRunning: boolean }) {
  const text = words();
  const title = useId();
  const changes = fix.changes.value;
  const preview = fix.preview.value;
  if (fix.theirs.value) return <Conflict fix={fix} />;
  if (changes.length === 0) {
    return fix.isUpdated.value ? (
      <p class="notice" role="status">
        {text.updatedElsewhere}{" "}
        <button type="button" class="plain small" onClick={() => (fix.isUpdated.value = false)}>{text.close}</button>
      </p>
    ) : null;
  }
  const price = preview?.price_usd ?? 0;
  const send = async () => {
    if (await fix.render()) announce(words().changeSent);
  };
  return (
    <section class="card changes" aria-labelledby={title}>
      <h2 id={title}>{text.changeCount(changes.length)}</h2>
      <details>
        <summary>{text.showChanges}</summary>
        <ul class="plain-list">
          {changes.map((change) => (
            <li key={`${change.scene}-${change.field}`}>
              <span>
                <strong>{fieldName(change)}</strong>
                {change.field !== "take" && <>: {valueText(change.field, change.after)}</>}
              </span>
              <button type="button" class="plain small" aria-label={text.takeBackOf(fieldName(change))} onClick={() => fix.takeBack(change)}>
                {text.takeBack}
              </button>
            </li>
          ))}
        </ul>
      </details>
      <p role="status" class="effect">{preview ? `${effectText(preview)} ${priceText(preview)}` : fix.errors.length > 0 ? "" : text.previewing}</p>
      {fix.errors.length > 0 && (
        <div role="alert"><ul class="messages problem">{fix.errors.map((error) => <li key={error}>{error}</li>)}</ul></div>
      )}
      {isRunning && <p class="help">{text.waitForFilm}</p>}
      <div class="row">
        <button type="button" disabled={!preview || isRunning || fix.isSending.value} onClick={send}>
          {price > 0 ? text.renderFor(usd(price, language.value)) : text.renderAgain}
        </button>
        <button type="button" class="second" disabled={fix.isSending.value} onClick={() => fix.discard()}>{text.discard}</button>
      </div>
    </section>
  );
}

/** Asks what becomes of this person's changes after another person's change. */
function Conflict({ fix }: { fix: FixStore }) {
  const text = words();
  return (
    <section class="card changes" role="alert" aria-label={text.conflict}>
      <h2>{text.conflict}</h2>
      <p>{text.conflictHelp(fix.changes.value.length)}</p>
      <div class="row">
        <button type="button" onClick={() => fix.resolve(true)}>{text.keepMine}</button>
        <button type="button" class="second" onClick={() => fix.resolve(false)}>{text.takeTheirs}</button>
      </div>
    </section>
  );
}
