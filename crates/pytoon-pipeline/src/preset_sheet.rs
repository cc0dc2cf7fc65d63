//! Draws a contact sheet of presets: for each one its name, a still of its drawn background with its type, and a still
//! of its grade and captions over a picture.
//!
//! Guarantees: the stills are frames of films that the planner planned and the compositor drew; nothing is purchased;
//! no voice speaks.
//!
//! Start with [`draw`].

use crate::assets::{SceneAssets, picture_store};
use crate::environment::{Environment, NoProgress};
use crate::plan_only;
use crate::stages::timeline::fonts;
use crate::{PipelineError, Result};
use pytoon_compositor::compose::{ComposeScratch, Compositor};
use pytoon_config::read_brief;
use pytoon_core::chain::LOCAL_ENGINE;
use pytoon_core::preset::Preset;
use pytoon_core::timeline::Timeline;
use pytoon_graphics::Frame;
use pytoon_graphics::color::Rgb;
use pytoon_graphics::layer::blend;
use pytoon_graphics::text::{Align, TextEngine, TextStyle};
use pytoon_media::picture::write_rgb_jpeg;
use pytoon_vocabulary::{Frame as FrameNumber, Ms};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// The size of the picture under the captions, in pixels.
const PICTURE: (usize, usize) = (1080, 1920);
const PICTURE_FILE: &str = "picture.jpg";
/// The factor by which stills are smaller than frames of the default profile.
const SHRINK: usize = 4;
/// The maximum number of presets in a row.
const COLUMNS: usize = 5;
/// The gap between the two stills of a preset, and the margin around a preset, in pixels.
const GAP: usize = 8;
const MARGIN: usize = 24;
/// The height of a preset's name and details, in pixels.
const HEAD: usize = 76;
const GROUND: Rgb = Rgb::new(18, 20, 26);
const TEXT: Rgb = Rgb::new(232, 234, 240);
const FAINT: Rgb = Rgb::new(160, 166, 182);
/// The time from the onset of the word whose frame is shown, so that its animation has ended.
const SETTLED: Ms = Ms::new(210);

/// Draws the contact sheet of the given presets, each with its name.
///
/// # Errors
/// Returns an error if a film cannot be planned or drawn.
pub fn draw(env: &Environment, presets: &[(&str, &Preset)]) -> Result<Frame> {
    let scratch = tempfile::tempdir()
        .map_err(|error| PipelineError::Internal(format!("failed to make a folder: {error}")))?;
    let picture = scratch.path().join(PICTURE_FILE);
    write_rgb_jpeg(&picture, PICTURE.0, PICTURE.1, &landscape(PICTURE.0, PICTURE.1))?;
    let still = (PICTURE.0 / SHRINK, PICTURE.1 / SHRINK);
    let cell = (2 * still.0 + GAP + 2 * MARGIN, still.1 + HEAD + MARGIN);
    let columns = presets.len().clamp(1, COLUMNS);
    let rows = presets.len().div_ceil(columns).max(1);
    let mut sheet = Frame::new(columns * cell.0, rows * cell.1 + MARGIN);
    sheet.fill(GROUND.to_ycc());
    let texts: Vec<&str> = presets.iter().map(|(name, _)| *name).collect();
    let text = env.fonts.engine(&texts, None)?.engine;
    for (index, (name, preset)) in presets.iter().enumerate() {
        let left = index % columns * cell.0 + MARGIN;
        let top = index / columns * cell.1 + MARGIN;
        let width = (cell.0 - 2 * MARGIN) as f32;
        write(&mut sheet, &text, name, (left, top), (600, 30.0), TEXT, width);
        let details = format!(
            "captions {}, grade {}, joins {}",
            preset.captions.look, preset.grade, preset.transitions.house
        );
        write(&mut sheet, &text, &details, (left, top + 36), (500, 20.0), FAINT, width);
        for (place, frame) in stills(env, name, scratch.path())?.iter().enumerate() {
            // Even places, for the chroma planes.
            let at = (left + place * (still.0 + GAP), top + HEAD - MARGIN / 2);
            paste(&mut sheet, frame, (at.0 & !1, at.1 & !1));
        }
    }
    Ok(sheet)
}

