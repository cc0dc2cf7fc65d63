//! Test doubles for a chain run: time, engines, the clip checker, and a moderation service.

use crate::adapter::{
    Cancelled, Capabilities, Durations, EngineFuture, EngineHealth, ExternalEngineAdapter, Fetched,
    GenerateRequest, Offer, Output, Prepared, PromptUnit, Ratio, Task, TaskState,
};
use crate::clip_check::{ClipChecker, Expectation, Verdict};
use crate::world::World;
use crate::{Accepted, VendorError, VendorErrorKind as K};
use pytoon_records::ledger::StoreFuture;
use pytoon_vocabulary::UnixMs;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A clock that only tests advance.
#[derive(Debug, Default)]
pub(super) struct Hand {
    pub(super) ms: AtomicI64,
    ids: AtomicU64,
}

impl World for Hand {
    fn now(&self) -> UnixMs {
        1_795_000_000_000 + self.ms.load(Ordering::SeqCst)
    }
    fn new_id(&self) -> String {
        // Two worlds of one test must not share ids.
        format!("{:p}-{}", self, self.ids.fetch_add(1, Ordering::SeqCst))
    }
    fn chance(&self) -> f64 {
        0.5
    }
}

/// A test engine with scripted replies, one per submit. Without a script it delivers a clip.
#[derive(Debug)]
pub(super) struct Scripted {
    pub(super) name: String,
    capabilities: Capabilities,
    answers: Mutex<VecDeque<K>>,
    /// The results of polls, in order: running (`None`) or failed. An empty queue means that the task is done.
    polls: Mutex<VecDeque<Option<K>>>,
    accepted: Accepted,
    /// The number of downloads that fail because the disk is full.
    pub(super) full: AtomicU64,
    /// The number of submits that get no reply.
    pub(super) hangs: AtomicU64,
    submits: AtomicU64,
    pub(super) prompts: Mutex<Vec<String>>,
}

impl Scripted {
    pub(super) fn new(name: &str, answers: &[K]) -> Arc<Self> {
        Self::with(name, answers, Accepted::No)
    }

    pub(super) fn with(name: &str, answers: &[K], accepted: Accepted) -> Arc<Self> {
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

    /// Adds results for the next polls, and returns the engine.
    pub(super) fn with_polls(self: Arc<Self>, polls: &[Option<K>]) -> Arc<Self> {
        self.polls.lock().expect("lock").extend(polls);
        self
    }

    pub(super) fn submits(&self) -> u64 {
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
                        .with_accepted(self.accepted))
                }
                None => Ok(Task {
                    id: prepared.request.call_id.to_string(),
                    data: serde_json::Value::Null,
                }),
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
                        .with_accepted(Accepted::Yes),
                ),
            })
        })
    }
    fn cancel<'a>(&'a self, _: &'a Task) -> EngineFuture<'a, Cancelled> {
        Box::pin(async { Ok(Cancelled::Yes) })
    }
    fn fetch<'a>(&'a self, _: &'a Output, to: &'a Path) -> EngineFuture<'a, Fetched> {
        Box::pin(async move {
            let full =
                self.full.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            if full.is_ok() {
                let full = std::io::ErrorKind::StorageFull.into();
                let (operation, to) = ("download the clip", to.display());
                return Err(VendorError::of_file(&self.name, operation, to, &full));
            }
            std::fs::write(to, b"a clip").expect("writes");
            Ok(Fetched { sha256: "00".into(), credit: None, cost: None })
        })
    }
}

#[derive(Debug)]
pub(super) struct AnyClip;

impl ClipChecker for AnyClip {
    fn check(&self, _: PathBuf, w: Expectation) -> StoreFuture<'_, Verdict> {
        let duration_ms = i64::from(w.asked_ms);
        Box::pin(async move { Ok(Verdict::Usable { duration_ms, changed: false }) })
    }
}

/// Starts a moderation service that responds to one request and flags its prompt. Returns its URL, and a handle that
/// returns the first line of the request.
pub(super) fn flagging_service() -> (String, std::thread::JoinHandle<String>) {
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
        // Unread input would reset the connection before the answer arrives.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        std::io::copy(&mut reader, &mut std::io::sink()).ok();
        first
    });
    (address, answering)
}
