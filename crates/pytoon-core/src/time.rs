//! Exact time: frame rates, frames and milliseconds.
//!
//! The frame is the unit of the picture and the source of truth of a timeline; milliseconds are
//! for people and for words. A frame number turns into milliseconds by rounding to nearest and
//! in one place only ([`FrameRate::frame_to_ms`]), so two readers of a timeline never disagree.
//!
//! Floats appear only where a caller hands seconds in, and the rounding is named there.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest film, in milliseconds: the one place that says it.
pub const MAX_FILM_MS: i64 = 60_000;

/// Frames per second as an exact ratio, such as 30/1 or 30000/1001.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameRate {
    num: u32,
    den: u32,
}

impl FrameRate {
    /// Thirty frames a second, the default.
    pub const FPS_30: Self = Self { num: 30, den: 1 };

    /// A rate between 1 and 240 frames a second, or `None`.
    pub fn try_new(num: u32, den: u32) -> Option<Self> {
        let valid = den > 0 && num >= den && u64::from(num) <= 240 * u64::from(den);
        valid.then_some(Self { num, den })
    }

    /// The numerator of the ratio.
    pub fn num(self) -> u32 {
        self.num
    }

    /// The denominator of the ratio.
    pub fn den(self) -> u32 {
        self.den
    }

    /// Frames per second as a float, for display and for rates of motion.
    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// The instant at which a frame begins, in seconds.
    pub fn frame_to_seconds(self, frame: i64) -> f64 {
        frame as f64 * f64::from(self.den) / f64::from(self.num)
    }

    /// The instant at which a frame begins, rounded to the nearest millisecond.
    pub fn frame_to_ms(self, frame: i64) -> i64 {
        div_round(frame as i128 * 1000 * i128::from(self.den), i128::from(self.num))
    }

    /// The frame nearest to an instant.
    pub fn ms_to_frame_round(self, ms: i64) -> i64 {
        div_round(ms as i128 * i128::from(self.num), 1000 * i128::from(self.den))
    }

    /// The frame that is on screen at an instant.
    pub fn ms_to_frame_floor(self, ms: i64) -> i64 {
        (ms as i128 * i128::from(self.num)).div_euclid(1000 * i128::from(self.den)) as i64
    }

    /// The first frame that begins at or after an instant.
    pub fn ms_to_frame_ceil(self, ms: i64) -> i64 {
        -self.ms_to_frame_floor(-ms)
    }

    /// The frame count nearest to a length in seconds.
    pub fn seconds_to_frames_round(self, seconds: f64) -> i64 {
        (seconds * self.as_f64()).round() as i64
    }

    /// The first audio sample of a frame at a sampling rate in Hz.
    pub fn frame_to_sample(self, frame: i64, sample_rate: u32) -> i64 {
        div_round(
            frame as i128 * i128::from(sample_rate) * i128::from(self.den),
            i128::from(self.num),
        )
    }

    /// `30` or `30000/1001`, the form that FFmpeg reads.
    pub fn to_ratio_string(self) -> String {
        if self.den == 1 { self.num.to_string() } else { format!("{}/{}", self.num, self.den) }
    }
}

fn div_round(num: i128, den: i128) -> i64 {
    (2 * num + den).div_euclid(2 * den) as i64
}

impl std::str::FromStr for FrameRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (num, den) = text.split_once('/').unwrap_or((text, "1"));
        let parsed = num.trim().parse().ok().zip(den.trim().parse().ok());
        parsed.and_then(|(num, den)| Self::try_new(num, den)).ok_or_else(|| {
            format!("`{text}` is not a frame rate: write 24, 25, 30, 60 or a ratio like 30000/1001")
        })
    }
}

impl Serialize for FrameRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.den == 1 {
            serializer.serialize_u32(self.num)
        } else {
            serializer.serialize_str(&self.to_ratio_string())
        }
    }
}

impl<'de> Deserialize<'de> for FrameRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Whole(u32),
            Ratio(String),
        }
        match Raw::deserialize(deserializer)? {
            Raw::Whole(num) => Self::try_new(num, 1)
                .ok_or_else(|| de::Error::custom("a frame rate lies between 1 and 240")),
            Raw::Ratio(text) => text.parse().map_err(de::Error::custom),
        }
    }
}

impl JsonSchema for FrameRate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FrameRate".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Frames per second: a whole number, or an exact ratio as text (\"30000/1001\").",
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 240},
                {"type": "string", "pattern": "^[0-9]+/[0-9]+$"}
            ]
        })
    }
}

/// A half-open range of frames: `start` is in it, `end` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FrameRange {
    /// The first frame.
    pub start: i64,
    /// One past the last frame.
    pub end: i64,
}

impl FrameRange {
    /// The range from `start` up to and without `end`; an inverted pair becomes empty.
    pub fn new(start: i64, end: i64) -> Self {
        Self { start, end: end.max(start) }
    }

    /// How many frames it holds.
    pub fn len(self) -> i64 {
        self.end - self.start
    }

    /// Whether it holds none.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// The frames that lie in both.
    pub fn meet(self, other: Self) -> Self {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// Whether a frame lies in it.
    pub fn contains(self, frame: i64) -> bool {
        (self.start..self.end).contains(&frame)
    }
}

/// A half-open range of milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct MsRange {
    /// The first millisecond.
    pub start: i64,
    /// One past the last millisecond.
    pub end: i64,
}

impl MsRange {
    /// The range from `start` up to and without `end`; an inverted pair becomes empty.
    pub fn new(start: i64, end: i64) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Its length in milliseconds.
    pub fn duration_ms(self) -> i64 {
        self.end - self.start
    }

    /// The same range, moved later by `offset_ms`.
    pub fn shifted(self, offset_ms: i64) -> Self {
        Self { start: self.start + offset_ms, end: self.end + offset_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_rate_reads_and_writes_both_forms() {
        for (text, json) in [("30", "30"), ("30000/1001", "\"30000/1001\"")] {
            let rate: FrameRate = text.parse().expect("valid");
            assert_eq!(serde_json::to_string(&rate).expect("json"), json);
            assert_eq!(serde_json::from_str::<FrameRate>(json).expect("json"), rate);
        }
        for bad in ["0", "30/0", "-30", "fast", "500"] {
            assert!(bad.parse::<FrameRate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn thirty_frames_are_a_second() {
        let rate = FrameRate::FPS_30;
        assert_eq!(rate.frame_to_ms(1), 33);
        assert_eq!(rate.frame_to_ms(2), 67);
        assert_eq!(rate.frame_to_ms(30), 1000);
        assert_eq!(rate.frame_to_sample(900, 48_000), 1_440_000);
        assert_eq!(rate.ms_to_frame_floor(99), 2);
        assert_eq!(rate.ms_to_frame_ceil(99), 3);
        assert_eq!(rate.ms_to_frame_ceil(100), 3);
    }

    proptest! {
        #[test]
        fn frames_survive_the_way_through_milliseconds(frame in 0i64..1_000_000, which in 0usize..5) {
            let rates = [(24, 1), (25, 1), (30, 1), (30_000, 1001), (60, 1)];
            let (num, den) = rates[which];
            let rate = FrameRate::try_new(num, den).expect("valid");
            prop_assert_eq!(rate.ms_to_frame_round(rate.frame_to_ms(frame)), frame);
        }

        #[test]
        fn milliseconds_of_frames_never_run_backwards(frame in 0i64..100_000) {
            let rate = FrameRate::try_new(30_000, 1001).expect("valid");
            prop_assert!(rate.frame_to_ms(frame + 1) > rate.frame_to_ms(frame));
        }
    }
}
