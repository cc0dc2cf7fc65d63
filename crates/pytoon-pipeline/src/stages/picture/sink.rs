//! Where composed frames go: the encoder, and files for whoever wants the frames themselves.

use crate::PipelineError;
use crate::environment::Environment;
use crate::options::RenderOptions;
use pytoon_core::timeline::Timeline;
use pytoon_graphics::Frame;
use pytoon_media::MediaError;
use pytoon_media::ffmpeg::encode::{Piece, VideoEncoder};
use std::io::{BufWriter, Write};
use std::path::Path;

/// Where finished frames go.
pub(super) struct FrameSink {
    encoder: VideoEncoder,
    frames_out: Option<BufWriter<std::fs::File>>,
    frames_path: std::path::PathBuf,
    hashes: Option<BufWriter<std::fs::File>>,
}

impl FrameSink {
    pub(super) fn open(
        env: &Environment,
        timeline: &Timeline,
        (encoder, piece): (&str, Piece<'_>),
        part: &Path,
        options: &RenderOptions,
    ) -> Result<Self, PipelineError> {
        let create = |path: &Path| {
            std::fs::File::create(path).map(BufWriter::new).map_err(|e| MediaError::write(path, e))
        };
        Ok(Self {
            encoder: VideoEncoder::start(&env.runner, &timeline.profile, encoder, piece, part)?,
            frames_out: options.frames_out.as_deref().map(create).transpose()?,
            frames_path: options.frames_out.clone().unwrap_or_default(),
            hashes: options.frame_hashes.as_deref().map(create).transpose()?,
        })
    }

    pub(super) fn write(&mut self, frame: &Frame) -> Result<(), MediaError> {
        self.encoder.write(frame)?;
        if let Some(file) = &mut self.frames_out {
            file.write_all(frame.data()).map_err(|e| MediaError::write(&self.frames_path, e))?;
        }
        if let Some(file) = &mut self.hashes {
            let hash = xxhash_rust::xxh3::xxh3_128(frame.data());
            writeln!(file, "{hash:032x}")
                .map_err(|e| MediaError::write(Path::new("frame hashes"), e))?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(), MediaError> {
        for mut file in [self.frames_out, self.hashes].into_iter().flatten() {
            file.flush().map_err(|e| MediaError::write(&self.frames_path, e))?;
        }
        self.encoder.finish()
    }
}
