//! Converts the model's spectrum to audio.
//!
//! Source and filter: a pulse train of the predicted pitch is shaped by the harmonic branch, noise is shaped by the
//! second branch, and the third is a spectrum with its own phase. The three are added in the frequency domain, and
//! one inverse transform gives the audio:
//!
//! `S = exp(lh) e^(i pi tanh(theta)) STFT(pulses) + exp(ln) Z + exp(lr) e^(i phi)`
//!
//! Frames have 1200 samples, one every 300, with periodic Hann windows, centred and reflected at the edges, as in the
//! family's training (PyPI `hibari-tts`, "ONNX interface").

use crate::maths;
use crate::noise::Normal;
use pytoon_fft::{Complex32, ComplexToReal, RealToComplex};
use std::f32::consts::PI;
use std::f64::consts::TAU;
use std::sync::Arc;

/// The sample rate in Hz.
pub(super) const RATE: u32 = 24_000;
/// The number of samples between frames (12.5 ms).
pub(super) const HOP: usize = 300;
const WINDOW: usize = 1_200;
const BINS: usize = WINDOW / 2 + 1;
/// The frequency below which a frame has no pitch, in Hz.
const UNVOICED_HZ: f32 = 40.0;
/// The frequency up to which harmonics are generated, in Hz.
const TOP_HZ: f32 = 11_000.0;
/// Maximum logarithm of a magnitude.
const LOUDEST: f32 = 7.0;

/// The outputs of the model: matrices of bins by frames, row by row, and a pitch for every frame.
pub(super) struct Spectrum {
    /// The log magnitude of the harmonic branch.
    pub(super) harmonic: Vec<f32>,
    /// The phase of the harmonic branch, before tanh.
    pub(super) phase: Vec<f32>,
    /// The log magnitude of the noise branch.
    pub(super) noise: Vec<f32>,
    /// The log magnitude of the free branch.
    pub(super) free: Vec<f32>,
    /// The phase of the free branch, in radians.
    pub(super) free_phase: Vec<f32>,
    /// The pitch in Hz; 0 for none.
    pub(super) pitch: Vec<f32>,
}

impl Spectrum {
    /// Returns true if every output has a value for each bin and frame.
    pub(super) fn is_whole(&self) -> bool {
        let expected = BINS * self.pitch.len();
        [&self.harmonic, &self.phase, &self.noise, &self.free, &self.free_phase]
            .iter()
            .all(|part| part.len() == expected)
    }
}

/// The vocoder's transforms and windows, created once.
pub(super) struct Vocoder {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    window: Vec<f32>,
}

impl Vocoder {
    pub(super) fn new() -> Self {
        let hann = |n: usize| 0.5 - 0.5 * (TAU * n as f64 / WINDOW as f64).cos();
        Self {
            forward: pytoon_fft::forward(WINDOW),
            inverse: pytoon_fft::inverse(WINDOW),
            window: (0..WINDOW).map(|n| hann(n) as f32).collect(),
        }
    }

    /// Returns the audio of a spectrum, with [`HOP`] samples per frame.
    pub(super) fn sound(&self, spectrum: &Spectrum, breath: &mut Normal) -> Vec<f32> {
        let frames = spectrum.pitch.len();
        let source = reflect_pad(&pulses(&spectrum.pitch), WINDOW / 2);
        // A unit cosine peaks at half the window's sum in the transform.
        let unit = 4.0 / WINDOW as f32;
        let mut sound = vec![0.0f32; (frames + WINDOW / HOP - 1) * HOP];
        let mut weight = vec![0.0f32; sound.len()];
        let mut samples = vec![0.0f32; WINDOW];
        let mut bins = vec![Complex32::default(); BINS];
        let mut block = Block::new();
        for frame in 0..frames {
            if frame.is_multiple_of(LANES) {
                block.read(spectrum, frame);
            }
            let from = frame * HOP;
            for ((sample, s), w) in samples.iter_mut().zip(&source[from..]).zip(&self.window) {
                *sample = s * w * unit;
            }
            // The buffers have the lengths that the plans require.
            let _ = self.forward.process(&mut samples, &mut bins);
            block.shape(&mut bins, frame % LANES, breath);
            bins[0].im = 0.0;
            bins[BINS - 1].im = 0.0;
            let _ = self.inverse.process(&mut bins, &mut samples);
            let place = sound[from..].iter_mut().zip(&mut weight[from..]);
            for (((out, sum), s), w) in place.zip(&samples).zip(&self.window) {
                *out += s * w / WINDOW as f32;
                *sum += w * w;
            }
        }
        let middle = WINDOW / 2..WINDOW / 2 + frames * HOP;
        let normalised = sound[middle.clone()].iter().zip(&weight[middle]);
        normalised.map(|(sample, weight)| sample / weight.max(1e-11)).collect()
    }
}

