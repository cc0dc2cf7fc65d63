//! Tests of the service's inputs besides text: uploads, files at URLs, hostile files. Also covers a lack of disk
//! space, and expired files.

use pytoon_testkit::program::run;
use pytoon_testkit::service::{Answer, ask_link};
use pytoon_testkit::{Film, S3, Service, Workspace};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Returns a brief for a film with one picture.
fn of(media: &str) -> Value {
    json!({
        "script": "A cup of tea.", "voice": "off", "music_source": "none", "profile": "test",
        "target_duration_seconds": 2, "media_files": [media],
    })
}

fn upload(service: &Service, key: &str, bytes: &[u8]) -> Answer {
    let bearer = format!("Bearer {key}");
    let kind = ("Content-Type", "application/octet-stream");
    service.send("POST", "/api/v2/assets", &[("Authorization", &bearer), kind], bytes)
}

fn add_key(workspace: &Workspace, name: &str) -> String {
    workspace.pytoon(&["keys", "add", name]).ok().stdout.trim().to_owned()
}

/// Returns an FFmpeg playlist that names another file.
fn playlist(of: &Path) -> String {
    format!("ffconcat version 1.0\nfile {}\n", of.file_name().expect("a name").display())
}

#[test]
fn an_uploaded_file_keeps_the_name_that_its_owner_gave_it() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let bearer = format!("Bearer {}", service.key);
    let wide = std::fs::read(workspace.picture("w.jpg", 1200, 200)).expect("a picture");
    let kind = ("Content-Type", "application/octet-stream");
    let query = "/api/v2/assets?name=..%2FK%C3%BCche%20im%20Mai.JPEG";
    let headers = [("Authorization", bearer.as_str()), kind];
    let asset = service.send("POST", query, &headers, &wide).is(201).json();
    assert_eq!(asset["file_name"], "Küche_im_Mai.jpg");
    let id = asset["asset_id"].as_str().expect("an id");
    let shown = service.call("GET", &format!("/api/v2/assets/{id}"), None).is(200).json();
    assert_eq!(shown, asset);
    // A form names its file by itself.
    let small = std::fs::read(workspace.picture("s.jpg", 300, 400)).expect("a picture");
    let mut form =
        b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"tea pot.jpg\"\r\n\r\n"
            .to_vec();
    form.extend(&small);
    form.extend(b"\r\n--x--\r\n");
    let kind = ("Content-Type", "multipart/form-data; boundary=x");
    let headers = [("Authorization", bearer.as_str()), kind];
    let of_form = service.send("POST", "/api/v2/assets", &headers, &form).is(201).json();
    assert_eq!(of_form["file_name"], "tea_pot.jpg");
    // Another key does not see it.
    let shop = add_key(&workspace, "shop");
    let headers = [("X-API-Key", shop.as_str())];
    let path = format!("/api/v2/assets/{id}");
    service.ask("GET", &path, &headers, None).problem(404, "no_such_asset", &[id]);
    // The film's own documents show the name.
    let job = service.submit(&of(asset["name"].as_str().expect("a name")));
    service.until(&job, "done");
    let graph = service.call("GET", &format!("/api/v2/jobs/{job}/scene-graph"), None).is(200);
    assert!(graph.text().contains("Küche_im_Mai.jpg"), "{}", graph.text());
}

