//! Tests of users' inputs from public bug reports: numbers, languages, recordings. Clips and pictures are in
//! `media_kinds.rs`, `media_colours.rs` and `media_pictures.rs`, scripts in `scripts.rs`.

use pytoon_testkit::program::tool;
use pytoon_testkit::{Workspace, film};
use serde_json::{Value, json};
use std::path::Path;

const SCRIPT: &str = "Good mornings start with better coffee. We roast small batches by hand, every \
                      single day.";
const MORE: &str = " Our beans come from three farms in the hills of Colombia. Order today and we \
                    deliver tomorrow before noon.";

fn plan(workspace: &Workspace, brief: &Value) -> Value {
    workspace.write("brief.json", brief.to_string());
    workspace.pytoon(&["-q", "plan", "brief.json", "--json"]).ok().json()
}

/// Returns the length of a planned film, in milliseconds.
fn length(plan: &Value) -> u64 {
    plan["timeline"]["totalDuration"].as_u64().expect("a length")
}

fn notes(plan: &Value) -> Vec<&str> {
    let warnings = plan["warnings"].as_array().expect("a list");
    warnings.iter().map(|warning| warning["code"].as_str().expect("a code")).collect()
}

/// Returns the texts of a plan's captions, in order.
fn captions(plan: &Value) -> Vec<String> {
    let cues = plan["timeline"]["tracks"]["captions"].as_array().expect("captions");
    cues.iter().map(|cue| cue["text"].as_str().expect("text").to_owned()).collect()
}

/// Synthesizes a text into a WAV file of 16-bit PCM.
fn record(workspace: &Workspace, text: &str, name: &str) {
    let args = ["-q", "voices", "--say", text, "--out", "said.wav"];
    workspace.pytoon(&args).ok();
    shape(workspace, &["-i", "said.wav"], &["-c:a", "pcm_s16le"], name);
}

/// Runs FFmpeg on files of the workspace, and writes the result to `out` there.
fn shape(workspace: &Workspace, inputs: &[&str], how: &[&str], out: &str) {
    let path = |arg: &&str| match arg.ends_with(".wav") {
        true => workspace.path(arg).display().to_string(),
        false => (*arg).to_owned(),
    };
    let mut args = vec!["-v".to_owned(), "error".into(), "-y".into()];
    args.extend(inputs.iter().chain(how).map(path));
    args.push(workspace.path(out).display().to_string());
    tool("ffmpeg", &args);
}

fn recording_brief(script: &str, file: &str) -> Value {
    json!({"script": script, "voice_file": file, "music_source": "none", "profile": "test"})
}

#[test]
fn room_noise_before_and_after_a_recording_is_trimmed_like_silence() {
    let workspace = Workspace::new();
    record(&workspace, SCRIPT, "voice.wav");
    let alone = length(&plan(&workspace, &recording_brief(SCRIPT, "voice.wav")));
    for (level, seconds) in [(0.0086, 20), (0.04, 9)] {
        let noise = |seed: u8, length: u32| {
            format!("anoisesrc=c=pink:a={level}:r=48000:seed={seed}:d={length}")
        };
        let (lead, room) = (noise(7, seconds), noise(9, 60));
        let mix = "[0]volume=0[s];[s][1]concat=n=2:v=0:a=1,apad=pad_dur=6[a];\
                   [a][2]amix=inputs=2:duration=first:normalize=0";
        let inputs = ["-f", "lavfi", "-i", &lead, "-i", "voice.wav", "-f", "lavfi", "-i", &room];
        shape(&workspace, &inputs, &["-filter_complex", mix, "-ac", "1"], "noisy.wav");
        let noisy = length(&plan(&workspace, &recording_brief(SCRIPT, "noisy.wav")));
        assert!(noisy.abs_diff(alone) < 700, "{level}: {noisy} ms, alone {alone} ms");
    }
}

