//! Keeps the files of published films as versions, so that a film that is made again does not replace the earlier one.
//!
//! Guarantees: a version's folder is complete or absent; files are linked where the file system allows it, so that a
//! version of the current film takes no space.

use pytoon_core::artifact;
use pytoon_core::layout::Format;
use pytoon_process::{SystemError, disk};
use pytoon_records::job::versions::version_folder;
use std::io::ErrorKind;
use std::path::Path;

/// The published files that a version keeps, besides those of films in further formats. Stems are not among them, since they are large and can be made again.
const KEPT: [&str; 10] = [
    artifact::OUTPUT,
    artifact::THUMBNAIL,
    artifact::TIMELINE,
    artifact::SCENE_GRAPH,
    artifact::METADATA,
    artifact::BRIEF,
    artifact::CAPTIONS_SRT,
    artifact::CAPTIONS_VTT,
    artifact::CAPTIONS_ASS,
    artifact::CAPTIONS_JSON,
];

/// Links the published files of the job's folder `root` into the folder of a version, and replaces an earlier attempt.
pub(crate) fn keep(root: &Path, version: u32) -> Result<(), SystemError> {
    let folder = root.join(version_folder(version));
    let failed = |what: &'static str, path: &Path, source: std::io::Error| SystemError::File {
        what,
        path: path.to_owned(),
        source,
    };
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(failed("remove", &folder, error));
        }
        _ => {}
    }
    let part = folder.with_extension("part");
    let _ = std::fs::remove_dir_all(&part);
    disk::create_folder(&part)?;
    let formats = Format::ALL.into_iter();
    let further = formats.flat_map(|format| {
        artifact::PER_FORMAT.into_iter().map(move |name| artifact::in_format(name, format))
    });
    for name in KEPT.into_iter().map(str::to_owned).chain(further) {
        let (from, to) = (root.join(&name), part.join(&name));
        if !from.is_file() {
            continue;
        }
        if std::fs::hard_link(&from, &to).is_err() {
            std::fs::copy(&from, &to).map_err(|error| failed("copy", &from, error))?;
        }
    }
    std::fs::rename(&part, &folder).map_err(|error| failed("rename", &part, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stays_when_its_film_is_replaced() {
        let root = tempfile::tempdir().expect("a folder");
        let film = root.path().join(artifact::OUTPUT);
        for (version, content) in [(1, "first"), (2, "second")] {
            // A film is published by a rename, never by writing into the earlier file.
            let new = root.path().join("new");
            std::fs::write(&new, content).expect("written");
            std::fs::rename(&new, &film).expect("published");
            keep(root.path(), version).expect("keeps");
        }
        let kept = |version| {
            let path = root.path().join(version_folder(version)).join(artifact::OUTPUT);
            std::fs::read_to_string(path).expect("a film")
        };
        assert_eq!((kept(1), kept(2)), ("first".to_owned(), "second".to_owned()));
        keep(root.path(), 2).expect("an attempt is replaced");
    }
}
