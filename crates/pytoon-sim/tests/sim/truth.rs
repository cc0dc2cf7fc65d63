//! Tests of the ledger, and of the determinism of a seed.

use crate::bench::Bench;
use crate::{fal, runway};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn the_ledger_counts_and_keeps_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let keep = |options: &mut pytoon_sim::Options| options.ledger = Some(path.clone());
    let bench = Bench::with(json!({}), keep).await;
    let headers = ["authorization: Bearer key_abc", runway::HEADERS[1], "x-request-id: scene-1"];
    let submit = "/runway/v1/image_to_video";
    bench.post(submit, &headers, &runway::order()).await;
    bench.post(submit, &headers, &runway::order()).await;
    bench.post(submit, &headers, &json!({})).await;
    fal::order_clip(&bench).await;
    let summary = bench.summary().await;
    assert_eq!(summary["posts"], 4);
    assert_eq!(summary["accepted"], 3);
    assert_eq!(summary["accepted_never_referenced"], 2);
    assert_eq!(summary["charged_usd"], 0.7);
    assert_eq!(summary["by_vendor"]["runway"]["posts"], 3);
    assert_eq!(summary["by_vendor"]["fal"]["accepted"], 1);
    let ledger = bench.ledger().await;
    assert_eq!(ledger[0]["body_hash"], ledger[1]["body_hash"]);
    assert_eq!(ledger[0]["client_ref"], "scene-1");
    assert_ne!(ledger[0]["id"], ledger[1]["id"]);
    assert_ne!(ledger[0]["key_fingerprint"], ledger[2]["key_fingerprint"]);

    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("key_abc") && !text.contains("id:secret"));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let requests: Vec<&Value> = lines.iter().filter(|line| line["kind"] == "request").collect();
    assert_eq!(requests[0]["step"], "submit");
    assert_eq!(requests[0]["submission"], ledger[0]["id"]);
    assert_eq!(requests[2]["status"], 400);

    // The same ledger at the next start, and tasks continue.
    drop(bench);
    let bench = Bench::with(json!({}), keep).await;
    assert_eq!(bench.summary().await, summary);
    let id = ledger[0]["id"].as_str().unwrap();
    let task = format!("/runway/v1/tasks/{id}");
    let task = bench.poll(&task, &headers, |task| task["status"] == "SUCCEEDED").await;
    bench.film(task["output"][0].as_str().unwrap()).await.is(720, 1280, 5.0);
    let more = bench.post(submit, &headers, &runway::order()).await;
    assert_eq!(more.status, 200);
    let more = more.json();
    assert!(ledger.iter().all(|one| one["id"] != more["id"]));
    assert_eq!(bench.send("POST", "/_sim/reset", &[], None).await.status, 204);
    assert_eq!(bench.summary().await["accepted"], 0);
}

/// Sends an order and does not read the response.
async fn order_and_look_away(bench: &Bench) -> tokio::net::TcpStream {
    let body = runway::order().to_string();
    let mut stream = tokio::net::TcpStream::connect(bench.running.address()).await.unwrap();
    let head = format!(
        "POST /runway/v1/image_to_video HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\n\
         x-runway-version: 2024-11-06\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Waits until the first submission is marked as answered or, if not `expected`, as unanswered.
async fn wait_until_answered(bench: &Bench, expected: bool) {
    for _ in 0..400 {
        let ledger = bench.ledger().await;
        if ledger.first().is_some_and(|one| one["answered"] == expected) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("never answered: {expected}");
}

#[tokio::test]
async fn a_client_that_left_is_known_to_be_unanswered() {
    let bench = Bench::start(crate::bench::rule_with("runway", "submit", "hang", 1)).await;
    let stream = order_and_look_away(&bench).await;
    wait_until_answered(&bench, false).await;
    drop(stream);
    assert_eq!(bench.ledger().await[0]["referenced"], 0);
}

#[tokio::test]
async fn a_client_that_left_with_its_answer_unread_is_unanswered() {
    let bench = Bench::start(json!({})).await;
    let stream = order_and_look_away(&bench).await;
    wait_until_answered(&bench, true).await;
    // The answer is in the socket: closing it now resets the connection.
    stream.readable().await.unwrap();
    drop(stream);
    wait_until_answered(&bench, false).await;
}

#[tokio::test]
async fn a_client_that_left_after_reading_is_answered() {
    use tokio::io::AsyncReadExt;
    let bench = Bench::start(json!({})).await;
    let mut stream = order_and_look_away(&bench).await;
    let mut read = Vec::new();
    while !read.ends_with(b"}}") {
        stream.read_buf(&mut read).await.unwrap();
    }
    drop(stream);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    wait_until_answered(&bench, true).await;
}

#[tokio::test]
async fn the_same_seed_gives_the_same_results() {
    let scenario = |seed: u64| {
        json!({"seed": seed, "rules": [
            {"vendor": "runway", "step": "submit", "fault": "server_error", "probability": 0.5}]})
    };
    let mut stories = Vec::new();
    for seed in [1, 1, 2] {
        let bench = Bench::start(scenario(seed)).await;
        let mut story = Vec::new();
        for _ in 0..40 {
            let path = "/runway/v1/image_to_video";
            let got = bench.post(path, runway::HEADERS, &runway::order()).await;
            story.push((got.status.as_u16(), got.json()["id"].clone()));
        }
        stories.push(story);
    }
    assert_eq!(stories[0], stories[1]);
    assert_ne!(stories[0], stories[2]);
    let failed = stories[0].iter().filter(|(status, _)| *status == 500).count();
    assert!((8..32).contains(&failed), "{failed}");
}

#[tokio::test]
async fn administration_is_strict_too() {
    let bench = Bench::start(json!({})).await;
    let wrong = json!({"rules": [{"step": "submit", "fault": "boom"}]});
    let got = bench.send("PUT", "/_sim/scenario", &[], Some(&wrong)).await;
    assert_eq!(got.status, 422);
    assert!(got.json()["error"].as_str().unwrap().contains("boom"));
    assert_eq!(bench.get("/_sim/nothing", &[]).await.status, 404);
    assert_eq!(bench.get("/_sim/reset", &[]).await.status, 405);
    let config = bench.get("/_sim/config", &[]).await.json();
    assert_eq!(config["fal"]["base_url"], format!("{}/fal", bench.running.url()));
    assert_eq!(config, pytoon_sim::config(&bench.running.url()));
}
