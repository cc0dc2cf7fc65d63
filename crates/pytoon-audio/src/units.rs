//! Types for levels, so that a gain cannot be mistaken for a loudness.
//!
//! Names follow EBU Tech 3341: LUFS for loudness, dBTP for true peak, plain dB
//! for relative gain.

use std::fmt;

/// A relative gain in decibels (20 log10 of an amplitude ratio).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Db(pub f32);

/// A loudness in LUFS (ITU-R BS.1770-5). `-inf` means that no part passed the gate.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Lufs(pub f64);

/// A true peak in dB relative to full scale (ITU-R BS.1770-5, Annex 2).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Dbtp(pub f64);

impl Db {
    /// Returns the amplitude factor for this gain.
    #[must_use]
    pub fn amplitude(self) -> f32 {
        10_f32.powf(self.0 / 20.0)
    }

    /// Returns the gain for an amplitude factor. Factors at or below zero give `-inf`.
    #[must_use]
    pub fn from_amplitude(factor: f32) -> Self {
        if factor > 0.0 { Self(20.0 * factor.log10()) } else { Self(f32::NEG_INFINITY) }
    }
}

impl Lufs {
    /// Returns true if any part of the programme was loud enough to be measured.
    #[must_use]
    pub fn is_measurable(self) -> bool {
        self.0.is_finite()
    }
}

impl Dbtp {
    /// Returns the amplitude for this peak level.
    #[must_use]
    pub fn amplitude(self) -> f32 {
        10_f64.powf(self.0 / 20.0) as f32
    }

    /// Returns the peak level for an amplitude. Zero gives `-inf`.
    #[must_use]
    pub fn from_amplitude(peak: f32) -> Self {
        if peak > 0.0 { Self(20.0 * f64::from(peak).log10()) } else { Self(f64::NEG_INFINITY) }
    }
}

impl fmt::Display for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} dB", self.0)
    }
}

impl fmt::Display for Lufs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} LUFS", self.0)
    }
}

impl fmt::Display for Dbtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} dBTP", self.0)
    }
}
