//! `pytoon align`: times each word of a text in a recording.

use crate::cli::{AlignArgs, AlignFormat, AlignWith};
use crate::context::Context;
use crate::output;
use anyhow::Context as _;
use pytoon_audio::speech;
use pytoon_core::caption::{self, SceneWords, sidecar};
use pytoon_core::language;
use pytoon_core::script::sentence;
use pytoon_core::text::{self, Word};
use pytoon_core::time::MsRange;
use pytoon_ffmpeg::sound;
use pytoon_pipeline::aligner;

use pytoon_vocabulary::{CaptionLook, CaptionWord, Ms};
use pytoon_voice::alignment::AlignmentMethod;
use pytoon_voice::alignment::chain::Outcome;
use pytoon_voice::alignment::recorded::Recorded;
use std::io::Read;
use std::path::Path;

/// Maximum size of a text, in bytes; a longer text is not a script.
const MAX_TEXT_BYTES: u64 = 1 << 20;
/// The number of samples in a millisecond at 48 kHz.
const PER_MS: i64 = 48;

/// Aligns the words of a text with a recording, and prints their times.
pub(crate) fn run(context: &Context, args: &AlignArgs) -> anyhow::Result<()> {
    let script = read_text(&args.text)?;
    let sentences: Vec<Vec<Word>> = sentences(&script);
    anyhow::ensure!(!sentences.is_empty(), "there are no words in {}", text_name(&args.text));
    anyhow::ensure!(args.audio.is_file(), "there is no file {}", args.audio.display());
    let samples = sound::decode_mono(&context.runner, &args.audio)?;
    anyhow::ensure!(
        !speech::is_silent(&samples),
        "the recording {} is silent: it contains no speech",
        args.audio.display()
    );
    let at = |sample: usize| Ms::new(sample as i64 / PER_MS);
    let ranges: Vec<MsRange> = speech::speech_ranges(&samples)
        .iter()
        .map(|r| MsRange::new(at(r.start), at(r.end)))
        .filter(|range| range.duration() > Ms::ZERO)
        .collect();
    let language = args.language.as_deref().unwrap_or_else(|| language::detect(&script).tag);
    let recorded = Recorded { samples: &samples, speech: &ranges, sentences: &sentences, language };
    let found = time_words(context, args.method, recorded)?;
    let words = tokens(&script, &found.words);
    match args.format {
        AlignFormat::Json => output::json(&serde_json::json!({
            "method": found.method,
            "confidence": (found.confidence * 1000.0).round() / 1000.0,
            "words": words.iter().map(|w| serde_json::json!({
                "word": w.text, "start_ms": w.start, "end_ms": w.end,
            })).collect::<Vec<_>>(),
        })),
        AlignFormat::Srt => {
            output::lines(sidecar::to_srt(&cues(found.words, &samples)).trim_end());
            Ok(())
        }
        AlignFormat::Vtt => {
            output::lines(sidecar::to_vtt(&cues(found.words, &samples)).trim_end());
            Ok(())
        }
    }
}

fn time_words(
    context: &Context,
    with: AlignWith,
    recorded: Recorded<'_>,
) -> anyhow::Result<Outcome> {
    let mut chain = aligner(&context.config, &context.runner, &context.voices);
    let only = match with {
        AlignWith::Builtin => {
            let found = chain.builtin.align(recorded)?.context(
                "the recording is too short for the text: check that both are complete and match",
            )?;
            let method = AlignmentMethod::Builtin;
            if found.confidence < pytoon_voice::alignment::LOW_CONFIDENCE {
                output::note(format!(
                    "warning: confidence {:.2}: the recording probably does not match the text; \
                     check both",
                    found.confidence
                ));
            }
            return Ok(Outcome::from_aligned(method, found));
        }
        AlignWith::Chain => return Ok(chain.align(recorded)?),
        AlignWith::Whisperx => AlignmentMethod::Whisperx,
        AlignWith::StableTs => AlignmentMethod::StableTs,
        AlignWith::EvenSplit => AlignmentMethod::EvenSplit,
    };
    chain.order = vec![only];
    let found = chain.align(recorded)?;
    anyhow::ensure!(
        found.method == only,
        "{} failed to align the recording: run the command with --verbose for the reason",
        only.as_str()
    );
    Ok(found)
}

/// Returns the name of the text in messages: its path, or `standard input` for `-`.
fn text_name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let read =
        |from: &mut dyn Read, to: &mut Vec<u8>| from.take(MAX_TEXT_BYTES + 1).read_to_end(to);
    if path == Path::new("-") {
        read(&mut std::io::stdin(), &mut bytes).context("failed to read standard input")?;
    } else {
        let mut file = std::fs::File::open(path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        read(&mut file, &mut bytes)
            .with_context(|| format!("failed to read {}", path.display()))?;
    }
    anyhow::ensure!(
        bytes.len() as u64 <= MAX_TEXT_BYTES,
        "{} is larger than 1 MiB: shorten it",
        text_name(path)
    );
    String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8 text", text_name(path)))
}

/// Returns the whitespace-separated tokens of the text with their times. Languages without spaces are timed in
/// smaller units, which are merged.
fn tokens(script: &str, words: &[CaptionWord]) -> Vec<CaptionWord> {
    let mut rest = words.iter();
    script
        .split_whitespace()
        .filter_map(|token| {
            let mut taken = 0;
            let mut out: Option<CaptionWord> = None;
            while taken < token.len()
                && let Some(word) = rest.next()
            {
                taken += word.text.len();
                let out = out
                    .get_or_insert_with(|| CaptionWord { text: token.to_owned(), ..word.clone() });
                out.end = word.end;
            }
            out
        })
        .collect()
}

fn cues(words: Vec<CaptionWord>, samples: &[f32]) -> Vec<pytoon_vocabulary::CaptionCue> {
    let range = MsRange::new(Ms::ZERO, Ms::new(samples.len() as i64 / PER_MS));
    let scene =
        SceneWords { scene_id: "recording".into(), words, sentence_ends: Vec::new(), range };
    caption::cues(&[scene], CaptionLook::Classic, 1.0, Ms::ZERO)
}

/// Returns the words of each sentence. Punctuation stays, since tokens are located by position.
fn sentences(script: &str) -> Vec<Vec<Word>> {
    let lines: Vec<&str> = script.lines().map(str::trim).collect();
    let paragraphs = lines.split(|line| line.is_empty()).map(|lines| lines.join(" "));
    paragraphs
        .flat_map(|text| {
            let ranges = sentence::split(&text);
            ranges.into_iter().map(|range| text::words(&text[range])).collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_gets_the_span_of_its_pieces() {
        let script = "Tea $5\n\u{304a}\u{8336}\u{3092}\u{98f2}\u{3080}\u{3002} now";
        let words: Vec<CaptionWord> = sentences(script)
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(n, word)| CaptionWord {
                text: word.text,
                start: Ms::new(n as i64 * 10),
                end: Ms::new(n as i64 * 10 + 10),
                emphasis: false,
                joins_next: word.joins_next,
            })
            .collect();
        let got = tokens(script, &words);
        let texts: Vec<&str> = got.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, script.split_whitespace().collect::<Vec<_>>());
        assert_eq!(got.first().map(|w| w.start), Some(Ms::ZERO));
        assert_eq!(got.last().map(|w| w.end), words.last().map(|w| w.end));
        assert!(got[2].end - got[2].start > Ms::new(10));
    }
}
