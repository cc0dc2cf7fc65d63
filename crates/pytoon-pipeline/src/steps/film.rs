//! The last steps: the final timeline, the sound, the chunks of the picture, and the finished film.

use super::Steps;
use crate::PipelineError;
use crate::delivery::{
    self, Made, Planned, SIDECARS, Times, artifacts, asked, takes, tool_versions, write_json,
};
use crate::folder::remove;
use crate::receipt::Receipt;
use crate::render::{picture_store, with_notes};
use crate::stages::colours::FilmColours;
use crate::stages::picture::chunk;
use crate::stages::{engines, finish, sound, timeline};
use pytoon_config::BriefFile;
use pytoon_core::layout;
use pytoon_core::time::FrameRange;
use pytoon_core::timeline::Timeline;
use pytoon_engines::world::{RealWorld, World};
use pytoon_media::threads;
use pytoon_telemetry::Event;
use std::collections::BTreeSet;
use std::time::Instant;

/// All that is planned, with the final timeline.
const FINAL: &str = "final.json";
/// What the clips were brought to.
const COLOURS: &str = "colours.json";
/// How long mixing took.
const MIX: &str = "mix.json";

impl Steps {
    /// Mixes and masters the sound of the final timeline. All scenes have to be done.
    ///
    /// Fails with [`PipelineError::Held`] or [`PipelineError::Degraded`] where scenes fell back and
    /// the brief wants no lesser film.
    pub fn mix(&self, file: &BriefFile) -> Result<(), PipelineError> {
        let planned = self.film(file)?;
        self.env.progress.stage("mix");
        let begun = Instant::now();
        let (_, reused) = sound::sound(&self.env, &planned.timeline, &self.folder)?;
        if reused && self.folder.work(MIX).is_file() {
            return Ok(());
        }
        let mut times = Times::default();
        times.note("sound", begun, reused);
        self.keep(MIX, &times)
    }

    /// How many chunks the picture has. All scenes have to be done: what they came to may move the
    /// film's end, though nothing is known that does.
    pub fn chunks(&self, file: &BriefFile) -> Result<u32, PipelineError> {
        Ok(self.film(file)?.timeline.chunks().len() as u32)
    }

    /// Draws and encodes one chunk of the picture, counted from 0; does nothing where the film has
    /// no such chunk, as when it was shared out by a version that cuts otherwise. All scenes have
    /// to be done; the sound need not be. Fails as [`Steps::mix`] does.
    pub fn compose(&self, file: &BriefFile, chunk: u32) -> Result<(), PipelineError> {
        let planned = self.film(file)?;
        let index = chunk as usize;
        let Some(&range) = planned.timeline.chunks().get(index) else { return Ok(()) };
        self.env.progress.stage("compose");
        let store = picture_store(&self.env, &planned.timeline.look.palette);
        let place = (index, range);
        chunk::chunk(&self.env, &planned.timeline, &store, place, &self.folder)?;
        Ok(())
    }

    /// Joins the chunks without encoding them again, draws those that are missing, adds the sound,
    /// checks the film, writes the receipt and puts everything into place; an earlier film is
    /// replaced at the end. The work folder stays.
    pub fn publish(&self, file: &BriefFile) -> Result<Receipt, PipelineError> {
        let planned = self.film(file)?;
        let timeline = planned.timeline.clone();
        let ranges = timeline.chunks();
        let sound = sound::earlier(&self.env, &timeline, &self.folder)
            .ok_or_else(|| PipelineError::Internal("the sound is not mixed yet".into()))?;
        let store = picture_store(&self.env, &timeline.look.palette);
        let picture = chunk::joined(&self.env, &timeline, &store, &ranges, &self.folder)?;
        let made_of: Vec<_> = self.made_of(&ranges);
        let input = self.folder.hash(&(&timeline, &planned.warnings, &planned.drawn, made_of));
        if let Some(receipt) = self.published(&input) {
            return Ok(receipt);
        }
        self.env.progress.stage("finish");
        let mut times = self.times_so_far(file)?;
        times.push("picture", picture.took, false);
        let begun = Instant::now();
        picture.keep_cover(&self.folder)?;
        // Asked for here, nobody waits for it.
        let (tools, finished) = threads::side_by_side(
            || tool_versions(&self.env),
            || finish::finish_chunks(&self.env, &timeline, &ranges, &self.folder),
        );
        finished?;
        let stopped = |_| PipelineError::Internal("asking for versions stopped".into());
        let tools = tools.map_err(stopped)?;
        times.note("finish", begun, false);
        self.env.progress.stage("check");
        let made = Made { sound: &sound, picture: &picture.report, tools, verify_full: false };
        let receipt = delivery::receipt(&self.env, planned, made, times, &self.folder)?;
        self.put_in_place(&timeline)?;
        self.tidy(ranges.len());
        self.folder.done("publish", &input, &[layout::METADATA])?;
        Event::JobFinished {
            output: &self.folder.place(layout::OUTPUT).display().to_string(),
            duration_ms: receipt.output.duration_ms,
            wall_ms: (RealWorld.now() - self.started_at_ms).max(0) as u64,
            findings: receipt.self_check.findings.len(),
        }
        .emit();
        Ok(receipt)
    }

