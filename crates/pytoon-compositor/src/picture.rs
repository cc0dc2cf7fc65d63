//! A decoded picture in memory: 8-bit sRGB with alpha, upright.

use crate::CompositorError;

/// A picture. Rows run from top to bottom, with four bytes per pixel (R, G, B, A) and alpha not premultiplied.
#[derive(Clone)]
pub struct Picture {
    width: usize,
    height: usize,
    rgba: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

impl Picture {
    /// Creates a picture from its bytes. Fails if their number does not match the size.
    pub fn try_new(width: usize, height: usize, rgba: Vec<u8>) -> Result<Self, CompositorError> {
        if width == 0 || height == 0 || rgba.len() != width * height * 4 {
            return Err(CompositorError::PictureSize { width, height, bytes: rgba.len() });
        }
        Ok(Self { width, height, rgba })
    }

    /// Returns the width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns the height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Returns the RGBA pixels.
    pub fn rgba(&self) -> &[u8] {
        &self.rgba
    }

    /// Composites the picture over a solid colour.
    pub fn flatten(&mut self, matte: [u8; 3]) {
        for pixel in self.rgba.chunks_exact_mut(4) {
            let alpha = u32::from(pixel[3]);
            if alpha == 255 {
                continue;
            }
            for (channel, matte) in pixel.iter_mut().zip(matte) {
                let mixed = u32::from(*channel) * alpha + u32::from(matte) * (255 - alpha);
                *channel = ((mixed + 127) / 255) as u8;
            }
            pixel[3] = 255;
        }
    }

    /// Returns a box-filtered copy with at most `max_side` pixels per side, for analysis and not for display.
    pub fn shrunk(&self, max_side: usize) -> Self {
        let longest = self.width.max(self.height);
        let (width, height) = if longest <= max_side {
            (self.width, self.height)
        } else {
            ((self.width * max_side / longest).max(1), (self.height * max_side / longest).max(1))
        };
        let mut rgba = Vec::with_capacity(width * height * 4);
        for y in 0..height {
            let (top, bottom) = span(y, height, self.height);
            for x in 0..width {
                let (left, right) = span(x, width, self.width);
                rgba.extend_from_slice(&self.mean(left, right, top, bottom));
            }
        }
        Self { width, height, rgba }
    }

    /// Returns the mean colour of a box, from at most four samples per side. This is precise enough for a small copy.
    fn mean(&self, left: usize, right: usize, top: usize, bottom: usize) -> [u8; 4] {
        let mut sums = [0u32; 4];
        let mut count = 0;
        let step = |from: usize, to: usize| (to - from).div_ceil(4).max(1);
        for y in (top..bottom).step_by(step(top, bottom)) {
            for x in (left..right).step_by(step(left, right)) {
                let at = (y * self.width + x) * 4;
                for (sum, &value) in sums.iter_mut().zip(&self.rgba[at..at + 4]) {
                    *sum += u32::from(value);
                }
                count += 1;
            }
        }
        sums.map(|sum| (sum / count.max(1)) as u8)
    }
}

fn span(index: usize, count: usize, full: usize) -> (usize, usize) {
    let from = index * full / count;
    (from, ((index + 1) * full / count).max(from + 1))
}
