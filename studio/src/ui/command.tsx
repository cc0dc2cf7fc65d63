// A command for a terminal, with a button that copies it.
import { useSignal } from "@preact/signals";
import { announce } from "../state";
import { words } from "../text";

export function Command({ line }: { line: string }) {
  const text = words();
  const isCopied = useSignal(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(line);
      isCopied.value = true;
      announce(words().copied);
      setTimeout(() => (isCopied.value = false), 2000);
    } catch {
      // Without a secure origin there is no clipboard; the command can still be selected.
    }
  };
  return (
    <span class="command">
      <code>{line}</code>
      {navigator.clipboard && (
        <button type="button" class="plain small" aria-label={`${text.copy}: ${line}`} onClick={copy}>{isCopied.value ? text.copied : text.copy}</button>
      )}
    </span>
  );
}
