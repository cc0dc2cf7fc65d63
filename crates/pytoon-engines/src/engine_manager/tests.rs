//! The walk over scripted engines and a real ledger. Among them are faults that routers of
//! language models were known for: cooldowns that one process forgets, an error where all cool,
//! quota errors that never cool, one failure that disables for ever, a reload that forgets.

mod broken_breakers;
mod cut_off;
mod slices;

use super::*;
use crate::adapter::{
    Cancelled, Capabilities, Durations, EngineFuture, EngineHealth, ExternalEngineAdapter,
    GenerateRequest, GeneratedClip, Offer, Output, Prepared, PromptUnit, Task, TaskState,
};
use crate::clip_check::{Checked, Expectation};
use crate::picture_fit::AsTheyAre;
use crate::{Accepted, VendorErrorKind as K};
use pytoon_config::engines::EngineConfig;
use pytoon_config::secrets::Secrets;
use pytoon_config::{Config, ConfigSource};
use pytoon_records::ledger::{CallFilter, CallState, StoreError, StoreFuture};
use pytoon_store::SqliteStore;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A clock that stands until it is moved.
#[derive(Debug, Default)]
struct Hand {
    ms: AtomicI64,
    ids: AtomicU64,
}

impl World for Hand {
    fn now(&self) -> UnixMs {
        1_795_000_000_000 + self.ms.load(Ordering::SeqCst)
    }
    fn new_id(&self) -> String {
        // Two worlds of one test share no ids.
        format!("{:p}-{}", self, self.ids.fetch_add(1, Ordering::SeqCst))
    }
    fn chance(&self) -> f64 {
        0.5
    }
}

/// An engine that does what it is told, one answer a submit; delivers when told nothing.
#[derive(Debug)]
struct Scripted {
    name: String,
    capabilities: Capabilities,
    answers: Mutex<VecDeque<K>>,
    /// What its tasks say, one a poll: under way, or failed; done when told nothing.
    polls: Mutex<VecDeque<Option<K>>>,
    accepted: Accepted,
    /// So many downloads find the disk full.
    full: AtomicU64,
    /// So many submits are never answered.
    hangs: AtomicU64,
    submits: AtomicU64,
    prompts: Mutex<Vec<String>>,
}

impl Scripted {
    fn new(name: &str, answers: &[K]) -> Arc<Self> {
        Self::with(name, answers, Accepted::No)
    }

    fn with(name: &str, answers: &[K], accepted: Accepted) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            capabilities: Capabilities {
                from_words: Some(Offer {
                    durations: Durations::Fixed(vec![5000, 10_000]),
                    ratios: vec![Ratio::default()],
                    follows_picture: false,
                }),
                from_picture: None,
                image_inputs: Vec::new(),
                max_prompt: 1000,
                prompt_unit: PromptUnit::Chars,
                cancel: true,
                lookup_settles: None,
                is_stock: false,
            },
            answers: Mutex::new(answers.iter().copied().collect()),
            polls: Mutex::default(),
            accepted,
            full: AtomicU64::new(0),
            hangs: AtomicU64::new(0),
            submits: AtomicU64::new(0),
            prompts: Mutex::new(Vec::new()),
        })
    }

    /// The same with tasks that are not done at once.
    fn polled(self: Arc<Self>, polls: &[Option<K>]) -> Arc<Self> {
        self.polls.lock().expect("lock").extend(polls);
        self
    }

    fn submits(&self) -> u64 {
        self.submits.load(Ordering::SeqCst)
    }
}

