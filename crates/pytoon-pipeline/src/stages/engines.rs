//! Draws scenes with external engines: selects the scenes, creates their orders, and applies the results.
//!
//! Guarantees: chains are stored with the job; every scene has a picture in the end, since scenes without a
//! clip are drawn locally.
//!
//! External engines may draw a scene for which the brief provides no media, unless the brief requests
//! `local`. They draw a scene with a picture only if the brief or the preset names an engine, since a
//! customer's picture is otherwise shown unchanged. In a brand-safe film a picture is never sent to a model;
//! it is laid over the model's clip.

use super::Asset;
use super::budget::{budget, spend};
use super::colours::{FilmColours, SeenClip};
use crate::engine_session::EngineSession;
use crate::folder::JobFolder;
use crate::rendition::Rendition;
use crate::sources::Sources;
use crate::stage::{Stage, StageContext, Step};
use crate::{PipelineError, Result};
use pytoon_core::brief::{
    Brief, ClipReuse, OnDegrade, OverlayMove, Position, SceneOverride, deadline,
};
use pytoon_core::chain::EngineChain;
use pytoon_core::layout::Format;
use pytoon_core::plan::LOCAL_ENGINE;
use pytoon_core::scene::{MediaKind, Scene, SceneGraph};
use pytoon_core::timeline::OverlayRequest;
use pytoon_core::timeline::asset_facts::AssetFacts;
use pytoon_core::timeline::reading::{ClipReading, SoundReading};
use pytoon_core::timeline::{OverlayContent, Timeline};
use pytoon_engines::adapter::Ratio;
use pytoon_engines::engine_manager::{
    AttemptRecord, ClipUse, SceneMemo, SceneOrder, SceneOutcome, Slice,
};
use pytoon_engines::engine_selector::SceneWish;
use pytoon_engines::{VendorError, VendorErrorKind};
use pytoon_vocabulary::{EngineName, Frame, MicroUsd, SceneId, UnixMs};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Maximum length of a visual idea that consists of spoken sentences, in characters.
const IDEA_CHARS: usize = 400;

/// The requested engine of a scene, the attempts, the delivered clip, and the time spent waiting.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SceneEngines {
    pub(crate) asked: EngineName,
    pub(crate) clip: Option<ClipUse>,
    pub(crate) attempts: Vec<AttemptRecord>,
    pub(crate) waited_ms: u64,
}

/// The results of all scenes, by scene id.
pub(crate) type Drawn = BTreeMap<SceneId, SceneEngines>;

/// Chooses the chain of every scene that engines may draw, writes it into the graph, and returns the orders for
/// external engines, scene by scene. `needed_ms` maps the index of a scene to the length of the clip that it needs,
/// in milliseconds.
pub(crate) fn choose(
    context: &StageContext<'_>,
    sources: &Sources,
    graph: &mut SceneGraph,
    needed_ms: &dyn Fn(usize) -> i64,
) -> Vec<SceneRequest> {
    let session = context.engines();
    for (index, scene) in graph.scenes.iter_mut().enumerate() {
        let explicit = explicit_engine(sources, index);
        if !is_engines_scene(session, sources, scene, explicit) {
            continue;
        }
        let wish = SceneWish {
            explicit,
            preset_id: &sources.preset_id,
            keywords: &scene.style.keywords,
            prompt: &visual_idea(scene),
            has_image: hands_over_picture(sources, scene),
            ratio: Ratio { width: sources.profile.width, height: sources.profile.height },
            budget: budget(session, sources),
        };
        let chain = session.resolve(&wish, needed_ms(index));
        scene.media.engine = explicit.unwrap_or_else(|| chain.first()).into();
        scene.engine_chain = Some(chain);
    }
    let mut orders = orders(context, sources, graph, needed_ms);
    let first = orders.clone();
    for format in sources.brief.formats_with_clips() {
        let film = sources.of_rendition(Rendition::In(*format));
        let ratio = Ratio { width: film.profile.width, height: film.profile.height };
        let scene_of = |order: &SceneRequest| {
            graph.scenes.iter().find(|scene| scene.id == order.order.scene_id)
        };
        let own = first.iter().filter_map(|first| {
            Some(first.in_format(session, sources, scene_of(first)?, *format, ratio))
        });
        orders.extend(own);
    }
    orders
}

/// Returns the brief's overrides for a scene; `None` if there are none.
fn change(sources: &Sources, index: usize) -> Option<&SceneOverride> {
    sources.brief.scenes.iter().find(|change| change.scene as usize == index + 1)
}

