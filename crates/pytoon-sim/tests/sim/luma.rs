//! Tests of both Luma APIs.

use crate::bench::{Bench, running, waiting};
use serde_json::{Value, json};

const HEADERS: &[&str] = &["authorization: Bearer luma-api-1"];
const AGENTS: &str = "/luma-agents/v1/generations";
const DREAM: &str = "/luma-dm/dream-machine/v1";

fn over(seen: &Value) -> bool {
    seen["state"] == "completed" || seen["state"] == "failed"
}

fn order() -> Value {
    json!({"prompt": "a red fox", "model": "ray-3.2", "type": "video", "aspect_ratio": "9:16",
        "video": {"resolution": "720p", "duration": "5s"}})
}

#[tokio::test]
async fn an_agents_order_becomes_a_film() {
    let bench = Bench::start(json!({})).await;
    let headers = [HEADERS[0], "x-request-id: mine-1"];
    let got = bench.post(AGENTS, &headers, &order()).await;
    assert_eq!(got.status, 201);
    assert_eq!(got.header("x-request-id"), "mine-1");
    assert_eq!(got.header("x-api-version"), "2026-04-01");
    let path = format!("{AGENTS}/{}", got.json()["id"].as_str().unwrap());
    let done = bench.poll(&path, HEADERS, over).await;
    bench.film(done["output"][0]["url"].as_str().unwrap()).await.is(720, 1280, 5.0);
    assert_eq!(bench.ledger().await[0]["client_ref"], "mine-1");
    assert_eq!(bench.send("DELETE", &path, HEADERS, None).await.status, 405);
}

#[tokio::test]
async fn work_shows_where_it_is() {
    let bench = Bench::start(waiting()).await;
    let dream = format!("{DREAM}/generations");
    for (scenario, agents_state, dream_state) in
        [(waiting(), "queued", "queued"), (running(), "processing", "dreaming")]
    {
        bench.scenario(&scenario).await;
        for (path, body, state) in [
            (AGENTS, order(), agents_state),
            (dream.as_str(), json!({"model": "ray-2", "prompt": "a fox"}), dream_state),
        ] {
            let id = bench.post(path, HEADERS, &body).await.json()["id"].clone();
            let path = format!("{path}/{}", id.as_str().unwrap());
            assert_eq!(bench.get(&path, HEADERS).await.json()["state"], state);
        }
    }
}

#[tokio::test]
async fn agents_refuse_what_does_not_go_together() {
    let bench = Bench::start(json!({})).await;
    let frame = json!({"url": "https://pictures.example/a.jpg"});
    for (video, word) in [
        (json!({"resolution": "4k"}), "resolution"),
        (json!({"duration": "9s"}), "duration"),
        (json!({"start_frame": frame, "duration": "10s"}), "start_frame"),
        (json!({"loop": true, "hdr": true}), "loop"),
        (json!({"keyframes": [frame], "loop": true}), "keyframes"),
        (json!({"start_frame": {}}), "exactly one"),
        (json!({"start_frame": {"data": "AAAA"}}), "media_type"),
        (json!({"start_frame": {"file_id": "none"}}), "file_id"),
        (json!({"fps": 24}), "fps"),
    ] {
        let mut body = order();
        body["video"] = video;
        let got = bench.post(AGENTS, HEADERS, &body).await;
        assert_eq!(got.status, 422, "{body}");
        let detail = got.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(word), "{word}: {detail}");
    }
    assert_eq!(bench.post(AGENTS, &["authorization: Key x"], &order()).await.status, 401);
    assert_eq!(bench.summary().await["accepted"], 0);
}

