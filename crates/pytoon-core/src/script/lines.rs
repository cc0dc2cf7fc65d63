//! Decides if the line ends of a paragraph end sentences or only wrap text.

use crate::text::is_unspaced_script;

/// The meaning of the line ends of a paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEnds {
    /// Each line is a separate item.
    Items,
    /// The lines result from wrapping at a width.
    Wrapped,
    /// Neither is certain, so the lines are joined.
    Unsure,
}

/// Minimum width at which text editors wrap text, in columns.
const NARROWEST_WRAP: usize = 40;
/// Maximum length of a line that may count as a title, list item or verse, in characters.
const SHORT_LINE: usize = 60;

/// Decides if a paragraph's line ends wrap text or separate items, from the widths, first letters and last characters
/// of its lines.
pub(super) fn judge(lines: &[String]) -> LineEnds {
    let breaks = lines.len().saturating_sub(1);
    if breaks == 0 {
        return LineEnds::Wrapped;
    }
    let widths: Vec<usize> = lines.iter().map(|line| line.chars().count()).collect();
    let widest = widths.iter().copied().max().unwrap_or(0);
    let first_word = |line: &str| line.split_whitespace().next().map_or(0, |w| w.chars().count());
    // A program that wraps text breaks a line only if the next word would not fit. The width is unknown, but no line
    // exceeds it.
    let is_full = |index: usize| widths[index] + 1 + first_word(&lines[index + 1]) > widest;
    let full = (0..breaks).filter(|index| is_full(*index)).count();
    if widest >= NARROWEST_WRAP && full == breaks {
        return LineEnds::Wrapped;
    }
    let begins = |line: &&String| {
        let first = line.chars().find(|c| c.is_alphanumeric());
        first.is_some_and(|c| c.is_uppercase() || c.is_ascii_digit())
    };
    let goes_on = |line: &&String| line.trim_end().ends_with([',', ';', '，', '、', '،', '-', '–']);
    let capitals = lines.iter().filter(begins).count();
    let continued = lines[..breaks].iter().filter(goes_on).count();
    let short = widths.iter().filter(|width| **width <= SHORT_LINE).count();
    let most = |count: usize, all: usize| 2 * count > all;
    if most(capitals, lines.len())
        && most(short, lines.len())
        && !most(continued, breaks)
        && (widest < NARROWEST_WRAP || most(breaks - full, breaks))
    {
        return LineEnds::Items;
    }
    if lines.iter().all(|line| ends_with_stop(line)) { LineEnds::Wrapped } else { LineEnds::Unsure }
}

fn ends_with_stop(line: &str) -> bool {
    let bare = line.trim_end().trim_end_matches(['"', '”', '’', ')', '»', '」', '』']);
    bare.ends_with(['.', '!', '?', '…', '。', '！', '？', '।', '؟', '۔', '။', '។', ':'])
}

/// Returns true if a line ends an item: it has no comma at its end, and the next line does not begin with a
/// lower-case letter.
pub(super) fn ends_item(line: &str, next: &str) -> bool {
    let goes_on = line.trim_end().ends_with([',', '，', '、', '،']);
    let first = next.chars().find(|c| c.is_alphanumeric());
    !goes_on && !first.is_some_and(char::is_lowercase)
}

/// Returns the separator for joining two lines: empty between ideographs, kana and their full-width punctuation,
/// otherwise a space.
pub(super) fn joint(line: &str, next: &str) -> &'static str {
    let is_solid = |c: Option<char>| {
        c.is_some_and(|c| {
            (is_unspaced_script(c) && c >= '\u{3000}') || "，。、！？；：".contains(c)
        })
    };
    if is_solid(line.trim_end().chars().last()) && is_solid(next.trim_start().chars().next()) {
        ""
    } else {
        " "
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_what_a_reader_takes_them_for() {
        let wrapped = "The ferry to the island leaves every hour from the old pier, and the\n\
                       crossing takes about twenty minutes in good weather. Bring a warm coat\n\
                       because the wind is strong.";
        let german = "Unser kleines Hotel liegt direkt am See und hat seit dem letzten\n\
                      Frühling eine Sauna im Garten, einen Steg mit zwei Booten und einen\n\
                      Koch aus Triest, der jeden Morgen frischen Fisch vom Markt holt.";
        for (text, expected) in [
            ("Red\nBlue\nGreen", LineEnds::Items),
            ("we bake\nevery morning\nfor you", LineEnds::Unsure),
            (wrapped, LineEnds::Wrapped),
            (german, LineEnds::Wrapped),
            ("One.\nTwo.", LineEnds::Items),
        ] {
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            assert_eq!(judge(&lines), expected, "{text}");
        }
        assert_eq!((joint("今天", "天气"), joint("now", "here")), ("", " "));
    }
}
