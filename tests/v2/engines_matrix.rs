//! Tests every fault at every engine: the result of each scene, the ledger, and the purchases.
//!
//! Each fault is tested with one film that has a scene for each engine. The chain of a scene is its engine and
//! `local`, and the same fault affects all vendors. [`TABLE`] contains the expectations. The outcomes are printed as
//! a Markdown table (`cargo test -p tests --test v2 matrix -- --nocapture`).
//!
//! A cell contains the result of the scene (`clip`, or the kind of failure before it was drawn locally), the states
//! of its rows in the ledger, and the number of purchases that the vendor accepted.

use crate::support::guides_engine;
use pytoon_testkit::program::{Background, run};
use pytoon_testkit::simulator::quick_engine;
use pytoon_testkit::{Film, Studio};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// An engine, its vendor in the simulator, and the content of its scene.
const ENGINES: [(&str, &str, &str); 8] = [
    ("runway", "runway", "steam over a kettle"),
    ("pika", "fal", "a cup on a wooden table"),
    ("luma", "luma-agents", "sunlight through a window"),
    ("luma_dm", "luma-dm", "rain on a garden path"),
    ("comfyui", "comfyui", "a cat beside a fireplace"),
    ("acme", "acme", "honey on warm bread"),
    ("pexels", "pexels", "waves along a beach"),
    ("pixabay", "pixabay", "snow in a forest"),
];

/// The API keys that a studio needs in addition to its own.
const KEYS: [(&str, &str); 3] = [
    ("ACME_API_KEY", "ackey-77f0b2c49d1e6a35"),
    ("PEXELS_API_KEY", "pxkey-8e2d4c6a0b1f3957"),
    ("PIXABAY_API_KEY", "pbkey-1b7d5f3a9c0e2846"),
];

/// A fault and its expected outcomes.
struct Row {
    fault: &'static str,
    /// The simulator's rule for vendors that generate clips.
    rule: &'static str,
    /// The rule for stock vendors; empty if the fault cannot happen to them.
    stock_rule: &'static str,
    /// The request timeout, in milliseconds.
    patience_ms: u64,
    /// The expected outcome at vendors that generate clips.
    drawn: &'static str,
    /// The expected outcome at stock vendors.
    found: &'static str,
    /// The engines with another expected outcome, each with the reason.
    except: &'static [(&'static str, &'static str, &'static str)],
}

const PLAIN: Row = Row {
    fault: "none",
    rule: r#"{"step": "submit", "fault": "unknown_status", "times": 0}"#,
    stock_rule: r#"{"step": "search", "fault": "hang", "times": 0}"#,
    patience_ms: 20_000,
    drawn: "clip; kept; 1",
    found: "clip; kept; 0",
    except: &[],
};

