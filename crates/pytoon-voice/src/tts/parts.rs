//! The dependencies of voice providers.

use super::TtsProvider;
use super::neural::Voices;
use crate::paid::PaidWork;
use pytoon_config::secrets::Secrets;
use pytoon_config::tts::TtsSettings;
use pytoon_process::Runner;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// The dependencies from which providers are created.
#[derive(Debug)]
pub struct ChainParts<'a> {
    /// The `tts` section of the configuration.
    pub settings: &'a TtsSettings,
    /// The API keys.
    pub secrets: &'a Secrets,
    /// The runner of external programs.
    pub runner: &'a Runner,
    /// The loaded neural voices.
    pub voices: &'a Arc<Voices>,
    /// The records of paid work and the runtime for calls to services and servers. Without them, no service or server
    /// is used.
    pub paid: Option<(Arc<PaidWork>, Handle)>,
    /// The provider to try before all others.
    pub first: Option<&'a str>,
}

/// A provider, or the reason that it is unavailable.
pub(crate) type ProviderResult = Result<Arc<dyn TtsProvider>, String>;

impl ChainParts<'_> {
    /// Returns a runner that terminates a program after this many seconds without output, limited to 1 to 3600.
    pub(crate) fn patient(&self, seconds: u64) -> Runner {
        Runner { stall: Duration::from_secs(seconds.clamp(1, 3600)), ..self.runner.clone() }
    }
}
