//! Measures natural voices: loading a model, the speed of speech relative to real time, and a film with such a voice
//! relative to one with eSpeak NG.
//!
//! `PIPER_VOICE` names a Piper model (`.onnx` with its `.onnx.json` beside it) to measure as well.

use crate::rendering::{brief, median, peaks_of_render, program, render};
use anyhow::{Context, ensure};
use pytoon_config::tts::{NeuralSettings, PiperSettings};
use pytoon_config::{Config, ConfigSource};
use pytoon_core::text;
use pytoon_process::{CancelToken, Programs, Runner};
use pytoon_voice::tts::neural::{Neural, PiperFiles};
use pytoon_voice::tts::{TtsProvider, TtsRequest};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SENTENCES: &str = include_str!("../sentences.txt");
const LOADS: usize = 7;
const PAIRS: usize = 7;

pub(crate) fn run() -> anyhow::Result<()> {
    let settings = Config::load(&ConfigSource::Optional("/nowhere".into()))?.settings.tts;
    let stall = Duration::from_secs(60);
    let runner = Runner::new(Programs::beside_this_one(), CancelToken::default(), stall);
    if Neural::new(settings.neural.clone(), runner.clone(), Arc::default())
        .has_no_voice(&TtsRequest::default())
        .is_some()
    {
        println!("voice: no natural voice is installed: run `make voice` first");
        return Ok(());
    }
    heart(&settings.neural, &runner)?;
    match std::env::var("PIPER_VOICE") {
        Ok(file) => piper(&settings.piper, &runner, file)?,
        Err(_) => println!("voice: piper: not measured; PIPER_VOICE names no model"),
    }
    film()
}

fn request(sentences: &str) -> TtsRequest {
    let sentences = sentences.lines().map(text::words).filter(|words| !words.is_empty()).collect();
    TtsRequest { sentences, ..TtsRequest::default() }
}

fn heart(settings: &NeuralSettings, runner: &Runner) -> anyhow::Result<()> {
    let fresh = || Neural::new(settings.clone(), runner.clone(), Arc::default());
    let word = request("A.");
    let mut loads = Vec::new();
    for _ in 0..LOADS {
        let neural = fresh();
        let begun = Instant::now();
        neural.speak(&word)?;
        let first = begun.elapsed();
        let begun = Instant::now();
        neural.speak(&word)?;
        loads.push((first.saturating_sub(begun.elapsed())).as_secs_f64() * 1000.0);
    }
    println!("voice: heart: loading {:.0} ms (median of {LOADS})", median(&loads));
    speaking("heart", &fresh(), &request(SENTENCES))
}

fn piper(settings: &PiperSettings, runner: &Runner, file: String) -> anyhow::Result<()> {
    let mut settings = settings.clone();
    settings.voices.insert("en".to_owned(), file);
    let piper = PiperFiles { runner: runner.clone(), settings, voices: Arc::default() };
    // A tenth of the sentences: this takes a few times as long.
    let some: Vec<&str> = SENTENCES.lines().step_by(10).collect();
    speaking("piper", &piper, &request(&some.join("\n")))
}

/// Measures how many times faster than real time a voice speaks, and prints the median of three runs.
fn speaking(name: &str, voice: &dyn TtsProvider, request: &TtsRequest) -> anyhow::Result<()> {
    voice.speak(&TtsRequest { sentences: vec![text::words("A.")], ..request.clone() })?;
    let mut ratios = Vec::new();
    for _ in 0..3 {
        let begun = Instant::now();
        let spoken = voice.speak(request)?;
        let wall = begun.elapsed().as_secs_f64();
        let samples: usize = spoken.iter().map(|sentence| sentence.samples.len()).sum();
        ratios.push(samples as f64 / 48_000.0 / wall);
    }
    println!(
        "voice: {name}: speaks {:.1} times faster than real time (median of 3)",
        median(&ratios)
    );
    Ok(())
}

/// Renders a film alternately with eSpeak NG and with the voice `heart`. Prints the render time with `heart` relative
/// to eSpeak NG, that of eSpeak NG relative to itself, and the peak memory with `heart`.
fn film() -> anyhow::Result<()> {
    let program = program()?;
    let work = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    std::fs::create_dir_all(&work)?;
    let voice = |provider: &str| serde_json::json!({"voice": {"provider": provider}});
    let natural = brief(&work, "heart.json", &voice("neural"))?;
    let formant = brief(&work, "espeak.json", &voice("espeak"))?;
    let job = work.join("voice");
    let make = |brief: &Path, voice: &str| -> anyhow::Result<f64> {
        if job.is_dir() {
            std::fs::remove_dir_all(&job)?;
        }
        let wall = render(&program, brief, &job, &[])?.as_secs_f64();
        let receipt: serde_json::Value =
            serde_json::from_slice(&std::fs::read(job.join("metadata.json"))?)?;
        let spoke = receipt["voice"]["provider"].as_str().context("the receipt names no voice")?;
        ensure!(spoke == voice, "{spoke} spoke, not {voice}");
        Ok(wall)
    };
    make(&formant, "espeak")?;
    let (mut ratios, mut selfs) = (Vec::new(), Vec::new());
    for pair in 1..=PAIRS {
        let before = make(&formant, "espeak")?;
        let with = make(&natural, "neural")?;
        let after = make(&formant, "espeak")?;
        ratios.push(with / f64::midpoint(before, after));
        selfs.push(after / before);
        println!(
            "voice: pair {pair}: espeak {before:.2} s, heart {with:.2} s, espeak {after:.2} s"
        );
    }
    let spread = |values: &[f64]| {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(0.0, f64::max);
        format!("{:.3} ({low:.3} to {high:.3})", median(values))
    };
    println!(
        "voice: film with heart against espeak {}, espeak against itself {}, median of {PAIRS}",
        spread(&ratios),
        spread(&selfs)
    );
    std::fs::remove_dir_all(&job)?;
    let peaks = peaks_of_render(&program, &natural, &job)?;
    println!(
        "voice: peak memory with heart: pytoon {:.0} MiB, with its programs {:.0} MiB",
        peaks.own_mib, peaks.sum_mib
    );
    std::fs::remove_dir_all(&job)?;
    Ok(())
}
