//! Notes: messages to users about corrections, omissions and approximations.
//!
//! A note has a stable code, parameters and a short English sentence, with the remedy if there is one. The
//! terminal prints the sentence; the API and the receipt contain all three ([`NoteReport`]). Faults that stop
//! a running film are errors, not notes.
//!
//! Start with [`Note`]. Add a note as a variant with named fields and its sentence in
//! [`Note::fmt`](std::fmt::Display).

use crate::time::MAX_FILM;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A message about a film or its plan that is not an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "code", content = "params", rename_all = "snake_case")]
pub enum Note {
    /// Markdown, HTML or SSML markup, which is neither shown nor spoken.
    MarksRemoved {
        /// The removed markup, each kind once.
        marks: Vec<String>,
        /// The number of links whose address was removed.
        links: usize,
    },
    /// Labels of speakers or of parts of the script, which are neither shown nor spoken.
    SpeakersRemoved {
        /// The removed labels, each once.
        speakers: Vec<String>,
    },
    /// Stage directions, which are not spoken; they describe the scenes.
    DirectionsRemoved {
        /// The removed stage directions, in order.
        directions: Vec<String>,
    },
    /// A paragraph whose line breaks may or may not end sentences.
    LinesJoined {
        /// The number of lines in the paragraph.
        lines: usize,
    },
    /// A script without a single word to speak, only markup or emoji.
    NothingToSpeak {},
    /// A writing system of the brief that no installed font covers.
    ScriptWithoutFont {
        /// The name of the writing system.
        script: String,
        /// The Debian package that contains a font for the writing system.
        package: String,
    },
    /// Characters of the brief that no installed font covers.
    LettersWithoutFont {
        /// The missing characters, each once.
        letters: String,
    },
    /// A pause in the script that exceeds the limit.
    PauseShortened {
        /// The requested length of the pause, in milliseconds.
        asked_ms: u32,
        /// The length of the pause used, in milliseconds.
        used_ms: u32,
    },
    /// A transition replaced by a crossfade, since the film is `brand_safe`.
    TransitionReplaced {
        /// The scene's id.
        scene: String,
        /// The transition that the brief requests.
        transition: String,
    },
    /// Media files that are shown only briefly, because there are many for the number of scenes.
    MediaShownBriefly {
        /// The number of media files in the brief.
        files: usize,
        /// The number of scenes in the film.
        scenes: usize,
    },
    /// A film that is longer than the brief requests.
    FilmExtended {
        /// The necessary length of the film, in milliseconds.
        needed_ms: i64,
        /// The requested length of the film, in milliseconds.
        asked_ms: i64,
    },
    /// A voice that was sped up to fit the maximum film length.
    VoiceSpedUp {
        /// The factor by which the voice is faster.
        factor: f64,
    },
    /// Captions that viewers cannot read in time.
    CaptionsTooFast {
        /// The number of captions that are too fast to read.
        fast: usize,
        /// The number of captions in the film.
        captions: usize,
        /// The text of the caption that exceeds its limit the most.
        text: String,
        /// The speed of that caption, in characters per second.
        speed: f64,
        /// The fastest readable speed for that caption, in characters per second.
        limit: f64,
        /// True if the voice is a recording, whose speed cannot be changed.
        recorded: bool,
    },
    /// A guess at the language, since the words do not identify it.
    LanguageAssumed {
        /// The tag of the assumed language.
        language: String,
    },
    /// A language that only a formant voice speaks on this machine.
    NoNaturalVoice {
        /// The tag of the language.
        language: String,
        /// The name of the provider that speaks.
        provider: String,
        /// The command that installs a natural voice.
        command: String,
    },
    /// A voice whose language is not that of the script.
    VoiceOfOtherLanguage {
        /// The voice's name.
        voice: String,
        /// The language that the voice speaks.
        speaks: String,
        /// The language of the script.
        words: String,
    },
    /// A voice provider that failed to speak.
    VoiceProviderFailed {
        /// The provider's name.
        provider: String,
        /// The reason for the failure.
        reason: String,
    },
    /// A fallback to the next voice provider of the chain.
    VoiceFallback {
        /// The name of the provider that spoke.
        provider: String,
    },
    /// The film's earlier voice, which is no longer available.
    VoiceLost {
        /// The name of the voice, if it has one, and its provider.
        voice: String,
        /// The reason that the voice is unavailable.
        reason: String,
    },
    /// A paid voice service that speaks only when the film is made. Until then the times come from a local voice.
    VoiceBoughtLater {
        /// The provider's name.
        provider: String,
        /// The estimated price of the speech, such as `$0.0120`.
        estimate: String,
    },
    /// A budget that is too small to pay for every scene.
    BudgetTooSmall {
        /// The estimated cost of the voice and the scenes, such as `$1.20`.
        cost: String,
        /// The budget of the film.
        budget: String,
        /// True if the film is rejected; false if the local engine draws part of it.
        refused: bool,
    },
    /// A provider that is configured under its old name.
    OldProviderName {
        /// The field of the brief or the configuration that uses the old name.
        field: String,
        /// The old name of the provider.
        name: String,
    },
    /// A film without a voice, since no provider could speak the words.
    FilmSilent {},
    /// Unusable settings of a voice provider.
    VoiceSettingsUnusable {
        /// The reason that the settings are unusable.
        reason: String,
    },
    /// An engine that the brief names and that is unavailable.
    EngineUnavailable {
        /// The field of the brief.
        field: String,
        /// The name of the engine.
        engine: String,
        /// The reason that the engine is unavailable.
        reason: String,
    },
    /// A recording without a script that could not be transcribed.
    RecordingWithoutScript {
        /// The reason for the failure.
        reason: String,
    },
    /// A recording that leaves out words of its script.
    RecordingLacksWords {
        /// The missing words.
        words: String,
        /// The position in the recording at which the words are missing, in milliseconds.
        at_ms: i64,
        /// True if the recording ends before the missing words.
        at_end: bool,
    },
    /// A recording that contains words beyond its script.
    RecordingSaysMore {
        /// The start of the extra speech in the recording, in milliseconds.
        from_ms: i64,
        /// The end of the extra speech, in milliseconds.
        to_ms: i64,
    },
    /// A recording whose word times are only estimated.
    WordsSpread {
        /// The reason for the estimate.
        reason: String,
    },
    /// A clip whose colours were converted to the colour space of the film.
    ClipColoursConverted {
        /// The clip's file name.
        file: String,
        /// The clip's colour format, such as `HLG, BT.2020`.
        colours: String,
    },
    /// A clip that loses more than half of its picture to cropping, since the frame has another aspect ratio.
    ClipCropped {
        /// The clip's file name.
        file: String,
        /// The visible share of the clip, in percent.
        percent: u32,
    },
    /// A logo that is smaller than usual, since it is much higher than wide.
    LogoReduced {
        /// The logo's file name.
        file: String,
        /// The shown width relative to the usual one, in percent.
        percent: u32,
    },
    /// A clip whose alpha is lost, since the installed FFmpeg cannot read it.
    ClipAlphaUnread {
        /// The clip's file name.
        file: String,
    },
    /// A clip whose fields are shown together, since the installed FFmpeg cannot deinterlace.
    ClipInterlaced {
        /// The clip's file name.
        file: String,
    },
    /// A clip without audio, because it has none or FFmpeg cannot decode it.
    ClipSilent {
        /// The clip's file name.
        file: String,
    },
    /// A picture whose transparency is lost, since FFmpeg cannot decode alpha in this format.
    PictureAlphaUnread {
        /// The picture's file name.
        file: String,
    },
    /// A picture without an end marker that is otherwise complete.
    PictureWithoutEnd {
        /// The picture's file name.
        file: String,
    },
}

