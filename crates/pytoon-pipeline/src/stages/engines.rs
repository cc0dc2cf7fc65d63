//! Scenes that outside engines draw: which, what is asked of them, and what came of it.
//!
//! Guarantees: chains are decided once and stored with the job; a finished stage is taken over by
//! the next run of the same job; every scene has a picture afterwards, since what no engine
//! delivers is drawn locally.
//!
//! A scene is an engine's when it has no media of the brief's own; one with a picture only when
//! the brief or the preset names an engine, since a customer's picture is otherwise shown as it
//! is. In a brand-safe film a picture is never handed to a model: it is laid over what the model
//! draws.

use super::budget::{self, budget};
use super::colours::FilmColours;
use crate::PipelineError;
use crate::delivery;
use crate::engine_desk::{EngineDesk, Outside};
use crate::environment::Environment;
use crate::folder::JobFolder;
use crate::sources::Sources;
use pytoon_config::BriefFile;
use pytoon_core::brief::{ClipReuse, OnDegrade, Position, deadline};
use pytoon_core::chain::EngineChain;
use pytoon_core::money::MicroUsd;
use pytoon_core::plan::LOCAL_ENGINE;
use pytoon_core::scene::{MediaKind, Scene, SceneGraph, SceneMedia};
use pytoon_core::timeline::build::{AssetFacts, OverlayRequest};
use pytoon_core::timeline::reading::{ClipReading, SoundReading};
use pytoon_core::timeline::{OverlayContent, Timeline};
use pytoon_engines::adapter::Ratio;
use pytoon_engines::engine_manager::{AttemptRecord, ClipUse, SceneOrder, SceneOutcome};
use pytoon_engines::engine_selector::SceneWish;
use pytoon_engines::{EngineError, EngineErrorKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the stage leaves for the next run.
const RESULT: &str = "engines.json";
/// Longest visual idea that is made of spoken sentences, in characters.
const IDEA_CHARS: usize = 400;

/// One scene's story, for the receipt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SceneEngines {
    pub(crate) asked: String,
    pub(crate) clip: Option<ClipUse>,
    pub(crate) attempts: Vec<AttemptRecord>,
    pub(crate) waited_ms: u64,
}

/// The stage's result, by scene.
pub(crate) type Drawn = BTreeMap<String, SceneEngines>;

/// Decides every scene's chain and writes it into the graph. `needed_ms` tells how long a clip the
/// scene of an index needs, in milliseconds.
pub(crate) fn choose(
    desk: &EngineDesk,
    sources: &Sources,
    graph: &mut SceneGraph,
    needed_ms: &dyn Fn(usize) -> i64,
) {
    for (index, scene) in graph.scenes.iter_mut().enumerate() {
        let explicit = explicit_engine(sources, index);
        if !is_engines_scene(desk, sources, scene, explicit) {
            continue;
        }
        let wish = SceneWish {
            explicit,
            preset_id: &sources.preset_id,
            keywords: &scene.style.keywords,
            prompt: &visual_idea(scene),
            has_image: hands_over_picture(sources, scene),
            ratio: Ratio { width: sources.profile.width, height: sources.profile.height },
            budget_left: budget(desk, sources),
        };
        let chain = desk.resolve(&wish, needed_ms(index));
        scene.media.engine = explicit.map_or_else(|| chain.first().to_owned(), str::to_owned);
        scene.engine_chain = Some(chain);
    }
}

fn explicit_engine(sources: &Sources, index: usize) -> Option<&str> {
    let own = sources.brief.scenes.iter().find(|change| change.scene as usize == index + 1);
    own.and_then(|change| change.engine.as_deref()).or(sources.brief.engine_override.as_deref())
}

