//! A drawn shape in a corner of a type scene, so that a scene on an even ground is a picture before its first word.

use crate::area::Rect;
use crate::color::Rgb;
use crate::frame::Frame;
use crate::layer::{Placement, Sprite, blend_placed, draw_mask};
use crate::motion::smoothstep;

/// The radius of the shape about its corner, as a fraction of the frame's shorter side.
const RADIUS: f32 = 0.46;
/// The smallest radius; without room for it there is no shape.
const LEAST_RADIUS: f32 = 0.16;
/// The growth of the shape over its scene.
const GROWTH: f32 = 0.05;

/// A shape about a corner of the frame.
#[derive(Debug)]
pub(super) struct Ornament {
    sprite: Sprite,
    /// The corner, in frame pixels; also the place in the sprite that stays there.
    corner: (f32, f32),
    anchor: (f32, f32),
}

impl Ornament {
    /// Draws a shape for a corner that the text leaves free, preferably at the bottom. `seed` chooses the shape and the side.
    /// Returns `None` if the text leaves no corner free.
    pub(super) fn place(size: (usize, usize), text: &Rect, seed: u64, color: Rgb) -> Option<Self> {
        let (w, h) = (size.0 as f32, size.1 as f32);
        let right_first = seed.is_multiple_of(2);
        let sides = if right_first { [w, 0.0] } else { [0.0, w] };
        let corners = [(sides[0], h), (sides[1], h), (sides[0], 0.0), (sides[1], 0.0)];
        let short = w.min(h);
        let most = |corner: &(f32, f32)| {
            // The distance of the corner from the text.
            let dx = (text.x0 - corner.0).max(corner.0 - text.x1).max(0.0);
            let dy = (text.y0 - corner.1).max(corner.1 - text.y1).max(0.0);
            (dx.hypot(dy) - 0.03 * short) / (1.0 + GROWTH)
        };
        let found = corners.into_iter().find(|corner| most(corner) >= RADIUS * short);
        let corner =
            found.or_else(|| corners.into_iter().max_by(|a, b| most(a).total_cmp(&most(b))))?;
        let radius = most(&corner).min(RADIUS * short);
        if radius < LEAST_RADIUS * short {
            return None;
        }
        let side = radius.ceil() as usize;
        let (is_right, is_bottom) = (corner.0 > 0.0, corner.1 > 0.0);
        let mask = draw_mask(side, side, |x, y| {
            let dx = if is_right { side as f32 - x } else { x };
            let dy = if is_bottom { side as f32 - y } else { y };
            shape(seed / 2, dx / radius, dy / radius) * radius
        });
        let anchor =
            (if is_right { side as f32 } else { 0.0 }, if is_bottom { side as f32 } else { 0.0 });
        Some(Self { sprite: Sprite::from_mask(side, side, &mask, color), corner, anchor })
    }

    /// Draws the shape at a fraction of its scene, 0 to 1.
    pub(super) fn draw(&self, frame: &mut Frame, part: f32) {
        let scale = 1.0 + GROWTH * smoothstep(part);
        let placement = Placement {
            anchor: self.anchor,
            at: self.corner,
            scale,
            rotation: 0.0,
            opacity: 1.0,
            clip: None,
        };
        blend_placed(frame, &self.sprite, &placement);
    }
}

/// Returns the signed distance to a shape within the unit circle about a corner, at a distance of `x` and `y` from it.
fn shape(kind: u64, x: f32, y: f32) -> f32 {
    let distance = x.hypot(y);
    let ring = |from: f32, to: f32| (from - distance).max(distance - to);
    match kind % 3 {
        // A quarter of a disc in a ring.
        0 => (distance - 0.74).min(ring(0.86, 0.98)),
        // Three broad rings.
        1 => (distance - 0.34).min(ring(0.48, 0.68)).min(ring(0.82, 0.98)),
        // A quarter of a disc with a bite.
        _ => (distance - 0.98).max(0.34 - (x - 0.30).hypot(y - 0.30)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_keeps_clear_of_the_text_and_of_nothing_else() {
        let size = (540, 960);
        let drawn = |text: Rect, seed: u64| {
            let ornament = Ornament::place(size, &text, seed, Rgb::WHITE)?;
            let mut frame = Frame::new(size.0, size.1);
            ornament.draw(&mut frame, 1.0);
            Some(frame)
        };
        for seed in 0..8 {
            let text = Rect::new(60.0, 144.0, 480.0, 620.0);
            let frame = drawn(text, seed).expect("room below the text");
            let luma = frame.y();
            let inside = |x: usize, y: usize| {
                (60..480).contains(&x) && (144..620).contains(&y) && luma[y * size.0 + x] > 16
            };
            assert!(!(0..size.1).any(|y| (0..size.0).any(|x| inside(x, y))), "{seed}");
            let bright = luma.iter().filter(|value| **value > 200).count();
            assert!(bright > luma.len() / 40, "{seed}: {bright}");
        }
        assert!(drawn(Rect::new(0.0, 0.0, 540.0, 960.0), 1).is_none());
    }
}
