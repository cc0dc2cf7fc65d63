//! Tests of programs that stall, exceed their run time or their limits, or are cancelled.

use super::*;

fn runner(stall_ms: u64) -> Runner {
    let stall = Duration::from_millis(stall_ms);
    Runner::new(Programs::default(), CancelToken::default(), stall)
}

fn sh(script: &str) -> CommandLine {
    CommandLine::new("sh", "test").args(["-c", script])
}

#[test]
fn output_and_failure_come_back() {
    let out = runner(5000).run(&sh("cat; echo done"), b"in ".to_vec()).expect("runs");
    assert_eq!(out, b"in done\n");
    let error = runner(5000).run(&sh("echo why >&2; exit 3"), Vec::new()).expect_err("fails");
    assert!(error.to_string().contains("exit status 3: why"), "{error}");
}

#[test]
fn a_stalled_program_is_ended() {
    let error = runner(150).run(&sh("exec sleep 30"), Vec::new()).expect_err("stalls");
    assert!(matches!(error, SystemError::Stalled { .. }), "{error}");
}

#[test]
fn a_program_that_stops_reading_or_writing_cannot_block_its_owner() {
    let mut reads_nothing = runner(150).start(&sh("exec sleep 30")).expect("starts");
    let mut stdin = reads_nothing.take_stdin().expect("a pipe");
    let written = reads_nothing.during(|| stdin.write_all(&[0; 1 << 20]));
    assert!(written.is_err());
    let error = reads_nothing.wait().expect_err("stalls");
    assert!(error.to_string().contains("0.15"), "{error}");

    let mut writes_nothing = runner(150).start(&sh("exec sleep 30")).expect("starts");
    let mut stdout = writes_nothing.take_stdout().expect("a pipe");
    assert!(writes_nothing.during(|| stdout.read_exact(&mut [0; 16])).is_err());
    let error = writes_nothing.wait().expect_err("stalls");
    assert!(matches!(error, SystemError::Stalled { .. }), "{error}");
}

#[test]
fn a_program_that_takes_too_long_is_ended_however_busy_it_is() {
    let limits = ProcessLimits {
        longest: Duration::from_millis(200),
        memory: None,
        ..ProcessLimits::default()
    };
    let runner = Runner { limits, ..runner(10_000) };
    let busy = sh("while :; do echo on; sleep 0.01; done");
    let error = runner.run(&busy, Vec::new()).expect_err("takes too long");
    assert!(matches!(error, SystemError::TooLong { .. }), "{error}");
    assert!(error.to_string().contains("0.2 s"), "{error}");
    let mut running = runner.start(&sh("exec sleep 30")).expect("starts");
    let mut stdout = running.take_stdout().expect("a pipe");
    assert!(running.during(|| stdout.read_exact(&mut [0; 16])).is_err());
    let error = running.wait().expect_err("takes too long");
    assert!(matches!(error, SystemError::TooLong { .. }), "{error}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_gets_no_more_memory_than_it_may_have() {
    // Its limit is set before it reads the line that lets it continue.
    let greedy = sh("read -r _ && head -c 200m /dev/zero | tail -c 200m | wc -c");
    let limited = |mib: u64| {
        let limits = ProcessLimits { memory: Some(mib << 20), ..ProcessLimits::default() };
        let out = Runner { limits, ..runner(20_000) }.run(&greedy, b"go\n".to_vec());
        String::from_utf8_lossy(&out.expect("the shell ends well")).trim().to_owned()
    };
    assert_eq!(limited(64), "0");
    assert_eq!(limited(1024), (200 << 20).to_string());
}

#[test]
fn a_program_that_nobody_waits_for_is_not_stalled() {
    let mut running = runner(100).start(&sh("printf a; cat; printf b")).expect("starts");
    let mut stdout = running.take_stdout().expect("a pipe");
    let mut first = [0; 1];
    running.during(|| stdout.read_exact(&mut first)).expect("the first letter");
    std::thread::sleep(Duration::from_millis(400));
    drop(running.take_stdin());
    running.during(|| stdout.read_exact(&mut first)).expect("the second letter");
    assert_eq!(&first, b"b");
    running.wait().expect("ends well");
}

#[test]
fn a_cancelled_program_is_ended() {
    let runner = runner(20_000);
    let cancel = runner.cancel.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(80));
        cancel.cancel();
    });
    let error = runner.run(&sh("exec sleep 30"), Vec::new()).expect_err("cancelled");
    assert!(matches!(error, SystemError::Cancelled), "{error}");
}

#[test]
fn a_missing_program_says_how_to_get_it() {
    let error =
        runner(100).run(&CommandLine::new("ffmpeg-none", "test"), Vec::new()).expect_err("missing");
    assert!(error.to_string().contains("neither beside pytoon nor on PATH"), "{error}");
}