fn is_engines_scene(
    desk: &EngineDesk,
    sources: &Sources,
    scene: &Scene,
    explicit: Option<&str>,
) -> bool {
    let asked_by_name = explicit.is_some_and(|engine| engine != LOCAL_ENGINE)
        || desk.engines().settings.preset_engine_prefs.contains_key(&sources.preset_id);
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

/// What is to be seen, in words: the scene's own idea, else what it says.
fn visual_idea(scene: &Scene) -> String {
    let idea = scene.media.prompt.clone().unwrap_or_else(|| scene.description.clone());
    let idea = if idea.trim().is_empty() {
        scene.spoken_text().chars().take(IDEA_CHARS).collect()
    } else {
        idea
    };
    let lower = idea.to_lowercase();
    let missing: Vec<&str> = scene
        .style
        .keywords
        .iter()
        .map(String::as_str)
        .filter(|word| !lower.contains(&word.to_lowercase()))
        .collect();
    if missing.is_empty() { idea } else { format!("{idea}, {}", missing.join(", ")) }
}

/// The scene's length with the handles of its transitions, in milliseconds.
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
        .unwrap_or(0);
    let handle_out = clips
        .filter(|clip| clip.start_frame == place.end_frame)
        .filter_map(|clip| clip.transition_in.as_ref())
        .map(|t| t.end_frame - place.end_frame)
        .max()
        .unwrap_or(0);
    let rate = timeline.frame_rate;
    place.end - place.start + rate.frame_to_ms(handle_in.max(0) + handle_out.max(0))
}

/// Draws all scenes that are engines', or takes over what an earlier run drew.
pub(crate) fn engines(
    env: &Environment,
    file: &BriefFile,
    sources: &Sources,
    graph: &SceneGraph,
    timeline: &Timeline,
    folder: &JobFolder,
) -> Result<(Drawn, bool), PipelineError> {
    let wanted = orders(env, sources, graph, &|scene| needed_ms(timeline, scene), folder)?;
    budget::refuse(env, file, sources, &wanted, folder, MicroUsd::ZERO)?;
    let mut orders: Vec<(String, SceneOrder)> =
        wanted.into_iter().map(|wanted| (wanted.asked, wanted.order)).collect();
    if orders.is_empty() {
        return Ok((Drawn::new(), true));
    }
    // Chains change with every failure elsewhere, ids with every job: neither makes other clips.
    let asked: Vec<_> = orders
        .iter()
        .map(|(_, o)| (&o.scene_id, &o.prompt, &o.image, o.needed_ms, o.seed, o.brand_safe))
        .collect();
    let input = folder.hash(&asked);
    if let Some(drawn) = earlier_result(folder, &input) {
        return Ok((drawn, true));
    }
    let mut drawn = Drawn::new();
    for (asked, order) in orders.iter().filter(|(_, order)| !order.chain.has_outside_engine()) {
        let story = SceneEngines { asked: asked.clone(), ..SceneEngines::default() };
        drawn.insert(order.scene_id.clone(), story);
    }
    orders.retain(|(_, order)| order.chain.has_outside_engine());
    if let Some(outside) = env.engines.outside() {
        for (scene, story) in walk_all(outside, orders)? {
            drawn.insert(scene, story);
        }
    }
    let bytes = serde_json::to_vec(&drawn).map_err(|e| PipelineError::Internal(e.to_string()))?;
    folder.write(RESULT, &bytes)?;
    folder.done("engines", &input, &[RESULT])?;
    degraded(env, folder, sources, graph, &drawn)?;
    Ok((drawn, false))
}

fn earlier_result(folder: &JobFolder, input: &str) -> Option<Drawn> {
    if !folder.is_done("engines", input, &[RESULT]) {
        return None;
    }
    let bytes = std::fs::read(folder.work(RESULT)).ok()?;
    let drawn: Drawn = serde_json::from_slice(&bytes).ok()?;
    let whole = clips(&drawn).all(|clip| clip.path.is_file());
    // What fell back is asked for again: a clip may have arrived late, or a key.
    let complete = drawn.values().all(|story| story.clip.is_some() || is_as_asked(story));
    (whole && complete).then_some(drawn)
}

/// What is wanted of outside engines for one scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wanted {
    /// The engine asked for.
    pub(crate) asked: String,
    /// The engine that the brief names, where it does.
    pub(crate) explicit: Option<String>,
    /// Which time it is asked.
    pub(crate) take: u32,
    /// All that the walk needs.
    pub(crate) order: SceneOrder,
}

