//! Runs the short drills of `pytoon drill` as an operator would.

use pytoon_testkit::program::run;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns the path of Prometheus, which a script downloads if necessary; `None` if it is not available.
#[expect(clippy::disallowed_methods, reason = "the project's own script")]
fn prometheus() -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/prometheus.sh");
    let output = Command::new("sh").arg(script).output().ok()?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !path.is_empty()).then(|| path.into())
}

#[test]
#[expect(clippy::print_stderr, reason = "what is left out is told by name")]
fn faults_fire_their_alerts_are_shown_and_mended_and_lose_no_film() {
    let mut command = pytoon_testkit::pytoon();
    command.args(["drill", "--quick"]);
    match prometheus() {
        Some(program) => command.env("PYTOON_PROMETHEUS", program),
        None => {
            eprintln!("skipped: alerts of drills (there is no Prometheus)");
            command.arg("--without-alerts")
        }
    };
    let said = run(&mut command).ok();
    let last = said.stdout.lines().last().unwrap_or_default();
    assert!(last.contains("failed=0 jobs_lost=0"), "{}\n{}", said.stdout, said.stderr);
    for drill in ["engine-down", "bad-config", "worker-killed"] {
        let line = said.stdout.lines().find(|line| line.starts_with(&format!("drill {drill} ")));
        assert!(line.is_some_and(|line| line.ends_with("lost=0 result=passed")), "{}", said.stdout);
    }
}

#[test]
fn drills_are_listed_and_a_wrong_name_gets_the_list() {
    let listed = run(pytoon_testkit::pytoon().args(["drill", "--list"])).ok().stdout;
    assert_eq!(listed.lines().count(), 14, "{listed}");
    run(pytoon_testkit::pytoon().args(["drill", "engin-down"]))
        .expect_failure(1, &["engin-down", "engine-down"]);
    // The pages name only existing drills.
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/runbooks");
    let mut named = 0;
    for page in std::fs::read_dir(pages).expect("pages") {
        let text = std::fs::read_to_string(page.expect("a page").path()).expect("text");
        for words in text.split("`pytoon drill ").skip(1) {
            let name = words.split('`').next().unwrap_or_default();
            let known = listed.lines().any(|line| line.split_whitespace().next() == Some(name));
            assert!(known || name.starts_with("--") || name == "NAME", "`pytoon drill {name}`");
            named += 1;
        }
    }
    assert!(named >= 10, "only {named} drills are named in the pages");
}
