//! Makes stored paths independent of the location of the storage folder, which differs between machines.
//!
//! Stored results of a stage name files in the storage folder (purchased clips, uploaded pictures) relative to that
//! folder, and input hashes use these names. Another machine therefore finds its own copies and detects that nothing
//! has changed.
//!
//! Files outside the storage folder are assumed to have the same path everywhere.

use pytoon_process::disk::FileId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

/// The prefix that replaces the path of the storage folder.
const MARK: &str = "storage:";
/// Maximum number of cached file hashes.
const REMEMBERED: usize = 4096;

/// The location of this machine's storage folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    storage: String,
}

impl Places {
    pub(crate) fn new(storage: &Path) -> Self {
        Self { storage: storage.display().to_string() }
    }

    /// Serializes a value as JSON, in which paths in the storage folder are portable.
    pub(crate) fn to_bytes(&self, value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
        let mut value = serde_json::to_value(value)?;
        rewrite(&mut value, &|text| self.portable(text));
        serde_json::to_vec(&value)
    }

    /// Parses a stored value and converts its paths to those of this machine.
    pub(crate) fn read_bytes<T: DeserializeOwned>(&self, bytes: &[u8]) -> serde_json::Result<T> {
        let mut value: Value = serde_json::from_slice(bytes)?;
        rewrite(&mut value, &|text| self.local(text));
        serde_json::from_value(value)
    }

    fn portable(&self, text: &str) -> Option<String> {
        match text.strip_prefix(&self.storage) {
            Some(rest) if rest.starts_with('/') => Some(format!("{MARK}{rest}")),
            // A user's text that starts with the prefix is escaped by another one.
            _ if text.starts_with(MARK) => Some(format!("{MARK}{text}")),
            _ => None,
        }
    }

    fn local(&self, text: &str) -> Option<String> {
        let rest = text.strip_prefix(MARK)?;
        Some(if rest.starts_with('/') {
            format!("{}{rest}", self.storage)
        } else {
            rest.to_owned()
        })
    }
}

/// Replaces the strings in a value, including field names, for which `with` returns another text.
fn rewrite(value: &mut Value, with: &dyn Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(new) = with(text) {
                *text = new;
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| rewrite(one, with)),
        Value::Object(map) => {
            let renamed = map.keys().any(|name| with(name).is_some());
            if renamed {
                let old = std::mem::take(map);
                map.extend(old.into_iter().map(|(k, v)| (with(&k).unwrap_or(k), v)));
            }
            map.values_mut().for_each(|one| rewrite(one, with));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns the path of a file, followed by its size and the hash of its content.
pub(crate) fn content_stamp(path: &Path) -> String {
    format!("{}:{}", path.display(), content_hash_of(path))
}

/// Returns the size of a file and the hash of its content, independent of its modification time and path; empty if
/// there is no such file. The hash is cached while the file does not change.
pub(crate) fn content_hash_of(path: &Path) -> String {
    static KNOWN: LazyLock<Mutex<HashMap<FileId, String>>> = LazyLock::new(Mutex::default);
    let Some(file) = FileId::of(path) else { return String::new() };
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&file).cloned();
    let hash = known.or_else(|| content_hash(path));
    let text = format!("{}:{}", file.size(), hash.as_deref().unwrap_or_default());
    let Some(hash) = hash else { return text };
    let mut all = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() >= REMEMBERED {
        all.clear();
    }
    all.insert(file, hash);
    text
}

fn content_hash(path: &Path) -> Option<String> {
    use std::io::Read;
    let mut file = std::fs::File::open(path).ok()?;
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece).ok()? {
            0 => return Some(format!("{:032x}", hasher.digest128())),
            count => hasher.update(&piece[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn paths_of_one_machine_become_those_of_another_and_texts_stay() {
        let (one, other) = (Places::new(Path::new("/a/storage")), Places::new(Path::new("/b")));
        let value = |root: &str| {
            let clip = format!("{root}/clips/x.mp4");
            BTreeMap::from([
                (clip.clone(), vec![clip]),
                ("elsewhere".to_owned(), vec!["/a/storage2/x".to_owned(), "/srv/x".to_owned()]),
                ("words".to_owned(), vec!["storage:/x".to_owned(), "storage: 5 l".to_owned()]),
            ])
        };
        let kept = one.to_bytes(&value("/a/storage")).expect("json");
        assert_eq!(kept, other.to_bytes(&value("/b")).expect("json"), "the same everywhere");
        let read: BTreeMap<String, Vec<String>> = other.read_bytes(&kept).expect("reads");
        assert_eq!(read, value("/b"));
        let read: BTreeMap<String, Vec<String>> = one.read_bytes(&kept).expect("reads");
        assert_eq!(read, value("/a/storage"));
    }

    #[test]
    fn a_files_stamp_follows_its_content_and_not_its_time() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.png");
        std::fs::write(&path, b"one").expect("writes");
        let first = content_stamp(&path);
        std::fs::remove_file(&path).expect("goes");
        assert_ne!(content_stamp(&path), first, "it is gone");
        std::fs::write(&path, b"one").expect("writes");
        assert_eq!(content_stamp(&path), first);
        std::fs::remove_file(&path).expect("goes");
        std::fs::write(&path, b"two").expect("writes");
        assert_ne!(content_stamp(&path), first);
    }
}
