//! Downloads clips to disk. Downloads are bounded in size and time, follow only checked redirects, are hashed while
//! they arrive, and leave a complete file or none.

use super::{VendorHttp, innermost};
use crate::{ErrorStatus, Result, VendorError, VendorErrorKind as K};
use pytoon_process::Shortage;
use reqwest::header::LOCATION;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use url::Url;

/// The limits of a download.
#[derive(Debug, Clone, Copy)]
pub struct DownloadLimits {
    /// Maximum size of the file, in bytes.
    pub max_bytes: u64,
    /// Maximum total time of the download.
    pub total: Duration,
    /// Maximum time without a received byte.
    pub stall: Duration,
}

impl Default for DownloadLimits {
    fn default() -> Self {
        Self {
            max_bytes: 512 << 20,
            total: Duration::from_secs(300),
            stall: Duration::from_secs(20),
        }
    }
}

/// The operation of a download, as a phrase that completes "failed to …".
const DOWNLOAD: &str = "download the file";
/// Maximum number of redirects.
const MAX_REDIRECTS: usize = 4;

impl VendorHttp {
    /// Downloads a file and returns its SHA-256 in hexadecimal. The API key is never sent.
    pub async fn download(
        &self,
        address: &str,
        to: &Path,
        limits: DownloadLimits,
    ) -> Result<String> {
        let fail = |kind, message: &str| self.not_downloaded(kind, message);
        let work = async {
            let response = self.follow_redirects(address, limits).await?;
            let status = response.status().as_u16();
            if !response.status().is_success() {
                // `poll` returns a fresh address for an expired one.
                let kind = match status {
                    401 | 403 | 404 | 410 => K::Lost,
                    other => Self::kind_of_status(other),
                };
                let error = fail(kind, &format!("HTTP {status}"));
                return Err(error.with_status(ErrorStatus::Temporary));
            }
            self.store(response, to, limits).await
        };
        let late = format!("the download took longer than {} s", limits.total.as_secs());
        let done = tokio::time::timeout(limits.total, work).await;
        done.unwrap_or_else(|_| Err(fail(K::Timeout, &late)))
    }

    /// Requests a URL and follows at most `MAX_REDIRECTS` redirects, each checked, to the final response.
    async fn follow_redirects(
        &self,
        address: &str,
        limits: DownloadLimits,
    ) -> Result<reqwest::Response> {
        let fail = |kind, message: &str| self.not_downloaded(kind, message);
        let no_url = |_| fail(K::Protocol, "the address that the vendor returned is not a URL");
        let mut url = Url::parse(address).map_err(no_url)?;
        for _ in 0..=MAX_REDIRECTS {
            self.allowed.check(&url).map_err(|refusal| {
                let error = fail(K::BadOutput, &refusal.to_string());
                error.with_status(ErrorStatus::Permanent)
            })?;
            let asked = self.clients(DOWNLOAD)?.free.get(url.clone()).timeout(limits.total);
            let late = format!("no reply within {} s", limits.stall.as_secs_f64());
            let got = tokio::time::timeout(limits.stall, asked.send()).await;
            let got = got.map_err(|_| fail(K::Timeout, &late))?;
            let got = got.map_err(|error| self.connection_error(DOWNLOAD, false, &error))?;
            if !got.status().is_redirection() {
                return Ok(got);
            }
            let next = got.headers().get(LOCATION).and_then(|v| v.to_str().ok());
            let next = next.and_then(|next| url.join(next).ok());
            url = next.ok_or_else(|| fail(K::Protocol, "a redirect has no target"))?;
        }
        Err(fail(K::Protocol, &format!("more than {MAX_REDIRECTS} redirects")))
    }

    fn not_downloaded(&self, kind: K, message: &str) -> VendorError {
        VendorError::new(&self.engine, DOWNLOAD, kind, self.redact(message))
    }

    async fn store(
        &self,
        mut response: reqwest::Response,
        to: &Path,
        limits: DownloadLimits,
    ) -> Result<String> {
        let fail = |kind, message: &str| self.not_downloaded(kind, message);
        let most = limits.max_bytes >> 20;
        let too_large = || fail(K::BadOutput, &format!("the file is larger than {most} MiB"));
        let expected = response.content_length();
        if expected.is_some_and(|length| length > limits.max_bytes) {
            return Err(too_large());
        }
        let part = &to.with_added_extension("part");
        let disk = |error: std::io::Error| {
            fail(K::Internal, &format!("{}: {error}", to.display())).short_of(Shortage::of(&error))
        };
        let outcome = async {
            let mut file = tokio::fs::File::create(part).await.map_err(disk)?;
            let mut hasher = Sha256::new();
            let mut size = 0u64;
            loop {
                let chunk = tokio::time::timeout(limits.stall, response.chunk()).await;
                let late = || format!("no data arrived for {} s", limits.stall.as_secs_f64());
                let chunk = chunk.map_err(|_| fail(K::Timeout, &late()))?;
                let chunk = chunk.map_err(|error| {
                    fail(
                        K::Server,
                        &format!("the download was interrupted ({})", innermost(&error)),
                    )
                })?;
                let Some(chunk) = chunk else { break };
                size += chunk.len() as u64;
                if size > limits.max_bytes {
                    return Err(too_large());
                }
                hasher.update(&chunk);
                file.write_all(&chunk).await.map_err(disk)?;
            }
            if expected.is_some_and(|length| length != size) {
                return Err(fail(
                    K::Server,
                    &format!("the download ended early, after {size} bytes"),
                ));
            }
            // It is paid for: it must survive a power cut before the ledger records it as kept.
            file.sync_all().await.map_err(disk)?;
            tokio::fs::rename(part, to).await.map_err(disk)?;
            Ok(pytoon_vocabulary::hex(&hasher.finalize()))
        }
        .await;
        if outcome.is_err() {
            // The partial file must not stay; a failure to remove it changes nothing.
            let _ = tokio::fs::remove_file(part).await;
        }
        outcome
    }
}
