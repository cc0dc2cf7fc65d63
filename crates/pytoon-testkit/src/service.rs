//! A running service, and a client of its HTTP API that shares no code with it.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The timeout for starting a process, and for a job.
const PATIENCE: Duration = Duration::from_secs(90);

/// A process of the service, which is killed when this value is dropped.
#[derive(Debug)]
pub struct Service {
    child: Child,
    /// The address on which the process listens; empty for a worker.
    pub address: String,
    /// The API key that the process printed at its first start; empty if it printed none.
    pub key: String,
    folder: PathBuf,
    name: String,
}

/// The response to a request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers, with their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The response body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Returns the body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{} is no JSON: {text}", self.status))
    }

    /// Returns the body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Asserts that the response has this status, and returns the response.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Asserts that the response is a problem (RFC 9457) with this status and code that contains all of these parts.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str, parts: &[&str]) {
        let text = self.text();
        assert_eq!(self.status, status, "{text}");
        assert_eq!(self.headers["content-type"], "application/problem+json", "{text}");
        let problem = self.json();
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&status.into(), &code.into()),
            "{text}"
        );
        for part in parts {
            assert!(text.contains(part), "`{part}` is missing: {text}");
        }
    }
}

impl Service {
    /// Starts a process in a folder and waits until it is ready. Writes its output to `<name>.out` and `<name>.err`
    /// there.
    pub fn start(command: &mut Command, folder: &Path, name: &str) -> Self {
        let file = |end: &str| {
            std::fs::File::create(folder.join(format!("{name}.{end}"))).expect("a file")
        };
        let child = command
            .stdin(Stdio::null())
            .stdout(file("out"))
            .stderr(file("err"))
            .spawn()
            .expect("starts");
        let mut service = Self {
            child,
            address: String::new(),
            key: String::new(),
            folder: folder.to_owned(),
            name: name.to_owned(),
        };
        let started = service.wait_for("service_started");
        service.address = started["address"].as_str().unwrap_or_default().to_owned();
        let said = std::fs::read_to_string(folder.join(format!("{name}.err"))).unwrap_or_default();
        let key = said.split_whitespace().find(|word| word.starts_with("pyt_"));
        service.key = key.unwrap_or_default().to_owned();
        service
    }

    /// Returns all JSON lines that the process has logged so far.
    pub fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.join(format!("{}.out", self.name)));
        let text = text.unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Returns every logged line of an event so far.
    pub fn events(&self, event: &str) -> Vec<Value> {
        self.log().into_iter().filter(|line| line["event"] == event).collect()
    }

    /// Waits for the first logged line of an event, and returns it.
    #[track_caller]
    pub fn wait_for(&self, event: &str) -> Value {
        let begun = Instant::now();
        loop {
            // It may write the line and exit: check whether it runs first.
            let runs = self.runs();
            if let Some(line) = self.events(event).into_iter().next() {
                return line;
            }
            let err = std::fs::read_to_string(self.folder.join(format!("{}.err", self.name)));
            let waits = runs && begun.elapsed() < PATIENCE;
            assert!(waits, "no {event} (runs: {runs}); {}", err.unwrap_or_default());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns true if the process is running; a zombie is not.
    fn runs(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let state = stat.ok().and_then(|text| text.rsplit(')').next().map(str::to_owned));
        state.is_some_and(|state| !state.trim_start().starts_with('Z'))
    }

    /// Returns the id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the process, as a crash would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Terminates the process and waits for its end. Returns its exit status.
    #[track_caller]
    pub fn end(&mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("is told");
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("is waited for") {
                return status.code();
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a request with the API key that the process printed.
    #[track_caller]
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {}", self.key);
        self.ask(method, path, &[("Authorization", &bearer)], body)
    }

    /// Sends a request with these headers and, if there is one, a JSON body.
    #[track_caller]
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let body = body.map(Value::to_string);
        let mut headers = headers.to_vec();
        if body.is_some() {
            headers.push(("Content-Type", "application/json"));
        }
        self.send(method, path, &headers, body.unwrap_or_default().as_bytes())
    }

    /// Sends a request with this body and, in addition to `Host`, `Content-Length` and `Connection`, these
    /// headers.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        send_to(&self.address, method, path, headers, body)
    }

    /// Sends a request that names another host in its `Host` header.
    #[track_caller]
    pub fn ask_as_host(
        &self,
        host: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        send_for_host(&self.address, host, method, path, headers, b"")
    }

    /// Submits a brief. Returns the job's id.
    #[track_caller]
    pub fn submit(&self, brief: &Value) -> String {
        let answer = self.call("POST", "/api/v2/jobs", Some(brief)).is(202);
        answer.json()["job_id"].as_str().expect("an id").to_owned()
    }

    /// Returns the current state of a job.
    #[track_caller]
    pub fn job(&self, id: &str) -> Value {
        self.call("GET", &format!("/api/v2/jobs/{id}"), None).is(200).json()
    }

    /// Waits until a job has a status, and returns the job. Panics if the job ends otherwise or takes too long.
    #[track_caller]
    pub fn until(&self, id: &str, status: &str) -> Value {
        let begun = Instant::now();
        loop {
            let job = self.job(id);
            if job["status"] == status {
                return job;
            }
            let ended = ["done", "failed", "held", "cancelled"].iter().any(|s| job["status"] == *s);
            if ended || begun.elapsed() > PATIENCE {
                panic!("it is not {status}: {job}\n{}", self.last_lines());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Returns the end of the log without request lines, for failure messages.
    fn last_lines(&self) -> String {
        let lines: Vec<String> = self
            .log()
            .iter()
            .filter(|line| line["event"] != "request")
            .map(Value::to_string)
            .collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a request to a plain URL, such as a link to an object store.
#[track_caller]
pub fn ask_link(link: &str, method: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let rest = link.strip_prefix("http://").expect("an http address");
    let (address, path) = rest.split_once('/').unwrap_or((rest, ""));
    send_to(address, method, &format!("/{path}"), headers, body)
}

#[track_caller]
fn send_to(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    send_for_host(address, address, method, path, headers, body)
}

#[track_caller]
fn send_for_host(
    address: &str,
    host: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut stream = TcpStream::connect(address).expect("it answers");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\nConnection: close\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes()).expect("is sent");
    // A server that rejects a body may close before all of it is sent.
    let _ = stream.write_all(body);
    let mut all = Vec::new();
    let read = stream.read_to_end(&mut all);
    assert!(read.is_ok() || !all.is_empty(), "no answer: {read:?}");
    answer(&all)
}

fn answer(all: &[u8]) -> Answer {
    let end = all.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &all[end + 4..];
    let is_chunked = headers.get("transfer-encoding").is_some_and(|how| how == "chunked");
    let body = if is_chunked { chunks(rest) } else { rest.to_vec() };
    Answer { status, headers, body }
}

/// Decodes the body of a chunked response (RFC 9112, 7.1).
fn chunks(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..end]).into_owned();
        let Ok(size) = usize::from_str_radix(size.split(';').next().unwrap_or(""), 16) else {
            break;
        };
        let start = end + 2;
        if size == 0 || rest.len() < start + size {
            break;
        }
        body.extend_from_slice(&rest[start..start + size]);
        rest = rest.get(start + size + 2..).unwrap_or_default();
    }
    body
}

/// Returns the HMAC-SHA256 of a text in Base64, computed with a secret of the form `whsec_…`.
pub fn signature(secret: &str, text: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use hmac::{Hmac, KeyInit, Mac};
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).expect("Base64");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("a key");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}
