//! Clips to disk: bounded in size and time, followed through checked redirects only, hashed on
//! the way, there whole or not at all.

use super::{VendorHttp, innermost};
use crate::{ErrorStatus, Result, VendorError, VendorErrorKind};
use pytoon_process::Shortage;
use reqwest::header::LOCATION;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use url::Url;

/// Bounds of a download.
#[derive(Debug, Clone, Copy)]
pub struct DownloadLimits {
    /// Largest file.
    pub max_bytes: u64,
    /// Longest time in all.
    pub total: Duration,
    /// Longest time without a byte.
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

/// More redirects than any content network needs.
const MAX_REDIRECTS: usize = 4;

impl VendorHttp {
    /// Downloads a file and returns its SHA-256 in hex. The key never goes along.
    pub async fn download(
        &self,
        address: &str,
        to: &Path,
        limits: DownloadLimits,
    ) -> Result<String> {
        let fail = |kind, message| self.not_downloaded(kind, message);
        let work = async {
            let mut url = Url::parse(address).map_err(|_| {
                fail(VendorErrorKind::Protocol, "the clip's address is not a web address".into())
            })?;
            let mut redirects = 0;
            let response = loop {
                if redirects > MAX_REDIRECTS {
                    return Err(fail(VendorErrorKind::Protocol, "too many redirects".into()));
                }
                redirects += 1;
                self.allowed.check(&url).map_err(|refusal| {
                    let reason = refusal.to_string();
                    fail(VendorErrorKind::BadOutput, reason).with_status(ErrorStatus::Permanent)
                })?;
                let asked = self.clients("download the file")?.free.get(url.clone());
                let answer = asked.timeout(limits.total).send();
                let got = tokio::time::timeout(limits.stall, answer)
                    .await
                    .map_err(|_| {
                        let seconds = limits.stall.as_secs_f64();
                        fail(VendorErrorKind::Timeout, format!("no answer within {seconds} s"))
                    })?
                    .map_err(|e| self.broken("download the file", false, &e))?;
                if !got.status().is_redirection() {
                    break got;
                }
                let next = got.headers().get(LOCATION).and_then(|v| v.to_str().ok());
                url = next.and_then(|next| url.join(next).ok()).ok_or_else(|| {
                    fail(VendorErrorKind::Protocol, "a redirect leads nowhere".into())
                })?;
            };
            let status = response.status().as_u16();
            if !response.status().is_success() {
                // An expired address is asked for again by `poll`.
                let kind = match status {
                    401 | 403 | 404 | 410 => VendorErrorKind::Lost,
                    other => Self::kind_of_status(other),
                };
                let error = fail(kind, format!("HTTP {status}"));
                return Err(error.with_status(ErrorStatus::Temporary));
            }
            self.store(response, to, limits).await
        };
        tokio::time::timeout(limits.total, work).await.unwrap_or_else(|_| {
            let seconds = limits.total.as_secs();
            Err(fail(VendorErrorKind::Timeout, format!("it took longer than {seconds} s")))
        })
    }

    fn not_downloaded(&self, kind: VendorErrorKind, message: String) -> VendorError {
        VendorError::new(&self.engine, "download the file", kind, self.redact(&message))
    }

    async fn store(
        &self,
        mut response: reqwest::Response,
        to: &Path,
        limits: DownloadLimits,
    ) -> Result<String> {
        let fail = |kind, message| self.not_downloaded(kind, message);
        let most = limits.max_bytes >> 20;
        let too_large =
            || fail(VendorErrorKind::BadOutput, format!("it is larger than {most} MiB"));
        let expected = response.content_length();
        if expected.is_some_and(|length| length > limits.max_bytes) {
            return Err(too_large());
        }
        let part = &to.with_added_extension("part");
        let disk = |error: std::io::Error| {
            fail(VendorErrorKind::Internal, format!("{}: {error}", to.display()))
                .short_of(Shortage::of(&error))
        };
        let outcome = async {
            let mut file = tokio::fs::File::create(part).await.map_err(disk)?;
            let mut hasher = Sha256::new();
            let mut size = 0u64;
            loop {
                let chunk = tokio::time::timeout(limits.stall, response.chunk()).await;
                let stalled =
                    |_| fail(VendorErrorKind::Timeout, "no byte came for too long".into());
                let chunk = chunk.map_err(stalled)?.map_err(|error| {
                    let cause = innermost(&error);
                    fail(VendorErrorKind::Server, format!("the download broke off ({cause})"))
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
                return Err(fail(VendorErrorKind::Server, "the download broke off".into()));
            }
            // Paid for: it must survive a power cut before the ledger says that it is kept.
            file.sync_all().await.map_err(disk)?;
            tokio::fs::rename(part, to).await.map_err(disk)?;
            Ok(pytoon_vocabulary::hex(&hasher.finalize()))
        }
        .await;
        if outcome.is_err() {
            // The half-written file must not stay; that it cannot be removed changes nothing.
            let _ = tokio::fs::remove_file(part).await;
        }
        outcome
    }
}
