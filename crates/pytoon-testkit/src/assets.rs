//! Writes media as users provide them: valid, unusual and broken.

use crate::measure::probe;
use crate::program::tool;
use crate::workspace::Workspace;
use image::{ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// Returns a picture with a gradient, a bright disc and fine texture, so that no two regions look alike.
pub fn textured_picture(width: u32, height: u32) -> RgbImage {
    let (w, h) = (f64::from(width), f64::from(height));
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (f64::from(x) / w, f64::from(y) / h);
        let disc = (u - 0.6).hypot((v - 0.4) * h / w) < 0.18;
        let grain = f64::from((x * 7 + y * 13) ^ (x * y / 5)).rem_euclid(32.0);
        let base =
            if disc { [230.0, 180.0, 60.0] } else { [40.0 + 120.0 * u, 90.0, 60.0 + 130.0 * v] };
        Rgb(base.map(|value: f64| (value + grain).clamp(0.0, 255.0) as u8))
    })
}

fn encode(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("encodes");
    bytes.into_inner()
}

impl Workspace {
    /// Writes a picture that a function draws, from the position in fractions of the width and the height.
    pub fn drawn_picture(
        &self,
        name: &str,
        (width, height): (u32, u32),
        colour: impl Fn(f64, f64) -> [u8; 3],
    ) -> PathBuf {
        let format = ImageFormat::from_path(name).expect("a picture's extension");
        let (w, h) = (f64::from(width), f64::from(height));
        let picture = RgbImage::from_fn(width, height, |x, y| {
            Rgb(colour((f64::from(x) + 0.5) / w, (f64::from(y) + 0.5) / h))
        });
        self.write(name, encode(&picture, format))
    }

    /// Writes a textured picture. The file name determines the format.
    pub fn picture(&self, name: &str, width: u32, height: u32) -> PathBuf {
        let format = ImageFormat::from_path(name).expect("a picture's extension");
        self.write(name, encode(&textured_picture(width, height), format))
    }

    /// Writes a picture of one colour.
    pub fn plain_picture(&self, name: &str, size: (u32, u32), colour: [u8; 3]) -> PathBuf {
        let format = ImageFormat::from_path(name).expect("a picture's extension");
        let picture = RgbImage::from_pixel(size.0, size.1, Rgb(colour));
        self.write(name, encode(&picture, format))
    }

