//! Plans the shots of pictures: the fit into the frame and the camera move.
//!
//! There is a plan for a picture of any size and aspect ratio. It depends on the picture's size and the
//! position of its subject. The compositor draws the pixels.

use super::{Fit, Motion, Window};
use crate::brief::MediaFit;
use crate::layout::Area;
use crate::layout::protection::ProtectionMap;
use crate::preset::{MotionSpec, Move};
use crate::time::FrameRate;
use pytoon_vocabulary::{Frame, Rng};
use serde::{Deserialize, Serialize};

/// The known facts about a picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PictureFacts {
    /// The width in pixels, as shown (EXIF rotation applied).
    pub width: u32,
    /// The height in pixels, as shown.
    pub height: u32,
    /// The focus of attention, in fractions of width and height.
    pub aim: (f64, f64),
    /// True if the picture has a subject and not only an even texture.
    pub has_subject: bool,
    /// The fraction of the salient content that survives the best crop to the frame's aspect ratio.
    pub crop_keeps: f64,
    /// The centre of the best crop, in fractions of width and height.
    pub crop_centre: (f64, f64),
    /// Text and faces, which text must not cover.
    #[serde(default)]
    pub protected: ProtectionMap,
    /// The subject, which text should not cover.
    #[serde(default)]
    pub subject: ProtectionMap,
}

/// A frame's size in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameSize {
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
}

/// The frame range and length of a shot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShotTime {
    /// The first visible frame, handles included.
    pub start_frame: Frame,
    /// One past the last visible frame, handles included.
    pub end_frame: Frame,
    /// The length of the shot, in seconds.
    pub seconds: f64,
    /// True if the shot starts with a dissolve, so that its move may accelerate.
    pub eases_in: bool,
}

/// The plan of one shot, made before any pixel is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShotPlan {
    /// The fit of the picture into the frame.
    pub fit: Fit,
    /// The start and end windows of the camera move, and its frame range.
    pub motion: Motion,
    /// The kind of move.
    pub kind: Move,
}

/// The minimum fraction of the salient content that a crop must retain.
pub(super) const CROP_KEEPS: f64 = 0.80;
/// The share of a caption area that may show labels, faces or the subject before a crop has no place for captions.
const NO_PLACE_SHARE: f64 = 0.2;
/// The minimum size of a source relative to the frame. A smaller source is not enlarged to cover the frame,
/// but shown whole over a ground in its colours, unless the brief requests a fit.
const MIN_SOURCE_SCALE: f64 = 0.6;
/// The size of a whole picture's canvas relative to the frame. The margin leaves room for camera moves.
pub const BLUR_CANVAS_MARGIN: f64 = 1.12;
/// Maximum length of a pan in one shot, as a fraction of the picture.
const MAX_PAN_SHARE: f64 = 0.12;
/// Minimum length of a shot in which a picture is panned instead of shown whole, in seconds.
const MIN_PAN_SECONDS: f64 = 2.5;

/// Plans one shot of a picture.
///
/// A move that the preset chooses does not repeat or mirror the previous move if there is a choice.
pub fn plan_shot(
    facts: &PictureFacts,
    frame: FrameSize,
    time: ShotTime,
    wanted: ShotWish<'_>,
    rng: &mut Rng,
) -> ShotPlan {
    let aspect = shape_ratio(facts, frame);
    // A picture with a requested crop or pan counts as keeping enough.
    let facts = &match wanted.fit {
        Some(MediaFit::Crop) => PictureFacts { crop_keeps: 1.0, ..*facts },
        Some(MediaFit::Pan) => PictureFacts { crop_keeps: CROP_KEEPS - 0.1, ..*facts },
        Some(MediaFit::Whole) | None => *facts,
    };
    let fit = match wanted.fit {
        Some(MediaFit::Crop | MediaFit::Pan) => Fit::Cover,
        Some(MediaFit::Whole) => Fit::BlurFill,
        None => choose_fit(facts, frame, aspect, time.seconds, &wanted),
    };
    let kind = choose_move(facts, fit, aspect, &wanted, rng);
    let rate = zoom_rate(wanted, rng) / 100.0;
    let cover =
        |kind, tighter| cover_windows(facts, frame, aspect, kind, rate, time.seconds, tighter);
    let (kind, (from, to)) = match fit {
        Fit::BlurFill => (kind, canvas_windows(kind, rate, time.seconds)),
        Fit::Cover if wanted.asked != Move::Auto => (kind, cover(kind, wanted.tighter)),
        Fit::Cover => keeping_move(facts, aspect, kind, wanted.tighter, &cover),
    };
    let ease_in_frames =
        if time.eases_in { (time.end_frame - time.start_frame) * 15 / 100 } else { Frame::ZERO };
    let motion = Motion {
        from,
        to,
        start_frame: time.start_frame,
        end_frame: time.end_frame,
        ease_in_frames,
    };
    ShotPlan { fit, motion, kind }
}

