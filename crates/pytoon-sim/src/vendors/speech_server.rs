//! A self-hosted speech server, such as Kokoro-FastAPI: OpenAI's speech API at another URL, without an API key.
//!
//! It returns the requested format, or always MP3.

use super::{Answering, Vendor, authorization, openai};
use crate::call::{Call, Route};
use crate::refusal::Refusal;
use crate::reply::Answer;
use crate::scenario::Step;
use hyper::{HeaderMap, Method};

/// The only model of the server.
const MODEL: &str = "kokoro";

/// A self-hosted speech server. The variant selects the audio format that it returns.
#[derive(Debug)]
pub(super) enum SpeechServer {
    /// A server that returns the requested format.
    AsAsked,
    /// A server that always returns MP3 and lists no models.
    AlwaysMp3,
}

impl Vendor for SpeechServer {
    fn name(&self) -> &'static str {
        "speech-server"
    }

    fn route(&self, method: &Method, path: &[&str]) -> Result<Route, Refusal> {
        match (self, method, path) {
            (Self::AsAsked, &Method::GET, ["models"]) => Ok(Route::new("models", Step::Health)),
            (_, &Method::POST, ["audio", "speech"]) => {
                Ok(Route::new("speech", Step::Submit).json())
            }
            (Self::AsAsked, _, ["models"]) | (_, _, ["audio", "speech"]) => {
                Err(Refusal::MethodNotAllowed)
            }
            _ => Err(Refusal::NotFound),
        }
    }

    fn key(&self, headers: &HeaderMap, _: &[(String, String)]) -> Option<String> {
        authorization(headers, "Bearer")
    }

    fn asks_for_a_key(&self) -> bool {
        false
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        openai::OpenAi.refuse(refusal)
    }

    fn prompt(&self, call: &Call) -> String {
        openai::OpenAi.prompt(call)
    }

    fn serve<'a>(&'a self, call: &'a mut Call) -> Answering<'a> {
        Box::pin(async move {
            let own_format = match self {
                Self::AsAsked => None,
                Self::AlwaysMp3 => Some("mp3"),
            };
            match call.route.op {
                "speech" => openai::speech(call, &[MODEL], own_format).await,
                _ => Ok(openai::models(&[MODEL])),
            }
        })
    }
}
