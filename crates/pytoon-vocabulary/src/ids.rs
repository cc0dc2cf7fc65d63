//! Types for row ids and engine names. A task's id cannot be passed as a job's.
//!
//! Any text can be used to look up an id (`From`). An id that becomes part of a path is parsed (`FromStr`),
//! which rejects path separators, `.` and `..`.

use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

/// A text that is not a valid id in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidId(String);

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not an id: it is empty, `.` or `..`, or contains a path separator",
            self.0
        )
    }
}

impl std::error::Error for InvalidId {}

macro_rules! ids {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        #[derive(
            Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Returns the id as a string slice.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let names_folder = text.contains(['/', '\\']) || text == ".." || text == ".";
                if text.is_empty() || names_folder {
                    return Err(InvalidId(text.to_owned()));
                }
                Ok(Self(text.to_owned()))
            }
        }

        // The schema of a bare text, without a name of its own.
        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                String::schema_name()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                String::json_schema(generator)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, text: &str) -> bool {
                self.0 == text
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                self.0 == *text
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )+};
}

ids! {
    /// The id of a job.
    JobId;
    /// The id of a task: the id of its job and its own name.
    TaskId;
    /// The id of a scene, unique within its job, such as `scene_01`.
    SceneId;
    /// The id of a paid call. It identifies the call's row in the ledger and the clip file.
    CallId;
    /// The name of an engine as written in the configuration, such as `runway` or `local`.
    EngineName;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_in_a_path_names_no_folder() {
        for text in ["", "..", ".", "a/b", "/", "a\\b"] {
            assert!(text.parse::<JobId>().is_err(), "{text}");
        }
        for text in ["a", "0b7f-11", "job..1", "Straße"] {
            assert_eq!(text.parse::<JobId>().expect("is an id"), text);
        }
    }

    #[test]
    fn an_id_is_written_as_its_text() {
        let id = SceneId::from("scene_01");
        assert_eq!(serde_json::to_value(&id).expect("json"), "scene_01");
        assert_eq!(format!("{id:<10}|"), "scene_01  |");
    }
}
