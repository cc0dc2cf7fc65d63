//! Runs stages of films as tasks of the queue, and maps their results and failures to jobs.
//!
//! Guarantees: the tasks that follow are those of the film's graph; a failure names its stage; a temporary
//! failure is retried, up to three attempts in total, and a failure of the brief is not.

use crate::{Outcome, TaskRunner, brief, film_versions, partial_files};
use pytoon_core::graph::{FilmGraph, StageId};
use pytoon_pipeline::film::{Film, FilmSource, JobIdentity, StageEnd};
use pytoon_pipeline::receipt::SceneReceipt;
use pytoon_pipeline::{Environment, PipelineError, RenderOptions};
use pytoon_process::{CancelToken, Runner, Shortage, SystemError};
use pytoon_records::job::files::FileStore;
use pytoon_records::job::queue::{Failure, Finish, Hold, Lease, MAX_TRIES, TaskQueue};
use pytoon_records::job::store::{DEGRADED, JobError, JobStore, SceneChange};
use pytoon_records::job::versions::VersionStore;
use pytoon_records::job::{JobEvent, NewTask, SceneEvent, TaskKind};
use pytoon_records::ledger::Fence;
use pytoon_storage::StorageError;
use pytoon_storage::job_files::folder_of;
use pytoon_telemetry::{Event, ServiceEvent};
use pytoon_vocabulary::JobId;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The backoff before the second attempt. Each further one is four times as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The pause before a task is retried after a full disk, an unreachable database or a lack of descriptors.
const RESOURCE_PAUSE: Duration = Duration::from_secs(5);

/// The executor that runs film stages as tasks of the queue.
pub struct FilmRunner {
    /// The handles and the configuration of a render.
    pub env: Environment,
    /// The store of the films' jobs.
    pub jobs: Arc<dyn JobStore>,
    /// The queue of tasks.
    pub queue: Arc<dyn TaskQueue>,
    /// The store of film versions.
    pub versions: Arc<dyn VersionStore>,
    /// The store of uploaded files.
    pub files: Arc<dyn FileStore>,
    /// The time for which a claim is valid without a heartbeat.
    pub lease: Duration,
}

impl fmt::Debug for FilmRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilmRunner").field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl TaskRunner for FilmRunner {
    fn ready(&self) -> Result<(), String> {
        let folder = self.env.engines.storage().folder();
        self.env.check_room(folder).map_err(|error| error.to_string())
    }

    fn tidy(&self) -> Duration {
        let age = Duration::from_secs(self.env.config.settings.service.parts_kept_seconds);
        log_removed(partial_files::remove_old(self.env.engines.storage().folder(), age));
        (age / 4).clamp(Duration::from_secs(2), Duration::from_secs(900))
    }

    fn run(&self, lease: &Lease, cancel: &CancelToken) -> Outcome {
        match self.step_with_storage(lease, cancel) {
            Ok(outcome) => outcome,
            Err(error) if error.is_cancelled() => Outcome::Stopped,
            // Not the task's fault: it waits, and that is not a failed attempt.
            Err(error) if error.is_exhausted() => {
                put_off(lease, &error.to_string(), error.shortage())
            }
            Err(error) => Outcome::Failed(failure(lease, &error)),
        }
    }
}

impl FilmRunner {
    /// Runs the task of a lease. With an object store, first fetches the files that other machines made, and
    /// afterwards uploads the new ones. A cancel task only asks the job's vendors to cancel.
    fn step_with_storage(
        &self,
        lease: &Lease,
        cancel: &CancelToken,
    ) -> Result<Outcome, PipelineError> {
        if lease.kind == TaskKind::Cancel {
            // It needs no file, and must succeed even if the brief's files are gone.
            self.env.engines.cancel_job(&lease.job.id)?;
            return Ok(Outcome::Finished(Finish::default()));
        }
        let storage = self.env.engines.storage();
        if storage.bucket().is_none() {
            return self.step(lease, cancel);
        }
        let stop = || cancel.is_cancelled();
        let mut copy = storage.job(lease.job.id.as_str());
        copy.fetch(&stop)?;
        let outcome = self.step(lease, cancel)?;
        if matches!(outcome, Outcome::Finished(_)) {
            self.check_lease(lease)?;
            copy.send(&stop)?;
        }
        Ok(outcome)
    }

