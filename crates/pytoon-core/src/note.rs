//! Notes: what was corrected, left out or approximated, told to users.
//!
//! A note has a stable code, parameters and an English sentence: short, specific, and what to do
//! where something can be done. The terminal prints the sentence; the API and the receipt carry
//! all three. Faults that end a film are errors, not notes.
//!
//! Start with [`Note`]; add one as a variant with named fields and its sentence in
//! [`Note::fmt`](std::fmt::Display).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something that a user should know about the film, although it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", content = "params", rename_all = "snake_case")]
pub enum Note {
    /// A clip's colours were converted to those of the film.
    ClipColoursConverted {
        /// The clip's file name.
        file: String,
        /// Its colours, such as `HLG, BT.2020`.
        colours: String,
    },
    /// More than half of a clip is cut off, since the frame has another shape.
    ClipCropped {
        /// The clip's file name.
        file: String,
        /// How much of it is shown, in percent.
        percent: u32,
    },
    /// A clip's alpha is lost, since the installed FFmpeg cannot read it.
    ClipAlphaUnread {
        /// The clip's file name.
        file: String,
    },
    /// A clip's fields are shown together, since the installed FFmpeg cannot deinterlace.
    ClipInterlaced {
        /// The clip's file name.
        file: String,
    },
    /// A clip keeps no sound, since there is none or FFmpeg cannot decode it.
    ClipSilent {
        /// The clip's file name.
        file: String,
    },
    /// A picture has no end marker, but all of it is there.
    PictureWithoutEnd {
        /// The picture's file name.
        file: String,
    },
}

/// Returns the last part of a path, for a note.
pub fn file_name(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned()
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClipColoursConverted { file, colours } => {
                write!(f, "{file}: its colours ({colours}) were converted to BT.709")
            }
            Self::ClipCropped { file, percent } => write!(
                f,
                "{file}: only {percent} % of its picture is shown, the rest is cut off; \
                 `fit: whole` shows all of it"
            ),
            Self::ClipAlphaUnread { file } => write!(
                f,
                "{file}: its transparent parts are shown as they are stored, since FFmpeg here has \
                 no decoder (libvpx) for them"
            ),
            Self::ClipInterlaced { file } => write!(
                f,
                "{file}: it is interlaced and stays so, since FFmpeg here has neither bwdif nor yadif"
            ),
            Self::ClipSilent { file } => {
                write!(f, "{file}: keep_audio has no effect, since it has no sound")
            }
            Self::PictureWithoutEnd { file } => {
                write!(f, "{file}: the JPEG has no end marker; all of its rows were read")
            }
        }
    }
}

/// Adds notes, each at most once, in the order of their first mention.
pub fn add_once(notes: &mut Vec<Note>, more: impl IntoIterator<Item = Note>) {
    for note in more {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_a_code_and_parameters_and_is_said_once() {
        let note = Note::ClipColoursConverted { file: "a.mov".into(), colours: "HLG".into() };
        let json = serde_json::to_value(&note).expect("json");
        let expected = serde_json::json!({
            "code": "clip_colours_converted", "params": {"file": "a.mov", "colours": "HLG"}
        });
        assert_eq!(json, expected);
        let mut notes = vec![note.clone()];
        add_once(&mut notes, [note.clone(), note]);
        assert_eq!(notes.len(), 1);
    }
}
