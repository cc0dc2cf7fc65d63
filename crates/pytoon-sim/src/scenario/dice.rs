//! Decides for each request which faults apply.
//!
//! Guarantees: the decision depends only on the seed and on the order of matching requests. At most one fault of the
//! request and one fate of the task apply to a request: those of the first matching rules. A later rule that also
//! matches does not count the request.

use super::{Fault, Rule, Scenario, Step};
use crate::seed;

/// A scenario with the counters of its rules.
#[derive(Debug, Default)]
pub(crate) struct Dice {
    scenario: Scenario,
    counters: Vec<Counter>,
}

#[derive(Debug, Default, Clone)]
struct Counter {
    seen: u64,
    struck: u64,
}

/// The faults drawn for a request, each with its rule's value.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Drawn {
    /// The fault of the request itself.
    pub(crate) request: Option<(Fault, Option<u64>)>,
    /// The fault of the request's task.
    pub(crate) fate: Option<(Fault, Option<u64>)>,
}

impl Dice {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let counters = vec![Counter::default(); scenario.rules.len()];
        Self { scenario, counters }
    }

    pub(crate) fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Resets the counters and keeps the scenario.
    pub(crate) fn reset(&mut self) {
        self.counters.fill(Counter::default());
    }

    pub(crate) fn draw(&mut self, vendor: &str, step: Step, prompt: &str) -> Drawn {
        let mut drawn = Drawn::default();
        for (index, (rule, counter)) in
            self.scenario.rules.iter().zip(&mut self.counters).enumerate()
        {
            let slot = if rule.fault.is_fate() { &mut drawn.fate } else { &mut drawn.request };
            if slot.is_some() || !matches(rule, vendor, step, prompt) {
                continue;
            }
            let turn = counter.seen;
            counter.seen += 1;
            let roll = seed::unit(seed::mix_all(&[self.scenario.seed, index as u64, turn]));
            if turn >= rule.after
                && rule.times.is_none_or(|times| counter.struck < times)
                && roll < rule.probability
            {
                counter.struck += 1;
                *slot = Some((rule.fault, rule.documented_index().or(rule.value)));
            }
        }
        drawn
    }
}

fn matches(rule: &Rule, vendor: &str, step: Step, prompt: &str) -> bool {
    rule.step == step
        && rule.vendor.as_deref().is_none_or(|wanted| wanted == vendor)
        && rule.prompt_part.as_deref().is_none_or(|part| prompt.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dice(text: &str) -> Dice {
        Dice::new(Scenario::parse(text).unwrap())
    }

    fn strikes(dice: &mut Dice, count: usize) -> Vec<bool> {
        (0..count).map(|_| dice.draw("runway", Step::Poll, "a red fox").request.is_some()).collect()
    }

    #[test]
    fn after_and_times_count_matches() {
        let mut dice =
            dice(r#"{"rules":[{"step":"poll","fault":"server_error","after":1,"times":2}]}"#);
        assert_eq!(strikes(&mut dice, 5), [false, true, true, false, false]);
        dice.reset();
        assert_eq!(strikes(&mut dice, 2), [false, true]);
    }

    #[test]
    fn vendor_step_and_prompt_must_fit() {
        let mut dice =
            dice(r#"{"rules":[{"vendor":"runway","step":"poll","fault":"hang","match":"red"}]}"#);
        assert!(dice.draw("fal", Step::Poll, "red").request.is_none());
        assert!(dice.draw("runway", Step::Submit, "red").request.is_none());
        assert!(dice.draw("runway", Step::Poll, "blue").request.is_none());
        assert_eq!(dice.draw("runway", Step::Poll, "red").request, Some((Fault::Hang, None)));
    }

    #[test]
    fn probability_is_seeded() {
        let text = |seed: u64| {
            format!(
                r#"{{"seed":{seed},"rules":[{{"step":"poll","fault":"hang","probability":0.4}}]}}"#
            )
        };
        let (one, again, other) = (dice(&text(3)), dice(&text(3)), dice(&text(4)));
        let [one, again, other] = [one, again, other].map(|mut dice| strikes(&mut dice, 200));
        assert_eq!(one, again);
        assert_ne!(one, other);
        let struck = one.iter().filter(|struck| **struck).count();
        assert!((60..100).contains(&struck), "{struck}");
    }

    #[test]
    fn a_fault_and_a_fate_may_meet() {
        let mut dice = dice(
            r#"{"rules":[{"step":"submit","fault":"drop_after_accept"},
                {"step":"submit","fault":"failed"},{"step":"submit","fault":"hang"}]}"#,
        );
        let drawn = dice.draw("fal", Step::Submit, "");
        assert_eq!(drawn.request, Some((Fault::DropAfterAccept, None)));
        assert_eq!(drawn.fate, Some((Fault::Failed, None)));
    }
}
