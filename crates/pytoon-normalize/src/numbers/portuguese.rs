//! Portuguese number words, as used in Brazil and Portugal.
//!
//! Guarantees: for numbers below 10¹⁵ the output has only words and no digits, with "uma" and "duas" before feminine
//! nouns.

use super::{thousands, words};
use crate::numbers::Form;

const ONES: [&str; 20] = [
    "zero",
    "um",
    "dois",
    "três",
    "quatro",
    "cinco",
    "seis",
    "sete",
    "oito",
    "nove",
    "dez",
    "onze",
    "doze",
    "treze",
    "catorze",
    "quinze",
    "dezesseis",
    "dezessete",
    "dezoito",
    "dezenove",
];
const TENS: [&str; 10] = [
    "",
    "",
    "vinte",
    "trinta",
    "quarenta",
    "cinquenta",
    "sessenta",
    "setenta",
    "oitenta",
    "noventa",
];
const HUNDREDS: [&str; 10] = [
    "",
    "cento",
    "duzentos",
    "trezentos",
    "quatrocentos",
    "quinhentos",
    "seiscentos",
    "setecentos",
    "oitocentos",
    "novecentos",
];
const ORDINALS: [&str; 10] = [
    "", "primeiro", "segundo", "terceiro", "quarto", "quinto", "sexto", "sétimo", "oitavo", "nono",
];
const ORDINAL_TENS: [&str; 10] = [
    "",
    "décimo",
    "vigésimo",
    "trigésimo",
    "quadragésimo",
    "quinquagésimo",
    "sexagésimo",
    "septuagésimo",
    "octogésimo",
    "nonagésimo",
];

pub(crate) const DIGITS: [&str; 10] =
    ["zero", "um", "dois", "três", "quatro", "cinco", "seis", "sete", "oito", "nove"];

/// The country of the Portuguese speaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Country {
    Brazil,
    Portugal,
}

fn word(table: &'static [&'static str], index: u64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| table.get(index)).copied().unwrap_or_default()
}

fn below_hundred(number: u64, form: Form, country: Country) -> String {
    match (number, form, country) {
        (0, ..) => String::new(),
        (1, Form::Feminine, _) => "uma".to_owned(),
        (2, Form::Feminine, _) => "duas".to_owned(),
        (16, _, Country::Portugal) => "dezasseis".to_owned(),
        (17, _, Country::Portugal) => "dezassete".to_owned(),
        (19, _, Country::Portugal) => "dezanove".to_owned(),
        (1..=19, ..) => word(&ONES, number).to_owned(),
        _ if number.is_multiple_of(10) => word(&TENS, number / 10).to_owned(),
        _ => {
            format!("{} e {}", word(&TENS, number / 10), below_hundred(number % 10, form, country))
        }
    }
}

fn below_thousand(number: u64, form: Form, country: Country) -> String {
    if number == 100 {
        return "cem".to_owned();
    }
    let hundreds = word(&HUNDREDS, number / 100);
    let hundreds = match (form, hundreds.strip_suffix("os")) {
        (Form::Feminine, Some(stem)) => format!("{stem}as"),
        _ => hundreds.to_owned(),
    };
    let rest = below_hundred(number % 100, form, country);
    if hundreds.is_empty() || rest.is_empty() {
        words([hundreds.as_str(), &rest])
    } else {
        format!("{hundreds} e {rest}")
    }
}

fn scale(group: u64, power: usize, form: Form, country: Country) -> String {
    let (one, many) = match (power, country) {
        (0, _) => return below_thousand(group, form, country),
        (1, _) if group == 1 => return "mil".to_owned(),
        (1, _) => return format!("{} mil", below_thousand(group, form, country)),
        (2, _) => ("milhão", "milhões"),
        (3, Country::Brazil) => ("bilhão", "bilhões"),
        (3, Country::Portugal) if group == 1 => return "mil milhões".to_owned(),
        (3, Country::Portugal) => ("mil milhões", "mil milhões"),
        (_, Country::Brazil) => ("trilhão", "trilhões"),
        (_, Country::Portugal) => ("bilião", "biliões"),
    };
    if group == 1 {
        format!("um {one}")
    } else {
        format!("{} {many}", below_thousand(group, Form::Masculine, country))
    }
}

/// Returns the words for a cardinal.
pub(crate) fn cardinal(number: u64, form: Form, country: Country) -> String {
    if number == 0 {
        return "zero".to_owned();
    }
    let groups = thousands(number);
    let last = groups.len().saturating_sub(1);
    let mut spoken = String::new();
    for (at, &(group, power)) in groups.iter().enumerate() {
        if at > 0 {
            let joins = at == last && (group < 100 || group % 100 == 0);
            spoken.push_str(if joins { " e " } else { " " });
        }
        spoken.push_str(&scale(group, power, form, country));
    }
    spoken
}

/// Returns the words for an ordinal below 100. Larger ordinals are spoken as cardinals, as people do.
pub(crate) fn ordinal(number: u64, form: Form, country: Country) -> String {
    if !(1..100).contains(&number) {
        return cardinal(number, Form::Alone, country);
    }
    let spoken = words([word(&ORDINAL_TENS, number / 10), word(&ORDINALS, number % 10)]);
    if form != Form::Feminine {
        return spoken;
    }
    spoken
        .split(' ')
        .map(|part| format!("{}a", part.trim_end_matches('o')))
        .collect::<Vec<_>>()
        .join(" ")
}
