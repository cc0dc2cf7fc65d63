//! Lays out and places one cue before any pixel is drawn.

use pytoon_vocabulary::{CaptionCue, CaptionLook, Ms};
use std::ops::Range;

use super::CaptionStyle;
use super::look::{self, POP_EMPHASIS, POP_PEAK};
use crate::area::{Rect, SafeRect};
use crate::text::{Layout, LayoutRequest, TextEngine, TextStyle};

/// A word with its times, in milliseconds, and its positions, in frame pixels.
#[derive(Clone, Debug)]
pub(super) struct PlacedWord {
    /// The start of the highlight, or of the entrance in the pop look.
    pub from_ms: i64,
    /// The end of the highlight.
    pub to_ms: i64,
    pub emphasis: bool,
    /// The chips behind the word. There is more than one only if the word is broken over lines.
    pub chips: Vec<Rect>,
    /// The fixed point of the word's animation: its centre, on the baseline.
    pub anchor: (f32, f32),
}

/// A cue that is ready to be rasterised.
#[derive(Clone, Debug)]
pub(super) struct PlacedCue {
    pub start_ms: i64,
    pub end_ms: i64,
    pub layout: Layout,
    pub style: TextStyle,
    /// The top-left corner of the layout.
    pub origin: (i32, i32),
    pub words: Vec<PlacedWord>,
    /// The plate of the classic look.
    pub plate: Rect,
    /// The bounds of everything except shadows, over the whole animation.
    pub bounds: Rect,
}

/// Lays out one cue inside the zone, smaller if necessary. Returns `None` for a cue without visible text.
pub(super) fn place_cue(
    engine: &TextEngine,
    style: &CaptionStyle,
    cue: &CaptionCue,
) -> Option<PlacedCue> {
    let zone = style.zone;
    let (text, ranges) = join_words(cue);
    if text.trim().is_empty() {
        return None;
    }
    let mut k = style.unit * style.size_scale.clamp(0.25, 4.0);
    let mut placed = attempt(engine, style, cue, &zone, k, &text, &ranges);
    // Marks that reach beyond their line boxes, or a tiny zone, may require a smaller size.
    for _ in 0..24 {
        let (w, h) = (placed.bounds.width(), placed.bounds.height());
        // Placement is to whole pixels, so leave a margin.
        let room = (zone.rect.width() - 2.0, zone.rect.height() - 2.0);
        if w <= room.0 && h <= room.1 {
            break;
        }
        k *= (room.0 / w).min(room.1 / h).clamp(0.5, 0.985);
        placed = attempt(engine, style, cue, &zone, k, &text, &ranges);
    }
    let push = |low: f32, high: f32, min: f32, max: f32| {
        if low < min { (min - low).ceil() } else { (max - high).min(0.0).floor() }
    };
    let dx = push(placed.bounds.x0, placed.bounds.x1, zone.rect.x0, zone.rect.x1);
    let dy = push(placed.bounds.y0, placed.bounds.y1, zone.rect.y0, zone.rect.y1);
    placed.shift(dx, dy);
    Some(placed)
}

/// Joins the words of a cue into one text. Returns the text and the range of each word.
fn join_words(cue: &CaptionCue) -> (String, Vec<Range<usize>>) {
    let mut text = String::new();
    let mut ranges = Vec::with_capacity(cue.words.len());
    for (i, word) in cue.words.iter().enumerate() {
        let start = text.len();
        text.push_str(word.text.trim());
        ranges.push(start..text.len());
        if !word.joins_next && i + 1 < cue.words.len() {
            text.push(' ');
        }
    }
    (text, ranges)
}

