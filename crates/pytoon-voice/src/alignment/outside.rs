//! Alignment with whisperx and stable-ts, external programs that the user installed.
//!
//! This module downloads nothing. If a program fails, the next method is tried. Recognised words are mapped
//! onto the script's words by edit distance. The script is never changed.

use super::ascending;
use super::edits::cheapest;
use super::recorded::{Aligned, Recorded};
use crate::language::primary;
use crate::{Result, VoiceError};
use pytoon_audio::wav;
use pytoon_core::text::Word;
use pytoon_process::{CommandLine, ProcessLimits, Runner, SystemError};
use pytoon_vendor::ensure;
use serde::Deserialize;
use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

/// An external alignment program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outside {
    Whisperx,
    StableTs,
}

/// The stall timeout. It is long because a program prints nothing while it loads a model.
const STALL: Duration = Duration::from_secs(600);

/// Maximum number of words accepted from a program: more than a one-minute voice-over has.
const MAX_HEARD: usize = 5_000;

/// A recognised word, with its times in seconds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct RecognizedWord {
    #[serde(alias = "text")]
    word: String,
    start: Option<f64>,
    end: Option<f64>,
}

#[derive(Deserialize)]
struct Transcript {
    segments: Vec<Segment>,
}

#[derive(Deserialize)]
struct Segment {
    #[serde(default)]
    words: Vec<RecognizedWord>,
}

impl Outside {
    /// Returns the program's name and its installation hint.
    fn program(self) -> (&'static str, &'static str) {
        match self {
            Self::Whisperx => ("whisperx", "`pip install whisperx`"),
            Self::StableTs => ("stable-ts", "`pip install stable-ts`"),
        }
    }

    /// Returns the command that times the words of `voice.wav` in the folder and writes `voice.json` to the folder.
    fn command(self, folder: &Path, language: &str) -> CommandLine {
        let command = CommandLine::new(self.program().0, "time the recording's words");
        let audio = folder.join("voice.wav");
        match self {
            Self::Whisperx => command
                .arg(audio)
                .args(["--output_format", "json", "--language", language, "--output_dir"])
                .arg(folder),
            Self::StableTs => command
                .arg(audio)
                .arg("--align")
                .arg(folder.join("script.txt"))
                .args(["--language", language, "-y", "-o"])
                .arg(folder.join("voice.json")),
        }
    }
}

/// Times the words with an external program. Returns the result and the program's version.
pub(crate) fn align(
    runner: &Runner,
    outside: Outside,
    recorded: Recorded<'_>,
) -> Result<Option<(Aligned, String)>> {
    let (provider, hint) = outside.program();
    let unavailable = |source| VoiceError::Unavailable { provider: provider.into(), source };
    runner.programs.find(provider).map_err(|_| {
        unavailable(SystemError::MissingProgram { program: provider.to_owned(), hint })
    })?;
    let bad = |reason: String| VoiceError::BadAudio { provider: provider.into(), reason };
    // Speech models need more memory than the default limit allows.
    let limits = ProcessLimits { memory: None, ..runner.limits };
    let runner = Runner { stall: STALL, limits, ..runner.clone() };
    let version = runner
        .run(&CommandLine::new(provider, "read its version").arg("--version"), Vec::new())
        .map(|bytes| String::from_utf8_lossy(&bytes).trim().chars().take(80).collect())
        .unwrap_or_default();
    let folder = tempfile::tempdir().map_err(|e| SystemError::write(&std::env::temp_dir(), e))?;
    let mut sound = Cursor::new(Vec::new());
    wav::write_mono(&mut sound, recorded.samples)?;
    let script: Vec<String> =
        recorded.sentences.iter().map(|sentence| pytoon_core::text::join(sentence)).collect();
    std::fs::write(folder.path().join("voice.wav"), sound.into_inner())
        .and_then(|()| std::fs::write(folder.path().join("script.txt"), script.join("\n")))
        .map_err(|e| SystemError::write(folder.path(), e))?;
    let command = outside.command(folder.path(), primary(recorded.language));
    runner.run(&command, Vec::new()).map_err(unavailable)?;
    let bytes = std::fs::read(folder.path().join("voice.json"))
        .map_err(|e| bad(format!("it wrote no voice.json: {e}")))?;
    let words: Vec<&Word> = recorded.sentences.iter().flatten().collect();
    let length_ms = recorded.samples.len() as f64 / 48.0;
    Ok(read(&bytes, &words, length_ms).map_err(bad)?.map(|found| (found, version)))
}

/// Parses a program's output into times of the script's words. Returns `None` if the program recognised none of them.
pub(crate) fn read(
    bytes: &[u8],
    words: &[&Word],
    length_ms: f64,
) -> Result<Option<Aligned>, String> {
    let transcript: Transcript =
        serde_json::from_slice(bytes).map_err(|e| format!("its voice.json is invalid: {e}"))?;
    let segments = transcript.segments.into_iter();
    let heard: Vec<RecognizedWord> = segments.flat_map(|segment| segment.words).collect();
    // Each recognised word is compared with each word of the script.
    let count = heard.len();
    ensure(count <= MAX_HEARD, format!("it found {count} words; the maximum is {MAX_HEARD}"))?;
    Ok(map(words, &heard, length_ms))
}

