//! Measures the text of a finished film: frames of the file are compared with the same frames composed without text.

use crate::Result;
use crate::assets::{SceneAssets, picture_store};
use crate::environment::Environment;
use crate::stages::timeline::fonts;
use pytoon_compositor::compose::{ComposeScratch, Compositor, visible_range};
use pytoon_compositor::saliency;
use pytoon_core::layout::Area;
use pytoon_core::layout::protection::ProtectionMap;
use pytoon_core::timeline::{ClipSource, Fit, Timeline};
use pytoon_ffmpeg::luma::luma_of_frames;
use pytoon_graphics::Frame;
use pytoon_vocabulary::{Frame as FrameNumber, Ms};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The difference of luma codes from which a pixel belongs to text, and a smaller one for its soft parts.
const TEXT: u8 = 48;
const SOFT: u8 = 24;
/// The distance over which the edge of a letter is sharp, as a fraction of the frame's shorter side. The edge of a shade
/// is softer.
const SHARP: f64 = 1.0 / 180.0;
const NEVER: Ms = Ms::new(3_600_000);
/// The number of text pixels from which a row or a column belongs to the box of a text.
const FEWEST: usize = 3;

/// A text in a frame of the film.
#[derive(Debug, Clone)]
pub(super) struct SeenText {
    pub(super) frame: i64,
    /// The box around the text, in fractions of the frame.
    pub(super) area: Area,
    /// The contrast of the letters to their plate, stroke or ground (WCAG 2).
    pub(super) contrast: f64,
    /// The share of the box that lies over text or faces of the picture.
    pub(super) covers: f64,
    /// The time for which the text is on screen.
    pub(super) shown: Ms,
    /// True for words that are set as type, without a plate or a stroke.
    pub(super) is_type: bool,
}

/// The measurements of the text.
#[derive(Debug, Default)]
pub(super) struct TextFacts {
    pub(super) seen: Vec<SeenText>,
    /// The reason why text could not be measured.
    pub(super) failure: Option<String>,
}

impl TextFacts {
    pub(super) fn measure(env: &Environment, film: &Path, timeline: &Timeline) -> Result<Self> {
        let samples = samples(timeline);
        if samples.is_empty() {
            return Ok(Self::default());
        }
        let size = (timeline.profile.width as usize, timeline.profile.height as usize);
        let numbers: Vec<i64> = samples.keys().copied().collect();
        let shown = luma_of_frames(&env.runner, film, &numbers, size)?;
        let bare = match bare_frames(env, timeline, &numbers) {
            Ok(bare) => bare,
            Err(error) => return Ok(Self { failure: Some(error), ..Self::default() }),
        };
        let maps = protected_parts(env, timeline);
        let mut seen = Vec::new();
        for (((frame, sample), shown), bare) in samples.iter().zip(&shown).zip(&bare) {
            let Some((area, contrast)) = measure_text(shown, bare, size) else { continue };
            let covers = covered(timeline, &maps, *frame, &area);
            let (shown, is_type) = (sample.shown, sample.is_type);
            seen.push(SeenText { frame: *frame, area, contrast, covers, shown, is_type });
        }
        Ok(Self { seen, failure: None })
    }
}

struct Sample {
    shown: Ms,
    is_type: bool,
}

/// Returns the frames in which text is measured: one late in each cue, and the last of each scene of words. Frames that
/// show a moving clip are left out, since they cannot be composed without decoding it.
fn samples(timeline: &Timeline) -> BTreeMap<i64, Sample> {
    let rate = timeline.frame_rate;
    let mut samples = BTreeMap::new();
    let cues = timeline.tracks.captions.iter().filter(|cue| !cue.set_as_type);
    for cue in cues.filter(|_| timeline.look.captions.burn_in) {
        let shown = cue.end - cue.start;
        let at = cue.start + Ms::new(shown.get() * 2 / 3);
        let sample = Sample { shown, is_type: false };
        samples.insert(rate.ms_to_frame_round(at).get(), sample);
    }
    for clip in &timeline.tracks.video {
        if matches!(&clip.source, ClipSource::Background { words: Some(_), .. }) {
            let shown = clip.range().to_ms(rate).duration();
            samples.insert(clip.end_frame.get() - 3, Sample { shown, is_type: true });
        }
    }
    let is_moving = |frame: i64| {
        timeline.tracks.video.iter().enumerate().any(|(index, clip)| {
            matches!(clip.source, ClipSource::Clip { .. })
                && visible_range(timeline, index).contains(FrameNumber::new(frame))
        })
    };
    samples.retain(|frame, _| *frame >= 0 && !is_moving(*frame));
    samples
}

