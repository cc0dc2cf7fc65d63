//! Tests of ComfyUI.

use crate::bench::{Bench, rule};
use serde_json::{Value, json};

fn graph() -> Value {
    json!({"prompt": {
        "1": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red fox"}},
        "2": {"class_type": "EmptyLatent", "inputs": {"width": 480, "height": 832, "length": 81}},
        "3": {"class_type": "SaveVideo", "inputs": {"video": ["2", 0], "fps": 16}},
    }, "client_id": "c"})
}

async fn submit(bench: &Bench, body: &Value) -> String {
    let got = bench.post("/comfyui/prompt", &[], body).await;
    assert_eq!(got.status, 200, "{}", got.text());
    assert_eq!(got.json()["node_errors"], json!({}));
    got.json()["prompt_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_graph_becomes_a_film() {
    let bench = Bench::start(json!({})).await;
    let mut body = graph();
    let chosen = "0f0e0d0c-0b0a-4908-8706-050403020100";
    body["prompt_id"] = json!(chosen);
    assert_eq!(submit(&bench, &body).await, chosen);
    let path = format!("/comfyui/history/{chosen}");
    let done = bench.poll(&path, &[], |seen| seen.get(chosen).is_some()).await;
    let entry = &done[chosen];
    assert_eq!(entry["status"]["status_str"], "success");
    let file = &entry["outputs"]["3"]["images"][0];
    let view = format!("/comfyui/view?filename={}&type=output", file["filename"].as_str().unwrap());
    // 81 frames at 16 per second.
    bench.film(&view).await.is(480, 832, 5.0625);
    let submission = &bench.ledger().await[0];
    assert_eq!((&submission["prompt"], &submission["downloads"]), (&json!("a red fox"), &json!(1)));
    assert_eq!(bench.get("/comfyui/view?filename=../x", &[]).await.status, 403);
    assert_eq!(bench.get("/comfyui/view?filename=x.mp4", &[]).await.status, 404);
    assert_eq!(bench.get("/comfyui/view", &[]).await.status, 400);
    assert_eq!(bench.get("/comfyui/prompt", &[]).await.json()["exec_info"]["queue_remaining"], 0);
    let stats = bench.get("/comfyui/system_stats", &[]).await.json();
    assert!(stats["system"]["comfyui_version"].is_string());
    assert_eq!(bench.post("/comfyui/prompt", &[], &body).await.status, 400);
}

#[tokio::test]
async fn graphs_that_cannot_run_are_refused() {
    let bench = Bench::start(json!({})).await;
    let mut no_output = graph();
    no_output["prompt"].as_object_mut().unwrap().remove("3");
    let mut no_image = graph();
    no_image["prompt"]["4"] = json!({"class_type": "LoadImage", "inputs": {"image": "a.png"}});
    let mut bad_id = graph();
    bad_id["prompt_id"] = json!("ABC");
    for (body, kind) in [
        (json!({}), "no_prompt"),
        (json!({"prompt": {}}), "invalid_prompt"),
        (bad_id, "invalid_prompt_id"),
        (no_output, "prompt_no_outputs"),
        (no_image.clone(), "prompt_outputs_failed_validation"),
    ] {
        let got = bench.post("/comfyui/prompt", &[], &body).await;
        assert_eq!((got.status.as_u16(), &got.json()["error"]["type"]), (400, &json!(kind)));
    }
    let upload = || {
        let part = reqwest::multipart::Part::bytes(vec![1; 10]).file_name("a.png");
        let form = reqwest::multipart::Form::new().part("image", part).text("type", "input");
        bench.http.post(bench.url("/comfyui/upload/image")).multipart(form).send()
    };
    let mut names = Vec::new();
    for _ in 0..2 {
        let body = upload().await.unwrap().bytes().await.unwrap();
        let named: Value = serde_json::from_slice(&body).unwrap();
        names.push(named["name"].as_str().unwrap().to_owned());
    }
    assert_eq!(names, ["a.png", "a (1).png"]);
    submit(&bench, &no_image).await;
}

#[tokio::test]
async fn work_is_cancelled_in_three_ways() {
    let bench = Bench::with(json!({"defaults": {"queue_ms": 600_000}}), |options| {
        options.speed = 1.0;
    })
    .await;
    let (one, two) = (submit(&bench, &graph()).await, submit(&bench, &graph()).await);
    assert_eq!(bench.get(&format!("/comfyui/history/{one}"), &[]).await.json(), json!({}));
    let queue = bench.get("/comfyui/api/queue", &[]).await.json();
    assert_eq!(queue["queue_pending"][0][1], json!(one));
    let got = bench.post("/comfyui/queue", &[], &json!({"delete": [one]})).await;
    assert_eq!((got.status.as_u16(), got.body.len()), (200, 0));
    let cancel = format!("/comfyui/api/jobs/{two}/cancel");
    for cancelled in [true, false] {
        let got = bench.send("POST", &cancel, &[], None).await;
        assert_eq!(got.json()["cancelled"], cancelled);
    }
    assert_eq!(bench.summary().await["cancelled"], 2);
    assert_eq!(bench.get(&format!("/comfyui/history/{one}"), &[]).await.json(), json!({}));

    bench.scenario(&json!({"defaults": {"queue_ms": 0, "run_ms": 600_000}})).await;
    let (one, two) = (submit(&bench, &graph()).await, submit(&bench, &graph()).await);
    bench.post("/comfyui/interrupt", &[], &json!({"prompt_id": one})).await;
    let entry = bench.get(&format!("/comfyui/history/{one}"), &[]).await.json()[&one].clone();
    assert_eq!(entry["status"]["messages"][1][0], "execution_interrupted");
    let queue = bench.get("/comfyui/queue", &[]).await.json();
    assert_eq!(queue["queue_running"][0][1], json!(two));
    bench.send("POST", "/comfyui/interrupt", &[], None).await;
    let queue = bench.get("/comfyui/queue", &[]).await.json();
    assert_eq!(queue["queue_running"], json!([]));
}

#[tokio::test]
async fn errors_and_losses_show_in_the_history() {
    let bench = Bench::start(rule("comfyui", "submit", "failed")).await;
    let id = submit(&bench, &graph()).await;
    let path = format!("/comfyui/history/{id}");
    let entry = bench.poll(&path, &[], |seen| seen.get(&id).is_some()).await[&id].clone();
    assert_eq!(
        (&entry["status"]["status_str"], &entry["status"]["completed"]),
        (&json!("error"), &json!(false))
    );
    assert_eq!(entry["status"]["messages"][1][0], "execution_error");
    bench.scenario(&rule("comfyui", "submit", "lost")).await;
    let id = submit(&bench, &graph()).await;
    assert_eq!(bench.get(&format!("/comfyui/history/{id}"), &[]).await.json(), json!({}));
    assert_eq!(bench.get("/comfyui/queue", &[]).await.json()["queue_pending"], json!([]));
    bench.scenario(&rule("comfyui", "download", "not_a_video")).await;
    let id = submit(&bench, &graph()).await;
    let path = format!("/comfyui/history/{id}");
    bench.poll(&path, &[], |seen| seen.get(&id).is_some()).await;
    let got = bench.get(&format!("/comfyui/view?filename=sim_{id}.mp4"), &[]).await;
    assert!(got.text().starts_with("<!doctype"));
}
