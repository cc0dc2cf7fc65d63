//! Places a picture with another aspect ratio than the frame, uncropped, as a card over its own dark blur.
//!
//! Start with [`blur_fill_canvas`].

use super::{Crop, resize};
use crate::CompositorError;
use crate::picture::Picture;
use pytoon_core::timeline::shots::BLUR_CANVAS_MARGIN;
use std::ops::Range;

/// A canvas with the picture, as large as the camera move over it needs.
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) rgba: Vec<u8>,
}

/// Returns the uncropped picture as a card with round corners and a soft shadow, over its own dark blur.
pub(super) fn blur_fill_canvas(
    picture: &Picture,
    (frame_width, frame_height): (usize, usize),
) -> Result<Canvas, CompositorError> {
    let width = (frame_width as f64 * BLUR_CANVAS_MARGIN).round() as usize;
    let height = (frame_height as f64 * BLUR_CANVAS_MARGIN).round() as usize;
    let mut rgba = blurred_background(picture, width, height)?;
    let card = card_box(picture, width, height);
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

/// Returns the box of a card at most 984 of 1080 pixels wide and 1080 of 1920 pixels high. Its middle is at 690 of
/// 1920 pixels from the top, which keeps it clear of captions.
fn card_box(picture: &Picture, width: usize, height: usize) -> Card {
    let max_width = width as f64 * 984.0 / 1080.0;
    let max_height = height as f64 * 1080.0 / 1920.0;
    let aspect = picture.width() as f64 / picture.height() as f64;
    let card_width = max_width.min(max_height * aspect).max(2.0);
    let card_height = (card_width / aspect).clamp(2.0, max_height);
    let (w, h) = (card_width.round() as usize, card_height.round() as usize);
    let unit = height as f32 / 1920.0;
    let centre_y = height as f64 * 690.0 / 1920.0;
    let top = (centre_y - card_height / 2.0).max(height as f64 * 0.06) as usize;
    Card {
        left: (width - w) / 2,
        top: top.min(height - h),
        width: w,
        height: h,
        radius: (28.0 * unit).min(w as f32 / 2.0).min(h as f32 / 2.0),
        unit,
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

/// Returns a blurred, darker copy of the picture that covers the canvas. The blur has a sigma of 45 pixels at full
/// size and is computed at an eighth of it. The copy has 0.55 of the brightness and 0.9 of the saturation.
fn blurred_background(
    picture: &Picture,
    width: usize,
    height: usize,
) -> Result<Vec<u8>, CompositorError> {
    let small = picture.shrunk(600);
    let (small_w, small_h) = ((width / 8).max(2), (height / 8).max(2));
    let (pw, ph) = (small.width() as f64, small.height() as f64);
    let scale = (small_w as f64 / pw).max(small_h as f64 / ph) * 1.15;
    let (crop_w, crop_h) = ((small_w as f64 / scale).min(pw), (small_h as f64 / scale).min(ph));
    let crop =
        Crop { left: (pw - crop_w) / 2.0, top: (ph - crop_h) / 2.0, width: crop_w, height: crop_h };
    let mut back = resize(&small, crop, small_w, small_h)?;
    let sigma = 45.0 / 8.0 * height as f32 / (1920.0 * BLUR_CANVAS_MARGIN as f32);
    // Three box passes approximate a Gaussian (central limit theorem).
    let radius = ((12.0 * sigma * sigma / 3.0 + 1.0).sqrt() / 2.0) as usize;
    for _ in 0..3 {
        box_blur(&mut back, small_w, small_h, radius.max(1));
    }
    darken(&mut back);
    let picture = Picture::try_new(small_w, small_h, back)?;
    let whole = Crop { left: 0.0, top: 0.0, width: small_w as f64, height: small_h as f64 };
    let mut out = resize(&picture, whole, width, height)?;
    dither(&mut out, width);
    Ok(out)
}

fn darken(rgba: &mut [u8]) {
    for pixel in rgba.chunks_exact_mut(4) {
        let luma = 0.2126 * f32::from(pixel[0])
            + 0.7152 * f32::from(pixel[1])
            + 0.0722 * f32::from(pixel[2]);
        for value in &mut pixel[..3] {
            *value = ((luma + (f32::from(*value) - luma) * 0.9) * 0.55) as u8;
        }
        pixel[3] = 255;
    }
}

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

fn box_blur(rgba: &mut [u8], width: usize, height: usize, radius: usize) {
    let mut line = Vec::new();
    let mut blur_line = |rgba: &mut [u8], start: usize, stride: usize, count: usize| {
        for c in 0..3 {
            line.clear();
            line.extend((0..count).map(|i| u32::from(rgba[start + i * stride + c])));
            let at = |i: i64| line[i.clamp(0, count as i64 - 1) as usize];
            let mut sum: u32 = (-(radius as i64)..=radius as i64).map(at).sum();
            for i in 0..count {
                rgba[start + i * stride + c] = (sum / (2 * radius as u32 + 1)) as u8;
                sum = sum + at(i as i64 + radius as i64 + 1) - at(i as i64 - radius as i64);
            }
        }
    };
    for y in 0..height {
        blur_line(rgba, y * width * 4, 4, width);
    }
    for x in 0..width {
        blur_line(rgba, x * 4, width * 4, height);
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
