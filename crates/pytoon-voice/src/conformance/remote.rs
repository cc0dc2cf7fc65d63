//! Checks services and servers, simulated by a scripted server.

mod faults;

use super::{
    Bench, KEY, Outcome, Row, Stage, check_speech, clean, is_unwell, of_kind, request, row,
    says_all, sounds,
};
use crate::VoiceError;
use crate::tts::TtsRequest;
use base64::Engine;
use faults::{Fault, Money};
use pytoon_config::tts::CloudVoice;
use pytoon_process::Runner;
use pytoon_records::ledger::{CallFilter, CallRow, CallState};
use pytoon_vendor::scripted::{Answer, RecordedRequest, Script, Vendor};
use pytoon_vendor::{Accepted, VendorErrorKind as Kind, ensure};
use pytoon_vocabulary::MicroUsd;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// The name of the server's configuration block.
const BLOCK: &str = "local";
/// The environment variable with the server's key.
const SERVER_KEY: &str = "CONFORMANCE_SPEECH_KEY";
/// The voice of the server.
const SERVER_VOICE: &str = "af_heart";
/// A speed that every service with a speed setting accepts.
const SPEED: f64 = 1.1;
/// The timeout for checks that get a response, in milliseconds.
const PATIENT_MS: u64 = 20_000;
/// The timeout for checks that get no response, in milliseconds.
const HASTY_MS: u64 = 250;
/// The number of attempts at a request, including the first.
const ATTEMPTS: usize = 2;

/// The fixture of a service or a server.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Remote {
    #[expect(dead_code, reason = "for readers of the fixture")]
    about: String,
    /// The path appended to the vendor's base URL.
    #[serde(default)]
    base_path: String,
    /// The route of the speech request.
    speak: String,
    /// The route of the health check.
    health: String,
    /// The header that carries the key, written with the placeholder `{{key}}`.
    key_as: String,
    /// The audio format of the service.
    form: Form,
    /// True if the service returns word times.
    #[serde(default)]
    gives_times: bool,
    /// True if the service's API has no speed setting.
    #[serde(default)]
    lacks_speed: bool,
    /// True if the server belongs to the user and is free of charge.
    #[serde(default)]
    is_free: bool,
}

/// An audio format.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    Pcm,
    Wav,
}

impl Form {
    fn bytes(self, samples: &[i16]) -> Vec<u8> {
        match self {
            Self::Pcm => sounds::pcm(samples),
            Self::Wav => sounds::wav(samples),
        }
    }
}

/// A service connected to its simulated vendor.
struct Played<'a> {
    remote: &'a Remote,
    bench: &'a Bench<'a>,
    vendor: Vendor,
}

impl Remote {
    pub(super) fn run(&self, bench: &Bench<'_>) -> Result<Vec<Row>, String> {
        let vendor = bench.runtime.block_on(Vendor::start()).map_err(|error| error.to_string())?;
        let played = Played { remote: self, bench, vendor };
        let mut rows = Vec::new();
        row(&mut rows, "success", played.success());
        row(&mut rows, "health", played.health());
        row(&mut rows, "health 401", played.health_refused());
        for fault in faults::answers(self) {
            row(&mut rows, &fault.name, played.fault(&fault));
        }
        for (name, kind, required) in [
            ("auth", Kind::Auth, true),
            ("quota", Kind::Quota, true),
            ("moderation", Kind::Moderation, false),
        ] {
            row(&mut rows, name, played.own_words(name, kind, required));
        }
        row(&mut rows, "unreachable", played.unreachable());
        row(&mut rows, "dropped before it is read", played.deaf());
        for spoilt in sounds::spoilt_sounds() {
            let body = self.form.bytes(&spoilt.samples);
            row(&mut rows, spoilt.what, played.check_spoilt(spoilt.what, &body));
        }
        if self.form == Form::Wav {
            row(
                &mut rows,
                "half a file",
                played.check_spoilt("half a file", &sounds::half_a_wav()),
            );
        }
        row(&mut rows, "key echoed", played.key_echo());
        row(&mut rows, "key not shown", played.not_shown());
        Ok(rows)
    }
}

