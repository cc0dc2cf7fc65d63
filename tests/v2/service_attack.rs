//! Tests of the service under attack: peers that stall, flood or lie, and resources that are exhausted.

use pytoon_testkit::program::tool;
use pytoon_testkit::{Service, Workspace, is_root, postgres};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

fn quick() -> Value {
    json!({
        "script": "A cup of tea.", "voice": "off", "music_source": "none", "profile": "test",
        "target_duration_seconds": 2,
    })
}

fn connect(service: &Service) -> TcpStream {
    let stream = TcpStream::connect(&service.address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(40))).expect("set");
    stream
}

/// Reads from a connection until the peer closes it.
fn rest_of(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    String::from_utf8_lossy(&all).into_owned()
}

fn raw(service: &Service, text: &str) -> String {
    let mut stream = connect(service);
    stream.write_all(text.as_bytes()).expect("is sent");
    rest_of(&mut stream)
}

/// Returns the resident memory of a process, in MiB.
fn rss_mib(service: &Service) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.id()));
    let status = status.expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number") >> 10
}

#[test]
fn the_header_of_a_forms_part_is_bounded() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let bearer = format!("Bearer {}", service.key);
    let headers =
        [("Authorization", bearer.as_str()), ("Content-Type", "multipart/form-data; boundary=xx")];
    let endless = format!("--xx\r\nContent-Disposition: form-data; name=\"{}", "a".repeat(8 << 20));
    let answer = service.send("POST", "/api/v2/assets", &headers, endless.as_bytes());
    answer.problem(400, "body", &["header of a form field", "16 KiB"]);
    // Other fields are skipped, up to a limit.
    let other = format!(
        "--xx\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n{}\r\n--xx--\r\n",
        "b".repeat(2 << 20)
    );
    let answer = service.send("POST", "/api/v2/assets", &headers, other.as_bytes());
    answer.problem(413, "too_large", &["other than `file`"]);
    let left = std::fs::read_dir(workspace.path("storage/incoming")).into_iter().flatten().count();
    assert_eq!(left, 0, "what is refused leaves nothing behind");
}

#[test]
fn heads_are_strict_and_come_in_time() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let fine = raw(&service, "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(fine.starts_with("HTTP/1.1 200"), "{fine}");
    for (text, status) in [
        ("GET /livez HTTP/1.1\nHost: a\nConnection: close\n\n", "400"),
        ("GET /livez HTTP/1.1\r\nHost: a\nConnection: close\r\n\r\n", "400"),
        (
            "POST /api/v2/jobs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "501",
        ),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"),
    ] {
        let answer = raw(&service, text);
        assert!(
            answer.is_empty() || answer.contains(&format!("HTTP/1.1 {status}")),
            "{text:?}: {answer}"
        );
        assert!(!answer.contains("200 OK"), "{text:?}: {answer}");
    }
    // A head without an end times out.
    let begun = Instant::now();
    let mut slow = connect(&service);
    slow.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\nX: ").expect("is sent");
    rest_of(&mut slow);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    // Two requests on one connection, the second after a body: the framing is followed.
    let two = "POST /api/v2/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\n\n{}\
               GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answers = raw(&service, two);
    assert!(answers.contains("401") && answers.contains("200 OK"), "{answers}");
}

#[test]
fn idle_connections_take_nothing_from_those_who_ask() {
    let workspace = Workspace::new();
    let service = workspace.serve_through(&["sh", "-c", "ulimit -n 128; exec \"$0\" \"$@\""]);
    let idle: Vec<TcpStream> = (0..200).map(|_| connect(&service)).collect();
    let half: Vec<TcpStream> = (0..50)
        .map(|_| {
            let mut stream = connect(&service);
            let _ = stream.write_all(b"GET / HTTP/1.1\r\n");
            stream
        })
        .collect();
    let begun = Instant::now();
    service.send("GET", "/livez", &[], b"").is(200);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let id = service.submit(&quick());
    service.until(&id, "done");
    drop((idle, half));
}

