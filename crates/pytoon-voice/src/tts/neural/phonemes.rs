//! Gets the phonemes of a sentence from eSpeak NG through the helper program, with the position of every word.
//!
//! The helper returns the phonemes of a clause without its punctuation, and merges some words ("of the"). This module
//! splits sentences into clauses at the marks that shape intonation. It locates words by aligning the phonemes of
//! each word alone with those of the clause.

use crate::alignment::edits::cheapest;
use crate::helper;
use crate::{Result, VoiceError};
use pytoon_normalize::SpokenWord;
use pytoon_process::Runner;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The length of text above which a clause ends without a mark, in characters.
pub(crate) const MAX_TEXT: usize = 2_000;
/// The marks that change a voice's intonation.
const MARKS: &[char] = &['.', ',', ';', ':', '!', '?', '…', '—'];

/// The phonemes of a sentence.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Phonemes {
    /// The phonemes, spaces and punctuation.
    pub(crate) text: String,
    /// The range of characters in `text` for each word; none for silent words.
    pub(crate) words: Vec<Option<Range<usize>>>,
}

#[derive(Serialize)]
struct Ask<'a> {
    text: &'a str,
    voice: &'a str,
}

#[derive(Deserialize)]
struct Reply {
    phonemes: String,
    error: Option<String>,
}

/// The words up to an intonation mark, the end of the sentence or the length limit.
struct Clause {
    words: Range<usize>,
    text: String,
    mark: Option<char>,
}

/// Returns the phonemes of sentences in an eSpeak NG voice.
pub(crate) fn of(
    runner: &Runner,
    voice: &str,
    sentences: &[Vec<SpokenWord>],
) -> Result<Vec<Phonemes>> {
    let cut: Vec<Vec<Clause>> = sentences.iter().map(|words| clauses(words)).collect();
    let mut texts = Vec::new();
    for (sentence, clauses) in sentences.iter().zip(&cut) {
        for clause in clauses {
            texts.push(clause.text.clone());
            texts.extend(sentence[clause.words.clone()].iter().map(|word| bare(&word.text)));
        }
    }
    let mut answers = ask(runner, voice, &texts)?.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    let mut out = Vec::with_capacity(sentences.len());
    for (sentence, clauses) in sentences.iter().zip(cut) {
        let mut phonemes = Phonemes { text: String::new(), words: vec![None; sentence.len()] };
        for clause in clauses {
            let whole = next();
            let alone: Vec<String> = clause.words.clone().map(|_| next()).collect();
            append(&mut phonemes, &clause, &whole, &alone, &sentence[clause.words.clone()]);
        }
        out.push(phonemes);
    }
    Ok(out)
}

fn clauses(words: &[SpokenWord]) -> Vec<Clause> {
    let mut out: Vec<Clause> = Vec::new();
    let mut begin = 0;
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        let own = bare(&word.text);
        if !own.is_empty() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&own);
        }
        let mark = word.text.trim_end().chars().next_back().filter(|c| MARKS.contains(c));
        if mark.is_some() || index + 1 == words.len() || text.chars().count() > MAX_TEXT {
            let text = std::mem::take(&mut text);
            out.push(Clause { words: begin..index + 1, text, mark });
            begin = index + 1;
        }
    }
    out
}

/// Returns a word without the intonation marks at its end.
fn bare(word: &str) -> String {
    word.trim().trim_end_matches(MARKS).to_owned()
}

fn append(
    out: &mut Phonemes,
    clause: &Clause,
    whole: &str,
    alone: &[String],
    words: &[SpokenWord],
) {
    if !out.text.is_empty() && !whole.is_empty() {
        out.text.push(' ');
    }
    let mut at = out.text.chars().count();
    // With a given pronunciation, words are spoken one by one.
    if words.iter().any(|word| word.pronunciation.is_some()) {
        let mut first = true;
        for (index, (own, word)) in clause.words.clone().zip(alone.iter().zip(words)) {
            let own = word.pronunciation.as_ref().map_or(own.as_str(), |given| given.ipa());
            if own.is_empty() {
                continue;
            }
            if !first {
                out.text.push(' ');
                at += 1;
            }
            first = false;
            out.text.push_str(own);
            let length = own.chars().count();
            out.words[index] = Some(at..at + length);
            at += length;
        }
    } else {
        out.text.push_str(whole);
        for (index, range) in clause.words.clone().zip(places(whole, alone)) {
            out.words[index] = range.map(|range| range.start + at..range.end + at);
        }
    }
    out.text.extend(clause.mark.map(|mark| match mark {
        '…' => '.',
        '—' => ',',
        mark => mark,
    }));
}

