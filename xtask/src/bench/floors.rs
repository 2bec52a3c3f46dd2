//! What bounds each piece of work on this machine, measured in the same run.

use anyhow::{Context, Result};
use serde_json::Value;

use super::load::{Work, number};
use crate::program;
use crate::server::on_cores;
use crate::tree::{self, Scratch};

/// Rates a second: the arithmetic on one core, commits with as many callers as help, HTTP through the server itself.
#[derive(Clone, Copy, Debug)]
pub struct Floors {
    pub rsa_sign: f64,
    pub modexp: f64,
    pub fixed_base: f64,
    pub p256_verify: f64,
    pub commits: f64,
    /// The faster of a JWKS document and a refused call: nothing with more to do can be faster.
    pub http: f64,
}

/// Everything but `http`, which takes a running server.
pub fn measure(cores: &str, postgres: Option<&str>) -> Result<Floors> {
    let example = |name: &str| on_cores(tree::binary("release/examples", name), Some(cores));
    let crypto: Value = serde_json::from_str(&program::output(&mut example("floors"))?)?;
    let scratch = Scratch::new("floors")?;
    let url = postgres.map_or_else(|| format!("sqlite:{}", scratch.path().join("floors.db").display()), str::to_owned);
    let store: Value = serde_json::from_str(&program::output(example("measure").args(["commits", &url]))?)
        .context("the store's `measure commits` prints one JSON object")?;
    Ok(Floors {
        rsa_sign: number(&crypto, "rsa_sign_per_s")?,
        modexp: number(&crypto, "modexp_per_s")?,
        fixed_base: number(&crypto, "fixed_base_per_s")?,
        p256_verify: number(&crypto, "p256_verify_per_s")?,
        commits: number(&store, "commits_per_s")?,
        http: 0.0,
    })
}

impl Floors {
    /// The rate this work cannot pass on one core, and what makes it up.
    pub fn of(&self, work: Work) -> (f64, &'static str) {
        let in_turn = |rates: &[f64]| 1.0 / rates.iter().map(|rate| 1.0 / rate).sum::<f64>();
        match work {
            // The code is a hash, which does not show beside the rest.
            Work::Password | Work::Totp => {
                (in_turn(&[self.rsa_sign, self.rsa_sign, self.fixed_base]), "2 RSA + 1 fixed-base")
            }
            Work::Srp => (
                in_turn(&[self.rsa_sign, self.rsa_sign, self.modexp, self.fixed_base]),
                "2 RSA + 1 exponentiation + 1 fixed-base",
            ),
            Work::Passkey => {
                (in_turn(&[self.rsa_sign, self.rsa_sign, self.p256_verify]), "2 RSA + 1 P-256 verification")
            }
            // What the triggers take is theirs.
            Work::Refresh | Work::Custom => (in_turn(&[self.rsa_sign, self.rsa_sign]), "2 RSA"),
            Work::GetUser | Work::ListUsers | Work::Document | Work::Refusal => (self.http, "HTTP"),
            Work::SignUp | Work::AdminCreateUser => {
                (in_turn(&[self.fixed_base, self.http]).min(self.commits), "1 fixed-base + HTTP, or 1 commit")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Floors, Work};

    #[test]
    fn work_done_in_turn_adds_up() {
        let floors = Floors {
            rsa_sign: 1500.0,
            modexp: 1000.0,
            fixed_base: 10_000.0,
            p256_verify: 9000.0,
            commits: 4000.0,
            http: 40_000.0,
        };
        assert!((floors.of(Work::Refresh).0 - 750.0).abs() < 1e-6);
        assert!(floors.of(Work::Password).0 < 750.0);
        assert!((floors.of(Work::SignUp).0 - 4000.0).abs() < 1e-6, "a commit each bounds it");
    }
}
