//! Camera moves over stills: the visible window of a picture at each frame.
//!
//! A zoom at a constant *perceived* rate is exponential in scale. The window's corner follows the scale linearly,
//! which keeps one point of the picture fixed on screen. A pan moves linearly. Windows are exact fractions: nothing
//! is rounded to pixels, so nothing jitters.

use crate::time::FrameRate;
use crate::timeline::{Motion, Window};
use pytoon_vocabulary::Frame;

impl Window {
    /// The window that shows the whole picture.
    pub const FULL: Self = Self { x: 0.0, y: 0.0, width: 1.0, height: 1.0 };

    /// Returns the largest window with a given aspect ratio, shrunk by `zoom` (at least 1) and centred as near to a
    /// point as the picture allows. `aspect` is the window's width over height divided by that of the picture.
    pub fn around(aspect: f64, zoom: f64, centre: (f64, f64)) -> Self {
        let (width, height) = if aspect <= 1.0 { (aspect, 1.0) } else { (1.0, 1.0 / aspect) };
        let (width, height) = (width / zoom, height / zoom);
        Self {
            x: (centre.0 - width / 2.0).clamp(0.0, 1.0 - width),
            y: (centre.1 - height / 2.0).clamp(0.0, 1.0 - height),
            width,
            height,
        }
    }

    /// Returns the same window shrunk by `zoom` about a point of the picture, which stays fixed on screen.
    pub fn zoomed_about(self, zoom: f64, point: (f64, f64)) -> Self {
        let px = point.0.clamp(self.x, self.x + self.width);
        let py = point.1.clamp(self.y, self.y + self.height);
        Self {
            x: px - (px - self.x) / zoom,
            y: py - (py - self.y) / zoom,
            width: self.width / zoom,
            height: self.height / zoom,
        }
    }

    /// Returns the window shifted by (`dx`, `dy`), but never beyond the picture.
    pub fn shifted(self, dx: f64, dy: f64) -> Self {
        Self {
            x: (self.x + dx).clamp(0.0, 1.0 - self.width),
            y: (self.y + dy).clamp(0.0, 1.0 - self.height),
            ..self
        }
    }
}

impl Motion {
    /// Returns the window at a frame. Frames before or after the move show its first or last window.
    pub fn window_at(&self, frame: Frame) -> Window {
        let length = self.length().get() as f64;
        let t = ((frame - self.start_frame).get() as f64).clamp(0.0, length);
        let u = eased_progress(t, length, self.ease_in_frames.get() as f64);
        let ratio = self.to.width / self.from.width;
        if (ratio - 1.0).abs() < 1e-9 {
            return lerp(self.from, self.to, u);
        }
        let width = self.from.width * ratio.powf(u);
        // The share of the way in scale is also the share of the way in position.
        lerp(self.from, self.to, (width - self.from.width) / (self.to.width - self.from.width))
    }

    /// Returns the zoom rate in per cent per second; negative when pulling out.
    pub fn zoom_pct_per_second(&self, rate: FrameRate) -> f64 {
        let seconds = rate.frame_to_seconds(self.length());
        ((self.from.width / self.to.width).powf(1.0 / seconds) - 1.0) * 100.0
    }

    /// Returns the length of the move, at least one frame.
    fn length(&self) -> Frame {
        (self.end_frame - self.start_frame).max(Frame::new(1))
    }
}

/// Returns the progress of a move, from 0 to 1, after `t` of `length` frames. The speed rises linearly over the first
/// `ease` frames and is constant after them.
fn eased_progress(t: f64, length: f64, ease: f64) -> f64 {
    if ease <= 0.0 {
        return t / length;
    }
    let ease = ease.min(length);
    let travelled = if t < ease { t * t / (2.0 * ease) } else { t - ease / 2.0 };
    travelled / (length - ease / 2.0)
}

fn lerp(a: Window, b: Window, u: f64) -> Window {
    let mix = |a: f64, b: f64| a + (b - a) * u;
    Window {
        x: mix(a.x, b.x),
        y: mix(a.y, b.y),
        width: mix(a.width, b.width),
        height: mix(a.height, b.height),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push_in(ease: i64) -> Motion {
        let from = Window::around(0.4, 1.0, (0.6, 0.4));
        Motion {
            from,
            to: from.zoomed_about(1.12, (0.6, 0.4)),
            start_frame: Frame::new(10),
            end_frame: Frame::new(130),
            ease_in_frames: Frame::new(ease),
        }
    }

    fn at(motion: Motion, frame: i64) -> Window {
        motion.window_at(Frame::new(frame))
    }

    #[test]
    fn a_zoom_has_a_constant_perceived_rate() {
        let motion = push_in(0);
        let rates: Vec<f64> =
            (10..130).map(|f| at(motion, f).width / at(motion, f + 1).width).collect();
        let spread = rates.iter().cloned().fold(f64::MIN, f64::max)
            - rates.iter().cloned().fold(f64::MAX, f64::min);
        assert!(spread < 1e-9, "{spread}");
    }

    #[test]
    fn a_zoom_keeps_its_point_fixed_on_screen() {
        let motion = push_in(0);
        let on_screen = |f: i64| {
            let w = at(motion, f);
            ((0.6 - w.x) / w.width, (0.4 - w.y) / w.height)
        };
        let first = on_screen(10);
        for frame in 11..=130 {
            let now = on_screen(frame);
            assert!((now.0 - first.0).abs() < 1e-9 && (now.1 - first.1).abs() < 1e-9);
        }
    }

    #[test]
    fn an_eased_move_starts_at_rest_and_never_goes_back() {
        let motion = push_in(18);
        let widths: Vec<f64> = (10..=130).map(|f| at(motion, f).width).collect();
        assert!(widths.windows(2).all(|w| w[1] <= w[0]));
        assert!(widths[0] - widths[1] < (widths[60] - widths[61]) * 0.2);
        assert!((widths[120] - motion.to.width).abs() < 1e-12);
    }

    #[test]
    fn windows_stay_inside() {
        let window = Window::around(0.5, 1.1, (0.99, 0.01)).shifted(1.0, -1.0);
        assert!(window.x + window.width <= 1.0 && window.y >= 0.0);
    }
}
