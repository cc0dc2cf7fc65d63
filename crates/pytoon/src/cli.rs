//! The command-line arguments.

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use pytoon_core::brief::redo::SceneChange;
use pytoon_core::layout::Format;
use pytoon_telemetry::ServiceRole;
use pytoon_vocabulary::{JobId, TaskId};
use std::path::PathBuf;

/// Turn a brief into a finished vertical video with voice, captions and music.
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
    /// [default: ./config, if it exists].
    #[arg(long, global = true, value_name = "DIR", env = "PYTOON_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Hide progress.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Write log lines to worker.log in this folder; an API writes api.log.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) log_dir: Option<PathBuf>,
    /// Log more, also on a terminal.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

/// Options of `voices`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct VoicesArgs {
    #[command(subcommand)]
    pub(crate) action: Option<VoicesAction>,
    /// Text to speak into a WAV file.
    #[arg(long, value_name = "TEXT")]
    pub(crate) say: Option<String>,
    /// An installed voice, or one of eSpeak NG's, such as `en-gb`, `en-us+f3` or `de`
    /// [default: heart, if it is installed].
    #[arg(long, value_name = "NAME")]
    pub(crate) voice: Option<String>,
    /// WAV file to write.
    #[arg(long, value_name = "FILE", default_value = "voice.wav")]
    pub(crate) out: PathBuf,
    /// Also list eSpeak NG's voices.
    #[arg(long)]
    pub(crate) all: bool,
}

/// The actions of `voices` that change the installed voices.
#[derive(Debug, Subcommand)]
pub(crate) enum VoicesAction {
    /// Install a voice: a known one by name, a Piper `.onnx` file, a folder, or an https URL.
    Add(AddVoice),
    /// Delete an installed voice.
    Remove {
        /// Name of the voice.
        name: String,
    },
}

/// A voice to install.
#[derive(Debug, Args)]
pub(crate) struct AddVoice {
    /// Name of a known voice, an `.onnx` file with its `.onnx.json` beside it, a folder, or the https URL of an
    /// `.onnx` file.
    pub(crate) source: String,
    /// New name of the voice [default: the name in its files].
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Language of the voice [default: the language in its files].
    #[arg(long, value_name = "TAG")]
    pub(crate) language: Option<String>,
    /// Licence of the voice, such as CC0-1.0; required for a URL.
    #[arg(long)]
    pub(crate) licence: Option<String>,
    /// Expected SHA-256 of the model; a model with a different digest is rejected.
    #[arg(long, value_name = "HEX")]
    pub(crate) sha256: Option<String>,
}

/// The commands of `pytoon`.
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
        /// File to write.
        #[arg(default_value = "brief.yaml")]
        path: PathBuf,
        /// Replace an existing file.
        #[arg(long)]
        force: bool,
    },
    /// List the presets, or draw them side by side.
    Presets {
        /// PNG file to write: stills of every preset.
        #[arg(long, value_name = "FILE")]
        sheet: Option<PathBuf>,
    },
    /// List voices, hear one, add or remove one.
    Voices(VoicesArgs),
    /// List the moods of generated music, or hear one.
    Music {
        /// Mood to write into a WAV file.
        #[arg(long, value_name = "MOOD")]
        preview: Option<String>,
        /// Length in seconds.
        #[arg(long, default_value_t = 20.0)]
        seconds: f64,
        /// Seed: equal seeds produce equal music.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// WAV file to write.
        #[arg(long, value_name = "FILE", default_value = "music.wav")]
        out: PathBuf,
    },
    /// Print the time of each word of a text in a recording.
    Align(AlignArgs),
    /// Show the timing of a finished film: a table, and inspect.png with audio, words and captions.
    Inspect(InspectArgs),
    /// Judge a finished film by twenty points: what was measured, what is lost and where, and what to change.
    ///
    /// The exit code is 1 if a starred point is lost.
    #[command(after_help = "Examples:\n  \
        pytoon review out/\n  \
        pytoon review out/ --format 1:1")]
    Review(ReviewArgs),
    /// Resume an unfinished job.
    Resume {
        /// The job's folder, or its name below storage/jobs/.
        job: PathBuf,
        /// File for the metrics, as Prometheus text.
        #[arg(long, value_name = "FILE")]
        metrics_out: Option<PathBuf>,
    },
    /// Change one scene of a finished film, and render again only what changed.
    ///
    /// The change is stored in the brief in the film's folder, not in your own brief: rendering your own brief into
    /// that folder undoes it.
    #[command(after_help = "Examples:\n  \
        pytoon redo out/ --scene 3 --caption \"Fresh every day\"\n  \
        pytoon redo out/ --scene scene_02 --engine luma --prompt \"steam over a kettle\"")]
    Redo(RedoArgs),
    /// Show the engines: health, keys, circuit breakers, running calls, today's spend.
    Engines {
        #[command(subcommand)]
        action: Option<EnginesAction>,
        /// Skip the vendors' health checks.
        #[arg(long)]
        offline: bool,
    },
    /// List paid calls, and resolve those without a response.
    Ledger {
        #[command(subcommand)]
        action: LedgerAction,
    },
    #[command(flatten)]
    Service(ServiceCommand),
    /// Check this machine and the service, or diagnose one job. Each finding is shown with its fix.
    Doctor {
        /// Id of a job of the service [default: check the machine].
        job: Option<JobId>,
    },
    /// Rehearse a fault on a scratch instance with simulated vendors: check that its alert fires, that the
    /// runbook's commands fix it, and that every film is still delivered.
    Drill(DrillArgs),
    /// Print shell completions.
    Completions {
        /// Shell to print completions for.
        shell: Shell,
    },
}

