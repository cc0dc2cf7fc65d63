// The form of a film, with its plan beside it.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api } from "../api";
import { requestKey } from "../lib/request";
import { maySubmit, open } from "../state";
import { words } from "../text";
import { Ends } from "./ends";
import { Files } from "./files";
import { Presets } from "./looks";
import { More } from "./more";
import { PlanView } from "./plan";
import { Script } from "./script";
import { Sound } from "./sound";
import { engines, failure, files, isEmpty, isUploading, otherErrors, outgoing, shownErrors, startPlanning } from "./state";
import { Transfer } from "./transfer";

export function Make() {
  const text = words();
  const isSending = useSignal(false);
  useEffect(startPlanning, []);
  useEffect(() => {
    api.engines().then((all) => (engines.value = all), () => undefined);
  }, []);

  const submit = async (isDraft: boolean) => {
    isSending.value = true;
    failure.value = null;
    try {
      const brief = isDraft ? { ...outgoing.value, profile: "test" } : outgoing.value;
      const { job_id } = await api.submit(brief, requestKey());
      open(`/films/${job_id}`);
    } catch (error) {
      failure.value = error;
    } finally {
      isSending.value = false;
    }
  };
  const errors = [...otherErrors(), ...shownErrors()];
  const missing = files.value.filter((file) => file.isMissing).length;
  const isReady = !isEmpty.value && !isUploading.value && !isSending.value && missing === 0 && errors.length === 0 && maySubmit();
  return (
    <>
      <h1>{text.make}</h1>
      {!maySubmit() && <p class="warning">{text.readOnly}</p>}
      <Transfer />
      <form class="make" onSubmit={(event) => event.preventDefault()}>
        <div class="make-fields">
          <Script />
          <Files />
          <Presets />
          <Sound />
          <Ends />
          <More />
        </div>
        <div class="make-plan">
          <div class="card actions">
            {errors.length > 0 && (
              <div role="alert" class="messages"><ul class="messages problem">{errors.map((error) => <li key={error}>{error}</li>)}</ul></div>
            )}
            <button type="button" class="second" disabled={!isReady} onClick={() => submit(true)}>{text.draft}</button>
            <button type="button" disabled={!isReady} onClick={() => submit(false)}>{text.render}</button>
            <p class={missing > 0 ? "warning" : "help"}>
              {isUploading.value ? text.waitForUploads : missing > 0 ? text.addMissing(missing) : text.draftHelp}
            </p>
          </div>
          <PlanView />
        </div>
      </form>
    </>
  );
}
