//! Money: a currency before or after an amount, with cents, scales, ranges and a denominator.

use super::context::Context;
use super::units;
use crate::numbers::english::{Dialect, NOTATION, cardinal, number};
use crate::numbers::{Numeral, scan};
use crate::sentence::Reading;

/// A currency: its written forms, its names, and the names of its hundredth part.
struct Currency {
    written: &'static [&'static str],
    one: &'static str,
    many: &'static str,
    cent: &'static str,
    cents: &'static str,
}

const fn currency(
    written: &'static [&'static str],
    one: &'static str,
    many: &'static str,
    cent: &'static str,
    cents: &'static str,
) -> Currency {
    Currency { written, one, many, cent, cents }
}

/// The currencies. Longer signs precede shorter ones with the same beginning.
const CURRENCIES: &[Currency] = &[
    currency(&["US$", "U$S"], "U S dollar", "U S dollars", "cent", "cents"),
    currency(&["USD"], "U S dollar", "U S dollars", "cent", "cents"),
    currency(&["AU$", "A$", "AUD"], "Australian dollar", "Australian dollars", "cent", "cents"),
    currency(&["CA$", "C$", "CAD"], "Canadian dollar", "Canadian dollars", "cent", "cents"),
    currency(&["NZ$", "NZD"], "New Zealand dollar", "New Zealand dollars", "cent", "cents"),
    currency(&["HK$", "HKD"], "Hong Kong dollar", "Hong Kong dollars", "cent", "cents"),
    currency(&["NT$", "TWD"], "Taiwan dollar", "Taiwan dollars", "cent", "cents"),
    currency(&["S$", "SGD"], "Singapore dollar", "Singapore dollars", "cent", "cents"),
    currency(&["R$", "BRL"], "real", "reais", "centavo", "centavos"),
    currency(&["MX$", "MXN"], "Mexican peso", "Mexican pesos", "centavo", "centavos"),
    currency(&["$"], "dollar", "dollars", "cent", "cents"),
    currency(&["€", "EUR"], "euro", "euros", "cent", "cents"),
    currency(&["£"], "pound", "pounds", "penny", "pence"),
    currency(&["GBP"], "British pound", "British pounds", "penny", "pence"),
    currency(&["¥", "￥", "JPY"], "yen", "yen", "sen", "sen"),
    currency(&["CNY", "RMB", "元"], "yuan", "yuan", "fen", "fen"),
    currency(&["₹", "INR"], "rupee", "rupees", "paisa", "paise"),
    currency(&["₨", "Rs", "PKR"], "rupee", "rupees", "paisa", "paise"),
    currency(&["₩", "KRW"], "won", "won", "jeon", "jeon"),
    currency(&["₽", "RUB"], "ruble", "rubles", "kopeck", "kopecks"),
    currency(&["₺", "TRY"], "lira", "lira", "kurush", "kurush"),
    currency(&["₪", "ILS", "NIS"], "shekel", "shekels", "agora", "agorot"),
    currency(&["₫", "VND"], "dong", "dong", "xu", "xu"),
    currency(&["฿", "THB"], "baht", "baht", "satang", "satang"),
    currency(&["₴", "UAH"], "hryvnia", "hryvnias", "kopeck", "kopecks"),
    currency(&["₦", "NGN"], "naira", "naira", "kobo", "kobo"),
    currency(&["₱", "PHP"], "peso", "pesos", "centavo", "centavos"),
    currency(&["₵", "GHS"], "cedi", "cedis", "pesewa", "pesewas"),
    currency(&["₡", "CRC"], "colon", "colones", "centimo", "centimos"),
    currency(&["₿", "BTC"], "bitcoin", "bitcoins", "cent", "cents"),
    currency(&["CHF"], "Swiss franc", "Swiss francs", "centime", "centimes"),
    currency(&["SEK"], "Swedish krona", "Swedish kronor", "ore", "ore"),
    currency(&["NOK"], "Norwegian krone", "Norwegian kroner", "ore", "ore"),
    currency(&["DKK"], "Danish krone", "Danish kroner", "ore", "ore"),
    currency(&["kr"], "krone", "kroner", "ore", "ore"),
    currency(&["zł", "PLN"], "zloty", "zlotys", "grosz", "groszy"),
    currency(&["Kč", "CZK"], "koruna", "korunas", "haler", "halers"),
    currency(&["HUF"], "forint", "forints", "filler", "fillers"),
    currency(&["ZAR"], "rand", "rand", "cent", "cents"),
    currency(&["KES", "KSh"], "Kenyan shilling", "Kenyan shillings", "cent", "cents"),
    currency(&["AED"], "dirham", "dirhams", "fils", "fils"),
    currency(&["SAR"], "Saudi riyal", "Saudi riyals", "halala", "halalas"),
    currency(&["¢"], "cent", "cents", "", ""),
];
/// Currency codes that are words in a text written in capitals.
const WORDS: &[&str] = &["TRY", "RUB"];
/// Scales that may follow an amount, such as `million` and `mio`, with their spoken words.
const SCALES: &[(&str, &str)] = &[
    ("thousand", "thousand"),
    ("million", "million"),
    ("billion", "billion"),
    ("trillion", "trillion"),
    ("mio", "million"),
    ("mil", "million"),
    ("mln", "million"),
    ("bln", "billion"),
    ("mm", "million"),
    ("mn", "million"),
    ("bn", "billion"),
    ("tn", "trillion"),
    ("k", "thousand"),
    ("m", "million"),
    ("b", "billion"),
    ("t", "trillion"),
];

