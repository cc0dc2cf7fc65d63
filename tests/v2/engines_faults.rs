//! Tests that every fault of the first engine still leads to a film, that the fallback is reported, and that nothing
//! is paid twice.

use crate::support::tea;
use pytoon_testkit::measure::{decode_audio, probe, rms_db};
use pytoon_testkit::simulator::engines_used;
use pytoon_testkit::{Film, Studio};
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A rendered film with one scene by Runway, which fails in a given way, and one by Pika, which does not fail.
struct Case {
    studio: Studio,
    film: Film,
}

impl Case {
    fn new(rule: Value, settings: Value) -> Self {
        let mut rule = rule;
        rule["vendor"] = json!("runway");
        let studio = Studio::new(&json!({ "rules": [rule] }), &settings);
        let film = studio.render(&tea(&["runway", "pika"], ""), "out");
        Self { studio, film }
    }

    /// Asserts that Pika replaced Runway because of a failure of this kind, after Runway had accepted `accepted`
    /// calls, and that the log, the metrics and the receipt agree.
    #[track_caller]
    fn falls_back(&self, kind: &str, accepted: usize) -> &Self {
        assert_eq!(self.studio.fallbacks(), [format!("runway>pika: {kind}")]);
        assert_eq!(engines_used(&self.film), ["pika", "pika"]);
        assert_eq!(self.studio.simulator.accepted_count("runway"), accepted, "accepted by Runway");
        assert_eq!(self.studio.simulator.accepted_count("fal"), 2, "accepted by Pika");
        let fallbacks = "pytoon_v2_engine_fallbacks_total";
        let labels = "from_engine=\"runway\",to_engine=\"pika\"";
        assert_eq!(self.studio.metric(&format!("{fallbacks}{{{labels}}}")), 1.0);
        let receipt = self.film.metadata();
        // It is an external engine's clip nevertheless: the film is degraded only if money was lost.
        let wasted = receipt["wastedUsd"].as_f64().expect("a sum");
        assert_eq!(receipt["degraded"], wasted > 0.0);
        assert_eq!(
            wasted > 0.0,
            ["bad_output", "lost", "moderation"].contains(&kind),
            "{kind}: {wasted} USD"
        );
        let events = self.studio.events("engine_purchase_wasted");
        assert_eq!(events.is_empty(), wasted == 0.0, "{events:?}");
        let counted = "pytoon_v2_engine_purchases_wasted_total{engine=\"runway\"}";
        assert_eq!(self.studio.metric(counted), events.len() as f64);
        let scene = &receipt["scenes"][0];
        assert_eq!(
            (&scene["engineAsked"], &scene["fallbackUsed"]),
            (&json!("runway"), &json!(true))
        );
        let results: Vec<&str> = scene["attempts"]
            .as_array()
            .expect("attempts")
            .iter()
            .map(|attempt| attempt["result"].as_str().expect("a result"))
            .collect();
        assert_eq!(results, [kind, "success"]);
        let (_, cause) = scene["reason"]
            .as_str()
            .and_then(|reason| reason.split_once("did not draw this scene: "))
            .expect("a cause");
        assert_eq!(Some(cause), scene["attempts"][0]["reason"].as_str(), "{}", scene["reason"]);
        self
    }

    /// Asserts that Runway drew the scene without a fallback, after it had accepted `accepted` calls.
    #[track_caller]
    fn gets_by(&self, accepted: usize) -> &Self {
        assert_eq!(self.studio.fallbacks(), Vec::<String>::new());
        assert_eq!(engines_used(&self.film), ["runway", "pika"]);
        assert_eq!(self.studio.simulator.accepted_count("runway"), accepted, "accepted by Runway");
        assert_eq!(self.studio.simulator.accepted_count("fal"), 1, "accepted by Pika");
        self
    }

    /// Asserts that `count` rows of the ledger are in this state.
    #[track_caller]
    fn rows_in_state(&self, state: &str, count: usize) -> &Self {
        let rows = self.studio.rows(&[]);
        assert_eq!(rows.iter().filter(|r| r["state"] == state).count(), count, "{rows:?}");
        self
    }
}

fn submit(fault: &str) -> Case {
    Case::new(json!({ "step": "submit", "fault": fault }), json!({}))
}

/// Returns settings that set one field of Runway's configuration block, such as a short timeout.
fn impatient(field: &str, value: u64) -> Value {
    json!({ "engines": { "runway": { field: value } } })
}

#[test]
fn a_wrong_key() {
    submit("unauthorized").falls_back("auth", 0).rows_in_state("unknown", 0);
}

#[test]
fn an_empty_account() {
    submit("payment_required").falls_back("quota", 0).rows_in_state("unknown", 0);
}

#[test]
fn too_many_requests() {
    let case = submit("rate_limited");
    case.falls_back("rate_limited", 0);
    // It was retried once.
    assert_eq!(case.studio.simulator.request_count("runway", "submit"), 2);
}

#[test]
fn too_many_requests_for_a_moment() {
    let rule = json!({"step": "submit", "fault": "rate_limited", "times": 1});
    Case::new(rule, json!({})).gets_by(1);
}

