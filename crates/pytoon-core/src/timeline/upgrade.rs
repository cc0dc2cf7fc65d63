//! Upgrades timeline files of earlier versions to the current one, step by step (`docs/specs/timeline-format.md`).

use super::format::TIMELINE_VERSION;
use serde_json::Value;

/// A function that converts a timeline file of one version to the next version.
type Upgrade = fn(Value) -> Value;

/// The upgrade steps in order, one for each earlier version. Empty, since there is only version 1.
const UPGRADES: [Upgrade; TIMELINE_VERSION as usize - 1] = [];

/// Upgrades a file of an earlier version to the current one. Files with other versions stay unchanged, and
/// [`super::format::TimelineFile::try_into_timeline`] rejects them.
pub fn upgrade(file: Value) -> Value {
    by_steps(file, &UPGRADES)
}

fn by_steps(mut file: Value, steps: &[Upgrade]) -> Value {
    let version = file["version"].as_u64().and_then(|version| usize::try_from(version).ok());
    let Some(done) = version.and_then(|version| version.checked_sub(1)) else { return file };
    for (index, step) in steps.iter().enumerate().skip(done) {
        file = step(file);
        file["version"] = (index + 2).into();
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_takes_each_step_after_its_version_once() {
        let steps: [Upgrade; 2] = [
            |mut file| {
                file["steps"].as_array_mut().expect("steps").push("1 to 2".into());
                file
            },
            |mut file| {
                file["steps"].as_array_mut().expect("steps").push("2 to 3".into());
                file
            },
        ];
        let taken = |version: Value| by_steps(json!({"version": version, "steps": []}), &steps);
        assert_eq!(taken(json!(1)), json!({"version": 3, "steps": ["1 to 2", "2 to 3"]}));
        assert_eq!(taken(json!(2)), json!({"version": 3, "steps": ["2 to 3"]}));
        for other in [json!(0), json!(3), json!(99), json!("1"), json!(null)] {
            assert_eq!(taken(other.clone()), json!({"version": other, "steps": []}));
        }
    }
}
