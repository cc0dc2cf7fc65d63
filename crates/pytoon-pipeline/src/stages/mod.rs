//! The stages of a render, one file each.

pub(crate) mod budget;
pub(crate) mod colours;
pub(crate) mod engines;
pub(crate) mod finish;
pub(crate) mod look;
pub(crate) mod picture;
pub(crate) mod sound;
pub(crate) mod speech;
pub(crate) mod timeline;
pub(crate) mod transcript;
pub(crate) mod voice;
pub(crate) mod voice_warnings;
