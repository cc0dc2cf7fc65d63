//! The engines of a render: the configured set, and the manager that calls them.
//!
//! The ledger's database is opened only if an external engine, a paid or served voice, or a paid
//! transcription can be used.

use crate::Result;
use crate::first_frames::FirstFrames;
use crate::limits::picture_limits;
use pytoon_config::engines::EngineSettings;
use pytoon_config::secrets::Secrets;
use pytoon_config::settings::TranscriptionChoice;
use pytoon_config::{Config, ConfigError};
use pytoon_core::chain::EngineChain;
use pytoon_engines::clip_check::FfmpegChecker;
use pytoon_engines::engine_manager::{EngineManager, EngineSet, ManagerParts, Reloader};
use pytoon_engines::engine_selector::{SceneWish, resolve_engine};
use pytoon_engines::world::RealWorld;
use pytoon_process::{Runner, SystemError};
use pytoon_records::ledger::PurchaseStore;
use pytoon_storage::{Storage, StorageError};
use pytoon_store::Store;
use pytoon_vocabulary::{EngineName, JobId};
use pytoon_voice::tts::chain::{has_paid_voice, has_server};
use secrecy::ExposeSecret;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::runtime::Runtime;

/// The name of the ledger's database file in the storage folder.
pub const DATABASE: &str = "pytoon.db";

/// The configured engines, with their API keys, the storage, and the ledger of purchases if it is open.
#[derive(Debug)]
pub struct EngineSession {
    set: Arc<EngineSet>,
    outside: Option<Outside>,
    ledger: Option<PurchaseLedger>,
    secrets: Secrets,
    storage: Storage,
}

/// The engine settings, and the external engines that can be used.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct EngineMeans {
    settings: EngineSettings,
    usable: Vec<EngineName>,
}

/// The ledger of paid work, with its runtime and storage.
#[derive(Debug, Clone)]
pub struct PurchaseLedger {
    /// The runtime on which vendor calls run.
    pub runtime: Arc<Runtime>,
    /// The store that contains the ledger.
    pub store: Arc<dyn PurchaseStore>,
    /// The storage for purchased files.
    pub storage: Storage,
}

/// The handles for calls to external engines.
#[derive(Debug)]
pub struct Outside {
    /// The runtime on which vendor calls run.
    pub runtime: Arc<Runtime>,
    /// The manager that tries the engines of a chain in order.
    pub manager: Arc<EngineManager>,
}

impl EngineSession {
    /// Opens the engines and the storage of a configuration, and the ledger if an external engine, a paid service or
    /// a speech server can be used. A signal handler sets `reload` to request that the engine settings are read
    /// again.
    pub fn open(
        config: &Config,
        secrets: &Secrets,
        runner: &Runner,
        reload: Arc<AtomicBool>,
    ) -> Result<Self> {
        let set = EngineSet::build(config.engines.clone(), &config.engines_at, secrets.clone())?
            .with_model_ends(&config.settings.model_ends);
        warn_of_unknown_presets(config);
        let usable = set.iter().any(|engine| engine.adapter.is_some() && engine.has_key());
        let tts = &config.settings.tts;
        // A speech server costs nothing, but its circuit breaker is in the same database.
        let speaks = has_server(tts) || has_paid_voice(tts, secrets)?;
        pytoon_telemetry::Metrics::expect_voices(tts.names().iter().map(String::as_str));
        let transcription = &config.settings.transcription;
        let writes = transcription.order.contains(&TranscriptionChoice::Openai)
            && secrets.find(&transcription.openai.key_env)?.is_some();
        for ending in config.ending_models() {
            if let (Some(at), Some(_)) = (ending.end.at_ms(), secrets.find(ending.key_env)?) {
                let (provider, model) = (&ending.end.provider, &ending.end.model);
                pytoon_telemetry::Metrics::model_end(provider, model, at / 1000);
            }
        }
        let storage = open_storage(config, secrets)?;
        let ledger = match usable || speaks || writes {
            true => Some(PurchaseLedger::open(config, secrets, storage.clone())?),
            false => None,
        };
        let outside = ledger.as_ref().filter(|_| usable).map(|ledger| {
            let (runner, limits) = (runner.clone(), picture_limits(config));
            let manager = EngineManager::new(ManagerParts {
                engines: set.clone(),
                reloader: Some(Reloader::new(config.clone(), secrets.clone(), reload)),
                store: ledger.store.clone(),
                checker: Arc::new(FfmpegChecker { runner: runner.clone() }),
                world: Arc::new(RealWorld),
                storage: storage.clone(),
                cancel: runner.cancel.clone(),
                fitter: Arc::new(FirstFrames { runner, limits }),
            });
            Outside { runtime: ledger.runtime.clone(), manager: Arc::new(manager) }
        });
        if outside.is_none() {
            pytoon_telemetry::Metrics::expect_engines(set.settings.engines.names());
        }
        Ok(Self { set: Arc::new(set), outside, ledger, secrets: secrets.clone(), storage })
    }

