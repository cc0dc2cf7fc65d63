//! The HTTP API of the service, which accepts jobs and returns films and their status.
//!
//! Guarantees: every route is in the OpenAPI document that the server publishes; every rejection by a route is a
//! problem (RFC 9457), which names each invalid field; a key sees only its own jobs unless its scope is `admin`; no
//! request can access a path of this machine outside `assets.allowed_dirs`.
//!
//! Does not run jobs: it writes rows and reads artifacts, and the workers run the jobs.
//!
//! Start with [`router`]; routes are in [`submit`], [`jobs`], [`job_actions`], [`job_brief`], [`versions`], [`redo`],
//! [`plan`], [`previews`], [`assets`], [`artifacts`], [`inspection`], [`peaks`], [`frames`], [`pages`], [`events`], [`session`], [`engines`], [`voice_providers`], [`calls`], [`webhooks`] and [`health`].

mod artifacts;
mod assets;
mod auth;
mod budget;
mod calls;
mod changes;
mod checks;
mod cookie;
mod disk_space;
mod documents;
mod engines;
mod entity_tag;
mod events;
mod extract;
mod film_cache;
mod film_copy;
mod form;
mod frames;
mod headers;
mod health;
mod inspection;
mod job_actions;
mod job_brief;
mod jobs;
mod limits;
mod media;
#[cfg(feature = "openapi")]
pub mod openapi;
mod operations;
mod origin;
mod pages;
mod peaks;
mod plan;
mod previews;
mod problem;
mod received_file;
mod redo;
mod server;
mod session;
mod strict_json;
mod studio;
mod submit;
mod versions;
mod voice_providers;
mod warning;
mod webhooks;

pub use budget::Budgets;
pub use checks::{Rehearsal, Rehearsals, SelfChecks};
pub use film_cache::FilmCache;
pub use film_copy::FilmCopies;
pub use health::LastChecks;
pub use inspection::{FilmInspector, InspectFailure};
pub use limits::RateLimits;
pub use plan::{DueClip, PlanFailure, PlannedAgain, Planner};
pub use previews::{Previewer, Speech, Voice};
pub use redo::SceneChange;
pub use server::{Bounds, serve};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::MethodRouter;
use pytoon_config::Config;
use pytoon_engines::clip_check::ClipChecker;
use pytoon_records::job::files::FileStore;
use pytoon_records::job::keys::KeyStore;
use pytoon_records::job::process::ProcessStore;
use pytoon_records::job::queue::TaskQueue;
use pytoon_records::job::store::JobStore;
use pytoon_records::job::switches::SwitchStore;
use pytoon_records::job::versions::VersionStore;
use pytoon_records::job::webhook::WebhookStore;
use pytoon_records::ledger::PurchaseStore;
use pytoon_storage::Storage;
use pytoon_telemetry::{MetricsHandle, ServiceEvent};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use tracing::Instrument;

/// The timeout of a request. For event streams and files, it covers only the start of the response; the transfer may
/// take longer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The timeout of a file upload.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(900);

