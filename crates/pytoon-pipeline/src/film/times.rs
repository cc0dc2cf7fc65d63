//! Collects the duration of each stage for the receipt.

use super::Film;
use crate::delivery::{Planned, stage_time};
use crate::receipt::StageTime;
use crate::stage::{Stage, lock};
use crate::stages::engines;
use crate::stages::picture::chunk::ChunkStage;
use crate::stages::plan::PlanStage;
use std::time::Duration;

impl Film {
    /// Returns the durations of the stages before publishing, in the order of the graph. `engines` is the
    /// duration of the longest scene. `picture` is the time since this process began to draw, or the sum over
    /// the chunks if it drew none.
    pub(super) fn times_so_far(
        &self,
        planned: &Planned,
        sound: Duration,
        chunks: &[ChunkStage],
    ) -> Vec<StageTime> {
        let own = lock(&self.times).clone();
        let took = |file: &str| self.folder.read_kept::<Took>(file).map(|kept| kept.took_ms);
        let time = |stage: &str, otherwise: Option<u64>| {
            let stored = otherwise.map(|took_ms| StageTime::new(stage, took_ms, false));
            own.get(stage).cloned().or(stored)
        };
        let mut times = Vec::new();
        if planned.graph.is_some() {
            times.extend(time("transcript", None));
            times.extend(time("plan", took(&PlanStage.output_file())));
            for (part, took_ms, _) in self.voice_output().map(|it| it.parts).unwrap_or_default() {
                times.extend(time(&part, Some(took_ms)));
            }
        }
        // Scenes are drawn concurrently.
        if let Some(duration_ms) = planned.drawn.values().map(engines::took_ms).max() {
            let mut clips = planned.drawn.values().map(|story| story.clip.as_ref());
            let reused = clips.all(|clip| clip.is_none_or(|clip| clip.reused));
            times.push(StageTime::new("engines", duration_ms, reused));
        }
        times.extend(time("sound", Some(sound.as_millis() as u64)));
        let chunks = chunks.iter();
        let chunks: Vec<StageTime> =
            chunks.filter_map(|stage| time(&stage.name(), took(&stage.output_file()))).collect();
        times.push(match self.drawing_since.get() {
            Some(since) => stage_time("picture", since.elapsed(), false),
            // This process drew no chunk: the times of the chunks add up.
            None => {
                let drawn = chunks.iter().filter(|chunk| !chunk.reused);
                let duration_ms = drawn.map(|chunk| chunk.duration_ms).sum();
                let reused = chunks.iter().all(|chunk| chunk.reused);
                StageTime::new("picture", duration_ms, reused)
            }
        });
        times
    }
}

/// The duration in a stage's stored output.
#[derive(serde::Deserialize)]
struct Took {
    took_ms: u64,
}