    /// Writes a disc of one colour on a transparent background, as PNG.
    pub fn transparent_png(&self, name: &str, size: u32, colour: [u8; 3]) -> PathBuf {
        let centre = f64::from(size) / 2.0;
        let picture = RgbaImage::from_fn(size, size, |x, y| {
            let inside = (f64::from(x) - centre).hypot(f64::from(y) - centre) < centre * 0.9;
            Rgba([colour[0], colour[1], colour[2], if inside { 255 } else { 0 }])
        });
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Png).expect("encodes");
        self.write(name, bytes.into_inner())
    }

    /// Writes a JPEG with the camera orientation 6 (rotate by 90 degrees clockwise). It is red above and blue below
    /// if the orientation is applied, and red on the left if it is ignored.
    pub fn rotated_jpeg(&self, name: &str, width: u32, height: u32) -> PathBuf {
        let picture = RgbImage::from_fn(width, height, |x, _| {
            if x < width / 2 { Rgb([210, 30, 30]) } else { Rgb([30, 30, 210]) }
        });
        let jpeg = encode(&picture, ImageFormat::Jpeg);
        // APP1 with a TIFF header and one entry: tag 0x0112 (orientation), SHORT, one value, 6.
        let mut exif = b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01".to_vec();
        exif.extend(b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0");
        self.write(name, [&jpeg[..2], &exif, &jpeg[2..]].concat())
    }

    /// Writes a CMYK JPEG, as print shops provide them.
    pub fn cmyk_jpeg(&self, name: &str, width: u16, height: u16) -> PathBuf {
        let inks: Vec<u8> = (0..height)
            .flat_map(|y| (0..width).flat_map(move |x| [(x % 256) as u8, (y % 256) as u8, 80, 20]))
            .collect();
        let mut bytes = Vec::new();
        jpeg_encoder::Encoder::new(&mut bytes, 90)
            .encode(&inks, width, height, jpeg_encoder::ColorType::Cmyk)
            .expect("encodes");
        self.write(name, bytes)
    }

    /// Writes the first half of a JPEG.
    pub fn truncated_jpeg(&self, name: &str) -> PathBuf {
        let bytes = encode(&textured_picture(400, 300), ImageFormat::Jpeg);
        self.write(name, &bytes[..bytes.len() / 2])
    }

    /// Writes a small PNG whose header claims 30,000 by 30,000 pixels.
    pub fn png_bomb(&self, name: &str) -> PathBuf {
        let mut bytes = encode(&textured_picture(1, 1), ImageFormat::Png);
        for at in [16, 20] {
            bytes[at..at + 4].copy_from_slice(&30_000_u32.to_be_bytes());
        }
        let sum = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&sum.to_be_bytes());
        self.write(name, bytes)
    }

    /// Writes a clip of a moving test picture with FFmpeg. `more` contains the options between the source and the
    /// output file.
    pub fn clip(&self, name: &str, size: &str, seconds: f64, more: &[&str]) -> PathBuf {
        let path = self.path(name);
        let source = format!("testsrc2=size={size}:rate=25:duration={seconds}");
        ffmpeg(&["-f", "lavfi", "-i", &source], more, &path);
        path
    }

    /// Writes a clip of a moving test picture with a tone as its audio.
    pub fn clip_with_tone(&self, name: &str, seconds: f64, hz: u32) -> PathBuf {
        let path = self.path(name);
        let picture = format!("testsrc2=size=320x240:rate=25:duration={seconds}");
        let sound = format!("sine=frequency={hz}:sample_rate=48000:duration={seconds}");
        let inputs = ["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &sound];
        ffmpeg(&inputs, &["-pix_fmt", "yuv420p", "-shortest"], &path);
        path
    }

    /// Writes a clip with a rotation of 90 degrees, like that of a phone held upright. Also writes
    /// `flat.mp4`, the clip without the rotation.
    pub fn rotated_clip(&self, name: &str) -> PathBuf {
        let flat = self.clip("flat.mp4", "320x180", 1.5, &["-pix_fmt", "yuv420p"]);
        let (path, flat) = (self.path(name), flat.display().to_string());
        // FFmpeg before 6 reads the rotation from metadata, later versions from an option of the input.
        ffmpeg(&["-i", &flat], &["-c", "copy", "-metadata:s:v:0", "rotate=90"], &path);
        if !is_rotated(&path) {
            ffmpeg(&["-display_rotation", "90", "-i", &flat], &["-c", "copy"], &path);
        }
        assert!(is_rotated(&path), "this FFmpeg cannot mark a clip as rotated");
        path
    }

    /// Writes a WAV file with a sample rate of 44.1 kHz and a tone of `hz` hertz; 0 for silence.
    pub fn tone(&self, name: &str, seconds: f64, hz: f64) -> PathBuf {
        let rate = 44_100.0;
        let samples: Vec<u8> = (0..(seconds * rate) as u32)
            .map(|n| (std::f64::consts::TAU * hz * f64::from(n) / rate).sin() * 8_000.0)
            .flat_map(|sample| (sample as i16).to_le_bytes())
            .collect();
        let size = samples.len() as u32;
        let mut bytes = b"RIFF".to_vec();
        bytes.extend((36 + size).to_le_bytes());
        bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
        bytes.extend(44_100_u32.to_le_bytes());
        bytes.extend(88_200_u32.to_le_bytes());
        bytes.extend(b"\x02\0\x10\0data");
        bytes.extend(size.to_le_bytes());
        bytes.extend(samples);
        self.write(name, bytes)
    }
}

fn is_rotated(path: &Path) -> bool {
    probe(path).video["side_data_list"].to_string().contains("rotation")
}

fn ffmpeg(inputs: &[&str], more: &[&str], path: &Path) {
    let path = path.display().to_string();
    let args = ["-v", "error", "-y"].iter().chain(inputs).chain(more).copied();
    tool("ffmpeg", args.chain([path.as_str()]));
}

/// Returns the CRC-32 that PNG uses (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}