#[test]
fn a_voice_is_found_in_any_channel_and_phase() {
    let workspace = Workspace::new();
    record(&workspace, SCRIPT, "voice.wav");
    let alone = length(&plan(&workspace, &recording_brief(SCRIPT, "voice.wav")));
    for (name, pan) in [
        ("opposite", "pan=stereo|c0=c0|c1=-1*c0"),
        ("left", "pan=stereo|c0=c0|c1=0*c0"),
        ("right", "pan=stereo|c0=0*c0|c1=c0"),
        ("centre", "pan=5.1|FC=c0"),
        ("quiet and opposite", "pan=stereo|c0=0.2*c0|c1=-0.3*c0"),
    ] {
        shape(&workspace, &["-i", "voice.wav"], &["-af", pan], "panned.wav");
        let panned = plan(&workspace, &recording_brief(SCRIPT, "panned.wav"));
        assert!(length(&panned).abs_diff(alone) < 150, "{name}: {}", length(&panned));
        assert_eq!(captions(&panned).join(" "), SCRIPT, "{name}");
    }
    shape(&workspace, &["-i", "voice.wav"], &["-af", "pan=stereo|c0=0*c0|c1=0*c0"], "mute.wav");
    workspace.write("brief.json", recording_brief(SCRIPT, "mute.wav").to_string());
    workspace.pytoon(&["plan", "brief.json"]).expect_failure(2, &["voice_file", "silent"]);
}

#[test]
fn words_that_a_recording_omits_or_adds_are_reported() {
    let workspace = Workspace::new();
    let whole = format!("{SCRIPT}{MORE}");
    record(&workspace, SCRIPT, "half.wav");
    record(&workspace, &whole, "whole.wav");
    let told = |script: &str, file: &str| plan(&workspace, &recording_brief(script, file));
    assert_eq!(notes(&told(&whole, "whole.wav")), Vec::<&str>::new());
    let half = told(&whole, "half.wav");
    assert_eq!(notes(&half), ["recording_lacks_words"], "{}", half["warnings"]);
    assert_eq!(captions(&half).join(" "), whole);
    let params = &half["warnings"][0]["params"];
    assert_eq!((&params["words"], &params["at_end"]), (&json!(MORE.trim()), &json!(true)));
    let message = half["warnings"][0]["message"].as_str().expect("a sentence");
    assert!(message.contains("ends at") && !message.contains("voice.speed"), "{message}");
    let more = told(SCRIPT, "whole.wav");
    assert_eq!(notes(&more), ["recording_says_more"], "{}", more["warnings"]);
    let from = more["warnings"][0]["params"]["from_ms"].as_i64().expect("a time");
    assert!((4500..6500).contains(&from), "{from}");
    // The spoken words keep their own times.
    let last = captions(&more).len() - 1;
    let cue = &more["timeline"]["tracks"]["captions"][last];
    assert!(cue["end"].as_i64().expect("a time") < from + 1000, "{cue}");
}

#[test]
fn files_of_sound_have_a_plain_format_that_encoders_accept() {
    let workspace = Workspace::new();
    workspace.pytoon(&["-q", "voices", "--say", "hello", "--out", "a.wav"]).ok();
    let layout = |path: &Path| {
        let args =
            ["-v", "error", "-show_entries", "stream=channel_layout,codec_name", "-of", "csv=p=0"];
        let path = path.display().to_string();
        let args = args.iter().copied().chain([path.as_str()]);
        String::from_utf8(tool("ffprobe", args)).expect("text").trim().to_owned()
    };
    let spoken = workspace.path("a.wav");
    assert!(matches!(layout(&spoken).as_str(), "pcm_s24le,mono" | "pcm_s24le,unknown"));
    let encoded = workspace.path("a.m4a").display().to_string();
    tool("ffmpeg", ["-v", "error", "-i", &spoken.display().to_string(), &encoded]);
    assert_eq!(layout(Path::new(&encoded)), "aac,mono");
}

#[test]
fn a_language_is_detected_by_the_words() {
    let workspace = Workspace::new();
    for (script, language) in [
        ("ሰላም ለዓለም ዛሬ ጥሩ ቀን ነው", "am"),
        ("Hoje o pão está quente e a padaria abre às sete horas da manhã.", "pt"),
        ("Heute ist das Brot noch warm, und wir öffnen schon um sieben Uhr.", "de"),
        ("Aujourd'hui le pain est encore chaud et nous ouvrons dès sept heures.", "fr"),
        ("Сьогодні хліб ще теплий, і ми відчиняємо о сьомій годині.", "uk"),
        ("امروز نان هنوز گرم است و ما ساعت هفت باز می‌کنیم.", "fa"),
        ("Our friend José Müller bakes bread in Łódź every day.", "en"),
    ] {
        let planned = plan(&workspace, &json!({"script": script, "voice": "off"}));
        assert_eq!(planned["timeline"]["language"], language, "{script}");
    }
}