#[test]
fn an_uploaded_picture_is_kept_once_and_becomes_a_film() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let picture = std::fs::read(workspace.picture("cup.jpg", 600, 400)).expect("a picture");
    let asset = upload(&service, &service.key, &picture).is(201).json();
    assert_eq!(
        (&asset["media_type"], &asset["size_bytes"]),
        (&json!("image/jpeg"), &json!(picture.len()))
    );
    let again = upload(&service, &service.key, &picture).is(200).json();
    assert_eq!(again, asset);
    // The same as a form.
    let bearer = format!("Bearer {}", service.key);
    let mut form =
        b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n".to_vec();
    form.extend(&picture);
    form.extend(b"\r\n--x--\r\n");
    let kind = ("Content-Type", "multipart/form-data; boundary=x");
    let headers = [("Authorization", bearer.as_str()), kind];
    let of_form = service.send("POST", "/api/v2/assets", &headers, &form).is(200).json();
    assert_eq!(of_form, asset);
    let name = asset["name"].as_str().expect("a name");
    // Another key gets its own copy, and does not see this one.
    let shop = add_key(&workspace, "shop");
    let own = upload(&service, &shop, &picture).is(201).json();
    assert_ne!(own["name"], asset["name"]);
    let shops = format!("Bearer {shop}");
    let submit = |media: &str| {
        service.ask("POST", "/api/v2/jobs", &[("Authorization", &shops)], Some(&of(media)))
    };
    submit(name).problem(422, "invalid_request", &["media_files[0]", "no uploaded file"]);
    submit(own["name"].as_str().expect("a name")).is(202);
    let id = service.submit(&of(name));
    service.until(&id, "done");
    let film = Film::open(&workspace.path(&format!("storage/jobs/{id}")));
    assert_eq!(film.findings(), Vec::<String>::new());
    assert!(film.metadata()["scenes"].to_string().contains(".jpg"), "{}", film.metadata());
    let incoming = std::fs::read_dir(workspace.path("storage/incoming")).expect("a folder");
    assert_eq!(incoming.count(), 0, "half files stay");
}

#[test]
fn what_is_no_picture_clip_or_sound_is_not_taken() {
    let workspace = Workspace::new();
    workspace.write("config/defaults.yaml", "assets: {max_mib: 1}\n");
    let service = workspace.serve();
    let clip = workspace.clip("own.mp4", "160x120", 1.0, &[]);
    let hostile = playlist(&clip);
    let stream =
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n";
    for bytes in [&b""[..], b"just words", &[7; 4000], hostile.as_bytes(), stream.as_bytes()] {
        upload(&service, &service.key, bytes).problem(422, "invalid_asset", &["(body)"]);
    }
    let large = vec![0; (1 << 20) + 1];
    upload(&service, &service.key, &large).problem(413, "too_large", &["assets.max_mib"]);
    upload(&service, "pyt_nobody", &clip_bytes(&clip)).problem(401, "unauthorized", &[]);
    let reader = workspace.pytoon(&["keys", "add", "screen", "--scope", "read"]).ok().stdout;
    upload(&service, reader.trim(), &clip_bytes(&clip)).problem(403, "forbidden", &["submit"]);
    assert_eq!(
        upload(&service, &service.key, &clip_bytes(&clip)).is(201).json()["media_type"],
        "video/mp4"
    );
    let kept = std::fs::read_dir(workspace.path("storage/assets")).expect("a folder");
    assert_eq!(kept.count(), 1);
    service.call("POST", "/api/v2/assets/uploads", None).problem(
        409,
        "no_object_store",
        &["POST /api/v2/assets"],
    );
}

#[test]
fn a_file_of_another_kind_than_its_field_wants_is_refused_with_the_brief() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let name = |bytes: &[u8]| {
        let asset = upload(&service, &service.key, bytes).is(201).json();
        asset["name"].as_str().expect("a name").to_owned()
    };
    let picture = name(&std::fs::read(workspace.picture("cup.jpg", 60, 40)).expect("a picture"));
    let sound = name(&std::fs::read(workspace.tone("a.wav", 1.0, 440.0)).expect("a sound"));
    for (brief, parts) in [
        (json!({"media_files": [sound]}), ["media_files[0]", "use a picture or a clip"]),
        (json!({"voice_file": picture}), ["voice_file", "type is image/jpeg: use a sound"]),
        (json!({"script": "Hi.", "music_source": picture}), ["music_source", "use a sound"]),
        (json!({"script": "Hi.", "brand": {"logo": sound}}), ["brand.logo", "use a picture"]),
        (
            json!({"script": "Hi.", "scenes": [{"scene": 1, "media": sound}]}),
            ["scenes[0].media", "type is audio/wav"],
        ),
    ] {
        service.call("POST", "/api/v2/jobs", Some(&brief)).problem(422, "invalid_request", &parts);
    }
}

