//! Films: what each kind of task does, and what its failures mean.
//!
//! Guarantees: a failure says its stage and what to do; what may pass is tried again, three times;
//! what is the brief's own fault is not.

use crate::{Outcome, TaskRunner, parts};
use pytoon_config::{BriefFile, read_brief};
use pytoon_core::job::store::{DEGRADED, Failure, Finish, JobError, Lease, SceneRow};
use pytoon_core::job::{JobStatus, TaskKind, tasks_after_voice};
use pytoon_media::process::{CancelToken, Runner};
use pytoon_media::{MediaError, disk};
use pytoon_pipeline::receipt::SceneReceipt;
use pytoon_pipeline::steps::{JobIdentity, SceneProgress, Steps};
use pytoon_pipeline::{Environment, PipelineError};
use pytoon_telemetry::ServiceEvent;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Attempts at a task whose failure may pass.
const MOST_TRIES: u32 = 3;
/// The pause before the second attempt; each further one is four times as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The pause of a task that found the disk full: its worker claims nothing before there is room.
const DISK_PAUSE: Duration = Duration::from_secs(5);

/// Makes films, task by task.
pub struct FilmRunner {
    /// What a render works with.
    pub env: Environment,
    /// The storage folder; jobs lie in `jobs/`.
    pub storage: PathBuf,
}

impl fmt::Debug for FilmRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilmRunner").field("storage", &self.storage).finish_non_exhaustive()
    }
}

impl TaskRunner for FilmRunner {
    fn ready(&self) -> Result<(), String> {
        let needed_mib = self.env.config.settings.limits.min_free_disk_mib;
        match disk::free_bytes(&self.storage).map(|bytes| bytes >> 20) {
            Some(free_mib) if free_mib < needed_mib => {
                let path = self.storage.clone();
                Err(MediaError::NoRoom { path, free_mib, needed_mib }.to_string())
            }
            _ => Ok(()),
        }
    }

    fn tidy(&self) -> Duration {
        let age = Duration::from_secs(self.env.config.settings.service.parts_kept_seconds);
        removed(parts::remove_old(&self.storage, age));
        (age / 4).clamp(Duration::from_secs(2), Duration::from_secs(900))
    }

    fn run(&self, lease: &Lease, cancel: &CancelToken) -> Outcome {
        match self.step(lease, cancel) {
            Ok(outcome) => outcome,
            Err(error) if error.is_cancelled() => Outcome::Stopped,
            // No fault of the task's: it waits, and that is no failed attempt.
            Err(error) if error.is_disk_full() => {
                let (reason, wait) = (error.to_string(), DISK_PAUSE);
                let retry_in_ms = wait.as_millis() as u64;
                ServiceEvent::DiskFull { reason: &reason, retry_in_ms }.emit();
                Outcome::Later { wait, memo: lease.memo.clone() }
            }
            Err(error) => Outcome::Failed(failure(lease, &error)),
        }
    }
}

