//! Tests of pictures from phones and designers, in films and as uploads.

use crate::media_kinds::make;
use crate::support::quick;
use pytoon_testkit::measure::{decode_gray_frames, mean_colour, rgb_frame};
use pytoon_testkit::{Film, Service, Workspace};

fn brief_of(medium: &str) -> String {
    quick(&format!("captions: off\nmedia_files: [{medium}]\n"))
}

fn moving_frames(film: &Film) -> usize {
    let frames = decode_gray_frames(&film.output(), 54, 96);
    frames.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

/// Writes a JPEG, a JPEG with a film appended, a JPEG whose end is replaced by other data, and a truncated JPEG.
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
    workspace.refuse(&brief_of("half.jpg"), 2, &["media_files[0]", "the JPEG is truncated"]);
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
    // A still one of each format stays a picture.
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

/// Returns the offset of a byte sequence in a file. Panics if it is absent.
fn place(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).position(|window| window == part).expect("it is there")
}

#[test]
fn a_heif_picture_is_turned_as_its_file_says() {
    let workspace = Workspace::new();
    // Red above, blue below, in a vertical frame.
    make(
        &workspace,
        "-f lavfi -i color=red:s=180x320 -vf drawbox=y=160:h=160:c=blue:t=fill -frames:v 1 \
         -c:v libaom-av1 -still-picture 1 -cpu-used 8 {}/plain.avif",
    );
    let mut turned = std::fs::read(workspace.path("plain.avif")).expect("a file");
    // The property beside the colours has room for another one: a half turn.
    let at = place(&turned, b"pixi");
    turned[at..at + 5].copy_from_slice(b"irot\x02");
    workspace.write("turned.avif", turned);
    let top_is_red = |name: &str| {
        let film = workspace.render(&brief_of(name));
        let [red, _, blue] = rgb_frame(&film.output(), 0.5, 9, 16)[2 * 9 + 4];
        red > blue
    };
    assert!(top_is_red("plain.avif"));
    assert!(!top_is_red("turned.avif"));
}

#[test]
fn a_heif_picture_in_display_p3_has_its_colours() {
    let workspace = Workspace::new();
    for (name, primaries) in [("srgb.avif", "bt709"), ("p3.avif", "smpte432")] {
        make(
            &workspace,
            &format!(
                "-f lavfi -i color=0xc86464:s=180x320 -frames:v 1 -c:v libaom-av1 -still-picture 1 \
                 -color_primaries {primaries} -color_trc iec61966-2-1 -colorspace bt709 {{}}/{name}"
            ),
        );
    }
    let [srgb, p3] = ["srgb.avif", "p3.avif"].map(|name| {
        let film = workspace.render(&brief_of(name));
        mean_colour(&film.output(), 0.5)
    });
    // 200, 100, 100 in Display P3 is 215, 93, 97 in sRGB; the film's grade shifts that a little further.
    assert!((10.0..24.0).contains(&(p3[0] - srgb[0])), "{srgb:?} {p3:?}");
    assert!((3.0..14.0).contains(&(srgb[1] - p3[1])), "{srgb:?} {p3:?}");
}

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
    workspace.refuse(&brief_of("words.png"), 2, &["it contains text"]);
}

/// An empty HEIC file, a picture that no FFmpeg can decode.
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
    refused(HEIC, "this picture format is not supported; save it as JPEG or PNG");
    refused(SVG.as_bytes(), "SVG is not supported; save it as PNG");
    refused(b"%PDF-1.7\n1 0 obj", "PDF is not supported; save its page as PNG");
    refused(b"8BPS\0\x01\0\0", "Photoshop (PSD) is not supported");
    refused(b"PK\x03\x04\x14\0word/", "ZIP");
    // FFmpeg's reason, without its name of the file.
    refused(&[0xfe; 400], "that FFmpeg can read (Invalid data found when processing input)");
    refused(&read("half.jpg"), "the JPEG is truncated");
    let mut torn = read("a.mp4");
    // The frames are noise, although the header is valid.
    let start = torn.windows(4).position(|w| w == b"mdat").expect("frames") + 4;
    let end = torn.windows(4).position(|w| w == b"moov").expect("a header") - 4;
    for byte in &mut torn[start..end] {
        *byte = 0x55;
    }
    refused(&torn, "it has no video that FFmpeg can decode");
    for name in ["motion.jpg", "panorama.jpg", "whole.jpg", "a.webp", "a.mp4"] {
        upload(&read(name)).is(201);
    }
}
