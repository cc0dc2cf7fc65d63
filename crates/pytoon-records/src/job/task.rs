//! The tasks that make a job's film: their kinds, their states, and the events that change these.

use crate::state::{InvalidTransition, State, names};
use pytoon_core::graph::{FilmGraph, Node, StageId};
use pytoon_vocabulary::UnixMs;
use serde::{Deserialize, Serialize};

/// The kind of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Plans scenes.
    Plan,
    /// Speaks the script and builds the timeline.
    Voice,
    /// Has one scene drawn by engines.
    Scene,
    /// Mixes the sound, over the final timeline.
    Mix,
    /// Draws and encodes one chunk of the picture.
    Compose,
    /// Joins, checks and delivers the film.
    Publish,
    /// Tells vendors that a job was cancelled.
    Cancel,
}

names!(TaskKind {
    Plan = "plan",
    Voice = "voice",
    Scene = "scene",
    Mix = "mix",
    Compose = "compose",
    Publish = "publish",
    Cancel = "cancel",
});

impl TaskKind {
    /// Returns the kind of task that makes a stage.
    pub fn of(stage: &StageId) -> Self {
        match stage {
            StageId::Plan => Self::Plan,
            StageId::Voice => Self::Voice,
            StageId::Scene(_) => Self::Scene,
            StageId::Mix => Self::Mix,
            StageId::Chunk(_) => Self::Compose,
            StageId::Publish => Self::Publish,
        }
    }
}

/// The state of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// It waits for other tasks of its job.
    Blocked,
    /// A worker may claim it, from its time on.
    Ready,
    /// A worker holds its lease.
    Running,
    /// Its job was stopped first.
    Parked,
    /// It is finished.
    Done,
    /// Dead letter: it failed, and runs again only if somebody requeues it.
    Dead,
    /// It belongs to an earlier brief of its job.
    Obsolete,
}

names!(TaskState {
    Blocked = "blocked",
    Ready = "ready",
    Running = "running",
    Parked = "parked",
    Done = "done",
    Dead = "dead",
    Obsolete = "obsolete",
});

/// Changes the state of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskEvent {
    /// The last task that it needs is done.
    Unblocked,
    /// A worker claims it.
    Claimed,
    /// A worker claims it after the lease of another has run out.
    TakenOver,
    /// Its worker has finished it.
    Finished,
    /// It has to wait, such as for a vendor; this is no failed attempt.
    PutOff,
    /// Its worker was stopped before it had finished.
    HandedBack,
    /// It failed and is retried after a pause.
    RetryScheduled,
    /// It failed for good.
    Died,
    /// Its job is stopped before a worker has begun it.
    Parked,
    /// Its lease runs out after its job was stopped.
    LostParked,
    /// Its job is retried, released or requeued.
    Requeued,
    /// Its job is retried from the choice of engines and voices on, because it was degraded.
    Restarted,
    /// Its job gets another brief.
    Superseded,
    /// The graph of the new brief has it too.
    Replanned,
}

names!(TaskEvent {
    Unblocked = "unblocked",
    Claimed = "claimed",
    TakenOver = "taken_over",
    Finished = "finished",
    PutOff = "put_off",
    HandedBack = "handed_back",
    RetryScheduled = "retry_scheduled",
    Died = "died",
    Parked = "parked",
    LostParked = "lost_parked",
    Requeued = "requeued",
    Restarted = "restarted",
    Superseded = "superseded",
    Replanned = "replanned",
});

impl State for TaskState {
    type Event = TaskEvent;
    type Invalid = InvalidTransition<Self>;
    const STATES: &'static [Self] = &Self::ALL;
    const EVENTS: &'static [TaskEvent] = &TaskEvent::ALL;

    fn apply(self, event: TaskEvent) -> Result<Self, InvalidTransition<Self>> {
        use TaskEvent as E;
        use TaskState as S;
        Ok(match (self, event) {
            (S::Blocked, E::Unblocked)
            | (S::Running, E::PutOff | E::HandedBack | E::RetryScheduled) => S::Ready,
            (S::Ready, E::Claimed) | (S::Running, E::TakenOver) => S::Running,
            (S::Running, E::Finished) => S::Done,
            (S::Running, E::Died) => S::Dead,
            (S::Blocked | S::Ready, E::Parked) | (S::Running, E::LostParked) => S::Parked,
            (S::Parked | S::Dead, E::Requeued) | (S::Obsolete, E::Replanned) => S::Blocked,
            // A worker that still runs it has lost it.
            (from, E::Restarted) if from != S::Obsolete => S::Blocked,
            (_, E::Superseded) => S::Obsolete,
            (from, event) => return Err(InvalidTransition { from, event }),
        })
    }
}

