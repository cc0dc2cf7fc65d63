//! `pytoon inspect`: shows the times of audio, words and captions as a table, a picture and an HTML page.

use crate::cli::InspectArgs;
use crate::commands::{inspect_page, resume};
use crate::context::Context;
use crate::output;
use pytoon_media::picture;
use pytoon_pipeline::inspect::{self, Facts, Inspection, chart, layout_sheet};
use pytoon_process::disk;
use std::path::Path;

/// The name of the picture in the job's folder.
const PICTURE: &str = "inspect.png";

/// Inspects a finished job, prints its table, and writes its picture and the page that was asked for.
pub(crate) fn run(context: &Context, args: &InspectArgs) -> anyhow::Result<()> {
    let root = resume::folder(context, &args.job)?;
    let found = inspect::inspect(&context.runner, &root, None)?;
    let target = args.out.clone().unwrap_or_else(|| root.join(PICTURE));
    let whole = root.canonicalize().unwrap_or_else(|_| root.clone());
    if let Some(page) = &args.html {
        let html = inspect_page::html(&whole, &found)?;
        disk::write_whole(page, html.as_bytes())
            .map_err(|error| anyhow::anyhow!("failed to {error}"))?;
    }
    let name = whole.display().to_string();
    let mut texts = chart::texts(&found);
    texts.push(&name);
    let fonts = context.fonts().engine(&texts, None)?;
    picture::write_png(&target, &chart::draw(&found, &name, &fonts.engine))?;
    if let Some(target) = &args.layout {
        let (runner, config, timeline) = (&context.runner, &context.config, &found.timeline);
        let sheet = layout_sheet::draw(runner, config, &root, timeline, &fonts.engine)?;
        picture::write_png(target, &sheet)?;
    }
    if context.global.json {
        return output::json(&serde_json::json!({
            "picture": target, "layout": args.layout, "page": args.html, "voice": found.receipt.voice, "loudness": found.receipt.loudness,
            "facts": found.facts, "loudness_over_time": found.loudness,
        }));
    }
    table(&found, &target);
    if let Some(layout) = &args.layout {
        output::line(format!("layout      {}", layout.display()));
    }
    if let Some(page) = &args.html {
        output::line(format!("page        {}", page.display()));
    }
    Ok(())
}

fn table(found: &Inspection, picture: &Path) {
    let (facts, receipt) = (&found.facts, &found.receipt);
    let voice = receipt.voice.provider.as_deref().unwrap_or("nobody");
    let lufs = |value: Option<f64>| value.map_or("silent".to_owned(), |v| format!("{v:.1} LUFS"));
    let confidence = receipt
        .voice
        .alignment_confidence
        .map_or(String::new(), |c| format!(", confidence {c:.2}"));
    output::line(format!(
        "voice       {voice}: {} spoken, {} used",
        seconds(facts.spoken_ms),
        seconds(facts.used_ms)
    ));
    output::line(format!("words       timed by {}{confidence}", receipt.voice.alignment.as_str()));
    output::line(format!(
        "music       lowered {} time{}, {:.1} dB at most",
        facts.duck_regions.len(),
        if facts.duck_regions.len() == 1 { "" } else { "s" },
        facts.deepest_duck_db
    ));
    for duck in &facts.duck_regions {
        output::line(format!(
            "            {} to {}: {:.1} dB",
            seconds(duck.start.get()),
            seconds(duck.end.get()),
            duck.gain_db
        ));
    }
    output::line(format!(
        "loudness    {} mixed, {} mastered, {} delivered",
        lufs(receipt.loudness.before_lufs),
        lufs(receipt.loudness.after_lufs),
        lufs(receipt.loudness.decoded_lufs)
    ));
    let offset = facts.av_offset_ms.map_or("not measured".to_owned(), |ms| format!("{ms:+.1} ms"));
    let streams = facts
        .stream_offset_ms
        .map_or(String::new(), |ms| format!("; the streams start {ms:+.1} ms apart"));
    output::line(format!("A/V offset  {offset} (positive if the sound is late{streams})"));
    output::line(format!("highlights  {} ms before their words", facts.lead_ms));
    scenes(facts);
    for off in &facts.off {
        let heard = off.heard_ms.map_or("no start of speech within 1 s".to_owned(), |heard| {
            format!("the voice begins at {} ({:+} ms)", seconds(heard), heard - off.start_ms)
        });
        output::line(format!("off         \"{}\" at {}: {heard}", off.word, seconds(off.start_ms)));
    }
    if facts.off.is_empty() && receipt.voice.provider.is_some() {
        output::line(if found.sounds.voice.is_empty() {
            "off         unknown: the words could not be compared with the voice"
        } else {
            "off         none: every word matches the voice"
        });
    }
    for cue in &facts.late_cues {
        output::line(format!(
            "late        \"{}\" appears at {}, {} ms after its first word should be \
                 highlighted",
            cue.text,
            seconds(cue.start_ms),
            cue.late_ms
        ));
    }
    for reason in &facts.reasons {
        output::line(format!("why         {reason}"));
    }
    for missing in &facts.missing {
        output::line(format!("missing     {missing}"));
    }
    output::line(format!("picture     {}", picture.display()));
}

fn scenes(facts: &Facts) {
    output::line("");
    output::line("scene        from       to    spoken      used  voice at  words");
    for scene in &facts.scenes {
        output::line(format!(
            "{:<9} {:>7}  {:>7}  {:>8}  {:>8}  {:>8}  {:>5}",
            scene.scene,
            seconds(scene.start_ms),
            seconds(scene.end_ms),
            seconds(scene.spoken_ms),
            seconds(scene.used_ms),
            scene.voice_ms.map_or("-".to_owned(), seconds),
            scene.words
        ));
    }
    output::line("");
}

fn seconds(ms: i64) -> String {
    format!("{:.3} s", ms as f64 / 1000.0)
}
