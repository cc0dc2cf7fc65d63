//! Checks the dependencies of the service: engines, the database, the queue, paid calls, the clock.

use super::Check;
use crate::context::{Context, now};
use pytoon_engines::breaker;
use pytoon_engines::world::{RealWorld, World};
use pytoon_pipeline::engine_session::{EngineSession, database, storage};
use pytoon_records::job::process::ProcessStore;
use pytoon_records::job::webhook::WebhookStore;
use pytoon_records::ledger::{BreakerRow, CallFilter, CallState, PurchaseStore};
use pytoon_store::{Store, is_postgres};
use pytoon_vendor::breakers::switched_off_text;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Response time above which the database is reported as slow.
const SLOW: Duration = Duration::from_millis(250);
/// Waiting time above which a due task seems to have no worker.
const OLD: Duration = Duration::from_secs(60);
/// Clock difference above which log times, signatures and calls to vendors go wrong.
const CLOCK: Duration = Duration::from_secs(5);

pub(super) fn checks(context: &Context) -> anyhow::Result<Vec<Check>> {
    let mut checks = check_database(context)?;
    checks.extend(check_storage_folder(&storage(&context.config)));
    Ok(checks)
}

/// Checks the API key and the health of every engine. The checks are free.
pub(super) fn engines(session: &EngineSession) -> Vec<Check> {
    let engines = session.engines();
    let told = session.outside().map(|outside| {
        outside.runtime.block_on(async {
            let mut asked = tokio::task::JoinSet::new();
            for engine in engines.iter().filter(|e| e.config.enabled && e.has_key()) {
                let (manager, name) = (outside.manager.clone(), engine.name.clone());
                asked.spawn(async move { manager.health_check(name.as_str()).await });
            }
            asked.join_all().await
        })
    });
    let told = told.unwrap_or_default();
    let held_back = held_back_engines(session);
    let check = |engine: &pytoon_engines::engine_manager::Engine| {
        let name = format!("engine {}", engine.name);
        let variables = engine.config.key_env.join(" or ");
        if !engine.config.enabled {
            return Check::good(name, "disabled (enabled: false)");
        }
        if !engine.has_key() {
            return Check::good(name, format!("skipped: no API key; set {variables} in .env"));
        }
        if let Some(held_back) = held_back.get(engine.name.as_str()) {
            return held_back_check(name, held_back);
        }
        let Some(report) = told.iter().find(|report| report.engine == engine.name) else {
            return Check::good(name, "an API key is set; the health check did not run");
        };
        if report.healthy {
            return Check::good(
                name,
                match report.detail.as_str() {
                    "" => format!("healthy, response in {} ms", report.latency_ms),
                    detail => format!("healthy, response in {} ms; {detail}", report.latency_ms),
                },
            );
        }
        let evidence = format!("the health check failed (`{}`): {}", report.kind, report.detail);
        match report.kind.as_str() {
            "auth" => {
                let fix =
                    format!("put a valid key into .env as {variables}, then restart the service");
                Check::warning(name, evidence, fix).see("key-rotation")
            }
            "quota" => Check::warning(
                name,
                evidence,
                "top up the account at the vendor, or set `enabled: false` for this engine",
            )
            .see("engine-health"),
            _ => {
                let fix = "check the vendor's status page, or set `enabled: false` for this \
                           engine; its scenes use other engines";
                Check::warning(name, evidence, fix).see("engine-health")
            }
        }
    };
    engines.iter().map(check).collect()
}

/// Returns the breakers that hold calls back, by engine. Empty if the ledger cannot be read, which another check reports.
fn held_back_engines(session: &EngineSession) -> BTreeMap<String, BreakerRow> {
    let Some(outside) = session.outside() else { return BTreeMap::new() };
    let rows = outside.runtime.block_on(outside.manager.store().breaker_list());
    let is_held_back =
        |row: &BreakerRow| breaker::state(row, RealWorld.now()).open_until().is_some();
    rows.unwrap_or_default().into_iter().filter(|(_, row)| is_held_back(row)).collect()
}

/// Returns the check of an engine that is not called: a health check passes even if each order is rejected.
fn held_back_check(name: String, row: &BreakerRow) -> Check {
    if row.switched_off.is_some() {
        let evidence = switched_off_text(row.switched_off.as_ref());
        return Check::warning(name, evidence, "switch it on when its trouble is over")
            .see("engine-health");
    }
    let seconds = (row.open_until - RealWorld.now()).max(0) / 1000;
    let evidence = format!(
        "its circuit breaker is open for {seconds} s more, after a failure of kind `{}`",
        row.reason
    );
    let (fix, page) = match row.reason.as_str() {
        "auth" => ("put a valid key into .env, then restart the service", "key-rotation"),
        "quota" => ("top up the account at the vendor", "engine-health"),
        _ => ("wait: one call tests the engine after that time", "engine-health"),
    };
    Check::warning(name, evidence, fix).see(page)
}

