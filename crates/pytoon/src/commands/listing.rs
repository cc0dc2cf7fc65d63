//! `pytoon presets` and `pytoon music`: list or draw presets, list or play moods.

use crate::context::Context;
use crate::output;
use pytoon_audio::AudioError;
use pytoon_audio::bed::{TAIL_MS, fade_ends};
use pytoon_audio::music::{StoryArc, generate};
use pytoon_audio::wav;
use pytoon_media::picture;
use pytoon_pipeline::preset_sheet;
use pytoon_process::disk;
use pytoon_vocabulary::MusicMood;
use std::io::Cursor;
use std::path::Path;

/// Prints the list of presets.
pub(crate) fn presets(context: &Context) -> anyhow::Result<()> {
    let presets = context.config.presets()?;
    if context.global.json {
        let list: Vec<_> = presets
            .iter()
            .map(|p| serde_json::json!({"name": p.name, "preset": p.preset}))
            .collect();
        return output::json(&list);
    }
    for info in presets {
        let preset = &info.preset;
        output::line(format!("{:<20} {}", info.name, preset.description));
        output::line(format!(
            "{:<20}   captions {}, music {}, grade {}, joins {}",
            "",
            preset.captions.look.as_str(),
            preset.music.mood,
            preset.grade.as_str(),
            preset.transitions.house.as_str()
        ));
    }
    Ok(())
}

/// Writes stills of every preset into a PNG file.
pub(crate) fn preset_sheet(context: &Context, path: &Path) -> anyhow::Result<()> {
    // Said before the work: drawing takes some seconds.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        anyhow::bail!(
            "failed to write {}: there is no folder {}; create it, or name another file",
            path.display(),
            folder.display()
        );
    }
    let presets = context.config.presets()?;
    let named: Vec<_> = presets.iter().map(|info| (info.name.as_str(), &info.preset)).collect();
    let sheet = preset_sheet::draw(&context.environment()?, &named)?;
    picture::write_png(path, &sheet).map_err(|error| anyhow::anyhow!("failed to {error}"))?;
    if context.global.json {
        let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
        return output::json(&serde_json::json!({"sheet": path, "presets": names}));
    }
    output::line(path.display().to_string());
    Ok(())
}

/// Lists the moods, or writes a sample of one mood's music to a file.
pub(crate) fn music(
    context: &Context,
    preview: Option<&str>,
    seconds: f64,
    seed: u64,
    out: &Path,
) -> anyhow::Result<()> {
    let names: Vec<&str> = MusicMood::ALL.iter().map(|mood| mood.as_str()).collect();
    let Some(name) = preview else {
        if context.global.json {
            return output::json(&names);
        }
        for name in names {
            output::line(name);
        }
        return Ok(());
    };
    let mood = MusicMood::from_name(name).ok_or_else(|| {
        let near = pytoon_config::strict::nearest(name, names.iter().copied())
            .map_or(String::new(), |n| format!(" (did you mean `{n}`?)"));
        anyhow::anyhow!("there is no mood `{name}`; there are {}{near}", names.join(", "))
    })?;
    if !(1.0..=120.0).contains(&seconds) {
        anyhow::bail!("--seconds {seconds} is not between 1 and 120");
    }
    let (wav, bpm) = music_wav(mood, seconds, seed)?;
    write(out, &wav)?;
    output::note(format!("{bpm:.1} beats per minute"));
    Ok(())
}

/// Returns music as a WAV file, and its tempo in beats per minute.
pub(super) fn music_wav(
    mood: MusicMood,
    seconds: f64,
    seed: u64,
) -> Result<(Vec<u8>, f64), AudioError> {
    let mut bed = generate(mood, (seconds * 48_000.0) as usize, seed, &StoryArc::default());
    fade_ends(&mut bed.audio, TAIL_MS);
    let mut bytes = Cursor::new(Vec::new());
    wav::write_stereo(&mut bytes, &bed.audio)?;
    Ok((bytes.into_inner(), bed.bpm))
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    disk::write_whole(path, bytes).map_err(|error| anyhow::anyhow!("failed to {error}"))?;
    output::line(path.display().to_string());
    Ok(())
}
