//! The local executor: renders a film on threads of this process.
//!
//! Guarantees: stages run in the order of the film's graph, concurrently where it allows that; in a new
//! folder, a rejected brief and a failed render leave no file behind; a cancelled render leaves no partial
//! file and no process, retains finished stages, and tells vendors to cancel; a killed render resumes after
//! its finished stages; a finished film retains its intermediate files, so that a changed brief redraws only
//! the changed parts.
//!
//! This module does not implement stages ([`Film`]). The other executor is the worker.
//!
//! Start with [`render`].

use crate::PipelineError;
use crate::draw_plan::DrawPlan;
use crate::environment::Environment;
use crate::film::{Film, FilmSource, StageEnd};
use crate::folder::JobIdentity;
use crate::options::RenderOptions;
use crate::owned_folder::{OwnedFolder, new_job};
use crate::receipt::Receipt;
use pytoon_core::graph::{FilmGraph, StageId};
use pytoon_engines::engine_manager::SceneMemo;
use pytoon_process::{SystemError, threads, yield_to_encoder};
use pytoon_telemetry::Event;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread::Scope;
use std::time::{Duration, Instant};

/// The interval at which a waiting executor checks for cancellation.
const CANCEL_LOOK: Duration = Duration::from_millis(50);
/// Mixing starts once at most one in this many chunks still waits for a slot. Mixing takes less time than drawing the
/// last chunks, and uses the cores that they leave idle.
const PART_BESIDE_SOUND: usize = 5;
/// Maximum number of scenes that call engines at the same time. A scene that waits for its vendor does not count.
const MOST_SCENES: usize = 16;

/// The result of rendering a film.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The job's folder.
    pub folder: PathBuf,
    /// The receipt of the film.
    pub receipt: Receipt,
}

/// Renders a film into the given folder. A cancelled or held render retains its finished stages for the next run.
pub fn render(
    env: Environment,
    source: FilmSource,
    root: &Path,
    options: RenderOptions,
) -> Result<Rendered, PipelineError> {
    env.progress.stage("resolve");
    let owned = OwnedFolder::open(root)?;
    match make(env, source, root, &owned, options) {
        Ok(receipt) => {
            // The film is published; without its intermediate files the next render only takes longer.
            if let Err(error) = owned.finish() {
                let detail = format!("failed to store the intermediate files of the film: {error}");
                Event::Warning { detail: &detail }.emit();
            }
            Ok(Rendered { folder: root.to_owned(), receipt })
        }
        Err(error) => {
            if error.is_cancelled() || error.is_held() {
                owned.pause();
            } else {
                owned.abandon();
            }
            Err(error)
        }
    }
}

fn make(
    env: Environment,
    source: FilmSource,
    root: &Path,
    owned: &OwnedFolder,
    options: RenderOptions,
) -> Result<Receipt, PipelineError> {
    let job = owned.job();
    let engines = env.engines.clone();
    let share = DrawPlan::of_cores(env.threads());
    let film =
        Film::open(env, root, job.clone(), source, options)?.with_draw_threads(share.threads);
    engines.take_over_job(&job.id)?;
    film.prepare_frame_outputs()?;
    let made = Executor { film: &film, chunks: share.chunks }.run(None);
    let receipt = made.map_err(|Stopped { stage, error }| {
        // A render is cancelled in all the stages that run at that moment.
        let (none, reason) = match error.is_cancelled() {
            true => ("render", "cancelled".to_owned()),
            false => ("resolve", error.to_string()),
        };
        let stage = stage.map_or_else(|| none.to_owned(), |stage| stage.to_string());
        Event::JobFailed { stage: &stage, reason: &reason }.emit();
        if error.is_cancelled() {
            // Vendors that cannot be reached continue; their clips are used next time.
            let _ = engines.cancel_job(&job.id);
        }
        *error
    })?;
    receipt.ok_or_else(|| PipelineError::Internal("the film was not published".into()))
}

/// Runs the stages of a film up to `last`, in a folder that the caller may delete.
pub(crate) fn run_until(
    last: &StageId,
    env: Environment,
    source: FilmSource,
    root: &Path,
    job: Option<JobIdentity>,
) -> Result<Film, PipelineError> {
    let job = job.unwrap_or_else(new_job);
    let film = Film::open(env, root, job, source, RenderOptions::default())?;
    let made = Executor { film: &film, chunks: 1 }.run(Some(last));
    made.map_err(|stopped| *stopped.error)?;
    Ok(film)
}

/// The error that stopped the executor, and the stage in which it occurred.
struct Stopped {
    /// The stage that failed; `None` if the executor itself detected a cancel.
    stage: Option<StageId>,
    error: Box<PipelineError>,
}

/// The executor of one film's stages.
struct Executor<'a> {
    film: &'a Film,
    /// The number of chunks that are drawn at the same time.
    chunks: usize,
}

/// The stages of a render that have finished, are running or wait for a vendor, and the receipt of the published
/// film.
#[derive(Default)]
struct Standing {
    done: BTreeSet<StageId>,
    running: BTreeSet<StageId>,
    /// Stages that wait for a vendor, each with the time of its next run and its scene's progress.
    waiting: BTreeMap<StageId, (Instant, SceneMemo)>,
    receipt: Option<Receipt>,
}

type Ended = (StageId, Result<StageEnd, PipelineError>);

