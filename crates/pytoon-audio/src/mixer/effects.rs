//! Adds sound effects under the voice.

use super::PlacedEffect;
use crate::Stereo;
use crate::loudness::{block_powers, loudness_of_power};

/// The length of the blocks in which loudness is compared, in samples: 100 ms.
const BLOCK: usize = 4_800;
/// The smallest distance of an effect below the words that are spoken with it, in LU.
pub(super) const LEAST_BELOW_WORDS_LU: f64 = 12.0;
/// The range below the voice's loudness in which the voice speaks, in LU; below it, it breathes.
const SPEAKS_LU: f64 = 12.0;

/// Adds the effects to a track. `reference` is the loudness, in LUFS, below which the effects are placed. Returns the
/// smallest measured distance of an effect below the words spoken with it, in LU, or `None` if there are none.
pub(super) fn add_effects(
    track: &mut Stereo,
    effects: &[PlacedEffect<'_>],
    voice: &[f32],
    reference: f64,
    below_lu: f64,
) -> Option<f64> {
    let mut least: Option<f64> = None;
    for effect in effects {
        let count = effect.audio.len().min(track.len().saturating_sub(effect.start));
        if count == 0 {
            continue;
        }
        let of_effect = powers(&effect.audio.left[..count], &effect.audio.right[..count]);
        let loudest = loudness_of_power(of_effect.iter().copied().fold(0.0, f64::max));
        if !loudest.is_finite() {
            continue;
        }
        let wanted = reference - below_lu - loudest;
        let words = &voice[effect.start.min(voice.len())..(effect.start + count).min(voice.len())];
        let distance = distance_below(words, &of_effect, reference);
        // With a gain of `gain`, the distance is `distance - gain`.
        let gain = distance.map_or(wanted, |d| wanted.min(d - LEAST_BELOW_WORDS_LU));
        if let Some(distance) = distance {
            let now = distance - gain;
            least = Some(least.map_or(now, |least| least.min(now)));
        }
        let factor = 10_f64.powf(gain.clamp(-80.0, 30.0) / 20.0) as f32;
        for (target, source) in
            [(&mut track.left, &effect.audio.left), (&mut track.right, &effect.audio.right)]
        {
            let target = &mut target[effect.start..];
            for (target, source) in target.iter_mut().zip(&source[..count]) {
                *target += source * factor;
            }
        }
    }
    least
}

/// Returns the smallest distance, in LU, from the voice down to an effect over the blocks in which the voice speaks.
fn distance_below(voice: &[f32], of_effect: &[f64], reference: f64) -> Option<f64> {
    let of_voice = powers(voice, voice);
    let spoken = of_voice.iter().zip(of_effect).filter_map(|(voice, effect)| {
        let voice = loudness_of_power(*voice);
        (voice > reference - SPEAKS_LU && *effect > 1e-14)
            .then(|| voice - loudness_of_power(*effect))
    });
    spoken.reduce(f64::min)
}

/// Returns the K-weighted power of each block, the last one filled with silence.
fn powers(left: &[f32], right: &[f32]) -> Vec<f64> {
    let padded = |channel: &[f32]| {
        let mut channel = channel.to_vec();
        channel.resize(channel.len().next_multiple_of(BLOCK), 0.0);
        channel
    };
    block_powers(&[&padded(left), &padded(right)])
}