fn attempt(
    engine: &TextEngine,
    style: &CaptionStyle,
    cue: &CaptionCue,
    zone: &SafeRect,
    k: f32,
    text: &str,
    ranges: &[Range<usize>],
) -> PlacedCue {
    let text_style = look::text_style(style, k);
    let room = zone.centred_width();
    let stroke = text_style.stroke.map_or(0.0, |s| s.width_px);
    let max_width = match style.look {
        CaptionLook::Classic => room - 2.0 * look::PLATE_PAD.0 * k,
        CaptionLook::Karaoke => room - 2.0 * 1.03 * look::CHIP_PAD.0 * k - 2.0 * stroke,
        CaptionLook::Pop => room / POP_PEAK - 2.0 * stroke,
    }
    .max(16.0)
    .floor();
    let emphasis: Vec<usize> = match style.look {
        CaptionLook::Pop => (0..cue.words.len()).filter(|i| cue.words[*i].emphasis).collect(),
        _ => Vec::new(),
    };
    let layout = engine.layout_with(&LayoutRequest {
        style: &text_style,
        text,
        words: ranges,
        emphasis: &emphasis,
        emphasis_scale: POP_EMPHASIS,
        max_width,
        max_lines: 2,
    });
    let origin = (
        (zone.centre_x - 0.5 * max_width).round() as i32,
        (zone.rect.y1 - below(style.look, &layout, &text_style, k)).round() as i32,
    );
    let mut placed = PlacedCue {
        start_ms: cue.start.get(),
        end_ms: cue.end.get(),
        layout,
        style: text_style,
        origin,
        words: Vec::new(),
        plate: Rect::EMPTY,
        bounds: Rect::EMPTY,
    };
    placed.words = place_words(cue, style, &placed, k);
    placed.measure(engine, style.look, k);
    placed
}

/// Returns the distance from the layout's top to the bottom of the zone, which fixes the baselines. The last line of
/// classic and pop is always at the same height, and a single karaoke line is in the middle of the two-line block.
fn below(look: CaptionLook, layout: &Layout, style: &TextStyle, k: f32) -> f32 {
    let last = layout.lines.last().map_or(0.0, |line| line.baseline);
    let nominal = 0.5 * style.line_height - 0.3635 * style.size_px;
    match look {
        CaptionLook::Classic => last + nominal + (look::PLATE_PAD.1 + look::CLASSIC_SLIDE) * k,
        CaptionLook::Karaoke => {
            let half = if layout.lines.len() == 1 { 0.5 * style.line_height } else { 0.0 };
            last + nominal + half + 8.0 * k
        }
        CaptionLook::Pop => last + nominal + 16.0 * k,
    }
}

fn place_words(
    cue: &CaptionCue,
    style: &CaptionStyle,
    placed: &PlacedCue,
    k: f32,
) -> Vec<PlacedWord> {
    let lead = Ms::new(style.lead_ms);
    // Padding shrinks with the text, or chips would touch their neighbours.
    let k = k * placed.layout.size_px / placed.style.size_px.max(1.0);
    let mut from = cue.start;
    let starts: Vec<Ms> = cue
        .words
        .iter()
        .map(|word| {
            // Never before the cue or an earlier word, and never too late to be visible.
            let latest = (cue.end - SHORTEST).max(cue.start);
            from = (word.start - lead).clamp(from.min(latest), latest);
            from
        })
        .collect();
    let (ox, oy) = (placed.origin.0 as f32, placed.origin.1 as f32);
    (0..cue.words.len())
        .map(|i| {
            let word = &cue.words[i];
            let next = starts.get(i + 1).copied().unwrap_or(cue.end);
            let bridged = next - word.end < BRIDGE;
            let until = if bridged { next } else { word.end.max(starts[i] + SHORTEST) };
            let boxes = placed.layout.words.iter().filter(|b| b.word == i);
            let chips: Vec<Rect> = boxes
                .clone()
                .map(|b| {
                    let size = placed.layout.size_px;
                    let pad = |joined: bool| {
                        k * if joined { look::CHIP_PAD_JOINED } else { look::CHIP_PAD.0 }
                    };
                    let before = pad(i > 0 && cue.words[i - 1].joins_next);
                    let after = pad(word.joins_next);
                    let (left, right) =
                        if placed.layout.rtl { (after, before) } else { (before, after) };
                    // Ascenders and descenders of the Latin faces, 0.78 and 0.22 em.
                    Rect::new(
                        ox + b.x0 - left,
                        oy + b.baseline - 0.78 * size - look::CHIP_PAD.1 * k,
                        ox + b.x1 + right,
                        oy + b.baseline + 0.22 * size + look::CHIP_PAD.1 * k,
                    )
                })
                .collect();
            let anchor = boxes
                .map(|b| (ox + 0.5 * (b.x0 + b.x1), oy + b.baseline))
                .next()
                .unwrap_or((ox, oy));
            PlacedWord {
                from_ms: starts[i].get(),
                to_ms: until.get(),
                emphasis: word.emphasis,
                chips,
                anchor,
            }
        })
        .collect()
}

