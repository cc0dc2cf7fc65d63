//! Analyses a clip once for all code that uses it: its visible part, its length, the position of its audio relative
//! to its picture, and the required conversions.
//!
//! Guarantees: one FFprobe run in the common case. A second one, which counts packets, runs only if the header does
//! not contain the length of the picture or does not show which picture moves.

use crate::animation;
use pytoon_core::note::{Note, file_name};
use pytoon_core::timeline::reading::{
    AlphaSource, ClipReading, FieldOrder, Matrix, Primaries, SoundReading, SourceColours, Transfer,
};
use pytoon_ffmpeg::{
    abilities,
    probe::{MediaProbe, VideoStream, probe_picture},
};
use pytoon_process::{Runner, SystemError};
use pytoon_vocabulary::Ms;
use std::path::Path;

/// An analysed clip.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipFile {
    /// The length of the picture, in milliseconds.
    pub duration_ms: i64,
    /// The settings for decoding the picture.
    pub reading: ClipReading,
    /// The settings for decoding the audio, if the clip has any.
    pub sound: Option<SoundReading>,
    /// True if the clip is a single frame, to be used as a picture.
    pub is_still: bool,
    /// The notes for users.
    pub notes: Vec<Note>,
}

/// Analyses a clip. A clip without a usable picture is an error that states the reason.
pub fn read(runner: &Runner, path: &Path) -> Result<ClipFile, SystemError> {
    if let Some(animation) = animation::of_file(path)? {
        return Ok(ClipFile {
            duration_ms: animation.duration_ms,
            reading: ClipReading {
                width: animation.width,
                height: animation.height,
                alpha: Some(AlphaSource::Pixels),
                animation: true,
                ..ClipReading::default()
            },
            sound: None,
            is_still: false,
            notes: Vec::new(),
        });
    }
    of_probe(runner, path, &probe_picture(runner, path)?)
}

/// Analyses a clip that has already been probed.
pub fn of_probe(runner: &Runner, path: &Path, probe: &MediaProbe) -> Result<ClipFile, SystemError> {
    let Some(video) = &probe.video else {
        return Err(SystemError::unusable(
            path,
            "it contains no video: name a picture or a video clip",
        ));
    };
    if !(1..=16_384).contains(&video.width) || !(1..=16_384).contains(&video.height) {
        return Err(SystemError::unusable(
            path,
            format!(
                "{} x {} pixels are not supported; each side must have 1 to 16384 pixels",
                video.width, video.height
            ),
        ));
    }
    if video.needs_dolby_vision {
        return Err(SystemError::unusable(
            path,
            "Dolby Vision without a compatible base layer (such as profile 5) is not supported: export \
             the clip as HDR10, HLG or SDR",
        ));
    }
    let file = file_name(&path.to_string_lossy());
    let mut notes = Vec::new();
    let mut reading = reading(video, probe.start_s);
    if reading.fields.is_some() && !abilities::has_filter(runner, "bwdif") {
        reading.fields = None;
        notes.push(Note::ClipInterlaced { file: file.clone() });
    }
    let decoder = reading.alpha.and_then(AlphaDecoder::name);
    if decoder.is_some_and(|name| !abilities::has_decoder(runner, name)) {
        reading.alpha = None;
        notes.push(Note::ClipAlphaUnread { file: file.clone() });
    }
    if let Some(colours) = &reading.colours {
        notes.push(Note::ClipColoursConverted { file, colours: colours.to_string() });
    }
    let seconds = if video.duration_s > 0.0 { video.duration_s } else { probe.duration_s };
    Ok(ClipFile {
        // Unknown to header and packets: assume a moment.
        duration_ms: if seconds > 0.0 { ((seconds * 1000.0) as i64).max(1) } else { 1000 },
        sound: probe.audio.as_ref().map(|audio| SoundReading {
            stream: (audio.audio_index > 0).then_some(audio.index),
            offset_ms: ms(audio.start_s - video.start_s),
        }),
        is_still: video.moves() == Some(false),
        reading,
        notes,
    })
}

/// The decoder of a separate alpha plane.
pub(crate) trait AlphaDecoder {
    /// Returns the name of the decoder, or `None` if any decoder returns the alpha.
    fn name(self) -> Option<&'static str>;
}

impl AlphaDecoder for AlphaSource {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Pixels => None,
            Self::Vp8 => Some("libvpx"),
            Self::Vp9 => Some("libvpx-vp9"),
        }
    }
}

