//! Computes the regions in which music is ducked under speech.
//!
//! The regions come from word times, not from a level detector, which reacts to breaths and pumps. The music stays
//! down in pauses shorter than [`DuckSettings::stay_down_ms`].

use crate::time::MsRange;
use pytoon_vocabulary::{DuckRegion, Ms};
use serde::{Deserialize, Serialize};

/// The settings for ducking music.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DuckSettings {
    /// The gain of the music under speech, in dB, -40 to 0.
    pub gain_db: f64,
    /// The length of the ramp down in milliseconds, 20 to 2000. The ramp ends at the onset of the word.
    pub ramp_down_ms: i64,
    /// The time that the music stays ducked after the last word, in milliseconds, 0 to 3000.
    pub hold_ms: i64,
    /// The length of the ramp up, in milliseconds, 20 to 5000.
    pub ramp_up_ms: i64,
    /// The pause length below which the music stays ducked, in milliseconds, 0 to 10000.
    pub stay_down_ms: i64,
}

/// Returns the regions in which the music is fully ducked: the spoken words, the short pauses between them, and a
/// hold after the last word of each region.
pub fn duck_regions(
    words: impl IntoIterator<Item = MsRange>,
    settings: &DuckSettings,
    total: Ms,
) -> Vec<DuckRegion> {
    let (stay_down, hold) = (Ms::new(settings.stay_down_ms), Ms::new(settings.hold_ms));
    let mut regions: Vec<MsRange> = Vec::new();
    for word in words {
        match regions.last_mut() {
            Some(last) if word.start - last.end < stay_down => {
                last.end = last.end.max(word.end);
            }
            _ => regions.push(word),
        }
    }
    regions
        .into_iter()
        .map(|region| DuckRegion {
            start: region.start.max(Ms::ZERO),
            end: (region.end + hold).min(total),
            gain_db: settings.gain_db,
            ramp_down: Ms::new(settings.ramp_down_ms),
            ramp_up: Ms::new(settings.ramp_up_ms),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_pauses_stay_down_and_long_ones_come_up() {
        let settings = DuckSettings {
            gain_db: -12.0,
            ramp_down_ms: 180,
            hold_ms: 300,
            ramp_up_ms: 700,
            stay_down_ms: 1000,
        };
        let words = [(100, 400), (600, 900), (3000, 3500)]
            .map(|(a, b)| MsRange::new(Ms::new(a), Ms::new(b)));
        let regions = duck_regions(words, &settings, Ms::new(3600));
        let spans: Vec<_> = regions.iter().map(|r| (r.start.get(), r.end.get())).collect();
        assert_eq!(spans, [(100, 1200), (3000, 3600)]);
    }
}
