//! Tests of Pika on fal.

use crate::bench::{Bench, running, waiting};
use serde_json::{Value, json};

pub(crate) const HEADERS: &[&str] = &["authorization: Key id:secret"];
pub(crate) const SUBMIT: &str = "/fal/fal-ai/pika/v2.2/text-to-video";

pub(crate) fn order() -> Value {
    json!({"prompt": "a red fox", "aspect_ratio": "9:16", "resolution": "720p", "duration": 5})
}

/// Orders a clip and waits for it. Returns the ticket and the last status.
pub(crate) async fn order_clip(bench: &Bench) -> (Value, Value) {
    let got = bench.post(SUBMIT, HEADERS, &order()).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let ticket = got.json();
    let url = ticket["status_url"].as_str().unwrap();
    let last = bench.poll(url, HEADERS, |seen| seen["status"] == "COMPLETED").await;
    (ticket, last)
}

#[tokio::test]
async fn an_order_becomes_a_film() {
    let bench = Bench::start(json!({})).await;
    let got = bench.post(SUBMIT, HEADERS, &order()).await;
    let ticket = got.json();
    let id = ticket["request_id"].as_str().unwrap();
    let base = format!("{}/fal/fal-ai/pika/requests/{id}", bench.running.url());
    assert_eq!(ticket["status"], "IN_QUEUE");
    assert_eq!(ticket["response_url"], base);
    assert_eq!(ticket["status_url"], format!("{base}/status"));
    assert_eq!(ticket["cancel_url"], format!("{base}/cancel"));
    bench.poll(&format!("{base}/status"), HEADERS, |seen| seen["status"] == "COMPLETED").await;
    assert_eq!(bench.get(&format!("{base}/status"), HEADERS).await.status, 200);
    let result = bench.get(&base, HEADERS).await.json();
    bench.film(result["video"]["url"].as_str().unwrap()).await.is(720, 1280, 5.0);
    assert_eq!(bench.ledger().await[0]["charged_usd"], 0.2);
}

#[tokio::test]
async fn a_request_shows_where_it_is() {
    let bench = Bench::start(waiting()).await;
    for (scenario, status) in [(waiting(), "IN_QUEUE"), (running(), "IN_PROGRESS")] {
        bench.scenario(&scenario).await;
        let ticket = bench.post(SUBMIT, HEADERS, &order()).await.json();
        let got = bench.get(ticket["status_url"].as_str().unwrap(), HEADERS).await;
        assert_eq!((got.status.as_u16(), &got.json()["status"]), (202, &json!(status)));
        let result = bench.get(ticket["response_url"].as_str().unwrap(), HEADERS).await;
        assert_eq!(result.status, 400);
    }
}

#[tokio::test]
async fn the_model_path_does_not_answer_for_requests() {
    let bench = Bench::start(json!({})).await;
    let ticket = bench.post(SUBMIT, HEADERS, &order()).await.json();
    let id = ticket["request_id"].as_str().unwrap();
    let naive = format!("{SUBMIT}/requests/{id}/status");
    assert_eq!(bench.get(&naive, HEADERS).await.status, 405);
}

#[tokio::test]
async fn what_the_vendor_refuses_is_refused() {
    let bench = Bench::start(json!({})).await;
    for (name, value, kind) in [
        ("duration", json!("5"), "int_type"),
        ("duration", json!(7), "literal_error"),
        ("aspect_ratio", json!("21:9"), "literal_error"),
        ("prompt", json!(5), "string_type"),
        ("input", json!({}), "extra_forbidden"),
    ] {
        let mut body = order();
        body[name] = value;
        let got = bench.post(SUBMIT, HEADERS, &body).await;
        assert_eq!(got.status, 422);
        let detail = &got.json()["detail"][0];
        assert_eq!(detail["loc"], json!(["body", name]));
        assert_eq!(detail["type"], kind);
    }
    let bearer = ["authorization: Bearer id:secret"];
    assert_eq!(bench.post(SUBMIT, &bearer, &order()).await.status, 401);
    assert_eq!(bench.summary().await["posts"], 6);
    assert_eq!(bench.summary().await["accepted"], 0);
    bench.scenario(&json!({"defaults": {"fal_duration": "string"}})).await;
    let mut body = order();
    assert_eq!(bench.post(SUBMIT, HEADERS, &body).await.status, 422);
    body["duration"] = json!("10");
    assert_eq!(bench.post(SUBMIT, HEADERS, &body).await.status, 200);
}

#[tokio::test]
async fn an_upload_is_usable_once_it_has_arrived() {
    let bench = Bench::start(json!({})).await;
    let wanted = json!({"content_type": "image/png", "file_name": "fox.png"});
    let path = "/fal-rest/storage/upload/initiate?storage_type=fal-cdn-v3";
    let upload = bench.post(path, HEADERS, &wanted).await.json();
    let order = json!({"prompt": "a fox", "image_url": upload["file_url"]});
    let submit = "/fal/fal-ai/pika/v2.2/image-to-video";
    assert_eq!(bench.post(submit, HEADERS, &order).await.status, 422);
    let put = |content_type: &str| {
        let request = bench.http.put(upload["upload_url"].as_str().unwrap());
        request.header("content-type", content_type).body(vec![1; 100_000]).send()
    };
    assert_eq!(put("image/jpeg").await.unwrap().status(), 400);
    assert_eq!(put("image/png").await.unwrap().status(), 200);
    assert_eq!(bench.post(submit, HEADERS, &order).await.status, 200);
}

#[tokio::test]
async fn cancelling_depends_on_the_moment() {
    let slow = |options: &mut pytoon_sim::Options| options.speed = 1.0;
    let bench = Bench::with(json!({}), slow).await;
    let ticket = bench.post(SUBMIT, HEADERS, &order()).await.json();
    let cancel = ticket["cancel_url"].as_str().unwrap();
    // Without a length a server may answer 411 (RFC 9110, 15.5.12).
    let bare = bench.http.put(cancel).header("authorization", "Key x").send().await.unwrap();
    assert_eq!(bare.status(), 411);
    let got = bench.send("PUT", cancel, HEADERS, None).await;
    assert_eq!(got.status, 202);
    assert_eq!(got.json()["status"], "CANCELLATION_REQUESTED");
    assert_eq!(bench.ledger().await[0]["charged_usd"], 0.0);
    let unknown = "/fal/fal-ai/pika/requests/none/cancel";
    assert_eq!(bench.send("PUT", unknown, HEADERS, None).await.status, 404);
    assert_eq!(bench.send("POST", unknown, HEADERS, None).await.status, 405);

    let bench = Bench::start(json!({})).await;
    let (ticket, _) = order_clip(&bench).await;
    let got = bench.send("PUT", ticket["cancel_url"].as_str().unwrap(), HEADERS, None).await;
    assert_eq!((got.status.as_u16(), &got.json()["status"]), (400, &json!("ALREADY_COMPLETED")));
}

#[tokio::test]
async fn health_returns_the_balance() {
    let bench = Bench::start(json!({"keys": {"invalid": ["gone"], "broke": ["poor"]}})).await;
    let path = "/fal-api/v1/account/billing?expand=credits";
    let credits = bench.get(path, HEADERS).await.json()["credits"]["current_balance"].clone();
    assert_eq!(credits, 100.0);
    assert_eq!(bench.get(path, &["authorization: Key gone"]).await.status, 401);
    let poor = ["authorization: Key poor"];
    assert_eq!(bench.post(SUBMIT, &poor, &order()).await.status, 403);
}
