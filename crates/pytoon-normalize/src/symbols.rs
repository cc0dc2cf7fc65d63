//! Signs that no voice should speak: emoji, markup, invisible characters, emoticons, decoration.
//!
//! Guarantees: letters and digits of any script are never removed, except digits in keycap emoji and dingbats.
//! Zero-width joiners stay where Arabic and Indic spelling needs them.

/// Characters that markup places around words.
const MARKUP: &str = "*_~^|\\<>{}[]`";

/// Text emoticons, which are silent.
const EMOTICONS: &[&str] = &[
    "<3", "</3", ":)", ":-)", ":(", ":-(", ";)", ";-)", ":D", ":-D", "xD", "XD", ":P", ":-P", ":p",
    ":-p", ":/", ":-/", ":|", ":-|", ":O", ":-O", ":o", ":*", ":-*", "=)", "=(", "=D", "^^", "^_^",
    "-_-", "o_O", "O_o", ":'(", ":')", ">:(", "B-)", "8-)", ":3", "T_T", ";P", "(:", "):",
];

/// Returns true for emoji and their parts, and for technical, geometric and pictographic symbols.
pub(crate) fn is_emoji(c: char) -> bool {
    matches!(c as u32,
        0x2300..=0x23ff | 0x2500..=0x27bf | 0x2b00..=0x2bff | 0x1f000..=0x1faff
        | 0xfe00..=0xfe0f | 0x20e3 | 0xe0020..=0xe007f)
}

/// Returns true if the character is invisible and always removed.
fn is_invisible(c: char) -> bool {
    matches!(c as u32,
        0xad | 0x200b | 0x200e | 0x200f | 0x202a..=0x202e | 0x2060..=0x2069 | 0x180e | 0xfeff
        | 0xfe00..=0xfe0f)
        || (c.is_control() && !c.is_whitespace())
}

/// Returns true if the character belongs to a script whose spelling uses zero-width joiners.
fn uses_joiners(c: char) -> bool {
    matches!(c as u32, 0x0600..=0x08ff | 0x0900..=0x0dff | 0x1780..=0x17ff | 0xfb50..=0xfdff)
}

/// Removes invisible characters, and keycap emoji with their digits or signs.
pub(crate) fn visible(word: &str) -> String {
    if word.is_ascii() && !word.contains(|c: char| c.is_control()) {
        return word.to_owned();
    }
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        match c {
            '\u{200c}' | '\u{200d}' => {
                if out.chars().next_back().is_some_and(uses_joiners) {
                    out.push(c);
                }
            }
            '\u{20e3}' => {
                out.pop();
            }
            _ if is_invisible(c) => {}
            _ => out.push(c),
        }
    }
    out
}

/// Removes all characters that synthesisers would spell aloud: emoji, markup signs, invisible characters.
pub(crate) fn readable(word: &str) -> String {
    visible(word).chars().filter(|&c| !is_silent(c)).collect()
}

fn is_silent(c: char) -> bool {
    is_emoji(c) || matches!(c as u32, 0x2190..=0x245f | 0xa9 | 0xae | 0x2122) || MARKUP.contains(c)
}

/// Returns true if the token is a text emoticon such as `:)` or `<3`.
pub(crate) fn is_emoticon(token: &str) -> bool {
    EMOTICONS.contains(&token)
}

/// Returns true if the token is decoration: three or more of the same sign, such as `***` or `---`.
pub(crate) fn is_decoration(token: &str) -> bool {
    let Some(first) = token.chars().next() else { return false };
    "*-=_~#+.•–—<>|/\\^".contains(first)
        && token.chars().count() >= 3
        && token.chars().all(|c| c == first)
}

/// Maps digits, letters and signs in other styles to plain ones: `５` to `5`, `Ａ` to `A`, `₂` to `2`, `①` to `1`.
/// Superscripts stay, since they are powers.
pub(crate) fn plain_digit(c: char) -> char {
    let from = |base: u32, zero: u32| char::from_u32(base + (c as u32 - zero)).unwrap_or(c);
    match c as u32 {
        0xff01..=0xff5e => from(0x21, 0xff01),
        0x2080..=0x2089 => from(0x30, 0x2080),
        0x2460..=0x2468 => from(0x31, 0x2460),
        0x2776..=0x277e => from(0x31, 0x2776),
        _ => c,
    }
}

/// Returns the plain form of a superscript digit or minus sign, or `None` for any other character.
pub(crate) fn superscript(c: char) -> Option<char> {
    Some(match c {
        '⁰' => '0',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁴'..='⁹' => char::from_u32(c as u32 - 0x2074 + u32::from('4'))?,
        '⁻' => '-',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_go_and_spelling_stays() {
        for (written, expected) in [
            ("pre\u{ad}req", "prereq"),
            ("\u{feff}Hi", "Hi"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("क्\u{200d}ष", "क्\u{200d}ष"),
            ("a\u{200d}b", "ab"),
            ("1\u{fe0f}\u{20e3}", ""),
        ] {
            assert_eq!(visible(written), expected);
        }
    }

    #[test]
    fn decoration_and_emoticons_are_distinguished_from_text() {
        assert!(is_decoration("***") && is_decoration("------"));
        assert!(!is_decoration("--") && !is_decoration("-_-=") && !is_decoration("aaa"));
        assert!(is_emoticon("<3") && !is_emoticon("<5"));
    }
}
