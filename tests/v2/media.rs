//! Tests that users' media are shown correctly.

use crate::support::quick;
use pytoon_testkit::measure::{decode_gray_frames, mean_colour, rgb_frame};
use pytoon_testkit::{Film, Workspace};

/// Renders a film without speech from one media file. Asserts that it has no findings and that its first clip shows
/// the file.
#[track_caller]
fn film_of(workspace: &Workspace, name: &str) -> Film {
    let film = workspace.render(&quick(&format!("media_files: [{name}]\ncaptions: off\n")));
    assert_eq!(film.findings(), Vec::<String>::new());
    let source = film.timeline()["tracks"]["video"][0]["source"].clone();
    assert!(source["asset"].as_str().is_some_and(|asset| asset.ends_with(name)), "{source}");
    film
}

/// Returns the number of frames that differ from the previous one.
fn moving_frames(film: &Film) -> usize {
    let frames = decode_gray_frames(&film.output(), 54, 96);
    frames.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

#[test]
fn a_clip_of_an_odd_size_without_sound() {
    let workspace = Workspace::new();
    workspace.clip("a.mp4", "333x251", 2.0, &["-pix_fmt", "yuv444p"]);
    let film = film_of(&workspace, "a.mp4");
    assert!(moving_frames(&film) > 30);
    assert_eq!(film.timeline()["tracks"]["video"][0]["source"]["type"], "clip");
}

#[test]
fn a_clip_shorter_than_its_scene() {
    let workspace = Workspace::new();
    workspace.clip("a.mp4", "160x284", 0.6, &["-pix_fmt", "yuv420p"]);
    film_of(&workspace, "a.mp4");
}

#[test]
fn a_rotated_clip_is_shown_upright() {
    let workspace = Workspace::new();
    workspace.rotated_clip("a.mp4");
    let film = film_of(&workspace, "a.mp4");
    // Rotated upright it fills the frame; unrotated there would be dark blur above.
    let frame = rgb_frame(&film.output(), 0.7, 27, 48);
    let bright = |row: usize| {
        frame[row * 27..(row + 1) * 27]
            .iter()
            .map(|p| u32::from(*p.iter().max().expect("three")))
            .sum::<u32>()
            / 27
    };
    assert!(bright(2) > 120 && bright(45) > 120, "{} and {}", bright(2), bright(45));
}

#[test]
fn a_clip_with_an_uneven_frame_rate() {
    let workspace = Workspace::new();
    let drop =
        ["-vf", "select='lt(n,12)+not(mod(n,4))'", "-fps_mode", "vfr", "-pix_fmt", "yuv420p"];
    workspace.clip("a.mp4", "180x320", 2.0, &drop);
    film_of(&workspace, "a.mp4");
}

#[test]
fn an_animated_gif_moves() {
    let workspace = Workspace::new();
    workspace.clip("a.gif", "120x160", 1.0, &["-r", "10"]);
    let film = film_of(&workspace, "a.gif");
    assert!(moving_frames(&film) >= 10, "{}", moving_frames(&film));
}

#[test]
fn a_picture_in_four_inks() {
    let workspace = Workspace::new();
    workspace.cmyk_jpeg("a.jpg", 300, 500);
    film_of(&workspace, "a.jpg");
}

#[test]
fn a_picture_of_one_pixel() {
    let workspace = Workspace::new();
    workspace.plain_picture("a.png", (1, 1), [40, 90, 200]);
    let film = workspace.render(&quick("media_files: [a.png]\ncaptions: off\n"));
    let [red, _, blue] = mean_colour(&film.output(), 0.5);
    assert!(blue > red + 40.0, "red {red:.0}, blue {blue:.0}");
}

#[test]
fn a_turned_photograph_is_shown_upright() {
    let workspace = Workspace::new();
    workspace.rotated_jpeg("a.jpg", 480, 270);
    // Two plain halves hardly change as they move, which the self-check may report.
    let film = workspace.render(&quick("media_files: [a.jpg]\ncaptions: off\n"));
    let frame = rgb_frame(&film.output(), 0.7, 3, 8);
    let (above, below) = (frame[3 + 1], frame[6 * 3 + 1]);
    assert!(above[0] > above[2], "above is {above:?}");
    assert!(below[2] > below[0], "below is {below:?}");
}

#[test]
fn a_transparent_picture() {
    let workspace = Workspace::new();
    workspace.transparent_png("a.png", 300, [230, 60, 40]);
    let film = film_of(&workspace, "a.png");
    let middle = rgb_frame(&film.output(), 0.7, 9, 15)[7 * 9 + 4];
    assert!(middle[0] > middle[1] + 60, "{middle:?}");
}

#[test]
fn colours_stay_as_they_were() {
    let workspace = Workspace::new();
    workspace.write("cfg/presets/plain.yaml", "grade: clean\ngrade_strength: 0\n");
    workspace.plain_picture("a.png", (270, 480), [200, 120, 60]);
    workspace.write("brief.yaml", quick("media_files: [a.png]\ncaptions: off\npreset_id: plain\n"));
    workspace.pytoon(&["render", "brief.yaml", "--out", "out", "--config", "cfg"]).ok();
    let film = Film::open(&workspace.path("out"));
    let seen = mean_colour(&film.output(), 0.7);
    for (seen, asked) in seen.into_iter().zip([200.0, 120.0, 60.0]) {
        assert!((seen - asked).abs() < 8.0, "{seen:.0} instead of {asked}");
    }
}

#[test]
fn more_pictures_than_scenes_are_all_shown() {
    let workspace = Workspace::new();
    for name in ["a.png", "b.png", "c.png"] {
        workspace.picture(name, 200, 300);
    }
    let film = workspace.render(
        "script: The small boats leave the quiet harbour before the sun is up.\n\
         media_files: [a.png, b.png, c.png]\nmusic_source: none\nprofile: test\n",
    );
    let shown = film.timeline()["tracks"]["video"].to_string();
    for name in ["a.png", "b.png", "c.png"] {
        assert!(shown.contains(name), "{name} is not shown");
    }
}