/// Nouns that an amount can modify without an article.
const MONEY_NOUNS: &[&str] = &[
    "bill", "bills", "coin", "coins", "note", "notes", "gift", "coupon", "coupons", "voucher",
    "vouchers", "discount", "prize", "prizes", "question",
];

/// An amount of money within one token.
struct Amount {
    sign: &'static str,
    numeral: Numeral,
    scale: &'static str,
    /// The upper end of a range and its scale.
    to: Option<(Numeral, &'static str)>,
    has_plus: bool,
    per: Option<String>,
}

/// Expands the denominator of an amount: `month`, `person/day`.
fn denominators(text: &str) -> Option<String> {
    let parts: Option<Vec<String>> = text.split('/').take(4).map(units::denominator).collect();
    parts.filter(|parts| parts.len() <= 3).map(|parts| parts.join(" per "))
}

/// Returns the name of a scale from its written form.
pub(super) fn scale(text: &str) -> Option<&'static str> {
    let lower = if text.len() <= 9 { text.to_lowercase() } else { return None };
    SCALES.iter().find(|(known, _)| *known == lower).map(|(_, word)| *word)
}

/// Returns the name of a scale that is a separate token. A single letter is not a scale.
fn scale_word(text: &str) -> Option<&'static str> {
    if text.len() < 2 { None } else { scale(text) }
}

fn currency_alone(text: &str) -> Option<&'static Currency> {
    if text.is_empty() || text.len() > 4 || text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    CURRENCIES.iter().find(|currency| currency.written.contains(&text))
}

fn currency_before(text: &str) -> Option<(&'static Currency, &str)> {
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    CURRENCIES.iter().find_map(|currency| {
        currency.written.iter().find_map(|sign| Some((currency, text.strip_prefix(sign)?)))
    })
}

/// Expands money that begins at a token.
pub(super) fn money(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    if core.len() > 80 {
        return None;
    }
    if let Some(readings) = sign_alone(context, index) {
        return Some(readings);
    }
    match parse(core) {
        Some((Some(currency), amount)) => Some(with_currency(context, index, currency, &amount)),
        Some((None, amount)) => currency_after(context, index, &amount),
        None => None,
    }
}

/// Parses a token as an amount, with the currency if the token contains one.
fn parse(core: &str) -> Option<(Option<&'static Currency>, Amount)> {
    let (sign, rest) = sign(core);
    let (before, rest) = match currency_before(rest) {
        Some((currency, rest)) => (Some(currency), rest),
        None => (None, rest),
    };
    let (inner_sign, rest) =
        if before.is_some() && sign.is_empty() { self::sign(rest) } else { ("", rest) };
    let (numeral, rest) = scan(rest, NOTATION)?;
    let (scale, rest) = split_scale(rest, before.is_some());
    let (to, rest) = upper_end(rest);
    let scale_of_both = match &to {
        Some((_, upper)) if scale.is_empty() => upper,
        _ => scale,
    };
    let is_currency_rest = before.is_none() && !rest.is_empty();
    let (after, rest) = match currency_before(rest).filter(|_| is_currency_rest) {
        Some((currency, rest)) => (Some(currency), rest),
        None => (None, rest),
    };
    let (has_plus, rest) = match rest.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (per, rest) = match rest.strip_prefix('/') {
        Some(unit) => (Some(denominators(unit)?), ""),
        None => (None, rest),
    };
    let sign = if sign.is_empty() { inner_sign } else { sign };
    let amount = Amount { sign, numeral, scale: scale_of_both, to, has_plus, per };
    rest.is_empty().then_some((before.or(after), amount))
}

