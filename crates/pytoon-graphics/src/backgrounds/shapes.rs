//! Flat shapes with analytic edges, drawn at full size by row spans.
//!
//! Chroma is drawn from the same geometry on its own grid, at its left-sited positions.

use crate::color::Rgb;
use crate::frame::Frame;

/// A circle, or a ring if `inner` is not zero. Coordinates are in pixels, y down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circle {
    pub x: f32,
    pub y: f32,
    pub radius: f32,
    pub inner: f32,
}

/// Fills a circle or ring with `color` at `opacity`.
pub(super) fn circle(frame: &mut Frame, c: Circle, color: Rgb, opacity: f32) {
    let ycc = color.to_ycc();
    let (w, h) = (frame.width(), frame.height());
    let [luma, cb, cr] = frame.planes_mut();
    circle_planes([(luma, ycc[0])], w, h, c, opacity);
    // Left-sited: sample i is centred on luma pixel 2i, whose centre is 2i + 0.5.
    let half =
        Circle { x: 0.5 * c.x + 0.25, y: 0.5 * c.y, radius: 0.5 * c.radius, inner: 0.5 * c.inner };
    circle_planes([(cb, ycc[1]), (cr, ycc[2])], w / 2, h / 2, half, opacity);
}

/// Fills a circle or ring in several planes of one size, which share the geometry.
fn circle_planes<const N: usize>(
    mut planes: [(&mut [u8], u8); N],
    w: usize,
    h: usize,
    c: Circle,
    opacity: f32,
) {
    let weight = (opacity.clamp(0.0, 1.0) * 256.0) as i32;
    let y0 = ((c.y - c.radius - 1.0).max(0.0) as usize).min(h);
    let y1 = ((c.y + c.radius + 2.0).max(0.0) as usize).min(h);
    let half_width = |r: f32, dy: f32| (r * r - dy * dy).max(0.0).sqrt();
    let (square, slope) = (c.radius * c.radius, 0.5 / c.radius.max(0.5));
    for y in y0..y1 {
        let dy = y as f32 + 0.5 - c.y;
        let outer = half_width(c.radius + 0.5, dy);
        if outer <= 0.0 {
            continue;
        }
        let mut rows = planes.each_mut().map(|(p, value)| (&mut p[y * w..(y + 1) * w], *value));
        let solid = half_width((c.radius - 0.5).max(0.0), dy);
        let ring = c.inner > 0.0;
        let hole = if ring { half_width((c.inner - 0.5).max(0.0), dy) } else { 0.0 };
        let hole_edge = if ring { half_width(c.inner + 0.5, dy) } else { 0.0 };
        let mut edge = |from: f32, to: f32| {
            let (a, b) = span(from, to, w);
            for x in a..b {
                let dx = x as f32 + 0.5 - c.x;
                let d2 = dx * dx + dy * dy;
                // Near the edge R - r is (R^2 - r^2) / 2R, which needs no root.
                let mut coverage = ((square - d2) * slope + 0.5).clamp(0.0, 1.0);
                if ring {
                    coverage *= (d2.sqrt() - c.inner + 0.5).clamp(0.0, 1.0);
                }
                let weight = (coverage * weight as f32) as i32;
                rows.iter_mut().for_each(|(row, value)| mix(&mut row[x], *value, weight));
            }
        };
        if solid <= hole_edge {
            // Thin ring: everything is edge.
            edge(c.x - outer, c.x - hole);
            edge(c.x + hole, c.x + outer);
            continue;
        }
        edge(c.x - outer, c.x - solid);
        edge(c.x + solid, c.x + outer);
        if ring {
            edge(c.x - hole_edge, c.x - hole);
            edge(c.x + hole, c.x + hole_edge);
        }
        let spans = if ring {
            [span(c.x - solid, c.x - hole_edge, w), span(c.x + hole_edge, c.x + solid, w)]
        } else {
            [span(c.x - solid, c.x + solid, w), (0, 0)]
        };
        for (row, value) in &mut rows {
            spans.iter().for_each(|(a, b)| fill(&mut row[*a..*b], *value, weight));
        }
    }
}

/// Returns the range of pixels whose centres are in `from..to`, clipped to `width`.
fn span(from: f32, to: f32, width: usize) -> (usize, usize) {
    // Truncate and correct: `ceil` is a library call on baseline x86-64.
    let first = |x: f32| {
        let x = (x - 0.5).max(0.0);
        let whole = x as usize;
        (whole + usize::from((whole as f32) < x)).min(width)
    };
    let (a, b) = (first(from), first(to));
    (a, b.max(a))
}

fn fill(row: &mut [u8], value: u8, weight: i32) {
    if weight >= 256 {
        row.fill(value);
    } else {
        row.iter_mut().for_each(|d| mix(d, value, weight));
    }
}

fn mix(d: &mut u8, value: u8, weight: i32) {
    *d = (i32::from(*d) + (((i32::from(value) - i32::from(*d)) * weight + 128) >> 8)) as u8;
}

/// Fills an axis-aligned rectangle with `color` at `opacity`. Its edges may lie between pixels.
pub(super) fn rect(
    frame: &mut Frame,
    x0: f32,
    y0: f32,
    x1: f32,
    y1: f32,
    color: Rgb,
    opacity: f32,
) {
    let ycc = color.to_ycc();
    let (w, h) = (frame.width(), frame.height());
    let [luma, cb, cr] = frame.planes_mut();
    rect_plane(luma, w, h, [x0, y0, x1, y1], ycc[0], opacity);
    let half = [0.5 * x0 + 0.25, 0.5 * y0, 0.5 * x1 + 0.25, 0.5 * y1];
    rect_plane(cb, w / 2, h / 2, half, ycc[1], opacity);
    rect_plane(cr, w / 2, h / 2, half, ycc[2], opacity);
}

fn rect_plane(plane: &mut [u8], w: usize, h: usize, r: [f32; 4], value: u8, opacity: f32) {
    let overlap =
        |i: usize, a: f32, b: f32| (b.min(i as f32 + 1.0) - a.max(i as f32)).clamp(0.0, 1.0);
    let range = |a: f32, b: f32, n: usize| {
        let low = (a.max(0.0) as usize).min(n);
        low..((b.max(0.0).ceil() as usize).min(n)).max(low)
    };
    for y in range(r[1], r[3], h) {
        let down = overlap(y, r[1], r[3]) * opacity;
        for x in range(r[0], r[2], w) {
            let weight = (overlap(x, r[0], r[2]) * down * 256.0) as i32;
            mix(&mut plane[y * w + x], value, weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_match_geometry() {
        let area = |inner: f32| {
            let mut frame = Frame::new(128, 128);
            let c = Circle { x: 61.3, y: 66.7, radius: 40.0, inner };
            circle(&mut frame, c, Rgb::WHITE, 1.0);
            frame.y().iter().map(|v| f64::from(*v - 16) / 219.0).sum::<f64>()
        };
        let pi = std::f64::consts::PI;
        assert!((area(0.0) - pi * 1600.0).abs() < 20.0, "{}", area(0.0));
        assert!((area(30.0) - pi * 700.0).abs() < 25.0, "{}", area(30.0));
        assert!((area(38.5) - pi * (1600.0 - 38.5 * 38.5)).abs() < 25.0, "{}", area(38.5));
    }
}
