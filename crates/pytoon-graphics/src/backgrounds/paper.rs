//! Torn sheets of paper that slide in and then rest, animated on twos (15 pictures per second).

use super::field::Canvas;
use super::swiss::grain;
use crate::color::{Oklch, Rgb};
use crate::frame::Frame;
use crate::layer::{Sprite, blend};
use crate::motion::expo_out;
use crate::noise::Noise;
use crate::palette::Palette;

/// The number of sheets at rest in the first frame.
const LYING: usize = 3;
const SLIDE: f32 = 0.42;
/// The number of pictures per second, which gives the look of stop motion.
const ON_TWOS: f32 = 15.0;

pub(super) struct Paper {
    /// The picture before any sheet slides in: the table with the sheets that never move.
    before: Frame,
    /// The picture with all sheets at rest.
    after: Frame,
    moving: Vec<Sheet>,
}

struct Sheet {
    sprite: Sprite,
    at: (i32, i32),
    from: (i32, i32),
    start: f32,
}

/// The position of a sheet, in frame widths, and its colour.
struct Plan {
    centre: (f32, f32),
    half: (f32, f32),
    turn: f32,
    color: Rgb,
    from: (f32, f32),
}

impl Paper {
    pub(super) fn new(palette: &Palette, seed: u64, canvas: &Canvas) -> Self {
        let mut rng = crate::noise::rng(seed ^ 0x7061_7065);
        let noise = Noise::new(seed);
        let base = palette.body.to_oklch();
        let accent = palette.accent.to_oklch();
        let flip = if rng.unit() < 0.5 { -1.0 } else { 1.0 };
        let soft = |l: f32, c: f32, h: f32| Oklch::new(l, c, h).to_rgb();
        let mut plan = |x: f32, y: f32, w: f32, h: f32, turn: f32, color, from: (f32, f32)| Plan {
            centre: (0.5 + flip * x + rng.range(-0.02, 0.02), y + rng.range(-0.02, 0.02)),
            half: (w, h),
            turn: (flip * turn + rng.range(-1.0, 1.0)).to_radians(),
            color,
            from: (flip * from.0, from.1),
        };
        let plans = [
            plan(-0.40, 0.22, 0.42, 0.36, -9.0, soft(0.70, 0.55 * base.c, base.h), (0.0, 0.0)),
            plan(0.42, 1.52, 0.46, 0.40, 8.0, soft(0.62, 0.75 * base.c, base.h + 12.0), (0.0, 0.0)),
            plan(
                -0.38,
                1.66,
                0.36,
                0.24,
                -6.0,
                soft(0.84, 0.35 * base.c, base.h - 10.0),
                (0.0, 0.0),
            ),
            plan(0.46, 0.12, 0.30, 0.20, 11.0, soft(0.82, 0.80 * accent.c, accent.h), (0.9, -0.1)),
            plan(0.0, 0.88, 0.455, 0.52, -1.6, soft(0.962, 0.012, base.h + 40.0), (-0.2, 1.7)),
        ];
        let mut before = Frame::new(canvas.width, canvas.height);
        before.fill(soft(0.90, 0.022, base.h + 30.0).to_ycc());
        let mut sheets: Vec<Sheet> = plans
            .into_iter()
            .enumerate()
            .map(|(i, plan)| sheet(&plan, canvas, &noise, i))
            .collect();
        for sheet in sheets.iter().take(LYING) {
            blend(&mut before, &sheet.sprite, sheet.at.0, sheet.at.1, 1.0);
        }
        grain(&mut before, canvas);
        let moving = sheets.split_off(LYING);
        let mut after = before.clone();
        for sheet in &moving {
            blend(&mut after, &sheet.sprite, sheet.at.0, sheet.at.1, 1.0);
        }
        Self { before, after, moving }
    }

    pub(super) fn draw(&self, frame: &mut Frame, t: f32) {
        let t = (t * ON_TWOS + 1e-3).floor() / ON_TWOS;
        let settled = self.moving.iter().all(|s| t >= s.start + SLIDE);
        let base = if settled { &self.after } else { &self.before };
        frame.data_mut().copy_from_slice(base.data());
        if settled {
            return;
        }
        for sheet in &self.moving {
            let away = 1.0 - expo_out((t - sheet.start) / SLIDE);
            let x = sheet.at.0 + (sheet.from.0 as f32 * away) as i32;
            let y = sheet.at.1 + (sheet.from.1 as f32 * away) as i32;
            blend(frame, &sheet.sprite, x, y, 1.0);
        }
    }
}

