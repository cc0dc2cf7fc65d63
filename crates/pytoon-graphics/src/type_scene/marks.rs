//! Vector shapes of type scenes: bars, bullets, quotation marks.

use crate::color::Rgb;
use crate::layer::{Sprite, draw_mask, rounded_rect};

/// Returns a solid bar, `width` x `height` pixels, with one pixel of margin.
pub(super) fn bar(width: f32, height: f32, color: Rgb) -> Sprite {
    rounded_rect(width, height, 0.5 * height, color, 1.0)
}

/// Returns a bullet of `size` pixels, with one pixel of margin. `kind` chooses a disc, a rounded square or a ring.
pub(super) fn bullet(size: f32, kind: u64, color: Rgb) -> Sprite {
    let side = size.ceil().max(1.0) as usize + 2;
    let centre = 0.5 * side as f32;
    let radius = 0.5 * size;
    let mask = draw_mask(side, side, |x, y| {
        let (dx, dy) = (x - centre, y - centre);
        let disc = dx.hypot(dy) - radius;
        match kind % 3 {
            0 => disc,
            1 => {
                let corner = 0.22 * size;
                let (ax, ay) = (dx.abs() - radius + corner, dy.abs() - radius + corner);
                ax.max(0.0).hypot(ay.max(0.0)) + ax.max(ay).min(0.0) - corner
            }
            _ => disc.max(0.46 * radius - dx.hypot(dy)),
        }
    });
    Sprite::from_mask(side, side, &mask, color)
}

/// Returns an opening quotation mark of two curls, `height` pixels high and 1.3 times as wide.
pub(super) fn quotation_mark(height: f32, color: Rgb) -> Sprite {
    let (w, h) = ((1.3 * height).ceil().max(1.0) as usize, height.ceil().max(1.0) as usize);
    let radius = 0.29 * height;
    // A curl is a disc with a tail: the part of a large disc that a shifted disc does not cover.
    let curl = |x: f32, y: f32| {
        let (cx, cy) = (radius, height - radius);
        let disc = (x - cx).hypot(y - cy) - radius;
        let outer = (x - 0.72 * height).hypot(y - cy) - 0.72 * height;
        let inner = (x - 0.80 * height).hypot(y - cy - 0.02 * height) - 0.60 * height;
        let tail = outer.max(-inner).max(y - cy).max(x - 0.56 * height);
        disc.min(tail)
    };
    let mask = draw_mask(w, h, |x, y| curl(x, y).min(curl(x - 0.7 * height, y)));
    Sprite::from_mask(w, h, &mask, color)
}