#[test]
fn shutdown_completes_despite_stuck_clients() {
    let workspace = Workspace::new();
    workspace.write("config/defaults.yaml", "service: {grace_seconds: 2}\n");
    let mut service = workspace.serve();
    let bearer = service.key.clone();
    let mut stuck = connect(&service);
    let head = format!(
        "POST /api/v2/assets HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {bearer}\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: 1000000\r\n\r\nabc"
    );
    stuck.write_all(head.as_bytes()).expect("is sent");
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    assert_eq!(service.end(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn what_comes_back_in_lists_is_bounded() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let mut brief = quick();
    brief["client_data"] = json!({ "note": "x".repeat(20_000) });
    let refused = service.call("POST", "/api/v2/jobs", Some(&brief));
    refused.problem(422, "invalid_request", &["client_data", "16384"]);
    brief["client_data"] = json!({ "note": "x".repeat(16_000) });
    for _ in 0..20 {
        service.call("POST", "/api/v2/jobs", Some(&brief)).is(202);
    }
    // Lists that are never read.
    let before = rss_mib(&service);
    let bearer = &service.key;
    let unread: Vec<TcpStream> = (0..60)
        .map(|_| {
            let mut stream = connect(&service);
            let asked = format!(
                "GET /api/v2/jobs?limit=200 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {bearer}\r\n\r\n"
            );
            stream.write_all(asked.as_bytes()).expect("is sent");
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_secs(2));
    let after = rss_mib(&service);
    assert!(after < before + 150, "{before} to {after} MiB");
    drop(unread);
    let list = service.call("GET", "/api/v2/jobs", None).is(200).json();
    assert_eq!(list["jobs"][0]["client_data"], brief["client_data"]);
}

#[test]
fn a_body_means_one_thing() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let bearer = format!("Bearer {}", service.key);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let post = |body: &str| service.send("POST", "/api/v2/jobs", &headers, body.as_bytes());
    let twice = post(r#"{"script": "One.", "script": "Two."}"#);
    twice.problem(400, "not_json", &["`script` is given twice"]);
    let lossy = post(r#"{"script": "One.", "client_data": {"n": 123456789012345678901234567890}}"#);
    lossy.problem(422, "invalid_request", &["64 bits"]);
}

/// Tests that invalid ids and names in requests are rejected, on the database that `environment` names.
#[track_caller]
fn names_are_checked(environment: &[(&str, &str)]) {
    let workspace = Workspace::new();
    let service = workspace.serve_with(environment);
    let get = |path: &str| service.call("GET", path, None);
    get("/api/v2/jobs/a%00b").problem(404, "no_such_job", &[]);
    get("/api/v2/jobs/a%00b/events").problem(404, "no_such_job", &[]);
    get("/api/v2/jobs/%1b%5b2J").problem(404, "no_such_job", &[]);
    get("/api/v2/jobs?cursor=5_a%00b").problem(422, "invalid_request", &["control"]);
    get("/api/v2/jobs?status=%00").problem(422, "invalid_request", &[]);
    let mut brief = quick();
    brief["media_files"] = json!(["asset:a\u{0}b"]);
    let refused = service.call("POST", "/api/v2/jobs", Some(&brief));
    refused.problem(422, "invalid_request", &["media_files[0]"]);
    let confirm = service.call("POST", "/api/v2/assets/uploads/a%00b/confirm", None);
    assert!((400..500).contains(&confirm.status), "{}", confirm.text());
    // A NUL in a string is valid JSON.
    let mut brief = quick();
    brief["client_data"] = json!("a\u{0}b");
    let id = service.submit(&brief);
    assert_eq!(service.until(&id, "done")["client_data"], brief["client_data"]);
}

#[test]
fn names_that_no_id_has_are_found_nowhere() {
    names_are_checked(&[]);
    names_are_checked(&[("DATABASE_URL", &postgres::new_database())]);
}

#[test]
fn a_lost_database_is_noticed_at_once_and_at_the_start() {
    let workspace = Workspace::new();
    let mut service = workspace.serve();
    let id = service.submit(&quick());
    service.until(&id, "done");
    let database = workspace.path("storage/pytoon.db");
    assert!(database.is_file(), "it lies in another place");
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(workspace.path(&format!("storage/pytoon.db{end}")));
    }
    std::thread::sleep(Duration::from_millis(1100));
    let ready = service.send("GET", "/readyz", &[], b"").is(503).text();
    assert!(ready.contains("removed or moved") && !ready.contains("/storage/"), "{ready}");
    service.call("POST", "/api/v2/jobs", Some(&quick())).problem(503, "store_unavailable", &[]);
    service.end();
    let again = workspace.pytoon(&["serve", "--port", "0"]);
    assert_eq!(again.code, Some(1), "{}", again.stderr);
    assert!(again.stderr.contains("the database is empty, but"), "{}", again.stderr);
    assert!(!again.stderr.contains("pyt_"), "no new key is shown");
}

#[test]
fn a_stream_of_events_ends_with_its_key() {
    let workspace = Workspace::new();
    workspace.write("config/defaults.yaml", "service: {worker_tasks: 1}\n");
    let service = workspace.serve();
    let key = workspace.pytoon(&["keys", "add", "guest"]).ok().stdout.trim().to_owned();
    let bearer = format!("Bearer {key}");
    // A queued job: its stream stays open.
    let mut brief = quick();
    brief["script"] = json!("A cup of tea. ".repeat(60).trim());
    brief["target_duration_seconds"] = json!(60);
    brief["profile"] = json!("default");
    let headers = [("Authorization", bearer.as_str())];
    let accepted = service.ask("POST", "/api/v2/jobs", &headers, Some(&brief)).is(202).json();
    let id = accepted["job_id"].as_str().expect("an id");
    let mut stream = connect(&service);
    let asked = format!(
        "GET /api/v2/jobs/{id}/events HTTP/1.1\r\nHost: a\r\nAuthorization: {bearer}\r\n\r\n"
    );
    stream.write_all(asked.as_bytes()).expect("is sent");
    std::thread::sleep(Duration::from_millis(500));
    workspace.pytoon(&["keys", "revoke", "guest"]).ok();
    let begun = Instant::now();
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    let mut buffer = [0; 4096];
    // The last chunk of a chunked body ends it (RFC 9112, 7.1).
    let ends = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break true,
            Ok(count) if buffer[..count].ends_with(b"0\r\n\r\n") => break true,
            Ok(_) => {}
            Err(_) => break false,
        }
    };
    assert!(ends && begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn one_key_with_many_streams_leaves_room_for_another() {
    let workspace = Workspace::new();
    workspace.write("config/defaults.yaml", "service: {worker_tasks: 1, requests_per_minute: 0}\n");
    let service = workspace.serve();
    let mut brief = quick();
    brief["script"] = json!("A cup of tea. ".repeat(60).trim());
    brief["target_duration_seconds"] = json!(60);
    brief["profile"] = json!("default");
    let add = |name: &str| workspace.pytoon(&["keys", "add", name]).ok().stdout.trim().to_owned();
    let (greedy, modest) = (add("greedy"), add("modest"));
    let submit = |key: &str| {
        let bearer = format!("Bearer {key}");
        let headers = [("Authorization", bearer.as_str())];
        let accepted = service.ask("POST", "/api/v2/jobs", &headers, Some(&brief)).is(202).json();
        accepted["job_id"].as_str().expect("an id").to_owned()
    };
    let watch = |key: &str, id: &str| {
        let mut stream = connect(&service);
        let asked = format!(
            "GET /api/v2/jobs/{id}/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n\r\n"
        );
        stream.write_all(asked.as_bytes()).expect("is sent");
        stream
    };
    let status = |stream: &mut TcpStream| {
        let mut head = [0; 12];
        stream.read_exact(&mut head).expect("an answer");
        String::from_utf8_lossy(&head[9..]).into_owned()
    };
    let job = submit(&greedy);
    let mut streams: Vec<TcpStream> = (0..140).map(|_| watch(&greedy, &job)).collect();
    let begun = Instant::now();
    let mut other = watch(&modest, &submit(&modest));
    assert_eq!(status(&mut other), "200");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // Half of 256 continue, the rest must retry later.
    let answers: Vec<String> = streams.iter_mut().map(status).collect();
    let count = |wanted: &str| answers.iter().filter(|status| *status == wanted).count();
    assert_eq!((count("200"), count("503")), (128, 12));
}

#[test]
fn what_a_job_would_refuse_is_refused_with_the_brief() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    for (field, value, part) in [
        ("brand", json!("nobody"), "nobody"),
        ("brand", json!({"palette": ["red"]}), "red"),
        ("brand", json!({"font": "No Such Font At All"}), "font"),
        ("language", json!("klingonese"), "klingonese"),
        ("language", json!("en_US"), "en-US"),
        ("pronunciations", json!({"x": ""}), "pronunciations"),
    ] {
        let mut brief = quick();
        brief[field] = value;
        let answer = service.call("POST", "/api/v2/jobs", Some(&brief));
        assert_eq!(answer.status, 422, "{field}: {}", answer.text());
        assert!(answer.text().contains(part), "{field}: {}", answer.text());
    }
    let bomb = std::fs::read(workspace.png_bomb("a.png")).expect("a picture");
    let bearer = format!("Bearer {}", service.key);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "image/png")];
    let refused = service.send("POST", "/api/v2/assets", &headers, &bomb);
    refused.problem(422, "invalid_asset", &["900 megapixels"]);
}