/// The state shared by all routes.
#[derive(Debug, Clone)]
pub struct Api {
    /// The store of jobs.
    pub jobs: Arc<dyn JobStore>,
    /// The store of API keys.
    pub keys: Arc<dyn KeyStore>,
    /// The store of all processes' counters, which also checks the database.
    pub processes: Arc<dyn ProcessStore>,
    /// The store of film versions.
    pub versions: Arc<dyn VersionStore>,
    /// The store of engine switches.
    pub switches: Arc<dyn SwitchStore>,
    /// The queue of tasks.
    pub tasks: Arc<dyn TaskQueue>,
    /// The store of webhook messages.
    pub webhooks: Arc<dyn WebhookStore>,
    /// The store of uploaded files.
    pub files: Arc<dyn FileStore>,
    /// The ledger of paid calls.
    pub ledger: Arc<dyn PurchaseStore>,
    /// The configuration of this process.
    pub config: Arc<Config>,
    /// The planner of films, for the plan and submission routes.
    pub planner: Arc<dyn Planner>,
    /// The inspector of films, for the routes that measure films and extract frames.
    pub inspector: Arc<dyn FilmInspector>,
    /// The maker of previews of voices, music and presets.
    pub previewer: Arc<dyn Previewer>,
    /// The checker of clips that a person provides for a paid call.
    pub clip_checker: Arc<dyn ClipChecker>,
    /// The cached results of the inspector and the previewer.
    pub cache: FilmCache,
    /// The temporary copies of films from the object store.
    pub copies: Arc<FilmCopies>,
    /// The checks of this installation.
    pub self_checks: Arc<dyn SelfChecks>,
    /// The rehearsals of this process.
    pub rehearsals: Arc<Rehearsals>,
    /// The rate limits per key.
    pub limits: Arc<RateLimits>,
    /// The budgets that all requests share.
    pub budgets: Arc<Budgets>,
    /// The cached results of the readiness checks.
    pub checks: Arc<LastChecks>,
    /// True if webhook messages can be signed, so that briefs may request webhooks.
    pub signs: bool,
    /// The storage of films.
    pub storage: Storage,
    /// True if requests need no API key.
    pub no_auth: bool,
    /// The TCP port of the API, which is part of the session cookie's name.
    pub port: u16,
    /// The counters of this process.
    pub metrics: Arc<MetricsHandle>,
    /// The name of this process in the table of counters.
    pub process: String,
    /// The last known counters of all processes, by process name, for when the database is unreachable.
    pub counts: Arc<Mutex<Vec<(String, String)>>>,
}

/// Declares every route once, for the router and for the OpenAPI document.
macro_rules! routes {
    ($($(#[$doc:meta])* fn $name:ident {
        $($path:literal => $($method:ident($module:ident::$handler:ident)),+;)+
    })+) => {
        $($(#[$doc])*
        fn $name() -> Router<Api> {
            Router::new()$(.route($path, MethodRouter::new()$(.$method($module::$handler))+))+
        })+

        /// The OpenAPI document of all routes, from the handlers' annotations.
        #[cfg(feature = "openapi")]
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($($($module::$handler,)+)+)+))]
        struct Handlers;

        /// Path and method of every route.
        #[cfg(all(test, feature = "openapi"))]
        const ROUTES: &[(&str, &str)] = &[$($($(($path, stringify!($method)),)+)+)+];
    };
}