const TABLE: &[Row] = &[
    PLAIN,
    Row {
        fault: "401",
        rule: r#"{"step": "submit", "fault": "unauthorized"}"#,
        stock_rule: r#"{"step": "search", "fault": "unauthorized"}"#,
        drawn: "auth; not_sent; 0",
        found: "auth; not_sent; 0",
        ..PLAIN
    },
    Row {
        fault: "402",
        rule: r#"{"step": "submit", "fault": "payment_required"}"#,
        stock_rule: "",
        drawn: "quota; not_sent; 0",
        ..PLAIN
    },
    Row {
        fault: "429",
        rule: r#"{"step": "submit", "fault": "rate_limited"}"#,
        stock_rule: r#"{"step": "search", "fault": "rate_limited"}"#,
        drawn: "rate_limited; not_sent x2; 0",
        found: "rate_limited; not_sent x2; 0",
        ..PLAIN
    },
    Row {
        fault: "429, Retry-After 30 s",
        rule: r#"{"step": "submit", "fault": "rate_limited_retry_after", "value": 30}"#,
        stock_rule: r#"{"step": "search", "fault": "rate_limited_retry_after", "value": 30}"#,
        drawn: "rate_limited; not_sent; 0",
        found: "rate_limited; not_sent; 0",
        ..PLAIN
    },
    Row {
        fault: "429, Retry-After as a date",
        rule: r#"{"step": "submit", "fault": "rate_limited_retry_date", "value": 30}"#,
        stock_rule: r#"{"step": "search", "fault": "rate_limited_retry_date", "value": 30}"#,
        drawn: "rate_limited; not_sent; 0",
        found: "rate_limited; not_sent; 0",
        ..PLAIN
    },
    Row {
        fault: "500",
        rule: r#"{"step": "submit", "fault": "server_error"}"#,
        stock_rule: r#"{"step": "search", "fault": "server_error"}"#,
        drawn: "server; unknown; 0",
        found: "server; not_sent x2; 0",
        except: NEVER_ARRIVED,
        ..PLAIN
    },
    Row {
        fault: "500 after acceptance",
        rule: r#"{"step": "submit", "fault": "server_error", "value": 1}"#,
        stock_rule: "",
        drawn: "server; unknown; 1",
        except: FOUND_AGAIN,
        ..PLAIN
    },
    Row {
        fault: "503",
        rule: r#"{"step": "submit", "fault": "unavailable"}"#,
        stock_rule: r#"{"step": "search", "fault": "unavailable"}"#,
        drawn: "server; not_sent x2; 0",
        found: "server; not_sent x2; 0",
        ..PLAIN
    },
    Row {
        fault: "502 to two polls",
        rule: r#"{"step": "poll", "fault": "bad_gateway", "times": 2}"#,
        stock_rule: "",
        ..PLAIN
    },
    Row {
        fault: "slow drip, waited for",
        rule: r#"{"step": "submit", "fault": "slow_drip", "value": 3}"#,
        stock_rule: r#"{"step": "download", "fault": "slow_drip", "value": 3}"#,
        ..PLAIN
    },
    Row {
        fault: "slow drip, not waited for",
        rule: r#"{"step": "submit", "fault": "slow_drip", "value": 200}"#,
        stock_rule: r#"{"step": "search", "fault": "slow_drip", "value": 200}"#,
        patience_ms: 1000,
        drawn: "timeout; unknown; 1",
        found: "timeout; not_sent; 0",
        except: FOUND_AGAIN,
    },
    Row {
        fault: "hang",
        rule: r#"{"step": "submit", "fault": "hang"}"#,
        stock_rule: r#"{"step": "search", "fault": "hang"}"#,
        patience_ms: 1000,
        // Even if a lookup finds nothing: the vendor may still be working on it.
        drawn: "timeout; unknown; 0",
        found: "timeout; not_sent; 0",
        except: &[],
    },
    Row {
        fault: "hang after acceptance",
        rule: r#"{"step": "submit", "fault": "hang", "value": 1}"#,
        stock_rule: "",
        patience_ms: 1000,
        drawn: "timeout; unknown; 1",
        except: FOUND_AGAIN,
        ..PLAIN
    },
    Row {
        fault: "dropped before acceptance",
        rule: r#"{"step": "submit", "fault": "drop_before_accept"}"#,
        stock_rule: r#"{"step": "search", "fault": "drop_before_accept"}"#,
        drawn: "server; unknown; 0",
        found: "server; not_sent x2; 0",
        except: NEVER_ARRIVED,
        ..PLAIN
    },
    Row {
        fault: "dropped after acceptance",
        rule: r#"{"step": "submit", "fault": "drop_after_accept"}"#,
        stock_rule: "",
        drawn: "server; unknown; 1",
        except: FOUND_AGAIN,
        ..PLAIN
    },
    Row {
        fault: "truncated clip",
        rule: r#"{"step": "submit", "fault": "truncated_clip"}"#,
        stock_rule: r#"{"step": "download", "fault": "truncated_clip"}"#,
        drawn: "bad_output; bad_output; 1",
        found: "bad_output; bad_output; 0",
        ..PLAIN
    },
    Row {
        fault: "download cut once",
        rule: r#"{"step": "download", "fault": "truncated_clip", "value": 1, "times": 1}"#,
        stock_rule: r#"{"step": "download", "fault": "truncated_clip", "value": 1, "times": 1}"#,
        ..PLAIN
    },
    Row {
        fault: "wrong clip",
        rule: r#"{"step": "submit", "fault": "wrong_clip"}"#,
        stock_rule: "",
        // Another shape, and shorter than requested; the scene needs no more.
        except: &[(
            "comfyui",
            "bad_output; bad_output; 1",
            "it draws no more than the scene needs, so that three fifths are too short",
        )],
        ..PLAIN
    },
    Row {
        fault: "black clip",
        rule: r#"{"step": "submit", "fault": "black_clip"}"#,
        stock_rule: r#"{"step": "download", "fault": "black_clip"}"#,
        drawn: "bad_output; bad_output; 1",
        found: "bad_output; bad_output; 0",
        ..PLAIN
    },
    Row {
        fault: "frozen clip",
        rule: r#"{"step": "submit", "fault": "frozen_clip"}"#,
        stock_rule: r#"{"step": "download", "fault": "frozen_clip"}"#,
        drawn: "bad_output; bad_output; 1",
        found: "bad_output; bad_output; 0",
        ..PLAIN
    },
    Row {
        fault: "unknown status",
        rule: r#"{"step": "submit", "fault": "unknown_status"}"#,
        stock_rule: "",
        ..PLAIN
    },
    Row {
        fault: "moderation refusal",
        rule: r#"{"step": "submit", "fault": "moderation"}"#,
        stock_rule: "",
        drawn: "moderation; refused x2; 2",
        except: &[("comfyui", "server; failed x2; 2", "it has no moderation: the graph fails")],
        ..PLAIN
    },
    Row {
        fault: "expired URL",
        rule: r#"{"step": "submit", "fault": "expired_url"}"#,
        stock_rule: r#"{"step": "download", "fault": "expired_url", "times": 1}"#,
        ..PLAIN
    },
    Row {
        fault: "completed with error",
        rule: r#"{"step": "submit", "fault": "completed_with_error"}"#,
        stock_rule: r#"{"step": "search", "fault": "completed_with_error"}"#,
        // A success without a clip is booked and not retried.
        drawn: "protocol; bad_output; 1",
        found: "unsupported; not_sent; 0",
        except: &[
            ("pika", "server; failed x2; 2", "its status carries the error"),
            ("comfyui", "bad_output; failed; 1", "the same graph writes no video again"),
        ],
        ..PLAIN
    },
    Row {
        fault: "task failed",
        rule: r#"{"step": "submit", "fault": "failed"}"#,
        stock_rule: "",
        drawn: "server; failed x2; 2",
        ..PLAIN
    },
    Row {
        fault: "task forgotten",
        rule: r#"{"step": "submit", "fault": "lost"}"#,
        stock_rule: "",
        drawn: "lost; lost; 1",
        ..PLAIN
    },
];

