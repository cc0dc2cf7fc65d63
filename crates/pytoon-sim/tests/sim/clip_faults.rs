//! Tests of clips that differ from the order. Every clip is measured.

use crate::bench::{Bench, is_whole, motion_and_light, probe, rule, rule_with};
use crate::runway;
use serde_json::json;

/// Orders a clip, waits for it, and returns its URL.
async fn address(bench: &Bench) -> String {
    let task = runway::order_clip(bench, &runway::order()).await;
    task["output"][0].as_str().unwrap().to_owned()
}

async fn film(fault: &str) -> Vec<u8> {
    let bench = Bench::start(rule("runway", "submit", fault)).await;
    let got = bench.get(&address(&bench).await, &[]).await;
    assert_eq!((got.status.as_u16(), got.header("content-type")), (200, "video/mp4"));
    got.body
}

#[tokio::test]
async fn a_good_film_moves_and_is_lit() {
    let bench = Bench::start(json!({})).await;
    let got = bench.get(&address(&bench).await, &[]).await;
    assert!(is_whole(&got.body));
    let (motion, light) = motion_and_light(&got.body);
    assert!(motion > 0.3 && (30.0..220.0).contains(&light), "{motion} {light}");
}

#[tokio::test]
async fn films_can_be_black_frozen_loud_or_wrong() {
    let (motion, light) = motion_and_light(&film("black_clip").await);
    assert!(motion < 0.01 && light < 20.0, "{motion} {light}");
    let (motion, light) = motion_and_light(&film("frozen_clip").await);
    assert!(motion < 0.1 && light > 20.0, "{motion} {light}");
    assert!(probe(&film("loud_clip").await).unwrap().has_sound);
    probe(&film("wrong_clip").await).unwrap().is(1280, 720, 3.0);
}

#[tokio::test]
async fn films_can_be_cut_or_be_no_films() {
    assert!(!is_whole(&film("truncated_clip").await));
    let page = film("not_a_video").await;
    assert!(page.starts_with(b"<!doctype html>") && probe(&page).is_none());

    let bench = Bench::start(rule_with("runway", "submit", "truncated_clip", 1)).await;
    let url = address(&bench).await;
    assert!(bench.try_send("GET", &url, &[], None).await.is_err());
    assert_eq!(bench.ledger().await[0]["downloads"], 0);
}

#[tokio::test]
async fn a_huge_film_does_not_end() {
    let bench = Bench::start(rule("runway", "submit", "huge_clip")).await;
    let mut answer = bench.http.get(address(&bench).await).send().await.unwrap();
    assert_eq!(answer.content_length(), Some(64 << 30));
    let mut read = 0;
    while read < 20_000_000 {
        read += answer.chunk().await.unwrap().unwrap().len();
    }
    drop(answer);
    assert_eq!(bench.ledger().await[0]["downloads"], 0);
}

#[tokio::test]
async fn an_address_expires_and_a_new_look_gives_another() {
    let bench = Bench::start(rule("runway", "submit", "expired_url")).await;
    let task = runway::order_clip(&bench, &runway::order()).await;
    let stale = task["output"][0].as_str().unwrap();
    assert_eq!(bench.get(stale, &[]).await.status, 403);
    let path = format!("/runway/v1/tasks/{}", task["id"].as_str().unwrap());
    let task = bench.get(&path, runway::HEADERS).await.json();
    let fresh = task["output"][0].as_str().unwrap();
    bench.film(fresh).await.is(720, 1280, 5.0);
    let forged = fresh.replace("expires=1", "expires=2");
    assert_eq!(bench.get(&forged, &[]).await.status, 403);
    let bare = fresh.split('?').next().unwrap();
    assert_eq!(bench.get(bare, &[]).await.status, 403);
    assert_eq!(bench.get("/files/runway/none.mp4", &[]).await.status, 403);
}

#[tokio::test]
async fn downloads_have_faults_of_their_own() {
    let bench = Bench::start(json!({})).await;
    let url = address(&bench).await;
    for (fault, status) in [("server_error", 500), ("expired_url", 403), ("redirect_private", 302)]
    {
        bench.scenario(&rule("runway", "download", fault)).await;
        assert_eq!(bench.get(&url, &[]).await.status, status);
    }
    bench.scenario(&rule("runway", "download", "wrong_clip")).await;
    bench.film(&url).await.is(1280, 720, 3.0);
    bench.scenario(&rule("runway", "download", "drop_before_accept")).await;
    assert!(bench.try_send("GET", &url, &[], None).await.is_err());
    bench.scenario(&json!({})).await;
    bench.film(&url).await.is(720, 1280, 5.0);
}