fn explicit_engine(sources: &Sources, index: usize) -> Option<&str> {
    let own = change(sources, index).and_then(|change| change.engine.as_deref());
    own.or(sources.brief.engine_override.as_deref())
}

fn is_engines_scene(
    session: &EngineSession,
    sources: &Sources,
    scene: &Scene,
    explicit: Option<&str>,
) -> bool {
    let asked_by_name = explicit.is_some_and(|engine| engine != LOCAL_ENGINE)
        || session.engines().settings.preset_engine_prefs.contains_key(&sources.preset_id);
    match scene.media.kind {
        _ if explicit == Some(LOCAL_ENGINE) => false,
        MediaKind::Background => true,
        MediaKind::Picture => asked_by_name,
        MediaKind::Clip => false,
    }
}

fn is_brand_safe(sources: &Sources) -> bool {
    sources.brief.brand_safe == Some(true)
}

fn hands_over_picture(sources: &Sources, scene: &Scene) -> bool {
    scene.media.kind == MediaKind::Picture && !is_brand_safe(sources)
}

/// Returns a description of a scene's content: the scene's own idea, or else its sentences, followed by the style
/// keywords that it lacks.
fn visual_idea(scene: &Scene) -> String {
    let idea = scene.media.prompt.clone().unwrap_or_else(|| scene.description.clone());
    let idea = if idea.trim().is_empty() {
        scene.spoken_text().chars().take(IDEA_CHARS).collect()
    } else {
        idea
    };
    let lower = idea.to_lowercase();
    let keywords = scene.style.keywords.iter().map(String::as_str);
    let missing: Vec<&str> =
        keywords.filter(|word| !lower.contains(&word.to_lowercase())).collect();
    if missing.is_empty() { idea } else { format!("{idea}, {}", missing.join(", ")) }
}

/// Returns the scene's length with the handles of its transitions, in milliseconds.
pub(crate) fn needed_ms(timeline: &Timeline, index: usize) -> i64 {
    let Some(place) = timeline.timeline.get(index) else { return 0 };
    let clips = timeline.tracks.video.iter();
    let own = clips.clone().filter(|clip| clip.scene_id == place.scene_id);
    let first = own.clone().map(|clip| clip.start_frame).min();
    let handle_in = own
        .filter(|clip| Some(clip.start_frame) == first)
        .filter_map(|clip| clip.transition_in.as_ref())
        .map(|t| place.start_frame - t.start_frame)
        .max()
        .unwrap_or_default();
    let handle_out = clips
        .filter(|clip| clip.start_frame == place.end_frame)
        .filter_map(|clip| clip.transition_in.as_ref())
        .map(|t| t.end_frame - place.end_frame)
        .max()
        .unwrap_or_default();
    let rate = timeline.frame_rate;
    let handles = handle_in.max(Frame::ZERO) + handle_out.max(Frame::ZERO);
    (place.range().to_ms(rate).duration() + rate.frame_to_ms(handles)).get()
}

/// An order for external engines for one scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SceneRequest {
    /// The requested engine.
    pub(crate) asked: EngineName,
    /// The engine that the brief names; `None` if it names none.
    pub(crate) explicit: Option<String>,
    /// A number that distinguishes repeated orders for the same scene.
    pub(crate) take: u32,
    /// The order that is passed to the engines of the chain.
    pub(crate) order: SceneOrder,
}

impl SceneRequest {
    /// Returns the order of the same scene for the film in a further format, with a chain of engines for its shape.
    fn in_format(
        &self,
        session: &EngineSession,
        sources: &Sources,
        scene: &Scene,
        format: Format,
        ratio: Ratio,
    ) -> Self {
        let mut further = self.clone();
        let order = &mut further.order;
        let wish = SceneWish {
            explicit: self.explicit.as_deref(),
            preset_id: &sources.preset_id,
            keywords: &scene.style.keywords,
            prompt: &order.prompt,
            has_image: order.image.is_some(),
            ratio,
            budget: order.job_budget,
        };
        order.chain = session.resolve(&wish, order.needed_ms);
        order.scene_id = Rendition::In(format).clip_id(&order.scene_id);
        order.ratio = ratio;
        further
    }
}

