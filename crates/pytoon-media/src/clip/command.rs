//! Builds the command that decodes a clip, and computes the geometry of its frames. The module is pure: tests compare
//! the text of the command.

use super::ClipView;
use crate::clip_reading::AlphaDecoder;
use pytoon_core::layout::split::picture_area;
use pytoon_core::profile::Profile;
use pytoon_core::timeline::reading::{ClipFit, ClipReading, FieldOrder};
use pytoon_ffmpeg::{Input, LOCAL_ONLY, ffmpeg};
use pytoon_process::CommandLine;
use pytoon_vocabulary::Ms;

/// The number of samples of a clip's colours across the shorter and the longer side of the frame.
const GROUND_SAMPLES: (u32, u32) = (4, 6);

/// The size of FFmpeg's frames, and the path of the film's window across them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Geometry {
    pub(super) width: u32,
    pub(super) height: u32,
    /// The start and end of the window, in pixels; `None` if the frames have the film's size.
    pub(super) pan: Option<[(f64, f64); 2]>,
    /// The scaled size and the corner of the crop; `None` for an ordinary clip, which FFmpeg crops around its middle.
    cut: Option<[u32; 4]>,
}

impl Geometry {
    pub(super) fn of(reading: &ClipReading, fit: ClipFit, profile: &Profile) -> Self {
        let (width, height) = (profile.width, profile.height);
        let plain = Self { width, height, pan: None, cut: None };
        let is_known = reading.width > 0 && reading.height > 0;
        let ClipFit::Cover { from, to } = fit else { return plain };
        if !is_known || (fit.is_default() && !reading.anamorphic) {
            return plain;
        }
        let (w, h) = (f64::from(width), f64::from(height));
        let (clip_w, clip_h) = (f64::from(reading.width), f64::from(reading.height));
        let scale = (w / clip_w).max(h / clip_h);
        let even = |size: f64, least: u32| ((size.round() as u32 + 1) & !1).max((least + 1) & !1);
        let scaled = (even(clip_w * scale, width), even(clip_h * scale, height));
        // The position of the window's corner, on an axis.
        let corner = |centre: f64, scaled: u32, size: u32| {
            let room = f64::from(scaled - size.min(scaled));
            (centre * f64::from(scaled) - f64::from(size) / 2.0).clamp(0.0, room)
        };
        let at = |point: (f64, f64)| {
            (corner(point.0, scaled.0, width), corner(point.1, scaled.1, height))
        };
        let (first, last) = (at(from), at(to));
        // Even corners and sizes, so that chroma stays aligned.
        let span = |a: f64, b: f64, size: u32, scaled: u32| {
            let low = a.min(b).floor() as u32 & !1;
            let high = (a.max(b).ceil() as u32 + size + 1) & !1;
            (low, high.min(scaled) - low)
        };
        if from == to {
            let even = |corner: f64| corner.round() as u32 & !1;
            let cut = Some([scaled.0, scaled.1, even(first.0), even(first.1)]);
            return Self { cut, ..plain };
        }
        let (left, given_w) = span(first.0, last.0, width, scaled.0);
        let (top, given_h) = span(first.1, last.1, height, scaled.1);
        let within = |point: (f64, f64)| (point.0 - f64::from(left), point.1 - f64::from(top));
        Self {
            width: given_w,
            height: given_h,
            pan: Some([within(first), within(last)]),
            cut: Some([scaled.0, scaled.1, left, top]),
        }
    }
}

/// Returns the command that decodes a clip to raw frames.
pub(super) fn decode_command(
    view: &ClipView,
    profile: &Profile,
    geometry: &Geometry,
) -> CommandLine {
    let reading = &view.reading;
    let mut filter = String::new();
    if let Some(fields) = reading.fields {
        let how = match fields {
            FieldOrder::TopFirst => "parity=tff:deint=all",
            FieldOrder::BottomFirst => "parity=bff:deint=all",
            FieldOrder::PerFrame => "parity=auto:deint=interlaced",
        };
        // A frame for each field: the film's rate selects the one that it needs.
        filter += &format!("bwdif=mode=send_field:{how},");
    }
    let rate = profile.frame_rate.to_ratio_string();
    if !reading.animation {
        let speed = view.cut.speed;
        filter += &format!("setpts=(PTS-STARTPTS)/{speed:.4},fps={rate}:round=near,");
    }
    if reading.alpha.is_some() {
        // Laid over the ground before scaling, so that hidden colours do not bleed in at its edges.
        let [r, g, b] = view.ground;
        filter += &format!(
            "format=rgba,split[over][under];[under]lutrgb=r={r}:g={g}:b={b}:a=255[ground];\
             [ground][over]overlay=format=rgb,"
        );
    }
    filter += &match view.fit {
        ClipFit::Whole if reading.width > 0 && reading.height > 0 => {
            contain_filter(reading, profile)
        }
        _ => cover(reading, profile, geometry),
    };
    let command = ffmpeg("decode a clip");
    let command = if reading.animation {
        let size = format!("{}x{}", reading.width, reading.height);
        let raw = ["-f", "rawvideo", "-pix_fmt", "rgba", "-video_size", &size];
        command.args(LOCAL_ONLY).args(raw).args(["-framerate", &rate, "-i", "pipe:0"])
    } else {
        let start_ms = (Ms::new(view.cut.start_ms) + reading.start).get();
        with_start(with_decoder(command, reading), start_ms, reading).input(&view.path)
    };
    command.args(["-an", "-sn", "-map", &picture_stream(reading), "-vf", &filter]).args([
        "-f",
        "rawvideo",
        "-pix_fmt",
        pixel_format(reading),
        "pipe:1",
    ])
}

