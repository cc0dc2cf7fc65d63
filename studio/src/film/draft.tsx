// What a draft says about itself, and the way from a draft to the film.
import { useSignal } from "@preact/signals";
import { api } from "../api";
import { requestKey } from "../lib/request";
import { maySubmit, open, sentence } from "../state";
import { words } from "../text";
import type { Brief } from "../types";

export function DraftNote({ brief }: { brief: Brief }) {
  const text = words();
  const problem = useSignal("");
  const isSending = useSignal(false);
  const make = async () => {
    isSending.value = true;
    problem.value = "";
    try {
      const { profile: _, ...film } = brief;
      const { job_id } = await api.submit(film as Brief, requestKey());
      open(`/films/${job_id}`);
    } catch (error) {
      problem.value = sentence(error);
    } finally {
      isSending.value = false;
    }
  };
  return (
    <div class="row">
      <p class="help">{text.isDraft}</p>
      {maySubmit() && <button type="button" class="second" disabled={isSending.value} onClick={make}>{text.makeOfDraft}</button>}
      {problem.value && <p class="problem" role="alert">{problem.value}</p>}
    </div>
  );
}
