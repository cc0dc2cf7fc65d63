//! Having one scene made anew.
//!
//! The change becomes part of the job's brief, and the job goes through its steps again: each finds
//! what it made before, so that only what the change is seen or heard in is made, and bought, again.

use crate::Api;
use crate::act::{after, conflict};
use crate::auth::{Caller, Scope};
use crate::extract::{ApiJson, ApiPath};
use crate::jobs::{Job, seen};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pytoon_config::{Config, read_brief};
use pytoon_core::brief::{Brief, FieldProblem, SceneOverride};
use pytoon_core::job::JobStatus;
use pytoon_core::job::store::{JobRow, SceneRow};
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;
use utoipa::ToSchema;

/// The statuses from which a scene can be made anew.
pub const REDO_FROM: [JobStatus; 4] =
    [JobStatus::Done, JobStatus::Failed, JobStatus::Held, JobStatus::Cancelled];

/// What is to be different about a scene; at least one of these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SceneChange {
    /// Another visual idea.
    #[schema(nullable = false)]
    pub prompt: Option<String>,
    /// Another engine; the same asks it again where the scene had fallen back.
    #[schema(nullable = false)]
    pub engine: Option<String>,
    /// Another caption, shown over the whole scene; what is spoken stays.
    #[schema(nullable = false)]
    pub caption: Option<String>,
}

impl SceneChange {
    fn is_empty(&self) -> bool {
        self.prompt.is_none() && self.engine.is_none() && self.caption.is_none()
    }
}

/// The place of a scene, 1 being the first, from `3` or `scene_03`.
fn place(scene: &str) -> Option<u32> {
    scene.strip_prefix("scene_").unwrap_or(scene).parse().ok().filter(|place| *place > 0)
}

/// The brief of a job with one scene changed.
///
/// Fails with the field that is wrong; `scene` where the job has no such scene.
pub fn redone(
    config: &Config,
    job: &JobRow,
    scenes: &[SceneRow],
    scene: &str,
    change: &SceneChange,
) -> Result<Value, FieldProblem> {
    if change.is_empty() {
        let reason = "name what is to be different: `prompt`, `engine` or `caption`";
        return Err(FieldProblem::new("(body)", reason));
    }
    let count = scenes.len();
    let place = place(scene).filter(|place| count == 0 || *place as usize <= count);
    let place = place.ok_or_else(|| {
        let reason = format!("there is no scene `{scene}`; the film has {count}, from 1");
        FieldProblem::new("scene", reason)
    })?;
    if let Some(reason) = change.engine.as_deref().and_then(|name| unknown_engine(config, name)) {
        return Err(FieldProblem::new("engine", reason));
    }
    let text = job.brief.to_string();
    let file = read_brief("the brief", &text, PathBuf::new())
        .map_err(|error| FieldProblem::new("(brief)", error.to_string()))?;
    let mut brief = file.brief;
    let index = brief.scenes.iter().position(|own| own.scene == place).unwrap_or_else(|| {
        brief.scenes.push(SceneOverride { scene: place, ..SceneOverride::default() });
        brief.scenes.len() - 1
    });
    let own = &mut brief.scenes[index];
    let put = |to: &mut Option<String>, from: &Option<String>| {
        if from.is_some() {
            to.clone_from(from);
        }
    };
    put(&mut own.prompt, &change.prompt);
    put(&mut own.engine, &change.engine);
    put(&mut own.caption, &change.caption);
    if change.engine.is_some() {
        own.take = Some(own.take.unwrap_or(0).saturating_add(1));
    }
    if let Some(problem) = brief.problem() {
        let ours = format!("scenes[{index}].");
        let field = problem.field.strip_prefix(&ours).unwrap_or(&problem.field);
        return Err(FieldProblem::new(field, problem.reason));
    }
    serde_json::to_value(&brief).map_err(|error| FieldProblem::new("(brief)", error.to_string()))
}

/// Why an engine cannot be asked for, where it is not known.
pub(crate) fn unknown_engine(config: &Config, name: &str) -> Option<String> {
    let known: Vec<&str> = config.engines.engines.names().collect();
    (!known.contains(&name)).then(|| {
        let list = known.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        format!("there is no engine `{name}`; there are {list}")
    })
}

/// Engines that a brief asks for, by field.
pub fn engines_asked(brief: &Brief) -> impl Iterator<Item = (String, &str)> {
    let whole = brief.engine_override.iter().map(|name| ("engine_override".to_owned(), name));
    let of_scenes = brief.scenes.iter().enumerate().filter_map(|(index, scene)| {
        Some((format!("scenes[{index}].engine"), scene.engine.as_ref()?))
    });
    whole.chain(of_scenes).map(|(field, name)| (field, name.as_str()))
}

/// Redo a scene
///
/// With another prompt, engine or caption. Only what the change is seen in is made again, and
/// nobody but the scene's own engines is asked. The earlier film stays until the new one is done.
#[utoipa::path(
    post,
    path = "/api/v2/jobs/{id}/scenes/{n}/redo",
    tag = "jobs",
    request_body(content = SceneChange, description = "What is to be different"),
    params(
        ("id" = String, Path, description = "The job"),
        ("n" = String, Path, description = "The scene: its place, from 1, or its id"),
    ),
    responses(
        (status = 202, description = "Taken", body = Job),
        (status = 400, description = "Not JSON", body = Problem),
        (status = 401, description = "No key", body = Problem),
        (status = 403, description = "The key may not submit", body = Problem),
        (status = 404, description = "No such job or scene", body = Problem),
        (status = 409, description = "The job has not ended", body = Problem),
        (status = 413, description = "Too large", body = Problem),
        (status = 415, description = "Not JSON by its type", body = Problem),
        (status = 422, description = "A field is wrong", body = Problem),
        (status = 429, description = "Too many requests", body = Problem),
        (status = 503, description = "The database does not answer", body = Problem),
    )
)]
pub(crate) async fn redo(
    State(api): State<Api>,
    caller: Caller,
    ApiPath((id, scene)): ApiPath<(String, String)>,
    ApiJson(body): ApiJson,
) -> Result<(StatusCode, Json<Job>), Problem> {
    caller.may(Scope::Submit)?;
    let row = seen(&api, &caller, &id).await?;
    let change: SceneChange = serde_json::from_value(Value::Object(body))
        .map_err(|error| Problem::field("(body)", error.to_string()))?;
    let scenes = api.jobs.job_scenes(&id).await?;
    let brief = redone(&api.config, &row, &scenes, &scene, &change).map_err(|problem| {
        if problem.field == "scene" {
            return Problem::new(StatusCode::NOT_FOUND, "no_such_scene", problem.reason);
        }
        Problem::field(&problem.field, problem.reason)
    })?;
    if !api.jobs.job_redo(&id, brief, REDO_FROM.to_vec()).await? {
        return Err(conflict(row.status, "a scene is made anew once the job has ended"));
    }
    Ok((StatusCode::ACCEPTED, after(&api, &caller, &id).await?))
}
