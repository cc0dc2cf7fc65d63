//! The files of the studio page, as `studio/build.mjs` writes them.
//!
//! Guarantees: the files are in the binary, each plain and as gzip; names other than `index.html` contain a hash of
//! the content, so that a cache may keep them for ever. A build without Node has no files, and [`file`] finds none.
//!
//! Leaves headers and routes to `pytoon-api`.

/// A file of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// The name of the file, such as `app-0123456789ab.js`.
    pub name: &'static str,
    /// The content.
    pub plain: &'static [u8],
    /// The content as gzip; `None` if it has no such form.
    pub packed: Option<&'static [u8]>,
}

/// The files of the page; empty if the page was not built.
pub const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// Returns the file with the given name; `None` if there is none.
pub fn file(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == name)
}

/// Returns the media type of a file, by the ending of its name.
pub fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
