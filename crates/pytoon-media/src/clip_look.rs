//! Measures the colours of a clip, and decodes a few of its frames for analysis.

use crate::animation::Player;
use crate::clip::{colour_options, picture_stream, with_decoder, with_start};
use pytoon_compositor::picture::Picture;
use pytoon_compositor::source_colour::{BRIGHTEST, ColourConversion};
use pytoon_core::colour::ClipColours;
use pytoon_core::timeline::reading::{ClipReading, SourceColours};
use pytoon_ffmpeg::whole_clip::{Samples, whole_clip};
use pytoon_ffmpeg::{Input, ffmpeg};
use pytoon_graphics::Frame;
use pytoon_process::{Runner, SystemError};
use std::path::Path;

/// Measures the colours of a clip over frames spread across its length.
pub fn colours(runner: &Runner, path: &Path) -> Result<ClipColours, SystemError> {
    let clip = whole_clip(runner, path)?;
    if clip.samples.is_empty() {
        return Err(SystemError::unusable(path, "it has no video that FFmpeg can decode"));
    }
    let all = |plane: fn(&Samples) -> &[u8]| clip.samples.iter().flat_map(plane).copied().collect();
    Ok(clip_colours(&mut [
        all(|samples| &samples.luma),
        all(|samples| &samples.chroma[0]),
        all(|samples| &samples.chroma[1]),
    ]))
}

fn clip_colours(planes: &mut [Vec<u8>; 3]) -> ClipColours {
    let chroma = |plane: &[u8]| {
        let n = plane.len() as f64;
        let value = |code: &u8| (f64::from(*code) - 128.0) / 224.0;
        let mean = plane.iter().map(value).sum::<f64>() / n;
        let variance = plane.iter().map(|c| (value(c) - mean).powi(2)).sum::<f64>() / n;
        (mean, variance.sqrt())
    };
    let (cb, cr) = (chroma(&planes[1]), chroma(&planes[2]));
    let luma = &mut planes[0];
    luma.sort_unstable();
    let at = |share: f64| {
        let code = luma[((luma.len() - 1) as f64 * share) as usize];
        ((f64::from(code) - 16.0) / 219.0).clamp(0.0, 1.0)
    };
    ClipColours {
        luma_p5: at(0.05),
        luma_p50: at(0.5),
        luma_p95: at(0.95),
        chroma_mean: [cb.0, cr.0],
        chroma_deviation: [cb.1, cr.1],
    }
}

/// A few analysed frames of a clip.
#[derive(Debug)]
pub struct ClipLook {
    /// The frames, downscaled, in square pixels and BT.709.
    pub pictures: Vec<Picture>,
    /// The peak brightness relative to reference white; 1.0 unless pytoon converts the clip's colours.
    pub peak: f64,
}

/// Maximum number of analysed frames, which are at least half a second apart.
const LOOK_FRAMES: usize = 8;
/// The length of the longer side of an analysed frame, in pixels.
const LOOK_SIDE: f64 = 384.0;
/// The fraction of pixels that may be brighter than the peak, such as glints and encoder noise.
const GLINTS: f64 = 0.005;
/// The peak relative to reference white below which a clip has no highlights, only noise above white.
const NOISE_ABOVE_WHITE: f64 = 1.2;

