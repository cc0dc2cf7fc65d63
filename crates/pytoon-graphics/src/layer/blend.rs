//! Composites sprites at whole-pixel positions: the fast path.

use super::{Clip, Sprite};
use crate::frame::Frame;

/// Draws `sprite` with its top-left corner at `x`, `y`. `opacity` is in 0..1.
pub fn blend(frame: &mut Frame, sprite: &Sprite, x: i32, y: i32, opacity: f32) {
    let all = Clip { x0: 0, y0: 0, x1: frame.width() as i32, y1: frame.height() as i32 };
    blend_clipped(frame, sprite, x, y, opacity, all);
}

/// Draws like [`blend`], but changes only pixels inside `clip`. The clip acts on chroma at sample precision.
pub fn blend_clipped(frame: &mut Frame, sprite: &Sprite, x: i32, y: i32, opacity: f32, clip: Clip) {
    let weight = (opacity.clamp(0.0, 1.0) * 256.0 + 0.5) as u16;
    if weight == 0 || sprite.width == 0 {
        return;
    }
    let (frame_w, frame_h) = (frame.width() as i32, frame.height() as i32);
    let clip = Clip {
        x0: clip.x0.max(0),
        y0: clip.y0.max(0),
        x1: clip.x1.min(frame_w),
        y1: clip.y1.min(frame_h),
    };
    let [luma, cb, cr] = frame.planes_mut();
    for row in 0..sprite.height {
        let fy = y + row as i32;
        if fy < clip.y0 || fy >= clip.y1 {
            continue;
        }
        let Some((at, from, to)) = visible(sprite.spans[row], x, clip.x0, clip.x1) else {
            continue;
        };
        let base = row * sprite.width;
        let start = fy as usize * frame_w as usize + at;
        let dst = &mut luma[start..start + (to - from)];
        blend_row(
            dst,
            &sprite.y[base + from..base + to],
            &sprite.a[base + from..base + to],
            weight,
        );
    }
    let phase = &sprite.phases[(2 * (y & 1) + (x & 1)) as usize];
    let (cx, cy) = (x.div_euclid(2), y.div_euclid(2));
    let stride = (frame_w / 2) as usize;
    // A chroma sample belongs to the clip if its first luma row and column do.
    let (x0, x1) = ((clip.x0 + 1) / 2, (clip.x1 + 1) / 2);
    let (y0, y1) = ((clip.y0 + 1) / 2, (clip.y1 + 1) / 2);
    for row in 0..phase.height {
        let fy = cy + row as i32;
        if fy < y0 || fy >= y1 {
            continue;
        }
        let Some((at, from, to)) = visible(phase.spans[row], cx, x0, x1) else {
            continue;
        };
        let source = row * phase.width + from..row * phase.width + to;
        let start = fy as usize * stride + at;
        let target = start..start + (to - from);
        let alpha = &phase.a[source.clone()];
        blend_row(&mut cb[target.clone()], &phase.u[source.clone()], alpha, weight);
        blend_row(&mut cr[target], &phase.v[source], alpha, weight);
    }
}

/// Returns the part of a row's span inside `x0..x1`, as (column in the frame, start in the sprite, end in the
/// sprite).
fn visible(span: (u32, u32), x: i32, x0: i32, x1: i32) -> Option<(usize, usize, usize)> {
    let from = (span.0 as i32).max(x0 - x);
    let to = (span.1 as i32).min(x1 - x);
    (from < to).then(|| ((x + from) as usize, from as usize, to as usize))
}

