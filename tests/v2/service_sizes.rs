//! Tests of the service with large inputs: texts, lists, numbers, streams, methods, heads.

use pytoon_testkit::Workspace;
use pytoon_testkit::program::tool;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn tea(more: &Value) -> Value {
    let mut brief = json!({
        "script": "A cup of tea.", "voice": "off", "music_source": "none", "profile": "test",
        "target_duration_seconds": 2,
    });
    for (name, value) in more.as_object().expect("fields") {
        brief[name] = value.clone();
    }
    brief
}

#[test]
fn texts_and_lists_that_no_film_can_use_are_refused_with_the_brief() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let long = "word ".repeat(101);
    let overlay = json!({"text": "now"});
    for (more, field) in [
        (json!({"scenes": [{"scene": 1, "caption": long}]}), "scenes[0].caption"),
        (json!({"overlays": [{"text": long}]}), "overlays[0].text"),
        (json!({"overlays": vec![overlay; 101]}), "overlays"),
        (json!({"brand": {"palette": vec!["#102030"; 33]}}), "brand.palette"),
        (json!({"scenes": [{"scene": 1, "prompt": "p".repeat(4001)}]}), "scenes[0].prompt"),
        (json!({"voice": {"name": "n".repeat(4001)}}), "voice.name"),
        (json!({"media_files": vec!["a.jpg"; 1001]}), "media_files"),
    ] {
        for page in ["/api/v2/jobs", "/api/v2/plan"] {
            let refused = service.call("POST", page, Some(&tea(&more)));
            refused.problem(422, "invalid_brief", &[field, "the maximum is "]);
        }
    }
    // The longest accepted text becomes a film.
    let most = "word ".repeat(100);
    let id = service.submit(&tea(&json!({
        "scenes": [{"scene": 1, "caption": most.trim()}], "overlays": [{"text": most.trim()}],
    })));
    service.until(&id, "done");
}

#[test]
fn event_streams_leave_connections_for_others() {
    let workspace = Workspace::new();
    workspace.write("config/defaults.yaml", "service: {worker_tasks: 1, requests_per_minute: 0}\n");
    // A quarter of the descriptors is for connections.
    let service = workspace.serve_through(&["sh", "-c", "ulimit -n 256; exec \"$0\" \"$@\""]);
    let script = "A cup of tea. ".repeat(60);
    let brief = tea(&json!({
        "script": script.trim(), "target_duration_seconds": 60, "profile": "default",
    }));
    let keys = ["one", "two"]
        .map(|name| workspace.pytoon(&["keys", "add", name]).ok().stdout.trim().to_owned());
    let mut streams = Vec::new();
    for key in &keys {
        let bearer = format!("Bearer {key}");
        let headers = [("Authorization", bearer.as_str())];
        let accepted = service.ask("POST", "/api/v2/jobs", &headers, Some(&brief)).is(202).json();
        let id = accepted["job_id"].as_str().expect("an id");
        for _ in 0..40 {
            let mut stream = TcpStream::connect(&service.address).expect("a connection");
            let asked = format!(
                "GET /api/v2/jobs/{id}/events HTTP/1.1\r\nHost: a\r\nAuthorization: {bearer}\r\n\r\n"
            );
            // A stream that is replaced is closed.
            let _ = stream.write_all(asked.as_bytes());
            streams.push(stream);
        }
    }
    std::thread::sleep(Duration::from_secs(1));
    for _ in 0..5 {
        let begun = Instant::now();
        service.send("GET", "/livez", &[], b"").is(200);
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
}

#[test]
fn a_request_names_one_host_and_no_method_fills_the_log() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let raw = |text: &str| {
        let mut stream = TcpStream::connect(&service.address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
        stream.write_all(text.as_bytes()).expect("is sent");
        let mut said = String::new();
        let _ = stream.read_to_string(&mut said);
        said
    };
    let end = "Connection: close\r\n\r\n";
    for (head, status) in [
        ("GET /livez HTTP/1.1\r\nHost: a:8000\r\n", "200"),
        ("GET /livez HTTP/1.1\r\nHost:\r\n", "200"),
        ("GET /livez HTTP/1.0\r\n", "200"),
        ("GET /livez HTTP/1.1\r\n", "400"),
        ("GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n", "400"),
        ("GET /livez HTTP/1.1\r\nHost: a b<>\r\n", "400"),
    ] {
        let said = raw(&format!("{head}{end}"));
        assert_eq!(said.split(' ').nth(1), Some(status), "{head}{said}");
    }
    let method = "A".repeat(50_000);
    raw(&format!("{method} /livez HTTP/1.1\r\nHost: a\r\n{end}"));
    let lines = service.wait_for("request");
    assert!(lines.to_string().len() < 2000, "{lines}");
    let log = std::fs::read_to_string(workspace.path("logs/api.log")).expect("a log");
    assert!(!log.contains("AAAA") && log.contains("\"other\""), "{log}");
}

#[test]
fn what_is_ambiguous_is_refused() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let bearer = format!("Bearer {}", service.key);
    let twice = [("Authorization", bearer.as_str()), ("Authorization", "Bearer pyt_other")];
    service.send("GET", "/api/v2/jobs", &twice, b"").problem(401, "unauthorized", &[]);
    let json = [("Authorization", bearer.as_str()), ("Content-Type", "application/JSON")];
    let brief = tea(&json!({})).to_string();
    service.send("POST", "/api/v2/plan", &json, brief.as_bytes()).is(200);
    service.call("GET", "/api/v2/jobs?cursor=-1_a", None).problem(422, "invalid_request", &[]);
    let form =
        [("Authorization", bearer.as_str()), ("Content-Type", "multipart/form-data; boundary=cut")];
    let part =
        "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\na\r\n";
    let body = format!("{part}{part}--cut--\r\n");
    let refused = service.send("POST", "/api/v2/assets", &form, body.as_bytes());
    refused.problem(422, "invalid_request", &["twice"]);
}

