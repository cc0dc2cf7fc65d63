//! Lays out text: breaks it into lines, shrinks it to fit, and places glyphs and word boxes.
//!
//! Guarantees: every word of the input is placed, regardless of its characters. Text that is too long for its lines
//! is drawn smaller, down to the style's minimum size. A word that still does not fit is broken inside (with a hyphen
//! in alphabetic scripts); after that the text shrinks further so that nothing is lost.
//!
//! This module does not rasterise. Start with [`compose`].

use std::ops::Range;

use super::fit::{Fitted, SOFT_HYPHEN, fit};
use super::request::{LayoutRequest, Prepared};
use super::script;
use super::shape::{ShapeSpec, Shaper};
use super::style::{Align, TextStyle};
use crate::area::Rect;

/// The box of a word or of a part of it. A word broken over two lines has two boxes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WordBox {
    /// The index of the word in the input.
    pub word: usize,
    /// The index of the line.
    pub line: usize,
    /// The left edge of the advance box.
    pub x0: f32,
    /// The right edge of the advance box.
    pub x1: f32,
    /// The y coordinate of the baseline.
    pub baseline: f32,
}

/// One line of a layout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// The left edge.
    pub x0: f32,
    /// The right edge.
    pub x1: f32,
    /// The y coordinate of the baseline.
    pub baseline: f32,
}

/// A glyph in layout coordinates. `x` and `y` are its origin on the baseline.
#[derive(Clone, Debug)]
pub(crate) struct PlacedGlyph {
    pub font: usize,
    pub id: u16,
    pub size: f32,
    pub x: f32,
    pub y: f32,
    pub word: usize,
    pub line: usize,
    pub embolden: bool,
}

/// Placed text. The origin is the top-left corner of a box that is `max_width` wide.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// The lines from top to bottom.
    pub lines: Vec<Line>,
    /// The word boxes, in input order.
    pub words: Vec<WordBox>,
    /// The text size used, after shrinking.
    pub size_px: f32,
    /// The line height used.
    pub line_height: f32,
    /// The height: `lines.len() * line_height`.
    pub height: f32,
    /// The width of the widest line.
    pub width: f32,
    /// True if the paragraph runs right to left.
    pub rtl: bool,
    /// True if a word was split where its script has no break.
    pub broken: bool,
    /// The cost of the line breaks; up to 0.05 is good.
    pub break_cost: f32,
    /// The characters that no font covers. They are not drawn.
    pub missing: Vec<char>,
    /// The ink box of the fills, without stroke or shadow.
    pub ink: Rect,
    pub(crate) glyphs: Vec<PlacedGlyph>,
    pub(crate) fonts: Vec<parley::FontData>,
}

/// Lays out text. `bounds` returns a glyph's ink box around its origin, in pixels.
pub(super) fn compose(
    shaper: &mut Shaper,
    request: &LayoutRequest<'_>,
    bounds: &mut dyn FnMut(&parley::FontData, u16, f32) -> Option<Rect>,
) -> Layout {
    let prepared = prepare(request);
    if prepared.words.is_empty() {
        return Layout::default();
    }
    let style = request.style;
    let scaled: Vec<(Range<usize>, f32)> = request
        .emphasis
        .iter()
        .filter_map(|i| Some((prepared.words.get(*i)?.clone(), request.emphasis_scale)))
        .collect();
    let word_spacing = word_spacing(shaper, style);
    let spec = ShapeSpec {
        text: &prepared.text,
        family: &style.family,
        weight: style.weight,
        size: style.size_px,
        tracking: style.tracking * style.size_px,
        word_spacing,
        language: style.language.as_deref(),
        tabular: style.tabular,
        rtl: None,
        scaled: &scaled,
        context: &prepared.text,
    };
    let measured = shaper.measure(&spec);
    let fitted = fit(&measured, &prepared, request);
    build_layout(shaper, request, &prepared, &scaled, &spec, measured.rtl, &fitted, bounds)
}