/// Commands that run the service and manage its jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// Run the service: API and worker in one process.
    Serve(ServeArgs),
    /// Run the service's API only; workers run as separate processes.
    Api(ServeArgs),
    /// Run a worker of the service.
    Worker,
    /// Migrate the service's database to this version.
    Migrate,
    /// List and manage the service's jobs.
    Jobs {
        #[command(subcommand)]
        action: JobsAction,
    },
    /// List dead-lettered tasks and requeue them.
    Tasks {
        #[command(subcommand)]
        action: TasksAction,
    },
    /// List failed webhook deliveries and retry them.
    Webhooks {
        #[command(subcommand)]
        action: WebhooksAction,
    },
    /// Create, list and revoke API keys.
    Keys {
        #[command(subcommand)]
        action: KeysAction,
    },
    /// Download files of the service's jobs.
    Artifacts {
        #[command(subcommand)]
        action: ArtifactsAction,
    },
}

impl Command {
    /// Returns the role in the service for a command that runs until it is stopped; `None` for other commands.
    /// Services log differently.
    pub(crate) fn role(&self) -> Option<ServiceRole> {
        match self {
            Self::Service(ServiceCommand::Serve(_)) => Some(ServiceRole::Both),
            Self::Service(ServiceCommand::Api(_)) => Some(ServiceRole::Api),
            Self::Service(ServiceCommand::Worker) => Some(ServiceRole::Worker),
            _ => None,
        }
    }
}

/// Options of `drill`.
#[derive(Debug, Clone, Default, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct DrillArgs {
    /// Names of drills; `--list` shows them.
    pub(crate) names: Vec<String>,
    /// Run all drills.
    #[arg(long)]
    pub(crate) all: bool,
    /// Run the short drills.
    #[arg(long)]
    pub(crate) quick: bool,
    /// List the drills and their alerts without running them.
    #[arg(long)]
    pub(crate) list: bool,
    /// Skip Prometheus: check commands, fixes and films only.
    #[arg(long)]
    pub(crate) without_alerts: bool,
    /// Keep the scratch folder of a drill that failed.
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Options of `serve` and `api`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ServeArgs {
    /// The address to listen on [default: service.bind, 127.0.0.1].
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bind: Option<String>,
    /// The port [default: service.port, 8000].
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// Accept requests without an API key; on 127.0.0.1 only.
    #[arg(long)]
    pub(crate) no_auth: bool,
    /// Start with an empty database even though the storage folder contains jobs of another database.
    #[arg(long)]
    pub(crate) new_database: bool,
}

