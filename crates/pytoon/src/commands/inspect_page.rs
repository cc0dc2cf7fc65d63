//! The self-contained HTML file of `pytoon inspect --html`: the studio's timeline with the facts of one film.
//!
//! Guarantees: the file loads nothing, and no text of the film ends the element that contains its JSON.

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pytoon_audio::peaks;
use pytoon_core::artifact;
use pytoon_core::text::without_folders;
use pytoon_pipeline::inspect::Inspection;
use serde_json::{Map, Value, json};
use std::path::Path;

/// The name of the template in the studio's files.
const TEMPLATE: &str = "inspect.html";
/// The text of the template that the JSON replaces. The template contains it once.
const MARKER: &str = "PYTOON_BUNDLE";
/// The resolution of the waveforms, which is the finer one of the API.
const SAMPLES_PER_PAIR: u32 = 256;

/// Returns the HTML file of an inspected film. `root` is the folder of its job.
pub(super) fn html(root: &Path, found: &Inspection) -> anyhow::Result<String> {
    let Some(template) = pytoon_studio::file(TEMPLATE) else {
        bail!(
            "this build of pytoon has no page for --html: run `make studio` and build pytoon again, \
             or omit --html"
        );
    };
    let template = std::str::from_utf8(template.plain).context("the page is not UTF-8")?;
    let (before, after) =
        template.split_once(MARKER).context("the page has no place for a film")?;
    let json = in_script(&bundle(root, found)?.to_string());
    Ok([before, &json, after].concat())
}

/// Returns everything that the page shows of a film.
fn bundle(root: &Path, found: &Inspection) -> anyhow::Result<Value> {
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    let sounds = &found.sounds;
    let mut peaks = Map::new();
    for (track, samples) in
        [("voice", &sounds.voice), ("music", &sounds.music), ("mixed", &sounds.mix)]
    {
        // A track is empty if its file cannot be read. The page then omits its row.
        if !samples.is_empty() {
            let file = peaks::waveform_data(samples, SAMPLES_PER_PAIR);
            peaks.insert(track.to_owned(), STANDARD.encode(file).into());
        }
    }
    let mut facts = found.facts.clone();
    for reason in &mut facts.missing {
        *reason = without_folders(reason);
    }
    let mut bundle = json!({
        "name": name,
        "timeline": found.timeline,
        "receipt": found.receipt,
        "inspection": { "facts": facts, "loudness": found.loudness },
        "peaks": peaks,
    });
    // A film of an early version has no scene graph. The page then shows no reasons for the choice of engines.
    let path = root.join(artifact::SCENE_GRAPH);
    if path.is_file() {
        let text =
            std::fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let scene_graph: Value = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not valid JSON", path.display()))?;
        bundle["scene_graph"] = scene_graph;
    }
    Ok(bundle)
}

/// Escapes JSON for a script element. These characters occur in JSON only within strings, where an escape is the same
/// character. `<` could begin `</script>` or `<!--`, and U+2028 and U+2029 end a line in JavaScript.
fn in_script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}
