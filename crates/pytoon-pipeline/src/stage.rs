//! A stage of a film, and the cache that all stages share.
//!
//! A stage reads its [`Stage::Input`], which is hashed completely, and the handles of a [`StageContext`]:
//! external programs, fonts, engines, and the job's folder. The configuration and the brief reach a stage
//! through its input.
//!
//! Guarantees: a stage whose input and artifacts are unchanged, and whose output is still usable, is not run;
//! a stage that is killed at any moment can be run again.
//!
//! This module does not define the stages or their order ([`pytoon_core::graph`]).
//!
//! Start with [`run_cached`].

use crate::assets::PictureStore;
use crate::engine_session::EngineSession;
use crate::environment::{Environment, ProgressSink};
use crate::folder::JobFolder;
use crate::{PipelineError, Result};
use pytoon_compositor::stills::SharedStills;
use pytoon_config::{BriefFile, ConfigError};
use pytoon_engines::engine_manager::SceneMemo;
use pytoon_graphics::Frame;
use pytoon_media::encode::EncoderPool;
use pytoon_media::fonts::FontFinder;
use pytoon_process::{CommandLine, Runner};
use pytoon_records::ledger::Fence;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A unit of work that can be resumed.
pub(crate) trait Stage {
    /// The hashed input. Its hash and Pytoon's version are the cache key.
    type Input: Serialize;
    /// The result for other stages, stored as JSON in the work folder.
    type Output: Serialize + DeserializeOwned;

    /// Returns the name of the stage in the log and in `.work/steps`.
    fn name(&self) -> String;

    /// Returns the name of the stage's output file in the work folder.
    fn output_file(&self) -> String {
        format!("{}.json", self.name())
    }

    /// Returns the names of the other files that the stage writes into the work folder.
    fn artifacts(&self, _output: &Self::Output) -> Vec<String> {
        Vec::new()
    }

    /// Returns true if the stored output can still be used, given that its artifacts are unchanged.
    fn is_usable(&self, _context: &StageContext<'_>, _output: &Self::Output) -> Result<bool> {
        Ok(true)
    }

    /// Runs the stage, as far as possible without waiting for vendors.
    fn run(&self, context: &StageContext<'_>, input: &Self::Input) -> Result<Step<Self::Output>>;
}

/// The result of one run of a stage.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step<T> {
    /// The stage is done.
    Done(T),
    /// The stage waits for a vendor. It must be run again after a delay.
    Later {
        /// The progress of the scene, to pass to the next run.
        memo: Box<SceneMemo>,
        /// The delay before the next run.
        wait: Duration,
    },
}

/// The output of a stage, with its origin and the time spent on it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Output<T> {
    pub(crate) value: T,
    /// True if an earlier run produced the output.
    pub(crate) reused: bool,
    /// The time that this run spent on creating or looking up the output.
    pub(crate) took: Duration,
}

/// Returns the stored output of a stage if its input and artifacts are unchanged and the output is still
/// usable. Otherwise runs the stage, which may have to wait ([`Step::Later`]).
pub(crate) fn run_cached<S: Stage>(
    context: &StageContext<'_>,
    stage: &S,
    input: &S::Input,
) -> Result<Step<Output<S::Output>>> {
    let begun = Instant::now();
    let folder = context.folder;
    let (name, hash) = (stage.name(), folder.hash(input));
    if let Some((value, _)) = earlier(context, stage, &hash)? {
        return Ok(Step::Done(Output { value, reused: true, took: begun.elapsed() }));
    }
    // From here on the artifacts no longer match the note.
    folder.invalidate(&name)?;
    let value = match stage.run(context, input)? {
        Step::Done(value) => value,
        Step::Later { memo, wait } => return Ok(Step::Later { memo, wait }),
    };
    let took = begun.elapsed();
    let file = stage.output_file();
    folder.keep(&file, &StoredOutput { took_ms: took.as_millis() as u64, output: &value })?;
    let artifacts = stage.artifacts(&value);
    let all = std::iter::once(file.as_str()).chain(artifacts.iter().map(String::as_str));
    folder.mark_done(&name, &hash, all)?;
    Ok(Step::Done(Output { value, reused: false, took }))
}

/// The content of a stage's output file.
#[derive(Serialize, Deserialize)]
struct StoredOutput<T> {
    /// The time that the stage took to produce the output, in milliseconds.
    took_ms: u64,
    output: T,
}

/// Returns the stored or new output of a stage that never waits, as [`run_cached`] does.
pub(crate) fn cached_output<S: Stage>(
    context: &StageContext<'_>,
    stage: &S,
    input: &S::Input,
) -> Result<Output<S::Output>> {
    match run_cached(context, stage, input)? {
        Step::Done(output) => Ok(output),
        Step::Later { .. } => Err(PipelineError::Internal(format!(
            "the stage `{}` waits, which is not supported here",
            stage.name()
        ))),
    }
}

/// Returns the output that an earlier run produced from this input, if it is usable, and the time that the stage
/// took.
pub(crate) fn find_output<S: Stage>(
    context: &StageContext<'_>,
    stage: &S,
    input: &S::Input,
) -> Result<Option<(S::Output, Duration)>> {
    earlier(context, stage, &context.folder.hash(input))
}

