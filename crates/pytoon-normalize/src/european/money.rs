//! Money: `12,50 €`, `5 $`, `€5`, `R$ 20`, `20 EUR`, `10-20 €`, `2 Mio. €`.

use super::{Context, Language, numerals};
use crate::numbers::Form;
use crate::numbers::Numeral;
use crate::numbers::portuguese::Country;
use crate::sentence::Reading;

/// A currency with its names in German, French, Spanish and Portuguese, each singular and plural.
struct Currency {
    written: &'static [&'static str],
    names: [(&'static str, &'static str); 4],
    cents: [(&'static str, &'static str); 4],
    /// True if the currency is feminine in French, Spanish and Portuguese ("livre", "libra").
    is_feminine: bool,
}

const CENTS: [(&str, &str); 4] =
    [("Cent", "Cent"), ("centime", "centimes"), ("céntimo", "céntimos"), ("cêntimo", "cêntimos")];
const DOLLAR_CENTS: [(&str, &str); 4] =
    [("Cent", "Cent"), ("cent", "cents"), ("centavo", "centavos"), ("centavo", "centavos")];
const PENCE: [(&str, &str); 4] =
    [("Penny", "Pence"), ("penny", "pence"), ("penique", "peniques"), ("péni", "pence")];
const NO_CENTS: [(&str, &str); 4] = [("", ""); 4];

const CURRENCIES: &[Currency] = &[
    Currency {
        written: &["€", "EUR"],
        names: [("Euro", "Euro"), ("euro", "euros"), ("euro", "euros"), ("euro", "euros")],
        cents: CENTS,
        is_feminine: false,
    },
    Currency {
        written: &["US$", "USD"],
        names: [
            ("US-Dollar", "US-Dollar"),
            ("dollar américain", "dollars américains"),
            ("dólar estadounidense", "dólares estadounidenses"),
            ("dólar americano", "dólares americanos"),
        ],
        cents: DOLLAR_CENTS,
        is_feminine: false,
    },
    Currency {
        written: &["R$", "BRL"],
        names: [("Real", "Real"), ("réal", "réals"), ("real", "reales"), ("real", "reais")],
        cents: DOLLAR_CENTS,
        is_feminine: false,
    },
    Currency {
        written: &["MXN", "MX$"],
        names: [("Peso", "Pesos"), ("peso", "pesos"), ("peso", "pesos"), ("peso", "pesos")],
        cents: DOLLAR_CENTS,
        is_feminine: false,
    },
    Currency {
        written: &["$"],
        names: [
            ("Dollar", "Dollar"),
            ("dollar", "dollars"),
            ("dólar", "dólares"),
            ("dólar", "dólares"),
        ],
        cents: DOLLAR_CENTS,
        is_feminine: false,
    },
    Currency {
        written: &["£", "GBP"],
        names: [("Pfund", "Pfund"), ("livre", "livres"), ("libra", "libras"), ("libra", "libras")],
        cents: PENCE,
        is_feminine: true,
    },
    Currency {
        written: &["CHF", "Fr"],
        names: [
            ("Franken", "Franken"),
            ("franc suisse", "francs suisses"),
            ("franco suizo", "francos suizos"),
            ("franco suíço", "francos suíços"),
        ],
        cents: CENTS,
        is_feminine: false,
    },
    Currency {
        written: &["¥", "JPY"],
        names: [("Yen", "Yen"), ("yen", "yens"), ("yen", "yenes"), ("iene", "ienes")],
        cents: NO_CENTS,
        is_feminine: false,
    },
    Currency {
        written: &["ct"],
        names: [
            ("Cent", "Cent"),
            ("centime", "centimes"),
            ("céntimo", "céntimos"),
            ("cêntimo", "cêntimos"),
        ],
        cents: NO_CENTS,
        is_feminine: false,
    },
];

/// Returns true if a token is the sign or code of a currency.
pub(super) fn is_currency(text: &str) -> bool {
    alone(text).is_some()
}

fn alone(text: &str) -> Option<&'static Currency> {
    CURRENCIES.iter().find(|currency| currency.written.contains(&text))
}

fn before(text: &str) -> Option<(&'static Currency, &str)> {
    CURRENCIES.iter().find_map(|currency| {
        currency.written.iter().find_map(|sign| Some((currency, text.strip_prefix(sign)?)))
    })
}