/// Converts seconds to milliseconds, clamped to one day in both directions.
fn ms(seconds: f64) -> i64 {
    (seconds.clamp(-86_400.0, 86_400.0) * 1000.0).round() as i64
}

fn reading(video: &VideoStream, file_start_s: f64) -> ClipReading {
    let (above, below) = video.sample_aspect;
    let square = f64::from(video.width) * f64::from(above) / f64::from(below);
    let (width, height) = (square.round().max(1.0) as u32, video.height);
    let lies = matches!(video.rotation, 45..135 | 225..315);
    let (width, height) = if lies { (height, width) } else { (width, height) };
    ClipReading {
        stream: (video.video_index > 0).then_some(video.index),
        width,
        height,
        anamorphic: above != below,
        start: Ms::new(ms((video.start_s - file_start_s).max(0.0))),
        fields: fields(video),
        recoded: is_recoded(video),
        colours: colours(video),
        alpha: alpha(video),
        animation: false,
    }
}

/// Returns the field order for deinterlacing. Returns `None` for a progressive clip, a tiny one, or one rotated by a
/// quarter turn, whose fields are mixed.
fn fields(video: &VideoStream) -> Option<FieldOrder> {
    // FFmpeg rotates a clip before any filter: a quarter turn mixes the fields irreversibly, a half turn swaps
    // them. Frames of a few lines have no fields.
    let swapped = match video.rotation {
        0 => false,
        180 => true,
        _ => return None,
    };
    if video.height < 16 || video.width < 16 {
        return None;
    }
    let top_first = match video.field_order.as_str() {
        "tt" | "bt" => true,
        "bb" | "tb" => false,
        // The headers of these codecs do not contain it; their frames do.
        "" | "unknown" if matches!(video.codec.as_str(), "dvvideo" | "mpeg2video" | "vc1") => {
            return Some(FieldOrder::PerFrame);
        }
        _ => return None,
    };
    Some(if top_first != swapped { FieldOrder::TopFirst } else { FieldOrder::BottomFirst })
}

/// Returns true if FFmpeg converts a matrix or a range that the file declares.
fn is_recoded(video: &VideoStream) -> bool {
    let matrix = ["smpte170m", "bt470bg", "smpte240m", "fcc"];
    matrix.contains(&video.colour_space.as_str())
        || video.range == "pc"
        || video.pixel_format.starts_with("yuvj")
}

/// Returns the colours of a clip if pytoon must convert them. FFmpeg handles BT.709 and undeclared colours.
///
/// FFmpeg also handles BT.601 and converts only its matrix: its primaries are nearly those of BT.709, and phones
/// declare them for clips that they record in sRGB.
fn colours(video: &VideoStream) -> Option<SourceColours> {
    let transfer = match video.transfer.as_str() {
        "smpte2084" => Transfer::Pq,
        "arib-std-b67" => Transfer::Hlg,
        _ => Transfer::Sdr,
    };
    let has_matrix_2020 = matches!(video.colour_space.as_str(), "bt2020nc" | "bt2020c");
    let primaries = match video.primaries.as_str() {
        "bt709" => Primaries::Bt709,
        "bt2020" => Primaries::Bt2020,
        "smpte432" => Primaries::DisplayP3,
        _ if transfer != Transfer::Sdr || has_matrix_2020 => Primaries::Bt2020,
        _ => Primaries::Bt709,
    };
    if transfer == Transfer::Sdr && primaries == Primaries::Bt709 {
        return None;
    }
    let matrix = match (video.colour_space.as_str(), primaries) {
        ("bt709" | "gbr", _) => Matrix::Bt709,
        ("smpte170m" | "bt470bg" | "smpte240m" | "fcc", _) => Matrix::Bt601,
        ("bt2020nc" | "bt2020c", _) | (_, Primaries::Bt2020) => Matrix::Bt2020,
        (_, Primaries::Bt709 | Primaries::DisplayP3) => Matrix::Bt709,
    };
    Some(SourceColours { transfer, primaries, matrix, peak: 1.0 })
}

