//! Flite, where it is installed: English only, without times.

use super::parts::{ChainParts, Made};
use super::program::{Program, installed};
use super::{SpokenSentence, TtsProvider, TtsRequest, VoiceUsed};
use crate::{Result, VoiceError};
use pytoon_config::tts::FliteSettings;
use pytoon_process::{CommandLine, Runner};
use std::path::Path;
use std::sync::Arc;

const NAME: &str = "flite";

/// The provider.
#[derive(Debug, Clone)]
pub struct Flite {
    /// Runs the program.
    pub runner: Runner,
    /// Its block of configuration.
    pub settings: FliteSettings,
}

/// Makes the provider, where the program is installed.
pub(crate) fn provider(parts: &ChainParts<'_>) -> Made {
    if parts.runner.programs.find(NAME).is_err() {
        return Err(format!("`{NAME}` is not installed"));
    }
    let settings = parts.settings.flite.clone();
    Ok(Arc::new(Flite { runner: parts.patient(settings.timeout_seconds), settings }))
}

impl Flite {
    fn voice<'a>(&'a self, request: &'a TtsRequest) -> &'a str {
        request.voice.as_deref().unwrap_or(&self.settings.voice)
    }
}

impl TtsProvider for Flite {
    fn name(&self) -> &str {
        NAME
    }

    fn speak(&self, request: &TtsRequest) -> Result<Vec<SpokenSentence>> {
        if let Some(reason) = self.has_no_voice(request) {
            return Err(VoiceError::CannotSpeak { provider: NAME.into(), reason });
        }
        let voice = self.voice(request);
        let speed = self.settings.speed * request.speed;
        let command = |text: &str, file: &Path| {
            let mut command = CommandLine::new(NAME, "speak the script").args(["-voice", voice]);
            if (speed - 1.0).abs() > 1e-6 {
                command = command.args(["--setf", &format!("duration_stretch={:.4}", 1.0 / speed)]);
            }
            (command.args(["-t", text]).arg("-o").arg(file), Vec::new())
        };
        Program { name: NAME, runner: &self.runner, command: &command, speed }.speak(request)
    }

    fn has_no_voice(&self, request: &TtsRequest) -> Option<String> {
        let is_english = request.language.to_lowercase().starts_with("en");
        (!is_english).then(|| format!("it speaks English, not `{}`", request.language))
    }

    fn voice_used(&self, request: &TtsRequest) -> Option<VoiceUsed> {
        Some(VoiceUsed { name: self.voice(request).to_owned(), licence: None, language: None })
    }

    fn health_check(&self) -> Result<String> {
        installed(NAME, &self.runner)
    }
}
