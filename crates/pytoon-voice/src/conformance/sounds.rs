//! Test audio: a tone with the rhythm of speech, which passes as speech of the test text, and audio that is
//! not valid speech.

/// The sample rate, in hertz.
pub(super) const RATE: u32 = 24_000;
/// The length of valid speech of [`super::TEXT`], in seconds.
const GOOD_SECONDS: f64 = 2.5;

/// Audio that is not valid speech of the text.
pub(super) struct Spoilt {
    /// The defect of the audio, such as `clipped`.
    pub(super) what: &'static str,
    /// The samples of the audio.
    pub(super) samples: Vec<i16>,
}

/// Returns a tone that swells and fades four times per second.
fn tone(seconds: f64, loudness: f64) -> Vec<i16> {
    (0..(seconds * f64::from(RATE)) as usize)
        .map(|n| {
            let at = n as f64 / f64::from(RATE);
            let swell = (at * 4.0 * std::f64::consts::PI).sin().abs();
            (swell * loudness * (at * 1400.0).sin()).clamp(-32_768.0, 32_767.0) as i16
        })
        .collect()
}

/// Returns a tone that passes as speech of the text.
pub(super) fn good() -> Vec<i16> {
    tone(GOOD_SECONDS, 9_000.0)
}

/// Returns audio that must be rejected, with the defect of each.
pub(super) fn spoilt_sounds() -> Vec<Spoilt> {
    let mut broken_off = good();
    // In the middle of a swell, too early for the words.
    broken_off.truncate((1.375 * f64::from(RATE)) as usize);
    vec![
        Spoilt { what: "empty", samples: Vec::new() },
        Spoilt { what: "silent", samples: vec![0; good().len()] },
        Spoilt { what: "clipped", samples: tone(GOOD_SECONDS, 900_000.0) },
        Spoilt { what: "too short", samples: tone(0.4, 9_000.0) },
        Spoilt { what: "too long", samples: tone(25.0, 9_000.0) },
        Spoilt { what: "breaks off", samples: broken_off },
    ]
}

/// Returns little-endian samples without a header.
pub(super) fn pcm(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// Returns the samples as a WAV file.
pub(super) fn wav(samples: &[i16]) -> Vec<u8> {
    let data = pcm(samples);
    let length = data.len() as u32;
    let mut wav = b"RIFF".to_vec();
    wav.extend((length + 36).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend([1_u16, 1].iter().flat_map(|word| word.to_le_bytes()));
    wav.extend([RATE, RATE * 2].iter().flat_map(|word| word.to_le_bytes()));
    wav.extend([2_u16, 16].iter().flat_map(|word| word.to_le_bytes()));
    wav.extend(b"data");
    wav.extend(length.to_le_bytes());
    wav.extend(data);
    wav
}

/// Returns the first half of a WAV file whose header states the full length.
pub(super) fn half_a_wav() -> Vec<u8> {
    let mut wav = wav(&good());
    wav.truncate(wav.len() / 2);
    wav
}
