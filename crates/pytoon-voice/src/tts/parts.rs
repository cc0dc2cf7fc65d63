//! The parts of voice providers.

use super::TtsProvider;
use super::neural::Voices;
use crate::paid::PaidWork;
use pytoon_config::secrets::Secrets;
use pytoon_config::tts::TtsSettings;
use pytoon_process::Runner;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// The parts that providers are made of.
#[derive(Debug)]
pub struct ChainParts<'a> {
    /// `tts` of the configuration.
    pub settings: &'a TtsSettings,
    /// Keys.
    pub secrets: &'a Secrets,
    /// Runs programs.
    pub runner: &'a Runner,
    /// The loaded neural voices.
    pub voices: &'a Arc<Voices>,
    /// The records of paid work and the runtime that waits for services and servers; without them no service or
    /// server is used.
    pub paid: Option<(Arc<PaidWork>, Handle)>,
    /// The provider that goes before all others.
    pub first: Option<&'a str>,
}

/// A provider, or the reason why it is left out.
pub(crate) type ProviderResult = Result<Arc<dyn TtsProvider>, String>;

impl ChainParts<'_> {
    /// Returns a runner that ends a program without a sign of life after this time.
    pub(crate) fn patient(&self, seconds: u64) -> Runner {
        Runner { stall: Duration::from_secs(seconds.clamp(1, 3600)), ..self.runner.clone() }
    }
}
