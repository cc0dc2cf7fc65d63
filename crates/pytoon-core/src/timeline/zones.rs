//! Places the captions of each scene where they cover least of what its pictures show.

use super::asset_facts::AssetFacts;
use super::reading::ClipFit;
use super::shots::PictureFacts;
use super::{ClipSource, Fit, OverlayClip, OverlayContent, TimelineScene, VideoClip, Window};
use crate::brief::Position;
use crate::layout::protection::ProtectionMap;
use crate::layout::split::{beside, picture_area};
use crate::layout::zones::{self, Chosen, SceneViews, Sizes, View, ZONES, block_height, zone_area};
use crate::layout::{Area, Format, SafeArea, safe_area};
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

/// The time for which an overlay must be visible so that captions keep clear of it, in seconds.
const LASTING_S: f64 = 2.0;
/// The largest part of the safe area's height that overlays at the upper edge may take from captions.
const MOST_TOP: f64 = 0.25;

/// Returns the sizes that decide the areas of a film's captions.
pub fn sizes_of(profile: &Profile, look: &super::CaptionStyle) -> Sizes {
    let format = Format::nearest(profile.width, profile.height);
    let unit = format.unit(profile.width, profile.height) / f64::from(profile.height);
    Sizes { block: block_height(look.look, look.size) * unit, top: look.top_room }
}

/// Returns the height that lasting overlays at the upper edge of the safe area take, as a fraction of the frame's
/// height.
pub(super) fn top_room(profile: &Profile, safe: &Area, overlays: &[OverlayClip]) -> f64 {
    let (width, height) = (f64::from(profile.width), f64::from(profile.height));
    let format = Format::nearest(profile.width, profile.height);
    let unit = format.unit(profile.width, profile.height) / height;
    let is_top =
        |position| matches!(position, Position::TopLeft | Position::Top | Position::TopRight);
    let lasts = |clip: &&OverlayClip| {
        profile.frame_rate.frame_to_seconds(clip.end_frame - clip.start_frame) > LASTING_S
    };
    // The height of an overlay is known only to the compositor: most logos are at least as wide as high, and a text
    // has a line or two.
    let room = |clip: &OverlayClip| match clip.content {
        OverlayContent::Image { .. } => clip.width * width.min(height) / height * 0.7,
        OverlayContent::Text { .. } => 150.0 * unit,
        OverlayContent::Label { .. } => 100.0 * unit,
        OverlayContent::Chapter { .. } => 150.0 * unit,
        OverlayContent::LowerThird { .. } => 0.0,
        // Captions of its scene keep clear of it by their zone.
        OverlayContent::Title { .. } => 0.0,
    };
    let top = overlays.iter().filter(|clip| is_top(clip.position)).filter(lasts).map(room);
    top.fold(0.0, f64::max).min(MOST_TOP * safe.height())
}

/// Sets the zone of every cue, one zone for each scene, and returns the choices by scene. `over` returns what is shown over
/// a scene, so that captions keep clear of it.
pub(super) fn place(
    placing: &Placing<'_>,
    scenes: &[TimelineScene],
    video: &[VideoClip],
    over: &dyn Fn(&TimelineScene) -> Vec<View>,
    cues: &mut [CaptionCue],
) -> Vec<Chosen> {
    let views_of = |scene: &TimelineScene| {
        let mut views = placing.views(scene, video);
        views.views.extend(over(scene));
        views
    };
    let views: Vec<SceneViews> = scenes.iter().map(views_of).collect();
    let chosen = zones::choose(&views, &placing.areas());
    for cue in cues {
        let scene = scenes.iter().position(|scene| scene.scene_id == cue.scene_id);
        cue.zone = scene.map(|scene| chosen[scene].zone).unwrap_or_default();
        cue.set_as_type = video.iter().filter(|clip| clip.scene_id == cue.scene_id).any(|clip| {
            matches!(&clip.source, ClipSource::Background { words: Some(set), .. }
                if set.words.iter().any(|word| cue.words.iter().any(|w| w.start == word.start)))
        });
    }
    chosen
}

