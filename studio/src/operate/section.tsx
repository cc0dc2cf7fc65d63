// The parts of the view of operators: sections and tables.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** The sections to which the list of problems leads. */
export type SectionName = "service" | "queue" | "failures" | "engines" | "voices" | "calls" | "storage";

/** A section of the view. Another part can lead to a section with a `name`. */
export function Section({ title, children, isWide = false, name }: { title: string; children: ComponentChildren; isWide?: boolean; name?: SectionName }) {
  const id = useId();
  return (
    <section class={isWide ? "card wide" : "card"} aria-labelledby={id}>
      <h2 id={id} data-section={name} tabIndex={name && -1}>{title}</h2>
      {children}
    </section>
  );
}

/** Scrolls to a section and moves the focus there. */
export function goToSection(name: SectionName): void {
  const heading = document.querySelector<HTMLElement>(`[data-section="${name}"]`);
  heading?.scrollIntoView({ block: "start" });
  heading?.focus();
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
