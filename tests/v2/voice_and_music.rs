//! Tests of the voice, the music and the audio of clips.

use crate::support::quick;
use pytoon_testkit::film::words;
use pytoon_testkit::measure::{decode_audio, loudness, rms_db, tone_db, wav};
use pytoon_testkit::{Film, Workspace};

const WORDS: &str = "The kettle sings in the morning.";

/// Returns the decoded audio of a film as interleaved stereo samples.
fn audio_samples(film: &Film) -> Vec<f32> {
    decode_audio(&film.output())
}

#[test]
fn without_a_voice_the_words_are_captioned_over_silence() {
    let film = Workspace::new()
        .render(&format!("script: {WORDS}\nvoice: off\nmusic_source: none\nprofile: test\n"));
    assert_eq!(film.caption_words(), words(WORDS));
    assert!(rms_db(&audio_samples(&film)) < -80.0);
    let receipt = film.metadata();
    assert_eq!(receipt["voice"]["asked"], false);
    assert_eq!(receipt["degraded"], false);
}

#[test]
fn captions_can_be_switched_off() {
    let film = Workspace::new().render(&quick("captions: off\n"));
    assert!(!film.path("captions.srt").exists());
    assert!(!film.path("captions.vtt").exists());
    assert!(!film.path("captions.json").exists());
    assert_eq!(film.timeline()["look"]["captions"]["burnIn"], false);
}

#[test]
fn without_music_only_the_voice_is_heard() {
    let film =
        Workspace::new().render(&format!("script: {WORDS}\nmusic_source: none\nprofile: test\n"));
    let stem =
        |name: &str| rms_db(&decode_audio(&film.path(&format!("assembly/audio/{name}.wav"))));
    // A trace of room tone stays, so that pauses are not digital silence.
    assert!(stem("music") < -55.0, "{}", stem("music"));
    assert!(stem("voice") > -40.0, "{}", stem("voice"));
    assert!((loudness(&film.output()).integrated_lufs + 14.0).abs() <= 0.3);
}

#[test]
fn a_short_music_file_is_looped_to_the_end() {
    let workspace = Workspace::new();
    workspace.tone("tune.wav", 1.5, 500.0);
    let brief =
        quick("").replace("music_source: none", "music_source: tune.wav").replace("2.5", "4");
    let film = workspace.render(&brief);
    let samples = audio_samples(&film);
    for second in [0.7, 1.7, 2.7, 3.2] {
        let from = (second * 96_000.0) as usize / 2 * 2;
        let level = tone_db(&samples[from..from + 9_600], 500.0);
        assert!(level > -40.0, "{level:.1} dB at {second} s");
    }
}

#[test]
fn music_can_be_made_softer() {
    let level = |more: &str| {
        let film = Workspace::new()
            .render(&format!("script: {WORDS}\nmusic_source: calm\nprofile: test\n{more}"));
        rms_db(&decode_audio(&film.path("assembly/audio/music.wav")))
    };
    let lower = level("") - level("music_gain_db: -12\n");
    assert!((8.0..16.0).contains(&lower), "{lower:.1} dB lower");
}

/// Writes `voice.m4a`, a recording of [`WORDS`] with white noise of the given amplitude.
fn recording(workspace: &Workspace, noise: f64) {
    workspace.pytoon(&["voices", "--say", WORDS, "--out", "clean.wav"]).ok();
    let (from, to) = (workspace.path("clean.wav"), workspace.path("voice.m4a"));
    let mix = format!(
        "[0]adelay=400|400[v];anoisesrc=a={noise}:d=4:r=48000:seed=7[n];\
         [v][n]amix=duration=longest,aformat=channel_layouts=mono"
    );
    let (from, to) = (from.display().to_string(), to.display().to_string());
    let args = ["-v", "error", "-i", &from, "-filter_complex", &mix, "-y", &to];
    pytoon_testkit::program::tool("ffmpeg", args);
}

#[test]
fn a_recorded_voice_is_used_timed_and_denoised_where_it_is_noisy() {
    let mut pauses = Vec::new();
    for (noise, setting, denoised) in [
        (0.002, "", false),
        (0.002, "voice: {denoise: on}\n", true),
        (0.03, "", true),
        (0.03, "voice: {denoise: off}\n", false),
    ] {
        let workspace = Workspace::new();
        recording(&workspace, noise);
        workspace.write(
            "brief.yaml",
            format!(
                "script: {WORDS}\nvoice_file: voice.m4a\nmusic_source: none\nprofile: test\n{setting}"
            ),
        );
        workspace.pytoon(&["--log-dir", "logs", "render", "brief.yaml", "--out", "out"]).ok();
        let film = Film::open(&workspace.path("out"));
        assert_eq!(film.metadata()["voice"]["provider"], "voice_file");
        assert_eq!(film.caption_words(), words(WORDS));
        let level = loudness(&film.output()).integrated_lufs;
        assert!((level + 14.0).abs() <= 0.3, "{noise} {setting}: {level}");
        assert_eq!(film.findings(), Vec::<String>::new());
        let log = std::fs::read_to_string(workspace.path("logs/worker.log")).expect("a log");
        let told = log.lines().find(|line| line.contains("voice_processed")).expect("told");
        let told: serde_json::Value = serde_json::from_str(told).expect("json");
        assert_eq!(told["denoised"], denoised, "{noise} {setting}: {told}");
        if noise > 0.01 {
            pauses.push(pauses_db(&film.path("voice/take_001.wav")));
        }
    }
    assert!(pauses[0] < pauses[1] - 8.0, "pauses denoised and not: {pauses:?} dB");
}

