//! The destinations of composed frames: the encoder, and files for callers that request the frames themselves.

use crate::Result;
use crate::stage::StageContext;
use pytoon_core::time::FrameRange;
use pytoon_core::timeline::Timeline;
use pytoon_graphics::Frame;
use pytoon_media::encode::{EncoderPool, VideoEncoder};
use pytoon_process::SystemError;
use pytoon_vocabulary::Frame as FrameNumber;
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The size of one line in the hash file, in bytes: 32 hexadecimal digits and a line break.
const HASH_LINE: u64 = 33;

/// The destinations to which finished frames are written.
pub(super) struct FrameSink {
    encoder: VideoEncoder,
    frames: Option<FramesFile>,
    hashes: Option<FramesFile>,
}

/// An output file with a fixed-size record for each frame of the film. Several chunks write it, each in its own
/// range.
struct FramesFile {
    path: PathBuf,
    file: BufWriter<File>,
}

impl FramesFile {
    /// Opens or creates a file, to write from the record of the given frame on.
    fn at(path: &Path, frame: FrameNumber, size: u64) -> Result<Self, SystemError> {
        let failed = |error| SystemError::write(path, error);
        let file = File::options().create(true).truncate(false).write(true).open(path);
        let mut file = BufWriter::new(file.map_err(failed)?);
        file.seek(SeekFrom::Start(frame.get() as u64 * size)).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SystemError> {
        self.file.write_all(bytes).map_err(|e| SystemError::write(&self.path, e))
    }

    fn finish(mut self) -> Result<(), SystemError> {
        self.file.flush().map_err(|e| SystemError::write(&self.path, e))
    }
}

impl FrameSink {
    pub(super) fn open(
        context: &StageContext<'_>,
        timeline: &Timeline,
        encoder: &str,
        range: FrameRange,
        part: &Path,
    ) -> Result<Self> {
        let profile = &timeline.profile;
        let size = u64::from(profile.width) * u64::from(profile.height) * 3 / 2;
        let open = |path: Option<&Path>, size: u64| {
            path.map(|path| FramesFile::at(path, range.start, size)).transpose()
        };
        Ok(Self {
            encoder: context.encoders.start(context.runner(), profile, encoder, part)?,
            frames: open(context.frames_out, size)?,
            hashes: open(context.frame_hashes, HASH_LINE)?,
        })
    }

    pub(super) fn write(&mut self, frame: &Frame) -> Result<(), SystemError> {
        self.encoder.write(frame)?;
        if let Some(file) = &mut self.frames {
            file.write(frame.data())?;
        }
        if let Some(file) = &mut self.hashes {
            let hash = xxhash_rust::xxh3::xxh3_128(frame.data());
            file.write(format!("{hash:032x}\n").as_bytes())?;
        }
        Ok(())
    }

    pub(super) fn finish(self, encoders: &EncoderPool) -> Result<(), SystemError> {
        for file in [self.frames, self.hashes].into_iter().flatten() {
            file.finish()?;
        }
        encoders.finish(self.encoder)
    }
}
