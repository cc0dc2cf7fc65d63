//! `pytoon render`: renders a brief or a timeline.

use crate::cli::{RenderArgs, Verify};
use crate::context::Context;
use crate::output;
use anyhow::Context as _;
use pytoon_config::strict;
use pytoon_config::{BriefFile, ConfigError, load_brief, read_brief};
use pytoon_core::artifact;
use pytoon_core::timeline::Timeline;
use pytoon_core::timeline::format::TimelineFile;
use pytoon_core::timeline::upgrade::upgrade;
use pytoon_pipeline::RenderOptions;
use pytoon_pipeline::film::FilmSource;
use pytoon_pipeline::local::{self, Rendered};
use pytoon_pipeline::receipt::{Receipt, SceneReceipt};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Renders a brief or a timeline.
pub(crate) fn run(context: &Context, args: &RenderArgs) -> anyhow::Result<()> {
    let options = RenderOptions {
        draft: args.draft,
        verify_full: args.verify == Verify::Full,
        frames_out: args.frames_out.clone(),
        frame_hashes: args.frame_hashes.clone(),
    };
    let (source, root) = match (&args.brief, &args.timeline) {
        (_, Some(path)) => {
            let timeline = Box::new(read_timeline(path)?);
            let own = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let root = args.out.clone().unwrap_or_else(|| own.to_owned());
            (FilmSource::Timeline { timeline, takes: own.to_owned() }, root)
        }
        (Some(brief), None) => {
            let file = Box::new(read(brief)?);
            let root = args.out.clone().unwrap_or_else(|| context.new_job_folder());
            (FilmSource::Brief(file), root)
        }
        (None, None) => {
            anyhow::bail!("no film is given: name a brief, or a timeline with --timeline")
        }
    };
    let rendered =
        local::render(context.environment()?, source, &root, options).inspect_err(|error| {
            // Without a brief, the same command continues.
            if error.is_cancelled() && root.is_dir() && args.timeline.is_none() {
                output::note(format!("to continue: pytoon resume {}", root.display()));
            }
        })?;
    report(context, &rendered)
}

/// Runs a command and, if `path` is given, writes the metrics to that file, even if the command fails. Does not run
/// the command if the file's folder does not exist.
pub(crate) fn with_metrics(
    context: &Context,
    path: Option<&Path>,
    command: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let Some(path) = path else { return command().map(|()| ExitCode::SUCCESS) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // Found out before the film is made.
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let reason = format!("there is no folder {}", folder.display());
        return Err(ConfigError::file("--metrics-out", reason).into());
    }
    let done = command();
    pytoon_process::disk::write_whole(path, context.metrics.render().as_bytes())
        .map_err(|error| anyhow::anyhow!("failed to {error}"))?;
    done.map(|()| ExitCode::SUCCESS)
}

/// Reads a brief from a file or standard input.
pub(crate) fn read(name: &str) -> anyhow::Result<BriefFile> {
    if name != "-" {
        return Ok(load_brief(Path::new(name))?);
    }
    let mut text = String::new();
    std::io::stdin()
        .take(2 << 20)
        .read_to_string(&mut text)
        .context("failed to read standard input")?;
    Ok(read_brief("standard input", &text, PathBuf::new())?)
}

fn read_timeline(path: &Path) -> anyhow::Result<Timeline> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        ConfigError::file(&name, format!("the timeline cannot be read: {error}"))
    })?;
    let document = strict::parse(&name, &text)?;
    let value = upgrade(document.value.clone());
    let file: TimelineFile = strict::read(&name, &document, &value)?;
    file.try_into_timeline()
        .map_err(|(field, reason)| ConfigError::field(&name, &document, &field, reason).into())
}

pub(crate) fn report(context: &Context, rendered: &Rendered) -> anyhow::Result<()> {
    let further = || rendered.receipt.further_outputs.iter();
    if context.global.json {
        let paths: Vec<_> = further().map(|film| rendered.folder.join(&film.output.file)).collect();
        let value = serde_json::json!({
            "folder": rendered.folder,
            "output": rendered.folder.join(artifact::OUTPUT),
            "furtherOutputs": paths,
            "receipt": rendered.receipt,
        });
        return output::json(&value);
    }
    output::line(rendered.folder.join(artifact::OUTPUT).display().to_string());
    for film in further() {
        output::line(rendered.folder.join(&film.output.file).display().to_string());
    }
    if !context.global.quiet {
        summary(&rendered.receipt).into_iter().for_each(output::note);
    }
    // A finding is never hidden.
    for finding in &rendered.receipt.self_check.findings {
        output::note(format!("self-check: {}: {}", finding.check, finding.detail));
    }
    for film in further().filter(|film| film.findings > 0) {
        let times = if film.findings == 1 {
            "1 finding".to_owned()
        } else {
            format!("{} findings", film.findings)
        };
        output::note(format!(
            "self-check of {}: {times}, listed in {}",
            film.output.file, film.receipt
        ));
    }
    Ok(())
}

fn credit(scene: &SceneReceipt) -> String {
    scene.credit.as_ref().map(|credit| format!(" ({credit})")).unwrap_or_default()
}

fn summary(receipt: &Receipt) -> Vec<String> {
    let seconds = receipt.output.duration_ms as f64 / 1000.0;
    let voice = match (&receipt.voice.provider, &receipt.voice.voice) {
        (Some(provider), Some(voice)) => format!("{voice} ({provider})"),
        (Some(provider), None) => provider.clone(),
        (None, _) => "none".to_owned(),
    };
    let mut lines = vec![format!(
        "{seconds:.1} s, {}x{}, {:.1} MB, {} scenes, voice: {}, loudness: {}",
        receipt.output.width,
        receipt.output.height,
        receipt.output.size_bytes as f64 / 1e6,
        receipt.scenes.len(),
        voice,
        receipt.loudness.decoded_lufs.map_or("silent".into(), |lufs| format!("{lufs:.1} LUFS")),
    )];
    for scene in receipt.scenes.iter().filter(|scene| scene.engine_used != "local") {
        lines.push(format!("{}: {}{}", scene.scene_id, scene.engine_used, credit(scene)));
    }
    for scene in receipt.scenes.iter().filter(|scene| scene.fallback_used) {
        lines.push(format!("fallback: {}: {}", scene.scene_id, scene.reason));
    }
    if receipt.spend_usd > 0.0 {
        lines.push(format!("services charged ${:.2}", receipt.spend_usd));
    }
    lines.extend(receipt.warnings.iter().map(|w| format!("note: {}", w.message)));
    lines
}