/// Renders a planned sheet as a sprite with its shadow, torn rim and fibres. Also sets the sheet's position, the
/// offset from which it slides, and the start of the slide.
fn sheet(plan: &Plan, canvas: &Canvas, noise: &Noise, index: usize) -> Sheet {
    let size = canvas.width as f32;
    let (sin, cos) = plan.turn.sin_cos();
    let margin = 0.075;
    let reach = (
        plan.half.0 * cos.abs() + plan.half.1 * sin.abs() + margin,
        plan.half.0 * sin.abs() + plan.half.1 * cos.abs() + margin,
    );
    let (w, h) = ((2.0 * reach.0 * size) as usize, (2.0 * reach.1 * size) as usize);
    let key = 19.0 * index as f32;
    let px = 1.0 / size;
    let color = plan.color.to_float();
    let rim = Rgb::new(252, 250, 246).to_float();
    // Signed distance of the torn sheet around (u, v), in frame widths.
    let distance = |u: f32, v: f32, rough: bool| {
        let (x, y) = (cos * u + sin * v, -sin * u + cos * v);
        let (dx, dy) = (x.abs() - plan.half.0, y.abs() - plan.half.1);
        let d = dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0);
        if !rough {
            return d;
        }
        let tear = noise.at2(14.0 * u + key, 14.0 * v) - 0.5;
        let fine = noise.at2(60.0 * u + key, 60.0 * v) - 0.5;
        d + 0.012 * tear + 0.004 * fine
    };
    let mut rgba = Vec::with_capacity(4 * w * h);
    for j in 0..h {
        for i in 0..w {
            let (u, v) = ((i as f32 + 0.5) * px - reach.0, (j as f32 + 0.5) * px - reach.1);
            // Shadow: 0.014 down, blurred by 0.03.
            let far = distance(u, v - 0.014, false);
            let shade = 0.35 * (1.0 - crate::motion::smoothstep((far + 0.03) / 0.06));
            let plain = distance(u, v, false);
            if plain > 0.02 {
                rgba.extend([18, 16, 24, (shade * 255.0) as u8]);
                continue;
            }
            let d = if plain < -0.02 { plain } else { distance(u, v, true) };
            let inside = (0.5 - d * size).clamp(0.0, 1.0);
            // Four pale pixels along the tear.
            let torn = (1.0 + (d * size + 4.0) / 1.5).clamp(0.0, 1.0);
            // Two rotated layers hide the lattice of the noise; the finer one is stretched.
            let (a, b) = (0.83 * u + 0.56 * v, 0.83 * v - 0.56 * u);
            let fibre = 1.0
                + 0.030 * (noise.at2(230.0 * a + key, 90.0 * b) - 0.5)
                + 0.030 * (noise.at2(140.0 * u + 3.0 * key, 310.0 * v) - 0.5)
                + 0.016 * (noise.at2(17.0 * b, 23.0 * a + key) - 0.5);
            let mut pixel = [0u8; 4];
            let alpha = inside + shade * (1.0 - inside);
            for c in 0..3 {
                let face = (color[c] * fibre).min(1.0);
                let face = face + (rim[c] - face) * torn;
                let dark = [18.0, 16.0, 24.0][c] / 255.0;
                let mixed = (face * inside + dark * shade * (1.0 - inside)) / alpha.max(1e-4);
                pixel[c] = (mixed.min(1.0) * 255.0 + 0.5) as u8;
            }
            pixel[3] = (alpha * 255.0 + 0.5) as u8;
            rgba.extend(pixel);
        }
    }
    let at = (
        ((plan.centre.0 - reach.0) * size).round() as i32,
        ((plan.centre.1 - reach.1) * size).round() as i32,
    );
    let start = 0.10 + 0.18 * index.saturating_sub(LYING) as f32;
    let from = ((plan.from.0 * size) as i32, (plan.from.1 * size) as i32);
    Sheet { sprite: Sprite::from_rgba(w, h, &rgba), at, from, start }
}
