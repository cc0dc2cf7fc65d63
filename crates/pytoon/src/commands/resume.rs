//! `pytoon resume`: resumes an unfinished job from its folder.

use crate::commands::render;
use crate::context::Context;
use pytoon_config::{ConfigError, load_brief};
use pytoon_core::artifact;
use pytoon_pipeline::film::FilmSource;
use pytoon_pipeline::local;
use pytoon_pipeline::{Environment, RenderOptions};
use std::path::{Path, PathBuf};

/// Resumes an unfinished job and renders its film.
pub(crate) fn run(context: &Context, job: &Path) -> anyhow::Result<()> {
    let root = folder(context, job)?;
    let brief = root.join(artifact::WORK_DIR).join(artifact::BRIEF);
    if !brief.is_file() {
        let reason = if root.join(artifact::OUTPUT).is_file() {
            "this job is finished: nothing to resume"
        } else {
            "this folder contains no unfinished job: name the folder that `pytoon render` printed"
        };
        return Err(ConfigError::file(root.display().to_string(), reason).into());
    }
    let file = load_brief(&brief)?;
    let draft = root.join(artifact::WORK_DIR).join(artifact::DRAFT_MARK).is_file();
    let options = RenderOptions { draft, ..RenderOptions::default() };
    let environment = Environment { keeps_voice: true, ..context.environment()? };
    let source = FilmSource::Brief(Box::new(file));
    let rendered = local::render(environment, source, &root, options)?;
    render::report(context, &rendered)
}

/// Returns the folder of a job that is given as a path, or as a name below `storage/jobs`.
pub(crate) fn folder(context: &Context, job: &Path) -> anyhow::Result<PathBuf> {
    let jobs = Path::new(&context.config.settings.storage_dir).join("jobs");
    let found = [job.to_owned(), jobs.join(job)].into_iter().find(|path| path.is_dir());
    let own = [artifact::WORK_DIR, artifact::CACHE_DIR];
    if let Some(inner) = found.as_ref().filter(|path| own.iter().any(|name| path.ends_with(name))) {
        let reason = "this folder is inside a film's folder: name the film's folder";
        return Err(ConfigError::file(inner.display().to_string(), reason).into());
    }
    found.ok_or_else(|| {
        let reason = format!(
            "there is neither a folder nor a job of this name; jobs are in {}",
            jobs.display()
        );
        let entries = std::fs::read_dir(&jobs).into_iter().flatten().flatten();
        let names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        let job = job.display().to_string();
        ConfigError::file(&job, reason).suggest(&job, names.iter().map(String::as_str)).into()
    })
}
