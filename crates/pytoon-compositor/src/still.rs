//! Prepares a picture once, so that each frame of a camera move is one cheap resampling.
//!
//! Preparation crops to the region that the move shows, scales so that the closest view needs no enlarging
//! (and never enlarges here: the sampler does that with sub-pixel positions), grades, and converts to YUV
//! 4:2:0. With [`Fit::BlurFill`], the uncropped picture is placed over a ground in its colours.

mod blur_fill;

use crate::CompositorError;
use crate::grade::GradeTable;
use crate::picture::Picture;
use crate::sampler::{Axis, PaddedPlane, Scratch, sample};
use blur_fill::blur_fill_canvas;
use pytoon_core::timeline::{Fit, Motion, Window};
use pytoon_graphics::Frame;
use pytoon_resize::{Fourth, Region, lanczos};

/// A picture prepared for camera moves.
#[derive(Debug)]
pub struct PreparedStill {
    planes: [PaddedPlane; 3],
    /// The region of the whole picture (or canvas) that is stored.
    region: Window,
}

/// The number of source pixels stored on each side of the visible region, for the taps of the sampler.
const REGION_MARGIN_PX: f64 = 8.0;

impl PreparedStill {
    /// Prepares a picture for one camera move: fits it to the frame, scales and grades it, and converts it to YUV
    /// 4:2:0.
    pub fn prepare(
        picture: &Picture,
        fit: Fit,
        motion: &Motion,
        frame_size: (usize, usize),
        grade: &GradeTable,
    ) -> Result<Self, CompositorError> {
        match fit {
            Fit::Cover => Self::prepare_cover(picture, motion, frame_size, grade),
            Fit::BlurFill => {
                let mut canvas = blur_fill_canvas(picture, frame_size)?;
                grade.apply(&mut canvas.rgba);
                Ok(Self::from_rgba(&canvas.rgba, canvas.width, canvas.height, Window::FULL))
            }
        }
    }

    fn prepare_cover(
        picture: &Picture,
        motion: &Motion,
        (frame_width, _): (usize, usize),
        grade: &GradeTable,
    ) -> Result<Self, CompositorError> {
        let (width, height) = (picture.width() as f64, picture.height() as f64);
        let closest = motion.from.width.min(motion.to.width);
        let scale = (frame_width as f64 / (closest * width)).min(1.0);
        let region = visible_region(motion, width, height);
        let out_width = ((region.width * width * scale).round() as usize).max(1);
        let out_height = ((region.height * height * scale).round() as usize).max(1);
        let crop = Crop {
            left: region.x * width,
            top: region.y * height,
            width: region.width * width,
            height: region.height * height,
        };
        let mut rgba = resize(picture, crop, out_width, out_height)?;
        grade.apply(&mut rgba);
        Ok(Self::from_rgba(&rgba, out_width, out_height, region))
    }

    fn from_rgba(rgba: &[u8], width: usize, height: usize, region: Window) -> Self {
        let (y, u, v) = to_yuv420(rgba, width, height);
        let (chroma_width, chroma_height) = (width.div_ceil(2), height.div_ceil(2));
        Self {
            planes: [
                PaddedPlane::new(&y, width, height),
                PaddedPlane::new(&u, chroma_width, chroma_height),
                PaddedPlane::new(&v, chroma_width, chroma_height),
            ],
            region,
        }
    }

    /// Draws a window of the whole picture into a frame.
    pub fn draw(&self, frame: &mut Frame, window: Window, scratch: &mut Scratch) {
        let (width, height) = (frame.width(), frame.height());
        let [x, y] = self.axes(window, width, height);
        let luma = &self.planes[0];
        let [out_y, out_u, out_v] = frame.planes_mut();
        sample(luma, out_y, width, x, y, scratch);
        // Chroma is sited with the left luma sample of a pair and midway between two rows.
        let chroma_x = Axis { start: x.start / 2.0, step: x.step };
        let chroma_y = Axis { start: (y.start + y.step / 2.0 - 0.5) / 2.0, step: y.step };
        sample(&self.planes[1], out_u, width / 2, chroma_x, chroma_y, scratch);
        sample(&self.planes[2], out_v, width / 2, chroma_x, chroma_y, scratch);
    }