/// What is wanted of outside engines, scene by scene.
pub(crate) fn orders(
    env: &Environment,
    sources: &Sources,
    graph: &SceneGraph,
    needed_ms: &dyn Fn(usize) -> i64,
    folder: &JobFolder,
) -> Result<Vec<Wanted>, PipelineError> {
    let deadline = match &sources.brief.deadline {
        Some(text) => Some(
            deadline(text, folder.started_at())
                .map_err(|reason| PipelineError::Internal(format!("deadline: {reason}")))?,
        ),
        None => None,
    };
    let chosen = graph.scenes.iter().enumerate();
    let chosen = chosen.filter_map(|(i, s)| Some((i, s, s.engine_chain.as_ref()?)));
    let chosen =
        chosen.filter(|(_, s, chain)| chain.has_outside_engine() || s.media.engine != LOCAL_ENGINE);
    Ok(chosen
        .map(|(index, scene, chain)| {
            let prompt = visual_idea(scene);
            let order = SceneOrder {
                job_id: folder.job_id().to_owned(),
                scene_id: scene.id.clone(),
                chain: chain.clone(),
                seed: seed(clip_seed(folder, sources), &prompt),
                prompt,
                negative_prompt: None,
                image: hands_over_picture(sources, scene)
                    .then(|| scene.media.asset.clone().map(PathBuf::from))
                    .flatten(),
                needed_ms: needed_ms(index),
                ratio: Ratio { width: sources.profile.width, height: sources.profile.height },
                brand_safe: is_brand_safe(sources),
                deadline,
                job_budget: budget(&env.engines, sources),
                asks_anew: take(sources, index) > 0,
                only_own: match sources.brief.reuse {
                    Some(reuse) => reuse != ClipReuse::Any,
                    None => explicit_engine(sources, index).is_some(),
                },
            };
            let explicit = explicit_engine(sources, index).map(str::to_owned);
            let take = take(sources, index);
            Wanted { asked: scene.media.engine.clone(), explicit, take, order }
        })
        .collect())
}

/// Returns the seed of a film's clips. Where no earlier clip may be used again it is the job's own:
/// requests of other films are then others.
fn clip_seed(folder: &JobFolder, sources: &Sources) -> u64 {
    match sources.brief.reuse {
        Some(ClipReuse::Never) => {
            xxhash_rust::xxh3::xxh3_64_with_seed(folder.job_id().as_bytes(), sources.seed)
        }
        _ => sources.seed,
    }
}

/// Which time the engine of a scene is asked.
fn take(sources: &Sources, index: usize) -> u32 {
    let own = sources.brief.scenes.iter().find(|scene| scene.scene as usize == index + 1);
    own.and_then(|scene| scene.take).unwrap_or(0)
}

/// The same words and seed ask for the same clip, wherever in the film they stand.
fn seed(film: u64, prompt: &str) -> u32 {
    let hash = xxhash_rust::xxh3::xxh3_64_with_seed(prompt.as_bytes(), film);
    (hash >> 33) as u32
}

/// Walks all chains at once; one thread waits for all of them.
fn walk_all(
    outside: &Outside,
    orders: Vec<(String, SceneOrder)>,
) -> Result<Vec<(String, SceneEngines)>, PipelineError> {
    outside.runtime.block_on(async {
        let mut names: Vec<String> = orders
            .iter()
            .flat_map(|(_, order)| order.chain.members.iter().map(|m| m.engine.clone()))
            .collect();
        names.sort();
        names.dedup();
        for name in names {
            // Nobody waits for these: they are for the log.
            let manager = outside.manager.clone();
            tokio::spawn(async move { manager.health_check(&name).await });
        }
        let mut running = tokio::task::JoinSet::new();
        for (asked, order) in orders {
            let manager = outside.manager.clone();
            running.spawn(async move {
                let outcome = manager.draw(&order).await;
                (order.scene_id, asked, outcome)
            });
        }
        let mut done = Vec::new();
        let mut gave_up = None;
        // After a cancel every scene is still heard: each tells its vendor.
        while let Some(ended) = running.join_next().await {
            let (scene, asked, outcome) = ended
                .map_err(|_| PipelineError::Internal("an engine stopped unexpectedly".into()))?;
            match outcome {
                Ok(outcome) => done.push((scene, story(asked, outcome))),
                Err(error) => gave_up = Some(error),
            }
        }
        outside.manager.show_spend().await;
        gave_up.map_or(Ok(done), |error| Err(given_up(error)))
    })
}

pub(crate) fn story(asked: String, outcome: SceneOutcome) -> SceneEngines {
    SceneEngines {
        asked,
        clip: outcome.clip,
        attempts: outcome.attempts,
        waited_ms: outcome.waited_ms,
    }
}

/// What a walk that gave up is to the render.
pub(crate) fn given_up(error: EngineError) -> PipelineError {
    if error.kind == EngineErrorKind::Cancelled {
        return pytoon_media::MediaError::Cancelled.into();
    }
    PipelineError::Internal(error.to_string())
}