fn prepare(request: &LayoutRequest<'_>) -> Prepared {
    let given = request.words.iter().filter(|r| request.text.get((*r).clone()).is_some());
    let ranges: Vec<Range<usize>> = if request.words.is_empty() {
        white_space_tokens(request.text)
    } else {
        given.cloned().collect()
    };
    let mut text = String::with_capacity(request.text.len());
    let mut words = Vec::with_capacity(ranges.len());
    let mut at = 0;
    for range in ranges {
        let gap = request.text.get(at..range.start).unwrap_or("");
        if !text.is_empty() && gap.contains(char::is_whitespace) {
            text.push(' ');
        }
        let start = text.len();
        // Characters between the given words belong to the word after them.
        for part in [gap, &request.text[range.clone()]] {
            for c in
                part.chars().filter(|c| !c.is_whitespace() || !gap.is_empty() && *c == '\u{A0}')
            {
                push_cased(&mut text, c, request.style);
            }
        }
        words.push(start..text.len());
        at = range.end.max(at);
    }
    let tail = request.text.get(at..).unwrap_or("");
    for c in tail.chars().filter(|c| !c.is_whitespace()) {
        push_cased(&mut text, c, request.style);
    }
    if let Some(last) = words.last_mut() {
        last.end = text.len();
    }
    Prepared { text, words }
}

fn push_cased(out: &mut String, c: char, style: &TextStyle) {
    let turkic =
        style.language.as_deref().is_some_and(|l| l.starts_with("tr") || l.starts_with("az"));
    if !style.caps {
        // A control character has no glyph and could end the paragraph.
        out.push(if c.is_control() { ' ' } else { c });
    } else if turkic && c == 'i' {
        out.push('İ');
    } else {
        out.extend(c.to_uppercase());
    }
}

pub(super) fn white_space_tokens(text: &str) -> Vec<Range<usize>> {
    let start_of = |token: &str| token.as_ptr() as usize - text.as_ptr() as usize;
    text.split_whitespace().map(|t| start_of(t)..start_of(t) + t.len()).collect()
}

fn word_spacing(shaper: &mut Shaper, style: &TextStyle) -> f32 {
    let Some(gap) = style.word_gap else {
        return 0.0;
    };
    let spec = ShapeSpec {
        text: "n n",
        family: &style.family,
        weight: style.weight,
        size: style.size_px,
        tracking: style.tracking * style.size_px,
        word_spacing: 0.0,
        language: None,
        tabular: false,
        rtl: None,
        scaled: &[],
        context: "",
    };
    let space = shaper.measure(&spec).units.first().map_or(0.0, |unit| unit.space);
    gap - space
}

