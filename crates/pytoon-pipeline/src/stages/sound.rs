//! Mixes and masters the audio, encodes it, and measures the encoded result.

use crate::folder::JobFolder;
use crate::places::content_hash_of;
use crate::stage::{Stage, StageContext, Step};
use crate::{PipelineError, Result};
use pytoon_audio::bed::{LOOP_TAIL_MS, TAIL_MS, fade_ends, fit_music};
use pytoon_audio::effects::{generate_effect, peak_offset};
use pytoon_audio::loudness::{Loudness, measure};
use pytoon_audio::mixer::{Mix, MixInput, MixReport, Placed, PlacedEffect, PlacedStereo, Stems};
use pytoon_audio::music::{StoryArc, generate};
use pytoon_audio::{AudioError, Db, Dbtp, Lufs, Stereo, stretch, wav};
use pytoon_config::settings::MixSettings;
use pytoon_core::artifact;
use pytoon_core::profile::AudioSettings;
use pytoon_core::time::{FrameRate, MsRange};
use pytoon_core::timeline::{
    AudioTrack, EffectCue, MusicTrackSource, SoundClip, Timeline, VoiceClip,
};
use pytoon_ffmpeg::sound;
use pytoon_media::encode;
use pytoon_process::{SystemError, disk};
use pytoon_telemetry::Event;
use pytoon_vocabulary::{Frame, Ms};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const SAMPLES_PER_MS: i64 = 48;
const SAMPLE_RATE: u32 = 48_000;
/// Maximum true peak of the decoded file, in dBTP.
const MAX_TRUE_PEAK_DBTP: f64 = -1.0;
/// The deviation of the decoded file from its target loudness, in LU, above which the audio may be mastered
/// again.
const MAX_LOUDNESS_ERROR_LU: f64 = 0.2;
/// The crossfade with which the user's music is looped, in samples at 48 kHz: half a second.
const LOOP_CROSSFADE: usize = 24_000;
/// The target loudness of the clips' own audio, in LUFS.
const CLIP_SOUND_LUFS: f64 = -28.0;

/// The file of the encoded audio.
pub(crate) const AUDIO: &str = "audio.m4a";
const ARTIFACTS: [&str; 4] = [AUDIO, artifact::MIXED, artifact::VOICE_STEM, artifact::MUSIC_STEM];

/// The measurements of the mix and of the decoded file. A loudness that cannot be measured, such as that of
/// silence, is `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SoundReport {
    /// Integrated loudness before mastering, in LUFS.
    pub(crate) input_lufs: Option<f64>,
    /// Integrated loudness of the mix, in LUFS.
    pub(crate) output_lufs: Option<f64>,
    /// The mastering gain, in dB.
    pub(crate) gain_db: f64,
    /// The maximum gain reduction of the limiter, in dB.
    pub(crate) limiting_db: f64,
    /// Integrated loudness of the decoded file, in LUFS.
    pub(crate) decoded_lufs: Option<f64>,
    /// True peak of the decoded file, in dBTP.
    pub(crate) decoded_true_peak_dbtp: Option<f64>,
    /// The distance from the level of the voice down to that of music and clips, in LU.
    pub(crate) bed_below_voice_lu: Option<f64>,
    /// The smallest distance from words down to a sound effect that is heard with them, in LU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) effects_below_words_lu: Option<f64>,
    /// The loudness lost by a downmix to mono, in LU.
    pub(crate) mono_loss_lu: f64,
    /// The number of samples at or beyond full scale in the decoded file.
    pub(crate) clipped_samples: usize,
    /// The length of the longest digital silence, in milliseconds.
    pub(crate) longest_silence_ms: i64,
}

/// The stage that mixes, masters and encodes the audio.
pub(crate) struct MixStage;

