//! The command line of the simulator.

use clap::Parser;
use pytoon_sim::{Options, Scenario};
use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Simulate the video, voice and stock vendors, without a bill.
#[derive(Debug, Parser)]
#[command(name = "pytoon-sim", version)]
struct Arguments {
    /// Address to listen on; port 0 chooses a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Scenario file: the faults and their times (JSON or YAML)
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Keep the ledger in this file over restarts (JSON lines)
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Keep films in this folder; otherwise in a temporary one
    #[arg(long, value_name = "DIR")]
    clips: Option<PathBuf>,
    /// Multiply the size of delivered films
    #[arg(long, value_name = "F", default_value_t = 1.0)]
    clip_scale: f64,
    /// Divide all simulated times by this factor
    #[arg(long, value_name = "F", default_value_t = 1.0)]
    speed: f64,
    /// Write the address to this file once the simulator listens
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Print the base URLs of a simulator at this address, and exit
    #[arg(long, value_name = "URL")]
    print_config: Option<String>,
    /// Print the packages against whose types requests and responses are checked, and exit
    #[arg(long)]
    print_contracts: bool,
}

fn main() -> ExitCode {
    match begin(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

fn begin(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(url) = &arguments.print_config {
        return say(&format!("{:#}", pytoon_sim::config(url)));
    }
    if arguments.print_contracts {
        return say(&pytoon_sim::sources().join("\n"));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(arguments))
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let scenario = match &arguments.scenario {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("failed to read {}: {error}", path.display()))?;
            Scenario::parse(&text)?
        }
        None => Scenario::default(),
    };
    let running = pytoon_sim::start(Options {
        listen: arguments.listen,
        scenario,
        ledger: arguments.ledger,
        clips: arguments.clips,
        clip_scale: arguments.clip_scale,
        speed: arguments.speed,
    })
    .await?;
    if let Some(path) = &arguments.ready_file {
        write_whole(path, &running.url())?;
    }
    say(&format!("listening {}", running.url()))?;
    stop_signal().await?;
    Ok(())
}

/// Waits for Ctrl-C or SIGTERM.
async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

/// Writes a file completely before it becomes visible.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let mut half = path.as_os_str().to_owned();
    half.push(format!(".{}.tmp", std::process::id()));
    std::fs::write(&half, text)?;
    std::fs::rename(&half, path)
}

fn say(line: &str) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
}

#[expect(clippy::print_stderr, reason = "the one place that talks to whoever started this")]
fn complain(error: &dyn Error) {
    eprintln!("pytoon-sim: {error}");
}
