//! Resolves the files of a brief, which are in allowed folders, among uploads, or at https URLs.
//!
//! This process fetches URLs from inside a network that the caller must not see, so the guard of `pytoon-vendor`
//! allows public hosts only. Redirects are followed explicitly, each with the same check.

use crate::Api;
use crate::auth::Caller;
use crate::extract::is_id;
use crate::problem::Problem;
use crate::received_file::{Receiver, Refused, keep};
use pytoon_config::names::{self, Found};
use pytoon_core::brief::Brief;
use pytoon_records::job::files::{ASSET_MARK, Uploaded};
use pytoon_vendor::http::Refusal;
use pytoon_vendor::http::public::PublicHttp;
use reqwest::header::LOCATION;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;

/// Maximum number of redirects, which is more than any content network needs.
const MAX_REDIRECTS: usize = 4;

/// Replaces every file that a brief names by a path in an allowed folder or by the id of an asset that the caller may
/// use. Downloads URLs as assets.
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
                let detail =
                    format!("there is no uploaded file `{id}`: upload it with POST /api/v2/assets");
                return Err(Problem::field(&field, detail));
            };
            if let Some(reason) = media_type_problem(&field, &asset.media_type) {
                return Err(Problem::field(&field, reason));
            }
        } else {
            let folders = &api.config.settings.assets.allowed_dirs;
            let found = find_allowed_file(folders, path)
                .map_err(|reason| Problem::field(&field, reason))?;
            *path = found.display().to_string();
        }
    }
    Ok(())
}

/// Returns the reason for rejecting a file of this media type in a field; `None` if the field accepts it.
fn media_type_problem(field: &str, media_type: &str) -> Option<String> {
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
    Some(format!("the file's type is {media_type}: use {wanted}"))
}

/// Returns the path of a file in one of the allowed folders, with symbolic links resolved. The error explains the
/// rejection to the user.
fn find_allowed_file(folders: &[String], name: &str) -> Result<PathBuf, String> {
    if folders.is_empty() {
        return Err(
            "this is neither an uploaded file (`asset:…`) nor an https URL; the server's own \
             files can be used if assets.allowed_dirs names their folders"
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
    // The location of other files is not disclosed.
    Err(format!("there is no file `{name}` in the folders of assets.allowed_dirs"))
}

/// Downloads a URL into an asset of the caller, within `assets.fetch_seconds`. Returns the asset's id.
async fn fetch(api: &Api, caller: &Caller, address: &str) -> Result<String, Refused> {
    let seconds = api.config.settings.assets.fetch_seconds;
    let fetched =
        tokio::time::timeout(Duration::from_secs(seconds), download(api, caller, address)).await;
    let received = fetched.unwrap_or_else(|_| {
        Err(Refused::Kind(format!(
            "the download took longer than {seconds} s (assets.fetch_seconds): upload the file"
        )))
    })?;
    match keep(api, caller, received).await? {
        Uploaded::New(row) | Uploaded::Known(row) => Ok(row.id),
    }
}

async fn download(
    api: &Api,
    caller: &Caller,
    address: &str,
) -> Result<crate::received_file::ReceivedFile, Refused> {
    let refuse = |reason: &str| Refused::Kind(reason.to_owned());
    let mut receiver = Receiver::begin(api, caller).await?;
    let mut url = Url::parse(address).map_err(|_| {
        refuse(
            "the URL is malformed: check its host and port, and percent-encode special characters",
        )
    })?;
    let may_be_private = api.config.settings.assets.allow_private_addresses;
    let http = PublicHttp::for_files(may_be_private).map_err(Refused::Kind)?;
    for _ in 0..=MAX_REDIRECTS {
        let asked = http.get(&url).await;
        let mut answer = asked.map_err(|refusal| Refused::Kind(refusal_message(refusal, &url)))?;
        if answer.status().is_redirection() {
            let next = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let next = next.and_then(|next| url.join(next).ok());
            url =
                next.ok_or_else(|| refuse("the URL's redirect has no target: use another URL"))?;
            continue;
        }
        if !answer.status().is_success() {
            let status = answer.status().as_u16();
            return Err(Refused::Kind(format!(
                "the URL's host responded with status {status}: check the URL"
            )));
        }
        receiver.expect(answer.content_length())?;
        while let Some(piece) = answer
            .chunk()
            .await
            .map_err(|_| refuse("the download was interrupted: repeat the request"))?
        {
            receiver.push(&piece).await?;
        }
        let name = url.path_segments().and_then(|mut parts| parts.next_back().map(str::to_owned));
        return Ok(receiver.end().await?.with_name(name.as_deref()));
    }
    Err(refuse("the URL redirects too many times: use the URL of the file itself"))
}

/// Formats the reason for not fetching a URL, for the caller. It reveals nothing about the private network: a name
/// that leads to a private host is reported like an unknown name, and a refused connection like an unresponsive host.
fn refusal_message(refusal: Option<Refusal>, url: &Url) -> String {
    match refusal {
        None => "the URL's host does not respond: check the URL, or upload the file".to_owned(),
        Some(Refusal::Scheme(_) | Refusal::NotSecure) => {
            format!("`{}:` URLs are not supported: use https", url.scheme())
        }
        Some(Refusal::Password) => "the URL contains a user name or password: remove it".to_owned(),
        Some(Refusal::NoHost) => {
            "the URL has no host: use one such as `https://example.org/a.jpg`".to_owned()
        }
        Some(Refusal::Private(_)) => {
            "the URL's host is in a private network: upload the file instead".to_owned()
        }
        Some(Refusal::Unknown(_) | Refusal::LeadsInside(_)) => {
            "there is no public host with the URL's host name: check the URL".to_owned()
        }
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
            ("http://127.0.0.1/x", "use https"),
            ("ftp://example.com/x", "use https"),
            ("https://user:pw@example.com/x", "password"),
        ] {
            let url = Url::parse(address).expect(address);
            let http = PublicHttp::for_files(false).expect("a client");
            let refusal = http.get(&url).await.expect_err(address);
            let reason = refusal_message(refusal, &url);
            assert!(reason.contains(part), "{address}: {reason}");
        }
        let url = Url::parse("http://127.0.0.1:9/x").expect("an address");
        let refusal = PublicHttp::for_files(true).expect("a client").get(&url).await;
        assert!(refusal.is_err_and(|refusal| refusal.is_none()), "tests may, and nobody is there");
    }
}
