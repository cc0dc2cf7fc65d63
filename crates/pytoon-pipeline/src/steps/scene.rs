//! One scene by outside engines, in as many goes as its vendor needs.

use super::Steps;
use super::state::VoiceState;
use crate::PipelineError;
use crate::stages::colours::SeenClip;
use crate::stages::engines::{self, SceneEngines, Wanted};
use pytoon_config::BriefFile;
use pytoon_core::plan::LOCAL_ENGINE;
use pytoon_engines::engine_manager::{SceneMemo, Slice};
use std::path::Path;

/// How far a scene is.
#[derive(Debug, Clone, PartialEq)]
pub enum SceneProgress {
    /// It has its clip, or is left to the local engine.
    Done {
        /// The engine whose clip it shows; `local` where it is drawn on this machine.
        engine_used: String,
        /// Whether that is another than was asked for.
        fallback_used: bool,
        /// The scene's length in milliseconds.
        duration_ms: i64,
        /// What went wrong on the way to a fallback.
        error: Option<String>,
    },
    /// It is to be run again.
    Later {
        /// What the next run is to be given.
        memo: Box<SceneMemo>,
        /// How long nothing is to be expected, in milliseconds.
        wait_ms: u64,
    },
}

impl Steps {
    /// Gets one scene its clip, as far as that goes without waiting. The first run is given an
    /// empty memo, each later one what the run before returned; where that got lost, an older one
    /// serves.
    pub fn scene(
        &self,
        file: &BriefFile,
        scene_id: &str,
        memo: SceneMemo,
    ) -> Result<SceneProgress, PipelineError> {
        let voiced = self.voice_of(file)?;
        let places = &voiced.timeline.timeline;
        let Some(place) = places.iter().find(|place| place.scene_id == scene_id) else {
            return Err(PipelineError::Internal(format!("the film has no scene `{scene_id}`")));
        };
        let duration_ms = place.end - place.start;
        let Some(wanted) = voiced.wanted(scene_id) else {
            // Its own media or a drawn background: nobody is asked.
            return Ok(SceneProgress::Done {
                engine_used: LOCAL_ENGINE.to_owned(),
                fallback_used: false,
                duration_ms,
                error: None,
            });
        };
        if let Some(story) = self.story(wanted)? {
            return Ok(progress(&story, wanted, duration_ms));
        }
        let story = match self.walk(wanted, memo)? {
            Walked::Done(story) => story,
            Walked::Later(memo, wait_ms) => {
                let memo = Box::new(memo);
                return Ok(SceneProgress::Later { memo, wait_ms });
            }
        };
        // Here, since several chunks ask for it at one moment, and none can begin without it.
        let clip = story.clip.as_ref();
        let seen = clip.and_then(|clip| SeenClip::look(&self.env, &self.folder, clip));
        self.keep(&colours_file(scene_id), &seen)?;
        let name = story_file(scene_id);
        self.keep(&name, &story)?;
        self.folder.done(scene_id, &self.input(wanted), &[&name])?;
        Ok(progress(&story, wanted, duration_ms))
    }

    fn walk(&self, wanted: &Wanted, memo: SceneMemo) -> Result<Walked, PipelineError> {
        let Wanted { asked, order, .. } = wanted;
        if !order.chain.has_outside_engine() {
            return Ok(Walked::Done(left_to_local(wanted)));
        }
        let outside = self.env.engines.outside().ok_or_else(|| {
            let why = "has engines chosen for it, and this process can use none: its keys are not \
                       those of the process that chose them";
            PipelineError::Internal(format!("{} {why}", order.scene_id))
        })?;
        outside.runtime.block_on(async {
            let slice = outside.manager.draw_some(order, memo, self.env.claim.clone()).await;
            match slice.map_err(engines::given_up)? {
                Slice::Done(outcome) => {
                    outside.manager.show_spend().await;
                    Ok(Walked::Done(engines::story(asked.clone(), outcome)))
                }
                Slice::Later { memo, wait } => Ok(Walked::Later(memo, wait.as_millis() as u64)),
            }
        })
    }

