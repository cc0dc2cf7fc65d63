//! Composites scaled or slightly rotated sprites at sub-pixel positions, for entrances and pops.
//!
//! Sampling is bilinear, so it is meant for scales between about 0.7 and 1.3. Positions are never rounded.

use super::{Clip, Sprite};
use crate::frame::Frame;

/// The placement of a sprite. `anchor` (in sprite pixels) is drawn at `at` (in frame pixels).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// The fixed point, in sprite pixels from its top-left corner.
    pub anchor: (f32, f32),
    /// The position of the fixed point in the frame.
    pub at: (f32, f32),
    /// The scale factor.
    pub scale: f32,
    /// The clockwise rotation, in radians.
    pub rotation: f32,
    /// The opacity, 0 to 1.
    pub opacity: f32,
    /// The rectangle that limits drawing.
    pub clip: Option<Clip>,
}

/// Draws `sprite` with its centre at `cx`, `cy`, scaled and rotated by `rotation` radians.
pub fn blend_scaled(
    frame: &mut Frame,
    sprite: &Sprite,
    cx: f32,
    cy: f32,
    scale: f32,
    rotation: f32,
    opacity: f32,
) {
    let anchor = (sprite.width as f32 * 0.5, sprite.height as f32 * 0.5);
    let placement = Placement { anchor, at: (cx, cy), scale, rotation, opacity, clip: None };
    blend_placed(frame, sprite, &placement);
}

/// Draws `sprite` with the given placement.
pub fn blend_placed(frame: &mut Frame, sprite: &Sprite, placement: &Placement) {
    let weight = (placement.opacity.clamp(0.0, 1.0) * 256.0 + 0.5) as u32;
    if weight == 0 || sprite.width == 0 || placement.scale < 1e-3 {
        return;
    }
    let map = Inverse::new(placement);
    let (w, h) = (frame.width() as i32, frame.height() as i32);
    let clip = placement.clip.unwrap_or(Clip { x0: 0, y0: 0, x1: w, y1: h });
    let clip =
        Clip { x0: clip.x0.max(0), y0: clip.y0.max(0), x1: clip.x1.min(w), y1: clip.y1.min(h) };
    let (bx0, by0, bx1, by1) = map.bounds(sprite.width as f32, sprite.height as f32);
    if placement.rotation == 0.0 {
        return straight(frame, sprite, placement, clip, weight);
    }
    let [luma, cb, cr] = frame.planes_mut();

    let (x0, x1) = ((bx0.floor() as i32 - 1).max(clip.x0), (bx1.ceil() as i32 + 1).min(clip.x1));
    let (y0, y1) = ((by0.floor() as i32 - 1).max(clip.y0), (by1.ceil() as i32 + 1).min(clip.y1));
    let plane = Plane { width: sprite.width as i32, height: sprite.height as i32 };
    for y in y0..y1 {
        // Sample positions are pixel centres; the centre of sprite sample i is i + 0.5.
        let (mut sx, mut sy) = map.apply(x0 as f32 + 0.5, y as f32 + 0.5);
        for x in x0..x1 {
            if let Some(tap) = plane.tap(sx - 0.5, sy - 0.5) {
                let a = (tap.sample(&sprite.a) * weight) >> 8;
                if a > 0 {
                    let s = (tap.sample(&sprite.y) * weight) >> 8;
                    mix(&mut luma[(y * w + x) as usize], s, a);
                }
            }
            sx += map.dx.0;
            sy += map.dx.1;
        }
    }

    let phase = &sprite.phases[0];
    let plane = Plane { width: phase.width as i32, height: phase.height as i32 };
    let stride = w / 2;
    let (x0, x1) = ((x0 + 1) / 2, (x1 + 1) / 2);
    let (y0, y1) = ((y0 + 1) / 2, (y1 + 1) / 2);
    for y in y0..y1 {
        // Left-sited: chroma sample i is at luma pixel 2i across and between rows 2j and 2j + 1.
        let (mut sx, mut sy) = map.apply(2.0 * x0 as f32 + 0.5, 2.0 * y as f32 + 1.0);
        for x in x0..x1 {
            if let Some(tap) = plane.tap((sx - 0.5) * 0.5, (sy - 1.0) * 0.5) {
                let a = (tap.sample(&phase.a) * weight) >> 8;
                if a > 0 {
                    let i = (y * stride + x) as usize;
                    mix(&mut cb[i], (tap.sample(&phase.u) * weight) >> 8, a);
                    mix(&mut cr[i], (tap.sample(&phase.v) * weight) >> 8, a);
                }
            }
            sx += 2.0 * map.dx.0;
            sy += 2.0 * map.dx.1;
        }
    }
}

