//! Places titles and end cards: in the third of the safe area where they cover least of what the picture shows.

use super::overlay::move_frames;
use super::words::is_masked;
use super::zones::{Placing, sizes_of};
use super::{OverlayClip, OverlayContent, TimelineScene, VideoClip, Window};
use crate::brief::{OverlayMove, Position};
use crate::caption::{self, SceneWords};
use crate::layout::protection::{CELLS, ProtectionMap};
use crate::layout::zones::{SceneViews, View, lower_third_area, zone_area};
use crate::layout::{Area, Format};
use crate::time::{FrameRange, FrameRate, MsRange};
use pytoon_vocabulary::{CaptionCue, CaptionZone, Frame, Ms};
use unicode_width::UnicodeWidthStr;

/// The height of a title of three lines, in pixels of a 1080x1920 frame.
const TITLE_HEIGHT: f64 = 290.0;
/// The height of a label, in pixels of a 1080x1920 frame.
pub const LABEL_HEIGHT: f64 = 92.0;
/// The height of a lower third, in pixels of a 1080x1920 frame.
pub const LOWER_THIRD_HEIGHT: f64 = 150.0;
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

/// Chooses the position of every title, end card and lower third, and returns the places of all text over the film.
pub(super) fn place_titles(
    placing: &Placing<'_>,
    scenes: &[TimelineScene],
    video: &[VideoClip],
    overlays: &mut [OverlayClip],
) -> Vec<PlacedTitle> {
    let others: Vec<OverlayClip> =
        overlays.iter().filter(|clip| !is_placed(clip)).cloned().collect();
    let mut placed = Vec::new();
    for clip in overlays.iter_mut().filter(|clip| is_placed(clip)) {
        let range = clip.range();
        let shown = scenes.iter().filter(|scene| !scene.range().meet(range).is_empty());
        let views: Vec<SceneViews> = shown.map(|scene| placing.views(scene, video)).collect();
        let areas = if is_title(clip) { areas(placing, &views) } else { lower_thirds(placing) };
        // A lower third is as wide as a name.
        let share = if is_title(clip) { 1.0 } else { 0.55 };
        let cost = |(position, area): &(Position, Area)| {
            let inked = Area { x1: area.x0 + share * area.width(), ..*area };
            let meets = |other: &&OverlayClip| {
                other.position == *position && !other.range().meet(range).is_empty()
            };
            let logos = others.iter().filter(meets).count() as f64;
            covering(&views, *position, &inked) + LOGO * logos
        };
        // Ties go to the first.
        let best = areas.iter().map(|place| (cost(place), place));
        let best = best.reduce(|best, next| if next.0 + 1e-9 < best.0 { next } else { best });
        if let Some((_, (position, area))) = best {
            clip.position = *position;
            placed.push(PlacedTitle { area: *area, range });
        }
        placed.extend(others.iter().filter_map(|clip| large_logo(placing, clip, range)));
    }
    placed.extend(others.iter().filter_map(|clip| placed_text(placing, clip)));
    placed
}

/// Returns the cost of a place: what it covers of the scenes.
fn covering(scenes: &[SceneViews], position: Position, area: &Area) -> f64 {
    let worst = |map: &ProtectionMap, windows: &[Window; 2]| {
        windows.iter().map(|window| map.share_in(area, window)).fold(0.0, f64::max)
    };
    let of_view = |view: &View| {
        let text = worst(&view.map, &view.windows);
        let text = if text > COVERED { 1.0 + text } else { text };
        text.max(SUBJECT * worst(&view.subject, &view.windows))
    };
    let mut cost: f64 = 0.0;
    for views in scenes {
        cost = views.views.iter().map(of_view).fold(cost, f64::max);
        // Words that are set as type are in the middle.
        if views.has_type && position == Position::Center {
            cost += LOGO;
        }
    }
    cost
}

/// Returns the place of a text below the upper edge, so that captions keep clear of it.
fn placed_text(placing: &Placing<'_>, clip: &OverlayClip) -> Option<PlacedTitle> {
    let safe = placing.safe();
    let (width, height) = (placing.profile.width, placing.profile.height);
    let unit = Format::nearest(width, height).unit(width, height) / f64::from(height);
    let tall = match clip.content {
        OverlayContent::Text { .. } => 150.0 * unit,
        OverlayContent::Label { .. } => LABEL_HEIGHT * unit,
        OverlayContent::Image { .. }
        | OverlayContent::LowerThird { .. }
        | OverlayContent::Title { .. }
        | OverlayContent::Chapter { .. } => return None,
    };
    let safe = safe.area;
    let middle = (safe.y0 + safe.y1) / 2.0;
    let top = match clip.position {
        Position::TopLeft | Position::Top | Position::TopRight => return None,
        Position::Center => middle - tall / 2.0,
        Position::BottomLeft | Position::Bottom | Position::BottomRight => safe.y1 - tall,
    };
    Some(PlacedTitle { area: Area { y0: top, y1: top + tall, ..safe }, range: clip.range() })
}

