//! Measures the sound of a finished film.

use crate::Result;
use crate::delivery::voice_clips;
use pytoon_audio::loudness::{self, measure};
use pytoon_audio::wav::{self, Pcm};
use pytoon_audio::{SAMPLE_RATE, Stereo};
use pytoon_core::artifact;
use pytoon_core::timeline::Timeline;
use pytoon_ffmpeg::sound::decode_stereo;
use pytoon_process::Runner;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// The level of the first audible sound: 0.01 of full scale.
const AUDIBLE: f32 = 0.01;
/// The level up to which a sample is digital silence.
const SILENT: f32 = 1e-5;

/// The measurements of the sound.
#[derive(Debug, Default)]
pub(super) struct SoundFacts {
    /// The integrated loudness in LUFS, and the true peak in dBTP; `None` if the film is silent.
    pub(super) loudness: Option<(f64, f64)>,
    /// The mean of all samples, in full scale.
    pub(super) offset: f64,
    /// The time of the first audible sound, in milliseconds.
    pub(super) first_ms: Option<i64>,
    /// The longest digital silence between the first and the last sound: its length and its start in milliseconds.
    pub(super) silence_ms: (i64, i64),
    /// The loudness that a mono fold-down loses, in LU.
    pub(super) mono_loss_lu: f64,
    /// The loudness of the voice minus that of the music while the voice speaks, in LU; `None` without either.
    pub(super) bed_below_lu: Option<f64>,
}

impl SoundFacts {
    pub(super) fn measure(
        runner: &Runner,
        root: &Path,
        film: &Path,
        timeline: &Timeline,
    ) -> Result<Self> {
        let (left, right) = decode_stereo(runner, film)?;
        let audio = Stereo { left, right };
        let found = measure(&audio);
        let mean = |samples: &[f32]| {
            samples.iter().map(|v| f64::from(*v)).sum::<f64>() / samples.len().max(1) as f64
        };
        let per_ms = SAMPLE_RATE as usize / 1000;
        let loud = audio.left.iter().zip(&audio.right).map(|(l, r)| l.abs().max(r.abs()));
        let first = loud.clone().position(|level| level > AUDIBLE);
        let (length, start) = longest_silence(&loud.collect::<Vec<f32>>());
        let is_heard = found.integrated.0.is_finite();
        Ok(Self {
            loudness: is_heard.then_some((found.integrated.0, found.true_peak.0)),
            offset: mean(&audio.left).abs().max(mean(&audio.right).abs()),
            first_ms: first.map(|at| (at / per_ms) as i64),
            silence_ms: ((length / per_ms) as i64, (start / per_ms) as i64),
            mono_loss_lu: if is_heard { loudness::mono_loss_lu(&audio) } else { 0.0 },
            bed_below_lu: bed_below(root, timeline),
        })
    }
}

/// Returns the length and the start of the longest run of silent samples between the first and the last audible one.
fn longest_silence(levels: &[f32]) -> (usize, usize) {
    let is_heard = |level: &f32| *level > AUDIBLE;
    let Some(first) = levels.iter().position(is_heard) else { return (0, 0) };
    let last = levels.iter().rposition(is_heard).unwrap_or(first);
    let (mut longest, mut start) = ((0, 0), first);
    for (at, level) in levels.iter().enumerate().take(last + 1).skip(first) {
        if *level > SILENT {
            start = at + 1;
        } else if at + 1 - start > longest.0 {
            longest = (at + 1 - start, start);
        }
    }
    longest
}

/// Returns the loudness of the voice stem minus that of the music stem over the parts in which the voice speaks.
fn bed_below(root: &Path, timeline: &Timeline) -> Option<f64> {
    let stem = |name: &str| -> Option<Pcm> {
        wav::read(BufReader::new(File::open(root.join(name)).ok()?)).ok()
    };
    let (voice, music) =
        (stem(artifact::VOICE_STEM)?.stereo(), stem(artifact::MUSIC_STEM)?.stereo());
    let spoken = |audio: &Stereo| {
        let mut out = Stereo { left: Vec::new(), right: Vec::new() };
        for clip in voice_clips(timeline) {
            let at =
                |ms: i64| (ms.max(0) as usize * SAMPLE_RATE as usize / 1000).min(audio.left.len());
            let range = at(clip.start.get())..at(clip.end.get());
            out.left.extend_from_slice(&audio.left[range.clone()]);
            out.right.extend_from_slice(&audio.right[range]);
        }
        loudness::measure_integrated(&out).0
    };
    let below = spoken(&voice) - spoken(&music);
    below.is_finite().then_some(below)
}