#[test]
fn every_answer_says_what_browsers_and_caches_may_do() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    for path in ["/docs", "/docs.js", "/livez", "/api/v2/jobs", "/nothing"] {
        let answer = service.call("GET", path, None);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.headers.get(name).map(String::as_str), Some(value), "{path}");
        }
        let policy = &answer.headers["content-security-policy"];
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    }
}

#[test]
fn nothing_that_a_caller_wrote_reaches_the_terminal_as_it_is() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let hostile = "x\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}y\nerror: forged";
    let name = workspace.pytoon(&["keys", "add", hostile]);
    let id = service.submit(&quick());
    service.until(&id, "done");
    // These names are rejected now; older rows may contain them.
    for path in ["jobs.error", "jobs.brief"] {
        let column = path.trim_start_matches("jobs.");
        let value = match column {
            "error" => json!({
                "code": "invalid_brief", "stage": "plan", "provider": null, "message": hostile,
                "retryable": false,
            }),
            _ => {
                let mut brief = quick();
                brief["language"] = json!(hostile);
                brief
            }
        };
        let text = value.to_string().replace('\'', "''");
        let sql = format!("UPDATE jobs SET {column} = '{text}'");
        let database = workspace.path("storage/pytoon.db").display().to_string();
        tool("sqlite3", [database.as_str(), ".timeout 5000", sql.as_str()]);
    }
    for args in [
        &["jobs", "list"][..],
        &["jobs", "show", &id],
        &["jobs", "list", "--json"],
        &["doctor", &id],
        &["tasks", "dead"],
        &["keys", "list"],
        &["keys", "list", "--json"],
    ] {
        let run = workspace.pytoon(args);
        for (stream, text) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
            let bad = text.chars().find(|c| {
                (c.is_control() && !matches!(c, '\n' | '\t'))
                    || ('\u{202a}'..='\u{202e}').contains(c)
            });
            assert_eq!(bad, None, "{args:?} {stream}: {text:?}");
            assert!(!text.lines().any(|line| line == "error: forged"), "{args:?}: {text}");
        }
    }
    drop(name);
}

