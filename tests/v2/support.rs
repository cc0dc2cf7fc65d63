//! A film that many tests inspect, and helpers that they share.

use pytoon_testkit::{Film, Workspace};
use std::fs::File;
use std::path::Path;
use std::sync::OnceLock;

/// The script of the shared film.
pub(crate) const SCRIPT: &str = "Good mornings start with better coffee. We roast small batches every single day. \
     Try your first bag for only $5.";

/// The shared film, with a voice, three pictures of different aspect ratios, and music.
pub(crate) struct Shared {
    pub(crate) workspace: Workspace,
    pub(crate) film: Film,
    pub(crate) hashes: String,
}

/// Returns the shared film, which is rendered once per test run, since `cargo nextest` starts a process for each
/// test.
pub(crate) fn shared_film() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = target.join("v2");
        let run =
            std::env::var("NEXTEST_RUN_ID").unwrap_or_else(|_| std::process::id().to_string());
        let lock = File::create(target.join("v2.lock")).expect("a lock file");
        lock.lock().expect("the lock");
        let rendered = folder.join("rendered-by");
        if std::fs::read_to_string(&rendered).is_ok_and(|by| by == run) {
            let workspace = Workspace::existing(&folder);
            let film = Film::open(&workspace.path("out"));
            let hashes = std::fs::read_to_string(workspace.path("hashes.txt")).expect("hashes");
            return Shared { workspace, film, hashes };
        }
        // A static is never dropped: this one folder stays in target/ until the next run clears it.
        let workspace = Workspace::at(&folder);
        workspace.picture("wide.jpg", 1200, 500);
        workspace.picture("tall.png", 300, 700);
        workspace.picture("square.webp", 400, 400);
        workspace.write("brief.yaml", shared_brief(7));
        let args = ["render", "brief.yaml", "--out", "out", "--frame-hashes", "hashes.txt"];
        workspace.pytoon(&args).ok();
        let film = Film::open(&workspace.path("out"));
        let hashes = std::fs::read_to_string(workspace.path("hashes.txt")).expect("hashes");
        std::fs::write(rendered, run).expect("is noted");
        Shared { workspace, film, hashes }
    })
}

/// Returns the brief of the shared film with this seed.
pub(crate) fn shared_brief(seed: u64) -> String {
    format!(
        "script: {SCRIPT}\nmedia_files: [wide.jpg, tall.png, square.webp]\n\
         music_source: upbeat_corporate\nprofile: test\nseed: {seed}\n"
    )
}

/// Returns a brief of one short sentence without a voice, which is the fastest film to render.
pub(crate) fn quick(more: &str) -> String {
    format!(
        "prompt: A quiet cup of tea\nvoice: off\nmusic_source: none\nprofile: test\n\
         target_duration_seconds: 2.5\n{more}"
    )
}

/// Returns a brief with short scenes, each with its own visual idea. `engines` contains the engine of each scene; an
/// empty name requests none.
pub(crate) fn tea(engines: &[&str], more: &str) -> String {
    const WORDS: [&str; 3] = ["The kettle sings.", "The tea is ready.", "The morning begins."];
    const IDEAS: [&str; 3] =
        ["steam over a kettle", "a cup on a wooden table", "sunlight through a window"];
    let mut brief = format!(
        "script: {}\nvoice: off\ncaptions: off\nmusic_source: none\nprofile: test\n\
         target_duration_seconds: {}\nmax_scenes: {}\nscenes:\n",
        WORDS[..engines.len()].join(" "),
        engines.len(),
        engines.len(),
    );
    for (index, engine) in engines.iter().enumerate() {
        brief += &format!("  - scene: {}\n    prompt: {}\n", index + 1, IDEAS[index]);
        if !engine.is_empty() {
            brief += &format!("    engine: {engine}\n");
        }
    }
    brief + more
}

/// Returns the engine description from the guide, with another URL. Lines after the URL become part of the block.
pub(crate) fn guides_engine(address: &str) -> String {
    let guide =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides/adding-an-engine.md");
    let guide = std::fs::read_to_string(guide).expect("the guide");
    let after = guide.split_once("```yaml\n").expect("an example").1;
    let yaml = after.split_once("```").expect("its end").0;
    let own = yaml.replace("https://api.acme.example", address);
    assert_ne!(own, yaml, "the guide names another address");
    own
}

/// Returns the help of a command and of all its subcommands.
pub(crate) fn every_help(workspace: &Workspace, verbs: &[&str]) -> String {
    let mut all = workspace.pytoon(&[verbs, &["--help"]].concat()).ok().stdout;
    let commands = all.split("Commands:\n").nth(1).unwrap_or_default().to_owned();
    let is_command = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    for line in commands.lines().take_while(|line| !line.is_empty()).filter(is_command) {
        let name = line.split_whitespace().next().unwrap_or_default();
        if name != "help" {
            all.push_str(&every_help(workspace, &[verbs, &[name]].concat()));
        }
    }
    all
}
