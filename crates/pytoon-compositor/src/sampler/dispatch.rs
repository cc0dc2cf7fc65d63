//! The two kernels of the sampler, each in a portable, an AVX2 and an AVX-512 version. The AVX versions run only on a
//! CPU that supports them.
//!
//! This is the only module of the crate with `unsafe`: calling a function compiled for these instructions requires a
//! proof that the machine has them, and their vector loads and stores take raw pointers. All paths do the same
//! integer arithmetic and give equal results, which a test in the parent module checks.
#![allow(unsafe_code)]

use super::table::{ColumnTable, Grouping};
use super::{ROW_BITS, WEIGHT_BITS};

type BlendRows = fn([&[u8]; 4], [i16; 4], &mut [i16]);
type FilterRow = fn(&[i16], &ColumnTable, &mut [u8]);

/// The kernels for one kind of machine.
#[derive(Clone, Copy)]
pub(super) struct Kernels {
    /// The kernel that blends four rows into one row of 16-bit values with [`ROW_BITS`] fraction bits.
    pub(super) blend_rows: BlendRows,
    /// The kernel that filters a blended row into 8-bit output samples.
    pub(super) filter_row: FilterRow,
    /// The groups of columns that `filter_row` reads.
    pub(super) grouping: Grouping,
}

pub(super) const PORTABLE: Kernels = Kernels {
    blend_rows: blend_rows_portable,
    filter_row: filter_row_portable,
    grouping: Grouping::Single,
};

/// Returns the fastest kernels for this machine.
pub(super) fn kernels() -> Kernels {
    all().next().unwrap_or(PORTABLE)
}

/// Returns all kernels that this machine can run, the fastest first.
pub(super) fn all() -> impl Iterator<Item = Kernels> {
    #[cfg(target_arch = "x86_64")]
    let wide = {
        let avx2 = std::arch::is_x86_feature_detected!("avx2").then_some(Kernels {
            blend_rows: avx2::blend_rows,
            filter_row: avx2::filter_row,
            grouping: Grouping::Octets,
        });
        let has_avx512 = std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512bw");
        let avx512 = has_avx512.then_some(Kernels {
            blend_rows: avx512::blend_rows,
            filter_row: avx512::filter_row,
            grouping: Grouping::Sixteens,
        });
        [avx512, avx2]
    };
    #[cfg(not(target_arch = "x86_64"))]
    let wide = [None, None];
    wide.into_iter().flatten().chain([PORTABLE])
}

/// Converts the product of an 8-bit sample and a weight to a row value, rounding half up. It is written like the
/// hardware's rounding multiply-high, `(a * b + 2^14) >> 15` with `a = sample << 7`.
fn blend_one(sample: u8, weight: i16) -> i16 {
    const _: () = assert!(7 + WEIGHT_BITS - 15 == ROW_BITS);
    ((i32::from(sample) * 128 * i32::from(weight) + (1 << 14)) >> 15) as i16
}

fn blend_rows_portable(rows: [&[u8]; 4], weights: [i16; 4], out: &mut [i16]) {
    let [a, b, c, d] = rows;
    for ((((out, &a), &b), &c), &d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *out = blend_one(a, weights[0])
            + blend_one(b, weights[1])
            + blend_one(c, weights[2])
            + blend_one(d, weights[3]);
    }
}

fn filter_one(row: &[i16], tap: &(u32, [i16; 4])) -> u8 {
    const SHIFT: u32 = ROW_BITS + WEIGHT_BITS;
    let at = tap.0 as usize;
    let sum: i32 =
        row[at..at + 4].iter().zip(tap.1).map(|(&v, w)| i32::from(v) * i32::from(w)).sum();
    ((sum + (1 << (SHIFT - 1))) >> SHIFT).clamp(0, 255) as u8
}

