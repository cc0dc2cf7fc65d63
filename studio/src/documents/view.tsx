// The guides and runbooks of the service, read inside the page. Loaded when a document is opened.
import { signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { api, optional } from "../api";
import { destination, parseMarkdown, type Block, type Inline } from "../lib/markdown";
import { sentence } from "../state";
import { language, words } from "../text";
import type { Document } from "../types";

const documents = signal<Document[] | null>(null);

/** `place` is the name of a document with an anchor, such as `runbooks/tts#symptoms`; empty for the list. */
export default function DocumentsView({ place }: { place: string }) {
  const text = words();
  const problem = useSignal("");
  const isMissing = useSignal(false);
  useEffect(() => {
    if (documents.value) return;
    optional(api.documents()).then((read) => {
      documents.value = read;
      isMissing.value = read === null;
    }, (error) => (problem.value = sentence(error)));
  }, []);
  if (problem.value) return <><h1>{text.guides}</h1><p class="problem" role="alert">{problem.value}</p></>;
  if (isMissing.value) return <><h1>{text.guides}</h1><p>{text.noDocuments}</p></>;
  if (!documents.value) return <><h1>{text.guides}</h1><p class="help" role="status">{text.loading}</p></>;
  const [name = "", anchor = ""] = place.split("#");
  return name === "" ? <Contents all={documents.value} /> : <Reader key={name} name={name} anchor={anchor} />;
}

function Contents({ all }: { all: Document[] }) {
  const text = words();
  const part = (kind: Document["kind"], title: string) => (
    <section class="card">
      <h2>{title}</h2>
      <ul class="plain-list documents" lang="en">
        {all.filter((own) => own.kind === kind).map((own) => (
          <li key={own.name}><a href={`#/documents/${own.name}`}>{own.title}</a></li>
        ))}
      </ul>
    </section>
  );
  return (
    <>
      <h1>{text.guides}</h1>
      {language.value !== "en" && <p class="help">{text.documentsEnglish}</p>}
      {part("guide", text.guides)}
      {part("runbook", text.runbooks)}
    </>
  );
}

function Reader({ name, anchor }: { name: string; anchor: string }) {
  const text = words();
  const markdown = useSignal<string | null>(null);
  const problem = useSignal("");
  useEffect(() => {
    api.document(name).then((read) => (markdown.value = read), (error) => (problem.value = sentence(error)));
  }, [name]);
  const blocks = useMemo(() => parseMarkdown(markdown.value ?? ""), [markdown.value]);
  useEffect(() => {
    const heading = anchor && document.getElementById(`section-${anchor}`);
    if (!heading) return;
    heading.scrollIntoView();
    heading.focus({ preventScroll: true });
  }, [anchor, blocks]);
  return (
    <>
      <nav aria-label={text.allDocuments} class="back"><a href="#/documents">← {text.allDocuments}</a></nav>
      {problem.value && <><h1>{text.guides}</h1><p class="problem" role="alert">{problem.value}</p></>}
      {markdown.value === null && !problem.value && <p class="help" role="status">{text.loading}</p>}
      <article class="document" lang="en">{blocks.map((block, index) => <BlockView key={index} block={block} name={name} />)}</article>
    </>
  );
}

function BlockView({ block, name }: { block: Block; name: string }) {
  const inline = (inside: Inline[]) => <Inlines inside={inside} name={name} />;
  switch (block.kind) {
    case "heading": {
      const Tag = `h${block.level}` as "h1";
      return <Tag id={`section-${block.id}`} tabIndex={-1}>{inline(block.inside)}</Tag>;
    }
    case "paragraph":
      return <p>{inline(block.inside)}</p>;
    case "code":
      return <CodeBlock text={block.text} />;
    case "quote":
      return <blockquote>{block.blocks.map((own, index) => <BlockView key={index} block={own} name={name} />)}</blockquote>;
    case "list": {
      const items = block.items.map((item, index) => (
        <li key={index}>
          {item.map((own, at) => (own.kind === "paragraph" && at === 0
            ? <span key={at}>{inline(own.inside)}</span> : <BlockView key={at} block={own} name={name} />))}
        </li>
      ));
      return block.isOrdered ? <ol start={block.start}>{items}</ol> : <ul>{items}</ul>;
    }
    case "table":
      return (
        <div class="scroll" tabIndex={0} role="group" aria-label={words().table}>
          <table>
            <thead><tr>{block.head.map((cell, index) => <th key={index} scope="col">{inline(cell)}</th>)}</tr></thead>
            <tbody>
              {block.rows.map((row, index) => <tr key={index}>{row.map((cell, at) => <td key={at}>{inline(cell)}</td>)}</tr>)}
            </tbody>
          </table>
        </div>
      );
    case "rule":
      return <hr />;
  }
}

export function CodeBlock({ text }: { text: string }) {
  return <pre tabIndex={0}><code>{text}</code></pre>;
}

function Inlines({ inside, name }: { inside: Inline[]; name: string }): ComponentChildren {
  return inside.map((own, index) => {
    if (typeof own === "string") return own;
    if (own.kind === "code") return <code key={index}>{own.text}</code>;
    const children = <Inlines inside={own.inside} name={name} />;
    if (own.kind === "strong") return <strong key={index}>{children}</strong>;
    if (own.kind === "em") return <em key={index}>{children}</em>;
    const to = destination(own.target, name, (wanted) => documents.value?.some((known) => known.name === wanted) ?? false);
    if (to.kind === "document") return <a key={index} href={`#/documents/${to.name}${to.anchor && `#${to.anchor}`}`}>{children}</a>;
    if (to.kind === "web") return <a key={index} href={to.address} target="_blank" rel="noopener noreferrer">{children}</a>;
    // The file is in the repository, which the service does not have.
    return <span key={index} title={to.path}>{children}</span>;
  });
}
