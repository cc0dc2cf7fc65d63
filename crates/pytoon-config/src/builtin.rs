//! The settings, presets, profiles and brand kits of `config/`, embedded in the binary so that it works from
//! any folder.

macro_rules! files {
    ($($folder:literal: [$($name:literal),+ $(,)?]),+ $(,)?) => {
        &[$(($folder, &[$(($name, include_str!(concat!("../../../config/", $folder, "/", $name, ".yaml")))),+])),+]
    };
}

/// The content of `config/defaults.yaml`.
pub(crate) const DEFAULTS: &str = include_str!("../../../config/defaults.yaml");
/// The content of `config/engine.yaml`.
pub(crate) const ENGINE: &str = include_str!("../../../config/engine.yaml");

/// A built-in folder, with the name and text of each of its files.
type Folder = (&'static str, &'static [(&'static str, &'static str)]);

const FOLDERS: &[Folder] = files! {
    "presets": [
        "product_hero_clean", "overlay_classic", "meme_text", "cinematic_story",
        "stylized_promo", "calm_explainer", "street_talk", "story_label",
        "one_word", "case_file",
    ],
    "profiles": ["default", "master", "test"],
    "brands": ["example"],
};

/// Returns the names and texts of the built-in files in a folder; empty if there is no such folder.
pub(crate) fn folder(name: &str) -> &'static [(&'static str, &'static str)] {
    FOLDERS.iter().find(|(folder, _)| *folder == name).map_or(&[], |(_, files)| files)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Detects a file that was added to `config/` but not to `FOLDERS`.
    #[test]
    fn every_file_of_the_config_folder_is_built_in() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config");
        for (name, files) in FOLDERS {
            let on_disk = std::fs::read_dir(root.join(name)).expect("folder").count();
            assert_eq!(on_disk, files.len(), "{name}");
        }
    }
}