/// The number of frames that are processed together.
const LANES: usize = 16;
/// One value for each of the frames that are processed together.
type Lanes = [f32; LANES];

/// A block of frames with the factors of its three branches, ready to be applied. The model's outputs have the frames
/// of a bin side by side, so that a bin's frames are read and computed at once.
struct Block {
    /// The real and imaginary parts of the harmonic branch's factor, by bin.
    turned: Vec<[Lanes; 2]>,
    free: Vec<[Lanes; 2]>,
    noise: Vec<Lanes>,
    deviates: Vec<f32>,
}

impl Block {
    fn new() -> Self {
        let pairs = || vec![[[0.0; LANES]; 2]; BINS];
        Self {
            turned: pairs(),
            free: pairs(),
            noise: vec![[0.0; LANES]; BINS],
            deviates: vec![0.0; 2 * BINS],
        }
    }

    /// Reads the frames from `first` on, at most one block.
    fn read(&mut self, spectrum: &Spectrum, first: usize) {
        let frames = spectrum.pitch.len();
        let count = LANES.min(frames - first);
        for bin in 0..BINS {
            let lanes = |part: &[f32]| {
                let mut lanes = [0.0; LANES];
                let at = bin * frames + first;
                lanes[..count].copy_from_slice(&part[at..at + count]);
                lanes
            };
            let phase = lanes(&spectrum.phase).map(|phase| PI * maths::tanh(phase));
            self.turned[bin] = polar(&lanes(&spectrum.harmonic), &phase);
            self.free[bin] = polar(&lanes(&spectrum.free), &lanes(&spectrum.free_phase));
            self.noise[bin] = lanes(&spectrum.noise).map(loudness);
        }
    }

    /// Converts the source's transform of a frame to the spectrum of the frame: applies the harmonic branch, and adds
    /// the noise and the free branch.
    fn shape(&mut self, bins: &mut [Complex32], lane: usize, breath: &mut Normal) {
        breath.fill(&mut self.deviates);
        let branches = self.turned.iter().zip(&self.free).zip(&self.noise);
        let breaths = self.deviates.chunks_exact(2);
        for ((value, ((turned, free), noise)), breath) in bins.iter_mut().zip(branches).zip(breaths)
        {
            let turned = Complex32::new(turned[0][lane], turned[1][lane]);
            let free = Complex32::new(free[0][lane], free[1][lane]);
            *value = *value * turned + Complex32::new(breath[0], breath[1]) * noise[lane] + free;
        }
    }
}

/// Converts a log magnitude to a magnitude.
#[inline(always)]
fn loudness(log: f32) -> f32 {
    maths::exp(log.min(LOUDEST))
}

/// Converts log magnitudes and phases to real and imaginary parts.
fn polar(log: &Lanes, phase: &Lanes) -> [Lanes; 2] {
    let (mut re, mut im) = ([0.0; LANES], [0.0; LANES]);
    for at in 0..LANES {
        let (sin, cos) = maths::sin_cos(phase[at]);
        let size = loudness(log[at]);
        re[at] = size * cos;
        im[at] = size * sin;
    }
    [re, im]
}