/// Returns the last component of a path.
pub fn file_name(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned()
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MarksRemoved { marks, links } => {
                let mut parts = Vec::new();
                if !marks.is_empty() {
                    parts.push(format!("the marks {}", quote_list(marks)));
                }
                match links {
                    0 => {}
                    1 => parts.push("the URL of a link".to_owned()),
                    _ => parts.push(format!("the URLs of {links} links")),
                }
                write!(f, "left out of captions and voice: {}", parts.join(", "))
            }
            Self::SpeakersRemoved { speakers } => {
                write!(f, "left out of captions and voice: the labels {}", quote_list(speakers))
            }
            Self::DirectionsRemoved { directions } => {
                write!(
                    f,
                    "directions for the picture, which the voice does not speak: {}",
                    quote_list(directions)
                )
            }
            Self::LinesJoined { lines } => write!(
                f,
                "pytoon joined {lines} lines of the script: put a blank line or `- ` between \
                 them if each is a sentence of its own"
            ),
            Self::NothingToSpeak {} => f.write_str(
                "the script has no words to speak, so the film shows it without a voice",
            ),
            Self::ScriptWithoutFont { script, package } => write!(
                f,
                "no installed font has {script} letters, so they are missing in the picture; \
                 install one (`apt install {package}`)"
            ),
            Self::LettersWithoutFont { letters } => write!(
                f,
                "characters that no installed font has are missing in the picture: `{}`; install a font that has them",
                shorten(letters)
            ),
            Self::PauseShortened { asked_ms, used_ms } => write!(
                f,
                "pytoon shortened a pause of {:.1} s to {:.1} s, the longest that a script may \
                     request",
                seconds(i64::from(*asked_ms)),
                seconds(i64::from(*used_ms))
            ),
            Self::TransitionReplaced { scene, transition } => write!(
                f,
                "{scene}: the transition `{transition}` became `crossfade`, because the film is \
                 brand_safe"
            ),
            Self::MediaShownBriefly { files, scenes } => write!(
                f,
                "{files} media files share {scenes} scenes, so each appears only briefly: use \
                     fewer files or a longer script"
            ),
            Self::FilmExtended { needed_ms, asked_ms } => write!(
                f,
                "the film lasts {:.1} s instead of the requested {:.1} s, because its scenes \
                     need that long: shorten the script or lower `min_duration_seconds`",
                seconds(*needed_ms),
                seconds(*asked_ms)
            ),
            Self::VoiceSpedUp { factor } => {
                let most = MAX_FILM / 1000;
                write!(
                    f,
                    "the voice speaks {factor:.3} times faster, so that the film fits \
                     into {most} s: shorten the script for a normal pace"
                )
            }
            Self::CaptionsTooFast { fast, captions, text, speed, limit, recorded } => {
                let advice = if *recorded {
                    "shorten the script, or record it more slowly"
                } else {
                    "slow the voice (voice.speed) or give the film more time"
                };
                write!(
                    f,
                    "{fast} of {captions} captions are too fast to read (\"{text}\" has {speed:.0} \
                     characters per second, the limit is {limit:.0}): {advice}"
                )
            }
            Self::LanguageAssumed { language } => write!(
                f,
                "the language of the words is unclear, so {} is assumed: set `language` in the \
                 brief (such as `language: de`) if it is another",
                if language == "en" { "English" } else { language }
            ),
            Self::NoNaturalVoice { language, provider, command } => write!(
                f,
                "no installed natural voice speaks `{language}`, so {provider} does; `{command}` \
                 installs one"
            ),
            Self::VoiceOfOtherLanguage { voice, speaks, words } => write!(
                f,
                "the voice `{voice}` speaks {speaks}, and the words are {words}: name another \
                 voice, or set `language` to the language of the words"
            ),
            Self::VoiceProviderFailed { provider, reason } => {
                write!(f, "{provider} could not speak: {reason}")
            }
            Self::VoiceFallback { provider } => {
                write!(f, "{provider} speaks instead of the preferred voice provider")
            }
            Self::VoiceLost { voice, reason } => {
                write!(
                    f,
                    "this film was made with the voice {voice}, which is not available now: {reason}"
                )
            }
            Self::VoiceBoughtLater { provider, estimate } => write!(
                f,
                "{provider} speaks only when the film is made, for about {estimate}; until \
                 then a local voice sets the times"
            ),
            Self::BudgetTooSmall { cost, budget, refused } => {
                let then = match refused {
                    true => "pytoon does not render it, because of `on_degrade`; raise the budget",
                    false => "the local engine draws the scenes that the budget does not cover",
                };
                write!(
                    f,
                    "without earlier purchases the film costs about {cost}, more than its budget \
                     of {budget}: {then}"
                )
            }
            Self::OldProviderName { field, name } => {
                write!(f, "{field}: `{name}` is an old name of `espeak`: write `espeak`")
            }
            Self::FilmSilent {} => f.write_str(
                "no voice could speak, so the film is silent: each caption stays \
                     for its reading time",
            ),
            Self::VoiceSettingsUnusable { reason } => f.write_str(reason),
            Self::EngineUnavailable { field, engine, reason } => write!(
                f,
                "`{field}`: {engine} {reason}, so its scenes fall back to the next engine and \
                 finally to the local one"
            ),
            Self::RecordingWithoutScript { reason } => write!(
                f,
                "pytoon could not transcribe voice_file ({reason}): captions show the prompt, \
                 spread over the voice; add the spoken words as `script`"
            ),
            Self::RecordingLacksWords { words, at_ms, at_end } => {
                let (at, shown) = (seconds(*at_ms), shorten(words));
                if *at_end {
                    write!(
                        f,
                        "the recording ends at {at:.1} s, before \"{shown}\": the film shows \
                         these words without a voice; record them or remove them from the \
                         script"
                    )
                } else {
                    write!(
                        f,
                        "the recording does not say \"{shown}\" (at {at:.1} s): the film shows \
                         these words without a voice; record them or remove them from the \
                         script"
                    )
                }
            }
            Self::RecordingSaysMore { from_ms, to_ms } => write!(
                f,
                "from {:.1} to {:.1} s the recording says words that the script does not have, \
                 so they have no captions; add them to the script",
                seconds(*from_ms),
                seconds(*to_ms)
            ),
            Self::WordsSpread { reason } => {
                write!(f, "the times of the captions are only estimated ({reason})")
            }
            Self::ClipColoursConverted { file, colours } => {
                write!(f, "{file}: pytoon converted its colours ({colours}) to BT.709")
            }
            Self::ClipCropped { file, percent } => write!(
                f,
                "{file}: only {percent} % of the picture is visible, the rest is cropped; \
                 `fit: whole` shows all of it"
            ),
            Self::LogoReduced { file, percent } => write!(
                f,
                "{file}: the logo is shown at {percent} % of its usual width, since it would be \
                 higher than its corner; use a wider version"
            ),
            Self::ClipAlphaUnread { file } => write!(
                f,
                "{file}: this FFmpeg cannot decode the clip's transparency; install an FFmpeg with \
                 libvpx"
            ),
            Self::ClipInterlaced { file } => write!(
                f,
                "{file}: the clip stays interlaced, because this FFmpeg cannot deinterlace; \
                 install an FFmpeg with bwdif or yadif"
            ),
            Self::ClipSilent { file } => {
                write!(
                    f,
                    "{file}: keep_audio has no effect, because FFmpeg finds no sound in the clip"
                )
            }
            Self::PictureAlphaUnread { file } => write!(
                f,
                "{file}: transparency is not supported in this format; save the picture as PNG or WebP to keep it"
            ),
            Self::PictureWithoutEnd { file } => {
                write!(f, "{file}: the JPEG has no end marker, but all of its rows were read")
            }
        }
    }
}

