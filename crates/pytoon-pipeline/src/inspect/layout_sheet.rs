//! Draws the layout of a finished film: one frame of each scene with its safe area, the zone of its captions, and the
//! parts of its picture that text must not cover.

use crate::Result;
use crate::limits::picture_limits;
use pytoon_compositor::saliency;
use pytoon_config::Config;
use pytoon_core::artifact;
use pytoon_core::layout::protection::{CELLS, ProtectionMap};
use pytoon_core::layout::zones::zone_area;
use pytoon_core::layout::{Area, Format, safe_area};
use pytoon_core::timeline::zones::sizes_of;
use pytoon_core::timeline::{ClipSource, Fit, Timeline, TimelineScene, Window};
use pytoon_ffmpeg::frame::frame_as_jpeg;
use pytoon_graphics::color::Rgb;
use pytoon_graphics::layer::{blend, rounded_rect};
use pytoon_graphics::text::{Align, TextEngine, TextStyle};
use pytoon_graphics::{Frame, Sprite};
use pytoon_media::picture;
use pytoon_process::{Runner, SystemError};
use pytoon_vocabulary::Frame as FrameNumber;
use std::path::Path;

/// The largest height of a film frame in the sheet, in pixels.
const HEIGHT: usize = 640;
const COLUMNS: usize = 4;
const MARGIN: usize = 20;
/// The height of the text above a frame, in pixels.
const HEAD: usize = 84;

const GROUND: Rgb = Rgb::new(18, 20, 26);
const TEXT: Rgb = Rgb::new(232, 234, 240);
const FAINT: Rgb = Rgb::new(160, 166, 182);
const SAFE: Rgb = Rgb::new(255, 255, 255);
const CAPTIONS: Rgb = Rgb::new(255, 214, 10);
const PROTECTED: Rgb = Rgb::new(255, 69, 58);
const SUBJECT: Rgb = Rgb::new(64, 156, 255);

/// Draws the sheet of the film in a job's folder.
///
/// # Errors
/// Returns an error if the film cannot be decoded. A picture that no longer exists has no marks.
pub fn draw(
    runner: &Runner,
    config: &Config,
    root: &Path,
    timeline: &Timeline,
    text: &TextEngine,
) -> Result<Frame> {
    let scratch = tempfile::tempdir().map_err(|e| SystemError::write(root, e))?;
    let (width, height) = (timeline.profile.width as usize, timeline.profile.height as usize);
    let tall = HEIGHT.min(height);
    let shown = ((tall * width / height + 1) & !1, tall);
    let cell = (shown.0.max(320) + 2 * MARGIN, HEAD + tall + MARGIN);
    let scenes = &timeline.timeline;
    let columns = COLUMNS.min(scenes.len().max(1));
    let rows = scenes.len().div_ceil(columns).max(1);
    let mut sheet = Sheet { frame: Frame::new(columns * cell.0, rows * cell.1), text, shown };
    sheet.frame.fill(GROUND.to_ycc());
    for (index, scene) in scenes.iter().enumerate() {
        let at = (index % columns * cell.0 + MARGIN, index / columns * cell.1);
        sheet.write(scene.scene_id.as_str(), (at.0, at.1 + 12), 24.0, TEXT);
        let zone = scene.captions.describe().unwrap_or_else(|| "captions lower".to_owned());
        sheet.write(&zone, (at.0, at.1 + 46), 17.0, FAINT);
        let place = (at.0, at.1 + HEAD);
        let frame = FrameNumber::new((scene.start_frame.get() + scene.end_frame.get()) / 2);
        let seconds = timeline.frame_rate.frame_to_seconds(frame)
            - 0.5 * timeline.frame_rate.frame_to_seconds(FrameNumber::new(1));
        let film = root.join(artifact::OUTPUT);
        if let Some(jpeg) = frame_as_jpeg(runner, &film, seconds, tall as u32)? {
            let file = scratch.path().join("frame.jpg");
            std::fs::write(&file, jpeg).map_err(|e| SystemError::write(&file, e))?;
            let picture = picture::load(runner, &file, &picture_limits(config))?;
            let sprite = Sprite::from_rgba(picture.width(), picture.height(), picture.rgba());
            blend(&mut sheet.frame, &sprite, place.0 as i32, place.1 as i32, 1.0);
        }
        if let Some((facts, window)) = shown_picture(runner, config, timeline, scene, frame) {
            sheet.cells(place, &facts.1, &window, SUBJECT, 0.18);
            sheet.cells(place, &facts.0, &window, PROTECTED, 0.4);
        }
        sheet.boxes(place, timeline, scene);
    }
    Ok(sheet.frame)
}

