//! Pictures as telephones and designers export them, in films and as uploads.

use crate::media_kinds::make;
use crate::support::quick;
use pytoon_testkit::measure::{decode_gray_frames, mean_colour};
use pytoon_testkit::{Film, Service, Workspace};

fn brief_of(medium: &str) -> String {
    quick(&format!("captions: off\nmedia_files: [{medium}]\n"))
}

fn moving_frames(film: &Film) -> usize {
    let frames = decode_gray_frames(&film.output(), 54, 96);
    frames.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

/// A JPEG, one with a film after it, one without its end and with something else instead, and one of
/// which half arrived.
fn jpegs(workspace: &Workspace) {
    let whole = std::fs::read(workspace.picture("whole.jpg", 270, 480)).expect("a picture");
    let film: Vec<u8> =
        (0..400_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8 % 255).collect();
    workspace.write("motion.jpg", [&whole[..], b"MotionPhoto_Data", &film].concat());
    let open = &whole[..whole.len() - 2];
    workspace.write("open.jpg", open);
    workspace.write("panorama.jpg", [open, b"\0\x000\x0aPanorama_Shot_Info", &film].concat());
    workspace.write("half.jpg", &whole[..whole.len() / 2]);
}

#[test]
fn what_follows_a_photograph_does_not_matter() {
    let workspace = Workspace::new();
    jpegs(&workspace);
    workspace.refuse(&brief_of("half.jpg"), 2, &["media_files[0]", "the JPEG is cut off"]);
    let whole = mean_colour(&workspace.render(&brief_of("whole.jpg")).output(), 0.5);
    for (name, noted) in [("motion.jpg", false), ("open.jpg", true), ("panorama.jpg", true)] {
        let film = workspace.render(&brief_of(name));
        assert_eq!(film.warnings().contains("no end marker"), noted, "{name}: {}", film.warnings());
        assert_eq!(mean_colour(&film.output(), 0.5), whole, "{name}");
    }
}

#[test]
fn animated_pictures_move() {
    let workspace = Workspace::new();
    let source = "-f lavfi -i testsrc2=s=180x320:r=5:d=1";
    make(&workspace, &format!("{source} -c:v libwebp_anim -loop 0 {{}}/a.webp"));
    make(&workspace, &format!("{source} -plays 0 -f apng {{}}/b.png"));
    make(&workspace, &format!("{source} {{}}/c.gif"));
    let films = ["a.webp", "b.png", "c.gif"].map(|name| workspace_film(&workspace, name));
    for (name, count, length_ms) in &films {
        assert!(*count >= 8, "{name}: {count} frames move");
        assert!((990..=1010).contains(length_ms), "{name}: {length_ms} ms");
    }
    // A still one of each kind stays a picture.
    make(&workspace, "-i {}/c.gif -frames:v 1 {}/still.webp");
    make(&workspace, "-i {}/c.gif -frames:v 1 {}/still.png");
    for name in ["still.webp", "still.png"] {
        let film = workspace.render(&brief_of(name));
        assert_eq!(film.timeline()["tracks"]["video"][0]["source"]["type"], "picture", "{name}");
    }
    // As a logo the first frame of an animation is used.
    workspace.render(&quick("captions: off\nbrand: {logo: a.webp}\n"));
}

fn workspace_film(workspace: &Workspace, name: &'static str) -> (&'static str, usize, i64) {
    let film = workspace.render(&brief_of(name));
    let source = film.timeline()["tracks"]["video"][0]["source"].clone();
    assert_eq!(source["type"], "clip", "{name}");
    (name, moving_frames(&film), source["sourceDuration"].as_i64().expect("a length"))
}

const SVG: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>"#;

#[test]
fn an_svg_is_refused_by_its_name() {
    let workspace = Workspace::new();
    workspace.write("a.svg", SVG);
    workspace
        .write("b.svg", format!("\u{feff}<?xml version=\"1.0\"?>\n<!-- made by hand -->\n{SVG}"));
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(SVG.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    workspace.write("c.svg", utf16);
    let sentence = "SVG is not supported; save it as PNG";
    for name in ["a.svg", "b.svg", "c.svg"] {
        workspace.refuse(&brief_of(name), 2, &["media_files[0]", sentence]);
    }
    workspace.refuse(&quick("brand: {logo: a.svg}\n"), 2, &["brand.logo", sentence]);
    workspace.refuse(&quick("overlays: [{image: a.svg}]\n"), 2, &["overlays[0].image", sentence]);
    workspace.write("words.png", "no <svg> here, only words");
    workspace.refuse(&brief_of("words.png"), 2, &["it holds text"]);
}

/// An empty HEIC: a picture that no FFmpeg can decode.
const HEIC: &[u8] = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x0cmeta\0\0\0\0";

#[test]
fn an_upload_that_no_job_can_use_is_refused() {
    let workspace = Workspace::new();
    jpegs(&workspace);
    make(&workspace, "-f lavfi -i testsrc2=s=180x320:r=5:d=1 -c:v libwebp_anim {}/a.webp");
    make(&workspace, "-f lavfi -i testsrc2=s=180x320:r=5:d=1 -pix_fmt yuv420p {}/a.mp4");
    let mut command = workspace.command(&["--log-dir", "logs", "serve", "--port", "0"]);
    let service = Service::start(&mut command, workspace.root(), "serve");
    let bearer = format!("Bearer {}", service.key);
    let headers =
        [("Authorization", bearer.as_str()), ("Content-Type", "application/octet-stream")];
    let upload = |bytes: &[u8]| service.send("POST", "/api/v2/assets", &headers, bytes);
    let read = |name: &str| std::fs::read(workspace.path(name)).expect("a file");
    let refused = |bytes: &[u8], part: &str| upload(bytes).problem(422, "invalid_asset", &[part]);
    refused(HEIC, "this picture format cannot be read here; save it as JPEG or PNG");
    refused(SVG.as_bytes(), "SVG is not supported; save it as PNG");
    refused(b"%PDF-1.7\n1 0 obj", "PDF is not supported; save its page as PNG");
    refused(b"8BPS\0\x01\0\0", "Photoshop (PSD) is not supported");
    refused(b"PK\x03\x04\x14\0word/", "ZIP");
    // FFmpeg's reason, without its name for the file.
    refused(&[0xfe; 400], "that FFmpeg can read (Invalid data found when processing input)");
    refused(&read("half.jpg"), "the JPEG is cut off");
    let mut torn = read("a.mp4");
    // The frames are noise, though the header is right.
    let start = torn.windows(4).position(|w| w == b"mdat").expect("frames") + 4;
    let end = torn.windows(4).position(|w| w == b"moov").expect("a header") - 4;
    for byte in &mut torn[start..end] {
        *byte = 0x55;
    }
    refused(&torn, "it has no picture that FFmpeg can decode");
    for name in ["motion.jpg", "panorama.jpg", "whole.jpg", "a.webp", "a.mp4"] {
        upload(&read(name)).is(201);
    }
}
