//! A key phrase set in type over a background.
//!
//! Guarantees: the phrase always fits its rectangle and loses no word; the build takes at most
//! 900 ms; text keeps 7:1 against what lies behind it, if [`KineticType::adapt`] is shown a
//! sample frame.
//!
//! Does not draw the background or choose the phrase. Only backgrounds drift; type holds still.
//!
//! Start with [`KineticType::prepare`].

mod quiet;

use crate::color::{Rgb, contrast};
use crate::frame::Frame;
use crate::layer::{Clip, Placement, Sprite, blend, blend_placed, rounded_rect};
use crate::motion::{cubic_out, expo_out};
use crate::palette::Palette;
use crate::safe_zone::{Rect, SafeRect};
use crate::text::{Align, LayoutRequest, Layout, PlacedSprite, TextEngine, TextStyle};
use quiet::QuietZone;

/// Where the type stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KineticVariant {
    /// On the left margin, for swiss and paper.
    Left,
    /// Centred, for aurora and bokeh.
    Centred,
}

/// The sizes, chosen by the length of the phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KineticSize {
    /// 150 to 190 px: a few words.
    Hero,
    /// 96 to 112 px: a sentence.
    Statement,
    /// 54 to 60 px: more than that.
    Support,
}

/// What to set.
#[derive(Clone, Debug, PartialEq)]
pub struct KineticSpec {
    /// The phrase; words marked `*like this*` take the accent colour.
    pub phrase: String,
    /// A smaller line below, entering later.
    pub support: Option<String>,
    /// Where it stands.
    pub variant: KineticVariant,
    /// Text is dark on a light ground.
    pub light_ground: bool,
    /// Inside this, at 1080x1920.
    pub zone: SafeRect,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// Instead of Inter.
    pub font_family: Option<String>,
}

impl KineticSpec {
    /// A phrase on a dark ground in the universal zone.
    pub fn new(phrase: &str, variant: KineticVariant) -> Self {
        Self {
            phrase: phrase.to_owned(),
            support: None,
            variant,
            light_ground: false,
            zone: SafeRect::UNIVERSAL,
            language: None,
            font_family: None,
        }
    }
}

/// A phrase ready to draw at any time from any thread.
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
    /// The line rises from its own lower edge.
    clip: Clip,
    height: f32,
}

/// Entrance, in milliseconds.
const BAR_MS: f32 = 240.0;
const LINE_MS: f32 = 420.0;
const STAGGER_MS: f32 = 80.0;
const SUPPORT_DELAY_MS: f32 = 160.0;
const SUPPORT_MS: f32 = 300.0;
const EXIT_MS: f32 = 180.0;