/// Returns a zoom that is not as fast as the same zoom of the picture before it: two equal zooms in a row look mechanical.
pub(super) fn varied(motion: Motion, previous: Option<&Motion>, rate: FrameRate) -> Motion {
    let own = motion.zoom_pct_per_second(rate);
    let before = previous.map_or(0.0, |motion| motion.zoom_pct_per_second(rate));
    let (slow, fast) = (own.abs().min(before.abs()), own.abs().max(before.abs()));
    if own.signum() != before.signum() || slow < SLOWEST_ZOOM || slow < SAME_RATE * fast {
        return motion;
    }
    // Slower, because a window within the two of a move shows what they show.
    let part = GENTLER * slow / own.abs();
    match own > 0.0 {
        true => Motion { to: between(motion.from, motion.to, part), ..motion },
        false => Motion { from: between(motion.to, motion.from, part), ..motion },
    }
}

/// The zoom in percent per second below which a picture seems to stand still.
const SLOWEST_ZOOM: f64 = 0.3;
/// The ratio of two zooms above which they seem equally fast, and the factor by which one is slowed.
const SAME_RATE: f64 = 0.8;
const GENTLER: f64 = 0.7;

/// Returns the window at a fraction of the way between two windows.
fn between(a: Window, b: Window, part: f64) -> Window {
    let at = |a: f64, b: f64| a + (b - a) * part;
    Window {
        x: at(a.x, b.x),
        y: at(a.y, b.y),
        width: at(a.width, b.width),
        height: at(a.height, b.height),
    }
}

/// Returns a move, with its windows, that leaves labels and faces in the frame: the chosen one if it does, or else the
/// first of some gentler moves that does, or else the one that keeps most.
fn keeping_move(
    facts: &PictureFacts,
    aspect: f64,
    chosen: Move,
    tighter: f64,
    windows: &dyn Fn(Move, f64) -> (Window, Window),
) -> (Move, (Window, Window)) {
    let base = facts.protected.kept_by(&Window::around(aspect, 1.0, facts.crop_centre));
    let moves = [(chosen, tighter), (Move::PushIn, 1.0), (Move::PullOut, 1.0), (Move::Hold, 1.0)];
    let mut best: Option<(f64, Move, (Window, Window))> = None;
    for (kind, tighter) in moves {
        let (from, to) = windows(kind, tighter);
        let kept = facts.protected.kept_by(&from).min(facts.protected.kept_by(&to));
        if kept >= KEPT_BY_MOVES * base {
            return (kind, (from, to));
        }
        if best.is_none_or(|(most, ..)| kept > most) {
            best = Some((kept, kind, (from, to)));
        }
    }
    best.map_or_else(|| (chosen, windows(chosen, tighter)), |(_, kind, windows)| (kind, windows))
}

/// The share of what a crop keeps of labels and faces that a camera move must keep.
const KEPT_BY_MOVES: f64 = 0.98;

/// The requested properties of a shot.
#[derive(Debug, Clone, Copy)]
pub struct ShotWish<'a> {
    /// The requested move, or `auto`.
    pub asked: Move,
    /// The preset's moves and speeds.
    pub spec: &'a MotionSpec,
    /// The speed relative to the preset's speed.
    pub energy: f64,
    /// The move of the previous shot.
    pub previous: Option<Move>,
    /// The base zoom of the shot relative to the widest view, at least 1. Only `Fit::Cover` uses it.
    pub tighter: f64,
    /// The fit that the brief requests.
    pub fit: Option<MediaFit>,
    /// The areas of the frame in which captions can be; empty for a film without captions.
    pub captions: &'a [Area],
}

