//! Divides audio into frames of log-mel bands and energy, one every 5 ms, and detects the frames with speech.

use std::f32::consts::PI;

/// The number of mel bands in a frame.
pub(crate) const BANDS: usize = 40;
/// The number of samples from frame to frame.
const HOP: usize = 80;
/// The length of the analysis window, in samples (25 ms).
const WINDOW: usize = 400;
const FFT: usize = 512;
const LOW_HZ: f32 = 80.0;
const HIGH_HZ: f32 = 7_600.0;
const PRE_EMPHASIS: f32 = 0.97;
/// The constant added to a band's power, so that digital silence has a logarithm. Full scale is 1.
const POWER_FLOOR: f32 = 1e-6;
/// The level to which loud frames (92nd percentile) are scaled, in dBFS, so that quiet recordings are as far above
/// the power floor as loud ones.
const LEVEL_DB: f32 = -20.0;

/// Audio divided into frames of [`super::FRAME_MS`].
#[derive(Debug, Clone)]
pub(crate) struct Frames {
    /// The natural logarithms of the band powers, by frame.
    pub(crate) mel: Vec<[f32; BANDS]>,
    /// The mean square over 20 ms, in dBFS.
    pub(crate) energy_db: Vec<f32>,
}

impl Frames {
    /// Analyses samples at [`super::SAMPLE_RATE`]. Frame `n` is centred at `n * HOP`.
    pub(crate) fn of(samples: &[f32]) -> Self {
        let mut energy_db = energies(samples);
        let gain_db = (LEVEL_DB - percentile(&energy_db, 92.0)).clamp(-40.0, 60.0);
        energy_db.iter_mut().for_each(|db| *db += gain_db);
        let mel = log_mel(samples, 10f32.powf(gain_db / 20.0), energy_db.len());
        Self { mel, energy_db }
    }

    pub(crate) fn len(&self) -> usize {
        self.mel.len()
    }

    /// Returns true for each frame that contains speech: its level is above the given fraction of the range from
    /// quiet to loud.
    pub(crate) fn speech(&self, part: f32) -> Vec<bool> {
        let low = percentile(&self.energy_db, 5.0);
        let high = percentile(&self.energy_db, 92.0).max(low + 8.0);
        let limit = low + part * (high - low);
        self.energy_db.iter().map(|&db| db > limit).collect()
    }
}

fn energies(samples: &[f32]) -> Vec<f32> {
    let count = samples.len() / HOP + 1;
    (0..count)
        .map(|frame| {
            let from = (frame * HOP).saturating_sub(160);
            let to = (frame * HOP + 160).min(samples.len()).max(from);
            let power: f32 = samples[from..to].iter().map(|s| s * s).sum();
            10.0 * (power / 320.0 + 1e-10).log10()
        })
        .collect()
}

fn log_mel(samples: &[f32], gain: f32, count: usize) -> Vec<[f32; BANDS]> {
    let fft = pytoon_fft::forward(FFT);
    let mut spectrum = fft.make_output_vec();
    let mut scratch = fft.make_scratch_vec();
    let mut input = fft.make_input_vec();
    let window: Vec<f32> = (0..WINDOW)
        .map(|n| 0.5 - 0.5 * (2.0 * PI * n as f32 / (WINDOW - 1) as f32).cos())
        .collect();
    let filters = mel_filters();
    let at = |index: isize| -> f32 {
        if index < 0 { 0.0 } else { samples.get(index as usize).copied().unwrap_or(0.0) }
    };
    let mut power = [0.0f32; FFT / 2 + 1];
    (0..count)
        .map(|frame| {
            let first = (frame * HOP) as isize - (WINDOW / 2) as isize;
            input.fill(0.0);
            for (n, weight) in window.iter().enumerate() {
                let index = first + n as isize;
                input[n] = gain * weight * (at(index) - PRE_EMPHASIS * at(index - 1));
            }
            // The buffers have the plan's own lengths.
            let _ = fft.process_with_scratch(&mut input, &mut spectrum, &mut scratch);
            for (power, bin) in power.iter_mut().zip(&spectrum) {
                *power = bin.norm_sqr();
            }
            let mut bands = [0.0; BANDS];
            for (band, (first, weights)) in bands.iter_mut().zip(&filters) {
                let sum: f32 = power[*first..].iter().zip(weights).map(|(p, w)| p * w).sum();
                *band = (sum + POWER_FLOOR).ln();
            }
            bands
        })
        .collect()
}

/// Returns triangular filters on the mel scale: the first bin and the weights of each.
fn mel_filters() -> Vec<(usize, Vec<f32>)> {
    let mel = |hz: f32| 2595.0 * (1.0 + hz / 700.0).log10();
    let hz = |mel: f32| 700.0 * (10f32.powf(mel / 2595.0) - 1.0);
    let (low, high) = (mel(LOW_HZ), mel(HIGH_HZ));
    let edge = |n: usize| hz(low + (high - low) * n as f32 / (BANDS + 1) as f32);
    let bin_hz = super::SAMPLE_RATE as f32 / FFT as f32;
    (0..BANDS)
        .map(|band| {
            let (left, middle, right) = (edge(band), edge(band + 1), edge(band + 2));
            let weight = |bin: usize| {
                let f = bin as f32 * bin_hz;
                ((f - left) / (middle - left)).min((right - f) / (right - middle)).max(0.0)
            };
            let first = (0..=FFT / 2).find(|&bin| weight(bin) > 0.0).unwrap_or(0);
            let weights: Vec<f32> =
                (first..=FFT / 2).map(weight).take_while(|&w| w > 0.0).collect();
            (first, weights)
        })
        .collect()
}

/// Returns a percentile (0 to 100) with linear interpolation, or 0 if there are no values.
pub(crate) fn percentile(values: &[f32], percent: f32) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let at = percent / 100.0 * (sorted.len() - 1) as f32;
    let low = at.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (sorted[high] - sorted[low]) * (at - low as f32)
}