/// Draws a sprite without rotation. Rows and columns are then separable: source rows are mixed first, which
/// vectorises, and columns use one table for the whole sprite.
fn straight(frame: &mut Frame, sprite: &Sprite, placement: &Placement, clip: Clip, weight: u32) {
    let w = frame.width();
    let [luma, cb, cr] = frame.planes_mut();
    let (k, (ax, ay), (tx, ty)) = (1.0 / placement.scale, placement.anchor, placement.at);
    // Sprite position of frame position p on one axis is `offset + k * p`.
    let (ox, oy) = (ax - k * tx, ay - k * ty);
    let columns = Taps::new(clip.x0, clip.x1, sprite.width, |x| ox + k * (x + 0.5) - 0.5);
    let rows = Taps::new(clip.y0, clip.y1, sprite.height, |y| oy + k * (y + 0.5) - 0.5);
    let source = (sprite.y.as_slice(), sprite.a.as_slice(), sprite.width);
    resample(luma, w, source, &columns, &rows, weight);

    let phase = &sprite.phases[0];
    let half = |v: i32| (v + 1) / 2;
    let columns = Taps::new(half(clip.x0), half(clip.x1), phase.width, |x| {
        0.5 * (ox + k * (2.0 * x + 0.5) - 0.5)
    });
    let rows = Taps::new(half(clip.y0), half(clip.y1), phase.height, |y| {
        0.5 * (oy + k * (2.0 * y + 1.0) - 1.0)
    });
    for (plane, data) in [(cb, &phase.u), (cr, &phase.v)] {
        resample(
            plane,
            w / 2,
            (data.as_slice(), phase.a.as_slice(), phase.width),
            &columns,
            &rows,
            weight,
        );
    }
}

/// The sample positions along one axis: the first source index (shifted by one for an empty border) and the weight of
/// its successor.
struct Taps {
    start: usize,
    taps: Vec<(u32, u32)>,
}

impl Taps {
    fn new(from: i32, to: i32, length: usize, position: impl Fn(f32) -> f32) -> Self {
        let mut start = from.max(0) as usize;
        let mut taps = Vec::new();
        for i in from.max(0)..to {
            let p = position(i as f32);
            if p <= -1.0 {
                start = i as usize + 1;
                continue;
            }
            if p >= length as f32 {
                break;
            }
            let low = p.floor();
            taps.push(((low + 1.0) as u32, ((p - low) * 256.0) as u32));
        }
        Self { start, taps }
    }
}

fn resample(
    dst: &mut [u8],
    stride: usize,
    (value, alpha, width): (&[u8], &[u8], usize),
    columns: &Taps,
    rows: &Taps,
    weight: u32,
) {
    let height = value.len() / width.max(1);
    // One empty sample on each side represents everything outside.
    let (mut line, mut cover) = (vec![0u16; width + 2], vec![0u16; width + 2]);
    for (j, (row, wy)) in rows.taps.iter().enumerate() {
        let blend = |out: &mut [u16], plane: &[u8]| {
            out.fill(0);
            for (r, k) in
                [((*row as usize).wrapping_sub(1), 256 - *wy as u16), (*row as usize, *wy as u16)]
            {
                if r < height {
                    for (o, v) in out[1..].iter_mut().zip(&plane[r * width..(r + 1) * width]) {
                        *o += u16::from(*v) * k;
                    }
                }
            }
        };
        blend(&mut cover, alpha);
        blend(&mut line, value);
        let base = (rows.start + j) * stride + columns.start;
        for (d, (i, wx)) in dst[base..base + columns.taps.len()].iter_mut().zip(&columns.taps) {
            let i = *i as usize;
            let a = (u32::from(cover[i]) * (256 - wx) + u32::from(cover[i + 1]) * wx) >> 8;
            if a == 0 {
                continue;
            }
            let s = (u32::from(line[i]) * (256 - wx) + u32::from(line[i + 1]) * wx) >> 8;
            mix(d, (s * weight) >> 8, (a * weight) >> 8);
        }
    }
}

/// Blends one sample. `src` and `alpha` have 8 fraction bits below the 8-bit code.
fn mix(dst: &mut u8, src: u32, alpha: u32) {
    let keep = 65_280 - alpha.min(65_280);
    let value = src * 255 + u32::from(*dst) * keep;
    *dst = ((value + 32_640) / 65_280).min(255) as u8;
}

/// The mapping from frame positions to sprite positions.
struct Inverse {
    placement: Placement,
    /// The step in the sprite for one frame pixel to the right.
    dx: (f32, f32),
}

impl Inverse {
    fn new(placement: &Placement) -> Self {
        let (sin, cos) = placement.rotation.sin_cos();
        let k = 1.0 / placement.scale;
        Self { placement: *placement, dx: (cos * k, -sin * k) }
    }

    fn apply(&self, x: f32, y: f32) -> (f32, f32) {
        let (dx, dy) = (x - self.placement.at.0, y - self.placement.at.1);
        let (c, s) = (self.dx.0, -self.dx.1);
        (self.placement.anchor.0 + c * dx + s * dy, self.placement.anchor.1 - s * dx + c * dy)
    }