/// The settings of the mix and the parts of a timeline that affect the audio. A change to the picture alone changes
/// nothing here, so the mix is reused.
#[derive(Serialize)]
pub(crate) struct SoundInput {
    rate: FrameRate,
    total_frames: Frame,
    seed: u64,
    /// The start of the last scene; `None` without scenes.
    last_scene: Option<Ms>,
    profile: AudioSettings,
    tracks: Vec<AudioTrack>,
    stamps: Vec<String>,
    settings: MixSettings,
}

impl SoundInput {
    pub(crate) fn of(timeline: &Timeline, settings: &MixSettings, folder: &JobFolder) -> Self {
        let at_frame = |frame| timeline.frame_rate.frame_to_ms(frame);
        // A take is identified by its name in the job's folder.
        let stamp = |asset| format!("{asset}:{}", content_hash_of(&take_path(folder, asset)));
        Self {
            rate: timeline.frame_rate,
            total_frames: timeline.total_frames,
            seed: timeline.seed,
            last_scene: timeline.timeline.last().map(|scene| at_frame(scene.start_frame)),
            profile: timeline.profile.audio.clone(),
            tracks: timeline.tracks.audio.clone(),
            stamps: assets(timeline).map(stamp).collect(),
            settings: settings.clone(),
        }
    }
}

impl Stage for MixStage {
    type Input = SoundInput;
    type Output = SoundReport;

    fn name(&self) -> String {
        "sound".to_owned()
    }

    fn artifacts(&self, _: &SoundReport) -> Vec<String> {
        ARTIFACTS.map(str::to_owned).to_vec()
    }

    fn run(&self, context: &StageContext<'_>, input: &SoundInput) -> Result<Step<SoundReport>> {
        context.folder.make(AUDIO, |part| mix(context, input, part)).map(Step::Done)
    }
}

fn mix(context: &StageContext<'_>, input: &SoundInput, part: &Path) -> Result<SoundReport> {
    let settings = &input.settings;
    let stems = stems(context, input)?;
    let mut ceiling = settings.true_peak_ceiling_dbtp;
    let mut target = settings.target_lufs;
    let mut tries = 0;
    let report = loop {
        let measured = master_and_write(&stems, Lufs(target), Dbtp(ceiling), context.folder)?;
        let decoded = encode(context, &input.profile, part)?;
        let report = report(&measured, &decoded);
        tries += 1;
        let over = report.decoded_true_peak_dbtp.unwrap_or(-90.0) - MAX_TRUE_PEAK_DBTP;
        // The loudness that the encoder removed: it discards what it considers inaudible.
        let taken =
            report.output_lufs.zip(report.decoded_lufs).map_or(0.0, |(out, heard)| out - heard);
        let off = report.decoded_lufs.map_or(0.0, |heard| (settings.target_lufs - heard).abs());
        let may_help = off > MAX_LOUDNESS_ERROR_LU && taken.abs() > MAX_LOUDNESS_ERROR_LU / 2.0;
        if tries == 4 || (over <= 0.0 && !may_help) {
            break report;
        }
        if over > 0.0 {
            // AAC overshoots by an amount that depends on the material: lower the ceiling by as much.
            ceiling -= over + 0.1;
        }
        if may_help {
            target = settings.target_lufs + taken;
        }
    };
    Event::Loudnorm {
        input_lufs: report.input_lufs.unwrap_or(-90.0),
        output_lufs: report.decoded_lufs.unwrap_or(-90.0),
        true_peak_dbtp: report.decoded_true_peak_dbtp.unwrap_or(-90.0),
        gain_db: report.gain_db,
    }
    .emit();
    Ok(report)
}

fn assets(timeline: &Timeline) -> impl Iterator<Item = &str> {
    timeline.tracks.audio.iter().flat_map(|track| -> Vec<&str> {
        match track {
            AudioTrack::Voice { clips, .. } => clips.iter().map(|c| c.asset.as_str()).collect(),
            AudioTrack::Music { source: MusicTrackSource::File { asset }, .. } => vec![asset],
            AudioTrack::Music { .. } => Vec::new(),
            AudioTrack::ClipSound { clips, .. } => clips.iter().map(|c| c.asset.as_str()).collect(),
            AudioTrack::Effects { .. } => Vec::new(),
        }
    })
}

