//! German, French, Spanish and Portuguese: numbers, money, dates, times and percentages.
//!
//! Guarantees: one spoken word per written word; a token that no rule matches is left unchanged, except that silent
//! signs are removed. The voice expands abbreviations, units and acronyms.

mod agreement;
mod dates;
mod grammar;
mod money;
mod numerals;
mod times;

use crate::numbers::Form;
use crate::numbers::portuguese::Country;
use crate::numbers::{Notation, Numeral, digit_words, french, german, portuguese, scan, spanish};
use crate::pronunciation::Found;
use crate::sentence::{Reading, Sentence, Token};
use crate::{SpokenWord, symbols, with_pronunciations};
use pytoon_core::text::Word;

/// A language whose numbers this module expands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    German,
    French,
    Spanish(Habits),
    Portuguese(Country),
}

/// Number conventions that differ between Spanish-speaking countries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Habits {
    /// True if decimals follow a point rather than a comma.
    has_decimal_point: bool,
    /// True if the dollar sign means pesos.
    has_peso: bool,
}

impl Habits {
    fn of(region: &str) -> Self {
        const POINT: &[&str] = &["MX", "US", "PR", "GT", "HN", "NI", "SV", "PA", "DO", "PE"];
        const PESO: &[&str] = &["MX", "DO", "AR", "CL", "CO", "CU", "UY"];
        Self { has_decimal_point: POINT.contains(&region), has_peso: PESO.contains(&region) }
    }
}

impl Language {
    /// Returns the language for a tag, if this module expands its numbers.
    pub(crate) fn of(base: &str, tag: &str) -> Option<Self> {
        let region = tag.split(['-', '_']).nth(1).unwrap_or_default().to_ascii_uppercase();
        Some(match base {
            "de" => Self::German,
            "fr" => Self::French,
            "es" => Self::Spanish(Habits::of(&region)),
            "pt" if region == "BR" || region.is_empty() => Self::Portuguese(Country::Brazil),
            "pt" => Self::Portuguese(Country::Portugal),
            _ => return None,
        })
    }

    fn notation(self) -> Notation {
        match self {
            Self::Spanish(habits) if habits.has_decimal_point => {
                Notation { group: ',', decimal: '.' }
            }
            _ => Notation { group: '.', decimal: ',' },
        }
    }

    /// Parses the number at the beginning of a text. In `12.50` the group mark is read as a decimal mark,
    /// since no group has one or two digits.
    fn scan(self, text: &str) -> Option<(Numeral, &str)> {
        let usual = self.notation();
        let (numeral, rest) = scan(text, usual)?;
        let other = Notation { group: usual.decimal, decimal: usual.group };
        let decimals = rest
            .strip_prefix(usual.group)
            .map_or(0, |after| crate::numbers::take_digits(after).0.len());
        if numeral.fraction.is_empty()
            && (1..=2).contains(&decimals)
            && !rest.get(1 + decimals..).is_some_and(|more| more.starts_with(usual.group))
        {
            return scan(text, other);
        }
        Some((numeral, rest))
    }

    fn cardinal(self, number: u64, form: Form) -> String {
        match self {
            Self::German => german::cardinal(number, form),
            Self::French => french::cardinal(number, form),
            Self::Spanish(_) => spanish::cardinal(number, form),
            Self::Portuguese(country) => portuguese::cardinal(number, form, country),
        }
    }

    fn digits(self, text: &str) -> String {
        let words = match self {
            Self::German => &german::DIGITS,
            Self::French => &french::DIGITS,
            Self::Spanish(_) => &spanish::DIGITS,
            Self::Portuguese(_) => &portuguese::DIGITS,
        };
        digit_words(text, words)
    }

    /// Expands a number with its decimals.
    fn number(self, numeral: &Numeral, form: Form) -> String {
        let has_leading_zero = numeral.whole.len() > 1 && numeral.whole.starts_with('0');
        let too_long = numeral.is_plain() && numeral.whole.len() > 9;
        let form = if numeral.fraction.is_empty() { form } else { Form::Alone };
        let whole = match numeral.value() {
            Some(value) if !has_leading_zero && !too_long => self.cardinal(value, form),
            _ => self.digits(&numeral.whole),
        };
        if numeral.fraction.is_empty() {
            return whole;
        }
        format!("{whole} {} {}", self.names().decimal, self.decimals(&numeral.fraction))
    }

