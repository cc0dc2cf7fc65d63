// The words of a problem: its title, its cause, and what a person can do about it.
import { noteText, words } from "../text";
import type { Bundle } from "./bundle";
import type { Problem } from "./problems";

export interface ProblemText {
  title: string;
  why: string[];
  advice: string;
}

export function problemText(problem: Problem, bundle: Bundle): ProblemText {
  const text = words().problem;
  switch (problem.kind) {
    case "fallback": {
      const { engineAsked, engineUsed, reason, attempts = [] } = problem.receipt;
      const failures = attempts.filter((own) => own.result !== "success").map((own) => `${own.engine}: ${own.reason || own.result}`);
      return {
        title: text.fallback(engineAsked, engineUsed),
        why: [reason, ...failures.filter((failure) => !reason.includes(failure))],
        advice: text.fallbackAdvice(engineAsked),
      };
    }
    case "warning":
      return { title: noteText(problem.note), why: [], advice: text.warningAdvice };
    case "finding":
      return { title: text.finding(problem.check), why: [problem.detail], advice: text.findingAdvice };
    case "off": {
      const title = problem.heard === null
        ? text.unheard(problem.word)
        : text.off(problem.word, problem.at - problem.heard);
      return { title, why: alignment(bundle), advice: text.offAdvice };
    }
    case "late":
      return { title: text.late(problem.text, problem.lateMs), why: lateReasons(problem, bundle), advice: text.lateAdvice };
    case "sync":
      return { title: text.sync(problem.offsetMs), why: [], advice: text.syncAdvice };
  }
}

/** States how the words were timed, since unsure times look like a late voice. */
function alignment(bundle: Bundle): string[] {
  const voice = bundle.receipt?.voice;
  if (!voice) return [];
  const text = words().problem;
  return [text.alignment(voice.alignment, voice.alignmentConfidence)];
}

function lateReasons(problem: Problem & { kind: "late" }, bundle: Bundle): string[] {
  const text = words().problem;
  const cues = bundle.timeline.tracks.captions;
  const index = cues.findIndex((cue) => cue.start === problem.at);
  const cue = cues[index];
  const first = cue?.words[0];
  if (!cue || !first) return [];
  const before = cues[index - 1];
  const lead = bundle.timeline.look.captions.leadMs;
  const why = [text.lateTimes(first.text, Math.max(0, first.start - lead), cue.start)];
  if (before && cue.start - before.end <= 100) why.push(text.lateBefore(before.text, before.end));
  return [...why, ...alignment(bundle)];
}