impl Currency {
    fn name(&self, language: Language) -> (&'static str, &'static str) {
        // In Mexico, Argentina and others the dollar sign is a peso.
        let has_peso = matches!(language, Language::Spanish(habits) if habits.has_peso);
        let is_peso = has_peso && self.written == ["$"];
        if is_peso { ("peso", "pesos") } else { pick(language, &self.names) }
    }

    fn cent(&self, language: Language) -> (&'static str, &'static str) {
        let names = pick(language, &self.cents);
        let is_brazilian = language == Language::Portuguese(Country::Brazil);
        if is_brazilian && names.0 == "cêntimo" { ("centavo", "centavos") } else { names }
    }
}

fn pick(
    language: Language,
    names: &[(&'static str, &'static str); 4],
) -> (&'static str, &'static str) {
    let [german, french, spanish, portuguese] = *names;
    match language {
        Language::German => german,
        Language::French => french,
        Language::Spanish(_) => spanish,
        Language::Portuguese(_) => portuguese,
    }
}

/// An amount of money: its sign, its number and, in a range, the upper end.
struct Amount {
    sign: String,
    numeral: Numeral,
    to: Option<Numeral>,
}

fn amount(language: Language, text: &str) -> Option<(Amount, &str)> {
    let (sign, rest) = numerals::sign(language, text);
    let (numeral, rest) = language.scan(rest)?;
    let upper = rest
        .strip_prefix(['-', '–'])
        .map(|after| before(after).map_or(after, |(_, after)| after))
        .and_then(|after| language.scan(after));
    let (to, rest) = match upper {
        Some((to, rest)) => (Some(to), rest),
        None => (None, rest),
    };
    Some((Amount { sign, numeral, to }, rest))
}

/// Expands money that begins at a token.
pub(super) fn money(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    let language = context.language;
    if let Some(currency) = alone(core) {
        if let Some((amount, "")) = amount(language, context.next(index)) {
            let silent = Reading { text: String::new(), eats_stop: true };
            if let Some(scaled) = before_scale(context, index + 1, currency, &amount) {
                return Some(std::iter::once(silent).chain(scaled).collect());
            }
            return Some(vec![silent, Reading::from(full_amount(language, currency, &amount))]);
        }
        return after_scale(context, index, currency);
    }
    let bare = core.strip_prefix('-').unwrap_or(core);
    if let Some((currency, rest)) = before(bare) {
        let (mut amount, rest) = amount(language, rest)?;
        if core.len() > bare.len() {
            amount.sign = format!("{} ", language.names().minus);
        }
        if let Some(scaled) = before_scale(context, index, currency, &amount) {
            return rest.is_empty().then(|| scaled.into());
        }
        return rest
            .is_empty()
            .then(|| vec![Reading::from(full_amount(language, currency, &amount))]);
    }
    let (amount, rest) = amount(language, core)?;
    if let Some(currency) = alone(rest) {
        return Some(vec![Reading::from(full_amount(language, currency, &amount))]);
    }
    let spaced = if rest.is_empty() { parse_spaced(context, index) } else { None };
    let (amount, count) = match spaced {
        Some((numeral, count)) => (Amount { numeral, ..amount }, count),
        None => (amount, 1),
    };
    let flows = context.sentence.flows(index + count - 1);
    let currency = alone(context.core(index + count)).filter(|_| rest.is_empty() && flows)?;
    let (number, name) = parts(language, currency, &amount);
    let mut readings: Vec<Reading> =
        crate::numbers::share(&number, count).into_iter().map(Reading::from).collect();
    readings.push(Reading::from(name));
    Some(readings)
}

/// Parses an amount whose groups of three digits are separate tokens: `1 500,50 €`. Returns it with its number of
/// tokens.
fn parse_spaced(context: &Context<'_>, index: usize) -> Option<(Numeral, usize)> {
    numerals::parse_spaced_groups(context, index)
}

