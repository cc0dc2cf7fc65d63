//! Processes a raw voice take for the mix.
//!
//! Guarantees: the take keeps its length and timing; the order is level, high-pass, equaliser, de-esser, compressor,
//! leveller, room, level, peaks, because each step relies on the one before it; silence passes through unchanged.
//!
//! This module does not trim, denoise or stretch (`speech`, `denoise`, `stretch`).
//!
//! Start with [`VoiceChain::process`].

mod dynamics;
mod leveller;
mod room;

use std::ops::Range;

use crate::biquad::Biquad;
use crate::dsp::remove_dc;
use crate::limiter::limit;
use crate::loudness::measure_integrated_mono;
use crate::{Db, Dbtp, Lufs};

/// The settings of a chain. The default suits a formant voice.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceSettings {
    /// The loudness of the take before the dynamics and after the whole chain.
    pub level: Lufs,
    /// The corner of the high-pass: 70 Hz for natural synthetic voices, 80 Hz for recordings, and 100 Hz for formant
    /// voices.
    pub high_pass_hz: f64,
    /// The cut around 300 Hz, where small rooms and synthetic voices boom.
    pub mud: Db,
    /// The boost around 3.5 kHz, for consonants.
    pub presence: Db,
    /// The gain of the high shelf at 10 kHz, for dull takes; zero disables it.
    pub air: Db,
    /// Maximum reduction by the de-esser; zero disables it.
    pub max_de_ess: Db,
    /// The compression of loud syllables; zero disables the compressor.
    pub compression: Db,
    /// True to match the loudness of sentences.
    pub level_sentences: bool,
    /// The level of the early reflections relative to the voice; `None` adds no reflections.
    pub room: Option<Db>,
    /// Maximum distance of true peaks above the level. A voice's rare peaks are limited here; if mastering limited
    /// them, it would lower the music too.
    pub peak_over_level: Db,
}

impl Default for VoiceSettings {
    fn default() -> Self {
        Self {
            level: Lufs(-20.0),
            high_pass_hz: 100.0,
            mud: Db(-2.0),
            presence: Db(1.5),
            air: Db(0.0),
            max_de_ess: Db(4.0),
            compression: Db(4.0),
            level_sentences: true,
            room: Some(Db(-26.0)),
            peak_over_level: Db(14.5),
        }
    }
}

/// The measurements of the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceChainReport {
    /// The loudness of the raw take.
    pub in_lufs: Lufs,
    /// The loudness of the processed take; `-inf` if it cannot be measured.
    pub out_lufs: Lufs,
    /// The deepest reduction by the de-esser.
    pub max_de_ess_db: f32,
    /// The deepest reduction by the compressor.
    pub max_compression_db: f32,
    /// The deepest reduction of a peak.
    pub max_limiting_db: f32,
    /// The gain applied to each sentence, in the caller's order.
    pub sentence_gains_db: Vec<f32>,
}

/// A chain of voice effects with its settings. It keeps no state between takes.
#[derive(Debug, Clone, Default)]
pub struct VoiceChain {
    settings: VoiceSettings,
}

impl VoiceChain {
    /// Creates a chain with the given settings.
    #[must_use]
    pub fn new(settings: VoiceSettings) -> Self {
        Self { settings }
    }

    /// Processes a mono take in place. `sentences` contains the ranges that the leveller matches, and may be empty.
    pub fn process(&self, take: &mut Vec<f32>, sentences: &[Range<usize>]) -> VoiceChainReport {
        let settings = &self.settings;
        let mut report = VoiceChainReport {
            in_lufs: measure_integrated_mono(take),
            out_lufs: Lufs(f64::NEG_INFINITY),
            max_de_ess_db: 0.0,
            max_compression_db: 0.0,
            max_limiting_db: 0.0,
            sentence_gains_db: vec![0.0; sentences.len()],
        };
        let Some(in_lufs) = level_of(take, report.in_lufs) else {
            return report;
        };
        remove_dc(take);
        scale_db(take, settings.level.0 - in_lufs);
        self.equalise(take);
        if settings.max_de_ess.0 > 0.0 {
            report.max_de_ess_db = dynamics::de_ess(take, settings.max_de_ess.0);
        }
        if settings.compression.0 > 0.0 {
            report.max_compression_db = dynamics::compress(take, settings.compression.0);
        }
        if settings.level_sentences {
            report.sentence_gains_db = leveller::level_sentences(take, sentences);
        }
        if let Some(level) = settings.room {
            room::add_early_reflections(take, level);
        }
        let after = measure_integrated_mono(take);
        if let Some(now) = level_of(take, after) {
            scale_db(take, settings.level.0 - now);
            let ceiling = settings.level.0 + f64::from(settings.peak_over_level.0);
            // The loudness lost by limiting is restored, which raises the peaks again, by less each time.
            for _ in 0..3 {
                let reduction = limit(take, Dbtp(ceiling)).max_reduction_db;
                let Some(limited) = level_of(take, measure_integrated_mono(take)) else { break };
                scale_db(take, settings.level.0 - limited);
                report.max_limiting_db = report.max_limiting_db.max(reduction);
                if reduction < 0.1 {
                    break;
                }
            }
            report.out_lufs =
                if after.is_measurable() { settings.level } else { Lufs(f64::NEG_INFINITY) };
        }
        report
    }

