//! `pytoon serve`, `api` and `worker`: run the service in one process or in several.

use crate::cli::ServeArgs;
use crate::commands::film_inspector::PipelineInspector;
use crate::commands::planner::FilmPlanner;
use crate::commands::previewer::PipelinePreviewer;
use crate::commands::self_checks::OwnChecks;
use crate::context::{self, Context};
use crate::output;
use anyhow::{Context as _, bail};
use pytoon_api::{Api, Bounds, Budgets, FilmCache, RateLimits, router};
use pytoon_engines::clip_check::FfmpegChecker;
use pytoon_engines::world::{RealWorld, World};
use pytoon_pipeline::engine_session::{EngineSession, database};
use pytoon_pipeline::{Environment, NoProgress, PipelineError};
use pytoon_process::{CancelToken, Runner, threads};
use pytoon_records::job::TaskKind;
use pytoon_records::job::counts::add_up;
use pytoon_records::job::keys::{KeyStore, Scope, sha256_hex};
use pytoon_records::job::process::ProcessStore;
use pytoon_records::job::store::{JobFilter, JobStore};
use pytoon_records::ledger::{CallLimits, StoreError};
use pytoon_store::{Store, is_postgres, new_key};
use pytoon_telemetry::{Event, Metrics, ServiceEvent};
use pytoon_vendor::http::public::PublicHttp;
use pytoon_voice::health::report;
use pytoon_worker::film::FilmRunner;
use pytoon_worker::retention::Collector;
use pytoon_worker::webhook_sender::{WebhookSecrets, WebhookSender};
use pytoon_worker::{Room, Worker};
use rustix::process::{Resource, getrlimit};
use secrecy::ExposeSecret;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};
use tokio::net::TcpListener;

/// The interval at which a process publishes its counters.
const TELL_COUNTS: Duration = Duration::from_secs(2);
/// The interval at which the counters of ended processes are merged.
const FOLD_COUNTS: Duration = Duration::from_secs(300);
/// The time without new counters after which a process is treated as ended. A process that was only
/// disconnected from the database for this time is counted twice after it reconnects.
const ENDED_AFTER: Duration = Duration::from_secs(3600);
/// The timeout for reaching the database at the start.
const DATABASE_PATIENCE: Duration = Duration::from_secs(60);
/// The name of the folder of jobs inside the storage folder.
const JOBS: &str = "jobs";
/// The number of descriptors that is assumed if the system has no limit.
const UNLIMITED: u64 = 1 << 16;
/// Maximum number of connections, however many descriptors there are.
const MOST_CONNECTIONS: u64 = 1024;
/// The divisor that turns the descriptor limit into the maximum number of connections. The other descriptors are for
/// work.
const PART_FOR_CONNECTIONS: u64 = 4;
/// The interval between checks for a shutdown request.
const LOOK: Duration = Duration::from_millis(100);

/// The role of a process in the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The process serves requests and runs tasks.
    Serve,
    /// The process serves requests.
    Api,
    /// The process runs tasks.
    Worker,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Api => "api",
            Self::Worker => "worker",
        }
    }
}

