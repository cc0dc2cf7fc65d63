//! Merges the built-in files with a folder that overrides them key by key.

use crate::builtin;
use crate::document::Document;
use crate::engines::{EngineFile, EngineSettings};
use crate::settings::Settings;
use crate::strict::{self, ConfigError};
use pytoon_core::brief::BrandKit;
use pytoon_core::preset::Preset;
use pytoon_core::profile::Profile;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The preset on which the user's own presets are based.
const BASE_PRESET: &str = "product_hero_clean";
/// The profile on which the user's own profiles are based.
const BASE_PROFILE: &str = "default";

/// The folder that contains overrides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigSource {
    /// A folder that must exist, from `--config` or `PYTOON_CONFIG`.
    Folder(PathBuf),
    /// A folder that may exist, such as `./config`.
    Optional(PathBuf),
}

/// The effective configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The settings from `defaults.yaml`.
    pub settings: Settings,
    /// The origin of the settings, for errors that are detected later.
    pub settings_at: Origin,
    /// The settings from `engine.yaml`.
    pub engines: EngineSettings,
    /// The origin of the engine settings, for errors that are detected later.
    pub engines_at: Origin,
    /// The folder that contains overrides, if there is one.
    pub folder: Option<PathBuf>,
}

/// The last configuration file that set a value, and its parsed content, which later errors need for their positions.
#[derive(Debug, Clone)]
pub struct Origin {
    file: String,
    document: Document,
}

impl Origin {
    /// Creates an error at a field of the file.
    pub fn error(&self, field: &str, reason: impl Into<String>) -> ConfigError {
        ConfigError::field(&self.file, &self.document, field, reason)
    }
}

/// An entry in the list of presets.
#[derive(Debug, Clone)]
pub struct PresetInfo {
    /// The name of the preset.
    pub name: String,
    /// The settings of the preset.
    pub preset: Preset,
}

impl Config {
    /// Loads the built-in configuration with the overrides in a folder, and checks its values.
    pub fn load(source: &ConfigSource) -> Result<Self, ConfigError> {
        let folder = match source {
            ConfigSource::Folder(folder) if !folder.is_dir() => {
                return Err(ConfigError::file(
                    folder.display().to_string(),
                    "there is no such configuration folder",
                ));
            }
            ConfigSource::Folder(folder) => Some(folder.clone()),
            ConfigSource::Optional(folder) => folder.is_dir().then(|| folder.clone()),
        };
        let settings: Loaded<Settings> =
            load_file(folder.as_deref(), "defaults.yaml", builtin::DEFAULTS)?;
        settings.check(settings.value.problem())?;
        let settings_at = Origin { file: settings.file, document: settings.document };
        if let Some((field, reason, wrong)) = settings.value.tts.problem() {
            let error = settings_at.error(&field, reason);
            return Err(match wrong {
                Some(wrong) => {
                    let names = settings.value.tts.names();
                    error.suggest(&wrong, names.iter().map(String::as_str))
                }
                None => error,
            });
        }
        let engines = Self::load_engines(folder.as_deref())?;
        let config = Self {
            settings: settings.value,
            settings_at,
            engines: engines.0,
            engines_at: engines.1,
            folder,
        };
        config.preset(&config.settings.default_preset)?;
        config.profile(&config.settings.default_profile)?;
        Ok(config)
    }

    /// Loads `engine.yaml` again, so that changes apply while the process runs.
    pub fn reload_engines(&self) -> Result<(EngineSettings, Origin), ConfigError> {
        Self::load_engines(self.folder.as_deref())
    }

    fn load_engines(folder: Option<&Path>) -> Result<(EngineSettings, Origin), ConfigError> {
        let loaded: Loaded<EngineFile> =
            load_file(folder, "engine.yaml", builtin::ENGINE).map_err(explain_new_engine)?;
        let settings = loaded.value.v2;
        let at = Origin { file: loaded.file, document: loaded.document };
        match settings.problem() {
            Some((field, reason, wrong)) => {
                let error = at.error(&field, reason);
                Err(match wrong {
                    Some(wrong) => error.suggest(&wrong, settings.engines.names()),
                    None => error,
                })
            }
            None => Ok((settings, at)),
        }
    }

    /// Loads a preset by name. A missing field comes from the built-in preset of that name, or else from the base
    /// preset.
    pub fn preset(&self, name: &str) -> Result<Preset, ConfigError> {
        let loaded: Loaded<Preset> =
            self.load_named("presets", name, Some(BASE_PRESET), "preset")?;
        loaded.check(loaded.value.problem())?;
        Ok(loaded.value)
    }

