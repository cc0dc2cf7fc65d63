//! Builds the timeline by converting the scene graph and the measured speech to exact frames.
//!
//! Guarantees: scenes and clips tile the film; no speech is cut off; transitions use the handles of the clips
//! on both sides of a cut and never shorten the film; a target length that the scenes allow is met to the
//! frame; the result passes [`Timeline::problem`].
//!
//! This module does not measure speech, analyse pictures or read files. The caller passes the results.
//!
//! Start with [`build`].

use super::asset_facts::AssetFacts;
use super::chapters::chapter_clips;
use super::corner::place_in_corner;
use super::duck::{DuckSettings, duck_regions};
use super::effects::{Events, place_effects};
use super::fit::{self, Fit as TimeFit, SceneNeed, TooLong};
use super::loop_end::close_loop;
use super::moving::{self, Moving};
use super::overlay::{OverlayRequest, overlay_clips};
use super::shots::{FrameSize, ShotTime, ShotWish, plan_shot, varied};
use super::titles::{self, opening_title, place_titles};
use super::utterance::Utterance;
use super::zones::{self, Placing};
use super::{
    AudioTrack, ClipSource, Look, MusicTrackSource, OverlayClip, SoundClip, Timeline,
    TimelineScene, Tracks, Transition, VideoClip, VoiceClip, words,
};
use crate::caption;
use crate::layout::zones::Chosen;
use crate::layout::{Area, Format, safe_area};
use crate::note::Note;
use crate::preset::{Move, Preset, TransitionKind};
use crate::profile::Profile;
use crate::scene::{MediaKind, MusicSource, Scene, SceneGraph, SceneMedia};
use crate::time::{FrameRange, MsRange};
use pytoon_vocabulary::{CaptionLook, CaptionWord, CaptionZone, Frame, Ms, Rng, SoundEffect};
use std::collections::BTreeMap;

const ONE_FRAME: Frame = Frame::new(1);
/// Minimum length of a transition: one frame of each clip.
const SHORTEST_TRANSITION: Frame = Frame::new(2);
/// The delay between the onset of a masked word and its mute.
const MUTE_DELAY: Ms = Ms::new(60);

/// The inputs of a timeline.
#[derive(Debug, Clone)]
pub struct BuildInput<'a> {
    /// The scene graph.
    pub graph: &'a SceneGraph,
    /// The preset of the film.
    pub preset: &'a Preset,
    /// The output profile.
    pub profile: &'a Profile,
    /// The utterances of each scene.
    pub speech: &'a [Vec<Utterance>],
    /// The facts about each asset, by its path.
    pub assets: &'a BTreeMap<String, AssetFacts>,
    /// The settings for ducking music.
    pub duck: &'a DuckSettings,
    /// The colours, typography and grade.
    pub look: Look,
    /// True if the film has captions.
    pub captions: bool,
    /// The zone of the captions, if the brief requests one.
    pub caption_zone: Option<CaptionZone>,
    /// The overlays of the film.
    pub overlays: &'a [OverlayRequest],
    /// The requested length of the film, in milliseconds.
    pub target_ms: Option<i64>,
    /// The words that are masked in captions and muted in the voice.
    pub masked_words: &'a [String],
    /// The openings, endings and sounds of the film.
    pub extras: Extras<'a>,
}

/// The openings, endings and sounds of a film.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras<'a> {
    /// True for a number at each item of the script's list.
    pub chapters: bool,
    /// True for an end that dissolves into the beginning.
    pub loops: bool,
    /// True for a title from the first sentence, if the film has none.
    pub opening_title: bool,
    /// The kinds of sound effects.
    pub effects: &'a [SoundEffect],
}

/// A timeline with notes about its compromises.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// The completed timeline.
    pub timeline: Timeline,
    /// The notes about compromises.
    pub warnings: Vec<Note>,
}

