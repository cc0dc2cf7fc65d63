//! Snapshots of large outputs, so that a review shows each change.
//!
//! After an intended change, run `INSTA_UPDATE=always cargo test -p tests snapshots::` and read the difference.

use crate::support::every_help;
use insta::{Settings, assert_snapshot};
use pytoon_testkit::Workspace;
use serde_json::{Value, json};
use std::fmt::Write;

fn settings() -> Settings {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn help_of_every_command() {
    let workspace = Workspace::new();
    let help = every_help(&workspace, &[]);
    settings().bind(|| assert_snapshot!("help", help));
}

/// A request that the service refuses.
struct Refused {
    request: &'static str,
    body: Option<Value>,
}

#[test]
fn problems_of_the_api() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let refused = |request, body| Refused { request, body };
    let missing = "00000000-0000-4000-8000-000000000000";
    let requests = [
        refused("POST /api/v2/jobs", Some(json!({}))),
        refused("POST /api/v2/jobs", Some(json!({"scirpt": "Tea."}))),
        refused("POST /api/v2/jobs", Some(json!({"script": "Tea.", "preset_id": "docu"}))),
        refused("POST /api/v2/jobs", Some(json!({"script": "Tea.", "max_scenes": -1}))),
        refused(
            "POST /api/v2/jobs",
            Some(json!({"script": "Tea.", "media_files": ["/etc/passwd"]})),
        ),
        refused(
            "POST /api/v2/jobs",
            Some(json!({"script": "Tea.", "media_files": ["http://127.0.0.1/a.png"]})),
        ),
        refused(
            "POST /api/v2/jobs",
            Some(json!({"script": "Tea.", "webhook": {"url": "ftp://example.org"}})),
        ),
        refused("GET /api/v2/jobs?status=nope", None),
        refused("GET /api/v2/jobs?limit=0", None),
        refused("PUT /api/v2/jobs", None),
        refused("GET /api/v2/nothing", None),
        refused("GET /api/v2/jobs/{missing}", None),
        refused("POST /api/v2/jobs/{missing}/retry", None),
    ];
    let mut text = String::new();
    for Refused { request, body } in requests {
        let request = request.replace("{missing}", missing);
        let (method, path) = request.split_once(' ').expect("a method and a path");
        let answer = service.call(method, path, body.as_ref());
        let mut problem = answer.json();
        // Each request has another id.
        if let Some(instance) = problem.get_mut("instance") {
            *instance = json!("…");
        }
        let body = body.map(|body| format!(" {body}")).unwrap_or_default();
        let shown = serde_json::to_string_pretty(&problem).expect("JSON");
        writeln!(text, "{request}{body}\n{} {shown}\n", answer.status).expect("a text");
    }
    settings().bind(|| assert_snapshot!("problems", text));
}

#[test]
fn the_timeline_of_a_small_film() {
    let workspace = Workspace::new();
    let brief = "script: We bake bread at dawn. It is gone by nine.\nvoice: off\nmusic_source: calm\nprofile: test\nseed: 7\n";
    let film = workspace.render(brief);
    let timeline = serde_json::to_string_pretty(&film.timeline()).expect("JSON");
    settings().bind(|| assert_snapshot!("timeline", timeline));
}
