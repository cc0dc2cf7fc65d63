//! Places sound effects on events of the picture.
//!
//! Guarantees: an effect is on a visible event; whooshes and risers never peak within a word; effects are rare enough to
//! stay effects.
//!
//! The mix decides how loud they are.

use super::{OverlayClip, OverlayContent, TimelineScene, VideoClip};
use crate::brief::OverlayMove;
use crate::preset::TransitionKind;
use crate::time::FrameRate;
use crate::timeline::ClipSource;
use pytoon_vocabulary::{CaptionWord, Frame, Ms, SoundEffect, Treatment};
use serde::{Deserialize, Serialize};

/// A sound effect in the film.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EffectCue {
    /// The effect.
    pub effect: SoundEffect,
    /// The moment of its peak in the film, in milliseconds.
    pub at: Ms,
}

/// The shortest time between two effects of a kind: three whooshes in ten seconds are too many.
const WHOOSHES_APART: Ms = Ms::new(8_000);
const SHORT_ONES_APART: Ms = Ms::new(900);
/// The earliest time of a riser's peak, which needs a second to rise.
const EARLIEST_RISER: Ms = Ms::new(4_000);
/// The distance from a word within which a peak counts as within it.
const NEAR_WORD: Ms = Ms::new(30);

/// The film, as far as effects follow it.
pub(super) struct Events<'a> {
    pub(super) video: &'a [VideoClip],
    pub(super) overlays: &'a [OverlayClip],
    pub(super) scenes: &'a [TimelineScene],
    pub(super) words: &'a [CaptionWord],
    pub(super) rate: FrameRate,
}

/// Returns the effects of the wanted kinds, in order of time.
pub(super) fn place_effects(wanted: &[SoundEffect], events: &Events<'_>) -> Vec<EffectCue> {
    let mut cues: Vec<EffectCue> = Vec::new();
    for effect in SoundEffect::ALL.iter().copied() {
        if !wanted.contains(&effect) {
            continue;
        }
        let apart = match effect {
            SoundEffect::Whoosh | SoundEffect::Riser => WHOOSHES_APART,
            SoundEffect::Pop | SoundEffect::Click => SHORT_ONES_APART,
        };
        let mut last: Option<Ms> = None;
        for at in events.of(effect) {
            let is_rare = last.is_none_or(|last| at - last >= apart);
            // Two sounds at once are one noise.
            let is_alone = cues.iter().all(|cue| (cue.at - at).abs() >= Ms::new(250));
            if is_rare && is_alone {
                last = Some(at);
                cues.push(EffectCue { effect, at });
            }
        }
    }
    cues.sort_by_key(|cue| cue.at);
    cues
}

impl Events<'_> {
    /// Returns the moments for an effect, in order of time.
    fn of(&self, effect: SoundEffect) -> Vec<Ms> {
        let mut moments: Vec<Ms> = match effect {
            SoundEffect::Whoosh => self.moving_joins().filter(|at| !self.is_in_word(*at)).collect(),
            SoundEffect::Riser => {
                let last = self.scenes.last().map(|scene| self.time(scene.start_frame));
                let fits = |at: &Ms| *at >= EARLIEST_RISER && !self.is_in_word(*at);
                last.filter(fits).into_iter().collect()
            }
            SoundEffect::Pop => self.appearances().collect(),
            SoundEffect::Click => self.figures().collect(),
        };
        moments.sort_unstable();
        moments
    }

    fn time(&self, frame: Frame) -> Ms {
        self.rate.frame_to_ms(frame)
    }

    /// Returns the middles of the transitions that move the picture.
    fn moving_joins(&self) -> impl Iterator<Item = Ms> {
        self.video.iter().filter_map(|clip| {
            let transition = clip.transition_in.as_ref()?;
            let moves = matches!(
                transition.kind,
                TransitionKind::SwipeLeft | TransitionKind::SwipeRight | TransitionKind::Zoom
            );
            moves.then(|| self.time(clip.start_frame))
        })
    }

    /// Returns the moments at which titles, labels and numbers appear after the first frame.
    fn appearances(&self) -> impl Iterator<Item = Ms> {
        let appears = |clip: &&OverlayClip| match clip.content {
            OverlayContent::Title { .. }
            | OverlayContent::Label { .. }
            | OverlayContent::LowerThird { .. }
            | OverlayContent::Chapter { .. } => clip.animation != OverlayMove::None,
            OverlayContent::Image { .. } | OverlayContent::Text { .. } => {
                matches!(clip.animation, OverlayMove::Pop | OverlayMove::Slide)
            }
        };
        let later = self.overlays.iter().filter(|clip| clip.start_frame > Frame::ZERO);
        later.filter(appears).map(|clip| self.time(clip.start_frame))
    }

    /// Returns the moments at which counted figures reach their value: with the word that says them.
    fn figures(&self) -> impl Iterator<Item = Ms> {
        self.video.iter().filter_map(|clip| match &clip.source {
            ClipSource::Background { words: Some(set), .. }
                if set.treatment == Treatment::CountUp =>
            {
                let is_figure = |word: &&CaptionWord| word.text.contains(|c: char| c.is_numeric());
                set.words.iter().find(is_figure).map(|word| word.start)
            }
            _ => None,
        })
    }

    fn is_in_word(&self, at: Ms) -> bool {
        self.words.iter().any(|word| word.start + NEAR_WORD < at && at < word.end - NEAR_WORD)
    }
}
