//! A job of the service: its status, and the tasks that make its film.
//!
//! Guarantees: pure values; [`JobStatus::is_terminal`] states change only by a person's command.
//!
//! Does not say which tasks there are and in which order ([`crate::graph`]), run them (the worker),
//! keep rows ([`store::JobStore`]) or notify submitters ([`webhook`]).
//!
//! Start with [`JobStatus`], then [`store::JobStore`].

pub mod files;
pub mod store;
pub mod webhook;

use pytoon_core::graph::{FilmGraph, Node, StageId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a job has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// Accepted; no worker has begun.
    Queued,
    /// Scenes are planned.
    PlanningScenes,
    /// The voice is spoken and every word and scene gets its time.
    BuildingTimeline,
    /// Engines draw scenes.
    RenderingScenes,
    /// Sound is mixed, the picture is drawn and encoded, the file is checked.
    Composing,
    /// The film is there.
    Done,
    /// It came to nothing; `error` says why. What was finished is kept.
    Failed,
    /// Its brief would rather wait than have a lesser film: a person releases it.
    Held,
    /// Asked to stop; what runs is being told.
    Cancelling,
    /// Stopped.
    Cancelled,
}

impl JobStatus {
    /// Every status.
    pub const ALL: [Self; 10] = [
        Self::Queued,
        Self::PlanningScenes,
        Self::BuildingTimeline,
        Self::RenderingScenes,
        Self::Composing,
        Self::Done,
        Self::Failed,
        Self::Held,
        Self::Cancelling,
        Self::Cancelled,
    ];

    /// The statuses from which a scene can be redone.
    pub const REDO_FROM: [Self; 4] = [Self::Done, Self::Failed, Self::Held, Self::Cancelled];

    /// The name as stored, logged and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::PlanningScenes => "planning_scenes",
            Self::BuildingTimeline => "building_timeline",
            Self::RenderingScenes => "rendering_scenes",
            Self::Composing => "composing",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether nothing is to be done any more, unless a person wants it.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Held | Self::Cancelled)
    }

    /// How far a job is, in percent, from its finished and known tasks. Before the voice has
    /// spoken nobody knows how many tasks there are.
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

/// What a task does.
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
    /// Joins, checks and hands over.
    Publish,
    /// Tells vendors that a job was cancelled.
    Cancel,
}

impl TaskKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Plan,
        Self::Voice,
        Self::Scene,
        Self::Mix,
        Self::Compose,
        Self::Publish,
        Self::Cancel,
    ];

    /// The name as stored, logged and counted; also the stage of an error.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Voice => "voice",
            Self::Scene => "scene",
            Self::Mix => "mix",
            Self::Compose => "compose",
            Self::Publish => "publish",
            Self::Cancel => "cancel",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

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

    /// The status of a job while such a task runs.
    pub fn status(self) -> JobStatus {
        match self {
            Self::Plan => JobStatus::PlanningScenes,
            Self::Voice => JobStatus::BuildingTimeline,
            Self::Scene => JobStatus::RenderingScenes,
            Self::Mix | Self::Compose | Self::Publish => JobStatus::Composing,
            Self::Cancel => JobStatus::Cancelling,
        }
    }
}

/// A task that is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTask {
    /// Its name within the job, such as `scene:scene_01`.
    pub name: String,
    /// What it does.
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_core::graph::FilmShape;

    #[test]
    fn names_lead_back() {
        for status in JobStatus::ALL {
            assert_eq!(JobStatus::from_name(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).expect("json"), status.as_str());
        }
        for kind in TaskKind::ALL {
            assert_eq!(TaskKind::from_name(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn a_stage_becomes_a_task_with_the_needs_of_its_node() {
        let shape = FilmShape { scenes: vec!["scene_02".to_owned()], chunks: 1 };
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

    #[test]
    fn progress_grows_and_ends_at_a_hundred() {
        assert_eq!(JobStatus::Queued.progress_pct(0, 2), 0);
        assert_eq!(JobStatus::Composing.progress_pct(9, 10), 90);
        assert_eq!(JobStatus::Composing.progress_pct(10, 10), 99);
        assert_eq!(JobStatus::Done.progress_pct(10, 10), 100);
    }
}
