//! Measures the errors of the built-in aligner on recordings whose word times are known.
//!
//! The natural voice is used if it is installed; `PYTOON_VOICES` set to an empty folder excludes it. `ALIGN_SET`
//! names a folder with `manifest.json` and its recordings. Errors are measured at the starts of words. Recordings of
//! the synthesizer that the aligner itself uses are excluded, since the aligner would be compared with itself.
//! `ALIGN_VERBOSE` prints words that are more than 30 ms off.

#[path = "align_made_here.rs"]
mod align_made_here;

use anyhow::Context;
use pytoon_config::{Config, ConfigSource};
use pytoon_core::script;
use pytoon_core::text::{self, Word};
use pytoon_ffmpeg::sound;
use pytoon_process::{CancelToken, Programs, Runner};
use pytoon_voice::alignment::builtin::Builtin;
use pytoon_voice::alignment::recorded::Aligned;
use pytoon_voice::alignment::recorded::Recorded;
use pytoon_voice::tts::neural::Neural;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The error that counts for every word of a recording that could not be aligned, in milliseconds.
const FAILED_MS: f64 = 9_999.0;
/// The synthesizer that creates the aligner's references.
const OWN_ENGINE: &str = "espeak";

#[derive(Deserialize)]
struct Manifest {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    engine: String,
    condition: String,
    text: String,
    audio: String,
    words: Vec<Truth>,
}

#[derive(Deserialize)]
struct Truth {
    word: String,
    start_ms: f64,
    #[serde(default = "yes")]
    score: bool,
}

fn yes() -> bool {
    true
}

/// The thresholds of a condition: maximum median and 90th percentile of the error in milliseconds, and minimum
/// percentage of words within 50 ms.
#[derive(Clone, Copy)]
struct Bar {
    median: f64,
    p90: f64,
    within_50: f64,
}

/// Returns the required and the target accuracy for a recording condition, or `None` for a condition without
/// thresholds.
fn bars(condition: &str) -> Option<(Bar, Bar)> {
    let bar = |median, p90, within_50| Bar { median, p90, within_50 };
    Some(match condition {
        "clean" => (bar(12.0, 45.0, 92.0), bar(9.0, 28.0, 97.0)),
        "mp3_64k" | "pad" | "tempo120" => (bar(14.0, 58.0, 88.0), bar(14.0, 33.0, 95.0)),
        "tempo085" => (bar(18.0, 58.0, 88.0), bar(18.0, 40.0, 94.0)),
        "pitchup" => (bar(18.0, 100.0, 80.0), bar(18.0, 35.0, 95.0)),
        "noise10" | "reverb" | "music10" => (bar(18.0, 60.0, 85.0), bar(18.0, 42.0, 92.0)),
        "noise5" => (bar(20.0, 85.0, 77.0), bar(20.0, 55.0, 88.0)),
        "human" => (bar(25.0, 145.0, 73.0), bar(15.0, 60.0, 90.0)),
        _ => return None,
    })
}

/// A recording in the test set.
struct Take {
    item: Item,
    /// The samples, 48 kHz mono.
    samples: Vec<f32>,
}

type Takes = Box<dyn Iterator<Item = anyhow::Result<Take>>>;

/// Returns the recordings in the folder `ALIGN_SET` or in its default, or a small synthesized set if that folder has
/// no manifest.
fn takes(runner: &Runner) -> anyhow::Result<Takes> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/alignment/public");
    let folder = std::env::var_os("ALIGN_SET").map_or(default, PathBuf::from);
    let Ok(manifest) = std::fs::read(folder.join("manifest.json")) else {
        println!("align: no manifest.json in {}: using a small set made here", folder.display());
        println!("align: its voices are the aligner's own synthesiser: a smoke test, no measure");
        return Ok(Box::new(align_made_here::takes(runner)?.into_iter().map(Ok)));
    };
    let manifest: Manifest = serde_json::from_slice(&manifest)?;
    let runner = runner.clone();
    let others = manifest.items.into_iter().filter(|item| item.engine != OWN_ENGINE);
    Ok(Box::new(others.map(move |item| {
        let samples = sound::decode_mono(&runner, &folder.join(&item.audio))?;
        Ok(Take { item, samples })
    })))
}

