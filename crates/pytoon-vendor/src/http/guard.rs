//! Which addresses may be spoken to: public ones, and the hosts that the engine's own
//! configuration names. A vendor's reply, or a redirect in it, never leads into our own network.
//!
//! The check is made where the connection is: names are resolved here, and what they resolve to
//! is looked at, so that a name cannot change its mind between check and call.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use url::{Host, Url};

/// The hosts that an engine's configuration names.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllowedHosts(Arc<BTreeSet<String>>);

impl AllowedHosts {
    pub(crate) fn new<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Self {
        Self(Arc::new(hosts.into_iter().map(str::to_lowercase).collect()))
    }

    pub(crate) fn has(&self, host: &str) -> bool {
        self.0.contains(&host.to_lowercase())
    }

    /// Refuses an address that must not be called, with the reason.
    pub(crate) fn check(&self, url: &Url) -> Result<(), String> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("{}: addresses are not followed", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("an address with a password in it is not followed".to_owned());
        }
        let Some(host) = url.host_str() else { return Err("the address has no host".to_owned()) };
        if self.has(host) {
            return Ok(());
        }
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            _ => None,
        };
        match literal {
            Some(ip) if !is_public(ip) => Err(refusal(host)),
            _ => Ok(()),
        }
    }
}

fn refusal(host: &str) -> String {
    format!("{host} is a private address and is not called (name it in allow_hosts if it is yours)")
}

impl Resolve for AllowedHosts {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.has(name.as_str());
        let host = name.as_str().to_owned();
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let usable: Vec<SocketAddr> =
                found.iter().copied().filter(|addr| allowed || is_public(addr.ip())).collect();
            if usable.is_empty() && !found.is_empty() {
                return Err(refusal(&host).into());
            }
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is on the public internet (IANA special-purpose registries, RFC 6890).
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
        // Relays of 6to4, which lead anywhere.
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
    // NAT64 and 6to4 carry an IPv4 address inside. NAT64 of one's own network (64:ff9b:1::/48) is private.
    if s[0] == 0x64 && s[1] == 0xff9b && s[2..6] == [0; 4] {
        return is_public_v4(embedded(s[6], s[7]));
    }
    if s[0] == 0x2002 {
        return is_public_v4(embedded(s[1], s[2]));
    }
    // Only 2000::/3 is given out to the internet; of it, protocols (2001::/23, with Teredo) and
    // documentation are not.
    (s[0] & 0xe000) == 0x2000
        && !(s[0] == 0x2001 && s[1] < 0x0200)
        && !(s[0] == 0x2001 && s[1] == 0xdb8)
        && !(s[0] == 0x3fff && s[1] < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_told_from_public_ones() {
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
