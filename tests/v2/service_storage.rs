//! Tests of films whose files are in an object store, on machines that share only the store and the database.

use crate::voice_booth::Booth;
use pytoon_testkit::service::ask_link;
use pytoon_testkit::{Film, S3, Service, Studio, Workspace, postgres};
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};

const WORDS: &str = "Fresh bread, baked at dawn. Come by before it is gone.";

/// A group of machines: processes with their own folders that share one database and one object store.
struct Fleet {
    s3: S3,
    database: String,
}

impl Fleet {
    fn new() -> Self {
        Self { s3: S3::start(), database: postgres::new_database() }
    }

    /// Starts a process of the service in its own folder, as on a separate machine.
    fn start(&self, mut command: Command, workspace: &Workspace, machine: &str) -> Service {
        let folder = workspace.path(machine);
        std::fs::create_dir_all(&folder).expect("a folder");
        command.current_dir(&folder).env("PYTOON_CONFIG", workspace.path("config"));
        command.env("DATABASE_URL", &self.database).envs(self.s3.environment());
        Service::start(&mut command, workspace.root(), machine)
    }
}

fn path(id: &str, rest: &str) -> String {
    format!("/api/v2/jobs/{id}{rest}")
}

/// Waits until a condition becomes true. Panics after one minute.
#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the number of tasks of a kind that a worker's log reports as finished.
fn count_finished(worker: &Service, stage: &str) -> usize {
    worker.events("task_finished").iter().filter(|line| line["stage"] == stage).count()
}

#[test]
fn a_film_is_made_on_two_machines_and_fetched_by_links_from_a_third() {
    let (fleet, workspace) = (Fleet::new(), Workspace::new());
    workspace.write("config/defaults.yaml", "service: {worker_tasks: 1}\n");
    let api = workspace.command(&["api", "--port", "0"]);
    let api = fleet.start(api, &workspace, "api");
    let ready = api.ask("GET", "/readyz", &[], None).json();
    assert_eq!(ready["checks"]["store"], json!({"ok": true, "detail": "an object was written"}));
    let workers =
        ["one", "two"].map(|name| fleet.start(workspace.command(&["worker"]), &workspace, name));
    let brief = json!({"script": WORDS, "profile": "test", "target_duration_seconds": 9});
    let id = api.submit(&brief);
    let job = api.until(&id, "done");
    let total = workers.iter().map(|worker| worker.events("task_finished").len()).sum::<usize>();
    let shares = workers.iter().map(|worker| count_finished(worker, "compose")).collect::<Vec<_>>();
    assert!(shares.iter().all(|share| *share > 0), "one machine made all: {shares:?}");
    assert!(total >= 8, "{total} tasks test nothing");
    // All files are in the store, under the same names as in a folder, and no partial ones.
    let film = Film::open(&fleet.s3.object(&format!("jobs/{id}")));
    assert_eq!(film.findings(), Vec::<String>::new());
    assert_eq!(film.caption_words(), pytoon_testkit::film::words(WORDS));
    let names = fleet.s3.names(&format!("jobs/{id}"));
    for name in ["timeline.json", "assembly/audio/mixed.wav", ".work/steps/publish"] {
        assert!(names.contains(&format!("jobs/{id}/{name}")), "{name} is missing: {names:?}");
    }
    let odd = |name: &&String| name.contains(".part") || name.contains(".store");
    assert_eq!(names.iter().filter(odd).collect::<Vec<_>>(), Vec::<&String>::new());
    // The API measures temporary copies.
    let found = api.call("GET", &path(&id, "/inspection"), None).is(200).json();
    assert_eq!(found["facts"]["missing"], json!([]));
    assert!(found["facts"]["av_offset_ms"].is_number(), "{found}");
    for (rest, kind) in
        [("/peaks/voice", "application/octet-stream"), ("/frames/9.jpg", "image/jpeg")]
    {
        let answer = api.call("GET", &path(&id, rest), None).is(200);
        assert_eq!(answer.headers["content-type"], kind);
    }
    // The API has no film: it redirects to the store.
    assert!(!workspace.path(&format!("api/storage/jobs/{id}")).exists());
    for (name, key) in [("timeline", "tracks"), ("scene-graph", "scenes"), ("receipt", "scenes")] {
        let document = api.call("GET", &path(&id, &format!("/{name}")), None).is(200);
        assert!(!document.json()[key].is_null(), "{name}");
    }
    let leads = api.call("GET", job["output_uri"].as_str().expect("an address"), None).is(307);
    let link = &leads.headers["location"];
    assert_eq!(leads.headers["cache-control"], "private, no-store");
    let whole = ask_link(link, "GET", &[], b"").is(200);
    assert_eq!(whole.body, std::fs::read(film.output()).expect("the film"));
    let part = ask_link(link, "GET", &[("Range", "bytes=100-299")], b"").is(206);
    assert_eq!(part.body, whole.body[100..300]);
    for (what, with) in [("output.mp4", "timeline.json"), ("Expires=3600", "Expires=360000")] {
        let other = link.replace(what, with);
        assert_ne!(&other, link, "{what} is not in the link");
        ask_link(&other, "GET", &[], b"").is(403);
    }
    ask_link(link.split('?').next().expect("an address"), "GET", &[], b"").is(403);
    // The command line fetches it too, and no output contains the store's secret.
    let mut get = workspace.command(&["artifacts", "get", &id, "mixed.wav"]);
    get.env("DATABASE_URL", &fleet.database).envs(fleet.s3.environment());
    pytoon_testkit::program::run(&mut get).ok();
    assert_eq!(
        std::fs::read(workspace.path("mixed.wav")).expect("fetched"),
        std::fs::read(film.path("assembly/audio/mixed.wav")).expect("kept"),
    );
    for service in workers.iter().chain([&api]) {
        assert!(!format!("{:?}", service.log()).contains(fleet.s3.secret()));
    }
    api.call("DELETE", &path(&id, ""), None).is(204);
    assert_eq!(fleet.s3.names(&format!("jobs/{id}")), Vec::<String>::new());
}