/// Returns a pulse train for the pitch of each frame, with every harmonic up to [`TOP_HZ`] at amplitude 1: the `sum
/// of cos(h t)` in closed form, `sin((H + 1/2) t) / (2 sin(t/2)) - 1/2`.
fn pulses(pitch: &[f32]) -> Vec<f32> {
    let mut out = Vec::with_capacity(pitch.len() * HOP);
    // In turns.
    let mut phase = 0.0f64;
    for n in 0..pitch.len() * HOP {
        let hz = interpolate_pitch(pitch, n);
        phase = (phase + f64::from(hz.max(UNVOICED_HZ)) / f64::from(RATE)).fract();
        out.push(if hz > UNVOICED_HZ { pulse(hz, (TAU * phase) as f32) } else { 0.0 });
    }
    out
}

fn pulse(hz: f32, t: f32) -> f32 {
    let harmonics = (TOP_HZ / hz).floor() + 0.5;
    let below = 2.0 * (0.5 * t).sin();
    // At a multiple of a whole turn the quotient has its limit.
    let quotient = if below.abs() <= 2e-3 { harmonics } else { (harmonics * t).sin() / below };
    quotient - 0.5
}

/// Returns the pitch at a sample, interpolated linearly between the centres of frames.
fn interpolate_pitch(pitch: &[f32], sample: usize) -> f32 {
    let place = (sample as f32 + 0.5) / HOP as f32 - 0.5;
    let left = place.floor();
    let share = place - left;
    let at = |index: f32| {
        let index = (index.max(0.0) as usize).min(pitch.len() - 1);
        pitch[index]
    };
    at(left) * (1.0 - share) + at(left + 1.0) * share
}

/// Returns a signal extended by its own mirror image, with `pad` samples at each end.
fn reflect_pad(signal: &[f32], pad: usize) -> Vec<f32> {
    let last = signal.len() as isize - 1;
    let mirrored = |index: isize| {
        let period = (2 * last).max(1);
        let folded = index.rem_euclid(period);
        let place = if folded > last { period - folded } else { folded };
        signal.get(place as usize).copied().unwrap_or(0.0)
    };
    (-(pad as isize)..signal.len() as isize + pad as isize).map(mirrored).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(frames: usize, harmonic: f32, noise: f32, hz: f32) -> Spectrum {
        let part = |value: f32| vec![value; BINS * frames];
        Spectrum {
            harmonic: part(harmonic),
            phase: part(0.0),
            noise: part(noise),
            free: part(-99.0),
            free_phase: part(0.0),
            pitch: vec![hz; frames],
        }
    }

    #[test]
    fn a_flat_filter_gives_back_the_pulses() {
        let spectrum = flat(40, 0.0, -99.0, 200.0);
        let sound = Vocoder::new().sound(&spectrum, &mut Normal::new(1, "x"));
        let source = pulses(&spectrum.pitch);
        assert_eq!(sound.len(), source.len());
        // The source's window is scaled so that its harmonics return at 4 / 1200 of a sample.
        let gain = 4.0 / WINDOW as f32;
        for n in 1200..sound.len() - 1200 {
            assert!((sound[n] - source[n] * gain).abs() < 1e-4, "{n}: {} {}", sound[n], source[n]);
        }
    }

    #[test]
    fn pulses_come_at_the_pitch_and_stop_where_there_is_none() {
        let source = pulses(&[200.0; 20]);
        let loudest = source.iter().fold(0.0f32, |a, b| a.max(*b));
        let peaks: Vec<usize> = (1..source.len() - 1)
            .filter(|&n| {
                source[n] > 0.7 * loudest && source[n] >= source[n - 1] && source[n] > source[n + 1]
            })
            .collect();
        assert!(peaks.windows(2).all(|pair| pair[1] - pair[0] == 120), "{peaks:?}");
        assert!(pulses(&[0.0; 4]).iter().all(|&s| s == 0.0));
    }

    #[test]
    fn noise_is_seeded() {
        let spectrum = flat(20, -99.0, -3.0, 0.0);
        let sound = |seed| Vocoder::new().sound(&spectrum, &mut Normal::new(seed, "x"));
        assert_eq!(sound(1), sound(1));
        assert_ne!(sound(1), sound(2));
    }
}
