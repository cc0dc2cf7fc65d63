//! Code shared by several targets, and an allocator that refuses large allocations.

#![allow(dead_code, reason = "each target takes a part of it")]

use pytoon_config::ConfigError;
use pytoon_vendor::http::{Address, Reply, VendorHttp};
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::SecretString;
use std::alloc::{GlobalAlloc, Layout, System};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Maximum size of one allocation, in bytes. The inputs are at most a few MiB, so a larger allocation means that an
/// announced size was trusted.
static MOST: AtomicUsize = AtomicUsize::new(64 << 20);

/// Raises the allocation limit for a dependency with a limit of its own.
pub fn allow_mib(mib: usize) {
    MOST.store(mib << 20, Ordering::Relaxed);
}

fn is_too_much(size: usize) -> bool {
    size > MOST.load(Ordering::Relaxed)
}

struct Bounded;

// SAFETY: the system's allocator does the work; a null pointer means that there is no memory.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_too_much(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_too_much(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: as the caller promised.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_too_much(size) {
            return std::ptr::null_mut();
        }
        // SAFETY: as the caller promised.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(old, layout) }
    }
}

#[global_allocator]
static BOUNDED: Bounded = Bounded;

/// The API key of every service in fuzzing. A service that echoes it must not get it into a message.
pub const KEY: &str = "k3y-0123456789abcdef-zyxwvutsrq";

/// Asserts that a rejection has a reason and that its position lies in the text.
pub fn check_place(error: &ConfigError, text: &str) {
    assert!(!error.reason.is_empty(), "a refusal without a reason");
    let Some(place) = error.place else { return };
    // YAML 1.2 ends lines with CR, LF or both.
    let ends = text.bytes().filter(|byte| matches!(byte, b'\r' | b'\n')).count();
    assert!((1..=ends + 2).contains(&place.line), "{error}: there is no such line");
    assert!((1..=text.len() + 2).contains(&place.column), "{error}: there is no such column");
}

/// Asserts that a message does not contain the API key.
pub fn check_secret(text: &str) {
    assert!(!text.contains(KEY), "the key is told: {text}");
}

/// Creates a folder for this process alone, and returns its path. The folder is never removed.
pub fn folder() -> PathBuf {
    tempfile::Builder::new().prefix("pytoon-fuzz").tempdir().expect("a folder").keep()
}

/// Sets `PATH` so that no external program is found. A fuzz target must not start programs.
pub fn without_programs() {
    // SAFETY: called first, while there is one thread.
    unsafe { std::env::set_var("PATH", "/nonexistent") };
}

/// Returns an HTTP client for a vendor, to be used with scripted responses.
pub fn service(name: &str) -> VendorHttp {
    let address =
        Address { base_url: "https://vendor.test/v1", allow_hosts: &[], request_timeout_ms: 1000 };
    VendorHttp::new(name, address, Some(SecretString::from(KEY.to_owned()))).expect("an address")
}

/// Parses scripted responses from the input. Each begins with a line that contains its status and optionally the
/// value of `Retry-After`; a line `%%` ends it.
pub fn replies(data: &[u8]) -> Vec<Reply> {
    let mut replies = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let end = find(rest, b"\n%%\n");
        let (one, more) = end.map_or((rest, &[][..]), |at| (&rest[..at], &rest[at + 4..]));
        replies.push(reply(one));
        rest = more;
    }
    replies
}

/// Parses one scripted response.
pub fn reply(data: &[u8]) -> Reply {
    let (line, body) =
        find(data, b"\n").map_or((data, &[][..]), |at| (&data[..at], &data[at + 1..]));
    let line = String::from_utf8_lossy(line);
    let (status, retry) = line.split_once(' ').unwrap_or((line.as_ref(), ""));
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(retry) {
        headers.insert("retry-after", value);
    }
    Reply { status: status.parse().unwrap_or(200), headers, body: body.to_vec() }
}

/// Returns the position of one byte sequence in another; `None` if it is absent.
pub fn find(data: &[u8], what: &[u8]) -> Option<usize> {
    data.windows(what.len()).position(|window| window == what)
}