/// Returns the time that each scene needs, in order.
pub fn needs(graph: &SceneGraph, preset: &Preset, speech: &[Vec<Utterance>]) -> Vec<SceneNeed> {
    let is_recorded = graph.is_recorded();
    graph
        .scenes
        .iter()
        .zip(speech)
        .map(|(scene, utterances)| SceneNeed {
            utterances_ms: utterances.iter().map(|u| u.duration_ms).collect(),
            // An utterance is one sentence, unless a scene is spoken in one go.
            ends: if utterances.len() == scene.sentences.len() {
                scene.sentence_ends.clone()
            } else {
                Vec::new()
            },
            // A recording has its own pauses.
            pauses_ms: if !is_recorded && utterances.len() == scene.sentences.len() {
                scene.sentence_pauses.iter().map(|ms| i64::from(*ms)).collect()
            } else {
                Vec::new()
            },
            lead_ms: if is_recorded { 0 } else { i64::from(scene.lead_pause) },
            floor_ms: scene.min_duration,
            min_ms: scene.min_duration.max(if utterances.is_empty() || !scene.has_words() {
                reading_ms(scene, preset)
            } else {
                0
            }),
        })
        .collect()
}

/// Returns the length of a scene without voice: its reading time, or the preset's display time for its pictures if
/// that is longer.
fn reading_ms(scene: &Scene, preset: &Preset) -> i64 {
    let shown = scene.caption.clone().unwrap_or_else(|| scene.spoken_text());
    let hold = preset.pacing.silent_scene_seconds * 1000.0 * scene.all_media().count() as f64;
    // One second to notice the text, then fifteen characters per second.
    let reading =
        if shown.is_empty() { 0.0 } else { 1000.0 + shown.chars().count() as f64 / 15.0 * 1000.0 };
    hold.max(reading) as i64
}

/// Builds the timeline, with notes about its compromises. If the speech needs a faster tempo, the caller must
/// have sped it up before; see [`fit::fit`]. Fails if the film is too long even then.
pub fn build(input: &BuildInput<'_>) -> Result<Built, TooLong> {
    let fitted = fit::fit(
        &needs(input.graph, input.preset, input.speech),
        input.target_ms,
        &input.preset.pacing,
    )?;
    let rate = input.profile.frame_rate;
    let total = Ms::new(fitted.total_ms);
    let total_frames = if input.target_ms == Some(fitted.total_ms) {
        rate.ms_to_frame_round(total)
    } else {
        rate.ms_to_frame_ceil(total)
    };
    let total_frames = total_frames.max(ONE_FRAME);
    let mut places = scene_places(input, &fitted, total_frames);
    let words = words::scene_words(input.graph, input.speech, &fitted, &places, rate);
    let (mut overlays, is_free): (Vec<OverlayClip>, Vec<bool>) =
        overlay_clips(input.overlays, rate, &places, total_frames).into_iter().unzip();
    if input.extras.chapters {
        let numbers = chapter_clips(input.graph, &words, &places, &overlays, rate);
        overlays.extend(numbers);
    }
    let mut look = input.look.clone();
    let format = Format::nearest(input.profile.width, input.profile.height);
    let safe = safe_area(look.captions.platform, format).area;
    look.captions.top_room = zones::top_room(input.profile, &safe, &overlays);
    let placing = Placing {
        profile: input.profile,
        look: &look.captions,
        assets: input.assets,
        asked: input.caption_zone,
    };
    let areas = placing.areas();
    // Without the last zone, which is beside a picture that is not cropped.
    let zone_areas = &areas[..areas.len() - 1];
    let mut video = video_track(input, &places, if input.captions { zone_areas } else { &[] });
    if input.extras.loops {
        close_loop(&mut video, rate, total_frames);
    }
    let mut warnings: Vec<Note> = fitted.warning.iter().cloned().collect();
    warnings.extend(input.graph.warnings.iter().cloned());
    words::set_as_type(&mut video, &words, rate, input.masked_words);
    let mut captions = if input.captions {
        let style = &input.look.captions;
        caption::cues(&words, style.look, style.size, Ms::new(style.lead_ms))
    } else {
        Vec::new()
    };
    for index in is_free.iter().enumerate().filter_map(|(index, free)| free.then_some(index)) {
        let mut logo = overlays.remove(index);
        place_in_corner(&placing, &places, &video, &overlays, &mut logo);
        overlays.insert(index, logo);
    }
    let opening = if input.extras.opening_title {
        let first = words.first().zip(places.first());
        first.and_then(|first| opening_title(first, rate, input.masked_words, &video, &overlays))
    } else {
        None
    };
    if let Some(title) = &opening {
        overlays.push(title.clone());
    }
    let titles = place_titles(&placing, &places, &video, &mut overlays);
    let over = |scene: &TimelineScene| {
        titles.iter().filter_map(|title| title.view(scene, &placing)).collect()
    };
    let chosen = zones::place(&placing, &places, &video, &over, &mut captions);
    if let Some(title) = &opening {
        titles::leave_out(&mut captions, title.range().to_ms(rate));
    }
    if input.captions {
        places.iter_mut().zip(chosen).for_each(|(place, chosen)| place.captions = chosen);
    }
    // One word is recognised at a glance; a limit in characters per second is for phrases.
    if input.look.captions.look != CaptionLook::Single {
        warnings.extend(caption::reading::warning(&captions, input.graph.is_recorded()));
    }
    warnings.extend(moving::notes(&video, frame_size(input.profile)));
    let total_duration = rate.frame_to_ms(total_frames);
    let timeline = Timeline {
        frame_rate: rate,
        total_frames,
        seed: input.graph.seed,
        language: input.graph.language.clone(),
        look,
        profile: input.profile.clone(),
        tracks: Tracks {
            audio: audio_tracks(input, &fitted, &places, &video, &overlays, total_duration),
            overlays,
            video,
            captions: words::mask_cues(captions, input.masked_words),
        },
        timeline: places,
    };
    Ok(Built { timeline, warnings })
}

