//! `pytoon redo`: changes one scene of a finished film and renders again only what changed.

use crate::cli::RedoArgs;
use crate::commands::engines::unusable;
use crate::commands::{render, resume};
use crate::context::Context;
use crate::output;
use pytoon_config::{ConfigError, load_brief};
use pytoon_core::artifact;
use pytoon_core::brief::Brief;
use pytoon_core::brief::redo::{SceneChange, scene_place};
use pytoon_core::plan::LOCAL_ENGINE;
use pytoon_core::scene::SceneGraph;
use pytoon_pipeline::film::FilmSource;
use pytoon_pipeline::{Environment, RenderOptions, local};
use std::path::Path;

/// Changes one scene of a film and renders the film again.
pub(crate) fn run(context: &Context, args: &RedoArgs) -> anyhow::Result<()> {
    let root = resume::folder(context, &args.job)?;
    let refused = |reason: &str| ConfigError::file(root.display().to_string(), reason);
    if root.join(artifact::WORK_DIR).is_dir() {
        let reason = "the film is not finished: finish it with `pytoon resume`; for a job of the \
                      service, use `pytoon jobs redo`";
        return Err(refused(reason).into());
    }
    let brief = root.join(artifact::BRIEF);
    if !brief.is_file() {
        let reason = format!(
            "this folder contains no finished film that was made from a brief: {} is missing",
            artifact::BRIEF
        );
        return Err(refused(&reason).into());
    }
    let file = load_brief(&brief)?;
    let change = args.change.scene_change();
    let changed = changed_brief(context, file.brief.clone(), &args.scene, scenes(&root), &change)?;
    let environment = Environment { keeps_voice: true, ..context.environment()? };
    let engine = change.engine.as_deref().and_then(|name| environment.engines.engines().get(name));
    if let Some((engine, reason)) = engine.and_then(|it| Some((&it.name, unusable(it)?))) {
        return Err(ConfigError::file("--engine", format!("`{engine}` {reason}")).into());
    }
    let draft = root.join(artifact::CACHE_DIR).join(artifact::DRAFT_MARK).is_file();
    let options = RenderOptions { draft, ..RenderOptions::default() };
    let source = FilmSource::Brief(Box::new(file.with_brief(changed)));
    let rendered = local::render(environment, source, &root, options)?;
    render::report(context, &rendered)?;
    let place = scene_place(&args.scene).and_then(|place| place.checked_sub(1));
    let scene = place.and_then(|index| rendered.receipt.scenes.get(index as usize));
    if let Some(scene) =
        scene.filter(|it| change.prompt.is_some() && it.engine_used == LOCAL_ENGINE)
    {
        output::note(format!(
            "note: {}: the prompt has no effect: the local engine drew the scene, and only other \
            engines use prompts; choose one with --engine (`pytoon engines` lists them)",
            scene.scene_id
        ));
    }
    Ok(())
}

/// Returns a copy of the brief with one scene changed.
///
/// # Errors
/// Returns an error that names the invalid argument.
pub(crate) fn changed_brief(
    context: &Context,
    brief: Brief,
    scene: &str,
    count: usize,
    change: &SceneChange,
) -> Result<Brief, ConfigError> {
    if let Some(name) = &change.engine
        && let Some(reason) = context.config.unknown_engine(name)
    {
        let known = context.config.engines.engines.names();
        return Err(ConfigError::file("--engine", reason).suggest(name, known));
    }
    change.apply_to(brief, scene, count).map_err(|problem| match problem.field.as_str() {
        "(body)" => {
            ConfigError::file("redo", "no change is given: add --prompt, --engine or --caption")
        }
        field => ConfigError::file(format!("--{field}"), problem.reason),
    })
}

/// Returns the number of scenes in a finished film; 0 if the film cannot be read.
fn scenes(root: &Path) -> usize {
    let graph = std::fs::read(root.join(artifact::SCENE_GRAPH)).ok();
    let graph = graph.and_then(|bytes| serde_json::from_slice::<SceneGraph>(&bytes).ok());
    graph.map_or(0, |graph| graph.scenes.len())
}
