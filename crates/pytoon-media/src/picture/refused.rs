//! Rejects unsupported formats, with a reason that names the format.

/// The unsupported formats by their magic bytes, each with its name and a remedy.
const FORMATS: &[(&[u8], &str, &str)] = &[
    (b"%PDF", "PDF", "save its page as PNG"),
    (b"%!PS", "PostScript (EPS)", "save it as PNG"),
    (b"8BPS", "Photoshop (PSD)", "save it as PNG"),
    (b"gimp xcf", "GIMP (XCF)", "save it as PNG"),
    (b"\xff\x0a", "JPEG XL", "save it as JPEG"),
    (b"\0\0\0\x0cJXL ", "JPEG XL", "save it as JPEG"),
    (b"PK\x03\x04", "an archive or office document (ZIP)", "take the files out of it"),
    (b"Rar!", "an archive (RAR)", "take the files out of it"),
    (b"7z\xbc\xaf", "an archive (7z)", "take the files out of it"),
    (b"MThd", "MIDI", "save it as WAV or MP3"),
];

/// Returns the reason to reject a file with this beginning, or `None` if FFmpeg may support it.
pub(super) fn reason(head: &[u8]) -> Option<String> {
    if is_svg(head) {
        return Some("SVG is not supported; save it as PNG".to_owned());
    }
    if let Some((_, name, advice)) = FORMATS.iter().find(|(start, ..)| head.starts_with(start)) {
        return Some(format!("{name} is not supported; {advice}"));
    }
    looks_like_text(head).then(|| "it contains text, not a picture, a clip or a sound".to_owned())
}

/// Returns true if a file with this beginning is UTF-8 text.
pub(super) fn looks_like_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        // The head may end inside a character.
        Err(error) => head.len() - error.valid_up_to() < 4,
    };
    valid && !head.contains(&0)
}

/// Returns true for an SVG in any XML encoding, regardless of the content before its root element.
fn is_svg(head: &[u8]) -> bool {
    let text: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
    let text = text.trim_ascii_start();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let is_xml =
        [&b"<"[..], b"\xff\xfe<", b"\xfe\xff<"].iter().any(|start| text.starts_with(start));
    let names_svg =
        |root: &[u8]| text.windows(root.len()).any(|part| part.eq_ignore_ascii_case(root));
    is_xml && (names_svg(b"<svg") || names_svg(b":svg ") || names_svg(b"<!doctype svg"))
}