/// Returns the path of an audio asset: a user's file, or a take of this run or of the published film.
fn take_path(folder: &JobFolder, asset: &str) -> PathBuf {
    if Path::new(asset).is_absolute() {
        return asset.into();
    }
    let fresh = folder.work_path(asset);
    if fresh.is_file() { fresh } else { folder.published_path(asset) }
}

/// Reads or generates the audio of all tracks, and mixes it into the stems of voice and music.
fn stems(context: &StageContext<'_>, input: &SoundInput) -> Result<Stems> {
    let len = input.rate.frame_to_sample(input.total_frames, SAMPLE_RATE) as usize;
    let (mut voice, mut clip_sounds, mut effects) = (Vec::new(), Vec::new(), Vec::new());
    let mut mix = MixInput {
        len,
        voice: Vec::new(),
        music: None,
        music_gain_db: Db(0.0),
        bed_below_voice_lu: 19.0,
        ducks: &[],
        clips: Vec::new(),
        effects: Vec::new(),
        room_tone: true,
        target: Lufs(input.settings.target_lufs),
    };
    let mut words = None;
    for track in &input.tracks {
        match track {
            AudioTrack::Voice { clips, mutes } => {
                voice = voice_parts(context.folder, clips, mutes)?;
                words = clips.first().zip(clips.last()).map(|(a, b)| at(a.start)..at(b.end));
            }
            AudioTrack::Music { source, gain_db, bed_below_voice_lu, duck_regions, loops } => {
                mix.music = Some(music(context, input, source, len, words.clone(), *loops)?);
                mix.music_gain_db = Db(*gain_db as f32);
                mix.bed_below_voice_lu = *bed_below_voice_lu;
                mix.ducks = duck_regions;
            }
            AudioTrack::ClipSound { clips, duck_regions } => {
                clip_sounds = clip_parts(context, input.rate, clips)?;
                if mix.ducks.is_empty() {
                    mix.ducks = duck_regions;
                }
            }
            AudioTrack::Effects { cues } => effects = effect_parts(cues, input.seed),
        }
    }
    let (gain_db, level) = (Db(0.0), Lufs(CLIP_SOUND_LUFS));
    let takes = voice.iter();
    mix.voice = takes.map(|(start, audio)| Placed { start: *start, audio, gain_db }).collect();
    let clips = clip_sounds.iter();
    mix.clips = clips.map(|(start, audio)| PlacedStereo { start: *start, audio, level }).collect();
    let effects = effects.iter();
    mix.effects = effects.map(|(start, audio)| PlacedEffect { start: *start, audio }).collect();
    Ok(Stems::of(mix))
}

/// Returns the number of samples in a length of time; 0 for a negative one.
fn at(length: Ms) -> usize {
    (length.max(Ms::ZERO) * SAMPLES_PER_MS).get() as usize
}

fn voice_parts(
    folder: &JobFolder,
    clips: &[VoiceClip],
    mutes: &[MsRange],
) -> Result<Vec<(usize, Vec<f32>)>> {
    let mut takes: BTreeMap<&str, Vec<f32>> = BTreeMap::new();
    let mut out = Vec::new();
    for clip in clips {
        if !takes.contains_key(clip.asset.as_str()) {
            let path = take_path(folder, &clip.asset);
            let file = std::fs::File::open(&path).map_err(|e| SystemError::read(&path, e))?;
            takes.insert(&clip.asset, wav::read(std::io::BufReader::new(file))?.mono());
        }
        let take = &takes[clip.asset.as_str()];
        let from = at(clip.source_start).min(take.len());
        let until = (from + at(clip.end - clip.start)).min(take.len());
        let mut samples = take[from..until].to_vec();
        for mute in mutes {
            mute_part(&mut samples, mute.shifted(-clip.start));
        }
        out.push((at(clip.start), samples));
    }
    Ok(out)
}

