//! Transcripts of recordings without a script, from an external program that the user installed or from a service.
//!
//! Guarantees: both are tried in the configured order; each failure is logged with its reason; this module
//! downloads nothing; a paid transcript is stored and never bought twice. Transcripts do not provide times:
//! the transcript becomes the script, and the alignment chain times it like any other script.

pub(crate) mod openai;

pub use openai::OpenAi;

use crate::Result;
use crate::language::primary;
use crate::voice_processor::SAMPLES_PER_MS;
use pytoon_audio::wav;
use pytoon_config::settings::{TranscriptionChoice, TranscriptionSettings};
use pytoon_ffmpeg::sound;
use pytoon_process::{CommandLine, ProcessLimits, Runner, SystemError};
use pytoon_telemetry::Event;
use pytoon_vendor::ensure;
use serde::{Deserialize, Serialize};
use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

/// The stall timeout. It is long because a program prints nothing while it loads a model.
const STALL: Duration = Duration::from_secs(600);
/// Maximum length of an accepted text, in characters: more than a one-minute voice-over has.
const MAX_CHARS: usize = 20_000;

/// A transcript of a recording.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The name of the service or program that transcribed the recording.
    pub method: String,
    /// The transcribed text.
    pub text: String,
    /// The language (BCP 47), if the program reports it.
    pub language: Option<String>,
}

/// The transcript, or the reason for its absence.
pub type Outcome = Result<Written, String>;

/// The output format of the programs. whisper.cpp names its segments differently.
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

/// A transcriber: an external program or a service.
enum Transcriber<'a> {
    Service(&'a OpenAi),
    Program(&'static str),
}

/// Transcribes a recording. `service` is OpenAI's service, or the reason that it cannot be called.
///
/// # Errors
/// Fails if the recording cannot be read or the user cancels. Any other failure falls back to the next transcriber.
pub fn transcribe(
    runner: &Runner,
    settings: &TranscriptionSettings,
    service: &Result<OpenAi, String>,
    recording: &Path,
    language: Option<&str>,
) -> Result<Outcome> {
    let mut tried = Vec::new();
    let mut sound = None;
    for &choice in &settings.order {
        let method = name(choice);
        let asked = match choice {
            TranscriptionChoice::Openai => {
                service.as_ref().map(Transcriber::Service).map_err(Clone::clone)
            }
            _ => program(runner, settings, choice).map(Transcriber::Program),
        };
        let found = match asked {
            Err(reason) => Err(reason),
            Ok(asked) => {
                let Sound { folder, length_ms } = match &sound {
                    Some(sound) => sound,
                    None => sound.insert(prepare_sound(runner, recording)?),
                };
                let folder = folder.path();
                match asked {
                    Transcriber::Service(service) => {
                        service.transcribe(&folder.join(AUDIO), *length_ms, language)?
                    }
                    Transcriber::Program(program) => transcribe_with_program(
                        runner, settings, choice, program, folder, language,
                    )?,
                }
            }
        };
        match found {
            Ok((text, language)) => {
                let (chars, told) = (text.chars().count(), language.as_deref().unwrap_or(""));
                Event::TranscriptDone { method, chars, language: told }.emit();
                return Ok(Ok(Written { method: method.to_owned(), text, language }));
            }
            Err(reason) => {
                Event::TranscriptMethodFailed { method, reason: &reason }.emit();
                tried.push(format!("{method}: {reason}"));
            }
        }
    }
    if tried.is_empty() {
        tried.push("transcription.order is empty: name a method".to_owned());
    }
    Ok(Err(tried.join("; ")))
}

fn name(choice: TranscriptionChoice) -> &'static str {
    match choice {
        TranscriptionChoice::Whisperx => "whisperx",
        TranscriptionChoice::StableTs => "stable_ts",
        TranscriptionChoice::WhisperCpp => "whisper_cpp",
        TranscriptionChoice::Openai => openai::NAME,
    }
}

/// Returns the name of the external program, or an error if the program or its model is missing.
fn program(
    runner: &Runner,
    settings: &TranscriptionSettings,
    choice: TranscriptionChoice,
) -> Result<&'static str, String> {
    let (program, hint) = match choice {
        TranscriptionChoice::Whisperx => ("whisperx", "run `pip install whisperx`"),
        TranscriptionChoice::StableTs => ("stable-ts", "run `pip install stable-ts`"),
        TranscriptionChoice::WhisperCpp => ("whisper-cli", "install whisper.cpp"),
        TranscriptionChoice::Openai => return Err("it is not a program".to_owned()),
    };
    let is_installed = runner.programs.find(program).is_ok();
    ensure(is_installed, format!("`{program}` is not installed: {hint}"))?;
    let model = &settings.whisper_cpp_model;
    let has_model = choice != TranscriptionChoice::WhisperCpp || Path::new(model).is_file();
    let reason = match model.as_str() {
        "" => "transcription.whisper_cpp_model is not set: name a model file".to_owned(),
        model => format!("transcription.whisper_cpp_model: there is no file `{model}`"),
    };
    ensure(has_model, reason)?;
    Ok(program)
}