impl ExternalEngineAdapter for Scripted {
    fn name(&self) -> &str {
        &self.name
    }
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }
    fn price_key(&self, _: &GenerateRequest) -> String {
        "default".into()
    }
    fn health_check(&self) -> EngineFuture<'_, EngineHealth> {
        Box::pin(async { Ok(EngineHealth::default()) })
    }
    fn prepare<'a>(&'a self, request: &'a GenerateRequest) -> EngineFuture<'a, Prepared> {
        let prepared = Prepared {
            request: request.clone(),
            body: serde_json::Value::Null,
            path: String::new(),
        };
        Box::pin(async move { Ok(prepared) })
    }
    fn submit<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Task> {
        self.submits.fetch_add(1, Ordering::SeqCst);
        self.prompts.lock().expect("lock").push(prepared.request.prompt.clone());
        let answer = self.answers.lock().expect("lock").pop_front();
        let hangs =
            self.hangs.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        Box::pin(async move {
            if hangs.is_ok() {
                std::future::pending::<()>().await;
            }
            match answer {
                Some(kind) => {
                    Err(VendorError::new(&self.name, "start a task", kind, "as scripted")
                        .accepted(self.accepted))
                }
                None => {
                    Ok(Task { id: prepared.request.call_id.clone(), data: serde_json::Value::Null })
                }
            }
        })
    }
    fn poll<'a>(&'a self, _: &'a Task) -> EngineFuture<'a, TaskState> {
        let output = Output { url: "memory:".into(), credit: None };
        let said = self.polls.lock().expect("lock").pop_front();
        Box::pin(async move {
            Ok(match said {
                None => TaskState::Succeeded { output, cost: None },
                Some(None) => TaskState::Running { progress: None, unknown_status: None },
                Some(Some(kind)) => TaskState::Failed(
                    VendorError::new(&self.name, "draw a clip", kind, "as scripted")
                        .accepted(Accepted::Yes),
                ),
            })
        })
    }
    fn cancel<'a>(&'a self, _: &'a Task) -> EngineFuture<'a, Cancelled> {
        Box::pin(async { Ok(Cancelled::Yes) })
    }
    fn fetch<'a>(&'a self, _: &'a Output, to: &'a Path) -> EngineFuture<'a, GeneratedClip> {
        Box::pin(async move {
            let full =
                self.full.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            if full.is_ok() {
                let full = std::io::ErrorKind::StorageFull.into();
                let (operation, to) = ("download the clip", to.display());
                return Err(VendorError::of_file(&self.name, operation, to, &full));
            }
            std::fs::write(to, b"a clip").expect("writes");
            Ok(GeneratedClip {
                path: to.to_owned(),
                size_bytes: 6,
                sha256: "00".into(),
                credit: None,
                cost: None,
            })
        })
    }
}

#[derive(Debug)]
struct AnyClip;

impl ClipChecker for AnyClip {
    fn check(&self, _: PathBuf, w: Expectation) -> StoreFuture<'_, Result<Checked, String>> {
        Box::pin(async move {
            Ok(Ok(Checked { duration_ms: i64::from(w.asked_ms), sound_removed: false }))
        })
    }
}

fn block(base_url: &str) -> EngineConfig {
    serde_json::from_value(serde_json::json!({
        "base_url": base_url,
        "poll_interval_ms": 20,
        "backoff": {"initial_ms": 1, "max_ms": 2, "attempts": 1},
        "breaker": {"failures": 2, "cooldown_seconds": 60, "max_cooldown_seconds": 120,
                    "account_cooldown_seconds": 3600},
        "price": {"models": {"default": {"per_clip_usd": 0.25}}},
    }))
    .expect("block")
}

struct Bench {
    folder: tempfile::TempDir,
    world: Arc<Hand>,
}

