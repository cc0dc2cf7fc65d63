//! Joins picture and sound into the finished file.

use crate::PipelineError;
use crate::environment::Environment;
use crate::folder::JobFolder;
use crate::stages::picture::{VIDEO, chunk};
use crate::stages::sound::AUDIO;
use pytoon_core::layout;
use pytoon_core::time::FrameRange;
use pytoon_core::timeline::Timeline;
use pytoon_media::ffmpeg::encode::{chunk_list, mux_chunks_command, mux_command};

/// Names the chunks of the picture for the joining.
const CHUNK_LIST: &str = "chunks.ffconcat";

/// Writes `output.mp4` into the work folder.
pub(crate) fn finish(
    env: &Environment,
    timeline: &Timeline,
    folder: &JobFolder,
) -> Result<(), PipelineError> {
    let seconds = timeline.frame_rate.frame_to_seconds(timeline.total_frames);
    let command = mux_command(
        &folder.work(VIDEO),
        &folder.work(AUDIO),
        seconds,
        &folder.work(layout::OUTPUT),
    );
    env.runner.run(&command, Vec::new())?;
    Ok(())
}

/// The same from chunks of the picture.
pub(crate) fn finish_chunks(
    env: &Environment,
    timeline: &Timeline,
    chunks: &[FrameRange],
    folder: &JobFolder,
) -> Result<(), PipelineError> {
    let seconds = |frames: i64| timeline.frame_rate.frame_to_seconds(frames);
    let names: Vec<String> = (0..chunks.len()).map(chunk::video).collect();
    let lengths = chunks.iter().map(|range| seconds(range.len()));
    let list = chunk_list(names.iter().map(String::as_str).zip(lengths));
    folder.write(CHUNK_LIST, list.as_bytes())?;
    let part = folder.own_part(layout::OUTPUT)?;
    let command = mux_chunks_command(
        &folder.work(CHUNK_LIST),
        &folder.work(AUDIO),
        seconds(timeline.total_frames),
        &part,
    );
    env.runner.run(&command, Vec::new())?;
    folder.finish_part(&part, layout::OUTPUT)?;
    Ok(())
}
