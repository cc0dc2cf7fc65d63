//! Chooses the zone of the captions for each scene: where they cover least of what must stay visible, with few changes
//! over the film.

use super::protection::ProtectionMap;
use super::{Area, SafeArea};
use crate::brief::Position;
use crate::timeline::Window;
use pytoon_vocabulary::{CaptionLook, CaptionZone};
use serde::{Deserialize, Serialize};

/// The number of zones.
pub const ZONES: usize = CaptionZone::ALL.len();

/// The share of a zone that may show protected parts before they count as covered.
const COVERED_SHARE: f64 = 0.06;
/// The share of a zone above which a covered second costs a second; below it a part of one.
const WHOLLY_COVERED: f64 = 0.8;
/// The cost of a covered subject relative to that of covered text.
const SUBJECT_WEIGHT: f64 = 0.4;
/// The cost of a zone that is chosen without need, in covered seconds: captions are expected at the bottom, and text
/// in the middle is in the way of any subject.
const HABIT: [f64; ZONES] = [0.0, 0.4, 0.3, 0.0];
/// The cost of a change of the zone from one scene to the next, in covered seconds.
const CHANGE: f64 = 0.5;
/// The time for which captions may cover protected parts although another zone is free, in seconds.
const TOLERATED_S: f64 = 1.0;
/// The cost of more than that: higher than that of any number of changes.
const UNTOLERATED: f64 = 1e3;
/// The cost of a zone that a scene does not have, or that is not the requested one.
const IMPOSSIBLE: f64 = 1e6;
/// The left edge of [`CaptionZone::Beside`], as a fraction of the safe area's width.
const BESIDE: f64 = 0.60;
/// The middle of [`CaptionZone::Middle`], as a fraction of the safe area's height.
const MIDDLE: f64 = 0.43;

/// The sizes that decide the areas of the zones, as fractions of the frame's height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sizes {
    /// The height of a block of captions.
    pub block: f64,
    /// The height that overlays at the upper edge of the safe area take.
    pub top: f64,
}

/// Returns the area of a zone.
pub fn zone_area(zone: CaptionZone, safe: &SafeArea, sizes: Sizes) -> Area {
    let block = sizes.block.min(safe.area.height());
    let top = match zone {
        CaptionZone::Lower => safe.area.y1 - block,
        CaptionZone::Middle => safe.area.y0 + MIDDLE * safe.area.height() - 0.5 * block,
        CaptionZone::Upper => safe.area.y0 + sizes.top,
        CaptionZone::Beside => safe.area.y0 + 0.5 * (safe.area.height() - block),
    };
    let top = top.clamp(safe.area.y0, safe.area.y1 - block);
    if zone == CaptionZone::Beside {
        let left = safe.area.x0 + BESIDE * safe.area.width();
        return Area::new(left, top, safe.area.x1, top + block);
    }
    let half = (safe.centre_x - safe.area.x0).min(safe.area.x1 - safe.centre_x);
    Area::new(safe.centre_x - half, top, safe.centre_x + half, top + block)
}

/// Returns the area of a lower third: at the left, above the lower zone of the captions, or below the upper edge for a
/// position there. `height` is a fraction of the frame's height.
pub fn lower_third_area(safe: &SafeArea, sizes: Sizes, height: f64, position: Position) -> Area {
    let top = match position {
        Position::TopLeft | Position::Top | Position::TopRight => safe.area.y0 + sizes.top,
        _ => zone_area(CaptionZone::Lower, safe, sizes).y0 - LOWER_THIRD_GAP - height,
    };
    let top = top.max(safe.area.y0);
    Area::new(safe.area.x0, top, safe.area.x1, top + height)
}

/// The distance of a lower third from the captions, as a fraction of the frame's height.
const LOWER_THIRD_GAP: f64 = 0.012;

/// Returns the height of the largest usual block of captions (two lines; one line of single words), in pixels of a 1080x1920 frame.
pub fn block_height(look: CaptionLook, size: f64) -> f64 {
    let height = match look {
        CaptionLook::Classic => 188.0,
        CaptionLook::Karaoke => 200.0,
        CaptionLook::Pop => 236.0,
        CaptionLook::Bold => 228.0,
        CaptionLook::Boxed => 176.0,
        // One line: a second one exists only if a word is broken.
        CaptionLook::Single => 190.0,
        CaptionLook::Typewriter => 188.0,
        CaptionLook::Minimal => 172.0,
    };
    height * size
}