#[test]
fn a_file_of_the_server_is_found_in_every_normalisation_of_its_name() {
    let workspace = Workspace::new();
    let allowed =
        format!("assets: {{allowed_dirs: [\"{}\"]}}\n", workspace.path("media").display());
    workspace.write("config/defaults.yaml", allowed);
    let picture = std::fs::read(workspace.picture("cup.jpg", 60, 40)).expect("a picture");
    workspace.write("media/Cafe\u{301}.jpg", picture);
    let service = workspace.serve();
    let id = service.submit(&of("Caf\u{e9}.jpg"));
    service.until(&id, "done");
}

fn clip_bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("a clip")
}

#[test]
fn a_file_that_names_others_is_not_followed_by_ffmpeg() {
    let workspace = Workspace::new();
    // Beside it are files that must not be accessible.
    workspace.write("media/readme", "x");
    let secret = workspace.clip_with_tone("media/secret.mp4", 2.0, 440);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("set");
    let address = listener.local_addr().expect("an address");
    workspace.write("media/list.mp4", playlist(&secret));
    let stream = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://{address}/a.ts\n#EXT-X-ENDLIST\n"
    );
    workspace.write("media/stream.mp4", stream);
    let media = workspace.path("media");
    let allowed = format!("assets: {{allowed_dirs: [\"{}\"]}}\n", media.display());
    workspace.write("config/defaults.yaml", allowed);
    let service = workspace.serve();
    for name in ["list.mp4", "stream.mp4"] {
        for field in ["music_source", "voice_file"] {
            let brief = json!({"script": "A cup of tea.", "profile": "test", field: name});
            let id = service.submit(&brief);
            let job = service.until(&id, "failed");
            assert_eq!(job["error"]["code"], "invalid_brief", "{job}");
            assert!(job["error"]["message"].to_string().contains(name), "{job}");
        }
    }
    assert!(listener.accept().is_err(), "an address in a file was asked");
}

/// Starts a small HTTP server that responds by path. Returns its address and the paths that are requested from it.
fn site(pages: Vec<(&'static str, Vec<u8>)>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut head = [0; 2048];
            let got = stream.read(&mut head).unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..got]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            heard.lock().expect("whole").push(path.clone());
            let page = pages.iter().find(|(known, _)| *known == path);
            let _ = stream.write_all(
                page.map_or(&b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"[..], |p| &p.1),
            );
        }
    });
    (address, asked)
}