    /// Expands decimals digit by digit. Outside German, one or two digits without a leading zero are spoken as one
    /// number.
    fn decimals(self, digits: &str) -> String {
        let as_number = self != Self::German && digits.len() <= 2 && !digits.starts_with('0');
        match digits.parse() {
            Ok(value) if as_number => self.cardinal(value, Form::Alone),
            _ => self.digits(digits),
        }
    }
}

type Rule = fn(&Context<'_>, usize) -> Option<Vec<Reading>>;

const RULES: &[Rule] = &[
    times::time,
    dates::date,
    numerals::phone,
    money::money,
    numerals::percent,
    numerals::ordinal,
    numerals::number,
];

/// A sentence and its language.
struct Context<'a> {
    sentence: &'a Sentence,
    language: Language,
}

impl<'a> Context<'a> {
    fn core(&self, index: usize) -> &'a str {
        self.sentence.core(index)
    }

    /// Returns the core of the next token, or an empty text if punctuation is in between.
    fn next(&self, index: usize) -> &'a str {
        if self.sentence.flows(index) { self.core(index + 1) } else { "" }
    }

    /// Returns true if the previous token, in lower case, is one of `words`.
    fn follows(&self, index: usize, words: &[&str]) -> bool {
        let before = self.sentence.before(index, 1);
        before.len() <= 16 && words.contains(&before.to_lowercase().as_str())
    }
}

/// Expands the words of a sentence.
pub(crate) fn read(
    words: &[Word],
    found: Vec<Option<Found>>,
    language: Language,
) -> Vec<SpokenWord> {
    let mut sentence = with_pronunciations(words, found);
    for token in &mut sentence.tokens {
        token.core = plain(&token.core);
    }
    let context = Context { sentence: &sentence, language };
    let mut readings: Vec<Option<Reading>> = Vec::with_capacity(words.len());
    while readings.len() < words.len() {
        let index = readings.len();
        match read_at(&context, index) {
            Some(found) => readings.extend(found.into_iter().map(Some)),
            None => readings.push(None),
        }
    }
    let unread: Vec<bool> = readings.iter().take(words.len()).map(Option::is_none).collect();
    // The marks around an unread word are read with it.
    for token in sentence.tokens.iter_mut().zip(&unread).filter(|(_, unread)| **unread) {
        let core = std::mem::take(&mut token.0.core);
        *token.0 = Token { core, ..Token::default() };
    }
    let readings = readings
        .into_iter()
        .zip(&sentence.tokens)
        .map(|(reading, token)| reading.unwrap_or_else(|| Reading::from(token.core.as_str())))
        .collect();
    let mut spoken = sentence.assemble(readings);
    for ((spoken, word), unread) in spoken.iter_mut().zip(words).zip(unread) {
        if unread {
            spoken.text = symbols::readable(&word.text);
        }
    }
    spoken
}

fn read_at(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let token = context.sentence.tokens.get(index)?;
    if let Some((text, _)) = token.fixed.as_ref() {
        return Some(vec![Reading::from(text.as_str())]);
    }
    if token.core.is_empty() || token.core.len() > 64 || !has_amount(&token.core) {
        return None;
    }
    let mut readings = RULES.iter().find_map(|rule| rule(context, index))?;
    if let Some(first) = readings.first_mut().filter(|_| context.language == Language::German) {
        in_dative(context, index, &mut first.text);
    }
    Some(readings)
}

/// Changes "eine" before a scale to agree with its preposition: "von einer Million".
fn in_dative(context: &Context<'_>, index: usize, text: &mut String) {
    let is_dative =
        context.follows(index, &["von", "mit", "aus", "bei", "zu", "nach", "ab", "seit", "einer"]);
    if is_dative && (text.starts_with("eine Mi") || text == "eine") {
        text.insert(4, 'r');
    }
}

/// Returns true if a token may belong to a number. All rules begin at such a token.
fn has_amount(core: &str) -> bool {
    core.chars().any(|c| c.is_ascii_digit()) || money::is_currency(core) || numerals::is_scale(core)
}

fn plain(core: &str) -> String {
    core.chars()
        .map(|c| match c {
            '\u{2212}' => '-',
            _ => c,
        })
        .collect()
}
