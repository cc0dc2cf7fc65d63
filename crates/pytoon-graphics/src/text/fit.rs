//! Determines the largest size at which a text fits its lines, and the lines at that size.
//!
//! Guarantees: a fit always exists. The search tries whole words first; then the breaks that the script allows; then,
//! at the style's minimum size, splits inside words; then smaller sizes.

use std::ops::Range;

use super::breaks::{self, Piece};
use super::request::{LayoutRequest, Prepared};
use super::script;
use super::shape::Measured;
use super::style::TextStyle;

/// A chosen size and the lines at that size.
pub(super) struct Fitted {
    pub scale: f32,
    pub pieces: Vec<Piece>,
    /// The lines as index ranges into `pieces`.
    pub lines: Vec<Range<usize>>,
    pub cost: f32,
    /// True if a word was split where its script has no break.
    pub broken: bool,
}

/// The granularity of breaks.
#[derive(Clone, Copy, PartialEq)]
enum Cut {
    /// Breaks only between words.
    Words,
    /// Breaks at every break opportunity of the script.
    Script,
    /// Also breaks at any grapheme in words wider than this.
    Anywhere(f32),
}

/// The smallest scale at which a Chinese or Japanese text is still broken only between its words.
const WHOLE_WORDS: f32 = 0.72;

/// Chooses the largest size at which the text fits the width and number of lines, and the lines at that size.
pub(super) fn fit(measured: &Measured, prepared: &Prepared, request: &LayoutRequest<'_>) -> Fitted {
    let style = request.style;
    let max_lines = request.max_lines.max(1);
    let floor = (style.min_size_px / style.size_px).clamp(0.05, 1.0);
    // Scripts with spaces break only at them; Chinese and Japanese may break inside sooner.
    let whole =
        if script::breaks_anywhere(&prepared.text) { floor.max(WHOLE_WORDS) } else { floor };
    for (cut, low) in [(Cut::Words, whole), (Cut::Script, floor)] {
        let pieces = pieces(measured, prepared, style, cut);
        let fits = |scale: f32| breaks::fits(&pieces, request.max_width / scale, max_lines);
        if let Some(scale) = largest(low, 1.0, fits)
            && let Some((lines, cost)) =
                breaks::break_lines(&pieces, request.max_width / scale, max_lines)
        {
            return Fitted { scale, pieces, lines, cost, broken: false };
        }
    }
    let cut =
        |scale: f32| pieces(measured, prepared, style, Cut::Anywhere(request.max_width / scale));
    let fits = |scale: f32| breaks::fits(&cut(scale), request.max_width / scale, max_lines);
    // Below a hundredth of the size nothing is visible; the last resort is one line.
    let scale = largest(0.01, floor, fits).unwrap_or(0.01);
    // A slightly smaller size may allow better cuts.
    let mut best: Option<Fitted> = None;
    for scale in [scale, 0.95 * scale, 0.90 * scale, 0.85 * scale] {
        let pieces = cut(scale);
        let width = request.max_width / scale;
        let Some((lines, cost)) = breaks::break_lines(&pieces, width, max_lines) else {
            continue;
        };
        if best.as_ref().is_none_or(|b| cost < b.cost - 0.05) {
            best = Some(Fitted { scale, pieces, lines, cost, broken: true });
        }
    }
    best.unwrap_or_else(|| {
        let pieces = cut(scale);
        let lines = std::iter::once(0..pieces.len()).collect();
        Fitted { scale, pieces, lines, cost: 1.0, broken: true }
    })
}

/// Returns the largest value in `low..=high` that passes, by bisection, or `None` if `low` fails.
fn largest(low: f32, high: f32, passes: impl Fn(f32) -> bool) -> Option<f32> {
    if passes(high) {
        return Some(high);
    }
    if !passes(low) {
        return None;
    }
    let (mut low, mut high) = (low, high);
    for _ in 0..14 {
        let mid = 0.5 * (low + high);
        if passes(mid) { low = mid } else { high = mid }
    }
    Some(low)
}

