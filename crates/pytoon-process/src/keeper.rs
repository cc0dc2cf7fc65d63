//! Kills external programs whose owner was killed.
//!
//! SIGKILL gives a process no chance to end its children. A companion process, a shell, learns through a pipe which
//! programs run. When the pipe closes, for any reason, the shell kills the process groups that are still running.
//!
//! The alternative was the kernel's signal on the death of a parent (PR_SET_PDEATHSIG). It is sent when the *thread*
//! that started the program ends, and threads are short-lived here; it reaches the program but not its children; and
//! it must be set between fork and exec, where only `unsafe` code runs.
//!
//! A few microseconds pass between a program's start and the line that reports it. A program whose owner is killed in
//! that moment still loses its pipes, as all programs do.

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// The script of the shell. The lines `+ id` and `- id` maintain its list of process groups. The shell ignores
/// signals from a terminal or a supervisor to whole groups and services, and ends when its owner does.
const SCRIPT: &str = r#"trap '' INT TERM HUP QUIT
live=' '
while read -r what id; do
  rest=' '
  for other in $live; do [ "$other" = "$id" ] || rest="$rest$other "; done
  [ "$what" = + ] && rest="$rest$id "
  live=$rest
done
for id in $live; do kill -s KILL -- "-$id" 2>/dev/null; done"#;

static KEEPER: Mutex<Keeper> = Mutex::new(Keeper { live: BTreeSet::new(), companion: None });

struct Keeper {
    live: BTreeSet<u32>,
    companion: Option<(Child, ChildStdin)>,
}

/// The registration of a program with the keeper, valid until this value is dropped.
#[derive(Debug)]
pub(crate) struct KeeperGuard(u32);

/// Registers a program with the keeper, which kills the program's process group if this process dies.
pub(crate) fn keep(id: u32) -> KeeperGuard {
    let mut keeper = KEEPER.lock().unwrap_or_else(PoisonError::into_inner);
    keeper.live.insert(id);
    keeper.send('+', id);
    KeeperGuard(id)
}

impl Drop for KeeperGuard {
    fn drop(&mut self) {
        let mut keeper = KEEPER.lock().unwrap_or_else(PoisonError::into_inner);
        keeper.live.remove(&self.0);
        keeper.send('-', self.0);
    }
}

impl Keeper {
    fn send(&mut self, what: char, id: u32) {
        if let Some((_, pipe)) = &mut self.companion
            && pipe.write_all(format!("{what} {id}\n").as_bytes()).is_ok()
        {
            return;
        }
        if let Some((mut gone, _)) = self.companion.take() {
            // It was killed; reap it, so that it does not stay as a zombie.
            let _ = gone.kill();
            let _ = gone.wait();
        }
        self.companion = start();
        if let Some((_, pipe)) = &mut self.companion {
            let all: String = self.live.iter().map(|id| format!("+ {id}\n")).collect();
            // Without a working shell the pipes have to suffice: most programs end with them.
            let _ = pipe.write_all(all.as_bytes());
        }
    }
}

fn start() -> Option<(Child, ChildStdin)> {
    #[expect(clippy::disallowed_methods, reason = "this is a part of the one place")]
    let mut child = Command::new("/bin/sh")
        .args(["-c", SCRIPT])
        // Its working directory must not keep a disk busy.
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .ok()?;
    let pipe = child.stdin.take()?;
    Some((child, pipe))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn lives(id: u32) -> bool {
        // A zombie has ended.
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
    }

    fn sleeper() -> Child {
        #[expect(clippy::disallowed_methods, reason = "a program that is to be killed")]
        Command::new("sleep").arg("600").process_group(0).spawn().expect("starts")
    }

    #[test]
    fn what_runs_when_the_pipe_closes_is_killed_and_nothing_else() {
        let (mut kept, mut let_go) = (sleeper(), sleeper());
        let (mut companion, mut pipe) = start().expect("starts");
        let lines = format!("+ {}\n+ {}\n- {}\n", kept.id(), let_go.id(), let_go.id());
        pipe.write_all(lines.as_bytes()).expect("is heard");
        std::thread::sleep(Duration::from_millis(100));
        assert!(lives(kept.id()));
        drop(pipe);
        companion.wait().expect("ends");
        let begun = Instant::now();
        while lives(kept.id()) {
            assert!(begun.elapsed() < Duration::from_secs(5), "it runs on");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(lives(let_go.id()), "another's program was killed");
        let_go.kill().expect("is killed");
        for child in [&mut kept, &mut let_go] {
            child.wait().expect("has ended");
        }
    }
}
