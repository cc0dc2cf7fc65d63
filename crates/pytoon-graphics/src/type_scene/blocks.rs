//! Divides a sentence into blocks, each with one role and one size, by its treatment.

use std::ops::Range;

use super::spec::TypeWord;
use crate::text::break_penalty;
use pytoon_vocabulary::{Treatment, phrase};

/// The role of a block, which decides its size and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The sentence, word by word.
    Body,
    /// The sentence, line by line.
    Lines,
    /// A figure that counts up.
    Figure,
    /// Words around a figure.
    Support,
    /// Words before a list.
    Intro,
    /// An item of a list, with the number of the item.
    Item(usize),
    /// The quoted words.
    Quote,
    /// The source of a quotation.
    Attribution,
    /// The first part of a contrast.
    First,
    /// The second part of a contrast.
    Second,
}

/// Consecutive words with one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub words: Range<usize>,
    pub role: Role,
}

/// The blocks of a sentence and its words as shown.
#[derive(Debug)]
pub(super) struct Division {
    pub blocks: Vec<Block>,
    pub shown: Vec<String>,
    /// True if the items of a list are numbered.
    pub ordered: bool,
    /// The part of a contrast that the sentence rejects.
    pub rejected: phrase::Rejected,
}

/// Divides the sentence. A sentence without the structure that its treatment needs becomes one block.
pub(super) fn divide(words: &[TypeWord], treatment: Treatment) -> Division {
    let shown: Vec<String> = words.iter().map(|w| w.text.trim().to_owned()).collect();
    let mut out = Division {
        blocks: Vec::new(),
        shown: Vec::new(),
        ordered: false,
        rejected: phrase::Rejected::Neither,
    };
    let texts: Vec<&str> = shown.iter().map(String::as_str).collect();
    let n = texts.len();
    let mut add = |words: Range<usize>, role: Role| {
        if !words.is_empty() {
            out.blocks.push(Block { words, role });
        }
    };
    let mut trimmed = shown.clone();
    match treatment {
        Treatment::WordByWord => add(0..n, Role::Body),
        Treatment::LineBuild => add(0..n, Role::Lines),
        Treatment::CountUp => match phrase::figure(&texts) {
            Some(figure) => {
                let (start, end) = (figure.start, figure.end);
                add(0..start, Role::Support);
                add(figure, Role::Figure);
                add(end..n, Role::Support);
                if let Some(last) = trimmed.get_mut(end - 1).filter(|_| end < n) {
                    let kept = last.trim_end_matches([',', ';', ':', '.']).len();
                    last.truncate(kept);
                }
            }
            None => add(0..n, Role::Body),
        },
        Treatment::List => match phrase::list(&texts) {
            Some(list) => {
                add(0..list.starts[0], Role::Intro);
                let ends = list.starts.iter().skip(1).copied().chain([n]);
                for (i, (start, end)) in list.starts.iter().zip(ends).enumerate() {
                    add(*start..end, Role::Item(i));
                    // A new line replaces the comma.
                    if let Some(last) = trimmed.get_mut(end - 1) {
                        let kept = last.trim_end_matches([',', ';', '、', '，', '،', '.']).len();
                        last.truncate(kept);
                    }
                }
                out.ordered = list.ordered;
            }
            None => add(0..n, Role::Lines),
        },
        Treatment::Quotation => {
            let quote = phrase::quotation(&texts).unwrap_or_else(|| {
                let dash = |w: &&str| w.starts_with(['—', '–']) || **w == *"-";
                0..texts.iter().rposition(dash).filter(|i| *i > 0).unwrap_or(n)
            });
            let (start, end) = (quote.start, quote.end);
            add(0..start, Role::Attribution);
            add(quote, Role::Quote);
            add(end..n, Role::Attribution);
            // The drawn mark replaces the marks of the text.
            for word in &mut trimmed[start..end] {
                *word = word.replace(['"', '“', '”', '„', '‟', '«', '»'], "");
            }
        }
        Treatment::Contrast => match phrase::contrast(&texts) {
            Some(contrast) => {
                add(0..contrast.second, Role::First);
                add(contrast.second..n, Role::Second);
                out.rejected = contrast.rejected;
            }
            None => add(0..n, Role::Body),
        },
    }
    // A word never loses all its characters.
    out.shown = trimmed
        .into_iter()
        .zip(shown)
        .map(|(cut, whole)| if cut.trim().is_empty() { whole } else { cut })
        .collect();
    out
}

/// Divides `words` into `parts` ranges of similar length, broken at punctuation and phrase boundaries.
pub(super) fn split_evenly(
    shown: &[String],
    joins: &dyn Fn(usize) -> bool,
    words: Range<usize>,
    parts: usize,
) -> Vec<Range<usize>> {
    let n = words.len();
    let parts = parts.clamp(1, n.max(1));
    let length = |i: usize| shown[words.start + i].chars().count() as f32 + 1.0;
    let mut sums = vec![0.0f32];
    for i in 0..n {
        sums.push(sums[i] + length(i));
    }
    let mean = sums[n] / parts as f32;
    let cost_of = |start: usize, end: usize| {
        let off = (sums[end] - sums[start] - mean) / mean.max(1.0);
        let at = words.start + end;
        let ending = if end == n {
            0.0
        } else {
            5.0 * break_penalty(&shown[at - 1], &shown[at], joins(at - 1))
        };
        off * off + ending
    };
    let mut best = vec![vec![(f32::INFINITY, 0usize); n + 1]; parts + 1];
    best[0][0].0 = 0.0;
    for part in 1..=parts {
        for end in part..=n {
            for start in part - 1..end {
                let cost = best[part - 1][start].0 + cost_of(start, end);
                if cost < best[part][end].0 {
                    best[part][end] = (cost, start);
                }
            }
        }
    }
    let mut out = Vec::with_capacity(parts);
    let mut end = n;
    for part in (1..=parts).rev() {
        let start = best[part][end].1;
        out.push(words.start + start..words.start + end);
        end = start;
    }
    out.reverse();
    out
}
