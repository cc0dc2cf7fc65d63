//! Tests of workers with a real queue and scripted tasks.

use super::*;
use pytoon_core::graph::{FilmGraph, FilmShape};
use pytoon_records::job::queue::TaskQueue;
use pytoon_records::job::store::{JobFilter, JobStore, NewJob, Submission};
use pytoon_records::job::{JobStatus, NewTask, TaskKind};
use pytoon_store::Store;
use serde_json::json;
use sqlx::{Connection, Executor};
use std::sync::Mutex;

/// The script of a test task.
type Act = dyn Fn(&Lease, &CancelToken) -> Outcome + Send + Sync;

struct Scripted {
    act: Box<Act>,
    /// The names of the started tasks.
    begun: Mutex<Vec<String>>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl Scripted {
    fn new(act: impl Fn(&Lease, &CancelToken) -> Outcome + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { act: Box::new(act), begun: Mutex::default() })
    }

    fn begun_tasks(&self) -> Vec<String> {
        self.begun.lock().expect("whole").clone()
    }
}

impl TaskRunner for Scripted {
    fn run(&self, lease: &Lease, cancel: &CancelToken) -> Outcome {
        self.begun.lock().expect("whole").push(lease.name.clone());
        (self.act)(lease, cancel)
    }
}

struct Bench {
    folder: tempfile::TempDir,
    store: Arc<Store>,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let store = Store::open(&folder.path().join("pytoon.db")).await.expect("opens");
        Self { folder, store: Arc::new(store) }
    }

    async fn submit(&self, id: &str) {
        let job = NewJob {
            id: id.into(),
            key_id: "k".into(),
            brief: json!({}),
            client_data: None,
            webhook: None,
            tasks: NewTask::first(),
            idempotency: None,
        };
        assert_eq!(self.store.job_submit(job, 100).await.expect("submits"), Submission::New);
    }

    fn worker(&self, runner: &Arc<Scripted>, lease_ms: u64) -> Worker {
        Worker {
            store: self.store.clone(),
            runner: runner.clone(),
            name: "w".into(),
            lease: Duration::from_millis(lease_ms),
            tasks: 2,
            grace: Duration::from_secs(5),
            room: Room::default(),
            drain: CancelToken::default(),
        }
    }

    async fn status(&self, id: &str) -> JobStatus {
        self.store.job_fetch(&id.into()).await.expect("reads").expect("is there").status
    }

    async fn until(&self, id: &str, status: JobStatus) {
        let begun = Instant::now();
        while self.status(id).await != status {
            assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", self.status(id).await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Returns the tasks of a film with these scenes and chunks that follow its voice task.
fn after_voice(scenes: &[&str], chunks: u32) -> Vec<NewTask> {
    let scenes = scenes.iter().map(|&id| id.into()).collect();
    NewTask::of(&FilmGraph::after_voice(&FilmShape { scenes, chunks }))
}

/// Returns the outcome of a film task that draws nothing.
fn film(lease: &Lease) -> Outcome {
    let then = match lease.kind {
        TaskKind::Voice => after_voice(&["scene_01"], 2),
        _ => Vec::new(),
    };
    let publishes = lease.kind == TaskKind::Publish;
    Outcome::Finished(Finish { then, publishes, ..Finish::default() })
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("runtime")
        .block_on(work)
}

#[test]
fn a_film_is_made_and_a_worker_that_is_asked_to_end_ends() {
    block_on(async {
        let bench = Bench::new().await;
        let runner = Scripted::new(|lease, _| film(lease));
        let worker = bench.worker(&runner, 5000);
        let drain = worker.drain.clone();
        let running = tokio::spawn(worker.run());
        bench.submit("one").await;
        bench.until("one", JobStatus::Done).await;
        assert_eq!(runner.begun_tasks().len(), 7);
        drain.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(5), running).await;
        assert_eq!(ended.expect("it ends").expect("in order"), 0);
    });
}

#[test]
fn a_long_task_keeps_its_lease() {
    block_on(async {
        let bench = Bench::new().await;
        let runner = Scripted::new(|lease, _| {
            if lease.kind == TaskKind::Plan {
                std::thread::sleep(Duration::from_millis(1500));
            }
            film(lease)
        });
        for _ in 0..2 {
            tokio::spawn(bench.worker(&runner, 400).run());
        }
        bench.submit("one").await;
        bench.until("one", JobStatus::Done).await;
        let plans = runner.begun_tasks().iter().filter(|name| *name == "plan").count();
        assert_eq!(plans, 1, "{:?}", runner.begun_tasks());
    });
}

#[test]
fn a_task_that_panics_is_tried_again_and_then_fails_its_job() {
    block_on(async {
        let bench = Bench::new().await;
        let runner = Scripted::new(|lease, _| match lease.kind {
            TaskKind::Voice => panic!("as told"),
            _ => film(lease),
        });
        tokio::spawn(bench.worker(&runner, 5000).run());
        bench.submit("one").await;
        bench.until("one", JobStatus::Failed).await;
        let voices = runner.begun_tasks().iter().filter(|name| *name == "voice").count();
        assert_eq!(voices, 3);
        let job = bench.store.job_list(JobFilter { limit: 1, ..JobFilter::default() }).await;
        let error = job.expect("lists")[0].error.clone().expect("an error");
        assert_eq!((error.stage.as_str(), error.code.as_str()), ("voice", "internal"));
        assert!(error.message.contains("voice ended unexpectedly"), "{}", error.message);
    });
}

/// Waits until the task is cancelled, but for 20 s at most. Returns `Stopped`.
fn wait(cancel: &CancelToken) -> Outcome {
    let begun = Instant::now();
    while !cancel.is_cancelled() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    Outcome::Stopped
}

#[test]
fn a_cancelled_job_is_stopped_while_it_runs() {
    block_on(async {
        let bench = Bench::new().await;
        let runner = Scripted::new(|lease, cancel| match lease.kind {
            TaskKind::Plan => wait(cancel),
            _ => film(lease),
        });
        tokio::spawn(bench.worker(&runner, 2000).run());
        bench.submit("one").await;
        bench.until("one", JobStatus::PlanningScenes).await;
        bench.store.job_cancel(&"one".into()).await.expect("cancels");
        bench.until("one", JobStatus::Cancelled).await;
        assert_eq!(runner.begun_tasks(), ["plan", "cancel"]);
    });
}

#[test]
fn what_outlasts_the_grace_is_handed_back_and_begun_by_another() {
    block_on(async {
        let bench = Bench::new().await;
        let slow = Scripted::new(|_, cancel| wait(cancel));
        let worker = Worker { grace: Duration::from_millis(100), ..bench.worker(&slow, 30_000) };
        let drain = worker.drain.clone();
        let running = tokio::spawn(worker.run());
        bench.submit("one").await;
        bench.until("one", JobStatus::PlanningScenes).await;
        drain.cancel();
        assert_eq!(running.await.expect("ends"), 1);
        let quick = Scripted::new(|lease, _| film(lease));
        tokio::spawn(bench.worker(&quick, 30_000).run());
        bench.until("one", JobStatus::Done).await;
        assert_eq!(quick.begun_tasks()[0], "plan");
    });
}

#[test]
fn a_worker_that_lost_its_lease_writes_nothing() {
    block_on(async {
        let bench = Bench::new().await;
        let store = bench.store.clone();
        let lost = Scripted::new(move |lease, cancel| {
            if lease.kind == TaskKind::Plan && lease.token == 1 {
                // As if this machine had been suspended: another worker has claimed the task meanwhile.
                let put_off = store.task_later(&lease.task_id, 1, Duration::ZERO, Value::Null);
                // On the pool's own runtime, to which its connections return.
                tokio::runtime::Handle::current().block_on(put_off).expect("is put off");
                wait(cancel);
                // A later write must not count.
                return Outcome::Failed(film::panic_failure(lease));
            }
            film(lease)
        });
        let worker = bench.worker(&lost, 1000);
        let drain = worker.drain.clone();
        let running = tokio::spawn(worker.run());
        bench.submit("one").await;
        bench.until("one", JobStatus::Done).await;
        drain.cancel();
        assert_eq!(running.await.expect("ends"), 0);
        assert_eq!(bench.status("one").await, JobStatus::Done);
        let plans = lost.begun_tasks().iter().filter(|name| *name == "plan").count();
        assert_eq!(plans, 2);
    });
}

#[test]
fn a_database_that_does_not_answer_ends_the_work_with_the_lease() {
    block_on(async {
        let bench = Bench::new().await;
        let (sent, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let runner = Scripted::new(move |_, cancel| {
            sent.send(()).expect("is heard");
            while !cancel.is_cancelled() {
                std::thread::sleep(Duration::from_millis(5));
            }
            sent.send(()).expect("is heard");
            Outcome::Stopped
        });
        let worker = bench.worker(&runner, 600);
        let drain = worker.drain.clone();
        bench.submit("one").await;
        let running = tokio::spawn(worker.run());
        heard.recv().await.expect("it begins");
        // Another writer that never ends: every statement waits for it, for twenty seconds.
        let at = format!("sqlite://{}", bench.folder.path().join("pytoon.db").display());
        let mut other = sqlx::AnyConnection::connect(&at).await.expect("connects");
        other.execute("BEGIN IMMEDIATE").await.expect("begins");
        let stopped = tokio::time::timeout(Duration::from_secs(3), heard.recv()).await;
        assert!(stopped.is_ok(), "the work goes on without a lease");
        other.execute("ROLLBACK").await.expect("ends");
        drain.cancel();
        running.await.expect("ends");
    });
}

/// A runner on a disk that is initially full.
#[derive(Debug, Default)]
struct OnFullDisk {
    asked: AtomicUsize,
    begun: AtomicUsize,
}

impl TaskRunner for OnFullDisk {
    fn ready(&self) -> Result<(), String> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        if asked == 0 { Err("no room".to_owned()) } else { Ok(()) }
    }

    fn run(&self, lease: &Lease, _: &CancelToken) -> Outcome {
        assert!(self.asked.load(Ordering::SeqCst) > 1, "it is begun without room");
        self.begun.fetch_add(1, Ordering::SeqCst);
        film(lease)
    }
}

#[test]
fn nothing_is_claimed_while_there_is_no_room() {
    block_on(async {
        let bench = Bench::new().await;
        bench.submit("one").await;
        let runner = Arc::new(OnFullDisk::default());
        let scripted = Scripted::new(|lease, _| film(lease));
        let worker = Worker { runner: runner.clone(), ..bench.worker(&scripted, 5000) };
        let drain = worker.drain.clone();
        let running = tokio::spawn(worker.run());
        bench.until("one", JobStatus::Done).await;
        drain.cancel();
        running.await.expect("ends");
        assert!(runner.begun.load(Ordering::SeqCst) > 4);
    });
}

#[test]
fn the_configuration_limits_claims_as_a_store_does_by_itself() {
    use pytoon_config::{Config, ConfigSource};
    let config = Config::load(&ConfigSource::Optional("/nowhere".into())).expect("loads");
    assert_eq!(config.settings.service.most_attempts, pytoon_records::job::queue::MAX_CLAIMS);
}
