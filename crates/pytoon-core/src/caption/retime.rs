//! Assigns the times of spoken words to the words of a caption with a different text.
//!
//! Guarantees: the times of the result ascend and are within those of the voice; a word that is both shown and spoken
//! has the time at which it is spoken, unless it shares that time with words that are shown beside it and not spoken.

use super::spread;
use crate::text::Word;
use crate::time::MsRange;
use pytoon_vocabulary::CaptionWord;

/// Returns the shown words with times. Words that are spoken too keep their times, by the longest common subsequence
/// of both texts without case and punctuation; the words between them share the time of the spoken words that they
/// replace. Returns no words if nothing is spoken.
pub fn retime(shown: &[Word], spoken: &[CaptionWord]) -> Vec<CaptionWord> {
    let mut out: Vec<CaptionWord> = Vec::with_capacity(shown.len());
    let (mut next_shown, mut next_spoken) = (0, 0);
    let mut pairs = common(shown, spoken);
    pairs.push((shown.len(), spoken.len()));
    for (at, heard) in pairs {
        let own = &shown[next_shown..at];
        let mut before: &[Word] = &[];
        if let Some(range) = time_of(&spoken[next_spoken..heard]) {
            out.extend(spread(own, range));
        } else if !own.is_empty()
            && let Some(last) = out.pop()
        {
            // No spoken word is replaced: they share the time of the word before them.
            let mut all = vec![Word { text: last.text, joins_next: last.joins_next }];
            all.extend_from_slice(own);
            out.extend(spread(&all, MsRange::new(last.start, last.end)));
        } else {
            before = own;
        }
        if let (Some(word), Some(voice)) = (shown.get(at), spoken.get(heard)) {
            let range = MsRange::new(voice.start, voice.end);
            out.extend(spread(&[before, std::slice::from_ref(word)].concat(), range));
        }
        (next_shown, next_spoken) = (at + 1, heard + 1);
    }
    out
}

/// Returns the time from the first word to the last; `None` without words.
fn time_of(words: &[CaptionWord]) -> Option<MsRange> {
    Some(MsRange::new(words.first()?.start, words.last()?.end))
}

/// Returns the indices of the words that both texts have, in ascending order (longest common subsequence).
fn common(shown: &[Word], spoken: &[CaptionWord]) -> Vec<(usize, usize)> {
    let bare = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let shown: Vec<String> = shown.iter().map(|word| bare(&word.text)).collect();
    let spoken: Vec<String> = spoken.iter().map(|word| bare(&word.text)).collect();
    let is_same = |a: usize, b: usize| !shown[a].is_empty() && shown[a] == spoken[b];
    let mut longest = vec![vec![0u32; spoken.len() + 1]; shown.len() + 1];
    for a in (0..shown.len()).rev() {
        for b in (0..spoken.len()).rev() {
            longest[a][b] = if is_same(a, b) {
                longest[a + 1][b + 1] + 1
            } else {
                longest[a + 1][b].max(longest[a][b + 1])
            };
        }
    }
    let (mut a, mut b, mut pairs) = (0, 0, Vec::new());
    while a < shown.len() && b < spoken.len() {
        if is_same(a, b) {
            pairs.push((a, b));
            (a, b) = (a + 1, b + 1);
        } else if longest[a + 1][b] >= longest[a][b + 1] {
            a += 1;
        } else {
            b += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;
    use proptest::prelude::*;
    use pytoon_vocabulary::Ms;

    fn spoken(text: &str) -> Vec<CaptionWord> {
        let words = text::words(text);
        let count = words.len() as i64;
        spread(&words, MsRange::new(Ms::new(1000), Ms::new(1000 + 500 * count)))
    }

    fn times(words: &[CaptionWord]) -> Vec<(&str, i64, i64)> {
        words.iter().map(|w| (w.text.as_str(), w.start.get(), w.end.get())).collect()
    }

    #[test]
    fn words_that_are_spoken_keep_their_times() {
        let voice = spoken("It costs twenty dollars now.");
        let shown = retime(&text::words("It costs $20 now!"), &voice);
        let (first, last) = (times(&voice), times(&shown));
        assert_eq!(last[..2], first[..2]);
        assert_eq!(last[2], ("$20", first[2].1, first[3].2));
        assert_eq!(last[3], ("now!", first[4].1, first[4].2));
    }

    #[test]
    fn added_words_share_the_time_of_their_neighbour() {
        let voice = spoken("Fresh bread");
        let shown = retime(&text::words("Fresh rye bread"), &voice);
        let (voice, shown) = (times(&voice), times(&shown));
        assert_eq!((shown[0].1, shown[1].2), (voice[0].1, voice[0].2));
        assert_eq!(shown[2], voice[1]);
        let first = retime(&text::words("Our Fresh bread"), &spoken("Fresh bread"));
        assert_eq!(first.len(), 3);
    }

    proptest! {
        #[test]
        fn times_ascend_within_those_of_the_voice(
            shown in "([a-d]{1,2} ){0,12}",
            voice in "([a-d]{1,2} ){1,12}",
        ) {
            let voice = spoken(&voice);
            let out = retime(&text::words(&shown), &voice);
            prop_assert_eq!(out.len(), text::words(&shown).len());
            prop_assert!(out.windows(2).all(|pair| pair[0].end <= pair[1].start && pair[0].start <= pair[0].end));
            let (first, last) = (voice[0].start, voice[voice.len() - 1].end);
            prop_assert!(out.iter().all(|word| first <= word.start && word.end <= last));
        }
    }
}