    fn equalise(&self, take: &mut [f32]) {
        let settings = &self.settings;
        // A fourth-order Butterworth of two sections would be steeper than a voice needs; one section at 0.707
        // gives 12 dB per octave.
        let mut sections = vec![Biquad::high_pass(settings.high_pass_hz, 0.707)];
        for (db, section) in [
            (settings.mud.0, Biquad::peaking(300.0, 1.0, f64::from(settings.mud.0))),
            (settings.presence.0, Biquad::peaking(3500.0, 0.8, f64::from(settings.presence.0))),
            (settings.air.0, Biquad::high_shelf(10_000.0, 0.707, f64::from(settings.air.0))),
        ] {
            if db != 0.0 {
                sections.push(section);
            }
        }
        for section in &mut sections {
            section.process(take);
        }
    }
}

/// Returns the gated loudness in LUFS, the RMS level for a take that is too short to measure, or `None` for silence.
fn level_of(take: &[f32], measured: Lufs) -> Option<f64> {
    if measured.is_measurable() {
        return Some(measured.0);
    }
    let power = crate::dsp::mean_square(take);
    (power > 1e-8).then(|| 10.0 * power.log10())
}

fn scale_db(take: &mut [f32], gain_db: f64) {
    // The gain is limited, since it would only raise the noise of a very quiet take.
    let factor = 10_f64.powf(gain_db.min(50.0) / 20.0) as f32;
    take.iter_mut().for_each(|s| *s *= factor);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns three "sentences" of vowel and sibilant at different levels.
    fn take() -> (Vec<f32>, Vec<Range<usize>>) {
        let mut rng = crate::dsp::rng(8);
        let sentences = vec![4800..96_000, 110_400..192_000, 206_400..288_000];
        let gains = [0.1, 0.25, 0.05];
        let samples = (0..292_800)
            .map(|n| {
                let Some(which) = sentences.iter().position(|s: &Range<usize>| s.contains(&n))
                else {
                    return 0.01;
                };
                let t = n as f64 / 48_000.0;
                let syllable = (std::f64::consts::TAU * 2.0 * t).sin().abs();
                let vowel: f64 = (1..20)
                    .map(|h| {
                        (std::f64::consts::TAU * 140.0 * f64::from(h) * t).sin() / f64::from(h)
                    })
                    .sum();
                let hiss = f64::from(rng.bipolar()) * if n % 24_000 > 20_000 { 1.5 } else { 0.0 };
                (gains[which] * (vowel * syllable + hiss)) as f32 + 0.01
            })
            .collect();
        (samples, sentences)
    }

    #[test]
    fn a_take_comes_out_level_and_in_place() {
        let (mut samples, sentences) = take();
        let len = samples.len();
        let report = VoiceChain::default().process(&mut samples, &sentences);
        assert_eq!(samples.len(), len);
        assert!((measure_integrated_mono(&samples).0 + 20.0).abs() < 0.05, "{report:?}");
        assert_eq!(report.out_lufs, Lufs(-20.0));
        let highest = crate::dsp::peak(&samples);
        assert!(highest <= Db(-5.4).amplitude(), "{report:?}");
        assert!((2.0..9.0).contains(&report.max_compression_db), "{report:?}");
        assert!((0.5..=4.01).contains(&report.max_de_ess_db), "{report:?}");
        let loud: Vec<f64> =
            sentences.iter().map(|s| measure_integrated_mono(&samples[s.clone()]).0).collect();
        let raw: Vec<f64> = {
            let (raw, _) = take();
            sentences.iter().map(|s| measure_integrated_mono(&raw[s.clone()]).0).collect()
        };
        let spread = |v: &[f64]| {
            v.iter().copied().fold(f64::MIN, f64::max) - v.iter().copied().fold(f64::MAX, f64::min)
        };
        assert!(spread(&raw) > 12.0 && spread(&loud) < spread(&raw) - 6.0, "{raw:?} {loud:?}");
        assert!(report.sentence_gains_db.iter().all(|g| g.abs() <= 4.0));
        let mean = samples.iter().map(|&s| f64::from(s)).sum::<f64>() / len as f64;
        assert!(mean.abs() < 1e-3);
    }

    #[test]
    fn rare_peaks_are_taken_here_and_not_by_mastering() {
        let (mut samples, sentences) = take();
        for n in (10_000..280_000).step_by(31_000) {
            samples[n] += 2.0;
        }
        let report = VoiceChain::default().process(&mut samples, &sentences);
        assert!(report.max_limiting_db > 6.0, "{report:?}");
        let stereo = crate::Stereo::from_mono(samples);
        let crest = crate::loudness::measure(&stereo).true_peak.0 + 20.0;
        assert!(crest < 14.7, "{crest} dB over the level");
    }

    #[test]
    fn silence_and_scraps_survive() {
        let chain = VoiceChain::default();
        for len in [0_usize, 1, 100, 48_000] {
            let mut silent = vec![0.0; len];
            let report = chain.process(&mut silent, std::slice::from_ref(&(0..len)));
            assert_eq!(silent, vec![0.0; len]);
            assert!(!report.out_lufs.is_measurable());
        }
        let mut scrap: Vec<f32> = (0..2000).map(|n| (n as f32 * 0.05).sin() * 0.1).collect();
        chain.process(&mut scrap, &[0..5_000_000, Range { start: 10, end: 5 }]);
        assert!(scrap.iter().all(|s| s.is_finite()));
    }
}