#[tokio::test]
async fn agents_take_files_in_three_steps() {
    let bench = Bench::start(json!({})).await;
    let files = "/luma-agents/v1/files";
    let wanted = json!({"mime_type": "image/png", "size_bytes": 1000, "purpose": "input"});
    let file = bench.post(files, HEADERS, &wanted).await.json();
    let id = file["id"].as_str().unwrap();
    let complete = format!("{files}/{id}/complete");
    assert_eq!(bench.send("POST", &complete, HEADERS, None).await.status, 400);
    let put = bench.http.put(file["upload"]["url"].as_str().unwrap());
    let put = put.header("content-type", "image/png").body(vec![1; 1000]);
    assert_eq!(put.send().await.unwrap().status(), 200);
    let mut body = order();
    body["video"] = json!({"start_frame": {"file_id": id}});
    assert_eq!(bench.post(AGENTS, HEADERS, &body).await.status, 422);
    // The file is processed first.
    assert_eq!(bench.send("POST", &complete, HEADERS, None).await.json()["state"], "pending");
    assert_eq!(bench.post(AGENTS, HEADERS, &body).await.status, 422);
    let looked = bench.get(&format!("{files}/{id}"), HEADERS).await;
    assert_eq!(looked.json()["state"], "ready");
    assert_eq!(bench.post(AGENTS, HEADERS, &body).await.status, 201);
    let health = bench.get(&format!("{files}?limit=1"), HEADERS).await;
    assert_eq!(health.json()["data"][0]["id"], id);
    let other = json!({"mime_type": "image/png", "size_bytes": 9, "purpose": "generation"});
    assert_eq!(bench.post(files, HEADERS, &other).await.status, 422);
    let huge = json!({"mime_type": "image/png", "size_bytes": 60_000_000, "purpose": "input"});
    assert_eq!(bench.post(files, HEADERS, &huge).await.status, 413);
}

#[tokio::test]
async fn a_dream_order_becomes_a_film() {
    let bench = Bench::start(json!({})).await;
    let order = json!({"model": "ray-flash-2", "prompt": "a fox", "aspect_ratio": "9:16",
        "duration": "9s", "resolution": "540p"});
    let got = bench.post(&format!("{DREAM}/generations/video"), HEADERS, &order).await;
    assert_eq!(got.status, 201);
    assert_eq!(got.json()["request"], order);
    let path = format!("{DREAM}/generations/{}", got.json()["id"].as_str().unwrap());
    let done = bench.poll(&path, HEADERS, over).await;
    bench.film(done["assets"]["video"].as_str().unwrap()).await.is(540, 960, 9.0);
    let list = bench.get(&format!("{DREAM}/generations?limit=1"), HEADERS).await.json();
    assert_eq!((&list["count"], &list["has_more"]), (&json!(1), &json!(false)));
    assert_eq!(list["generations"][0]["request"]["prompt"], "a fox");
    assert_eq!(bench.send("DELETE", &path, HEADERS, None).await.status, 204);
    assert_eq!(bench.get(&path, HEADERS).await.status, 404);
    let credits = bench.get(&format!("{DREAM}/credits"), HEADERS).await.json();
    assert!(credits["credit_balance"].as_u64().unwrap() > 0);
    assert_eq!(bench.get(&format!("{DREAM}/ping"), &[]).await.json()["message"], "pong");
    assert_eq!(bench.get(&format!("{DREAM}/credits"), &[]).await.status, 401);
}

#[tokio::test]
async fn dreams_are_refused_in_words() {
    let bench = Bench::start(json!({})).await;
    let data = json!({"frame0": {"type": "image", "url": "data:image/png;base64,AAAA"}});
    let last = json!({"frame1": {"type": "image", "url": "https://pictures.example/a.jpg"}});
    for (body, status, word) in [
        (json!({"model": "ray-2", "prompt": "ab"}), 400, "prompt"),
        (json!({"model": "ray-2", "prompt": "a".repeat(5001)}), 400, "prompt"),
        (json!({"model": "ray-2"}), 422, "prompt"),
        (json!({"model": "ray-9", "prompt": "a fox"}), 422, "model"),
        (json!({"model": "ray-2", "prompt": "a fox", "size": 1}), 422, "size"),
        (json!({"model": "ray-2", "keyframes": data}), 422, "public URL"),
        (json!({"model": "ray-2", "keyframes": last, "loop": true}), 422, "loop"),
    ] {
        let got = bench.post(&format!("{DREAM}/generations/video"), HEADERS, &body).await;
        assert_eq!(got.status, status, "{body}");
        assert!(got.json()["detail"].as_str().unwrap().contains(word), "{}", got.text());
    }
}
