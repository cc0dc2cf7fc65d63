//! Simple shapes as coverage masks and sprites: plates, chips, bars.

use super::Sprite;
use crate::color::Rgb;

/// Returns a filled rounded rectangle of `width` x `height` with one pixel of empty margin on each side. `opacity` is
/// in 0..1.
pub fn rounded_rect(width: f32, height: f32, radius: f32, color: Rgb, opacity: f32) -> Sprite {
    let (w, h) = (width.ceil().max(1.0) as usize + 2, height.ceil().max(1.0) as usize + 2);
    let centre = (w as f32 * 0.5, h as f32 * 0.5);
    let half = (width * 0.5, height * 0.5);
    let mask = draw_mask(w, h, |x, y| {
        let radius = radius.min(half.0).min(half.1);
        let (dx, dy) =
            ((x - centre.0).abs() - half.0 + radius, (y - centre.1).abs() - half.1 + radius);
        dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0) - radius
    });
    let scaled: Vec<u8> = mask.iter().map(|v| (f32::from(*v) * opacity + 0.5) as u8).collect();
    Sprite::from_mask(w, h, &scaled, color)
}

/// Returns the anti-aliased coverage of a shape, 0 to 255, from its signed distance in pixels (negative inside).
pub fn draw_mask(width: usize, height: usize, distance: impl Fn(f32, f32) -> f32) -> Vec<u8> {
    let mut mask = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let d = distance(x as f32 + 0.5, y as f32 + 0.5);
            mask.push(((0.5 - d).clamp(0.0, 1.0) * 255.0 + 0.5) as u8);
        }
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_matches_geometry() {
        let sprite = rounded_rect(100.0, 60.0, 20.0, Rgb::WHITE, 1.0);
        let area: f32 = sprite.a.iter().map(|v| f32::from(*v) / 255.0).sum();
        let expected = 100.0 * 60.0 - (4.0 - std::f32::consts::PI) * 400.0;
        assert!((area - expected).abs() < 12.0, "{area} vs {expected}");
    }
}
