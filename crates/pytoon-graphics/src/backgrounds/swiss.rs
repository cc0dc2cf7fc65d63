//! International Style: a five-column grid on paper, and a large disc, a ring and a small disc that step along the
//! grid. The frame's edge cuts the large disc.

use super::field::Canvas;
use super::shapes::{Circle, circle, rect};
use crate::color::Rgb;
use crate::frame::Frame;
use crate::motion::expo_out;
use crate::palette::Palette;

const COLUMNS: usize = 5;
/// The margin of the grid, in pixels of a frame 1080 pixels wide.
const MARGIN: f32 = 88.0;
/// The interval between steps, in seconds. [`MOVE`] is the duration of a step.
const BEAT: f32 = 2.4;
const MOVE: f32 = 0.6;

pub(super) struct Swiss {
    base: Frame,
    width: f32,
    disc: Track,
    ring: Track,
    dot: Track,
    colors: [Rgb; 3],
}

/// A shape and the positions through which it steps, in frame widths.
struct Track {
    radius: f32,
    inner: f32,
    stops: [(f32, f32); 4],
    delay: f32,
}

impl Track {
    fn at(&self, t: f32) -> (f32, f32) {
        let t = (t - self.delay).max(0.0);
        let beat = (t / BEAT) as usize;
        // Nothing moves during the first beat.
        let from = self.stops[beat.saturating_sub(1) % 4];
        let to = self.stops[beat % 4];
        let p = if beat == 0 { 1.0 } else { expo_out((t - beat as f32 * BEAT) / MOVE) };
        (from.0 + (to.0 - from.0) * p, from.1 + (to.1 - from.1) * p)
    }
}

impl Swiss {
    pub(super) fn new(palette: &Palette, seed: u64, canvas: &Canvas) -> Self {
        let mut rng = crate::noise::rng(seed ^ 0x7377_6973);
        let width = canvas.width as f32;
        let aspect = canvas.height as f32 / width;
        let margin = MARGIN / 1080.0;
        let column = (1.0 - 2.0 * margin) / COLUMNS as f32;
        let mirror = rng.unit() < 0.5;
        let x = |c: f32| {
            let u = margin + c * column;
            if mirror { 1.0 - u } else { u }
        };
        let row = |r: f32| r * column;
        let rows = aspect / column;
        let mut base = Frame::new(canvas.width, canvas.height);
        let paper = palette.paper;
        base.fill(paper.to_ycc());
        let line = paper.mix(palette.ink, 0.10);
        for c in 0..=COLUMNS {
            let at = x(c as f32) * width;
            rect(&mut base, at - 1.0, 0.0, at + 1.0, canvas.height as f32, line, 1.0);
        }
        for r in 1..rows as usize + 1 {
            let at = row(r as f32) * width;
            rect(&mut base, 0.0, at - 1.0, width, at + 1.0, line, 1.0);
        }
        grain(&mut base, canvas);
        let radius = rng.range(0.32, 0.36);
        Self {
            base,
            width,
            disc: Track {
                radius,
                inner: 0.0,
                stops: [
                    (x(4.5), row(0.8)),
                    (x(3.5), row(0.3)),
                    (x(4.5), row(0.3)),
                    (x(5.0), row(0.8)),
                ],
                delay: 0.0,
            },
            ring: Track {
                radius: 1.5 * column,
                inner: 1.5 * column - 0.030,
                stops: [
                    (x(1.0), row(rows - 2.2)),
                    (x(2.0), row(rows - 2.2)),
                    (x(2.0), row(rows - 1.2)),
                    (x(1.0), row(rows - 1.2)),
                ],
                delay: 0.08,
            },
            dot: Track {
                radius: 0.5 * column,
                inner: 0.0,
                stops: [
                    (x(2.5), row(rows - 3.5)),
                    (x(3.5), row(rows - 3.5)),
                    (x(4.5), row(rows - 2.5)),
                    (x(3.5), row(rows - 1.5)),
                ],
                delay: 0.16,
            },
            colors: [palette.body, palette.ink, palette.accent],
        }
    }

    pub(super) fn draw(&self, frame: &mut Frame, t: f32) {
        frame.data_mut().copy_from_slice(self.base.data());
        for (track, color) in [&self.disc, &self.ring, &self.dot].into_iter().zip(self.colors) {
            let (u, v) = track.at(t);
            let c = Circle {
                x: u * self.width,
                y: v * self.width,
                radius: track.radius * self.width,
                inner: track.inner * self.width,
            };
            circle(frame, c, color, 1.0);
        }
    }
}

/// Adds the canvas's grain to the luma of a finished 8-bit picture.
pub(super) fn grain(frame: &mut Frame, canvas: &Canvas) {
    let (w, h) = (frame.width(), frame.height());
    let [luma, _, _] = frame.planes_mut();
    for y in 0..h {
        for (d, n) in luma[y * w..(y + 1) * w].iter_mut().zip(canvas.luma_noise(y)) {
            let value = i32::from(*d) * 256 + i32::from(*n as i16);
            *d = (value >> 8).clamp(16, 235) as u8;
        }
    }
}
