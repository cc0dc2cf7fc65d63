//! The words that each language uses with numbers.

use super::{Context, Language};
use crate::numbers::Form;
use crate::numbers::portuguese::Country;
use crate::numbers::{french, german, portuguese, spanish};

/// The words that a language uses with numbers.
pub(super) struct Names {
    pub(super) decimal: &'static str,
    pub(super) minus: &'static str,
    pub(super) plus: &'static str,
    pub(super) about: &'static str,
    pub(super) to: &'static str,
    pub(super) percent: &'static str,
    pub(super) months: [&'static str; 12],
    pub(super) hour: &'static str,
    pub(super) hours: &'static str,
}

const GERMAN: Names = Names {
    decimal: "Komma",
    minus: "minus",
    plus: "plus",
    about: "etwa",
    to: "bis",
    percent: "Prozent",
    months: [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    hour: "Uhr",
    hours: "Uhr",
};
const FRENCH: Names = Names {
    decimal: "virgule",
    minus: "moins",
    plus: "plus",
    about: "environ",
    to: "à",
    percent: "pour cent",
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    hour: "heure",
    hours: "heures",
};
const SPANISH: Names = Names {
    decimal: "coma",
    minus: "menos",
    plus: "más",
    about: "unos",
    to: "a",
    percent: "por ciento",
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    hour: "hora",
    hours: "horas",
};
const SPANISH_POINT: Names = Names { decimal: "punto", ..SPANISH };
const PORTUGUESE: Names = Names {
    decimal: "vírgula",
    minus: "menos",
    plus: "mais",
    about: "cerca de",
    to: "a",
    percent: "por cento",
    months: [
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
    ],
    hour: "hora",
    hours: "horas",
};

/// Words after which a German day takes the ending -n: "am dritten April".
const DATIVE: &[&str] = &[
    "am", "dem", "den", "vom", "zum", "beim", "im", "ab", "bis", "seit", "des", "ihrem", "seinem",
    "unserem", "meinem", "diesem",
];

impl Language {
    pub(super) fn names(self) -> &'static Names {
        match self {
            Self::German => &GERMAN,
            Self::French => &FRENCH,
            Self::Spanish(habits) if habits.has_decimal_point => &SPANISH_POINT,
            Self::Spanish(_) => &SPANISH,
            Self::Portuguese(_) => &PORTUGUESE,
        }
    }

    /// Returns the number of a month, from 1, if the word is its name or German abbreviation.
    pub(super) fn month(self, word: &str) -> Option<u64> {
        if word.is_empty() || word.len() > 12 {
            return None;
        }
        let lower = word.to_lowercase();
        let is_short = |name: &str| {
            self == Self::German
                && lower.chars().count() == 3
                && name.to_lowercase().starts_with(&lower)
                && word != "mai"
        };
        (1..)
            .zip(self.names().months)
            .find(|(_, name)| name.to_lowercase() == lower || is_short(name))
            .map(|(n, _)| n)
    }

    pub(super) fn month_name(self, month: u64) -> &'static str {
        let index = usize::try_from(month).unwrap_or(0).wrapping_sub(1);
        self.names().months.get(index).copied().unwrap_or_default()
    }

    pub(super) fn year(self, year: u64) -> String {
        match self {
            Self::German => german::year(year),
            _ => self.cardinal(year, Form::Alone),
        }
    }

    /// Expands a day of the month in the form used before the month.
    pub(super) fn day(self, context: &Context<'_>, index: usize, day: u64) -> String {
        match (self, day) {
            (Self::German, _) if context.follows(index, DATIVE) => german::ordinal(day, "en"),
            (Self::German, _) if context.follows(index, &["der", "die", "das"]) => {
                german::ordinal(day, "e")
            }
            (Self::German, _) => german::ordinal(day, "er"),
            (Self::French, 1) => "premier".to_owned(),
            (Self::Portuguese(Country::Brazil), 1) => "primeiro".to_owned(),
            _ => self.cardinal(day, Form::Alone),
        }
    }

    /// Returns the text that joins day, month and year.
    pub(super) fn date_link(self) -> &'static str {
        match self {
            Self::Spanish(_) | Self::Portuguese(_) => " de ",
            Self::German | Self::French => " ",
        }
    }

    /// Expands an ordinal in the form that its neighbours require.
    pub(super) fn ordinal(
        self,
        context: &Context<'_>,
        index: usize,
        number: u64,
        form: Form,
    ) -> String {
        match self {
            Self::German if context.follows(index, DATIVE) => german::ordinal(number, "en"),
            Self::German
                if context.follows(index, &["ein", "kein", "mein", "unser", "sein", "ihr"]) =>
            {
                german::ordinal(number, "er")
            }
            Self::German => german::ordinal(number, "e"),
            Self::French => french::ordinal(number, form),
            Self::Spanish(_) => spanish::ordinal(number, form),
            Self::Portuguese(country) => portuguese::ordinal(number, form, country),
        }
    }

    /// Returns the words for the hour and the minute of a time, in this order.
    pub(super) fn time(self, hour: u64, minute: u64) -> (String, String) {
        let form = match self {
            Self::German => Form::Masculine,
            _ => Form::Feminine,
        };
        let names = self.names();
        let name = if hour == 1 { names.hour } else { names.hours };
        let spoken = self.cardinal(hour, form);
        let minutes = self.cardinal(minute, Form::Alone);
        match (self, minute) {
            (_, 0) => (format!("{spoken} {name}"), String::new()),
            (Self::German | Self::French, _) => (format!("{spoken} {name}"), minutes),
            (Self::Spanish(_), 30) if hour <= 12 => (spoken, "y media".to_owned()),
            (Self::Spanish(_), 15) if hour <= 12 => (spoken, "y cuarto".to_owned()),
            (Self::Spanish(_), 1..=29) => (spoken, format!("y {minutes}")),
            (Self::Spanish(_), _) => (spoken, minutes),
            (Self::Portuguese(_), _) => (spoken, format!("e {minutes}")),
        }
    }
}
