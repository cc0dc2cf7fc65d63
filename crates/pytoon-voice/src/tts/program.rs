//! Voices that are programs of this machine: one run a sentence, one WAV file a run.

use super::cut;
use super::piece::{Limit, Part, pieces};
use super::take::Take;
use super::{SpokenSentence, TtsRequest};
use crate::spoken::{SpokenText, spoken_text};
use crate::{Result, VoiceError};
use pytoon_core::text::Word;
use pytoon_process::{CommandLine, Runner, SystemError};
use std::path::Path;

/// The most characters of one run: more than any sentence that people say.
const MOST: usize = 2_000;

/// What runs for a text and a file.
pub(super) type Command<'a> = &'a dyn Fn(&str, &Path) -> (CommandLine, Vec<u8>);

/// A program that speaks: its name, and its command for a text and a file.
pub(super) struct Program<'a> {
    pub(super) name: &'static str,
    pub(super) runner: &'a Runner,
    /// The command, and what it reads from its standard input.
    pub(super) command: Command<'a>,
    pub(super) speed: f64,
}

impl Program<'_> {
    /// Speaks every sentence; the program gives no times.
    pub(super) fn speak(&self, request: &TtsRequest) -> Result<Vec<SpokenSentence>> {
        let folder = tempfile::tempdir()
            .map_err(|error| self.unavailable(SystemError::write(&std::env::temp_dir(), error)))?;
        let file = folder.path().join("spoken.wav");
        let size = |text: &SpokenText| text.text.chars().count();
        let cut = pieces(&request.sentences, &Limit { most: MOST, size: &size, one_by_one: true })
            .map_err(|word| {
                let begins: String = word.0.chars().take(20).collect();
                let reason = format!("`{begins}` is no word");
                VoiceError::CannotSpeak { provider: self.name.into(), reason }
            })?;
        let mut spoken = Vec::with_capacity(cut.len());
        for piece in cut {
            let own = |part: &Part| request.sentences[part.sentence][part.words.clone()].to_vec();
            let words: Vec<Word> = piece.parts.iter().flat_map(own).collect();
            // These read prices and abbreviations badly.
            let text = spoken_text(&words, &request.language, &request.pronunciations).text;
            let take = self.run(&text, &file)?;
            spoken.push((piece, take));
        }
        cut::sentences(&request.sentences, &spoken)
    }

    fn run(&self, text: &str, file: &Path) -> Result<Take> {
        let (command, input) = (self.command)(text, file);
        // What the run before left must not be heard again.
        let _ = std::fs::remove_file(file);
        self.runner.run(&command, input).map_err(|error| self.unavailable(error))?;
        let bad = |reason: String| VoiceError::BadAudio { provider: self.name.into(), reason };
        let bytes = std::fs::read(file).map_err(|_| bad("it wrote no sound".into()))?;
        let take = Take::from_wav(&bytes).map_err(|problem| bad(problem.to_string()))?;
        match take.problem(text, self.speed) {
            Some(reason) => Err(bad(reason)),
            None => Ok(take),
        }
    }

    pub(super) fn unavailable(&self, source: SystemError) -> VoiceError {
        VoiceError::Unavailable { provider: self.name.into(), source }
    }
}

/// Whether a program is installed; where, for people.
pub(super) fn installed(name: &'static str, runner: &Runner) -> Result<String> {
    let found = runner.programs.find(name).map(|path| path.display().to_string());
    found.map_err(|source| VoiceError::Unavailable { provider: name.into(), source })
}
