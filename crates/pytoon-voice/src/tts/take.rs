//! Raw audio from a voice, and its plausibility checks.
//!
//! Guarantees: audio that is empty, silent, truncated, or far too short or long for its words is rejected
//! ([`Take::problem`]); a take survives a round trip through its file, and a damaged file is rejected.

use crate::paid::StoredGoods;
use pytoon_audio::{resample, speech};
use serde::{Deserialize, Serialize};

/// The fastest plausible speech, in seconds per letter, per ideograph and per digit. People read aloud at 13 to 19
/// letters per second.
const FASTEST: (f64, f64, f64) = (0.030, 0.070, 0.045);
/// The slowest plausible speech, in seconds per letter (an ideograph counts as three, a digit as four), and
/// the allowance for pauses.
const SLOWEST: (f64, f64) = (0.35, 4.0);
/// The pace below which audio that ends abruptly is suspicious, in seconds per letter.
const HURRIED: f64 = 0.058;
/// The fraction of samples at full scale from which audio counts as clipped. Loud speech after a limiter has less
/// than one in a hundred.
const CLIPPED: f64 = 0.05;
/// The magnitude from which a sample counts as full scale. It is slightly below the maximum, to allow for dithering
/// and resampling.
const FULL_SCALE: u16 = 32_700;
/// The tolerance for times after the end of the audio, in milliseconds.
const TIME_SLACK_MS: f64 = 250.0;

/// The time of a passage of text, such as a word or a character.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The position of the passage's first character in the text, from 0.
    pub at: usize,
    /// The start, in milliseconds.
    pub start_ms: f64,
    /// The end, in milliseconds, if known.
    pub end_ms: Option<f64>,
}

/// An error from parsing a WAV file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WavProblem {
    /// The bytes are not a WAV file.
    #[error("the audio is not a WAV file")]
    NotWav,
    /// The samples have another format, which FFmpeg may decode.
    #[error("the samples of the audio are not 16-bit PCM")]
    OtherSamples,
    /// The file is truncated.
    #[error("the audio is cut off: {have} of {promised} bytes")]
    CutOff {
        /// The number of bytes present.
        have: usize,
        /// The number of bytes that the header promises.
        promised: u32,
    },
    /// The file has no samples.
    #[error("the WAV file contains no audio")]
    NoSound,
}

/// The audio as the voice delivered it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Take {
    /// The sample rate, in hertz.
    pub rate: u32,
    /// The samples, mono.
    pub pcm: Vec<i16>,
    /// The times, in order; empty if the voice returns none.
    pub marks: Vec<Mark>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    rate: u32,
    samples: usize,
    marks: Vec<Mark>,
}

impl Take {
    /// Creates a take from little-endian 16-bit samples.
    pub fn from_pcm(rate: u32, bytes: &[u8]) -> Self {
        let pcm = bytes.as_chunks().0.iter().map(|b| i16::from_le_bytes(*b)).collect();
        Self { rate, pcm, marks: Vec::new() }
    }

    /// Creates a take from samples between -1 and 1.
    pub fn from_samples(rate: u32, samples: &[f32]) -> Self {
        let pcm = samples.iter().map(|s| (s.clamp(-1.0, 1.0) * 32_767.0).round() as i16).collect();
        Self { rate, pcm, marks: Vec::new() }
    }

