//! Lists the processes of this machine from /proc.

/// A process. Its start time distinguishes it from a later one with the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: u32,
    pub(crate) parent: u32,
    begun: u64,
}

impl Process {
    /// Returns true if the process is still running. A zombie has ended.
    pub(crate) fn lives(&self) -> bool {
        read(self.id).is_some_and(|(now, state)| now.begun == self.begun && state != 'Z')
    }

    /// Returns the first 160 characters of the process's command line.
    pub(crate) fn line(&self) -> String {
        let bytes = std::fs::read(format!("/proc/{}/cmdline", self.id)).unwrap_or_default();
        let line = String::from_utf8_lossy(&bytes).replace('\0', " ");
        line.trim().chars().take(160).collect()
    }
}

fn read(id: u32) -> Option<(Process, char)> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // Its name may contain any character, also brackets: parse after the last one.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let begun = fields.nth(17)?.parse().ok()?;
    Some((Process { id, parent, begun }, state))
}

/// Returns every process that has not ended.
pub(crate) fn all() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok());
    ids.filter_map(read).filter(|(_, state)| *state != 'Z').map(|(process, _)| process).collect()
}

/// Returns all descendants of a process.
pub(crate) fn below(id: u32) -> Vec<Process> {
    let all = all();
    let mut found: Vec<Process> = Vec::new();
    let mut parents = vec![id];
    while let Some(parent) = parents.pop() {
        for process in all.iter().filter(|process| process.parent == parent) {
            parents.push(process.id);
            found.push(process.clone());
        }
    }
    found
}

/// Returns every process that has a variable in its environment.
pub(crate) fn processes_with_variable(variable: &str) -> Vec<Process> {
    let is_marked = |process: &Process| {
        let environment = std::fs::read(format!("/proc/{}/environ", process.id));
        environment.unwrap_or_default().split(|byte| *byte == 0).any(|it| it == variable.as_bytes())
    };
    all().into_iter().filter(is_marked).collect()
}