fn orders(
    context: &StageContext<'_>,
    sources: &Sources,
    graph: &SceneGraph,
    needed_ms: &dyn Fn(usize) -> i64,
) -> Vec<SceneRequest> {
    let folder = context.folder;
    let chosen = graph.scenes.iter().enumerate();
    let chosen = chosen.filter_map(|(i, s)| Some((i, s, s.engine_chain.as_ref()?)));
    let chosen =
        chosen.filter(|(_, s, chain)| chain.has_outside_engine() || s.media.engine != LOCAL_ENGINE);
    chosen
        .map(|(index, scene, chain)| {
            let prompt = visual_idea(scene);
            let explicit = explicit_engine(sources, index);
            let take = change(sources, index).and_then(|change| change.take).unwrap_or(0);
            let image = scene.media.asset.as_ref().filter(|_| hands_over_picture(sources, scene));
            let order = SceneOrder {
                job_id: folder.job_id().clone(),
                scene_id: scene.id.clone(),
                chain: chain.clone(),
                seed: seed(clip_seed(folder, sources), &prompt),
                prompt,
                negative_prompt: None,
                image: image.map(PathBuf::from),
                needed_ms: needed_ms(index),
                ratio: Ratio { width: sources.profile.width, height: sources.profile.height },
                brand_safe: is_brand_safe(sources),
                deadline: None,
                job_budget: budget(context.engines(), sources),
                asks_anew: take > 0,
                only_own: match sources.brief.reuse {
                    Some(reuse) => reuse != ClipReuse::Any,
                    None => explicit.is_some(),
                },
            };
            let (asked, explicit) = (scene.media.engine.clone(), explicit.map(str::to_owned));
            SceneRequest { asked, explicit, take, order }
        })
        .collect()
}

/// Returns the deadline of a brief as a point in time; `None` without a deadline.
pub(crate) fn deadline_of(brief: &Brief, folder: &JobFolder) -> Result<Option<UnixMs>> {
    let moment = brief.deadline.as_ref().map(|text| deadline(text, folder.started_at()));
    moment.transpose().map_err(|reason| PipelineError::Internal(format!("deadline: {reason}")))
}

/// Returns the seed of a film's clips. If the brief forbids reuse of earlier clips, the seed is derived from the
/// job's id, so that the requests of other films differ.
fn clip_seed(folder: &JobFolder, sources: &Sources) -> u64 {
    match sources.brief.reuse {
        Some(ClipReuse::Never) => {
            xxhash_rust::xxh3::xxh3_64_with_seed(folder.job_id().as_str().as_bytes(), sources.seed)
        }
        _ => sources.seed,
    }
}

/// Returns the seed of a clip. The same prompt and film seed request the same clip anywhere in the film.
fn seed(film: u64, prompt: &str) -> u32 {
    let hash = xxhash_rust::xxh3::xxh3_64_with_seed(prompt.as_bytes(), film);
    (hash >> 33) as u32
}

/// The stage that obtains the clip of one scene.
pub(crate) struct SceneStage<'a> {
    pub(crate) wanted: &'a SceneRequest,
    /// The time until which the stage may wait for engines whose breakers are open.
    pub(crate) deadline: Option<UnixMs>,
    /// The progress that the previous run of the stage returned.
    pub(crate) memo: SceneMemo,
    /// True if no other scene of the film may get a clip, so that there are no colours to match.
    pub(crate) is_alone: bool,
}

impl<'a> SceneStage<'a> {
    /// Returns the stage of a scene, to look up its earlier output.
    pub(crate) fn new(wanted: &'a SceneRequest) -> Self {
        Self { wanted, deadline: None, memo: SceneMemo::default(), is_alone: false }
    }
}

/// The input of a scene's clip. The chain is excluded, since failures in other jobs change it too.
#[derive(Serialize)]
pub(crate) struct SceneInput {
    explicit: Option<String>,
    take: u32,
    scene_id: SceneId,
    prompt: String,
    negative_prompt: Option<String>,
    image: Option<Asset>,
    needed_ms: i64,
    ratio: Ratio,
    seed: u32,
    brand_safe: bool,
}

impl SceneInput {
    pub(crate) fn of(wanted: &SceneRequest) -> Self {
        let order = &wanted.order;
        let asset = |path: &PathBuf| Asset::of(&path.display().to_string());
        Self {
            explicit: wanted.explicit.clone(),
            take: wanted.take,
            scene_id: order.scene_id.clone(),
            prompt: order.prompt.clone(),
            negative_prompt: order.negative_prompt.clone(),
            image: order.image.as_ref().map(asset),
            needed_ms: order.needed_ms,
            ratio: order.ratio,
            seed: order.seed,
            brand_safe: order.brand_safe,
        }
    }
}

