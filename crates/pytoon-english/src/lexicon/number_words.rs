//! Converts numbers to English words: cardinals, ordinals, years.

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [&str; 12] = [
    "",
    "thousand",
    "million",
    "billion",
    "trillion",
    "quadrillion",
    "quintillion",
    "sextillion",
    "septillion",
    "octillion",
    "nonillion",
    "decillion",
];

/// The smallest number without a name.
pub(super) const LIMIT: u128 = 10u128.pow(36);

/// The words for a number.
pub(super) type Words = Vec<&'static str>;

/// Returns the words for a number, without `and`, or `None` from [`LIMIT`] on.
pub(super) fn cardinal(number: u128) -> Option<Words> {
    if number == 0 {
        return Some(vec!["zero"]);
    }
    if number >= LIMIT {
        return None;
    }
    let mut words = Vec::new();
    for (power, scale) in (0u32..).zip(SCALES).collect::<Vec<_>>().into_iter().rev() {
        let group = number / 1000u128.pow(power) % 1000;
        if group > 0 {
            push_below_thousand(&mut words, usize::try_from(group).unwrap_or_default());
            words.extend((power > 0).then_some(scale));
        }
    }
    Some(words)
}

fn push_below_thousand(words: &mut Words, number: usize) {
    let name = |names: &[&'static str], at: usize| names.get(at).copied().unwrap_or_default();
    let (hundreds, rest) = (number / 100, number % 100);
    if hundreds > 0 {
        words.extend([name(&SMALL, hundreds), "hundred"]);
    }
    if rest >= 20 {
        words.push(name(&TENS, rest / 10));
        words.extend((rest % 10 > 0).then(|| name(&SMALL, rest % 10)));
    } else if rest > 0 {
        words.push(name(&SMALL, rest));
    }
}

/// Returns the words for an ordinal number, or `None` from [`LIMIT`] on. The last word may be missing from the
/// dictionaries.
pub(super) fn ordinal(number: u128) -> Option<Vec<String>> {
    let mut words: Vec<String> = cardinal(number)?.into_iter().map(str::to_owned).collect();
    let last = words.pop()?;
    words.push(match last.as_str() {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        other => match other.strip_suffix('y') {
            Some(stem) => format!("{stem}ieth"),
            None => format!("{other}th"),
        },
    });
    Some(words)
}

/// Returns the words for a year: `nineteen oh five`, `two thousand five`.
pub(super) fn year(number: u128) -> Option<Words> {
    let (high, low) = (number / 100, number % 100);
    if high == 0 || (high % 10 == 0 && low < 10) || high >= 100 {
        return cardinal(number);
    }
    let mut words = cardinal(high)?;
    match low {
        0 => words.push("hundred"),
        1..=9 => {
            words.push("oh");
            words.extend(cardinal(low)?);
        }
        _ => words.extend(cardinal(low)?),
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cardinals() {
        for (number, words) in [
            (0, "zero"),
            (7, "seven"),
            (20, "twenty"),
            (42, "forty two"),
            (100, "one hundred"),
            (1_234, "one thousand two hundred thirty four"),
            (1_000_001, "one million one"),
            (10u128.pow(33) * 12, "twelve decillion"),
        ] {
            assert_eq!(cardinal(number).unwrap().join(" "), words);
        }
        assert_eq!(cardinal(LIMIT), None);
    }

    #[test]
    fn ordinals_and_years() {
        for (number, words) in [
            (1, "first"),
            (20, "twentieth"),
            (22, "twenty second"),
            (112, "one hundred twelfth"),
            (4, "fourth"),
        ] {
            assert_eq!(ordinal(number).unwrap().join(" "), words);
        }
        for (number, words) in [
            (1905, "nineteen oh five"),
            (1900, "nineteen hundred"),
            (2005, "two thousand five"),
            (2010, "twenty ten"),
            (1066, "ten sixty six"),
            (99, "ninety nine"),
        ] {
            assert_eq!(year(number).unwrap().join(" "), words);
        }
    }
}
