//! Derives the camera move, grade and energy of a scene from words about camera, light and mood.

use crate::preset::{Grade, Move};

/// The style that camera, light and mood words suggest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StyleWords {
    /// The camera move that the words name.
    pub movement: Option<Move>,
    /// The grade that the light and mood words suggest.
    pub grade: Option<Grade>,
    /// The energy that the mood words suggest; 1 is normal.
    pub energy: Option<f64>,
    /// The recognised camera, light and mood words.
    pub keywords: Vec<String>,
}

const MOVES: &[(&str, Move)] = &[
    ("push in", Move::PushIn),
    ("push-in", Move::PushIn),
    ("zoom in", Move::PushIn),
    ("dolly in", Move::PushIn),
    ("close-up", Move::PushIn),
    ("close up", Move::PushIn),
    ("macro", Move::PushIn),
    ("pull out", Move::PullOut),
    ("pull back", Move::PullOut),
    ("zoom out", Move::PullOut),
    ("dolly out", Move::PullOut),
    ("wide shot", Move::PullOut),
    ("reveal", Move::PullOut),
    ("pan left", Move::PanLeft),
    ("pan right", Move::PanRight),
    ("slow pan", Move::PanRight),
    ("tracking shot", Move::PanRight),
    ("tilt up", Move::TiltUp),
    ("crane up", Move::TiltUp),
    ("tilt down", Move::TiltDown),
    ("overhead", Move::TiltDown),
    ("punch in", Move::PunchIn),
    ("static", Move::Hold),
    ("locked off", Move::Hold),
];

const GRADES: &[(&str, Grade)] = &[
    ("golden hour", Grade::WarmFilm),
    ("warm", Grade::WarmFilm),
    ("sunrise", Grade::WarmFilm),
    ("sunset", Grade::WarmFilm),
    ("candle", Grade::WarmFilm),
    ("cozy", Grade::WarmFilm),
    ("dramatic", Grade::TealOrange),
    ("cinematic", Grade::TealOrange),
    ("moody", Grade::TealOrange),
    ("neon", Grade::Punch),
    ("vibrant", Grade::Punch),
    ("bold", Grade::Punch),
    ("cool", Grade::CoolTech),
    ("blue hour", Grade::CoolTech),
    ("futuristic", Grade::CoolTech),
    ("black and white", Grade::Noir),
    ("noir", Grade::Noir),
    ("pastel", Grade::Pastel),
    ("dreamy", Grade::Pastel),
    ("soft light", Grade::Pastel),
];

const ENERGIES: &[(&str, f64)] = &[
    ("slow", 0.75),
    ("calm", 0.7),
    ("peaceful", 0.7),
    ("gentle", 0.75),
    ("dreamy", 0.8),
    ("dramatic", 1.2),
    ("dynamic", 1.35),
    ("energetic", 1.4),
    ("exciting", 1.3),
    ("fast", 1.4),
    ("urgent", 1.4),
];

/// Returns the style that words anywhere in a text suggest. The match that is listed first decides each
/// property, and `keywords` contains all matches.
pub fn style_words(source: &str) -> StyleWords {
    let lower = source.to_lowercase();
    let mut style = StyleWords::default();
    for &(word, movement) in MOVES {
        if contains_word(&lower, word) {
            style.movement.get_or_insert(movement);
            style.keywords.push(word.to_owned());
        }
    }
    for &(word, grade) in GRADES {
        if contains_word(&lower, word) {
            style.grade.get_or_insert(grade);
            style.keywords.push(word.to_owned());
        }
    }
    for &(word, energy) in ENERGIES {
        if contains_word(&lower, word) {
            style.energy.get_or_insert(energy);
            if !style.keywords.iter().any(|k| k == word) {
                style.keywords.push(word.to_owned());
            }
        }
    }
    style
}

fn contains_word(haystack: &str, word: &str) -> bool {
    haystack.match_indices(word).any(|(at, _)| {
        let before = haystack[..at].chars().last();
        let after = haystack[at + word.len()..].chars().next();
        let outside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        outside(before) && outside(after)
    })
}
