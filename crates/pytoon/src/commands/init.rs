//! `pytoon init`: writes an example brief.

use crate::output;
use std::path::Path;

/// The example brief. A test checks it against the fields of a brief.
pub(crate) const EXAMPLE: &str = include_str!("example_brief.yaml");

/// Writes the example brief to a path. Fails if the file exists, unless `force` is set.
pub(crate) fn run(path: &Path, force: bool) -> anyhow::Result<()> {
    if path.exists() && !force {
        anyhow::bail!("{} already exists; name another file, or use --force", path.display());
    }
    pytoon_process::disk::write_whole(path, EXAMPLE.as_bytes())
        .map_err(|error| anyhow::anyhow!("failed to {error}"))?;
    output::line(path.display().to_string());
    output::note(format!("edit the brief, then run: pytoon render {}", path.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::EXAMPLE;
    use std::path::PathBuf;

    #[test]
    fn the_example_is_a_valid_brief() {
        pytoon_config::read_brief("brief.yaml", EXAMPLE, PathBuf::new()).expect("valid");
    }

    /// Checks that every optional line is valid once it is uncommented.
    #[test]
    fn every_commented_field_is_valid_too() {
        let text: String = EXAMPLE
            .lines()
            .map(|line| line.strip_prefix("# ~ ").unwrap_or(line))
            .flat_map(|line| [line, "\n"])
            .collect();
        let file = pytoon_config::read_brief("brief.yaml", &text, PathBuf::new()).expect("valid");
        let value = serde_json::to_value(&file.brief).expect("json");
        for field in [
            "prompt",
            "script",
            "media_files",
            "preset_id",
            "voice_file",
            "voice",
            "language",
            "captions",
            "music_source",
            "music_gain_db",
            "brand",
            "brand_safe",
            "engine_override",
            "target_duration_seconds",
            "max_scenes",
            "profile",
            "overlays",
            "scenes",
            "seed",
            "voice_script",
        ] {
            assert!(value.get(field).is_some(), "the example does not show `{field}`");
        }
    }
}
