//! Pictures and text over the film, placed in the safe area.

use crate::CompositorError;
use crate::assets::Assets;
use crate::placement::Placement;
use crate::still::resize_with_alpha;
use pytoon_core::brief::Position;
use pytoon_core::timeline::{OverlayClip, OverlayContent};
use pytoon_graphics::layer::blend;
use pytoon_graphics::text::{Shadow, Stroke, TextEngine, TextStyle};
use pytoon_graphics::{Frame, Rect, Rgb, Sprite};
use pytoon_vocabulary::Frame as FrameNumber;

/// An overlay that is ready to be drawn.
pub(crate) struct PreparedOverlay {
    layers: Vec<(i32, i32, Sprite)>,
    clip: OverlayClip,
    pub(crate) missing: Vec<char>,
}

impl PreparedOverlay {
    pub(crate) fn prepare(
        clip: &OverlayClip,
        assets: &dyn Assets,
        text: &TextEngine,
        placement: &Placement,
        font: Option<&str>,
    ) -> Result<Self, CompositorError> {
        let (zone, scale) = (placement.safe().rect, placement.unit);
        let target = placement.width_of(clip.width).max(2.0);
        let mut missing = Vec::new();
        let layers = match &clip.content {
            OverlayContent::Image { asset } => {
                let picture = assets.overlay(asset)?;
                // It stays inside the zone, whether wide or tall.
                let aspect = picture.height() as f32 / picture.width() as f32;
                let w = target.min(zone.width()).min(zone.height() / aspect).max(1.0);
                let (w, h) = (w.round() as usize, (w * aspect).round().max(1.0) as usize);
                let rgba = resize_with_alpha(&picture, w, h)?;
                let (x, y) = overlay_origin(clip.position, zone, w as f32, h as f32);
                vec![(x, y, Sprite::from_rgba(w, h, &rgba))]
            }
            OverlayContent::Text { text: words } => {
                let style = text_style(font, scale);
                let max_width = target.max(zone.width() * 0.5).min(zone.width());
                let layout = text.layout(&style, words, max_width, 4);
                missing = layout.missing.clone();
                let (x, y) = overlay_origin(clip.position, zone, max_width, layout.height);
                let sprites = text.sprites(&layout, &style, &|_| true);
                [sprites.backing, sprites.fill]
                    .into_iter()
                    .flatten()
                    .map(|placed| (x + placed.x, y + placed.y, placed.sprite))
                    .collect()
            }
        };
        Ok(Self { layers, clip: clip.clone(), missing })
    }

    pub(crate) fn draw(&self, out: &mut Frame, frame: FrameNumber) {
        if !self.clip.range().contains(frame) {
            return;
        }
        let fade = self.clip.fade_frames.get().max(1) as f64;
        let into = (frame - self.clip.start_frame).get() as f64 + 1.0;
        let left = (self.clip.end_frame - frame).get() as f64;
        // An overlay visible from the first frame does not fade in: frame 0 is a finished picture.
        let rise =
            if self.clip.start_frame == FrameNumber::ZERO { 1.0 } else { (into / fade).min(1.0) };
        let opacity = self.clip.opacity * rise.min((left / fade).min(1.0));
        for (x, y, sprite) in &self.layers {
            blend(out, sprite, *x, *y, opacity as f32);
        }
    }
}

fn text_style(font: Option<&str>, scale: f32) -> TextStyle {
    TextStyle {
        stroke: Some(Stroke { width_px: 4.0 * scale, color: Rgb::new(0x11, 0x11, 0x11) }),
        shadow: Some(Shadow {
            color: Rgb::new(0, 0, 0),
            opacity: 0.5,
            dy_px: 5.0 * scale,
            sigma_px: 9.0 * scale,
        }),
        min_size_px: 36.0 * scale,
        ..TextStyle::new(font.unwrap_or("Inter"), 800, 56.0 * scale, 70.0 * scale)
    }
}

fn overlay_origin(position: Position, zone: Rect, width: f32, height: f32) -> (i32, i32) {
    let (left, right) = (zone.x0, zone.x1 - width);
    let middle = (zone.x0 + zone.x1 - width) / 2.0;
    let (top, bottom) = (zone.y0, zone.y1 - height);
    let (x, y) = match position {
        Position::TopLeft => (left, top),
        Position::Top => (middle, top),
        Position::TopRight => (right, top),
        Position::Center => (middle, (top + bottom) / 2.0),
        Position::BottomLeft => (left, bottom),
        Position::Bottom => (middle, bottom),
        Position::BottomRight => (right, bottom),
    };
    (x.round() as i32, y.round() as i32)
}