/// Returns the ratio of the frame's aspect ratio to the picture's. Below 1 the picture is wider.
fn shape_ratio(facts: &PictureFacts, frame: FrameSize) -> f64 {
    let frame_aspect = f64::from(frame.width) / f64::from(frame.height);
    frame_aspect * f64::from(facts.height.max(1)) / f64::from(facts.width.max(1))
}

fn choose_fit(
    facts: &PictureFacts,
    frame: FrameSize,
    aspect: f64,
    seconds: f64,
    wish: &ShotWish<'_>,
) -> Fit {
    let covered = if aspect <= 1.0 {
        f64::from(facts.height) / f64::from(frame.height)
    } else {
        f64::from(facts.width) / f64::from(frame.width)
    };
    if covered < MIN_SOURCE_SCALE {
        return Fit::BlurFill;
    }
    let pan_asked =
        matches!(wish.asked, Move::PanLeft | Move::PanRight | Move::TiltUp | Move::TiltDown);
    if (0.8..=1.25).contains(&aspect) || pan_asked {
        return Fit::Cover;
    }
    // A crop must leave a place for captions, and must not cut a label or a face. A whole picture has room beside it.
    let crop = Window::around(aspect, 1.0, facts.crop_centre);
    let is_covered = |area: &Area| facts.protected.share_in(area, &crop) > NO_PLACE_SHARE;
    let has_no_place = !wish.captions.is_empty() && wish.captions.iter().all(is_covered);
    if has_no_place || facts.protected.kept_by(&crop) < CROP_KEEPS {
        return Fit::BlurFill;
    }
    if facts.crop_keeps >= CROP_KEEPS {
        return Fit::Cover;
    }
    // A pan can show more than a crop, but only part of a very wide picture.
    let pan_helps = seconds >= MIN_PAN_SECONDS && facts.crop_keeps >= 0.6;
    if pan_helps { Fit::Cover } else { Fit::BlurFill }
}

fn choose_move(
    facts: &PictureFacts,
    fit: Fit,
    aspect: f64,
    wish: &ShotWish<'_>,
    rng: &mut Rng,
) -> Move {
    if wish.asked != Move::Auto {
        return wish.asked;
    }
    if fit == Fit::BlurFill {
        return Move::PushIn;
    }
    if facts.crop_keeps < CROP_KEEPS && !(0.8..=1.25).contains(&aspect) {
        let first = rng.unit_f64() < 0.5;
        return match (aspect < 1.0, first) {
            (true, true) => Move::PanRight,
            (true, false) => Move::PanLeft,
            (false, true) => Move::TiltDown,
            (false, false) => Move::TiltUp,
        };
    }
    let choices: Vec<Move> = wish
        .spec
        .moves
        .iter()
        .copied()
        .filter(|&m| m != Move::Auto && Some(m) != wish.previous && !mirrors(m, wish.previous))
        .collect();
    if choices.is_empty() { wish.spec.moves[0] } else { choices[rng.index(choices.len())] }
}

/// Returns true if a move mirrors the previous one. Moving in, out and in again looks mechanical.
fn mirrors(kind: Move, previous: Option<Move>) -> bool {
    matches!(
        (previous, kind),
        (Some(Move::PushIn), Move::PullOut)
            | (Some(Move::PullOut), Move::PushIn)
            | (Some(Move::PanLeft), Move::PanRight)
            | (Some(Move::PanRight), Move::PanLeft)
            | (Some(Move::TiltUp), Move::TiltDown)
            | (Some(Move::TiltDown), Move::TiltUp)
    )
}

fn zoom_rate(wish: ShotWish<'_>, rng: &mut Rng) -> f64 {
    let spec = wish.spec;
    (rng.range_f64(
        spec.min_zoom_pct_per_s,
        spec.max_zoom_pct_per_s.max(spec.min_zoom_pct_per_s + 1e-9),
    ) * wish.energy)
        .clamp(0.0, 5.0)
}