#[test]
fn a_killed_machines_film_resumes_on_another() {
    let (fleet, workspace) = (Fleet::new(), Workspace::new());
    workspace.write("media/readme", "x");
    workspace.picture("media/wide.jpg", 1200, 500);
    let allowed = format!(
        "service: {{worker_tasks: 1, lease_seconds: 2}}\nassets: {{allowed_dirs: [\"{}\"]}}\n",
        workspace.path("media").display()
    );
    workspace.write("config/defaults.yaml", allowed);
    let api = fleet.start(workspace.command(&["api", "--port", "0"]), &workspace, "api");
    let mut one = fleet.start(workspace.command(&["worker"]), &workspace, "one");
    let id = api.submit(&json!({
        "script": WORDS, "profile": "test", "media_files": ["wide.jpg"],
        "target_duration_seconds": 8,
    }));
    until("the first machine composes nothing", || count_finished(&one, "compose") >= 2);
    one.kill();
    // Files that were only on that machine are lost with it. The picture has the time of its copy.
    std::fs::remove_dir_all(workspace.path("one")).expect("goes");
    let copied = std::fs::read(workspace.path("media/wide.jpg")).expect("reads");
    std::fs::remove_file(workspace.path("media/wide.jpg")).expect("goes");
    workspace.write("media/wide.jpg", copied);
    let made = count_finished(&one, "compose");
    let two = fleet.start(workspace.command(&["worker"]), &workspace, "two");
    api.until(&id, "done");
    for stage in ["plan", "voice"] {
        assert_eq!(count_finished(&two, stage), 0, "{stage} was made again");
    }
    let film = Film::open(&fleet.s3.object(&format!("jobs/{id}")));
    assert_eq!(film.findings(), Vec::<String>::new());
    let chunks = fleet.s3.names(&format!("jobs/{id}/.work/chunks"));
    let chunks = chunks.iter().filter(|name| name.ends_with(".mp4")).count();
    // A chunk in progress may have been uploaded without its end being written.
    let again = made + count_finished(&two, "compose");
    assert_eq!(again, chunks, "{made} were made before");
}

