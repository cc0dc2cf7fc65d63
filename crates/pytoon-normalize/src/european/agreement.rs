//! Determines the gender of the noun that a number counts, if the next word shows it.

use super::{Context, Language};
use crate::numbers::Form;

const GERMAN_MASCULINE_IN_E: &[&str] =
    &["name", "kunde", "käse", "junge", "ende", "auge", "gebäude", "kollege"];
/// German words that look like inflected adjectives but are not.
const GERMAN_ADVERBS: &[&str] = &[
    "heute", "ohne", "gerne", "bitte", "über", "unter", "hinter", "aber", "oder", "immer", "hier",
    "wieder", "beide", "alle", "sowie", "weder", "sehr", "eher", "nahe", "gilt",
];
/// Words that precede a number used as a name: "Nummer eins".
pub(super) const LABELS: &[&str] = &[
    "nummer",
    "nr",
    "platz",
    "teil",
    "kapitel",
    "band",
    "seite",
    "folge",
    "staffel",
    "liga",
    "gruppe",
    "numéro",
    "chapitre",
    "page",
    "partie",
    "saison",
    "épisode",
    "número",
    "capítulo",
    "página",
    "parte",
    "temporada",
    "episodio",
    "episódio",
    "grupo",
];
const GERMAN_UNITS: &[&str] = &["km", "m", "cm", "mm", "kg", "g", "mg", "l", "ml", "kWh"];
const GERMAN_FEMININE: &[&str] = &[
    "idee",
    "armee",
    "allee",
    "stadt",
    "nacht",
    "woche",
    "person",
    "frau",
    "uhr",
    "zeit",
    "bank",
    "hand",
    "mark",
    "art",
    "tür",
    "fahrt",
    "form",
    "zahl",
    "nummer",
    "firma",
    "app",
    "million",
    "milliarde",
    "mail",
    "mutter",
    "tochter",
    "schwester",
    "wand",
    "wahl",
];
const FRENCH_FEMININE: &[&str] = &[
    "heure",
    "minute",
    "seconde",
    "personne",
    "année",
    "semaine",
    "journée",
    "nuit",
    "page",
    "pièce",
    "fois",
    "livre",
    "tonne",
    "femme",
    "fille",
    "voiture",
    "maison",
    "ville",
    "rue",
    "tasse",
    "bouteille",
    "chose",
    "idée",
    "question",
    "réponse",
    "étoile",
    "photo",
    "vidéo",
    "place",
    "part",
    "partie",
    "étape",
    "recette",
    "cuillère",
    "tranche",
    "boîte",
    "nouvelle",
    "bonne",
    "petite",
    "grande",
    "seule",
];
/// Spanish and Portuguese nouns that end in -a or -as but are masculine.
const MASCULINE_IN_A: &[&str] = &[
    "día",
    "días",
    "problema",
    "problemas",
    "programa",
    "programas",
    "sistema",
    "sistemas",
    "tema",
    "temas",
    "mapa",
    "mapas",
    "kilograma",
    "idioma",
    "idiomas",
    "planeta",
    "planetas",
    "poema",
    "poemas",
    "dia",
    "dias",
    "grama",
    "gramas",
];
const SPANISH_FEMININE: &[&str] = &[
    "vez",
    "veces",
    "mujer",
    "mujeres",
    "noche",
    "noches",
    "ciudad",
    "ciudades",
    "foto",
    "fotos",
    "parte",
    "partes",
    "clase",
    "clases",
    "calle",
    "calles",
    "mano",
    "manos",
    "opción",
    "opciones",
    "habitación",
    "habitaciones",
    "canción",
    "canciones",
    "sesión",
    "sesiones",
    "llave",
    "llaves",
];
const PORTUGUESE_FEMININE: &[&str] = &[
    "vez",
    "vezes",
    "mulher",
    "mulheres",
    "noite",
    "noites",
    "cidade",
    "cidades",
    "foto",
    "fotos",
    "parte",
    "partes",
    "classe",
    "classes",
    "flor",
    "flores",
    "mão",
    "mãos",
    "opção",
    "opções",
    "canção",
    "canções",
    "sessão",
    "sessões",
    "lição",
    "lições",
    "voz",
    "vozes",
    "avaliação",
    "avaliações",
];
/// Function words. A number before one of these has no noun to agree with.
const FUNCTION_WORDS: &[&str] = &[
    "und", "oder", "bis", "von", "zu", "mit", "im", "in", "an", "auf", "ist", "sind", "mal",
    "prozent", "et", "ou", "à", "de", "du", "des", "sur", "pour", "par", "est", "sont", "en", "y",
    "o", "a", "por", "con", "para", "es", "son", "del", "la", "las", "e", "ou", "com", "da", "do",
    "das", "dos", "na", "no", "são", "é", "hoje", "hora", "ahora", "era", "más", "mais", "para",
];

