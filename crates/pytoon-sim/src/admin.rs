//! The routes below `/_sim`: the ledger, its totals, the scenario, the reset, and the vendors' base URLs.

use crate::receive;
use crate::reply::{self, Answer};
use crate::scenario::Scenario;
use crate::sim::Sim;
use crate::{clock, vendors};
use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use serde_json::json;
use std::sync::Arc;

/// Maximum size of a scenario, in bytes.
const MAX_SCENARIO: usize = 1 << 20;

/// Responds to a request below `/_sim`.
pub(crate) async fn answer(sim: &Arc<Sim>, parts: &[&str], request: Request<Incoming>) -> Answer {
    let method = request.method().clone();
    match (method, parts) {
        (Method::GET, ["ledger"]) => reply::ok(&sim.ledger.view(clock::now_ms())),
        (Method::GET, ["summary"]) => reply::ok(&sim.ledger.summary(clock::now_ms())),
        (Method::GET, ["scenario"]) => reply::ok(&sim.scenario(|scenario| json!(scenario))),
        (Method::PUT, ["scenario"]) => put_scenario(sim, request.into_body()).await,
        (Method::POST, ["reset"]) => {
            sim.reset();
            reply::empty(StatusCode::NO_CONTENT)
        }
        (Method::GET, ["config"]) => {
            let host = request.headers().get("host").and_then(|value| value.to_str().ok());
            reply::ok(&vendors::config(&format!("http://{}", host.unwrap_or_default())))
        }
        (_, ["ledger" | "summary" | "scenario" | "reset" | "config"]) => {
            problem(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
        }
        _ => problem(StatusCode::NOT_FOUND, "not found"),
    }
}

async fn put_scenario(sim: &Arc<Sim>, body: Incoming) -> Answer {
    let Ok(bytes) = receive::bytes(body, MAX_SCENARIO).await else {
        return problem(StatusCode::PAYLOAD_TOO_LARGE, "the scenario is too large");
    };
    match Scenario::parse(&String::from_utf8_lossy(&bytes)) {
        Ok(scenario) => {
            sim.replace_scenario(scenario);
            reply::empty(StatusCode::NO_CONTENT)
        }
        Err(error) => problem(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    }
}

fn problem(status: StatusCode, message: &str) -> Answer {
    reply::json(status, &json!({ "error": message }))
}
