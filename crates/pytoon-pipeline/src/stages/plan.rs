//! Plans the scenes of a resolved brief.

use crate::Result;
use crate::places::content_stamp;
use crate::sources::Sources;
use crate::stage::{Stage, StageContext, Step, write_json};
use pytoon_core::artifact;
use pytoon_core::plan::{PlanInput as CoreInput, plan};
use pytoon_core::scene::SceneGraph;
use pytoon_core::timeline::OverlayContent;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The stage that plans the scenes of a film.
pub(crate) struct PlanStage;

#[derive(Serialize)]
pub(crate) struct PlanInput {
    /// The hash of the brief itself, without the content of its files.
    pub(crate) brief: String,
    /// The brief with all its files resolved, and with the transcript of its recording.
    pub(crate) sources: Sources,
    /// The paths, sizes and content hashes of the brief's files.
    pub(crate) stamps: Vec<String>,
    pub(crate) draft: bool,
}

/// The planned scenes of a brief, with the script and the language from which they were planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The hash of the planned brief.
    pub(crate) brief: String,
    /// The script: the brief's own, or the transcript of its recording.
    script: Option<String>,
    language: Option<String>,
    guessed_script: Option<String>,
    pub(crate) preset_id: String,
    pub(crate) graph: SceneGraph,
}

impl Plan {
    /// Copies the planned script, its language, and the reason why it may be wrong into a brief whose files were
    /// resolved again.
    pub(crate) fn complete(&self, sources: &mut Sources) {
        sources.brief.script.clone_from(&self.script);
        sources.brief.language.clone_from(&self.language);
        sources.guessed_script.clone_from(&self.guessed_script);
    }
}

impl Stage for PlanStage {
    type Input = PlanInput;
    type Output = Plan;

    fn name(&self) -> String {
        "plan".to_owned()
    }

    fn artifacts(&self, _: &Plan) -> Vec<String> {
        vec![artifact::BRIEF.to_owned()]
    }

    fn run(&self, context: &StageContext<'_>, input: &PlanInput) -> Result<Step<Plan>> {
        let sources = &input.sources;
        let graph = plan(&CoreInput {
            brief: &sources.brief,
            preset_id: &sources.preset_id,
            preset: &sources.preset,
            media: &sources.media,
            override_media: &sources.override_media,
            seed: sources.seed,
        })
        .map_err(|problem| context.field_error(&problem.field, problem.reason))?;
        let folder = context.folder;
        write_json(folder, artifact::BRIEF, &sources.brief)?;
        if input.draft {
            folder.write(artifact::DRAFT_MARK, b"")?;
        } else {
            folder.remove_work(artifact::DRAFT_MARK)?;
        }
        write_json(folder, artifact::SCENE_GRAPH, &graph)?;
        Ok(Step::Done(Plan {
            brief: input.brief.clone(),
            script: sources.brief.script.clone(),
            language: sources.brief.language.clone(),
            guessed_script: sources.guessed_script.clone(),
            preset_id: sources.preset_id.clone(),
            graph,
        }))
    }
}

/// Returns the path, size and content hash of each file that a brief uses, its font included.
pub(crate) fn stamps(sources: &Sources) -> Vec<String> {
    let own = sources.override_media.iter().map(|(_, media)| media);
    let media = sources.media.iter().chain(own).map(|media| media.path.as_str());
    let sound = [&sources.brief.voice_file, &sources.brief.music_source];
    let overlays = sources.overlays.iter().filter_map(|overlay| match &overlay.content {
        OverlayContent::Image { asset } => Some(asset.as_str()),
        OverlayContent::Text { .. }
        | OverlayContent::Label { .. }
        | OverlayContent::LowerThird { .. }
        | OverlayContent::Chapter { .. }
        | OverlayContent::Title { .. } => None,
    });
    let all = media.chain(sound.into_iter().flatten().map(String::as_str)).chain(overlays);
    all.chain(sources.font.as_deref()).map(|path| content_stamp(Path::new(path))).collect()
}