    /// Returns the luma axes of a window. They map pixel centres of the frame to pixel centres of the picture.
    fn axes(&self, window: Window, frame_width: usize, frame_height: usize) -> [Axis; 2] {
        let axis = |from: f64,
                    length: f64,
                    region_from: f64,
                    region_length: f64,
                    size: usize,
                    out: usize| {
            let scale = size as f64 / region_length;
            let step = length * scale / out as f64;
            Axis { start: (from - region_from) * scale + 0.5 * step - 0.5, step }
        };
        let region = self.region;
        [
            axis(
                window.x,
                window.width,
                region.x,
                region.width,
                self.planes[0].width(),
                frame_width,
            ),
            axis(
                window.y,
                window.height,
                region.y,
                region.height,
                self.planes[0].height(),
                frame_height,
            ),
        ]
    }

    /// Returns the memory usage, in bytes.
    pub fn size_bytes(&self) -> usize {
        self.planes.iter().map(PaddedPlane::size_bytes).sum()
    }
}

/// Returns the smallest box that contains both ends of a move and a margin for the sampler, rounded outwards to
/// source pixels.
fn visible_region(motion: &Motion, width: f64, height: f64) -> Window {
    let (a, b) = (motion.from, motion.to);
    let low =
        |p: f64, q: f64, size: f64| ((p.min(q) * size - REGION_MARGIN_PX).floor().max(0.0)) / size;
    let high =
        |p: f64, q: f64, size: f64| ((p.max(q) * size + REGION_MARGIN_PX).ceil().min(size)) / size;
    let (x, y) = (low(a.x, b.x, width), low(a.y, b.y, height));
    Window {
        x,
        y,
        width: high(a.x + a.width, b.x + b.width, width) - x,
        height: high(a.y + a.height, b.y + b.height, height) - y,
    }
}

struct Crop {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

/// Scales a whole picture with Lanczos-3, weighting colours by alpha.
pub(crate) fn resize_with_alpha(
    picture: &Picture,
    width: usize,
    height: usize,
) -> Result<Vec<u8>, CompositorError> {
    let whole = Crop {
        left: 0.0,
        top: 0.0,
        width: picture.width() as f64,
        height: picture.height() as f64,
    };
    resize_part(picture, whole, width, height, Fourth::Alpha)
}

/// Scales a part of a picture with Lanczos-3. Alpha is treated as a fourth colour channel.
fn resize(
    picture: &Picture,
    crop: Crop,
    width: usize,
    height: usize,
) -> Result<Vec<u8>, CompositorError> {
    resize_part(picture, crop, width, height, Fourth::Colour)
}

fn resize_part(
    picture: &Picture,
    crop: Crop,
    width: usize,
    height: usize,
    fourth: Fourth,
) -> Result<Vec<u8>, CompositorError> {
    let size = (picture.width(), picture.height());
    let region = Region { left: crop.left, top: crop.top, width: crop.width, height: crop.height };
    lanczos(picture.rgba(), size, region, (width, height), fourth).map_err(CompositorError::Resize)
}

/// Converts sRGB bytes, interpreted as BT.709 R'G'B', to limited-range YUV 4:2:0 with left-sited chroma.
pub fn to_yuv420(rgba: &[u8], width: usize, height: usize) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let mut luma = vec![0u8; width * height];
    for (out, p) in luma.iter_mut().zip(rgba.chunks_exact(4)) {
        // ITU-R BT.709 luma, scaled to 16..235, in 1/65536.
        let y = 11_966 * i32::from(p[0]) + 40_254 * i32::from(p[1]) + 4_064 * i32::from(p[2]);
        *out = ((y + (16 << 16) + (1 << 15)) >> 16) as u8;
    }
    let (cw, ch) = (width.div_ceil(2), height.div_ceil(2));
    let (mut u, mut v) = (vec![0u8; cw * ch], vec![0u8; cw * ch]);
    let mut sums = vec![[0i32; 3]; width + 2];
    for cy in 0..ch {
        let top = &rgba[2 * cy * width * 4..][..width * 4];
        let bottom = &rgba[(2 * cy + 1).min(height - 1) * width * 4..][..width * 4];
        for ((sum, a), b) in
            sums[1..=width].iter_mut().zip(top.chunks_exact(4)).zip(bottom.chunks_exact(4))
        {
            *sum = [0, 1, 2].map(|c| i32::from(a[c]) + i32::from(b[c]));
        }
        sums[0] = sums[1];
        sums[width + 1] = sums[width];
        let (out_u, out_v) = (&mut u[cy * cw..][..cw], &mut v[cy * cw..][..cw]);
        for cx in 0..cw {
            // [1 2 1] across two rows: eight samples in all.
            let [l, m, r] = [sums[2 * cx], sums[2 * cx + 1], sums[(2 * cx + 2).min(width + 1)]];
            let [r8, g8, b8] = [0, 1, 2].map(|c| l[c] + 2 * m[c] + r[c]);
            let cb = -6_596 * r8 - 22_189 * g8 + 28_784 * b8;
            let cr = 28_784 * r8 - 26_145 * g8 - 2_639 * b8;
            out_u[cx] = ((cb + (128 << 19) + (1 << 18)) >> 19) as u8;
            out_v[cx] = ((cr + (128 << 19) + (1 << 18)) >> 19) as u8;
        }
    }
    (luma, u, v)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_core::preset::Grade;
    use pytoon_vocabulary::Frame as FrameNumber;

