//! The frame that every drawing call writes to.
//!
//! Guarantees: frames are planar YUV 4:2:0 (BT.709, limited range, left-sited chroma, 8 bit) in one contiguous
//! buffer: Y, then U, then V, without padding. A row is therefore a plain slice, and the whole buffer can be passed
//! to an encoder unchanged.
//!
//! A frame has no timestamp, no stride and no other pixel format.

/// A planar YUV 4:2:0 frame: BT.709, limited range, left-sited chroma, 8 bit, in one contiguous buffer (Y, then U,
/// then V) without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    width: usize,
    height: usize,
    data: Vec<u8>,
}

impl Frame {
    /// Creates a black frame. Odd sizes are rounded up to even, since 4:2:0 has no half chroma sample.
    pub fn new(width: usize, height: usize) -> Self {
        let (width, height) = ((width + 1) & !1, (height + 1) & !1);
        let luma = width * height;
        let mut data = vec![128; luma + luma / 2];
        data[..luma].fill(16);
        Self { width, height, data }
    }

    /// Returns the width in luma samples, always even.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns the height in luma samples, always even.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Returns the whole buffer: Y, U, V.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Returns the whole buffer for writing.
    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    /// Returns the luma plane, `width * height`.
    pub fn y(&self) -> &[u8] {
        &self.data[..self.width * self.height]
    }

    /// Returns the Cb plane, a quarter of the luma size.
    pub fn u(&self) -> &[u8] {
        let luma = self.width * self.height;
        &self.data[luma..luma + luma / 4]
    }

    /// Returns the Cr plane, a quarter of the luma size.
    pub fn v(&self) -> &[u8] {
        let luma = self.width * self.height;
        &self.data[luma + luma / 4..]
    }

    /// Returns all three planes for simultaneous writing.
    pub fn planes_mut(&mut self) -> [&mut [u8]; 3] {
        let luma = self.width * self.height;
        let (y, chroma) = self.data.split_at_mut(luma);
        let (u, v) = chroma.split_at_mut(luma / 4);
        [y, u, v]
    }

    /// Fills the frame with one colour, passed as limited-range Y, Cb, Cr.
    pub fn fill(&mut self, ycc: [u8; 3]) {
        for (plane, value) in self.planes_mut().into_iter().zip(ycc) {
            plane.fill(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_tile_the_buffer() {
        let mut frame = Frame::new(8, 6);
        assert_eq!((frame.y().len(), frame.u().len(), frame.v().len()), (48, 12, 12));
        assert_eq!(frame.data().len(), 72);
        frame.fill([1, 2, 3]);
        assert_eq!((frame.data()[47], frame.data()[48], frame.data()[71]), (1, 2, 3));
        assert_eq!((Frame::new(7, 5).width(), Frame::new(7, 5).height()), (8, 6));
    }
}
