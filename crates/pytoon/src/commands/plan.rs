//! `pytoon plan`.

use crate::commands::render;
use crate::context::Context;
use crate::output;
use pytoon_core::timeline::{ClipSource, Timeline};
use pytoon_pipeline::plan_only;

/// Plans and prints.
pub(crate) fn run(context: &Context, brief: &str) -> anyhow::Result<()> {
    let file = render::read(brief)?;
    let scratch = tempfile::tempdir()?;
    let plan = plan_only::plan(&context.environment(), &file, scratch.path())?;
    if context.global.json {
        return output::json(&serde_json::json!({
            "sceneGraph": plan.graph,
            "timeline": plan.timeline,
            "warnings": plan.warnings,
        }));
    }
    let timeline = &plan.timeline;
    output::line(format!(
        "{:.2} s, {} scenes, preset {}, seed {}",
        timeline.total_duration as f64 / 1000.0,
        plan.graph.scenes.len(),
        plan.graph.preset_id,
        plan.graph.seed
    ));
    for (place, scene) in timeline.timeline.iter().zip(&plan.graph.scenes) {
        output::line(format!(
            "\n{} {} to {}  {}",
            place.scene_id,
            seconds(place.start),
            seconds(place.end),
            scene.transition.as_str()
        ));
        if !scene.sentences.is_empty() {
            output::line(format!("  says   {}", scene.spoken_text()));
        }
        for text in shots(timeline, &place.scene_id) {
            output::line(format!("  shows  {text}"));
        }
    }
    output::line("");
    for cue in &timeline.tracks.captions {
        output::line(format!(
            "caption {} to {}  {}",
            seconds(cue.start),
            seconds(cue.end),
            cue.text
        ));
    }
    for warning in &plan.warnings {
        output::note(format!("note: {warning}"));
    }
    Ok(())
}

fn seconds(ms: i64) -> String {
    format!("{:>6.2}", ms as f64 / 1000.0)
}

fn shots(timeline: &Timeline, scene: &str) -> Vec<String> {
    timeline
        .tracks
        .video
        .iter()
        .filter(|clip| clip.scene_id == scene)
        .map(|clip| {
            let what = match &clip.source {
                ClipSource::Picture { asset, fit, motion } => format!(
                    "{asset} ({}, zoom {:+.1} %/s)",
                    format!("{fit:?}").to_lowercase(),
                    motion.zoom_pct_per_second(timeline.frame_rate)
                ),
                ClipSource::Clip { asset, speed, .. } => {
                    format!("{asset} (clip at {speed:.2} speed)")
                }
                ClipSource::Background { kind, headline, .. } => {
                    format!(
                        "background {} with \"{}\"",
                        kind.as_str(),
                        headline.as_deref().unwrap_or("")
                    )
                }
            };
            format!("{} {what}", seconds(clip.start))
        })
        .collect()
}