/// The result of a scene: a clip, or none if the local engine draws it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DrawnScene {
    pub(crate) story: SceneEngines,
    /// The colours of the clip, unless it is the only one. They are measured here because several chunks need them at
    /// the same time.
    pub(crate) colours: Option<SeenClip>,
}

impl DrawnScene {
    /// Returns the result of a scene for which no external engine can be used.
    pub(crate) fn local_fallback(wanted: &SceneRequest) -> Self {
        let story = SceneEngines { asked: wanted.asked.clone(), ..SceneEngines::default() };
        Self { story, colours: None }
    }
}

impl Stage for SceneStage<'_> {
    type Input = SceneInput;
    type Output = DrawnScene;

    fn name(&self) -> String {
        self.wanted.order.scene_id.to_string()
    }

    fn output_file(&self) -> String {
        format!("scenes/{}.json", self.wanted.order.scene_id)
    }

    /// Returns true if the scene has no clip or its clip is available. Fetches a clip that another machine stored.
    fn is_usable(&self, context: &StageContext<'_>, drawn: &DrawnScene) -> Result<bool> {
        let Some(clip) = &drawn.story.clip else { return Ok(true) };
        let storage = context.engines().storage();
        match storage.name_of(&clip.path) {
            Some(name) => Ok(storage.have_now(&name)?),
            None => Ok(clip.path.is_file()),
        }
    }

    fn run(&self, context: &StageContext<'_>, _: &SceneInput) -> Result<Step<DrawnScene>> {
        let SceneRequest { asked, order, .. } = self.wanted;
        if !order.chain.has_outside_engine() {
            return Ok(Step::Done(DrawnScene::local_fallback(self.wanted)));
        }
        let outside = context.engines().outside().ok_or_else(|| {
            let why = "has engines that this worker cannot use: give every worker the same API \
                   keys and engine.yaml";
            PipelineError::Internal(format!("{} {why}", order.scene_id))
        })?;
        let order = SceneOrder {
            job_id: context.folder.job_id().clone(),
            deadline: self.deadline,
            ..order.clone()
        };
        let slice = outside.runtime.block_on(async {
            let claim = context.claim().cloned();
            let slice = outside.manager.draw(&order, self.memo.clone(), claim).await;
            if matches!(slice, Ok(Slice::Done(_))) {
                outside.manager.show_spend().await;
            }
            slice
        });
        let SceneOutcome { clip, attempts, waited_ms } = match slice.map_err(scene_error)? {
            Slice::Done(outcome) => outcome,
            Slice::Later { memo, wait } => return Ok(Step::Later { memo: Box::new(memo), wait }),
        };
        let story = SceneEngines { asked: asked.clone(), clip, attempts, waited_ms };
        let clip = story.clip.as_ref().filter(|_| !self.is_alone);
        let colours = clip.and_then(|clip| SeenClip::look(context, clip));
        Ok(Step::Done(DrawnScene { story, colours }))
    }
}

/// Converts a vendor error to the error of a scene. A cancellation remains a cancellation.
fn scene_error(error: VendorError) -> PipelineError {
    if error.kind == VendorErrorKind::Cancelled {
        return pytoon_process::SystemError::Cancelled.into();
    }
    error.into()
}

/// Returns true if an external engine was requested for the scene and none delivered.
pub(crate) fn is_degraded(story: &SceneEngines) -> bool {
    story.clip.is_none() && (story.asked != LOCAL_ENGINE)
}

/// Returns the time that a scene took, including waits, in milliseconds.
pub(crate) fn took_ms(story: &SceneEngines) -> u64 {
    story.waited_ms + story.attempts.iter().map(|attempt| attempt.latency_ms).sum::<u64>()
}

/// Returns a message that names the degraded scenes and their reasons; `None` if no scene is degraded.
pub(crate) fn shortfall(graph: &SceneGraph, drawn: &Drawn) -> Option<String> {
    let lesser: Vec<String> = graph
        .scenes
        .iter()
        .filter_map(|scene| Some((scene, drawn.get(&scene.id)?)))
        .filter(|(_, story)| is_degraded(story))
        .map(|(scene, story)| format!("{}: {}", scene.id, why(story, scene.engine_chain.as_ref())))
        .collect();
    (!lesser.is_empty())
        .then(|| format!("scenes fell back to the local engine: {}", lesser.join("; ")))
}

