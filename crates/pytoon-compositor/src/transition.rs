//! Blends two drawn frames for the transitions between clips.
//!
//! Blending Y'CbCr equals blending gamma-encoded R'G'B' (the matrix is affine), as editing software does in dissolves
//! and fades.

use pytoon_core::preset::TransitionKind;
use pytoon_graphics::Frame;

/// Draws the transition at progress `p` (0 to 1) from `from` to `to`.
pub fn blend(kind: TransitionKind, from: &Frame, to: &Frame, p: f64, out: &mut Frame) {
    let p = p.clamp(0.0, 1.0);
    match kind {
        TransitionKind::Cut => copy(if p < 0.5 { from } else { to }, out),
        TransitionKind::Crossfade => mix(from, to, p, out),
        TransitionKind::Dissolve => mix(from, to, p * p * (3.0 - 2.0 * p), out),
        TransitionKind::FadeBlack => fade_black(from, to, p, out),
        TransitionKind::SwipeLeft => swipe(from, to, p, out),
        TransitionKind::SwipeRight => swipe(to, from, 1.0 - p, out),
        TransitionKind::Zoom => zoom(from, to, p, out),
    }
}

fn copy(source: &Frame, out: &mut Frame) {
    out.data_mut().copy_from_slice(source.data());
}

fn mix(from: &Frame, to: &Frame, p: f64, out: &mut Frame) {
    let t = (p * 256.0).round() as u16;
    for ((out, &a), &b) in out.data_mut().iter_mut().zip(from.data()).zip(to.data()) {
        *out = ((u16::from(a) * (256 - t) + u16::from(b) * t + 128) >> 8) as u8;
    }
}

/// Fades to black and back. Each half follows a cosine.
fn fade_black(from: &Frame, to: &Frame, p: f64, out: &mut Frame) {
    let level = (std::f64::consts::PI * p).cos().abs();
    let source = if p < 0.5 { from } else { to };
    let t = (level * 256.0).round() as i32;
    let luma_len = source.width() * source.height();
    for (index, (out, &value)) in out.data_mut().iter_mut().zip(source.data()).enumerate() {
        let black = if index < luma_len { 16 } else { 128 };
        *out = (black + (((i32::from(value) - black) * t + 128) >> 8)) as u8;
    }
}

/// Moves both pictures left as one strip, with the motion blur of a 180-degree shutter.
fn swipe(left: &Frame, right: &Frame, p: f64, out: &mut Frame) {
    let width = left.width();
    let position = expo_in_out(p);
    // The distance over a twentieth of the progress, doubled: one frame of a usual ten-frame swipe.
    let speed = (expo_in_out((p + 0.025).min(1.0)) - expo_in_out((p - 0.025).max(0.0))) * 2.0;
    let blur = (speed * 0.5 * width as f64).max(1.0);
    let planes = [
        (left.y(), right.y(), width),
        (left.u(), right.u(), width / 2),
        (left.v(), right.v(), width / 2),
    ];
    let mut sums = Vec::new();
    for ((a, b, plane_width), out) in planes.into_iter().zip(out.planes_mut()) {
        let scale = plane_width as f64 / width as f64;
        let offset = position * plane_width as f64;
        let span = (blur * scale).max(1.0);
        for ((a, b), out) in a
            .chunks_exact(plane_width)
            .zip(b.chunks_exact(plane_width))
            .zip(out.chunks_exact_mut(plane_width))
        {
            prefix_sums(a, b, &mut sums);
            for (x, out) in out.iter_mut().enumerate() {
                let centre = x as f64 + 0.5 + offset;
                *out = box_mean(&sums, centre - span / 2.0, centre + span / 2.0);
            }
        }
    }
}

fn prefix_sums(a: &[u8], b: &[u8], sums: &mut Vec<f32>) {
    sums.clear();
    sums.push(0.0);
    let mut total = 0.0;
    for &value in a.iter().chain(b) {
        total += f32::from(value);
        sums.push(total);
    }
}

/// Returns the mean of a row's samples between two fractional positions, from the prefix sums of the row.
fn box_mean(sums: &[f32], from: f64, to: f64) -> u8 {
    let last = (sums.len() - 1) as f64;
    let (from, to) = (from.clamp(0.0, last), to.clamp(0.0, last));
    let at = |position: f64| {
        let index = (position as usize).min(sums.len() - 2);
        let share = (position - index as f64) as f32;
        f64::from(sums[index] + (sums[index + 1] - sums[index]) * share)
    };
    ((at(to) - at(from)) / (to - from).max(1e-6)).round().clamp(0.0, 255.0) as u8
}

fn expo_in_out(p: f64) -> f64 {
    match p {
        p if p <= 0.0 => 0.0,
        p if p >= 1.0 => 1.0,
        p if p < 0.5 => (20.0 * p - 10.0).exp2() / 2.0,
        p => (2.0 - (10.0 - 20.0 * p).exp2()) / 2.0,
    }
}