/// Returns the range of each word's characters in the phonemes of its clause, or `None` for a word without phonemes.
fn places(whole: &str, alone: &[String]) -> Vec<Option<Range<usize>>> {
    let spoken: Vec<usize> = (0..alone.len()).filter(|&index| !alone[index].is_empty()).collect();
    let groups = groups(whole);
    let words: usize = spoken.iter().map(|&index| alone[index].split_whitespace().count()).sum();
    let mut out = vec![None; alone.len()];
    if words == groups.len() {
        let mut groups = groups.into_iter();
        for index in spoken {
            let count = alone[index].split_whitespace().count();
            let mut own = groups.by_ref().take(count);
            let Some(first) = own.next() else { continue };
            let end = own.last().map_or(first.end, |last| last.end);
            out[index] = Some(first.start..end);
        }
        return out;
    }
    align_phonemes(whole, alone, &spoken, &mut out);
    out
}

/// Returns the character ranges between spaces.
fn groups(text: &str) -> Vec<Range<usize>> {
    let mut at = 0;
    let parts = text.split(char::is_whitespace).filter_map(|part| {
        let start = at;
        at += part.chars().count() + 1;
        (!part.is_empty()).then(|| start..at - 1)
    });
    parts.collect()
}

/// Aligns the words' own phonemes with the clause's by the cheapest edits (Levenshtein distance; an extra
/// stress mark, length mark or space costs nothing). Each word gets the characters that match its own.
fn align_phonemes(
    whole: &str,
    alone: &[String],
    spoken: &[usize],
    out: &mut [Option<Range<usize>>],
) {
    let whole: Vec<char> = whole.chars().collect();
    let own: Vec<(usize, char)> = spoken
        .iter()
        .flat_map(|&index| {
            alone[index].chars().filter(|c| !c.is_whitespace()).map(move |c| (index, c))
        })
        .collect();
    let cost_of = |c: char| u32::from(!"ˈˌː ".contains(c));
    let change = |i: usize, j: usize| match (own[i].1, whole[j]) {
        (a, b) if a == b => 0,
        (a, b) => 1 + cost_of(a).min(cost_of(b)),
    };
    let size = (own.len(), whole.len());
    for (i, j) in cheapest(size, change, |i| cost_of(own[i].1), |j| cost_of(whole[j])) {
        if !whole[j].is_whitespace() {
            out[own[i].0].get_or_insert(j..j + 1).start = j;
        }
    }
    // A stress mark before a word's first sound belongs to the word.
    for range in out.iter_mut().flatten() {
        while range.start > 0 && "ˈˌ".contains(whole[range.start - 1]) {
            range.start -= 1;
        }
    }
}

fn ask(runner: &Runner, voice: &str, texts: &[String]) -> Result<Vec<String>> {
    let input = helper::lines(texts.iter().map(|text| Ask { text, voice }));
    let answer = helper::ask(runner, "convert the script to phonemes", "--phonemes", input)?;
    let unknown = |e| helper::bad(format!("the phonemes are invalid: {e}"));
    let read = |line| serde_json::from_str(line).map_err(unknown);
    let replies: Vec<Reply> = answer.lines().map(read).collect::<Result<_, _>>()?;
    if replies.len() != texts.len() {
        return Err(helper::bad("the phonemes of a sentence are missing"));
    }
    replies
        .into_iter()
        .map(|reply| match reply.error {
            Some(reason) => Err(VoiceError::CannotSpeak { provider: helper::NAME.into(), reason }),
            None => Ok(reply.phonemes),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_places(whole: &str, alone: &[&str]) -> Vec<Option<String>> {
        let alone: Vec<String> = alone.iter().map(|&word| word.to_owned()).collect();
        let chars: Vec<char> = whole.chars().collect();
        let places = places(whole, &alone);
        places.into_iter().map(|range| range.map(|range| chars[range].iter().collect())).collect()
    }

    #[test]
    fn words_are_found_in_their_clause() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            find_places("həlˈoʊ ðˈɛɹ", &["həlˈoʊ", "", "ðˈɛɹ"]),
            [some("həlˈoʊ"), None, some("ðˈɛɹ")]
        );
        // Merged by the helper.
        assert_eq!(
            find_places("ˈɛnd ʌvðə wˈɜːld", &["ˈɛnd", "ˈʌv", "ðə", "wˈɜːld"]),
            [some("ˈɛnd"), some("ʌv"), some("ðə"), some("wˈɜːld")]
        );
        // Two spoken words for one written.
        assert_eq!(
            find_places("θɹˈiː dˈɑːlɚz nˈaʊ", &["θɹˈiː dˈɑːlɚz", "nˈaʊ"]),
            [some("θɹˈiː dˈɑːlɚz"), some("nˈaʊ")]
        );
    }

    #[test]
    fn clauses_end_at_marks() {
        let word = |text: &str| SpokenWord { text: text.to_owned(), ..SpokenWord::default() };
        let cut = clauses(&[word("Red,"), word("green"), word(""), word("blue!")]);
        let cut: Vec<(&str, Option<char>)> =
            cut.iter().map(|c| (c.text.as_str(), c.mark)).collect();
        assert_eq!(cut, [("Red", Some(',')), ("green blue", Some('!'))]);
    }
}
