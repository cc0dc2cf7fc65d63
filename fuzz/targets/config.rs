//! Fuzzes the parsing of a configuration folder: settings, engines, presets, profiles, brand kits.
//!
//! The first byte selects the file. A rejection names a position in the file; settings that are written as JSON and
//! parsed again are unchanged.

#![no_main]

mod common;

use libfuzzer_sys::{Corpus, fuzz_target};
use pytoon_config::{Config, ConfigError, ConfigSource};
use std::path::PathBuf;
use std::sync::LazyLock;

static BASE: LazyLock<(PathBuf, Config)> = LazyLock::new(|| {
    let folder = common::folder();
    for kind in ["presets", "profiles", "brands"] {
        std::fs::create_dir(folder.join(kind)).expect("a folder");
    }
    let config = Config::load(&ConfigSource::Folder(folder.clone())).expect("the built-in one");
    (folder, config)
});

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some((&which, rest)) = data.split_first() else { return Corpus::Reject };
    let Ok(text) = std::str::from_utf8(rest) else { return Corpus::Reject };
    let (folder, config) = &*BASE;
    let (name, read): (_, &dyn Fn() -> Result<(), ConfigError>) = match which {
        b'd' => {
            ("defaults.yaml", &|| Config::load(&ConfigSource::Folder(folder.clone())).map(|_| ()))
        }
        b'e' => ("engine.yaml", &|| config.reload_engines().map(|_| ())),
        b'p' => ("presets/own.yaml", &|| {
            let preset = config.preset("own")?;
            let written = serde_json::to_value(&preset).expect("plain data");
            let again = serde_json::from_value(written).expect("was read before");
            assert_eq!(preset, again);
            Ok(())
        }),
        b'f' => ("profiles/own.yaml", &|| {
            let profile = config.profile("own")?;
            let written = serde_json::to_value(&profile).expect("plain data");
            let again = serde_json::from_value(written).expect("was read before");
            assert_eq!(profile, again);
            Ok(())
        }),
        b'b' => ("brands/own.yaml", &|| config.brand("own").map(|_| ())),
        _ => return Corpus::Reject,
    };
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    let read = read();
    std::fs::remove_file(&path).expect("removed");
    if let Err(error) = read {
        common::check_place(&error, text);
    }
    Corpus::Keep
});
