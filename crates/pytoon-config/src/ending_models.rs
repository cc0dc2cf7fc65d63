//! Lists the configured models whose vendors have announced their shutdown.

use crate::layers::Config;
use crate::model_ends::{ModelEnd, ends_of_engine};
use crate::settings::TranscriptionChoice;

/// A configured model with an announced shutdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndingModel<'a> {
    /// The field that names the model.
    pub field: String,
    /// The configuration file that contains the field.
    pub file: &'static str,
    /// The environment variables that may contain the provider's API key.
    pub key_env: &'a [String],
    /// The announced shutdown.
    pub end: &'a ModelEnd,
}

impl Config {
    /// Returns the models of enabled services and engines with an announced shutdown, each with the field that names
    /// it.
    pub fn ending_models(&self) -> Vec<EndingModel<'_>> {
        let (tts, writer) = (&self.settings.tts, &self.settings.transcription);
        let writes = writer.order.contains(&TranscriptionChoice::Openai);
        let writer = &writer.openai;
        let voices = [
            ("tts.elevenlabs.model", "elevenlabs", &tts.elevenlabs),
            ("tts.openai.model", "openai", &tts.openai),
            ("tts.google.model", "google", &tts.google),
        ];
        let voices = voices.into_iter().filter(|(.., block)| block.enabled);
        let voices = voices.map(|(field, name, block)| (field, name, &block.model, &block.key_env));
        let writer = ("transcription.openai.model", "openai", &writer.model, &writer.key_env);
        let services = voices.chain(Some(writer).filter(|_| writes)).filter_map(
            |(field, provider, model, key_env)| {
                let is_it = |end: &&ModelEnd| end.provider == provider && end.model == *model;
                let end = self.settings.model_ends.iter().find(is_it)?;
                Some(EndingModel { field: field.to_owned(), file: "defaults.yaml", key_env, end })
            },
        );
        let engines = self.engines.engines.external.iter().filter(|(_, block)| block.enabled);
        let engines = engines.flat_map(|(name, block)| {
            ends_of_engine(&self.settings.model_ends, name, block).map(move |(option, end)| {
                let field = format!("v2.engines.{name}.options.{option}");
                EndingModel { field, file: "engine.yaml", key_env: &block.key_env, end }
            })
        });
        services.chain(engines).collect()
    }
}