/// Selects the decoder for separately stored alpha. The option must precede the input file.
pub(crate) fn with_decoder(command: CommandLine, reading: &ClipReading) -> CommandLine {
    match reading.alpha.and_then(AlphaDecoder::name) {
        Some(decoder) => command.args(["-c:v", decoder]),
        None => command,
    }
}

/// Adds a seek to a start time. FFmpeg seeks by the first video stream. If the picture is in another stream, a seek
/// to zero may skip its first frames, so it is omitted.
pub(crate) fn with_start(command: CommandLine, ms: i64, reading: &ClipReading) -> CommandLine {
    if ms == 0 && reading.stream.is_some() {
        return command;
    }
    command.args(["-ss", &format!("{:.3}", ms as f64 / 1000.0)])
}

/// Returns the picture's stream in the syntax of `-map`.
pub(crate) fn picture_stream(reading: &ClipReading) -> String {
    reading.stream.map_or_else(|| "0:v:0".to_owned(), |stream| format!("0:{stream}"))
}

fn pixel_format(reading: &ClipReading) -> &'static str {
    if reading.colours.is_some() { "yuv420p10le" } else { "yuv420p" }
}

/// Returns the colour options of `scale`: conversion to BT.709, or no conversion if pytoon converts the colours
/// itself.
pub(crate) fn colour_options(reading: &ClipReading) -> String {
    match &reading.colours {
        Some(colours) => {
            let name = colours.matrix.ffmpeg_name();
            format!("in_color_matrix={name}:out_color_matrix={name}:out_range=tv")
        }
        None => "out_color_matrix=bt709:out_range=tv".to_owned(),
    }
}

/// Returns the scaler flags. A clip whose matrix or range FFmpeg converts needs accurate rounding, since the fast
/// conversion is off by up to three codes at white.
fn scaler(reading: &ClipReading) -> &'static str {
    if reading.recoded { "bicubic+accurate_rnd" } else { "bicubic" }
}

fn cover(reading: &ClipReading, profile: &Profile, geometry: &Geometry) -> String {
    let (w, h) = (profile.width, profile.height);
    let (colour, format) = (colour_options(reading), pixel_format(reading));
    let flags = scaler(reading);
    match geometry.cut {
        None => format!(
            "scale={w}:{h}:force_original_aspect_ratio=increase:flags={flags}:{colour},\
             crop={w}:{h},setsar=1,format={format}"
        ),
        Some([scaled_w, scaled_h, left, top]) => format!(
            "scale={scaled_w}:{scaled_h}:flags={flags}:{colour},format={format},\
             crop={}:{}:{left}:{top},setsar=1",
            geometry.width, geometry.height
        ),
    }
}

/// Returns the filter that shows the whole clip in the area of the split layout, over a dark ground in the clip's own
/// colours: a few samples of each frame, blended into each other.
fn contain_filter(reading: &ClipReading, profile: &Profile) -> String {
    let (w, h) = (profile.width, profile.height);
    let area = picture_area((w, h), (reading.width, reading.height));
    let even = |share: f64, size: u32| (share * f64::from(size)).round() as u32 & !1;
    let (left, top) = (even(area.x0, w), even(area.y0, h));
    let front_w = even(area.width(), w).max(2).min(w - left);
    let front_h = even(area.height(), h).max(2).min(h - top);
    let (colour, format) = (colour_options(reading), pixel_format(reading));
    let flags = scaler(reading);
    let overlay = if reading.colours.is_some() { "yuv420p10" } else { "yuv420" };
    let (samples_w, samples_h) =
        if w < h { GROUND_SAMPLES } else { (GROUND_SAMPLES.1, GROUND_SAMPLES.0) };
    // A slope of few codes has visible steps; a fixed grain hides them.
    let grain = if reading.colours.is_some() { "" } else { "noise=c0s=3:c0f=u:c0_seed=7," };
    format!(
        "split[front][back];\
         [back]scale={samples_w}:{samples_h}:flags=area:{colour},format={format},\
         lutyuv=y='(val-minval)*0.42+minval':u='(val-(minval+maxval)/2)*0.7+(minval+maxval)/2':\
         v='(val-(minval+maxval)/2)*0.7+(minval+maxval)/2',\
         scale={w}:{h}:flags=bicubic,{grain}setsar=1[ground];\
         [front]scale={front_w}:{front_h}:flags={flags}:{colour},format={format},setsar=1[whole];\
         [ground][whole]overlay={left}:{top}:format={overlay},format={format}"
    )
}