fn sign(text: &str) -> (&'static str, &str) {
    let signs = [
        ('-', "minus "),
        ('–', "minus "),
        ('+', "plus "),
        ('~', "about "),
        ('≈', "about "),
        ('<', "less than "),
        ('>', "more than "),
    ];
    let found = signs.iter().find_map(|(sign, word)| Some((*word, text.strip_prefix(*sign)?)));
    found.unwrap_or(("", text))
}

/// Splits off a scale attached to a number, such as `m` in `$5m`. Without a currency before or after it, such a text
/// is not a scale.
fn split_scale(text: &str, has_currency: bool) -> (&'static str, &str) {
    for (written, word) in SCALES {
        let Some(head) = text.get(..written.len()) else { continue };
        let rest = &text[written.len()..];
        let ends = !rest.starts_with(char::is_alphabetic);
        if head.eq_ignore_ascii_case(written) && ends && (has_currency || is_currency_next(rest)) {
            return (word, rest);
        }
    }
    ("", text)
}

fn is_currency_next(text: &str) -> bool {
    currency_before(text).is_some()
}

fn upper_end(text: &str) -> (Option<(Numeral, &'static str)>, &str) {
    let Some(after) = text.strip_prefix(['-', '–', '—']) else { return (None, text) };
    let after = currency_before(after).map_or(after, |(_, rest)| rest);
    let Some((numeral, rest)) = scan(after, NOTATION) else { return (None, text) };
    let (scale, rest) = split_scale(rest, true);
    (Some((numeral, scale)), rest)
}

fn with_currency(
    context: &Context<'_>,
    index: usize,
    currency: &Currency,
    amount: &Amount,
) -> Vec<Reading> {
    let is_attributive =
        context.is_attributive(index) || MONEY_NOUNS.contains(&context.next(index));
    let scale = Some(context.next(index))
        .filter(|_| amount.scale.is_empty() && amount.per.is_none())
        .and_then(scale_word);
    if let Some(scale) = scale {
        let name = if is_attributive { currency.one } else { currency.many };
        let first = format!("{}{}", amount.sign, range(amount, context.dialect));
        return vec![Reading::from(first), Reading::from(format!("{scale} {name}"))];
    }
    if let Some(readings) = split_range(context, index, amount) {
        return readings;
    }
    vec![Reading::from(read_amount(amount, currency, is_attributive, context.dialect))]
}

/// Expands the lower end and the dash of a range such as `$5 - $10`. The currency is spoken only after the upper end.
fn split_range(context: &Context<'_>, index: usize, amount: &Amount) -> Option<Vec<Reading>> {
    let dash = context.next(index);
    let is_dash = matches!(dash, "-" | "–" | "—") && context.sentence.flows(index + 1);
    let (upper_currency, _) = parse(context.core(index + 2)).filter(|_| is_dash)?;
    upper_currency?;
    let lower = number(&amount.numeral, context.dialect);
    let lower = crate::numbers::words([amount.sign.trim(), &lower, amount.scale]);
    Some(vec![Reading::from(lower), Reading::from("to")])
}

fn range(amount: &Amount, dialect: Dialect) -> String {
    let lower = number(&amount.numeral, dialect);
    match &amount.to {
        Some((upper, _)) => format!("{lower} to {}", number(upper, dialect)),
        None => lower,
    }
}

/// Returns the words for an amount, with its currency, plus sign and denominator.
fn read_amount(
    amount: &Amount,
    currency: &Currency,
    is_attributive: bool,
    dialect: Dialect,
) -> String {
    let body = match &amount.to {
        Some((upper, upper_scale)) => {
            let lower_scale = if amount.scale == *upper_scale { "" } else { amount.scale };
            let lower = number(&amount.numeral, dialect);
            let upper = number(upper, dialect);
            let name = if is_attributive { currency.one } else { currency.many };
            crate::numbers::words([&lower, lower_scale, "to", &upper, upper_scale, name])
        }
        None if amount.scale.is_empty() => {
            plain_amount(&amount.numeral, currency, is_attributive, dialect)
        }
        None => {
            let name = if is_attributive { currency.one } else { currency.many };
            format!("{} {} {name}", number(&amount.numeral, dialect), amount.scale)
        }
    };
    let plus = if amount.has_plus { " plus" } else { "" };
    let per = match amount.per.as_deref() {
        Some("each") => " each".to_owned(),
        Some(per) => format!(" per {per}"),
        None => String::new(),
    };
    format!("{}{body}{plus}{per}", amount.sign)
}

/// Expands an amount without a scale. Cents are spoken after the currency.
fn plain_amount(
    numeral: &Numeral,
    currency: &Currency,
    is_attributive: bool,
    dialect: Dialect,
) -> String {
    let name = if is_attributive || numeral.is_one() { currency.one } else { currency.many };
    let cents: Option<u64> = (numeral.fraction.len() == 2 && !currency.cent.is_empty())
        .then(|| numeral.fraction.parse().ok())
        .flatten();
    let Some(cents) = cents else { return format!("{} {name}", number(numeral, dialect)) };
    let whole = Numeral { fraction: String::new(), ..numeral.clone() };
    let is_one = is_attributive || whole.is_one();
    let name = if is_one { currency.one } else { currency.many };
    let cent_name = if is_attributive || cents == 1 { currency.cent } else { currency.cents };
    let said = cardinal(cents, dialect);
    match (whole.whole.trim_start_matches('0'), cents) {
        (_, 0) => format!("{} {name}", number(&whole, dialect)),
        ("", _) => format!("{said} {cent_name}"),
        (_, 1..=9) => format!("{} {name} and {said} {cent_name}", number(&whole, dialect)),
        _ => format!("{} {name} {said}", number(&whole, dialect)),
    }
}

/// Expands an amount whose currency is in a later token: `20 €`, `2 million EUR`, `5 USD`.
fn currency_after(context: &Context<'_>, index: usize, amount: &Amount) -> Option<Vec<Reading>> {
    let next = context.next(index);
    let is_attributive = context.is_attributive(index);
    if let Some(scale) = scale_word(next).filter(|_| context.sentence.flows(index + 1)) {
        let currency = currency_alone(context.core(index + 2))?;
        let name = if is_attributive { currency.one } else { currency.many };
        let first = format!("{}{}", amount.sign, range(amount, context.dialect));
        return Some(vec![Reading::from(first), Reading::from(scale), Reading::from(name)]);
    }
    let (sign, per) = match next.split_once('/') {
        Some((sign, per)) => (sign, Some(denominators(per)?)),
        None => (next, None),
    };
    let currency = currency_alone(sign).filter(|_| amount.per.is_none())?;
    let scale = amount.scale;
    let whole = Amount {
        sign: amount.sign,
        numeral: amount.numeral.clone(),
        scale,
        to: amount.to.clone(),
        has_plus: amount.has_plus,
        per,
    };
    let spoken = read_amount(&whole, currency, is_attributive, context.dialect);
    let name_at =
        [currency.many, currency.one].iter().find_map(|name| spoken.find(&format!(" {name}")));
    let cent_at = || {
        [currency.cents, currency.cent]
            .iter()
            .filter(|name| !name.is_empty())
            .find_map(|name| spoken.find(&format!(" {name}")))
    };
    let at = name_at.or_else(cent_at)?;
    let (number, name) = spoken.split_at(at);
    Some(vec![Reading::from(number), Reading::from(name.trim())])
}

/// Expands a currency that is in the token before its amount: `$ 20`, `USD 20`.
fn sign_alone(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    let stop_of_rupees = core == "Rs" && context.sentence.flows_past_stop(index);
    let flows = context.sentence.flows(index) || stop_of_rupees;
    let currency = currency_alone(core).filter(|_| flows)?;
    let (own, amount) = parse(context.core(index + 1))?;
    if own.is_some() || matches!(core, "kr" | "¢") || (context.is_shouting && WORDS.contains(&core))
    {
        return None;
    }
    let empty = Reading { text: String::new(), eats_stop: true };
    let scale = scale_word(context.next(index + 1)).filter(|_| amount.scale.is_empty());
    let is_attributive = context.is_attributive(index);
    if let Some(scale) = scale {
        let name = if is_attributive { currency.one } else { currency.many };
        let first = format!("{}{}", amount.sign, range(&amount, context.dialect));
        return Some(vec![empty, Reading::from(first), Reading::from(format!("{scale} {name}"))]);
    }
    let spoken = read_amount(&amount, currency, is_attributive, context.dialect);
    if core.chars().all(char::is_alphabetic)
        && let Some((number, name)) =
            spoken.find(&format!(" {}", currency.many)).map(|at| spoken.split_at(at))
    {
        return Some(vec![Reading::abbreviation(number), Reading::from(name.trim())]);
    }
    Some(vec![empty, Reading::from(spoken)])
}