/// Returns the script's words with the recognised times, or `None` if no recognised word matches.
fn map(words: &[&Word], heard: &[RecognizedWord], length_ms: f64) -> Option<Aligned> {
    let timed: Vec<(String, f64, f64)> = heard
        .iter()
        .filter_map(|h| Some((bare(&h.word), h.start? * 1000.0, h.end? * 1000.0)))
        // Programs round; a start far behind the end of the recording is wrong.
        .filter(|(_, start, end)| (0.0..=length_ms + 1000.0).contains(start) && end.is_finite())
        .map(|(word, start, end)| (word, start, end.clamp(start, length_ms + 2000.0)))
        .collect();
    let pairs = pairs(&words.iter().map(|word| bare(&word.text)).collect::<Vec<_>>(), &timed);
    let matched = pairs.iter().filter(|pair| pair.is_some()).count();
    if matched == 0 {
        return None;
    }
    let known: Vec<Option<(f64, f64)>> =
        pairs.iter().map(|pair| pair.map(|at| (timed[at].1, timed[at].2))).collect();
    let time = |index: usize| known[index].unwrap_or_else(|| between(&known, index, length_ms));
    let words = ascending(words.iter().copied().zip((0..known.len()).map(time)));
    let confidence = matched as f64 / known.len() as f64;
    Some(Aligned { words, confidence, estimated_error_ms: -1.0, mismatch: None })
}

/// Returns the time of an unrecognised word: an equal share of the time between its recognised neighbours.
fn between(known: &[Option<(f64, f64)>], index: usize, length_ms: f64) -> (f64, f64) {
    let before = (0..index).rev().find(|&at| known[at].is_some());
    let after = (index + 1..known.len()).find(|&at| known[at].is_some());
    let from = before.and_then(|at| known[at]).map_or(0.0, |(_, end)| end);
    let to = after.and_then(|at| known[at]).map_or(length_ms, |(start, _)| start).max(from);
    let first = before.map_or(0, |at| at + 1);
    let count = (after.unwrap_or(known.len()) - first) as f64;
    let place = |n: usize| from + (to - from) * n as f64 / count;
    (place(index - first), place(index - first + 1))
}

fn bare(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Returns the recognised word for each script word, by the fewest edits. A different word in the same position
/// matches if both begin with the same letter.
fn pairs(script: &[String], heard: &[(String, f64, f64)]) -> Vec<Option<usize>> {
    let alike = |a: &str, b: &str| match (a == b, a.chars().next() == b.chars().next()) {
        (true, _) => 0u32,
        (false, true) => 1,
        (false, false) => 2,
    };
    let change = |row: usize, column: usize| alike(&script[row], &heard[column].0);
    let mut out = vec![None; script.len()];
    for (row, column) in cheapest((script.len(), heard.len()), change, |_| 1, |_| 1) {
        out[row] = (change(row, column) < 2).then_some(column);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_core::text::words;

    fn recognized_words(words: &[(&str, f64)]) -> Vec<RecognizedWord> {
        words
            .iter()
            .map(|&(word, start)| RecognizedWord {
                word: word.into(),
                start: Some(start),
                end: Some(start + 0.2),
            })
            .collect()
    }

    fn starts(script: &str, heard: &[RecognizedWord]) -> (Vec<i64>, f64) {
        let script = words(script);
        let script: Vec<&Word> = script.iter().collect();
        let found = map(&script, heard, 3000.0).expect("words");
        (found.words.iter().map(|word| word.start.get()).collect(), found.confidence)
    }

    #[test]
    fn recognized_words_keep_their_times_and_others_share_the_gaps() {
        let got = starts(
            "It costs $5 a bag, today.",
            &recognized_words(&[
                ("It", 0.1),
                ("costs", 0.4),
                ("five", 0.8),
                ("bag", 1.4),
                (" Today", 2.0),
            ]),
        );
        assert_eq!(got.0, [100, 400, 600, 1000, 1400, 2000]);
        assert!((got.1 - 4.0 / 6.0).abs() < 1e-9);
    }

    #[test]
    fn added_words_move_no_other_words() {
        let got = starts("one two", &recognized_words(&[("one", 0.1), ("um", 0.5), ("two", 0.9)]));
        assert_eq!(got, (vec![100, 900], 1.0));
    }

    #[test]
    fn no_recognized_words_give_no_alignment() {
        let script = words("one two");
        assert_eq!(map(&script.iter().collect::<Vec<_>>(), &[], 1000.0), None);
    }

    #[test]
    fn impossible_times_are_ignored() {
        let script = words("one two three");
        let script: Vec<&Word> = script.iter().collect();
        let json = br#"{"segments": [{"words": [{"word": "one", "start": 0.1, "end": 0.3},
            {"word": "two", "start": 9e15, "end": 9e15}, {"word": "three", "start": 2.0, "end": 1e300}]}]}"#;
        let found = read(json, &script, 3000.0).expect("read").expect("words").words;
        let starts: Vec<i64> = found.iter().map(|word| word.start.get()).collect();
        assert_eq!((starts[0], starts[2]), (100, 2000));
        assert!(
            found.iter().all(|word| word.start < word.end && word.end.get() <= 5000),
            "{found:?}"
        );
        let many = vec![r#"{"word": "one", "start": 0.1, "end": 0.2}"#; MAX_HEARD + 1].join(",");
        let many = format!(r#"{{"segments": [{{"words": [{many}]}}]}}"#);
        assert!(
            read(many.as_bytes(), &script, 3000.0)
                .expect_err("too many")
                .contains("the maximum is")
        );
    }
}
