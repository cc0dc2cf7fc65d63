//! Adds a hint of room ambience to a dry voice.
//!
//! Synthetic voices have no reflections and sound detached from the film. A sparse random filter of 0.3 s
//! (velvet noise: Karjalainen and Järveläinen, "Reverberation modeling using velvet noise", AES 30th
//! conference, 2007), low in level and dull, is enough to place them in a room.

use crate::Db;
use crate::biquad::Biquad;

const TAPS: usize = 28;
const LENGTH: usize = 14_400;
/// The minimum delay of a reflection, in samples: that of a path 3 m longer than the direct one.
const FIRST: usize = 430;

/// Adds reflections at `level` relative to the voice, in place. The tail after the end of the take is dropped, so the
/// length stays unchanged.
pub(super) fn add_early_reflections(take: &mut [f32], level: Db) {
    let mut dull = take.to_vec();
    Biquad::high_pass(250.0, 0.707).process(&mut dull);
    Biquad::low_pass(5000.0, 0.707).process(&mut dull);
    for (delay, gain) in taps(level) {
        if delay < take.len() {
            let until = take.len() - delay;
            crate::dsp::add_scaled(&mut take[delay..], &dull[..until], gain);
        }
    }
}

fn taps(level: Db) -> Vec<(usize, f32)> {
    let mut rng = crate::dsp::rng(0x0B00_7400);
    let taps: Vec<(usize, f32)> = (0..TAPS)
        .map(|index| {
            // Increasing spacing: dense reflections first, sparser ones later.
            let share = (index as f32 + rng.range(0.1, 0.9)) / TAPS as f32;
            let delay = FIRST + ((LENGTH - FIRST) as f32 * share.powf(1.6)) as usize;
            let sign = if rng.chance(0.5) { 1.0 } else { -1.0 };
            (delay, sign * (-4.0 * delay as f32 / LENGTH as f32).exp())
        })
        .collect();
    let power: f32 = taps.iter().map(|(_, gain)| gain * gain).sum();
    let scale = level.amplitude() / power.sqrt();
    taps.into_iter().map(|(delay, gain)| (delay, gain * scale)).collect()
}
