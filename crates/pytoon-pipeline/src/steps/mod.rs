//! A film in steps that different processes may make: plan, voice, a step for each scene, mix, a
//! step for each chunk of the picture, publish.
//!
//! ```text
//! plan ─► voice ─► scene_01 … scene_n ─► mix, chunk 0 … chunk m (side by side) ─► publish
//! ```
//!
//! Guarantees: a step whose result is there and fits its input does nothing; a step that is killed
//! at any moment is simply run again; the film is the one that [`crate::render::Renderer`] makes of
//! the same brief. What was made stays in `.work`, so that a changed brief makes anew only what its
//! change is seen or heard in.
//!
//! Every step blocks its thread for as long as it takes, and may not be called from an async task.
//! A cancel by the environment's token is the user's: vendors are told to stop. A worker that only
//! wants to end lets its step run, or is killed.
//!
//! Does not say who works at which step, or when: one process at a time for a step is the caller's
//! to see to. Does not wait for vendors: a scene that would says so and is run again later.
//!
//! Start with [`Steps::new`]; the steps stand in [`Steps`] in their order.

mod film;
mod plan;
mod scene;
mod state;
#[cfg(test)]
mod tests;

pub use plan::{PlannedJob, VoicedJob, VoicedScene};
pub use pytoon_engines::engine_manager::SceneMemo;
pub use scene::SceneProgress;

use crate::PipelineError;
use crate::environment::Environment;
use crate::folder::JobFolder;
use crate::render::check_machine;
use std::path::Path;

/// What a job is known by, wherever it is worked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobIdentity {
    /// Its id, under which paid work is written down.
    pub id: String,
    /// When it was begun, in milliseconds since 1970: deadlines count from then.
    pub started_at_ms: i64,
}

/// A job's steps, over a job folder that several processes may open at the same time. A step that
/// needs another's result is given the same brief, and fails where that step was not done for it.
pub struct Steps {
    env: Environment,
    folder: JobFolder,
    started_at_ms: i64,
    draft: bool,
}

impl Steps {
    /// Opens a job's folder, making it when it is not there. `draft` makes a quarter-size film.
    pub fn new(
        env: Environment,
        root: &Path,
        job: JobIdentity,
        draft: bool,
    ) -> Result<Self, PipelineError> {
        check_machine(&env, root)?;
        let storage = env.engines.storage().folder();
        let folder = JobFolder::open_shared(root, storage, &job.id, job.started_at_ms)?;
        Ok(Self { env, folder, started_at_ms: job.started_at_ms, draft })
    }
}
