//! Words that identify stage directions, sounds and speakers.

use std::collections::BTreeSet;

/// Words that show that text in round brackets is a sound, music or a camera move. Every word in the brackets must be
/// in this list or in [`SOUND_WORDS`], and at least one in this list.
const SOUNDS: &[&str] = &[
    "music",
    "song",
    "jingle",
    "beat",
    "beats",
    "drums",
    "piano",
    "guitar",
    "strings",
    "applause",
    "applauds",
    "clapping",
    "claps",
    "cheering",
    "cheers",
    "laughter",
    "laughs",
    "laughing",
    "chuckles",
    "giggles",
    "sighs",
    "gasps",
    "whispers",
    "whispering",
    "shouts",
    "cries",
    "coughs",
    "clears",
    "sound",
    "sounds",
    "sfx",
    "vo",
    "noise",
    "whoosh",
    "ding",
    "bell",
    "bells",
    "drumroll",
    "birds",
    "chirping",
    "thunder",
    "rain",
    "waves",
    "engine",
    "crowd",
    "silence",
    "camera",
    "zoom",
    "zooms",
    "cut",
    "cuts",
    "fade",
    "fades",
    "pan",
    "pans",
    "close-up",
    "closeup",
    "b-roll",
    "broll",
    "musik",
    "applaus",
    "gelächter",
    "lacht",
    "geräusch",
    "kamera",
    "musique",
    "applaudissements",
    "rires",
    "rire",
    "caméra",
    "música",
    "musica",
    "aplausos",
    "risas",
    "risos",
    "cámara",
    "câmera",
    "музыка",
    "аплодисменты",
    "смех",
    "смеётся",
    "звук",
    "камера",
    "موسيقى",
    "تصفيق",
    "ضحك",
    "संगीत",
    "तालियाँ",
    "हँसी",
    "ดนตรี",
    "เสียงหัวเราะ",
    "音乐",
    "掌声",
    "笑声",
    "音楽",
    "拍手",
    "笑い",
];
/// Words that may accompany those of [`SOUNDS`] but do not identify a sound on their own.
const SOUND_WORDS: &[&str] = &[
    "a",
    "the",
    "of",
    "in",
    "out",
    "up",
    "down",
    "and",
    "to",
    "at",
    "on",
    "from",
    "into",
    "softly",
    "loudly",
    "quietly",
    "slowly",
    "background",
    "upbeat",
    "soft",
    "gentle",
    "calm",
    "quiet",
    "slow",
    "fast",
    "loud",
    "dramatic",
    "epic",
    "happy",
    "sad",
    "light",
    "cheerful",
    "inspiring",
    "uplifting",
    "ambient",
    "acoustic",
    "electronic",
    "plays",
    "playing",
    "play",
    "starts",
    "starting",
    "begins",
    "stops",
    "ends",
    "swells",
    "rises",
    "rising",
    "continues",
    "throat",
    "roll",
    "left",
    "right",
    "black",
    "white",
    "intro",
    "outro",
    "theme",
    "effect",
    "effects",
    "audience",
    "nervously",
    "audibly",
    "singing",
    "sing",
    "close",
    "wide",
    "shot",
    "leise",
    "sanfte",
    "fröhliche",
    "douce",
    "joyeuse",
    "suave",
    "alegre",
    "тихая",
    "весёлая",
    "هادئة",
];
/// Openings that mark all text after them as a direction.
const SOUND_OPENINGS: &[&str] = &[
    "sfx:",
    "sfx ",
    "music:",
    "sound:",
    "sound of ",
    "sounds of ",
    "camera ",
    "camera:",
    "visual:",
    "cut to",
    "fade to",
    "zoom in",
    "zoom out",
    "b-roll:",
    "on screen:",
    "on-screen",
    "text on screen",
];

/// Speaker labels before a colon; a number may follow.
const SPEAKERS: &[&str] = &[
    "narrator",
    "narration",
    "voiceover",
    "voice-over",
    "voice over",
    "voice",
    "vo",
    "v.o.",
    "v/o",
    "host",
    "guest",
    "speaker",
    "announcer",
    "presenter",
    "interviewer",
    "sprecher",
    "sprecherin",
    "erzähler",
    "erzählerin",
    "narrateur",
    "narratrice",
    "voix off",
    "voix-off",
    "narrador",
    "narradora",
    "locutor",
    "locutora",
    "voz en off",
    "locução",
    "narração",
    "narratore",
    "voce fuori campo",
    "диктор",
    "рассказчик",
    "ведущий",
    "голос за кадром",
    "旁白",
    "解说",
    "主持人",
    "嘉宾",
    "ナレーション",
    "ナレーター",
    "내레이션",
    "الراوي",
    "सूत्रधार",
    "ผู้บรรยาย",
];
/// Labels before a colon that name parts of a short film and are not spoken.
const PARTS: &[&str] = &[
    "hook",
    "intro",
    "body",
    "outro",
    "cta",
    "call to action",
    "scene",
    "shot",
    "slide",
    "clip",
    "szene",
    "escena",
    "cena",
    "scène",
];
/// Labels that name a part of a film only if a number follows, such as `Scene 2`.
const NUMBERED_PARTS: &[&str] =
    &["scene", "shot", "slide", "clip", "szene", "escena", "cena", "scène"];
