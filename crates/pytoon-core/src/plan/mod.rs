//! Converts a brief to a scene graph.
//!
//! Guarantees: planning is pure and deterministic; there is at least one scene; every sentence to speak is in
//! exactly one scene, in order; every media file belongs to a scene unless a scene change replaces it.
//!
//! This module does not read files or measure speech, and does not compute exact times (`timeline::build` does).
//!
//! Start with [`plan`].

mod spoken;
#[cfg(test)]
mod tests;

use crate::artifact;
use crate::brief::{Brief, FieldProblem, MAX_SCENES, MediaFit, SceneOverride};
use crate::language::{self, Detected};
use crate::note::{self, Note};
use crate::preset::{Move, Preset, TransitionKind};
use crate::scene::{
    GlobalAudio, MediaKind, MusicSource, SCENE_GRAPH_VERSION, Scene, SceneGraph, SceneMedia,
    SceneStyle, VoiceSource,
};
use crate::script::{self, Beat, Script, Sentence};
use crate::text;
use pytoon_vocabulary::{Background, EngineName, MusicMood, Rng};
use serde::Serialize;
use spoken::Spoken;

pub use crate::chain::LOCAL_ENGINE;

/// A probed media file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MediaInfo {
    /// The resolved path of the file.
    pub path: String,
    /// The kind of media: picture or clip.
    pub kind: MediaKind,
    /// The fit that the brief requests.
    pub fit: Option<MediaFit>,
}

/// The inputs of a plan.
#[derive(Debug, Clone)]
pub struct PlanInput<'a> {
    /// The brief to plan.
    pub brief: &'a Brief,
    /// The preset's name.
    pub preset_id: &'a str,
    /// The preset of the film.
    pub preset: &'a Preset,
    /// The brief's probed media files, in order.
    pub media: &'a [MediaInfo],
    /// The media of the scene overrides, by scene number.
    pub override_media: &'a [(u32, MediaInfo)],
    /// The seed of every random choice.
    pub seed: u64,
}

/// Plans the scenes of a film: their words, media, backgrounds, transitions and overlays. Returns a problem if a
/// scene change or an overlay of the brief does not fit the plan.
pub fn plan(input: &PlanInput<'_>) -> Result<SceneGraph, FieldProblem> {
    let script = script(input);
    let mut warnings = script.notes;
    let beats = limit_scenes(merge_tiny(script.beats), scene_limit(input.brief));
    let mut scenes: Vec<Scene> =
        beats.iter().enumerate().map(|(index, beat)| scene(input, index, beat)).collect();
    assign_media(&mut scenes, input.media);
    assign_backgrounds(&mut scenes, input);
    assign_transitions(&mut scenes, input);
    apply_overrides(&mut scenes, input)?;
    assign_overlays(&mut scenes, input.brief)?;
    if input.brief.brand_safe == Some(true) {
        keep_joins_plain(&mut scenes, &mut warnings);
    }
    if input.media.len() > 3 * scenes.len() {
        warnings.push(Note::MediaShownBriefly { files: input.media.len(), scenes: scenes.len() });
    }
    let audio = global_audio(input);
    let is_shown = |scene: &Scene| !scene.sentences.is_empty();
    if audio.voice == VoiceSource::Tts
        && scenes.iter().any(is_shown)
        && !scenes.iter().any(Scene::has_words)
    {
        warnings.push(Note::NothingToSpeak {});
    }
    Ok(SceneGraph {
        version: SCENE_GRAPH_VERSION,
        preset_id: input.preset_id.to_owned(),
        seed: input.seed,
        language: language_of(input.brief),
        scenes,
        global_audio: audio,
        warnings,
    })
}

fn scene_limit(brief: &Brief) -> usize {
    brief.max_scenes.unwrap_or(MAX_SCENES).clamp(1, MAX_SCENES) as usize
}

/// Returns the language of a brief as a BCP 47 tag: the stated one, or the one detected from its words.
pub fn language_of(brief: &Brief) -> String {
    brief.language.clone().unwrap_or_else(|| detect_language(brief).tag.to_owned())
}

/// Detects the language of a brief's words.
pub fn detect_language(brief: &Brief) -> Detected {
    let beats = script_of(brief).beats;
    let sentences = beats.iter().flat_map(|beat| &beat.sentences);
    let all: Vec<&str> = sentences.map(|sentence| sentence.text.as_str()).collect();
    language::detect(&all.join(" "))
}

/// Returns the parsed script of a brief. If the brief has no words, returns empty beats instead: one for each
/// media file, at least one, and at most the limit of scenes.
fn script(input: &PlanInput<'_>) -> Script {
    let mut script = script_of(input.brief);
    if script.beats.is_empty() {
        let scenes = input.media.len().clamp(1, scene_limit(input.brief));
        script.beats = vec![Beat::default(); scenes];
    }
    script
}

