//! A client of the service that retries with its idempotency key.

use anyhow::{Context, bail};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The time for which a client retries.
const PATIENCE: Duration = Duration::from_secs(300);

/// A client with an API key.
#[derive(Clone)]
pub(crate) struct Caller {
    http: Client,
    url: String,
    key: String,
}

impl Caller {
    pub(crate) fn new(url: &str, key: &str) -> anyhow::Result<Self> {
        // The client requires a provider, even for plain HTTP.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().timeout(Duration::from_secs(20)).build()?;
        Ok(Self { http, url: url.to_owned(), key: key.to_owned() })
    }

    /// Submits a brief under the idempotency key `mark`, with retries. Returns the job's id.
    pub(crate) async fn submit(&self, brief: &Value, mark: &str) -> anyhow::Result<String> {
        let answer = self.ask(Method::POST, "/api/v2/jobs", Some((brief, mark))).await?;
        Ok(answer["job_id"].as_str().context("no id")?.to_owned())
    }

    /// Sends a GET request for a path, with retries.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.ask(Method::GET, path, None).await
    }

    /// Sends a DELETE request for a path.
    pub(crate) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        let request = self.http.delete(format!("{}{path}", self.url)).bearer_auth(&self.key);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// Sends a GET request for a path, without retries. Fails after three seconds without a response.
    pub(crate) async fn once(&self, path: &str) -> anyhow::Result<Value> {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.key);
        let answer = request.timeout(Duration::from_secs(3)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Downloads the file at a path.
    pub(crate) async fn bytes(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.key);
        Ok(request.send().await?.error_for_status()?.bytes().await?.to_vec())
    }

    /// Retries a failed job.
    pub(crate) async fn retry(&self, id: &str) -> anyhow::Result<()> {
        self.ask(Method::POST, &format!("/api/v2/jobs/{id}/retry"), None).await?;
        Ok(())
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<(&Value, &str)>,
    ) -> anyhow::Result<Value> {
        let begun = Instant::now();
        loop {
            let url = format!("{}{path}", self.url);
            let mut request = self.http.request(method.clone(), url).bearer_auth(&self.key);
            if let Some((body, mark)) = body {
                request = request.header("Idempotency-Key", mark).json(body);
            }
            let said = match request.send().await {
                Ok(answer) => {
                    let status = answer.status();
                    let text = answer.text().await.unwrap_or_default();
                    if status.is_success() {
                        return Ok(serde_json::from_str(&text)?);
                    }
                    let may_pass =
                        status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
                    if !may_pass {
                        bail!("{path}: {status}: {text}");
                    }
                    text
                }
                Err(error) => error.to_string(),
            };
            if begun.elapsed() > PATIENCE {
                bail!("{path}: nobody answers: {said}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Returns the brief of a silent two-second film with three scenes, each with its own prompt. The prompts contain the
/// number `job`.
pub(crate) fn brief(job: u64) -> Value {
    let scene = |n: u64| json!({"scene": n, "prompt": format!("service {job} scene {n}")});
    json!({
        "script": format!(
            "<SHOT 1>\nWide view of drill {job} first\n<SHOT 2>\nClose view of drill {job} second\n\
             <SHOT 3>\nHigh view of drill {job} third\n"
        ),
        "profile": "test",
        "voice": "off",
        "captions": "off",
        "music_source": "none",
        "target_duration_seconds": 2,
        "scenes": [scene(1), scene(2), scene(3)],
    })
}