    /// Forgets which scenes fell back to the local engine, so that a job that was held for that can
    /// be gone on with: `voice` chooses engines anew, and the scenes whose ids are returned are
    /// walked again. What was paid for meanwhile is used.
    pub fn forget_fallbacks(&self, file: &BriefFile) -> Result<Vec<String>, PipelineError> {
        let voiced = self.voice_of(file)?;
        let mut forgotten = Vec::new();
        for wanted in &voiced.wanted {
            if self.outcome(wanted)?.is_some_and(|story| engines::is_degraded(&story)) {
                self.folder.undone(&wanted.order.scene_id)?;
                forgotten.push(wanted.order.scene_id.clone());
            }
        }
        if !forgotten.is_empty() {
            self.folder.undone("voiced")?;
        }
        Ok(forgotten)
    }

    /// What came of a scene for which this was wanted; absent while it is not done.
    fn story(&self, wanted: &Wanted) -> Result<Option<SceneEngines>, PipelineError> {
        let scene_id = &wanted.order.scene_id;
        let file = story_file(scene_id);
        if !self.folder.is_done(scene_id, &self.input(wanted), &[&file]) {
            return Ok(None);
        }
        let Some(story) = self.read::<SceneEngines>(&file) else { return Ok(None) };
        let is_whole = match &story.clip {
            Some(clip) => self.has_clip(&clip.path)?,
            None => true,
        };
        Ok(is_whole.then_some(story))
    }

    /// Whether a clip is on this machine: another may have drawn the scene.
    fn has_clip(&self, path: &Path) -> Result<bool, PipelineError> {
        let storage = self.env.engines.storage();
        match storage.name_of(path) {
            Some(name) => Ok(storage.have_now(&name)?),
            None => Ok(path.is_file()),
        }
    }

    /// What makes a scene's clip. Chains change with every failure elsewhere, and make no other
    /// clip.
    fn input(&self, wanted: &Wanted) -> String {
        let order = &wanted.order;
        self.folder.hash(&(
            (&wanted.explicit, wanted.take, &order.scene_id, &order.prompt, &order.negative_prompt),
            (&order.image, order.image.as_deref().map(|path| self.folder.stamp(path))),
            (order.needed_ms, order.ratio, order.seed, order.brand_safe),
        ))
    }

    /// The same, and what comes of a scene for which nobody can be asked, run or not.
    fn outcome(&self, wanted: &Wanted) -> Result<Option<SceneEngines>, PipelineError> {
        let nobody = !wanted.order.chain.has_outside_engine();
        Ok(self.story(wanted)?.or_else(|| nobody.then(|| left_to_local(wanted))))
    }

    /// The clips that were looked at when they came.
    pub(super) fn seen_clips(&self, voiced: &VoiceState) -> Vec<SeenClip> {
        let ids = voiced.wanted.iter().map(|wanted| colours_file(&wanted.order.scene_id));
        ids.filter_map(|file| self.read::<Option<SeenClip>>(&file).flatten()).collect()
    }

    /// What came of all scenes; one that is not done is an error.
    pub(super) fn drawn(&self, voiced: &VoiceState) -> Result<engines::Drawn, PipelineError> {
        let stories = voiced.wanted.iter().map(|wanted| {
            let scene_id = wanted.order.scene_id.clone();
            let missing = || PipelineError::Internal(format!("{scene_id} is not drawn yet"));
            let story = self.outcome(wanted)?.ok_or_else(missing)?;
            Ok((scene_id, story))
        });
        stories.collect()
    }
}

enum Walked {
    Done(SceneEngines),
    Later(SceneMemo, u64),
}

/// What comes of a scene for which nobody can be asked.
fn left_to_local(wanted: &Wanted) -> SceneEngines {
    SceneEngines { asked: wanted.asked.clone(), ..SceneEngines::default() }
}

fn colours_file(scene_id: &str) -> String {
    format!("scenes/{scene_id}.colours.json")
}

fn story_file(scene_id: &str) -> String {
    format!("scenes/{scene_id}.json")
}

fn progress(story: &SceneEngines, wanted: &Wanted, duration_ms: i64) -> SceneProgress {
    let clip = story.clip.as_ref();
    let engine_used = clip.map_or_else(|| LOCAL_ENGINE.to_owned(), |clip| clip.engine.clone());
    let fallback_used = engine_used != story.asked;
    let error = fallback_used.then(|| engines::why(story, Some(&wanted.order.chain)));
    SceneProgress::Done { engine_used, fallback_used, duration_ms, error }
}