type Exceptions = &'static [(&'static str, &'static str, &'static str)];

/// The exception for a vendor that can prove that a call never arrived: the call is certainly not purchased, and is
/// retried. At other vendors, whose lists may lag, a recent call that is missing is undecided.
const NEVER_ARRIVED: Exceptions =
    &[("comfyui", "server; lost x2; 0", "neither queue nor history has the id that we chose")];

/// The exceptions for vendors that can prove that a call arrived: the call is resumed.
const FOUND_AGAIN: Exceptions = &[
    ("comfyui", "clip; kept; 1", "queue or history has the id that we chose"),
    ("acme", "clip; kept; 1", "its list has our client_ref"),
];

impl Row {
    /// Returns the engines that this fault can affect.
    fn engines(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        let drawn_only = self.stock_rule.is_empty();
        ENGINES.into_iter().filter(move |(engine, ..)| !(drawn_only && is_stock(engine)))
    }

    fn expected_cell(&self, engine: &str) -> &'static str {
        match self.except.iter().find(|(name, ..)| *name == engine) {
            Some((_, cell, _)) => cell,
            None if is_stock(engine) => self.found,
            None => self.drawn,
        }
    }

    fn scenario(&self) -> Value {
        let rule = |text: &str| -> Value { serde_json::from_str(text).expect("a rule") };
        let rules = ENGINES.iter().filter_map(|(engine, vendor, _)| {
            let text = if is_stock(engine) { self.stock_rule } else { self.rule };
            let mut rule = rule(if text.is_empty() { return None } else { text });
            // A rule for each vendor, so that `times` counts per vendor.
            rule["vendor"] = json!(vendor);
            Some(rule)
        });
        json!({ "rules": rules.collect::<Vec<Value>>() })
    }
}

