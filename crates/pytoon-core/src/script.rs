//! Reads a script: plain sentences, or `<SHOT n>` blocks with directions.
//!
//! In a block these are directions and are not spoken: lines labelled `camera:`, `light:`,
//! `mood:`, `style:`, `visual:`; anything in square brackets; and a sentence that begins with a
//! camera term ("Wide shot of …"). When a block has a line labelled `voice:` (or `vo:`,
//! `narrator:`) or a line wholly in quotation marks, only such lines are spoken.
//! Camera, light and mood words anywhere in the block become style.

use crate::preset::{Grade, Move};
use crate::text::{self, Sentence};

/// One stretch of the script: a `<SHOT>` block, or a paragraph of plain text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Beat {
    /// The sentences to speak.
    pub sentences: Vec<Sentence>,
    /// What is to be seen, in the script's words.
    pub direction: String,
    /// Style found in the words.
    pub style: StyleWords,
    /// Whether this came from a `<SHOT>` block, which is never merged with others.
    pub is_shot: bool,
}

/// Camera, light and mood words as style.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StyleWords {
    /// The movement named.
    pub movement: Option<Move>,
    /// The grade that light and mood suggest.
    pub grade: Option<Grade>,
    /// Energy against the usual 1, from the mood.
    pub energy: Option<f64>,
    /// The words that were understood.
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

const CAMERA_OPENINGS: &[&str] = &[
    "wide shot",
    "wide angle",
    "wide-angle",
    "medium shot",
    "close-up",
    "close up",
    "extreme close",
    "macro",
    "aerial",
    "drone shot",
    "tracking shot",
    "slow push",
    "slow pan",
    "push in",
    "pull out",
    "pull back",
    "pan left",
    "pan right",
    "tilt up",
    "tilt down",
    "overhead",
    "top-down",
    "top down",
    "establishing shot",
    "pov",
    "handheld",
    "camera",
    "zoom in",
    "zoom out",
    "static shot",
    "dolly",
];

const DIRECTION_LABELS: &[&str] = &[
    "camera", "light", "lighting", "mood", "style", "visual", "visuals", "shot", "scene", "setting",
];
const VOICE_LABELS: &[&str] =
    &["voice", "vo", "v.o.", "voiceover", "voice-over", "narrator", "narration"];

/// The stretches of a script, in order.
pub fn parse(script: &str) -> Vec<Beat> {
    let blocks = shot_blocks(script);
    if blocks.is_empty() {
        return plain_beats(script);
    }
    blocks.iter().map(|block| shot_beat(block)).collect()
}

/// The style named by words anywhere in a text.
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

fn shot_blocks(script: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut rest = script;
    while let Some((start, end)) = next_marker(rest) {
        let head = &rest[..start];
        match blocks.last_mut() {
            Some(last) => last.push_str(head),
            // Words before the first marker are a stretch of their own.
            None if !head.trim().is_empty() => blocks.push(head.to_owned()),
            None => {}
        }
        blocks.push(String::new());
        rest = &rest[end..];
    }
    if let Some(last) = blocks.last_mut() {
        last.push_str(rest);
    }
    blocks.into_iter().filter(|block| !block.trim().is_empty()).collect()
}

/// The next `<SHOT …>` marker as (start, end).
fn next_marker(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(open) = text[from..].find('<').map(|at| at + from) {
        let close = open + text[open..].find('>')?;
        let inside = text[open + 1..close].trim().to_lowercase();
        let number = inside.strip_prefix("shot").map(str::trim);
        if number.is_some_and(|n| n.is_empty() || n.chars().all(|c| c.is_ascii_digit() || c == ':'))
        {
            return Some((open, close + 1));
        }
        from = open + 1;
    }
    None
}

fn plain_beats(script: &str) -> Vec<Beat> {
    sentences(script)
        .into_iter()
        .map(|sentence| Beat {
            direction: sentence.text.clone(),
            sentences: vec![sentence],
            ..Beat::default()
        })
        .collect()
}

/// Returns the sentences of a text without the bullets of its list items. Numbers stay: they are
/// read.
fn sentences(text: &str) -> Vec<Sentence> {
    let mut sentences = text::sentences_with_ends(text);
    for sentence in &mut sentences {
        let bullet = text::list_marker(&sentence.text)
            .filter(|marker| !marker.starts_with(|c: char| c.is_ascii_digit()));
        sentence.text.drain(..bullet.map_or(0, str::len));
    }
    sentences
}