/// The gap below which a highlight continues to the next word.
const BRIDGE: Ms = Ms::new(look::BRIDGE_MS);
/// Minimum duration of a word's highlight.
const SHORTEST: Ms = Ms::new(100);

impl PlacedCue {
    /// Computes the plate and the bounds of the cue, and extends karaoke chips over the ink of their words.
    fn measure(&mut self, engine: &TextEngine, look: CaptionLook, k: f32) {
        let (ox, oy) = (self.origin.0 as f32, self.origin.1 as f32);
        let stroke = self.style.stroke.map_or(0.0, |s| s.width_px) + 1.0;
        let ink = self.layout.ink.shifted(ox, oy).grown(stroke, stroke);
        match look {
            CaptionLook::Classic => {
                let (px, py) = (look::PLATE_PAD.0 * k, look::PLATE_PAD.1 * k);
                let left = self.layout.lines.iter().map(|l| l.x0).fold(f32::MAX, f32::min);
                let right = self.layout.lines.iter().map(|l| l.x1).fold(0.0, f32::max);
                let text = Rect::new(ox + left, oy, ox + right, oy + self.layout.height);
                let plate = text.grown(px, py).union(&ink.grown(0.3 * px, 0.5 * py));
                self.plate =
                    Rect::new(plate.x0.floor(), plate.y0.floor(), plate.x1.ceil(), plate.y1.ceil());
                self.bounds = self.plate;
                self.bounds.y1 += (look::CLASSIC_SLIDE * k).ceil();
            }
            CaptionLook::Karaoke => {
                self.bounds = ink;
                for (i, word) in self.words.iter_mut().enumerate() {
                    let own = engine.word_ink(&self.layout, i).shifted(ox, oy);
                    if let [chip] = word.chips.as_mut_slice() {
                        chip.y0 = chip.y0.min(own.y0 - 2.0 * k);
                        chip.y1 = chip.y1.max(own.y1 + 2.0 * k);
                        chip.x0 = chip.x0.min(own.x0 - 4.0 * k);
                        chip.x1 = chip.x1.max(own.x1 + 4.0 * k);
                    }
                    for chip in &mut word.chips {
                        // Whole pixels, so that a chip at rest takes the fast path.
                        *chip = Rect::new(
                            chip.x0.floor(),
                            chip.y0.floor(),
                            chip.x1.ceil(),
                            chip.y1.ceil(),
                        );
                        // 1.03 is the chip's largest size.
                        let grown =
                            chip.grown(0.015 * chip.width() + 1.0, 0.015 * chip.height() + 1.0);
                        self.bounds = self.bounds.union(&grown);
                    }
                }
            }
            CaptionLook::Pop => {
                for (i, word) in self.words.iter().enumerate() {
                    let own = engine.word_ink(&self.layout, i).shifted(ox, oy);
                    if own.is_empty() {
                        continue;
                    }
                    let own = own.grown(stroke, stroke);
                    self.bounds = self.bounds.union(&swept(&own, word.anchor, word.emphasis));
                }
            }
        }
    }

    fn shift(&mut self, dx: f32, dy: f32) {
        self.origin.0 += dx as i32;
        self.origin.1 += dy as i32;
        self.plate = self.plate.shifted(dx, dy);
        self.bounds = self.bounds.shifted(dx, dy);
        for word in &mut self.words {
            word.anchor = (word.anchor.0 + dx, word.anchor.1 + dy);
            for chip in &mut word.chips {
                *chip = chip.shifted(dx, dy);
            }
        }
    }
}

/// Returns the area that the box of a popping word covers over its animation.
fn swept(own: &Rect, anchor: (f32, f32), emphasis: bool) -> Rect {
    let mut out = *own;
    for step in 0..=40 {
        let t = step as f32 * 5.0;
        let turn = if emphasis { look::pop_rotation(t) } else { 0.0 };
        let ((sin, cos), k) = (turn.sin_cos(), look::pop_scale(t));
        for (x, y) in [(own.x0, own.y0), (own.x1, own.y0), (own.x0, own.y1), (own.x1, own.y1)] {
            let (dx, dy) = ((x - anchor.0) * k, (y - anchor.1) * k);
            let (x, y) = (anchor.0 + cos * dx - sin * dy, anchor.1 + sin * dx + cos * dy);
            out = out.union(&Rect::new(x, y, x, y));
        }
    }
    out
}
