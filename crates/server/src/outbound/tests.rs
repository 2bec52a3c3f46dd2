//! What the client refuses to call, whatever the way it is asked.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::config::{Config, DevData, Overlay};

const LIMIT: usize = 1024;
const SOON: Duration = Duration::from_secs(5);

fn outbound(lookup: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static) -> Outbound {
    let config = Config::dev(&DevData::Memory, &Overlay::default()).unwrap();
    let lookup: Lookup = Arc::new(move |name| {
        let addresses = lookup(&name);
        Box::pin(async move { Ok(addresses) })
    });
    Outbound::with_lookup(&config, lookup).unwrap()
}

async fn ask(outbound: &Outbound, reach: Reach, url: &str) -> Result<Response<Bytes>, OutboundError> {
    outbound.send(reach, Request::get(url).body(Bytes::new()).unwrap(), SOON, LIMIT).await
}

/// A listener that answers every connection with these bytes and counts them.
fn listen(answer: &'static str) -> (SocketAddr, Arc<AtomicUsize>) {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, connections) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&connections);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, connections)
}

/// SECURITY 42: every spelling of an address that is not public, and other schemes.
#[tokio::test]
async fn what_is_not_public_is_refused_before_a_connection() {
    let (address, connections) = listen("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let port = address.port();
    let outbound = outbound(|_| vec![]);
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "100.64.0.1",
        "198.18.0.1",
        "192.0.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2001::1]",
        "[2001:db8::1]",
        "①②⑦.0.0.1",
    ] {
        let url = format!("https://{host}:{port}/");
        // Some spellings are no URL to begin with, which is as good.
        let Ok(request) = Request::get(&url).body(Bytes::new()) else { continue };
        let refused = outbound.send(Reach::Public, request, SOON, LIMIT).await.unwrap_err();
        assert!(matches!(refused, OutboundError::Refused(_)), "{host}: {refused}");
    }
    for url in [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https://u:p@example.com/",
    ] {
        let Ok(request) = Request::get(url).body(Bytes::new()) else { continue };
        let refused = outbound.send(Reach::Public, request, SOON, LIMIT).await.unwrap_err();
        assert!(matches!(refused, OutboundError::Refused(_) | OutboundError::Broken(_)), "{url}: {refused}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

/// SECURITY 42: a name that leads to such an address, alone or beside a good one.
#[tokio::test]
async fn names_that_lead_inside_are_refused() {
    for addresses in [["127.0.0.1"].as_slice(), &["93.184.215.14", "10.0.0.1"], &["::ffff:10.0.0.1"], &["fd00::1"]] {
        let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let outbound = outbound(move |_| addresses.clone());
        let refused = ask(&outbound, Reach::Public, "https://hooks.example.com/").await.unwrap_err();
        assert!(matches!(refused, OutboundError::Refused(_)), "{refused}");
    }
}

/// SECURITY 42: DNS rebinding. The name is looked up once a connection, and what was judged is what is connected to: an
/// answer that was good the first time and leads inside the second time is judged the second time as well.
#[tokio::test]
async fn a_name_that_changes_its_mind_is_judged_each_time() {
    let (address, connections) = listen("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
    let lookups = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&lookups);
    // Loopback stands for the good address, which configured endpoints may be; the bad one is where clouds keep secrets.
    let outbound = outbound(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => vec!["127.0.0.1".parse().unwrap()],
        _ => vec!["169.254.169.254".parse().unwrap()],
    });
    let url = format!("http://hooks.example.com:{}/", address.port());
    assert_eq!(ask(&outbound, Reach::Configured, &url).await.unwrap().body(), "ok");
    assert_eq!(lookups.load(Ordering::SeqCst), 1, "looked up once, and connected to what was found");
    let refused = ask(&outbound, Reach::Configured, &url).await.unwrap_err();
    assert!(matches!(refused, OutboundError::Refused(_)), "{refused}");
    assert_eq!((lookups.load(Ordering::SeqCst), connections.load(Ordering::SeqCst)), (2, 1));
}

/// SECURITY 42: what the operator named may be his own machine or network, never a machine's metadata.
#[tokio::test]
async fn configured_endpoints_reach_the_operators_network() {
    let (address, _) = listen("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
    let outbound = outbound(|_| vec![]);
    assert_eq!(ask(&outbound, Reach::Configured, &format!("http://{address}/")).await.unwrap().status(), 200);
    for host in ["169.254.169.254", "0.0.0.0", "224.0.0.1", "[fe80::1]", "[::ffff:169.254.169.254]", "[fd00:ec2::254]"]
    {
        let refused = ask(&outbound, Reach::Configured, &format!("http://{host}/")).await.unwrap_err();
        assert!(matches!(refused, OutboundError::Refused(_)), "{host}: {refused}");
    }
}

#[tokio::test]
async fn public_addresses_are_public() {
    for address in
        ["93.184.215.14", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::101:101", "2a00::1"]
    {
        assert!(Reach::Public.includes(address.parse().unwrap()), "{address}");
    }
}

/// SECURITY 42: a redirect is an answer like any other.
#[tokio::test]
async fn redirects_and_sizes() {
    let outbound = outbound(|_| vec![]);
    let (address, connections) =
        listen("HTTP/1.1 302 Found\r\nlocation: /again\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(ask(&outbound, Reach::Configured, &format!("http://{address}/")).await.unwrap().status(), 302);
    assert_eq!(connections.load(Ordering::SeqCst), 1);

    let body = "x".repeat(LIMIT + 1);
    let told = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let untold = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}");
    for answer in [told, untold] {
        let (address, _) = listen(answer.leak());
        let refused = ask(&outbound, Reach::Configured, &format!("http://{address}/")).await.unwrap_err();
        assert!(matches!(refused, OutboundError::TooLarge(LIMIT)), "{refused}");
    }
}

/// SECURITY 45: what went wrong is told without the URL, which may hold a secret.
#[tokio::test]
async fn errors_name_no_url() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outbound = outbound(|_| vec![]);
    let error = ask(&outbound, Reach::Configured, &format!("http://{free}/hook?token=hunter2")).await.unwrap_err();
    assert!(matches!(error, OutboundError::Unconnected(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}
