//! Renders a few seconds of a preset, so that a person can see it before a film is made.
//!
//! Guarantees: the local engine draws the film, and nothing is purchased; equal presets have the same file name.
//!
//! Start with [`file_name`] and [`render`].

use crate::environment::{Environment, NoProgress};
use crate::film::FilmSource;
use crate::local;
use crate::options::RenderOptions;
use crate::{PipelineError, Result};
use pytoon_config::read_brief;
use pytoon_core::artifact;
use pytoon_core::chain::LOCAL_ENGINE;
use pytoon_core::preset::Preset;
use pytoon_records::job::keys::sha256_hex;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of the previews within the storage folder.
const FOLDER: &str = "previews";
/// The script of the previews.
const SCRIPT: &str = "Words that move. Made in minutes.";

fn brief(preset_id: &str) -> Value {
    json!({
        "script": SCRIPT,
        "language": "en",
        "preset_id": preset_id,
        "profile": "test",
        "voice": "off",
        "music_source": "none",
        "engine_override": LOCAL_ENGINE,
        "target_duration_seconds": 3,
        "max_scenes": 2,
    })
}

/// Returns the path of a preset's preview, relative to the storage folder. It depends on the content of the preset and on
/// this version.
pub fn file_name(preset_id: &str, preset: &Preset) -> String {
    let content = json!([env!("CARGO_PKG_VERSION"), preset, brief(preset_id)]);
    let hash = sha256_hex(content.to_string());
    format!("{FOLDER}/{preset_id}-{}.mp4", &hash[..32])
}

/// Renders the preview of a preset into a file, and removes the previews of its earlier contents.
///
/// # Errors
/// Returns an error if the film cannot be rendered or stored.
pub fn render(env: Environment, preset_id: &str, target: &Path) -> Result<()> {
    let failed = |error: std::io::Error| {
        PipelineError::Internal(format!("failed to store the preview of a preset: {error}"))
    };
    let folder = target.parent().unwrap_or(target);
    std::fs::create_dir_all(folder).map_err(failed)?;
    let scratch =
        tempfile::Builder::new().prefix(".preview-").tempdir_in(folder).map_err(failed)?;
    let file = read_brief("the preview", &brief(preset_id).to_string(), PathBuf::from("/"))?;
    // The render unloads its voices at its end; others may use those of this process.
    let env = Environment { voices: Arc::default(), progress: Arc::new(NoProgress), ..env };
    let root = scratch.path().join("film");
    let source = FilmSource::Brief(Box::new(file));
    local::render(env, source, &root, RenderOptions::default())?;
    std::fs::rename(root.join(artifact::OUTPUT), target).map_err(failed)?;
    let ours = target.file_name();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let is_earlier = text.rsplit_once('-').is_some_and(|(of, _)| of == preset_id);
        if is_earlier && Some(name.as_os_str()) != ours {
            // It stays unused if it cannot be removed.
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}