    /// Parses a WAV file (RIFF, 16-bit PCM). Two channels are mixed to one.
    pub fn from_wav(bytes: &[u8]) -> Result<Self, WavProblem> {
        let word = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        let half = |at: usize| Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
        if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
            return Err(WavProblem::NotWav);
        }
        let mut at = 12;
        let mut format = None;
        while let (Some(id), Some(length)) = (bytes.get(at..at + 4), word(at + 4)) {
            let body = at + 8;
            if id == b"fmt " {
                format = Some((half(body), half(body + 2), word(body + 4), half(body + 14)));
            }
            if id == b"data" {
                let Some((Some(1 | 0xfffe), Some(channels @ 1..=2), Some(rate), Some(16))) = format
                else {
                    return Err(WavProblem::OtherSamples);
                };
                let have = bytes.len() - body;
                // Programs that write to a pipe do not know the length yet.
                let is_open = length == 0 || length >= 0x7fff_0000;
                if !is_open && (length as usize) > have {
                    return Err(WavProblem::CutOff { have, promised: length });
                }
                let used = if is_open { have } else { length as usize };
                let mut take = Self::from_pcm(rate, &bytes[body..body + used]);
                if channels == 2 {
                    let (pairs, _) = take.pcm.as_chunks();
                    let mean = |[l, r]: &[i16; 2]| ((i32::from(*l) + i32::from(*r)) / 2) as i16;
                    take.pcm = pairs.iter().map(mean).collect();
                }
                return Ok(take);
            }
            // Chunks begin at even places (RIFF).
            at = body + (length as usize).next_multiple_of(2);
        }
        Err(WavProblem::NoSound)
    }

    /// Returns the length in milliseconds.
    pub fn length_ms(&self) -> f64 {
        self.pcm.len() as f64 * 1000.0 / f64::from(self.rate.max(1))
    }

    /// Returns the audio resampled to 48 kHz.
    pub fn samples(&self) -> Result<Vec<f32>, pytoon_audio::AudioError> {
        resample::to_48k(&self.floats(), self.rate)
    }

    fn floats(&self) -> Vec<f32> {
        self.pcm.iter().map(|&s| f32::from(s) / 32_768.0).collect()
    }

    /// Returns the reason to reject the take as the requested speech, or `None`. `speed` is relative to the voice's
    /// normal speed.
    pub fn problem(&self, text: &str, speed: f64) -> Option<String> {
        let (samples, rate) = (self.floats(), self.rate);
        let full = self.pcm.iter().filter(|s| s.unsigned_abs() >= FULL_SCALE).count() as f64;
        let seconds = sounding(&samples, rate) as f64 / f64::from(rate) * speed.max(0.1);
        let count = Letters::of(text);
        let least =
            FASTEST.0 * count.letters + FASTEST.1 * count.ideographs + FASTEST.2 * count.digits;
        let last = self.marks.iter().map(|m| m.end_ms.unwrap_or(m.start_ms)).fold(0.0, f64::max);
        let end = self.length_ms();
        Some(if samples.is_empty() {
            "the audio is empty".to_owned()
        } else if !(8000..=192_000).contains(&rate) {
            format!("the sample rate of the audio, {rate} Hz, is not between 8000 and 192000")
        } else if speech::is_silent(&samples) {
            "the audio is silent".to_owned()
        } else if full > CLIPPED * samples.len() as f64 {
            "the audio is clipped".to_owned()
        } else if seconds < least {
            format!(
                "the speech lasts {seconds:.2} s at normal speed, too short for {} characters",
                count.all()
            )
        } else if seconds > SLOWEST.1 + SLOWEST.0 * count.weight() {
            format!(
                "the speech lasts {seconds:.1} s at normal speed, too long for {} characters",
                count.all()
            )
        } else if seconds < HURRIED * count.weight() && breaks_off(&samples, rate) {
            format!("the audio is cut off after {seconds:.2} s of speech at normal speed")
        } else if last > end + TIME_SLACK_MS {
            format!(
                "the audio is cut off: the last word is at {last:.0} ms, the end at {end:.0} ms"
            )
        } else {
            return None;
        })
    }
}

/// Stores a take as a line of JSON, followed by the samples.
impl StoredGoods for Take {
    const FOLDER: &'static str = "takes";
    const ENDING: &'static str = "take";

    fn to_bytes(&self) -> Vec<u8> {
        let head = Head { rate: self.rate, samples: self.pcm.len(), marks: self.marks.clone() };
        // Plain numbers always serialise.
        let mut bytes = serde_json::to_vec(&head).unwrap_or_default();
        bytes.push(b'\n');
        bytes.extend(self.pcm.iter().flat_map(|sample| sample.to_le_bytes()));
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let end = bytes.iter().position(|&b| b == b'\n')?;
        let head: Head = serde_json::from_slice(&bytes[..end]).ok()?;
        let take = Self::from_pcm(head.rate, &bytes[end + 1..]);
        (take.pcm.len() == head.samples).then_some(Self { marks: head.marks, ..take })
    }

    fn length_ms(&self) -> f64 {
        Self::length_ms(self)
    }
}

/// Returns the number of samples between the first and the last audible one.
fn sounding(samples: &[f32], rate: u32) -> usize {
    let window = (rate as usize / 100).max(1);
    let loud = loudest(samples, window);
    let sounds = |chunk: &[f32]| rms(chunk) > loud * 0.01;
    let first = samples.chunks(window).position(sounds);
    let last = samples.chunks(window).rposition(sounds);
    match (first, last) {
        (Some(first), Some(last)) => ((last + 1) * window).min(samples.len()) - first * window,
        _ => 0,
    }
}

/// Returns true if the audio ends abruptly: its last 10 ms exceed a tenth of the level of its loudest 10 ms.
fn breaks_off(samples: &[f32], rate: u32) -> bool {
    let window = (rate as usize / 100).max(1);
    let tail = &samples[samples.len().saturating_sub(window)..];
    rms(tail) > loudest(samples, window) * 0.1
}

fn loudest(samples: &[f32], window: usize) -> f32 {
    samples.chunks(window).map(rms).fold(0.0, f32::max)
}

fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}

/// The counts of characters that determine the spoken length of a text.
struct Letters {
    letters: f64,
    ideographs: f64,
    digits: f64,
}

