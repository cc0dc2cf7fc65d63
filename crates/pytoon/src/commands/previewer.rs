//! Makes the API's previews of voices, music and presets.

use crate::commands::listing::music_wav;
use crate::commands::planner::{failure, internal};
use crate::commands::voice_list::voice_list;
use pytoon_api::{PlanFailure, Previewer, Speech, Voice};
use pytoon_core::brief::Brief;
use pytoon_pipeline::voice_preview::{self, VoicePreview};
use pytoon_pipeline::{Environment, preset_preview};
use pytoon_records::job::files::FileStore;
use pytoon_vocabulary::{MicroUsd, MusicMood};
use pytoon_worker::brief;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The length of a preview of music, in seconds.
const MUSIC_SECONDS: f64 = 8.0;

/// The API's previewer. It uses this process's environment and store of uploaded files.
pub(crate) struct PipelinePreviewer {
    pub(crate) env: Environment,
    /// The store of uploaded files.
    pub(crate) files: Arc<dyn FileStore>,
}

impl fmt::Debug for PipelinePreviewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PipelinePreviewer")
    }
}

impl Previewer for PipelinePreviewer {
    fn voices(&self) -> Result<Vec<Voice>, PlanFailure> {
        voice_list(&self.env).map_err(|error| failure(&error))
    }

    fn speak(
        &self,
        brief: &Brief,
        accepted: MicroUsd,
        caller: &str,
    ) -> Result<Speech, PlanFailure> {
        let brief = serde_json::to_value(brief).map_err(|error| internal(&error))?;
        let scratch = tempfile::tempdir().map_err(|error| internal(&error))?;
        let env = Environment { caller: Some(caller.to_owned()), ..self.env.clone() };
        let file = brief::load(&brief, env.engines.storage(), self.files.as_ref());
        let spoken =
            file.and_then(|file| voice_preview::speak(env, file, scratch.path(), accepted));
        Ok(match spoken.map_err(|error| failure(&error))? {
            VoicePreview::Wav(wav) => Speech::Wav(wav),
            VoicePreview::NotAccepted(price) => Speech::NotAccepted(price),
            VoicePreview::Failed { provider, reason } => Speech::Failed { provider, reason },
        })
    }

    fn music(&self, mood: MusicMood) -> Result<Vec<u8>, PlanFailure> {
        let music = music_wav(mood, MUSIC_SECONDS, 0);
        music.map(|(wav, _)| wav).map_err(|error| internal(&error))
    }

    fn preset_file(&self, preset_id: &str) -> Result<Option<String>, PlanFailure> {
        let presets = self.env.config.presets().map_err(|error| internal(&error))?;
        let found = presets.into_iter().find(|info| info.name == preset_id);
        Ok(found.map(|info| preset_preview::file_name(preset_id, &info.preset)))
    }

    fn render_preset(&self, preset_id: &str, target: &Path) -> Result<(), PlanFailure> {
        preset_preview::render(self.env.clone(), preset_id, target)
            .map_err(|error| internal(&error))
    }
}