fn is_stock(engine: &str) -> bool {
    ["pexels", "pixabay"].contains(&engine)
}

/// Returns a brief with a scene for every engine that a fault can affect.
fn brief(row: &Row) -> String {
    let engines: Vec<_> = row.engines().collect();
    let words: Vec<String> = (1..=engines.len()).map(|n| format!("This is number {n}.")).collect();
    let mut brief = format!(
        "script: {}\nvoice: off\ncaptions: off\nmusic_source: none\nprofile: test\n\
         target_duration_seconds: {}\nmax_scenes: {}\nscenes:\n",
        words.join(" "),
        engines.len(),
        engines.len(),
    );
    for (index, (engine, _, idea)) in engines.iter().enumerate() {
        brief += &format!("  - scene: {}\n    prompt: {idea}\n    engine: {engine}\n", index + 1);
    }
    brief
}

/// Returns an `engine.yaml` with all engines. The engine from the guide has its description verbatim.
fn settings(url: &str, workflow: &str, patience_ms: u64) -> String {
    let free = json!({"models": {"default": {"per_clip_usd": 0}}});
    let dream_machine = json!({
        "kind": "luma",
        "key_env": ["LUMA_API_KEY"],
        "price": {"models": {"default": {"per_second_usd": 0.142}}},
        "options": {"api": "dream_machine", "model": "ray-2", "resolution": "540p"},
    });
    let comfyui = json!({"enabled": true, "price": free, "options": {"workflow": workflow}});
    let fal = json!({"options": {
        "upload_url": format!("{url}/fal-rest"),
        "account_url": format!("{url}/fal-api"),
    }});
    let others = [
        ("runway", "runway", json!({})),
        ("pika", "fal", fal),
        ("luma", "luma-agents/v1", json!({})),
        ("luma_dm", "luma-dm/dream-machine/v1", dream_machine),
        ("comfyui", "comfyui", comfyui),
        ("pexels", "pexels", json!({})),
        ("pixabay", "pixabay", json!({})),
    ];
    let patience = json!({"request_timeout_ms": patience_ms});
    let quick = |base_url: String, more: &Value| {
        let mut engine = quick_engine(&base_url, &patience);
        for (name, value) in more.as_object().into_iter().flatten() {
            engine[name] = value.clone();
        }
        engine
    };
    // The block of the guide's engine continues after its address.
    let mut acme = format!("{url}/acme");
    for (name, value) in quick(String::new(), &json!({})).as_object().expect("a block") {
        if name != "base_url" {
            acme += &format!("\n      {name}: {value}");
        }
    }
    let mut text = guides_engine(&acme);
    for (engine, path, more) in others {
        text += &format!("    {engine}: {}\n", quick(format!("{url}/{path}"), &more));
    }
    text + "  default_chain: [local]\n"
}

/// Returns a text-to-video workflow for ComfyUI.
fn workflow() -> Value {
    let node = |class: &str, inputs: Value| json!({"class_type": class, "inputs": inputs});
    json!({
        "1": node("CLIPTextEncode", json!({"text": "{{prompt}}"})),
        "2": node("KSampler", json!({"seed": "{{seed}}", "positive": ["1", 0]})),
        "3": node("EmptyVideo", json!({
            "width": "{{width}}", "height": "{{height}}", "length": "{{frames}}",
        })),
        "4": node("SaveVideo", json!({"video": ["2", 0]})),
    })
}

/// The outcome of a fault: a table cell for each engine, and the contradictions between records.
#[derive(Default)]
struct Outcome {
    cells: BTreeMap<&'static str, String>,
    problems: Vec<String>,
}

/// Creates a studio with all engines, and writes the brief for a fault.
fn studio(row: &Row, scenario: &Value) -> Studio {
    let studio = Studio::new(scenario, &json!({}));
    let file = studio.workspace.write("workflow.json", workflow().to_string());
    let text = settings(&studio.simulator.url(), &file.display().to_string(), row.patience_ms);
    studio.workspace.write("config/engine.yaml", text);
    studio.workspace.write("brief.yaml", brief(row));
    studio
}