/// A picture or a clip that a scene shows for some time.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The length in seconds.
    pub seconds: f64,
    /// The text and the faces in the picture.
    pub map: ProtectionMap,
    /// The subject of the picture.
    pub subject: ProtectionMap,
    /// The visible windows of the picture at the start and the end.
    pub windows: [Window; 2],
}

/// The facts about a scene that decide the zone of its captions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SceneViews {
    /// The pictures and clips in order.
    pub views: Vec<View>,
    /// True if the scene sets its words as type in the upper part, so that captions stay at the bottom.
    pub has_type: bool,
    /// True if every view is a picture beside free space, so that captions are there.
    pub is_beside: bool,
    /// The zone that the brief requests.
    pub asked: Option<CaptionZone>,
}

/// The zone of a scene, with what decided it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Chosen {
    /// The zone.
    pub zone: CaptionZone,
    /// The seconds for which captions in the zone cover protected parts.
    pub covered_s: f64,
    /// The seconds for which captions at the bottom would cover protected parts.
    pub lower_covered_s: f64,
}

impl Chosen {
    /// Returns true for captions at the lower edge that cover nothing.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the zone with its reason, or `None` for captions at the lower edge that cover nothing.
    pub fn describe(&self) -> Option<String> {
        let Self { zone, covered_s, lower_covered_s } = self;
        let covers = |seconds: &f64| format!("cover what must stay visible for {seconds:.1} s");
        match zone {
            CaptionZone::Lower if *covered_s > 0.0 => {
                Some(format!("{zone} (they {}, and elsewhere for as long)", covers(covered_s)))
            }
            CaptionZone::Lower => None,
            _ if *lower_covered_s > 0.0 => {
                Some(format!("{zone} (at the lower edge they would {})", covers(lower_covered_s)))
            }
            _ => Some(format!("{zone} (as in the scenes beside it, or as the brief asks)")),
        }
    }
}