    /// Returns the ledger of paid work, if it is open.
    pub fn purchase_ledger(&self) -> Option<&PurchaseLedger> {
        self.ledger.as_ref()
    }

    /// Returns the storage of films and purchased files.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Returns the API keys that this process may use.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Returns the engines as configured when the session was opened.
    pub fn engines(&self) -> &EngineSet {
        &self.set
    }

    /// Returns the engine settings, and the external engines that can be used.
    pub(crate) fn means(&self) -> EngineMeans {
        let usable = self.set.iter().filter(|it| it.adapter.is_some() && it.has_key());
        EngineMeans {
            settings: self.set.settings.clone(),
            usable: usable.map(|engine| engine.name.clone()).collect(),
        }
    }

    /// Returns the handles for external engines; `None` if no external engine can be used.
    pub fn outside(&self) -> Option<&Outside> {
        self.outside.as_ref()
    }

    /// Resumes the vendor calls of a job whose previous process is dead. The caller must keep every other process out
    /// of the job.
    pub(crate) fn take_over_job(&self, job_id: &JobId) -> Result<()> {
        let Some(outside) = &self.outside else { return Ok(()) };
        Ok(outside.runtime.block_on(outside.manager.take_over_job(job_id))?)
    }

    /// Asks vendors to cancel their tasks for a job.
    pub fn cancel_job(&self, job_id: &JobId) -> Result<()> {
        let Some(outside) = &self.outside else { return Ok(()) };
        Ok(outside.runtime.block_on(outside.manager.cancel_job(job_id))?)
    }

    /// Chooses the engine chain of a scene by the current state of the engines.
    pub fn resolve(&self, wish: &SceneWish<'_>, needed_ms: i64) -> EngineChain {
        match &self.outside {
            Some(outside) => outside.runtime.block_on(outside.manager.resolve(wish, needed_ms)),
            None => {
                let breakers = BTreeMap::new();
                let facts = self.set.facts(needed_ms, wish.ratio, wish.has_image, &breakers, 0);
                resolve_engine(wish, &self.set.settings, &facts)
            }
        }
    }
}

impl PurchaseLedger {
    fn open(config: &Config, secrets: &Secrets, storage: Storage) -> Result<Self> {
        let runtime = runtime()?;
        let store = runtime.block_on(Store::connect(&database(config, secrets)?))?;
        Ok(Self { runtime: Arc::new(runtime), store: Arc::new(store), storage })
    }
}

/// Logs a warning for each unknown preset that has engine preferences. This is not an error, since preferences may be
/// written before their preset exists.
fn warn_of_unknown_presets(config: &Config) {
    let known = config.names("presets");
    for preset in config.engines.preset_engine_prefs.keys().filter(|p| !known.contains(p)) {
        let detail = format!(
            "v2.preset_engine_prefs.{preset}: there is no such preset, so its preferences have no \
             effect: correct the name, or add the preset"
        );
        pytoon_telemetry::Event::Warning { detail: &detail }.emit();
    }
}

/// Returns the database URL of a configuration: `DATABASE_URL`, or else the path of a file in the storage
/// folder. Registers the value of `DATABASE_URL` as a secret, since it may contain a password.
pub fn database(config: &Config, secrets: &Secrets) -> Result<String> {
    let named = secrets.find(&["DATABASE_URL".to_owned()])?;
    Ok(match named {
        Some(address) => {
            let address = address.secret.expose_secret().to_owned();
            pytoon_telemetry::register_secret(&address);
            address
        }
        None => storage(config).join(DATABASE).display().to_string(),
    })
}

/// Opens the storage of a configuration: its folder, and the object store behind it if one is configured.
pub fn open_storage(config: &Config, secrets: &Secrets) -> Result<Storage> {
    let opened = Storage::open(storage(config), &config.settings.storage, secrets);
    opened.map_err(|error| match error {
        StorageError::Setting { field: "storage.url", reason } => {
            config.settings_at.error("storage.url", reason).into()
        }
        StorageError::Setting { field, reason } => ConfigError::file(field, reason).into(),
        other => other.into(),
    })
}

/// Returns the storage folder of a configuration as an absolute path.
pub fn storage(config: &Config) -> PathBuf {
    let folder = Path::new(&config.settings.storage_dir);
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

/// Creates a runtime with one worker thread, which is enough because its tasks only wait.
pub fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(4)
        .thread_name("engines")
        .enable_all()
        .build()
        .map_err(|error| SystemError::NoThread(error).into())
}
