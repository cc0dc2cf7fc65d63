//! The settings of captions in a brief.

use super::Off;
use pytoon_vocabulary::{CaptionLook, CaptionZone};
use serde::{Deserialize, Serialize};

/// `off`, or the settings of the captions.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum CaptionsField {
    /// No captions in the picture and no sidecars.
    Off(Off),
    /// The settings of the captions.
    Settings(CaptionSettings),
}

/// The settings of captions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CaptionSettings {
    /// The caption look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look: Option<CaptionLook>,
    /// The platform whose buttons the captions avoid; default `universal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// The text size relative to the look's default, 0.6 to 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<f64>,
    /// The zone of the captions in all scenes; by default it is chosen for each scene from what its pictures show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<CaptionPosition>,
}

/// The zone of captions that a brief requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CaptionPosition {
    /// At the lower edge of the safe area.
    Lower,
    /// A little above the middle.
    Middle,
    /// At the upper edge.
    Upper,
}

impl From<CaptionPosition> for CaptionZone {
    fn from(position: CaptionPosition) -> Self {
        match position {
            CaptionPosition::Lower => Self::Lower,
            CaptionPosition::Middle => Self::Middle,
            CaptionPosition::Upper => Self::Upper,
        }
    }
}

/// The platform whose safe area applies. `pytoon-graphics` stores the safe areas as dated data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// The area clear of the buttons of every platform.
    #[default]
    Universal,
    /// The `universal` area, also clear of the button rail that TikTok shows on paid placements.
    UniversalStrict,
    /// The area for unpaid posts, where captions may sit lower.
    Organic,
    /// Paid placements on TikTok.
    Tiktok,
    /// Paid placements on Instagram Reels and Stories.
    Reels,
    /// Paid placements on YouTube Shorts.
    Shorts,
}

impl Platform {
    /// Returns the platform's name as used in briefs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Universal => "universal",
            Self::UniversalStrict => "universal_strict",
            Self::Organic => "organic",
            Self::Tiktok => "tiktok",
            Self::Reels => "reels",
            Self::Shorts => "shorts",
        }
    }
}