impl FilmRunner {
    fn step(&self, lease: &Lease, cancel: &CancelToken) -> Result<Outcome, PipelineError> {
        let file = self.brief(lease)?;
        let runner = Runner { cancel: cancel.clone(), ..self.env.runner.clone() };
        let env = Environment { runner, ..self.env.clone() };
        let job = JobIdentity { id: lease.job.id.clone(), started_at_ms: lease.job.created_at };
        let root = self.storage.join("jobs").join(&lease.job.id);
        let steps = Steps::new(env, &root, job, false)?;
        let part = lease.name.split_once(':').map_or("", |(_, part)| part);
        let done = |finish| Ok(Outcome::Finished(finish));
        match lease.kind {
            TaskKind::Plan => {
                steps.plan(&file)?;
                done(Finish::default())
            }
            TaskKind::Voice => {
                // A job that goes on after it was held asks again for what fell back. The first
                // time there is nothing yet to forget, which is no failure.
                let _ = steps.forget_fallbacks(&file);
                let voiced = steps.voice(&file)?;
                let scenes = voiced.scenes.iter().map(|scene| SceneRow {
                    scene_id: scene.id.clone(),
                    status: if scene.drawn_outside { "rendering" } else { "planned" }.to_owned(),
                    engine_used: Some(scene.engine_asked.clone()),
                    ..SceneRow::default()
                });
                let outside = voiced.scenes.iter().filter(|scene| scene.drawn_outside);
                let outside: Vec<String> = outside.map(|scene| scene.id.clone()).collect();
                let then = tasks_after_voice(&outside, voiced.chunks);
                done(Finish { then, scenes: scenes.collect(), job: None })
            }
            TaskKind::Scene => {
                let memo = serde_json::from_value(lease.memo.clone()).unwrap_or_default();
                match steps.scene(&file, part, memo)? {
                    SceneProgress::Later { memo, wait_ms } => {
                        let memo = serde_json::to_value(memo)
                            .map_err(|error| PipelineError::Internal(error.to_string()))?;
                        Ok(Outcome::Later { wait: Duration::from_millis(wait_ms), memo })
                    }
                    SceneProgress::Done { engine_used, fallback_used, error, .. } => {
                        let scene = SceneRow {
                            scene_id: part.to_owned(),
                            status: "done".to_owned(),
                            engine_used: Some(engine_used),
                            fallback_used,
                            render_duration_ms: None,
                            error,
                        };
                        done(Finish { scenes: vec![scene], ..Finish::default() })
                    }
                }
            }
            TaskKind::Mix => {
                steps.mix(&file)?;
                done(Finish::default())
            }
            TaskKind::Compose => {
                let chunk = part
                    .parse()
                    .map_err(|_| PipelineError::Internal(format!("`{part}` is no chunk")))?;
                steps.compose(&file, chunk)?;
                done(Finish::default())
            }
            TaskKind::Publish => {
                let receipt = steps.publish(&file)?;
                // Nothing else of this job runs any more.
                removed(parts::remove_all(&root));
                let scenes = receipt.scenes.iter().map(|scene| SceneRow {
                    scene_id: scene.scene_id.clone(),
                    status: "done".to_owned(),
                    engine_used: Some(scene.engine_used.clone()),
                    fallback_used: scene.fallback_used,
                    render_duration_ms: Some(drawn_in(scene)),
                    error: scene.fallback_used.then(|| scene.reason.clone()),
                });
                let scenes = scenes.collect();
                done(Finish { scenes, job: Some(JobStatus::Done), ..Finish::default() })
            }
            TaskKind::Cancel => {
                self.env.engines.cancel_job(&lease.job.id)?;
                removed(parts::remove_all(&root));
                done(Finish::default())
            }
        }
    }

    /// The brief as it was submitted; its paths are whole.
    fn brief(&self, lease: &Lease) -> Result<BriefFile, PipelineError> {
        let text = lease.job.brief.to_string();
        Ok(read_brief("the brief", &text, PathBuf::from("/"))?)
    }
}

/// Says how many half-written files were removed, where there were any.
fn removed(files: usize) {
    if files > 0 {
        ServiceEvent::PartsRemoved { files }.emit();
    }
}

/// How long engines were at work on a scene, in milliseconds.
fn drawn_in(scene: &SceneReceipt) -> i64 {
    let spent: u64 = scene.attempts.iter().map(|attempt| attempt.latency_ms).sum();
    i64::try_from(spent).unwrap_or(i64::MAX)
}

/// What a failure means for its task and job.
fn failure(lease: &Lease, error: &PipelineError) -> Failure {
    let held = error.is_held();
    let (code, may_pass) = match error {
        PipelineError::Held(_) | PipelineError::Degraded(_) => (DEGRADED, false),
        _ if error.is_input() => ("invalid_brief", false),
        PipelineError::Ledger(_) => ("store_unavailable", true),
        PipelineError::Media(MediaError::File { .. }) => ("storage", true),
        PipelineError::Media(_) => ("media", true),
        PipelineError::Voice(_) => ("voice", true),
        _ => ("internal", true),
    };
    let tries_left = may_pass && lease.attempts < MOST_TRIES;
    let pause = FIRST_PAUSE * 4u32.pow(lease.attempts.saturating_sub(1).min(4));
    Failure {
        error: JobError {
            code: code.to_owned(),
            stage: lease.kind.as_str().to_owned(),
            provider: None,
            message: error.to_string(),
            // What a person mends (a key, an engine, the disk) makes a retry worthwhile.
            retryable: may_pass || held || matches!(error, PipelineError::Degraded(_)),
        },
        retry_in: tries_left.then_some(pause),
        held,
    }
}

/// A task that ended as none should.
pub(crate) fn panicked(lease: &Lease) -> Failure {
    let error = PipelineError::Internal(format!("{} stopped unexpectedly", lease.name));
    failure(lease, &error)
}
