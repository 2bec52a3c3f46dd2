//! `GET /{poolId}/confirmUser`: where the link in a verification e-mail leads.
//!
//! The page says nothing about the user to those who do not have the right code, and repeats nothing of the request.

use std::sync::{Arc, LazyLock};

use askama::Template;
use aws_lc_rs::digest;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_shapes::error::{Code, Error, Result};
use serde::Deserialize;

use crate::accounts::confirm;
use crate::accounts::user::OnConflict;
use crate::context::Context;
use crate::directory;
use crate::triggers::event::Occasion;
use crate::visit::Visit;

/// Characters of the longest value that is looked at.
const LONGEST: usize = 2048;

const STYLE: &str = include_str!("../../templates/login/confirm.css");

/// The page runs nothing, loads nothing, is in nobody's frame, and has the one style.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// The route of the link, with and without a slash at its end.
pub fn routes(cx: &Arc<Context>) -> Router {
    // Programs that look before they follow ask with HEAD: that confirms nobody.
    let page = || -> MethodRouter<Arc<Context>> { get(page).head(async || StatusCode::OK) };
    Router::new()
        .route("/{pool_id}/confirmUser", page())
        .route("/{pool_id}/confirmUser/", page())
        .with_state(Arc::clone(cx))
}

/// What the link carries.
#[derive(Deserialize)]
struct Link {
    client_id: String,
    user_name: String,
    confirmation_code: String,
}

#[derive(Template)]
#[template(path = "login/confirm.html")]
struct Page {
    style: &'static str,
    good: bool,
    title: &'static str,
    words: &'static str,
}

async fn page(
    State(cx): State<Arc<Context>>,
    Path(pool_id): Path<String>,
    link: Result<Query<Link>, QueryRejection>,
) -> Response {
    let confirmed = match link {
        Ok(Query(link)) => confirm(&cx, &pool_id, &link).await,
        Err(_) => Err(Error::code_mismatch()),
    };
    let (status, title, words) = match confirmed.map_err(|error| (error.code, error)) {
        Ok(()) => (StatusCode::OK, "Your registration has been confirmed!", "You can sign in now."),
        // Only who has the right code gets this far.
        Err((Code::NotAuthorized, _)) => {
            (StatusCode::OK, "Your registration is already confirmed.", "There is nothing left to do here.")
        }
        Err((Code::AliasExists, _)) => (
            StatusCode::CONFLICT,
            "Your registration could not be confirmed.",
            "Another account has confirmed this address already.",
        ),
        Err((Code::LimitExceeded | Code::TooManyRequests, _)) => (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many attempts.",
            "Please wait for some time before you open the link again.",
        ),
        Err((code, error)) if code.status() >= 500 => {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            tracing::error!(cause, "a confirmation link failed");
            (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong.", "Please open the link again in a moment.")
        }
        Err(_) => (
            StatusCode::BAD_REQUEST,
            "This link does not work any more.",
            "It may have expired, or a newer one has been sent. Ask for another link where you signed up.",
        ),
    };
    render(status, &Page { style: STYLE, good: status == StatusCode::OK, title, words })
}

async fn confirm(cx: &Context, pool_id: &str, link: &Link) -> Result<()> {
    let values = [&link.client_id, &link.user_name, &link.confirmation_code];
    if values.iter().any(|value| value.len() > LONGEST || value.contains('\0')) {
        return Err(Error::code_mismatch());
    }
    let (client, pool) = directory::client(cx, &link.client_id).await?;
    if client.pool_id != pool_id {
        return Err(Error::client_not_found(&link.client_id));
    }
    let at = Occasion { cx, pool: &pool, client_id: Some(&client.id), visit: &Visit::default() };
    confirm::by_code(at, &pool, true, &link.user_name, &link.confirmation_code, OnConflict::Refuse).await.map(drop)
}

fn render(status: StatusCode, page: &Page) -> Response {
    let Ok(html) = page.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The address carries the code.
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
    ];
    (status, headers, Html(html)).into_response()
}