impl Bench {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("folder"), world: Arc::default() }
    }

    /// A process of its own over the same ledger.
    async fn process(&self, engines: &[Arc<Scripted>]) -> EngineManager {
        let config = Config::load(&ConfigSource::Optional("/nowhere".into())).expect("built in");
        let mut settings = config.engines.clone();
        settings.default_chain = engines.iter().map(|e| e.name.clone()).collect();
        let mut set =
            EngineSet::build(settings, &config.engines_at, Secrets::default()).expect("engines");
        for engine in engines {
            set.insert(&engine.name, block("http://127.0.0.1:9"), engine.clone());
        }
        let store = SqliteStore::open(&self.folder.path().join("pytoon.db")).await.expect("opens");
        EngineManager::new(ManagerParts {
            engines: set,
            reloader: None,
            store: Arc::new(store),
            checker: Arc::new(AnyClip),
            fitter: Arc::new(AsTheyAre),
            world: self.world.clone(),
            storage: self.folder.path().to_owned().into(),
            cancel: CancelToken::default(),
        })
    }

    fn later(&self, seconds: i64) {
        self.world.ms.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

async fn order(manager: &EngineManager, prompt: &str) -> SceneOrder {
    let wish = SceneWish { prompt, ..SceneWish::default() };
    SceneOrder {
        job_id: "job".into(),
        scene_id: "scene_01".into(),
        chain: manager.resolve(&wish, 4000).await,
        prompt: prompt.into(),
        negative_prompt: None,
        image: None,
        needed_ms: 4000,
        ratio: Ratio { width: 9, height: 16 },
        seed: 1,
        brand_safe: false,
        deadline: None,
        job_budget: None,
        asks_anew: false,
        only_own: false,
    }
}

async fn draw(manager: &EngineManager, prompt: &str) -> SceneOutcome {
    let order = order(manager, prompt).await;
    drawn(manager, &order).await
}

/// Draws a scene to its end as a process that has the job alone.
async fn drawn(manager: &EngineManager, order: &SceneOrder) -> SceneOutcome {
    manager.take_over_job(&order.job_id).await.expect("takes over");
    to_the_end(manager, order).await
}

/// Draws a scene to its end.
async fn to_the_end(manager: &EngineManager, order: &SceneOrder) -> SceneOutcome {
    manager.draw_to_end(order).await.expect("never an error")
}

fn used(outcome: &SceneOutcome) -> &str {
    outcome.clip.as_ref().map_or("local", |clip| clip.engine.as_str())
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("runtime")
        .block_on(work)
}

#[test]
fn a_breaker_is_shared_by_all_processes_and_survives_restarts() {
    block_on(async {
        let bench = Bench::new();
        let sick = Scripted::new("a", &[K::Server; 9]);
        let well = Scripted::new("b", &[]);
        let first = bench.process(&[sick.clone(), well.clone()]).await;
        for n in 0..2 {
            assert_eq!(used(&draw(&first, &format!("scene {n}")).await), "b");
        }
        assert_eq!(sick.submits(), 2);
        drop(first);
        let second = bench.process(&[sick.clone(), well.clone()]).await;
        let outcome = draw(&second, "another").await;
        assert_eq!(used(&outcome), "b");
        assert_eq!(outcome.attempts[0].result, "cooling");
        assert_eq!(sick.submits(), 2, "a cooling engine is not called, by nobody");
    });
}

#[test]
fn a_clip_that_finds_no_room_is_waited_for_and_nobody_else_is_paid() {
    block_on(async {
        let bench = Bench::new();
        let (bought, other) = (Scripted::new("a", &[]), Scripted::new("b", &[]));
        bought.full.store(2, Ordering::SeqCst);
        let manager = bench.process(&[bought.clone(), other.clone()]).await;
        assert_eq!(used(&draw(&manager, "a cup").await), "a");
        assert_eq!((bought.submits(), other.submits()), (1, 0));
    });
}

#[test]
fn where_all_cool_the_scene_is_local_and_never_an_error() {
    block_on(async {
        let bench = Bench::new();
        let engines = [Scripted::new("a", &[K::Auth]), Scripted::new("b", &[K::Quota])];
        let manager = bench.process(&engines).await;
        assert_eq!(used(&draw(&manager, "one").await), "local");
        let outcome = draw(&manager, "two").await;
        assert_eq!(used(&outcome), "local");
        assert!(outcome.attempts.iter().all(|a| a.result == "cooling"), "{outcome:?}");
        assert_eq!(outcome.waited_ms, 0, "no deadline means never wait");
    });
}

#[test]
fn where_all_cool_and_the_deadline_allows_it_waits() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[K::Server, K::Server]);
        let manager = Arc::new(bench.process(std::slice::from_ref(&engine)).await);
        for n in 0..2 {
            draw(&manager, &format!("scene {n}")).await;
        }
        let mut order = order(&manager, "patient").await;
        order.deadline = Some(bench.world.now() + 3_600_000);
        let waiting = {
            let manager = manager.clone();
            tokio::spawn(async move { drawn(&manager, &order).await })
        };
        // The real pause is a minute; the clock is moved, and the breaker with it.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert!(!waiting.is_finished(), "it waits");
        assert_eq!(engine.submits(), 2);
        waiting.abort();
        // Past its deadline, it does not.
        let mut late = super::tests::order(&manager, "late").await;
        late.deadline = Some(bench.world.now() - 1);
        assert_eq!(used(&drawn(&manager, &late).await), "local");
    });
}

#[test]
fn past_its_deadline_a_job_buys_nothing() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[]);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        let mut late = order(&manager, "late").await;
        late.deadline = Some(bench.world.now());
        let outcome = drawn(&manager, &late).await;
        assert_eq!((used(&outcome), outcome.attempts[0].result.as_str()), ("local", "deadline"));
        assert_eq!(engine.submits(), 0);
    });
}