fn page(body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn redirect(to: &str) -> Vec<u8> {
    let head = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n";
    format!("{head}Location: {to}\r\n\r\n").into_bytes()
}

#[test]
fn files_at_addresses_are_fetched_and_private_ones_are_not_asked() {
    let workspace = Workspace::new();
    let picture = std::fs::read(workspace.picture("cup.jpg", 600, 400)).expect("a picture");
    let endless = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n".to_vec();
    let (address, asked) = site(vec![
        ("/cup", page(&picture)),
        ("/words", page(b"just words")),
        ("/moved", redirect("/cup")),
        ("/round", redirect("/round")),
        ("/inside", redirect("file:///etc/passwd")),
        ("/large", endless),
    ]);
    // With the shipped defaults nothing private is requested, whatever its spelling.
    let service = workspace.serve();
    let submit =
        |service: &Service, media: &str| service.call("POST", "/api/v2/jobs", Some(&of(media)));
    let port = address.rsplit(':').next().expect("a port").to_owned();
    for host in ["127.0.0.1", "localhost", "[::1]", "2130706433", "[::ffff:127.0.0.1]"] {
        let media = format!("https://{host}:{port}/cup");
        // The names of the internal network are not revealed.
        let why = if host == "localhost" { "no public host" } else { "private" };
        submit(&service, &media).problem(422, "invalid_asset", &["media_files[0]", why]);
    }
    submit(&service, &format!("http://{address}/cup")).problem(422, "invalid_asset", &["https"]);
    assert_eq!(*asked.lock().expect("whole"), Vec::<String>::new());
    drop(service);
    // With the setting for tests, it is fetched.
    let more = "assets: {allow_private_addresses: true, max_mib: 2, fetch_seconds: 5}\n";
    workspace.write("config/defaults.yaml", more);
    let bearer_of = workspace.serve();
    let admin = add_key(&workspace, "site");
    let headers = format!("Bearer {admin}");
    let post = |path: &str| {
        let brief = of(&format!("http://{address}{path}"));
        bearer_of.ask("POST", "/api/v2/jobs", &[("Authorization", &headers)], Some(&brief))
    };
    for (path, part) in [
        ("/words", "text"),
        ("/round", "too many"),
        ("/inside", "`file:`"),
        ("/large", "assets.max_mib"),
        ("/none", "404"),
    ] {
        post(path).problem(422, "invalid_asset", &["media_files[0]", part]);
    }
    let id = post("/moved").is(202).json()["job_id"].as_str().expect("an id").to_owned();
    let get = || {
        bearer_of.ask("GET", &format!("/api/v2/jobs/{id}"), &[("Authorization", &headers)], None)
    };
    let begun = std::time::Instant::now();
    while get().json()["status"] != "done" {
        assert!(begun.elapsed().as_secs() < 60, "{}", get().text());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let film = Film::open(&workspace.path(&format!("storage/jobs/{id}")));
    assert!(film.metadata()["scenes"].to_string().contains(".jpg"), "{}", film.metadata());
}

#[test]
fn a_file_may_be_sent_to_the_object_store_directly() {
    let (s3, workspace) = (S3::start(), Workspace::new());
    let service = workspace.serve_with(&s3.environment());
    let picture = std::fs::read(workspace.picture("cup.jpg", 600, 400)).expect("a picture");
    let begin = || service.call("POST", "/api/v2/assets/uploads", None).is(201).json();
    let place = begin();
    let confirm = |service: &Service, place: &Value| {
        let id = place["upload_id"].as_str().expect("an id");
        service.call("POST", &format!("/api/v2/assets/uploads/{id}/confirm"), None)
    };
    confirm(&service, &place).problem(404, "no_such_upload", &["PUT"]);
    let url = place["url"].as_str().expect("a link");
    ask_link(&url.replace("uploads", "elsewhere"), "PUT", &[], &picture).is(403);
    ask_link(url, "PUT", &[], &picture).is(200);
    let asset = confirm(&service, &place).is(201).json();
    assert_eq!(s3.names("uploads"), Vec::<String>::new());
    assert_eq!(s3.names("assets").len(), 1);
    let words = begin();
    ask_link(words["url"].as_str().expect("a link"), "PUT", &[], b"just words").is(200);
    confirm(&service, &words).problem(422, "invalid_asset", &["text"]);
    assert_eq!(s3.names("uploads"), Vec::<String>::new());
    // The file is fetched to the machine that renders the film.
    std::fs::remove_dir_all(workspace.path("storage/assets")).expect("goes");
    let id = service.submit(&of(asset["name"].as_str().expect("a name")));
    service.until(&id, "done");
    let film = Film::open(&s3.object(&format!("jobs/{id}")));
    assert_eq!(film.findings(), Vec::<String>::new());
}

#[test]
fn without_room_nothing_new_is_taken_or_begun() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    drop(service);
    // More than any disk has.
    workspace.write("config/defaults.yaml", "storage: {min_free_mib: 999999999999}\n");
    let key = add_key(&workspace, "shop");
    let service = workspace.serve();
    let bearer = format!("Bearer {key}");
    let headers = [("Authorization", bearer.as_str())];
    let refused = service.ask("POST", "/api/v2/jobs", &headers, Some(&json!({"script": "Tea."})));
    refused.problem(507, "storage_full", &["storage.min_free_mib", "MiB"]);
    assert_eq!(refused.headers["retry-after"], "60");
    upload(&service, &key, b"x").problem(507, "storage_full", &[]);
    let ready = service.ask("GET", "/readyz", &[], None).is(503).json();
    assert_eq!(ready["checks"]["disk"]["ok"], false, "{ready}");
    assert!(!service.wait_for("storage_low").is_null());
    let text = service.ask("GET", "/metrics", &[], None).text();
    for line in
        ["pytoon_storage_low_total 1", "pytoon_storage_collected_files_total{kind=\"films\"} 0"]
    {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

/// Tests that retention removes expired files, in a folder or an object store. `names` returns the names of a job's
/// files.
fn assert_collected(
    environment: &[(String, String)],
    names: &dyn Fn(&Workspace, &str) -> Vec<String>,
) {
    let workspace = Workspace::new();
    let service = workspace.serve_with(environment);
    let done = service.submit(&of_words("Tea."));
    service.until(&done, "done");
    // A job that waits for a person: its work is needed, whatever its age.
    let held = service.submit(&json!({
        "script": "Tea.", "voice": {"provider": "openai"}, "profile": "test", "on_degrade": "hold",
        "music_source": "none",
    }));
    service.until(&held, "held");
    workspace.write("storage/jobs/my-own-film/output.mp4", b"mine");
    drop(service);
    let settings = "storage: {retention: {films_days: 0, work_days: 0}}\n";
    workspace.write("config/defaults.yaml", settings);
    let collect = |args: &[&str]| {
        let mut command = workspace.command(&[&["artifacts", "collect"], args].concat());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        run(&mut command).ok()
    };
    let before = (names(&workspace, &done), names(&workspace, &held));
    assert!(!before.1.is_empty());
    let told = collect(&["--dry-run"]);
    assert!(told.stdout.contains(&format!("jobs/{done}/output.mp4")), "{}", told.stdout);
    assert!(
        !told.stdout.contains(&held) && !told.stdout.contains("my-own-film"),
        "{}",
        told.stdout
    );
    assert_eq!(
        (names(&workspace, &done), names(&workspace, &held)),
        before,
        "a rehearsal removes nothing"
    );
    let removed = collect(&[]);
    assert_eq!(told.stdout, removed.stdout);
    let mut left = names(&workspace, &done);
    left.retain(|name| !name.ends_with(".store.json"));
    let lasting = [
        "assembly/audio/mixed.wav",
        "brief.json",
        "metadata.json",
        "scene_graph.json",
        "timeline.json",
    ];
    assert_eq!(left, lasting);
    assert_eq!(names(&workspace, &held), before.1);
    assert!(workspace.path("storage/jobs/my-own-film/output.mp4").is_file());
    assert_eq!(collect(&[]).stdout, "");
}

fn of_words(words: &str) -> Value {
    json!({"script": words, "voice": "off", "music_source": "calm", "profile": "test", "target_duration_seconds": 2})
}

fn below(folder: &Path, root: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            below(&entry.path(), root, found);
        } else {
            let path = entry.path();
            found.push(path.strip_prefix(root).expect("below").display().to_string());
        }
    }
    found.sort();
}

#[test]
fn what_is_out_of_date_goes_and_what_a_live_job_needs_stays() {
    assert_collected(&[], &|workspace, job| {
        let root = workspace.path(&format!("storage/jobs/{job}"));
        let mut found = Vec::new();
        below(&root, &root, &mut found);
        found
    });
}

#[test]
fn the_same_holds_in_an_object_store() {
    let s3 = S3::start();
    let object = s3.object("jobs");
    assert_collected(&s3.environment(), &|_, job| {
        let root = object.join(job);
        let mut found = Vec::new();
        below(&root, &root, &mut found);
        found
    });
}
