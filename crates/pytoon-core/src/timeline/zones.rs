//! Places the captions of each scene where they cover least of what its pictures show.

use super::build::AssetFacts;
use super::reading::ClipFit;
use super::{ClipSource, Fit, TimelineScene, VideoClip, Window};
use crate::layout::protection::ProtectionMap;
use crate::layout::zones::{self, Chosen, SceneViews, View, block_height, zone_area};
use crate::layout::{Area, Format, safe_area};
use crate::profile::Profile;
use crate::time::FrameRate;
use pytoon_vocabulary::{CaptionCue, CaptionZone};
use std::collections::BTreeMap;

/// The inputs of the placement.
pub(super) struct Placing<'a> {
    pub(super) profile: &'a Profile,
    pub(super) look: &'a super::CaptionStyle,
    pub(super) assets: &'a BTreeMap<String, AssetFacts>,
    /// The zone that the brief requests for all scenes.
    pub(super) asked: Option<CaptionZone>,
}

/// Sets the zone of every cue, one zone for each scene, and returns the choices by scene.
pub(super) fn place(
    placing: &Placing<'_>,
    scenes: &[TimelineScene],
    video: &[VideoClip],
    cues: &mut [CaptionCue],
) -> Vec<Chosen> {
    let views: Vec<SceneViews> = scenes.iter().map(|scene| placing.views(scene, video)).collect();
    let chosen = zones::choose(&views, &placing.areas());
    for cue in cues {
        let scene = scenes.iter().position(|scene| scene.scene_id == cue.scene_id);
        cue.zone = scene.map(|scene| chosen[scene].zone).unwrap_or_default();
    }
    chosen
}

impl Placing<'_> {
    fn areas(&self) -> [Area; 3] {
        let Profile { width, height, .. } = *self.profile;
        let format = Format::nearest(width, height);
        let safe = safe_area(self.look.platform, format);
        let unit = format.unit(width, height) / f64::from(height);
        let block = block_height(self.look.look, self.look.size) * unit;
        std::array::from_fn(|zone| zone_area(CaptionZone::ALL[zone], &safe, block))
    }

    fn views(&self, scene: &TimelineScene, video: &[VideoClip]) -> SceneViews {
        let clips = video.iter().filter(|clip| clip.scene_id == scene.scene_id);
        let mut views = SceneViews { asked: self.asked, ..SceneViews::default() };
        for clip in clips {
            match self.view(clip) {
                Some(view) => views.views.push(view),
                None => {
                    views.has_type |=
                        matches!(clip.source, ClipSource::Background { headline: Some(_), .. });
                }
            }
        }
        views
    }

    /// Returns what a clip shows, or `None` if nothing is known about it.
    fn view(&self, clip: &VideoClip) -> Option<View> {
        let rate: FrameRate = self.profile.frame_rate;
        let seconds = rate.frame_to_seconds(clip.end_frame - clip.start_frame);
        let frame = f64::from(self.profile.width) / f64::from(self.profile.height);
        let (map, windows) = match (&clip.source, self.assets.get(asset_of(&clip.source)?)?) {
            (ClipSource::Picture { fit, motion, .. }, AssetFacts::Picture(facts)) => {
                let windows = match fit {
                    Fit::Cover => [motion.from, motion.to],
                    Fit::BlurFill => {
                        let picture = f64::from(facts.width) / f64::from(facts.height.max(1));
                        [card_window(picture / frame); 2]
                    }
                };
                (facts.protected, windows)
            }
            (ClipSource::Clip { fit, .. }, AssetFacts::Clip { seen: Some(facts), .. }) => {
                let aspect = frame * f64::from(facts.height) / f64::from(facts.width.max(1));
                let windows = match fit {
                    ClipFit::Cover { from, to } => {
                        [from, to].map(|centre| Window::around(aspect, 1.0, *centre))
                    }
                    ClipFit::Whole => [whole_window(aspect); 2],
                };
                (facts.protected, windows)
            }
            _ => return None,
        };
        (map != ProtectionMap::default()).then_some(View { seconds, map, windows })
    }
}

fn asset_of(source: &ClipSource) -> Option<&str> {
    match source {
        ClipSource::Picture { asset, .. } | ClipSource::Clip { asset, .. } => Some(asset),
        ClipSource::Background { .. } => None,
    }
}

/// The largest size of a card and the position of its middle, as fractions of the frame, as the compositor draws it.
const CARD: (f64, f64, f64) = (984.0 / 1080.0, 1080.0 / 1920.0, 690.0 / 1920.0);

/// Returns the window of a picture that is shown whole on a card. `aspect` is the picture's aspect ratio divided by
/// that of the frame.
fn card_window(aspect: f64) -> Window {
    let (max_width, max_height, middle) = CARD;
    let width = max_width.min(max_height * aspect);
    let height = width / aspect;
    let top = (middle - height / 2.0).max(0.06);
    Window {
        x: -(1.0 - width) / 2.0 / width,
        y: -top / height,
        width: 1.0 / width,
        height: 1.0 / height,
    }
}

/// Returns the window of a clip that is shown whole. `aspect` is the frame's aspect ratio divided by that of the clip.
fn whole_window(aspect: f64) -> Window {
    let (width, height) = if aspect < 1.0 { (1.0, 1.0 / aspect) } else { (aspect, 1.0) };
    Window { x: (1.0 - width) / 2.0, y: (1.0 - height) / 2.0, width, height }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_whole_pictures_are_larger_than_the_picture() {
        // A 16:9 clip in a 9:16 frame fills 31.6 % of its height.
        let window = whole_window((9.0 / 16.0) / (16.0 / 9.0));
        assert!((1.0 / window.height - 0.316).abs() < 0.001 && window.width == 1.0);
        assert!((window.y + window.height / 2.0 - 0.5).abs() < 1e-9);
        // A square card in a 9:16 frame.
        let window = card_window(16.0 / 9.0);
        assert!((1.0 / window.width - CARD.0).abs() < 1e-9);
        let top = -window.y / window.height;
        let bottom = top + 1.0 / window.height;
        assert!(((top + bottom) / 2.0 - CARD.2).abs() < 1e-9, "{top} {bottom}");
    }
}
