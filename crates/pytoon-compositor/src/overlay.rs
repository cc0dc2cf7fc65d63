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
            OverlayContent::Title { text: words, detail } => {
                let (layers, unknown) =
                    title_layers(text, (words, detail.as_deref()), clip.position, placement, font);
                missing = unknown;
                layers
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

type Layers = Vec<(i32, i32, Sprite)>;

/// Draws the large words of a title and the line under them, as one block. Returns the characters that no font covers
/// with it.
fn title_layers(
    engine: &TextEngine,
    (words, detail): (&str, Option<&str>),
    position: Position,
    placement: &Placement,
    font: Option<&str>,
) -> (Layers, Vec<char>) {
    let (zone, scale) = (placement.safe().rect, placement.unit);
    let centre = placement.safe().centre_x;
    let width = 2.0 * (centre - zone.x0).min(zone.x1 - centre);
    let style = |size: f32, least: f32, weight: u16| TextStyle {
        weight,
        size_px: size * scale,
        line_height: 1.08 * size * scale,
        min_size_px: least * scale,
        stroke: Some(Stroke { width_px: 7.0 * scale, color: Rgb::new(0x11, 0x11, 0x11) }),
        ..text_style(font, scale)
    };
    let parts = [
        (words, style(88.0, 48.0, 900), 3),
        (detail.unwrap_or_default(), style(50.0, 36.0, 700), 1),
    ];
    let parts: Vec<_> = parts
        .into_iter()
        .filter(|(words, ..)| !words.is_empty())
        .map(|(words, style, lines)| (engine.layout(&style, words, width, lines), style))
        .collect();
    let gap = 14.0 * scale;
    let height: f32 = parts.iter().map(|(layout, _)| layout.height).sum::<f32>()
        + gap * parts.len().saturating_sub(1) as f32;
    let (_, top) = overlay_origin(position, zone, width, height);
    let left = (centre - width / 2.0).round() as i32;
    let (mut layers, mut missing, mut y) = (Vec::new(), Vec::new(), top as f32);
    for (layout, style) in parts {
        missing.extend(layout.missing.iter().copied());
        let sprites = engine.sprites(&layout, &style, &|_| true);
        for placed in [sprites.backing, sprites.fill].into_iter().flatten() {
            layers.push((left + placed.x, y.round() as i32 + placed.y, placed.sprite));
        }
        y += layout.height + gap;
    }
    (layers, missing)
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
