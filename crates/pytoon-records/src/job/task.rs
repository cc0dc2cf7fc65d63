//! The tasks that make a job's film: their kinds, their states, and the events that change the states.

use crate::state::{InvalidTransition, State, names};
use pytoon_core::graph::{FilmGraph, Node, StageId};
use pytoon_vocabulary::UnixMs;
use serde::{Deserialize, Serialize};

/// The kind of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Plans the scenes of the film.
    Plan,
    /// Synthesizes the voice and builds the timeline.
    Voice,
    /// Obtains the clip of one scene from engines.
    Scene,
    /// Mixes the audio according to the final timeline.
    Mix,
    /// Draws and encodes one video chunk.
    Compose,
    /// Joins, checks and publishes the film.
    Publish,
    /// Asks vendors to cancel the tasks of a cancelled job.
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
    /// Returns the kind of task that runs a stage.
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
    /// The task waits for other tasks of its job.
    Blocked,
    /// A worker may claim the task once it is due.
    Ready,
    /// A worker holds the lease on the task.
    Running,
    /// The job was stopped before a worker began the task.
    Parked,
    /// A worker finished the task.
    Done,
    /// Dead letter: the task failed permanently; an operator can requeue it.
    Dead,
    /// The task belongs to an earlier brief of its job.
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

/// An event that changes the state of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskEvent {
    /// The last unfinished dependency of the task is done.
    Unblocked,
    /// A worker claims the task.
    Claimed,
    /// A worker claims the task after another worker's lease expired.
    TakenOver,
    /// The worker has finished the task.
    Finished,
    /// The task must wait, for example for a vendor. This is not a failed attempt.
    PutOff,
    /// The worker was stopped before it finished the task.
    HandedBack,
    /// The attempt failed, and the task is retried after a pause.
    RetryScheduled,
    /// The task failed permanently.
    Died,
    /// The job is stopped before a worker has begun the task.
    Parked,
    /// The lease on the task expires after the job was stopped.
    LostParked,
    /// The job is retried, released or requeued.
    Requeued,
    /// The degraded job is retried from the step that chooses engines and voices.
    Restarted,
    /// The job gets another brief.
    Superseded,
    /// The graph of the new brief also contains the task.
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

/// A task that is about to be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTask {
    /// The name of the task within the job, such as `scene:scene_01`.
    pub name: String,
    /// The kind of the task.
    pub kind: TaskKind,
    /// The names of the tasks that must be done first. Names without a task count as done.
    pub needs: Vec<String>,
}

impl NewTask {
    /// Returns the tasks that run stages of a film.
    pub fn of(nodes: &[Node]) -> Vec<Self> {
        let task = |node: &Node| Self {
            name: node.stage.to_string(),
            kind: TaskKind::of(&node.stage),
            needs: node.needs.iter().map(StageId::to_string).collect(),
        };
        nodes.iter().map(task).collect()
    }

    /// Returns the tasks with which every new job begins: those known before its voice is timed.
    pub fn first() -> Vec<Self> {
        Self::of(FilmGraph::of_brief().nodes())
    }

    /// Returns the task that asks vendors to cancel a job's work.
    pub fn cancel() -> Self {
        let kind = TaskKind::Cancel;
        Self { name: kind.to_string(), kind, needs: Vec::new() }
    }
}

/// A stored task, as shown to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRow {
    /// The name of the task within the job.
    pub name: String,
    /// The state of the task. Obsolete tasks are not listed.
    pub state: TaskState,
    /// The worker that last claimed the task.
    pub worker: Option<String>,
    /// The number of attempts: the latest one, and the earlier claims that failed or whose lease expired.
    pub attempts: u32,
    /// The time from which the task may be claimed.
    pub run_at: UnixMs,
    /// The time at which the last lease ends.
    pub lease_until: UnixMs,
    /// The time at which the task's state last changed; for a running task, the time of its claim.
    pub claimed_at: UnixMs,
    /// The error of the last attempt.
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
