//! Measures films for the API in the same way as `pytoon inspect`, and extracts their frames and peaks.

use pytoon_api::{FilmInspector, InspectFailure};
use pytoon_audio::{peaks, wav};
use pytoon_core::text::without_folders;
use pytoon_ffmpeg::frame::frame_as_jpeg;
use pytoon_pipeline::inspect;
use pytoon_process::{ProcessLimits, Runner};
use serde_json::{Value, json};
use std::fmt::Display;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Duration;

/// The maximum run time of a program. A request waits for its response for 30 s.
const LONGEST: Duration = Duration::from_secs(20);
/// The memory limit of a program, in bytes.
const MEMORY: u64 = 1 << 30;
/// The name under which the programs hold shares of common budgets.
const HOLDER: &str = "inspection";

/// The API's inspector.
#[derive(Debug)]
pub(crate) struct PipelineInspector {
    runner: Runner,
}

impl PipelineInspector {
    /// Creates an inspector whose programs have lower limits than those of a render.
    pub(crate) fn new(runner: &Runner) -> Self {
        let limits = ProcessLimits {
            longest: LONGEST.min(runner.limits.longest),
            memory: Some(runner.limits.memory.map_or(MEMORY, |memory| memory.min(MEMORY))),
            ..runner.limits
        };
        let stall = LONGEST.min(runner.stall);
        Self { runner: Runner { limits, stall, holder: HOLDER.into(), ..runner.clone() } }
    }
}

/// Converts an error, whose message completes "failed to …", to the failure of a request.
fn failure(error: &dyn Display) -> InspectFailure {
    InspectFailure(without_folders(&format!("failed to {error}")))
}

impl FilmInspector for PipelineInspector {
    fn inspect(&self, root: &Path) -> Result<Value, InspectFailure> {
        let mut found = inspect::inspect(&self.runner, root, None)
            .map_err(|error| InspectFailure(without_folders(&error.to_string())))?;
        for reason in &mut found.facts.missing {
            *reason = without_folders(reason);
        }
        Ok(json!({ "facts": found.facts, "loudness": found.loudness }))
    }

    fn peaks(&self, sound: &Path, samples_per_pair: u32) -> Result<Vec<u8>, InspectFailure> {
        let unreadable =
            |error: &dyn Display| failure(&format!("read {}: {error}", sound.display()));
        let file = File::open(sound).map_err(|error| unreadable(&error))?;
        let sound = wav::read(BufReader::new(file)).map_err(|error| unreadable(&error))?;
        Ok(peaks::waveform_data(&sound.mono(), samples_per_pair))
    }

    fn frame(
        &self,
        video: &Path,
        seconds: f64,
        height: u32,
    ) -> Result<Option<Vec<u8>>, InspectFailure> {
        frame_as_jpeg(&self.runner, video, seconds, height).map_err(|error| failure(&error))
    }
}
