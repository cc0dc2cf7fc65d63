//! The vendors, and the interface that each one implements.
//!
//! A vendor translates paths into routes, bodies into orders, and states into its own names. It does not
//! inject faults, keep a ledger or send clips, which other modules do.

mod acme;
mod comfyui;
mod elevenlabs;
mod fal;
mod google;
mod luma_agents;
mod luma_dm;
mod openai;
mod pexels;
mod picture;
mod pixabay;
mod runway;
mod speech_server;

use crate::call::{Call, Route};
use crate::refusal::Refusal;
use crate::reply::Answer;
use hyper::header::AUTHORIZATION;
use hyper::{HeaderMap, Method};
use serde_json::{Value, json};
use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// A boxed future that resolves to a response.
pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = Result<Answer, Refusal>> + Send + 'a>>;

/// A vendor's protocol.
pub(crate) trait Vendor: fmt::Debug + Sync {
    /// Returns the name of the vendor in scenarios and in the ledger.
    fn name(&self) -> &'static str;

    /// Returns the route for a method and a path below the vendor's prefix.
    fn route(&self, method: &Method, path: &[&str]) -> Result<Route, Refusal>;

    /// Returns the API key, if it is sent in the vendor's form.
    fn key(&self, headers: &HeaderMap, query: &[(String, String)]) -> Option<String>;

    /// Returns true if a call without a key is rejected.
    fn asks_for_a_key(&self) -> bool {
        true
    }

    /// Formats a rejection in the vendor's format.
    fn refuse(&self, refusal: &Refusal) -> Answer;

    /// Adds the vendor's headers to a response. By default, adds none.
    fn dress(&self, answer: Answer, _asked: &HeaderMap) -> Answer {
        answer
    }

    /// Returns the prompt of a call, in which rules look for their text.
    fn prompt(&self, call: &Call) -> String {
        call.body["prompt"].as_str().unwrap_or_default().to_owned()
    }

    /// Returns the task id in the query of a download, for vendors whose paths do not contain it.
    fn work_in_query(&self, _query: &[(String, String)]) -> Option<String> {
        None
    }

    /// Responds to a call that was routed to this vendor.
    fn serve<'a>(&'a self, call: &'a mut Call) -> Answering<'a>;
}

/// The path prefix of each vendor's protocol.
const PREFIXES: &[(&[&str], &dyn Vendor)] = &[
    (&["runway"], &runway::Runway),
    (&["fal"], &fal::Fal::Queue),
    (&["fal-rest"], &fal::Fal::Rest),
    (&["fal-api"], &fal::Fal::Api),
    (&["luma-agents", "v1"], &luma_agents::LumaAgents),
    (&["luma-dm", "dream-machine", "v1"], &luma_dm::LumaDm),
    (&["comfyui", "api"], &comfyui::ComfyUi),
    (&["comfyui"], &comfyui::ComfyUi),
    (&["pexels", "v1"], &pexels::Pexels),
    (&["pexels"], &pexels::Pexels),
    (&["pixabay"], &pixabay::Pixabay),
    (&["acme"], &acme::Acme),
    (&["openai", "v1"], &openai::OpenAi),
    (&["speech-server", "v1"], &speech_server::SpeechServer::AsAsked),
    (&["speech-server-mp3", "v1"], &speech_server::SpeechServer::AlwaysMp3),
    (&["elevenlabs", "v1"], &elevenlabs::ElevenLabs),
    (&["google"], &google::Google),
];

/// Returns the vendor for a path and the rest of the path; `None` if no prefix matches.
pub(crate) fn find<'a>(parts: &'a [&'a str]) -> Option<(&'static dyn Vendor, &'a [&'a str])> {
    PREFIXES
        .iter()
        .find_map(|(prefix, vendor)| parts.strip_prefix(*prefix).map(|rest| (*vendor, rest)))
}

/// The base path of each API, as its vendor's documentation writes it after the host.
const BASES: &[(&str, &str)] = &[
    ("runway", "/runway"),
    ("fal", "/fal"),
    ("fal-rest", "/fal-rest"),
    ("fal-api", "/fal-api"),
    ("luma-agents", "/luma-agents/v1"),
    ("luma-dm", "/luma-dm/dream-machine/v1"),
    ("comfyui", "/comfyui"),
    ("pexels", "/pexels/v1/videos"),
    ("pixabay", "/pixabay/api/videos/"),
    ("acme", "/acme"),
    ("openai", "/openai/v1"),
    ("speech-server", "/speech-server/v1"),
    ("speech-server-mp3", "/speech-server-mp3/v1"),
    // Their documentation counts the version as a part of the path.
    ("elevenlabs", "/elevenlabs"),
    ("google", "/google"),
];

/// Returns the `base_url` of every vendor for a simulator at `url`, in the form of Pytoon's configuration.
pub fn config(url: &str) -> Value {
    let url = url.trim_end_matches('/');
    let bases = BASES
        .iter()
        .map(|(name, path)| ((*name).to_owned(), json!({ "base_url": format!("{url}{path}") })));
    Value::Object(bases.collect())
}

/// Returns the API key from the `Authorization` header if its scheme is `word`, such as `Bearer` or `Key`.
fn authorization(headers: &HeaderMap, word: &str) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let key = value.strip_prefix(word)?.strip_prefix(' ')?.trim();
    (!key.is_empty()).then(|| key.to_owned())
}

/// Returns the API key from a header that contains nothing else.
fn header_key(headers: &HeaderMap, name: &str) -> Option<String> {
    let key = headers.get(name)?.to_str().ok()?.trim();
    (!key.is_empty()).then(|| key.to_owned())
}
