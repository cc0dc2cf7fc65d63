//! Plans Fourier transforms of real numbers.
//!
//! Guarantees: the transforms are those of `realfft`, in single precision and unscaled: a forward and an inverse
//! transform multiply the samples by their number.
//!
//! The planner of `rustfft` is generic, so each crate that calls it compiles every algorithm again, which takes half a
//! minute. This crate calls it for all.

use realfft::RealFftPlanner;
pub use realfft::num_complex::Complex32;
pub use realfft::{ComplexToReal, RealToComplex};
use std::sync::Arc;

/// Plans the transform of `len` real samples to `len / 2 + 1` complex bins.
pub fn forward(len: usize) -> Arc<dyn RealToComplex<f32>> {
    RealFftPlanner::new().plan_fft_forward(len)
}

/// Plans the transform of `len / 2 + 1` complex bins to `len` real samples.
pub fn inverse(len: usize) -> Arc<dyn ComplexToReal<f32>> {
    RealFftPlanner::new().plan_fft_inverse(len)
}