/// A task before it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTask {
    /// Its name within the job, such as `scene:scene_01`.
    pub name: String,
    /// Its kind.
    pub kind: TaskKind,
    /// The tasks that must be done before, by name. Those that do not exist count as done.
    pub needs: Vec<String>,
}

impl NewTask {
    /// Returns the tasks that make stages of a film.
    pub fn of(nodes: &[Node]) -> Vec<Self> {
        let task = |node: &Node| Self {
            name: node.stage.to_string(),
            kind: TaskKind::of(&node.stage),
            needs: node.needs.iter().map(StageId::to_string).collect(),
        };
        nodes.iter().map(task).collect()
    }

    /// Returns the tasks that every new job begins with.
    pub fn first() -> Vec<Self> {
        Self::of(FilmGraph::of_brief().nodes())
    }

    /// Returns the task that tells vendors of a cancel.
    pub fn cancel() -> Self {
        let kind = TaskKind::Cancel;
        Self { name: kind.to_string(), kind, needs: Vec::new() }
    }
}

/// A task as kept, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRow {
    /// Its name within the job.
    pub name: String,
    /// Its state; obsolete tasks are not listed.
    pub state: TaskState,
    /// The worker of its last claim.
    pub worker: Option<String>,
    /// Claims that failed or were lost.
    pub attempts: u32,
    /// The time from which on it may be claimed.
    pub run_at: UnixMs,
    /// The end of its lease.
    pub lease_until: UnixMs,
    /// The time of its last claim or change.
    pub claimed_at: UnixMs,
    /// The error of its last attempt.
    pub error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::checks::{assert_table, assert_walk, reachable};
    use proptest::prelude::*;
    use pytoon_core::graph::FilmShape;

    #[test]
    fn every_state_meets_every_event() {
        use TaskEvent as E;
        use TaskState as S;
        let current = &[S::Blocked, S::Ready, S::Running, S::Parked, S::Done, S::Dead];
        assert_table::<S>(&[
            (E::Unblocked, &[S::Blocked], S::Ready),
            (E::Claimed, &[S::Ready], S::Running),
            (E::TakenOver, &[S::Running], S::Running),
            (E::Finished, &[S::Running], S::Done),
            (E::PutOff, &[S::Running], S::Ready),
            (E::HandedBack, &[S::Running], S::Ready),
            (E::RetryScheduled, &[S::Running], S::Ready),
            (E::Died, &[S::Running], S::Dead),
            (E::Parked, &[S::Blocked, S::Ready], S::Parked),
            (E::LostParked, &[S::Running], S::Parked),
            (E::Requeued, &[S::Parked, S::Dead], S::Blocked),
            (E::Restarted, current, S::Blocked),
            (E::Superseded, &TaskState::ALL, S::Obsolete),
            (E::Replanned, &[S::Obsolete], S::Blocked),
        ]);
    }

    #[test]
    fn every_state_is_reached_and_none_is_a_trap() {
        for state in TaskState::ALL {
            assert_eq!(reachable(state).len(), TaskState::ALL.len(), "{state}");
        }
    }

    proptest! {
        #[test]
        fn a_task_runs_only_if_it_was_ready_and_ends_only_if_it_ran(
            events in proptest::collection::vec(any::<usize>(), 0..200),
        ) {
            assert_walk(TaskState::Blocked, &events, |from, to| {
                use TaskState as S;
                match to {
                    S::Running => assert!(matches!(from, S::Ready | S::Running), "{from}"),
                    S::Done | S::Dead => assert_eq!(from, S::Running),
                    S::Ready => assert!(matches!(from, S::Blocked | S::Running), "{from}"),
                    _ => {}
                }
            });
        }
    }

    #[test]
    fn names_lead_back() {
        for kind in TaskKind::ALL {
            assert_eq!(TaskKind::from_name(kind.as_str()), Some(kind));
        }
        for state in TaskState::ALL {
            assert_eq!(TaskState::from_name(state.as_str()), Some(state));
            assert_eq!(serde_json::to_value(state).expect("json"), state.as_str());
        }
    }

    #[test]
    fn a_stage_becomes_a_task_with_the_needs_of_its_node() {
        let shape = FilmShape { scenes: vec!["scene_02".into()], chunks: 1 };
        let tasks = NewTask::of(&FilmGraph::after_voice(&shape));
        let of: Vec<_> = tasks.iter().map(|task| (task.kind, task.name.as_str())).collect();
        let expected = [
            (TaskKind::Scene, "scene:scene_02"),
            (TaskKind::Mix, "mix"),
            (TaskKind::Compose, "compose:000"),
            (TaskKind::Publish, "publish"),
        ];
        assert_eq!(of, expected);
        assert_eq!(tasks[3].needs, ["mix", "compose:000"]);
    }
}
