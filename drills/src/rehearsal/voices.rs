//! Drills of voices that fail, and of recordings whose words are timed badly.

use super::Rehearsal;
use super::stage::{SERVE, Setup, Stage, calm, rules};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::process::Command;

const CLOUD: &str = "tts: {primary_provider: elevenlabs, elevenlabs: {base_url: \"{sim}/elevenlabs\", \
     backoff: {initial_ms: 20, max_ms: 100, attempts: 2}}}\n";
const BLIND: &str = "assets: {allowed_dirs: [\"{folder}/recordings\"]}\n\
     alignment: {order: [whisperx, stable_ts, even_split]}\n";
const DEAF: &str = "assets: {allowed_dirs: [\"{folder}/recordings\"]}\nvoice: {denoise: off}\n";

/// The text of the recording.
const WORDS: &str = "Fresh bread every morning, baked at dawn by hand. Come by before it is gone, and \
     take a warm loaf home to all who wait for you.";

pub(super) fn all() -> Vec<Rehearsal> {
    vec![
        Rehearsal {
            name: "tts-down",
            about: "the voice service answers 503; a voice of this machine speaks",
            alert: "PytoonTtsFailing",
            page: "docs/runbooks/tts.md",
            quick: false,
            needs: "",
            setup: || Setup {
                processes: SERVE,
                settings: CLOUD,
                env: "ELEVENLABS_API_KEY=drill_elevenlabs\n",
                ..Setup::default()
            },
            brief: speech_brief,
            play: tts_down,
        },
        Rehearsal {
            name: "aligner-missing",
            about: "no program times the words of recordings: they are spread evenly",
            alert: "PytoonWordsSpreadEvenly",
            page: "docs/runbooks/caption-alignment.md",
            quick: false,
            needs: "",
            setup: || Setup { processes: SERVE, settings: BLIND, ..Setup::default() },
            brief: recording_brief,
            play: aligner_missing,
        },
        Rehearsal {
            name: "noisy-voice",
            about: "recordings with so much noise that their words are not found",
            alert: "PytoonWordsSpreadEvenly",
            page: "docs/runbooks/caption-alignment.md",
            quick: false,
            needs: "",
            setup: || Setup { processes: SERVE, settings: DEAF, ..Setup::default() },
            brief: recording_brief,
            play: noisy_voice,
        },
    ]
}

fn film(number: u64) -> Value {
    json!({
        "script": WORDS,
        "profile": "test",
        "music_source": "none",
        "seed": number,
        "engine_override": "local",
    })
}

fn speech_brief(number: u64) -> Value {
    let mut brief = film(number);
    // A unique text: earlier speech is not bought again.
    brief["script"] = json!(format!("Loaf number {number} is warm. Come by before it is gone."));
    brief
}

/// Returns a brief whose voice is a recording in a folder of `assets.allowed_dirs`.
fn recording_brief(number: u64) -> Value {
    let mut brief = film(number);
    brief["voice_file"] = json!("voice.wav");
    brief
}

fn tts_down(stage: &mut Stage) -> anyhow::Result<()> {
    stage.films(1)?;
    stage.vendors(&rules(&[
        json!({"vendor": "elevenlabs", "step": "submit", "fault": "unavailable"}),
        json!({"vendor": "elevenlabs", "step": "health", "fault": "unavailable"}),
    ]))?;
    stage.record_fault_start();
    stage.until_alert()?;
    stage.shows(
        "curl -s localhost:8000/metrics | grep v2_tts",
        &["pytoon_v2_tts_failure_total{provider=\"elevenlabs\"}"],
    )?;
    stage.shows(
        "grep tts_provider_failed /var/log/pytoon/worker.log",
        &["\"provider\":\"elevenlabs\""],
    )?;
    stage.shows("pytoon doctor", &["elevenlabs"])?;
    // Every film had a voice throughout.
    stage.shows(
        "grep tts_provider_spoke /var/log/pytoon/worker.log",
        &["\"provider\":\"espeak\""],
    )?;
    stage.edit(
        "config/defaults.yaml",
        "primary_provider: elevenlabs",
        "primary_provider: espeak",
    )?;
    stage.restart(&["serve"])?;
    stage.vendors(&calm())?;
    stage.until_silent()
}

/// Replaces the recording by the local voice at a given gain, mixed with pink noise of amplitude `noise`.
fn record(stage: &Stage, voice_gain: f64, noise: f64) -> anyhow::Result<()> {
    let text = WORDS.replace('\'', "");
    std::fs::create_dir_all(stage.folder.join("recordings"))?;
    let brief = json!({"script": text, "profile": "test", "music_source": "none",
        "captions": "off", "engine_override": "local"});
    std::fs::write(stage.folder.join("speak.json"), brief.to_string())?;
    let said = stage.shell("pytoon render speak.json --out spoken --quiet")?;
    let voice = stage.folder.join("spoken/assembly/audio/voice.wav");
    ensure!(voice.is_file(), "the local voice did not speak: {said}");
    #[expect(clippy::disallowed_methods, reason = "a drill makes its own recordings")]
    let mixed = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(&voice)
        .args(["-filter_complex"])
        .arg(format!(
            "anoisesrc=color=pink:sample_rate=48000:amplitude={noise}[n];\
             [0:a]aformat=channel_layouts=mono,volume={voice_gain}[v];[v][n]amix=inputs=2:duration=first:normalize=0"
        ))
        .arg(stage.folder.join("mixed.wav"))
        .status()
        .context("failed to run ffmpeg")?;
    ensure!(mixed.success(), "the recording was not made");
    // Atomically: films that read the previous recording are in progress.
    let recording = stage.folder.join("recordings/voice.wav");
    std::fs::rename(stage.folder.join("mixed.wav"), recording).context("failed to put it in place")
}

fn aligner_missing(stage: &mut Stage) -> anyhow::Result<()> {
    record(stage, 1.0, 0.0)?;
    stage.record_fault_start();
    stage.until_alert()?;
    stage.shows(
        "grep alignment_fallback_to_even_split /var/log/pytoon/worker.log",
        &["alignment_fallback_to_even_split"],
    )?;
    stage.shows("pytoon doctor", &["whisperx"])?;
    stage.shows(
        "curl -s localhost:8000/metrics | grep v2_alignment",
        &["pytoon_v2_alignment_even_splits_total"],
    )?;
    stage.edit(
        "config/defaults.yaml",
        "stable_ts, even_split",
        "stable_ts, builtin, even_split",
    )?;
    stage.restart(&["serve"])?;
    stage.until_silent()
}

fn noisy_voice(stage: &mut Stage) -> anyhow::Result<()> {
    // The aligner knows this voice exactly, and finds its words even under strong noise.
    record(stage, 0.01, 0.8)?;
    stage.record_fault_start();
    stage.until_alert()?;
    stage.shows("grep alignment_ /var/log/pytoon/worker.log", &["alignment_"])?;
    stage.shows("pytoon doctor", &["aligner"])?;
    // The runbook's two remedies: denoising, and a better recording.
    stage.edit("config/defaults.yaml", "denoise: off", "denoise: auto")?;
    stage.restart(&["serve"])?;
    record(stage, 1.0, 0.01)?;
    stage.until_silent()
}
