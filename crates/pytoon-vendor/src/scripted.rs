//! A scripted vendor for the conformance suites of engines and voices. It speaks HTTP/1.1 over a plain socket, with
//! one request per connection.
//!
//! Guarantees: every complete request is recorded; a route without a script returns 599, which no adapter may accept.

use crate::ensure;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Maximum size of a request, in bytes.
const MAX_REQUEST: u64 = 64 << 20;
/// The interval between two bytes of a slow response.
const DRIP: Duration = Duration::from_millis(20);

/// The time for which the server stays silent, longer than any client's timeout in the tests.
const SILENCE: Duration = Duration::from_secs(60);

/// The reaction of the scripted vendor to a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Sends a response.
    Reply {
        /// The HTTP status.
        status: u16,
        /// The headers besides the length.
        headers: Vec<(String, String)>,
        /// The response body.
        body: Vec<u8>,
    },
    /// Reads the request and closes the connection.
    HangUp,
    /// Reads the request and does not respond.
    Silence,
    /// Announces more bytes than it sends, and closes or goes silent.
    Part {
        /// The bytes that are sent.
        body: Vec<u8>,
        /// The announced length of the body.
        promised: u64,
        /// True if the server goes silent instead of closing.
        silent: bool,
    },
    /// Sends one byte at a time, with a pause after each.
    Drip {
        /// The bytes that are sent.
        body: Vec<u8>,
    },
}

impl Answer {
    /// Creates a JSON response.
    pub fn json(status: u16, body: Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self::Reply { status, headers, body: body.to_string().into_bytes() }
    }

