//! AWS services, or what stands in for them: where they are, and what their answers call an error.

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::Reach;
use crate::config::is_region;

/// An AWS service, or what stands in for it.
#[derive(Clone, Debug)]
pub struct Endpoint(String);

impl Endpoint {
    /// `configured` is a URL; empty means AWS itself.
    pub fn new(configured: &str) -> Self {
        Self(configured.trim_end_matches('/').to_owned())
    }

    /// The URL of the service in that Region, without a trailing slash, and how far it may lead. `None` for what is no
    /// Region: it becomes part of a host's name.
    pub fn of(&self, service: &str, region: &str) -> Option<(String, Reach)> {
        if !self.0.is_empty() {
            return Some((self.0.clone(), Reach::Configured));
        }
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        is_region(region).then(|| (format!("https://{service}.{region}.{domain}"), Reach::Public))
    }
}

/// What an answer of AWS's JSON protocols calls the error: in a header or in the body, as `Name`, `namespace#Name` or
/// `Name:http://…`.
pub fn error_name(response: &Response<Bytes>) -> Option<String> {
    let told: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let of_header = response.headers().get("x-amzn-errortype").and_then(|name| name.to_str().ok());
    let name = of_header.or_else(|| told["__type"].as_str()).or_else(|| told["code"].as_str())?;
    let name = name.split(':').next().and_then(|name| name.rsplit('#').next())?;
    is_name(name).then(|| name.to_owned())
}

/// Whether the text is an error's name and no more: words may repeat what nobody is to see.
pub fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regions_become_hosts() {
        let aws = Endpoint::new("");
        let ireland = ("https://email.eu-west-1.amazonaws.com".to_owned(), Reach::Public);
        assert_eq!(aws.of("email", "eu-west-1"), Some(ireland));
        assert_eq!(aws.of("sns", "cn-north-1").unwrap().0, "https://sns.cn-north-1.amazonaws.com.cn");
        for odd in ["", "evil.example/", "us-east-1.evil.example#", "us-east-1@evil"] {
            assert_eq!(aws.of("email", odd), None, "{odd}");
        }
        let stand_in = Endpoint::new("http://127.0.0.1:4566/");
        let here = ("http://127.0.0.1:4566".to_owned(), Reach::Configured);
        assert_eq!(stand_in.of("email", "eu-west-1"), Some(here));
    }

    #[test]
    fn errors_have_names() {
        let named = |header: &str, body: &'static str| {
            let response = Response::builder().header("x-amzn-errortype", header);
            error_name(&response.body(Bytes::from_static(body.as_bytes())).unwrap())
        };
        assert_eq!(named("ThrottlingException:http://x", "").as_deref(), Some("ThrottlingException"));
        assert_eq!(named("", r#"{"__type":"A"}"#), None);
        let bare = |body: &'static str| error_name(&Response::new(Bytes::from_static(body.as_bytes())));
        assert_eq!(bare(r#"{"__type":"com.amazon#AccessDenied"}"#).as_deref(), Some("AccessDenied"));
        assert_eq!(bare(r#"{"code":"BadRequest"}"#).as_deref(), Some("BadRequest"));
        for odd in ["", "{}", r#"{"__type":"to ada@example.com: 123456"}"#, r#"{"__type":7}"#] {
            assert_eq!(bare(odd), None, "{odd}");
        }
    }
}