fn scene_places(
    input: &BuildInput<'_>,
    fitted: &TimeFit,
    total_frames: Frame,
) -> Vec<TimelineScene> {
    let rate = input.profile.frame_rate;
    let count = input.graph.scenes.len();
    let mut at = Ms::ZERO;
    let mut start_frame = Frame::ZERO;
    let mut places = Vec::with_capacity(count);
    for (index, (scene, fit)) in input.graph.scenes.iter().zip(&fitted.scenes).enumerate() {
        at += Ms::new(fit.duration_ms);
        let left = Frame::new((count - 1 - index) as i64);
        let end_frame = if left == Frame::ZERO {
            total_frames
        } else {
            // Every scene keeps at least one frame, regardless of rounding.
            let first = start_frame + ONE_FRAME;
            rate.ms_to_frame_floor(at).clamp(first, (total_frames - left).max(first))
        };
        places.push(TimelineScene {
            scene_id: scene.id.clone(),
            engine: scene.media.engine.clone(),
            start_frame,
            end_frame,
            captions: Chosen::default(),
        });
        start_frame = end_frame;
    }
    places
}

/// A section of the film that shows one picture, clip or background.
struct Shot<'a> {
    scene: usize,
    media: &'a SceneMedia,
    start_frame: Frame,
    end_frame: Frame,
    /// The index of this view among the views of the same picture, from 0.
    view: usize,
}

fn video_track(
    input: &BuildInput<'_>,
    places: &[TimelineScene],
    captions: &[Area],
) -> Vec<VideoClip> {
    let rate = input.profile.frame_rate;
    let mut rng = Rng::new(input.graph.seed, "shots");
    let shots: Vec<Shot<'_>> = input
        .graph
        .scenes
        .iter()
        .enumerate()
        .flat_map(|(index, scene)| scene_shots(input, index, scene, &places[index], &mut rng))
        .collect();
    let transitions: Vec<Option<Transition>> =
        (0..shots.len()).map(|index| transition(input, &shots, index)).collect();
    let mut previous_move = None;
    let mut clips = Vec::with_capacity(shots.len());
    for (index, shot) in shots.iter().enumerate() {
        let visible_start = transitions[index].as_ref().map_or(shot.start_frame, |t| t.start_frame);
        let visible_end = transitions
            .get(index + 1)
            .and_then(Option::as_ref)
            .map_or(shot.end_frame, |t| t.end_frame);
        let eases_in = transitions[index].as_ref().is_some_and(|t| {
            matches!(
                t.kind,
                TransitionKind::Dissolve | TransitionKind::Crossfade | TransitionKind::FadeBlack
            )
        });
        let time = ShotTime {
            start_frame: visible_start,
            end_frame: visible_end,
            seconds: rate.frame_to_seconds(visible_end - visible_start),
            eases_in,
        };
        let (mut source, kind) = clip_source(input, shot, time, previous_move, captions, &mut rng);
        previous_move = kind;
        if let ClipSource::Picture { motion, .. } = &mut source {
            let before = clips.last().and_then(|clip: &VideoClip| match &clip.source {
                ClipSource::Picture { motion, .. } => Some(motion),
                _ => None,
            });
            *motion = varied(*motion, before, rate);
        }
        clips.push(VideoClip {
            id: format!("clip_{:03}", index + 1),
            scene_id: input.graph.scenes[shot.scene].id.clone(),
            start_frame: shot.start_frame,
            end_frame: shot.end_frame,
            source,
            grade: input.graph.scenes[shot.scene].style.grade,
            transition_in: transitions[index].clone(),
        });
    }
    clips
}

