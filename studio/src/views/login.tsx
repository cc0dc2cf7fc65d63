// The login.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Failure, api } from "../api";
import { sentence, session } from "../state";
import { words } from "../text";

/** Exchanges an API key for a session. The key is sent once; neither the page nor the browser's storage keeps it. */
export function Login() {
  const text = words();
  const problem = useSignal("");
  const isBusy = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const key = field.current!.value.trim();
    if (key === "") {
      problem.value = text.keyMissing;
      field.current!.focus();
      return;
    }
    isBusy.value = true;
    problem.value = "";
    try {
      const next = await api.logIn(key);
      field.current!.value = "";
      session.value = next;
    } catch (error) {
      problem.value = error instanceof Failure && error.status === 401 ? text.keyUnknown : sentence(error);
      field.current?.select();
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <form class="card narrow" onSubmit={submit} noValidate>
      <h1>{text.logIn}</h1>
      <label for="key">{text.key}</label>
      <input ref={field} id="key" type="password" autocomplete="off" spellcheck={false} autoFocus aria-required="true"
        aria-invalid={problem.value !== ""} aria-describedby="key-help key-problem" />
      <p id="key-help" class="help">{text.keyHelp}</p>
      <p id="key-problem" class="problem" role="alert">{problem.value}</p>
      <button disabled={isBusy.value}>{text.logIn}</button>
    </form>
  );
}