impl Executor<'_> {
    /// Runs all stages, or those up to `until`. Returns the receipt if the film was published.
    fn run(&self, until: Option<&StageId>) -> Result<Option<Receipt>, Stopped> {
        let mut graph = self.film.graph();
        let mut standing = Standing::default();
        let mut stopped: Option<Stopped> = None;
        let cancel = &self.film.env().runner.cancel;
        let (sender, ends) = channel::<Ended>();
        std::thread::scope(|scope| {
            loop {
                if stopped.is_none() && !until.is_some_and(|last| standing.done.contains(last)) {
                    while let Some(stage) = self.next(&graph, &standing) {
                        self.announce(&stage, &standing);
                        let memo = standing.waiting.remove(&stage);
                        let memo = memo.map(|(_, memo)| memo).unwrap_or_default();
                        standing.running.insert(stage.clone());
                        self.start(scope, &sender, stage, memo);
                    }
                }
                if standing.running.is_empty() && (stopped.is_some() || standing.waiting.is_empty())
                {
                    break;
                }
                match ends.recv_timeout(CANCEL_LOOK) {
                    Ok((stage, Ok(end))) => self.note_end(stage, end, &mut standing, &mut graph),
                    Ok((stage, Err(error))) => {
                        standing.running.remove(&stage);
                        stopped
                            .get_or_insert(Stopped { stage: Some(stage), error: Box::new(error) });
                    }
                    // No stage ended in the meantime.
                    Err(_) => {}
                }
                if stopped.is_none() && cancel.is_cancelled() {
                    let error = Box::new(SystemError::Cancelled.into());
                    stopped = Some(Stopped { stage: None, error });
                }
            }
        });
        match stopped {
            Some(stopped) => Err(stopped),
            None => Ok(standing.receipt),
        }
    }

    /// Returns the next stage that can start now; `None` if every stage is done, runs, or waits for a vendor, a slot
    /// or another stage.
    fn next(&self, graph: &FilmGraph, standing: &Standing) -> Option<StageId> {
        let running =
            |is: fn(&StageId) -> bool| standing.running.iter().filter(|it| is(it)).count();
        let now = Instant::now();
        let is_chunk: fn(&StageId) -> bool = |it| matches!(it, StageId::Chunk(_));
        let chunks = graph.nodes().iter().filter(|node| is_chunk(&node.stage)).count();
        let ready = graph.ready(&standing.done).filter(|it| is_chunk(it));
        let waiting = ready.filter(|it| !standing.running.contains(it)).count();
        let can_start = |stage: &&StageId| {
            let has_place = match stage {
                StageId::Chunk(_) => running(is_chunk) < self.chunks,
                StageId::Scene(_) => running(|it| matches!(it, StageId::Scene(_))) < MOST_SCENES,
                StageId::Mix => waiting * PART_BESIDE_SOUND <= chunks,
                StageId::Plan | StageId::Voice | StageId::Publish => true,
            };
            let is_due = standing.waiting.get(stage).is_none_or(|(until, _)| *until <= now);
            has_place && is_due && !standing.running.contains(stage)
        };
        graph.ready(&standing.done).find(can_start).cloned()
    }

    /// Reports the phase `engines` or `draw` to the progress sink when its first stage starts. The first scene also
    /// starts the health checks of the engines.
    fn announce(&self, stage: &StageId, standing: &Standing) {
        let env = self.film.env();
        let mut begun =
            standing.done.iter().chain(&standing.running).chain(standing.waiting.keys());
        match stage {
            StageId::Scene(_) if !begun.any(|it| matches!(it, StageId::Scene(_))) => {
                env.progress.stage("engines");
                self.film.report_engine_health();
            }
            StageId::Mix | StageId::Chunk(_)
                if !begun.any(|it| matches!(it, StageId::Mix | StageId::Chunk(_))) =>
            {
                env.progress.stage("draw");
            }
            _ => {}
        }
    }

    fn start<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        sender: &Sender<Ended>,
        stage: StageId,
        memo: SceneMemo,
    ) {
        let film = self.film;
        let run = |stage: StageId, memo: SceneMemo, sender: Sender<Ended>| {
            if stage == StageId::Mix {
                yield_to_encoder();
            }
            let end = catch_unwind(AssertUnwindSafe(|| film.run(&stage, memo)));
            let end = end.unwrap_or_else(|_| {
                Err(PipelineError::Internal(format!("the stage {stage} ended unexpectedly")))
            });
            // The executor waits for all stages that it started.
            let _ = sender.send((stage, end));
        };
        let (own_stage, own_memo, own_sender) = (stage.clone(), memo.clone(), sender.clone());
        let started = threads::spawn_in(scope, move || run(own_stage, own_memo, own_sender));
        if started.is_err() {
            // No thread could be started, so this one does the work.
            let end = film.run(&stage, memo);
            let _ = sender.send((stage, end));
        }
    }

    fn note_end(
        &self,
        stage: StageId,
        end: StageEnd,
        standing: &mut Standing,
        graph: &mut FilmGraph,
    ) {
        standing.running.remove(&stage);
        match end {
            StageEnd::Later { memo, wait } => {
                standing.waiting.insert(stage, (Instant::now() + wait, *memo));
                return;
            }
            StageEnd::Voiced(film) => {
                graph.grow(&film.shape());
                // This process renders one film; the voices are no longer needed.
                self.film.env().voices.clear();
            }
            StageEnd::Published(receipt) => standing.receipt = Some(*receipt),
            StageEnd::Done | StageEnd::Scene(_) => {}
        }
        standing.done.insert(stage);
    }
}
