//! Counts a figure up: the intermediate values in the notation of the figure.

/// A number inside a word, with the text around it.
struct Figure<'a> {
    prefix: &'a str,
    /// The digits with their separators.
    number: &'a str,
    suffix: &'a str,
    value: u64,
}

/// Maximum number of intermediate values.
const STEPS: usize = 16;

/// Returns the values shown before the figure, in order, with their progress of the count, 0 to 1. Empty if the word
/// does not count: no number, a number of more than 15 digits, or zero.
pub(super) fn count_values(word: &str) -> Vec<(f32, String)> {
    let Some(figure) = parse(word) else {
        return Vec::new();
    };
    // A count from zero makes no sense for a year.
    let plain = figure.number.chars().all(|c| c.is_ascii_digit());
    let alone = figure.prefix.is_empty()
        && !figure.suffix.contains(|c: char| c.is_alphabetic() || c == '%');
    let is_year = plain && alone && (1500..=2100).contains(&figure.value);
    let from = if is_year { figure.value - figure.value % 100 } else { 0 };
    let mut out: Vec<(f32, String)> = Vec::new();
    for step in 0..STEPS {
        let share = step as f32 / STEPS as f32;
        // Steps are even in time, so values follow the curve of the motion.
        let eased = f64::from(crate::motion::expo_out(share + 0.5 / STEPS as f32));
        let value = from + ((figure.value - from) as f64 * eased) as u64;
        let text =
            format!("{}{}{}", figure.prefix, format_like(value, figure.number), figure.suffix);
        if text != word && out.last().is_none_or(|(_, last)| *last != text) {
            out.push((share, text));
        }
    }
    out
}

fn parse(word: &str) -> Option<Figure<'_>> {
    let start = word.find(|c: char| c.is_ascii_digit())?;
    let end = word.rfind(|c: char| c.is_ascii_digit())? + 1;
    let number = &word[start..end];
    let separators = |c: char| ",.'’\u{a0}\u{202f}".contains(c);
    if !number.chars().all(|c| c.is_ascii_digit() || separators(c)) {
        return None;
    }
    // More than one dot without groups of three is a version or a date.
    let groups: Vec<&str> = number.split(separators).collect();
    if groups.len() > 2 && groups[1..groups.len() - 1].iter().any(|g| g.len() != 3) {
        return None;
    }
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let value = digits.parse().ok().filter(|v| *v > 0 && digits.len() <= 15)?;
    Some(Figure { prefix: &word[..start], number, suffix: &word[end..], value })
}

/// Writes `value` in the digits of `pattern`, aligned with its end, with its separators. Decimals keep their zeros.
fn format_like(value: u64, pattern: &str) -> String {
    let mut rest = value;
    let mut out: Vec<char> = Vec::new();
    // A last group that is not of three digits holds decimals.
    let decimals =
        pattern.rfind([',', '.']).map(|at| pattern.len() - at - 1).filter(|n| *n != 3).unwrap_or(0);
    let mut written = 0;
    for c in pattern.chars().rev() {
        if rest == 0 && written > decimals {
            break;
        }
        if c.is_ascii_digit() {
            out.push(char::from(b'0' + (rest % 10) as u8));
            rest /= 10;
            written += 1;
        } else {
            out.push(c);
        }
    }
    while out.last().is_some_and(|c| !c.is_ascii_digit()) {
        out.pop();
    }
    out.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_the_notation() {
        assert_eq!(format_like(37, "1,299"), "37");
        assert_eq!(format_like(1037, "1,299"), "1,037");
        assert_eq!(format_like(7, "12.50"), "0.07");
        assert_eq!(format_like(0, "30"), "0");
        let values = count_values("$1,299");
        assert!(values.len() > 6 && values.iter().all(|(_, v)| v.starts_with('$')));
        assert!(values.windows(2).all(|w| w[0].0 < w[1].0));
        assert!(count_values("2024").iter().all(|(_, v)| v.starts_with("20")));
        assert_eq!(count_values("30").first().map(|v| v.0), Some(0.0));
        for none in ["three", "0", "1.2.3", "12:30", "99999999999999999999", ""] {
            assert!(count_values(none).is_empty(), "{none}");
        }
    }
}
