//! The context of every command: configuration, external programs, fonts, cancellation.

use crate::cli::Global;
use crate::progress;
use pytoon_config::secrets::Secrets;
use pytoon_config::{Config, ConfigSource};
use pytoon_media::fonts::FontFinder;
use pytoon_pipeline::Environment;
use pytoon_pipeline::engine_session::EngineSession;
use pytoon_process::{CancelToken, ProcessLimits, Programs, Runner};
use pytoon_telemetry::{LogTarget, Metrics, MetricsHandle, ServiceRole, Traces};
use pytoon_voice::tts::neural::Voices;
use secrecy::ExposeSecret;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The default log folder of services. Used only if it exists.
const SERVICE_LOGS: &str = "/var/log/pytoon";

/// The handles that commands use.
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) config: Config,
    pub(crate) runner: Runner,
    pub(crate) secrets: Secrets,
    pub(crate) metrics: MetricsHandle,
    /// The flag that SIGHUP sets to request a reload of `engine.yaml`.
    reload: Arc<AtomicBool>,
    /// The neural voices, each loaded once in this process.
    pub(crate) voices: Arc<Voices>,
    /// The exporter of trace spans, which sends the remaining ones when the process exits.
    _traces: Traces,
}

impl Context {
    /// Starts logging and metrics, reads configuration and API keys, and installs the signal handlers.
    pub(crate) fn start(global: &Global, role: Option<ServiceRole>) -> anyhow::Result<Self> {
        let terminal = std::io::stderr().is_terminal();
        let target = match (role, &global.log_dir) {
            (Some(role), given) => {
                let usual = Path::new(SERVICE_LOGS);
                let usual = usual.is_dir().then(|| usual.to_owned());
                LogTarget::Service(role, given.clone().or(usual))
            }
            (None, Some(folder)) => LogTarget::Folder(folder.clone()),
            (None, None) if global.verbose || (!terminal && !global.quiet) => LogTarget::Stderr,
            (None, None) => LogTarget::Nowhere,
        };
        let secrets = Secrets::load(Path::new(".env"))?;
        let collector = secrets.find(&["OTEL_EXPORTER_OTLP_ENDPOINT".to_owned()])?;
        let collector = collector.as_ref().filter(|_| role.is_some());
        let collector = collector.map(|address| address.secret.expose_secret());
        let traces = pytoon_telemetry::init(&target, global.verbose, collector)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let source = match &global.config {
            Some(folder) => ConfigSource::Folder(folder.clone()),
            None => ConfigSource::Optional(PathBuf::from("config")),
        };
        let config = Config::load(&source)?;
        let stall = Duration::from_secs(config.settings.limits.process_stall_seconds);
        let limits = ProcessLimits {
            longest: Duration::from_secs(config.settings.limits.process_seconds),
            memory: Some(config.settings.limits.process_memory_mib << 20),
            ..ProcessLimits::default()
        };
        let programs = Programs::beside_this_one();
        let runner =
            Runner { programs, cancel: cancel_on_signals()?, stall, limits, holder: "".into() };
        let reload = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(signal_hook::consts::SIGHUP, reload.clone())?;
        let metrics = Metrics::start();
        Ok(Self {
            global: global.clone(),
            config,
            runner,
            secrets,
            metrics,
            reload,
            voices: Arc::default(),
            _traces: traces,
        })
    }

    /// Returns the flag that requests a reload of `engine.yaml`.
    #[cfg(feature = "service")]
    pub(crate) fn reload(&self) -> Arc<AtomicBool> {
        self.reload.clone()
    }

    /// Opens the engines and the storage, and the ledger if it may be used.
    pub(crate) fn session(&self) -> anyhow::Result<Arc<EngineSession>> {
        let reload = self.reload.clone();
        Ok(Arc::new(EngineSession::open(&self.config, &self.secrets, &self.runner, reload)?))
    }

    pub(crate) fn fonts(&self) -> FontFinder {
        let extra: Vec<PathBuf> =
            self.config.settings.fonts.folders.iter().map(PathBuf::from).collect();
        FontFinder::search(&extra)
    }

    pub(crate) fn environment(&self) -> anyhow::Result<Environment> {
        Ok(self.environment_of(self.session()?))
    }

    /// Creates an environment with engines that are already open.
    pub(crate) fn environment_of(&self, engines: Arc<EngineSession>) -> Environment {
        Environment {
            engines,
            config: self.config.clone(),
            runner: self.runner.clone(),
            fonts: self.fonts(),
            progress: progress::sink(self.global.quiet),
            voices: self.voices.clone(),
            buys: true,
            keeps_voice: false,
            claim: None,
            caller: None,
            clock: || rfc3339(now()),
        }
    }

    /// Returns the path of a new folder for a job, named after the current time.
    pub(crate) fn new_job_folder(&self) -> PathBuf {
        let since = now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let stamp: String = rfc3339(now()).chars().filter(char::is_ascii_digit).take(14).collect();
        // The rest of the clock and the process id distinguish jobs of the same second.
        let rest =
            (u64::from(since.subsec_nanos()) ^ (u64::from(std::process::id()) << 20)) & 0xff_ffff;
        PathBuf::from(&self.config.settings.storage_dir)
            .join("jobs")
            .join(format!("{stamp}-{rest:06x}"))
    }
}

/// Installs handlers for SIGINT and SIGTERM. The first signal requests a clean shutdown; a second one exits at once.
fn cancel_on_signals() -> anyhow::Result<CancelToken> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, flag.clone())?;
        signal_hook::flag::register(signal, flag.clone())?;
    }
    Ok(CancelToken::from_flag(flag))
}

#[expect(clippy::disallowed_methods, reason = "the program is where the clock is read")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

pub(crate) fn rfc3339(time: SystemTime) -> String {
    pytoon_telemetry::timestamp(time)
}