#[cfg(test)]
mod tests {
    use super::super::ClipCut;
    use super::*;
    use pytoon_core::timeline::reading::{AtEnd, Matrix, Primaries, SourceColours, Transfer};
    use pytoon_vocabulary::Frame;

    fn view(reading: ClipReading, fit: ClipFit) -> ClipView {
        ClipView {
            path: "a.mp4".into(),
            cut: ClipCut { start_ms: 0, speed: 1.0 },
            reading,
            fit,
            at_end: AtEnd::Restart,
            frames: Frame::new(60),
            repeats: false,
            ground: [1, 2, 3],
        }
    }

    fn profile() -> Profile {
        serde_json::from_value(serde_json::json!({
            "width": 1080, "height": 1920, "frame_rate": 30,
            "video": {"encoder": "libx264", "preset": "veryfast", "crf": 20, "gop_seconds": 1.5,
                "max_rate_kbps": null},
            "audio": {"bit_rate_kbps": 192, "coder": "fast"},
        }))
        .expect("a profile")
    }

    fn text(view: &ClipView) -> String {
        let geometry = Geometry::of(&view.reading, view.fit, &profile());
        let command = decode_command(view, &profile(), &geometry);
        command.args.iter().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_ordinary_clip_is_decoded_as_it_always_was() {
        let known = ClipReading { width: 540, height: 960, ..ClipReading::default() };
        for reading in [ClipReading::default(), known] {
            let text = text(&view(reading, ClipFit::default()));
            let expected = "-ss 0.000 -protocol_whitelist file,pipe -format_whitelist";
            assert!(text.contains(expected), "{text}");
            let expected = "-i file:a.mp4 -an -sn -map 0:v:0 -vf \
                 setpts=(PTS-STARTPTS)/1.0000,fps=30:round=near,\
                 scale=1080:1920:force_original_aspect_ratio=increase:flags=bicubic:\
                 out_color_matrix=bt709:out_range=tv,crop=1080:1920,setsar=1,format=yuv420p \
                 -f rawvideo -pix_fmt yuv420p pipe:1";
            assert!(text.ends_with(expected), "{text}");
        }
    }

    #[test]
    fn each_property_changes_the_command() {
        let wide = ClipReading { width: 1920, height: 1080, ..ClipReading::default() };
        let of = |reading: ClipReading| text(&view(reading, ClipFit::default()));
        let fields = Some(FieldOrder::BottomFirst);
        assert!(of(ClipReading { fields, ..wide.clone() }).contains("parity=bff"));
        let stretched = of(ClipReading { anamorphic: true, ..wide.clone() });
        assert!(stretched.contains("scale=3414:1920:flags=bicubic"), "{stretched}");
        let colours = SourceColours {
            transfer: Transfer::Hlg,
            primaries: Primaries::Bt2020,
            matrix: Matrix::Bt2020,
            peak: 1.0,
        };
        let hdr = of(ClipReading { colours: Some(colours), ..wide.clone() });
        assert!(hdr.contains("in_color_matrix=bt2020:out_color_matrix=bt2020"), "{hdr}");
        assert!(hdr.ends_with("-pix_fmt yuv420p10le pipe:1"), "{hdr}");
        let second = of(ClipReading { stream: Some(1), start: Ms::new(40), ..wide.clone() });
        assert!(second.contains("-map 0:1") && second.contains("-ss 0.040"), "{second}");
        let whole = text(&view(wide, ClipFit::Whole));
        assert!(whole.contains("[front]scale=1080:608"), "{whole}");
    }

    #[test]
    fn a_window_never_leaves_the_clip() {
        let sizes = [(1920, 1080), (1081, 1920), (4096, 16), (16, 4096), (333, 251), (1, 1)];
        let points = [0.0, 0.2, 0.5, 0.93, 1.0, 7.0];
        for (width, height) in sizes {
            for x in points {
                for (y, to) in points.into_iter().zip([0.0, 1.0, 0.5, 0.4, 0.6, 0.1]) {
                    let reading = ClipReading { width, height, ..ClipReading::default() };
                    let fit = ClipFit::Cover { from: (x, y), to: (to, y) };
                    let geometry = Geometry::of(&reading, fit, &profile());
                    let [scaled_w, scaled_h, left, top] =
                        geometry.cut.unwrap_or([1080, 1920, 0, 0]);
                    assert!(left + geometry.width <= scaled_w, "{geometry:?}");
                    assert!(top + geometry.height <= scaled_h, "{geometry:?}");
                    assert!(geometry.width >= 1080 && geometry.height >= 1920, "{geometry:?}");
                    for (x, y) in geometry.pan.into_iter().flatten() {
                        assert!(
                            x >= 0.0 && x + 1080.0 <= f64::from(geometry.width),
                            "{geometry:?}"
                        );
                        assert!(
                            y >= 0.0 && y + 1920.0 <= f64::from(geometry.height),
                            "{geometry:?}"
                        );
                    }
                }
            }
        }
    }
}
