//! The life of a task, as a function of time.
//!
//! Guarantee: the state of a job is computed from its acceptance time, its duration, its fate and the time of
//! a cancel, so it survives a restart.

use crate::scenario::Fault;
use serde::{Deserialize, Serialize};

/// An accepted order and its predetermined course.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    /// The vendor's name for the operation.
    pub(crate) operation: String,
    /// The vendor's name for the model.
    pub(crate) model: String,
    /// The width of the delivered clip, in pixels.
    pub(crate) width: u32,
    /// The height of the delivered clip, in pixels.
    pub(crate) height: u32,
    /// The length of the delivered clip, in milliseconds.
    pub(crate) duration_ms: u64,
    /// The time in the queue at this simulator's speed, in milliseconds.
    pub(crate) queue_ms: u64,
    /// The time of generation at this simulator's speed, in milliseconds.
    pub(crate) run_ms: u64,
    /// A number that selects the colours and the motion of the generated clip.
    pub(crate) look: u64,
    /// The price if the job is charged, in millionths of a dollar.
    pub(crate) price_micro_usd: u64,
    /// The fault of this task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fate: Option<Fault>,
    /// The value of the rule that assigned the fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fate_value: Option<u64>,
    /// The number of remaining responses with an unknown status.
    #[serde(default)]
    pub(crate) odd_polls: u64,
    /// The number of remaining responses with an expired URL.
    #[serde(default)]
    pub(crate) stale_urls: u64,
    /// Data from the request that the vendor repeats in its responses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) echo: Option<serde_json::Value>,
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Phase {
    Queued,
    /// The job is running; the value is its progress from 0 to 1.
    Running(f64),
    Succeeded,
    Failed,
    Moderated,
    /// The vendor reports the job as finished, but there is no clip.
    CompletedWithError,
    Cancelled,
}

impl Phase {
    pub(crate) fn is_terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::Running(_))
    }

    /// Returns the name of the state in the ledger.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running(_) => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Moderated => "moderated",
            Self::CompletedWithError => "completed_with_error",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Job {
    /// Assigns a fault to the task. `value` is the value of the rule that drew the fault.
    pub(crate) fn doom(&mut self, fault: Fault, value: Option<u64>) {
        match fault {
            Fault::UnknownStatus => self.odd_polls = value.unwrap_or(3),
            Fault::ExpiredUrl => self.stale_urls = value.unwrap_or(1),
            Fault::DelayedClip => self.run_ms += value.unwrap_or(60_000),
            _ => {}
        }
        self.fate = Some(fault);
        self.fate_value = value;
    }

    /// Returns the state of the job `age_ms` milliseconds after its acceptance, if it is not cancelled.
    pub(crate) fn phase(&self, age_ms: u64) -> Phase {
        let Some(running) = age_ms.checked_sub(self.queue_ms) else {
            return Phase::Queued;
        };
        let end = match self.fate {
            // Moderation screens the order before generation ends.
            Some(Fault::Moderation) => (self.run_ms / 4, Phase::Moderated),
            Some(Fault::Failed) => (self.run_ms / 2, Phase::Failed),
            Some(Fault::CompletedWithError) => (self.run_ms, Phase::CompletedWithError),
            Some(Fault::Stuck) => (u64::MAX, Phase::Failed),
            _ => (self.run_ms, Phase::Succeeded),
        };
        if running >= end.0 {
            return end.1;
        }
        match self.fate {
            Some(Fault::Stuck) => Phase::Running(0.37),
            _ => Phase::Running(running as f64 / self.run_ms.max(1) as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(fate: Option<(Fault, Option<u64>)>) -> Job {
        let mut job = Job { queue_ms: 100, run_ms: 400, ..Job::default() };
        if let Some((fault, value)) = fate {
            job.doom(fault, value);
        }
        job
    }

    #[test]
    fn a_job_waits_runs_and_ends() {
        let job = job(None);
        assert_eq!(job.phase(99), Phase::Queued);
        assert_eq!(job.phase(200), Phase::Running(0.25));
        assert_eq!(job.phase(500), Phase::Succeeded);
    }

    #[test]
    fn fates_change_the_end() {
        for (fault, value, age, expected) in [
            (Fault::Moderation, None, 200, Phase::Moderated),
            (Fault::Failed, None, 299, Phase::Running(199.0 / 400.0)),
            (Fault::Failed, None, 300, Phase::Failed),
            (Fault::CompletedWithError, None, 500, Phase::CompletedWithError),
            (Fault::Stuck, None, 1 << 40, Phase::Running(0.37)),
            (Fault::DelayedClip, Some(400), 500, Phase::Running(0.5)),
            (Fault::BlackClip, None, 500, Phase::Succeeded),
        ] {
            assert_eq!(job(Some((fault, value))).phase(age), expected, "{fault:?}");
        }
    }
}