    fn plain() -> GradeTable {
        GradeTable::new(Grade::Clean, 0.0)
    }

    fn still_motion(window: Window) -> Motion {
        Motion {
            from: window,
            to: window,
            start_frame: FrameNumber::ZERO,
            end_frame: FrameNumber::new(10),
            ease_in_frames: FrameNumber::ZERO,
        }
    }

    #[test]
    fn primary_colours_land_on_their_codes() {
        for (rgb, expected) in [
            ([255, 0, 0], [63, 102, 240]),
            ([0, 255, 0], [173, 42, 26]),
            ([0, 0, 255], [32, 240, 118]),
            ([255, 255, 255], [235, 128, 128]),
            ([0, 0, 0], [16, 128, 128]),
        ] {
            let rgba: Vec<u8> = (0..16).flat_map(|_| [rgb[0], rgb[1], rgb[2], 255]).collect();
            let (y, u, v) = to_yuv420(&rgba, 4, 4);
            for (got, want) in [y[5], u[1], v[1]].into_iter().zip(expected) {
                assert!(got.abs_diff(want) <= 1, "{rgb:?}: {got} for {want}");
            }
        }
    }

    /// Tests that a circle on grey stays round in a picture with any aspect ratio.
    #[test]
    fn nothing_is_stretched() {
        for (width, height, fit) in
            [(900, 900, Fit::Cover), (1600, 900, Fit::BlurFill), (500, 1500, Fit::BlurFill)]
        {
            let mut rgba = vec![90; width * height * 4];
            let radius = width.min(height) as i64 / 5;
            for y in 0..height as i64 {
                for x in 0..width as i64 {
                    let (dx, dy) = (x - width as i64 / 2, y - height as i64 / 2);
                    if dx * dx + dy * dy < radius * radius {
                        rgba[((y * width as i64 + x) * 4) as usize..][..3].fill(250);
                    }
                }
            }
            let picture = Picture::try_new(width, height, rgba).expect("picture");
            let window = match fit {
                Fit::Cover => Window::around(0.5625, 1.0, (0.5, 0.5)),
                Fit::BlurFill => Window::FULL,
            };
            let still =
                PreparedStill::prepare(&picture, fit, &still_motion(window), (270, 480), &plain())
                    .expect("still");
            let mut frame = Frame::new(270, 480);
            still.draw(&mut frame, window, &mut Scratch::default());
            let bright: Vec<(usize, usize)> = (0..270 * 480)
                .filter(|&i| frame.y()[i] > 190)
                .map(|i| (i % 270, i / 270))
                .collect();
            let spread = |values: Vec<usize>| {
                values.iter().max().expect("any") - values.iter().min().expect("any") + 1
            };
            let across = spread(bright.iter().map(|p| p.0).collect()) as f64;
            let down = spread(bright.iter().map(|p| p.1).collect()) as f64;
            assert!((across / down - 1.0).abs() < 0.03, "{width}x{height}: {across} by {down}");
        }
    }

