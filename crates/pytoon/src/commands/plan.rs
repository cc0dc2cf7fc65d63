//! `pytoon plan`: plans a film and prints the plan.

use crate::commands::render;
use crate::context::Context;
use crate::output;
use pytoon_core::chain::EngineChain;
use pytoon_core::layout::Format;
use pytoon_core::timeline::{ClipSource, OverlayContent, Timeline, TimelineScene};
use pytoon_pipeline::plan_only::{self, Price};
use pytoon_vocabulary::Ms;

/// Plans a brief and prints the plan.
pub(crate) fn run(context: &Context, brief: &str) -> anyhow::Result<()> {
    let file = render::read(brief)?;
    let scratch = tempfile::tempdir()?;
    let plan = plan_only::plan(&context.environment()?, &file, scratch.path(), None)?;
    if context.global.json {
        return output::json(&plan.to_json());
    }
    let timeline = &plan.timeline;
    output::line(format!(
        "{:.2} s, {} scenes, format {}, preset {}, seed {}",
        timeline.total_duration().get() as f64 / 1000.0,
        plan.graph.scenes.len(),
        format_of(timeline),
        plan.graph.preset_id,
        plan.graph.seed
    ));
    let voice = match &plan.spoken_by {
        Some((provider, Some(voice))) => format!("voice {voice} ({provider})"),
        Some((provider, None)) => format!("voice {provider}"),
        None => "no voice".to_owned(),
    };
    output::line(format!("language {}, {voice}", plan.graph.language));
    for (place, scene) in timeline.timeline.iter().zip(&plan.graph.scenes) {
        let range = place.range().to_ms(timeline.frame_rate);
        output::line("");
        output::line(format!(
            "{} {} to {}  {}",
            place.scene_id,
            seconds(range.start),
            seconds(range.end),
            scene.transition.as_str()
        ));
        if !scene.sentences.is_empty() {
            output::line(format!("  says   {}", scene.spoken_text()));
        }
        layout(timeline, place);
        if let Some(chain) = &scene.engine_chain {
            for text in engines(chain) {
                output::line(format!("  {text}"));
            }
        }
    }
    output::line("");
    for overlay in &timeline.tracks.overlays {
        if let OverlayContent::Title { text, detail } = &overlay.content {
            let at = |frame| seconds(timeline.frame_rate.frame_to_ms(frame));
            let words: Vec<&str> =
                [Some(text.as_str()), detail.as_deref()].into_iter().flatten().collect();
            output::line(format!(
                "title   {} to {}  {} ({})",
                at(overlay.start_frame),
                at(overlay.end_frame),
                words.join(" "),
                overlay.position.as_str()
            ));
        }
    }
    for cue in &timeline.tracks.captions {
        output::line(format!(
            "caption {} to {}  {}",
            seconds(cue.start),
            seconds(cue.end),
            cue.text
        ));
    }
    for timeline in &plan.further_timelines {
        output::line("");
        output::line(format!("format {}", format_of(timeline)));
        for place in &timeline.timeline {
            output::line(place.scene_id.as_str());
            layout(timeline, place);
        }
    }
    if let Some(Price { first, dearest, clips }) = plan.price() {
        output::line("");
        let clips = if clips == 1 { "1 clip".to_owned() } else { format!("{clips} clips") };
        output::line(format!(
            "price    about {first} for {clips}; at most {dearest}, if each comes from its most expensive engine"
        ));
    }
    if let Some(quote) = &plan.voice {
        output::line(format!("voice    about {} by {}", quote.estimated, quote.provider));
    }
    for warning in &plan.warnings {
        output::note(format!("note: {}", warning.message));
    }
    Ok(())
}

fn format_of(timeline: &Timeline) -> &'static str {
    Format::nearest(timeline.profile.width, timeline.profile.height).as_str()
}

/// Prints the pictures of a scene and the zone of its captions.
fn layout(timeline: &Timeline, scene: &TimelineScene) {
    for text in shots(timeline, scene.scene_id.as_str()) {
        output::line(format!("  shows  {text}"));
    }
    if let Some(zone) = scene.captions.describe() {
        output::line(format!("  captions {zone}"));
    }
}

/// Formats the engines of a scene in order, then those that were excluded.
fn engines(chain: &EngineChain) -> Vec<String> {
    let members = chain.members.iter().map(|member| {
        let price = if member.asked_ms > 0 {
            format!(", {} for {} s", member.estimate, f64::from(member.asked_ms) / 1000.0)
        } else {
            String::new()
        };
        let blocked = member.blocked.as_ref().map(|b| format!("; now {b}")).unwrap_or_default();
        format!("engine {} ({}{price}{blocked})", member.engine, member.reason)
    });
    let left_out = chain.left_out.iter().map(|l| format!("not    {} ({})", l.engine, l.reason));
    members.chain(left_out).collect()
}

fn seconds(at: Ms) -> String {
    format!("{:>6.2}", at.get() as f64 / 1000.0)
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
                ClipSource::Clip { asset, speed, fit, at_end, .. } => format!(
                    "{asset} (clip at {speed:.2} speed{}{})",
                    at_end.describe(timeline.frame_rate),
                    fit.describe()
                ),
                ClipSource::Background { kind, words, .. } => {
                    let words = words.as_ref().map(|set| {
                        format!(" with the words set as type ({})", set.treatment.as_str())
                    });
                    format!("background {}{}", kind.as_str(), words.unwrap_or_default())
                }
            };
            format!("{} {what}", seconds(timeline.frame_rate.frame_to_ms(clip.start_frame)))
        })
        .collect()
}
