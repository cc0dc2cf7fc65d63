//! Plans films for the API in the same way as `pytoon plan`.

use crate::commands::engines::unusable;
use pytoon_api::{DueClip, PlanFailure, PlannedAgain, Planner};
use pytoon_core::brief::Brief;
use pytoon_core::note::Note;
use pytoon_core::text::without_folders;
use pytoon_engines::world::{RealWorld, World};
use pytoon_pipeline::film::JobIdentity;
use pytoon_pipeline::plan_only::Plan;
use pytoon_pipeline::{Environment, PipelineError, plan_only, sources, voice_warnings};
use pytoon_records::job::files::FileStore;
use pytoon_vocabulary::{JobId, MicroUsd};
use pytoon_worker::brief;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// The API's planner. It uses this process's environment and store of uploaded files.
pub(crate) struct FilmPlanner {
    pub(crate) env: Environment,
    /// The store of uploaded files.
    pub(crate) files: Arc<dyn FileStore>,
}

impl fmt::Debug for FilmPlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FilmPlanner")
    }
}

pub(super) fn internal(error: &dyn fmt::Display) -> PlanFailure {
    PlanFailure { field: None, reason: without_folders(&error.to_string()) }
}

/// Converts a pipeline error to the failure of a plan, at a field of the brief if that is at fault.
pub(super) fn failure(error: &PipelineError) -> PlanFailure {
    match error {
        PipelineError::Input(wrong) => {
            let field = if wrong.field.is_empty() { "(body)" } else { &wrong.field };
            let near = wrong.suggestion.as_ref().map(|name| format!(" (did you mean `{name}`?)"));
            let reason = format!("{}{}", wrong.reason, near.unwrap_or_default());
            PlanFailure { field: Some(field.to_owned()), reason: without_folders(&reason) }
        }
        _ if error.is_input() => {
            let reason = without_folders(&error.to_string());
            PlanFailure { field: Some("(body)".to_owned()), reason }
        }
        _ => internal(error),
    }
}

impl FilmPlanner {
    fn plan_as(&self, brief: &Brief, job: Option<JobIdentity>) -> Result<Plan, PlanFailure> {
        let brief = serde_json::to_value(brief).map_err(|error| internal(&error))?;
        let scratch = tempfile::tempdir().map_err(|error| internal(&error))?;
        let file = brief::load(&brief, self.env.engines.storage(), self.files.as_ref());
        let planned = file.and_then(|file| plan_only::plan(&self.env, &file, scratch.path(), job));
        planned.map_err(|error| failure(&error))
    }
}

impl Planner for FilmPlanner {
    fn plan(&self, brief: &Brief) -> Result<Value, PlanFailure> {
        self.plan_as(brief, None).map(|plan| plan.to_json())
    }

    fn plan_again(&self, job: &JobId, brief: &Brief) -> Result<PlannedAgain, PlanFailure> {
        let job = JobIdentity { id: job.clone(), started_at_ms: RealWorld.now() };
        let plan = self.plan_as(brief, Some(job))?;
        let voice = plan.voice.as_ref().map(|quote| quote.estimated).unwrap_or_default();
        let clips = plan.due.iter().map(|clip| DueClip {
            scene_id: clip.scene_id.to_string(),
            engine: clip.engine.to_string(),
            price_usd: clip.price.as_usd(),
        });
        Ok(PlannedAgain {
            price: voice + plan.due.iter().map(|clip| clip.price).sum::<MicroUsd>(),
            voice,
            clips: clips.collect(),
            plan: plan.to_json(),
        })
    }

    fn check(&self, brief: &Brief) -> Result<(), PlanFailure> {
        let brief = serde_json::to_value(brief).map_err(|error| internal(&error))?;
        let file = brief::load(&brief, self.env.engines.storage(), self.files.as_ref());
        let checked = file.and_then(|file| sources::check(&self.env, &file));
        checked.map_err(|error| failure(&error))
    }

    fn engines_with_keys(&self) -> BTreeSet<String> {
        let engines = self.env.engines.engines();
        let usable = engines.iter().filter(|engine| engine.has_key());
        usable.map(|engine| engine.name.to_string()).collect()
    }

    fn warnings(&self, brief: &Brief) -> Vec<Note> {
        let engines = self.env.engines.engines();
        let asked = brief.engines_asked();
        let lacking = asked.filter_map(|(field, name)| {
            let engine = engines.iter().find(|engine| engine.name == name)?;
            let reason = unusable(engine)?;
            Some(Note::EngineUnavailable { field, engine: name.to_owned(), reason })
        });
        let mut warnings: Vec<Note> = lacking.collect();
        match voice_warnings(&self.env, brief) {
            Ok(voice) => warnings.extend(voice),
            // The job itself fails with this error, and names the setting.
            Err(error) => {
                warnings.push(Note::VoiceSettingsUnusable { reason: error.to_string() });
            }
        }
        warnings
    }
}
