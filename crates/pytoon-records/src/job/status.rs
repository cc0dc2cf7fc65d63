//! The status of a job, and the events that change it.

use super::TaskKind;
use crate::state::{InvalidTransition, State, names};
use serde::{Deserialize, Serialize};

/// The status of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// The job waits for a worker: it is new, or it was queued again.
    Queued,
    /// A worker plans the scenes.
    PlanningScenes,
    /// A worker synthesizes the voice and times every word and scene.
    BuildingTimeline,
    /// Engines draw the scenes.
    RenderingScenes,
    /// Workers mix the audio, draw and encode the video, and check the file.
    Composing,
    /// The film is finished.
    Done,
    /// A task failed permanently, for the reason in `error`. Finished stages remain finished.
    Failed,
    /// The film would be degraded, and its brief requires a person's decision.
    Held,
    /// A person cancelled the job. Running tasks and vendor tasks are being stopped.
    Cancelling,
    /// The job was cancelled.
    Cancelled,
}

names!(JobStatus {
    Queued = "queued",
    PlanningScenes = "planning_scenes",
    BuildingTimeline = "building_timeline",
    RenderingScenes = "rendering_scenes",
    Composing = "composing",
    Done = "done",
    Failed = "failed",
    Held = "held",
    Cancelling = "cancelling",
    Cancelled = "cancelled",
});

/// An event that changes the status of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEvent {
    /// A worker claims the task that plans scenes.
    PlanClaimed,
    /// A worker claims the task that synthesizes the voice.
    VoiceClaimed,
    /// A worker claims a task in which engines draw a scene.
    SceneClaimed,
    /// A worker claims a task that mixes the audio, draws a chunk or publishes the film.
    ComposeClaimed,
    /// A worker claims the task that cancels vendor tasks.
    CancelClaimed,
    /// The film is published.
    Published,
    /// A task fails permanently.
    Failed,
    /// A task stops because the film would be degraded.
    Held,
    /// A person cancels the job before a worker has begun.
    Withdrawn,
    /// A person cancels the job after a worker has begun.
    CancelRequested,
    /// The last running task of a cancelled job ends, and vendors have been asked to cancel.
    CancelFinished,
    /// A person retries the job.
    Retried,
    /// A person releases the job.
    Released,
    /// A person requeues a dead task of the job.
    TaskRequeued,
    /// A person changes a scene of the job.
    Redone,
    /// A worker detects stages whose output is from another version.
    StartedOver,
}

names!(JobEvent {
    PlanClaimed = "plan_claimed",
    VoiceClaimed = "voice_claimed",
    SceneClaimed = "scene_claimed",
    ComposeClaimed = "compose_claimed",
    CancelClaimed = "cancel_claimed",
    Published = "published",
    Failed = "failed",
    Held = "held",
    Withdrawn = "withdrawn",
    CancelRequested = "cancel_requested",
    CancelFinished = "cancel_finished",
    Retried = "retried",
    Released = "released",
    TaskRequeued = "task_requeued",
    Redone = "redone",
    StartedOver = "started_over",
});

impl JobEvent {
    /// Returns the event that a claim of a task causes.
    pub fn of_claim(kind: TaskKind) -> Self {
        match kind {
            TaskKind::Plan => Self::PlanClaimed,
            TaskKind::Voice => Self::VoiceClaimed,
            TaskKind::Scene => Self::SceneClaimed,
            TaskKind::Mix | TaskKind::Compose | TaskKind::Publish => Self::ComposeClaimed,
            TaskKind::Cancel => Self::CancelClaimed,
        }
    }
}

impl State for JobStatus {
    type Event = JobEvent;
    type Invalid = InvalidTransition<Self>;
    const STATES: &'static [Self] = &Self::ALL;
    const EVENTS: &'static [JobEvent] = &JobEvent::ALL;

    fn apply(self, event: JobEvent) -> Result<Self, InvalidTransition<Self>> {
        use JobEvent as E;
        use JobStatus as S;
        Ok(match (self, event) {
            // The needs of tasks order the stages. The status only follows their claims, and may
            // lag: a claim does not wait for another transaction's job.
            (from, E::PlanClaimed) if from.is_active() => S::PlanningScenes,
            (from, E::VoiceClaimed) if from.is_active() => S::BuildingTimeline,
            (from, E::SceneClaimed) if from.is_active() => S::RenderingScenes,
            (from, E::ComposeClaimed) if from.is_active() => S::Composing,
            (S::Cancelling, E::CancelClaimed) => S::Cancelling,
            (from, E::Published) if from.is_active() => S::Done,
            (from, E::Failed) if from.is_active() => S::Failed,
            (from, E::Held) if from.is_active() => S::Held,
            (S::Queued, E::Withdrawn) | (S::Cancelling, E::CancelFinished) => S::Cancelled,
            (S::Failed | S::Held, E::CancelRequested) => S::Cancelling,
            (from, E::CancelRequested) if from.is_active() => S::Cancelling,
            (S::Failed | S::Cancelled, E::Retried)
            | (S::Held, E::Released)
            | (S::Failed | S::Held, E::TaskRequeued)
            | (S::Done | S::Failed | S::Held | S::Cancelled, E::Redone) => S::Queued,
            (from, E::StartedOver) if from.is_active() && from != S::Queued => S::Queued,
            (from, event) => return Err(InvalidTransition { from, event }),
        })
    }
}

