//! The gender of what a number counts, where the next word tells it.

use super::{Context, Form, Language};

const GERMAN_MASCULINE_IN_E: &[&str] =
    &["name", "kunde", "käse", "junge", "ende", "auge", "gebäude", "kollege"];
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
const SPANISH_MASCULINE_IN_A: &[&str] = &[
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
/// Words that no number counts.
const FUNCTION_WORDS: &[&str] = &[
    "und", "oder", "bis", "von", "zu", "mit", "im", "in", "an", "auf", "ist", "sind", "mal",
    "prozent", "et", "ou", "à", "de", "du", "des", "sur", "pour", "par", "est", "sont", "en", "y",
    "o", "a", "por", "con", "para", "es", "son", "del", "la", "las", "e", "ou", "com", "da", "do",
    "das", "dos", "na", "no", "são", "é", "hoje", "hora", "ahora", "era", "más", "mais", "para",
];

/// Returns the form of a number before the next word.
pub(super) fn form(context: &Context<'_>, index: usize) -> Form {
    let next = context.next(index);
    let is_word = !next.is_empty() && next.len() <= 32 && next.chars().all(char::is_alphabetic);
    let lower = if is_word { next.to_lowercase() } else { return Form::Alone };
    let is_hour = matches!(lower.as_str(), "hora" | "horas");
    if FUNCTION_WORDS.contains(&lower.as_str()) && !is_hour {
        return Form::Alone;
    }
    let is_feminine = match context.language {
        Language::German => {
            if GERMAN_UNITS.contains(&next) {
                return Form::Masculine;
            }
            if !next.starts_with(char::is_uppercase) {
                return if lower.ends_with('e') { Form::Feminine } else { Form::Alone };
            }
            is_german_feminine(&lower)
        }
        Language::French => {
            let one = lower.strip_suffix('s').unwrap_or(&lower);
            FRENCH_FEMININE.contains(&lower.as_str())
                || FRENCH_FEMININE.contains(&one)
                || one.ends_with("tion")
                || one.ends_with("ette")
                || one.ends_with("ée")
        }
        Language::Spanish(_) => {
            let ends = ["a", "as", "ción", "ciones", "dad", "dades"]
                .iter()
                .any(|end| lower.ends_with(end));
            (ends && !SPANISH_MASCULINE_IN_A.contains(&lower.as_str()))
                || SPANISH_FEMININE.contains(&lower.as_str())
        }
        Language::Portuguese(_) => {
            let ends =
                ["a", "as", "ção", "ções", "dade", "dades"].iter().any(|end| lower.ends_with(end));
            let masculine = [
                "dia",
                "dias",
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
                "grama",
                "gramas",
            ];
            (ends && !masculine.contains(&lower.as_str()))
                || PORTUGUESE_FEMININE.contains(&lower.as_str())
        }
    };
    if is_feminine { Form::Feminine } else { Form::Masculine }
}

fn is_german_feminine(lower: &str) -> bool {
    let ends = ["ung", "heit", "keit", "schaft", "ion", "tät", "ik", "ur", "in"]
        .iter()
        .any(|end| lower.ends_with(end) && lower.len() > 4);
    let is_in_e =
        lower.ends_with('e') && !lower.ends_with("ee") && !GERMAN_MASCULINE_IN_E.contains(&lower);
    ends || is_in_e || GERMAN_FEMININE.contains(&lower)
}
