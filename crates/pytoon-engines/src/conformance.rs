//! The test suite that every adapter passes, both unwrapped and wrapped in each layer.
//!
//! It checks the guarantees of the interface ([`crate::adapter`]): nothing outside the offer is sent; the one paid
//! call is made once, and a failed one correctly reports whether it may have been accepted; an unknown state does not
//! end a task; a clip is complete or absent; no API key is exposed.
//!
//! The vendor is a small scripted server. `fixtures/engines/<kind>/vendor.json` lists the routes that cost money, are
//! polled, and serve the clip. `success.json` is the script in which all calls succeed; the other files replace some
//! of its routes.
//!
//! This module does not check clips and does not test any vendor: the fixtures follow the vendors'
//! documentation.
//!
//! Start with [`run`].

mod checks;
#[cfg(test)]
mod tests;

use crate::adapter::{ExternalEngineAdapter, GenerateRequest};
use crate::engine_adapters::AdapterResult;
use pytoon_config::engines::EngineConfig;
pub use pytoon_vendor::scripted as vendor;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;
pub use vendor::{KEY, Row};
use vendor::{Script, Vendor};

/// The bytes that the scripted vendor serves as its clip.
pub const CLIP: &[u8] = b"\0\0\0\x18ftypmp42-a-clip-as-far-as-anybody-here-can-tell";

/// Creates an adapter from a name, a configuration block and an API key.
pub type Make<'a> = &'a (dyn Fn(&str, &EngineConfig, Option<SecretString>) -> AdapterResult + Sync);

/// An adapter under test.
pub struct Subject<'a> {
    /// The name of the engine.
    pub name: &'a str,
    /// The engine's configuration block, whose `base_url` is replaced by the scripted vendor's address.
    pub config: EngineConfig,
    /// The folder with the engine's fixtures.
    pub fixtures: PathBuf,
    /// The function that creates the adapter.
    pub make: Make<'a>,
}

/// The content of `vendor.json`: the role of each route, and the settings of the adapter under test.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Routes {
    /// A description of the fixture for its readers.
    #[expect(dead_code, reason = "for readers of the fixture")]
    about: String,
    /// The name of the engine in `engine.yaml`, if the folder has another name.
    #[expect(dead_code, reason = "for whoever lists the fixtures")]
    engine: Option<String>,
    /// The path prefix below the vendor's address.
    #[serde(default)]
    base_path: String,
    /// Options that override the engine's configured options.
    #[serde(default)]
    options: Map<String, Value>,
    /// The route of the paid call with a picture; `submit_text` is the one without.
    submit_image: Option<String>,
    submit_text: Option<String>,
    /// The route that polls a task; `None` if a clip is available at once.
    poll: Option<String>,
    /// The route that serves the clip.
    clip: String,
    /// The route that returns the account.
    health: String,
    /// The text in a request's head that carries the API key, with `{{key}}`; `None` for engines without a key.
    key_as: Option<String>,
    /// Routes that must not receive the API key, in addition to the clip's.
    #[serde(default)]
    keyless: Vec<String>,
}

/// An adapter connected to a scripted vendor.
pub(crate) struct Bench<'a> {
    subject: &'a Subject<'a>,
    folder: &'a Path,
    routes: Routes,
    vendor: Vendor,
    success: Script,
    adapter: Arc<dyn ExternalEngineAdapter>,
    /// The same adapter with short timeouts, for vendors that do not respond.
    hasty: Arc<dyn ExternalEngineAdapter>,
}

/// The request timeout in checks where the vendor responds, in milliseconds.
const PATIENT_MS: u64 = 20_000;
/// The request timeout in checks where the vendor does not respond, in milliseconds.
const HASTY_MS: u64 = 250;

/// Runs the suite and returns one row per check. `folder` must be empty; the suite writes its files there.
///
/// Returns an error only if the suite itself cannot run, for example without fixtures.
pub async fn run(subject: &Subject<'_>, folder: &Path) -> Result<Vec<Row>, String> {
    let bench = Bench::new(subject, folder).await?;
    Ok(checks::all(&bench).await)
}

