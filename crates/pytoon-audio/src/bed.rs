//! Fits music to the length of a film.
//!
//! Guarantees: the result has exactly the requested length; it starts with a 15 ms fade and reaches zero on its last
//! sample after a square-law tail; loops are joined with an equal-power cross-fade at the point where the
//! music is most similar to its beginning.
//!
//! This module does not set levels. `mixer` measures and places the bed.

use std::f32::consts::FRAC_PI_2;

use crate::dsp::mean_square;
use crate::{Stereo, samples_from_ms};

/// The length of the fade at the start of every bed.
pub const FADE_IN_MS: f64 = 15.0;
/// The length of the fade at the end of a bed.
pub const TAIL_MS: f64 = 800.0;
/// The length of the fade at the end of a bed in a film that loops.
pub const LOOP_TAIL_MS: f64 = 140.0;

/// The resolution of the level curve used to compare passages, in samples (10 ms).
const FRAME: usize = 480;
/// The length of the compared passages, in frames of the level curve (3 s). It is enough to distinguish one bar from
/// another.
const COMPARED: usize = 300;

/// Fits `music` to `len` samples: drops the silence before the first sound, cuts or loops the rest, and fades both
/// ends. `crossfade` is the length of a loop join in samples; a beat is a good choice. `tail_ms` is the length of the
/// fade at the end, in milliseconds.
#[must_use]
pub fn fit_music(music: Stereo, len: usize, crossfade: usize, tail_ms: f64) -> Stereo {
    let mut out = skip_lead_in(music);
    if out.is_empty() {
        return Stereo::silence(len);
    }
    if out.len() < len {
        out = repeat(&out, len, crossfade);
    }
    out.resize(len);
    fade_ends(&mut out, tail_ms);
    out
}

/// Applies the start fade and a tail fade of `tail_ms` milliseconds. Short beds share their length between the two.
pub fn fade_ends(audio: &mut Stereo, tail_ms: f64) {
    let len = audio.len();
    let head = samples_from_ms(FADE_IN_MS).min(len / 4);
    let tail = samples_from_ms(tail_ms).min(len - len / 3);
    for channel in [&mut audio.left, &mut audio.right] {
        for (n, sample) in channel.iter_mut().take(head).enumerate() {
            *sample *= n as f32 / head as f32;
        }
        for (n, sample) in channel.iter_mut().rev().take(tail).enumerate() {
            let share = n as f32 / tail as f32;
            *sample *= share * share;
        }
    }
}

/// Drops the silence before the first sound, so that a bed starts on its downbeat. Keeps the last 15 ms of it for the
/// fade. Silent music becomes empty.
fn skip_lead_in(mut music: Stereo) -> Stereo {
    let loudest = crate::loudness::sample_peak(&music);
    if loudest <= 0.0 {
        return Stereo::default();
    }
    let first = music
        .left
        .iter()
        .zip(&music.right)
        .position(|(l, r)| l.abs().max(r.abs()) > loudest * 0.003)
        .unwrap_or(0)
        .saturating_sub(samples_from_ms(FADE_IN_MS));
    music.left.drain(..first);
    music.right.drain(..first);
    music
}

fn repeat(music: &Stereo, len: usize, crossfade: usize) -> Stereo {
    let join = crossfade.clamp(1, (music.len() / 2).max(1));
    let period = loop_length(music).min(music.len() - join).max(1);
    // The music continues for `join` samples after the loop point, so that its natural continuation fades out under
    // the new start and the beat stays regular.
    let body = period + join;
    let mut out = Stereo { left: music.left[..body].to_vec(), right: music.right[..body].to_vec() };
    while out.len() < len {
        let start = out.len() - join;
        append(&mut out.left, &music.left[..body], start);
        append(&mut out.right, &music.right[..body], start);
    }
    out
}

/// Appends `next` to `out` with an equal-power crossfade that begins at sample `start`.
fn append(out: &mut Vec<f32>, next: &[f32], start: usize) {
    let join = out.len() - start;
    for (n, (old, new)) in out[start..].iter_mut().zip(next).enumerate() {
        let angle = FRAC_PI_2 * (n as f32 + 0.5) / join as f32;
        *old = *old * angle.cos() + new * angle.sin();
    }
    out.extend_from_slice(&next[join.min(next.len())..]);
}

/// Returns the end of the loop: the position in the second half of the music that is most similar to its beginning,
/// by level curve. Music that is too short or has no similar position loops as a whole.
fn loop_length(music: &Stereo) -> usize {
    let len = music.len();
    let level: Vec<f32> =
        music.mono().chunks(FRAME).map(|chunk| mean_square(chunk).sqrt() as f32).collect();
    let frames = level.len();
    if frames < 3 * COMPARED {
        return len;
    }
    let head = &level[..COMPARED];
    let best = (frames / 2..=frames - COMPARED)
        .map(|at| (at, likeness(head, &level[at..at + COMPARED])))
        .fold((frames, 0.5), |best, new| if new.1 > best.1 { new } else { best });
    (best.0 * FRAME).min(len)
}

/// Returns the correlation coefficient of two level curves.
fn likeness(a: &[f32], b: &[f32]) -> f32 {
    let count = a.len() as f32;
    let (mean_a, mean_b) = (a.iter().sum::<f32>() / count, b.iter().sum::<f32>() / count);
    let (mut cross, mut power_a, mut power_b) = (0.0, 1e-12, 1e-12);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        cross += x * y;
        power_a += x * x;
        power_b += y * y;
    }
    cross / (power_a * power_b).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn music(seconds: f64) -> Stereo {
        // Beats of 0.5 s with an accent every fourth.
        let len = (seconds * 48_000.0) as usize;
        Stereo::from_mono(
            (0..len)
                .map(|n| {
                    let age = (n % 24_000) as f32 / 48_000.0;
                    let accent = if n / 24_000 % 4 == 0 { 1.0 } else { 0.5 };
                    accent * (-age * 6.0).exp() * (n as f32 * 0.03).sin()
                })
                .collect(),
        )
    }

    #[test]
    fn length_is_exact_and_ends_are_quiet() {
        for len in [0_usize, 1, 2, 500, 48_000, 480_000, 1_440_000] {
            let got = fit_music(music(12.3), len, 24_000, TAIL_MS);
            assert_eq!((got.left.len(), got.right.len()), (len, len));
            if len > 10 {
                assert_eq!(got.left[0], 0.0);
                assert_eq!(got.left[len - 1], 0.0);
            }
        }
        assert_eq!(fit_music(Stereo::default(), 100, 10, TAIL_MS), Stereo::silence(100));
        assert_eq!(fit_music(Stereo::silence(50), 100, 10, TAIL_MS), Stereo::silence(100));
    }

    #[test]
    fn loops_keep_the_beat_and_the_level() {
        let got = fit_music(music(12.3), 48_000 * 40, 24_000, TAIL_MS);
        let to = loop_length(&music(12.3));
        assert!(
            (to as f64 / 96_000.0).fract().min(1.0 - (to as f64 / 96_000.0).fract()) < 0.02,
            "{to}"
        );
        let seconds: Vec<f64> = got.left[..48_000 * 38].chunks(96_000).map(mean_square).collect();
        let (low, high) =
            seconds.iter().fold((f64::MAX, 0.0_f64), |m, &p| (m.0.min(p), m.1.max(p)));
        assert!(high / low < 2.0, "{low} {high}");
    }
}