/// Actions of `jobs`.
#[derive(Debug, Subcommand)]
pub(crate) enum JobsAction {
    /// List jobs, newest first.
    List {
        /// List only jobs with this status.
        #[arg(long)]
        status: Option<String>,
        /// Maximum number of rows.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show one job.
    Show {
        /// Id of the job.
        id: JobId,
    },
    /// Cancel a job and its running vendor tasks.
    Cancel {
        /// Id of the job.
        id: JobId,
    },
    /// Retry a failed or cancelled job from the stage where it stopped.
    Retry {
        /// Id of the job.
        id: JobId,
    },
    /// Release a held job.
    Release {
        /// Id of the job.
        id: JobId,
    },
    /// Change one scene of a job; only the parts that show the change are rendered and paid for again.
    Redo(JobRedoArgs),
}

/// The change to one scene of a job.
#[derive(Debug, Args)]
pub(crate) struct JobRedoArgs {
    /// Id of the job.
    pub(crate) id: JobId,
    /// The scene, by number (from 1) or by id, such as `scene_03`.
    pub(crate) scene: String,
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
}

/// The change to one scene of a finished film.
#[derive(Debug, Args)]
pub(crate) struct RedoArgs {
    /// The film's folder, or its name below storage/jobs/.
    #[arg(value_name = "DIR")]
    pub(crate) job: PathBuf,
    /// The scene, by number (from 1) or by id, such as `scene_03`.
    #[arg(long, value_name = "N")]
    pub(crate) scene: String,
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
    /// File for the metrics, as Prometheus text.
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics_out: Option<PathBuf>,
}

/// The fields of a scene that change.
#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    /// New prompt for the AI engine that draws the scene.
    #[arg(long)]
    prompt: Option<String>,
    /// Engine to draw the scene; name the same one to retry it after a fallback.
    #[arg(long)]
    engine: Option<String>,
    /// New caption, shown over the whole scene and as its headline if it has one; the voice does not change.
    #[arg(long)]
    caption: Option<String>,
}

impl ChangeArgs {
    pub(crate) fn scene_change(&self) -> SceneChange {
        SceneChange {
            prompt: self.prompt.clone(),
            engine: self.engine.clone(),
            caption: self.caption.clone(),
        }
    }
}

/// Actions of `webhooks`.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhooksAction {
    /// List webhook messages whose delivery failed.
    Dead,
    /// List the webhook messages of a job, with every attempt.
    List {
        /// Id of the job.
        job: JobId,
    },
    /// Deliver one message again.
    Resend {
        /// Id of the message, as shown by `dead` and `list`.
        id: String,
    },
    /// Generate a secret for WEBHOOK_SECRET and print it.
    Secret,
}

/// Actions of `tasks`.
#[derive(Debug, Subcommand)]
pub(crate) enum TasksAction {
    /// List dead-lettered tasks.
    Dead,
    /// Requeue one task.
    Requeue {
        /// Id of the task, as shown by `dead`.
        id: TaskId,
    },
}

/// Actions of `keys`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysAction {
    /// Create a key and print it once.
    Add {
        /// Human-readable name of the key, such as the client that uses it.
        name: String,
        /// Scope of the key: `read`, `submit` or `admin`.
        #[arg(long, default_value = "submit")]
        scope: String,
        /// Daily limit on vendor charges for jobs submitted with this key, in US dollars (UTC day)
        /// [default: no limit].
        #[arg(long, value_name = "USD")]
        budget_per_day: Option<f64>,
    },
    /// Change the daily budget of a key's jobs; effective immediately.
    Budget {
        /// Name or id of the key.
        name: String,
        /// Budget in US dollars per day (UTC), or `none`.
        usd: String,
    },
    /// List keys. The secrets themselves are not stored.
    List,
    /// Revoke a key.
    Revoke {
        /// Name or id of the key.
        name: String,
    },
}

