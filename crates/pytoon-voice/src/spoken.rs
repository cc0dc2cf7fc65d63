//! From written words to the text a synthesiser reads, and back to which word is where.
//!
//! Captions show the script's own spelling; synthesisers stumble over some of it. English
//! prices, percentages and abbreviations are written out for speech only. Every other word, and
//! every other language, is read as it stands.

use pytoon_core::text::Word;

/// A text to speak, with the character range of every written word in it.
#[derive(Debug, Clone, PartialEq)]
pub struct SpokenText {
    /// The text.
    pub text: String,
    /// Character ranges (from, up to) of the words, in order.
    pub ranges: Vec<(usize, usize)>,
}

/// The spoken form of words in a language.
pub fn spoken_text(words: &[Word], language: &str) -> SpokenText {
    let english = language.split(['-', '_']).next() == Some("en");
    joined(words, if english { english_form } else { readable })
}

/// Words as they are written, for voices that read prices and abbreviations themselves.
pub fn written_text(words: &[Word]) -> SpokenText {
    joined(words, readable)
}

fn joined(words: &[Word], form_of: fn(&str) -> String) -> SpokenText {
    let mut text = String::new();
    let mut chars = 0;
    let mut ranges = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        let form = form_of(&word.text);
        let length = form.chars().count();
        ranges.push((chars, chars + length));
        text.push_str(&form);
        chars += length;
        if !word.joins_next && index + 1 < words.len() {
            text.push(' ');
            chars += 1;
        }
    }
    SpokenText { text, ranges }
}

/// Leaves out what synthesisers would spell aloud: emoji and markup signs.
fn readable(word: &str) -> String {
    word.chars().filter(|&c| !is_silent(c)).collect()
}

fn is_silent(c: char) -> bool {
    matches!(c as u32, 0x2190..=0x2bff | 0x1f000..=0x1faff | 0xfe00..=0xfe0f | 0x200d | 0xe0020..=0xe007f)
        || "*_~^|\\<>{}[]`".contains(c)
}

fn english_form(word: &str) -> String {
    let word = readable(word);
    let core_end = word.trim_end_matches(|c: char| ",;:!?)\"'”’".contains(c)).len();
    let (core, tail) = word.split_at(core_end);
    let (core, full_stop) = match core.strip_suffix('.') {
        Some(rest) if abbreviation(core).is_none() => (rest, "."),
        _ => (core, ""),
    };
    let form =
        abbreviation(core).map(str::to_owned).or_else(|| money(core)).or_else(|| percent(core));
    match form {
        Some(form) => format!("{form}{full_stop}{tail}"),
        None => word,
    }
}

fn abbreviation(word: &str) -> Option<&'static str> {
    Some(match word {
        "Dr." => "Doctor",
        "Mr." => "Mister",
        "Mrs." => "Missis",
        "Ms." => "Miz",
        "Prof." => "Professor",
        "St." => "Saint",
        "vs." => "versus",
        "etc." => "et cetera",
        "e.g." => "for example",
        "i.e." => "that is",
        "approx." => "approximately",
        "lb." => "pound",
        "lbs." | "lbs" => "pounds",
        "oz." => "ounces",
        "&" => "and",
        "w/" => "with",
        "24/7" => "twenty-four seven",
        _ => return None,
    })
}

/// `$5` is "5 dollars", `$12.50` "12 dollars 50", `$3M` "3 million dollars".
fn money(word: &str) -> Option<String> {
    let sign = word.chars().next()?;
    let (one, many) = match sign {
        '$' => ("dollar", "dollars"),
        '€' => ("euro", "euros"),
        '£' => ("pound", "pounds"),
        _ => return None,
    };
    let rest = &word[sign.len_utf8()..];
    let number_end =
        rest.find(|c: char| !(c.is_ascii_digit() || ".,".contains(c))).unwrap_or(rest.len());
    let (number, scale) = rest.split_at(number_end);
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let scale = match scale {
        "" => "",
        "k" | "K" => "thousand ",
        "m" | "M" => "million ",
        "b" | "B" | "bn" => "billion ",
        _ => return None,
    };
    let number = number.replace(',', "");
    match number.split_once('.') {
        Some((whole, cents)) if scale.is_empty() && cents.len() == 2 => {
            let cents = cents.trim_start_matches('0');
            let unit = if whole == "1" { one } else { many };
            Some(if cents.is_empty() {
                format!("{whole} {unit}")
            } else {
                format!("{whole} {unit} {cents}")
            })
        }
        _ => {
            let unit = if number == "1" && scale.is_empty() { one } else { many };
            Some(format!("{number} {scale}{unit}"))
        }
    }
}

fn percent(word: &str) -> Option<String> {
    let number = word.strip_suffix('%')?;
    let numeric = number.chars().all(|c| c.is_ascii_digit() || ".,+-".contains(c));
    (numeric && number.chars().any(|c| c.is_ascii_digit())).then(|| format!("{number} percent"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_core::text::words;

    #[test]
    fn prices_and_titles_are_written_out_for_speech() {
        for (written, spoken) in [
            ("Only $5 today.", "Only 5 dollars today."),
            ("It costs $12.50, really.", "It costs 12 dollars 50, really."),
            ("Dr. Bean saves 20%.", "Doctor Bean saves 20 percent."),
            ("Pay $1.", "Pay 1 dollar."),
            ("Raised $3M!", "Raised 3 million dollars!"),
            ("In 2026, 24/7.", "In 2026, twenty-four seven."),
            ("Hot 🔥 *now*", "Hot  now"),
        ] {
            assert_eq!(spoken_text(&words(written), "en-US").text, spoken);
        }
    }

    #[test]
    fn every_word_knows_its_range() {
        let spoken = spoken_text(&words("Pay $5 now"), "en");
        let chars: Vec<char> = spoken.text.chars().collect();
        let parts: Vec<String> =
            spoken.ranges.iter().map(|&(a, b)| chars[a..b].iter().collect()).collect();
        assert_eq!(parts, ["Pay", "5 dollars", "now"]);
    }

    #[test]
    fn other_languages_are_read_as_they_stand() {
        assert_eq!(spoken_text(&words("Nur 5 € heute"), "de").text, "Nur 5 € heute");
    }
}