impl KineticType {
    /// Chooses a size, lays the phrase out and rasterises it.
    pub fn prepare(
        engine: &TextEngine,
        spec: &KineticSpec,
        palette: &Palette,
        _frame_width: usize,
        frame_height: usize,
    ) -> Self {
        let px = frame_height as f32 / 1920.0;
        let zone = spec.zone.rect.scaled(px);
        let centred = spec.variant == KineticVariant::Centred;
        let width = if centred { spec.zone.centred_width() * px } else { zone.width() };
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
        let left = if centred { spec.zone.centre_x * px - 0.5 * width } else { zone.x0 };
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

    /// Looks at a representative background frame and sets up the darkening (or lightening) the
    /// text box needs. Without this nothing is changed behind the text.
    pub fn adapt(&mut self, sample: &Frame) {
        let area = self.rect.grown(40.0 * self.px, 40.0 * self.px);
        self.quiet =
            QuietZone::measure(sample, area, self.text_color, self.light_ground, 200.0 * self.px);
    }

    /// Draws the phrase `t_ms` after its scene began; the scene lasts `scene_len_ms`.
    pub fn draw(&self, frame: &mut Frame, t_ms: f64, scene_len_ms: f64) {
        let t = t_ms as f32;
        // Short scenes are cut, longer ones leave together.
        let left = (scene_len_ms - t_ms) as f32;
        let leaving =
            if scene_len_ms > 2000.0 { (left / EXIT_MS).clamp(0.0, 1.0) } else { 1.0 };
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
        let stagger = if self.lines.len() > 4 { STAGGER_MS * 3.0 / (self.lines.len() - 1) as f32 } else { STAGGER_MS };
        for (i, line) in self.lines.iter().enumerate() {
            // The first frame of a scene already carries most of the first line.
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

    /// The box of everything drawn, at rest, in frame pixels.
    pub fn rect(&self) -> Rect {
        self.rect
    }

    /// The size class chosen.
    pub fn size(&self) -> KineticSize {
        self.size
    }

    /// When the build is complete.
    pub fn built_ms(&self) -> f32 {
        let lines = self.lines.len().saturating_sub(1).min(3) as f32 * STAGGER_MS;
        let support = if self.support.is_some() { SUPPORT_DELAY_MS + SUPPORT_MS } else { 0.0 };
        lines + LINE_MS.max(support)
    }

    /// Characters no font has.
    pub fn missing(&self) -> &[char] {
        &self.missing
    }
}

/// Removes `*` marks and returns the indices of marked words.
fn accent_words(phrase: &str) -> (String, Vec<usize>) {
    let mut marked = Vec::new();
    let mut inside = false;
    let words: Vec<String> = phrase
        .split_whitespace()
        .enumerate()
        .map(|(i, word)| {
            let opens = word.starts_with('*') && word.len() > 1;
            let closes = word.trim_end_matches(|c: char| c.is_ascii_punctuation() && c != '*');
            let closes = closes.ends_with('*') && closes.len() > 1;
            inside |= opens && phrase.matches('*').count() >= 2;
            if inside {
                marked.push(i);
            }
            let shown = if inside { word.replace('*', "") } else { word.to_owned() };
            inside &= !closes;
            shown
        })
        .collect();
    (words.join(" "), marked)
}

fn readable_accent(palette: &Palette, light_ground: bool) -> Rgb {
    // On paper the bright accent is too pale for type; the body colour takes its place.
    if light_ground && contrast(palette.accent, palette.paper) < 4.5 {
        let lch = palette.body.to_oklch();
        crate::color::Oklch::new(lch.l.min(0.5), lch.c.max(0.1), lch.h).to_rgb()
    } else {
        palette.accent
    }
}

/// The largest size class in which the phrase sits well.
fn choose(
    engine: &TextEngine,
    spec: &KineticSpec,
    phrase: &str,
    fill: Rgb,
    width: f32,
    px: f32,
) -> (KineticSize, TextStyle, Layout) {
    let family = spec.font_family.clone().unwrap_or_else(|| "Inter".to_owned());
    let centred = spec.variant == KineticVariant::Centred;
    // (class, weight, size, line height in em, tracking, lines)
    let steps = [
        (KineticSize::Hero, 900, 190.0, 1.0, -0.02, 2),
        (KineticSize::Hero, 900, 168.0, 1.0, -0.02, 3),
        (KineticSize::Hero, 900, 150.0, 1.0, -0.02, 4),
        (KineticSize::Statement, 800, 112.0, 1.06, -0.015, 4),
        (KineticSize::Statement, 800, 96.0, 1.08, -0.01, 4),
        (KineticSize::Support, 700, 60.0, 1.3, 0.0, 4),
    ];
    let style = |weight, size: f32, line: f32, tracking| TextStyle {
        fill,
        tracking,
        align: if centred { Align::Centre } else { Align::Start },
        language: spec.language.clone(),
        min_size_px: size * px,
        tabular: true,
        ..TextStyle::new(&family, weight, size * px, size * line * px)
    };
    let lay = |style: &TextStyle| {
        engine.layout_with(&LayoutRequest {
            style,
            text: phrase,
            words: &[],
            emphasis: &[],
            emphasis_scale: 1.0,
            max_width: width,
            max_lines: 4,
        })
    };
    let mut fallback = None;
    for (class, weight, size, line, tracking, lines) in steps {
        let style = style(weight, size, line, tracking);
        let layout = lay(&style);
        let room = 0.62 * spec.zone.rect.height() * px;
        let unshrunk = layout.size_px >= style.size_px * 0.999 && !layout.broken;
        if !unshrunk || layout.lines.len() > lines || layout.height > room {
            continue;
        }
        if layout.break_cost <= 0.05 {
            return (class, style, layout);
        }
        // Awkward line ends: a smaller size of the same class may do better.
        match &fallback {
            None => fallback = Some((class, style, layout)),
            Some((first, _, _)) if *first != class => break,
            Some(_) => {}
        }
    }
    // One word too long for any class, or a paragraph: shrink whatever it takes.
    fallback.unwrap_or_else(|| {
        let style = TextStyle { min_size_px: 76.0 * px, ..style(800, 96.0, 1.1, -0.01) };
        let layout = lay(&style);
        (KineticSize::Support, style, layout)
    })
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
            let Some(mut placed) = engine.sprites_on_line(layout, style, index, &select).fill else { continue };
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