impl Played<'_> {
    fn success_script(&self, sound: &[u8]) -> Result<Script, String> {
        let text = self.bench.subject.text("success.json")?;
        let in_base64 = base64::engine::general_purpose::STANDARD.encode(sound);
        Script::parse(&text.replace("{{sound}}", &in_base64), sound)
            .map_err(|error| format!("success.json: {error}"))
    }

    fn good(&self) -> Result<Script, String> {
        self.success_script(&self.remote.form.bytes(&sounds::good()))
    }

    fn stage(&self, check: &str, base: &str, patience_ms: u64) -> Result<Stage, String> {
        let provider = self.bench.subject.provider;
        let address = format!("{base}{}", self.remote.base_path);
        let change = |block: &mut Value| {
            block["base_url"] = json!(address);
            block["request_timeout_ms"] = json!(patience_ms);
            block["backoff"] = json!({"initial_ms": 1, "max_ms": 50, "attempts": ATTEMPTS});
        };
        let runner = Runner {
            programs: pytoon_process::Programs::beside_this_one(),
            ..self.bench.runner(self.bench.folder)
        };
        if self.remote.is_free {
            let (voice, key) = (SERVER_VOICE, SERVER_KEY);
            let mut block = json!({"model": "kokoro", "voice": voice, "key_env": [key]});
            change(&mut block);
            return self.bench.stage(check, BLOCK, Some(key), &runner, |tts| {
                tts[provider] = json!({ BLOCK: block });
            });
        }
        let key = self.cloud()?.and_then(|cloud| cloud.key_env.into_iter().next());
        self.bench.stage(check, provider, key.as_deref(), &runner, |tts| change(&mut tts[provider]))
    }

    fn rows(&self, stage: &Stage) -> Result<Vec<CallRow>, String> {
        let list = stage.store.call_list(CallFilter::default());
        self.bench.runtime.block_on(list).map_err(|error| error.to_string())
    }

    /// Returns the spending recorded in the ledger. Fails if the ledger leaves the call open, or if it charges for
    /// something that was not bought.
    fn money(&self, stage: &Stage) -> Result<Money, String> {
        let rows = self.rows(stage)?;
        if self.remote.is_free {
            ensure(rows.is_empty(), "what costs nothing has a row in the ledger")?;
            return Ok(Money::NotSpent);
        }
        let has = |states: &[CallState]| rows.iter().any(|row| states.contains(&row.state));
        ensure(!rows.is_empty(), "the ledger has no row of a paid call")?;
        let is_open = has(&[CallState::Intent, CallState::Submitted, CallState::Unknown]);
        ensure(!is_open, "the ledger leaves the call open")?;
        if has(&[CallState::Kept, CallState::BadOutput]) {
            return Ok(Money::Spent);
        }
        if has(&[CallState::Lost]) {
            return Ok(Money::Unknown);
        }
        let is_free = rows.iter().all(|row| row.charged == MicroUsd::ZERO);
        ensure(is_free, "what was not bought is charged")?;
        Ok(Money::NotSpent)
    }

    fn success(&self) -> Outcome {
        self.vendor.follow(self.good()?);
        let stage = self.stage("success", self.vendor.base(), PATIENT_MS)?;
        let provider = stage.provider()?;
        let speed = if self.remote.lacks_speed { 1.0 } else { SPEED };
        let request = TtsRequest { speed, ..request() };
        let spoken = provider.speak(&request).map_err(|error| format!("unexpectedly {error}"))?;
        check_speech(&spoken)?;
        let Remote { gives_times, speak, key_as, .. } = self.remote;
        let is_true = spoken.iter().all(|sentence| sentence.needs_alignment != *gives_times);
        ensure(is_true, "it does not say truly whether its words have times")?;
        let seen = self.vendor.requests();
        let asked: Vec<_> = seen.iter().filter(|seen| seen.route.starts_with(speak)).collect();
        let [asked] = asked.as_slice() else {
            return Err(format!("{speak} was called {} times", asked.len()));
        };
        self.carries_the_request(asked)?;
        ensure(asked.shows_as(key_as, KEY), format!("the key does not stand as {key_as}"))?;
        let (money, expected) = (self.money(&stage)?, self.expected_spending(Money::Spent));
        ensure(money == expected, format!("spent: {money}; it should be {expected}"))?;
        Ok(format!("speaks, spent: {money}"))
    }

    /// Fails if a request lacks a word of the text, the voice or the speed.
    fn carries_the_request(&self, asked: &RecordedRequest) -> Result<(), String> {
        let body = String::from_utf8_lossy(&asked.body);
        says_all(&body)?;
        let voice = self.voice()?;
        let has_voice = body.contains(&voice) || asked.shows(&voice);
        ensure(has_voice, format!("its request lacks the voice `{voice}`: {body}"))?;
        let json: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let has_speed = self.remote.lacks_speed || has_number(&json, SPEED);
        ensure(has_speed, format!("its request lacks the speed {SPEED}: {body}"))
    }

    /// Returns the configured voice for English.
    fn voice(&self) -> Result<String, String> {
        if self.remote.is_free {
            return Ok(SERVER_VOICE.to_owned());
        }
        let voice = self.cloud()?.map(|cloud| cloud.voice_for("en").to_owned());
        voice.ok_or("it has no block".to_owned())
    }

    /// Returns the service's block of the built-in configuration.
    fn cloud(&self) -> Result<Option<CloudVoice>, String> {
        let built_in = super::settings(|_| {})?;
        let mut clouds = built_in.clouds().into_iter();
        let own = clouds.find(|(name, _)| *name == self.bench.subject.provider);
        Ok(own.map(|(_, cloud)| cloud.clone()))
    }

    fn health(&self) -> Outcome {
        self.vendor.follow(self.good()?);
        let stage = self.stage("health", self.vendor.base(), PATIENT_MS)?;
        let said = stage.provider()?.health_check().map_err(|error| error.to_string())?;
        clean(&said)?;
        self.unpaid()?;
        Ok("ok".to_owned())
    }

    fn health_refused(&self) -> Outcome {
        let refused = Answer::json(401, json!({ "error": { "message": "no such key" } }));
        self.vendor.follow(self.good()?.on(&self.remote.health, refused));
        let stage = self.stage("health refused", self.vendor.base(), PATIENT_MS)?;
        let error = is_unwell(stage.provider()?)?;
        clean(&format!("{error} {error:?}"))?;
        self.unpaid()?;
        of_kind(&error, Kind::Auth.as_str())
    }

    fn unpaid(&self) -> Result<(), String> {
        ensure(self.vendor.count(&self.remote.speak) == 0, "a health check speaks")
    }

    fn fault(&self, fault: &Fault) -> Outcome {
        self.vendor.follow(self.good()?.on(&self.remote.speak, fault.answer.clone()));
        let patience = if fault.is_hasty { HASTY_MS } else { PATIENT_MS };
        let stage = self.stage(&fault.name, self.vendor.base(), patience)?;
        let error = super::fails(stage.provider()?, &request())?;
        let calls = self.vendor.count(&self.remote.speak);
        let expected = fault.calls;
        ensure(calls == expected, format!("it was called {calls} times instead of {expected}"))?;
        if let VoiceError::Vendor { source, .. } = &error {
            let after = source.retry_after;
            ensure(after == fault.retry_after, format!("asked again after {after:?}"))?;
        }
        self.expect(&stage, &error, fault.kind, fault.money)
    }

    /// Speaks the test text and expects a failure of the given kind with the given spending.
    fn fails(&self, check: &str, base: &str, kind: Kind, money: Money) -> Outcome {
        let stage = self.stage(check, base, PATIENT_MS)?;
        self.expect(&stage, &super::fails(stage.provider()?, &request())?, kind, money)
    }

    fn expect(&self, stage: &Stage, error: &VoiceError, kind: Kind, money: Money) -> Outcome {
        of_kind(error, kind.as_str())?;
        let spent = self.money(stage)?;
        let VoiceError::Vendor { source, .. } = error else {
            return Err(format!("it is no failure of a service: {error:?}"));
        };
        let is_true = !self.remote.is_free || source.accepted == Accepted::No;
        ensure(is_true, "it says that a free call may have been bought")?;
        let expected = self.expected_spending(money);
        ensure(expected == spent, format!("{kind}, spent: {spent}; it should be {expected:?}"))?;
        Ok(format!("{kind}, spent: {spent}"))
    }

    /// Returns the expected spending: `money` for a paid service, none for a free one.
    fn expected_spending(&self, money: Money) -> Money {
        if self.remote.is_free { Money::NotSpent } else { money }
    }

    /// Checks a refusal in the vendor's own response format. Returns `-` if there is no fixture for it, or fails if
    /// one is required.
    fn own_words(&self, name: &str, kind: Kind, required: bool) -> Outcome {
        let text = match self.bench.subject.text(&format!("{name}.json")) {
            Ok(text) => text,
            Err(reason) if required => return Err(reason),
            Err(_) => return Ok("-".to_owned()),
        };
        let own = Script::parse(&text.replace("{{key}}", KEY), &[])
            .map_err(|error| format!("{name}.json: {error}"))?;
        self.vendor.follow(self.good()?.over(own));
        self.fails(name, self.vendor.base(), kind, Money::NotSpent)
    }

    fn unreachable(&self) -> Outcome {
        // A port that was free a moment ago: nobody listens there.
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0));
        let at = listener.and_then(|free| free.local_addr()).map_err(|error| error.to_string())?;
        self.fails("unreachable", &format!("http://{at}"), Kind::Unreachable, Money::NotSpent)
    }

    fn deaf(&self) -> Outcome {
        self.vendor.go_deaf();
        // The connection was made, so it cannot be known if the request was read.
        self.fails("deaf", self.vendor.base(), Kind::Server, Money::Unknown)
    }

    fn check_spoilt(&self, what: &str, body: &[u8]) -> Outcome {
        self.vendor.follow(self.success_script(body)?);
        self.fails(what, self.vendor.base(), Kind::BadOutput, Money::Spent)
    }

    fn key_echo(&self) -> Outcome {
        for answer in [
            Answer::text(400, &format!("what is {KEY}?")),
            Answer::json(400, json!({ "error": { "message": format!("what is {KEY}?") } })),
            Answer::json(400, json!({ "detail": { "message": format!("what is {KEY}?") } })),
        ] {
            self.vendor.follow(self.good()?.on(&self.remote.speak, answer));
            let stage = self.stage("echoed", self.vendor.base(), PATIENT_MS)?;
            super::fails(stage.provider()?, &request())?;
            for row in self.rows(&stage)? {
                clean(&format!("{row:?}"))?;
            }
        }
        Ok("not shown".to_owned())
    }

    fn not_shown(&self) -> Outcome {
        let stage = self.stage("shown", self.vendor.base(), PATIENT_MS)?;
        clean(&format!("{:?}", stage.provider()?))?;
        Ok("not shown".to_owned())
    }
}

/// The retry delay that the vendor requests.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Returns true if a value contains a number anywhere.
fn has_number(value: &Value, number: f64) -> bool {
    match value {
        Value::Number(own) => own.as_f64().is_some_and(|own| (own - number).abs() < 1e-6),
        Value::Array(values) => values.iter().any(|value| has_number(value, number)),
        Value::Object(fields) => fields.values().any(|value| has_number(value, number)),
        _ => false,
    }
}
