//! Places titles and end cards: in the third of the safe area where they cover least of what the picture shows.

use super::zones::Placing;
use super::{OverlayClip, OverlayContent, TimelineScene, VideoClip, Window};
use crate::brief::Position;
use crate::layout::protection::{CELLS, ProtectionMap};
use crate::layout::zones::View;
use crate::layout::{Area, Format};
use crate::time::FrameRange;

/// The height of a title of three lines, in pixels of a 1080x1920 frame.
const TITLE_HEIGHT: f64 = 290.0;
/// The weight of the subject, relative to text and faces.
const SUBJECT: f64 = 0.4;
/// The share of a title over text or faces above which another place is better, whatever else is there.
const COVERED: f64 = 0.03;
/// The cost of a place where a large logo is shown.
const LOGO: f64 = 2.0;

/// A placed title: its area and its frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PlacedTitle {
    area: Area,
    range: FrameRange,
}

impl PlacedTitle {
    /// Returns a view that keeps the captions of a scene clear of the title, if the scene shows it.
    pub(super) fn view(&self, scene: &TimelineScene, placing: &Placing<'_>) -> Option<View> {
        let shown = scene.range().meet(self.range);
        if shown.is_empty() {
            return None;
        }
        let inside = |at: usize, low: f64, high: f64| {
            let middle = (at as f64 + 0.5) / CELLS as f64;
            (low..high).contains(&middle)
        };
        let area = self.area;
        let map = ProtectionMap::from_fn(|x, y| {
            inside(x, area.x0, area.x1) && inside(y, area.y0, area.y1)
        });
        Some(View {
            seconds: placing.profile.frame_rate.frame_to_seconds(shown.len()),
            map,
            subject: ProtectionMap::default(),
            windows: [Window::FULL; 2],
        })
    }
}

/// Chooses the position of every title and end card, and returns their places.
pub(super) fn place_titles(
    placing: &Placing<'_>,
    scenes: &[TimelineScene],
    video: &[VideoClip],
    overlays: &mut [OverlayClip],
) -> Vec<PlacedTitle> {
    let others: Vec<OverlayClip> =
        overlays.iter().filter(|clip| !is_title(clip)).cloned().collect();
    let mut placed = Vec::new();
    for title in overlays.iter_mut().filter(|clip| is_title(clip)) {
        let range = title.range();
        let areas = areas(placing);
        let cost = |(position, area): &(Position, Area)| {
            let shown = scenes.iter().filter(|scene| !scene.range().meet(range).is_empty());
            let views = shown.clone().map(|scene| placing.views(scene, video));
            let worst = |map: &ProtectionMap, windows: &[Window; 2]| {
                windows.iter().map(|window| map.share_in(area, window)).fold(0.0, f64::max)
            };
            let of_view = |view: &View| {
                let text = worst(&view.map, &view.windows);
                let text = if text > COVERED { 1.0 + text } else { text };
                text.max(SUBJECT * worst(&view.subject, &view.windows))
            };
            let mut cost: f64 = 0.0;
            for views in views {
                cost = views.views.iter().map(of_view).fold(cost, f64::max);
                // Words that are set as type are in the middle.
                if views.has_type && *position == Position::Center {
                    cost += LOGO;
                }
            }
            let meets = |clip: &&OverlayClip| {
                clip.position == *position && !clip.range().meet(range).is_empty()
            };
            cost + LOGO * others.iter().filter(meets).count() as f64
        };
        // Ties go to the first.
        let best = areas.iter().map(|place| (cost(place), place));
        let best = best.reduce(|best, next| if next.0 + 1e-9 < best.0 { next } else { best });
        if let Some((_, (position, area))) = best {
            title.position = *position;
            placed.push(PlacedTitle { area: *area, range });
        }
        placed.extend(others.iter().filter_map(|clip| large_logo(placing, clip, range)));
    }
    placed
}

/// Returns the place of a large picture in the middle of the frame that is shown with a card, so that captions keep clear
/// of it too.
fn large_logo(placing: &Placing<'_>, clip: &OverlayClip, card: FrameRange) -> Option<PlacedTitle> {
    const LARGE: f64 = 0.3;
    let is_picture = matches!(clip.content, OverlayContent::Image { .. });
    let range = clip.range().meet(card);
    if !is_picture || clip.position != Position::Center || clip.width < LARGE || range.is_empty() {
        return None;
    }
    let safe = placing.safe().area;
    let (width, height) = (f64::from(placing.profile.width), f64::from(placing.profile.height));
    // The height of a picture is known only to the compositor; most logos are wider than high.
    let half = 0.35 * clip.width * width.min(height) / height;
    let middle = (safe.y0 + safe.y1) / 2.0;
    Some(PlacedTitle { area: Area { y0: middle - half, y1: middle + half, ..safe }, range })
}

fn is_title(clip: &OverlayClip) -> bool {
    matches!(clip.content, OverlayContent::Title { .. })
}

/// Returns the places for a title, the best one first.
fn areas(placing: &Placing<'_>) -> [(Position, Area); 3] {
    let safe = placing.safe().area;
    let (width, height) = (placing.profile.width, placing.profile.height);
    let unit = Format::nearest(width, height).unit(width, height) / f64::from(height);
    let tall = (TITLE_HEIGHT * unit).min(safe.height() / 3.0);
    let middle = (safe.y0 + safe.y1) / 2.0;
    let rows = |y0: f64| Area { y0, y1: y0 + tall, ..safe };
    [
        (Position::Top, rows(safe.y0)),
        (Position::Center, rows(middle - tall / 2.0)),
        (Position::Bottom, rows(safe.y1 - tall)),
    ]
}
