//! Voices for tests: one that is installed on this machine, and a toy voice in a real file format.

use pytoon_neural::toy::{Toy, piper_config, piper_model};
use std::path::{Path, PathBuf};

/// Returns the folder that `make setup` fills with voices on this machine.
pub fn installed_voices_folder() -> PathBuf {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).unwrap_or_else(|| {
        PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".local/share")
    });
    let folder = data.join("pytoon/voices");
    assert!(
        folder.join("heart/voice.json").is_file(),
        "the voice `heart` is not installed in {}: run `make setup`",
        folder.display()
    );
    folder
}

/// Copies the voice `heart` into a folder. Returns the copy's folder.
pub fn copy_heart(to: &Path) -> PathBuf {
    let (from, to) = (installed_voices_folder().join("heart"), to.join("heart"));
    std::fs::create_dir_all(&to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the voice") {
        let path = entry.expect("a file").path();
        std::fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("copied");
    }
    to
}

/// Writes a toy Piper voice that hums for each phoneme: `NAME.onnx` with its `.onnx.json`. Returns the model's path.
pub fn toy_piper_voice(folder: &Path, name: &str, language: &str) -> PathBuf {
    std::fs::create_dir_all(folder).expect("a folder");
    let model = folder.join(format!("{name}.onnx"));
    std::fs::write(&model, piper_model(Toy::Hums)).expect("written");
    std::fs::write(folder.join(format!("{name}.onnx.json")), piper_config(language))
        .expect("written");
    model
}