fn outcome(row: &Row) -> Outcome {
    let studio = studio(row, &row.scenario());
    let args = ["render", "brief.yaml", "--out", "out", "--metrics-out", "metrics.txt"];
    let ended = run(studio.command(&args).envs(KEYS));
    if ended.code != Some(0) {
        let problem = format!("no film: {}{}", ended.stdout, ended.stderr);
        return Outcome { problems: vec![problem], ..Outcome::default() };
    }
    let film = Film::open(&studio.workspace.path("out"));
    let mut outcome = Outcome::default();
    for finding in film.findings() {
        outcome.problems.push(format!("the film's own check found {finding}"));
    }
    let seen = Seen::of(&studio, &film);
    for (index, (engine, vendor, _)) in row.engines().enumerate() {
        let cell = seen.scene(index, engine, vendor, &mut outcome.problems);
        outcome.cells.insert(engine, cell);
    }
    let charged: f64 = seen.rows.iter().map(|row| usd(&row["charged"])).sum();
    let told = seen.receipt["spendUsd"].as_f64().unwrap_or(f64::NAN);
    if (charged - told).abs() > 1e-6 {
        outcome.problems.push(format!("the receipt says ${told}, the ledger ${charged}"));
    }
    outcome
}

/// The receipt, log, metrics and ledger of a film, and the vendors' own ledger.
struct Seen<'a> {
    studio: &'a Studio,
    receipt: Value,
    rows: Vec<Value>,
    submissions: Vec<Value>,
    fallbacks: Vec<String>,
    invocations: Vec<Value>,
}

impl<'a> Seen<'a> {
    fn of(studio: &'a Studio, film: &Film) -> Self {
        Self {
            studio,
            receipt: film.metadata(),
            rows: studio.rows(&[]),
            submissions: studio.simulator.submissions(),
            fallbacks: studio.fallbacks(),
            invocations: studio.events("engine_invocation"),
        }
    }

