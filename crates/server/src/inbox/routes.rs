//! The inbox over HTTP: a page for people, JSON for tests.

use askama::Template;
use axum::Json;
use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header, uri::Authority};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde_json::json;

use super::Inbox;
use super::page::{Filter, Page};

/// The page runs no script, loads nothing from elsewhere and is in nobody's frame.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; \
                           base-uri 'none'; frame-ancestors 'none'";

/// A message is a stranger's HTML: it may look like something, and its links may be followed into a new tab; no more.
const MESSAGE_POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; \
                              style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; \
                              frame-ancestors 'self'";

/// Everything under `/inbox`. `public_url` names the one host, beside loopback ones, by which it may be reached.
pub fn routes(inbox: Inbox, public_url: &str) -> Router {
    let public_host = public_url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    Router::new()
        .route("/inbox", get(page))
        .route("/inbox/{id}", get(opened))
        .route("/inbox/{id}/html", get(html))
        .route("/inbox/messages", get(list).delete(clear))
        .route("/inbox/clear", post(clear_from_page))
        .route("/inbox/style.css", get(style))
        .with_state(inbox)
        .layer(middleware::from_fn(move |request, next| by_known_host(public_host.clone(), request, next)))
}

async fn page(State(inbox): State<Inbox>, Query(filter): Query<Filter>) -> Response {
    render(&Page::new(&inbox.messages(), &filter, None))
}

async fn opened(State(inbox): State<Inbox>, Path(id): Path<u64>, Query(filter): Query<Filter>) -> Response {
    match inbox.message(id) {
        Some(message) => render(&Page::new(&inbox.messages(), &filter, Some(message))),
        None => Redirect::to("/inbox").into_response(),
    }
}

async fn html(State(inbox): State<Inbox>, Path(id): Path<u64>) -> Response {
    let Some(html) = inbox.message(id).and_then(|message| message.html.clone()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let is_page = html.starts_with("<!doctype html>");
    let style = if is_page { "" } else { MESSAGE_STYLE };
    let document = format!("<!doctype html><meta charset=utf-8><base target=_blank><style>{style}</style>{html}");
    ([(header::CONTENT_SECURITY_POLICY, MESSAGE_POLICY)], Html(document)).into_response()
}

/// The background stays white as in the mail programs that templates are made for.
const MESSAGE_STYLE: &str =
    "html{background:#fff;color:#1a1d21;font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}body{margin:20px}";

async fn list(State(inbox): State<Inbox>, Query(filter): Query<Filter>) -> Response {
    if filter.kind.is_some() && filter.kind().is_none() {
        return (StatusCode::BAD_REQUEST, Json(json!({"message": "kind is email or sms"}))).into_response();
    }
    let mut messages = inbox.messages();
    messages.retain(|message| filter.takes(message));
    let messages: Vec<_> = messages.iter().map(AsRef::as_ref).collect();
    Json(messages).into_response()
}

async fn clear(State(inbox): State<Inbox>) -> StatusCode {
    inbox.clear();
    StatusCode::NO_CONTENT
}

async fn clear_from_page(State(inbox): State<Inbox>, headers: HeaderMap) -> Response {
    // A browser says where a form was; another site's form clears nothing. Programs that say nothing may.
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()?.parse::<Uri>().ok());
    let from_here = origin.as_ref().and_then(Uri::authority).map(Authority::as_str)
        == headers.get(header::HOST).and_then(|host| host.to_str().ok());
    if headers.contains_key(header::ORIGIN) && !from_here {
        return StatusCode::FORBIDDEN.into_response();
    }
    inbox.clear();
    Redirect::to("/inbox").into_response()
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../templates/inbox/style.css"))
}