impl<'a> Bench<'a> {
    async fn new(subject: &'a Subject<'a>, folder: &'a Path) -> Result<Self, String> {
        let text = |name: &str| {
            let path = subject.fixtures.join(name);
            std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let vendor = Vendor::start().await.map_err(|error| error.to_string())?;
        let filled = |text: String| {
            text.replace("{{base}}", vendor.base())
                .replace("{{fixtures}}", &subject.fixtures.display().to_string())
        };
        let routes: Routes = serde_json::from_str(&filled(text("vendor.json")?))
            .map_err(|error| format!("{}/vendor.json: {error}", subject.name))?;
        let success = Script::parse(&filled(text("success.json")?), CLIP)
            .map_err(|error| format!("{}/success.json: {error}", subject.name))?;
        let made = |patience| {
            make(subject, &routes, vendor.base(), patience)
                .map_err(|p| format!("{}: {}: {}", subject.name, p.field, p.reason))
        };
        let (adapter, hasty) = (made(PATIENT_MS)?, made(HASTY_MS)?);
        // A picture as far as its magic bytes show.
        std::fs::write(folder.join("frame.png"), b"\x89PNG\r\n\x1a\n0123456789")
            .map_err(|error| error.to_string())?;
        Ok(Self { subject, folder, routes, vendor, success, adapter, hasty })
    }

    /// Returns the script of the fixture `name`, completed with the routes of the successful script; `None` if the
    /// fixture does not exist.
    fn scenario(&self, name: &str) -> Result<Option<Script>, String> {
        let path = self.subject.fixtures.join(name);
        let Ok(text) = std::fs::read_to_string(&path) else { return Ok(None) };
        let text = text.replace("{{base}}", self.vendor.base()).replace("{{key}}", KEY);
        let script = Script::parse(&text, CLIP).map_err(|error| format!("{name}: {error}"))?;
        Ok(Some(self.success.clone().over(script)))
    }

    /// Creates a second adapter for the same engine, as another process would after a restart.
    fn another(&self, base: &str) -> Result<Arc<dyn ExternalEngineAdapter>, String> {
        make(self.subject, &self.routes, base, PATIENT_MS).map_err(|p| p.reason)
    }

    /// Returns a request with or without a picture, within the engine's offer if the engine accepts such requests.
    fn request(&self, with_image: bool) -> GenerateRequest {
        let sold = self.adapter.capabilities();
        // A way that is not offered still gets a request, which must be rejected.
        let offer = sold.offer(with_image).or_else(|| sold.offers().next());
        GenerateRequest {
            call_id: "call-0001".into(),
            prompt: "A red kite over a quiet harbour".to_owned(),
            image: with_image.then(|| self.folder.join("frame.png")),
            duration_ms: offer.map_or(0, |offer| offer.durations.cover(4000)),
            ratio: offer.and_then(|offer| offer.ratios.first().copied()).unwrap_or_default(),
            ..GenerateRequest::default()
        }
    }

    /// Returns the kinds of requests that the fixtures name (true: with a picture), each with the route of the paid
    /// call.
    fn ways(&self) -> Vec<(bool, String)> {
        let image = self.routes.submit_image.clone().map(|route| (true, route));
        let text = self.routes.submit_text.clone().map(|route| (false, route));
        image.into_iter().chain(text).collect()
    }
}

fn make(subject: &Subject<'_>, routes: &Routes, base: &str, patience_ms: u64) -> AdapterResult {
    let mut config = subject.config.clone();
    config.base_url = format!("{base}{}", routes.base_path);
    config.request_timeout_ms = patience_ms;
    config.options.extend(routes.options.clone());
    let key = (!config.key_env.is_empty()).then(|| SecretString::from(KEY.to_owned()));
    (subject.make)(subject.name, &config, key)
}
