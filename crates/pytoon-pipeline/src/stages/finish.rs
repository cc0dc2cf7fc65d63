//! Joins video and audio into the finished film, checks it, writes its receipt and publishes the artifacts.
//!
//! Guarantees: the film is published last, so it never appears before its receipt and captions.

use crate::PipelineError;
use crate::delivery::{self, Planned, ReceiptInput, SIDECARS, stage_time};
use crate::folder::JobFolder;
use crate::places::content_hash_of;
use crate::receipt::{Receipt, StageTime};
use crate::stage::{Stage, StageContext, Step};
use crate::stages::picture::{PictureReport, chunk};
use crate::stages::sound::{AUDIO, SoundReport};
use pytoon_core::artifact;
use pytoon_core::time::FrameRange;
use pytoon_core::timeline::Timeline;
use pytoon_media::encode::{chunk_list, join_command};
use pytoon_process::disk;
use pytoon_vocabulary::Frame;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

/// The file that lists the video chunks to join.
const CHUNK_LIST: &str = "chunks.ffconcat";

/// The stage that joins, checks and publishes the film.
pub(crate) struct PublishStage {
    /// The duration of each stage so far.
    pub(crate) stages: Vec<StageTime>,
    /// The files of the film, in the order in which they are published ([`published_files`]).
    pub(crate) files: Vec<String>,
    /// True if the self-check decodes every frame of the file.
    pub(crate) verify_full: bool,
}

#[derive(Serialize)]
pub(crate) struct PublishInput {
    pub(crate) planned: Planned,
    pub(crate) sound: SoundReport,
    pub(crate) picture: PictureReport,
    /// The index of the chunk that contains the best cover.
    pub(crate) cover: usize,
    pub(crate) target_lufs: f64,
    /// The sizes and content hashes of the encoded video chunks and the encoded audio.
    pub(crate) pieces: Vec<String>,
}

impl PublishInput {
    /// Returns the sizes and content hashes of a film's encoded chunks and audio.
    pub(crate) fn pieces(chunks: usize, folder: &JobFolder) -> Vec<String> {
        let files = (0..chunks).map(chunk::video).chain([AUDIO.to_owned()]);
        files.map(|name| content_hash_of(&folder.work_path(&name))).collect()
    }
}

impl Stage for PublishStage {
    type Input = PublishInput;
    type Output = Receipt;

    fn name(&self) -> String {
        "publish".to_owned()
    }

    fn artifacts(&self, _: &Receipt) -> Vec<String> {
        vec![artifact::OUTPUT.to_owned(), artifact::METADATA.to_owned()]
    }

    /// Returns true if the published files equal those in the work folder and no full check is requested.
    fn is_usable(&self, context: &StageContext<'_>, _: &Receipt) -> Result<bool, PipelineError> {
        let folder = context.folder;
        let is_there = |name: &str| {
            let place = folder.published_path(name);
            place.is_file() && content_hash_of(&place) == content_hash_of(&folder.work_path(name))
        };
        Ok(!self.verify_full && self.files.iter().all(|name| is_there(name)))
    }

    fn run(
        &self,
        context: &StageContext<'_>,
        input: &PublishInput,
    ) -> Result<Step<Receipt>, PipelineError> {
        let (folder, timeline) = (context.folder, &input.planned.timeline);
        let begun = Instant::now();
        context.progress().stage("finish");
        let cover = folder.work_path(&chunk::cover_file(input.cover));
        disk::place_whole(&cover, &folder.new_work(artifact::THUMBNAIL)?)?;
        join(context, timeline)?;
        let mut stages = self.stages.clone();
        stages.push(stage_time("finish", begun.elapsed(), false));
        context.progress().stage("check");
        let receipt = delivery::receipt(
            context,
            ReceiptInput {
                planned: &input.planned,
                sound: &input.sound,
                picture: &input.picture,
                stages,
                verify_full: self.verify_full,
                target_lufs: input.target_lufs,
            },
        )?;
        put_in_place(folder, &self.files)?;
        remove_other_chunks(folder, timeline.chunks().len());
        Ok(Step::Done(receipt))
    }
}

/// Joins the chunks and the audio into `output.mp4` in the work folder.
fn join(context: &StageContext<'_>, timeline: &Timeline) -> Result<(), PipelineError> {
    let folder = context.folder;
    let seconds = |frames: Frame| timeline.frame_rate.frame_to_seconds(frames);
    let chunks: Vec<FrameRange> = timeline.chunks();
    let names: Vec<String> = (0..chunks.len()).map(chunk::video).collect();
    let lengths = chunks.iter().map(|range| seconds(range.len()));
    let list = chunk_list(names.iter().map(String::as_str).zip(lengths));
    folder.write(CHUNK_LIST, list.as_bytes())?;
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (list, audio) = (folder.work_path(CHUNK_LIST), absolute(&folder.work_path(AUDIO)));
    folder.make(artifact::OUTPUT, |part| {
        let part = absolute(part);
        let command = join_command(&list, &audio, seconds(timeline.total_frames), &part);
        context.runner().run(&command, Vec::new()).map(drop).map_err(PipelineError::from)
    })
}

/// Returns the files of a film in the order in which they are published. The film comes last.
pub(crate) fn published_files(folder: &JobFolder, timeline: &Timeline) -> Vec<String> {
    let (mut before, after) = delivery::artifacts(timeline);
    // A film made from a timeline has no brief and no plan.
    before.retain(|name| folder.work_path(name).is_file());
    let takes = delivery::takes(timeline);
    before.into_iter().chain(takes).chain(after).map(str::to_owned).collect()
}

fn put_in_place(folder: &JobFolder, files: &[String]) -> Result<(), PipelineError> {
    folder.place_all(files)?;
    // Artifacts of an earlier film of this folder that this one does not have.
    let kept: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    for name in SIDECARS.into_iter().filter(|name| !kept.contains(name)) {
        disk::remove_file(&folder.published_path(name))?;
    }
    let voice = folder.published_path(artifact::VOICE_DIR);
    for take in std::fs::read_dir(&voice).into_iter().flatten().flatten() {
        let name = format!("{}/{}", artifact::VOICE_DIR, take.file_name().to_string_lossy());
        if !kept.contains(name.as_str()) {
            disk::remove_file(&take.path())?;
        }
    }
    Ok(())
}

/// Removes all files of the chunk folder except those of the film's chunks.
fn remove_other_chunks(folder: &JobFolder, chunks: usize) {
    let kept: BTreeSet<String> = (0..chunks).flat_map(chunk::files).collect();
    for entry in
        std::fs::read_dir(folder.work_path(artifact::CHUNKS_DIR)).into_iter().flatten().flatten()
    {
        let name = format!("{}/{}", artifact::CHUNKS_DIR, entry.file_name().to_string_lossy());
        if !kept.contains(&name) {
            // A leftover takes some space and does no harm.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