/// The character that marks a possible division of a word (U+00AD).
pub(super) const SOFT_HYPHEN: char = '\u{ad}';

/// Divides the text into pieces, each with the cost of a line end after it.
fn pieces(measured: &Measured, prepared: &Prepared, style: &TextStyle, cut: Cut) -> Vec<Piece> {
    let text = &prepared.text;
    let starts_word = |at: usize| prepared.words.iter().any(|w| w.start == at);
    let joins = |range: &Range<usize>| {
        let inside = prepared.words.iter().filter(|w| w.start > range.start && w.start < range.end);
        inside.filter(|w| !text[..w.start].ends_with(char::is_whitespace)).count() as f32
    };
    let mut out: Vec<Piece> = Vec::new();
    let mut glue = false;
    for (i, unit) in measured.units.iter().enumerate() {
        let next = measured.units.get(i + 1);
        let body = &text[unit.range.clone()];
        let after = next.map_or("", |n| &text[n.range.clone()]);
        let spaced = body.ends_with(char::is_whitespace);
        let at_word = next.is_none_or(|n| starts_word(n.range.start));
        let gap = if !spaced && at_word && next.is_some() { style.join_gap } else { unit.space };
        let width = unit.width + style.join_gap * joins(&unit.range);
        let penalty = breaks::penalty(body, after, !at_word);
        let short = body.trim().chars().count() <= 4;
        // A soft hyphen is visible at the end of a line.
        let hyphen = if body.ends_with(SOFT_HYPHEN) { 0.5 * style.size_px } else { 0.0 };
        let whole = Piece { range: unit.range.clone(), width, space: gap, penalty, hyphen, short };
        match cut {
            Cut::Anywhere(limit) if width > limit => {
                graphemes(measured, text, unit.range.clone(), style, &mut out);
                if let Some(last) = out.last_mut() {
                    last.width = (last.width - unit.space).max(0.0);
                    (last.space, last.penalty, last.hyphen) = (gap, penalty, 0.0);
                }
            }
            _ => match out.last_mut().filter(|_| glue) {
                Some(last) => {
                    last.width += last.space + whole.width;
                    last.range.end = whole.range.end;
                    (last.space, last.penalty) = (whole.space, whole.penalty);
                    last.hyphen = whole.hyphen;
                    last.short &= whole.short;
                }
                None => out.push(whole),
            },
        }
        glue = cut == Cut::Words && !at_word;
    }
    out
}

/// Divides the text in `range` into one piece per grapheme, so that lines can be filled completely. Appends the
/// pieces to `out`.
fn graphemes(
    measured: &Measured,
    text: &str,
    range: Range<usize>,
    style: &TextStyle,
    out: &mut Vec<Piece>,
) {
    let clusters = measured.clusters.iter().filter(|c| range.contains(&c.range.start));
    for cluster in clusters {
        let ends = text[..cluster.range.end].chars().next_back();
        let starts = text[cluster.range.end..].chars().next();
        let alphabetic = [ends, starts].iter().all(|c| c.is_some_and(hyphenates));
        out.push(Piece {
            range: cluster.range.clone(),
            width: cluster.advance,
            space: 0.0,
            penalty: breaks::syllable_penalty(
                &text[..cluster.range.end],
                &text[cluster.range.end..],
            ),
            hyphen: if alphabetic { 0.5 * style.size_px } else { 0.0 },
            short: true,
        });
    }
}

/// Returns true for a Latin, Greek or Cyrillic letter: a word of such letters gets a hyphen if it is split at a line
/// end.
fn hyphenates(c: char) -> bool {
    c.is_alphabetic() && matches!(u32::from(c), 0x41..=0x24F | 0x370..=0x52F | 0x1E00..=0x1EFF)
}
