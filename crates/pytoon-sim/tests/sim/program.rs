//! Tests of the simulator's binary: its start, its output, its state after a kill.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

struct Program {
    child: Child,
    url: String,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the program under test")]
fn command() -> std::process::Command {
    std::process::Command::new(env!("CARGO_BIN_EXE_pytoon-sim"))
}

fn start(folder: &Path) -> Program {
    let scenario = folder.join("scenario.yaml");
    std::fs::write(&scenario, "seed: 5\nkeys: {invalid: [gone]}\n").unwrap();
    let ready = folder.join("ready");
    let mut child = command()
        .args(["--speed", "50", "--clip-scale", "0.1", "--clips"])
        .arg(crate::bench::clips())
        .arg("--scenario")
        .arg(scenario)
        .arg("--ledger")
        .arg(folder.join("ledger.jsonl"))
        .arg("--ready-file")
        .arg(&ready)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("listening ").unwrap().to_owned();
    assert_eq!(std::fs::read_to_string(ready).unwrap(), url);
    Program { child, url }
}

async fn get(url: &str) -> Value {
    let body = reqwest::get(url).await.unwrap().bytes().await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn the_ledger_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let program = start(folder.path());
    let order = serde_json::json!({"prompt": "a fox", "seconds": 4, "size": "720x1280"});
    crate::bench::provide_tls();
    let client = reqwest::Client::new();
    let send = |url: &str, key: &str| {
        client.post(format!("{url}/acme/v1/renders")).header("x-acme-key", key).json(&order).send()
    };
    assert_eq!(send(&program.url, "k").await.unwrap().status(), 202);
    assert_eq!(send(&program.url, "gone").await.unwrap().status(), 401);
    let before = get(&format!("{}/_sim/summary", program.url)).await;
    drop(program);
    let program = start(folder.path());
    assert_eq!(get(&format!("{}/_sim/summary", program.url)).await, before);
    assert_eq!((&before["posts"], &before["accepted"]), (&2.into(), &1.into()));
}

#[test]
fn the_configuration_is_printed() {
    let output = command().args(["--print-config", "http://127.0.0.1:9/"]).output().unwrap();
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed, pytoon_sim::config("http://127.0.0.1:9"));
    assert_eq!(printed["runway"]["base_url"], "http://127.0.0.1:9/runway");
}

#[test]
fn a_wrong_start_says_why() {
    for (arguments, word) in [
        (["--speed", "0"], "the speed must be"),
        (["--clip-scale", "2"], "the clip scale must be"),
        (
            ["--scenario", "/nowhere/at-all.yaml"],
            "failed to read /nowhere/at-all.yaml: No such file",
        ),
    ] {
        let output = command().args(arguments).output().unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(word), "{said}");
    }
}
