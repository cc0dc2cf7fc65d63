//! Detects animated WebP and decodes it frame by frame, since FFmpeg does not decode it.

use image::codecs::webp::WebPDecoder;
use image::{AnimationDecoder, Frames, ImageResult};
use pytoon_process::SystemError;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Minimum frame duration, in milliseconds. A shorter frame is shown for [`USUAL_FRAME_MS`], as in browsers.
const SHORTEST_FRAME_MS: i64 = 11;
const USUAL_FRAME_MS: i64 = 100;

/// The properties stored in the chunks of an animated WebP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Animation {
    pub(crate) duration_ms: i64,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Returns the properties of the animation in a file, or `None` unless it is a WebP with more than one frame.
pub(crate) fn of_file(path: &Path) -> Result<Option<Animation>, SystemError> {
    let file = std::fs::File::open(path).map_err(|error| SystemError::read(path, error))?;
    of(BufReader::new(file)).map_err(|error| SystemError::read(path, error))
}

fn of(mut file: impl Read + Seek) -> std::io::Result<Option<Animation>> {
    let mut head = [0; 12];
    if file.read_exact(&mut head).is_err() || &head[..4] != b"RIFF" || &head[8..] != b"WEBP" {
        return Ok(None);
    }
    let (mut size, mut frames, mut duration_ms) = (None, 0, 0);
    let mut chunk = [0; 8];
    while file.read_exact(&mut chunk).is_ok() {
        let length = u64::from(u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]));
        let mut start = [0; 16];
        let known = match &chunk[..4] {
            b"VP8X" => 10,
            b"ANMF" => 16,
            _ => 0,
        }
        .min(length as usize);
        if file.read_exact(&mut start[..known]).is_err() {
            break;
        }
        let three = |at: usize| u32::from_le_bytes([start[at], start[at + 1], start[at + 2], 0]);
        match &chunk[..4] {
            b"VP8X" if known == 10 => size = Some((three(4) + 1, three(7) + 1)),
            b"ANMF" if known == 16 => {
                frames += 1;
                duration_ms += frame_ms(i64::from(three(12)));
            }
            _ => {}
        }
        // Chunks are padded to an even length.
        let rest = (length + (length & 1)).saturating_sub(known as u64);
        if file.seek(SeekFrom::Current(i64::try_from(rest).unwrap_or(i64::MAX))).is_err() {
            break;
        }
    }
    let Some((width, height)) = size.filter(|_| frames > 1) else { return Ok(None) };
    Ok(Some(Animation { duration_ms, width, height }))
}

fn frame_ms(said: i64) -> i64 {
    if said < SHORTEST_FRAME_MS { USUAL_FRAME_MS } else { said }
}

/// A player that loops an animation and returns its picture at increasing times.
pub(crate) struct Player {
    bytes: std::sync::Arc<[u8]>,
    frames: Frames<'static>,
    /// The current picture and its end, in milliseconds from the start of playback.
    seen: Option<(Vec<u8>, f64)>,
}

impl Player {
    /// Creates a player from the bytes of a file. The first frame is decoded on demand.
    pub(crate) fn of(bytes: std::sync::Arc<[u8]>) -> ImageResult<Self> {
        let frames = round(&bytes)?;
        Ok(Self { bytes, frames, seen: None })
    }

    /// Returns the RGBA pixels at a time, which must not precede the time of an earlier call. The animation repeats
    /// forever. Returns no pixels if it has no frames.
    pub(crate) fn at(&mut self, ms: f64) -> ImageResult<&[u8]> {
        let mut restarted = false;
        while self.seen.as_ref().is_none_or(|(_, until)| *until <= ms) {
            let until = self.seen.as_ref().map_or(0.0, |(_, until)| *until);
            match self.frames.next() {
                Some(frame) => {
                    let frame = frame?;
                    let (above, below) = frame.delay().numer_denom_ms();
                    let length = frame_ms(i64::from(above / below.max(1))) as f64;
                    self.seen = Some((frame.into_buffer().into_raw(), until + length));
                    restarted = false;
                }
                // A round without any frame would never end.
                None if restarted => break,
                None => {
                    self.frames = round(&self.bytes)?;
                    restarted = true;
                }
            }
        }
        Ok(self.seen.as_ref().map_or(&[], |(pixels, _)| pixels))
    }
}

fn round(bytes: &std::sync::Arc<[u8]>) -> ImageResult<Frames<'static>> {
    let decoder = WebPDecoder::new(std::io::Cursor::new(bytes.clone()))?;
    Ok(decoder.into_frames())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn only_a_webp_with_several_frames_is_an_animation() {
        let chunk = |name: &[u8], body: &[u8]| {
            [name, &(body.len() as u32).to_le_bytes(), body, &vec![0; body.len() % 2]].concat()
        };
        let frame = |ms: u8| {
            let mut body = vec![0; 17];
            body[12] = ms;
            chunk(b"ANMF", &body)
        };
        let webp = |frames: &[u8]| {
            let head = chunk(b"VP8X", &[2, 0, 0, 0, 99, 0, 0, 49, 0, 0]);
            let frames: Vec<u8> = frames.iter().flat_map(|ms| frame(*ms)).collect();
            [&b"RIFF\0\0\0\0WEBP"[..], &head, &frames].concat()
        };
        let found = |bytes: Vec<u8>| of(Cursor::new(bytes)).expect("reads");
        // A duration of 0 is replaced as in browsers.
        let expected = Animation { duration_ms: 140, width: 100, height: 50 };
        assert_eq!(found(webp(&[40, 0])), Some(expected));
        assert_eq!(found(webp(&[40])), None);
        assert_eq!(found(b"\x89PNG\r\n\x1a\n and more".to_vec()), None);
        let mut torn = webp(&[40, 40, 40]);
        torn.truncate(torn.len() - 20);
        assert!(found(torn).is_some());
    }
}