/// Runs a process of the service until shutdown.
pub(crate) fn run(context: &Context, role: Role, args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let address = address(context, args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // The engines wait for vendors on a separate runtime, which must be made outside of ours.
    let environment = environment(context, patiently(context, || session(context))?);
    Metrics::expect_service(TaskKind::ALL.iter().map(|kind| kind.as_str()));
    let at = database(&context.config, &context.secrets)?;
    let store = patiently(context, || Ok(runtime.block_on(Store::connect(&at))?))?;
    let ended = runtime.block_on(async {
        let most_attempts = context.config.settings.service.most_attempts;
        let store = Arc::new(store.with_most_attempts(most_attempts));
        let listener = match role {
            Role::Worker => None,
            _ => Some(
                TcpListener::bind(address)
                    .await
                    .with_context(|| format!("failed to listen on {address}"))?,
            ),
        };
        if role != Role::Worker && !args.new_database {
            refuse_lost_database(&store, environment.engines.storage().path(JOBS)).await?;
        }
        let bound = listener.as_ref().and_then(|l| l.local_addr().ok());
        if role != Role::Worker && !args.no_auth {
            first_key(store.as_ref()).await?;
        }
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        // In a container every process has the same id: the start time distinguishes them.
        let (pid, began) = (std::process::id(), RealWorld.now());
        let process = format!("{}@{}#{pid}.{began}", role.as_str(), host.trim());
        ServiceEvent::ServiceStarted {
            role: role.as_str(),
            address: &bound.map(|at| at.to_string()).unwrap_or_default(),
            database: if is_postgres(&at) { "postgres" } else { "sqlite" },
            version: env!("CARGO_PKG_VERSION"),
        }
        .emit();
        publish_counts(store.clone(), context, process.clone());
        let secrets = webhook_secrets(context)?;
        if let Some(secrets) = secrets.clone().filter(|_| role != Role::Api) {
            tokio::spawn(webhook_sender(context, store.clone(), secrets)?.run());
        }
        let checked = environment.clone();
        threads::spawn(move || check_health(&checked))?;
        let api = listener.map(|listener| {
            let api = Api {
                jobs: store.clone(),
                keys: store.clone(),
                processes: store.clone(),
                versions: store.clone(),
                switches: store.clone(),
                tasks: store.clone(),
                webhooks: store.clone(),
                files: store.clone(),
                ledger: store.clone(),
                config: Arc::new(context.config.clone()),
                planner: Arc::new(FilmPlanner { env: environment.clone(), files: store.clone() }),
                inspector: Arc::new(PipelineInspector::new(&environment.runner)),
                previewer: Arc::new(PipelinePreviewer {
                    env: environment.clone(),
                    files: store.clone(),
                }),
                clip_checker: Arc::new(FfmpegChecker { runner: environment.runner.clone() }),
                cache: FilmCache::default(),
                copies: Arc::default(),
                self_checks: Arc::new(OwnChecks {
                    runner: environment.runner.clone(),
                    config: context.global.config.clone(),
                }),
                rehearsals: Arc::default(),
                limits: Arc::new(RateLimits::new(&context.config.settings.service)),
                budgets: Arc::new(Budgets::new(connections())),
                checks: Arc::default(),
                signs: secrets.is_some(),
                storage: environment.engines.storage().clone(),
                no_auth: args.no_auth,
                port: bound.map_or(address.port(), |at| at.port()),
                metrics: Arc::new(context.metrics.clone()),
                process: process.clone(),
                counts: Arc::default(),
            };
            tokio::spawn(serve(listener, api, context.runner.cancel.clone()))
        });
        let handed_back = if role == Role::Api {
            wait_for_cancel(&context.runner.cancel).await;
            0
        } else {
            let collector = collector(context, &environment, store.clone(), process.clone());
            let minutes = u64::from(context.config.settings.storage.collect_minutes);
            let every = Duration::from_secs(60 * minutes);
            tokio::spawn(collector.run(every, context.runner.cancel.clone()));
            worker(context, environment.clone(), store.clone(), process.clone()).run().await
        };
        if let Some(api) = api {
            api.await??;
        }
        // The final counters of this process: others continue to show them.
        let _ = store.counts_put(&process, &context.metrics.render()).await;
        ServiceEvent::ServiceStopped { role: role.as_str(), handed_back }.emit();
        Ok(ExitCode::SUCCESS)
    });
    // Tasks that outlasted the grace time were handed back: nothing waits for them.
    runtime.shutdown_background();
    ended
}

fn address(context: &Context, args: &ServeArgs) -> anyhow::Result<SocketAddr> {
    let settings = &context.config.settings.service;
    let bind = args.bind.as_deref().unwrap_or(&settings.bind);
    let port = args.port.unwrap_or(settings.port);
    let ip: IpAddr = bind.parse().with_context(|| {
        format!("`{bind}` is not an IP address to listen on: use one such as 127.0.0.1")
    })?;
    if args.no_auth && !ip.is_loopback() {
        bail!(
            "--no-auth is not allowed on {ip}, where anybody could submit jobs and spend money: \
             bind to 127.0.0.1, or omit --no-auth"
        );
    }
    Ok(SocketAddr::new(ip, port))
}

/// Calls `open`. If a PostgreSQL server is unavailable, for example during a restart, retries for up to a minute.
fn patiently<T>(context: &Context, open: impl Fn() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let begun = Instant::now();
    // A file is available at once, or broken.
    let is_server = is_postgres(&database(&context.config, &context.secrets)?);
    loop {
        let error = match open() {
            Ok(opened) => return Ok(opened),
            Err(error) => error,
        };
        let is_away = matches!(error.downcast_ref(), Some(PipelineError::Ledger(_)))
            || error.downcast_ref::<StoreError>().is_some();
        let is_over = begun.elapsed() > DATABASE_PATIENCE || context.runner.cancel.is_cancelled();
        if !is_server || !is_away || is_over {
            return Err(error);
        }
        ServiceEvent::StoreUnavailable { operation: "start", reason: &error.to_string() }.emit();
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// Opens the engines for a service. Shutdown does not cancel their tasks: a paid task continues at its vendor, and
/// the next worker fetches its clip.
fn session(context: &Context) -> anyhow::Result<Arc<EngineSession>> {
    let runner = Runner { cancel: CancelToken::default(), ..context.runner.clone() };
    let reload = context.reload();
    Ok(Arc::new(EngineSession::open(&context.config, &context.secrets, &runner, reload)?))
}

fn environment(context: &Context, session: Arc<EngineSession>) -> Environment {
    Environment {
        runner: Runner { cancel: CancelToken::default(), ..context.runner.clone() },
        progress: Arc::new(NoProgress),
        keeps_voice: true,
        ..context.environment_of(session)
    }
}

/// Returns an error if the database is empty although the storage folder contains jobs. The database would lack their
/// keys, states and purchases, so clips would be paid for again.
async fn refuse_lost_database(store: &Store, jobs: PathBuf) -> anyhow::Result<()> {
    let has_folders = std::fs::read_dir(&jobs).is_ok_and(|mut entries| entries.next().is_some());
    let first = JobFilter { limit: 1, ..JobFilter::default() };
    if has_folders && store.key_list().await?.is_empty() && store.job_list(first).await?.is_empty()
    {
        bail!(
            "the database is empty, but {} contains jobs: put the database file back, restore a \
             backup, or correct DATABASE_URL; to start without these jobs, their API keys and \
             their paid clips, use --new-database",
            jobs.display()
        );
    }
    Ok(())
}

/// Creates and prints an API key with all rights if there is none yet.
async fn first_key(store: &Store) -> anyhow::Result<()> {
    if !store.key_list().await?.is_empty() {
        return Ok(());
    }
    let (key, row) = new_key("first", Scope::Admin, None);
    store.key_add(row, &sha256_hex(&key)).await?;
    output::note(format!("API key (shown this once): {key}"));
    Ok(())
}

fn worker(context: &Context, env: Environment, store: Arc<Store>, process: String) -> Worker {
    let settings = &context.config.settings.service;
    let lease = Duration::from_secs(settings.lease_seconds);
    let room = Room {
        folder: env.engines.storage().folder().to_owned(),
        min_free_mib: context.config.settings.storage.min_free_mib,
        lacks: Arc::default(),
    };
    Worker {
        runner: Arc::new(FilmRunner {
            env,
            jobs: store.clone(),
            queue: store.clone(),
            versions: store.clone(),
            files: store.clone(),
            lease,
        }),
        store,
        name: process,
        lease,
        tasks: settings.worker_tasks,
        grace: Duration::from_secs(settings.grace_seconds),
        room,
        drain: context.runner.cancel.clone(),
    }
}

/// Returns the signing secrets of webhooks; `None` if none are configured.
fn webhook_secrets(context: &Context) -> anyhow::Result<Option<WebhookSecrets>> {
    let keys = context.secrets.find_all(&["WEBHOOK_SECRET".to_owned()])?;
    for key in &keys {
        pytoon_telemetry::register_secret(key.secret.expose_secret());
    }
    if keys.is_empty() {
        return Ok(None);
    }
    let secrets = WebhookSecrets::read(keys.iter().map(|key| key.secret.expose_secret()));
    secrets.map(Some).map_err(anyhow::Error::msg)
}

fn webhook_sender(
    context: &Context,
    store: Arc<Store>,
    secrets: WebhookSecrets,
) -> anyhow::Result<WebhookSender> {
    let settings = &context.config.settings.webhooks;
    let timeout = Duration::from_millis(settings.timeout_ms);
    let http = PublicHttp::new(&settings.allow_hosts, timeout).map_err(anyhow::Error::msg)?;
    Ok(WebhookSender {
        store,
        http,
        secrets,
        timeout,
        pauses: settings.retry_seconds.iter().map(|s| Duration::from_secs(*s)).collect(),
        clock: || context::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        drain: context.runner.cancel.clone(),
    })
}

/// Creates the collector of expired files.
fn collector(context: &Context, env: &Environment, store: Arc<Store>, name: String) -> Collector {
    Collector {
        storage: env.engines.storage().clone(),
        jobs: store.clone(),
        files: store,
        retention: context.config.settings.storage.retention.clone(),
        name,
        is_rehearsal: false,
    }
}

async fn wait_for_cancel(cancel: &CancelToken) {
    while !cancel.is_cancelled() {
        tokio::time::sleep(LOOK).await;
    }
}

/// Returns the maximum number of open connections for an API process, from the descriptor limit.
fn connections() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(UNLIMITED);
    (files / PART_FOR_CONNECTIONS).clamp(8, MOST_CONNECTIONS) as usize
}

async fn serve(listener: TcpListener, api: Api, cancel: CancelToken) -> std::io::Result<()> {
    let grace = Duration::from_secs(api.config.settings.service.grace_seconds);
    let bounds = Bounds { connections: connections(), grace };
    let ends = async move { wait_for_cancel(&cancel).await };
    pytoon_api::serve(listener, router(api), bounds, ends).await
}

/// Publishes the counters of this process in the database periodically, and merges those of ended processes.
fn publish_counts(store: Arc<Store>, context: &Context, process: String) {
    let metrics = context.metrics.clone();
    tokio::spawn(async move {
        let mut told_since = Instant::now();
        loop {
            let mut told = store.counts_put(&process, &metrics.render()).await;
            // Only if the database was reachable for a while: right after an outage, every process looks as if it
            // had ended.
            if told.is_ok() && told_since.elapsed() >= FOLD_COUNTS {
                told = store.counts_fold(ENDED_AFTER, add_up).await.map(|_| ());
                told_since = Instant::now();
            }
            if let Err(error) = told {
                told_since = Instant::now();
                let reason = error.to_string();
                ServiceEvent::StoreUnavailable { operation: "store counters", reason: &reason }
                    .emit();
            }
            tokio::time::sleep(TELL_COUNTS).await;
        }
    });
}

/// Checks the health of the engines and voices that can be used, and logs the results. Also logs those that
/// cannot be used.
fn check_health(env: &Environment) {
    if let Some(outside) = env.engines.outside() {
        let names: Vec<String> =
            env.engines.engines().settings.engines.names().map(str::to_owned).collect();
        outside.runtime.block_on(async {
            let mut asked = tokio::task::JoinSet::new();
            for name in names {
                let manager = outside.manager.clone();
                asked.spawn(async move { manager.health_check(&name).await });
            }
            asked.join_all().await;
        });
    } else {
        // Without any key there is nothing to check; that is logged for each.
        for engine in env.engines.engines().iter() {
            let key_present = engine.has_key();
            Event::HealthCheck {
                engine: engine.name.as_str(),
                healthy: false,
                key_present,
                kind: if key_present { "disabled" } else { "no_key" },
                latency_ms: 0,
                detail: "not checked",
            }
            .emit();
        }
    }
    let chain =
        pytoon_pipeline::voices::providers(env, None, &"health".into(), CallLimits::default());
    let Ok(chain) = chain else { return };
    std::thread::scope(|scope| {
        for provider in &chain.providers {
            if threads::spawn_in(scope, || report(provider.as_ref())).is_err() {
                report(provider.as_ref());
            }
        }
    });
    for left in &chain.left_out {
        Event::HealthCheck {
            engine: &left.provider,
            healthy: false,
            key_present: false,
            kind: "left_out",
            latency_ms: 0,
            detail: &left.reason,
        }
        .emit();
    }
}

/// Migrates the tables of the database. Creates a missing SQLite file.
pub(crate) fn migrate(context: &Context) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let at = database(&context.config, &context.secrets)?;
    runtime.block_on(Store::connect(&at))?;
    output::line("the database is up to date");
    Ok(ExitCode::SUCCESS)
}
