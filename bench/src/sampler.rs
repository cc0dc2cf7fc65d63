//! Measures the sampler alone, as the camera moves use it: all three planes of a 1080x1920 frame.

use pytoon_compositor::grade::GradeTable;
use pytoon_compositor::picture::Picture;
use pytoon_compositor::sampler::{Axis, PaddedPlane, Scratch, sample, sample_portable};
use pytoon_compositor::still::PreparedStill;
use pytoon_core::preset::Grade;
use pytoon_core::timeline::{Fit, Motion, Window};
use pytoon_graphics::Frame;
use pytoon_vocabulary::Frame as FrameNumber;
use std::time::Instant;

const FRAMES: u32 = 240;

pub(crate) fn run() {
    let picture = texture(1404, 2496);
    let from = Window { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };
    let motion = Motion {
        from,
        to: from.zoomed_about(1.25, (0.6, 0.4)),
        start_frame: FrameNumber::ZERO,
        end_frame: FrameNumber::new(i64::from(FRAMES)),
        ease_in_frames: FrameNumber::ZERO,
    };
    let Ok(still) = PreparedStill::prepare(
        &picture,
        Fit::Cover,
        &motion,
        (1080, 1920),
        &GradeTable::new(Grade::Clean, 0.0),
    ) else {
        return;
    };
    let mut frame = Frame::new(1080, 1920);
    let mut scratch = Scratch::default();
    let begun = Instant::now();
    for n in 0..FRAMES {
        still.draw(&mut frame, motion.window_at(FrameNumber::new(i64::from(n))), &mut scratch);
    }
    let fast = f64::from(FRAMES) / begun.elapsed().as_secs_f64();
    println!(
        "sampler: {fast:.0} bicubic frames/s of 1080x1920 on one core ({:.2} ms a frame)",
        1000.0 / fast
    );
    println!("sampler: {:.2} times the portable path", ratio_to_portable());
}

fn ratio_to_portable() -> f64 {
    let samples: Vec<u8> = texture(1404, 2496).rgba().iter().step_by(4).copied().collect();
    let plane = PaddedPlane::new(&samples, 1404, 2496);
    let mut out = vec![0; 1080 * 1920];
    let mut scratch = Scratch::default();
    let axis = Axis { start: 3.3, step: 1.17 };
    let mut time = |portable: bool| {
        let begun = Instant::now();
        for _ in 0..24 {
            if portable {
                sample_portable(&plane, &mut out, 1080, axis, axis, &mut scratch);
            } else {
                sample(&plane, &mut out, 1080, axis, axis, &mut scratch);
            }
        }
        begun.elapsed().as_secs_f64()
    };
    time(false);
    time(true) / time(false)
}

pub(crate) fn texture(width: usize, height: usize) -> Picture {
    let mut rgba = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        for x in 0..width {
            let wave = ((x as f64 * 0.05).sin() * (y as f64 * 0.04).cos() * 70.0
                + (x as f64 * 0.7 + y as f64 * 0.4).sin() * 30.0
                + 128.0) as u8;
            rgba.extend_from_slice(&[wave, wave.wrapping_add(20), 255 - wave, 255]);
        }
    }
    // The size is correct by construction.
    Picture::try_new(width, height, rgba).unwrap_or_else(|_| unreachable!())
}
