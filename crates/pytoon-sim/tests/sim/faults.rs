//! Tests of faults of requests and of tasks, at vendors where each makes sense.

use crate::bench::{Bench, Got, rule, rule_with};
use crate::{acme, fal, runway};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const RUNWAY: &str = "/runway/v1/image_to_video";

async fn submit(bench: &Bench) -> Got {
    bench.post(RUNWAY, runway::HEADERS, &runway::order()).await
}

#[tokio::test]
async fn refusals_come_in_the_vendors_words() {
    let bench = Bench::start(json!({})).await;
    for (fault, runway_status, fal_status, acme_status) in [
        ("unauthorized", 401, 401, 401),
        ("payment_required", 400, 403, 402),
        ("forbidden", 403, 403, 403),
        ("rate_limited", 429, 429, 429),
        ("server_error", 500, 500, 500),
        ("bad_gateway", 502, 502, 502),
        ("unavailable", 503, 503, 503),
    ] {
        bench.scenario(&json!({"rules": [{"step": "submit", "fault": fault}]})).await;
        let got = submit(&bench).await;
        assert_eq!(got.status, runway_status, "{fault}");
        assert!(got.json()["error"].is_string());
        assert_eq!(got.header("retry-after"), "");
        let got = bench.post(fal::SUBMIT, fal::HEADERS, &fal::order()).await;
        assert_eq!(got.status, fal_status, "{fault}");
        assert!(got.json()["detail"].is_string());
        assert_eq!(got.header("x-fal-retryable") == "true", fal_status >= 500);
        let got = bench.post(acme::RENDERS, acme::HEADERS, &acme::order()).await;
        assert_eq!(got.status, acme_status, "{fault}");
        assert!(got.json()["error"]["code"].is_string());
    }
    assert_eq!(bench.summary().await["accepted"], 0);
    assert_eq!(bench.summary().await["posts"], 21);
}

#[tokio::test]
async fn a_limit_may_say_when() {
    let bench = Bench::start(rule_with("runway", "submit", "rate_limited_retry_after", 7)).await;
    let got = submit(&bench).await;
    assert_eq!((got.status.as_u16(), got.header("retry-after")), (429, "7"));
}

#[tokio::test]
async fn garbage_is_no_json_and_a_redirect_points_inside() {
    let bench = Bench::start(rule("runway", "submit", "garbage")).await;
    let got = submit(&bench).await;
    assert_eq!((got.status.as_u16(), got.header("content-type")), (200, "application/json"));
    assert_eq!(got.json(), Value::Null);
    bench.scenario(&rule("runway", "submit", "redirect_private")).await;
    let got = submit(&bench).await;
    assert_eq!((got.status.as_u16(), got.header("location")), (302, "http://169.254.169.254/"));
    assert_eq!(bench.summary().await["accepted"], 0);
}

#[tokio::test]
async fn a_refusal_may_hide_an_acceptance() {
    let bench = Bench::start(rule_with("runway", "submit", "bad_gateway", 1)).await;
    assert_eq!(submit(&bench).await.status, 502);
    let submission = &bench.ledger().await[0];
    assert_eq!((&submission["answered"], &submission["dropped"]), (&json!(false), &json!(false)));
    assert_eq!(bench.summary().await["accepted_never_referenced"], 1);
}

#[tokio::test]
async fn connections_are_dropped_before_and_after() {
    let bench = Bench::start(rule("runway", "submit", "drop_before_accept")).await;
    for (fault, accepted, charged) in
        [("drop_before_accept", 0, 0.0), ("drop_after_accept", 1, 0.25)]
    {
        bench.scenario(&rule("runway", "submit", fault)).await;
        let failed = bench.try_send("POST", RUNWAY, runway::HEADERS, Some(&runway::order())).await;
        assert!(failed.is_err(), "{fault}: {failed:?}");
        let summary = bench.summary().await;
        assert_eq!(summary["accepted"], accepted, "{fault}");
        assert_eq!(summary["dropped_after_accept"], accepted);
        assert_eq!(summary["accepted_never_referenced"], accepted);
        assert_eq!(summary["charged_usd"], charged);
    }
    assert_eq!(bench.ledger().await[0]["answered"], false);
    // A request that is invalid anyway is rejected, not dropped.
    let got = bench.post(RUNWAY, runway::HEADERS, &json!({"model": "gen4_turbo"})).await;
    assert_eq!(got.status, 400);
}

#[tokio::test]
async fn a_hanging_call_never_answers() {
    let bench = Bench::start(rule("runway", "poll", "hang")).await;
    let id = submit(&bench).await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/runway/v1/tasks/{id}");
    let hanging = bench.get(&path, runway::HEADERS);
    assert!(tokio::time::timeout(Duration::from_millis(300), hanging).await.is_err());
    assert_eq!(bench.ledger().await[0]["referenced"], 1);
}

#[tokio::test]
async fn a_dripped_answer_is_whole_but_slow() {
    let bench = Bench::start(rule_with("runway", "submit", "slow_drip", 20)).await;
    let begun = Instant::now();
    let got = submit(&bench).await;
    assert!(got.json()["id"].is_string());
    // One byte every twenty milliseconds.
    assert!(begun.elapsed() >= Duration::from_millis(20 * got.body.len() as u64));
    assert_eq!(bench.ledger().await[0]["answered"], true);
    let impatient = bench.http.post(bench.url(RUNWAY)).json(&runway::order());
    let impatient = impatient.header("authorization", "Bearer k");
    let impatient = impatient.header("x-runway-version", "2024-11-06");
    let failed = impatient.timeout(Duration::from_millis(700)).send().await.unwrap().bytes().await;
    assert!(failed.is_err());
    let mut last = bench.ledger().await;
    let last = last.pop().unwrap();
    assert_eq!((last["answered"].clone(), bench.ledger().await.len()), (json!(false), 2));
}