fn shot_beat(block: &str) -> Beat {
    let mut directions: Vec<String> = Vec::new();
    let mut voiced: Vec<String> = Vec::new();
    let mut loose: Vec<String> = Vec::new();
    for raw in block.lines() {
        let line = take_brackets(raw, &mut directions);
        let line = line.trim();
        if line.is_empty() {
            // A blank line, unless the whole line was a direction.
            if raw.trim().is_empty() {
                loose.push(String::new());
            }
            continue;
        }
        match label(line) {
            Some((Label::Direction, rest)) => directions.push(rest.to_owned()),
            Some((Label::Voice, rest)) => voiced.push(unquote(rest).to_owned()),
            None if is_quoted(line) => voiced.push(unquote(line).to_owned()),
            None => loose.push(line.to_owned()),
        }
    }
    let spoken = if voiced.is_empty() {
        let (camera, words): (Vec<_>, Vec<_>) =
            sentences(&loose.join("\n")).into_iter().partition(|s| opens_with_camera(&s.text));
        directions.extend(camera.into_iter().map(|sentence| sentence.text));
        words
    } else {
        directions.extend(loose.into_iter().filter(|line| !line.is_empty()));
        sentences(&voiced.join("\n"))
    };
    let direction = if directions.is_empty() {
        spoken.iter().map(|sentence| sentence.text.as_str()).collect::<Vec<_>>().join(" ")
    } else {
        directions.join(" ")
    };
    Beat { style: style_words(block), sentences: spoken, direction, is_shot: true }
}

enum Label {
    Direction,
    Voice,
}

fn label(line: &str) -> Option<(Label, &str)> {
    let (head, rest) = line.split_once(':')?;
    let head = head.trim().to_lowercase();
    if DIRECTION_LABELS.contains(&head.as_str()) {
        Some((Label::Direction, rest.trim()))
    } else if VOICE_LABELS.contains(&head.as_str()) {
        Some((Label::Voice, rest.trim()))
    } else {
        None
    }
}

fn take_brackets(line: &str, directions: &mut Vec<String>) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(open) = rest.find('[') {
        let Some(close) = rest[open..].find(']').map(|at| at + open) else { break };
        out.push_str(&rest[..open]);
        directions.push(rest[open + 1..close].trim().to_owned());
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    out
}

fn is_quoted(line: &str) -> bool {
    let ends = [('"', '"'), ('“', '”'), ('«', '»'), ('„', '“'), ('「', '」')];
    let length = line.chars().count();
    length > 2 && ends.iter().any(|&(a, b)| line.starts_with(a) && line.ends_with(b))
}

fn unquote(line: &str) -> &str {
    if is_quoted(line) {
        line.trim_start_matches(['"', '“', '«', '„', '「'])
            .trim_end_matches(['"', '”', '»', '“', '」'])
    } else {
        line
    }
}

fn opens_with_camera(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    CAMERA_OPENINGS.iter().any(|opening| {
        lower.strip_prefix(opening).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(beat: &Beat) -> Vec<&str> {
        beat.sentences.iter().map(|sentence| sentence.text.as_str()).collect()
    }

    #[test]
    fn plain_text_is_one_beat_a_sentence() {
        let beats = parse("Wake up. Coffee is ready!");
        assert_eq!(beats.len(), 2);
        assert_eq!(spoken(&beats[1]), ["Coffee is ready!"]);
        assert!(!beats[0].is_shot);
    }

    #[test]
    fn directions_are_not_spoken() {
        let script = "<SHOT 1>\nCamera: slow push in, golden hour\nWake up to better coffee.\n\
                      <SHOT 2> Wide shot of a kitchen, calm mood. [steam rises] Freshly ground.\n\
                      <shot 3>\nA cup on a table.\nVoice: \"Only $5 today.\"";
        let beats = parse(script);
        assert_eq!(beats.len(), 3);
        assert_eq!(spoken(&beats[0]), ["Wake up to better coffee."]);
        assert_eq!(beats[0].style.movement, Some(Move::PushIn));
        assert_eq!(beats[0].style.grade, Some(Grade::WarmFilm));
        assert_eq!(spoken(&beats[1]), ["Freshly ground."]);
        assert_eq!(beats[1].style.movement, Some(Move::PullOut));
        assert_eq!(beats[1].style.energy, Some(0.7));
        assert!(beats[1].direction.contains("steam rises"));
        assert_eq!(spoken(&beats[2]), ["Only $5 today."]);
        assert_eq!(beats[2].direction, "A cup on a table.");
    }

    #[test]
    fn words_before_the_first_marker_are_kept() {
        let beats = parse("Hello there. <SHOT 1> Bye now.");
        assert_eq!(beats.len(), 2);
        assert_eq!(spoken(&beats[0]), ["Hello there."]);
    }

    #[test]
    fn angle_brackets_in_prose_are_words() {
        let beats = parse("Prices < $5 and > $1. I <3 you.");
        assert_eq!(spoken(&beats[0]), ["Prices < $5 and > $1."]);
    }

    #[test]
    fn style_words_match_whole_words_only() {
        assert_eq!(style_words("a warmup act").grade, None);
        assert_eq!(style_words("warm light").grade, Some(Grade::WarmFilm));
    }
}
