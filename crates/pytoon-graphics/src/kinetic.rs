//! Kinetic type: a key phrase drawn over a background.
//!
//! Guarantees: the phrase always fits its rectangle and loses no word; the entrance takes at most 900 ms; if
//! [`KineticType::adapt`] gets a sample frame, the background is adapted by up to 35 % for a contrast of 7:1.
//!
//! This module does not draw the background or choose the phrase. Only backgrounds drift; the text is static
//! after its entrance.
//!
//! Start with [`KineticType::prepare`].

mod compose;
pub(crate) mod quiet;

use crate::area::Rect;
use crate::color::Rgb;
use crate::frame::Frame;
use crate::layer::{Clip, Placement, Sprite, blend, blend_placed, rounded_rect};
use crate::motion::{cubic_out, expo_out};
use crate::palette::Palette;
use crate::text::{Layout, PlacedSprite, TextEngine, TextStyle};
pub use compose::{KineticSize, KineticSpec, KineticVariant};
use compose::{accent_words, choose, readable_accent};
use quiet::QuietZone;

/// A phrase that can be drawn at any time from any thread.
pub struct KineticType {
    size: KineticSize,
    lines: Vec<LineSprite>,
    support: Option<PlacedSprite>,
    bar: Option<(Sprite, Rect)>,
    rect: Rect,
    missing: Vec<char>,
    text_color: Rgb,
    light_ground: bool,
    quiet: QuietZone,
    px: f32,
}

struct LineSprite {
    placed: PlacedSprite,
    /// The clip rectangle. The line rises from its own lower edge.
    clip: Clip,
    height: f32,
}

/// The duration of the bar's entrance, in milliseconds.
const BAR_MS: f32 = 240.0;
const LINE_MS: f32 = 420.0;
const STAGGER_MS: f32 = 80.0;
const SUPPORT_DELAY_MS: f32 = 160.0;
const SUPPORT_MS: f32 = 300.0;
const EXIT_MS: f32 = 180.0;
/// The width of the feathered edge, wide enough that the adapted area has no visible border.
const FEATHER: f32 = 300.0;

impl KineticType {
    /// Chooses a size, then lays out and rasterises the phrase with its supporting line and its bar.
    pub fn prepare(engine: &TextEngine, spec: &KineticSpec, palette: &Palette) -> Self {
        let px = spec.unit;
        let zone = spec.zone.rect;
        let centred = spec.variant == KineticVariant::Centred;
        let width = if centred { spec.zone.centred_width() } else { zone.width() };
        let (phrase, marked) = accent_words(&spec.phrase);
        let text_color = if spec.light_ground { palette.ink } else { palette.paper };
        let accent = readable_accent(palette, spec.light_ground);
        let (size, style, layout) = choose(engine, spec, &phrase, text_color, width, px);
        let support_style = TextStyle {
            fill: text_color.mix(if spec.light_ground { Rgb::WHITE } else { palette.ground }, 0.16),
            align: style.align,
            language: spec.language.clone(),
            min_size_px: 40.0 * px,
            ..TextStyle::new(&style.family, 600, 54.0 * px, 70.0 * px)
        };
        let support = spec.support.as_deref().filter(|s| !s.trim().is_empty());
        let below = support.map(|s| engine.layout(&support_style, s, width, 3));
        let gap = if below.is_some() { 36.0 * px } else { 0.0 };
        let bar_room = if centred || !marked.is_empty() { 0.0 } else { 12.0 * px + 44.0 * px };
        let height = bar_room + layout.height + gap + below.as_ref().map_or(0.0, |l| l.height);
        let left = if centred { spec.zone.centre_x - 0.5 * width } else { zone.x0 };
        let x = left.round() as i32;
        // The optical middle is a little above the true one.
        let top = (zone.y0 + 0.44 * (zone.height() - height).max(0.0)).round();
        let y = (top + bar_room) as i32;
        let mut rect = layout.ink.shifted(x as f32, y as f32);
        let bar = (bar_room > 0.0).then(|| {
            let (w, h) = (120.0 * px, 12.0 * px);
            let left = if layout.rtl { x as f32 + width.floor() - w } else { x as f32 };
            let at = Rect::new(left, top, left + w, top + h);
            rect = rect.union(&at);
            (rounded_rect(w, h, 0.0, accent, 1.0), at)
        });
        let lines = line_sprites(engine, &layout, &style, accent, &marked, (x, y));
        let support = below.as_ref().and_then(|l| {
            let mut placed = engine.sprites(l, &support_style, &|_| true).fill?;
            let dy = y + (layout.height + gap) as i32;
            rect = rect.union(&l.ink.shifted(x as f32, dy as f32));
            placed.x += x;
            placed.y += dy;
            Some(placed)
        });
        let mut missing = layout.missing.clone();
        missing.extend(below.iter().flat_map(|l| l.missing.iter().copied()));
        Self {
            size,
            lines,
            support,
            bar,
            rect,
            missing,
            text_color,
            light_ground: spec.light_ground,
            quiet: QuietZone::none(),
            px,
        }
    }