#[test]
fn files_are_not_for_everybody() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let picture = std::fs::read(workspace.picture("cup.jpg", 60, 40)).expect("a picture");
    let bearer = format!("Bearer {}", service.key);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "image/jpeg")];
    service.send("POST", "/api/v2/assets", &headers, &picture).is(201);
    let id = service.submit(&quick());
    service.until(&id, "done");
    let mut seen = 0;
    let mut folders = vec![workspace.path("storage")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("reads").flatten() {
            let path = entry.path();
            let Ok(metadata) = entry.metadata() else { continue };
            let mode = metadata.permissions().mode() & 0o777;
            assert_eq!(mode & 0o027, 0, "{} is {mode:o}", path.display());
            let is_database = path.to_string_lossy().contains("pytoon.db");
            assert!(!is_database || mode == 0o600, "{} is {mode:o}", path.display());
            if metadata.is_dir() {
                folders.push(path);
            }
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen} files");
}

/// Runs the runbooks' commands as an operator who is in the service's group and owns no files. Asserts that the
/// operator can read a job's files, and can neither read the database nor write.
fn operator_reads(workspace: &Workspace, group: &str, job: &str) {
    let root = workspace.root().display().to_string();
    let typed = |command: &str| {
        #[expect(clippy::disallowed_methods, reason = "an operator's shell is no part of us")]
        let mut operator_shell = Command::new("setpriv");
        operator_shell.args(["--reuid", "54001", "--regid", "54001", "--groups", group]);
        operator_shell.args(["sh", "-c", command]).current_dir("/");
        operator_shell.output().expect("setpriv")
    };
    for command in [
        format!("cat {root}/storage/jobs/{job}/timeline.json | jq .tracks"),
        format!(
            "ffprobe -v error -show_entries format=duration {root}/storage/jobs/{job}/assembly/audio/mixed.wav"
        ),
        format!("grep voice_mapped {root}/logs/worker.log"),
        format!("ls {root}/storage/jobs/{job}"),
    ] {
        let output = typed(&command);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !output.stdout.is_empty(), "{command}: {said}");
    }
    assert!(!typed(&format!("cat {root}/storage/pytoon.db")).status.success());
    assert!(!typed(&format!("echo x >> {root}/storage/jobs/{job}/timeline.json")).status.success());
}