#[allow(clippy::too_many_arguments)]
fn build_layout(
    shaper: &mut Shaper,
    request: &LayoutRequest<'_>,
    prepared: &Prepared,
    scaled: &[(Range<usize>, f32)],
    spec: &ShapeSpec<'_>,
    rtl: bool,
    fitted: &Fitted,
    bounds: &mut dyn FnMut(&parley::FontData, u16, f32) -> Option<Rect>,
) -> Layout {
    let style = request.style;
    let Fitted { scale, ref pieces, ref lines, cost, broken } = *fitted;
    let size = style.size_px * scale;
    let wanted = script::min_line_height_em(&prepared.text) * size;
    // A larger word, or a capital with a mark, on a lower line needs room above.
    let first_end =
        lines.first().and_then(|l| pieces.get(l.end.wrapping_sub(1))).map_or(0, |p| p.range.end);
    let lower = |at: usize| at >= first_end && lines.len() > 1;
    let raised = scaled
        .iter()
        .filter(|(r, _)| lower(r.start))
        .map(|(_, k)| 0.5 * (k - 1.0))
        .fold(0.0, f32::max);
    let marked = style.caps
        && prepared.text.char_indices().any(|(i, c)| lower(i) && c > '\u{BF}' && c.is_uppercase());
    let extra = (raised + if marked { 0.1 } else { 0.0 }) * size;
    let line_height = (style.line_height * scale + extra).max(wanted).round().max(1.0);
    let mut out =
        Layout { size_px: size, line_height, rtl, broken, break_cost: cost, ..Layout::default() };
    let join_gap = style.join_gap * scale;
    for (index, line) in lines.iter().enumerate() {
        let (Some(first), Some(last)) =
            (pieces.get(line.start), pieces.get(line.end.wrapping_sub(1)))
        else {
            continue;
        };
        let range = first.range.start..last.range.end;
        let mut text = prepared.text[range.clone()].trim_end().to_owned();
        if last.hyphen > 0.0 && index + 1 < lines.len() {
            if text.ends_with(SOFT_HYPHEN) {
                text.pop();
            }
            text.push('-');
        }
        let local: Vec<(Range<usize>, f32)> = scaled
            .iter()
            .map(|(r, k)| (r.start.max(range.start)..r.end.min(range.start + text.len()), *k))
            .filter(|(r, _)| r.start < r.end)
            .map(|(r, k)| (r.start - range.start..r.end - range.start, k))
            .collect();
        let clusters = shaper.line(&ShapeSpec {
            text: &text,
            size,
            tracking: spec.tracking * scale,
            word_spacing: spec.word_spacing * scale,
            rtl: Some(rtl),
            scaled: &local,
            ..*spec
        });
        // Centre the capitals in the line: 0.727 em is Inter's cap height.
        let baseline = (index as f32 * line_height + 0.5 * line_height + 0.3635 * size).round();
        // Glyphs carry their own x; the gaps between joined words are added on top.
        let (mut pen, mut joined) = (0.0, 0.0);
        let mut previous: Option<usize> = None;
        let mut boxes: Vec<WordBox> = Vec::new();
        let mut glyphs: Vec<PlacedGlyph> = Vec::new();
        for cluster in clusters {
            let at = range.start + cluster.range.start;
            let source = text.get(cluster.range.clone()).unwrap_or("");
            if source.chars().all(char::is_whitespace) {
                pen += cluster.advance;
                previous = None;
                continue;
            }
            let word = prepared.words.partition_point(|w| w.start <= at).saturating_sub(1);
            if previous.is_some_and(|p| p != word) {
                pen += join_gap;
                joined += join_gap;
            }
            previous = Some(word);
            let tofu = cluster.glyphs.iter().any(|g| g.id == 0);
            if tofu {
                out.missing.extend(source.chars().filter(|c| is_visible(*c)));
            }
            for glyph in cluster.glyphs.iter().filter(|g| g.id != 0) {
                let font = intern(&mut out.fonts, &glyph.font);
                let id = glyph.id as u16;
                let x = glyph.x + joined;
                glyphs.push(PlacedGlyph {
                    font,
                    id,
                    size: glyph.size,
                    x,
                    y: baseline + glyph.y,
                    word,
                    line: index,
                    embolden: glyph.embolden,
                });
            }
            match boxes.iter_mut().find(|b| b.word == word) {
                Some(b) => {
                    b.x0 = b.x0.min(pen);
                    b.x1 = b.x1.max(pen + cluster.advance);
                }
                None => boxes.push(WordBox {
                    word,
                    line: index,
                    x0: pen,
                    x1: pen + cluster.advance,
                    baseline,
                }),
            }
            pen += cluster.advance;
        }
        let slack = request.max_width - pen;
        let shift = match (style.align, rtl) {
            (Align::Centre, _) => 0.5 * slack,
            (Align::Start, false) => 0.0,
            (Align::Start, true) => slack,
        };
        out.lines.push(Line { x0: shift, x1: shift + pen, baseline });
        out.width = out.width.max(pen);
        boxes.iter_mut().for_each(|b| {
            b.x0 += shift;
            b.x1 += shift;
        });
        out.words.extend(boxes);
        for mut glyph in glyphs {
            glyph.x += shift;
            if let Some(ink) = bounds(&out.fonts[glyph.font], glyph.id, glyph.size) {
                out.ink = out.ink.union(&ink.shifted(glyph.x, glyph.y));
            }
            out.glyphs.push(glyph);
        }
    }
    out.words.sort_by_key(|b| (b.word, b.line));
    out.height = out.lines.len() as f32 * line_height;
    out.missing.sort_unstable();
    out.missing.dedup();
    out
}

fn intern(fonts: &mut Vec<parley::FontData>, font: &parley::FontData) -> usize {
    let same = |f: &parley::FontData| f.data.id() == font.data.id() && f.index == font.index;
    fonts.iter().position(same).unwrap_or_else(|| {
        fonts.push(font.clone());
        fonts.len() - 1
    })
}

/// Returns true for characters that are expected to have ink.
fn is_visible(c: char) -> bool {
    !c.is_whitespace()
        && !c.is_control()
        && !matches!(u32::from(c), 0xAD | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFE00..=0xFE0F | 0xFEFF | 0xE0000..=0xE0FFF)
}