    /// Measures a representative background frame and prepares the darkening (or lightening) that the text box needs.
    /// Without this call the background stays unchanged.
    pub fn adapt(&mut self, sample: &Frame) {
        let area = self.rect.grown(24.0 * self.px, 24.0 * self.px);
        self.quiet =
            QuietZone::measure(sample, area, self.text_color, self.light_ground, FEATHER * self.px);
    }

    /// Draws the phrase `t_ms` after the start of its scene, which lasts `scene_len_ms`.
    pub fn draw(&self, frame: &mut Frame, t_ms: f64, scene_len_ms: f64) {
        let t = t_ms as f32;
        // Short scenes end with a cut, longer ones with an exit of all elements.
        let left = (scene_len_ms - t_ms) as f32;
        let leaving = if scene_len_ms > 2000.0 { (left / EXIT_MS).clamp(0.0, 1.0) } else { 1.0 };
        if t < 0.0 || left <= 0.0 {
            return;
        }
        self.quiet.apply(frame);
        if let Some((sprite, rect)) = &self.bar {
            // Wipes from the left; one pixel of margin surrounds the sprite.
            let shown = expo_out((t + 33.0) / BAR_MS);
            let x1 = (rect.x0 + rect.width() * shown).ceil() as i32 + 1;
            let clip = Clip { x0: 0, y0: 0, x1, y1: frame.height() as i32 };
            let (x, y) = (rect.x0 as i32 - 1, rect.y0 as i32 - 1);
            crate::layer::blend_clipped(frame, sprite, x, y, leaving, clip);
        }
        let stagger = if self.lines.len() > 4 {
            STAGGER_MS * 3.0 / (self.lines.len() - 1) as f32
        } else {
            STAGGER_MS
        };
        for (i, line) in self.lines.iter().enumerate() {
            // The first frame of a scene already shows most of the first line.
            let p = expo_out((t + 66.0 - stagger * i as f32) / LINE_MS);
            if p <= 0.0 {
                continue;
            }
            let (x, y) = (line.placed.x, line.placed.y);
            if p >= 1.0 {
                blend(frame, &line.placed.sprite, x, y, leaving);
                continue;
            }
            let placement = Placement {
                anchor: (0.0, 0.0),
                at: (x as f32, y as f32 + 0.6 * line.height * (1.0 - p)),
                scale: 1.0,
                rotation: 0.0,
                opacity: leaving * (p * 4.0).min(1.0),
                clip: Some(line.clip),
            };
            blend_placed(frame, &line.placed.sprite, &placement);
        }
        if let Some(support) = &self.support {
            let start = SUPPORT_DELAY_MS + stagger * self.lines.len().saturating_sub(1) as f32;
            let p = cubic_out((t - start) / SUPPORT_MS);
            let placement = Placement {
                anchor: (0.0, 0.0),
                at: (support.x as f32, support.y as f32 + 24.0 * self.px * (1.0 - p)),
                scale: 1.0,
                rotation: 0.0,
                opacity: p * leaving,
                clip: None,
            };
            blend_placed(frame, &support.sprite, &placement);
        }
    }

    /// Returns the bounding box of the phrase at rest, in frame pixels.
    pub fn rect(&self) -> Rect {
        self.rect
    }

    /// Returns the chosen size class.
    pub fn size(&self) -> KineticSize {
        self.size
    }

    /// Returns the time at which the entrance is complete, in milliseconds.
    pub fn entrance_ms(&self) -> f32 {
        let lines = self.lines.len().saturating_sub(1).min(3) as f32 * STAGGER_MS;
        let support = if self.support.is_some() { SUPPORT_DELAY_MS + SUPPORT_MS } else { 0.0 };
        lines + LINE_MS.max(support)
    }

    /// Returns the characters that no font covers.
    pub fn missing(&self) -> &[char] {
        &self.missing
    }
}

fn line_sprites(
    engine: &TextEngine,
    layout: &Layout,
    style: &TextStyle,
    accent: Rgb,
    marked: &[usize],
    (x, y): (i32, i32),
) -> Vec<LineSprite> {
    let accented = TextStyle { fill: accent, ..style.clone() };
    let mut out = Vec::new();
    for (index, line) in layout.lines.iter().enumerate() {
        let on_line = |w: usize| layout.words.iter().any(|b| b.word == w && b.line == index);
        for (style, wanted) in [(style, false), (&accented, true)] {
            let select = |w: usize| on_line(w) && marked.contains(&w) == wanted;
            let Some(mut placed) = engine.sprites_on_line(layout, style, index, &select).fill
            else {
                continue;
            };
            placed.x += x;
            placed.y += y;
            let bottom = y + (line.baseline + 0.26 * layout.size_px) as i32 + 1;
            let bottom = bottom.max(placed.y + placed.sprite.height() as i32);
            let clip = Clip { x0: 0, y0: 0, x1: i32::MAX, y1: bottom };
            out.push(LineSprite { placed, clip, height: layout.line_height });
        }
    }
    out
}

#[cfg(test)]
mod tests;
