//! Pictures and text over the film, placed in the safe area.

mod plates;

use crate::CompositorError;
use crate::assets::Assets;
use crate::placement::Placement;
use crate::still::resize_with_alpha;
use pytoon_core::brief::{OverlayMove, Position};
use pytoon_core::timeline::{OverlayClip, OverlayContent};
use pytoon_graphics::layer::{Placement as ScaledPlace, blend, blend_placed};
use pytoon_graphics::motion::{back_out, cubic_out};
use pytoon_graphics::text::{Layout, Shadow, Stroke, TextEngine, TextStyle};
use pytoon_graphics::{Frame, Palette, Rect, Rgb, Sprite};
use pytoon_vocabulary::Frame as FrameNumber;

/// An overlay that is ready to be drawn.
pub(crate) struct PreparedOverlay {
    layers: Layers,
    clip: OverlayClip,
    /// The middle of the overlay, about which it grows.
    middle: (f32, f32),
    /// The shift with which it slides in, in frame pixels.
    shift: (f32, f32),
    pub(crate) missing: Vec<char>,
}

/// The surroundings of an overlay: the fonts, the places and the colours of the film.
pub(crate) struct Page<'a> {
    pub(crate) text: &'a TextEngine,
    pub(crate) placement: &'a Placement,
    pub(crate) font: Option<&'a str>,
    pub(crate) palette: &'a Palette,
}

impl PreparedOverlay {
    pub(crate) fn prepare(
        clip: &OverlayClip,
        assets: &dyn Assets,
        page: &Page<'_>,
    ) -> Result<Self, CompositorError> {
        let (placement, text) = (page.placement, page.text);
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
                let (layers, unknown) = title_layers(
                    text,
                    (words, detail.as_deref()),
                    clip.position,
                    placement,
                    page.font,
                );
                missing = unknown;
                layers
            }
            OverlayContent::Label { text: words } => {
                plates::label(page, words, clip.position, &mut missing)
            }
            OverlayContent::LowerThird { text: words, detail } => {
                plates::lower_third(page, words, detail.as_deref(), clip.position, &mut missing)
            }
            OverlayContent::Chapter { number } => {
                plates::chapter(page, *number, target, clip.position, &mut missing)
            }
            OverlayContent::Text { text: words } => {
                let style = text_style(page.font, scale);
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
        let middle = middle(&layers);
        let shift = slide(clip, middle, zone, scale);
        Ok(Self { layers, clip: clip.clone(), middle, shift, missing })
    }

    pub(crate) fn draw(&self, out: &mut Frame, frame: FrameNumber) {
        if !self.clip.range().contains(frame) {
            return;
        }
        let length = self.clip.fade_frames.get().max(1) as f32;
        let into = (frame - self.clip.start_frame).get() as f32 + 1.0;
        let left = (self.clip.end_frame - frame).get() as f32;
        // An overlay visible from the first frame is there at once: frame 0 is a finished picture.
        let at_once = self.clip.start_frame == FrameNumber::ZERO;
        let rise = if at_once { 1.0 } else { (into / length).min(1.0) };
        let fall = (left / length).min(1.0);
        let opacity = self.clip.opacity as f32;
        match self.clip.animation {
            OverlayMove::None => self.draw_at(out, opacity),
            OverlayMove::Fade => self.draw_at(out, opacity * rise.min(fall)),
            OverlayMove::Slide => {
                // It decelerates on its way in and accelerates on its way out.
                let away = (1.0 - cubic_out(rise)).max((1.0 - fall).powi(3));
                let by = (self.shift.0 * away, self.shift.1 * away);
                self.draw_moved(out, by, 1.0, opacity * (1.0 - away));
            }
            OverlayMove::Pop => {
                let scale = 0.8 + 0.2 * back_out(rise, OVERSHOOT);
                self.draw_moved(out, (0.0, 0.0), scale, opacity * rise.min(fall));
            }
        }
    }

    fn draw_at(&self, out: &mut Frame, opacity: f32) {
        for (x, y, sprite) in &self.layers {
            blend(out, sprite, *x, *y, opacity);
        }
    }

    /// Draws the overlay shifted by frame pixels and scaled about its middle.
    fn draw_moved(&self, out: &mut Frame, by: (f32, f32), scale: f32, opacity: f32) {
        if by == (0.0, 0.0) && scale == 1.0 {
            return self.draw_at(out, opacity);
        }
        for (x, y, sprite) in &self.layers {
            let anchor = (self.middle.0 - *x as f32, self.middle.1 - *y as f32);
            let at = (self.middle.0 + by.0, self.middle.1 + by.1);
            let place = ScaledPlace { anchor, at, scale, rotation: 0.0, opacity, clip: None };
            blend_placed(out, sprite, &place);
        }
    }
}

/// The overshoot of a pop: five per cent of its size.
const OVERSHOOT: f32 = 3.2;
/// The length of a slide, in pixels of a 1080x1920 frame.
const SLIDE: f32 = 90.0;

fn middle(layers: &Layers) -> (f32, f32) {
    let left = layers.iter().map(|(x, ..)| *x).min().unwrap_or(0);
    let top = layers.iter().map(|(_, y, _)| *y).min().unwrap_or(0);
    let right = layers.iter().map(|(x, _, sprite)| x + sprite.width() as i32).max().unwrap_or(0);
    let bottom = layers.iter().map(|(_, y, sprite)| y + sprite.height() as i32).max().unwrap_or(0);
    ((left + right) as f32 / 2.0, (top + bottom) as f32 / 2.0)
}

/// Returns the shift from which an overlay slides to its place: from the nearer side, or from below in the middle.
fn slide(clip: &OverlayClip, middle: (f32, f32), zone: Rect, scale: f32) -> (f32, f32) {
    let is_lower_third = matches!(clip.content, OverlayContent::LowerThird { .. });
    let off_centre = middle.0 - (zone.x0 + zone.x1) / 2.0;
    let is_left = is_lower_third || off_centre < -0.1 * zone.width();
    match (is_left, off_centre > 0.1 * zone.width()) {
        (true, _) => (-SLIDE * scale, 0.0),
        (false, true) => (SLIDE * scale, 0.0),
        (false, false) => (0.0, SLIDE * scale * 0.5),
    }
}

/// Sprites with their positions in the frame, drawn in order.
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
    let (place, scale) = (placement.title(position), placement.unit);
    let (zone, centre) = (place.rect, place.centre_x);
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
        .map(|(words, style, lines)| (lay_out(engine, &style, words, width, lines), style))
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

/// Lays out text in few lines: in two instead of three if that costs little of its size.
fn lay_out(
    engine: &TextEngine,
    style: &TextStyle,
    words: &str,
    width: f32,
    lines: usize,
) -> Layout {
    const SMALLER: f32 = 0.82;
    if lines > 2 {
        let closer = TextStyle { min_size_px: SMALLER * style.size_px, ..style.clone() };
        let layout = engine.layout(&closer, words, width, 2);
        if !layout.broken && layout.lines.len() <= 2 && layout.width <= width {
            return layout;
        }
    }
    engine.layout(style, words, width, lines)
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
