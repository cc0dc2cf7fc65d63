//! Chooses the corner of a logo: the upper one in which it covers least of what the film shows.

use super::zones::Placing;
use super::{OverlayClip, TimelineScene, VideoClip, Window};
use crate::brief::Position;
use crate::layout::Area;
use crate::layout::protection::ProtectionMap;

/// The weight of the subject, relative to text and faces.
const SUBJECT: f64 = 0.4;
/// The height of a logo relative to its width, which only the compositor knows. Most logos are wider than high.
const SHAPE: f64 = 0.6;
/// The covered share, summed over the scenes, that is worth a change from the requested corner.
const WORTH: f64 = 0.02;

/// Moves an overlay to the upper corner in which it covers least; ties go to its own.
pub(super) fn place_in_corner(
    placing: &Placing<'_>,
    scenes: &[TimelineScene],
    video: &[VideoClip],
    others: &[OverlayClip],
    overlay: &mut OverlayClip,
) {
    let is_taken = |position: Position| {
        let meets = |other: &&OverlayClip| {
            other.position == position && !other.range().meet(overlay.range()).is_empty()
        };
        others.iter().find(meets).is_some()
    };
    let cost = |position: Position| {
        let area = corner(placing, position, overlay.width);
        let shown = scenes.iter().filter(|scene| !scene.range().meet(overlay.range()).is_empty());
        let worst = |map: &ProtectionMap, windows: &[Window; 2]| {
            windows.iter().map(|window| map.share_in(&area, window)).fold(0.0, f64::max)
        };
        let covered: f64 = shown
            .flat_map(|scene| placing.views(scene, video).views)
            .map(|view| {
                let subject = SUBJECT * worst(&view.subject, &view.windows);
                view.seconds * worst(&view.map, &view.windows).max(subject)
            })
            .sum();
        covered + f64::from(u8::from(is_taken(position))) * 100.0
    };
    let other = match overlay.position {
        Position::TopRight => Position::TopLeft,
        Position::TopLeft => Position::TopRight,
        _ => return,
    };
    if cost(other) + WORTH < cost(overlay.position) {
        overlay.position = other;
    }
}

/// Returns the area of an overlay in an upper corner of the safe area.
fn corner(placing: &Placing<'_>, position: Position, width: f64) -> Area {
    let safe = placing.safe().area;
    let (w, h) = (f64::from(placing.profile.width), f64::from(placing.profile.height));
    let across = width * w.min(h) / w;
    let down = SHAPE * width * w.min(h) / h;
    let x0 = match position {
        Position::TopLeft => safe.x0,
        _ => safe.x1 - across,
    };
    Area::new(x0, safe.y0, x0 + across, safe.y0 + down)
}