/// Returns the grammatical form of a number before the next word.
pub(super) fn form(context: &Context<'_>, index: usize) -> Form {
    if context.follows(index, LABELS) {
        return Form::Alone;
    }
    let next = context.next(index);
    let is_word = !next.is_empty() && next.len() <= 32 && next.chars().all(char::is_alphabetic);
    let lower = if is_word { next.to_lowercase() } else { return Form::Alone };
    let is_hour = matches!(lower.as_str(), "hora" | "horas");
    if FUNCTION_WORDS.contains(&lower.as_str()) && !is_hour {
        return Form::Alone;
    }
    if context.language == Language::German {
        return german(next, &lower);
    }
    let is_feminine = match context.language {
        Language::French => is_french_feminine(&lower),
        Language::Spanish(_) => is_iberian_feminine(
            &lower,
            &["a", "as", "ción", "ciones", "dad", "dades"],
            SPANISH_FEMININE,
        ),
        _ => is_iberian_feminine(
            &lower,
            &["a", "as", "ção", "ções", "dade", "dades"],
            PORTUGUESE_FEMININE,
        ),
    };
    if is_feminine { Form::Feminine } else { Form::Masculine }
}

/// Returns the form of a number before a German word: a noun, an adjective (by its ending), or a unit.
fn german(word: &str, lower: &str) -> Form {
    let is_noun = word.starts_with(char::is_uppercase);
    let is_adjective = !is_noun && lower.len() > 3 && !GERMAN_ADVERBS.contains(&lower);
    match lower {
        _ if GERMAN_UNITS.contains(&word) => Form::Masculine,
        _ if is_noun && is_german_feminine(lower) => Form::Feminine,
        _ if is_noun => Form::Masculine,
        _ if is_adjective && lower.ends_with('e') => Form::Feminine,
        _ if is_adjective && (lower.ends_with("er") || lower.ends_with("es")) => Form::Masculine,
        _ => Form::Alone,
    }
}

fn is_french_feminine(lower: &str) -> bool {
    let one = lower.strip_suffix('s').unwrap_or(lower);
    let ends = ["tion", "ette", "ée"].iter().any(|end| one.ends_with(end));
    ends || FRENCH_FEMININE.contains(&lower) || FRENCH_FEMININE.contains(&one)
}

fn is_iberian_feminine(lower: &str, endings: &[&str], feminine: &[&str]) -> bool {
    let ends = endings.iter().any(|end| lower.ends_with(end));
    (ends && !MASCULINE_IN_A.contains(&lower)) || feminine.contains(&lower)
}

fn is_german_feminine(lower: &str) -> bool {
    let ends = ["ung", "heit", "keit", "schaft", "ion", "tät", "ik", "ur", "in"]
        .iter()
        .any(|end| lower.ends_with(end) && lower.len() > 4);
    let is_in_e =
        lower.ends_with('e') && !lower.ends_with("ee") && !GERMAN_MASCULINE_IN_E.contains(&lower);
    ends || is_in_e || GERMAN_FEMININE.contains(&lower)
}
