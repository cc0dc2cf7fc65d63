//! Tracks a soft spot in composed frames and compares it with the intended curve of the move.

use anyhow::Context;
use pytoon_compositor::grade::GradeTable;
use pytoon_compositor::picture::Picture;
use pytoon_compositor::sampler::Scratch;
use pytoon_compositor::still::PreparedStill;
use pytoon_core::preset::Grade;
use pytoon_core::timeline::{Fit, Motion, Window};
use pytoon_graphics::Frame;
use pytoon_vocabulary::Frame as FrameNumber;

const FRAMES: i64 = 150;

pub(crate) fn run() -> anyhow::Result<()> {
    let wide = Window::around(0.75, 1.0, (0.5, 0.5));
    let moves = [
        ("zoom", wide, wide.zoomed_about(1.15, (0.4, 0.4))),
        (
            "pan",
            Window { x: 0.02, ..wide.zoomed_about(1.1, (0.5, 0.5)) },
            Window { x: 0.10, ..wide.zoomed_about(1.1, (0.5, 0.5)) },
        ),
        (
            "slow pan",
            Window { x: 0.05, ..wide.zoomed_about(1.1, (0.5, 0.5)) },
            Window { x: 0.06, ..wide.zoomed_about(1.1, (0.5, 0.5)) },
        ),
    ];
    for (name, from, to) in moves {
        let (start_frame, end_frame) = (FrameNumber::ZERO, FrameNumber::new(FRAMES));
        let motion = Motion { from, to, start_frame, end_frame, ease_in_frames: FrameNumber::ZERO };
        let (deviation, backward) = track(&motion).context("drawing the test picture")?;
        println!("jitter: {name}: {deviation:.4} px standard deviation, {backward} backward steps");
    }
    Ok(())
}

/// Draws a still with a bright spot under `motion` and locates the spot in every frame. Returns the standard
/// deviation of its error of position, in pixels, and the number of steps in the wrong direction.
fn track(motion: &Motion) -> anyhow::Result<(f64, usize)> {
    let (width, height) = (1600, 2133);
    let spot = (900.0, 800.0);
    let picture = spot_picture(width, height, spot)?;
    let still = PreparedStill::prepare(
        &picture,
        Fit::Cover,
        motion,
        (1080, 1920),
        &GradeTable::new(Grade::Clean, 0.0),
    )?;
    let mut scratch = Scratch::default();
    let mut errors = Vec::new();
    let mut positions = Vec::new();
    let mut frame = Frame::new(1080, 1920);
    for n in 0..FRAMES {
        let window = motion.window_at(FrameNumber::new(n));
        still.draw(&mut frame, window, &mut scratch);
        let found = centroid(&frame);
        let wanted = (
            ((spot.0 + 0.5) / width as f64 - window.x) / window.width * 1080.0 - 0.5,
            ((spot.1 + 0.5) / height as f64 - window.y) / window.height * 1920.0 - 0.5,
        );
        errors.push((found.0 - wanted.0, found.1 - wanted.1));
        positions.push(found);
    }
    let n = errors.len() as f64;
    let mean =
        (errors.iter().map(|e| e.0).sum::<f64>() / n, errors.iter().map(|e| e.1).sum::<f64>() / n);
    let variance =
        errors.iter().map(|e| (e.0 - mean.0).powi(2) + (e.1 - mean.1).powi(2)).sum::<f64>() / n;
    let last = positions[positions.len() - 1];
    let along = (last.0 - positions[0].0, last.1 - positions[0].1);
    let backward = positions
        .windows(2)
        .filter(|p| (p[1].0 - p[0].0) * along.0 + (p[1].1 - p[0].1) * along.1 < 0.0)
        .count();
    Ok((variance.sqrt(), backward))
}

/// Draws a soft bright spot on a grey background.
fn spot_picture(width: usize, height: usize, spot: (f64, f64)) -> anyhow::Result<Picture> {
    let mut rgba = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        for x in 0..width {
            let d2 = (x as f64 - spot.0).powi(2) + (y as f64 - spot.1).powi(2);
            let value = (60.0 + 180.0 * (-d2 / (2.0 * 14.0 * 14.0)).exp()).round() as u8;
            rgba.extend_from_slice(&[value, value, value, 255]);
        }
    }
    Ok(Picture::try_new(width, height, rgba)?)
}

/// Returns the centre of the pixels that are brighter than the background, with subpixel precision.
fn centroid(frame: &Frame) -> (f64, f64) {
    let (mut x, mut y, mut total) = (0.0, 0.0, 0.0);
    for (index, &value) in frame.y().iter().enumerate() {
        let weight = (f64::from(value) - 74.0).max(0.0);
        x += weight * (index % frame.width()) as f64;
        y += weight * (index / frame.width()) as f64;
        total += weight;
    }
    (x / total, y / total)
}