fn script_of(brief: &Brief) -> Script {
    let given = |text: &Option<String>| text.clone().filter(|t| !t.trim().is_empty());
    match (given(&brief.script), given(&brief.voice_script), given(&brief.prompt)) {
        (Some(script), None, _) => script::read(&script),
        (Some(script), Some(voice), _) => speak_over(script::read(&script), script::read(&voice)),
        (None, Some(voice), _) => script::read(&voice),
        (None, None, Some(prompt)) => script::read(&prompt),
        (None, None, None) => Script::default(),
    }
}

/// Keeps the scenes of the script and distributes the sentences of a separate voice script evenly over them.
/// Returns the voice script if the script has no scenes.
fn speak_over(mut script: Script, voice: Script) -> Script {
    if script.beats.is_empty() {
        return voice;
    }
    let spoken: Vec<Sentence> = voice.beats.into_iter().flat_map(|beat| beat.sentences).collect();
    let (scene_count, sentence_count) = (script.beats.len(), spoken.len());
    for beat in &mut script.beats {
        beat.sentences.clear();
    }
    for (index, sentence) in spoken.into_iter().enumerate() {
        script.beats[index * scene_count / sentence_count.max(1)].sentences.push(sentence);
    }
    note::add_once(&mut script.notes, voice.notes);
    script
}

/// Merges a beat of fewer than nine letters and digits with a neighbour, since it is too short for a scene of its
/// own. Never merges `<SHOT>` blocks.
fn merge_tiny(beats: Vec<Beat>) -> Vec<Beat> {
    let mut out: Vec<Beat> = Vec::new();
    for beat in beats {
        let tiny = |b: &Beat| !b.is_shot && !b.sentences.is_empty() && weight(b) < 9;
        match out.last_mut() {
            Some(last) if !last.is_shot && !beat.is_shot && (tiny(last) || tiny(&beat)) => {
                merge_into(last, beat);
            }
            _ => out.push(beat),
        }
    }
    out
}

fn weight(beat: &Beat) -> usize {
    beat.sentences.iter().map(|s| s.text.chars().filter(|c| c.is_alphanumeric()).count()).sum()
}

fn merge_into(first: &mut Beat, second: Beat) {
    first.sentences.extend(second.sentences);
    if !first.direction.is_empty() && !second.direction.is_empty() {
        first.direction.push(' ');
    }
    first.direction.push_str(&second.direction);
    first.style.movement = first.style.movement.or(second.style.movement);
    first.style.grade = first.style.grade.or(second.style.grade);
    first.style.energy = first.style.energy.or(second.style.energy);
    first.style.keywords.extend(second.style.keywords);
}

fn limit_scenes(mut beats: Vec<Beat>, limit: usize) -> Vec<Beat> {
    while beats.len() > limit {
        let lightest = (0..beats.len() - 1)
            .min_by_key(|&i| weight(&beats[i]) + weight(&beats[i + 1]))
            .unwrap_or(0);
        let second = beats.remove(lightest + 1);
        merge_into(&mut beats[lightest], second);
    }
    beats
}

fn scene(input: &PlanInput<'_>, index: usize, beat: &Beat) -> Scene {
    let preset = input.preset;
    let prompt = input.brief.prompt.as_deref().filter(|_| input.brief.script.is_some());
    let description = match (prompt, beat.direction.trim()) {
        (Some(idea), "") => idea.to_owned(),
        (Some(idea), direction) => format!("{idea} — {direction}"),
        (None, direction) => direction.to_owned(),
    };
    let spoken = Spoken::of(&beat.sentences, &preset.pacing);
    Scene {
        id: artifact::scene_id(index).into(),
        description: description.clone(),
        duration: estimated_duration_ms(preset, &beat.sentences),
        media: SceneMedia {
            kind: MediaKind::Background,
            asset: None,
            engine: engine(input.brief, None),
            prompt: (!description.is_empty()).then_some(description),
            effect: beat.style.movement.unwrap_or(Move::Auto),
            fit: None,
        },
        more_media: Vec::new(),
        sentences: spoken.sentences,
        sentence_ends: spoken.ends,
        sentence_pauses: spoken.pauses,
        lead_pause: spoken.lead_pause,
        emphasis: spoken.emphasis,
        items: spoken.items,
        caption: None,
        caption_is_override: false,
        shown_as: None,
        caption_shift: 0,
        style: SceneStyle {
            grade: beat.style.grade.unwrap_or(preset.grade),
            background: preset.backgrounds[0],
            keywords: beat.style.keywords.clone(),
            energy: beat.style.energy.unwrap_or(1.0),
        },
        overlays: Vec::new(),
        transition: TransitionKind::Cut,
        min_duration: 0,
        engine_chain: None,
    }
}

