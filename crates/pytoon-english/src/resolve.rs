//! Distributes stress and spaces between the pieces of a token.

use crate::stress::{PRIMARY, Stress, weight};
use crate::text::is_letter;
use crate::token::Token;
use std::collections::BTreeSet;

/// Returns true if the text contains only signs that are silent within a token, such as hyphens.
pub(crate) fn is_joint(text: &str) -> bool {
    text.chars().all(is_joint_sign)
}

fn is_joint_sign(c: char) -> bool {
    matches!(c, '\'' | ',' | '-' | '.' | '_' | '‘' | '’' | '/')
}

/// Inserts spaces between the pieces of a token if they are separate words. Otherwise they form one word, and the
/// stress of some pieces is lowered.
pub(crate) fn resolve(pieces: &mut [Token<'_>]) {
    if are_apart(pieces) {
        for piece in pieces.iter_mut().skip(1) {
            piece.space_before = true;
        }
        return;
    }
    for at in lowered_pieces(pieces) {
        if let Some(piece) = pieces.get_mut(at) {
            piece.phonemes = piece.phonemes.take().map(|said| Stress::Lower.apply(&said));
        }
    }
}

/// Returns true if the pieces are separate words: a slash is between them, or they are of different kinds (letters,
/// digits, other signs).
fn are_apart(pieces: &[Token<'_>]) -> bool {
    let chars = || pieces.iter().flat_map(|piece| piece.text.chars());
    let kind = |c: char| match c {
        _ if is_letter(c) => 0,
        _ if c.is_ascii_digit() => 1,
        _ => 2,
    };
    let kinds: BTreeSet<u8> = chars().filter(|&c| !is_joint_sign(c)).map(kind).collect();
    chars().any(|c| c == '/') || kinds.len() > 1
}

/// Returns the indices of the pieces whose stress is lowered: the second of two if the first is a single letter,
/// otherwise the weaker half if more than half are stressed.
fn lowered_pieces(pieces: &[Token<'_>]) -> Vec<usize> {
    let said = |token: &Token<'_>| token.phonemes.clone().filter(|said| !said.is_empty());
    let mut ranks: Vec<(bool, usize, usize)> = pieces
        .iter()
        .enumerate()
        .filter_map(|(at, piece)| Some((at, said(piece)?)))
        .map(|(at, said)| (said.contains(PRIMARY), weight(&said), at))
        .collect();
    let one_letter =
        |at: usize| pieces.get(at).is_some_and(|piece| piece.text.chars().nth(1).is_none());
    if let [(_, _, first), (_, _, second)] = ranks.as_slice()
        && one_letter(*first)
    {
        return vec![*second];
    }
    let stressed = ranks.iter().filter(|(has_primary, _, _)| *has_primary).count();
    if ranks.len() < 2 || stressed <= ranks.len().div_ceil(2) {
        return Vec::new();
    }
    ranks.sort_unstable();
    ranks.iter().take(ranks.len() / 2).map(|&(_, _, at)| at).collect()
}
