//! Tests of Runway.

use crate::bench::{Bench, running, waiting};
use serde_json::{Value, json};

pub(crate) const HEADERS: &[&str] =
    &["authorization: Bearer key_abc", "x-runway-version: 2024-11-06"];
const IMAGE: &str = "https://pictures.example/fox.jpg";

pub(crate) fn order() -> Value {
    json!({
        "model": "gen4_turbo", "promptImage": IMAGE, "promptText": "a red fox",
        "ratio": "720:1280", "duration": 5,
    })
}

/// Orders a clip and waits for it. Returns the finished task.
pub(crate) async fn order_clip(bench: &Bench, order: &Value) -> Value {
    let got = bench.post("/runway/v1/image_to_video", HEADERS, order).await;
    assert_eq!(got.status, 200, "{}", got.text());
    let id = got.json()["id"].as_str().unwrap().to_owned();
    let over = |task: &Value| {
        ["SUCCEEDED", "FAILED", "CANCELLED"].contains(&task["status"].as_str().unwrap_or_default())
    };
    bench.poll(&format!("/runway/v1/tasks/{id}"), HEADERS, over).await
}

#[tokio::test]
async fn an_order_becomes_a_film() {
    let bench = Bench::start(json!({})).await;
    let got = bench.post("/runway/v1/image_to_video", HEADERS, &order()).await;
    assert_eq!(got.json()["estimatedCost"]["credits"], 25);
    let id = got.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/runway/v1/tasks/{id}");
    let task = bench.poll(&path, HEADERS, |task| task["status"] == "SUCCEEDED").await;
    bench.film(task["output"][0].as_str().unwrap()).await.is(720, 1280, 5.0);
    let submission = &bench.ledger().await[0];
    assert_eq!(submission["charged_usd"], 0.25);
    assert_eq!(submission["downloads"], 1);
    assert_eq!(submission["answered"], true);
}

#[tokio::test]
async fn a_task_shows_where_it_is() {
    let bench = Bench::start(waiting()).await;
    for (scenario, status) in [(waiting(), "PENDING"), (running(), "RUNNING")] {
        bench.scenario(&scenario).await;
        let got = bench.post("/runway/v1/image_to_video", HEADERS, &order()).await;
        let path = format!("/runway/v1/tasks/{}", got.json()["id"].as_str().unwrap());
        let task = bench.get(&path, HEADERS).await.json();
        assert_eq!(task["status"], status);
        let progress = task["progress"].as_f64();
        assert_eq!(progress.is_some_and(|part| (0.0..1.0).contains(&part)), status == "RUNNING");
        assert!(task["createdAt"].as_str().unwrap().ends_with('Z'));
    }
}

#[tokio::test]
async fn text_alone_makes_a_film_too() {
    let bench = Bench::start(json!({})).await;
    let order =
        json!({"model": "gen4.5", "promptText": "waves", "ratio": "1280:720", "duration": 4});
    let got = bench.post("/runway/v1/text_to_video", HEADERS, &order).await;
    let path = format!("/runway/v1/tasks/{}", got.json()["id"].as_str().unwrap());
    let task = bench.poll(&path, HEADERS, |task| task["status"] == "SUCCEEDED").await;
    bench.film(task["output"][0].as_str().unwrap()).await.is(1280, 720, 4.0);
}

