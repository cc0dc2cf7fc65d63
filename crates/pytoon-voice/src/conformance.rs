//! The conformance suite that every voice provider passes.
//!
//! It checks the contract of [`crate::tts::TtsProvider`]: a failure has the kind that decides the next step and
//! reports correctly whether money was spent; no key is exposed; a provider that failed never presents silence as
//! speech.
//!
//! The chain creates each provider, as in the product. The differences between providers are in
//! `fixtures/voices/<provider>/`: `provider.json` describes the provider, and the other files contain its responses,
//! or the program or voice that simulates it.
//!
//! - Services and servers (`remote`) are simulated by a scripted server.
//! - External programs (`programs`) are simulated by a shell script.
//! - Voices that are files (`files`) are stored in a folder, and the suite damages one file after another. The model
//!   that speaks is a toy model.
//!
//! Start with [`run`].

mod files;
mod programs;
mod remote;
mod sounds;
#[cfg(test)]
mod tests;

use crate::VoiceError;
use crate::paid::PaidWork;
use crate::tts::chain::{ChainError, chain};
use crate::tts::neural::Voices;
use crate::tts::parts::ChainParts;
use crate::tts::{SpokenSentence, TtsProvider, TtsRequest};
use pytoon_audio::speech;
use pytoon_config::secrets::Secrets;
use pytoon_config::tts::TtsSettings;
use pytoon_config::{Config, ConfigSource};
use pytoon_core::text;
use pytoon_process::{CancelToken, Programs, Runner};
use pytoon_purchase::Buyer;
use pytoon_records::ledger::{CallLimits, PurchaseStore};
use pytoon_vendor::ensure;
use pytoon_vendor::scripted::clean;
pub use pytoon_vendor::scripted::{KEY, Outcome, Row};
use pytoon_vendor::world::RealWorld;
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// The text to speak. Fixtures with character times are based on these words.
pub const TEXT: &str = "The kettle sings in the quiet morning.";

/// A function that opens a ledger in a folder.
pub type OpenStore<'a> = &'a dyn Fn(&Runtime, &Path) -> Result<Arc<dyn PurchaseStore>, String>;

/// A provider under test, with its fixtures.
pub struct Subject<'a> {
    /// The provider's name, which is also the name of its fixture folder; `openai_compatible` for servers.
    pub provider: &'a str,
    /// The folder of the provider's fixtures.
    pub fixtures: PathBuf,
    /// The function that opens the ledger for a check.
    pub open_store: OpenStore<'a>,
}

/// The contents of `provider.json`.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Fixture {
    Remote(remote::Remote),
    Program(programs::Program),
    Files(files::Files),
}

/// Runs the suite. `folder` is an empty folder that the suite may write to. The suite blocks on its own runtime, so
/// call it outside a runtime.
///
/// Fails only if the suite itself cannot run, for example without fixtures.
pub fn run(subject: &Subject<'_>, folder: &Path) -> Result<Vec<Row>, String> {
    let fixture: Fixture = serde_json::from_str(&subject.text("provider.json")?)
        .map_err(|error| format!("{}/provider.json: {error}", subject.provider))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let bench = Bench { subject, folder, runtime: &runtime };
    match fixture {
        Fixture::Remote(remote) => remote.run(&bench),
        Fixture::Program(program) => program.run(&bench),
        Fixture::Files(files) => files.run(&bench),
    }
}

impl Subject<'_> {
    fn text(&self, name: &str) -> Result<String, String> {
        let path = self.fixtures.join(name);
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// The resources from which providers are created.
struct Bench<'a> {
    subject: &'a Subject<'a>,
    folder: &'a Path,
    runtime: &'a Runtime,
}

/// A provider created for one check, with its ledger.
struct Stage {
    provider: Result<Arc<dyn TtsProvider>, String>,
    store: Arc<dyn PurchaseStore>,
}