/// Returns a silent 4-second brief whose `count` scenes come from Runway.
fn for_engines(count: usize) -> Value {
    let scenes: Vec<Value> =
        (1..=count).map(|scene| json!({"scene": scene, "engine": "runway"})).collect();
    json!({
        "script": "Steam over a kettle. Sunlight through a window.",
        "profile": "test", "voice": "off", "captions": "off", "music_source": "none",
        "target_duration_seconds": 4, "max_scenes": count, "scenes": scenes,
    })
}

#[test]
fn a_clip_that_one_machine_bought_is_used_by_another() {
    let fleet = Fleet::new();
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["runway", "local"]}));
    studio.workspace.write("config/defaults.yaml", "service: {lease_seconds: 2}\n");
    let workspace = &studio.workspace;
    let api = fleet.start(studio.command(&["api", "--port", "0"]), workspace, "api");
    let mut one = fleet.start(studio.command(&["worker"]), workspace, "one");
    let id = api.submit(&for_engines(2));
    until("no clip is bought", || count_finished(&one, "scene") >= 1);
    one.kill();
    std::fs::remove_dir_all(workspace.path("one")).expect("goes");
    let _two = fleet.start(studio.command(&["worker"]), workspace, "two");
    let job = api.until(&id, "done");
    let drawn = |job: &Value| {
        let scenes = job["scenes"].as_array().expect("scenes");
        scenes.iter().filter(|scene| scene["engine_used"] == "runway").count()
    };
    let accepted = studio.simulator.accepted_count("runway");
    assert!(accepted <= 2, "{accepted} clips were bought for two scenes");
    assert!(drawn(&job) >= 1, "{job}");
    assert_eq!(fleet.s3.names("clips").len(), drawn(&job));
    // The same again, with the clips only in the store: nothing is bought again.
    std::fs::remove_dir_all(workspace.path("two/storage/clips")).expect("goes");
    let again = api.submit(&for_engines(2));
    let job = api.until(&again, "done");
    assert!(drawn(&job) >= 1, "{job}");
    let bought_anew = studio.simulator.accepted_count("runway") - accepted;
    assert!(bought_anew <= 2 - fleet.s3.names("clips").len().min(2), "{bought_anew} bought again");
    let film = Film::open(&fleet.s3.object(&format!("jobs/{again}")));
    assert_eq!(film.findings(), Vec::<String>::new());
}

#[test]
fn a_take_that_one_machine_bought_is_used_by_another() {
    let fleet = Fleet::new();
    let mut booth = Booth::new(&json!({}), &["openai"]);
    let brief = "script: The kettle sings. A cup is warm.\nmusic_source: none\nprofile: test\n";
    let environment = fleet.s3.environment();
    let environment = environment.into_iter().map(|(name, value)| (&*name.leak(), value));
    booth.environment = environment.collect();
    booth.environment.push(("DATABASE_URL", fleet.database.clone()));
    booth.render(brief, "first");
    let asked = booth.request_count("openai");
    assert!(asked > 0 && fleet.s3.names("takes").len() == asked);
    std::fs::remove_dir_all(booth.workspace.path("storage/takes")).expect("goes");
    let film = booth.render(&format!("{brief}seed: 9\n"), "second");
    assert_eq!(film.metadata()["voice"]["provider"], "openai");
    assert_eq!(booth.request_count("openai"), asked, "it was paid again");
}

#[test]
fn a_store_that_cannot_be_used_is_reported_at_the_start_and_in_an_outage() {
    let (s3, workspace) = (S3::start(), Workspace::new());
    let mut command = workspace.command(&["serve", "--port", "0"]);
    command.envs(s3.environment()).env("STORAGE_URL", "https://films");
    let run = pytoon_testkit::program::run(&mut command);
    run.expect_failure(2, &["STORAGE_URL", "s3://bucket"]);
    let mut command = workspace.command(&["serve", "--port", "0"]);
    command.envs(s3.environment()).env("AWS_SECRET_ACCESS_KEY", "another-secret-than-the-stores");
    let service = Service::start(&mut command, workspace.root(), "serve");
    let ready = service.ask("GET", "/readyz", &[], None).is(503);
    assert_eq!(ready.json()["checks"]["store"]["ok"], false, "{}", ready.text());
    assert!(!ready.text().contains("another-secret"), "{}", ready.text());
}
