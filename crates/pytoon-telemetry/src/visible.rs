//! Makes untrusted text safe to display: control characters and bidirectional formatting characters are shown as
//! escapes.
//!
//! Guarantees: the result of [`one_line`] sets no colour, starts no line, moves the cursor only forward, and
//! shows its characters in their stored order (Unicode Technical Report 36, bidirectional spoofing).

use std::borrow::Cow;
use std::fmt::Write;

/// Returns a text as one line, with control characters other than tabs, and invisible formatting characters, escaped
/// (`\u{1b}`).
pub fn one_line(text: &str) -> Cow<'_, str> {
    escape_hidden(
        text,
        |c| c != '\t',
        |out, c| {
            let _ = write!(out, "{}", c.escape_default());
        },
    )
}

/// Returns the JSON with control characters and invisible formatting characters escaped (`\u001b`). Its value is
/// unchanged; tabs and line feeds stay.
pub fn in_json(json: &str) -> Cow<'_, str> {
    escape_hidden(
        json,
        |c| !matches!(c, '\t' | '\n'),
        |out, c| {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        },
    )
}

fn escape_hidden(
    text: &str,
    counts: impl Fn(char) -> bool,
    escape: impl Fn(&mut String, char),
) -> Cow<'_, str> {
    let is_hidden = |c: char| counts(c) && (c.is_control() || is_format(c));
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) { escape(&mut out, c) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Returns true for bidirectional marks, line and paragraph separators, interlinear annotations, and most of Unicode's
/// Default_Ignorable_Code_Point. U+200C, U+200D and U+FE00 to U+FE0F stay, since Persian names and emoji need them.
fn is_format(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor_or_turns_the_order() {
        let hostile = "a\u{1b}[2Jb\r\nerror: c\u{9b}31m\u{202e}d\u{7}\u{2066}e\u{85}";
        let shown = one_line(hostile);
        assert_eq!(shown, "a\\u{1b}[2Jb\\r\\nerror: c\\u{9b}31m\\u{202e}d\\u{7}\\u{2066}e\\u{85}");
        let json = serde_json::json!({ "brand": hostile });
        let shown = in_json(&serde_json::to_string_pretty(&json).expect("JSON")).into_owned();
        assert!(shown.contains("\\u009b31m\\u202ed") && !shown.contains('\u{202e}'), "{shown}");
        let read: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        assert_eq!(read, json);
        for hidden in ['\u{200b}', '\u{ad}', '\u{3164}', '\u{e0041}', '\u{fff9}'] {
            assert_eq!(one_line(&hidden.to_string()), hidden.escape_unicode().to_string());
        }
        for plain in ["مرحبا 👨‍👩‍👧 café\ttab", ""] {
            assert_eq!(one_line(plain), plain);
        }
    }
}