#[test]
fn too_many_requests_for_longer_than_anybody_waits() {
    let rule = json!({"step": "submit", "fault": "rate_limited_retry_after", "value": 30});
    let case = Case::new(rule, json!({}));
    case.falls_back("rate_limited", 0);
    assert_eq!(
        case.studio.simulator.request_count("runway", "submit"),
        1,
        "it was asked before its time"
    );
}

#[test]
fn a_failure_of_the_vendor_that_may_have_bought_something() {
    let case = submit("server_error");
    case.falls_back("server", 0).rows_in_state("unknown", 1);
    assert_eq!(case.studio.simulator.request_count("runway", "submit"), 1, "it was posted again");
}

#[test]
fn a_vendor_out_of_service() {
    let case = submit("unavailable");
    case.falls_back("server", 0).rows_in_state("unknown", 0);
    assert_eq!(case.studio.simulator.request_count("runway", "submit"), 2);
}

#[test]
fn a_vendor_out_of_service_for_a_moment() {
    Case::new(json!({"step": "submit", "fault": "unavailable", "times": 1}), json!({})).gets_by(1);
}

#[test]
fn no_answer_at_all() {
    let settings = impatient("request_timeout_ms", 700);
    let rule = json!({"step": "submit", "fault": "hang"});
    Case::new(rule, settings).falls_back("timeout", 0).rows_in_state("unknown", 1);
}

#[test]
fn a_call_that_was_taken_on_silently() {
    let settings = impatient("request_timeout_ms", 700);
    let rule = json!({"step": "submit", "fault": "hang", "value": 1});
    Case::new(rule, settings).falls_back("timeout", 1).rows_in_state("unknown", 1);
}

#[test]
fn a_connection_that_breaks_before_the_call_is_taken_on() {
    submit("drop_before_accept").falls_back("server", 0).rows_in_state("unknown", 1);
}

#[test]
fn a_connection_that_breaks_after_the_call_was_taken_on() {
    submit("drop_after_accept").falls_back("server", 1).rows_in_state("unknown", 1);
}

#[test]
fn an_answer_that_is_none() {
    submit("garbage").falls_back("protocol", 0).rows_in_state("unknown", 1);
}

#[test]
fn a_refusal_of_the_content() {
    let case = submit("moderation");
    case.falls_back("moderation", 2).rows_in_state("refused", 2);
}

#[test]
fn a_task_that_fails() {
    let case = submit("failed");
    // A failed task is not charged, so a retry buys nothing twice.
    case.falls_back("server", 2).rows_in_state("failed", 2);
    assert_eq!(case.studio.simulator.total_charged(), 0.40, "two of Pika's clips");
}

#[test]
fn a_task_that_fails_once() {
    Case::new(json!({"step": "submit", "fault": "failed", "times": 1}), json!({})).gets_by(2);
}

#[test]
fn a_clip_of_another_shape_and_length_that_is_long_enough_is_used() {
    submit("wrong_clip").gets_by(1).rows_in_state("kept", 2);
}

#[test]
fn a_clip_that_could_not_be_fetched_is_not_counted_as_thrown_away() {
    let case = Case::new(json!({"step": "download", "fault": "server_error"}), json!({}));
    let receipt = case.film.metadata();
    assert_eq!(receipt["wastedUsd"], 0.0, "a later film has it for nothing");
    assert!(receipt["spendUsd"].as_f64().is_some_and(|it| it > 0.0));
    assert_eq!(case.studio.events("engine_purchase_wasted"), Vec::<Value>::new());
}