#[test]
fn sound_at_a_rate_that_no_recording_has_is_not_taken() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let path = workspace.path("slow.wav").display().to_string();
    tool("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", "sine=d=2", "-y", path.as_str()]);
    let mut wav = std::fs::read(&path).expect("a file");
    // The sampling rate is 24 bytes into the header.
    wav[24..28].copy_from_slice(&1_u32.to_le_bytes());
    let bearer = format!("Bearer {}", service.key);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "audio/wav")];
    let refused = service.send("POST", "/api/v2/assets", &headers, &wav);
    refused.problem(422, "invalid_asset", &["sample rate is 1 Hz"]);
}

#[test]
fn a_database_that_was_truncated_is_not_ready() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let database = workspace.path("storage/pytoon.db");
    std::fs::File::options().write(true).open(&database).and_then(|f| f.set_len(0)).expect("cut");
    // A readiness result is cached for a second.
    std::thread::sleep(Duration::from_millis(1100));
    let answer = service.send("GET", "/readyz", &[], b"").is(503).text();
    assert!(answer.contains("truncated"), "{answer}");
    let refused = service.call("POST", "/api/v2/jobs", Some(&tea(&json!({}))));
    refused.problem(503, "store_unavailable", &[]);
}

#[test]
fn a_database_that_another_program_locks_is_not_ready() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let database = workspace.path("storage/pytoon.db").display().to_string();
    let lock = "import sqlite3, sys\n\
                c = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                c.execute('BEGIN EXCLUSIVE')\nprint('held', flush=True)\nsys.stdin.read()\n";
    #[expect(clippy::disallowed_methods, reason = "another program that holds the lock")]
    let mut other = std::process::Command::new("python3")
        .args(["-c", lock, database.as_str()])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("python3");
    // The pipe stays open: Python writes the line's end separately, and would die if it were closed.
    let mut held = BufReader::new(other.stdout.take().expect("a pipe"));
    held.read_line(&mut String::new()).expect("the lock is held");
    let answer = service.send("GET", "/readyz", &[], b"").is(503).text();
    assert!(answer.contains("no reply within 2 s"), "{answer}");
    drop(other.stdin.take());
    assert!(other.wait().expect("ends").success());
    // A readiness result is cached for a second.
    std::thread::sleep(Duration::from_millis(1100));
    service.send("GET", "/readyz", &[], b"").is(200);
}