    /// Renews the lease. Returns an error if it is lost, for example because this machine was suspended, or if the
    /// job is being stopped.
    fn check_lease(&self, lease: &Lease) -> Result<(), PipelineError> {
        let beat = self.queue.task_beat(&lease.task_id, lease.token, self.lease);
        match tokio::runtime::Handle::current().block_on(beat)? {
            Hold::Ours => Ok(()),
            Hold::Stop | Hold::Lost => Err(StorageError::Stopped.into()),
        }
    }

    fn step(&self, lease: &Lease, cancel: &CancelToken) -> Result<Outcome, PipelineError> {
        let storage = self.env.engines.storage();
        let file = brief::load(&lease.job.brief, storage, self.files.as_ref())?;
        let holder = lease.job.id.as_str().into();
        let runner = Runner { cancel: cancel.clone(), holder, ..self.env.runner.clone() };
        let unanswered = i64::from(self.env.config.settings.service.unanswered_seconds);
        let claim = Some(Fence {
            task_id: lease.task_id.clone(),
            token: lease.token,
            unanswered_ms: unanswered * 1000,
        });
        let env = Environment { runner, claim, ..self.env.clone() };
        let job = JobIdentity { id: lease.job.id.clone(), started_at_ms: lease.job.asked_at };
        let root = env.engines.storage().path(&folder_of(lease.job.id.as_str()));
        let Some(stage) = StageId::from_name(&lease.name) else {
            return Err(PipelineError::Internal(format!(
                "this version of pytoon has no stage `{}`",
                lease.name
            )));
        };
        let source = FilmSource::Brief(Box::new(file));
        let film = Film::open(env, &root, job, source, RenderOptions::default())?;
        let memo = serde_json::from_value(lease.memo.clone()).unwrap_or_default();
        let end = match film.run(&stage, memo) {
            Err(PipelineError::Outdated(made)) => return self.start_over(lease, &made),
            end => end?,
        };
        if let StageEnd::Later { memo, wait } = end {
            let memo = serde_json::to_value(memo)
                .map_err(|error| PipelineError::Internal(error.to_string()))?;
            return Ok(Outcome::Later { wait, memo });
        }
        if stage == StageId::Publish {
            self.keep_version(&lease.job.id, &root)?;
            // No other task of this job is running any more.
            log_removed(partial_files::remove_all(&root));
        }
        Ok(Outcome::Finished(finish(&stage, end)))
    }

    /// Links the published files into the folder of the job's next version. The row of the version is written with the
    /// result of the task; if this task is run again, it replaces the folder.
    fn keep_version(&self, id: &JobId, root: &Path) -> Result<(), PipelineError> {
        let versions = self.versions.version_list(id);
        let versions = tokio::runtime::Handle::current().block_on(versions)?;
        let next = versions.first().map_or(1, |latest| latest.version + 1);
        Ok(film_versions::keep(root, next)?)
    }

    /// Restarts a job whose earlier stages were run by another version of Pytoon or for another brief.
    /// Artifacts that are still valid and purchases are reused.
    fn start_over(&self, lease: &Lease, made: &StageId) -> Result<Outcome, PipelineError> {
        let detail = format!(
            "job {}: stage `{made}` was run by another version of pytoon, or for another brief; \
            the job starts over and uses the clips that were bought",
            lease.job.id
        );
        Event::Warning { detail: &detail }.emit();
        let brief = lease.job.brief.clone();
        let redo = self.jobs.job_redo(&lease.job.id, brief, JobEvent::StartedOver);
        tokio::runtime::Handle::current().block_on(redo)?;
        Ok(Outcome::Stopped)
    }
}

