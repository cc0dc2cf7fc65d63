//! Scenarios: the faults and the requests that they affect, the invalid keys, and the duration of tasks.
//!
//! Guarantees: an unknown field, fault, step or vendor is rejected by name.
//!
//! This module does not inject faults: `dice` decides when a rule applies, and the other modules execute the
//! fault.

mod dice;
mod yaml;

pub(crate) use dice::{Dice, Drawn};

use serde::{Deserialize, Serialize};

/// The vendors that a rule may name.
pub const VENDORS: &[&str] = &[
    "runway",
    "fal",
    "luma-agents",
    "luma-dm",
    "comfyui",
    "pexels",
    "pixabay",
    "acme",
    "openai",
    "speech-server",
    "elevenlabs",
    "google",
];

/// A scenario of faults and durations.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// The seed of task ids, of the clips' pictures, and of rules with a probability.
    pub seed: u64,
    /// The rules, which are tried in order for every request.
    pub rules: Vec<Rule>,
    /// The invalid keys.
    pub keys: Keys,
    /// The duration of tasks.
    pub defaults: Defaults,
}

/// A fault and the requests that it affects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The name of the vendor, one of [`VENDORS`]; any vendor if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// The operation of the affected requests: submit, poll, download and others.
    pub step: Step,
    /// The fault.
    pub fault: Fault,
    /// The probability that the fault applies to a matching request, once `after` requests have passed; default 1.
    #[serde(default = "always")]
    pub probability: f64,
    /// The number of matching requests that pass without a fault first.
    #[serde(default)]
    pub after: u64,
    /// The maximum number of times that the fault applies; no limit if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// A text that the prompt must contain; any prompt if absent.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub prompt_part: Option<String>,
    /// The name of a documented response of the vendor, for `documented`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// A number whose meaning depends on the fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<u64>,
}

impl Rule {
    /// Returns the index of the documented response that the rule names; `None` if the vendor has no such response.
    fn documented_index(&self) -> Option<u64> {
        let (vendor, answer) = (self.vendor.as_deref()?, self.answer.as_deref()?);
        crate::documented::answer_index(vendor, answer).map(|place| place as u64)
    }
}

fn always() -> f64 {
    1.0
}

/// The API keys that vendors reject, and the visibility of tasks between keys.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// Keys that operations reject, except those that are open to everyone.
    pub invalid: Vec<String>,
    /// Keys without credit. Orders with them are rejected.
    pub broke: Vec<String>,
    /// True if a task is visible only to the key that paid for it.
    pub isolated: bool,
}

/// The durations of tasks, before they are divided by the simulator's speed, and the type of fal's `duration`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// The time in the vendor's queue, in milliseconds.
    pub queue_ms: u64,
    /// The time of generation, in milliseconds.
    pub run_ms: u64,
    /// The type that fal accepts for `duration`, on which the sources disagree.
    pub fal_duration: FalDuration,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { queue_ms: 2000, run_ms: 6000, fal_duration: FalDuration::Integer }
    }
}

/// The type of fal's `duration`; see [`Defaults::fal_duration`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum FalDuration {
    Integer,
    String,
    Either,
}

/// The operation of a request, for any vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Step {
    Submit,
    Poll,
    Result,
    Cancel,
    Download,
    Upload,
    Health,
    Search,
}

/// A fault. The guide describes the effect of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "docs/guides/simulator.md has the table")]
pub enum Fault {
    Unauthorized,
    PaymentRequired,
    Forbidden,
    RateLimited,
    RateLimitedRetryAfter,
    RateLimitedRetryDate,
    Documented,
    ServerError,
    BadGateway,
    Unavailable,
    SlowDrip,
    Hang,
    DropBeforeAccept,
    DropAfterAccept,
    Garbage,
    RedirectPrivate,
    LooseJson,
    TruncatedClip,
    WrongClip,
    NotAVideo,
    BlackClip,
    FrozenClip,
    LoudClip,
    HugeClip,
    UnknownStatus,
    Moderation,
    Failed,
    CompletedWithError,
    ExpiredUrl,
    Lost,
    Stuck,
    DelayedClip,
}

