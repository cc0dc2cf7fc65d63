//! `pytoon redo`: changes one scene of a finished film and renders again only what changed.

use crate::cli::RedoArgs;
use crate::commands::{render, resume};
use crate::context::Context;
use pytoon_config::{ConfigError, load_brief};
use pytoon_core::layout;
use pytoon_core::scene::SceneGraph;
use pytoon_pipeline::film::FilmSource;
use pytoon_pipeline::{Environment, RenderOptions, local};
use std::path::Path;

/// Changes a scene.
pub(crate) fn run(context: &Context, args: &RedoArgs) -> anyhow::Result<()> {
    let root = resume::folder(context, &args.job)?;
    let refused = |reason: &str| ConfigError::file(root.display().to_string(), reason);
    if root.join(layout::WORK_DIR).is_dir() {
        let reason = "its film is not finished: finish it with `pytoon resume`; a job of the service \
                      is changed by `pytoon jobs redo`";
        return Err(refused(reason).into());
    }
    let brief = root.join(layout::BRIEF);
    if !brief.is_file() {
        return Err(refused("this folder holds no finished film of a brief").into());
    }
    let file = load_brief(&brief)?;
    let change = args.change.scene_change();
    let changed = change.applied(file.brief.clone(), &args.scene, scenes(&root));
    let changed = changed.map_err(|problem| problem_of(&problem.field, &problem.reason))?;
    if let Some(reason) = change.engine.as_deref().and_then(|it| context.config.unknown_engine(it))
    {
        return Err(problem_of("engine", &reason));
    }
    let draft = root.join(layout::CACHE_DIR).join(layout::DRAFT_MARK).is_file();
    let options = RenderOptions { draft, ..RenderOptions::default() };
    let environment = Environment { keeps_voice: true, ..context.environment()? };
    let source = FilmSource::Brief(Box::new(file.with_brief(changed)));
    render::report(context, &local::render(environment, source, &root, options)?)
}

/// Returns the error of a change that cannot be made.
pub(crate) fn problem_of(field: &str, reason: &str) -> anyhow::Error {
    match field {
        "(body)" => anyhow::anyhow!("name what is to change: --prompt, --engine or --caption"),
        field => anyhow::anyhow!("{field}: {reason}"),
    }
}

/// Returns the number of scenes of a finished film; 0 if it cannot be read.
fn scenes(root: &Path) -> usize {
    let graph = std::fs::read(root.join(layout::SCENE_GRAPH)).ok();
    let graph = graph.and_then(|bytes| serde_json::from_slice::<SceneGraph>(&bytes).ok());
    graph.map_or(0, |graph| graph.scenes.len())
}
