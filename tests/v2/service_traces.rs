//! Tests of the spans that are sent to an OpenTelemetry collector.

use pytoon_testkit::receiver::Receiver;
use pytoon_testkit::{Service, Workspace};
use serde_json::json;

fn has(body: &[u8], part: &str) -> bool {
    body.windows(part.len()).any(|window| window == part.as_bytes())
}

#[test]
fn requests_and_tasks_are_traced_to_a_configured_collector() {
    let collector = Receiver::start(&[200]);
    let workspace = Workspace::new();
    let settings = format!("OTEL_EXPORTER_OTLP_ENDPOINT={}\n", collector.address);
    workspace.write(".env", settings);
    let mut command = workspace.command(&["--log-dir", "logs", "serve", "--port", "0"]);
    let mut service = Service::start(&mut command, workspace.root(), "serve");
    let id = service.submit(&json!({"script": "Fresh bread, baked at dawn.", "profile": "test"}));
    service.until(&id, "done");
    assert_eq!(service.end(), Some(0));
    let heard = collector.requests();
    assert!(!heard.is_empty(), "nothing was told");
    for one in &heard {
        assert!(one.line.starts_with("POST /v1/traces "), "{}", one.line);
        assert_eq!(one.header("content-type"), "application/x-protobuf");
    }
    let told = |part: &str| heard.iter().any(|one| has(&one.body, part));
    // The protocol contains strings unencoded.
    for part in ["pytoon", "task", "job_id", &id, "publish", "request", "/api/v2/jobs/{id}"] {
        assert!(told(part), "{part} was not told");
    }
    assert!(!told(&service.key), "a key was told");
}

#[test]
fn a_collector_that_is_away_changes_nothing() {
    let workspace = Workspace::new();
    workspace.write(".env", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9\n");
    let mut command = workspace.command(&["--log-dir", "logs", "serve", "--port", "0"]);
    let mut service = Service::start(&mut command, workspace.root(), "serve");
    let id = service.submit(&json!({"script": "Fresh bread.", "profile": "test"}));
    service.until(&id, "done");
    assert_eq!(service.end(), Some(0));
}