fn cover_windows(
    facts: &PictureFacts,
    frame: FrameSize,
    aspect: f64,
    kind: Move,
    rate: f64,
    seconds: f64,
    tighter: f64,
) -> (Window, Window) {
    let centre = if facts.has_subject { facts.crop_centre } else { (0.5, 0.5) };
    let aim = if facts.has_subject { facts.aim } else { (0.5, 0.5) };
    // Pixels of the picture per pixel of the frame at the widest view. Zooming beyond about half of that would look
    // blurred.
    let widest = Window::around(aspect, 1.0, centre);
    let source_scale = widest.width * f64::from(facts.width) / f64::from(frame.width);
    let max_zoom = (source_scale / 0.72).clamp(1.04, 1.33);
    let base = Window::around(aspect, tighter.min(max_zoom), towards(centre, aim, tighter));
    let room = (max_zoom / tighter.min(max_zoom)).max(1.0);
    let gain = (1.0 + rate).powf(seconds).min(room.max(1.02));
    match kind {
        Move::PullOut => (base.zoomed_about(gain, aim), base),
        Move::PanLeft | Move::PanRight => pan(base, aspect, rate, seconds, kind),
        Move::TiltUp | Move::TiltDown => tilt(base, rate, seconds, kind),
        Move::Hold => (base, base),
        Move::PunchIn => {
            // The step itself is a cut to a closer view, followed by a slow drift.
            let close = base.zoomed_about(1.1_f64.min(room.max(1.02)), aim);
            (close, close.zoomed_about((1.01_f64).powf(seconds), aim))
        }
        Move::Auto | Move::PushIn => (base, base.zoomed_about(gain, aim)),
    }
}

/// Moves the centre of a closer view from the crop's centre towards the subject, which it reaches at a zoom of 1.25.
fn towards(centre: (f64, f64), aim: (f64, f64), tighter: f64) -> (f64, f64) {
    let share = ((tighter - 1.0) / 0.25).clamp(0.0, 1.0);
    (centre.0 + (aim.0 - centre.0) * share, centre.1 + (aim.1 - centre.1) * share)
}

fn pan(base: Window, aspect: f64, rate: f64, seconds: f64, kind: Move) -> (Window, Window) {
    // A picture no wider than the frame is zoomed a little to make room for the move.
    let base = if aspect > 0.9 { base.zoomed_about(1.09, centre_of(base)) } else { base };
    let travel = (base.width * rate * 1.4 * seconds).min(MAX_PAN_SHARE);
    let (left, right) = room_for(base.x, base.width, travel);
    let (a, b) = (Window { x: left, ..base }, Window { x: right, ..base });
    if kind == Move::PanRight { (a, b) } else { (b, a) }
}

fn tilt(base: Window, rate: f64, seconds: f64, kind: Move) -> (Window, Window) {
    let base = if base.height > 0.92 { base.zoomed_about(1.09, centre_of(base)) } else { base };
    let travel = (base.height * rate * 1.2 * seconds).min(MAX_PAN_SHARE);
    let (top, bottom) = room_for(base.y, base.height, travel);
    let (a, b) = (Window { y: top, ..base }, Window { y: bottom, ..base });
    if kind == Move::TiltDown { (a, b) } else { (b, a) }
}

fn centre_of(window: Window) -> (f64, f64) {
    (window.x + window.width / 2.0, window.y + window.height / 2.0)
}

/// Returns the positions of a window's edge at both ends of a pan. They are centred on `position` and clamped to the
/// picture.
fn room_for(position: f64, size: f64, travel: f64) -> (f64, f64) {
    let travel = travel.min(1.0 - size).max(0.0);
    let low = (position - travel / 2.0).clamp(0.0, 1.0 - size - travel);
    (low, low + travel)
}

