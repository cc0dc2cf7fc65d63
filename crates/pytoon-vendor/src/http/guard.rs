//! Restricts calls to public addresses and to the hosts in the engine's own configuration. A vendor's reply, or a
//! redirect in it, never leads into a private network.
//!
//! The check is part of connecting. Names are resolved here and the resolved addresses are checked, so that a name
//! cannot change between the check and the call.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use url::{Host, Url};

/// The reason for rejecting a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The scheme is not HTTP.
    #[error("`{0}:` URLs are not supported: use https")]
    Scheme(String),
    /// The URL does not use TLS, and its host is not exempt.
    #[error("the URL does not begin with https://")]
    NotSecure,
    /// The URL contains a user name or a password.
    #[error("the URL contains a user name or password: remove it")]
    Password,
    /// The URL has no host.
    #[error("the URL has no host")]
    NoHost,
    /// The host is a private IP address.
    #[error("the private address {0} is not allowed: if it is yours, name it in allow_hosts")]
    Private(String),
    /// The host name has no address.
    #[error("the host `{0}` was not found: check its name")]
    Unknown(String),
    /// The host name resolves to a private address.
    #[error("the host `{0}` has a private address: if it is yours, name it in allow_hosts")]
    LeadsInside(String),
}

/// The hosts that may be private and need no TLS: the configured ones, or all hosts.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllowedHosts {
    named: Arc<BTreeSet<String>>,
    all: bool,
}

impl AllowedHosts {
    pub(crate) fn new<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Self {
        let named = hosts.into_iter().map(str::to_lowercase).collect();
        Self { named: Arc::new(named), all: false }
    }

    /// If `all`, allows every host to be private and without TLS; otherwise allows none.
    pub(crate) fn all(all: bool) -> Self {
        Self { all, ..Self::default() }
    }

    pub(crate) fn has(&self, host: &str) -> bool {
        self.all || self.named.contains(&host.to_lowercase())
    }

    /// Returns an error if a URL must not be called: it does not use HTTP, contains credentials, has no host, or
    /// names a private address that is not allowed. Host names are resolved later, at the call.
    pub(crate) fn check(&self, url: &Url) -> Result<(), Refusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::Password);
        }
        let host = url.host_str().ok_or(Refusal::NoHost)?;
        match literal(url) {
            Some(ip) if !is_public(ip) && !self.has(host) => Err(Refusal::Private(host.to_owned())),
            _ => Ok(()),
        }
    }

    /// Returns an error as [`Self::check`] does, and also if the URL uses `http` and its host is not allowed.
    pub(crate) fn check_secure(&self, url: &Url) -> Result<(), Refusal> {
        let host = url.host_str().unwrap_or_default();
        if url.scheme() == "http" && !self.has(host) {
            return Err(Refusal::NotSecure);
        }
        self.check(url)
    }

    /// Resolves a host name. Returns an error if any address is private and the host is not allowed: a private
    /// address among public ones is an attack.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Refusal> {
        let found = tokio::net::lookup_host((host, port)).await;
        let found: Vec<SocketAddr> = found.into_iter().flatten().collect();
        if found.is_empty() {
            return Err(Refusal::Unknown(host.to_owned()));
        }
        if !self.has(host) && found.iter().any(|place| !is_public(place.ip())) {
            return Err(Refusal::LeadsInside(host.to_owned()));
        }
        Ok(found)
    }
}

/// Returns the host of a URL if it is a literal IP address, and `None` for a name.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
        Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
        Host::Domain(_) => None,
    }
}

impl Resolve for AllowedHosts {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = guard.resolve(name.as_str(), 0).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Returns true if an address is on the public internet (IANA special-purpose registries, RFC 6890).
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_unspecified()
        || a == 0
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.is_documentation()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        // 6to4 relays, which can lead anywhere.
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(v4) = ip.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let s = ip.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    // NAT64 and 6to4 embed an IPv4 address. NAT64 of a local network (64:ff9b:1::/48) is private.
    if s[0] == 0x64 && s[1] == 0xff9b && s[2..6] == [0; 4] {
        return is_public_v4(embedded(s[6], s[7]));
    }
    if s[0] == 0x2002 {
        return is_public_v4(embedded(s[1], s[2]));
    }
    // Only 2000::/3 is assigned to the internet, except protocols (2001::/23, with Teredo) and documentation.
    (s[0] & 0xe000) == 0x2000
        && !(s[0] == 0x2001 && s[1] < 0x0200)
        && !(s[0] == 0x2001 && s[1] == 0xdb8)
        && !(s[0] == 0x3fff && s[1] < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_distinguished_from_public_ones() {
        for (text, expected) in [
            ("8.8.8.8", true),
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::1", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:8.8.8.8", true),
            ("64:ff9b::7f00:1", false),
            ("64:ff9b::808:808", true),
            ("64:ff9b:1::808:808", false),
            ("::127.0.0.1", false),
            ("2001:0:7f00:1::", false),
            ("ff02::1", false),
            ("100::1", false),
            ("192.88.99.1", false),
            ("2002:7f00:1::", false),
            ("2606:4700:4700::1111", true),
        ] {
            assert_eq!(is_public(text.parse().expect("address")), expected, "{text}");
        }
    }

    #[test]
    fn only_named_hosts_may_be_private() {
        let allowed = AllowedHosts::new(["127.0.0.1", "gpu.local"]);
        let check = |text: &str| allowed.check(&Url::parse(text).expect("url"));
        assert!(check("http://127.0.0.1:8188/prompt").is_ok());
        assert!(check("https://example.com/x").is_ok());
        for bad in [
            "http://169.254.169.254/latest",
            "http://[::1]/",
            "http://127.0.0.2/",
            "http://2130706433/",
            "file:///etc/passwd",
            "http://user:pw@example.com/",
        ] {
            assert!(
                AllowedHosts::default().check(&Url::parse(bad).expect("url")).is_err(),
                "{bad}"
            );
        }
    }
}