#[tokio::test]
async fn an_unknown_status_passes() {
    let bench = Bench::start(rule_with("runway", "submit", "unknown_status", 2)).await;
    let id = submit(&bench).await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/runway/v1/tasks/{id}");
    for _ in 0..2 {
        assert_eq!(bench.get(&path, runway::HEADERS).await.json()["status"], "PONDERING");
    }
    bench.poll(&path, runway::HEADERS, |task| task["status"] == "SUCCEEDED").await;
}

#[tokio::test]
async fn moderation_shows_where_the_vendor_shows_it() {
    let bench = Bench::start(json!({"rules": [
        {"step": "submit", "fault": "moderation", "match": "fox"}]}))
    .await;
    let task = runway::order_clip(&bench, &runway::order()).await;
    assert_eq!(
        (&task["status"], &task["failureCode"]),
        (&json!("FAILED"), &json!("SAFETY.INPUT.TEXT"))
    );
    let (ticket, status) = fal::order_clip(&bench).await;
    assert_eq!(status.get("error"), None);
    let result = bench.get(ticket["response_url"].as_str().unwrap(), fal::HEADERS).await;
    assert_eq!(result.status, 422);
    assert_eq!(result.json()["detail"][0]["type"], "content_policy_violation");

    let luma = ["authorization: Bearer l"];
    let got = bench.post("/luma-agents/v1/generations", &luma, &json!({"prompt": "fox"})).await;
    let path = format!("/luma-agents/v1/generations/{}", got.json()["id"].as_str().unwrap());
    let failed = bench.poll(&path, &luma, |seen| seen["state"] == "failed").await;
    assert_eq!(failed["failure_code"], "content_moderated");

    let dream = "/luma-dm/dream-machine/v1/generations";
    let got = bench.post(dream, &luma, &json!({"prompt": "fox", "model": "ray-2"})).await;
    let path = format!("{dream}/{}", got.json()["id"].as_str().unwrap());
    let failed = bench.poll(&path, &luma, |seen| seen["state"] == "failed").await;
    assert!(failed["failure_reason"].as_str().unwrap().contains("moderation"));

    let by_vendor = &bench.summary().await["by_vendor"];
    for (vendor, charged) in
        [("runway", 0.25), ("fal", 0.0), ("luma-agents", 0.0), ("luma-dm", 0.0)]
    {
        assert_eq!(by_vendor[vendor]["moderated"], 1, "{vendor}");
        assert_eq!(by_vendor[vendor]["charged_usd"], charged, "{vendor}");
    }
}

#[tokio::test]
async fn failures_show_where_the_vendor_shows_them() {
    let bench = Bench::start(json!({"rules": [{"step": "submit", "fault": "failed"}]})).await;
    let task = runway::order_clip(&bench, &runway::order()).await;
    assert_eq!(task["failureCode"], "INTERNAL");
    let (ticket, _) = fal::order_clip(&bench).await;
    let result = bench.get(ticket["response_url"].as_str().unwrap(), fal::HEADERS).await;
    assert_eq!((result.status.as_u16(), result.header("x-fal-retryable")), (503, "true"));
    assert_eq!(bench.summary().await["charged_usd"], 0.0);
    assert_eq!(bench.ledger().await[0]["state"], "failed");

    bench.scenario(&rule("fal", "submit", "completed_with_error")).await;
    let (ticket, status) = fal::order_clip(&bench).await;
    assert!(status["error"].is_string() && status["error_type"].is_string());
    let result = bench.get(ticket["response_url"].as_str().unwrap(), fal::HEADERS).await;
    assert_eq!(result.status, 500);
}

#[tokio::test]
async fn work_gets_lost_stuck_or_late() {
    let bench = Bench::start(rule("runway", "submit", "lost")).await;
    let id = submit(&bench).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(bench.get(&format!("/runway/v1/tasks/{id}"), runway::HEADERS).await.status, 404);
    assert_eq!(bench.ledger().await[0]["charged_usd"], 0.25);

    bench.scenario(&rule("runway", "submit", "stuck")).await;
    let id = submit(&bench).await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/runway/v1/tasks/{id}");
    let first = bench.poll(&path, runway::HEADERS, |task| task["status"] == "RUNNING").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let later = bench.get(&path, runway::HEADERS).await.json();
    assert_eq!((&later["status"], &later["progress"]), (&first["status"], &first["progress"]));

    bench.scenario(&rule_with("runway", "submit", "delayed_clip", 20_000)).await;
    let begun = Instant::now();
    runway::order_clip(&bench, &runway::order()).await;
    // 28 seconds at fifty times the speed.
    assert!(begun.elapsed() >= Duration::from_millis(560));
}

#[tokio::test]
async fn a_key_may_be_gone_and_work_may_belong_to_its_key() {
    let bench = Bench::start(json!({"keys": {"invalid": ["gone"], "isolated": true}})).await;
    let version = "x-runway-version: 2024-11-06";
    let gone = ["authorization: Bearer gone", version];
    assert_eq!(bench.post(RUNWAY, &gone, &runway::order()).await.status, 401);
    let id = submit(&bench).await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/runway/v1/tasks/{id}");
    let other = ["authorization: Bearer other", version];
    assert_eq!(bench.get(&path, &other).await.status, 404);
    assert_eq!(bench.get(&path, runway::HEADERS).await.status, 200);
}
