//! What a recording says, where nobody wrote it down: by a program of the user's own.
//!
//! Guarantees: programs are tried in the configured order; each that gives way is logged with its
//! reason; nothing is downloaded by us. Times are not taken from here: what was written down is the
//! script, and the alignment chain times it like any other.

use crate::VoiceError;
use pytoon_audio::wav;
use pytoon_config::settings::{TranscriptionChoice, TranscriptionSettings};
use pytoon_media::MediaError;
use pytoon_media::ffmpeg::sound;
use pytoon_media::process::{CommandLine, Runner};
use pytoon_telemetry::Event;
use serde::Deserialize;
use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

/// Loading a model takes a while, and nothing is printed meanwhile.
const STALL: Duration = Duration::from_secs(600);
/// Longer texts are nobody's voice-over of a minute.
const MAX_CHARS: usize = 20_000;

/// A recording written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Who wrote it down.
    pub method: &'static str,
    /// The text.
    pub text: String,
    /// Its language (BCP 47), where the program told.
    pub language: Option<String>,
}

/// What came of it: the text, or why there is none.
pub type Outcome = Result<Written, String>;

/// What the programs leave behind; whisper.cpp calls its pieces otherwise.
#[derive(Deserialize)]
struct Answer {
    #[serde(alias = "transcription")]
    segments: Vec<Piece>,
    language: Option<String>,
    result: Option<Found>,
}

#[derive(Deserialize)]
struct Piece {
    text: String,
}

#[derive(Deserialize)]
struct Found {
    language: Option<String>,
}

/// Has a recording written down.
///
/// # Errors
/// When the recording cannot be read, or the user gives up; a program's failure leads to the next.
pub fn transcribe(
    runner: &Runner,
    settings: &TranscriptionSettings,
    recording: &Path,
    language: Option<&str>,
) -> Result<Outcome, VoiceError> {
    let mut tried = Vec::new();
    let mut folder = None;
    for &choice in &settings.order {
        let method = name(choice);
        let found = match program(runner, settings, choice) {
            Err(reason) => Err(reason),
            Ok(program) => {
                let folder = match &folder {
                    Some(folder) => folder,
                    None => folder.insert(prepared(runner, recording)?),
                };
                written(runner, settings, choice, program, folder.path(), language)?
            }
        };
        match found {
            Ok((text, language)) => {
                let (chars, told) = (text.chars().count(), language.as_deref().unwrap_or(""));
                Event::TranscriptDone { method, chars, language: told }.emit();
                return Ok(Ok(Written { method, text, language }));
            }
            Err(reason) => {
                Event::TranscriptMethodFailed { method, reason: &reason }.emit();
                tried.push(format!("{method}: {reason}"));
            }
        }
    }
    if tried.is_empty() {
        tried.push("transcription.order names nobody".to_owned());
    }
    Ok(Err(tried.join("; ")))
}

fn name(choice: TranscriptionChoice) -> &'static str {
    match choice {
        TranscriptionChoice::Whisperx => "whisperx",
        TranscriptionChoice::StableTs => "stable_ts",
        TranscriptionChoice::WhisperCpp => "whisper_cpp",
    }
}

/// The program, if it is installed and has what it needs.
fn program(
    runner: &Runner,
    settings: &TranscriptionSettings,
    choice: TranscriptionChoice,
) -> Result<&'static str, String> {
    let (program, hint) = match choice {
        TranscriptionChoice::Whisperx => ("whisperx", "`pip install whisperx` brings it"),
        TranscriptionChoice::StableTs => ("stable-ts", "`pip install stable-ts` brings it"),
        TranscriptionChoice::WhisperCpp => ("whisper-cli", "whisper.cpp brings it"),
    };
    if runner.programs.find(program).is_err() {
        return Err(format!("`{program}` is not installed ({hint})"));
    }
    let model = Path::new(&settings.whisper_cpp_model);
    if choice == TranscriptionChoice::WhisperCpp && !model.is_file() {
        return Err(format!(
            "transcription.whisper_cpp_model names no model file (`{}`)",
            model.display()
        ));
    }
    Ok(program)
}

/// A folder with the recording as `voice.wav`.
fn prepared(runner: &Runner, recording: &Path) -> Result<tempfile::TempDir, VoiceError> {
    let samples = sound::decode_mono(runner, recording)?;
    let mut bytes = Cursor::new(Vec::new());
    wav::write_mono(&mut bytes, &samples)?;
    let folder = tempfile::tempdir().map_err(|e| MediaError::write(Path::new("a folder"), e))?;
    let path = folder.path().join("voice.wav");
    std::fs::write(&path, bytes.into_inner()).map_err(|e| MediaError::write(&path, e))?;
    Ok(folder)
}

/// The text and its language, or why there is none.
type Heard = Result<(String, Option<String>), String>;

fn written(
    runner: &Runner,
    settings: &TranscriptionSettings,
    choice: TranscriptionChoice,
    program: &'static str,
    folder: &Path,
    language: Option<&str>,
) -> Result<Heard, VoiceError> {
    let (audio, answer) = (folder.join("voice.wav"), folder.join("voice.json"));
    // What a program before this one left is not its answer.
    match std::fs::remove_file(&answer) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Ok(Err(format!("an older answer could not be removed: {error}")));
        }
        _ => {}
    }
    let primary = language.map(|tag| tag.split(['-', '_']).next().unwrap_or(tag));
    let mut command = CommandLine::new(program, "write the recording down");
    command = match choice {
        TranscriptionChoice::Whisperx => {
            command.arg(&audio).args(["--output_format", "json", "--output_dir"]).arg(folder)
        }
        TranscriptionChoice::StableTs => command.arg(&audio).args(["-y", "-o"]).arg(&answer),
        TranscriptionChoice::WhisperCpp => command
            .arg("-m")
            .arg(&settings.whisper_cpp_model)
            .arg("-f")
            .arg(&audio)
            .args(["-oj", "-of"])
            .arg(folder.join("voice")),
    };
    let flag = if choice == TranscriptionChoice::WhisperCpp { "-l" } else { "--language" };
    let unknown = (choice == TranscriptionChoice::WhisperCpp).then_some("auto");
    if let Some(language) = primary.or(unknown) {
        command = command.args([flag, language]);
    }
    match (Runner { stall: STALL, ..runner.clone() }).run(&command, Vec::new()) {
        Ok(_) => {}
        Err(MediaError::Cancelled) => return Err(MediaError::Cancelled.into()),
        Err(error) => return Ok(Err(error.to_string())),
    }
    Ok(read(&answer))
}

fn read(answer: &Path) -> Heard {
    let bytes = std::fs::read(answer).map_err(|error| format!("it left no voice.json: {error}"))?;
    let answer: Answer = serde_json::from_slice(&bytes)
        .map_err(|error| format!("its voice.json is not understood: {error}"))?;
    let pieces = answer.segments.iter().map(|piece| piece.text.trim());
    let text = pieces.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
    if !text.chars().any(char::is_alphanumeric) {
        return Err("it heard no words".to_owned());
    }
    if text.chars().count() > MAX_CHARS {
        return Err(format!("it heard more than {MAX_CHARS} characters"));
    }
    Ok((text, answer.language.or(answer.result.and_then(|found| found.language))))
}