impl JobStatus {
    /// Returns true while the job is neither at its end nor being cancelled, so that its film's tasks may run.
    pub fn is_active(self) -> bool {
        !self.is_terminal() && self != Self::Cancelling
    }

    /// Returns true if the job has ended: only a person can change its status.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Held | Self::Cancelled)
    }

    /// Returns the progress in percent, from the number of finished tasks and the number of known tasks. All tasks
    /// are known once the voice has been synthesized.
    pub fn progress_pct(self, done: u32, known: u32) -> u8 {
        match self {
            Self::Done => 100,
            Self::Queued => 0,
            Self::PlanningScenes => 2,
            Self::BuildingTimeline => 5,
            _ => {
                let share = f64::from(done) / f64::from(known.max(1));
                (10.0 + share * 89.0).clamp(0.0, 99.0) as u8
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::checks::{assert_table, assert_walk, reachable};
    use proptest::prelude::*;

    #[test]
    fn every_status_meets_every_event() {
        use JobEvent as E;
        use JobStatus as S;
        let active =
            &[S::Queued, S::PlanningScenes, S::BuildingTimeline, S::RenderingScenes, S::Composing];
        let stoppable = &[
            S::Queued,
            S::PlanningScenes,
            S::BuildingTimeline,
            S::RenderingScenes,
            S::Composing,
            S::Failed,
            S::Held,
        ];
        assert_table::<S>(&[
            (E::PlanClaimed, active, S::PlanningScenes),
            (E::VoiceClaimed, active, S::BuildingTimeline),
            (E::SceneClaimed, active, S::RenderingScenes),
            (E::ComposeClaimed, active, S::Composing),
            (E::CancelClaimed, &[S::Cancelling], S::Cancelling),
            (E::Published, active, S::Done),
            (E::Failed, active, S::Failed),
            (E::Held, active, S::Held),
            (E::Withdrawn, &[S::Queued], S::Cancelled),
            (E::CancelRequested, stoppable, S::Cancelling),
            (E::CancelFinished, &[S::Cancelling], S::Cancelled),
            (E::Retried, &[S::Failed, S::Cancelled], S::Queued),
            (E::Released, &[S::Held], S::Queued),
            (E::TaskRequeued, &[S::Failed, S::Held], S::Queued),
            (E::Redone, &[S::Done, S::Failed, S::Held, S::Cancelled], S::Queued),
            (E::StartedOver, &active[1..], S::Queued),
        ]);
    }

    #[test]
    fn only_a_person_changes_a_job_that_has_ended() {
        use JobEvent as E;
        let by_person = [E::CancelRequested, E::Retried, E::Released, E::TaskRequeued, E::Redone];
        for status in JobStatus::ALL.into_iter().filter(|status| status.is_terminal()) {
            for event in JobEvent::ALL {
                let is_allowed = status.apply(event).is_ok();
                assert!(!is_allowed || by_person.contains(&event), "{status} and {event}");
            }
        }
    }

    #[test]
    fn every_status_is_reached_and_none_is_a_trap() {
        for status in JobStatus::ALL {
            assert_eq!(reachable(status).len(), JobStatus::ALL.len(), "{status}");
        }
    }

    proptest! {
        #[test]
        fn a_cancelled_job_runs_again_only_after_it_was_queued(
            events in proptest::collection::vec(any::<usize>(), 0..200),
        ) {
            assert_walk(JobStatus::Queued, &events, |from, to| {
                use JobStatus as S;
                match from {
                    S::Cancelling => assert!(matches!(to, S::Cancelling | S::Cancelled), "{to}"),
                    S::Done | S::Failed | S::Held | S::Cancelled => {
                        assert!(matches!(to, S::Queued | S::Cancelling), "{to}");
                    }
                    _ => {}
                }
            });
        }
    }

    #[test]
    fn names_lead_back() {
        for status in JobStatus::ALL {
            assert_eq!(JobStatus::from_name(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).expect("json"), status.as_str());
        }
    }

    #[test]
    fn progress_grows_and_ends_at_a_hundred() {
        assert_eq!(JobStatus::Queued.progress_pct(0, 2), 0);
        assert_eq!(JobStatus::Composing.progress_pct(9, 10), 90);
        assert_eq!(JobStatus::Composing.progress_pct(10, 10), 99);
        assert_eq!(JobStatus::Done.progress_pct(10, 10), 100);
    }
}
