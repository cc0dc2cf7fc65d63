//! Exact time: frame rates, frames and milliseconds.
//!
//! The frame is the unit of the picture and the source of truth of a timeline. Milliseconds are for people and for
//! words. Frame numbers are converted to milliseconds by rounding to nearest and in one place only
//! ([`FrameRate::frame_to_ms`]), so two readers of a timeline never disagree. Only a [`FrameRate`] converts units.
//!
//! Floats are for seconds, for display and for motion speeds.

use pytoon_vocabulary::{Frame, Ms};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// Maximum length of a film. This is the only definition.
pub const MAX_FILM: Ms = Ms::new(60_000);

/// A frame rate in frames per second as an exact ratio, such as 30/1 or 30000/1001.
///
/// ```
/// use pytoon_core::time::FrameRate;
/// use pytoon_vocabulary::{Frame, Ms};
///
/// let rate: FrameRate = "30000/1001".parse()?;
/// assert_eq!(rate.ms_to_frame_floor(Ms::new(1000)), Frame::new(29));
/// assert_eq!(rate.frame_to_sample(Frame::new(30), 48_000), 48_048);
/// assert!("29.97".parse::<FrameRate>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameRate {
    num: u32,
    den: u32,
}

impl FrameRate {
    /// Thirty frames per second, the default.
    pub const FPS_30: Self = Self { num: 30, den: 1 };

    /// Creates a frame rate from an exact ratio, or returns `None` if it is not between 1 and 240 frames per second.
    pub fn try_new(num: u32, den: u32) -> Option<Self> {
        let valid = den > 0 && num >= den && u64::from(num) <= 240 * u64::from(den);
        valid.then_some(Self { num, den })
    }

    /// Returns the numerator of the ratio.
    pub fn num(self) -> u32 {
        self.num
    }

    /// Returns the denominator of the ratio.
    pub fn den(self) -> u32 {
        self.den
    }

    /// Returns the frames per second as a float, for display and for motion speeds.
    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// Returns the instant at which a frame begins, in seconds.
    pub fn frame_to_seconds(self, frame: Frame) -> f64 {
        frame.get() as f64 * f64::from(self.den) / f64::from(self.num)
    }

    /// Returns the instant at which a frame begins, rounded to the nearest millisecond.
    pub fn frame_to_ms(self, frame: Frame) -> Ms {
        let num = i128::from(frame.get()) * 1000 * i128::from(self.den);
        Ms::new(div_round(num, i128::from(self.num)))
    }

    /// Returns the frame nearest to an instant.
    pub fn ms_to_frame_round(self, ms: Ms) -> Frame {
        let num = i128::from(ms.get()) * i128::from(self.num);
        Frame::new(div_round(num, 1000 * i128::from(self.den)))
    }

    /// Returns the frame that is on screen at an instant.
    pub fn ms_to_frame_floor(self, ms: Ms) -> Frame {
        let num = i128::from(ms.get()) * i128::from(self.num);
        Frame::new(saturate(num.div_euclid(1000 * i128::from(self.den))))
    }

    /// Returns the first frame that begins at or after an instant.
    pub fn ms_to_frame_ceil(self, ms: Ms) -> Frame {
        -self.ms_to_frame_floor(-ms)
    }

    /// Returns the frame count nearest to a length in seconds.
    pub fn seconds_to_frames_round(self, seconds: f64) -> Frame {
        Frame::new((seconds * self.as_f64()).round() as i64)
    }

    /// Returns the index of the first audio sample of a frame at a sample rate in Hz.
    pub fn frame_to_sample(self, frame: Frame, sample_rate: u32) -> i64 {
        div_round(
            i128::from(frame.get()) * i128::from(sample_rate) * i128::from(self.den),
            i128::from(self.num),
        )
    }

    /// Returns the ratio in the form that FFmpeg parses: `30` or `30000/1001`.
    pub fn to_ratio_string(self) -> String {
        if self.den == 1 { self.num.to_string() } else { format!("{}/{}", self.num, self.den) }
    }
}

fn div_round(num: i128, den: i128) -> i64 {
    saturate((2 * num + den).div_euclid(2 * den))
}

fn saturate(value: i128) -> i64 {
    value.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

impl std::str::FromStr for FrameRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (num, den) = text.split_once('/').unwrap_or((text, "1"));
        let parsed = num.trim().parse().ok().zip(den.trim().parse().ok());
        parsed.and_then(|(num, den)| Self::try_new(num, den)).ok_or_else(|| {
            format!("`{text}` is not a frame rate from 1 to 240: write 24, 25, 30, 60 or a ratio such as 30000/1001")
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
        deserializer.deserialize_any(FrameRateVisitor)
    }
}

struct FrameRateVisitor;

impl de::Visitor<'_> for FrameRateVisitor {
    type Value = FrameRate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number such as 30, or a ratio such as \"30000/1001\"")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<FrameRate, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<FrameRate, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<FrameRate, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<FrameRate, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for FrameRate {
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

/// A half-open range of frames: `start` is included, `end` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FrameRange {
    /// The first frame.
    pub start: Frame,
    /// The frame after the last one.
    pub end: Frame,
}