/// Actions of `artifacts`.
#[derive(Debug, Subcommand)]
pub(crate) enum ArtifactsAction {
    /// Download a file of a job.
    Get {
        /// Id of the job.
        job: String,
        /// Name of the file, such as `output.mp4`.
        name: String,
        /// File to write [default: the artifact's name].
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Delete files older than `storage.retention` allows. Workers also do this on their own.
    Collect {
        /// List the files without deleting them.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Options of `render`.
#[derive(Debug, Args)]
pub(crate) struct RenderArgs {
    /// The brief; `-` reads standard input.
    #[arg(required_unless_present = "timeline", conflicts_with = "timeline")]
    pub(crate) brief: Option<String>,
    /// Render this timeline.json instead of a brief, without planning.
    #[arg(long, value_name = "FILE")]
    pub(crate) timeline: Option<PathBuf>,
    /// The job folder [default: storage/jobs/{id}; for a timeline, its own folder].
    #[arg(long, short, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Make a draft in seconds: a quarter of the width and height.
    #[arg(long, conflicts_with = "timeline")]
    pub(crate) draft: bool,
    /// Frames that the self-check decodes: key frames, or every frame.
    #[arg(long, value_enum, default_value_t = Verify::Key)]
    pub(crate) verify: Verify,
    /// File for the composed frames, as raw YUV 4:2:0.
    #[arg(long, value_name = "FILE")]
    pub(crate) frames_out: Option<PathBuf>,
    /// File for a hash of every composed frame, one per line.
    #[arg(long, value_name = "FILE")]
    pub(crate) frame_hashes: Option<PathBuf>,
    /// File for the metrics, as Prometheus text.
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics_out: Option<PathBuf>,
}

/// Options of `align`.
#[derive(Debug, Args)]
pub(crate) struct AlignArgs {
    /// The recording: any audio or video file that FFmpeg reads.
    pub(crate) audio: PathBuf,
    /// The spoken words, as plain text; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) text: PathBuf,
    /// Alignment method.
    #[arg(long, value_enum, default_value_t = AlignWith::Builtin)]
    pub(crate) method: AlignWith,
    /// Output format.
    #[arg(long, value_enum, default_value_t = AlignFormat::Json)]
    pub(crate) format: AlignFormat,
    /// The language (BCP 47) [default: detected from the text, English if uncertain].
    #[arg(long, value_name = "TAG")]
    pub(crate) language: Option<String>,
}

/// Options of `inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The job's folder, or its name below storage/jobs/.
    pub(crate) job: PathBuf,
    /// File for the picture [default: inspect.png in the job's folder].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// File for a PNG with one frame of each scene: the safe area (white), the zone of the captions (yellow), text and
    /// faces in the picture (red), its subject (blue).
    #[arg(long, value_name = "FILE")]
    pub(crate) layout: Option<PathBuf>,
    /// File for an HTML page that shows the film's timeline in a browser, without a service or a network.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// Options of `review`.
#[derive(Debug, Args)]
pub(crate) struct ReviewArgs {
    /// The job's folder, or its name below storage/jobs/.
    pub(crate) job: PathBuf,
    /// The film in a further format of the brief, such as 1:1 [default: the first film].
    #[arg(long, value_parser = format_named)]
    pub(crate) format: Option<Format>,
}

fn format_named(text: &str) -> Result<Format, String> {
    let known = Format::ALL.into_iter().find(|format| format.as_str() == text);
    known.ok_or_else(|| {
        let names = Format::ALL.map(Format::as_str).join(", ");
        format!("there is no such format; there are {names}")
    })
}

/// Methods of `align`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AlignWith {
    /// The methods of `alignment.order`, in order.
    Chain,
    /// The built-in aligner; prints its words at any confidence.
    Builtin,
    /// The external program `whisperx`.
    Whisperx,
    /// The external program `stable-ts`.
    #[value(name = "stable_ts")]
    StableTs,
    /// Spread the words over the speech by syllables.
    #[value(name = "even_split")]
    EvenSplit,
}

/// Formats of `align`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum AlignFormat {
    /// JSON with method, confidence and words.
    Json,
    /// SubRip.
    Srt,
    /// WebVTT.
    Vtt,
}

/// Actions of `engines`.
#[derive(Debug, Subcommand)]
pub(crate) enum EnginesAction {
    /// Check an engine: its configuration block, its health, and on request one real clip.
    Check {
        /// Name of the engine.
        name: String,
        /// Buy one short clip and check it; without this option, only the price is shown.
        #[arg(long)]
        buy: bool,
    },
}

/// Actions of `ledger`.
#[derive(Debug, Subcommand)]
pub(crate) enum LedgerAction {
    /// List calls, newest first.
    List {
        /// List only calls without a response.
        #[arg(long)]
        unknown: bool,
        /// List only calls of this job.
        #[arg(long, value_name = "ID")]
        job: Option<String>,
        /// Maximum number of rows.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Resolve a call without a response.
    #[command(group = clap::ArgGroup::new("verdict").required(true).args(["arrived", "lost"]))]
    Resolve {
        /// Id of the call, as shown by `ledger list`.
        id: String,
        /// The call arrived: URL or file of its clip, which is stored and used.
        #[arg(long, value_name = "URL")]
        arrived: Option<String>,
        /// The call never arrived, and nothing was charged.
        #[arg(long)]
        lost: bool,
    },
}

/// Frames that the self-check decodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Verify {
    /// Key frames only.
    Key,
    /// Every frame.
    Full,
}
