//! A job of the service: what state it is in, and the graph of tasks that makes it.
//!
//! Guarantees: pure values; [`JobStatus::is_terminal`] states change only by a person's command;
//! the graph's names and order stand in one place ([`first_tasks`], [`tasks_after_voice`]).
//!
//! Does not run tasks (the worker), keep rows ([`store::JobStore`]) or tell of them
//! ([`webhook`]).
//!
//! Start with [`JobStatus`], then [`store::JobStore`].

pub mod files;
pub mod store;
pub mod webhook;

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
    fn new(kind: TaskKind, part: Option<&str>, needs: &[String]) -> Self {
        let name = part.map_or_else(|| kind.as_str().to_owned(), |part| task_name(kind, part));
        Self { name, kind, needs: needs.to_vec() }
    }
}

/// The name of one of several tasks of a kind.
pub fn task_name(kind: TaskKind, part: &str) -> String {
    format!("{}:{part}", kind.as_str())
}

/// What a new job begins with.
pub fn first_tasks() -> Vec<NewTask> {
    let plan = NewTask::new(TaskKind::Plan, None, &[]);
    let voice = NewTask::new(TaskKind::Voice, None, std::slice::from_ref(&plan.name));
    vec![plan, voice]
}

/// What follows once scenes and lengths are known: the scenes that engines draw, the sound, the
/// chunks of the picture, and the end.
pub fn tasks_after_voice(scenes: &[String], chunks: u32) -> Vec<NewTask> {
    let voice = [TaskKind::Voice.as_str().to_owned()];
    let mut tasks: Vec<NewTask> =
        scenes.iter().map(|scene| NewTask::new(TaskKind::Scene, Some(scene), &voice)).collect();
    let drawn: Vec<String> = tasks.iter().map(|task| task.name.clone()).collect();
    let needs = if drawn.is_empty() { &voice[..] } else { &drawn[..] };
    // The sound does not wait for the picture, nor one chunk for another.
    let mix = NewTask::new(TaskKind::Mix, None, needs);
    let chunks = (0..chunks)
        .map(|chunk| NewTask::new(TaskKind::Compose, Some(&format!("{chunk:03}")), needs));
    let made: Vec<NewTask> = std::iter::once(mix).chain(chunks).collect();
    let names: Vec<String> = made.iter().map(|task| task.name.clone()).collect();
    tasks.extend(made);
    tasks.push(NewTask::new(TaskKind::Publish, None, &names));
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn every_need_is_a_task_and_publish_comes_last() {
        for scenes in [vec![], vec!["scene_01".to_owned(), "scene_03".to_owned()]] {
            let mut all = first_tasks();
            all.extend(tasks_after_voice(&scenes, 3));
            for (index, task) in all.iter().enumerate() {
                for need in &task.needs {
                    let place = all.iter().position(|other| other.name == *need);
                    assert!(place.is_some_and(|place| place < index), "{}: {need}", task.name);
                }
            }
            let last = all.last().expect("tasks");
            assert_eq!((last.kind, last.needs.len()), (TaskKind::Publish, 4));
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
