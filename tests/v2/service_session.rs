//! Tests of sessions and of the requests that other sites' pages could make with them.

use pytoon_testkit::{Service, Workspace};
use serde_json::{Value, json};

const SESSION: &str = "/api/v2/session";

fn origin(service: &Service) -> String {
    format!("http://{}", service.address)
}

/// Logs in as the page does. Returns the cookie as the browser sends it.
#[track_caller]
fn log_in(service: &Service, key: &str) -> String {
    let headers = [("Origin", origin(service))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = service.ask("POST", SESSION, &headers, Some(&json!({"key": key}))).is(200);
    let set = &answer.headers["set-cookie"];
    let (cookie, attributes) = set.split_once("; ").expect("attributes");
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Path=/; Max-Age=43200");
    let port = service.address.rsplit(':').next().expect("a port");
    assert!(cookie.starts_with(&format!("pytoon_session_{port}=")), "{cookie}");
    assert!(!answer.text().contains(key) && !set.contains(key), "the key stays with the service");
    cookie.to_owned()
}

#[test]
fn a_session_opens_what_its_key_opens_until_it_ends() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let key = workspace.pytoon(&["keys", "add", "shop", "--scope", "submit"]).ok();
    let key = key.stdout.trim().to_owned();
    let own = origin(&service);
    let with = |cookie: &str, method: &str, path: &str, body: Option<&Value>| {
        service.ask(method, path, &[("Cookie", cookie), ("Origin", &own)], body)
    };
    // A page asks whether there is a session; that there is none is an answer, not an error.
    service.ask("GET", SESSION, &[], None).is(204);
    let unknown = [("X-API-Key", "pyt_no")];
    service.ask("GET", SESSION, &unknown, None).problem(401, "unauthorized", &["unknown"]);
    let wrong = service.ask("POST", SESSION, &[("Origin", &own)], Some(&json!({"key": "pyt_no"})));
    wrong.problem(401, "unauthorized", &["unknown"]);
    assert!(!wrong.headers.contains_key("set-cookie"));

    let cookie = log_in(&service, &key);
    let session = with(&cookie, "GET", SESSION, None).is(200).json();
    assert_eq!(session, json!({"scope": "submit", "no_auth": false}));
    let brief = json!({"script": "Fresh bread, baked at dawn.", "profile": "test"});
    let id = with(&cookie, "POST", "/api/v2/jobs", Some(&brief)).is(202).json()["job_id"].clone();
    let job = format!("/api/v2/jobs/{}", id.as_str().expect("an id"));
    with(&cookie, "GET", &job, None).is(200);
    with(&cookie, "GET", &format!("{job}/events"), None).is(200);

    let out = with(&cookie, "DELETE", SESSION, None).is(204);
    assert!(out.headers["set-cookie"].contains("Max-Age=0"), "{out:?}");
    with(&cookie, "GET", &job, None).problem(401, "unauthorized", &["session has ended"]);

    // A revoked key ends its sessions.
    let cookie = log_in(&service, &key);
    with(&cookie, "GET", &job, None).is(200);
    workspace.pytoon(&["keys", "revoke", "shop"]).ok();
    with(&cookie, "GET", &job, None).problem(401, "unauthorized", &["session has ended"]);
    // A cookie of the service on another port is not this service's.
    service.ask("GET", &job, &[("Cookie", "pytoon_session_1=abc")], None).is(401);
}

#[test]
fn a_session_behind_tls_is_sent_over_tls_only() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let own = origin(&service);
    let headers = [("Origin", own.as_str()), ("X-Forwarded-Proto", "https")];
    let answer = service.ask("POST", SESSION, &headers, Some(&json!({"key": service.key}))).is(200);
    assert!(answer.headers["set-cookie"].ends_with("; Secure"), "{answer:?}");
}