/// Whether a scene without a clip is what was wanted: nobody was asked, and nobody was to be.
fn is_as_asked(story: &SceneEngines) -> bool {
    story.attempts.is_empty() && !is_degraded(story)
}

/// Whether a scene was to have an outside engine and has none.
pub(crate) fn is_degraded(story: &SceneEngines) -> bool {
    story.clip.is_none() && (story.asked != LOCAL_ENGINE)
}

/// Stops the job where the brief wants that rather than a lesser film.
pub(crate) fn degraded(
    env: &Environment,
    folder: &JobFolder,
    sources: &Sources,
    graph: &SceneGraph,
    drawn: &Drawn,
) -> Result<(), PipelineError> {
    let lesser: Vec<String> = graph
        .scenes
        .iter()
        .filter_map(|scene| Some((scene, drawn.get(&scene.id)?)))
        .filter(|(_, story)| is_degraded(story))
        .map(|(scene, story)| format!("{}: {}", scene.id, why(story, scene.engine_chain.as_ref())))
        .collect();
    if lesser.is_empty() {
        return Ok(());
    }
    let what = format!("scenes fell back to the local engine: {}", lesser.join("; "));
    stop(env, folder, sources, what)
}

/// Stops the job, unless its brief would rather have a lesser film; says what it has cost.
pub(crate) fn stop(
    env: &Environment,
    folder: &JobFolder,
    sources: &Sources,
    mut lesser: String,
) -> Result<(), PipelineError> {
    let spent = delivery::spend(env, folder);
    if spent > MicroUsd::ZERO {
        lesser += &format!("; {spent} was spent, and what it bought is kept");
    }
    match sources.brief.on_degrade.unwrap_or_default() {
        OnDegrade::Ship => Ok(()),
        OnDegrade::Hold => Err(PipelineError::Held(lesser)),
        OnDegrade::Fail => Err(PipelineError::Degraded(lesser)),
    }
}

/// What happened on the way down, in one line.
pub(crate) fn why(story: &SceneEngines, chain: Option<&EngineChain>) -> String {
    let mut parts: Vec<String> = story
        .attempts
        .iter()
        .filter(|attempt| attempt.result != "success")
        .map(|a| format!("{}: {} ({})", a.engine, a.result, a.reason))
        .collect();
    if parts.is_empty()
        && let Some(clip) = story.clip.as_ref().filter(|clip| clip.reused)
    {
        let engine = &clip.engine;
        parts.push(format!(
            "a clip of {engine} was there, and an earlier clip of any engine is used"
        ));
    } else if parts.is_empty()
        && let Some(chain) = chain
    {
        parts.extend(chain.left_out.iter().map(|l| format!("{}: {}", l.engine, l.reason)));
    }
    parts.join(", ")
}

/// The clips that were delivered.
pub(crate) fn clips(drawn: &Drawn) -> impl Iterator<Item = &ClipUse> {
    drawn.values().filter_map(|story| story.clip.as_ref())
}

/// Puts delivered clips into the plan.
pub(crate) fn place(
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
            scene.media.engine = LOCAL_ENGINE.to_owned();
            continue;
        };
        if scene.media.kind == MediaKind::Picture
            && is_brand_safe(sources)
            && let Some(product) = scene.media.asset.clone()
        {
            sources.overlays.push(product_overlay(product, index));
        }
        let asset = clip.path.display().to_string();
        assets.insert(
            asset.clone(),
            AssetFacts::Clip {
                duration_ms: clip.duration_ms,
                keep_sound: false,
                colour: colours.correction(&clip.path),
                reading: ClipReading::default(),
                sound: SoundReading::default(),
                seen: None,
            },
        );
        scene.media = SceneMedia {
            kind: MediaKind::Clip,
            asset: Some(asset),
            engine: clip.engine.clone(),
            prompt: scene.media.prompt.clone(),
            effect: scene.media.effect,
            fit: None,
        };
        // Lengths were fixed with what the scene showed before.
        if scene.sentences.is_empty()
            && let Some(place) = timeline.timeline.get(index)
        {
            scene.min_duration = scene.min_duration.max(place.end - place.start);
        }
        scene.more_media.clear();
    }
}

/// A product picture over what a model drew, clear of the captions.
fn product_overlay(asset: String, scene: usize) -> OverlayRequest {
    OverlayRequest {
        content: OverlayContent::Image { asset },
        position: Position::Top,
        width: 0.56,
        opacity: 1.0,
        start_ms: 0,
        end_ms: None,
        scene: Some(scene),
    }
}