    #[test]
    fn a_picture_of_one_pixel_fills_a_frame() {
        let picture = Picture::try_new(1, 1, vec![200, 30, 30, 255]).expect("picture");
        let still = PreparedStill::prepare(
            &picture,
            Fit::BlurFill,
            &still_motion(Window::FULL),
            (270, 480),
            &plain(),
        )
        .expect("still");
        let mut frame = Frame::new(270, 480);
        still.draw(&mut frame, Window::FULL, &mut Scratch::default());
        assert!(frame.y().iter().all(|&y| y > 16));
    }

    /// Tests that a soft spot stays on the intended curve during a slow move.
    #[test]
    fn camera_moves_do_not_jitter() {
        let (width, height, spot) = (900usize, 1200usize, (500.0, 480.0));
        let mut rgba = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let d2 = (x as f64 - spot.0).powi(2) + (y as f64 - spot.1).powi(2);
                let value = (60.0 + 180.0 * (-d2 / (2.0 * 14.0 * 14.0)).exp()).round() as u8;
                rgba.extend_from_slice(&[value, value, value, 255]);
            }
        }
        let picture = Picture::try_new(width, height, rgba).expect("picture");
        let wide = Window::around(0.75, 1.1, (0.5, 0.5));
        for to in [wide.zoomed_about(1.08, (0.4, 0.4)), wide.shifted(0.008, 0.0)] {
            let motion = Motion {
                from: wide,
                to,
                start_frame: FrameNumber::ZERO,
                end_frame: FrameNumber::new(60),
                ease_in_frames: FrameNumber::ZERO,
            };
            let still = PreparedStill::prepare(&picture, Fit::Cover, &motion, (540, 960), &plain())
                .expect("still");
            let mut frame = Frame::new(540, 960);
            let mut errors = Vec::new();
            for n in 0..60 {
                let window = motion.window_at(FrameNumber::new(n));
                still.draw(&mut frame, window, &mut Scratch::default());
                let found = centroid(&frame);
                let wanted_x =
                    ((spot.0 + 0.5) / width as f64 - window.x) / window.width * 540.0 - 0.5;
                let wanted_y =
                    ((spot.1 + 0.5) / height as f64 - window.y) / window.height * 960.0 - 0.5;
                errors.push((found.0 - wanted_x, found.1 - wanted_y));
            }
            let n = errors.len() as f64;
            let mean = (
                errors.iter().map(|e| e.0).sum::<f64>() / n,
                errors.iter().map(|e| e.1).sum::<f64>() / n,
            );
            let variance =
                errors.iter().map(|e| (e.0 - mean.0).powi(2) + (e.1 - mean.1).powi(2)).sum::<f64>()
                    / n;
            assert!(variance.sqrt() <= 0.02, "{} px", variance.sqrt());
            assert!(mean.0.abs() < 0.05 && mean.1.abs() < 0.05, "off by {mean:?}");
        }
    }

    fn centroid(frame: &Frame) -> (f64, f64) {
        let (mut x, mut y, mut total) = (0.0, 0.0, 0.0);
        for (index, &value) in frame.y().iter().enumerate() {
            let weight = (f64::from(value) - 74.0).max(0.0);
            x += weight * (index % frame.width()) as f64;
            y += weight * (index / frame.width()) as f64;
            total += weight;
        }
        (x / total, y / total)
    }
}