/// Composes frames without captions and without words that are set as type, and returns their luma.
fn bare_frames(
    env: &Environment,
    timeline: &Timeline,
    numbers: &[i64],
) -> Result<Vec<Vec<u8>>, String> {
    let mut bare = timeline.clone();
    bare.look.captions.burn_in = false;
    for clip in &mut bare.tracks.video {
        if let ClipSource::Background { words: Some(set), .. } = &mut clip.source {
            // Words to come: the ground makes room for them all the same.
            for word in &mut set.words {
                word.start += NEVER;
                word.end += NEVER;
            }
        }
    }
    let fonts = fonts(&env.fonts, timeline).map_err(|error| error.to_string())?;
    bare.look.font = fonts.brand_family.clone();
    let size = (bare.profile.width as usize, bare.profile.height as usize);
    let pictures = Arc::new(SceneAssets(picture_store(env, &bare.look.palette)));
    let compositor = Compositor::new(Arc::new(bare), pictures, Arc::default(), fonts.engine)
        .map_err(|error| error.to_string())?;
    let mut scratch = ComposeScratch::default();
    let mut frame = Frame::new(size.0, size.1);
    let mut draw = |number: &i64| {
        let drawn = compositor.compose(FrameNumber::new(*number), &[], &mut frame, &mut scratch);
        drawn.map(|()| frame.y().to_vec()).map_err(|error| error.to_string())
    };
    numbers.iter().map(&mut draw).collect()
}

/// Returns the text and faces of every picture that fills the frame, by file. A missing picture has none.
fn protected_parts(env: &Environment, timeline: &Timeline) -> BTreeMap<String, ProtectionMap> {
    let store = picture_store(env, &timeline.look.palette);
    let aspect = f64::from(timeline.profile.width) / f64::from(timeline.profile.height);
    let mut maps = BTreeMap::new();
    for clip in &timeline.tracks.video {
        if let ClipSource::Picture { asset, fit: Fit::Cover, .. } = &clip.source
            && !maps.contains_key(asset)
            && let Ok(picture) = store.load(asset, true)
        {
            maps.insert(asset.clone(), saliency::look(&picture, aspect).protected);
        }
    }
    maps
}

fn covered(
    timeline: &Timeline,
    maps: &BTreeMap<String, ProtectionMap>,
    frame: i64,
    area: &Area,
) -> f64 {
    let frame = FrameNumber::new(frame);
    let clips = timeline.tracks.video.iter().filter(|clip| clip.range().contains(frame));
    let shares = clips.filter_map(|clip| {
        let ClipSource::Picture { asset, motion, .. } = &clip.source else { return None };
        Some(maps.get(asset)?.share_in(area, &motion.window_at(frame)))
    });
    shares.fold(0.0, f64::max)
}

/// Returns the box of the text in a frame and its contrast; `None` if the frame has no text.
fn measure_text(shown: &[u8], bare: &[u8], (width, height): (usize, usize)) -> Option<(Area, f64)> {
    let is_text = |at: usize, least: u8| shown[at].abs_diff(bare[at]) > least;
    let reach = ((width.min(height) as f64 * SHARP) as usize).max(1);
    let is_letter = |x: usize, y: usize| {
        let at = y * width + x;
        let near = [x.saturating_sub(reach), (x + reach).min(width - 1)];
        let is_edge = near.iter().any(|x| shown[at].abs_diff(shown[y * width + x]) > TEXT);
        is_edge && is_text(at, TEXT)
    };
    let in_row = |y: &usize| (0..width).filter(|x| is_letter(*x, *y)).count() >= FEWEST;
    let in_column = |x: &usize| (0..height).filter(|y| is_letter(*x, *y)).count() >= FEWEST;
    let (top, bottom) = ((0..height).find(in_row)?, (0..height).rfind(in_row)?);
    let (left, right) = ((0..width).find(in_column)?, (0..width).rfind(in_column)?);
    let mut letters = Vec::new();
    for y in top..=bottom {
        letters.extend((left..=right).map(|x| y * width + x).filter(|at| is_text(*at, SOFT)));
    }
    let share = |at: usize, of: usize| at as f64 / of as f64;
    let area = Area::new(
        share(left, width),
        share(top, height),
        share(right + 1, width),
        share(bottom + 1, height),
    );
    Some((area, contrast(shown, bare, &letters)))
}

/// Returns the contrast of the lightest to the darkest tone of a text, or of its letters to the ground that they cover,
/// whichever is larger.
fn contrast(shown: &[u8], bare: &[u8], letters: &[usize]) -> f64 {
    let ratio = |a: f64, b: f64| (a.max(b) + 0.05) / (a.min(b) + 0.05);
    let mut tones: Vec<u8> = letters.iter().map(|at| shown[*at]).collect();
    tones.sort_unstable();
    let tone = |share: f64| tones[((tones.len() - 1) as f64 * share) as usize];
    let own = ratio(luminance(tone(0.03)), luminance(tone(0.97)));
    let mut by_difference: Vec<usize> = letters.to_vec();
    by_difference.sort_by_key(|at| shown[*at].abs_diff(bare[*at]));
    let strongest = &by_difference[by_difference.len() * 3 / 4..];
    let middle = |of: &[u8]| {
        let mut values: Vec<u8> = strongest.iter().map(|at| of[*at]).collect();
        values.sort_unstable();
        values[values.len() / 2]
    };
    own.max(ratio(luminance(middle(shown)), luminance(middle(bare))))
}

/// Returns the relative luminance of a luma code of a grey.
fn luminance(code: u8) -> f64 {
    ((f64::from(code) - 16.0) / 219.0).clamp(0.0, 1.0).powf(2.2)
}
