//! Lays out and places one cue before any pixel is drawn.

use pytoon_vocabulary::{CaptionCue, Ms};
use std::ops::Range;

use super::CaptionStyle;
use super::look::{self, Look, WordMotion};
use super::{ground, table};
use crate::area::{Rect, SafeRect};
use crate::text::{Align, Layout, LayoutRequest, TextEngine, TextStyle, WordBox};

/// A word with its times, in milliseconds, and its positions, in frame pixels.
#[derive(Clone, Debug)]
pub(super) struct PlacedWord {
    /// The start of the highlight, and of the word's animation.
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
    /// The rectangles of the ground, in whole pixels; empty if the look has none.
    pub ground: Vec<Rect>,
    /// The places of the caret, before the first word and after each word; empty if the look has none.
    pub carets: Vec<Rect>,
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
    let look = table::look(style.look);
    let text_style = look.text_style(style, k);
    let room = zone.centred_width();
    let stroke = text_style.stroke.map_or(0.0, |s| s.width_px);
    let peak = look.motion.as_ref().map_or(1.0, |motion| motion.peak);
    let max_width = (room / peak - 2.0 * look.side() * k - 2.0 * stroke).max(16.0).floor();
    let emphasis: Vec<usize> = if look.emphasis_scale == 1.0 {
        Vec::new()
    } else {
        (0..cue.words.len()).filter(|i| cue.words[*i].emphasis).collect()
    };
    let layout = engine.layout_with(&LayoutRequest {
        style: &text_style,
        text,
        words: ranges,
        emphasis: &emphasis,
        emphasis_scale: look.emphasis_scale,
        max_width,
        max_lines: 2,
    });
    // The middle of the lines, which is that of the layout unless lines start at the same edge.
    let middle = match text_style.align {
        Align::Centre => 0.5 * max_width,
        Align::Start => {
            let left = layout.lines.iter().map(|line| line.x0).fold(max_width, f32::min);
            let right = layout.lines.iter().map(|line| line.x1).fold(0.0, f32::max);
            0.5 * (left + right)
        }
    };
    let origin = (
        (zone.centre_x - middle).round() as i32,
        (zone.rect.y1 - below(look, &layout, &text_style, k)).round() as i32,
    );
    let mut placed = PlacedCue {
        start_ms: cue.start.get(),
        end_ms: cue.end.get(),
        layout,
        style: text_style,
        origin,
        words: Vec::new(),
        ground: Vec::new(),
        carets: Vec::new(),
        bounds: Rect::EMPTY,
    };
    placed.words = place_words(cue, style, look, &placed, k);
    placed.measure(engine, look, k);
    placed
}

/// Returns the distance from the layout's top to the bottom of the zone, which fixes the baselines: the last line is
/// always at the same height, unless the look has a single line in the middle of its block of two lines.
fn below(look: &Look, layout: &Layout, style: &TextStyle, k: f32) -> f32 {
    let last = layout.lines.last().map_or(0.0, |line| line.baseline);
    let nominal = 0.5 * style.line_height - 0.3635 * style.size_px;
    let is_raised = look.single_in_middle && layout.lines.len() == 1;
    let raise = if is_raised { 0.5 * style.line_height } else { 0.0 };
    last + nominal + raise + look.bottom * k
}