#[test]
fn letters_of_every_installed_font_are_drawn() {
    let workspace = Workspace::new();
    for text in ["កាហ្វេ", "ສະບາຍດີ", "မင်္ဂလာပါ", "ආයුබෝවන්", "العدد 99.50 ريال", "𐌰𐍄𐍄𐌰 𐌿𐌽𐍃𐌰𐍂"]
    {
        let brief = format!("script: '{text}'\nvoice: off\nmusic_source: none\nprofile: test\n");
        let film = workspace.render(&brief);
        assert_eq!(film.findings(), Vec::<String>::new(), "{text}");
        assert_eq!(film.caption_words(), film::words(text), "{text}");
    }
    // `plan` notes characters without an installed font. Todhri was added in Unicode 16.
    let planned = plan(&workspace, &json!({"script": "Welcome 𐗀𐗁𐗂 friends", "voice": "off"}));
    let told = planned["warnings"].as_array().expect("a list");
    let letters = told.iter().find(|note| note["code"] == "letters_without_font").expect("told");
    assert_eq!(letters["params"]["letters"], "𐗀𐗁𐗂");
}

#[test]
fn soft_hyphens_are_neither_read_nor_counted() {
    let workspace = Workspace::new();
    let plain = "The prerequisites are proficient.";
    let softened = "The pre\u{ad}requi\u{ad}sites are profi\u{ad}cient.";
    let planned = |script: &str| plan(&workspace, &json!({"script": script}));
    let planned = [plain, softened].map(planned);
    let [plain, softened] = planned.each_ref();
    assert_eq!(notes(plain), notes(softened));
    assert_eq!(length(plain), length(softened));
    let shown: Vec<String> =
        captions(softened).iter().map(|cue| cue.replace('\u{ad}', "")).collect();
    assert_eq!(shown, captions(plain));
}

#[test]
fn a_long_address_is_shown_as_its_host_and_kept_whole_in_sidecars() {
    let workspace = Workspace::new();
    let address =
        "https://www.shop.example.com/collections/summer/sale?utm_source=video&ref=1234567890";
    let script = format!("See {address} for more.");
    let brief = json!({"script": script, "voice": {"provider": "espeak"}, "music_source": "none", "profile": "test"});
    let planned = plan(&workspace, &brief);
    assert!(length(&planned) < 5_000, "{} ms", length(&planned));
    let film = workspace.render(&brief.to_string());
    let sidecar = std::fs::read_to_string(film.path("captions.srt")).expect("a sidecar");
    assert!(sidecar.contains(address), "{sidecar}");
}

#[test]
fn a_script_without_words_is_a_film_that_can_be_watched() {
    let workspace = Workspace::new();
    for script in ["🔥🔥🔥", "... !!! ???"] {
        let planned = plan(&workspace, &json!({"script": script, "music_source": "none"}));
        assert!(length(&planned) >= 1_500, "{script}: {} ms", length(&planned));
        assert!(notes(&planned).contains(&"nothing_to_speak"), "{}", planned["warnings"]);
    }
}

#[test]
fn music_with_faults_makes_a_clean_film() {
    let workspace = Workspace::new();
    let tone = ["-f", "lavfi", "-i", "sine=f=220:d=6,aformat=sample_fmts=flt"];
    for (name, how) in [
        ("offset", "aeval=0.3*val(0)+0.4:c=same"),
        ("opposite", "pan=stereo|c0=c0|c1=-1*c0"),
        ("silent", "volume=0"),
        ("short", "atrim=0:0.2"),
    ] {
        shape(&workspace, &tone, &["-af", how, "-c:a", "pcm_f32le"], "music.wav");
        let film = workspace.render(
            "script: Fresh bread every day.\nvoice: {provider: espeak}\nprofile: test\n\
             music_source: music.wav\n",
        );
        assert_eq!(film.findings(), Vec::<String>::new(), "{name}");
        let file = film.output().display().to_string();
        let args = ["-v", "error", "-i", &file, "-ac", "1", "-f", "f32le", "-"];
        let bytes = tool("ffmpeg", args);
        let samples: Vec<f32> =
            bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let mean = samples.iter().sum::<f32>() / samples.len() as f32;
        assert!(mean.abs() < 0.002, "{name}: an offset of {mean}");
    }
}

#[test]
fn the_same_words_give_the_same_plan() {
    let workspace = Workspace::new();
    let brief = json!({"script": "والسعر 99.50 ريال فقط!", "music_source": "none"});
    let first = captions(&plan(&workspace, &brief));
    for _ in 0..4 {
        assert_eq!(captions(&plan(&workspace, &brief)), first);
    }
}
