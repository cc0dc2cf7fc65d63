//! A stereo signal: two planar channels of equal length.
//!
//! Guarantees: the constructors create channels of equal length. Code that edits the public fields must preserve
//! that; all readers in this crate use the shorter length.

/// A stereo signal at 48 kHz.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stereo {
    /// Left channel.
    pub left: Vec<f32>,
    /// Right channel.
    pub right: Vec<f32>,
}

impl Stereo {
    /// Returns `len` samples of digital silence.
    #[must_use]
    pub fn silence(len: usize) -> Self {
        Self { left: vec![0.0; len], right: vec![0.0; len] }
    }

    /// Copies a mono signal to both channels at unchanged amplitude.
    #[must_use]
    pub fn from_mono(mono: Vec<f32>) -> Self {
        Self { right: mono.clone(), left: mono }
    }

    /// Combines two channels. The longer one is truncated.
    #[must_use]
    pub fn from_channels(mut left: Vec<f32>, mut right: Vec<f32>) -> Self {
        let len = left.len().min(right.len());
        left.truncate(len);
        right.truncate(len);
        Self { left, right }
    }

    /// Returns the length in samples.
    #[must_use]
    pub fn len(&self) -> usize {
        self.left.len().min(self.right.len())
    }

    /// Returns true if there are no samples.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns both channels, left first, with equal lengths.
    #[must_use]
    pub(crate) fn channels(&self) -> [&[f32]; 2] {
        let len = self.len();
        [&self.left[..len], &self.right[..len]]
    }

    /// Returns the mono fold-down, (L + R) / 2, as a phone speaker would play it.
    #[must_use]
    pub fn mono(&self) -> Vec<f32> {
        self.left.iter().zip(&self.right).map(|(l, r)| 0.5 * (l + r)).collect()
    }

    /// Returns the signal with two common faults corrected: a constant offset, which costs headroom and clicks at
    /// cuts, and channels in opposite phase, which cancel out on a phone's single speaker.
    #[must_use]
    pub fn corrected(mut self) -> Self {
        /// The smallest offset that is removed. Offsets below -60 dBFS are inaudible.
        const OFFSET: f64 = 0.001;
        /// The correlation below which channels are treated as opposite. Stereo music usually has a
        /// correlation above 0; wide effects reach -0.3.
        const OPPOSITE: f64 = -0.8;
        for channel in [&mut self.left, &mut self.right] {
            let sum: f64 = channel.iter().map(|s| f64::from(*s)).sum();
            if (sum / channel.len().max(1) as f64).abs() > OFFSET {
                crate::dsp::remove_dc(channel);
            }
        }
        let product = |a: &[f32], b: &[f32]| {
            a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
        };
        let [left, right] = self.channels();
        let both = (product(left, left) * product(right, right)).sqrt();
        if both > 0.0 && product(left, right) / both < OPPOSITE {
            self.right.iter_mut().for_each(|sample| *sample = -*sample);
        }
        self
    }

    /// Multiplies every sample by `factor`.
    pub fn scale(&mut self, factor: f32) {
        for sample in self.left.iter_mut().chain(&mut self.right) {
            *sample *= factor;
        }
    }

    /// Multiplies both channels by a gain curve. Samples past its end stay unchanged.
    pub fn apply_gain(&mut self, gains: &[f32]) {
        for channel in [&mut self.left, &mut self.right] {
            for (sample, gain) in channel.iter_mut().zip(gains) {
                *sample *= gain;
            }
        }
    }

    /// Cuts the signal, or pads it with silence, to exactly `len` samples.
    pub fn resize(&mut self, len: usize) {
        self.left.resize(len, 0.0);
        self.right.resize(len, 0.0);
    }

    /// Adds `other`, multiplied by `factor`, sample by sample over the common length.
    pub fn add_scaled(&mut self, other: &Self, factor: f32) {
        crate::dsp::add_scaled(&mut self.left, &other.left, factor);
        crate::dsp::add_scaled(&mut self.right, &other.right, factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_opposite_phase_are_corrected_and_nothing_else() {
        let tone: Vec<f32> = (0..48_000).map(|n| 0.3 * (n as f32 * 0.03).sin()).collect();
        let other: Vec<f32> = (0..48_000).map(|n| 0.3 * (n as f32 * 0.05).sin()).collect();
        let fine = Stereo::from_channels(tone.clone(), other.clone());
        assert_eq!(fine.clone().corrected(), fine);
        let offset = tone.iter().map(|s| s + 0.4).collect();
        let offset = Stereo::from_channels(offset, other).corrected();
        let mean = offset.left.iter().sum::<f32>() / 48_000.0;
        assert!(mean.abs() < 1e-4, "{mean}");
        let turned = tone.iter().map(|s| -s).collect();
        let opposite = Stereo::from_channels(tone, turned).corrected();
        assert!(crate::dsp::peak(&opposite.mono()) > 0.25);
        assert!(Stereo::default().corrected().is_empty());
    }
}
