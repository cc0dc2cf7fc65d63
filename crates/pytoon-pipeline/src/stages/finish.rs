//! Joins video and audio into the finished film, checks it, writes its receipt and publishes the artifacts.
//!
//! Guarantees: the film is published last, so it never appears before its receipt and captions.

use crate::PipelineError;
use crate::delivery::{self, Planned, ReceiptInput, SIDECARS, stage_time};
use crate::folder::JobFolder;
use crate::places::content_hash_of;
use crate::receipt::{FurtherOutput, Receipt, StageTime};
use crate::rendition::Rendition;
use crate::stage::{Stage, StageContext, Step};
use crate::stages::picture::PictureReport;
use crate::stages::picture::chunk::ChunkStage;
use crate::stages::sound::{AUDIO, SoundReport};
use pytoon_core::artifact;
use pytoon_core::layout::Format;
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

/// The stage that joins, checks and publishes one film of the brief.
pub(crate) struct PublishStage {
    pub(crate) rendition: Rendition,
    /// The duration of each stage so far.
    pub(crate) stages: Vec<StageTime>,
    /// The files of the film, in the order in which they are published ([`published_files`]).
    pub(crate) files: Vec<String>,
    /// True if the self-check decodes every frame of the file.
    pub(crate) verify_full: bool,
    /// The names of all chunk files of all films.
    pub(crate) chunk_files: BTreeSet<String>,
}

#[derive(Serialize)]
pub(crate) struct PublishInput {
    /// The films in further formats, which are published before the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) further: Vec<FurtherOutput>,
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
    pub(crate) fn pieces(chunks: &[ChunkStage], folder: &JobFolder) -> Vec<String> {
        let files = chunks.iter().map(|chunk| chunk.video()).chain([AUDIO.to_owned()]);
        files.map(|name| content_hash_of(&folder.work_path(&name))).collect()
    }
}

impl Stage for PublishStage {
    type Input = PublishInput;
    type Output = Receipt;

    fn name(&self) -> String {
        self.rendition.stage("publish")
    }

    fn artifacts(&self, _: &Receipt) -> Vec<String> {
        [artifact::OUTPUT, artifact::METADATA].map(|name| self.rendition.file(name)).to_vec()
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
        let cover = ChunkStage { rendition: self.rendition, index: input.cover }.cover_file();
        let thumbnail = folder.new_work(&self.rendition.file(artifact::THUMBNAIL))?;
        disk::place_whole(&folder.work_path(&cover), &thumbnail)?;
        join(context, self.rendition, timeline)?;
        let mut stages = self.stages.clone();
        stages.push(stage_time("finish", begun.elapsed(), false));
        context.progress().stage("check");
        let receipt = delivery::receipt(
            context,
            ReceiptInput {
                rendition: self.rendition,
                further: &input.further,
                planned: &input.planned,
                sound: &input.sound,
                picture: &input.picture,
                stages,
                verify_full: self.verify_full,
                target_lufs: input.target_lufs,
            },
        )?;
        folder.place_all(&self.files)?;
        if self.rendition == Rendition::First {
            remove_old_artifacts(folder, &self.files, &input.further)?;
            remove_other_chunks(folder, &self.chunk_files);
        }
        Ok(Step::Done(receipt))
    }
}

/// Joins the chunks of a film and the audio into its file in the work folder.
fn join(
    context: &StageContext<'_>,
    rendition: Rendition,
    timeline: &Timeline,
) -> Result<(), PipelineError> {
    let folder = context.folder;
    let seconds = |frames: Frame| timeline.frame_rate.frame_to_seconds(frames);
    let chunks: Vec<FrameRange> = timeline.chunks();
    let names: Vec<String> =
        (0..chunks.len()).map(|index| ChunkStage { rendition, index }.video()).collect();
    let lengths = chunks.iter().map(|range| seconds(range.len()));
    let list = chunk_list(names.iter().map(String::as_str).zip(lengths));
    let list_file = rendition.file(CHUNK_LIST);
    folder.write(&list_file, list.as_bytes())?;
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (list, audio) = (folder.work_path(&list_file), absolute(&folder.work_path(AUDIO)));
    folder.make(&rendition.file(artifact::OUTPUT), |part| {
        let part = absolute(part);
        let command = join_command(&list, &audio, seconds(timeline.total_frames), &part);
        context.runner().run(&command, Vec::new()).map(drop).map_err(PipelineError::from)
    })
}

/// Returns the files of a film in the order in which they are published. The film comes last. The files that films
/// share belong to the first.
pub(crate) fn published_files(
    folder: &JobFolder,
    rendition: Rendition,
    timeline: &Timeline,
) -> Vec<String> {
    let own = delivery::own_artifacts(rendition, timeline);
    if rendition != Rendition::First {
        return own;
    }
    // A film made from a timeline has no brief and no plan.
    let is_there = |name: &&str| {
        let of_plan = [artifact::BRIEF, artifact::SCENE_GRAPH].contains(name);
        !of_plan || folder.work_path(name).is_file()
    };
    let shared = delivery::shared_artifacts().into_iter().filter(is_there);
    let takes = delivery::takes(timeline);
    shared.chain(takes).map(str::to_owned).chain(own).collect()
}

/// Removes the artifacts of earlier films of this folder that its new films do not have.
fn remove_old_artifacts(
    folder: &JobFolder,
    first: &[String],
    further: &[FurtherOutput],
) -> Result<(), PipelineError> {
    let kept: BTreeSet<&str> = first.iter().map(String::as_str).collect();
    for name in SIDECARS.into_iter().filter(|name| !kept.contains(name)) {
        disk::remove_file(&folder.published_path(name))?;
        for film in further {
            disk::remove_file(&folder.published_path(&artifact::in_format(name, film.format)))?;
        }
    }
    let is_gone = |format: &Format| further.iter().all(|film| film.format != *format);
    for format in Format::ALL.into_iter().filter(is_gone) {
        for name in artifact::PER_FORMAT {
            disk::remove_file(&folder.published_path(&artifact::in_format(name, format)))?;
        }
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

/// Removes all files of the chunk folder except `kept`.
fn remove_other_chunks(folder: &JobFolder, kept: &BTreeSet<String>) {
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
