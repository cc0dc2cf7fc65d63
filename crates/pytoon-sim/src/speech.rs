//! Synthesizes audio that resembles speech: syllables of a buzzing tone, hisses and pauses.
//!
//! Guarantees: the length follows the text at a plausible rate; each character has its time; the same text,
//! voice, rate and speed produce the same audio. No word is intelligible.

use crate::scenario::Fault;
use crate::seed;
use std::f64::consts::TAU;

/// The duration of a character at normal speed, in seconds: about 15 characters per second.
const CHARACTER: f64 = 0.066;
/// The pause at the end of a sentence, in seconds.
const PAUSE: f64 = 0.25;

/// Synthesized speech.
#[derive(Debug)]
pub(crate) struct Spoken {
    /// The samples of one channel.
    pub(crate) samples: Vec<i16>,
    pub(crate) rate: u32,
    /// The start and the end of each character, in seconds.
    pub(crate) times: Vec<(f64, f64)>,
}

impl Spoken {
    pub(crate) fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate)
    }

    /// Returns the samples in little-endian order, without a header.
    pub(crate) fn pcm(&self) -> Vec<u8> {
        self.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
    }

    /// Returns the speech as a WAV file.
    pub(crate) fn wav(&self) -> Vec<u8> {
        let data = self.pcm();
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX - 36);
        let mut wav = Vec::with_capacity(data.len() + 44);
        wav.extend_from_slice(b"RIFF");
        wav.extend_from_slice(&(length + 36).to_le_bytes());
        wav.extend_from_slice(b"WAVEfmt ");
        // Sixteen bytes of format: PCM, one channel, rate, bytes per second, bytes per frame, bits.
        wav.extend_from_slice(&16_u32.to_le_bytes());
        for word in [1_u16, 1] {
            wav.extend_from_slice(&word.to_le_bytes());
        }
        for word in [self.rate, self.rate * 2] {
            wav.extend_from_slice(&word.to_le_bytes());
        }
        for word in [2_u16, 16] {
            wav.extend_from_slice(&word.to_le_bytes());
        }
        wav.extend_from_slice(b"data");
        wav.extend_from_slice(&length.to_le_bytes());
        wav.extend_from_slice(&data);
        wav
    }
}

/// Applies a fault to the speech: truncates it, silences it or empties it. The character times remain those of the
/// complete speech.
pub(crate) fn spoil(spoken: &mut Spoken, fate: Option<Fault>) {
    let length = spoken.samples.len();
    match fate {
        Some(Fault::TruncatedClip) => spoken.samples.truncate(break_off(&spoken.samples)),
        Some(Fault::WrongClip) => spoken.samples.truncate(length / 8),
        Some(Fault::BlackClip) => spoken.samples.fill(0),
        Some(Fault::CompletedWithError) => spoken.samples.clear(),
        _ => {}
    }
}

/// Returns the position near three fifths of the length before which the speech is loudest, so that a cut there is
/// audible.
fn break_off(samples: &[i16]) -> usize {
    let middle = samples.len() * 3 / 5;
    let window = samples.len() / 100 + 1;
    let reach = middle.saturating_sub(8 * window)..(middle + 8 * window).min(samples.len());
    let loud = |at: &usize| {
        samples[at.saturating_sub(window)..*at].iter().map(|s| i64::from(*s).pow(2)).sum::<i64>()
    };
    reach.step_by(window).max_by_key(loud).unwrap_or(middle)
}

/// Synthesizes a text with `rate` samples per second. The voice determines the pitch; `speed` divides the length.
pub(crate) fn speak(text: &str, voice: &str, rate: u32, speed: f64) -> Spoken {
    let voice = seed::of_text(voice);
    let base = 95.0 + (voice % 120) as f64;
    let mut spoken = Spoken { samples: Vec::new(), rate, times: Vec::new() };
    let mut phase = 0.0;
    let mut noise = voice;
    let mut at = 0.0;
    for (index, character) in text.chars().enumerate() {
        let pause = if ".!?\n".contains(character) { PAUSE } else { 0.0 };
        let end = at + (CHARACTER + pause) / speed;
        spoken.times.push((at, end));
        let sound = Sound::of(character);
        let until = (end * f64::from(rate)) as usize;
        let begin = spoken.samples.len();
        while spoken.samples.len() < until {
            let here = (spoken.samples.len() - begin) as f64 / (until - begin) as f64;
            // The level rises and falls within each sound, and the pitch varies over the sentence.
            let envelope = (here * std::f64::consts::PI).sin().powf(0.4);
            let tune = base * (1.0 + 0.12 * (index as f64 * 0.37).sin());
            phase = (phase + tune / f64::from(rate)).fract();
            noise = seed::mix(noise);
            let hiss = (noise >> 40) as f64 / f64::from(1_u32 << 23) - 1.0;
            let level = match sound {
                Sound::Vowel(formant) => buzz(phase, tune, formant),
                Sound::Consonant => 0.5 * buzz(phase, tune, 300.0) + 0.08 * hiss,
                Sound::Hiss => 0.22 * hiss,
                Sound::Silence => 0.0,
            };
            spoken.samples.push((level * envelope * 11_000.0) as i16);
        }
        at = end;
    }
    spoken
}