/// Returns the sound effects with the sample at which each begins, so that its peak is on its event.
fn effect_parts(cues: &[EffectCue], seed: u64) -> Vec<(usize, Stereo)> {
    let part = |(index, cue): (usize, &EffectCue)| {
        let audio = generate_effect(cue.effect, seed.wrapping_add(index as u64));
        (at(cue.at).saturating_sub(peak_offset(cue.effect)), audio)
    };
    cues.iter().enumerate().map(part).collect()
}

/// Mutes a range, with 5 ms edges so that it does not click.
fn mute_part(samples: &mut [f32], range: MsRange) {
    if range.end <= Ms::ZERO || at(range.start) >= samples.len() {
        return;
    }
    let (start, end) = (at(range.start), at(range.end).min(samples.len()));
    let edge = 240.0;
    for (index, sample) in samples[start..end].iter_mut().enumerate() {
        let into = index as f32 / edge;
        let left = (end - start - index) as f32 / edge;
        *sample *= (1.0 - into.min(left)).max(0.0);
    }
}

fn music(
    context: &StageContext<'_>,
    input: &SoundInput,
    source: &MusicTrackSource,
    len: usize,
    voice: Option<std::ops::Range<usize>>,
    loops: bool,
) -> Result<Stereo> {
    let tail_ms = if loops { LOOP_TAIL_MS } else { TAIL_MS };
    match source {
        MusicTrackSource::File { asset } => {
            let (left, right) = sound::decode_stereo(context.runner(), Path::new(asset))?;
            let file = Stereo::from_channels(left, right).corrected();
            Ok(fit_music(file, len, LOOP_CROSSFADE, tail_ms))
        }
        MusicTrackSource::Mood { mood } => {
            let turn = input.last_scene.map(at).filter(|&t| t * 2 > len);
            let mut bed = generate(*mood, len, input.seed, &StoryArc { voice, turn }).audio;
            fade_ends(&mut bed, tail_ms);
            Ok(bed)
        }
    }
}

fn clip_parts(
    context: &StageContext<'_>,
    rate: FrameRate,
    clips: &[SoundClip],
) -> Result<Vec<(usize, Stereo)>> {
    let mut out = Vec::new();
    for clip in clips {
        let wanted = at(clip.end - clip.start);
        let round = clip.repeat_frames.map_or(wanted, |frames| {
            (rate.frame_to_sample(frames.max(Frame::new(1)), SAMPLE_RATE) as usize)
                .clamp(1, wanted.max(1))
        });
        let speed = clip.speed.clamp(stretch::MIN_FACTOR, stretch::MAX_FACTOR);
        // The sound follows the picture's clock: sound before its first frame is cut, and sound that begins later
        // is preceded by silence.
        let start = clip.source_start - clip.offset;
        let needed = (round as f64 * speed).ceil() as usize + 1;
        let seconds = (at(start) + needed) as f64 / f64::from(SAMPLE_RATE) + 0.1;
        let (left, right) = sound::decode_clip_sound(
            context.runner(),
            Path::new(&clip.asset),
            clip.stream,
            seconds,
        )?;
        let cut = |samples: &[f32]| -> Result<Vec<f32>> {
            let silent = at(-start).min(needed);
            let from = at(start).min(samples.len());
            let until = (from + needed - silent).min(samples.len());
            let mut part = vec![0.0; silent];
            part.extend_from_slice(&samples[from..until]);
            let slow = (speed - 1.0).abs() > 1e-3 && until > from;
            let mut part = if slow { stretch::stretch_tempo(&part, speed)? } else { part };
            part.truncate(round);
            Ok(part)
        };
        let mut audio = Stereo::from_channels(cut(&left)?, cut(&right)?);
        soften(&mut audio);
        // Silent if the sound ends before the picture does.
        audio.left.resize(round, 0.0);
        audio.right.resize(round, 0.0);
        if round < wanted {
            // It loops with its picture, and is cut where its picture is.
            let again = |samples: &[f32]| samples.iter().copied().cycle().take(wanted).collect();
            audio = Stereo::from_channels(again(&audio.left), again(&audio.right));
            soften(&mut audio);
        }
        out.push((at(clip.start), audio));
    }
    Ok(out)
}

