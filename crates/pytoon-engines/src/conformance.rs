//! The suite that every adapter passes, both bare and inside every layer.
//!
//! It checks the promises of the interface ([`crate::adapter`]): nothing outside the offer is sent; the one paid
//! call is made once, and a failed one reports truthfully whether it may have been accepted; an unknown state does
//! not end a task; a clip is complete or absent; no key is exposed.
//!
//! The vendor is a small scripted server: `fixtures/engines/<kind>/vendor.json` lists the routes that cost money,
//! are polled, and serve the clip; `success.json` is the script in which all calls succeed; the other files replace
//! some of its routes.
//!
//! Does not judge clips and does not test any vendor: the fixtures follow the vendors' documentation.
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

/// The content of the vendor's clip.
pub const CLIP: &[u8] = b"\0\0\0\x18ftypmp42-a-clip-as-far-as-anybody-here-can-tell";

/// Makes an adapter from a name, a block and a key.
pub type Make<'a> = &'a (dyn Fn(&str, &EngineConfig, Option<SecretString>) -> AdapterResult + Sync);

/// An adapter under test.
pub struct Subject<'a> {
    /// The engine's name.
    pub name: &'a str,
    /// Its block; `base_url` is replaced by the scripted vendor's address.
    pub config: EngineConfig,
    /// Its folder of fixtures.
    pub fixtures: PathBuf,
    /// Makes it.
    pub make: Make<'a>,
}

/// The meaning of a vendor's routes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Routes {
    /// A description, for readers.
    #[expect(dead_code, reason = "for readers of the fixture")]
    about: String,
    /// The engine in `engine.yaml`, if the folder has another name.
    #[expect(dead_code, reason = "for whoever lists the fixtures")]
    engine: Option<String>,
    /// The path below the vendor's address.
    #[serde(default)]
    base_path: String,
    /// Options that override those of the configuration.
    #[serde(default)]
    options: Map<String, Value>,
    /// The calls that submit, with a picture and without.
    submit_image: Option<String>,
    submit_text: Option<String>,
    /// The call that polls a task; `None` if a clip is available at once.
    poll: Option<String>,
    /// The call that fetches the clip.
    clip: String,
    /// The call that reads the account.
    health: String,
    /// The form of the key in a call's headers, with `{{key}}`; `None` for engines without a key.
    key_as: Option<String>,
    /// Calls that must not carry the key, besides the clip's.
    #[serde(default)]
    keyless: Vec<String>,
}

/// One adapter against one scripted vendor.
pub(crate) struct Bench<'a> {
    subject: &'a Subject<'a>,
    folder: &'a Path,
    routes: Routes,
    vendor: Vendor,
    success: Script,
    adapter: Arc<dyn ExternalEngineAdapter>,
    /// The same adapter with short timeouts, for vendors that do not answer.
    hasty: Arc<dyn ExternalEngineAdapter>,
}

/// Timeout in checks where an answer comes, in milliseconds.
const PATIENT_MS: u64 = 20_000;
/// Timeout in checks where none comes, in milliseconds.
const HASTY_MS: u64 = 250;

/// Runs the suite. `folder` is an empty folder that it may write to.
///
/// Fails only if the suite itself cannot run, for example without fixtures.
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

    /// Returns a fixture as a script over the successful one; `None` if it does not exist.
    fn scenario(&self, name: &str) -> Result<Option<Script>, String> {
        let path = self.subject.fixtures.join(name);
        let Ok(text) = std::fs::read_to_string(&path) else { return Ok(None) };
        let text = text.replace("{{base}}", self.vendor.base()).replace("{{key}}", KEY);
        let script = Script::parse(&text, CLIP).map_err(|error| format!("{name}: {error}"))?;
        Ok(Some(self.success.clone().over(script)))
    }

    /// Makes a second adapter for the same engine, as another process does after a restart.
    fn another(&self, base: &str) -> Result<Arc<dyn ExternalEngineAdapter>, String> {
        make(self.subject, &self.routes, base, PATIENT_MS).map_err(|p| p.reason)
    }

    /// Returns a request within the engine's offer.
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

    /// Returns the ways to submit: with a picture and without, each with the route that costs money.
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