/// Decodes a few keyframes of a clip, or the first frame of an animation. Measures the peak brightness if pytoon
/// converts the colours.
pub fn look(runner: &Runner, path: &Path, reading: &ClipReading) -> Result<ClipLook, SystemError> {
    if reading.animation {
        let (width, height) = (reading.width as usize, reading.height as usize);
        let bytes = std::fs::read(path).map_err(|error| SystemError::read(path, error))?;
        let first = |bytes: Vec<u8>| -> Result<Picture, String> {
            let mut player = Player::of(bytes.into()).map_err(|error| error.to_string())?;
            let pixels = player.at(0.0).map_err(|error| error.to_string())?;
            Picture::try_new(width, height, pixels.to_vec()).map_err(|error| error.to_string())
        };
        let picture = first(bytes);
        let picture = picture.map_err(|reason| {
            SystemError::unusable(path, format!("the animation cannot be decoded ({reason})"))
        })?;
        return Ok(ClipLook { pictures: vec![picture], peak: 1.0 });
    }
    let longer = f64::from(reading.width.max(reading.height).max(1));
    let side =
        |side: u32| ((f64::from(side.max(1)) / longer * LOOK_SIDE).round() as usize & !1).max(2);
    let (width, height) = (side(reading.width), side(reading.height));
    let (colour, format) = (colour_options(reading), look_format(reading));
    let filter = format!(
        "select='isnan(prev_selected_t)+gte(t-prev_selected_t\\,0.5)',\
         scale={width}:{height}:flags=area:{colour},format={format}"
    );
    let frames = LOOK_FRAMES.to_string();
    let command = with_decoder(ffmpeg("inspect a clip"), reading).args(["-skip_frame", "nokey"]);
    let command = with_start(command, reading.start.get(), reading)
        .input(path)
        .args(["-an", "-sn", "-map", &picture_stream(reading), "-vf", &filter])
        .args(["-fps_mode", "passthrough", "-frames:v", &frames])
        .args(["-f", "rawvideo", "-pix_fmt", format, "pipe:1"]);
    let undecodable = || SystemError::unusable(path, "it has no video that FFmpeg can decode");
    let bytes = runner.run(&command, Vec::new()).map_err(|error| match error {
        SystemError::Failed { .. } => undecodable(),
        other => other,
    })?;
    let look = match &reading.colours {
        None => {
            let frames = bytes.chunks_exact(width * height * 4);
            let pictures = frames.flat_map(|rgba| Picture::try_new(width, height, rgba.to_vec()));
            ClipLook { pictures: pictures.collect(), peak: 1.0 }
        }
        Some(colours) => bright_look(&bytes, colours, (width, height)),
    };
    if look.pictures.is_empty() { Err(undecodable()) } else { Ok(look) }
}

fn look_format(reading: &ClipReading) -> &'static str {
    if reading.colours.is_some() { "yuv420p10le" } else { "rgba" }
}

/// Measures the peak brightness of frames in other colour spaces, and converts their pixels to BT.709.
fn bright_look(bytes: &[u8], colours: &SourceColours, (width, height): (usize, usize)) -> ClipLook {
    let frames = || bytes.chunks_exact(width * height * 3);
    let measured = ColourConversion::new(colours);
    let mut peak = 0.0_f64;
    for frame in frames() {
        let code = |at: usize| u16::from_le_bytes([frame[at * 2], frame[at * 2 + 1]]);
        let (luma, half) = (width * height, width / 2);
        // At the resolution of chroma: at edges luma or chroma alone would be brighter than both.
        let mut lights: Vec<f64> = (0..luma / 4)
            .map(|at| {
                let corner = at / half * 2 * width + at % half * 2;
                let around = [corner, corner + 1, corner + width, corner + width + 1];
                let y = around.into_iter().map(code).sum::<u16>() / 4;
                measured.brightness(y, code(luma + at), code(luma + luma / 4 + at))
            })
            .collect();
        let last = lights.len() - 1;
        let rank = last - (last as f64 * GLINTS) as usize;
        let (_, light, _) = lights.select_nth_unstable_by(rank, f64::total_cmp);
        peak = peak.max(*light);
    }
    // Encoder noise around white does not justify a compression of highlights.
    let peak = if peak < NOISE_ABOVE_WHITE {
        1.0
    } else {
        (peak.min(BRIGHTEST) * 1000.0).round() / 1000.0
    };
    let conversion = ColourConversion::new(&SourceColours { peak, ..*colours });
    let pictures = frames().flat_map(|bytes| {
        let mut frame = Frame::new(width, height);
        conversion.convert(bytes, &mut frame);
        let rgb = crate::picture::to_rgb(&frame);
        let rgba = rgb.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
        Picture::try_new(width, height, rgba)
    });
    ClipLook { pictures: pictures.collect(), peak }
}