/// Expands a currency after a scale (`5 Mio. €`, `2 millones €`), or a currency sign on its own.
fn after_scale(context: &Context<'_>, index: usize, currency: &Currency) -> Option<Vec<Reading>> {
    let (_, many) = currency.name(context.language);
    let before = context.sentence.before(index, 1).to_lowercase();
    let has_scale = SCALES.iter().any(|scale| before.starts_with(scale));
    let is_sign = context.core(index).chars().all(|c| !c.is_alphanumeric());
    let link = if has_scale { link(context.language, many) } else { "" };
    (has_scale || is_sign).then(|| vec![Reading::from(format!("{link}{many}"))])
}

/// Prefixes of the words for a million and larger scales.
const SCALES: &[&str] = &["mill", "mio", "mrd", "milh", "bil"];

/// Expands an amount with a scale whose currency is written first: `R$ 2 milhões`. The currency is spoken after the
/// scale.
fn before_scale(
    context: &Context<'_>,
    index: usize,
    currency: &Currency,
    amount: &Amount,
) -> Option<[Reading; 2]> {
    let language = context.language;
    let scale = context.next(index);
    let lower = if scale.len() <= 12 { scale.to_lowercase() } else { return None };
    let is_scale = SCALES.iter().any(|beginning| lower.starts_with(beginning));
    let (_, many) = currency.name(language);
    let name = numerals::scale(language, scale).unwrap_or(scale);
    let number = language.number(&amount.numeral, Form::Masculine);
    let first = Reading::from(format!("{}{number}", amount.sign));
    let second = Reading::abbreviation(format!("{name} {}{many}", link(language, many)));
    is_scale.then_some([first, second])
}

/// Returns the "de" or "d'" between millions and the counted noun, or an empty text in German.
fn link(language: Language, name: &str) -> &'static str {
    match language {
        Language::German => "",
        Language::French if name.starts_with(['a', 'e', 'i', 'o', 'u']) => "d'",
        _ => "de ",
    }
}

fn full_amount(language: Language, currency: &Currency, amount: &Amount) -> String {
    let (number, name) = parts(language, currency, amount);
    if name.is_empty() { number } else { format!("{number} {name}") }
}

/// Returns the words before the currency, and the currency with the words after it.
fn parts(language: Language, currency: &Currency, amount: &Amount) -> (String, String) {
    let form = if currency.is_feminine && language != Language::German {
        Form::Feminine
    } else {
        Form::Masculine
    };
    let (one, many) = currency.name(language);
    let sign = &amount.sign;
    if let Some(to) = &amount.to {
        let (from, to) = (language.number(&amount.numeral, Form::Alone), language.number(to, form));
        return (format!("{sign}{from} {} {to}", language.names().to), many.to_owned());
    }
    let whole = Numeral { fraction: String::new(), ..amount.numeral.clone() };
    let name = if is_singular(language, &whole) { one } else { many };
    let (cent, cents) = currency.cent(language);
    let fraction = amount.numeral.fraction.as_str();
    let value: Option<u64> =
        if fraction.len() == 2 && !cent.is_empty() { fraction.parse().ok() } else { None };
    let Some(value) = value else {
        let millions =
            whole.value().is_some_and(|value| value >= 1_000_000 && value % 1_000_000 == 0)
                && fraction.is_empty();
        let link = if millions { link(language, name) } else { "" };
        let name = if fraction.is_empty() { name } else { many };
        return (
            format!("{sign}{}", language.number(&amount.numeral, form)),
            format!("{link}{name}"),
        );
    };
    let number = format!("{sign}{}", language.number(&whole, form));
    let said = language.cardinal(value, Form::Masculine);
    let cent = if value == 1 { cent } else { cents };
    if value == 0 {
        return (number, name.to_owned());
    }
    if whole.whole.trim_start_matches('0').is_empty() {
        return (format!("{sign}{said}"), cent.to_owned());
    }
    let alone = language.cardinal(value, Form::Alone);
    let tail = match language {
        Language::German | Language::French if value >= 10 => alone,
        Language::German => format!("und {said} {cent}"),
        Language::French => format!("et {said} {cent}"),
        Language::Spanish(_) => format!("con {alone}"),
        Language::Portuguese(_) => format!("e {said} {cent}"),
    };
    (number, format!("{name} {tail}"))
}

/// Returns true if the currency is singular: after 1, and in French also after 0.
fn is_singular(language: Language, whole: &Numeral) -> bool {
    whole.is_one() || (language == Language::French && whole.value() == Some(0))
}