#[derive(Debug, Clone, Copy)]
enum Sound {
    /// A vowel with its formant frequency.
    Vowel(f64),
    Consonant,
    Hiss,
    Silence,
}

impl Sound {
    fn of(character: char) -> Self {
        match character.to_ascii_lowercase() {
            'a' => Self::Vowel(750.0),
            'e' => Self::Vowel(550.0),
            'i' | 'y' => Self::Vowel(320.0),
            'o' => Self::Vowel(480.0),
            'u' => Self::Vowel(380.0),
            's' | 'f' | 'h' | 'z' | 'x' | 'c' | 't' => Self::Hiss,
            other if other.is_alphanumeric() => Self::Consonant,
            _ => Self::Silence,
        }
    }
}

/// Returns a sample of a voice's harmonics, of which those near the formant are the loudest.
fn buzz(phase: f64, tune: f64, formant: f64) -> f64 {
    (1..=10)
        .map(|harmonic| {
            let harmonic = f64::from(harmonic);
            let distance = (harmonic * tune - formant) / 250.0;
            (0.15 + 0.6 / (1.0 + distance * distance)) / harmonic.sqrt()
                * (TAU * phase * harmonic).sin()
        })
        .sum()
}

/// Returns the words of a text, each with the start of its first and the end of its last character.
pub(crate) fn words(text: &str, times: &[(f64, f64)]) -> Vec<(String, f64, f64)> {
    let mut words: Vec<(String, f64, f64)> = Vec::new();
    let mut inside = false;
    for (character, (start, end)) in text.chars().zip(times) {
        if character.is_whitespace() {
            inside = false;
            continue;
        }
        match words.last_mut().filter(|_| inside) {
            Some((word, _, last)) => {
                word.push(character);
                *last = *end;
            }
            None => words.push((character.to_string(), *start, *end)),
        }
        inside = true;
    }
    words
}

/// Encodes speech with ffmpeg; `arguments` select the codec and the container.
pub(crate) async fn encode(spoken: &Spoken, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let wav = spoken.wav();
    let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    let encoding = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let (source, target) = (folder.path().join("speech.wav"), folder.path().join("encoded"));
        std::fs::write(&source, wav).map_err(|error| error.to_string())?;
        let mut all = vec!["-i".to_owned(), source.display().to_string()];
        all.extend(arguments);
        crate::clips::ffmpeg(&all, &target).map_err(|error| error.to_string())?;
        std::fs::read(&target).map_err(|error| error.to_string())
    });
    encoding.await.map_err(|error| error.to_string())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_has_a_plausible_pace_and_is_audible() {
        let text = "The red fox runs over the hill. It is gone.";
        let spoken = speak(text, "alloy", 24_000, 1.0);
        assert_eq!(spoken.times.len(), text.chars().count());
        assert!((2.5..4.5).contains(&spoken.seconds()), "{}", spoken.seconds());
        let power = spoken.samples.iter().map(|one| f64::from(*one).powi(2)).sum::<f64>();
        let mean = (power / spoken.samples.len() as f64).sqrt();
        assert!((1000.0..9000.0).contains(&mean), "{mean}");
        let fast = speak(text, "alloy", 24_000, 2.0);
        assert!((fast.seconds() * 2.0 - spoken.seconds()).abs() < 0.01);
        assert_ne!(speak(text, "onyx", 24_000, 1.0).samples, spoken.samples);
    }

    #[test]
    fn words_have_the_times_of_their_characters() {
        let times: Vec<(f64, f64)> =
            (0..5).map(|index| (f64::from(index), f64::from(index) + 1.0)).collect();
        assert_eq!(
            words("ab c ", &times),
            [("ab".to_owned(), 0.0, 2.0), ("c".to_owned(), 3.0, 4.0)]
        );
    }
}
