//! The voice providers of a configuration, with the ledger that paid ones need.

use crate::PipelineError;
use crate::environment::Environment;
use pytoon_core::ledger::CallLimits;
use pytoon_engines::world::RealWorld;
use pytoon_voice::tts::chain::{Chain, ChainError, ChainParts, chain};
use pytoon_voice::tts::cloud::paid::PaidWork;
use std::sync::Arc;

/// The providers of a configuration, in order; `job` pays for what is bought.
pub fn providers(
    env: &Environment,
    first: Option<&str>,
    job: &str,
    limits: CallLimits,
) -> Result<Chain, PipelineError> {
    let paid = env.engines.books().map(|books| {
        let work = PaidWork {
            store: books.store.clone(),
            world: Arc::new(RealWorld),
            storage: books.storage.clone(),
            job_id: job.to_owned(),
            limits,
            cancel: env.runner.cancel.clone(),
        };
        (Arc::new(work), books.runtime.handle().clone())
    });
    let parts = ChainParts {
        settings: &env.config.settings.tts,
        secrets: env.engines.secrets(),
        runner: &env.runner,
        paid,
        first,
    };
    chain(&parts).map_err(|error| match error {
        ChainError::Keys(error) => error.into(),
        ChainError::Field((field, reason)) => env.config.settings_at.error(&field, reason).into(),
    })
}
