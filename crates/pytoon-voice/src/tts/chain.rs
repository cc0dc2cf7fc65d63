//! The available providers in the configured order, and the reasons why others are unavailable.
//!
//! Guarantees: an unavailable provider, such as a service without a key, is omitted with its reason; a key is
//! registered with the log's redaction before any other use.
//!
//! The `providers` module contains the constructors of built-in providers.

use super::TtsProvider;
use super::cloud::compatible::Compatible;
use super::cloud::{Parts, Payment, Problem};
use super::parts::{ChainParts, ProviderResult};
use super::providers::{Entry, MakeAdapter, entry};
use pytoon_config::ConfigError;
use pytoon_config::secrets::{Key, Secrets};
use pytoon_config::tts::{CloudVoice, ServerVoice, TtsProviderName, TtsSettings, VoiceProvider};
use secrecy::ExposeSecret;
use std::sync::Arc;

/// The chain of voice providers.
#[derive(Debug, Default)]
pub struct Chain {
    /// The providers to try, in order.
    pub providers: Vec<Arc<dyn TtsProvider>>,
    /// The providers that are unavailable.
    pub left_out: Vec<LeftOut>,
}

/// A provider that is unavailable.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// The name of the provider.
    pub provider: String,
    /// The reason, with the remedy if there is one.
    pub reason: String,
}

/// An error that prevents the creation of the chain.
#[derive(Debug)]
pub enum ChainError {
    /// A key could not be read.
    Keys(ConfigError),
    /// A field of the configuration is wrong.
    Field(Problem),
}

/// Returns true if any enabled service has a key.
pub fn has_paid_voice(settings: &TtsSettings, secrets: &Secrets) -> Result<bool, ConfigError> {
    for (_, cloud) in settings.clouds() {
        if cloud.enabled && secrets.find(&cloud.key_env)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns true if the configuration uses a speech server, whose breaker needs the store.
pub fn has_server(settings: &TtsSettings) -> bool {
    settings.openai_compatible.values().any(|server| server.enabled)
}

/// Creates the chain of providers from a configuration.
pub fn chain(parts: &ChainParts<'_>) -> Result<Chain, ChainError> {
    let mut chain = Chain::default();
    for provider in parts.settings.order(parts.first) {
        match parts.provider(&provider)? {
            Ok(made) => chain.providers.push(made),
            Err(reason) => {
                let provider = provider.as_str().to_owned();
                chain.left_out.push(LeftOut { provider, reason });
            }
        }
    }
    Ok(chain)
}

impl ChainParts<'_> {
    fn provider(&self, provider: &VoiceProvider) -> Result<ProviderResult, ChainError> {
        match provider {
            VoiceProvider::BuiltIn(provider) => match entry(*provider) {
                Entry::Service(make) => self.cloud(*provider, make),
                Entry::Local(make) => Ok(make(self)),
            },
            VoiceProvider::Server(name) => match self.settings.openai_compatible.get(&**name) {
                Some(settings) => self.server(name, settings),
                None => Ok(Err(format!("tts.openai_compatible.{name} is not configured: add it"))),
            },
        }
    }

    fn cloud(
        &self,
        provider: TtsProviderName,
        make: MakeAdapter,
    ) -> Result<ProviderResult, ChainError> {
        let name = provider.as_str();
        let Some(settings) = self.settings.cloud(provider) else {
            return Ok(Err(format!("tts.{name} is not configured: add it")));
        };
        let wrong =
            |(field, reason): Problem| ChainError::Field((format!("tts.{name}.{field}"), reason));
        // A mistake is reported even if there is no key yet.
        let adapter = make(settings).map_err(|reason| wrong(("options".to_owned(), reason)))?;
        if !settings.enabled {
            return Ok(Err(format!("tts.{name}.enabled is false")));
        }
        let Some(key) = self.key(&settings.key_env)? else {
            return Ok(Err(no_key(settings)));
        };
        let Some((paid, runtime)) = &self.paid else {
            return Ok(Err("the ledger cannot be opened, so no paid voice is used".to_owned()));
        };
        let parts = Parts {
            name,
            settings: settings.clone(),
            adapter,
            payment: Payment::Ledger { paid: paid.clone(), key_id: key.fingerprint() },
            key: Some(&key),
            runtime: runtime.clone(),
        };
        parts.build().map(|cloud| Ok(Arc::new(cloud) as _)).map_err(wrong)
    }

    fn server(&self, name: &str, settings: &ServerVoice) -> Result<ProviderResult, ChainError> {
        let at = format!("tts.openai_compatible.{name}");
        if !settings.enabled {
            return Ok(Err(format!("{at}.enabled is false")));
        }
        let key = self.key(&settings.key_env)?;
        if key.is_none() && !settings.key_env.is_empty() {
            return Ok(Err(no_key(&settings.as_service())));
        }
        let Some((_, runtime)) = &self.paid else {
            return Ok(Err(
                "the database of circuit breakers cannot be opened, so no speech server is used"
                    .to_owned(),
            ));
        };
        let parts = Parts {
            name,
            settings: settings.as_service(),
            adapter: Box::new(Compatible::new(settings, self.runner)),
            payment: Payment::Free { cancel: self.runner.cancel.clone() },
            key: key.as_ref(),
            runtime: runtime.clone(),
        };
        let made = parts.build().map(|server| Ok(Arc::new(server) as _));
        made.map_err(|(field, reason)| ChainError::Field((format!("{at}.{field}"), reason)))
    }

    /// Returns the first configured key and registers it with the log's redaction.
    fn key(&self, variables: &[String]) -> Result<Option<Key>, ChainError> {
        let key = self.secrets.find(variables).map_err(ChainError::Keys)?;
        if let Some(key) = &key {
            pytoon_telemetry::register_secret(key.secret.expose_secret());
        }
        Ok(key)
    }
}

fn no_key(settings: &CloudVoice) -> String {
    format!("it has no key: set {}", settings.key_env.join(" or "))
}