/// Converts the result of a stage to the tasks that follow it and the changes to scenes.
fn finish(stage: &StageId, end: StageEnd) -> Finish {
    match end {
        StageEnd::Voiced(film) => {
            let scenes = film.scenes.iter().map(|scene| SceneChange {
                scene_id: scene.id.clone(),
                event: if scene.drawn_outside { SceneEvent::Ordered } else { SceneEvent::Planned },
                engine_used: Some(scene.engine_asked.clone()),
                fallback_used: false,
                render_duration_ms: None,
                error: None,
            });
            let then = NewTask::of(&FilmGraph::after_voice(&film.shape()));
            Finish { then, scenes: scenes.collect(), publishes: false }
        }
        StageEnd::Scene(scene) => {
            let StageId::Scene(scene_id) = stage else { return Finish::default() };
            let drawn = SceneChange {
                scene_id: scene_id.clone(),
                event: SceneEvent::Drawn,
                engine_used: Some(scene.engine_used),
                fallback_used: scene.fallback_used,
                render_duration_ms: None,
                error: scene.error,
            };
            Finish { scenes: vec![drawn], ..Finish::default() }
        }
        StageEnd::Published(receipt) => {
            let scenes = receipt.scenes.iter().map(|scene| SceneChange {
                scene_id: scene.scene_id.clone().into(),
                event: SceneEvent::Drawn,
                engine_used: Some(scene.engine_used.clone()),
                fallback_used: scene.fallback_used,
                render_duration_ms: engine_time_ms(scene),
                error: scene.fallback_used.then(|| scene.reason.clone()),
            });
            let scenes = scenes.collect();
            Finish { scenes, publishes: true, ..Finish::default() }
        }
        StageEnd::Done | StageEnd::Later { .. } => Finish::default(),
    }
}

/// Logs the number of removed partial files, if there were any.
fn log_removed(files: usize) {
    if files > 0 {
        ServiceEvent::PartsRemoved { files }.emit();
    }
}

/// Returns the time that external engines worked on a scene, in milliseconds; `None` if none was tried.
fn engine_time_ms(scene: &SceneReceipt) -> Option<i64> {
    let spent: u64 = scene.attempts.iter().map(|attempt| attempt.latency_ms).sum();
    (!scene.attempts.is_empty()).then(|| i64::try_from(spent).unwrap_or(i64::MAX))
}

/// Converts an error to the failure of a task, with its code, its message, and the decision to retry or to hold.
fn failure(lease: &Lease, error: &PipelineError) -> Failure {
    let held = error.is_held();
    let (code, may_pass) = match error {
        PipelineError::Held(_) | PipelineError::Degraded(_) => (DEGRADED, false),
        _ if error.is_input() => ("invalid_brief", false),
        PipelineError::Ledger(_) => ("store_unavailable", true),
        PipelineError::Media(SystemError::File { .. }) | PipelineError::Storage(_) => {
            ("storage", true)
        }
        PipelineError::Media(_) => ("media", true),
        PipelineError::Voice(_) => ("voice", true),
        _ => ("internal", true),
    };
    let tries_left = may_pass && lease.attempts < MAX_TRIES;
    let pause = FIRST_PAUSE * 4u32.pow(lease.attempts.saturating_sub(1).min(4));
    Failure {
        error: JobError {
            code: code.to_owned(),
            stage: lease.kind.as_str().to_owned(),
            provider: None,
            message: pytoon_core::text::without_folders(&error.to_string()),
            // A retry makes sense after a person's fix (a key, an engine, the disk).
            retryable: may_pass || held || matches!(error, PipelineError::Degraded(_)),
        },
        retry_in: tries_left.then_some(pause),
        held,
    }
}

/// Defers a task for `RESOURCE_PAUSE` because a resource is exhausted, and logs the reason.
fn put_off(lease: &Lease, reason: &str, shortage: Option<Shortage>) -> Outcome {
    let wait = RESOURCE_PAUSE;
    let retry_in_ms = wait.as_millis() as u64;
    let event = if shortage == Some(Shortage::Disk) {
        ServiceEvent::DiskFull { reason, retry_in_ms }
    } else {
        ServiceEvent::ResourceExhausted { reason, retry_in_ms }
    };
    event.emit();
    Outcome::Later { wait, memo: lease.memo.clone() }
}

/// Returns the outcome of a task that panicked: a delay if a library panicked because it could not start a thread,
/// and a failure otherwise.
pub(crate) fn after_panic(lease: &Lease, ended: tokio::task::JoinError) -> Outcome {
    let payload = ended.try_into_panic().ok();
    let said = payload.as_ref().and_then(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| payload.downcast_ref::<&str>().copied())
    });
    if let Some(said) = said.filter(|said| said.contains("kind: WouldBlock")) {
        return put_off(
            lease,
            &format!("failed to start a thread: {said}"),
            Some(Shortage::Process),
        );
    }
    Outcome::Failed(panic_failure(lease))
}

/// Returns the failure of a task that panicked.
pub(crate) fn panic_failure(lease: &Lease) -> Failure {
    let error = PipelineError::Internal(format!("the stage {} ended unexpectedly", lease.name));
    failure(lease, &error)
}