fn place_words(
    cue: &CaptionCue,
    style: &CaptionStyle,
    look: &Look,
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
            let chip_of = |chip: &look::Chip, b: &WordBox| {
                let size = placed.layout.size_px;
                let pad = |joined: bool| k * if joined { chip.pad_joined } else { chip.pad.0 };
                let before = pad(i > 0 && cue.words[i - 1].joins_next);
                let after = pad(word.joins_next);
                let (left, right) =
                    if placed.layout.rtl { (after, before) } else { (before, after) };
                // Ascenders and descenders of the Latin faces, 0.78 and 0.22 em.
                Rect::new(
                    ox + b.x0 - left,
                    oy + b.baseline - 0.78 * size - chip.pad.1 * k,
                    ox + b.x1 + right,
                    oy + b.baseline + 0.22 * size + chip.pad.1 * k,
                )
            };
            let chips = look.chip.as_ref();
            let chips = chips.map(|chip| boxes.clone().map(|b| chip_of(chip, b)).collect());
            let anchor = boxes
                .map(|b| (ox + 0.5 * (b.x0 + b.x1), oy + b.baseline))
                .next()
                .unwrap_or((ox, oy));
            PlacedWord {
                from_ms: starts[i].get(),
                to_ms: until.get(),
                emphasis: word.emphasis,
                chips: chips.unwrap_or_default(),
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
    /// Computes the ground, the caret and the bounds of the cue, and extends chips over the ink of their words.
    fn measure(&mut self, engine: &TextEngine, look: &Look, k: f32) {
        let (ox, oy) = (self.origin.0 as f32, self.origin.1 as f32);
        let stroke = self.style.stroke.map_or(0.0, |s| s.width_px) + 1.0;
        let ink = self.layout.ink.shifted(ox, oy).grown(stroke, stroke);
        if let Some(own) = &look.ground {
            self.ground = ground::rects(own, &self.layout, (ox, oy), &ink, k);
            let is_shade = matches!(own, look::Ground::Shade { .. });
            for rect in self.ground.iter().filter(|_| !is_shade) {
                self.bounds = self.bounds.union(rect);
            }
        }
        if look.caret {
            self.carets = carets(&self.layout, (ox, oy));
            self.bounds = self.carets.iter().fold(self.bounds, |bounds, r| bounds.union(r));
        }
        let word_ink = |i: usize| engine.word_ink(&self.layout, i).shifted(ox, oy);
        match &look.motion {
            None => self.bounds = self.bounds.union(&ink),
            Some(motion) => {
                for (i, word) in self.words.iter().enumerate() {
                    let own = word_ink(i);
                    if own.is_empty() {
                        continue;
                    }
                    let own = own.grown(stroke, stroke);
                    let area = swept(motion, &own, word.anchor, word.emphasis);
                    self.bounds = self.bounds.union(&area);
                }
            }
        }
        self.bounds.y1 += (look.entrance.travel() * k).ceil();
        for (i, word) in self.words.iter_mut().enumerate() {
            let own = word_ink(i);
            if let [chip] = word.chips.as_mut_slice() {
                chip.y0 = chip.y0.min(own.y0 - 2.0 * k);
                chip.y1 = chip.y1.max(own.y1 + 2.0 * k);
                chip.x0 = chip.x0.min(own.x0 - 4.0 * k);
                chip.x1 = chip.x1.max(own.x1 + 4.0 * k);
            }
            for chip in &mut word.chips {
                // Whole pixels, so that a chip at rest takes the fast path.
                *chip = Rect::new(chip.x0.floor(), chip.y0.floor(), chip.x1.ceil(), chip.y1.ceil());
                // 1.03 is the chip's largest size.
                let grown = chip.grown(0.015 * chip.width() + 1.0, 0.015 * chip.height() + 1.0);
                self.bounds = self.bounds.union(&grown);
            }
        }
    }

    fn shift(&mut self, dx: f32, dy: f32) {
        self.origin.0 += dx as i32;
        self.origin.1 += dy as i32;
        for rect in self.ground.iter_mut().chain(&mut self.carets) {
            *rect = rect.shifted(dx, dy);
        }
        self.bounds = self.bounds.shifted(dx, dy);
        for word in &mut self.words {
            word.anchor = (word.anchor.0 + dx, word.anchor.1 + dy);
            for chip in &mut word.chips {
                *chip = chip.shifted(dx, dy);
            }
        }
    }
}

/// Returns the places of the caret, before the first word and after each word. It is above the baseline by the height
/// of ascenders, as the letters are.
fn carets(layout: &Layout, (ox, oy): (f32, f32)) -> Vec<Rect> {
    let size = layout.size_px;
    let (width, gap) = (look::CARET_EM.0 * size, look::CARET_EM.1 * size);
    let at = |x: f32, baseline: f32| {
        let x = if layout.rtl { ox + x - width } else { ox + x };
        Rect::new(x, oy + baseline - 0.80 * size, x + width, oy + baseline + 0.14 * size)
    };
    let words = layout.words.iter().map(|b| b.word + 1).max().unwrap_or(0);
    let first = layout.words.first();
    let start = first.map(|b| at(if layout.rtl { b.x1 } else { b.x0 }, b.baseline));
    let mut carets = vec![start.unwrap_or(Rect::new(ox, oy, ox, oy)); words + 1];
    // The parts of a broken word are in order, and the last one counts.
    for b in &layout.words {
        let x = if layout.rtl { b.x0 - gap } else { b.x1 + gap };
        carets[b.word + 1] = at(x, b.baseline);
    }
    carets
}

/// Returns the area that the box of a moving word covers over its animation.
fn swept(motion: &WordMotion, own: &Rect, anchor: (f32, f32), emphasis: bool) -> Rect {
    let mut out = *own;
    for step in 0..=40 {
        let pose = motion.pose_at(step as f32 * (motion.length_ms / 40.0), emphasis);
        let ((sin, cos), k) = (pose.turn.sin_cos(), pose.scale);
        for (x, y) in [(own.x0, own.y0), (own.x1, own.y0), (own.x0, own.y1), (own.x1, own.y1)] {
            let (dx, dy) = ((x - anchor.0) * k, (y - anchor.1) * k);
            let (x, y) = (anchor.0 + cos * dx - sin * dy, anchor.1 + sin * dx + cos * dy);
            out = out.union(&Rect::new(x, y, x, y));
        }
    }
    out
}