/// Lists the first six texts in quotation marks, and the number of the others.
fn quote_list(texts: &[String]) -> String {
    const MOST: usize = 6;
    let shown: Vec<String> = texts.iter().take(MOST).map(|text| format!("\"{text}\"")).collect();
    let rest = texts.len().saturating_sub(MOST);
    let and_more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{and_more}", shown.join(", "))
}

/// Shortens a text of more than 60 characters to its beginning, followed by an ellipsis.
fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let start: String = text.chars().take(MOST).collect();
    format!("{} …", start.rsplit_once(' ').map_or(start.as_str(), |(words, _)| words))
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

/// A note in the form in which users receive it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NoteReport {
    /// The code and parameters.
    #[serde(flatten)]
    pub note: Note,
    /// The sentence in English, as shown to users.
    pub message: String,
}

impl From<Note> for NoteReport {
    fn from(note: Note) -> Self {
        Self { message: note.to_string(), note }
    }
}

/// Adds the notes that are not in the list yet, in the order of their first mention.
pub fn add_once(notes: &mut Vec<Note>, more: impl IntoIterator<Item = Note>) {
    for note in more {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
}

/// Converts notes to the form that users receive: each once, in the order of their first mention.
pub fn reports(notes: impl IntoIterator<Item = Note>) -> Vec<NoteReport> {
    let mut once = Vec::new();
    add_once(&mut once, notes);
    once.into_iter().map(NoteReport::from).collect()
}

/// Returns the codes of all notes, for the API documentation.
#[cfg(feature = "schema")]
pub fn codes() -> Vec<String> {
    let schema = schemars::schema_for!(Note);
    let variants = schema.get("oneOf").and_then(|all| all.as_array());
    let code = |variant: &serde_json::Value| {
        Some(variant.pointer("/properties/code/const")?.as_str()?.to_owned())
    };
    variants.into_iter().flatten().filter_map(code).collect()
}

#[cfg(all(test, feature = "schema"))]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_a_code_with_parameters_and_a_sentence() {
        let note = Note::ClipColoursConverted { file: "a.mov".into(), colours: "HLG".into() };
        let told = reports([note.clone(), Note::FilmSilent {}, note]);
        let json = serde_json::to_value(&told).expect("json");
        let expected = serde_json::json!([
            {
                "code": "clip_colours_converted",
                "params": {"file": "a.mov", "colours": "HLG"},
                "message": "a.mov: pytoon converted its colours (HLG) to BT.709"
            },
            {
                "code": "film_silent",
                "params": {},
                "message": "no voice could speak, so the film is silent: each caption stays for its reading time"
            }
        ]);
        assert_eq!(json, expected);
        let read: Vec<NoteReport> = serde_json::from_value(json).expect("read");
        assert_eq!(read, told);
        let codes = codes();
        assert!(codes.contains(&"film_silent".to_owned()) && codes.len() > 15, "{codes:?}");
    }
}