/// Returns the start and end windows of a camera move on the canvas of a whole picture, which is slightly larger than the
/// frame. The zoom rate is limited so that the whole picture stays visible.
fn canvas_windows(kind: Move, rate: f64, seconds: f64) -> (Window, Window) {
    let widest = Window::FULL;
    let gain = (1.0 + rate.min(0.012)).powf(seconds).min(BLUR_CANVAS_MARGIN);
    let close = widest.zoomed_about(gain, (0.5, 0.45));
    match kind {
        Move::PullOut => (close, widest),
        Move::Hold => (widest, widest),
        _ => (widest, close),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pytoon_vocabulary::Rng;

    const FRAME: FrameSize = FrameSize { width: 1080, height: 1920 };

    fn spec() -> MotionSpec {
        MotionSpec {
            moves: vec![Move::PushIn, Move::PullOut, Move::PanLeft, Move::PanRight],
            min_zoom_pct_per_s: 2.0,
            max_zoom_pct_per_s: 3.5,
        }
    }

    fn facts(width: u32, height: u32, keeps: f64) -> PictureFacts {
        PictureFacts {
            width,
            height,
            aim: (0.5, 0.4),
            has_subject: true,
            crop_keeps: keeps,
            crop_centre: (0.5, 0.45),
            protected: ProtectionMap::default(),
            subject: ProtectionMap::default(),
        }
    }

    fn shot(facts: &PictureFacts, asked: Move, seconds: f64) -> ShotPlan {
        let spec = spec();
        let time = ShotTime {
            start_frame: Frame::ZERO,
            end_frame: Frame::new((seconds * 30.0) as i64),
            seconds,
            eases_in: false,
        };
        let wish = ShotWish {
            asked,
            spec: &spec,
            energy: 1.0,
            previous: None,
            tighter: 1.0,
            fit: None,
            captions: &[],
        };
        plan_shot(facts, FRAME, time, wish, &mut Rng::new(1, "t"))
    }

    #[test]
    fn shapes_choose_their_fit() {
        assert_eq!(shot(&facts(2160, 3840, 1.0), Move::Auto, 3.0).fit, Fit::Cover);
        assert_eq!(shot(&facts(4000, 3000, 0.9), Move::Auto, 3.0).fit, Fit::Cover);
        assert_eq!(shot(&facts(4000, 3000, 0.4), Move::Auto, 3.0).fit, Fit::BlurFill);
        assert_eq!(shot(&facts(1, 1, 1.0), Move::Auto, 3.0).fit, Fit::BlurFill);
        assert_eq!(shot(&facts(400, 700, 1.0), Move::Auto, 3.0).fit, Fit::BlurFill);
    }

    #[test]
    fn a_wide_picture_with_two_subjects_is_panned() {
        let plan = shot(&facts(4000, 2400, 0.7), Move::Auto, 3.0);
        assert!(matches!(plan.kind, Move::PanLeft | Move::PanRight));
        assert!(plan.motion.from.x != plan.motion.to.x);
    }

    proptest! {
        #[test]
        fn every_picture_has_a_shot_inside_it(
            width in 1u32..9000, height in 1u32..9000, ax in 0.0f64..1.0, ay in 0.0f64..1.0,
            keeps in 0.0f64..1.0, which in 0usize..9, seconds in 0.3f64..12.0,
            tighter in 1.0f64..1.3,
        ) {
            let facts = PictureFacts {
                width, height, aim: (ax, ay), has_subject: keeps > 0.5,
                crop_keeps: keeps, crop_centre: (ax, ay), protected: ProtectionMap::default(), subject: ProtectionMap::default(),
            };
            let spec = spec();
            let time = ShotTime { start_frame: Frame::new(5), end_frame: Frame::new(6 + (seconds * 30.0) as i64), seconds, eases_in: true };
            let wish = ShotWish { asked: Move::ALL[which], spec: &spec, energy: 1.0, previous: None, tighter, fit: None, captions: &[] };
            let plan = plan_shot(&facts, FRAME, time, wish, &mut Rng::new(3, "t"));
            for frame in time.start_frame.get()..=time.end_frame.get() {
                let w = plan.motion.window_at(Frame::new(frame));
                prop_assert!(w.x >= -1e-9 && w.y >= -1e-9 && w.width > 0.0 && w.height > 0.0);
                prop_assert!(w.x + w.width <= 1.0 + 1e-9 && w.y + w.height <= 1.0 + 1e-9);
            }
            if plan.fit == Fit::Cover {
                // Never stretched: the window has the frame's shape in the picture's pixels.
                let w = plan.motion.from;
                let shape = w.width * f64::from(width) / (w.height * f64::from(height));
                prop_assert!((shape - 0.5625).abs() < 1e-6, "{}", shape);
            }
            let pct = plan.motion.zoom_pct_per_second(crate::time::FrameRate::FPS_30);
            prop_assert!(pct.abs() < 6.0, "{} %/s", pct);
        }
    }
}
