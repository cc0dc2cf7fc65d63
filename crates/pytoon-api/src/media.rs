//! The files that a brief names: found in allowed folders, among uploads, or fetched from https
//! addresses.
//!
//! An address is fetched by this process, which stands inside of a network that the caller must not
//! see. So each host is resolved here, every address that it resolves to has to be a public one,
//! and the connection is made to these addresses and no others: a name that changes its mind
//! between check and call gains nothing. Redirects are followed by hand, each checked like the
//! first.

use crate::Api;
use crate::auth::Caller;
use crate::extract::is_id;
use crate::incoming::{Receiver, Refused, keep};
use crate::problem::Problem;
use pytoon_config::names::{self, Found};
use pytoon_core::brief::Brief;
use pytoon_records::job::files::{ASSET_MARK, Uploaded};
use pytoon_vendor::http::is_public;
use reqwest::header::LOCATION;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::{Host, Url};

/// More redirects than any content network needs.
const MAX_REDIRECTS: usize = 4;
/// A host that does not answer is given up after this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Finds every file of a brief, for this caller.
pub(crate) async fn find_files(
    api: &Api,
    caller: &Caller,
    brief: &mut Brief,
) -> Result<(), Problem> {
    for (field, path) in brief.files_mut() {
        if path.starts_with("https://") || path.starts_with("http://") {
            let id = fetch(api, caller, path).await.map_err(|refused| refused.at(&field))?;
            *path = format!("{ASSET_MARK}{id}");
        }
        if let Some(id) = path.strip_prefix(ASSET_MARK) {
            let asset = match is_id(id) {
                true => api.files.asset_use(id, caller.sees()).await?,
                false => None,
            };
            let Some(asset) = asset else {
                let detail = format!("there is no uploaded file `{id}`; POST /api/v2/assets first");
                return Err(Problem::field(&field, detail));
            };
            if let Some(reason) = misplaced(&field, &asset.media_type) {
                return Err(Problem::field(&field, reason));
            }
        } else {
            let folders = &api.config.settings.assets.allowed_dirs;
            let found = found(folders, path).map_err(|reason| Problem::field(&field, reason))?;
            *path = found.display().to_string();
        }
    }
    Ok(())
}

/// Returns why a file of this media type is of no use in a field; `None` where it may be.
fn misplaced(field: &str, media_type: &str) -> Option<String> {
    let is_sound = media_type.starts_with("audio/");
    let is_picture = media_type.starts_with("image/");
    let wanted = match field {
        "voice_file" | "music_source" if is_picture => "a sound",
        "voice_file" | "music_source" => return None,
        "brand.font" => "a font",
        field if field.starts_with("brand.") || field.starts_with("overlays[") => {
            if is_picture {
                return None;
            }
            "a picture"
        }
        _ if is_sound => "a picture or a clip",
        _ => return None,
    };
    Some(format!("this is {media_type}, and {wanted} is wanted here"))
}

/// A file of one of the allowed folders, whatever links lead there.
fn found(folders: &[String], name: &str) -> Result<PathBuf, String> {
    if folders.is_empty() {
        return Err(
            "name an uploaded file (`asset:…`) or an https address; files of the server can \
                    be named once assets.allowed_dirs names their folders"
                .to_owned(),
        );
    }
    for folder in folders {
        let Ok(folder) = Path::new(folder).canonicalize() else { continue };
        let Found::Here(full) = names::find(&folder.join(name)) else { continue };
        let Ok(full) = full.canonicalize() else { continue };
        if full.starts_with(&folder) && full.is_file() {
            return Ok(full);
        }
    }
    // Where a file lies elsewhere is nobody's business.
    Err(format!("there is no file `{name}` in the folders of assets.allowed_dirs"))
}

/// Fetches an address into an asset of the caller's; its id.
async fn fetch(api: &Api, caller: &Caller, address: &str) -> Result<String, Refused> {
    let seconds = api.config.settings.assets.fetch_seconds;
    let fetched =
        tokio::time::timeout(Duration::from_secs(seconds), download(api, caller, address)).await;
    let received = fetched.unwrap_or_else(|_| {
        Err(Refused::Kind(format!("it did not come within {seconds} s (assets.fetch_seconds)")))
    })?;
    match keep(api, caller, received).await? {
        Uploaded::New(row) | Uploaded::Known(row) => Ok(row.id),
    }
}

