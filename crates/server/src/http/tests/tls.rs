//! TLS by certificate files.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::*;
use crate::http::tls::server_config;

struct Files {
    directory: tempfile::TempDir,
    root: rustls::pki_types::CertificateDer<'static>,
}

impl Files {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        std::fs::write(directory.path().join("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(directory.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        let other = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        std::fs::write(directory.path().join("other.pem"), other.signing_key.serialize_pem()).unwrap();
        std::fs::write(directory.path().join("empty.pem"), "").unwrap();
        Self { directory, root: made.cert.der().clone() }
    }

    fn config(&self, cert: &str, key: &str) -> Result<Arc<rustls::ServerConfig>, String> {
        let path = |name: &str| self.directory.path().join(name);
        server_config(&path(cert), &path(key)).map_err(|error| error.to_string())
    }

    fn connector(&self, protocols: &[&[u8]]) -> TlsConnector {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|p| p.to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }
}

#[tokio::test]
async fn requests_come_through_tls() {
    let files = Files::new();
    let server = settings();
    let tls = files.config("cert.pem", "key.pem").unwrap();
    let running = Running::start_with(api(&server, measure), &server, Some(tls)).await;
    let name = ServerName::try_from("localhost").unwrap();

    let mut stream = files.connector(&[]).connect(name.clone(), running.connect().await).await.unwrap();
    stream.write_all(post("{}").as_bytes()).await.unwrap();
    assert!(read_to_end(&mut stream).await.ends_with("2 bytes"));

    let stream = files.connector(&[b"h2", b"http/1.1"]).connect(name, running.connect().await).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
}

#[tokio::test]
async fn plain_text_and_silence_end_at_the_handshake() {
    let files = Files::new();
    let server = settings();
    let tls = files.config("cert.pem", "key.pem").unwrap();
    let running = Running::start_with(api(&server, measure), &server, Some(tls)).await;
    assert!(!running.say(post("{}")).await.contains("2 bytes"));
    assert_eq!(running.say("").await, "");
}

#[test]
fn files_that_do_not_fit_are_named() {
    let files = Files::new();
    for (cert, key, part) in [
        ("missing.pem", "key.pem", "missing.pem"),
        ("cert.pem", "missing.pem", "missing.pem"),
        ("empty.pem", "key.pem", "holds no certificate"),
        ("cert.pem", "empty.pem", "empty.pem"),
        ("cert.pem", "other.pem", "do not go together"),
    ] {
        let error = files.config(cert, key).unwrap_err();
        assert!(error.contains(part), "{cert} {key}: {error}");
        assert!(!error.contains("PRIVATE KEY-----"));
    }
}
