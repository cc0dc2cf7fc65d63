//! Tests of Pexels and Pixabay.

use crate::bench::{Bench, rule, rule_with};
use serde_json::{Value, json};

const PEXELS: &[&str] = &["authorization: abc"];

#[tokio::test]
async fn pexels_finds_films() {
    let bench = Bench::start(json!({})).await;
    for base in ["/pexels/v1/videos", "/pexels/videos"] {
        let path = format!("{base}/search?query=red+fox&orientation=portrait&per_page=3");
        let got = bench.get(&path, PEXELS).await;
        assert_eq!(got.header("x-ratelimit-limit"), "20000");
        let found = got.json();
        let videos = found["videos"].as_array().unwrap();
        assert_eq!(videos.len(), 3);
        assert!(found["next_page"].as_str().unwrap().contains("page=2"));
        for video in videos {
            assert!(video["height"].as_u64() > video["width"].as_u64());
        }
        let one = bench.get(&format!("{base}/videos/{}", videos[1]["id"]), PEXELS).await.json();
        assert_eq!(&one, &videos[1]);
        let files = one["video_files"].as_array().unwrap();
        assert!(files.iter().any(|file| file["quality"] == "hls" && file["width"].is_null()));
        let small = files.iter().find(|file| file["width"] == 360).unwrap();
        let seconds = one["duration"].as_f64().unwrap();
        bench.film(small["link"].as_str().unwrap()).await.is(360, 640, seconds);
    }
    let found = bench.get("/pexels/v1/videos/search?query=a&page=5", PEXELS).await.json();
    assert_eq!((found["videos"].as_array().unwrap().len(), found.get("next_page")), (0, None));
}

#[tokio::test]
async fn pexels_refuses_in_json() {
    let bench = Bench::start(json!({"keys": {"invalid": ["gone"]}})).await;
    let search = "/pexels/v1/videos/search";
    for (query, headers, status) in [
        ("?query=a", vec!["authorization: Bearer abc"], 401),
        ("?query=a", vec!["authorization: gone"], 401),
        ("?query=a", vec![], 401),
        ("", PEXELS.to_vec(), 400),
        ("?query=a&per_page=81", PEXELS.to_vec(), 400),
        ("?query=a&orientation=upright", PEXELS.to_vec(), 400),
    ] {
        let got = bench.get(&format!("{search}{query}"), &headers).await;
        assert_eq!(got.status, status, "{query}");
        assert!(got.json()["error"].is_string());
    }
    bench.scenario(&rule("pexels", "search", "rate_limited")).await;
    let got = bench.get(&format!("{search}?query=a"), PEXELS).await;
    assert_eq!((got.status.as_u16(), got.header("x-ratelimit-limit")), (429, ""));
    bench.scenario(&rule("pexels", "search", "completed_with_error")).await;
    let got = bench.get(&format!("{search}?query=a"), PEXELS).await;
    assert_eq!(got.json()["total_results"], 0);
}

#[tokio::test]
async fn pixabay_finds_films_of_any_shape() {
    let bench = Bench::start(json!({})).await;
    let found = bench.get("/pixabay/api/videos/?key=k&q=red+fox&per_page=50", &[]).await;
    assert_eq!(found.header("x-ratelimit-reset"), "60");
    let found = found.json();
    let hits = found["hits"].as_array().unwrap();
    assert_eq!((hits.len(), &found["totalHits"]), (50, &json!(120)));
    let upright = |hit: &&Value| hit["videos"]["tiny"]["width"] == 360;
    let upright: Vec<&Value> = hits.iter().filter(upright).collect();
    assert!(!upright.is_empty() && upright.len() < 50);
    assert!(hits.iter().any(|hit| hit["videos"]["large"]["url"] == ""));
    let hit = upright[0];
    let url = hit["videos"]["tiny"]["url"].as_str().unwrap();
    bench.film(url).await.is(360, 640, hit["duration"].as_f64().unwrap());
    bench.scenario(&rule("pixabay", "download", "black_clip")).await;
    let got = bench.get(url, &[]).await;
    assert!(crate::bench::motion_and_light(&got.body).1 < 20.0);
}

#[tokio::test]
async fn pixabay_refuses_in_plain_text() {
    let bench = Bench::start(json!({})).await;
    let long = "a".repeat(101);
    for query in ["?q=a", "?key=k&per_page=2", "?key=k&q=a&order=best", &format!("?key=k&q={long}")]
    {
        let got = bench.get(&format!("/pixabay/api/videos/{query}"), &[]).await;
        assert_eq!(got.status, 400, "{query}");
        assert!(got.text().starts_with("[ERROR 400] "));
    }
    bench.scenario(&rule_with("pixabay", "search", "rate_limited_retry_after", 3)).await;
    let got = bench.get("/pixabay/api/videos/?key=k", &[]).await;
    assert_eq!((got.status.as_u16(), got.header("retry-after")), (429, "3"));
}