#[test]
fn an_operator_of_the_group_reads_what_the_runbooks_read_and_not_the_database() {
    // Only root can act as two users.
    if !is_root() {
        return;
    }
    let workspace = Workspace::new();
    let service = workspace.serve();
    let mut brief = quick();
    brief["voice"] = json!({});
    let id = service.submit(&brief);
    service.until(&id, "done");
    // The package creates the group.
    let group = "54000";
    let root = workspace.root().display().to_string();
    tool("chgrp", ["-R", group, root.as_str()]);
    tool("chmod", ["750", root.as_str()]);
    operator_reads(&workspace, group, &id);
}

#[test]
fn an_operator_reads_the_same_on_the_layout_of_the_compose_file() {
    if !is_root() {
        return;
    }
    let workspace = Workspace::new();
    let (user, group) = ("54003", "54000");
    let root = workspace.root().display().to_string();
    tool("chmod", ["755", root.as_str()]);
    // As the compose file's first line creates them, and as its `user:` starts each container.
    for name in ["storage", "config", "logs"] {
        let folder = format!("{root}/{name}");
        tool("install", ["-d", "-o", user, "-g", group, folder.as_str()]);
    }
    let container = ["setpriv", "--reuid", user, "--regid", group, "--clear-groups"];
    let api = workspace.start_through(&container, &["api", "--port", "0"]);
    let _worker = workspace.start_through(&container, &["worker"]);
    let mut brief = quick();
    brief["voice"] = json!({});
    let id = api.submit(&brief);
    api.until(&id, "done");
    operator_reads(&workspace, group, &id);
}

#[test]
fn a_huge_picture_costs_this_process_little() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    huge(&workspace.path("huge.png"));
    let picture = std::fs::read(workspace.path("huge.png")).expect("a picture");
    let bearer = format!("Bearer {}", service.key);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "image/png")];
    let asset = service.send("POST", "/api/v2/assets", &headers, &picture).is(201).json();
    let mut brief = quick();
    brief["media_files"] = json!([asset["name"]]);
    let jobs: Vec<String> = (0..2).map(|_| service.submit(&brief)).collect();
    let mut most = 0;
    let begun = Instant::now();
    loop {
        most = most.max(rss_mib(&service));
        if jobs.iter().all(|id| service.job(id)["status"] == "done") {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "not done");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(most < 600, "{most} MiB");
}

