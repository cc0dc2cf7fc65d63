//! Which providers there are, in the configured order, and why others are left out.
//!
//! Guarantees: a service without a key and a program that is not installed are left out, each
//! with its reason; a key is known to the log's redaction before anything else happens with it.

use super::TtsProvider;
use super::cloud::{Cloud, Problem};
use super::espeak::Espeak;
use super::flite::Flite;
use super::neural::{Neural, PiperFiles, Voices};
use crate::installed::VoiceFolders;
use crate::paid::PaidWork;
use pytoon_config::ConfigError;
use pytoon_config::secrets::Secrets;
use pytoon_config::tts::{CloudVoice, TtsProviderName, TtsSettings};
use pytoon_media::process::Runner;
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// What providers are made of.
#[derive(Debug)]
pub struct ChainParts<'a> {
    /// `tts` of the configuration.
    pub settings: &'a TtsSettings,
    /// Keys.
    pub secrets: &'a Secrets,
    /// Runs programs.
    pub runner: &'a Runner,
    /// Neural voices that are loaded.
    pub voices: &'a Arc<Voices>,
    /// Where paid work is written down, and what waits for it; without it no service is used.
    pub paid: Option<(Arc<PaidWork>, Handle)>,
    /// The provider that goes before all.
    pub first: Option<&'a str>,
}

/// Providers in order.
#[derive(Debug, Default)]
pub struct Chain {
    /// Those that are tried.
    pub providers: Vec<Box<dyn TtsProvider>>,
    /// Those that are not.
    pub left_out: Vec<LeftOut>,
}

/// A provider that is not tried.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// The provider.
    pub provider: &'static str,
    /// Why, and what would change that.
    pub reason: String,
}

/// Why a chain cannot be made.
#[derive(Debug)]
pub enum ChainError {
    /// A key cannot be read.
    Keys(ConfigError),
    /// A field of the configuration is wrong, and why.
    Field(Problem),
}

/// Whether any service of the configuration has a key.
pub fn has_paid_voice(settings: &TtsSettings, secrets: &Secrets) -> Result<bool, ConfigError> {
    for (_, cloud) in settings.clouds() {
        if cloud.enabled && secrets.find(&cloud.key_env)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The providers of a configuration.
pub fn chain(parts: &ChainParts<'_>) -> Result<Chain, ChainError> {
    let mut chain = Chain::default();
    for provider in parts.settings.order(parts.first) {
        match parts.provider(provider)? {
            Ok(made) => chain.providers.push(made),
            Err(reason) => {
                chain.left_out.push(LeftOut { provider: provider.as_str(), reason });
            }
        }
    }
    Ok(chain)
}

type Made = Result<Box<dyn TtsProvider>, String>;

impl ChainParts<'_> {
    fn provider(&self, provider: TtsProviderName) -> Result<Made, ChainError> {
        let settings = self.settings;
        let name = provider.as_str();
        Ok(match provider {
            TtsProviderName::Elevenlabs => self.cloud(name, &settings.elevenlabs)?,
            TtsProviderName::Openai => self.cloud(name, &settings.openai)?,
            TtsProviderName::Google => self.cloud(name, &settings.google)?,
            TtsProviderName::Neural => self.neural(),
            TtsProviderName::Piper if settings.piper.voices.is_empty() => {
                Err("tts.piper.voices names no voice file".to_owned())
            }
            TtsProviderName::Piper => Ok(Box::new(PiperFiles {
                runner: patient(self.runner, settings.piper.timeout_seconds),
                settings: settings.piper.clone(),
                voices: self.voices.clone(),
            })),
            TtsProviderName::Flite => self.program(name, |runner| {
                let runner = patient(runner, settings.flite.timeout_seconds);
                Box::new(Flite { runner, settings: settings.flite.clone() })
            }),
            TtsProviderName::Espeak => Ok(Box::new(Espeak::new(self.runner, &settings.espeak))),
        })
    }

    fn neural(&self) -> Made {
        let folders = VoiceFolders::new(&self.settings.neural.folder);
        let (installed, broken) = folders.list();
        if installed.is_empty() && broken.is_empty() {
            return Err("no voice is installed: `pytoon voices` says how to add one".to_owned());
        }
        Ok(Box::new(Neural {
            runner: self.runner.clone(),
            settings: self.settings.neural.clone(),
            folders,
            voices: self.voices.clone(),
        }))
    }

    fn program(
        &self,
        name: &'static str,
        make: impl FnOnce(&Runner) -> Box<dyn TtsProvider>,
    ) -> Made {
        match self.runner.programs.find(name) {
            Ok(_) => Ok(make(self.runner)),
            Err(_) => Err(format!("`{name}` is not installed")),
        }
    }

    fn cloud(&self, name: &'static str, settings: &CloudVoice) -> Result<Made, ChainError> {
        let wrong =
            |(field, reason): Problem| ChainError::Field((format!("tts.{name}.{field}"), reason));
        // A mistake is told also where there is no key yet.
        Cloud::check(name, settings).map_err(wrong)?;
        if !settings.enabled {
            return Ok(Err(format!("tts.{name}.enabled is false")));
        }
        let Some(key) = self.secrets.find(&settings.key_env).map_err(ChainError::Keys)? else {
            return Ok(Err(format!("it has no key: set {}", settings.key_env.join(" or "))));
        };
        pytoon_telemetry::register_secret(key.secret.expose_secret());
        let Some((paid, runtime)) = &self.paid else {
            return Ok(Err("the ledger of paid work is not open".to_owned()));
        };
        let made = Cloud::new(name, settings, &key, paid.clone(), runtime.clone());
        made.map(|cloud| Ok(Box::new(cloud) as _)).map_err(wrong)
    }
}

fn patient(runner: &Runner, seconds: u64) -> Runner {
    Runner { stall: Duration::from_secs(seconds.clamp(1, 3600)), ..runner.clone() }
}