    /// Loads a profile by name. A missing field comes from the built-in profile of that name, or else from the base
    /// profile.
    pub fn profile(&self, name: &str) -> Result<Profile, ConfigError> {
        let loaded: Loaded<Profile> =
            self.load_named("profiles", name, Some(BASE_PROFILE), "profile")?;
        loaded.check(loaded.value.problem())?;
        Ok(loaded.value)
    }

    /// Loads a brand kit by name, with the folder to which its paths are relative; `None` without a configuration
    /// folder.
    pub fn brand(&self, name: &str) -> Result<(BrandKit, Option<PathBuf>), ConfigError> {
        let loaded: Loaded<BrandKit> = self.load_named("brands", name, None, "brand kit")?;
        Ok((loaded.value, self.folder.as_ref().map(|folder| folder.join("brands"))))
    }

    /// Returns the error message for an unknown engine, or `None` if the engine is known.
    pub fn unknown_engine(&self, name: &str) -> Option<String> {
        let known: Vec<&str> = self.engines.engines.names().collect();
        (!known.contains(&name)).then(|| {
            let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("there is no engine `{name}`; there are {}", list.join(", "))
        })
    }

    /// Returns the names of all files of a kind: `presets`, `profiles` or `brands`.
    pub fn names(&self, kind: &str) -> Vec<String> {
        let mut names: Vec<String> =
            builtin::folder(kind).iter().map(|(name, _)| (*name).to_owned()).collect();
        if let Some(folder) = &self.folder
            && let Ok(entries) = std::fs::read_dir(folder.join(kind))
        {
            let mut own: Vec<String> = entries
                .flatten()
                .filter_map(|entry| {
                    let name = entry.file_name().into_string().ok()?;
                    name.strip_suffix(".yaml").map(str::to_owned)
                })
                .filter(|name| !names.contains(name))
                .collect();
            own.sort();
            names.extend(own);
        }
        names
    }

    /// Loads every preset.
    pub fn presets(&self) -> Result<Vec<PresetInfo>, ConfigError> {
        let load = |name: String| self.preset(&name).map(|preset| PresetInfo { name, preset });
        self.names("presets").into_iter().map(load).collect()
    }

    fn load_named<T: DeserializeOwned>(
        &self,
        kind: &str,
        name: &str,
        base: Option<&str>,
        what: &str,
    ) -> Result<Loaded<T>, ConfigError> {
        let names = self.names(kind);
        if !names.iter().any(|known| known == name) {
            let list = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            return Err(ConfigError::file(
                kind,
                format!("there is no {what} `{name}`; there are {list}"),
            )
            .suggest(name, names.iter().map(String::as_str)));
        }
        let builtin_text = |name: &str| {
            builtin::folder(kind).iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
        };
        let base_text = builtin_text(name).or_else(|| builtin_text(base?)).unwrap_or("{}");
        load_file(self.folder.as_deref(), &format!("{kind}/{name}.yaml"), base_text)
    }
}

/// A loaded value, with the last file that set it.
struct Loaded<T> {
    value: T,
    file: String,
    document: Document,
}