/// Computes `dst = src * weight + dst * (1 - alpha * weight)` on one row. `weight` is in 0..=256.
pub(super) fn blend_row(dst: &mut [u8], src: &[u8], alpha: &[u8], weight: u16) {
    if weight >= 256 {
        for ((d, s), a) in dst.iter_mut().zip(src).zip(alpha) {
            let t = u16::from(*d) * (255 - u16::from(*a)) + 128;
            *d = s.wrapping_add(((t + (t >> 8)) >> 8) as u8);
        }
    } else {
        for ((d, s), a) in dst.iter_mut().zip(src).zip(alpha) {
            let s = (u16::from(*s) * weight + 128) >> 8;
            let a = (u16::from(*a) * weight + 128) >> 8;
            let t = u16::from(*d) * (255 - a) + 128;
            *d = (s + ((t + (t >> 8)) >> 8)).min(255) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::{Rgb, rgb_to_ycc, ycc_to_rgb};

    fn random_rgba(w: usize, h: usize) -> Vec<u8> {
        let mut rng = crate::noise::rng(3);
        (0..4 * w * h).map(|_| rng.next_u64() as u8).collect()
    }

    /// Composites in full resolution and floats, then reduces with the left-sited filter. The tests compare with this
    /// reference.
    fn reference(
        frame: (usize, usize),
        bg: Rgb,
        rgba: &[u8],
        w: usize,
        h: usize,
        at: (i32, i32),
    ) -> Frame {
        let (fw, fh) = frame;
        let mut full = vec![rgb_to_ycc(bg.to_float()); fw * fh];
        for sy in 0..h {
            for sx in 0..w {
                let (x, y) = (at.0 + sx as i32, at.1 + sy as i32);
                if x < 0 || y < 0 || x >= fw as i32 || y >= fh as i32 {
                    continue;
                }
                let p = &rgba[4 * (sy * w + sx)..][..4];
                let src = rgb_to_ycc([p[0], p[1], p[2]].map(|v| f32::from(v) / 255.0));
                let a = f32::from(p[3]) / 255.0;
                let d = &mut full[y as usize * fw + x as usize];
                for i in 0..3 {
                    d[i] = src[i] * a + d[i] * (1.0 - a);
                }
            }
        }
        let mut out = Frame::new(fw, fh);
        let [py, pu, pv] = out.planes_mut();
        for (d, s) in py.iter_mut().zip(&full) {
            *d = s[0].round() as u8;
        }
        for cy in 0..fh / 2 {
            for cx in 0..fw / 2 {
                let mut sum = [0.0; 2];
                for row in [2 * cy, 2 * cy + 1] {
                    for (dx, k) in [(-1i32, 0.125), (0, 0.25), (1, 0.125)] {
                        let x = (2 * cx as i32 + dx).max(0) as usize;
                        sum[0] += k * full[row * fw + x][1];
                        sum[1] += k * full[row * fw + x][2];
                    }
                }
                pu[cy * fw / 2 + cx] = sum[0].round() as u8;
                pv[cy * fw / 2 + cx] = sum[1].round() as u8;
            }
        }
        out
    }

    #[test]
    fn every_parity_matches_the_float_reference() {
        let (w, h) = (13, 9);
        let rgba = random_rgba(w, h);
        let sprite = Sprite::from_rgba(w, h, &rgba);
        let bg = Rgb::new(40, 160, 90);
        for at in [(4, 4), (5, 4), (4, 5), (5, 5), (-3, -2), (-2, -3), (25, 17)] {
            let mut frame = Frame::new(32, 20);
            frame.fill(bg.to_ycc());
            blend(&mut frame, &sprite, at.0, at.1, 1.0);
            let expected = reference((32, 20), bg, &rgba, w, h, at);
            // Left of the frame the reference replicates an edge that the sprite does not have.
            for (i, (a, b)) in frame.data().iter().zip(expected.data()).enumerate() {
                let column = if i < 640 { 9 } else { (i - 640) % 16 };
                let slack = if column == 0 { 40 } else { 2 };
                assert!(a.abs_diff(*b) <= slack, "at {at:?} sample {i}: {a} vs {b}");
            }
        }
    }

    #[test]
    fn soft_edges_do_not_fringe() {
        // A red disc edge over grey: every mixed pixel must be on the line between the two.
        let (w, h) = (40, 40);
        let mut rgba = vec![0; 4 * w * h];
        for y in 0..h {
            for x in 0..w {
                let d = (x as f32 - 19.5).hypot(y as f32 - 19.5);
                let a = ((15.0 - d) * 0.5 + 0.5).clamp(0.0, 1.0);
                rgba[4 * (y * w + x)..][..4].copy_from_slice(&[255, 0, 0, (a * 255.0) as u8]);
            }
        }
        let sprite = Sprite::from_rgba(w, h, &rgba);
        let mut frame = Frame::new(64, 64);
        frame.fill(Rgb::new(128, 128, 128).to_ycc());
        blend(&mut frame, &sprite, 11, 11, 1.0);
        for i in 0..32 * 32 {
            let (u, v) = (f32::from(frame.u()[i]), f32::from(frame.v()[i]));
            // Cb and Cr of red relative to grey are -26 and +112: the mix keeps that ratio.
            assert!((u - 128.0 + (v - 128.0) * 26.0 / 112.0).abs() < 2.5, "fringe at {i}");
        }
        let rgb = ycc_to_rgb([
            f32::from(frame.y()[30 * 64 + 30]),
            f32::from(frame.u()[15 * 32 + 15]),
            f32::from(frame.v()[15 * 32 + 15]),
        ]);
        assert!(rgb[0] > 0.98 && rgb[1] < 0.02 && rgb[2] < 0.02, "{rgb:?}");
    }

    #[test]
    fn opacity_zero_and_far_away_draw_nothing() {
        let sprite = Sprite::from_rgba(4, 4, &random_rgba(4, 4));
        let mut frame = Frame::new(16, 16);
        let before = frame.clone();
        blend(&mut frame, &sprite, 2, 2, 0.0);
        for at in [(-50, 2), (2, -50), (500, 2), (2, 500)] {
            blend(&mut frame, &sprite, at.0, at.1, 1.0);
        }
        assert_eq!(frame, before);
    }
}
