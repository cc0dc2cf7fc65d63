//! The parts that voice providers are made of.

use super::TtsProvider;
use super::neural::Voices;
use crate::paid::PaidWork;
use pytoon_config::secrets::Secrets;
use pytoon_config::tts::TtsSettings;
use pytoon_process::Runner;
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
    /// Where paid work is written down, and what waits for services and servers; without it none
    /// is used.
    pub paid: Option<(Arc<PaidWork>, Handle)>,
    /// The provider that goes before all.
    pub first: Option<&'a str>,
}

/// A provider, or why it is left out.
pub(crate) type Made = Result<Arc<dyn TtsProvider>, String>;

impl ChainParts<'_> {
    /// A runner that ends a program which shows no sign of life for so long.
    pub(crate) fn patient(&self, seconds: u64) -> Runner {
        Runner { stall: Duration::from_secs(seconds.clamp(1, 3600)), ..self.runner.clone() }
    }
}
