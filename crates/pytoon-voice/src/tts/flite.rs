//! Flite, if it is installed: English only, without times. Each run speaks at most one sentence into a WAV
//! file.

use super::parts::{ChainParts, ProviderResult};
use super::piece::{Limit, pieces};
use super::take::Take;
use super::{SpokenSentence, TtsProvider, TtsRequest, VoiceUsed, cut};
use crate::spoken::{SpokenText, spoken_text};
use crate::{Result, VoiceError};
use pytoon_config::tts::FliteSettings;
use pytoon_core::text::Word;
use pytoon_process::{CommandLine, Runner, SystemError};
use std::path::Path;
use std::sync::Arc;

const NAME: &str = "flite";
/// Maximum number of characters in one run.
const MOST: usize = 2_000;

/// The Flite provider.
#[derive(Debug, Clone)]
pub struct Flite {
    /// The runner of the program.
    pub runner: Runner,
    /// The provider's configuration block.
    pub settings: FliteSettings,
}

/// Creates the provider. Fails if the program is not installed.
pub(crate) fn provider(parts: &ChainParts<'_>) -> ProviderResult {
    if parts.runner.programs.find(NAME).is_err() {
        return Err(format!(
            "`{NAME}` is not installed: install it, for example with `apt install {NAME}`"
        ));
    }
    let settings = parts.settings.flite.clone();
    Ok(Arc::new(Flite { runner: parts.patient(settings.timeout_seconds), settings }))
}

impl Flite {
    fn voice<'a>(&'a self, request: &'a TtsRequest) -> &'a str {
        request.voice.as_deref().unwrap_or(&self.settings.voice)
    }

    fn run(&self, text: &str, voice: &str, speed: f64, file: &Path) -> Result<Take> {
        let mut command = CommandLine::new(NAME, "speak the script").args(["-voice", voice]);
        if (speed - 1.0).abs() > 1e-6 {
            command = command.args(["--setf", &format!("duration_stretch={:.4}", 1.0 / speed)]);
        }
        let command = command.args(["-t", text]).arg("-o").arg(file);
        // The output of the previous run must not be read again.
        let _ = std::fs::remove_file(file);
        self.runner.run(&command, Vec::new()).map_err(unavailable)?;
        let bad = |reason: String| VoiceError::BadAudio { provider: NAME.into(), reason };
        let bytes = std::fs::read(file).map_err(|_| bad("it wrote no audio file".into()))?;
        let take = Take::from_wav(&bytes).map_err(|problem| bad(problem.to_string()))?;
        match take.problem(text, speed) {
            Some(reason) => Err(bad(reason)),
            None => Ok(take),
        }
    }
}

impl TtsProvider for Flite {
    fn name(&self) -> &str {
        NAME
    }

    fn speak(&self, request: &TtsRequest) -> Result<Vec<SpokenSentence>> {
        if let Some(reason) = self.has_no_voice(request) {
            return Err(cannot_speak(reason));
        }
        let folder = tempfile::tempdir()
            .map_err(|error| unavailable(SystemError::write(&std::env::temp_dir(), error)))?;
        let file = folder.path().join("spoken.wav");
        let size = |text: &SpokenText| text.text.chars().count();
        let cut = pieces(&request.sentences, &Limit { most: MOST, size: &size, one_by_one: true })
            .map_err(|word| {
                let begins: String = word.0.chars().take(20).collect();
                cannot_speak(format!(
                    "the word `{begins}…` is longer than {MOST} characters: shorten it"
                ))
            })?;
        let (voice, speed) = (self.voice(request), self.settings.speed * request.speed);
        let mut spoken = Vec::with_capacity(cut.len());
        for piece in cut {
            let parts = piece.parts.iter();
            let words: Vec<Word> = parts
                .flat_map(|part| request.sentences[part.sentence][part.words.clone()].to_vec())
                .collect();
            // Flite reads prices and abbreviations badly.
            let text = spoken_text(&words, &request.language, &request.pronunciations).text;
            let take = self.run(&text, voice, speed, &file)?;
            spoken.push((piece, take));
        }
        cut::sentences(&request.sentences, &spoken)
    }

    fn has_no_voice(&self, request: &TtsRequest) -> Option<String> {
        let is_english = request.language.to_lowercase().starts_with("en");
        (!is_english).then(|| format!("it speaks only English, not `{}`", request.language))
    }

    fn voice_used(&self, request: &TtsRequest) -> Option<VoiceUsed> {
        Some(VoiceUsed { name: self.voice(request).to_owned(), licence: None, language: None })
    }

    fn health_check(&self) -> Result<String> {
        let found = self.runner.programs.find(NAME).map_err(unavailable)?;
        Ok(found.display().to_string())
    }
}

fn unavailable(source: SystemError) -> VoiceError {
    VoiceError::Unavailable { provider: NAME.into(), source }
}

fn cannot_speak(reason: String) -> VoiceError {
    VoiceError::CannotSpeak { provider: NAME.into(), reason }
}
