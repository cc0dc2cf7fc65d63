//! Plans for the API, as `pytoon plan` makes them.

use pytoon_api::{PlanFailure, Planner};
use pytoon_config::read_brief;
use pytoon_core::brief::Brief;
use pytoon_pipeline::{Environment, PipelineError, plan_only};
use serde_json::Value;
use std::fmt;
use std::path::PathBuf;

/// Plans films with what this process has.
pub(crate) struct FilmPlanner(pub(crate) Environment);

impl fmt::Debug for FilmPlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FilmPlanner")
    }
}

fn internal(error: &dyn fmt::Display) -> PlanFailure {
    PlanFailure { field: None, reason: error.to_string() }
}

impl Planner for FilmPlanner {
    fn plan(&self, brief: &Brief) -> Result<Value, PlanFailure> {
        let text = serde_json::to_string(brief).map_err(|error| internal(&error))?;
        // Its paths are whole already.
        let file = read_brief("the brief", &text, PathBuf::from("/"));
        let file = file.map_err(|error| internal(&error))?;
        let scratch = tempfile::tempdir().map_err(|error| internal(&error))?;
        let planned = plan_only::plan(&self.0, &file, scratch.path());
        planned.map(|plan| plan.to_json()).map_err(|error| match &error {
            PipelineError::Input(wrong) => {
                let field = if wrong.field.is_empty() { "(body)" } else { &wrong.field };
                PlanFailure { field: Some(field.to_owned()), reason: wrong.reason.clone() }
            }
            _ if error.is_input() => {
                PlanFailure { field: Some("(body)".to_owned()), reason: error.to_string() }
            }
            _ => internal(&error),
        })
    }

    fn warnings(&self, brief: &Brief) -> Vec<String> {
        let engines = self.0.engines.engines();
        let asked = pytoon_api::engines_asked(brief);
        let lacking = asked.filter_map(|(field, name)| {
            let engine = engines.iter().find(|engine| engine.name == name)?;
            let why = if !engine.config.enabled {
                "is switched off (enabled: false)"
            } else if engine.has_key() {
                return None;
            } else {
                "has no key here"
            };
            let rest = "its scenes fall back to the next engine, at last to the local one";
            Some(format!("`{field}`: {name} {why}: {rest}"))
        });
        lacking.collect()
    }
}
