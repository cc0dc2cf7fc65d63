//! Writes the voice takes to an empty track, and adds the clips' audio and room tone to the music track.

use super::{Placed, PlacedStereo};
use crate::biquad::Biquad;
use crate::loudness::measure_integrated;
use crate::{Stereo, samples_from_ms};

/// The length of the fade at the edges of voice takes. The fade is linear, so that two takes joined edge to edge keep
/// their level.
const VOICE_EDGE_MS: f64 = 8.0;
/// The length of the equal-power fade at the edges of clip audio: five frames at 30 frames per second.
const CLIP_EDGE_MS: f64 = 166.0;

/// Mixes the takes into a mono voice track of `len` samples, with a short fade at each edge. Non-finite samples
/// become silence.
pub(super) fn voice(takes: &[Placed<'_>], len: usize) -> Vec<f32> {
    let mut track = vec![0.0_f32; len];
    for take in takes {
        let Some(target) = track.get_mut(take.start..) else { continue };
        let gain = finite_gain(take.gain_db.amplitude());
        let count = take.audio.len().min(target.len());
        let edge = samples_from_ms(VOICE_EDGE_MS).min(count / 2);
        for (n, (slot, &sample)) in target.iter_mut().zip(&take.audio[..count]).enumerate() {
            let near = n.min(count - 1 - n);
            let fade = if near < edge { (near as f32 + 0.5) / edge as f32 } else { 1.0 };
            *slot += if sample.is_finite() { sample * gain * fade } else { 0.0 };
        }
    }
    track
}

/// Adds each clip's audio at its level in the finished mix, with a fade at each edge, ducked by `envelope`. `lift` is
/// the expected gain of mastering in dB, which is subtracted from the level.
pub(super) fn add_clips(
    track: &mut Stereo,
    clips: &[PlacedStereo<'_>],
    envelope: &[f32],
    lift: f64,
) {
    for clip in clips {
        let now = measure_integrated(clip.audio).0;
        if !now.is_finite() || clip.start >= track.len() {
            continue;
        }
        let gain = finite_gain(10_f64.powf((clip.level.0 - lift - now) / 20.0) as f32);
        let count = clip.audio.len().min(track.len() - clip.start);
        let edge = samples_from_ms(CLIP_EDGE_MS).min(count / 2);
        let envelope = &envelope[clip.start..];
        for (target, source) in
            [(&mut track.left, &clip.audio.left), (&mut track.right, &clip.audio.right)]
        {
            for n in 0..count {
                let near = n.min(count - 1 - n);
                let fade = if near < edge {
                    (std::f32::consts::FRAC_PI_2 * (near as f32 + 0.5) / edge as f32).sin()
                } else {
                    1.0
                };
                let sample = source[n];
                if sample.is_finite() {
                    target[clip.start + n] += sample * gain * fade * envelope[n];
                }
            }
        }
    }
}

/// Adds soft brown-like noise at `level_dbfs`, but at most at -40 dBFS, so that pauses sound like a quiet room and
/// not like digital silence. The seed is fixed, so equal films stay equal.
pub(super) fn add_room_tone(track: &mut Stereo, level_dbfs: f32) {
    let root = crate::dsp::rng(0x0A1B);
    for (index, channel) in [&mut track.left, &mut track.right].into_iter().enumerate() {
        let mut rng = root.fork(index as u64 + 1);
        let mut tone: Vec<f32> = (0..channel.len()).map(|_| rng.bipolar()).collect();
        Biquad::low_pass(420.0, 0.5).process(&mut tone);
        Biquad::high_pass(60.0, 0.5).process(&mut tone);
        let power = crate::dsp::mean_square(&tone);
        if power > 0.0 {
            let gain = 10_f32.powf(level_dbfs.min(-40.0) / 20.0) / power.sqrt() as f32;
            crate::dsp::add_scaled(channel, &tone, gain);
        }
    }
}

fn finite_gain(gain: f32) -> f32 {
    if gain.is_finite() { gain.clamp(0.0, 100.0) } else { 0.0 }
}
