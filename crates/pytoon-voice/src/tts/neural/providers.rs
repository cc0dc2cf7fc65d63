//! Creates the two neural providers of a configuration, or returns the reason that one is unavailable.

use super::{Neural, PiperFiles};
use crate::tts::parts::{ChainParts, ProviderResult};
use std::sync::Arc;

/// Creates the provider of installed voices. Fails if there are none.
pub(crate) fn installed_provider(parts: &ChainParts<'_>) -> ProviderResult {
    let settings = parts.settings.neural.clone();
    let neural = Neural::new(settings, parts.runner.clone(), parts.voices.clone());
    let (installed, broken) = neural.folders.list();
    if installed.is_empty() && broken.is_empty() {
        return Err("no voice is installed: run `pytoon voices` for instructions".to_owned());
    }
    Ok(Arc::new(neural))
}

/// Creates the provider of the Piper files that the configuration names. Fails if it names none.
pub(crate) fn piper_provider(parts: &ChainParts<'_>) -> ProviderResult {
    let settings = parts.settings.piper.clone();
    if settings.voices.is_empty() {
        return Err("tts.piper.voices names no voice file: add one".to_owned());
    }
    let (runner, voices) = (parts.patient(settings.timeout_seconds), parts.voices.clone());
    Ok(Arc::new(PiperFiles { runner, settings, voices }))
}