/// Splits a scene into shots: one for each picture or clip that is visible for some frames, and up to six views of a
/// picture that would stay too long.
fn scene_shots<'a>(
    input: &BuildInput<'_>,
    index: usize,
    scene: &'a Scene,
    place: &TimelineScene,
    rng: &mut Rng,
) -> Vec<Shot<'a>> {
    let rate = input.profile.frame_rate;
    let media: Vec<&SceneMedia> = scene.all_media().collect();
    let frames = place.end_frame - place.start_frame;
    // A medium needs a few frames to be visible.
    let shown = media.len().min((frames.get() / 6).max(1) as usize);
    let per_media = frames.get() / shown as i64;
    let max_shot = (input.preset.pacing.max_shot_seconds * rate.as_f64()) as i64;
    let mut shots = Vec::new();
    for (slot, medium) in media.iter().take(shown).enumerate() {
        let start = place.start_frame + frames * slot as i64 / shown as i64;
        let end = place.start_frame + frames * (slot as i64 + 1) / shown as i64;
        let views = if medium.kind == MediaKind::Picture && medium.effect != Move::Hold {
            (per_media as f64 / max_shot as f64).ceil().clamp(1.0, 6.0) as i64
        } else {
            1
        };
        let mut at = start;
        for view in 0..views {
            // Lengths vary a little: equal ones look mechanical.
            let even = start + (end - start) * (view + 1) / views;
            let length = (end - start).get() as f64 / views as f64;
            let sway = Frame::new((length * rng.range_f64(-0.14, 0.14)) as i64);
            let until = if view + 1 == views {
                end
            } else {
                (even + sway).clamp(at + ONE_FRAME, end - ONE_FRAME)
            };
            shots.push(Shot {
                scene: index,
                media: medium,
                start_frame: at,
                end_frame: until,
                view: view as usize,
            });
            at = until;
        }
    }
    shots
}

fn transition(input: &BuildInput<'_>, shots: &[Shot<'_>], index: usize) -> Option<Transition> {
    let shot = &shots[index];
    let previous = shots.get(index.checked_sub(1)?)?;
    let kind = input.graph.scenes[shot.scene].transition;
    if previous.scene == shot.scene || kind == TransitionKind::Cut {
        return None;
    }
    let rate = input.profile.frame_rate;
    let wanted =
        rate.seconds_to_frames_round(input.preset.transitions.seconds).max(SHORTEST_TRANSITION);
    let room = (previous.end_frame - previous.start_frame).min(shot.end_frame - shot.start_frame);
    // Both halves must be in their own clips, and a clip may have a transition at either end.
    let length = wanted.min(room);
    if length < SHORTEST_TRANSITION {
        return None;
    }
    let start_frame = shot.start_frame - length / 2;
    Some(Transition { kind, start_frame, end_frame: start_frame + length })
}

fn clip_source(
    input: &BuildInput<'_>,
    shot: &Shot<'_>,
    time: ShotTime,
    previous: Option<Move>,
    captions: &[Area],
    rng: &mut Rng,
) -> (ClipSource, Option<Move>) {
    let scene = &input.graph.scenes[shot.scene];
    let facts = shot.media.asset.as_ref().and_then(|asset| Some((asset, input.assets.get(asset)?)));
    match facts {
        Some((asset, AssetFacts::Picture(facts))) => {
            let frame = frame_size(input.profile);
            let wish = ShotWish {
                asked: if shot.view == 0 { shot.media.effect } else { Move::Auto },
                spec: &input.preset.motion,
                energy: scene.style.energy,
                previous,
                tighter: [1.0, 1.16, 1.06][shot.view % 3],
                fit: shot.media.fit,
                captions,
            };
            let plan = plan_shot(facts, frame, time, wish, rng);
            let source =
                ClipSource::Picture { asset: asset.clone(), fit: plan.fit, motion: plan.motion };
            (source, Some(plan.kind))
        }
        Some((asset, AssetFacts::Clip { duration_ms, keep_sound, colour, reading, seen, .. })) => {
            let clip = Moving {
                asset,
                duration_ms: *duration_ms,
                keep_sound: *keep_sound,
                colour: *colour,
                reading,
                seen: seen.as_ref(),
                fit: shot.media.fit,
            };
            let frame = frame_size(input.profile);
            (moving::source(&clip, time, frame, input.profile.frame_rate), None)
        }
        None => {
            let source = ClipSource::Background {
                kind: scene.style.background,
                seed: rng.next_u64() >> 16,
                headline: None,
                words: None,
                origin_frame: time.start_frame,
            };
            (source, None)
        }
    }
}