/// Aligns every recording of the test set. Prints the errors by condition, the cost, and the recordings that failed.
pub(crate) fn run() -> anyhow::Result<()> {
    let stall = Duration::from_secs(60);
    let runner = Runner::new(Programs::beside_this_one(), CancelToken::default(), stall);
    let espeak_voices = BTreeMap::from([("en".to_owned(), "en-us".to_owned())]);
    let settings = Config::load(&ConfigSource::Optional("/nowhere".into()))?.settings.tts.neural;
    let natural = Some(Neural::new(settings, runner.clone(), Arc::default()));
    let aligner = Builtin { runner: runner.clone(), voices: espeak_voices, natural };
    let verbose = std::env::var_os("ALIGN_VERBOSE").is_some();
    let mut rows: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let (mut seconds, mut spent, mut failed) = (0.0, 0.0, Vec::new());
    for take in takes(&runner)? {
        let Take { item, samples } = take?;
        let item = &item;
        let begun = cpu_seconds()?;
        let sentences = sentences(item);
        let found = aligner.align(Recorded {
            samples: &samples,
            speech: &[],
            sentences: &sentences,
            language: "en",
        })?;
        spent += cpu_seconds()? - begun;
        seconds += samples.len() as f64 / 48_000.0;
        let errors = errors(item, found.as_ref());
        if errors.contains(&FAILED_MS) {
            failed.push(item.id.clone());
        }
        if verbose {
            print_item(item, found.as_ref());
        }
        rows.entry(item.condition.clone()).or_default().extend(&errors);
        rows.entry("all".to_owned()).or_default().extend(errors);
    }
    print_rows(&rows);
    println!(
        "align: cost {:.4} x audio ({spent:.1} s of CPU for {seconds:.0} s), {} failed files {}",
        spent / seconds,
        failed.len(),
        failed.join(" ")
    );
    Ok(())
}

fn print_item(item: &Item, found: Option<&Aligned>) {
    let Some(found) = found else { return println!("align: {} failed", item.id) };
    println!("align: {} confidence {:.2}", item.id, found.confidence);
    for (word, truth) in found.words.iter().zip(&item.words) {
        let error = word.start.get() as f64 - truth.start_ms;
        if error.abs() > 30.0 && truth.score {
            println!("align:    {:>7.0} {error:>+6.0} {}", truth.start_ms, word.text);
        }
    }
}

/// Returns the words of an item's text by sentence. If the script parser would drop tokens for which the reference
/// has times, such as a transcript's `<noise>`, returns all words as one sentence.
fn sentences(item: &Item) -> Vec<Vec<Word>> {
    let sentences = script::sentences(&item.text);
    let sentences: Vec<_> = sentences.iter().map(|s| text::words(&s.text)).collect();
    let is_whole = sentences.iter().map(Vec::len).sum::<usize>() == item.words.len();
    if is_whole { sentences } else { vec![text::words(&item.text)] }
}

/// Returns the signed start error of every scored word: the measured time minus the true one, in milliseconds. If the
/// alignment failed or found other words, every error is [`FAILED_MS`].
fn errors(item: &Item, found: Option<&Aligned>) -> Vec<f64> {
    let fits = |found: &&Aligned| {
        found.words.len() == item.words.len()
            && found.words.iter().zip(&item.words).all(|(a, b)| a.text == b.word)
    };
    let found = found.filter(fits);
    item.words
        .iter()
        .enumerate()
        .filter(|(_, truth)| truth.score)
        .map(|(index, truth)| {
            found.map_or(FAILED_MS, |f| f.words[index].start.get() as f64 - truth.start_ms)
        })
        .collect()
}

fn print_rows(rows: &BTreeMap<String, Vec<f64>>) {
    println!("align: condition    words  median    p90    p95  <=50  <=100   bias  floor  goal");
    for (condition, errors) in rows {
        let mut signed = errors.clone();
        signed.sort_by(f64::total_cmp);
        let errors: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
        let mut sorted = errors.clone();
        sorted.sort_by(f64::total_cmp);
        let share = |limit: f64| {
            100.0 * errors.iter().filter(|e| **e <= limit).count() as f64 / errors.len() as f64
        };
        let (median, p90) = (percentile(&sorted, 50.0), percentile(&sorted, 90.0));
        let reached = |bar: Bar| {
            let passes = median <= bar.median && p90 <= bar.p90 && share(50.0) >= bar.within_50;
            if passes { "pass" } else { "fail" }
        };
        let (floor, goal) =
            bars(condition).map_or(("-", "-"), |(floor, goal)| (reached(floor), reached(goal)));
        println!(
            "align: {condition:<12} {:>5} {median:>7.1} {p90:>6.1} {:>6.1} {:>5.1} {:>6.1} {:>+6.1}  {floor:<5}  {goal}",
            errors.len(),
            percentile(&sorted, 95.0),
            share(50.0),
            share(100.0),
            percentile(&signed, 50.0),
        );
    }
}

fn percentile(sorted: &[f64], percent: f64) -> f64 {
    let at = percent / 100.0 * (sorted.len() - 1) as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (sorted[high] - sorted[low]) * (at - low as f64)
}

/// Returns the CPU time of this process and its children as reported by the kernel, in seconds.
fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').context("no name in /proc/self/stat")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    // utime, stime, cutime and cstime in ticks of a hundredth of a second.
    let ticks: f64 = (11..15).filter_map(|at| fields.get(at)?.parse::<f64>().ok()).sum();
    Ok(ticks / 100.0)
}
