//! Extracts facts about a picture from its URL or its first bytes.

/// Returns true if a URL is a web URL with a host.
pub(super) fn is_web(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

/// Returns the media type of a `data:` URL with base64 content, if it is well formed.
pub(super) fn data_type(url: &str) -> Option<&str> {
    use base64::Engine;
    let (head, content) = url.strip_prefix("data:")?.split_once(',')?;
    let media_type = head.strip_suffix(";base64")?;
    let is_base64 = base64::engine::general_purpose::STANDARD.decode(content).is_ok();
    (is_base64 && !content.is_empty()).then_some(media_type)
}

/// Returns the width and height of a picture, read from the beginning of its file; `None` if they are not found
/// there.
pub(super) fn size(head: &[u8]) -> Option<(u32, u32)> {
    let size = imagesize::blob_size(head).ok()?;
    Some((u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?))
}

/// Returns the host of a web URL, without a port.
pub(super) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        assert_eq!(host("https://a.example:81/x"), "a.example");
        assert_eq!(host("http://[::1]:8/x"), "::1");
        assert_eq!(data_type("data:image/png;base64,AAAA"), Some("image/png"));
        assert_eq!(data_type("data:image/png;base64,A*A"), None);
        assert!(is_web("https://x/") && !is_web("https:///x") && !is_web("ftp://x"));
    }
}
