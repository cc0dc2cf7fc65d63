// The frame of every view: the head, the view that the address names, and the login without a session.
import { signal, useSignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { api } from "./api";
import { clear } from "./make/state";
import { Make } from "./make/view";
import { announcement, forgetChanges, mayOperate, open, path, readSession, sentence, session } from "./state";
import { language, setLanguage, words } from "./text";
import { Films } from "./views/films";
import { Login } from "./views/login";

/** Returns a component that is loaded when it is first shown. */
function later<P extends object>(load: () => Promise<{ default: ComponentType<P> }>): ComponentType<P> {
  const loaded = signal<ComponentType<P> | null>(null);
  const problem = signal("");
  return (props: P) => {
    useEffect(() => {
      if (loaded.value) return;
      load().then((module) => (loaded.value = module.default), () => (problem.value = words().reload));
    }, []);
    const View = loaded.value;
    if (View) return <View {...props} />;
    return problem.value
      ? <p class="problem" role="alert">{problem.value}</p>
      : <p class="help" role="status">{words().loading}</p>;
  };
}

const FilmView = later(() => import("./film/view"));
const OperateView = later(() => import("./operate/view"));
const DocumentsView = later(() => import("./documents/view"));

export function App() {
  const problem = useSignal("");
  useEffect(() => {
    readSession().catch((error) => (problem.value = sentence(error)));
  }, []);
  const retry = () => {
    problem.value = "";
    readSession().catch((error) => (problem.value = sentence(error)));
  };
  return (
    <>
      <a class="skip" href="#content" onClick={focusContent}>{words().skip}</a>
      <Head />
      <main id="content" tabIndex={-1}>
        {problem.value && (
          <div class="card narrow">
            <h1>pytoon</h1>
            <p class="problem" role="alert">{problem.value}</p>
            <button type="button" onClick={retry}>{words().tryAgain}</button>
          </div>
        )}
        {session.value === null && <Login />}
        {session.value && <View />}
      </main>
      <div class="hidden" role="status" aria-live="polite">{announcement.value}</div>
    </>
  );
}

function focusContent(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function Head() {
  const text = words();
  const problem = useSignal("");
  const leave = async () => {
    problem.value = "";
    try {
      await api.logOut();
      // The next person at this computer starts with an empty form.
      clear();
      forgetChanges();
      session.value = null;
      open("/");
    } catch (error) {
      problem.value = sentence(error);
    }
  };
  const link = (to: string, label: string) => (
    <a href={`#${to}`} aria-current={path.value === to ? "page" : to !== "/" && path.value.startsWith(`${to}/`) ? "true" : undefined}>{label}</a>
  );
  return (
    <header>
      <a class="brand" href="#/">pytoon</a>
      <nav aria-label={text.mainMenu}>
        {session.value && link("/", text.films)}
        {session.value && link("/make", text.make)}
        {mayOperate() && link("/operate", text.operate)}
        {session.value && link("/documents", text.guides)}
      </nav>
      <div class="head-end">
        <button type="button" class="plain" lang={language.value === "en" ? "de" : "en"}
          onClick={() => setLanguage(language.value === "en" ? "de" : "en")}>
          {text.otherLanguage}
        </button>
        {session.value && !session.value.no_auth && (
          <button type="button" class="plain" onClick={leave}>{text.logOut}</button>
        )}
      </div>
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
    </header>
  );
}

function View() {
  const text = words();
  const [, view = "", id = ""] = path.value.split("/");
  const last = useRef(path.value);
  useEffect(() => {
    // A new view starts at its top, and screen readers and keyboards start there too.
    if (last.current === path.value) return;
    last.current = path.value;
    scrollTo(0, 0);
    document.getElementById("content")?.focus({ preventScroll: true });
  }, [path.value]);
  useEffect(() => {
    const titles: Record<string, string> = { make: text.make, films: text.film, operate: text.operate, documents: text.guides };
    document.title = `${titles[view] ?? text.films} · pytoon`;
  }, [view, text]);
  if (view === "") return <Films />;
  if (view === "make") return <Make />;
  if (view === "films" && id) return <FilmView id={decodeURIComponent(id)} key={id} />;
  if (view === "operate" && mayOperate()) return <OperateView />;
  if (view === "documents") return <DocumentsView place={path.value.slice("/documents".length).replace(/^\//, "")} />;
  return <h1>{text.missing}</h1>;
}
