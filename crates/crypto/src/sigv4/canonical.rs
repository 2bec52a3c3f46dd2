//! The canonical request: the one text that all spellings of a request share, and that is signed.

use super::Request;
use crate::hex;
use crate::mac::sha256;

/// Query parameters that make a request a presigned one.
const PRESIGNED: [&[u8]; 4] = [b"x-amz-algorithm", b"x-amz-credential", b"x-amz-security-token", b"x-amz-signature"];

pub(super) fn canonical_request(request: &Request<'_>, signed_headers: &[String]) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let mut line = |bytes: &[u8]| {
        out.extend_from_slice(bytes);
        out.push(b'\n');
    };
    line(request.method.as_bytes());
    line(&path(request.path));
    line(&query(request.query));
    for name in signed_headers {
        let values: Vec<Vec<u8>> = values(request.headers, name).map(trim_all).collect();
        line(&[name.as_bytes(), b":", &values.join(&b","[..])].concat());
    }
    line(b"");
    line(signed_headers.join(";").as_bytes());
    out.extend_from_slice(hex::encode(&sha256(&[request.payload])).as_bytes());
    out
}

/// Whether a query carries a signature or a part of one.
pub(super) fn has_signature(query: &str) -> bool {
    parameters(query).any(|(name, _)| PRESIGNED.contains(&name.to_ascii_lowercase().as_slice()))
}

/// Every value of a header, in the order received.
pub(super) fn values<'a>(headers: &[(&'a str, &'a [u8])], name: &str) -> impl Iterator<Item = &'a [u8]> {
    headers.iter().filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

/// The path without empty and dot segments (RFC 3986 section 5.2.4), encoded once more than it was received.
fn path(path: &str) -> Vec<u8> {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let mut out = Vec::with_capacity(path.len() + 1);
    for segment in &segments {
        out.push(b'/');
        encode(segment.as_bytes(), &mut out);
    }
    let is_directory = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    if segments.is_empty() || is_directory {
        out.push(b'/');
    }
    out
}

/// The parameters in order of their encoded names, then values.
fn query(query: &str) -> Vec<u8> {
    let mut encoded: Vec<(Vec<u8>, Vec<u8>)> = parameters(query)
        .map(|(name, value)| {
            let [mut encoded_name, mut encoded_value] = [Vec::new(), Vec::new()];
            encode(&name, &mut encoded_name);
            encode(&value, &mut encoded_value);
            (encoded_name, encoded_value)
        })
        .collect();
    encoded.sort_unstable();
    let pairs: Vec<Vec<u8>> = encoded.into_iter().map(|(name, value)| [name, b"=".to_vec(), value].concat()).collect();
    pairs.join(&b"&"[..])
}

fn parameters(query: &str) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    query.split('&').filter(|parameter| !parameter.is_empty()).map(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        (decode(name), decode(value))
    })
}

/// Percent-encodes all but the unreserved characters of RFC 3986, with upper-case digits.
fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            out.push(*byte);
        } else {
            let digit = |nibble: u8| b"0123456789ABCDEF"[usize::from(nibble)];
            out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

/// Undoes percent-encoding; a `%` without two digits stands for itself.
fn decode(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let escaped = match tail {
            [high, low, ..] if *first == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                out.push(high << 4 | low);
                rest = &tail[2..];
            }
            None => out.push(*first),
        }
    }
    out
}

/// A header value without white space at its ends, and with single spaces inside.
fn trim_all(value: &[u8]) -> Vec<u8> {
    let words = value.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lose_their_detours() {
        for (received, canonical) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/a/./b/../c", "/a/c"),
            ("/../..", "/"),
            ("/a/", "/a/"),
            ("/a/.", "/a/"),
            ("/a b", "/a%20b"),
            ("/a%20b", "/a%2520b"),
        ] {
            assert_eq!(String::from_utf8(path(received)).unwrap(), canonical, "{received}");
        }
    }

    #[test]
    fn queries_are_decoded_sorted_and_encoded() {
        for (received, canonical) in [
            ("", ""),
            ("b=2&a=1&a=0", "a=0&a=1&b=2"),
            ("flag", "flag="),
            ("a=%7e%2f", "a=~%2F"),
            ("a=%zz%4", "a=%25zz%254"),
            ("a=b=c", "a=b%3Dc"),
        ] {
            assert_eq!(String::from_utf8(query(received)).unwrap(), canonical, "{received}");
        }
    }

    #[test]
    fn values_are_trimmed() {
        assert_eq!(trim_all(b"  a \t  b  "), b"a b");
        assert_eq!(trim_all(b""), b"");
    }
}
