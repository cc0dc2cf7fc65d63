//! Tests that words with any characters are shown on screen.

use pytoon_testkit::Workspace;
use pytoon_testkit::film::words;

#[test]
fn signs_that_mean_something_to_other_programs() {
    for text in
        ["It's 100% ready: a\\b, c;d (e) {f} and \"g\".", "Use %{pts} or $HOME & <bold> text."]
    {
        let workspace = Workspace::new();
        let quoted = text.replace('\'', "''");
        let brief = format!("script: '{quoted}'\nvoice: off\nmusic_source: none\nprofile: test\n");
        let film = workspace.render(&brief);
        assert_eq!(film.caption_words(), words(text));
        assert_eq!(film.findings(), Vec::<String>::new());
    }
}

#[test]
fn emoji_and_other_scripts() {
    for text in ["Fresh bread 🥐 every day 👩‍🍳", "Привет мир и καλημέρα"]
    {
        let workspace = Workspace::new();
        let film = workspace
            .render(&format!("script: '{text}'\nvoice: off\nmusic_source: none\nprofile: test\n"));
        assert_eq!(film.caption_words(), words(text));
        assert_eq!(film.findings(), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_character_that_no_font_has_is_found_and_the_film_is_made() {
    let workspace = Workspace::new();
    let film = workspace.render(
        "script: \"A strange \\U0010FFFD sign\"\nvoice: off\nmusic_source: none\nprofile: test\n",
    );
    assert_eq!(film.findings(), ["glyphs"]);
    assert_eq!(film.metadata()["degraded"], true);
}