fn audio_tracks(
    input: &BuildInput<'_>,
    fitted: &TimeFit,
    places: &[TimelineScene],
    video: &[VideoClip],
    overlays: &[OverlayClip],
    total: Ms,
) -> Vec<AudioTrack> {
    let mut tracks = Vec::new();
    let mut voice = Vec::new();
    let mut spoken: Vec<CaptionWord> = Vec::new();
    let mut scene_start = Ms::ZERO;
    for (index, utterances) in input.speech.iter().enumerate() {
        for (utterance, &start) in utterances.iter().zip(&fitted.scenes[index].utterance_starts_ms)
        {
            let start = scene_start + Ms::new(start);
            voice.push(VoiceClip {
                scene_id: places[index].scene_id.clone(),
                asset: utterance.asset.clone(),
                source_start: Ms::new(utterance.source_start_ms),
                start,
                end: (start + Ms::new(utterance.duration_ms)).min(total),
            });
        }
        spoken.extend(words::spoken_words(input.speech, fitted, index, scene_start));
        scene_start += Ms::new(fitted.scenes[index].duration_ms);
    }
    let ranges = || spoken.iter().map(|w| MsRange::new(w.start, w.end));
    let regions = duck_regions(ranges(), input.duck, total);
    if !voice.is_empty() {
        let mutes = spoken
            .iter()
            .filter(|w| words::is_masked(&w.text, input.masked_words))
            .map(|w| MsRange::new(w.start + MUTE_DELAY, w.end))
            .collect();
        tracks.push(AudioTrack::Voice { clips: voice, mutes });
    }
    let source = match &input.graph.global_audio.music {
        MusicSource::None => None,
        MusicSource::Mood { mood } => Some(MusicTrackSource::Mood { mood: *mood }),
        MusicSource::File { path } => Some(MusicTrackSource::File { asset: path.clone() }),
    };
    if let Some(source) = source {
        tracks.push(AudioTrack::Music {
            source,
            gain_db: input.graph.global_audio.music_gain_db,
            bed_below_voice_lu: input.preset.music.bed_below_voice_lu,
            duck_regions: regions.clone(),
            loops: input.extras.loops,
        });
    }
    let sounds = clip_sounds(input, video);
    if !sounds.is_empty() {
        tracks.push(AudioTrack::ClipSound { clips: sounds, duck_regions: regions });
    }
    let rate = input.profile.frame_rate;
    let events = Events { video, overlays, scenes: places, words: &spoken, rate };
    let cues = place_effects(input.extras.effects, &events);
    if !cues.is_empty() {
        tracks.push(AudioTrack::Effects { cues });
    }
    tracks
}

fn clip_sounds(input: &BuildInput<'_>, video: &[VideoClip]) -> Vec<SoundClip> {
    let rate = input.profile.frame_rate;
    let transition = |index: usize| video.get(index).and_then(|clip| clip.transition_in.as_ref());
    video
        .iter()
        .enumerate()
        .filter_map(|(index, clip)| {
            let ClipSource::Clip { asset, .. } = &clip.source else { return None };
            let Some(AssetFacts::Clip { keep_sound: true, sound, .. }) = input.assets.get(asset)
            else {
                return None;
            };
            // Handles are included, since the picture already runs there.
            let start = transition(index).map_or(clip.start_frame, |t| t.start_frame);
            let end = transition(index + 1).map_or(clip.end_frame, |t| t.end_frame);
            let visible = FrameRange::new(start, end).to_ms(rate);
            moving::sound(&clip.source, visible, *sound)
        })
        .collect()
}

fn frame_size(profile: &Profile) -> FrameSize {
    FrameSize { width: profile.width, height: profile.height }
}