/// Checks the database: its response, the queue, paid calls and webhook messages.
fn check_database(context: &Context) -> anyhow::Result<Vec<Check>> {
    let at = database(&context.config, &context.secrets)?;
    if !is_postgres(&at) && !Path::new(&at).is_file() {
        return Ok(vec![Check::good(
            "database",
            "none yet: the first job creates pytoon.db in the storage folder",
        )]);
    }
    let kind = if is_postgres(&at) {
        "PostgreSQL (DATABASE_URL)"
    } else {
        "SQLite (pytoon.db in the storage folder)"
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(async {
        let begun = Instant::now();
        let store = match Store::connect(&at).await {
            Ok(store) => store,
            Err(error) => {
                let fix = if is_postgres(&at) {
                    "start the database server, or correct DATABASE_URL in .env"
                } else {
                    "let the user that runs pytoon read and write the file, or restore it from a \
                     backup"
                };
                return vec![
                    Check::failed("database", format!("{kind}: {error}"), fix).see("database"),
                ];
            }
        };
        let mut checks = Vec::new();
        let asked = Instant::now();
        checks.push(match store.check().await {
            Ok(()) if asked.elapsed() > SLOW => Check::warning(
                "database",
                format!("{kind} is slow: writing a row took {} ms", asked.elapsed().as_millis()),
                "check the load and the disk of the database's machine",
            )
            .see("database"),
            Ok(()) => Check::good(
                "database",
                format!("{kind}: connected and wrote a row in {} ms", begun.elapsed().as_millis()),
            ),
            Err(error) => Check::failed(
                "database",
                format!("{kind}: {error}"),
                if is_postgres(&at) {
                    "check the database server's log"
                } else {
                    "check the storage folder's disk and its permissions"
                },
            )
            .see("database"),
        });
        match rows(&store).await {
            Ok(more) => checks.extend(more),
            Err(error) => {
                checks.push(
                    Check::failed(
                        "queue",
                        error.to_string(),
                        "check the disk and the log of the database",
                    )
                    .see("database"),
                );
            }
        }
        checks
    }))
}

async fn rows(store: &Store) -> anyhow::Result<Vec<Check>> {
    let mut checks = Vec::new();
    let queue = store.queue_state().await?;
    let oldest = Duration::from_millis(queue.oldest_ready_ms.max(0).unsigned_abs());
    let told = format!(
        "ready tasks: {} (the oldest for {} s), running: {}, waiting: {}",
        queue.ready,
        oldest.as_secs(),
        queue.running,
        queue.waiting
    );
    checks.push(if queue.expired > 0 && queue.ready + queue.expired > 0 && oldest > OLD {
        let fix = "no worker seems to be running: start one (`pytoon worker`)";
        Check::failed("queue", told, fix).see("jobs-not-moving")
    } else if oldest > OLD {
        let fix = "start more workers, or check the logs of the running ones for the reason";
        Check::warning("queue", told, fix).see("jobs-not-moving")
    } else {
        Check::good("queue", told)
    });
    if queue.expired > 0 {
        let evidence = format!("running tasks with an expired lease: {}", queue.expired);
        let fix = "wait until a worker takes them over; if none runs, start one (`pytoon worker`)";
        checks.push(Check::warning("leases", evidence, fix).see("leases"));
    }
    checks.push(match queue.dead {
        0 => Check::good("dead tasks", "none"),
        count => {
            let fix = "run `pytoon tasks dead` to see the reasons, then `pytoon tasks requeue ID` \
                       for each";
            Check::warning("dead tasks", count.to_string(), fix).see("dead-tasks")
        }
    });
    let filter =
        CallFilter { states: vec![CallState::Unknown], limit: 100, ..CallFilter::default() };
    let unknown = store.call_list(filter).await?;
    checks.push(match unknown.first() {
        None => Check::good("paid calls", "no call lacks a response"),
        Some(call) => {
            let evidence =
                format!("calls without a response: {}, last to {}", unknown.len(), call.engine);
            let fix = "run `pytoon ledger list --unknown` to see them, then `pytoon ledger \
                       resolve` for each";
            Check::warning("paid calls", evidence, fix).see("paid-calls")
        }
    });
    let dead = store.webhooks_dead().await?.len();
    checks.push(match dead {
        0 => Check::good("webhooks", "no delivery has failed"),
        count => {
            let fix = "run `pytoon webhooks dead` to see the reasons, then `pytoon webhooks \
                       resend ID` for each";
            let evidence = format!("messages whose delivery failed: {count}");
            Check::warning("webhooks", evidence, fix).see("webhooks")
        }
    });
    let theirs = UNIX_EPOCH + Duration::from_millis(store.now().await?.max(0).unsigned_abs());
    checks.push(clock("clock and database", "the database", theirs, now()));
    Ok(checks)
}

fn clock(name: &str, other: &str, theirs: SystemTime, ours: SystemTime) -> Check {
    let apart = ours.duration_since(theirs).unwrap_or_else(|error| error.duration());
    let evidence =
        format!("the clocks of this machine and of {other} differ by {:.1} s", apart.as_secs_f64());
    if apart > CLOCK {
        Check::warning(name, evidence, "synchronise both clocks with NTP").see("leases")
    } else {
        Check::good(name, evidence)
    }
}

/// Checks that the storage folder is writable, and compares a new file's modification time with the clock; `None`
/// without a storage folder.
fn check_storage_folder(storage: &Path) -> Option<Check> {
    if !storage.is_dir() {
        return None;
    }
    let probe = storage.join(format!(".doctor-{}", std::process::id()));
    let written = std::fs::write(&probe, b"pytoon").and_then(|()| std::fs::metadata(&probe));
    let modified = written.and_then(|metadata| metadata.modified());
    // A leftover file is reported by the next check.
    let _ = std::fs::remove_file(&probe);
    Some(match modified {
        Err(error) => {
            let fix = "let the user that runs pytoon write to the folder, or free disk space";
            Check::failed(
                "storage",
                format!("failed to write to {}: {error}", storage.display()),
                fix,
            )
            .see("storage")
        }
        Ok(theirs) => match clock("storage", "the storage folder", theirs, now()) {
            check if check.fix.is_some() => check,
            _ => Check::good("storage", format!("{} is writable", storage.display())),
        },
    })
}
