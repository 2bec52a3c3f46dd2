//! What the tree may not be built from.

/// SECURITY 8: no RSA private operation runs in code whose timing depends on the key. The `rsa` crate's does
/// (RUSTSEC-2023-0071); signatures come from aws-lc alone, which blinds them. That crate is there for the WebAuthn library
/// alone, which holds public keys (docs/decisions/0007).
#[test]
fn no_other_rsa_is_in_the_tree() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock"))
        .expect("the lock file is there");
    let names: Vec<&str> = lock.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
    assert!(names.contains(&"\"aws-lc-rs\""), "the lock file lists what it is built from");
    for package in lock.split("[[package]]").filter(|package| package.contains("\n \"rsa\",")) {
        assert!(package.contains("name = \"crypto-glue\""), "the rsa crate is used by {package}");
    }
    for banned in ["\"openssl\"", "\"openssl-sys\"", "\"jsonwebtoken\""] {
        assert!(!names.contains(&banned), "{banned} is in the tree");
    }
}
