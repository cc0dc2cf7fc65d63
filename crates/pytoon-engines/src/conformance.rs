//! The suite that every adapter passes, bare and inside every layer.
//!
//! It asks of an adapter what the seam promises ([`crate::adapter`]): nothing is sent that is not
//! sold; the one paid call is made once, and a failed one says truly whether it may have been
//! taken on; unknown states are not the end; a clip is there whole or not at all; no key shows.
//!
//! The vendor is a small server with a script: `fixtures/engines/<kind>/vendor.json` says which
//! routes cost money, are polled, and give the clip; `success.json` is the script in which all
//! goes well; the other files replace some of its routes.
//!
//! Does not judge clips and does not test any vendor: what the fixtures say is what was read
//! about it.
//!
//! Start with [`run`].

mod checks;
#[cfg(test)]
mod tests;

use crate::adapter::{ExternalEngineAdapter, GenerateRequest};
use crate::engine_adapters::Made;
use pytoon_config::engines::EngineConfig;
pub use pytoon_vendor::scripted as vendor;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;
pub use vendor::{KEY, Row};
use vendor::{Script, Vendor};

/// What the vendor's clip consists of.
pub const CLIP: &[u8] = b"\0\0\0\x18ftypmp42-a-clip-as-far-as-anybody-here-can-tell";

/// Makes an adapter from a name, a block and a key.
pub type Make<'a> = &'a (dyn Fn(&str, &EngineConfig, Option<SecretString>) -> Made + Sync);

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

/// Which of a vendor's routes mean what.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Routes {
    /// What it is, for readers.
    #[expect(dead_code, reason = "for readers of the fixture")]
    about: String,
    /// The engine in `engine.yaml`, where the folder is named otherwise.
    #[expect(dead_code, reason = "for whoever lists the fixtures")]
    engine: Option<String>,
    /// Below the vendor's address.
    #[serde(default)]
    base_path: String,
    /// Options that replace the configuration's.
    #[serde(default)]
    options: Map<String, Value>,
    /// The calls that submit, with a picture and without.
    submit_image: Option<String>,
    submit_text: Option<String>,
    /// The call that asks after a task; none where a clip is there at once.
    poll: Option<String>,
    /// The clip.
    clip: String,
    /// The account.
    health: String,
    /// How the key stands in the head of a call, with `{{key}}`; none for engines without one.
    key_as: Option<String>,
    /// Calls that must not carry the key, beside the clip's.
    #[serde(default)]
    keyless: Vec<String>,
}

/// One adapter before one scripted vendor.
pub(crate) struct Bench<'a> {
    subject: &'a Subject<'a>,
    folder: &'a Path,
    routes: Routes,
    vendor: Vendor,
    success: Script,
    adapter: Arc<dyn ExternalEngineAdapter>,
    /// The same with little patience, for vendors that say nothing.
    hasty: Arc<dyn ExternalEngineAdapter>,
}

/// Longest wait for an answer in checks where one comes, in milliseconds.
const PATIENT_MS: u64 = 20_000;
/// Longest wait in checks where none comes.
const HASTY_MS: u64 = 250;

/// Runs the suite. `folder` is an empty folder that it may write to.
///
/// Fails only where the suite itself cannot run, such as without fixtures.
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
        // A picture as far as its first bytes tell.
        std::fs::write(folder.join("frame.png"), b"\x89PNG\r\n\x1a\n0123456789")
            .map_err(|error| error.to_string())?;
        Ok(Self { subject, folder, routes, vendor, success, adapter, hasty })
    }

    /// A fixture as a script over the one in which all goes well; `None` where there is none.
    fn scenario(&self, name: &str) -> Result<Option<Script>, String> {
        let path = self.subject.fixtures.join(name);
        let Ok(text) = std::fs::read_to_string(&path) else { return Ok(None) };
        let text = text.replace("{{base}}", self.vendor.base()).replace("{{key}}", KEY);
        let script = Script::parse(&text, CLIP).map_err(|error| format!("{name}: {error}"))?;
        Ok(Some(self.success.clone().over(script)))
    }

    /// The same engine, made anew: another process after a restart.
    fn another(&self, base: &str) -> Result<Arc<dyn ExternalEngineAdapter>, String> {
        make(self.subject, &self.routes, base, PATIENT_MS).map_err(|p| p.reason)
    }

    /// A request that the engine sells.
    fn request(&self, with_image: bool) -> GenerateRequest {
        let sold = self.adapter.capabilities();
        // Also for a way that is not sold: it is asked for to be refused.
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

    /// The ways of asking: with a picture and without, each with the route that costs money.
    fn ways(&self) -> Vec<(bool, String)> {
        let image = self.routes.submit_image.clone().map(|route| (true, route));
        let text = self.routes.submit_text.clone().map(|route| (false, route));
        image.into_iter().chain(text).collect()
    }
}

fn make(subject: &Subject<'_>, routes: &Routes, base: &str, patience_ms: u64) -> Made {
    let mut config = subject.config.clone();
    config.base_url = format!("{base}{}", routes.base_path);
    config.request_timeout_ms = patience_ms;
    config.options.extend(routes.options.clone());
    let key = (!config.key_env.is_empty()).then(|| SecretString::from(KEY.to_owned()));
    (subject.make)(subject.name, &config, key)
}
