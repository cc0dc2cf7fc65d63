//! What a step leaves for those after it, beside its artifacts.

use super::Steps;
use crate::PipelineError;
use crate::delivery::Times;
use crate::sources::{self, Sources};
use crate::stages::engines::Wanted;
use crate::stages::voice::VoiceResult;
use pytoon_config::BriefFile;
use pytoon_core::note::Note;
use pytoon_core::scene::SceneGraph;
use pytoon_core::timeline::build::AssetFacts;
use pytoon_core::timeline::{OverlayContent, Timeline};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// What planning leaves.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PlanState {
    /// The brief that it is a plan of.
    brief: String,
    /// The words, where they are what a recording was heard to say.
    script: Option<String>,
    language: Option<String>,
    guessed_script: Option<String>,
    pub(super) preset_id: String,
    pub(super) graph: SceneGraph,
    pub(super) times: Times,
}

impl PlanState {
    pub(super) fn new(brief: String, sources: &Sources, graph: SceneGraph, times: Times) -> Self {
        Self {
            brief,
            script: sources.brief.script.clone(),
            language: sources.brief.language.clone(),
            guessed_script: sources.guessed_script.clone(),
            preset_id: sources.preset_id.clone(),
            graph,
            times,
        }
    }
}

/// What the voice and all that follows from its times leave.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct VoiceState {
    /// The brief that was spoken.
    pub(super) brief: String,
    /// What it was made of.
    pub(super) input: String,
    /// The scenes with the chains of their engines.
    pub(super) graph: SceneGraph,
    pub(super) spoken: VoiceResult,
    /// What the pictures were looked at for, and what was seen.
    pub(super) look: (String, BTreeMap<String, AssetFacts>),
    /// The film as it is without outside engines.
    pub(super) timeline: Timeline,
    pub(super) warnings: Vec<Note>,
    /// What is wanted of outside engines.
    pub(super) wanted: Vec<Wanted>,
    pub(super) times: Times,
}

impl VoiceState {
    pub(super) fn wanted(&self, scene_id: &str) -> Option<&Wanted> {
        self.wanted.iter().find(|wanted| wanted.order.scene_id == scene_id)
    }
}

pub(super) const PLAN: &str = "plan.json";
pub(super) const VOICED: &str = "voiced.json";

impl Steps {
    pub(super) fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.folder.kept(name)
    }

    pub(super) fn keep(&self, name: &str, state: &impl Serialize) -> Result<(), PipelineError> {
        let bytes =
            self.folder.portable(state).map_err(|e| PipelineError::Internal(e.to_string()))?;
        Ok(self.folder.write(name, &bytes)?)
    }

    /// Tells briefs apart without looking at the files they name.
    pub(super) fn brief_hash(&self, file: &BriefFile) -> String {
        self.folder.hash(&(&file.brief, &file.base, self.draft))
    }

    /// What planning left for this brief.
    pub(super) fn plan_of(&self, file: &BriefFile) -> Result<PlanState, PipelineError> {
        let state = self.read::<PlanState>(PLAN);
        let state = state.filter(|state| state.brief == self.brief_hash(file));
        state.ok_or_else(|| before("plan"))
    }

    /// What the voice left for this brief.
    pub(super) fn voice_of(&self, file: &BriefFile) -> Result<VoiceState, PipelineError> {
        let state = self.read::<VoiceState>(VOICED);
        let brief = self.brief_hash(file);
        let is_done = |state: &VoiceState| {
            state.brief == brief && self.folder.is_done("voiced", &state.input, &[])
        };
        state.filter(is_done).ok_or_else(|| before("voice"))
    }

    /// The brief with everything it names found, and with the words that planning heard.
    pub(super) fn sources(
        &self,
        file: &BriefFile,
        plan: &PlanState,
    ) -> Result<Sources, PipelineError> {
        let mut sources = sources::resolve(&self.env, file, self.draft)?;
        sources.brief.script.clone_from(&plan.script);
        sources.brief.language.clone_from(&plan.language);
        sources.guessed_script.clone_from(&plan.guessed_script);
        Ok(sources)
    }

    /// What identifies the files that a brief names, in the order of its fields.
    pub(super) fn stamps(&self, sources: &Sources) -> Vec<String> {
        let own = sources.override_media.iter().map(|(_, media)| media);
        let media = sources.media.iter().chain(own).map(|media| media.path.as_str());
        let sound = [&sources.brief.voice_file, &sources.brief.music_source];
        let overlays = sources.overlays.iter().filter_map(|overlay| match &overlay.content {
            OverlayContent::Image { asset } => Some(asset.as_str()),
            OverlayContent::Text { .. } => None,
        });
        let all = media.chain(sound.into_iter().flatten().map(String::as_str)).chain(overlays);
        all.chain(sources.font.as_deref()).map(|path| self.folder.stamp(Path::new(path))).collect()
    }
}

fn before(step: &str) -> PipelineError {
    PipelineError::Internal(format!("the step `{step}` has to be done for this brief first"))
}