fn render(page: &Page) -> Response {
    match page.render() {
        Ok(html) => ([(header::CONTENT_SECURITY_POLICY, PAGE_POLICY)], Html(html)).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the inbox page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Refuses names that a stranger may point at this machine: a page of theirs would else read the codes (DNS rebinding).
async fn by_known_host(public_host: Option<String>, request: Request, next: Next) -> Response {
    let host = request.uri().host().map(str::to_owned).or_else(|| {
        request.headers().get(header::HOST)?.to_str().ok()?.parse::<Authority>().ok().map(|a| a.host().to_owned())
    });
    let known = host.is_some_and(|host| {
        host == "localhost"
            || host.ends_with(".localhost")
            || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok()
            || public_host.is_some_and(|public| public == host)
    });
    if !known {
        let message = "the inbox answers to localhost, to addresses and to the host of server.public_url";
        return (StatusCode::MISDIRECTED_REQUEST, Json(json!({"message": message}))).into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::super::tests::message;
    use super::*;
    use axum::body::Body;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    async fn ask(inbox: &Inbox, method: &str, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, String) {
        let mut request = http::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "127.0.0.1:9229");
        }
        let request = request.body(Body::empty()).unwrap();
        let response = routes(inbox.clone(), "https://login.example.com").oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    fn filled() -> Inbox {
        let inbox = Inbox::default();
        inbox.add(message(Kind::Email, "ada@example.com", "111111"));
        inbox.add(message(Kind::Sms, "+15555550100", "222222"));
        inbox.add(message(Kind::Email, "grace@example.com", "333333"));
        inbox
    }

    #[tokio::test]
    async fn json_is_newest_first_and_filtered() {
        let inbox = filled();
        let codes = async |path: &str| {
            let (status, _, body) = ask(&inbox, "GET", path, &[]).await;
            assert_eq!(status, StatusCode::OK);
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            let codes = body.as_array().unwrap().iter().map(|m| m["code"].as_str().unwrap().to_owned());
            codes.collect::<Vec<_>>()
        };
        assert_eq!(codes("/inbox/messages").await, ["333333", "222222", "111111"]);
        assert_eq!(codes("/inbox/messages?to=ADA%40example.com").await, ["111111"]);
        assert_eq!(codes("/inbox/messages?to=%2B15555550100").await, ["222222"]);
        assert_eq!(codes("/inbox/messages?kind=sms").await, ["222222"]);
        assert_eq!(codes("/inbox/messages?kind=email&to=grace").await, ["333333"]);
        assert_eq!(ask(&inbox, "GET", "/inbox/messages?kind=pigeon", &[]).await.0, StatusCode::BAD_REQUEST);

        let (_, _, body) = ask(&inbox, "GET", "/inbox/messages?to=ada", &[]).await;
        insta::assert_snapshot!(body, @r#"[{"id":1,"kind":"email","to":"ada@example.com","from":"no-reply@example.com","subject":"Your verification code","text":"Your verification code is 111111.","html":"<p>Your verification code is <b>111111</b>.</p>","code":"111111","link":null,"at":"2026-11-18T11:06:40.123Z"}]"#);
    }

    #[tokio::test]
    async fn clearing_forgets_everything() {
        let inbox = filled();
        assert_eq!(ask(&inbox, "DELETE", "/inbox/messages", &[]).await.0, StatusCode::NO_CONTENT);
        assert!(inbox.messages().is_empty());
        assert!(ask(&inbox, "GET", "/inbox", &[]).await.2.contains("Nothing here yet"));
    }

    #[tokio::test]
    async fn another_sites_form_clears_nothing() {
        let inbox = filled();
        let foreign = [("origin", "https://evil.example")];
        assert_eq!(ask(&inbox, "POST", "/inbox/clear", &foreign).await.0, StatusCode::FORBIDDEN);
        assert_eq!(ask(&inbox, "POST", "/inbox/clear", &[("origin", "null")]).await.0, StatusCode::FORBIDDEN);
        assert_eq!(inbox.messages().len(), 3);
        let own = [("origin", "http://127.0.0.1:9229")];
        assert_eq!(ask(&inbox, "POST", "/inbox/clear", &own).await.0, StatusCode::SEE_OTHER);
        assert!(inbox.messages().is_empty());
    }

    #[tokio::test]
    async fn strangers_names_are_refused() {
        let inbox = filled();
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", ""] {
            let (status, _, body) = ask(&inbox, "GET", "/inbox/messages", &[("host", host)]).await;
            assert_eq!(status, StatusCode::MISDIRECTED_REQUEST, "{host}");
            assert!(!body.contains("111111"));
        }
        for host in ["localhost:9229", "[::1]:9229", "app.localhost", "login.example.com"] {
            assert_eq!(ask(&inbox, "GET", "/inbox/messages", &[("host", host)]).await.0, StatusCode::OK, "{host}");
        }
    }

    /// SECURITY row 46: what a message holds is shown as text, and its HTML is powerless.
    #[tokio::test]
    async fn a_message_cannot_run_on_the_page() {
        let inbox = Inbox::default();
        inbox.add(super::super::NewMessage {
            to: "<script>alert(1)</script>@example.com".into(),
            subject: "<img src=x onerror=alert(2)>".into(),
            html: Some("<script>alert(3)</script>".into()),
            link: Some("javascript:alert(4)".into()),
            ..message(Kind::Email, "", "\"><script>")
        });
        let (_, headers, page) = ask(&inbox, "GET", "/inbox/1", &[]).await;
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("<img"));
        assert!(!page.contains("javascript:"));
        assert!(page.contains("sandbox"));
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("script-src") && !policy.contains("unsafe")
        );

        let (_, headers, _) = ask(&inbox, "GET", "/inbox/1/html", &[]).await;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("sandbox ") && policy.contains("default-src 'none'") && !policy.contains("allow-s"));
    }

    #[tokio::test]
    async fn the_page_reloads_until_someone_reads() {
        let inbox = filled();
        assert!(ask(&inbox, "GET", "/inbox", &[]).await.2.contains("http-equiv=\"refresh\""));
        assert!(!ask(&inbox, "GET", "/inbox?live=off", &[]).await.2.contains("http-equiv=\"refresh\""));
        assert!(!ask(&inbox, "GET", "/inbox/1", &[]).await.2.contains("http-equiv=\"refresh\""));
        assert_eq!(ask(&inbox, "GET", "/inbox/99", &[]).await.0, StatusCode::SEE_OTHER);
    }
}
