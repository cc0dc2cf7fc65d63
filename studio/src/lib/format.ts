// Formats numbers for people. Pure.

/** Returns a time as `1:02.34`, or `0:02` without hundredths. */
export function clock(ms: number, withHundredths = false): string {
  const hundredths = Math.round(ms / 10);
  const whole = withHundredths ? Math.floor(hundredths / 100) : Math.round(ms / 1000);
  const text = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  return withHundredths ? `${text}.${String(hundredths % 100).padStart(2, "0")}` : text;
}

/** Parses `62.3`, `1:02` or `1:02.34` to milliseconds. Returns null for other texts. */
export function parseClock(text: string): number | null {
  const match = /^(?:(\d+):)?(\d+(?:[.,]\d+)?)$/.exec(text.trim());
  if (!match) return null;
  const seconds = Number(match[2]!.replace(",", "."));
  return Math.round((Number(match[1] ?? 0) * 60 + seconds) * 1000);
}

/** Returns seconds with one decimal in the given language, such as `1.5` or `1,5`. */
export function seconds(ms: number, language: string): string {
  return (ms / 1000).toLocaleString(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** Returns an amount in US dollars: `$0.00`, `$1.20`, and small amounts with up to four decimals. */
export function usd(amount: number, language: string): string {
  const digits = amount > 0 && amount < 0.1 ? 4 : 2;
  return amount.toLocaleString(language, {
    style: "currency", currency: "USD", currencyDisplay: "narrowSymbol", minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  });
}

/** Returns a size such as `1.8 MB`. */
export function size(bytes: number, language: string): string {
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "kB"] : [bytes / 1e6, "MB"];
  return `${value.toLocaleString(language, { maximumFractionDigits: 1 })} ${unit}`;
}

/** Returns the time since a moment, such as `5 minutes ago`. */
export function age(since: number, now: number, language: string): string {
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const past = Math.max(0, (now - since) / 1000);
  if (past < 60) return format.format(-Math.floor(past), "second");
  if (past < 3600) return format.format(-Math.floor(past / 60), "minute");
  if (past < 86_400) return format.format(-Math.floor(past / 3600), "hour");
  return format.format(-Math.floor(past / 86_400), "day");
}

/**
 * Returns the time left of a job in milliseconds, guessed when its progress last changed and counted down since. Null
 * while a guess is worthless, and when the guess has passed.
 */
export function timeLeft(first: { percent: number; at: number }, changedAt: number, now: number, percent: number): number | null {
  const elapsed = changedAt - first.at;
  const done = percent - first.percent;
  if (done < 8 || percent >= 100 || elapsed < 1000) return null;
  const left = (elapsed * (100 - percent)) / done - (now - changedAt);
  return left > 0 ? left : null;
}

/** Returns the first words of a text, with an ellipsis if there are more. */
export function firstWords(text: string, count = 8): string {
  const plain = text.replace(/<SHOT\s*\d*>|[*_#`>]|\[[^\]]*\]/gi, " ").trim();
  const all = plain.split(/\s+/).filter(Boolean);
  return all.length > count ? `${all.slice(0, count).join(" ")} …` : all.join(" ");
}