    /// The plan with its final timeline: what is delivered by outside engines is in it.
    fn film(&self, file: &BriefFile) -> Result<Planned, PipelineError> {
        let voiced = self.voice_of(file)?;
        let drawn = self.drawn(&voiced)?;
        let input = self.folder.hash(&(&voiced.input, &drawn));
        if self.folder.is_done("timeline", &input, &[FINAL, layout::TIMELINE])
            && let Some(planned) = self.read(FINAL)
        {
            return Ok(planned);
        }
        let mut sources = self.sources(file, &self.plan_of(file)?)?;
        let seen = self.seen_clips(&voiced);
        let mut graph = voiced.graph;
        engines::degraded(&self.env, &self.folder, &sources, &graph, &drawn)?;
        let asked = asked(&sources, &graph);
        let (mut timeline, mut warnings) = (voiced.timeline, voiced.warnings);
        if !drawn.is_empty() {
            let mut facts = voiced.look.1;
            let earlier = self.read(COLOURS);
            let colours =
                FilmColours::of(&self.env, engines::clips(&drawn), &self.folder, earlier, &seen);
            self.keep(COLOURS, &colours)?;
            engines::place(&mut sources, &mut graph, &timeline, &mut facts, &drawn, &colours);
            let speech = &voiced.spoken.speech;
            let built = timeline::timeline(&self.env, &sources, &graph, speech, &facts)?;
            (timeline, warnings) = (built.timeline, built.warnings);
        }
        let warnings = with_notes(warnings, &sources);
        let planned = Planned::new(asked, &graph, &voiced.spoken, drawn, timeline, warnings);
        self.folder.undone("timeline")?;
        write_json(&self.folder, layout::SCENE_GRAPH, &graph)?;
        timeline::write(&self.folder, &planned.timeline)?;
        self.keep(FINAL, &planned)?;
        self.folder.done("timeline", &input, &[FINAL])?;
        Ok(planned)
    }

    fn times_so_far(&self, file: &BriefFile) -> Result<Times, PipelineError> {
        let mut times = self.plan_of(file)?.times;
        times.0.extend(self.voice_of(file)?.times.0);
        times.0.extend(self.read::<Times>(MIX).unwrap_or_default().0);
        Ok(times)
    }

    /// What tells the files apart that the film is joined of.
    fn made_of(&self, ranges: &[FrameRange]) -> Vec<String> {
        let chunks = (0..ranges.len()).map(chunk::video);
        let files = chunks.chain([sound::AUDIO.to_owned()]);
        files.map(|name| self.folder.stamp(&self.folder.work(&name))).collect()
    }

    /// The receipt of a film that is in its place already.
    fn published(&self, input: &str) -> Option<Receipt> {
        let is_there = self.folder.is_done("publish", input, &[layout::METADATA])
            && self.folder.place(layout::OUTPUT).is_file();
        if !is_there {
            return None;
        }
        serde_json::from_slice(&std::fs::read(self.folder.place(layout::METADATA)).ok()?).ok()
    }

    fn put_in_place(&self, timeline: &Timeline) -> Result<(), PipelineError> {
        let (before, after) = artifacts(timeline);
        let takes = takes(timeline);
        let names: Vec<&str> =
            before.into_iter().chain(takes.iter().copied()).chain(after).collect();
        self.folder.place_all(&names)?;
        // What an earlier film of this folder had and this one has not is not this one's.
        let kept: BTreeSet<&str> = names.into_iter().collect();
        for name in SIDECARS.into_iter().filter(|name| !kept.contains(name)) {
            remove(&self.folder.place(name))?;
        }
        let voice = self.folder.place(layout::VOICE_DIR);
        for take in std::fs::read_dir(&voice).into_iter().flatten().flatten() {
            let name = format!("{}/{}", layout::VOICE_DIR, take.file_name().to_string_lossy());
            if !kept.contains(name.as_str()) {
                remove(&take.path())?;
            }
        }
        Ok(())
    }

    /// Removes what killed attempts and longer films left among the chunks.
    fn tidy(&self, chunks: usize) {
        let kept: BTreeSet<String> = (0..chunks).flat_map(chunk::files).collect();
        let folder = self.folder.work(layout::CHUNKS_DIR);
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = format!("{}/{}", layout::CHUNKS_DIR, entry.file_name().to_string_lossy());
            if !kept.contains(&name) {
                // What cannot be removed takes some room, and does no harm.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}