/// Returns a title of the first sentence, in which it is shown instead of captions; `None` if the film has a title, begins
/// without a picture, or begins with a sentence that is too long to be read at a glance.
pub(super) fn opening_title(
    (first, scene): (&SceneWords, &TimelineScene),
    rate: FrameRate,
    masked: &[String],
    video: &[VideoClip],
    overlays: &[OverlayClip],
) -> Option<OverlayClip> {
    const MOST_COLUMNS: usize = 42;
    let has_title = overlays.iter().any(|clip| is_title(clip) && clip.start_frame == Frame::ZERO);
    let has_picture = video.first().is_some_and(|clip| !clip.source.is_background());
    if has_title || !has_picture {
        return None;
    }
    let last = *first.sentence_ends.first()?;
    let sentence = first.words.get(..=last)?;
    let text = caption::join_words(sentence);
    let text = text.trim_end_matches(['.', '。', ',', ';', ':']).to_owned();
    if text.width() > MOST_COLUMNS || sentence.iter().any(|word| is_masked(&word.text, masked)) {
        return None;
    }
    let end = rate.ms_to_frame_ceil(sentence.last()?.end) + rate.seconds_to_frames_round(0.2);
    let end_frame = end.min(scene.end_frame);
    Some(OverlayClip {
        content: OverlayContent::Title { text, detail: None },
        position: Position::Top,
        width: 1.0,
        opacity: 1.0,
        start_frame: Frame::ZERO,
        end_frame,
        fade_frames: move_frames(rate, Frame::ZERO, end_frame),
        animation: OverlayMove::Fade,
    })
}

/// Marks the captions that begin while a title shows their words.
pub(super) fn leave_out(cues: &mut [CaptionCue], title: MsRange) {
    const LEAD: Ms = Ms::new(200);
    for cue in cues.iter_mut().filter(|cue| cue.start < title.end - LEAD) {
        cue.set_as_type = true;
    }
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

/// Returns true for a text whose position the layout chooses.
fn is_placed(clip: &OverlayClip) -> bool {
    is_title(clip) || matches!(clip.content, OverlayContent::LowerThird { .. })
}

/// Returns the places for a title, the best one first: beside the pictures if all of them have room there.
fn areas(placing: &Placing<'_>, views: &[SceneViews]) -> Vec<(Position, Area)> {
    let safe = placing.safe().area;
    let (width, height) = (placing.profile.width, placing.profile.height);
    let unit = Format::nearest(width, height).unit(width, height) / f64::from(height);
    let tall = (TITLE_HEIGHT * unit).min(safe.height() / 3.0);
    let middle = (safe.y0 + safe.y1) / 2.0;
    let rows = |y0: f64| Area { y0, y1: y0 + tall, ..safe };
    if !views.is_empty() && views.iter().all(|scene| scene.is_beside) {
        let sizes = sizes_of(placing.profile, placing.look);
        let beside = zone_area(CaptionZone::Beside, &placing.safe(), sizes);
        return vec![(Position::TopRight, Area { x0: beside.x0, x1: beside.x1, ..rows(safe.y0) })];
    }
    vec![
        (Position::Top, rows(safe.y0)),
        (Position::Center, rows(middle - tall / 2.0)),
        (Position::Bottom, rows(safe.y1 - tall)),
    ]
}

/// Returns the places for a lower third, the best one first.
fn lower_thirds(placing: &Placing<'_>) -> Vec<(Position, Area)> {
    let (width, height) = (placing.profile.width, placing.profile.height);
    let unit = Format::nearest(width, height).unit(width, height) / f64::from(height);
    let sizes = sizes_of(placing.profile, placing.look);
    let tall = LOWER_THIRD_HEIGHT * unit;
    [Position::BottomLeft, Position::TopLeft]
        .map(|position| (position, lower_third_area(&placing.safe(), sizes, tall, position)))
        .to_vec()
}
