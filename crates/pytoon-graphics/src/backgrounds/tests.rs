//! Tests that every generator is repeatable, continuous and complete in the first frame, and that smooth generators
//! show no banding.

use super::*;
use crate::palette::{Mood, Palette};
use pytoon_vocabulary::Background;

const W: usize = 270;
const H: usize = 480;

fn frame_at(kind: Background, seed: u64, t: f64) -> Frame {
    let palette = Palette::from_mood(Mood::Calm);
    let generator = Generator::new(kind, &palette, seed, W, H);
    let mut frame = Frame::new(W, H);
    generator.draw(&mut frame, t, &mut GenScratch::default());
    frame
}

fn mean_difference(a: &Frame, b: &Frame) -> f64 {
    let sum: u64 = a.data().iter().zip(b.data()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.data().len() as f64
}

#[test]
fn a_frame_depends_only_on_kind_seed_and_time() {
    for kind in Background::ALL.iter().copied() {
        assert_eq!(frame_at(kind, 3, 1.25), frame_at(kind, 3, 1.25), "{kind:?}");
        assert_ne!(frame_at(kind, 3, 1.25), frame_at(kind, 4, 1.25), "{kind:?} ignores its seed");
        // Scratch from another generator must not leak in.
        let palette = Palette::from_mood(Mood::Calm);
        let generator = Generator::new(kind, &palette, 3, W, H);
        let mut scratch = GenScratch::default();
        let mut frame = Frame::new(W, H);
        for other in Background::ALL.iter().copied() {
            Generator::new(other, &palette, 9, W, H).draw(&mut frame, 0.3, &mut scratch);
        }
        generator.draw(&mut frame, 1.25, &mut scratch);
        assert_eq!(frame, frame_at(kind, 3, 1.25), "{kind:?} depends on what was drawn before");
        assert_eq!(Background::from_name(kind.as_str()), Some(kind));
    }
}

#[test]
fn motion_is_continuous() {
    for kind in Background::ALL.iter().copied() {
        let palette = Palette::from_mood(Mood::Energetic);
        let generator = Generator::new(kind, &palette, 5, W, H);
        let mut scratch = GenScratch::default();
        let (mut last, mut next) = (Frame::new(W, H), Frame::new(W, H));
        let mut moved = 0.0;
        generator.draw(&mut last, 0.0, &mut scratch);
        for i in 1..150 {
            generator.draw(&mut next, f64::from(i) / 30.0, &mut scratch);
            let difference = mean_difference(&last, &next);
            // Moving sheets and discs may change more at once than drifting light.
            let limit = match kind {
                Background::Paper | Background::Swiss => 25.0,
                _ => 2.5,
            };
            assert!(difference < limit, "{kind:?} jumps by {difference} at frame {i}");
            moved += difference;
            std::mem::swap(&mut last, &mut next);
        }
        assert!(moved > 0.5, "{kind:?} does not move");
    }
}

#[test]
fn the_first_frame_is_a_picture() {
    for kind in Background::ALL.iter().copied() {
        let frame = frame_at(kind, 11, 0.0);
        let n = frame.y().len() as f64;
        let mean = frame.y().iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let variance = frame.y().iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
        assert!(variance.sqrt() > 4.0, "{kind:?} is flat: deviation {}", variance.sqrt());
        assert!(frame.y().iter().all(|v| (16..=235).contains(v)), "{kind:?} leaves the luma range");
        assert!(frame.u().iter().chain(frame.v()).all(|v| (16..=240).contains(v)), "{kind:?}");
    }
}

#[test]
fn smooth_generators_do_not_band() {
    // Banding is a run of rows on one code that then steps to the next. With dither each smooth
    // area mixes neighbouring codes, so no window of a column is constant.
    let (w, h) = (1080, 1920);
    let palette = Palette::from_mood(Mood::Cinematic);
    for kind in [Background::Mesh, Background::Aurora, Background::BokehLeak, Background::Particles]
    {
        let generator = Generator::new(kind, &palette, 5, w, h);
        let mut frame = Frame::new(w, h);
        generator.draw(&mut frame, 1.0, &mut GenScratch::default());
        for x in (0..w).step_by(97) {
            let mut run = 1;
            for y in 1..h {
                run = if frame.y()[y * w + x] == frame.y()[(y - 1) * w + x] { run + 1 } else { 1 };
                assert!(run < 40, "{kind:?}: a plateau of {run} rows at {x}, {y}");
            }
        }
        if kind == Background::Particles {
            continue; // Its points are steps of their own.
        }
        // Row means follow the gradient to a fraction of a code, without steps.
        let means: Vec<f64> = (0..h)
            .map(|y| {
                frame.y()[y * w..(y + 1) * w].iter().map(|v| f64::from(*v)).sum::<f64>() / w as f64
            })
            .collect();
        let error: f64 = means
            .windows(33)
            .map(|win| {
                // Distance of the middle row from the mean of its neighbourhood.
                (win[16] - win.iter().sum::<f64>() / 33.0).abs()
            })
            .sum::<f64>()
            / (h - 32) as f64;
        assert!(error < 0.25, "{kind:?}: row error {error}");
    }
}

#[test]
fn enlarging_keeps_values_and_place() {
    let canvas = Canvas::new(256, 256, 0.0, 1);
    let mut scratch = field::Scratch::default();
    for step in [4, 8, 16] {
        scratch.field.resize(&canvas, step);
        // A straight ramp must come out as the same ramp, without shift.
        scratch.field.fill(&canvas, |u, v| [0.2 + 0.3 * u + 0.2 * v; 3]);
        let mut frame = Frame::new(256, 256);
        canvas.enlarge(&mut frame, &mut scratch);
        for y in (24..232).step_by(13) {
            for x in (24..232).step_by(13) {
                let (u, v) = ((x as f32 + 0.5) / 256.0, (y as f32 + 0.5) / 256.0);
                let expected = 16.0 + 219.0 * (0.2 + 0.3 * u + 0.2 * v);
                let found = f32::from(frame.y()[y * 256 + x]);
                assert!(
                    (found - expected).abs() < 1.8,
                    "step {step} at {x}, {y}: {found} {expected}"
                );
            }
        }
    }
}
