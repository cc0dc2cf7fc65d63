//! Tests of Acme, the invented vendor.

use crate::bench::{Bench, running, waiting};
use serde_json::{Value, json};

pub(crate) const HEADERS: &[&str] = &["x-acme-key: k"];
pub(crate) const RENDERS: &str = "/acme/v1/renders";

pub(crate) fn order() -> Value {
    json!({"prompt": "a red fox", "seconds": 4, "size": "720x1280"})
}

#[tokio::test]
async fn an_order_becomes_a_film() {
    let bench = Bench::start(json!({})).await;
    let headers = [HEADERS[0], "x-client-ref: scene-1"];
    let got = bench.post(RENDERS, &headers, &order()).await;
    assert_eq!(got.status, 202);
    let id = got.json()["render"]["id"].as_str().unwrap().to_owned();
    let path = format!("{RENDERS}/{id}");
    let done = bench.poll(&path, HEADERS, |seen| seen["render"]["phase"] == "ready").await;
    assert_eq!(done["render"]["cost_cents"], 16.0);
    bench.film(done["render"]["file"]["href"].as_str().unwrap()).await.is(720, 1280, 4.0);
    let list = bench.get(&format!("{RENDERS}?limit=5"), HEADERS).await.json();
    assert_eq!(list["renders"][0]["client_ref"], "scene-1");
    assert_eq!(list["renders"][0]["id"], json!(id));
    assert_eq!(bench.get("/acme/v1/me", HEADERS).await.status, 200);
}

#[tokio::test]
async fn a_render_shows_where_it_is() {
    let bench = Bench::start(waiting()).await;
    for (scenario, phase) in [(waiting(), "waiting"), (running(), "drawing")] {
        bench.scenario(&scenario).await;
        let id = bench.post(RENDERS, HEADERS, &order()).await.json()["render"]["id"].clone();
        let path = format!("{RENDERS}/{}", id.as_str().unwrap());
        let render = bench.get(&path, HEADERS).await.json()["render"].clone();
        assert_eq!((&render["phase"], &render["file"]), (&json!(phase), &json!(null)));
        assert_eq!(render["percent"], 0);
    }
}

#[tokio::test]
async fn a_render_can_be_stopped() {
    let bench = Bench::with(json!({}), |options| options.speed = 1.0).await;
    let got = bench.post(RENDERS, HEADERS, &order()).await;
    let path = format!("{RENDERS}/{}", got.json()["render"]["id"].as_str().unwrap());
    assert_eq!(bench.send("DELETE", &path, HEADERS, None).await.status, 204);
    let stopped = bench.get(&path, HEADERS).await.json();
    assert_eq!(stopped["render"]["phase"], "broken");
    assert_eq!(stopped["render"]["cost_cents"], 0.0);
}

#[tokio::test]
async fn what_is_wrong_is_refused() {
    let bench = Bench::start(json!({})).await;
    for (name, value) in
        [("seconds", json!(40)), ("size", json!("1x1")), ("prompt", json!("")), ("extra", json!(1))]
    {
        let mut body = order();
        body[name] = value;
        let got = bench.post(RENDERS, HEADERS, &body).await;
        assert_eq!(got.status, 422);
        assert!(got.json()["error"]["message"].as_str().unwrap().contains(name));
    }
    assert_eq!(bench.post(RENDERS, &["authorization: Bearer k"], &order()).await.status, 401);
    assert_eq!(bench.get(&format!("{RENDERS}/none"), HEADERS).await.status, 404);
    assert_eq!(bench.send("PATCH", RENDERS, HEADERS, None).await.status, 405);
}
