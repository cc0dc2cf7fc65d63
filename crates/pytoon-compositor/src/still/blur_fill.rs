//! Shows a picture whose aspect ratio is far from the frame's whole, over a dark ground in its own colours.
//!
//! Start with [`blur_fill_canvas`].

use super::{Crop, resize};
use crate::CompositorError;
use crate::picture::Picture;
use pytoon_core::layout::split::picture_area;
use pytoon_core::timeline::shots::BLUR_CANVAS_MARGIN;
use pytoon_graphics::Rgb;
use pytoon_graphics::color::Oklch;
use std::ops::Range;

/// A canvas with the picture, as large as the camera move over it needs.
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) rgba: Vec<u8>,
}

/// Returns the uncropped picture with a soft shadow, over a ground in its colours.
pub(super) fn blur_fill_canvas(
    picture: &Picture,
    (frame_width, frame_height): (usize, usize),
) -> Result<Canvas, CompositorError> {
    let width = (frame_width as f64 * BLUR_CANVAS_MARGIN).round() as usize;
    let height = (frame_height as f64 * BLUR_CANVAS_MARGIN).round() as usize;
    let card = card_box(picture, width, height);
    let mut rgba = ground(picture, width, height, &card);
    shade_card(&mut rgba, width, &card);
    let whole = Crop {
        left: 0.0,
        top: 0.0,
        width: picture.width() as f64,
        height: picture.height() as f64,
    };
    let front = resize(picture, whole, card.width, card.height)?;
    for y in 0..card.height {
        let covered = card.covered_columns(y);
        let (to, from) = (((card.top + y) * width + card.left) * 4, y * card.width * 4);
        let bytes = covered.start * 4..covered.end * 4;
        rgba[to..][bytes.clone()].copy_from_slice(&front[from..][bytes]);
        for x in (0..covered.start).chain(covered.end..card.width) {
            let cover = card.coverage(x as f32 + 0.5, y as f32 + 0.5);
            let (at, from) = (to + x * 4, from + x * 4);
            for c in 0..3 {
                let (back, front) = (f32::from(rgba[at + c]), f32::from(front[from + c]));
                rgba[at + c] = (back + (front - back) * cover).round() as u8;
            }
        }
    }
    Ok(Canvas { width, height, rgba })
}

struct Card {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    radius: f32,
    unit: f32,
}

impl Card {
    /// Returns the fraction of a pixel inside the rounded box, relative to the card's corner.
    fn coverage(&self, x: f32, y: f32) -> f32 {
        (0.5 - self.distance(x, y)).clamp(0.0, 1.0)
    }

    /// Returns the columns that the card covers completely in a row, relative to its left edge: all but those beside
    /// its corners.
    fn covered_columns(&self, row: usize) -> Range<usize> {
        let corner = self.radius.ceil() as usize;
        if (corner..self.height.saturating_sub(corner)).contains(&row) {
            return 0..self.width;
        }
        let start = corner.min(self.width);
        start..self.width.saturating_sub(corner).max(start)
    }

    /// Returns the signed distance to the edge of the card, negative inside.
    fn distance(&self, x: f32, y: f32) -> f32 {
        let (half_w, half_h) = (self.width as f32 / 2.0, self.height as f32 / 2.0);
        let dx = (x - half_w).abs() - (half_w - self.radius);
        let dy = (y - half_h).abs() - (half_h - self.radius);
        let outside = dx.max(0.0).hypot(dy.max(0.0));
        outside + dx.max(dy).min(0.0) - self.radius
    }
}

/// Returns the box of the picture in the canvas.
fn card_box(picture: &Picture, width: usize, height: usize) -> Card {
    let area = picture_area(
        (width as u32, height as u32),
        (picture.width() as u32, picture.height() as u32),
    );
    let at = |share: f64, size: usize| (share * size as f64).round() as usize;
    let (left, top) = (at(area.x0, width).min(width - 2), at(area.y0, height).min(height - 2));
    Card {
        left,
        top,
        width: (at(area.x1, width) - left).max(2),
        height: (at(area.y1, height) - top).max(2),
        radius: 0.0,
        unit: width.min(height) as f32 / 1080.0,
    }
}

/// Draws the card's shadow: opacity 0.35, offset 12 px down and softness 24 px at full size.
fn shade_card(rgba: &mut [u8], width: usize, card: &Card) {
    let height = rgba.len() / 4 / width;
    let (drop, soft) = (12.0 * card.unit, 24.0 * card.unit);
    let reach = (soft * 2.5 + drop) as usize + 1;
    let rows = card.top.saturating_sub(reach)..(card.top + card.height + reach).min(height);
    for y in rows {
        let row = y.checked_sub(card.top).filter(|row| *row < card.height);
        let covered = row.map_or(0..0, |row| card.covered_columns(row));
        for x in card.left.saturating_sub(reach)..(card.left + card.width + reach).min(width) {
            if x >= card.left && covered.contains(&(x - card.left)) {
                // Hidden by the card.
                continue;
            }
            let dx = x as f32 + 0.5 - card.left as f32;
            let dy = y as f32 + 0.5 - card.top as f32 - drop;
            // A logistic edge is close to a Gaussian-blurred one and needs no blur.
            let shade = 0.35 / (1.0 + (card.distance(dx, dy) / (soft * 0.6)).exp());
            for value in &mut rgba[(y * width + x) * 4..][..3] {
                *value = (f32::from(*value) * (1.0 - shade)) as u8;
            }
        }
    }
}