#[test]
fn a_process_of_little_memory_makes_its_films_all_the_same() {
    let workspace = Workspace::new();
    let service = workspace.serve_through(&["sh", "-c", "ulimit -d 700000; exec \"$0\" \"$@\""]);
    let bearer = format!("Bearer {}", service.key);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "image/jpeg")];
    let assets: Vec<String> = ["teal", "navy", "olive"]
        .map(|colour| {
            let path = workspace.path(&format!("{colour}.jpg")).display().to_string();
            let source = format!("color=c={colour}:s=8000x5000");
            let args = ["-v", "error", "-f", "lavfi", "-i", &source, "-frames:v", "1", "-y", &path];
            tool("ffmpeg", args);
            let picture = std::fs::read(&path).expect("a picture");
            let asset = service.send("POST", "/api/v2/assets", &headers, &picture).is(201).json();
            asset["name"].as_str().expect("a name").to_owned()
        })
        .into();
    let mut brief = quick();
    brief["media_files"] = json!(assets);
    brief["script"] = json!("Teal. Navy. Olive.");
    let jobs: Vec<String> = (0..2).map(|_| service.submit(&brief)).collect();
    for id in jobs {
        service.until(&id, "done");
    }
}

#[test]
fn threads_that_run_out_put_a_job_off() {
    // Root has no limit of its own; only root can act as another user.
    if !is_root() {
        return;
    }
    let workspace = Workspace::new();
    let user = "54002";
    let root = workspace.root().display().to_string();
    tool("chown", ["-R", user, root.as_str()]);
    let as_user = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"];
    let service = workspace.serve_through(&as_user);
    let limit = |threads: u64| {
        // The soft limit alone: not every user may raise the hard one.
        let (id, most) = (service.id().to_string(), format!("--nproc={threads}:"));
        let prlimit = ["prlimit", "--pid", id.as_str(), most.as_str()];
        tool(as_user[0], as_user[1..].iter().copied().chain(prlimit));
    };
    let mut brief = quick();
    brief["voice"] = json!({});
    let id = service.submit(&brief);
    // No more than the current number.
    limit(1);
    service.wait_for("resource_exhausted");
    // The service answers even without a free thread.
    service.send("GET", "/livez", &[], b"").is(200);
    limit(4000);
    service.until(&id, "done");
    assert_eq!(service.events("task_failed"), Vec::<Value>::new(), "an attempt was counted");
    assert_eq!(service.events("tts_provider_failed"), Vec::<Value>::new(), "a voice gave way");
}

#[test]
fn a_clip_with_large_tags_costs_this_process_little() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    // FFmpeg reads single tags of up to 16 MiB.
    let tag = "tag ".repeat(1 << 20);
    let lines: String = (0..12).map(|number| format!("tag{number}={tag}\n")).collect();
    let tags = workspace.write("tags.txt", format!(";FFMETADATA1\n{lines}"));
    let tags = tags.display().to_string();
    let clip = workspace.path("tags.mkv").display().to_string();
    let picture = ["-f", "lavfi", "-i", "color=c=teal:s=64x64:d=1", "-f", "ffmetadata", "-i"];
    let rest = [tags.as_str(), "-map_metadata", "1", "-map", "0", "-y", clip.as_str()];
    tool("ffmpeg", ["-v", "error"].into_iter().chain(picture).chain(rest));
    let bytes = std::fs::read(&clip).expect("a clip");
    assert!(bytes.len() > 40 << 20, "the tags are in it");
    let before = rss_mib(&service);
    let bearer = format!("Bearer {}", service.key);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "video/x-matroska")];
    let refused = service.send("POST", "/api/v2/assets", &headers, &bytes);
    assert!((400..500).contains(&refused.status), "{} {}", refused.status, refused.text());
    // FFprobe may print 16 MiB, which are not parsed.
    let more = rss_mib(&service).saturating_sub(before);
    assert!(more < 100, "{more} MiB more");
}

/// Writes a PNG of 10900 x 10900 pixels in a few hundred kilobytes.
fn huge(path: &Path) {
    let path = path.display().to_string();
    let source = ["-v", "error", "-f", "lavfi", "-i", "color=c=teal:s=10900x10900"];
    let how = ["-frames:v", "1", "-pix_fmt", "rgb24", "-y", path.as_str()];
    tool("ffmpeg", source.into_iter().chain(how));
}