#[test]
fn an_engines_minute_is_not_waited_for_past_the_deadline() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[]);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        let mut set = (*manager.engines()).clone();
        let slow = EngineConfig { requests_per_minute: Some(1), ..block("http://127.0.0.1:9") };
        set.insert("a", slow, engine.clone());
        *manager.in_force.write().expect("lock") = InForce::new(set);
        assert_eq!(used(&draw(&manager, "one").await), "a");
        let mut hurried = order(&manager, "two").await;
        hurried.deadline = Some(bench.world.now() + 5_000);
        let waited = std::time::Duration::from_secs(10);
        let outcome = tokio::time::timeout(waited, drawn(&manager, &hurried)).await;
        let outcome = outcome.expect("it does not wait");
        assert_eq!((used(&outcome), outcome.attempts[0].result.as_str()), ("local", "deadline"));
        assert_eq!(engine.submits(), 1);
    });
}

/// Answers one request: the prompt is flagged.
fn flagging_service() -> (String, std::thread::JoinHandle<String>) {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
    let address = format!("http://{}/v1", listener.local_addr().expect("address"));
    let answering = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a caller");
        let mut reader = BufReader::new(&stream);
        let mut first = String::new();
        reader.read_line(&mut first).expect("a request");
        let body = r#"{"results":[{"flagged":true,"categories":{"violence":true}}]}"#;
        write!(
            &stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{body}",
            body.len()
        )
        .expect("answers");
        // What is left unread would break the answer off.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        std::io::copy(&mut reader, &mut std::io::sink()).ok();
        first
    });
    (address, answering)
}

#[test]
fn a_moderation_service_that_is_switched_on_later_is_asked() {
    block_on(async {
        let bench = Bench::new();
        let folder = bench.folder.path();
        std::fs::write(folder.join(".env"), "OPENAI_API_KEY=oakey-4b6d8f0a2c1e3957\n")
            .expect("writes");
        std::fs::write(folder.join("engine.yaml"), "v2: {}\n").expect("writes");
        let config = Config::load(&ConfigSource::Folder(folder.to_owned())).expect("loads");
        let secrets = Secrets::load(&folder.join(".env")).expect("loads");
        let engine = Scripted::new("a", &[]);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        let asked = Arc::default();
        let reloader = Reloader::new(config, secrets, Arc::clone(&asked));
        let manager = EngineManager { reloader: Some(reloader), ..manager };
        let order = order(&manager, "a quiet lake").await;
        let (url, answering) = flagging_service();
        let service =
            format!("v2: {{moderation: {{service: {{enabled: true, base_url: \"{url}\"}}}}}}\n");
        std::fs::write(folder.join("engine.yaml"), service).expect("writes");
        asked.store(true, Ordering::SeqCst);
        let outcome = drawn(&manager, &order).await;
        assert_eq!((used(&outcome), outcome.attempts[0].result.as_str()), ("local", "moderation"));
        assert!(answering.join().expect("ends").contains("/v1/moderations"));
        assert_eq!(engine.submits(), 0);
    });
}

#[test]
fn quota_and_key_errors_cool_at_once_and_long() {
    for kind in [K::Quota, K::Auth] {
        block_on(async {
            let bench = Bench::new();
            let engine = Scripted::new("a", &[kind]);
            let manager = bench.process(std::slice::from_ref(&engine)).await;
            draw(&manager, "one").await;
            bench.later(3_500);
            draw(&manager, "two").await;
            assert_eq!(engine.submits(), 1, "{kind}");
            bench.later(200);
            assert_eq!(used(&draw(&manager, "three").await), "a");
        });
    }
}

#[test]
fn one_failure_never_disables_for_ever() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[K::Server; 5]);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        let mut drawn = Vec::new();
        for n in 0..12 {
            drawn.push(used(&draw(&manager, &format!("scene {n}")).await).to_owned());
            bench.later(121);
        }
        assert_eq!(engine.submits(), 12, "after each pause one call tries");
        assert!(drawn[5..].iter().all(|engine| engine == "a"), "{drawn:?}");
    });
}

#[test]
fn a_reload_keeps_cooldowns_and_takes_engines_out() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[K::Auth]);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        draw(&manager, "one").await;
        // As a reload does: the whole set is replaced.
        let mut set = (*manager.engines()).clone();
        set.insert("a", block("http://127.0.0.1:10"), engine.clone());
        *manager.in_force.write().expect("lock") = InForce::new(set.clone());
        assert_eq!(draw(&manager, "two").await.attempts[0].result, "cooling");
        assert_eq!(engine.submits(), 1);
        bench.later(4000);
        let mut off = block("http://127.0.0.1:10");
        off.enabled = false;
        let asked = order(&manager, "three").await;
        set.insert("a", off, engine.clone());
        *manager.in_force.write().expect("lock") = InForce::new(set);
        let outcome = drawn(&manager, &asked).await;
        assert_eq!(used(&outcome), "local");
        assert!(outcome.attempts[0].reason.contains("taken out"), "{outcome:?}");
    });
}