    /// Returns the matrix cell of a scene. Adds a problem for each record of the scene that disagrees.
    fn scene(
        &self,
        index: usize,
        engine: &str,
        vendor: &str,
        problems: &mut Vec<String>,
    ) -> String {
        let mut check = |holds: bool, what: String| {
            if !holds {
                problems.push(format!("{engine}: {what}"));
            }
        };
        let scene = &self.receipt["scenes"][index];
        let attempts: Vec<&str> = scene["attempts"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|attempt| attempt["result"].as_str())
            .collect();
        let result = *attempts.last().unwrap_or(&"nothing was tried");
        let delivered = result == "success";
        let used = if delivered { engine } else { "local" };
        check(attempts.len() == 1, format!("the receipt tells of {attempts:?}"));
        check(scene["engineUsed"] == used, format!("the receipt says {}", scene["engineUsed"]));
        check(scene["fallbackUsed"] == !delivered, format!("fallbackUsed after {result}"));

        let step = format!("{engine}>local: ");
        let told: Vec<&str> =
            self.fallbacks.iter().filter_map(|line| line.strip_prefix(step.as_str())).collect();
        let expected: &[&str] = if delivered { &[] } else { &[result] };
        check(told == expected, format!("{result} is logged as {told:?}"));
        let labels = format!("from_engine=\"{engine}\",to_engine=\"local\"");
        let counted = self.studio.metric(&format!("pytoon_v2_engine_fallbacks_total{{{labels}}}"));
        check(counted == told.len() as f64, format!("{counted} fallbacks are counted"));
        self.invocations_agree(engine, &mut check);

        let mut states: BTreeMap<&str, usize> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row["engine"] == engine) {
            *states.entry(row["state"].as_str().unwrap_or("?")).or_default() += 1;
        }
        let own: Vec<&Value> = self.submissions.iter().filter(|s| s["vendor"] == vendor).collect();
        self.nothing_is_bought_twice(engine, &own, &states, &mut check);
        let states: Vec<String> = states
            .iter()
            .map(|(state, &count)| match count {
                1 => (*state).to_owned(),
                count => format!("{state} x{count}"),
            })
            .collect();
        let result = if delivered { "clip" } else { result };
        format!("{result}; {}; {}", states.join(", "), own.len())
    }

    /// Checks that the metrics count exactly the engine attempts that are in the log.
    fn invocations_agree(&self, engine: &str, check: &mut impl FnMut(bool, String)) {
        for result in ["success", "failure", "moderation", "timeout"] {
            let own = |line: &&Value| line["engine"] == engine && line["result"] == result;
            let logged = self.invocations.iter().filter(own).count();
            let labels = format!("engine=\"{engine}\",result=\"{result}\"");
            let name = format!("pytoon_v2_engine_invocations_total{{{labels}}}");
            let counted = self.studio.metric(&name);
            check(counted == logged as f64, format!("{logged} {result} logged, {counted} counted"));
        }
    }

    /// Checks the vendors' own ledger: at most one purchase is in progress or delivered, and another is made only
    /// after one that failed or was rejected. No record claims that an accepted call was not sent, and the charges
    /// agree.
    fn nothing_is_bought_twice(
        &self,
        engine: &str,
        own: &[&Value],
        states: &BTreeMap<&str, usize>,
        check: &mut impl FnMut(bool, String),
    ) {
        let came_to_nothing = ["failed", "moderated", "completed_with_error"];
        let live = own.iter().filter(|s| !came_to_nothing.iter().any(|end| s["state"] == *end));
        let live: Vec<&str> = live.filter_map(|s| s["id"].as_str()).collect();
        check(live.len() <= 1, format!("it was bought twice: {live:?}"));
        let refused = own.iter().filter(|s| s["moderated"] == true).map(|s| s["prompt"].as_str());
        let mut refused: Vec<Option<&str>> = refused.collect();
        let count = refused.len();
        refused.sort_unstable();
        refused.dedup();
        // A vendor without rejections (ComfyUI) only fails, and may be retried.
        let unchanged = refused.len() < count && states.contains_key("refused");
        check(!unchanged, format!("a refused prompt was sent again: {refused:?}"));
        let said: usize = ["not_sent", "intent"].iter().filter_map(|s| states.get(s)).sum();
        let rows: usize = states.values().sum();
        check(own.len() <= rows - said, format!("{} taken on, the ledger: {states:?}", own.len()));
        let charged: f64 = own.iter().filter_map(|s| s["charged_usd"].as_f64()).sum();
        let mine = self.rows.iter().filter(|row| row["engine"] == engine);
        let booked: f64 = mine.map(|row| usd(&row["charged"])).sum();
        // A delivered or possible clip costs the price of the table, which may exceed the vendor's charge; a failed
        // call costs only the vendor's charge.
        let is_clear = states.keys().all(|s| ["not_sent", "failed", "refused"].contains(s));
        let agree = (booked - charged).abs() < 1e-6 || !is_clear && booked > charged;
        check(agree, format!("${charged} charged, ${booked} in the ledger"));
    }
}

/// Converts an amount in the ledger, in millionths of a dollar, to dollars.
fn usd(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default() / 1e6
}

/// Renders the films of all rows, two at a time, since each mostly waits.
fn all_outcomes() -> Vec<Outcome> {
    let outcomes: Vec<Mutex<Outcome>> = TABLE.iter().map(|_| Mutex::default()).collect();
    let next = Mutex::new(0..TABLE.len());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(index) = next.lock().expect("whole").next() else { return };
                    let outcome = outcome(&TABLE[index]);
                    *outcomes[index].lock().expect("whole") = outcome;
                }
            });
        }
    });
    outcomes.into_iter().map(|outcome| outcome.into_inner().expect("whole")).collect()
}

/// Formats the matrix in Markdown.
fn markdown(outcomes: &[Outcome]) -> String {
    let names: Vec<&str> = ENGINES.iter().map(|(engine, ..)| *engine).collect();
    let mut text = format!("| fault | {} |\n|{}\n", names.join(" | "), " --- |".repeat(9));
    for (row, outcome) in TABLE.iter().zip(outcomes) {
        let cells = names.iter().map(|name| outcome.cells.get(name).map_or("-", String::as_str));
        text += &format!("| {} | {} |\n", row.fault, cells.collect::<Vec<_>>().join(" | "));
    }
    text
}