impl Bench<'_> {
    /// Creates a folder for one check.
    fn own_folder(&self, check: &str) -> Result<PathBuf, String> {
        let name: String =
            check.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        Ok(folder)
    }

    /// Returns a runner that finds programs only in the given folder, with a short stall timeout.
    fn runner(&self, programs: &Path) -> Runner {
        let programs = Programs::only_in(vec![programs.to_owned()]);
        Runner::new(programs, CancelToken::default(), Duration::from_millis(900))
    }

    /// Creates the provider from the built-in configuration after `change` has modified it. `name` is the provider's
    /// name in the chain; `key` is the environment variable of its key.
    fn stage(
        &self,
        check: &str,
        name: &str,
        key: Option<&str>,
        runner: &Runner,
        change: impl FnOnce(&mut Value),
    ) -> Result<Stage, String> {
        let folder = self.own_folder(check)?;
        let store = (self.subject.open_store)(self.runtime, &folder)?;
        let settings = settings(change)?;
        let dotenv = folder.join("keys");
        let line = key.map_or(String::new(), |variable| format!("{variable}='{KEY}'\n"));
        std::fs::write(&dotenv, line).map_err(|error| error.to_string())?;
        let secrets = Secrets::load(&dotenv).map_err(|error| error.to_string())?;
        let (world, cancel) = (Arc::new(RealWorld), runner.cancel.clone());
        let paid = PaidWork {
            buyer: Arc::new(Buyer::new(store.clone(), world, folder.into(), cancel)),
            job_id: "conformance".into(),
            fence: None,
            caller: None,
            limits: CallLimits::default(),
        };
        let made = chain(&ChainParts {
            settings: &settings,
            secrets: &secrets,
            runner,
            voices: &Arc::new(Voices::default()),
            paid: Some((Arc::new(paid), self.runtime.handle().clone())),
            first: Some(name),
        });
        let made = made.map_err(|error| match error {
            ChainError::Keys(error) => error.to_string(),
            ChainError::Field((field, reason)) => format!("{field}: {reason}"),
        })?;
        let left_out = made.left_out.into_iter().find(|left| left.provider == name);
        let provider = match (made.providers.into_iter().next(), left_out) {
            (_, Some(left)) => Err(left.reason),
            (Some(first), None) if first.name() == name => Ok(first),
            _ => return Err(format!("the chain does not know {name}")),
        };
        Ok(Stage { provider, store })
    }

    /// Creates the provider without a key, after `change` has modified its configuration block.
    fn own_stage(
        &self,
        check: &str,
        runner: &Runner,
        change: impl FnOnce(&mut Value),
    ) -> Result<Stage, String> {
        let name = self.subject.provider;
        self.stage(check, name, None, runner, |tts| change(&mut tts[name]))
    }
}

impl Stage {
    fn provider(&self) -> Result<&dyn TtsProvider, String> {
        self.provider.as_deref().map_err(|reason| format!("it is left out: {reason}"))
    }
}

/// Returns the built-in voice settings after `change` has modified them.
fn settings(change: impl FnOnce(&mut Value)) -> Result<TtsSettings, String> {
    let nowhere = ConfigSource::Optional("there is no such folder".into());
    let config = Config::load(&nowhere).map_err(|error| error.to_string())?;
    let mut value =
        serde_json::to_value(&config.settings.tts).map_err(|error| error.to_string())?;
    change(&mut value);
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn request() -> TtsRequest {
    TtsRequest { sentences: vec![text::words(TEXT)], ..TtsRequest::default() }
}

/// Fails unless the speech is one audible sentence that times every word of the test text.
fn check_speech(spoken: &[SpokenSentence]) -> Result<(), String> {
    let [sentence] = spoken else {
        return Err(format!("{} sentences came for one", spoken.len()));
    };
    let (timed, words) = (sentence.words.len(), text::words(TEXT).len());
    ensure(timed == words, format!("{timed} of {words} words have a time"))?;
    ensure(!speech::is_silent(&sentence.samples), "silence is passed off as speech")
}

/// Speaks the test text and expects success.
fn speaks(provider: &dyn TtsProvider) -> Outcome {
    let spoken = provider.speak(&request()).map_err(|error| format!("unexpectedly {error}"))?;
    check_speech(&spoken)?;
    Ok("speaks".to_owned())
}

/// Speaks a request and expects a failure whose message does not expose the key.
fn fails(provider: &dyn TtsProvider, request: &TtsRequest) -> Result<VoiceError, String> {
    let error = provider.speak(request).err().ok_or("it was taken for speech")?;
    clean(&format!("{error} {error:?}"))?;
    Ok(error)
}

/// Speaks the test text and expects a failure within `patience`.
fn fails_within(patience: Duration, provider: &dyn TtsProvider) -> Result<VoiceError, String> {
    let begun = Instant::now();
    let error = fails(provider, &request())?;
    let waited = begun.elapsed();
    ensure(waited <= patience, format!("it was waited for during {waited:?}"))?;
    Ok(error)
}

/// Fails unless the error has the given kind.
fn of_kind(error: &VoiceError, kind: &str) -> Outcome {
    let own = error.kind();
    ensure(own == kind, format!("{own}; the kind should be {kind}: {error}"))?;
    Ok(kind.to_owned())
}

/// Fails if a request lacks a word of the test text.
fn says_all(asked: &str) -> Result<(), String> {
    for word in text::words(TEXT) {
        let bare = word.text.trim_end_matches('.');
        ensure(asked.contains(bare), format!("its request lacks the word `{bare}`: {asked}"))?;
    }
    Ok(())
}

/// Runs the health check of a provider and expects a failure.
fn is_unwell(provider: &dyn TtsProvider) -> Result<VoiceError, String> {
    Ok(provider.health_check().err().ok_or("it says that all is well")?)
}

fn row(rows: &mut Vec<Row>, check: &str, outcome: Outcome) {
    rows.push(Row { check: check.to_owned(), outcome });
}
