//! Has a recording written down that comes without words: what is heard is the script.
//!
//! The result stays in the work folder, so that a continued render asks nobody again.

use super::speech::limits;
use crate::PipelineError;
use crate::environment::Environment;
use crate::folder::JobFolder;
use crate::sources::Sources;
use crate::voices::transcriber;
use pytoon_voice::transcript::{Outcome, Written, transcribe};
use std::path::Path;

const RESULT: &str = "transcript.json";

/// Puts what the recording says into the brief as its script, or notes why nobody could write it
/// down; whether an earlier result was taken over.
pub(crate) fn transcript(
    env: &Environment,
    sources: &mut Sources,
    folder: &JobFolder,
) -> Result<bool, PipelineError> {
    let Some(voice) = sources.brief.voice_file.clone() else { return Ok(false) };
    let recording = Path::new(&voice);
    let told = sources.brief.language.as_deref();
    let settings = &env.config.settings.transcription;
    let input = folder.hash(&(folder.stamp(recording), settings, told));
    let earlier = folder.is_done("transcript", &input, &[RESULT]);
    let earlier = earlier.then(|| std::fs::read(folder.work(RESULT)).ok()).flatten();
    let earlier = earlier.and_then(|bytes| serde_json::from_slice::<Written>(&bytes).ok());
    let is_reused = earlier.is_some();
    let heard: Outcome = match earlier {
        Some(written) => Ok(written),
        None => {
            let service = transcriber(env, folder.job_id(), limits(env, sources))?;
            transcribe(&env.runner, settings, &service, recording, told)?
        }
    };
    match heard {
        Ok(written) => {
            if !is_reused {
                folder.write(RESULT, &serde_json::to_vec(&written).unwrap_or_default())?;
                folder.done("transcript", &input, &[RESULT])?;
            }
            sources.brief.script = Some(written.text);
            if sources.brief.language.is_none() {
                sources.brief.language = written.language;
            }
        }
        Err(reason) => sources.guessed_script = Some(reason),
    }
    Ok(is_reused)
}