/// Returns the level below which a twentieth of all 20 ms frames lie, in dBFS: the level of the pauses.
fn pauses_db(path: &std::path::Path) -> f64 {
    let samples = pytoon_testkit::measure::decode_audio(path);
    let mut levels: Vec<f64> = samples.chunks_exact(960).map(rms_db).collect();
    levels.sort_by(f64::total_cmp);
    levels[levels.len() / 20]
}

#[test]
fn a_clips_own_sound_is_muted_unless_kept() {
    let workspace = Workspace::new();
    workspace.clip_with_tone("a.mp4", 2.0, 700);
    let muted = workspace.render(&quick("media_files: [a.mp4]\n"));
    assert!(rms_db(&audio_samples(&muted)) < -80.0);
    let kept = workspace.render(&quick("media_files: [{path: a.mp4, keep_audio: true}]\n"));
    let level = tone_db(&audio_samples(&kept), 700.0);
    assert!(level > -40.0, "{level:.1} dB");
}

#[test]
fn a_voice_is_found_by_every_name_that_the_list_shows() {
    let workspace = Workspace::new();
    // Tags whose file has another name, and a variant.
    for voice in ["en-gb", "fr-fr", "pt-br", "en-gb+f2"] {
        let args = ["voices", "--say", "Hello there", "--voice", voice, "--out", "said.wav"];
        workspace.pytoon(&args).ok();
    }
    // The region of a language selects the voice of that region, and never silence.
    let brief = r#"{"script": "Tea at dawn is the best of the day.", "language": "en-GB",
        "profile": "test", "music_source": "none"}"#;
    workspace.write("brief.json", brief);
    workspace.pytoon(&["render", "brief.json", "--out", "film"]).ok();
    let film = Film::open(&workspace.path("film"));
    assert_eq!(film.metadata()["voice"]["provider"], "espeak", "{}", film.metadata()["voice"]);
}

#[test]
fn voices_speak_other_languages() {
    // Words in their displayed form; scripts without spaces are cut into readable pieces.
    for (language, script, shown) in [
        ("de", "Der Kaffee ist schön heiß.", vec!["Der", "Kaffee", "ist", "schön", "heiß."]),
        ("ja", "新鮮なコーヒーを飲む。", vec!["新鮮", "な", "コーヒー", "を", "飲む。"]),
        ("ar", "قهوة طازجة كل صباح.", vec!["قهوة", "طازجة", "كل", "صباح."]),
        ("hi", "हर सुबह ताज़ी कॉफ़ी।", vec!["हर", "सुबह", "ताज़ी", "कॉफ़ी।"]),
    ] {
        let workspace = Workspace::new();
        let film = workspace.render(&format!(
            "script: {script}\nlanguage: {language}\nmusic_source: none\nprofile: test\n"
        ));
        let voice = &film.metadata()["voice"];
        assert_eq!(
            (&voice["provider"], &voice["alignment"]),
            (&"espeak".into(), &"provider".into())
        );
        assert_eq!(film.findings(), Vec::<String>::new(), "{language}");
        let timeline = film.timeline();
        let cues = timeline["tracks"]["captions"].as_array().expect("cues");
        let words: Vec<&serde_json::Value> =
            cues.iter().flat_map(|cue| cue["words"].as_array().expect("words")).collect();
        let texts: Vec<&str> = words.iter().map(|w| w["text"].as_str().expect("text")).collect();
        assert_eq!(texts, shown);
        // A word takes between 80 ms and a second, so that none got another's time; spelled-out characters, which
        // take longer, are excluded.
        for pair in words.windows(2) {
            let start = |word: &serde_json::Value| word["start"].as_i64().expect("a time");
            let length = start(pair[1]) - start(pair[0]);
            assert!((80..1000).contains(&length), "{language}: {} takes {length} ms", pair[0]);
        }
    }
}

#[test]
fn a_take_is_as_long_as_its_words() {
    let workspace = Workspace::new();
    workspace.pytoon(&["voices", "--say", WORDS, "--out", "v.wav"]).ok();
    let wav = wav(&workspace.path("v.wav"));
    assert_eq!(wav.sample_rate, 48_000);
    assert!((48_000..240_000).contains(&wav.frames), "{wav:?}");
}
