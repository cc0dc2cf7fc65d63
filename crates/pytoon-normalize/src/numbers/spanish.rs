//! Spanish number words.
//!
//! Guarantees: for numbers below 10¹⁵ the output has only words and no digits, with "un" and "veintiún" before nouns,
//! and feminine hundreds before feminine nouns.

use super::words;
use crate::numbers::Form;

const ONES: [&str; 30] = [
    "cero",
    "uno",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
    "diez",
    "once",
    "doce",
    "trece",
    "catorce",
    "quince",
    "dieciséis",
    "diecisiete",
    "dieciocho",
    "diecinueve",
    "veinte",
    "veintiuno",
    "veintidós",
    "veintitrés",
    "veinticuatro",
    "veinticinco",
    "veintiséis",
    "veintisiete",
    "veintiocho",
    "veintinueve",
];
const TENS: [&str; 10] =
    ["", "", "", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"];
const HUNDREDS: [&str; 10] = [
    "",
    "ciento",
    "doscientos",
    "trescientos",
    "cuatrocientos",
    "quinientos",
    "seiscientos",
    "setecientos",
    "ochocientos",
    "novecientos",
];
const ORDINALS: [&str; 11] = [
    "", "primero", "segundo", "tercero", "cuarto", "quinto", "sexto", "séptimo", "octavo",
    "noveno", "décimo",
];
const ORDINAL_TENS: [&str; 10] = [
    "",
    "décimo",
    "vigésimo",
    "trigésimo",
    "cuadragésimo",
    "quincuagésimo",
    "sexagésimo",
    "septuagésimo",
    "octogésimo",
    "nonagésimo",
];

pub(crate) const DIGITS: [&str; 10] =
    ["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"];

fn word(table: &'static [&'static str], index: u64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| table.get(index)).copied().unwrap_or_default()
}

fn below_hundred(number: u64, form: Form) -> String {
    match (number, form) {
        (0, _) => String::new(),
        (1, Form::Masculine) => "un".to_owned(),
        (1, Form::Feminine) => "una".to_owned(),
        (21, Form::Masculine) => "veintiún".to_owned(),
        (21, Form::Feminine) => "veintiuna".to_owned(),
        (1..=29, _) => word(&ONES, number).to_owned(),
        _ if number.is_multiple_of(10) => word(&TENS, number / 10).to_owned(),
        _ => format!("{} y {}", word(&TENS, number / 10), below_hundred(number % 10, form)),
    }
}

fn below_thousand(number: u64, form: Form) -> String {
    if number == 100 {
        return "cien".to_owned();
    }
    let hundreds = word(&HUNDREDS, number / 100);
    let hundreds = match (form, hundreds.strip_suffix("os")) {
        (Form::Feminine, Some(stem)) => format!("{stem}as"),
        _ => hundreds.to_owned(),
    };
    words([hundreds.as_str(), &below_hundred(number % 100, form)])
}

fn below_million(number: u64, form: Form) -> String {
    let (high, low) = (number / 1000, number % 1000);
    let before_mil = if form == Form::Feminine && high > 1 && high % 100 != 1 {
        Form::Feminine
    } else {
        Form::Masculine
    };
    let high = match high {
        0 => String::new(),
        1 => "mil".to_owned(),
        _ => format!("{} mil", below_thousand(high, before_mil)),
    };
    words([high.as_str(), &below_thousand(low, form)])
}

/// Returns the words for a cardinal.
pub(crate) fn cardinal(number: u64, form: Form) -> String {
    if number == 0 {
        return "cero".to_owned();
    }
    let (billions, millions, rest) =
        (number / 1_000_000_000_000, number / 1_000_000 % 1_000_000, number % 1_000_000);
    let scale = |count: u64, one: &str, many: &str| match count {
        0 => String::new(),
        1 => one.to_owned(),
        _ => format!("{} {many}", below_million(count, Form::Masculine)),
    };
    words([
        scale(billions, "un billón", "billones").as_str(),
        &scale(millions, "un millón", "millones"),
        &below_million(rest, form),
    ])
}

/// Returns the words for an ordinal below 100. Larger ordinals are spoken as cardinals, as people do.
pub(crate) fn ordinal(number: u64, form: Form) -> String {
    let spoken = match number {
        1..=10 => word(&ORDINALS, number).to_owned(),
        11 => "undécimo".to_owned(),
        12 => "duodécimo".to_owned(),
        13..=99 => words([word(&ORDINAL_TENS, number / 10), word(&ORDINALS, number % 10)]),
        _ => return cardinal(number, Form::Alone),
    };
    match (form, number) {
        (Form::Feminine, _) => spoken
            .split(' ')
            .map(|part| format!("{}a", part.trim_end_matches('o')))
            .collect::<Vec<_>>()
            .join(" "),
        (Form::Masculine, 1 | 3) => spoken.trim_end_matches('o').to_owned(),
        _ => spoken,
    }
}
