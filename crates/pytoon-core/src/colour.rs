//! Colour matching of clips that come from different engines, as pure arithmetic.
//!
//! Each clip is described by statistics of its Y'CbCr samples (luma 0 to 1, chroma -0.5 to 0.5) over several
//! frames. A clip is moved towards the median of all clips, within narrow bounds and at part strength, so
//! that the film looks uniform and no clip looks corrected. One correction applies to the whole clip, not to
//! each frame. Night clips are not matched to day clips.
//!
//! This module does not decode clips or change pixels.

use serde::{Deserialize, Serialize};

/// The strength of the correction, as a fraction of the full correction.
const STRENGTH: f64 = 0.6;
/// The range of the luma slope. [`SHIFT`] is the largest luma shift in either direction.
const SLOPE: (f64, f64) = (0.8, 1.25);
const SHIFT: f64 = 0.06;
/// The range of the chroma scale. [`CHROMA_SHIFT`] is the largest chroma shift in either direction.
const CHROMA_SCALE: (f64, f64) = (0.85, 1.2);
const CHROMA_SHIFT: f64 = 0.02;
/// The difference in median luma above which clips are not matched: one shows night and the other day.
const NIGHT_AND_DAY: f64 = 0.25;

/// The colour statistics of a clip.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct ClipColours {
    /// The 5th percentile of luma.
    pub luma_p5: f64,
    /// The median luma.
    pub luma_p50: f64,
    /// The 95th percentile of luma.
    pub luma_p95: f64,
    /// The means of Cb and Cr.
    pub chroma_mean: [f64; 2],
    /// The standard deviations of Cb and Cr.
    pub chroma_deviation: [f64; 2],
}

/// A colour correction: luma by slope and shift, chroma scaled about its own mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ColourMatch {
    /// The factor applied to luma.
    pub luma_slope: f64,
    /// The offset added to luma (1 is the whole range).
    pub luma_shift: f64,
    /// The factor applied to Cb and Cr.
    pub chroma_scale: f64,
    /// The offsets added to Cb and Cr (1 is the whole range).
    pub chroma_shift: [f64; 2],
}

impl Default for ColourMatch {
    fn default() -> Self {
        Self { luma_slope: 1.0, luma_shift: 0.0, chroma_scale: 1.0, chroma_shift: [0.0; 2] }
    }
}

impl ColourMatch {
    /// Returns true if the correction makes no visible change.
    pub fn is_none(&self) -> bool {
        (self.luma_slope - 1.0).abs() < 1e-3
            && self.luma_shift.abs() < 1e-3
            && (self.chroma_scale - 1.0).abs() < 1e-3
            && self.chroma_shift.iter().all(|shift| shift.abs() < 1e-3)
    }
}

/// Returns the colour target of a film: the median of its clips, or `None` for fewer than two clips.
pub fn target_of(clips: &[ClipColours]) -> Option<ClipColours> {
    (clips.len() >= 2).then(|| ClipColours {
        luma_p5: median(clips.iter().map(|c| c.luma_p5)),
        luma_p50: median(clips.iter().map(|c| c.luma_p50)),
        luma_p95: median(clips.iter().map(|c| c.luma_p95)),
        chroma_mean: [0, 1].map(|i| median(clips.iter().map(|c| c.chroma_mean[i]))),
        chroma_deviation: [0, 1].map(|i| median(clips.iter().map(|c| c.chroma_deviation[i]))),
    })
}

/// Returns the correction that moves a clip part of the way to its film's target. Returns no correction if the two
/// differ like night and day.
pub fn towards(clip: &ClipColours, target: &ClipColours) -> ColourMatch {
    if (clip.luma_p50 - target.luma_p50).abs() > NIGHT_AND_DAY {
        return ColourMatch::default();
    }
    let spread = (clip.luma_p95 - clip.luma_p5).max(0.02);
    let slope = ((target.luma_p95 - target.luma_p5) / spread).clamp(SLOPE.0, SLOPE.1);
    let shift = (target.luma_p50 - clip.luma_p50 * slope).clamp(-SHIFT, SHIFT);
    let deviation: f64 = clip.chroma_deviation.iter().sum::<f64>().max(0.01);
    let scale = (target.chroma_deviation.iter().sum::<f64>() / deviation)
        .clamp(CHROMA_SCALE.0, CHROMA_SCALE.1);
    let part = |value: f64, neutral: f64| rounded(neutral + (value - neutral) * STRENGTH);
    ColourMatch {
        luma_slope: part(slope, 1.0),
        luma_shift: part(shift, 0.0),
        chroma_scale: part(scale, 1.0),
        chroma_shift: [0, 1].map(|i| {
            let moved = target.chroma_mean[i] - clip.chroma_mean[i];
            part(moved.clamp(-CHROMA_SHIFT, CHROMA_SHIFT), 0.0)
        }),
    }
}

/// Rounds to four decimals, which keeps the timeline readable.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    all.sort_by(f64::total_cmp);
    match all.len() {
        0 => 0.0,
        n if n % 2 == 1 => all[n / 2],
        n => f64::midpoint(all[n / 2 - 1], all[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(p50: f64, cb: f64) -> ClipColours {
        ClipColours {
            luma_p5: p50 - 0.3,
            luma_p50: p50,
            luma_p95: p50 + 0.3,
            chroma_mean: [cb, 0.0],
            chroma_deviation: [0.05, 0.05],
        }
    }

    fn corrections(clips: &[ClipColours]) -> Vec<ColourMatch> {
        let target = target_of(clips).expect("several");
        clips.iter().map(|clip| towards(clip, &target)).collect()
    }

    #[test]
    fn an_odd_clip_moves_towards_the_others_and_no_further() {
        let all = corrections(&[clip(0.5, 0.0), clip(0.5, 0.0), clip(0.6, 0.05)]);
        assert!(all[0].is_none() && all[1].is_none());
        assert_eq!(all[2].luma_shift, -0.036);
        assert_eq!(all[2].chroma_shift, [-0.012, 0.0]);
    }

    #[test]
    fn night_is_not_made_day_and_one_clip_is_left_alone() {
        let all = corrections(&[clip(0.5, 0.0), clip(0.5, 0.0), clip(0.1, 0.0)]);
        assert!(all[2].is_none());
        assert_eq!((target_of(&[clip(0.1, 0.2)]), target_of(&[])), (None, None));
    }
}
