//! Draws the frames and passes them to an encoder, in order and in bounded memory.
//!
//! The video is drawn in chunks that are encoded separately ([`chunk`]) and joined without encoding.

pub(crate) mod chunk;
mod cover;
mod frames;
mod ring;
mod sink;
mod statistics;

use crate::stage::StageContext;
use pytoon_core::timeline::{ClipSource, OverlayContent, Timeline};
use pytoon_media::encode::{SOFTWARE_ENCODER, try_encoder};
use pytoon_telemetry::Event;
use pytoon_vocabulary::Frame;
use serde::{Deserialize, Serialize};

/// The encoder used, and the statistics of the composed frames.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PictureReport {
    /// The name of the encoder used; several names, separated by commas, if the chunks differ.
    pub(crate) encoder: String,
    /// The number of frames drawn.
    pub(crate) frames: Frame,
    /// Runs of black frames, as (start, end).
    pub(crate) black: Vec<(Frame, Frame)>,
    /// Runs of frames without a detected change, as (start, end).
    pub(crate) frozen: Vec<(Frame, Frame)>,
    /// Characters that no font contains.
    pub(crate) missing_glyphs: String,
}

/// Returns the files that a film shows: the files of the clips whose index satisfies `wanted`, and those of
/// all overlays.
fn assets(timeline: &Timeline, wanted: impl Fn(usize) -> bool) -> impl Iterator<Item = &str> {
    let clips = timeline.tracks.video.iter().enumerate().filter(move |(index, _)| wanted(*index));
    let clips = clips.filter_map(|(_, clip)| match &clip.source {
        ClipSource::Picture { asset, .. } | ClipSource::Clip { asset, .. } => Some(asset.as_str()),
        ClipSource::Background { .. } => None,
    });
    clips.chain(timeline.tracks.overlays.iter().filter_map(|overlay| match &overlay.content {
        OverlayContent::Image { asset } => Some(asset.as_str()),
        OverlayContent::Text { .. }
        | OverlayContent::Label { .. }
        | OverlayContent::LowerThird { .. }
        | OverlayContent::Chapter { .. }
        | OverlayContent::Title { .. } => None,
    }))
}

/// Returns the requested encoder if it works. Otherwise logs the failure and returns the software encoder.
fn choose_encoder(context: &StageContext<'_>, timeline: &Timeline) -> String {
    let wanted = timeline.profile.video.encoder.as_str();
    if wanted == SOFTWARE_ENCODER {
        return wanted.to_owned();
    }
    match try_encoder(context.runner(), &timeline.profile, wanted, &context.folder.work_path("")) {
        Ok(()) => wanted.to_owned(),
        Err(error) => {
            Event::EncoderFallback {
                from: wanted,
                to: SOFTWARE_ENCODER,
                reason: &error.to_string(),
            }
            .emit();
            SOFTWARE_ENCODER.to_owned()
        }
    }
}