/// Fades a clip's audio in and out over at most a sixth of a second, so that a cut does not click.
fn soften(audio: &mut Stereo) {
    let len = audio.len();
    let edge = 8_000.min(len / 2).max(1);
    for channel in [&mut audio.left, &mut audio.right] {
        for index in 0..edge.min(len) {
            let gain = (index as f32 / edge as f32 * std::f32::consts::FRAC_PI_2).sin();
            channel[index] *= gain;
            channel[len - 1 - index] *= gain;
        }
    }
}

/// Masters the mix and writes it with its stems. Returns the measurements.
fn master_and_write(
    stems: &Stems,
    target: Lufs,
    ceiling: Dbtp,
    folder: &JobFolder,
) -> Result<MixReport> {
    let Mix { mixed, stem_gain, report } = stems.master(target, ceiling);
    let (voice, music) = (&stems.voice, &stems.music);
    let gain = |sample| stem_gain.at(sample);
    write_sound(folder, artifact::VOICE_STEM, &[voice, voice], gain)?;
    write_sound(folder, artifact::MUSIC_STEM, &[&music.left, &music.right], gain)?;
    write_sound(folder, artifact::MIXED, &[&mixed.left, &mixed.right], |_| 1.0)?;
    Ok(report)
}

fn write_sound(
    folder: &JobFolder,
    name: &str,
    channels: &[&[f32]],
    gain: impl Fn(usize) -> f32,
) -> Result<()> {
    let path = folder.new_work(name)?;
    disk::write_through(&path, |file| {
        wav::write_channels(file, channels, gain).map_err(|error| match error {
            AudioError::WriteWav(source) => SystemError::write(&path, source).into(),
            other => PipelineError::from(other),
        })
    })
}

/// Encodes the mix, and returns the audio that a player would decode.
fn encode(context: &StageContext<'_>, profile: &AudioSettings, target: &Path) -> Result<Stereo> {
    let mixed = context.folder.work_path(artifact::MIXED);
    let command = encode::audio_command(profile, &mixed, target);
    context.runner().run(&command, Vec::new())?;
    let (left, right) = sound::decode_stereo(context.runner(), target)?;
    Ok(Stereo::from_channels(left, right))
}

fn report(mixed: &MixReport, decoded: &Stereo) -> SoundReport {
    let master = &mixed.master;
    let heard: Loudness = measure(decoded);
    let lufs = |value: Lufs| value.is_measurable().then_some(round2(value.0));
    let samples = decoded.left.iter().chain(&decoded.right);
    SoundReport {
        input_lufs: lufs(master.before.integrated),
        output_lufs: lufs(master.after.integrated),
        gain_db: round2(master.gain_db),
        limiting_db: round2(f64::from(master.max_limiting_db)),
        decoded_lufs: lufs(heard.integrated),
        decoded_true_peak_dbtp: lufs(heard.integrated).map(|_| round2(heard.true_peak.0)),
        bed_below_voice_lu: mixed.bed_below_voice_lu.map(round2),
        effects_below_words_lu: mixed.effects_below_words_lu.map(round2),
        mono_loss_lu: round2(mixed.mono_loss_lu),
        clipped_samples: samples.filter(|sample| sample.abs() >= 1.0).count(),
        longest_silence_ms: longest_silence(decoded) / SAMPLES_PER_MS,
    }
}

fn round2(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn longest_silence(audio: &Stereo) -> i64 {
    let (mut longest, mut run) = (0, 0);
    for (l, r) in audio.left.iter().zip(&audio.right) {
        run = if l.abs().max(r.abs()) < 1e-5 { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}