impl<T> Loaded<T> {
    fn check(&self, problem: Option<(&'static str, String)>) -> Result<(), ConfigError> {
        match problem {
            Some((field, reason)) => {
                Err(ConfigError::field(&self.file, &self.document, field, reason))
            }
            None => Ok(()),
        }
    }
}

fn load_file<T: DeserializeOwned>(
    folder: Option<&Path>,
    name: &str,
    builtin_text: &str,
) -> Result<Loaded<T>, ConfigError> {
    let builtin_name = format!("built-in {name}");
    let base = strict::parse(&builtin_name, builtin_text)?;
    let path = folder.map(|folder| folder.join(name));
    let Some(path) = path.filter(|path| path.exists()) else {
        let value = strict::read(&builtin_name, &base, &base.value)?;
        return Ok(Loaded { value, file: builtin_name, document: base });
    };
    let file = path.display().to_string();
    let text = std::fs::read_to_string(&path)
        .map_err(|error| ConfigError::file(&file, format!("this file cannot be read: {error}")))?;
    let over = strict::parse(&file, &text)?;
    let mut merged = base.value;
    merge(&mut merged, &over.value);
    let value = strict::read(&file, &over, &merged)?;
    Ok(Loaded { value, file, document: over })
}

/// Replaces the error for a mistyped engine name, which otherwise looks like a new engine without a URL.
fn explain_new_engine(error: ConfigError) -> ConfigError {
    let name = error.field.strip_prefix("v2.engines.").filter(|n| !n.contains('.'));
    let (Some(name), true) = (name.map(str::to_owned), error.reason.contains("`base_url`")) else {
        return error;
    };
    let known = strict::parse("built-in engine.yaml", builtin::ENGINE)
        .ok()
        .and_then(|doc| doc.value.pointer("/v2/engines").and_then(Value::as_object).cloned())
        .unwrap_or_default();
    let reason = format!(
        "`{name}` is not a built-in engine: add its `kind` and `base_url`, or correct the name"
    );
    ConfigError { reason, ..error }.suggest(&name, known.keys().map(String::as_str))
}

/// Merges mappings key by key; any other value is replaced.
fn merge(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns a generator of values as they occur in YAML: nested mappings with few different names, so that two
    /// values share some.
    fn values() -> impl Strategy<Value = Value> {
        let plain = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z]{0,3}".prop_map(Value::from),
            proptest::collection::vec(any::<u8>(), 0..3).prop_map(Value::from),
        ];
        plain.prop_recursive(3, 24, 4, |inner| {
            let fields = proptest::collection::btree_map("[a-d]", inner, 0..4);
            fields.prop_map(|fields| fields.into_iter().collect::<Value>())
        })
    }

    fn merged(base: &Value, over: &Value) -> Value {
        let mut merged_value = base.clone();
        merge(&mut merged_value, over);
        merged_value
    }

    /// Asserts that a merged value contains everything in `over`, and otherwise what `base` contains.
    fn assert_merged(base: Option<&Value>, over: Option<&Value>, merged: &Value) {
        match (base, over) {
            (_, Some(Value::Object(over))) if merged.is_object() => {
                let base = base.and_then(Value::as_object);
                let base_keys = base.into_iter().flat_map(|base| base.keys());
                for key in base_keys.chain(over.keys()) {
                    let base = base.and_then(|base| base.get(key));
                    assert_merged(base, over.get(key), &merged[key]);
                }
            }
            (_, Some(over)) => assert_eq!(merged, over),
            (base, None) => assert_eq!(Some(merged), base),
        }
    }

    proptest! {
        #[test]
        fn what_is_overridden_changes_and_the_rest_stays(base in values(), over in values()) {
            let both = merged(&base, &over);
            assert_merged(Some(&base), Some(&over), &both);
            // Twice is once, and an empty mapping changes nothing of a mapping.
            prop_assert_eq!(merged(&both, &over), both.clone());
            if both.is_object() {
                prop_assert_eq!(merged(&both, &serde_json::json!({})), both);
            }
        }
    }

    fn with(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Config, ConfigError>) {
        let folder = tempfile::tempdir().expect("folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            std::fs::write(path, text).expect("file");
        }
        let config = Config::load(&ConfigSource::Folder(folder.path().into()));
        (folder, config)
    }

    #[test]
    fn the_built_in_configuration_is_valid() {
        let config = Config::load(&ConfigSource::Optional("/nowhere".into())).expect("loads");
        assert!(config.presets().expect("presets").len() >= 6);
        for profile in config.names("profiles") {
            config.profile(&profile).expect("profile");
        }
        assert_eq!(config.profile("test").expect("test").width, 270);
    }

    #[test]
    fn one_key_can_be_changed_and_the_rest_stays() {
        let (_folder, config) = with(&[
            ("defaults.yaml", "mix:\n  duck:\n    gain_db: -9\n"),
            ("presets/mine.yaml", "captions: {look: pop}\n"),
        ]);
        let config = config.expect("loads");
        assert_eq!(config.settings.mix.duck.gain_db, -9.0);
        assert_eq!(config.settings.mix.duck.ramp_up_ms, 700);
        assert_eq!(config.preset("mine").expect("mine").captions.look.as_str(), "pop");
    }

    #[test]
    fn bad_files_are_refused_with_file_line_key_and_nearest_name() {
        for (file, text, parts) in [
            (
                "defaults.yaml",
                "mix:\n  target_luffs: -14\n",
                &[":2:3:", "mix.target_luffs", "`target_lufs`?"][..],
            ),
            (
                "defaults.yaml",
                "mix:\n  target_lufs: loud\n",
                &[":2:3:", "mix.target_lufs", "number"][..],
            ),
            ("defaults.yaml", "mix:\n  target_lufs: 3\n", &[":2:3:", "not between"][..]),
            (
                "defaults.yaml",
                "default_preset: product_hero\n",
                &["no preset", "`product_hero_clean`?"][..],
            ),
            ("engine.yaml", "v2:\n  engines:\n    lokal: {}\n", &[":3:5:", "`local`?"][..]),
        ] {
            let (_folder, config) = with(&[(file, text)]);
            let message = config.expect_err(text).to_string();
            for part in parts {
                assert!(message.contains(part), "{message} lacks {part}");
            }
        }
    }
}