routes! {
    /// Returns all routes except those that receive files.
    fn routes {
        "/api/v2/jobs" => post(submit::submit), get(jobs::list);
        "/api/v2/jobs/{id}" => get(jobs::fetch), delete(job_actions::delete);
        "/api/v2/jobs/{id}/scene-graph" => get(jobs::scene_graph);
        "/api/v2/jobs/{id}/timeline" => get(jobs::timeline);
        "/api/v2/jobs/{id}/receipt" => get(jobs::receipt);
        "/api/v2/jobs/{id}/artifacts/{name}" => get(artifacts::artifact);
        "/api/v2/jobs/{id}/inspection" => get(inspection::inspection);
        "/api/v2/jobs/{id}/peaks/{name}" => get(peaks::peaks);
        "/api/v2/jobs/{id}/frames/{name}" => get(frames::frame);
        "/api/v2/jobs/{id}/events" => get(events::events);
        "/api/v2/jobs/{id}/cancel" => post(job_actions::cancel);
        "/api/v2/jobs/{id}/retry" => post(job_actions::retry);
        "/api/v2/jobs/{id}/release" => post(job_actions::release);
        "/api/v2/jobs/{id}/scenes/{n}/redo" => post(redo::redo);
        "/api/v2/jobs/{id}/brief" => get(job_brief::show), put(job_brief::change);
        "/api/v2/jobs/{id}/brief/preview" => post(job_brief::preview);
        "/api/v2/jobs/{id}/versions" => get(versions::list);
        "/api/v2/jobs/{id}/versions/{version}" => put(versions::rename);
        "/api/v2/jobs/{id}/versions/{version}/restore" => post(versions::restore);
        "/api/v2/jobs/{id}/versions/{version}/artifacts/{name}" => get(versions::artifact);
        "/api/v2/jobs/{id}/webhooks" => get(webhooks::list);
        "/api/v2/jobs/{id}/webhooks/{message}/resend" => post(webhooks::resend);
        "/api/v2/operations" => get(operations::operations);
        "/api/v2/calls/{id}/lost" => post(calls::mark_lost);
        "/api/v2/calls/{id}/arrived" => post(calls::mark_arrived);
        "/api/v2/doctor" => get(checks::doctor);
        "/api/v2/drills" => get(checks::show_rehearsal), post(checks::start_rehearsal);
        "/api/v2/documents" => get(documents::list);
        "/api/v2/documents/{folder}/{name}" => get(documents::show);
        "/api/v2/assets/{id}" => get(assets::show);
        "/api/v2/plan" => post(plan::plan);
        "/api/v2/presets" => get(health::presets);
        "/api/v2/voices" => get(previews::voices);
        "/api/v2/moods" => get(previews::moods);
        "/api/v2/previews/voice" => post(previews::voice);
        "/api/v2/previews/music/{name}" => get(previews::music);
        "/api/v2/previews/presets/{name}" => get(previews::preset);
        "/api/v2/session" => post(session::log_in), get(session::show), delete(session::log_out);
        "/api/v2/engines" => get(engines::list);
        "/api/v2/engines/{engine}/switch" => put(engines::switch);
        "/api/v2/engines/{engine}/enabled" => put(engines::write_enabled);
        "/api/v2/voice-providers" => get(voice_providers::list);
        "/api/v2/voice-providers/{provider}/switch" => put(voice_providers::switch);
        "/livez" => get(health::livez);
        "/readyz" => get(health::readyz);
        "/health" => get(health::health);
        "/metrics" => get(health::metrics);
    }

    /// Returns the routes that receive files. `assets.max_mib` limits their bodies while they arrive.
    fn upload_routes {
        "/api/v2/assets" => post(assets::upload);
        "/api/v2/assets/uploads" => post(assets::begin_upload);
        "/api/v2/assets/uploads/{id}/confirm" => post(assets::confirm_upload);
    }
}

/// HTTP methods that are logged by name (RFC 9110, 9.1; RFC 5789).
const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];

/// Logs a request by its route. The path and the query are omitted, since they may contain a caller's secret.
async fn log_request(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    // A method can be any word of the caller's choice.
    let method = Some(request.method().as_str()).filter(|method| METHODS.contains(method));
    let method = METHODS.iter().find(|known| Some(**known) == method).unwrap_or(&"other");
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let name = route.as_deref().unwrap_or("(none)");
    let span = tracing::info_span!(target: "pytoon", "request", http_method = method, route = name);
    let response = next.run(request).instrument(span).await;
    ServiceEvent::Request {
        method,
        route: route.as_deref().unwrap_or("(none)"),
        status: response.status().as_u16(),
        duration_ms: begun.elapsed().as_millis() as u64,
    }
    .emit();
    response
}

/// Returns the router of all routes, with their size limits, timeouts, headers, request log and panic handler.
pub fn router(api: Api) -> Router {
    let timeout = |after| TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, after);
    routes()
        .merge(pages::pages())
        .merge(studio::routes())
        .layer(DefaultBodyLimit::max(extract::MAX_BODY))
        .layer(timeout(REQUEST_TIMEOUT))
        .merge(upload_routes().layer(DefaultBodyLimit::disable()).layer(timeout(UPLOAD_TIMEOUT)))
        .fallback(|| async {
            let detail = "there is no such path; /openapi.json lists all";
            problem::Problem::new(StatusCode::NOT_FOUND, "no_such_page", detail)
        })
        .method_not_allowed_fallback(|| async {
            let detail = "this path does not support this method; /openapi.json lists all";
            problem::Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
        })
        .layer(axum::middleware::from_fn_with_state(api.clone(), budget::share_response_budget))
        .layer(axum::middleware::from_fn(headers::add_security_headers))
        .layer(axum::middleware::from_fn(log_request))
        .layer(CatchPanicLayer::custom(|_| {
            use axum::response::IntoResponse;
            let detail = "an internal error; the API's log has the details";
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            problem::Problem::new(status, "internal", detail).into_response()
        }))
        .with_state(api)
}
