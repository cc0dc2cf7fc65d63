//! Sets the level of the music below the voice, ducks it, and dips its band of consonants.
//!
//! The distance is measured during speech: the K-weighted power of the ducked music against that of the voice, over
//! the 100 ms blocks that contain speech. Both scale linearly, so one measurement gives the exact gain.

use super::{MIN_GAP_LU, MixInput, deepest};
use crate::biquad::Biquad;
use crate::loudness::{block_powers, loudness_of_power, measure_integrated};
use crate::{Db, Lufs, Stereo};

/// The centre of a wide 3 dB dip over 1.5 to 4 kHz, which leaves room for consonants.
const DIP_HZ: f64 = 2450.0;
const DIP_Q: f64 = 0.7;
const DIP_DB: f64 = -3.0;
/// Maximum gain of the music, in dB. It limits near-silent files.
const MAX_GAIN_DB: f64 = 30.0;

pub(super) struct PlacedBed {
    pub(super) audio: Stereo,
    pub(super) gain: Db,
    pub(super) below_voice_lu: Option<f64>,
}

pub(super) fn place_bed(
    mut audio: Stereo,
    voice: &[f32],
    envelope: &[f32],
    input: &MixInput<'_>,
    voice_loudness: Option<Lufs>,
) -> PlacedBed {
    audio.resize(input.len);
    for sample in audio.left.iter_mut().chain(&mut audio.right) {
        if !sample.is_finite() {
            *sample = 0.0;
        }
    }
    let wish = f64::from(input.music_gain_db.0);
    let Some(voice_loudness) = voice_loudness else {
        // Without speech, mastering brings the music to programme loudness.
        audio.apply_gain(envelope);
        let gain = if wish.is_finite() { wish.clamp(-60.0, MAX_GAIN_DB) } else { 0.0 };
        audio.scale(Db(gain as f32).amplitude());
        return PlacedBed { audio, gain: Db(gain as f32), below_voice_lu: None };
    };
    Biquad::peaking(DIP_HZ, DIP_Q, DIP_DB).process_stereo(&mut audio);
    let open = measure_integrated(&audio).0;
    audio.apply_gain(envelope);
    let distance = distance_in_speech(voice, &audio, voice_loudness);
    let offset = input.bed_below_voice_lu.clamp(0.0, 60.0);
    // Music that is not ducked must keep the least gap, regardless of the depth of the ducks.
    let by_gap = voice_loudness.0 - MIN_GAP_LU - open;
    let by_speech =
        distance.map_or(voice_loudness.0 - (offset - deepest(input.ducks)) - open, |d| d - offset);
    let mut gain = by_speech.min(by_gap) + if wish.is_finite() { wish } else { 0.0 };
    if !gain.is_finite() {
        gain = 0.0;
    }
    let gain = gain.clamp(-80.0, MAX_GAIN_DB);
    audio.scale(Db(gain as f32).amplitude());
    PlacedBed { audio, gain: Db(gain as f32), below_voice_lu: distance.map(|d| d - gain) }
}

/// Returns the loudness of the voice minus that of the music over the blocks with speech, or `None` if there is no
/// speech or no audible music.
fn distance_in_speech(voice: &[f32], music: &Stereo, voice_loudness: Lufs) -> Option<f64> {
    // Mono is enough for the voice, which is equal in both channels.
    let of_voice = block_powers(&[voice]);
    let of_music = block_powers(&[&music.left, &music.right]);
    // Within 12 LU of its loudness the voice speaks; below, it breathes.
    let floor = voice_loudness.0 - 12.0;
    let (mut speech, mut under) = (0.0, 0.0);
    for (&v, &m) in of_voice.iter().zip(&of_music) {
        if loudness_of_power(2.0 * v) > floor {
            speech += 2.0 * v;
            under += m;
        }
    }
    (speech > 0.0 && under > 1e-14).then(|| loudness_of_power(speech) - loudness_of_power(under))
}
