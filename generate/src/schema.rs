//! Writes JSON Schemas from the types, and the description of the HTTP API.

use anyhow::{Context, bail};
use pytoon_config::engines::EngineFile;
use pytoon_config::settings::Settings;
use pytoon_core::brief::{BrandKit, Brief};
use pytoon_core::caption::sidecar::CaptionsFile;
use pytoon_core::preset::Preset;
use pytoon_core::profile::Profile;
use pytoon_core::scene::SceneGraph;
use pytoon_core::timeline::Timeline;
use schemars::{Schema, schema_for};

fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("brief", schema_for!(Brief)),
        ("scene_graph", schema_for!(SceneGraph)),
        ("timeline", schema_for!(Timeline)),
        ("captions", schema_for!(CaptionsFile)),
        ("defaults", schema_for!(Settings)),
        ("engine", schema_for!(EngineFile)),
        ("preset", schema_for!(Preset)),
        ("profile", schema_for!(Profile)),
        ("brand", schema_for!(BrandKit)),
    ]
}

/// Writes the JSON Schemas and the OpenAPI document, or checks that they are up to date.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let folder = crate::root().join("config/schema");
    std::fs::create_dir_all(&folder)?;
    let mut stale = Vec::new();
    let mut files =
        vec![("API", crate::root().join("docs/openapi.json"), pytoon_api::openapi::document())];
    for (name, schema) in schemas() {
        let path = folder.join(format!("{name}.schema.json"));
        files.push((name, path, serde_json::to_string_pretty(&schema)? + "\n"));
    }
    for (name, path, text) in files {
        if check {
            if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
                stale.push(name);
            }
        } else {
            std::fs::write(&path, text)
                .with_context(|| format!("failed to write {}", path.display()))?;
        }
    }
    if !stale.is_empty() {
        bail!("the schemas of {} are out of date: run `cargo xtask schema`", stale.join(", "));
    }
    Ok(())
}