/// Labels that mark a line as a direction.
const LINES: &[&str] = &[
    "sfx",
    "sound effect",
    "sound effects",
    "b-roll",
    "broll",
    "visual",
    "visuals",
    "on screen",
    "on-screen",
    "on-screen text",
    "text on screen",
    "text overlay",
    "overlay",
    "lower third",
    "caption on screen",
    "background music",
    "transition",
    "camera move",
    "camera angle",
    "cut to",
    "fade to",
    "fade in",
    "fade out",
    "dissolve to",
    "geräusch",
    "musik im hintergrund",
    "música de fondo",
    "musique de fond",
];
/// Labels that mark a direction only if they are in capitals or a sound follows, since otherwise they may begin a
/// sentence.
const LINES_IN_CAPITALS: &[&str] = &[
    "CAMERA",
    "MUSIC",
    "SOUND",
    "SCENE",
    "SHOT",
    "VIDEO",
    "TEXT",
    "GRAPHIC",
    "SUPER",
    "TITLE CARD",
];
/// The beginnings of screenplay headings.
const HEADINGS: &[&str] = &["INT. ", "EXT. ", "INT/EXT. ", "INT./EXT. ", "I/E. "];
/// Transition lines between the scenes of a screenplay.
const CUTS: &[&str] = &[
    "CUT TO",
    "FADE IN",
    "FADE OUT",
    "FADE TO BLACK",
    "FADE TO",
    "DISSOLVE TO",
    "SMASH CUT TO",
    "MATCH CUT TO",
];

/// Returns true if words in brackets describe a sound, music or a camera move.
pub(super) fn is_sound(inside: &str) -> bool {
    let inside = inside.trim().to_lowercase();
    if SOUND_OPENINGS.iter().any(|opening| inside.starts_with(opening)) {
        return true;
    }
    let mut names_sound = false;
    for word in inside.split(|c: char| c.is_whitespace() || c == ',').filter(|w| !w.is_empty()) {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '-');
        let is_sound = SOUNDS.contains(&word);
        names_sound |= is_sound;
        if !is_sound && !SOUND_WORDS.contains(&word) {
            return false;
        }
    }
    names_sound
}

/// Returns the start of the direction's words if the whole line is a direction, or `None` otherwise.
pub(super) fn line(line: &[char]) -> Option<usize> {
    const LONGEST: usize = 24;
    let text: String = line.iter().filter(|c| **c != super::cells::OBJECT).collect();
    let text = text.trim();
    let is_heading = HEADINGS.iter().any(|start| text.starts_with(start));
    if (is_heading && text == text.to_uppercase())
        || CUTS.contains(&text.trim_end_matches([':', '.']))
    {
        return Some(0);
    }
    let colon = line.iter().take(LONGEST).position(|c| matches!(c, ':' | '：'))?;
    let label: String = line[..colon].iter().filter(|c| **c != super::cells::OBJECT).collect();
    let label = label.trim();
    let stands_apart = line.get(colon + 1).is_none_or(|c| !c.is_alphanumeric());
    let rest: String = line[colon + 1..].iter().collect();
    let is_label = LINES.contains(&label.to_lowercase().as_str())
        || LINES_IN_CAPITALS.contains(&label)
        || (LINES_IN_CAPITALS.contains(&label.to_uppercase().as_str()) && is_sound(&rest));
    (is_label && stands_apart).then_some(colon + 1)
}

/// Returns the length in characters of the label of a speaker or a film's part at the start of a line,
/// including its colon and the spaces after it. For a line that contains only a speaker's name in capitals,
/// returns the length of the line. `names` are the speakers of a dialogue.
pub(super) fn speaker_label(line: &[char], names: &BTreeSet<String>) -> Option<usize> {
    const LONGEST: usize = 30;
    let Some(colon) = line.iter().take(LONGEST).position(|c| matches!(c, ':' | '：')) else {
        return is_speaker_alone(line).then_some(line.len());
    };
    let label: String = line[..colon].iter().filter(|c| **c != super::cells::OBJECT).collect();
    let label = label.trim();
    let bare = without_additions(label);
    let is_numbered = bare.len() < label.len();
    let is_part =
        PARTS.contains(&bare.as_str()) && (is_numbered || !NUMBERED_PARTS.contains(&bare.as_str()));
    if !SPEAKERS.contains(&bare.as_str()) && !is_part && !names.contains(label) {
        return None;
    }
    let after = &line[colon + 1..];
    let blanks = after.iter().take_while(|c| c.is_whitespace() && **c != '\n').count();
    // `10:30` and `a:b` are not labels; ideographs need no blank.
    let is_solid = bare.chars().last().is_some_and(crate::text::is_unspaced_script);
    let stands_apart = blanks > 0 || after.is_empty() || line[colon] == '：' || after[0] == '\n';
    let is_marked = after.first() == Some(&super::cells::OBJECT);
    (stands_apart || is_solid || is_marked).then_some(colon + 1 + blanks)
}

/// Returns a speaker label in lower case without its suffix: `narrator` for `Narrator (V.O.)`, `speaker` for `Speaker
/// 2`.
fn without_additions(label: &str) -> String {
    let label = label.to_lowercase();
    let bare = label.split('(').next().unwrap_or_default();
    bare.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_whitespace() || c == '#').to_owned()
}

/// Returns true for a line with nothing but a speaker's name in capitals, as in screenplays: `NARRATOR
/// (V.O.)`.
fn is_speaker_alone(line: &[char]) -> bool {
    let text: String = line.iter().collect();
    let text = text.trim();
    text == text.to_uppercase()
        && text != text.to_lowercase()
        && SPEAKERS.contains(&without_additions(text).as_str())
}