#[test]
fn pages_of_other_sites_do_nothing_with_a_session() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let cookie = log_in(&service, &service.key.clone());
    let brief = json!({"script": "Fresh bread, baked at dawn.", "profile": "test"});
    let own = origin(&service);
    let id = service.submit(&brief);
    let events = format!("/api/v2/jobs/{id}/events");
    let cancel = format!("/api/v2/jobs/{id}/cancel");
    let neighbour = "http://127.0.0.1:1";
    // A browser sends `Origin` with every change, and with every stream for a page of another origin.
    for (method, path, headers) in [
        ("POST", cancel.as_str(), vec![("Origin", "http://evil.example")]),
        ("POST", cancel.as_str(), vec![("Origin", "null")]),
        ("POST", cancel.as_str(), vec![("Origin", neighbour)]),
        ("POST", cancel.as_str(), vec![]),
        ("DELETE", cancel.as_str().trim_end_matches("/cancel"), vec![]),
        ("GET", events.as_str(), vec![("Origin", "http://evil.example")]),
        ("GET", events.as_str(), vec![("Origin", neighbour)]),
        (
            "GET",
            "/api/v2/jobs",
            vec![("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "no-cors")],
        ),
        ("DELETE", SESSION, vec![("Origin", "http://evil.example")]),
    ] {
        let mut all = vec![("Cookie", cookie.as_str())];
        all.extend(headers);
        service.ask(method, path, &all, None).problem(403, "origin", &[]);
    }
    // A page that reaches this machine under its own name (DNS rebinding).
    let rebound = [("Cookie", cookie.as_str()), ("Origin", "http://evil.example")];
    let answer = service.ask_as_host("evil.example", "GET", "/api/v2/jobs", &rebound);
    answer.problem(403, "host", &["service.allowed_hosts"]);
    // The login of another site's page.
    let answer = service.ask(
        "POST",
        SESSION,
        &[("Origin", "http://evil.example")],
        Some(&json!({"key": "x"})),
    );
    answer.problem(403, "origin", &[]);
    // Programs with a key are not affected, whatever name they use.
    let bearer = format!("Bearer {}", service.key);
    let bearer = [("Authorization", bearer.as_str()), ("Origin", "http://evil.example")];
    service.ask_as_host("films.internal", "GET", "/api/v2/jobs", &bearer).is(200);
    service.ask("GET", &events, &[("Cookie", &cookie), ("Origin", &own)], None).is(200);
    for path in ["/livez", "/readyz", "/metrics"] {
        let answer = service.ask_as_host("evil.example", "GET", path, &[]);
        assert_ne!(answer.status, 403, "{path}");
    }
}

#[test]
fn a_service_without_keys_answers_its_own_page_and_programs_only() {
    let workspace = Workspace::new();
    workspace.write("config/defaults.yaml", "service: {allowed_hosts: [studio.example]}\n");
    let mut command = workspace.command(&["serve", "--no-auth", "--port", "0"]);
    let service = Service::start(&mut command, workspace.root(), "keyless");
    service.ask("GET", "/api/v2/jobs", &[], None).is(200);
    service.ask("GET", SESSION, &[], None).is(200);
    service.ask_as_host("studio.example:8000", "GET", "/api/v2/jobs", &[]).is(200);
    let evil = [("Origin", "http://evil.example")];
    service.ask("POST", "/api/v2/jobs", &evil, Some(&json!({"script": "Hello."}))).is(403);
    service.ask_as_host("evil.example", "GET", "/api/v2/jobs", &[]).problem(403, "host", &[]);
    // A rebound page can send any header, and no key is checked here.
    let with_key = [("Authorization", "Bearer x")];
    service.ask_as_host("evil.example", "GET", "/api/v2/jobs", &with_key).problem(403, "host", &[]);
}

#[test]
fn the_page_is_served_with_strict_headers() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let page = service.ask("GET", "/", &[], None).is(200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    let policy = &page.headers["content-security-policy"];
    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "`{part}` is missing: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.headers["x-frame-options"], "DENY");
    let text = page.text();
    assert!(!text.contains("<style") && !text.contains("style="), "{text}");
    let tag = page.headers["etag"].clone();
    service.ask("GET", "/", &[("If-None-Match", &tag)], None).is(304);
    service.ask("GET", "/studio/none.js", &[], None).problem(404, "no_such_page", &[]);
}