fn engine(brief: &Brief, scene: Option<&SceneOverride>) -> EngineName {
    let own = scene.and_then(|scene| scene.engine.as_deref());
    own.or(brief.engine_override.as_deref()).unwrap_or(LOCAL_ENGINE).into()
}

/// Returns an estimate of a scene's duration with its pauses, for display. A scene without sentences has the preset's
/// length of silent scenes. The timeline measures the exact time.
fn estimated_duration_ms(preset: &Preset, sentences: &[Sentence]) -> i64 {
    let Some((last, others)) = sentences.split_last() else {
        return (preset.pacing.silent_scene_seconds * 1000.0) as i64;
    };
    let words = sentences.iter().flat_map(|sentence| text::words(&sentence.text));
    let syllables: u32 = words.map(|word| text::syllables(&word.text)).sum();
    // English averages about 1.5 syllables a word.
    let speech = f64::from(syllables) / 1.5 / preset.voice.words_per_minute * 60_000.0;
    let pacing = &preset.pacing;
    let between: u32 = others.iter().map(|sentence| pacing.pause_after_ms(sentence.end)).sum();
    let scene_pause = pacing.scene_pause_ms.max(pacing.pause_after_ms(last.end));
    speech as i64 + i64::from(between) + i64::from(scene_pause)
}

/// Assigns media to scenes in order. Media repeat if there are fewer of them than scenes, and share scenes if there
/// are more.
fn assign_media(scenes: &mut [Scene], media: &[MediaInfo]) {
    if media.is_empty() {
        return;
    }
    let scene_count = scenes.len();
    for (index, scene) in scenes.iter_mut().enumerate() {
        let range = if media.len() <= scene_count {
            index % media.len()..index % media.len() + 1
        } else {
            index * media.len() / scene_count..(index + 1) * media.len() / scene_count
        };
        let mut chosen = media[range].iter().map(|info| with_media(&scene.media, info));
        if let Some(first) = chosen.next() {
            let rest: Vec<SceneMedia> = chosen.collect();
            scene.media = first;
            scene.more_media = rest;
        }
    }
}

fn with_media(template: &SceneMedia, info: &MediaInfo) -> SceneMedia {
    SceneMedia {
        kind: info.kind,
        asset: Some(info.path.clone()),
        fit: info.fit,
        ..template.clone()
    }
}

/// Assigns the preset's backgrounds to the scenes. In a film of at least four scenes, the middle third gets the
/// second background, if there is one.
fn assign_backgrounds(scenes: &mut [Scene], input: &PlanInput<'_>) {
    let kinds: &[Background] = &input.preset.backgrounds;
    let count = scenes.len();
    for (index, scene) in scenes.iter_mut().enumerate() {
        let middle = count >= 4 && index * 3 >= count && index * 3 < 2 * count;
        scene.style.background = kinds[usize::from(middle).min(kinds.len() - 1)];
    }
}

fn assign_transitions(scenes: &mut [Scene], input: &PlanInput<'_>) {
    let spec = &input.preset.transitions;
    let house = house_transition(input);
    let offset = Rng::new(input.seed, "transitions").index(spec.every.max(1) as usize);
    let mixes = matches!(
        house,
        TransitionKind::Crossfade | TransitionKind::Dissolve | TransitionKind::Zoom
    );
    for join in 1..scenes.len() {
        let on_turn = spec.every > 0 && (join - 1 + offset).is_multiple_of(spec.every as usize);
        // Two titles that fade through each other are unreadable.
        let titles = scenes[join - 1..=join].iter().all(|s| s.media.kind == MediaKind::Background);
        scenes[join].transition =
            if on_turn && !(mixes && titles) { house } else { TransitionKind::Cut };
    }
}

fn house_transition(input: &PlanInput<'_>) -> TransitionKind {
    let house = input.preset.transitions.house;
    let plain =
        matches!(house, TransitionKind::Cut | TransitionKind::Crossfade | TransitionKind::Dissolve);
    if input.brief.brand_safe == Some(true) && !plain { TransitionKind::Crossfade } else { house }
}

