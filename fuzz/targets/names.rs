//! Fuzzes the parsing of small untrusted texts: webhook URLs, vendors' ids in paths, names of stored files, `.env`
//! files, object store URLs.
//!
//! An accepted URL is https, has no credentials and names no private address; an id stays one segment of a path; the
//! `Debug` output of secrets does not contain them.

#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use pytoon_config::secrets::Secrets;
use pytoon_vendor::http::is_public;
use pytoon_vendor::http::public::PublicHttp;
use pytoon_vendor::replies;
use secrecy::ExposeSecret;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::LazyLock;

/// The `Debug` output of a key and of secrets, in which the values are redacted.
const SHOWN: &str =
    r#"Key { variable: "", secret: SecretBox<str>([REDACTED]) } Secrets { dotenv: {} }"#;

static FILE: LazyLock<PathBuf> = LazyLock::new(|| common::folder().join(".env"));

fuzz_target!(|text: &str| {
    if PublicHttp::check(&[], text).is_ok() {
        let url = url::Url::parse(text).expect("was parsed before");
        assert_eq!(url.scheme(), "https");
        assert!(url.username().is_empty() && url.password().is_none());
        let host = url.host_str().expect("it has a host");
        let host = host.trim_start_matches('[').trim_end_matches(']');
        assert!(host.parse::<IpAddr>().is_ok_and(is_public) || host.parse::<IpAddr>().is_err());
    }
    let segment = replies::segment(text);
    assert!(!segment.contains(['/', '?', '#', '\\']) && segment != "." && segment != "..");
    let http = common::service("names");
    let url = http.url(&format!("/tasks/{segment}"));
    assert!(http.is_own_host(&url) && url.path().starts_with("/v1/tasks/"), "{url}");

    std::fs::write(&*FILE, text).expect("written");
    match Secrets::load(&FILE) {
        Ok(secrets) => {
            let names = ["A".to_owned(), "RUNWAY_API_KEY".to_owned()];
            if let Ok(Some(key)) = secrets.find(&names) {
                let told = key.secret.expose_secret();
                assert!(!told.trim().is_empty());
                // A key that occurs twice in the file may be a part of a name, which is not secret; so may one that
                // equals a part of the redacted form.
                let is_word = text.matches(told).count() > 1 || SHOWN.contains(told);
                let shown = format!("{key:?} {secrets:?}");
                assert!(told.len() < 8 || is_word || !shown.contains(told));
            }
        }
        Err(error) => assert!(!error.reason.is_empty()),
    }
});