/// Chooses the zone of each scene. `areas` are the areas of the zones in the order of [`CaptionZone::ALL`].
///
/// The sum of covered seconds and changes over the film is the smallest possible one (a shortest path).
pub fn choose(scenes: &[SceneViews], areas: &[Area; ZONES]) -> Vec<Chosen> {
    let covered: Vec<[Cover; ZONES]> =
        scenes.iter().map(|scene| covered_seconds(scene, areas)).collect();
    let cost = |scene: usize, zone: usize| {
        let SceneViews { has_type, is_beside, asked, .. } = &scenes[scene];
        if asked.is_some_and(|asked| asked != CaptionZone::ALL[zone]) {
            return IMPOSSIBLE;
        }
        if *is_beside != (CaptionZone::ALL[zone] == CaptionZone::Beside) {
            return IMPOSSIBLE / 10.0;
        }
        let type_there = if *has_type && zone != 0 { UNTOLERATED } else { 0.0 };
        let least = covered[scene].iter().map(|cover| cover.seconds).fold(f64::MAX, f64::min);
        let Cover { seconds, cost } = covered[scene][zone];
        let over = seconds - least > TOLERATED_S;
        cost + HABIT[zone] + type_there + if over { UNTOLERATED } else { 0.0 }
    };
    // The cheapest way to each zone of each scene, and the zone before it.
    let mut best: Vec<[(f64, usize); ZONES]> = Vec::with_capacity(scenes.len());
    for scene in 0..scenes.len() {
        let step = std::array::from_fn(|zone| {
            let own = cost(scene, zone);
            let Some(before) = best.last() else { return (own, zone) };
            let to = |from: usize| before[from].0 + if from == zone { 0.0 } else { CHANGE };
            let from = (0..ZONES).min_by(|&a, &b| to(a).total_cmp(&to(b))).unwrap_or(zone);
            (to(from) + own, from)
        });
        best.push(step);
    }
    let Some(last) = best.last() else { return Vec::new() };
    let mut zone = (0..ZONES).min_by(|&a, &b| last[a].0.total_cmp(&last[b].0)).unwrap_or(0);
    let mut chosen = vec![Chosen::default(); scenes.len()];
    for scene in (0..scenes.len()).rev() {
        chosen[scene] = Chosen {
            zone: CaptionZone::ALL[zone],
            covered_s: hundredths(covered[scene][zone].seconds),
            lower_covered_s: hundredths(covered[scene][0].seconds),
        };
        zone = best[scene][zone].1;
    }
    chosen
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The protected parts that captions in a zone would cover.
#[derive(Debug, Clone, Copy, Default)]
struct Cover {
    /// The time for which text or faces are covered, in seconds.
    seconds: f64,
    /// The time weighted by the covered share, with the subject.
    cost: f64,
}

fn covered_seconds(scene: &SceneViews, areas: &[Area; ZONES]) -> [Cover; ZONES] {
    std::array::from_fn(|zone| {
        let mut cover = Cover::default();
        for view in &scene.views {
            let worst = |map: &ProtectionMap| {
                let share = |window| map.share_in(&areas[zone], window);
                let worst = view.windows.iter().map(share).fold(0.0, f64::max);
                if worst > COVERED_SHARE { (worst / WHOLLY_COVERED).min(1.0) } else { 0.0 }
            };
            let text = worst(&view.map);
            cover.cost += view.seconds * text.max(SUBJECT_WEIGHT * worst(&view.subject));
            cover.seconds += if text > 0.0 { view.seconds } else { 0.0 };
        }
        cover
    })
}

#[cfg(test)]
mod tests {
    use super::super::protection::CELLS;
    use super::super::{Format, safe_area};
    use super::*;
    use crate::brief::Platform;
    use proptest::prelude::*;

    fn areas(format: Format) -> [Area; ZONES] {
        let safe = safe_area(Platform::Universal, format);
        std::array::from_fn(|zone| {
            zone_area(CaptionZone::ALL[zone], &safe, Sizes { block: 0.11, top: 0.0 })
        })
    }

    fn view(map: ProtectionMap, seconds: f64) -> SceneViews {
        let views = vec![View {
            seconds,
            map,
            subject: ProtectionMap::default(),
            windows: [Window::FULL; 2],
        }];
        SceneViews { views, ..SceneViews::default() }
    }

    fn rows(from: f64, to: f64) -> ProtectionMap {
        let row = |share: f64| (share * CELLS as f64) as usize;
        ProtectionMap::from_fn(|_, y| (row(from)..row(to)).contains(&y))
    }

    #[test]
    fn captions_leave_a_label_and_come_back_only_at_a_cut() {
        let areas = areas(Format::Vertical);
        let label = || view(rows(0.5, 0.7), 3.0);
        let free = || view(ProtectionMap::default(), 3.0);
        let zones = |scenes: &[SceneViews]| -> Vec<CaptionZone> {
            choose(scenes, &areas).iter().map(|chosen| chosen.zone).collect()
        };
        use CaptionZone::{Lower, Upper};
        assert_eq!(zones(&[free(), free()]), [Lower, Lower]);
        assert_eq!(zones(&[label(), free(), free()]), [Upper, Lower, Lower]);
        // One free scene between two labels is not worth two changes.
        assert_eq!(zones(&[label(), free(), label()]), [Upper, Upper, Upper]);
        // Everything is protected: captions stay where they are expected.
        assert_eq!(zones(&[view(rows(0.0, 1.0), 3.0)]), [Lower]);
        let asked = SceneViews { asked: Some(CaptionZone::Middle), ..label() };
        assert_eq!(zones(&[asked]), [CaptionZone::Middle]);
    }

    #[test]
    fn a_zone_is_inside_the_safe_area_of_every_format() {
        for format in Format::ALL {
            let safe = safe_area(Platform::Universal, format);
            for &zone in CaptionZone::ALL {
                for block in [0.02, 0.11, 0.4, 2.0] {
                    assert!(
                        safe.area.contains(&zone_area(zone, &safe, Sizes { block, top: 0.1 })),
                        "{format:?} {zone}"
                    );
                }
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_is_covered_for_a_second_where_another_zone_is_free(
            tops in proptest::collection::vec(0.0f64..1.0, 1..8), seconds in 2.0f64..6.0,
        ) {
            let areas = areas(Format::Vertical);
            let scenes: Vec<SceneViews> =
                tops.iter().map(|top| view(rows(*top, top + 0.15), seconds)).collect();
            for (scene, chosen) in scenes.iter().zip(choose(&scenes, &areas)) {
                let covers = covered_seconds(scene, &areas);
                let least = covers.iter().map(|cover| cover.seconds).fold(f64::MAX, f64::min);
                prop_assert!(chosen.covered_s <= least + 1.0, "{chosen:?}, {least}");
            }
        }
    }
}
