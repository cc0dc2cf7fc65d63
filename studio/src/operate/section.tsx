// The parts of the view of operators: sections and tables.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** A section of the view. */
export function Section({ title, children, isWide = false }: { title: string; children: ComponentChildren; isWide?: boolean }) {
  const id = useId();
  return (
    <section class={isWide ? "card wide" : "card"} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

/** A table that scrolls in itself on a phone. */
export function Table({ label, head, rows }: { label: string; head: string[]; rows: ComponentChildren[][] }) {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={label}>
      <table>
        <thead><tr>{head.map((cell) => <th key={cell} scope="col">{cell}</th>)}</tr></thead>
        <tbody>{rows.map((row, index) => <tr key={index}>{row.map((cell, at) => <td key={at}>{cell}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}