#[test]
fn a_call_without_an_answer_is_not_made_again_by_anybody() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::with("a", &[K::Timeout], Accepted::Maybe);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        assert_eq!(used(&draw(&manager, "one").await), "local");
        bench.later(10_000);
        let next = bench.process(std::slice::from_ref(&engine)).await;
        let outcome = draw(&next, "one").await;
        assert_eq!(outcome.attempts[0].result, "undecided");
        assert_eq!(engine.submits(), 1);
        let unknown = CallFilter { states: vec![CallState::Unknown], ..CallFilter::default() };
        let rows = next.store().call_list(unknown).await.expect("lists");
        assert_eq!(rows.len(), 1);
        // It counts against the budget as long as nobody knows.
        assert_eq!(rows[0].charged, MicroUsd::from_usd(0.25));
    });
}

#[test]
fn a_refused_prompt_is_rephrased_once_and_never_sent_again() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[K::Moderation, K::Moderation, K::Moderation]);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        assert_eq!(used(&draw(&manager, "A fight at night").await), "local");
        assert_eq!(used(&draw(&manager, "A fight at night").await), "local");
        let prompts = engine.prompts.lock().expect("lock").clone();
        let mut distinct = prompts.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(prompts.len(), distinct.len(), "sent unchanged: {prompts:?}");
        assert_eq!(prompts.len(), 2);
    });
}

#[test]
fn two_scenes_that_want_the_same_buy_it_once() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[]);
        let manager = Arc::new(bench.process(std::slice::from_ref(&engine)).await);
        let mut running = tokio::task::JoinSet::new();
        for n in 0..5 {
            let mut order = order(&manager, "the same").await;
            order.scene_id = format!("scene_{n:02}");
            let manager = manager.clone();
            running.spawn(async move { to_the_end(&manager, &order).await });
        }
        while let Some(outcome) = running.join_next().await {
            assert_eq!(used(&outcome.expect("runs")), "a");
        }
        assert_eq!(engine.submits(), 1);
    });
}

#[test]
fn two_processes_that_want_the_same_buy_it_once() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[]);
        let processes = [
            Arc::new(bench.process(std::slice::from_ref(&engine)).await),
            Arc::new(bench.process(std::slice::from_ref(&engine)).await),
        ];
        let mut running = tokio::task::JoinSet::new();
        for n in 0..12 {
            let manager = processes[n % 2].clone();
            let mut order = order(&manager, &format!("clip {}", n / 4)).await;
            order.job_id = format!("job {n}");
            running.spawn(async move { to_the_end(&manager, &order).await });
        }
        while let Some(outcome) = running.join_next().await {
            assert_eq!(used(&outcome.expect("runs")), "a");
        }
        assert_eq!(engine.submits(), 3);
    });
}

#[test]
fn what_another_engine_delivered_is_used_before_the_first_is_paid() {
    block_on(async {
        let bench = Bench::new();
        let first = Scripted::new("a", &[K::Server]);
        let second = Scripted::new("b", &[]);
        let manager = bench.process(&[first.clone(), second.clone()]).await;
        assert_eq!(used(&draw(&manager, "one").await), "b");
        let again = draw(&manager, "one").await;
        assert_eq!(used(&again), "b");
        assert!(again.clip.is_some_and(|clip| clip.reused));
        assert_eq!((first.submits(), second.submits()), (1, 1));
    });
}

#[test]
fn a_kept_clip_that_cannot_be_read_is_not_bought_again() {
    block_on(async {
        let bench = Bench::new();
        let engine = Scripted::new("a", &[]);
        let manager = bench.process(std::slice::from_ref(&engine)).await;
        assert_eq!(used(&draw(&manager, "one").await), "a");
        let clips = bench.folder.path().join("clips");
        std::fs::rename(&clips, bench.folder.path().join("away")).expect("renames");
        std::fs::write(&clips, b"no folder").expect("writes");
        let drawn = draw(&manager, "one");
        let time_passes = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            bench.later(LEDGER_PATIENCE_MS / 1000 + 1);
        };
        let (outcome, ()) = tokio::join!(drawn, time_passes);
        assert_eq!(used(&outcome), "local");
        assert_eq!(outcome.attempts[0].result, "ledger");
        assert!(outcome.attempts[0].reason.contains("not bought again"), "{outcome:?}");
        assert_eq!(engine.submits(), 1);
    });
}
