//! Arguments.

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::path::PathBuf;

/// Turn a brief into a finished vertical video: spoken, captioned, with music.
#[derive(Debug, Parser)]
#[command(name = "pytoon", version, about, propagate_version = true)]
#[command(
    after_help = "Start with:\n  pytoon init brief.yaml      write an example brief\n  pytoon render brief.yaml    make the video\n  pytoon doctor               see what this machine lacks"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Folder with your own defaults.yaml, engine.yaml, presets/, brands/ and profiles/
    /// [default: ./config, where it exists].
    #[arg(long, global = true, value_name = "DIR", env = "PYTOON_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no progress.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Write log lines to worker.log in this folder instead of standard error.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) log_dir: Option<PathBuf>,
    /// Log more, and on a terminal too.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a video from a brief (YAML or JSON; `-` reads standard input).
    Render(RenderArgs),
    /// Show scene graph and timeline without making the video.
    Plan {
        /// The brief; `-` reads standard input.
        brief: String,
    },
    /// Write a commented example brief.
    Init {
        /// Where to.
        #[arg(default_value = "brief.yaml")]
        path: PathBuf,
        /// Replace a file that is there.
        #[arg(long)]
        force: bool,
    },
    /// List the presets.
    Presets,
    /// List the local voices, or hear one.
    Voices {
        /// Speak this text into a WAV file.
        #[arg(long, value_name = "TEXT")]
        say: Option<String>,
        /// The voice, such as `en-gb`, `en-us+f3` or `de`.
        #[arg(long, value_name = "NAME", default_value = "en-us")]
        voice: String,
        /// The WAV file.
        #[arg(long, value_name = "FILE", default_value = "voice.wav")]
        out: PathBuf,
    },
    /// List the moods of generated music, or hear one.
    Music {
        /// Write this mood into a WAV file.
        #[arg(long, value_name = "MOOD")]
        preview: Option<String>,
        /// Its length in seconds.
        #[arg(long, default_value_t = 20.0)]
        seconds: f64,
        /// Its seed.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// The WAV file.
        #[arg(long, value_name = "FILE", default_value = "music.wav")]
        out: PathBuf,
    },
    /// See what this machine has and lacks, with the fix for each.
    Doctor,
    /// Print shell completions.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// Options of `render`.
#[derive(Debug, Args)]
pub(crate) struct RenderArgs {
    /// The brief; `-` reads standard input.
    #[arg(required_unless_present = "timeline", conflicts_with = "timeline")]
    pub(crate) brief: Option<String>,
    /// Render this timeline.json again instead, without planning.
    #[arg(long, value_name = "FILE")]
    pub(crate) timeline: Option<PathBuf>,
    /// The job folder [default: storage/jobs/{id}; for a timeline, its own folder].
    #[arg(long, short, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// A quarter-size film in a few seconds.
    #[arg(long, conflicts_with = "timeline")]
    pub(crate) draft: bool,
    /// Self-check of the file: its key frames, or every frame.
    #[arg(long, value_enum, default_value_t = Verify::Key)]
    pub(crate) verify: Verify,
    /// Write the composed frames here as raw YUV 4:2:0.
    #[arg(long, value_name = "FILE")]
    pub(crate) frames_out: Option<PathBuf>,
    /// Write a hash of every composed frame here, one a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) frame_hashes: Option<PathBuf>,
}

/// How much of the finished file is decoded for the self-check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Verify {
    /// Key frames only.
    Key,
    /// Every frame.
    Full,
}