impl Letters {
    fn of(text: &str) -> Self {
        let is_ideograph = |c: &char| pytoon_core::text::is_unspaced_script(*c);
        let (ideographs, others): (Vec<char>, Vec<char>) = text.chars().partition(is_ideograph);
        let (digits, others): (Vec<char>, Vec<char>) =
            others.into_iter().partition(|c| c.is_numeric());
        let letters = others.into_iter().filter(|c| c.is_alphabetic()).count() as f64;
        Self { letters, ideographs: ideographs.len() as f64, digits: digits.len() as f64 }
    }

    fn all(&self) -> f64 {
        self.letters + self.ideographs + self.digits
    }

    fn weight(&self) -> f64 {
        self.letters + 3.0 * self.ideographs + 4.0 * self.digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "The kettle sings in the quiet morning.";

    /// Returns a tone that swells and fades four times per second.
    fn tone(seconds: f64) -> Take {
        let rate = 24_000;
        let pcm = (0..(seconds * f64::from(rate)) as usize)
            .map(|n| {
                let at = n as f64 / f64::from(rate);
                let swell = (at * 4.0 * std::f64::consts::PI).sin().abs();
                (swell * 9000.0 * (at * 1400.0).sin()) as i16
            })
            .collect();
        Take { rate, pcm, marks: Vec::new() }
    }

    #[test]
    fn speech_of_a_plausible_length_is_taken() {
        for seconds in [2.0, 2.5, 6.0] {
            assert_eq!(tone(seconds).problem(TEXT, 1.0), None, "{seconds}");
        }
        assert_eq!(tone(1.3).problem(TEXT, 2.0), None);
    }

    #[test]
    fn what_is_no_speech_of_these_words_is_refused() {
        let silent = Take { pcm: vec![0; 48_000], ..tone(0.0) };
        let mut late = tone(2.5);
        late.marks.push(Mark { at: 33, start_ms: 2900.0, end_ms: None });
        let mut broken = tone(2.5);
        broken.pcm.truncate(24_000 * 11 / 8);
        let mut clipped = tone(2.5);
        clipped.pcm.iter_mut().for_each(|s| *s = s.saturating_mul(30));
        for (take, word) in [
            (tone(0.0), "empty"),
            (silent, "silent"),
            (tone(0.4), "short"),
            (tone(25.0), "long"),
            (broken, "cut off after"),
            (late, "cut off"),
            (clipped, "clipped"),
        ] {
            let problem = take.problem(TEXT, 1.0).unwrap_or_default();
            assert!(problem.contains(word), "{word}: {problem:?}");
        }
    }

    #[test]
    fn a_kept_take_is_the_same_or_is_not_read() {
        let mut take = tone(0.1);
        take.marks.push(Mark { at: 3, start_ms: 12.5, end_ms: Some(30.0) });
        let bytes = take.to_bytes();
        assert_eq!(Take::from_bytes(&bytes), Some(take));
        assert_eq!(Take::from_bytes(&bytes[..bytes.len() - 2]), None);
        assert_eq!(Take::from_bytes(b"{}"), None);
    }

    fn wav(channels: u16, bits: u16, claimed: u32, data: &[u8]) -> Vec<u8> {
        let mut wav = b"RIFF\0\0\0\0WAVEfmt ".to_vec();
        wav.extend(16_u32.to_le_bytes());
        wav.extend([1, channels].iter().flat_map(|word| word.to_le_bytes()));
        wav.extend([22_050_u32, 44_100].iter().flat_map(|word| word.to_le_bytes()));
        wav.extend([2, bits].iter().flat_map(|word| word.to_le_bytes()));
        wav.extend(b"LIST\x03\0\0\0abc\0data");
        wav.extend(claimed.to_le_bytes());
        wav.extend(data);
        wav
    }

    #[test]
    fn wav_files_are_read_whole_or_not_at_all() {
        let data = [1, 0, 3, 0, 5, 0, 7, 0];
        let read = |channels, bits, claimed| Take::from_wav(&wav(channels, bits, claimed, &data));
        assert_eq!(read(1, 16, 8).expect("mono").pcm, [1, 3, 5, 7]);
        assert_eq!(read(2, 16, 8).expect("stereo").pcm, [2, 6]);
        assert_eq!(read(1, 16, u32::MAX).expect("piped").pcm, [1, 3, 5, 7]);
        assert_eq!(read(1, 16, 8).expect("mono").rate, 22_050);
        assert!(read(1, 16, 800).expect_err("short").to_string().contains("cut off"));
        assert!(read(1, 24, 8).is_err() && Take::from_wav(b"<html>").is_err());
        assert!(Take::from_wav(b"RIFF\0\0\0\0WAVE").is_err());
    }
}
