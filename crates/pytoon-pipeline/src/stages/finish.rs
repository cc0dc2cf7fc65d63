//! Joins picture and sound into the finished file.

use crate::PipelineError;
use crate::environment::Environment;
use crate::folder::JobFolder;
use crate::stages::picture::VIDEO;
use crate::stages::sound::AUDIO;
use pytoon_core::layout;
use pytoon_core::timeline::Timeline;
use pytoon_media::ffmpeg::encode::mux_command;

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