/// Restricts a brand-safe film to cuts, crossfades, dissolves and fades to black. A crossfade replaces any other
/// transition, with a note.
fn keep_joins_plain(scenes: &mut [Scene], warnings: &mut Vec<Note>) {
    for scene in scenes {
        let plain = matches!(
            scene.transition,
            TransitionKind::Cut
                | TransitionKind::Crossfade
                | TransitionKind::Dissolve
                | TransitionKind::FadeBlack
        );
        if !plain {
            warnings.push(Note::TransitionReplaced {
                scene: scene.id.to_string(),
                transition: scene.transition.as_str().to_owned(),
            });
            scene.transition = TransitionKind::Crossfade;
        }
    }
}

fn apply_overrides(scenes: &mut [Scene], input: &PlanInput<'_>) -> Result<(), FieldProblem> {
    let count = scenes.len();
    for (index, change) in input.brief.scenes.iter().enumerate() {
        let Some(scene) = scenes.get_mut((change.scene as usize).wrapping_sub(1)) else {
            return Err(FieldProblem::new(
                format!("scenes[{index}].scene"),
                format!("there is no scene {}: the number of scenes is {count}", change.scene),
            ));
        };
        apply_override(scene, change, input);
    }
    Ok(())
}

fn apply_override(scene: &mut Scene, change: &SceneOverride, input: &PlanInput<'_>) {
    if let Some((_, info)) = input.override_media.iter().find(|(n, _)| *n == change.scene) {
        scene.media = with_media(&scene.media, info);
        scene.more_media.clear();
    }
    if let Some(caption) = &change.caption {
        scene.caption = Some(caption.clone());
        scene.caption_is_override = true;
    }
    if let Some(words) = &change.say_instead {
        say_instead(scene, words, input.preset);
    }
    scene.shown_as.clone_from(&change.shown_as);
    scene.caption_shift =
        (change.caption_shift_seconds.unwrap_or_default() * 1000.0).round() as i64;
    if let Some(prompt) = &change.prompt {
        scene.description.clone_from(prompt);
        scene.media.prompt = Some(prompt.clone());
    }
    if let Some(effect) = change.effect {
        scene.media.effect = effect;
    }
    if let Some(background) = change.background {
        scene.style.background = background;
        // A background requested by name, without a picture, is meant to be seen.
        if change.media.is_none() {
            scene.media.kind = MediaKind::Background;
            scene.media.asset = None;
            scene.more_media.clear();
        }
    }
    if let Some(transition) = change.transition
        && change.scene > 1
    {
        scene.transition = transition;
    }
    if let Some(seconds) = change.min_duration_seconds {
        scene.min_duration = (seconds * 1000.0) as i64;
        scene.duration = scene.duration.max(scene.min_duration);
    }
    scene.media.engine = engine(input.brief, Some(change));
}

/// Replaces the spoken words of a scene. Its visual idea stays, so that no engine is called again.
fn say_instead(scene: &mut Scene, words: &str, preset: &Preset) {
    let sentences: Vec<Sentence> =
        script::read(words).beats.into_iter().flat_map(|beat| beat.sentences).collect();
    let spoken = Spoken::of(&sentences, &preset.pacing);
    scene.sentences = spoken.sentences;
    scene.sentence_ends = spoken.ends;
    scene.sentence_pauses = spoken.pauses;
    scene.lead_pause = spoken.lead_pause;
    scene.emphasis = spoken.emphasis;
    scene.items = spoken.items;
    scene.duration = estimated_duration_ms(preset, &sentences).max(scene.min_duration);
}

fn assign_overlays(scenes: &mut [Scene], brief: &Brief) -> Result<(), FieldProblem> {
    let count = scenes.len();
    for (index, overlay) in brief.overlays.iter().enumerate() {
        let Some(number) = overlay.scene else { continue };
        match scenes.get_mut((number as usize).wrapping_sub(1)) {
            Some(scene) => scene.overlays.push(index),
            None => {
                return Err(FieldProblem::new(
                    format!("overlays[{index}].scene"),
                    format!("there is no scene {number}: the number of scenes is {count}"),
                ));
            }
        }
    }
    Ok(())
}

fn global_audio(input: &PlanInput<'_>) -> GlobalAudio {
    let brief = input.brief;
    let voice = match (&brief.voice_file, brief.voice_is_off()) {
        (Some(path), _) => VoiceSource::File { path: path.clone() },
        (None, true) => VoiceSource::Off,
        (None, false) => VoiceSource::Tts,
    };
    let wanted = brief.music_source.as_deref().unwrap_or(&input.preset.music.mood);
    let music = match (wanted, MusicMood::from_name(wanted)) {
        ("none", _) => MusicSource::None,
        (_, Some(mood)) => MusicSource::Mood { mood },
        (path, None) => MusicSource::File { path: path.to_owned() },
    };
    GlobalAudio { voice, music, music_gain_db: brief.music_gain_db.unwrap_or(0.0) }
}