/// Returns a still of the drawn background and one of the captions over the picture in `folder`.
fn stills(env: &Environment, preset_id: &str, folder: &Path) -> Result<[Frame; 2]> {
    let brief = json!({
        "script": "<SHOT 1>\nWords that move you.\n<SHOT 2>\nEvery morning starts with one small step.\n",
        "language": "en",
        "preset_id": preset_id,
        "profile": "default",
        "voice": "off",
        "music_source": "none",
        "engine_override": LOCAL_ENGINE,
        "scenes": [{"scene": 2, "media": PICTURE_FILE}],
    });
    let file = read_brief("the contact sheet", &brief.to_string(), folder.to_owned())?;
    let env = Environment { progress: Arc::new(NoProgress), ..env.clone() };
    let work = folder.join(preset_id);
    let mut timeline = plan_only::plan(&env, &file, &work, None)?.timeline;
    let fonts = fonts(&env.fonts, &timeline)?;
    timeline.look.font = fonts.brand_family.clone();
    let timeline = Arc::new(timeline);
    let pictures = Arc::new(SceneAssets(picture_store(&env, &timeline.look.palette)));
    let compositor = Compositor::new(timeline.clone(), pictures, Arc::default(), fonts.engine)?;
    let mut scratch = ComposeScratch::default();
    let mut draw = |scene: usize| -> Result<Frame> {
        let size = (timeline.profile.width as usize, timeline.profile.height as usize);
        let mut frame = Frame::new(size.0, size.1);
        let at = telling_frame(&timeline, scene);
        compositor.compose(at, &[], &mut frame, &mut scratch)?;
        Ok(shrunk(&frame, SHRINK))
    };
    Ok([draw(0)?, draw(1)?])
}

/// Returns a frame of a scene in which some words of a caption are spoken and its animation has ended.
fn telling_frame(timeline: &Timeline, scene: usize) -> FrameNumber {
    let Some(place) = timeline.timeline.get(scene) else { return FrameNumber::ZERO };
    let middle = FrameNumber::new((place.start_frame.get() + place.end_frame.get()) / 2);
    let cues = timeline.tracks.captions.iter().filter(|cue| cue.scene_id == place.scene_id);
    let longest = cues.max_by_key(|cue| cue.text.len());
    let word = longest.and_then(|cue| cue.words.get(2 * cue.words.len() / 3));
    word.map_or(middle, |word| {
        // Words of a quick voice are shorter than the animation.
        let settled = word.start + SETTLED.min((word.end - word.start) - Ms::new(20));
        timeline.frame_rate.ms_to_frame_round(settled)
    })
}

/// Returns a frame reduced to a fraction of its size by averaging squares.
fn shrunk(frame: &Frame, by: usize) -> Frame {
    let (width, height) = (frame.width() / by, frame.height() / by);
    let mut out = Frame::new(width, height);
    let (full, small) = (frame.width(), out.width());
    let [y, u, v] = out.planes_mut();
    for (target, source, target_width, source_width) in [
        (y, frame.y(), small, full),
        (u, frame.u(), small / 2, full / 2),
        (v, frame.v(), small / 2, full / 2),
    ] {
        for (row, line) in target.chunks_exact_mut(target_width).enumerate() {
            for (column, value) in line.iter_mut().enumerate() {
                let lines = (row * by..(row + 1) * by).map(|row| row * source_width + column * by);
                let square =
                    lines.flat_map(|start| source.get(start..start + by).into_iter().flatten());
                let (sum, count) =
                    square.fold((0usize, 0usize), |(sum, n), v| (sum + usize::from(*v), n + 1));
                *value = (sum / count.max(1)) as u8;
            }
        }
    }
    out
}

/// Copies a frame into another one at an even place, where it fits.
fn paste(into: &mut Frame, frame: &Frame, (x, y): (usize, usize)) {
    let (width, own) = (into.width(), frame.width());
    let planes = into.planes_mut().into_iter().zip([frame.y(), frame.u(), frame.v()]);
    for (plane, (target, source)) in planes.enumerate() {
        let k = if plane == 0 { 1 } else { 2 };
        for (row, line) in source.chunks_exact(own / k).enumerate() {
            let start = (y / k + row) * (width / k) + x / k;
            if let Some(place) = target.get_mut(start..start + line.len()) {
                place.copy_from_slice(line);
            }
        }
    }
}

