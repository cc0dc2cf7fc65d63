//! Measures the text of a finished film: frames of the file are compared with the same frames composed without text.

use crate::Result;
use crate::assets::{SceneAssets, picture_store};
use crate::environment::Environment;
use crate::stages::timeline::fonts;
use pytoon_compositor::compose::{ComposeScratch, Compositor, visible_range};
use pytoon_compositor::finished::text_box;
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

const NEVER: Ms = Ms::new(3_600_000);

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
            let Some((area, contrast)) = text_box(shown, bare, size) else { continue };
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
