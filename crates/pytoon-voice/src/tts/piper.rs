//! Piper, with the user's own voice files: a program on PATH, without times.

use super::program::{Program, installed};
use super::{SpokenSentence, TtsProvider, TtsRequest};
use crate::VoiceError;
use pytoon_config::tts::{PiperSettings, by_language};
use pytoon_media::process::{CommandLine, Runner};
use std::path::Path;

const NAME: &str = "piper";

/// The provider.
#[derive(Debug, Clone)]
pub struct Piper {
    /// Runs the program.
    pub runner: Runner,
    /// Its block of configuration.
    pub settings: PiperSettings,
}

impl TtsProvider for Piper {
    fn name(&self) -> &'static str {
        NAME
    }

    fn speak(&self, request: &TtsRequest) -> Result<Vec<SpokenSentence>, VoiceError> {
        let configured = by_language(&self.settings.voices, &request.language);
        let voice =
            request.voice.as_deref().or(configured).ok_or_else(|| VoiceError::CannotSpeak {
                provider: NAME,
                reason: format!("tts.piper.voices has no voice for `{}`", request.language),
            })?;
        if !Path::new(voice).is_file() {
            return Err(VoiceError::Refused {
                provider: NAME,
                reason: format!("there is no voice file {voice}"),
            });
        }
        let speed = self.settings.speed * request.speed;
        let command = |text: &str, file: &Path| {
            let mut command = CommandLine::new(NAME, "speak the script").arg("--model").arg(voice);
            if (speed - 1.0).abs() > 1e-6 {
                command = command.args(["--length_scale", &format!("{:.4}", 1.0 / speed)]);
            }
            // A line is an utterance.
            let line = format!("{}\n", text.replace(['\n', '\r'], " "));
            (command.arg("--output_file").arg(file), line.into_bytes())
        };
        Program { name: NAME, runner: &self.runner, command: &command, speed }.speak(request)
    }

    fn health_check(&self) -> Result<String, VoiceError> {
        let program = installed(NAME, &self.runner)?;
        let missing = self.settings.voices.values().find(|file| !Path::new(file).is_file());
        match missing {
            Some(file) => Err(VoiceError::Refused {
                provider: NAME,
                reason: format!("there is no voice file {file}"),
            }),
            None => Ok(format!("{program}, {} voices", self.settings.voices.len())),
        }
    }
}
