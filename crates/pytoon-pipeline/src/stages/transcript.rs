//! Transcribes a recording without a script: the transcript becomes the script.

use crate::Result;
use crate::sources::Sources;
use crate::stage::{Stage, StageContext, Step};
use crate::stages::Asset;
use pytoon_config::settings::TranscriptionSettings;
use pytoon_records::ledger::CallLimits;
use pytoon_voice::transcript::{Outcome, transcribe};
use serde::Serialize;
use std::path::Path;

/// The stage that transcribes a recording without a script.
pub(crate) struct TranscriptStage {
    /// The budgets that limit calls to the transcription service.
    pub(crate) limits: CallLimits,
}

#[derive(Serialize)]
pub(crate) struct TranscriptInput {
    recording: Asset,
    settings: TranscriptionSettings,
    language: Option<String>,
}

impl TranscriptInput {
    /// Returns the input of a brief with a recording and no script; `None` for other briefs.
    pub(crate) fn of(sources: &Sources, settings: &TranscriptionSettings) -> Option<Self> {
        let recording = sources.brief.voice_file.as_deref().filter(|_| sources.lacks_script())?;
        Some(Self {
            recording: Asset::of(recording),
            settings: settings.clone(),
            language: sources.brief.language.clone(),
        })
    }
}

impl Stage for TranscriptStage {
    type Input = TranscriptInput;
    type Output = Outcome;

    fn name(&self) -> String {
        "transcript".to_owned()
    }

    /// Returns true unless the transcription failed; a failed one is retried.
    fn is_usable(&self, _: &StageContext<'_>, heard: &Outcome) -> Result<bool> {
        Ok(heard.is_ok())
    }

    fn run(&self, context: &StageContext<'_>, input: &TranscriptInput) -> Result<Step<Outcome>> {
        let service = context.transcriber(&input.settings.openai, self.limits)?;
        let recording = Path::new(&input.recording.path);
        let language = input.language.as_deref();
        let heard = transcribe(context.runner(), &input.settings, &service, recording, language)?;
        Ok(Step::Done(heard))
    }
}

/// Uses the transcript as the script of a brief, and its language if the brief states none. After a failure, records
/// the reason that the script is a guess.
pub(crate) fn apply(heard: Outcome, sources: &mut Sources) {
    match heard {
        Ok(written) => {
            sources.brief.script = Some(written.text);
            if sources.brief.language.is_none() {
                sources.brief.language = written.language;
            }
        }
        Err(reason) => sources.guessed_script = Some(reason),
    }
}