    fn bounds(&self, width: f32, height: f32) -> (f32, f32, f32, f32) {
        let p = &self.placement;
        let (sin, cos) = p.rotation.sin_cos();
        let mut out = (f32::MAX, f32::MAX, f32::MIN, f32::MIN);
        for (x, y) in [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)] {
            let (dx, dy) = ((x - p.anchor.0) * p.scale, (y - p.anchor.1) * p.scale);
            let (fx, fy) = (p.at.0 + cos * dx - sin * dy, p.at.1 + sin * dx + cos * dy);
            out = (out.0.min(fx), out.1.min(fy), out.2.max(fx), out.3.max(fy));
        }
        out
    }
}

struct Plane {
    width: i32,
    height: i32,
}

/// The four neighbours of a position and their weights. Neighbours outside the plane have weight zero.
struct Tap {
    index: [usize; 4],
    weight: [u32; 4],
}

impl Plane {
    fn tap(&self, x: f32, y: f32) -> Option<Tap> {
        let (fx, fy) = (x.floor(), y.floor());
        let (ix, iy) = (fx as i32, fy as i32);
        if ix < -1 || iy < -1 || ix >= self.width || iy >= self.height {
            return None;
        }
        let wx = ((x - fx) * 256.0) as u32;
        let wy = ((y - fy) * 256.0) as u32;
        let row = (iy * self.width + ix) as isize;
        if ix >= 0 && iy >= 0 && ix + 1 < self.width && iy + 1 < self.height {
            let i = row as usize;
            let down = i + self.width as usize;
            let weight = [(256 - wx) * (256 - wy), wx * (256 - wy), (256 - wx) * wy, wx * wy];
            return Some(Tap { index: [i, i + 1, down, down + 1], weight });
        }
        let mut tap = Tap { index: [0; 4], weight: [0; 4] };
        for (k, (dx, dy)) in [(0, 0), (1, 0), (0, 1), (1, 1)].into_iter().enumerate() {
            let (cx, cy) = (ix + dx, iy + dy);
            if (0..self.width).contains(&cx) && (0..self.height).contains(&cy) {
                tap.index[k] = (cy * self.width + cx) as usize;
                tap.weight[k] =
                    (if dx == 1 { wx } else { 256 - wx }) * (if dy == 1 { wy } else { 256 - wy });
            }
        }
        Some(tap)
    }
}

impl Tap {
    /// Returns the weighted sample value with 8 fraction bits.
    fn sample(&self, plane: &[u8]) -> u32 {
        let sum: u32 =
            self.index.iter().zip(&self.weight).map(|(i, w)| u32::from(plane[*i]) * w).sum();
        sum >> 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::blend;

    fn soft_disc(size: usize) -> Sprite {
        let c = size as f32 * 0.5;
        let mut rgba = vec![0; 4 * size * size];
        for (i, p) in rgba.chunks_exact_mut(4).enumerate() {
            let (x, y) = ((i % size) as f32 + 0.5, (i / size) as f32 + 0.5);
            let d = (x - c).hypot(y - c);
            p.copy_from_slice(&[
                240,
                80,
                20,
                (255.0 * ((c - 2.0 - d) * 0.3).clamp(0.0, 1.0)) as u8,
            ]);
        }
        Sprite::from_rgba(size, size, &rgba)
    }

    #[test]
    fn unscaled_equals_the_plain_blend() {
        let sprite = soft_disc(40);
        let (mut a, mut b) = (Frame::new(96, 96), Frame::new(96, 96));
        blend(&mut a, &sprite, 22, 30, 1.0);
        blend_scaled(&mut b, &sprite, 42.0, 50.0, 1.0, 0.0, 1.0);
        for (p, q) in a.data().iter().zip(b.data()) {
            assert!(p.abs_diff(*q) <= 1, "{p} {q}");
        }
    }

    #[test]
    fn sub_pixel_steps_move_the_centroid_smoothly() {
        let sprite = soft_disc(40);
        let centroid = |cx: f32| {
            let mut frame = Frame::new(96, 96);
            blend_scaled(&mut frame, &sprite, cx, 48.0, 0.93, 0.0, 1.0);
            let (mut sum, mut moment) = (0.0, 0.0);
            for (i, v) in frame.y().iter().enumerate() {
                let weight = f64::from(*v) - 16.0;
                sum += weight;
                moment += weight * (i % 96) as f64;
            }
            moment / sum
        };
        for step in 0..8 {
            let cx = 40.0 + step as f32 * 0.25;
            let moved = centroid(cx) - centroid(40.0);
            assert!((moved - f64::from(step) * 0.25).abs() < 0.03, "step {step} moved {moved}");
        }
    }

    #[test]
    fn the_clip_is_kept() {
        let sprite = soft_disc(40);
        let mut frame = Frame::new(96, 96);
        let clip = Some(Clip { x0: 0, y0: 0, x1: 96, y1: 48 });
        let placement = Placement {
            anchor: (20.0, 20.0),
            at: (48.0, 48.0),
            scale: 1.2,
            rotation: 0.1,
            opacity: 1.0,
            clip,
        };
        blend_placed(&mut frame, &sprite, &placement);
        assert!(frame.y()[47 * 96 + 48] > 60 && frame.y()[48 * 96..].iter().all(|v| *v == 16));
    }
}