impl Placing<'_> {
    pub(super) fn safe(&self) -> SafeArea {
        safe_area(self.look.platform, Format::nearest(self.profile.width, self.profile.height))
    }

    /// Returns the area of each zone, in the order of [`CaptionZone::ALL`].
    pub(super) fn areas(&self) -> [Area; ZONES] {
        let sizes = sizes_of(self.profile, self.look);
        std::array::from_fn(|zone| zone_area(CaptionZone::ALL[zone], &self.safe(), sizes))
    }

    pub(super) fn views(&self, scene: &TimelineScene, video: &[VideoClip]) -> SceneViews {
        let clips = || video.iter().filter(|clip| clip.scene_id == scene.scene_id);
        let safe = self.safe().area;
        let is_beside = clips().all(|clip| self.is_beside(clip, &safe));
        let mut views = SceneViews { asked: self.asked, is_beside, ..SceneViews::default() };
        for clip in clips() {
            match self.view(clip) {
                Some(view) => views.views.push(view),
                None => {
                    views.has_type |= matches!(&clip.source, ClipSource::Background { headline, words, .. }
                            if headline.is_some() || words.is_some());
                }
            }
        }
        views
    }

    /// Returns the area of a picture that is shown whole.
    fn split(&self, facts: &PictureFacts) -> Area {
        let frame = (self.profile.width, self.profile.height);
        picture_area(frame, (facts.width, facts.height))
    }

    /// Returns true if a clip is a picture with room for captions beside it.
    fn is_beside(&self, clip: &VideoClip, safe: &Area) -> bool {
        let asset = match &clip.source {
            ClipSource::Picture { asset, fit: Fit::BlurFill, .. }
            | ClipSource::Clip { asset, fit: ClipFit::Whole, .. } => asset,
            _ => return false,
        };
        match self.assets.get(asset) {
            Some(AssetFacts::Picture(facts) | AssetFacts::Clip { seen: Some(facts), .. }) => {
                beside(&self.split(facts), safe).is_some()
            }
            _ => false,
        }
    }

    /// Returns what a clip shows, or `None` if nothing is known about it.
    fn view(&self, clip: &VideoClip) -> Option<View> {
        let rate: FrameRate = self.profile.frame_rate;
        let seconds = rate.frame_to_seconds(clip.end_frame - clip.start_frame);
        let frame = f64::from(self.profile.width) / f64::from(self.profile.height);
        // Beside a picture that is shown whole there is free space, so captions keep clear of all of it.
        let everything = ProtectionMap::from_fn(|_, _| true);
        let nothing = ProtectionMap::default();
        let ((map, subject), windows) =
            match (&clip.source, self.assets.get(asset_of(&clip.source)?)?) {
                (ClipSource::Picture { fit, motion, .. }, AssetFacts::Picture(facts)) => {
                    match fit {
                        Fit::Cover => ((facts.protected, facts.subject), [motion.from, motion.to]),
                        Fit::BlurFill => {
                            ((everything, nothing), [window_of(&self.split(facts)); 2])
                        }
                    }
                }
                (ClipSource::Clip { fit, .. }, AssetFacts::Clip { seen: Some(facts), .. }) => {
                    let aspect = frame * f64::from(facts.height) / f64::from(facts.width.max(1));
                    match fit {
                        ClipFit::Cover { from, to } => {
                            let window = |centre: &(f64, f64)| Window::around(aspect, 1.0, *centre);
                            ((facts.protected, facts.subject), [from, to].map(window))
                        }
                        ClipFit::Whole => {
                            ((everything, nothing), [window_of(&self.split(facts)); 2])
                        }
                    }
                }
                _ => return None,
            };
        Some(View { seconds, map, subject, windows })
    }
}

fn asset_of(source: &ClipSource) -> Option<&str> {
    match source {
        ClipSource::Picture { asset, .. } | ClipSource::Clip { asset, .. } => Some(asset),
        ClipSource::Background { .. } => None,
    }
}

/// Returns the window of a picture that is shown whole in an area of the frame.
fn window_of(area: &Area) -> Window {
    let (width, height) = (area.width(), area.height());
    Window { x: -area.x0 / width, y: -area.y0 / height, width: 1.0 / width, height: 1.0 / height }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_whole_pictures_are_larger_than_the_picture() {
        let window = window_of(&Area::new(0.125, 0.25, 0.625, 0.75));
        assert_eq!((window.width, window.height, window.x, window.y), (2.0, 2.0, -0.25, -0.5));
    }
}
