//! Reads API keys from the environment, from `.env`, or from files that these name.
//!
//! Guarantees: `.env` takes precedence over the environment, which a container retains from its creation, so that a
//! rotated key takes effect after a restart; `NAME_FILE` is read if `NAME` is not set; an empty value is not a key;
//! the form of a key is never validated, since vendors change it. Keys are [`SecretString`]s: their `Debug` output
//! hides them, and they are wiped when dropped.
//!
//! Start with [`Secrets::load`].

use crate::ConfigError;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// The maximum size of a key file, in bytes.
const MAX_KEY_BYTES: u64 = 16 << 10;

/// An API key with the name of its environment variable.
#[derive(Debug, Clone)]
pub struct Key {
    /// The name of the environment variable.
    pub variable: String,
    /// The API key itself.
    pub secret: SecretString,
}

impl Key {
    /// Returns an identifier of this key that does not reveal it: the first eight bytes of its SHA-256, in
    /// hexadecimal.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(self.secret.expose_secret().as_bytes());
        pytoon_vocabulary::hex(&digest[..8])
    }
}

/// The API keys that this process may use.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    /// The contents of `.env`, which take precedence over the environment.
    dotenv: BTreeMap<String, SecretString>,
}

impl Secrets {
    /// Loads the API keys in the `.env` file at a path; returns no keys if there is no such file.
    pub fn load(dotenv: &Path) -> Result<Self, ConfigError> {
        if !dotenv.is_file() {
            return Ok(Self::default());
        }
        let name = dotenv.display().to_string();
        let lines = dotenvy::from_path_iter(dotenv).map_err(|error| {
            ConfigError::file(&name, format!("this file cannot be read: {error}"))
        })?;
        let mut found = BTreeMap::new();
        let mut previous: Option<String> = None;
        for line in lines {
            // The parser's own message repeats the line, which may contain a key.
            let (key, value) = line.map_err(|_| {
                let place = previous.as_ref().map(|name| format!(" after that of `{name}`"));
                let place = place.unwrap_or_default();
                let reason = format!(
                    "a line{place} is not of the form NAME=value; quote values with spaces"
                );
                ConfigError::file(&name, reason)
            })?;
            previous = Some(key.clone());
            found.insert(key, SecretString::from(value));
        }
        Ok(Self { dotenv: found })
    }

    /// Returns the key in the first of these variables that is set; `None` if none is.
    pub fn find(&self, variables: &[String]) -> Result<Option<Key>, ConfigError> {
        for variable in variables {
            if let Some(key) = self.variable(variable)? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// Returns the keys in all of these variables and their `_PREVIOUS` forms. Older keys still fetch the purchases
    /// that they paid for.
    pub fn find_all(&self, variables: &[String]) -> Result<Vec<Key>, ConfigError> {
        let mut keys = Vec::new();
        for variable in variables {
            keys.extend(self.variable(variable)?);
            keys.extend(self.variable(&format!("{variable}_PREVIOUS"))?);
        }
        Ok(keys)
    }

    fn variable(&self, variable: &str) -> Result<Option<Key>, ConfigError> {
        let key = |secret: String| {
            let trimmed = secret.trim();
            (!trimmed.is_empty()).then(|| Key {
                variable: variable.to_owned(),
                secret: SecretString::from(trimmed.to_owned()),
            })
        };
        if let Some(found) = self.lookup(variable).and_then(key) {
            return Ok(Some(found));
        }
        let Some(path) = self.lookup(&format!("{variable}_FILE")).filter(|p| !p.trim().is_empty())
        else {
            return Ok(None);
        };
        let path = Path::new(path.trim());
        let failed = |reason: String| ConfigError::file(format!("{variable}_FILE"), reason);
        let size = std::fs::metadata(path)
            .map_err(|error| failed(format!("failed to read {}: {error}", path.display())))?
            .len();
        if size > MAX_KEY_BYTES {
            return Err(failed(format!(
                "{} has {size} bytes, and a key has at most {MAX_KEY_BYTES}: name the key's file",
                path.display()
            )));
        }
        let text = std::fs::read_to_string(path)
            .map_err(|error| failed(format!("failed to read {}: {error}", path.display())))?;
        Ok(key(text))
    }

    fn lookup(&self, name: &str) -> Option<String> {
        let is_given = |value: &String| !value.trim().is_empty();
        let own = self.dotenv.get(name).map(|value| value.expose_secret().to_owned());
        own.filter(is_given).or_else(|| std::env::var(name).ok().filter(is_given))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn keys_come_from_dotenv_aliases_and_files() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("key.txt");
        std::fs::write(&file, "from-a-file\n").expect("file");
        let dotenv = folder.path().join(".env");
        let text = format!(
            "# keys\nPYTOON_T1=\nPYTOON_T2='quoted key'\nPYTOON_T3_FILE={}\nPYTOON_T2_PREVIOUS=old\n",
            file.display()
        );
        std::fs::write(&dotenv, text).expect("dotenv");
        let secrets = Secrets::load(&dotenv).expect("loads");
        let found = |list: &[&str]| {
            secrets
                .find(&names(list))
                .expect("readable")
                .map(|key| key.secret.expose_secret().to_owned())
        };
        assert_eq!(found(&["PYTOON_T1"]), None);
        assert_eq!(found(&["PYTOON_T1", "PYTOON_T2"]).as_deref(), Some("quoted key"));
        assert_eq!(found(&["PYTOON_T3"]).as_deref(), Some("from-a-file"));
        assert_eq!(secrets.find_all(&names(&["PYTOON_T2"])).expect("all").len(), 2);
        assert!(!format!("{secrets:?}").contains("quoted"));
    }

    #[test]
    fn a_bad_line_is_refused_without_repeating_it() {
        let folder = tempfile::tempdir().expect("folder");
        let dotenv = folder.path().join(".env");
        std::fs::write(&dotenv, "RUNWAY_API_KEY=\"sk-very-secret\n").expect("dotenv");
        let message = Secrets::load(&dotenv).expect_err("refused").to_string();
        assert!(message.contains(".env") && !message.contains("very-secret"), "{message}");
    }
}