fn earlier<S: Stage>(
    context: &StageContext<'_>,
    stage: &S,
    hash: &str,
) -> Result<Option<(S::Output, Duration)>> {
    if !context.folder.is_done(&stage.name(), hash) {
        return Ok(None);
    }
    let Some(StoredOutput { took_ms, output }) = context.folder.read_kept(&stage.output_file())
    else {
        return Ok(None);
    };
    let took = Duration::from_millis(took_ms);
    Ok(stage.is_usable(context, &output)?.then_some((output, took)))
}

/// Returns the last stored output of a stage, regardless of its input; `None` if there is none.
pub(crate) fn last_output<S: Stage>(folder: &JobFolder, stage: &S) -> Option<S::Output> {
    folder.read_kept::<StoredOutput<S::Output>>(&stage.output_file()).map(|kept| kept.output)
}

/// The handles that a stage may use. They are not part of the cache key.
#[derive(Clone, Copy)]
pub(crate) struct StageContext<'a> {
    /// The environment. Stages must not read its configuration, which reaches them through their input.
    pub(crate) env: &'a Environment,
    pub(crate) folder: &'a JobFolder,
    pub(crate) pictures: &'a Arc<PictureStore>,
    /// The brief's text, in which errors are located.
    pub(crate) file: Option<&'a BriefFile>,
    /// The file into which composed frames are also written, as raw YUV 4:2:0.
    pub(crate) frames_out: Option<&'a Path>,
    /// The file into which a hash of every composed frame is written, one per line.
    pub(crate) frame_hashes: Option<&'a Path>,
    /// The number of threads that draw the frames of one chunk.
    pub(crate) draw_threads: usize,
    pub(crate) buffers: &'a FrameBuffers,
    pub(crate) encoders: &'a EncoderPool,
    pub(crate) stills: &'a Arc<SharedStills>,
    /// The function that receives the number of newly drawn frames.
    pub(crate) frames_done: &'a (dyn Fn(i64) + Sync),
}

/// Reusable frame buffers. The films of a brief have frames of several sizes.
#[derive(Debug, Default)]
pub(crate) struct FrameBuffers(Mutex<Vec<Frame>>);

impl FrameBuffers {
    /// Returns `count` frame buffers with undefined content. Allocates those that the pool lacks.
    pub(crate) fn take(&self, count: usize, (width, height): (usize, usize)) -> Vec<Frame> {
        let mut kept = lock(&self.0);
        // Films are drawn one after the other, so frames of another size are rarely needed again.
        kept.retain(|frame| (frame.width(), frame.height()) == (width, height));
        let rest = kept.len().saturating_sub(count);
        let mut frames = kept.split_off(rest);
        drop(kept);
        frames.resize_with(count, || Frame::new(width, height));
        frames
    }

    pub(crate) fn give_back(&self, frames: impl IntoIterator<Item = Frame>) {
        lock(&self.0).extend(frames);
    }
}

impl<'a> StageContext<'a> {
    pub(crate) fn runner(&self) -> &'a Runner {
        &self.env.runner
    }

    pub(crate) fn fonts(&self) -> &'a FontFinder {
        &self.env.fonts
    }

    pub(crate) fn engines(&self) -> &'a EngineSession {
        &self.env.engines
    }

    pub(crate) fn progress(&self) -> &'a dyn ProgressSink {
        self.env.progress.as_ref()
    }

    /// Returns the lease under which a worker holds its task; `None` if no other process can hold it.
    pub(crate) fn claim(&self) -> Option<&'a Fence> {
        self.env.claim.as_ref()
    }

    /// Returns true if purchases are allowed.
    pub(crate) fn buys(&self) -> bool {
        self.env.buys
    }

    pub(crate) fn threads(&self) -> usize {
        self.env.threads()
    }

    /// Returns the current time as RFC 3339.
    pub(crate) fn now(&self) -> String {
        (self.env.clock)()
    }

    /// Returns an error that points to a field of the brief.
    pub(crate) fn field_error(&self, field: &str, reason: impl Into<String>) -> ConfigError {
        match self.file {
            Some(file) => file.error(field, reason),
            None => ConfigError::file(field, reason),
        }
    }

    /// Returns the version of eSpeak NG; `None` if its helper does not run.
    pub(crate) fn espeak_version(&self) -> Option<String> {
        let command = CommandLine::new("pytoon-espeak", "read its version").arg("--version");
        let out = self.runner().run(&command, Vec::new()).ok()?;
        Some(String::from_utf8_lossy(&out).lines().next()?.to_owned())
    }
}

/// Locks a mutex whose value stays consistent even after a panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a value into the work folder as indented JSON.
pub(crate) fn write_json(folder: &JobFolder, name: &str, value: &impl Serialize) -> Result<()> {
    let mut bytes =
        serde_json::to_vec_pretty(value).map_err(|e| PipelineError::Internal(e.to_string()))?;
    bytes.push(b'\n');
    Ok(folder.write(name, &bytes)?)
}