/// Writes one line of text, smaller if it is wider than `width`. `weight_and_size` is the CSS weight and the size in
/// pixels.
fn write(
    sheet: &mut Frame,
    text: &TextEngine,
    what: &str,
    (x, y): (usize, usize),
    (weight, size): (u16, f32),
    color: Rgb,
    width: f32,
) {
    let style = TextStyle {
        fill: color,
        align: Align::Start,
        min_size_px: 11.0,
        ..TextStyle::new("Inter", weight, size, 1.25 * size)
    };
    let layout = text.layout(&style, what, width, 1);
    if let Some(fill) = text.sprites(&layout, &style, &|_| true).fill {
        blend(sheet, &fill.sprite, x as i32 + fill.x, y as i32 + fill.y, 1.0);
    }
}

/// Draws hills under a low sun as rows of RGB bytes: bright and dark parts, soft and hard edges, as a photo has them.
fn landscape(width: usize, height: usize) -> Vec<u8> {
    const SKY: [[f32; 3]; 3] = [[62.0, 104.0, 168.0], [246.0, 196.0, 150.0], [255.0, 226.0, 180.0]];
    /// The ridges from back to front: height of the crest, height of its waves (both as fractions of the height),
    /// number of waves, and colour.
    const RIDGES: [(f32, f32, f32, [f32; 3]); 4] = [
        (0.46, 0.035, 1.3, [150.0, 138.0, 160.0]),
        (0.54, 0.030, 2.1, [104.0, 108.0, 124.0]),
        (0.63, 0.028, 1.6, [66.0, 84.0, 78.0]),
        (0.76, 0.040, 1.1, [34.0, 50.0, 42.0]),
    ];
    const SUN: (f32, f32, f32) = (0.64, 0.34, 0.05);
    let mix = |a: [f32; 3], b: [f32; 3], t: f32| [0, 1, 2].map(|i| a[i] + (b[i] - a[i]) * t);
    let mut rgb = Vec::with_capacity(3 * width * height);
    for row in 0..height {
        let y = row as f32 / height as f32;
        for column in 0..width {
            let x = column as f32 / width as f32;
            let down = (y / 0.46).min(1.0);
            let mut color = match down {
                down if down < 0.7 => mix(SKY[0], SKY[1], down / 0.7),
                down => mix(SKY[1], SKY[2], (down - 0.7) / 0.3),
            };
            let aspect = height as f32 / width as f32;
            let from_sun = (x - SUN.0).hypot((y - SUN.1) * aspect);
            let glow = (-(from_sun / 0.22).powi(2)).exp() * 0.8;
            color = mix(color, [255.0, 240.0, 206.0], glow.max(step(SUN.2 - from_sun, 0.004)));
            for (index, (crest, wave, waves, tone)) in RIDGES.into_iter().enumerate() {
                let phase = index as f32 * 1.9;
                let swing = (std::f32::consts::TAU * waves * x + phase).sin()
                    + 0.35 * (std::f32::consts::TAU * 3.1 * waves * x + 2.0 * phase).sin();
                let edge = crest - wave * swing;
                // Mist lightens the foot of each ridge.
                let foot = ((y - edge) / 0.16).clamp(0.0, 1.0);
                let tone =
                    mix(tone, [200.0, 190.0, 186.0], 0.25 * foot * (1.0 - 0.3 * index as f32));
                color = mix(color, tone, step(y - edge, 0.0012));
            }
            let grain = ((row * 7919 + column * 104_729) % 251) as f32 / 251.0 * 6.0 - 3.0;
            rgb.extend(color.map(|v| (v + grain).clamp(0.0, 255.0) as u8));
        }
    }
    rgb
}

/// Returns 0 below zero and 1 above it, with a linear ramp of the given width.
fn step(value: f32, ramp: f32) -> f32 {
    (0.5 + value / ramp).clamp(0.0, 1.0)
}