/// Returns an error for a degraded job, unless its brief accepts a degraded film. The error states the amount
/// spent, if any.
pub(crate) fn stop_if_short(
    context: &StageContext<'_>,
    sources: &Sources,
    shortfall: Option<String>,
) -> Result<()> {
    let Some(mut reason) = shortfall else { return Ok(()) };
    let spent = spend(context);
    if spent > MicroUsd::ZERO {
        reason += &format!("; {spent} was spent, and the purchased files are kept");
    }
    match sources.brief.on_degrade.unwrap_or_default() {
        OnDegrade::Ship => Ok(()),
        OnDegrade::Hold => Err(PipelineError::Held(reason)),
        OnDegrade::Fail => Err(PipelineError::Degraded(reason)),
    }
}

/// Returns the reasons for the scene's final engine: its failed attempts, or else a reused clip, or else the engines
/// that its chain excludes.
pub(crate) fn why(story: &SceneEngines, chain: Option<&EngineChain>) -> String {
    let failed = story.attempts.iter().filter(|attempt| attempt.result != "success");
    let failed: Vec<String> =
        failed.map(|attempt| format!("{}: {}", attempt.engine, attempt.reason)).collect();
    match story.clip.as_ref().filter(|clip| clip.reused) {
        _ if !failed.is_empty() => failed.join(", "),
        Some(ClipUse { engine, .. }) => {
            format!("an earlier clip of {engine} exists, and clips of any engine are reused")
        }
        None => chain.map(describe_left_out).unwrap_or_default(),
    }
}

/// Returns the engines that a chain excludes, each with the reason.
pub(super) fn describe_left_out(chain: &EngineChain) -> String {
    let left_out = chain.left_out.iter().map(|it| format!("{}: {}", it.engine, it.reason));
    left_out.collect::<Vec<_>>().join(", ")
}

/// Returns the clips that engines delivered for the scenes.
pub(crate) fn clips(drawn: &Drawn) -> impl Iterator<Item = &ClipUse> {
    drawn.values().filter_map(|story| story.clip.as_ref())
}

/// Inserts delivered clips into the scene graph and its assets, with their colour corrections. In a brand-safe film,
/// a scene's own picture becomes an overlay. Scenes without a clip are left to the local engine.
pub(crate) fn place_clips(
    sources: &mut Sources,
    graph: &mut SceneGraph,
    timeline: &Timeline,
    assets: &mut BTreeMap<String, AssetFacts>,
    drawn: &Drawn,
    colours: &FilmColours,
) {
    for (index, scene) in graph.scenes.iter_mut().enumerate() {
        let Some(story) = drawn.get(&scene.id) else { continue };
        let Some(clip) = &story.clip else {
            scene.media.engine = LOCAL_ENGINE.into();
            continue;
        };
        if scene.media.kind == MediaKind::Picture
            && is_brand_safe(sources)
            && let Some(product) = scene.media.asset.clone()
        {
            sources.overlays.push(product_overlay(product, index));
        }
        let asset = clip.path.display().to_string();
        let facts = AssetFacts::Clip {
            duration_ms: clip.duration_ms,
            keep_sound: false,
            colour: colours.correction(&clip.path),
            reading: ClipReading::default(),
            sound: SoundReading::default(),
            seen: None,
        };
        assets.insert(asset.clone(), facts);
        scene.media.kind = MediaKind::Clip;
        scene.media.asset = Some(asset);
        scene.media.engine.clone_from(&clip.engine);
        scene.media.fit = None;
        // Lengths were fixed with the scene's previous content.
        if scene.sentences.is_empty()
            && let Some(place) = timeline.timeline.get(index)
        {
            let shown = place.range().to_ms(timeline.frame_rate).duration();
            scene.min_duration = scene.min_duration.max(shown.get());
        }
        scene.more_media.clear();
    }
}

/// Returns the overlay of a product picture over a model's clip, clear of the captions.
fn product_overlay(asset: String, scene: usize) -> OverlayRequest {
    OverlayRequest {
        content: OverlayContent::Image { asset },
        position: Position::Top,
        width: 0.56,
        opacity: 1.0,
        start_ms: 0,
        end_ms: None,
        scene: Some(scene),
        animation: OverlayMove::Fade,
        is_free: false,
    }
}
