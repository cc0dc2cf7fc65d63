//! Converts Japanese to kana, since libespeak-ng reads kana but spells out kanji.
//!
//! Pronunciations come from the dictionary of KAKASI, which uses the longest match. It does not parse the sentence,
//! so a word with several pronunciations may get the wrong one.

/// Corrected pronunciations of common words, as (written, kana).
const READINGS: [(&str, &str); 3] =
    [("今日は", "きょうわ"), ("今日", "きょう"), ("一日に", "いちにちに")];

/// Converts Japanese text to hiragana, with the corrections of [`READINGS`] and [`in_context`].
pub(crate) fn to_kana(text: &str) -> String {
    let mut prepared = in_context(text);
    for (written, read) in READINGS {
        prepared = prepared.replace(written, read);
    }
    kakasi::convert(&prepared).hiragana
}

/// Replaces pronunciations that depend on context. The particles は and へ are pronounced わ and え; after kanji,
/// katakana and digits they are almost always particles. Some counters have their own pronunciation after a
/// digit.
fn in_context(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        let counted = before.is_ascii_digit();
        let noun = counted || matches!(before, '\u{30a1}'..='\u{30fc}' | '\u{3400}'..='\u{9fff}');
        before = c;
        match c {
            'は' if noun => out.push('わ'),
            'へ' if noun => out.push('え'),
            '時' if counted => out.push('じ'),
            '分' if counted => out.push_str("ふん"),
            '月' if counted => out.push_str("がつ"),
            '日' if counted => out.push_str("にち"),
            '人' if counted => out.push_str("にん"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::to_kana;

    #[test]
    fn kanji_are_read_and_the_rest_stays() {
        for (text, kana) in [
            ("新鮮なコーヒーを毎朝お届けします。", "しんせんなこーひーをまいあさおとどけします。"),
            ("今日はいい天気", "きょうわいいてんき"),
            ("美術館は9時", "びじゅつかんわ9じ"),
            ("東京へ", "とうきょうえ"),
            ("はな", "はな"),
        ] {
            assert_eq!(to_kana(text), kana);
        }
    }
}
