//! Where things lie: the checkout, what is built in it, what is installed into it.

use std::path::{Path, PathBuf};

/// The checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the checkout")
}

/// Everything that may be deleted: builds, tools, throwaway clusters.
pub fn target() -> PathBuf {
    root().join("target")
}

/// Cargo tools installed for this checkout alone.
pub fn tools() -> PathBuf {
    target().join("tools")
}

/// What the client journeys need: `venv/`, `node/`, the service's model.
pub fn clients() -> PathBuf {
    target().join("clients")
}

/// The service's model, as JSON, taken from the botocore package.
pub fn model() -> PathBuf {
    clients().join("cognito-idp.json")
}

/// The binary `name` as the cargo profile's directory (`debug`, `release`) holds it.
#[expect(clippy::disallowed_methods, reason = "cargo's own variable, not a setting of the server")]
pub fn binary(profile: &str, name: &str) -> PathBuf {
    let built = std::env::var_os("CARGO_TARGET_DIR").map_or_else(target, |dir| root().join(dir));
    built.join(profile).join(name)
}

/// A new empty directory under `target/`, deleted when dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> anyhow::Result<Self> {
        Self::at(target().join(format!("{name}-{}", std::process::id())))
    }

    pub fn at(path: PathBuf) -> anyhow::Result<Self> {
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            eprintln!("could not delete {}: {error}", self.0.display());
        }
    }
}