#[test]
#[expect(clippy::print_stdout, reason = "the matrix is what a reader of this test wants")]
fn the_matrix_of_faults_and_engines() {
    let outcomes = all_outcomes();
    println!("{}", markdown(&outcomes));
    let mut problems = Vec::new();
    for (row, outcome) in TABLE.iter().zip(&outcomes) {
        problems.extend(outcome.problems.iter().map(|p| format!("{}: {p}", row.fault)));
        for (engine, cell) in &outcome.cells {
            let expected = row.expected_cell(engine);
            if cell != expected {
                problems.push(format!("{}: {engine}: {cell}, not {expected}", row.fault));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The expected effect of Ctrl-C on a running render's task at a vendor.
struct Cancel {
    engine: &'static str,
    /// The number of cancel requests that the vendor receives.
    told: usize,
    /// The outcome in the log and the row's state if the task is in the vendor's queue.
    queued: (&'static str, &'static str),
    /// The outcome in the log and the row's state if the task is running.
    running: (&'static str, &'static str),
}

const SURE: (&str, &str) = ("cancelled", "cancelled");
/// The outcome of a cancel that the vendor does not confirm: the clip may still arrive, and counts as paid.
const ASKED: (&str, &str) = ("asked", "abandoned");
const NOBODY_CAN: (&str, &str) = ("unsupported", "abandoned");

const CANCELS: [Cancel; 6] = [
    Cancel { engine: "runway", told: 1, queued: SURE, running: ASKED },
    Cancel { engine: "pika", told: 1, queued: ASKED, running: ASKED },
    Cancel { engine: "luma", told: 0, queued: NOBODY_CAN, running: NOBODY_CAN },
    Cancel { engine: "luma_dm", told: 1, queued: ASKED, running: ASKED },
    Cancel { engine: "comfyui", told: 1, queued: SURE, running: SURE },
    Cancel { engine: "acme", told: 1, queued: ASKED, running: ASKED },
];

#[test]
fn ctrl_c_reaches_every_vendor_that_can_cancel() {
    let row = Row { stock_rule: "", ..PLAIN };
    for is_running in [false, true] {
        let (queue_ms, run_ms) = if is_running { (0, 60_000) } else { (60_000, 1) };
        let scenario = json!({"defaults": {"queue_ms": queue_ms, "run_ms": run_ms}});
        let studio = studio(&row, &scenario);
        let args = ["render", "brief.yaml", "--out", "out"];
        let mut render = Background::start(studio.command(&args).envs(KEYS));
        render.wait_until(|| studio.events("engine_submitted").len() == CANCELS.len());
        let begun = Instant::now();
        assert_eq!(render.interrupt(), Some(130));
        assert!(begun.elapsed() < Duration::from_secs(30), "it took {:?}", begun.elapsed());
        assert!(!studio.workspace.path("out/output.mp4").exists(), "half a film is left");
        let said = studio.events("engine_cancelled");
        let rows = studio.rows(&[]);
        for Cancel { engine, told, queued, running } in CANCELS {
            let (outcome, state) = if is_running { running } else { queued };
            let vendor = ENGINES.iter().find(|(name, ..)| *name == engine).expect("known").1;
            assert_eq!(studio.simulator.request_count(vendor, "cancel"), told, "{engine} was told");
            let said = said.iter().find(|line| line["engine"] == engine).expect("a line");
            assert_eq!(said["outcome"], outcome, "{engine}, running: {is_running}");
            let own: Vec<&Value> = rows.iter().filter(|row| row["engine"] == engine).collect();
            assert_eq!((own.len(), &own[0]["state"]), (1, &json!(state)), "{engine}: {own:?}");
            let bought = studio.simulator.submissions_to(vendor);
            let charged = bought[0]["charged_usd"].as_f64().expect("a sum");
            assert_eq!(bought.len(), 1, "{engine}");
            assert!(usd(&own[0]["charged"]) + 1e-6 >= charged, "{engine}: ${charged} charged");
        }
    }
}