#[test]
fn a_store_that_does_not_answer_is_not_waited_for_long() {
    let begun = std::time::Instant::now();
    let hang = json!({"step": "download", "fault": "hang", "times": 1});
    let case = Case::new(hang, impatient("request_timeout_ms", 700));
    case.gets_by(1);
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn a_clip_that_is_a_page() {
    submit("not_a_video").falls_back("bad_output", 1).rows_in_state("bad_output", 1);
}

#[test]
fn a_black_clip() {
    submit("black_clip").falls_back("bad_output", 1).rows_in_state("bad_output", 1);
}

#[test]
fn a_clip_that_does_not_move() {
    submit("frozen_clip").falls_back("bad_output", 1).rows_in_state("bad_output", 1);
}

#[test]
fn a_clip_without_an_end() {
    submit("huge_clip").falls_back("bad_output", 1).rows_in_state("bad_output", 1);
}

#[test]
fn a_clip_that_breaks_off() {
    submit("truncated_clip").falls_back("bad_output", 1);
}

#[test]
fn a_clip_whose_connection_breaks_once_is_fetched_again() {
    let rule = json!({"step": "download", "fault": "truncated_clip", "value": 1, "times": 1});
    let case = Case::new(rule, json!({}));
    case.gets_by(1);
    assert_eq!(case.studio.simulator.request_count("runway", "download"), 2);
}

#[test]
fn an_expired_address_is_requested_again() {
    Case::new(json!({"step": "submit", "fault": "expired_url"}), json!({})).gets_by(1);
}

#[test]
fn a_clip_that_points_into_the_private_network() {
    let case = Case::new(json!({"step": "download", "fault": "redirect_private"}), json!({}));
    assert_eq!(engines_used(&case.film), ["pika", "pika"]);
    assert_eq!(case.studio.simulator.accepted_count("runway"), 1);
    let reason = case.film.metadata()["scenes"][0]["reason"].to_string();
    assert!(reason.contains("169.254.169.254"), "{reason}");
}

#[test]
fn a_clip_with_a_loud_tone_is_used_and_silent() {
    let case = submit("loud_clip");
    case.gets_by(1);
    let loudness = rms_db(&decode_audio(&case.film.output()));
    assert!(loudness < -70.0, "the film is as loud as {loudness:.1} dB");
    // It is not only unused: the clip stored for other films has no sound either.
    let clips = std::fs::read_dir(case.studio.workspace.path("storage/clips")).expect("clips");
    let clips: Vec<_> = clips.flatten().map(|entry| entry.path()).collect();
    assert_eq!(clips.len(), 2, "{clips:?}");
    for clip in clips {
        assert!(probe(&clip).audio.is_null(), "{} has sound", clip.display());
    }
}

#[test]
fn a_task_without_progress_times_out_and_is_cancelled() {
    let rule = json!({"step": "submit", "fault": "stuck"});
    let case = Case::new(rule, impatient("stall_seconds", 1));
    // Runway may have charged the running task: the row stays open for a late clip.
    case.falls_back("timeout", 1).rows_in_state("abandoned", 1);
    assert_eq!(case.studio.simulator.submissions_to("runway")[0]["cancelled"], true);
}

#[test]
fn a_task_that_the_vendor_forgot() {
    submit("lost").falls_back("lost", 1).rows_in_state("lost", 1);
}

#[test]
fn questions_that_go_wrong_do_not_lose_a_task() {
    for fault in ["bad_gateway", "garbage", "drop_before_accept", "rate_limited"] {
        Case::new(json!({"step": "poll", "fault": fault, "times": 2}), json!({})).gets_by(1);
    }
}

#[test]
fn an_undocumented_status_is_logged_and_waited_out() {
    let case = submit("unknown_status");
    case.gets_by(1);
    assert_eq!(case.studio.events("engine_status_unknown").len(), 1);
}

#[test]
fn a_host_that_cannot_be_reached() {
    let settings = json!({"engines": {"runway": {"base_url": "http://127.0.0.1:9"}}});
    let studio = Studio::new(&json!({}), &settings);
    let film = studio.render(&tea(&["runway"], ""), "out");
    assert_eq!(studio.fallbacks(), ["runway>pika: unreachable"]);
    assert_eq!(engines_used(&film), ["pika"]);
}

#[test]
fn a_host_that_never_answers_gives_way_within_15_seconds() {
    // Slow, since the timeout is the program's own.
    let (_listener, _waiting, address) = silent_host();
    let settings = json!({
        "default_chain": ["local"],
        "engines": {"runway": {"base_url": format!("http://{address}")}},
    });
    let studio = Studio::new(&json!({}), &settings);
    let film = studio.render(&tea(&["runway", "pika"], ""), "out");
    assert_eq!(engines_used(&film), ["local", "pika"]);
    let told = studio.events("engine_fallback");
    assert_eq!(studio.fallbacks(), ["runway>local: unreachable"], "{told:?}");
    let latency_ms = told[0]["latency_ms"].as_u64();
    assert!(latency_ms.is_some_and(|ms| (2000..15_000).contains(&ms)), "{latency_ms:?}");
    let row = studio.rows(&[]).into_iter().find(|row| row["engine"] == "runway");
    assert_eq!(row.expect("a row")["state"], "not_sent", "nothing can have been bought");
}

/// Returns the address of a host that does not respond to connections, because its backlog is full. The listener and
/// the connections must be kept.
fn silent_host() -> (TcpListener, Vec<TcpStream>, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut waiting = Vec::new();
    let mut refused = 0;
    // A machine under load may be slow once: only a full backlog is slow repeatedly.
    while refused < 4 {
        match TcpStream::connect_timeout(&address, Duration::from_millis(250)) {
            Ok(stream) => {
                refused = 0;
                waiting.push(stream);
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => refused += 1,
            Err(error) => panic!("the queue cannot be filled: {error}"),
        }
        assert!(waiting.len() < 900, "the queue has no end");
    }
    (listener, waiting, address)
}

#[test]
fn where_every_engine_fails_the_scene_is_drawn_here() {
    let rules = json!({"rules": [{"step": "submit", "fault": "unavailable"}]});
    let studio = Studio::new(&rules, &json!({}));
    let film = studio.render(&tea(&["luma", "", ""], ""), "out");
    assert_eq!(engines_used(&film), ["local", "local", "local"]);
    assert_eq!(film.metadata()["degraded"], true);
    assert_eq!(studio.fallbacks().len(), 9, "{:?}", studio.fallbacks());
    let to_local = studio.fallbacks().iter().filter(|f| f.contains(">local")).count();
    assert_eq!((to_local, studio.simulator.total_accepted()), (3, 0));
}
