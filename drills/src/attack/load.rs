//! Performs the attack: each type of load repeats in separate threads until the time is over.

use anyhow::Context;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The number of event streams that are opened but never read.
const STREAMS: usize = 500;
/// The number of connections whose request heads are sent byte by byte.
const SLOW: usize = 200;
/// The number of threads in each flood.
const FLOODS: usize = 4;

#[derive(Clone)]
struct Target {
    port: u16,
    key: String,
    ends: Instant,
}

/// Attacks the service at a port, with an API key, for a number of seconds.
pub(crate) fn run(args: &[String]) -> anyhow::Result<()> {
    let [port, key, seconds] = args else { anyhow::bail!("usage: attack-load PORT KEY SECONDS") };
    let ends = Instant::now() + Duration::from_secs(seconds.parse()?);
    let target = Target { port: port.parse().context("a port")?, key: key.clone(), ends };
    let waiting = target.submit().unwrap_or_default();
    let pictures = [huge_png(), many_tracks()];
    std::thread::scope(|scope| {
        let start = |attack: Box<dyn FnMut() + Send>| {
            let builder = std::thread::Builder::new().stack_size(256 << 10);
            let mut attack = attack;
            let until = target.ends;
            let _ = builder.spawn_scoped(scope, move || {
                while Instant::now() < until {
                    attack();
                    std::thread::sleep(Duration::from_millis(5));
                }
            });
        };
        for _ in 0..STREAMS {
            let (target, job) = (target.clone(), waiting.clone());
            start(Box::new(move || target.unread_stream(&job)));
        }
        for number in 0..SLOW {
            let target = target.clone();
            start(Box::new(move || target.slow_head(number)));
        }
        for number in 0..FLOODS {
            for attack in
                [Target::endless_part, Target::unread_lists, Target::probes, Target::large_brief]
            {
                let target = target.clone();
                start(Box::new(move || attack(&target)));
            }
            let (target, media) = (target.clone(), pictures[number % pictures.len()].clone());
            start(Box::new(move || target.upload(&media)));
        }
    });
    Ok(())
}

impl Target {
    fn connect(&self) -> Option<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        stream.set_write_timeout(Some(Duration::from_secs(30))).ok()?;
        Some(stream)
    }

    fn head(&self, line: &str, more: &str) -> String {
        format!("{line} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n{more}\r\n", self.key)
    }

    /// Sends a request with a head and a body. Returns the connection; `None` if it breaks.
    fn send(&self, line: &str, more: &str, body: &[u8]) -> Option<TcpStream> {
        let mut stream = self.connect()?;
        stream.write_all(self.head(line, more).as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        Some(stream)
    }

    fn post(&self, path: &str, kind: &str, body: &[u8]) -> Option<Vec<u8>> {
        let more = format!(
            "Content-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n",
            body.len()
        );
        let mut stream = self.send(&format!("POST {path}"), &more, body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        Some(answer)
    }

    /// Submits a job with the attacker's key. Returns the job's id, or `None` if the request fails or is rejected.
    fn submit(&self) -> Option<String> {
        let brief = br#"{"script": "Mine.", "profile": "test", "client_data": 1}"#;
        let answer = self.post("/api/v2/jobs", "application/json", brief)?;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let id = text.split("\"job_id\":\"").nth(1)?.split('"').next()?;
        Some(id.to_owned())
    }

    /// Opens an event stream and does not read it.
    fn unread_stream(&self, job: &str) {
        let line = format!("GET /api/v2/jobs/{job}/events");
        if let Some(stream) = self.send(&line, "", b"") {
            std::thread::sleep(Duration::from_secs(20));
            drop(stream);
        } else {
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    /// Sends an endless request head, one byte every five milliseconds.
    fn slow_head(&self, number: usize) {
        let Some(mut stream) = self.connect() else {
            std::thread::sleep(Duration::from_secs(1));
            return;
        };
        let _ = stream.write_all(b"GET /livez HTTP/1.1\r\nX-Slow: ");
        while Instant::now() < self.ends && stream.write_all(&[b'a' + (number % 26) as u8]).is_ok()
        {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a form whose part header never ends, first fast and then slowly.
    fn endless_part(&self) {
        let more =
            "Content-Type: multipart/form-data; boundary=xx\r\nContent-Length: 160000000\r\n";
        let start = b"--xx\r\nContent-Disposition: form-data; name=\"";
        let Some(mut stream) = self.send("POST /api/v2/assets", more, start) else { return };
        let piece = vec![b'a'; 1 << 20];
        for _ in 0..150 {
            if stream.write_all(&piece).is_err() {
                return;
            }
        }
        while Instant::now() < self.ends && stream.write_all(b"a").is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Requests lists and does not read the responses.
    fn unread_lists(&self) {
        let held: Vec<Option<TcpStream>> =
            (0..12).map(|_| self.send("GET /api/v2/jobs?limit=200", "", b"")).collect();
        std::thread::sleep(Duration::from_secs(5));
        drop(held);
    }

    /// Requests the public routes: health checks, the OpenAPI document, and metrics.
    fn probes(&self) {
        for path in ["/readyz", "/health", "/openapi.json", "/metrics"] {
            if let Some(mut stream) =
                self.send(&format!("GET {path}"), "Connection: close\r\n", b"")
            {
                let _ = stream.read_to_end(&mut Vec::new());
            }
        }
        std::thread::sleep(Duration::from_millis(100));
    }

    /// Submits a brief of about one megabyte, once as a job and once for its plan.
    fn large_brief(&self) {
        let words = "word ".repeat(180_000);
        let body = format!(r#"{{"script": "{words}", "client_data": "{}"}}"#, "x".repeat(100_000));
        let _ = self.post("/api/v2/jobs", "application/json", body.as_bytes());
        let _ = self.post("/api/v2/plan", "application/json", body.as_bytes());
    }

    fn upload(&self, media: &[u8]) {
        let _ = self.post("/api/v2/assets", "application/octet-stream", media);
    }
}

/// Returns a PNG of 10900 x 10900 pixels in one colour.
fn huge_png() -> Vec<u8> {
    let source = "color=c=teal:s=10900x10900";
    ffmpeg(&[
        "-f",
        "lavfi",
        "-i",
        source,
        "-frames:v",
        "1",
        "-pix_fmt",
        "rgb24",
        "-f",
        "image2pipe",
        "-c:v",
        "png",
    ])
}

/// Returns a Matroska file with 200 tracks and large tags.
fn many_tracks() -> Vec<u8> {
    let title = format!("title={}", "t".repeat(100_000));
    let mut args = vec!["-f", "lavfi", "-i", "anullsrc=d=0.1"];
    for _ in 0..200 {
        args.extend(["-map", "0"]);
    }
    args.extend(["-metadata", &title, "-metadata:s", &title, "-f", "matroska"]);
    ffmpeg(&args)
}

fn ffmpeg(args: &[&str]) -> Vec<u8> {
    #[expect(clippy::disallowed_methods, reason = "a drill starts whole programs")]
    let mut command = std::process::Command::new("ffmpeg");
    let made = command.args(["-v", "error"]).args(args).arg("pipe:1").output();
    made.map(|output| output.stdout).unwrap_or_default()
}