/// Zooms into the old picture up to the middle of the transition, then zooms out to the new picture at its normal
/// size. The two blend around the middle.
fn zoom(from: &Frame, to: &Frame, p: f64, out: &mut Frame) {
    let grow = |p: f64| p * p;
    if p < 0.5 {
        scale_into(from, 1.0 + 0.35 * grow(p * 2.0), out);
    } else {
        // The new picture starts at the old one's final scale, so that the zoom seems to continue.
        let rest = (1.0 - p) * 2.0;
        scale_into(to, 1.0 + 0.35 * grow(rest), out);
    }
    let seam = (1.0 - (p - 0.5).abs() / 0.12).max(0.0);
    if seam > 0.0 {
        let mut other = Frame::new(from.width(), from.height());
        let (source, scale) = if p < 0.5 { (to, 1.35) } else { (from, 1.35) };
        scale_into(source, scale, &mut other);
        let t = (seam * 128.0) as u16;
        for (out, &b) in out.data_mut().iter_mut().zip(other.data()) {
            *out = ((u16::from(*out) * (256 - t) + u16::from(b) * t + 128) >> 8) as u8;
        }
    }
}

/// Enlarges a frame about its middle with bilinear filtering.
fn scale_into(source: &Frame, scale: f64, out: &mut Frame) {
    let (width, height) = (source.width(), source.height());
    let planes = [
        (source.y(), width, height),
        (source.u(), width / 2, height / 2),
        (source.v(), width / 2, height / 2),
    ];
    for ((plane, width, height), out) in planes.into_iter().zip(out.planes_mut()) {
        let columns = taps(width, scale);
        let rows = taps(height, scale);
        for (&(y, fy), out) in rows.iter().zip(out.chunks_exact_mut(width)) {
            let top = &plane[y * width..][..width];
            let bottom = &plane[(y + 1).min(height - 1) * width..][..width];
            for (&(x, fx), out) in columns.iter().zip(out) {
                let right = (x + 1).min(width - 1);
                let a = i32::from(top[x]) * (256 - fx) + i32::from(top[right]) * fx;
                let b = i32::from(bottom[x]) * (256 - fx) + i32::from(bottom[right]) * fx;
                *out = ((a * (256 - fy) + b * fy + (1 << 15)) >> 16) as u8;
            }
        }
    }
}

fn taps(size: usize, scale: f64) -> Vec<(usize, i32)> {
    let middle = size as f64 / 2.0;
    (0..size)
        .map(|i| {
            let at =
                ((i as f64 + 0.5 - middle) / scale + middle - 0.5).clamp(0.0, (size - 1) as f64);
            (at as usize, ((at - at.floor()) * 256.0) as i32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(luma: u8) -> Frame {
        let mut frame = Frame::new(64, 32);
        frame.fill([luma, 110, 140]);
        frame
    }

    #[test]
    fn every_transition_begins_and_ends_in_its_clips() {
        let (a, b) = (flat(60), flat(200));
        for &kind in TransitionKind::ALL {
            let mut out = Frame::new(64, 32);
            blend(kind, &a, &b, 0.0, &mut out);
            assert!(out.y()[700].abs_diff(60) <= 1, "{kind:?} begins at {}", out.y()[700]);
            blend(kind, &a, &b, 1.0, &mut out);
            assert!(out.y()[700].abs_diff(200) <= 1, "{kind:?} ends at {}", out.y()[700]);
        }
    }

    #[test]
    fn the_middle_is_what_the_name_says() {
        let (a, b) = (flat(60), flat(200));
        let middle = |kind| {
            let mut out = Frame::new(64, 32);
            blend(kind, &a, &b, 0.5, &mut out);
            out
        };
        assert_eq!(middle(TransitionKind::Crossfade).y()[0], 130);
        assert_eq!(middle(TransitionKind::Dissolve).y()[0], 130);
        assert_eq!(middle(TransitionKind::FadeBlack).y()[0], 16);
        let swipe = middle(TransitionKind::SwipeLeft);
        assert!(swipe.y()[2] < 130 && swipe.y()[61] > 130);
        let swipe = middle(TransitionKind::SwipeRight);
        assert!(swipe.y()[2] > 130 && swipe.y()[61] < 130);
    }

    #[test]
    fn progress_is_monotonic_in_a_crossfade() {
        let (a, b) = (flat(60), flat(200));
        let mut last = 0;
        for step in 0..=20 {
            let mut out = Frame::new(64, 32);
            blend(TransitionKind::Crossfade, &a, &b, f64::from(step) / 20.0, &mut out);
            assert!(out.y()[0] >= last);
            last = out.y()[0];
        }
    }
}
