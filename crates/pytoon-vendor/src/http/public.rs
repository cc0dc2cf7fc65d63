//! An HTTP client for URLs from submitters. Except for allowed hosts, it calls only the public internet,
//! whatever redirects or DNS changes occur.

use super::guard::{AllowedHosts, Refusal};
use super::{CONNECT_TIMEOUT, client_builder};
use reqwest::{Client, ClientBuilder, Response};
use std::time::Duration;
use url::{Host, Url};

/// A client that calls public hosts and the private hosts in the configuration.
#[derive(Debug, Clone)]
pub struct PublicHttp {
    allowed: AllowedHosts,
    client: Client,
}

impl PublicHttp {
    /// Creates a client with a timeout for the whole response. Hosts in `allow_hosts` may be private and need no TLS.
    pub fn new(allow_hosts: &[String], timeout: Duration) -> Result<Self, String> {
        let allowed = AllowedHosts::new(allow_hosts.iter().map(String::as_str));
        Self::build(allowed, |client| client.timeout(timeout), timeout)
    }

    /// Creates a client that downloads files. With `may_be_private`, every host may be private and needs no TLS.
    ///
    /// # Errors
    /// Returns an error if the client cannot be built.
    pub fn for_files(may_be_private: bool) -> Result<Self, String> {
        Self::build(AllowedHosts::all(may_be_private), |client| client, CONNECT_TIMEOUT)
    }

    fn build(
        allowed: AllowedHosts,
        limit: impl FnOnce(ClientBuilder) -> ClientBuilder,
        patience: Duration,
    ) -> Result<Self, String> {
        let client = client_builder(&allowed, CONNECT_TIMEOUT.min(patience)).no_proxy();
        let client = limit(client).build().map_err(|error| error.to_string())?;
        Ok(Self { allowed, client })
    }

    /// Requests a URL and returns the response without following redirects.
    ///
    /// # Errors
    /// Returns a [`Refusal`], also if the host name resolves to a private address; `None` if the host does not
    /// respond.
    pub async fn get(&self, url: &Url) -> Result<Response, Option<Refusal>> {
        self.allowed.check_secure(url)?;
        // Resolved here to report the reason; the connection resolves again, with the same check.
        if let Some(Host::Domain(host)) = url.host() {
            self.allowed.resolve(host, 0).await?;
        }
        self.client.get(url.clone()).send().await.map_err(|_| None)
    }

    /// Returns an error with the reason if a URL would be rejected. Host names are resolved at the call, not here.
    pub fn check(allow_hosts: &[String], address: &str) -> Result<(), String> {
        let allowed = AllowedHosts::new(allow_hosts.iter().map(String::as_str));
        parse_checked_url(&allowed, address).map(|_| ())
    }

    /// Posts a body and returns the status of the response, or an error if there is none. Does not read the response
    /// body or follow redirects.
    pub async fn post(
        &self,
        address: &str,
        headers: &[(&str, String)],
        body: String,
    ) -> Result<u16, String> {
        let url = parse_checked_url(&self.allowed, address)?;
        let mut request = self.client.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        // The address may contain a secret: it is in no message.
        let answer = request.send().await.map_err(|error| format_error(&error.without_url()))?;
        Ok(answer.status().as_u16())
    }
}

/// Formats an error and its causes on one line.
fn format_error(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    super::one_line(&text)
}

fn parse_checked_url(allowed: &AllowedHosts, address: &str) -> Result<Url, String> {
    let url = Url::parse(address).map_err(|error| format!("it is not a URL: {error}"))?;
    allowed.check_secure(&url).map_err(|refusal| refusal.to_string())?;
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_spoken_to_and_only_with_tls() {
        let check = |address: &str| PublicHttp::check(&["hooks.local".to_owned()], address);
        assert_eq!(check("https://example.com/hook?k=1"), Ok(()));
        assert_eq!(check("http://hooks.local:9000/"), Ok(()));
        for (address, reason) in [
            ("http://example.com/", "https://"),
            ("https://127.0.0.1/", "private"),
            ("https://[::ffff:10.0.0.1]/", "private"),
            ("https://169.254.169.254/latest", "private"),
            ("https://u:p@example.com/", "password"),
            ("ftp://example.com/", "ftp"),
            ("nonsense", "not a URL"),
        ] {
            let refused = check(address).expect_err(address);
            assert!(refused.contains(reason), "{address}: {refused}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_not_called() {
        let http = PublicHttp::new(&[], Duration::from_secs(5)).expect("a client");
        let refused = http.post("https://localhost:1/x?key=s3cret", &[], String::new()).await;
        let refused = refused.expect_err("refused");
        assert!(refused.contains("private address"), "{refused}");
        assert!(!refused.contains("s3cret"), "{refused}");
    }
}
