//! Tests of `pytoon presets --sheet`: its picture and its error.

use pytoon_testkit::Workspace;
use pytoon_testkit::measure::{probe, rgb_frame};

/// The size of a preset's cell, of its margin and of a still, in pixels.
const CELL: (usize, usize) = (596, 580);
const MARGIN: usize = 24;
const STILL: (usize, usize) = (270, 480);
/// The place of the stills below the top of a cell, in pixels.
const HEAD: usize = 88;

#[test]
fn the_sheet_shows_every_preset_with_its_background_and_its_captions() {
    let workspace = Workspace::new();
    let presets = workspace.pytoon(&["presets", "--json"]).ok().json();
    let count = presets.as_array().expect("a list").len();
    let said = workspace.pytoon(&["presets", "--sheet", "sheet.png"]).ok().stdout;
    assert!(said.contains("sheet.png"), "{said}");

    let sheet = workspace.path("sheet.png");
    let (width, height) = (5 * CELL.0, count.div_ceil(5) * CELL.1 + MARGIN);
    let video = probe(&sheet).video;
    assert_eq!((&video["width"], &video["height"]), (&width.into(), &height.into()));
    let pixels = rgb_frame(&sheet, 0.0, width, height);
    // The pixels of a still, in steps of four.
    let still = |preset: usize, place: usize| -> Vec<[u8; 3]> {
        let left = preset % 5 * CELL.0 + MARGIN + place * (STILL.0 + 8);
        let top = preset / 5 * CELL.1 + HEAD;
        let rows = (top..top + STILL.1).step_by(4);
        let columns = move |y: usize| (left..left + STILL.0).step_by(4).map(move |x| (x, y));
        rows.flat_map(columns).map(|(x, y)| pixels[y * width + x]).collect()
    };
    let difference = |a: &[[u8; 3]], b: &[[u8; 3]]| -> f64 {
        let far = |(a, b): (&[u8; 3], &[u8; 3])| (0..3).any(|i| a[i].abs_diff(b[i]) > 24);
        a.iter().zip(b).filter(|pair| far(*pair)).count() as f64 / a.len() as f64
    };
    for one in 0..count {
        for other in 0..one {
            let [ground, captions] =
                [0, 1].map(|place| difference(&still(one, place), &still(other, place)));
            assert!(ground > 0.1, "backgrounds {one} and {other} differ in {ground}");
            assert!(captions > 0.02, "captions {one} and {other} differ in {captions}");
        }
    }
}

#[test]
fn a_sheet_that_cannot_be_written_is_an_error_that_names_the_file() {
    let workspace = Workspace::new();
    let run = workspace.pytoon(&["presets", "--sheet", "nowhere/sheet.png"]);
    run.expect_failure(1, &["failed to write nowhere/sheet.png", "there is no folder nowhere"]);
    workspace.write("folder/file", "");
    let run = workspace.pytoon(&["presets", "--sheet", "folder"]);
    run.expect_failure(1, &["failed to write folder"]);
}
