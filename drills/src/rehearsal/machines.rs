//! Drills in which workers, databases and disks are unavailable for a while.

use super::Rehearsal;
use super::stage::{SERVE, Setup, Stage, TWO};
use crate::client::brief;
use crate::note;
use anyhow::Context;
use std::time::Duration;

pub(super) fn all() -> Vec<Rehearsal> {
    vec![
        Rehearsal {
            name: "worker-killed",
            about: "the only worker is killed in the middle of films",
            alert: "PytoonLeasesExpired",
            page: "docs/runbooks/leases.md",
            quick: true,
            needs: "",
            setup: || Setup { processes: TWO, ..Setup::default() },
            brief,
            play: worker_killed,
        },
        Rehearsal {
            name: "database-restarted",
            about: "PostgreSQL is away for a while",
            alert: "PytoonDatabaseDown",
            page: "docs/runbooks/database.md",
            quick: false,
            needs: "",
            setup: || Setup { processes: TWO, postgres: true, scrape_s: 6, ..Setup::default() },
            brief,
            play: database_restarted,
        },
        Rehearsal {
            name: "disk-full",
            about: "the disk of the storage folder is full for a while",
            alert: "PytoonStorageLow",
            page: "docs/runbooks/storage.md",
            quick: false,
            needs: "root",
            setup: || Setup {
                processes: SERVE,
                disk_mib: Some(400),
                settings: "storage: {min_free_mib: 40}\nlimits: {min_free_disk_mib: 20}\n",
                ..Setup::default()
            },
            brief,
            play: disk_full,
        },
    ]
}

fn worker_killed(stage: &mut Stage) -> anyhow::Result<()> {
    stage.films(1)?;
    for _ in 0..4 {
        stage.submit()?;
    }
    std::thread::sleep(Duration::from_millis(1500));
    stage.record_fault_start();
    stage.fleet.kill_named("worker")?;
    // There is no worker: new films would only wait.
    stage.until_alert_with(false)?;
    stage.shows(
        "curl -s localhost:8000/metrics | grep v2_leases_expired",
        &["pytoon_v2_leases_expired"],
    )?;
    stage.shows("pytoon doctor", &["leases.md"])?;
    stage.fleet.start_named("worker")?;
    stage.until_silent()?;
    stage.shows("grep lease_taken_over /var/log/pytoon/worker.log", &["lease_taken_over"])
}

fn database_restarted(stage: &mut Stage) -> anyhow::Result<()> {
    stage.films(1)?;
    for _ in 0..4 {
        stage.submit()?;
    }
    stage.record_fault_start();
    stage.postgres.as_ref().context("a database")?.stop();
    stage.until_alert_with(false)?;
    stage.shows(
        "curl -s localhost:8000/metrics | grep v2_database_up",
        &["pytoon_v2_database_up 0"],
    )?;
    stage.shows("curl -s localhost:8000/readyz", &["not_ready"])?;
    stage.shows("grep store_unavailable /var/log/pytoon/worker.log", &["store_unavailable"])?;
    stage.shows("pytoon doctor", &["database.md"])?;
    stage.postgres.as_ref().context("a database")?.serve();
    stage.until_silent()
}

fn disk_full(stage: &mut Stage) -> anyhow::Result<()> {
    stage.films(1)?;
    for _ in 0..4 {
        stage.submit()?;
    }
    stage.record_fault_start();
    let filler = stage.disk.as_ref().context("a disk")?.fill()?.context("a file that fills it")?;
    stage.until_alert_with(false)?;
    stage.shows("df storage", &["100%"])?;
    stage.shows("curl -s localhost:8000/readyz", &["storage.min_free_mib"])?;
    stage.shows("pytoon doctor", &["storage.md"])?;
    std::fs::remove_file(filler)?;
    note("  the disk has room again");
    stage.until_silent()
}