fn filter_row_portable(row: &[i16], columns: &ColumnTable, out: &mut [u8]) {
    for (out, tap) in out.iter_mut().zip(&columns.taps) {
        *out = filter_one(row, tap);
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::super::table::{ColumnTable, Octet};
    use super::super::{ROW_BITS, WEIGHT_BITS};
    use super::{blend_rows_portable, filter_one};
    use std::arch::x86_64::*;

    pub(super) fn blend_rows(rows: [&[u8]; 4], weights: [i16; 4], out: &mut [i16]) {
        // SAFETY: `kernels` returns this function only after AVX2 was detected.
        unsafe { blend_rows_wide(rows, weights, out) }
    }

    pub(super) fn filter_row(row: &[i16], columns: &ColumnTable, out: &mut [u8]) {
        // SAFETY: `kernels` returns this function only after AVX2 was detected.
        unsafe { filter_row_wide(row, columns, out) }
    }

    #[target_feature(enable = "avx2")]
    fn blend_rows_wide(rows: [&[u8]; 4], weights: [i16; 4], out: &mut [i16]) {
        let length = rows.iter().map(|row| row.len()).min().unwrap_or(0).min(out.len());
        if length < 16 {
            return blend_rows_portable(rows, weights, out);
        }
        let factors = weights.map(|weight| _mm256_set1_epi16(weight));
        // The last block ends with the row and overlaps the one before it.
        let last = length - 16;
        for at in (0..last).step_by(16).chain([last]) {
            let mut sum = _mm256_setzero_si256();
            for (row, factor) in rows.iter().zip(factors) {
                // SAFETY: `at + 16 <= length <= row.len()`.
                let bytes = unsafe { _mm_loadu_si128(row.as_ptr().add(at).cast()) };
                let scaled = _mm256_slli_epi16::<7>(_mm256_cvtepu8_epi16(bytes));
                sum = _mm256_add_epi16(sum, _mm256_mulhrs_epi16(scaled, factor));
            }
            // SAFETY: `at + 16 <= length <= out.len()`.
            unsafe { _mm256_storeu_si256(out.as_mut_ptr().add(at).cast(), sum) };
        }
    }

    #[target_feature(enable = "avx2")]
    fn filter_row_wide(row: &[i16], columns: &ColumnTable, out: &mut [u8]) {
        let mut done = 0;
        for (group, chunk) in columns.octets.iter().zip(out.chunks_exact_mut(16)) {
            let even = filter_octet(row, &group[0]);
            let odd = filter_octet(row, &group[1]);
            let words = _mm256_packs_epi32(even, odd);
            let low = _mm256_castsi256_si128(words);
            let high = _mm256_extracti128_si256::<1>(words);
            let bytes = _mm_packus_epi16(low, high);
            // SAFETY: the chunk has exactly sixteen bytes.
            unsafe { _mm_storeu_si128(chunk.as_mut_ptr().cast(), bytes) };
            done += 16;
        }
        for (out, tap) in out.iter_mut().zip(&columns.taps).skip(done) {
            *out = filter_one(row, tap);
        }
    }

    /// Returns eight output samples as 32-bit values.
    #[target_feature(enable = "avx2")]
    fn filter_octet(row: &[i16], octet: &Octet) -> __m256i {
        let first = lane(row, octet.base[0]);
        let second = lane(row, octet.base[1]);
        let values = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(first), second);
        // SAFETY: each array is 32 bytes long.
        let (pick_low, pick_high, weights_low, weights_high) = unsafe {
            (
                _mm256_loadu_si256(octet.pick_low.as_ptr().cast()),
                _mm256_loadu_si256(octet.pick_high.as_ptr().cast()),
                _mm256_loadu_si256(octet.weights_low.as_ptr().cast()),
                _mm256_loadu_si256(octet.weights_high.as_ptr().cast()),
            )
        };
        let low = _mm256_madd_epi16(_mm256_shuffle_epi8(values, pick_low), weights_low);
        let high = _mm256_madd_epi16(_mm256_shuffle_epi8(values, pick_high), weights_high);
        const SHIFT: i32 = (ROW_BITS + WEIGHT_BITS) as i32;
        let half = _mm256_set1_epi32(1 << (SHIFT - 1));
        _mm256_srai_epi32::<SHIFT>(_mm256_add_epi32(_mm256_add_epi32(low, high), half))
    }

    #[target_feature(enable = "avx2")]
    fn lane(row: &[i16], base: u32) -> __m128i {
        let values = &row[base as usize..base as usize + 8];
        // SAFETY: the slice has the eight values that are loaded.
        unsafe { _mm_loadu_si128(values.as_ptr().cast()) }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::super::table::{ColumnTable, SPAN, Sixteen};
    use super::super::{ROW_BITS, WEIGHT_BITS};
    use super::{blend_rows_portable, filter_row_portable};
    use std::arch::x86_64::*;

    pub(super) fn blend_rows(rows: [&[u8]; 4], weights: [i16; 4], out: &mut [i16]) {
        // SAFETY: `all` returns this function only after AVX-512 F and BW were detected.
        unsafe { blend_rows_wide(rows, weights, out) }
    }

    pub(super) fn filter_row(row: &[i16], columns: &ColumnTable, out: &mut [u8]) {
        if columns.sixteens.is_empty() {
            return filter_row_portable(row, columns, out);
        }
        // SAFETY: `all` returns this function only after AVX-512 F and BW were detected.
        unsafe { filter_row_wide(row, columns, out) }
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    fn blend_rows_wide(rows: [&[u8]; 4], weights: [i16; 4], out: &mut [i16]) {
        let length = rows.iter().map(|row| row.len()).min().unwrap_or(0).min(out.len());
        if length < 32 {
            return blend_rows_portable(rows, weights, out);
        }
        let factors = weights.map(|weight| _mm512_set1_epi16(weight));
        // The last block ends with the row and overlaps the one before it.
        let last = length - 32;
        for at in (0..last).step_by(32).chain([last]) {
            let mut sum = _mm512_setzero_si512();
            for (row, factor) in rows.iter().zip(factors) {
                // SAFETY: `at + 32 <= length <= row.len()`.
                let bytes = unsafe { _mm256_loadu_si256(row.as_ptr().add(at).cast()) };
                let scaled = _mm512_slli_epi16::<7>(_mm512_cvtepu8_epi16(bytes));
                sum = _mm512_add_epi16(sum, _mm512_mulhrs_epi16(scaled, factor));
            }
            // SAFETY: `at + 32 <= length <= out.len()`.
            unsafe { _mm512_storeu_si512(out.as_mut_ptr().add(at).cast(), sum) };
        }
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    fn filter_row_wide(row: &[i16], columns: &ColumnTable, out: &mut [u8]) {
        const SHIFT: u32 = ROW_BITS + WEIGHT_BITS;
        let half = _mm512_set1_epi32(1 << (SHIFT - 1));
        for group in &columns.sixteens {
            let Sixteen { pick_low, pick_high, weights_low, weights_high, .. } = group;
            let base = group.base as usize;
            let loaded: &[i16] = &row[base..base + SPAN];
            // SAFETY: the slice and each array have the 32 values of 16 bits that are loaded.
            let (values, pick_low, pick_high, weights_low, weights_high) = unsafe {
                (
                    _mm512_loadu_si512(loaded.as_ptr().cast()),
                    _mm512_loadu_si512(pick_low.as_ptr().cast()),
                    _mm512_loadu_si512(pick_high.as_ptr().cast()),
                    _mm512_loadu_si512(weights_low.as_ptr().cast()),
                    _mm512_loadu_si512(weights_high.as_ptr().cast()),
                )
            };
            let low = _mm512_madd_epi16(_mm512_permutexvar_epi16(pick_low, values), weights_low);
            let high = _mm512_madd_epi16(_mm512_permutexvar_epi16(pick_high, values), weights_high);
            let sum = _mm512_add_epi32(_mm512_add_epi32(low, high), half);
            let rounded = _mm512_srai_epi32::<SHIFT>(sum);
            let bytes = _mm512_cvtusepi32_epi8(_mm512_max_epi32(rounded, _mm512_setzero_si512()));
            let at = group.at as usize;
            let target: &mut [u8] = &mut out[at..at + 16];
            // SAFETY: the slice has exactly sixteen bytes.
            unsafe { _mm_storeu_si128(target.as_mut_ptr().cast(), bytes) };
        }
    }
}