fn alpha(video: &VideoStream) -> Option<AlphaSource> {
    if video.alpha_beside {
        match video.codec.as_str() {
            "vp8" => return Some(AlphaSource::Vp8),
            "vp9" => return Some(AlphaSource::Vp9),
            _ => {}
        }
    }
    let has_alpha = [
        "yuva", "gbrap", "rgba", "bgra", "argb", "abgr", "rgba64", "bgra64", "ya8", "ya16", "pal8",
        "ayuv", "vuya",
    ];
    let format = video.pixel_format.as_str();
    has_alpha.iter().any(|name| format.starts_with(name)).then_some(AlphaSource::Pixels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_ffmpeg::probe::parse;
    use pytoon_process::{CancelToken, Programs};
    use serde_json::{Value, json};
    use std::time::Duration;

    fn video(fields: Value) -> VideoStream {
        let mut stream = fields;
        stream["codec_type"] = json!("video");
        stream["width"] = json!(1920);
        stream["height"] = json!(1080);
        parse(&json!({"streams": [stream]}).to_string()).expect("JSON").video.expect("a picture")
    }

    #[test]
    fn an_ordinary_clip_needs_nothing_but_its_size() {
        let tags = ["color_primaries", "color_transfer", "color_space"];
        for name in ["bt709", "unknown"] {
            let mut fields = json!({"pix_fmt": "yuv420p", "field_order": "progressive"});
            for tag in tags {
                fields[tag] = json!(name);
            }
            let expected = ClipReading { width: 1920, height: 1080, ..ClipReading::default() };
            assert_eq!(reading(&video(fields), 0.0), expected);
        }
    }

    #[test]
    fn shape_fields_and_alpha_are_read() {
        let of = |fields| reading(&video(fields), 0.0);
        let turned = of(json!({"side_data_list": [{"rotation": -90}], "field_order": "tt"}));
        assert_eq!((turned.width, turned.height, turned.fields), (1080, 1920, None));
        let wide = of(json!({"sample_aspect_ratio": "4:3"}));
        assert_eq!((wide.width, wide.height, wide.anamorphic), (2560, 1080, true));
        assert_eq!(of(json!({"field_order": "bb"})).fields, Some(FieldOrder::BottomFirst));
        assert_eq!(of(json!({"pix_fmt": "yuva444p10le"})).alpha, Some(AlphaSource::Pixels));
        let tape = json!({"codec_name": "dvvideo"});
        assert_eq!(of(tape).fields, Some(FieldOrder::PerFrame));
        let webm = json!({"codec_name": "vp9", "pix_fmt": "yuv420p", "tags": {"alpha_mode": "1"}});
        assert_eq!(of(webm).alpha, Some(AlphaSource::Vp9));
        assert_eq!(of(json!({"pix_fmt": "yuv420p10le"})).alpha, None);
    }

    #[test]
    fn colours_of_dolby_vision_alone_are_refused_and_a_base_of_hlg_is_not() {
        let runner =
            Runner::new(Programs::default(), CancelToken::default(), Duration::from_secs(9));
        let read = |profile: u8, base: u8| {
            let record = json!({"side_data_type": "DOVI configuration record", "dv_profile": profile,
                "dv_bl_signal_compatibility_id": base});
            let stream = json!({"codec_type": "video", "width": 64, "height": 64, "duration": "2",
                "side_data_list": [record]});
            let probe = parse(&json!({"streams": [stream]}).to_string()).expect("JSON");
            of_probe(&runner, Path::new("a.mp4"), &probe)
        };
        let refused = read(5, 0).expect_err("refused").to_string();
        assert!(refused.contains("Dolby Vision") && refused.contains("HLG"), "{refused}");
        assert!(read(8, 4).is_ok());
    }

    #[test]
    fn colours_that_differ_are_converted() {
        let of = |primaries: &str, transfer: &str, matrix: &str| {
            colours(&video(json!({"color_primaries": primaries, "color_transfer": transfer,
                "color_space": matrix})))
            .map(|found| (found.transfer, found.primaries, found.matrix))
        };
        let hlg = (Transfer::Hlg, Primaries::Bt2020, Matrix::Bt2020);
        assert_eq!(of("bt2020", "arib-std-b67", "bt2020nc"), Some(hlg));
        assert_eq!(of("unknown", "arib-std-b67", "unknown"), Some(hlg));
        assert_eq!(of("bt470bg", "smpte170m", "bt470bg"), None);
        let photo = (Transfer::Sdr, Primaries::DisplayP3, Matrix::Bt601);
        assert_eq!(of("smpte432", "bt709", "smpte170m"), Some(photo));
        assert_eq!(of("bt709", "bt709", "smpte170m"), None);
        assert_eq!(of("unknown", "unknown", "smpte170m"), None);
    }
}