    /// Creates a plain-text response.
    pub fn text(status: u16, body: &str) -> Self {
        Self::Reply { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Reply { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// The responses of a scripted vendor, by route. A route is a method and the beginning of a path; the longest match
/// wins. The responses of a route are sent in order, the last one repeatedly.
#[derive(Debug, Clone, Default)]
pub struct Script(BTreeMap<String, Vec<Answer>>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixture {
    #[expect(dead_code, reason = "for readers of the fixture")]
    about: String,
    replies: Vec<FixtureReply>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FixtureReply {
    on: String,
    /// The HTTP status; 200 if absent.
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<Value>,
    text: Option<String>,
    /// True if the body is the suite's clip or audio.
    #[serde(default, alias = "sound")]
    clip: bool,
}

impl Script {
    /// Parses a fixture. `body` is the clip or audio that it may use.
    pub fn parse(text: &str, body: &[u8]) -> Result<Self, serde_json::Error> {
        let fixture: Fixture = serde_json::from_str(text)?;
        let mut script = Self::default();
        for reply in fixture.replies {
            let status = reply.status.unwrap_or(200);
            let answer = match (reply.json, &reply.text) {
                (Some(json), _) => Answer::json(status, json),
                (None, Some(text)) => Answer::text(status, text),
                (None, None) => {
                    let body = if reply.clip { body.to_vec() } else { Vec::new() };
                    Answer::Reply { status, headers: Vec::new(), body }
                }
            };
            let headers = reply.headers.iter();
            let answer = headers.fold(answer, |answer, (name, value)| answer.with(name, value));
            script.0.entry(reply.on).or_default().push(answer);
        }
        Ok(script)
    }

    /// Adds the routes of `other` to this script. They replace existing ones.
    #[must_use]
    pub fn over(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Replaces a route and all routes below it by one response.
    #[must_use]
    pub fn on(mut self, route: &str, answer: Answer) -> Self {
        self.0.retain(|theirs, _| !theirs.starts_with(route));
        self.0.insert(route.to_owned(), vec![answer]);
        self
    }

    fn answer(&mut self, route: &str) -> Answer {
        let fitting = self.0.iter_mut().filter(|(prefix, _)| route.starts_with(prefix.as_str()));
        match fitting.max_by_key(|(prefix, _)| prefix.len()) {
            Some((_, answers)) if answers.len() > 1 => answers.remove(0),
            Some((_, answers)) => answers[0].clone(),
            None => Answer::text(599, "the script has no such route"),
        }
    }
}

/// The API key of the tests, which must not appear in any output.
pub const KEY: &str = "key-4f1d7c-never+to/be=shown";

/// The result of a check, observed or expected.
pub type Outcome = Result<String, String>;

/// A check of a conformance suite and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The fault or guarantee that is checked.
    pub check: String,
    /// The outcome, observed or expected.
    pub outcome: Outcome,
}

/// Returns an error if the text contains [`KEY`], plain or form-encoded, or the key's first 12 characters.
pub fn clean(text: &str) -> Result<(), String> {
    let shows = text.contains(KEY) || text.contains(&form_encode(KEY)) || text.contains(&KEY[..12]);
    ensure(!shows, "the key is visible")
}

fn form_encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A request that the server received.
#[derive(Debug, Clone)]
pub struct RecordedRequest {
    /// The method, and the path with its query.
    pub route: String,
    /// The head of the request, unchanged.
    pub head: String,
    /// The body of the request.
    pub body: Vec<u8>,
}

impl RecordedRequest {
    /// Returns true if the head contains `form` with the key, plain or form-encoded, in place of `{{key}}`. An
    /// example is `x-key: {{key}}`.
    pub fn shows_as(&self, form: &str, key: &str) -> bool {
        let end = |form: String| {
            // The key must end where the line, the parameter or the address ends.
            self.head.split(&form).nth(1).is_some_and(|rest| rest.starts_with(['\r', '&', ' ']))
        };
        end(form.replace("{{key}}", key)) || end(form.replace("{{key}}", &form_encode(key)))
    }

    /// Returns true if the head contains a text, plain or form-encoded.
    pub fn shows(&self, text: &str) -> bool {
        self.head.contains(text) || self.head.contains(&form_encode(text))
    }
}

#[derive(Debug, Default)]
struct State {
    script: Script,
    seen: Vec<RecordedRequest>,
    deaf: bool,
}

/// A scripted vendor, whose server stops when this value is dropped.
#[derive(Debug)]
pub struct Vendor {
    base: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

impl Drop for Vendor {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Vendor {
    /// Starts the server on a free port of this machine.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(Mutex::new(State::default()));
        let server = tokio::spawn(serve(listener, state.clone()));
        Ok(Self { base, state, server })
    }

    /// Returns the URL of the server.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Replaces the script and clears the recorded requests.
    pub fn follow(&self, script: Script) {
        *self.lock() = State { script, ..State::default() };
    }

    /// Closes every later connection without reading its request. Clears the script and the recorded requests.
    pub fn go_deaf(&self) {
        *self.lock() = State { deaf: true, ..State::default() };
    }

    /// Returns the requests received since the script was set.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.lock().seen.clone()
    }

    /// Returns the number of requests to a route and to the routes below it.
    pub fn count(&self, route: &str) -> usize {
        self.lock().seen.iter().filter(|seen| seen.route.starts_with(route)).count()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let state = state.clone();
        // A broken connection is for the client to notice.
        connections.spawn(async move { drop(answer(stream, state).await) });
    }
}

async fn answer(mut stream: TcpStream, state: Arc<Mutex<State>>) -> io::Result<()> {
    let is_deaf = state.lock().unwrap_or_else(PoisonError::into_inner).deaf;
    if is_deaf {
        return Ok(());
    }
    let seen = read(&mut stream).await?;
    let answer = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = state.script.answer(&seen.route);
        state.seen.push(seen);
        answer
    };
    match answer {
        Answer::HangUp => {}
        Answer::Silence => tokio::time::sleep(SILENCE).await,
        Answer::Reply { status, headers, body } => {
            stream.write_all(head(status, &headers, body.len() as u64).as_bytes()).await?;
            stream.write_all(&body).await?;
        }
        Answer::Part { body, promised, silent } => {
            stream.write_all(head(200, &[], promised).as_bytes()).await?;
            stream.write_all(&body).await?;
            stream.flush().await?;
            if silent {
                tokio::time::sleep(SILENCE).await;
            }
        }
        Answer::Drip { body } => {
            stream.write_all(head(200, &[], body.len() as u64).as_bytes()).await?;
            for byte in body {
                stream.write_all(&[byte]).await?;
                stream.flush().await?;
                tokio::time::sleep(DRIP).await;
            }
        }
    }
    stream.shutdown().await
}

fn head(status: u16, headers: &[(String, String)], length: u64) -> String {
    let mut head =
        format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {length}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head
}

async fn read(stream: &mut TcpStream) -> io::Result<RecordedRequest> {
    let mut stream = BufReader::new(stream).take(MAX_REQUEST);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let length = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; usize::min(length, MAX_REQUEST as usize)];
    stream.read_exact(&mut body).await?;
    let mut words = head.split_whitespace();
    let route =
        format!("{} {}", words.next().unwrap_or_default(), words.next().unwrap_or_default());
    Ok(RecordedRequest { route, head, body })
}