#[tokio::test]
async fn what_the_vendor_refuses_is_refused() {
    let bench = Bench::start(json!({})).await;
    let path = "/runway/v1/image_to_video";
    let with = |name: &str, value: Value| {
        let mut body = order();
        body[name] = value;
        body
    };
    let without = |name: &str| {
        let mut body = order();
        body.as_object_mut().unwrap().remove(name);
        body
    };
    let long = "\u{1f98a}".repeat(501);
    for (body, field) in [
        (with("aspect", json!("9:16")), "aspect"),
        (with("ratio", json!("9:16")), "ratio"),
        (with("duration", json!(11)), "duration"),
        (with("duration", json!("5")), "duration"),
        (with("promptText", json!(long)), "promptText"),
        (with("model", json!("gen9")), "model"),
        (with("seed", json!(-1)), "seed"),
        (with("promptImage", json!("http://pictures.example/a.jpg")), "promptImage"),
        (with("promptImage", json!("https://127.0.0.1/a.jpg")), "promptImage"),
        (with("promptImage", json!("runway://nothing")), "promptImage"),
        (with("promptImage", json!("data:image/gif;base64,AAAA")), "promptImage"),
        (with("promptImage", json!([{"uri": IMAGE, "position": "last"}])), "promptImage"),
        (without("promptImage"), "promptImage"),
        (without("ratio"), "ratio"),
    ] {
        let got = bench.post(path, HEADERS, &body).await;
        assert_eq!(got.status, 400, "{body}");
        assert!(got.json()["error"].is_string(), "{}", got.text());
        assert!(got.json()["issues"].to_string().contains(field), "{field}: {}", got.text());
    }
    let fits = with("promptText", json!("\u{1f98a}".repeat(500)));
    assert_eq!(bench.post(path, HEADERS, &fits).await.status, 200);
    let turbo = json!({"model": "gen4_turbo", "promptText": "a", "ratio": "720:1280"});
    assert_eq!(bench.post("/runway/v1/text_to_video", HEADERS, &turbo).await.status, 400);

    let version = HEADERS[1];
    for (headers, status) in [
        (vec![version], 401),
        (vec!["authorization: Key abc", version], 401),
        (vec!["authorization: Bearer ", version], 401),
        (vec![HEADERS[0]], 400),
        (vec![HEADERS[0], "x-runway-version: 2023-01-01"], 400),
    ] {
        assert_eq!(bench.post(path, &headers, &order()).await.status, status, "{headers:?}");
    }
    assert_eq!(bench.get(path, HEADERS).await.status, 405);
    assert_eq!(bench.get("/runway/v1/nothing", HEADERS).await.status, 404);
    let plain = bench.http.post(bench.url(path)).header("authorization", "Bearer k");
    let plain = plain.header("x-runway-version", "2024-11-06").body(order().to_string());
    assert_eq!(plain.send().await.unwrap().status(), 400);
    assert_eq!(bench.summary().await["accepted"], 1);
}

#[tokio::test]
async fn an_upload_is_usable_once_it_has_arrived() {
    let bench = Bench::start(json!({})).await;
    let wanted = json!({"filename": "fox.png", "type": "ephemeral"});
    let upload = bench.post("/runway/v1/uploads", HEADERS, &wanted).await.json();
    let mut order = order();
    order["promptImage"] = upload["runwayUri"].clone();
    let path = "/runway/v1/image_to_video";
    assert_eq!(bench.post(path, HEADERS, &order).await.status, 400);

    let file = || reqwest::multipart::Part::bytes(vec![7; 3_000_000]).file_name("fox.png");
    let fields = upload["fields"].as_object().unwrap();
    let form = |file_first: bool| {
        let mut form = reqwest::multipart::Form::new();
        if file_first {
            form = form.part("file", file());
        }
        for (name, value) in fields {
            form = form.text(name.clone(), value.as_str().unwrap().to_owned());
        }
        if file_first { form } else { form.part("file", file()) }
    };
    let url = upload["uploadUrl"].as_str().unwrap();
    for (file_first, status) in [(true, 400), (false, 204)] {
        let got = bench.http.post(url).multipart(form(file_first)).send().await.unwrap();
        assert_eq!(got.status(), status);
    }
    assert_eq!(bench.post(path, HEADERS, &order).await.status, 200);
}

#[tokio::test]
async fn deleting_cancels_and_forgets() {
    let bench = Bench::with(json!({}), |options| options.speed = 1.0).await;
    let got = bench.post("/runway/v1/image_to_video", HEADERS, &order()).await;
    let path = format!("/runway/v1/tasks/{}", got.json()["id"].as_str().unwrap());
    assert_eq!(bench.send("DELETE", &path, HEADERS, None).await.status, 204);
    assert_eq!(bench.get(&path, HEADERS).await.status, 404);
    let submission = &bench.ledger().await[0];
    assert_eq!(submission["state"], "cancelled");
    assert_eq!(submission["cancelled"], true);
    assert_eq!(submission["charged_usd"], 0.0, "it was still in the queue");
    assert_eq!(submission["referenced"], 2);
}

#[tokio::test]
async fn health_returns_the_balance() {
    let bench = Bench::start(json!({"keys": {"broke": ["poor"]}})).await;
    let health = "/runway/v1/organization";
    assert!(bench.get(health, HEADERS).await.json()["creditBalance"].as_u64().unwrap() > 0);
    let poor = ["authorization: Bearer poor", HEADERS[1]];
    assert_eq!(bench.get(health, &poor).await.json()["creditBalance"], 0);
    let got = bench.post("/runway/v1/image_to_video", &poor, &order()).await;
    assert_eq!(got.status, 400);
    assert!(got.json()["error"].as_str().unwrap().contains("credits"));
}