impl Fault {
    /// Returns true if the fault affects the task rather than one request.
    pub(crate) fn is_fate(self) -> bool {
        self as u8 >= Self::TruncatedClip as u8
    }

    /// Returns true if the fault affects the clip's file.
    pub(crate) fn is_of_clip(self) -> bool {
        (Self::TruncatedClip as u8..=Self::HugeClip as u8).contains(&(self as u8))
    }
}

/// An error in a scenario, such as an unknown field or vendor.
#[derive(Debug, thiserror::Error)]
#[error("the scenario is wrong: {0}")]
pub struct ScenarioError(String);

impl Scenario {
    /// Parses and checks a scenario in JSON or YAML. A text that begins with a brace is JSON.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let value = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| ScenarioError(error.to_string()))?
        } else {
            yaml::parse(text).map_err(ScenarioError)?
        };
        let scenario: Self =
            serde_json::from_value(value).map_err(|error| ScenarioError(error.to_string()))?;
        scenario.check()
    }

    fn check(self) -> Result<Self, ScenarioError> {
        for (index, rule) in self.rules.iter().enumerate() {
            if let Some(vendor) = &rule.vendor
                && !VENDORS.contains(&vendor.as_str())
            {
                let known = VENDORS.join(", ");
                return Err(ScenarioError(format!(
                    "rules[{index}].vendor is {vendor:?}; known are {known}"
                )));
            }
            if (rule.fault == Fault::Documented || rule.answer.is_some())
                && rule.documented_index().is_none()
            {
                let reason =
                    "is not a documented answer of the rule's vendor; set `vendor` and `answer`";
                return Err(ScenarioError(format!("rules[{index}].answer {reason}")));
            }
            if !(0.0..=1.0).contains(&rule.probability) {
                return Err(ScenarioError(format!(
                    "rules[{index}].probability is not between 0 and 1"
                )));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_json_say_the_same() {
        let yaml = "seed: 7\nrules:\n  - {vendor: runway, step: submit, fault: hang, times: 2}\n\
                    keys: {invalid: ['a', \"1\"]}\n";
        let json = r#"{"seed":7,"rules":[{"vendor":"runway","step":"submit","fault":"hang",
            "times":2}],"keys":{"invalid":["a","1"]}}"#;
        let scenario = Scenario::parse(yaml).unwrap();
        assert_eq!(scenario, Scenario::parse(json).unwrap());
        assert_eq!(scenario.keys.invalid, ["a", "1"]);
        assert_eq!(scenario.defaults.run_ms, 6000);
    }

    #[test]
    fn what_is_unknown_is_refused_by_name() {
        for (text, name) in [
            (r#"{"sed":1}"#, "sed"),
            (r#"{"rules":[{"step":"submit","fault":"boom"}]}"#, "boom"),
            (r#"{"rules":[{"step":"dance","fault":"hang"}]}"#, "dance"),
            (r#"{"rules":[{"step":"poll","fault":"hang","vendor":"pika"}]}"#, "pika"),
            (r#"{"rules":[{"step":"poll","fault":"hang","probability":2}]}"#, "probability"),
            (r#"{"rules":[{"step":"poll","fault":"documented","vendor":"fal"}]}"#, "answer"),
            (r#"{"rules":[{"step":"poll","fault":"hang","answer":"x"}]}"#, "answer"),
        ] {
            let error = Scenario::parse(text).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn faults_are_sorted_into_requests_and_work() {
        assert!(!Fault::RedirectPrivate.is_fate());
        assert!(Fault::TruncatedClip.is_fate() && Fault::DelayedClip.is_fate());
        assert!(Fault::HugeClip.is_of_clip() && !Fault::UnknownStatus.is_of_clip());
    }
}