/// Returns a dark ground in the colours of the picture's edges: beside each edge in that edge's colour, darker with the
/// distance.
fn ground(picture: &Picture, width: usize, height: usize, card: &Card) -> Vec<u8> {
    let small = picture.shrunk(96);
    let tone = |area: Crop| {
        let mut sum = [0.0; 3];
        let rows =
            area.top as usize..((area.top + area.height).ceil() as usize).min(small.height());
        let columns =
            area.left as usize..((area.left + area.width).ceil() as usize).min(small.width());
        let count = (rows.len() * columns.len()).max(1) as f32;
        for y in rows {
            for x in columns.clone() {
                let pixel = &small.rgba()[(y * small.width() + x) * 4..][..3];
                sum.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += f32::from(*value));
            }
        }
        let [r, g, b] = sum.map(|sum| (sum / count).round() as u8);
        let lch = Rgb::new(r, g, b).to_oklch();
        [NEAR, FAR].map(|light| Oklch::new(light, lch.c.min(MOST_CHROMA), lch.h).to_rgb())
    };
    let (w, h) = (small.width() as f64, small.height() as f64);
    let strip = |left: f64, top: f64, width: f64, height: f64| {
        tone(Crop { left: left * w, top: top * h, width: width * w, height: height * h })
    };
    let tall = card.height >= height;
    let (before, after) = match tall {
        true => (strip(0.0, 0.0, EDGE, 1.0), strip(1.0 - EDGE, 0.0, EDGE, 1.0)),
        false => (strip(0.0, 0.0, 1.0, EDGE), strip(0.0, 1.0 - EDGE, 1.0, EDGE)),
    };
    let (start, end, length) = match tall {
        true => (card.left, card.left + card.width, width),
        false => (card.top, card.top + card.height, height),
    };
    let line: Vec<[u8; 3]> = (0..length)
        .map(|at| {
            let (tones, away) = match at < end {
                true => (before, start.saturating_sub(at) as f32),
                false => (after, (at - end) as f32),
            };
            let colour = tones[0].mix(tones[1], (away / (0.5 * length as f32)).min(1.0));
            [colour.r, colour.g, colour.b]
        })
        .collect();
    let mut out = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        for x in 0..width {
            let [r, g, b] = line[if tall { x } else { y }];
            out.extend_from_slice(&[r, g, b, 255]);
        }
    }
    dither(&mut out, width);
    out
}

/// The share of the picture at an edge whose mean colour the ground has.
const EDGE: f64 = 0.1;
/// The lightness of the ground beside the picture and far from it (OKLCH).
const NEAR: f32 = 0.34;
const FAR: f32 = 0.22;
/// The highest chroma of the ground (OKLCH).
const MOST_CHROMA: f32 = 0.07;

/// Adds noise of at most two steps, so that wide blurs show no bands.
fn dither(rgba: &mut [u8], width: usize) {
    let mut rng = pytoon_vocabulary::Rng::new(0, "blur-dither");
    let noise: Vec<i16> =
        (0..4096).map(|_| ((rng.unit_f64() + rng.unit_f64() - 1.0) * 1.6).round() as i16).collect();
    for (index, pixel) in rgba.chunks_exact_mut(4).enumerate() {
        let (x, y) = (index % width / 2, index / width / 2);
        let n = noise[(x * 31 + y * 1049) % noise.len()];
        for value in &mut pixel[..3] {
            *value = (i16::from(*value) + n).clamp(0, 255) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_covers_all_but_its_corners() {
        for (width, height, radius) in [(2, 2, 1.0), (3, 9, 1.5), (40, 60, 7.3), (984, 700, 28.0)] {
            let card = Card { left: 0, top: 0, width, height, radius, unit: 1.0 };
            let mut covered = 0;
            for row in 0..height {
                for column in card.covered_columns(row) {
                    let cover = card.coverage(column as f32 + 0.5, row as f32 + 0.5);
                    assert!(cover > 0.999, "{width}x{height}: {cover} at {column}, {row}");
                    covered += 1;
                }
            }
            let corner = radius.ceil() as usize;
            assert!(covered + 4 * corner * corner >= width * height, "{width}x{height}: {covered}");
        }
    }
}