/// The file name of the recording in a [`Sound`]'s folder.
const AUDIO: &str = "voice.wav";

/// The recording as a file that programs and services can read.
struct Sound {
    folder: tempfile::TempDir,
    length_ms: f64,
}

fn prepare_sound(runner: &Runner, recording: &Path) -> Result<Sound> {
    let samples = sound::decode_mono(runner, recording)?;
    let mut bytes = Cursor::new(Vec::new());
    wav::write_mono(&mut bytes, &samples)?;
    let folder = tempfile::tempdir().map_err(|e| SystemError::write(&std::env::temp_dir(), e))?;
    let path = folder.path().join(AUDIO);
    std::fs::write(&path, bytes.into_inner()).map_err(|e| SystemError::write(&path, e))?;
    let length_ms = samples.len() as f64 / SAMPLES_PER_MS as f64;
    Ok(Sound { folder, length_ms })
}

/// The text and its language, or the reason for the failure.
pub(crate) type TranscriberResult = Result<(String, Option<String>), String>;

fn transcribe_with_program(
    runner: &Runner,
    settings: &TranscriptionSettings,
    choice: TranscriptionChoice,
    program: &'static str,
    folder: &Path,
    language: Option<&str>,
) -> Result<TranscriberResult> {
    let (audio, answer) = (folder.join(AUDIO), folder.join("voice.json"));
    // The output of an earlier program is not this one's answer.
    match std::fs::remove_file(&answer) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Ok(Err(format!("failed to remove an older voice.json: {error}")));
        }
        _ => {}
    }
    let primary = language.map(primary);
    let command = CommandLine::new(program, "transcribe the recording");
    let mut command = match choice {
        TranscriptionChoice::Whisperx => {
            command.arg(&audio).args(["--output_format", "json", "--output_dir"]).arg(folder)
        }
        TranscriptionChoice::StableTs => command.arg(&audio).args(["-y", "-o"]).arg(&answer),
        TranscriptionChoice::WhisperCpp => {
            let command = command.arg("-m").arg(&settings.whisper_cpp_model).arg("-f").arg(&audio);
            command.args(["-oj", "-of"]).arg(folder.join("voice"))
        }
        TranscriptionChoice::Openai => return Ok(Err("it is not a program".to_owned())),
    };
    let flag = if choice == TranscriptionChoice::WhisperCpp { "-l" } else { "--language" };
    let unknown = (choice == TranscriptionChoice::WhisperCpp).then_some("auto");
    if let Some(language) = primary.or(unknown) {
        command = command.args([flag, language]);
    }
    // Speech models need more memory than the default limit allows.
    let limits = ProcessLimits { memory: None, ..runner.limits };
    match (Runner { stall: STALL, limits, ..runner.clone() }).run(&command, Vec::new()) {
        Ok(_) => {}
        Err(SystemError::Cancelled) => return Err(SystemError::Cancelled.into()),
        Err(error) => return Ok(Err(format!("failed to {error}"))),
    }
    let left = std::fs::read(&answer).map_err(|error| format!("it wrote no voice.json: {error}"));
    Ok(left.and_then(|bytes| parse_transcript(&bytes)))
}

/// Checks the length of a transcript. Returns the reason that it is unusable.
pub(crate) fn check_text(text: &str) -> Result<(), String> {
    let has_words = text.chars().any(char::is_alphanumeric);
    ensure(has_words, "it found no words: check that the recording contains speech")?;
    let count = text.chars().count();
    let reason = format!(
        "the transcript has {count} characters; the maximum is {MAX_CHARS}: shorten the recording"
    );
    ensure(count <= MAX_CHARS, reason)
}

/// Parses the text and the language in a program's output. Fails if the text has no words or is too long for a film.
pub(crate) fn parse_transcript(bytes: &[u8]) -> TranscriberResult {
    let answer: Answer = serde_json::from_slice(bytes)
        .map_err(|error| format!("its voice.json is invalid: {error}"))?;
    let pieces = answer.segments.iter().map(|piece| piece.text.trim());
    let text = pieces.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
    check_text(&text)?;
    Ok((text, answer.language.or(answer.result.and_then(|found| found.language))))
}