impl FrameRange {
    /// Returns the range from `start` (inclusive) to `end` (exclusive). If `end` precedes `start`, the range is
    /// empty.
    pub fn new(start: Frame, end: Frame) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Returns the number of frames in the range.
    pub fn len(self) -> Frame {
        self.end - self.start
    }

    /// Returns true if the range has no frames.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// Returns the last frame. For an empty range it is the frame before the start.
    pub fn last(self) -> Frame {
        self.end - Frame::new(1)
    }

    /// Returns the intersection of both ranges.
    pub fn meet(self, other: Self) -> Self {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// Returns true if a frame is in the range.
    pub fn contains(self, frame: Frame) -> bool {
        (self.start..self.end).contains(&frame)
    }

    /// Returns the frames of the range in order.
    pub fn frames(self) -> impl DoubleEndedIterator<Item = Frame> + Clone {
        (self.start.get()..self.end.get()).map(Frame::new)
    }

    /// Returns the range in milliseconds, from the start of the first frame to the end of the last.
    pub fn to_ms(self, rate: FrameRate) -> MsRange {
        MsRange::new(rate.frame_to_ms(self.start), rate.frame_to_ms(self.end))
    }
}

/// A half-open range of milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MsRange {
    /// The first millisecond.
    pub start: Ms,
    /// The millisecond after the last one.
    pub end: Ms,
}

impl MsRange {
    /// Returns the range from `start` (inclusive) to `end` (exclusive). If `end` precedes `start`, the range is
    /// empty.
    pub fn new(start: Ms, end: Ms) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Returns the length of the range.
    pub fn duration(self) -> Ms {
        self.end - self.start
    }

    /// Returns the range moved later by `offset`.
    pub fn shifted(self, offset: Ms) -> Self {
        Self { start: self.start + offset, end: self.end + offset }
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
        assert_eq!(rate.frame_to_ms(Frame::new(1)), Ms::new(33));
        assert_eq!(rate.frame_to_ms(Frame::new(2)), Ms::new(67));
        assert_eq!(rate.frame_to_ms(Frame::new(30)), Ms::new(1000));
        assert_eq!(rate.frame_to_sample(Frame::new(900), 48_000), 1_440_000);
        assert_eq!(rate.ms_to_frame_floor(Ms::new(99)), Frame::new(2));
        assert_eq!(rate.ms_to_frame_ceil(Ms::new(99)), Frame::new(3));
        assert_eq!(rate.ms_to_frame_ceil(Ms::new(100)), Frame::new(3));
    }

    proptest! {
        #[test]
        fn frames_survive_the_way_through_milliseconds(frame in 0i64..1_000_000, which in 0usize..5) {
            let rates = [(24, 1), (25, 1), (30, 1), (30_000, 1001), (60, 1)];
            let (num, den) = rates[which];
            let rate = FrameRate::try_new(num, den).expect("valid");
            let frame = Frame::new(frame);
            prop_assert_eq!(rate.ms_to_frame_round(rate.frame_to_ms(frame)), frame);
        }

        #[test]
        fn milliseconds_of_frames_never_run_backwards(frame in 0i64..100_000) {
            let rate = FrameRate::try_new(30_000, 1001).expect("valid");
            let (frame, next) = (Frame::new(frame), Frame::new(frame + 1));
            prop_assert!(rate.frame_to_ms(next) > rate.frame_to_ms(frame));
        }

        #[test]
        fn no_number_wraps_or_panics(number in prop_oneof![any::<i64>(), Just(i64::MAX), Just(i64::MIN)]) {
            let rate = FrameRate::try_new(30_000, 1001).expect("valid");
            let (ms, frame) = (Ms::new(number), Frame::new(number));
            let is_negative = number < 0;
            prop_assert_eq!(rate.frame_to_ms(frame) < Ms::ZERO, is_negative);
            let frames = [rate.ms_to_frame_floor(ms), rate.ms_to_frame_round(ms), rate.ms_to_frame_ceil(ms)];
            prop_assert!(frames.is_sorted(), "{:?}", frames);
            prop_assert!(number.unsigned_abs() < 100 || (frames[2] < Frame::ZERO) == is_negative);
            prop_assert!((rate.frame_to_sample(frame, 48_000) < 0) == is_negative);
        }
    }
}