/// Returns the protected parts and the subject of the picture that a scene shows, and its visible window; `None`
/// without a picture that fills the frame.
fn shown_picture(
    runner: &Runner,
    config: &Config,
    timeline: &Timeline,
    scene: &TimelineScene,
    frame: FrameNumber,
) -> Option<((ProtectionMap, ProtectionMap), Window)> {
    let clips = timeline.tracks.video.iter().filter(|clip| clip.scene_id == scene.scene_id);
    let clip = clips.clone().find(|clip| clip.range().contains(frame))?;
    let ClipSource::Picture { asset, fit: Fit::Cover, motion } = &clip.source else { return None };
    let picture = picture::load(runner, Path::new(asset), &picture_limits(config)).ok()?;
    let aspect = f64::from(timeline.profile.width) / f64::from(timeline.profile.height);
    let facts = saliency::look(&picture, aspect);
    Some(((facts.protected, facts.subject), motion.window_at(frame)))
}

struct Sheet<'a> {
    frame: Frame,
    text: &'a TextEngine,
    /// The width and height of a film frame in the sheet, in pixels.
    shown: (usize, usize),
}

impl Sheet<'_> {
    fn bar(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), color: Rgb, opacity: f32) {
        let sprite = rounded_rect(width.max(1.0) as f32, height.max(1.0) as f32, 0.0, color, 1.0);
        blend(&mut self.frame, &sprite, x.round() as i32 - 1, y.round() as i32 - 1, opacity);
    }

    /// Draws the cells of a map that are visible in a window of its picture.
    fn cells(
        &mut self,
        place: (usize, usize),
        map: &ProtectionMap,
        window: &Window,
        color: Rgb,
        opacity: f32,
    ) {
        let size = (self.shown.0 as f64, self.shown.1 as f64);
        let side = 1.0 / CELLS as f64;
        for (x, y) in (0..CELLS).flat_map(|y| (0..CELLS).map(move |x| (x, y))) {
            if !map.is_protected(x, y) {
                continue;
            }
            let visible = |cell: usize, from: f64, length: f64| {
                let low = ((cell as f64 * side - from) / length).clamp(0.0, 1.0);
                let high = (((cell + 1) as f64 * side - from) / length).clamp(0.0, 1.0);
                (high > low).then_some((low, high))
            };
            let column = visible(x, window.x, window.width);
            let row = visible(y, window.y, window.height);
            if let (Some((x0, x1)), Some((y0, y1))) = (column, row) {
                let at = (place.0 as f64 + x0 * size.0, place.1 as f64 + y0 * size.1);
                self.bar(at, ((x1 - x0) * size.0, (y1 - y0) * size.1), color, opacity);
            }
        }
    }

    /// Draws the outlines of the safe area and of the zone of a scene's captions.
    fn boxes(&mut self, place: (usize, usize), timeline: &Timeline, scene: &TimelineScene) {
        let captions = &timeline.look.captions;
        let format = Format::nearest(timeline.profile.width, timeline.profile.height);
        let safe = safe_area(captions.platform, format);
        self.outline(place, &safe.area, SAFE);
        let has_cues = timeline.tracks.captions.iter().any(|cue| cue.scene_id == scene.scene_id);
        if has_cues {
            let sizes = sizes_of(&timeline.profile, captions);
            self.outline(place, &zone_area(scene.captions.zone, &safe, sizes), CAPTIONS);
        }
    }

    fn outline(&mut self, place: (usize, usize), area: &Area, color: Rgb) {
        const LINE: f64 = 2.0;
        let size = (self.shown.0 as f64, self.shown.1 as f64);
        let x = |share: f64| place.0 as f64 + share * size.0;
        let y = |share: f64| place.1 as f64 + share * size.1;
        let (width, height) = (area.width() * size.0, area.height() * size.1);
        for at in [y(area.y0), y(area.y1) - LINE] {
            self.bar((x(area.x0), at), (width, LINE), color, 0.9);
        }
        for at in [x(area.x0), x(area.x1) - LINE] {
            self.bar((at, y(area.y0)), (LINE, height), color, 0.9);
        }
    }

    fn write(&mut self, what: &str, (x, y): (usize, usize), size: f32, color: Rgb) {
        let style = TextStyle {
            fill: color,
            align: Align::Start,
            min_size_px: 11.0,
            ..TextStyle::new("Inter", 500, size, 1.25 * size)
        };
        let layout = self.text.layout(&style, what, self.shown.0.max(320) as f32, 1);
        if let Some(fill) = self.text.sprites(&layout, &style, &|_| true).fill {
            let at = (x as i32 + fill.x, y as i32 + fill.y);
            blend(&mut self.frame, &fill.sprite, at.0, at.1, 1.0);
        }
    }
}