async fn download(
    api: &Api,
    caller: &Caller,
    address: &str,
) -> Result<crate::incoming::Received, Refused> {
    let refuse = |reason: &str| Refused::Kind(reason.to_owned());
    let mut receiver = Receiver::begin(api, caller).await?;
    let mut url = Url::parse(address).map_err(|_| refuse("it is no address"))?;
    let may_be_private = api.config.settings.assets.allow_private_addresses;
    for _ in 0..=MAX_REDIRECTS {
        let places = checked(&url, may_be_private).await.map_err(Refused::Kind)?;
        let client = client(&url, &places).map_err(|error| refuse(&error.to_string()))?;
        let asked = client.get(url.clone()).send().await;
        // What stands behind a port is told to nobody: an answer or none is all that is said.
        let mut answer = asked.map_err(|_| refuse("its host does not answer"))?;
        if answer.remote_addr().is_some_and(|at| !places.iter().any(|p| p.ip() == at.ip())) {
            return Err(refuse("its host answered from elsewhere"));
        }
        if answer.status().is_redirection() {
            let next = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let next = next.and_then(|next| url.join(next).ok());
            url = next.ok_or_else(|| refuse("it leads on to nowhere"))?;
            continue;
        }
        if !answer.status().is_success() {
            let status = answer.status().as_u16();
            return Err(Refused::Kind(format!("its host answered with status {status}")));
        }
        receiver.expect(answer.content_length())?;
        while let Some(piece) = answer.chunk().await.map_err(|_| refuse("it broke off"))? {
            receiver.push(&piece).await?;
        }
        return receiver.end().await;
    }
    Err(refuse("it leads on too many times"))
}

/// The same for a name that is not there and for one that leads inside.
const NO_HOST: &str = "there is no public host of this name";

/// Where an address leads, once nothing is wrong with it.
async fn checked(url: &Url, may_be_private: bool) -> Result<Vec<SocketAddr>, String> {
    let is_secure = url.scheme() == "https";
    let is_allowed = is_secure || may_be_private && url.scheme() == "http";
    if !is_allowed {
        return Err(format!("`{}:` is not fetched: use https", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address with a name or a password in it is not fetched".to_owned());
    }
    let port = url.port_or_known_default().unwrap_or(443);
    let found: Vec<SocketAddr> = match url.host() {
        None => return Err("it has no host".to_owned()),
        Some(Host::Ipv4(ip)) => vec![SocketAddr::new(IpAddr::V4(ip), port)],
        Some(Host::Ipv6(ip)) => vec![SocketAddr::new(IpAddr::V6(ip), port)],
        Some(Host::Domain(name)) => {
            let found = tokio::net::lookup_host((name, port)).await;
            found.map_err(|_| NO_HOST.to_owned())?.collect()
        }
    };
    if found.is_empty() {
        return Err(NO_HOST.to_owned());
    }
    // One private address among public ones is a trap, and not a choice.
    if !may_be_private && found.iter().any(|place| !is_public(place.ip())) {
        // Which names there are inside is nobody's business; figures tell nothing new.
        let is_name = matches!(url.host(), Some(Host::Domain(_)));
        let reason = if is_name { NO_HOST } else { "its address is in a private network" };
        return Err(reason.to_owned());
    }
    Ok(found)
}

/// A client that goes to these places and nowhere else: no proxy, no second look at the name.
fn client(url: &Url, places: &[SocketAddr]) -> reqwest::Result<reqwest::Client> {
    // A second installation (another crate's) is the same provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .user_agent(concat!("pytoon/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT);
    match url.host_str() {
        Some(host) => client.resolve_to_addrs(host, places).build(),
        None => client.build(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_that_lead_inside_are_refused_before_anything_is_sent() {
        for (address, part) in [
            ("https://127.0.0.1/x", "private"),
            ("https://localhost/x", "no public host"),
            ("https://no-such-name.invalid/x", "no public host"),
            ("https://2130706433/x", "private"),
            ("https://0x7f.1/x", "private"),
            ("https://[::1]/x", "private"),
            ("https://[::ffff:169.254.169.254]/x", "private"),
            ("https://[64:ff9b::a00:1]/x", "private"),
            ("https://10.0.0.1/x", "private"),
            ("https://100.64.1.1/x", "private"),
            ("https://169.254.169.254/latest/meta-data", "private"),
            ("https://224.0.0.1/x", "private"),
            ("http://example.com/x", "use https"),
            ("ftp://example.com/x", "use https"),
            ("https://user:pw@example.com/x", "password"),
        ] {
            let url = Url::parse(address).expect(address);
            let reason = checked(&url, false).await.expect_err(address);
            assert!(reason.contains(part), "{address}: {reason}");
        }
        let url = Url::parse("https://8.8.8.8/x").expect("an address");
        assert_eq!(
            checked(&url, false).await.expect("public"),
            ["8.8.8.8:443".parse().expect("ip")]
        );
        let url = Url::parse("http://127.0.0.1:9/x").expect("an address");
        assert!(checked(&url, true).await.is_ok(), "tests may");
    }
}
