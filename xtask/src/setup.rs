//! What do the tests need that a machine with only Rust lacks? Installs it, once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::program::{self, say};
use crate::{postgres, tree};

/// Chosen so that they build with the toolchain of rust-toolchain.toml.
const NEXTEST: &str = "0.9.143";
const DENY: &str = "0.20.2";

#[derive(Debug, Default, clap::Args)]
pub struct Wanted {
    /// Also install headless Chromium, for the browser journeys
    #[arg(long)]
    pub browser: bool,
    /// Also install cargo-deny, for `cargo xtask ci`
    #[arg(long)]
    pub deny: bool,
}

pub fn run(wanted: &Wanted) -> Result<()> {
    packages(wanted)?;
    python()?;
    model()?;
    node()?;
    cargo_tool("nextest", NEXTEST)?;
    if wanted.deny {
        cargo_tool("deny", DENY)?;
    }
    Ok(())
}

/// The Python of the environment that holds boto3, the AWS CLI and pycognito.
pub fn venv(program: &str) -> PathBuf {
    tree::clients().join("venv/bin").join(program)
}

/// Debian packages, where the program they bring is not already there by other means.
fn packages(wanted: &Wanted) -> Result<()> {
    let mut missing = Vec::new();
    if postgres::bin("initdb").is_none() {
        missing.push("postgresql");
    }
    let ensurepip = ["-c", "import ensurepip, venv"];
    if !venv("python").exists() && !program::succeeds(Command::new("python3").args(ensurepip)) {
        missing.push("python3-venv");
    }
    for (name, package) in [("node", "nodejs"), ("npm", "npm")] {
        if program::find(name, &[]).is_none() {
            missing.push(package);
        }
    }
    if wanted.browser
        && ["chromium", "chromium-browser", "google-chrome"].iter().all(|name| program::find(name, &[]).is_none())
    {
        missing.push("chromium");
    }
    if missing.is_empty() {
        return Ok(());
    }
    say(&format!("installing Debian packages: {}", missing.join(" ")));
    let Some(apt) = program::find("apt-get", &[]) else {
        bail!("install these yourself, there is no apt-get here: {}", missing.join(", "));
    };
    let as_root = |args: &[&str]| {
        let mut command = if program::is_root() {
            Command::new(&apt)
        } else {
            let mut sudo = Command::new("sudo");
            sudo.args(["--preserve-env=DEBIAN_FRONTEND,POSTGRESQL_COMMON_CREATE_MAIN_CLUSTER"]).arg(&apt);
            sudo
        };
        command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        program::run(&mut command)
    };
    as_root(&["update", "--quiet"])?;
    as_root(&[["install", "--yes", "--quiet", "--no-install-recommends"].as_slice(), &missing].concat())
}

fn python() -> Result<()> {
    let asked = tree::root().join("tests/clients/requirements.txt");
    once(&venv("").join("../installed"), &[&asked], || {
        say("installing boto3, the AWS CLI, pycognito and the AWS Encryption SDK into target/clients/venv");
        let venv = tree::clients().join("venv");
        if venv.exists() {
            fs::remove_dir_all(&venv)?;
        }
        program::run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        program::run(Command::new(venv.join("bin/python")).args(pip).arg(&asked))
    })
}

/// botocore carries the model compressed; the model test reads it plain.
fn model() -> Result<()> {
    let asked = tree::root().join("tests/clients/requirements.txt");
    once(&tree::clients().join("model-unpacked"), &[&asked], || {
        const UNPACK: &str = "import gzip, pathlib, sys, botocore\n\
            service = pathlib.Path(botocore.__file__).parent / 'data/cognito-idp/2016-04-18/service-2.json.gz'\n\
            pathlib.Path(sys.argv[1]).write_bytes(gzip.decompress(service.read_bytes()))";
        program::run(Command::new(venv("python")).args(["-c", UNPACK]).arg(tree::model()))
    })
}

fn node() -> Result<()> {
    let from = tree::root().join("tests/clients");
    let files = ["package.json", "package-lock.json", ".npmrc"].map(|name| from.join(name));
    let node = tree::clients().join("node");
    once(&node.join("installed"), &files.each_ref().map(PathBuf::as_path), || {
        say("installing Amplify, amazon-cognito-identity-js and aws-jwt-verify into target/clients/node");
        fs::create_dir_all(&node)?;
        for file in &files {
            fs::copy(file, node.join(file.file_name().context("a file")?))?;
        }
        program::run(Command::new("npm").args(["ci", "--silent"]).current_dir(&node))
    })?;
    // Node looks for packages beside the script, upwards.
    let link = from.join("node_modules");
    if !link.exists() {
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(node.join("node_modules"), &link)
            .context("could not link tests/clients/node_modules")?;
    }
    Ok(())
}

/// The tool that is there already, or the pinned one, built into target/tools: a minute or three, once.
fn cargo_tool(name: &str, version: &str) -> Result<()> {
    if program::succeeds(program::cargo().args([name, "--version"])) {
        return Ok(());
    }
    let package = format!("cargo-{name}");
    say(&format!("building {package} {version} into target/tools"));
    // An unoptimized build takes half the time, and these programs wait for others most of theirs.
    let how =
        ["install", &package, "--version", version, "--locked", "--profile", "dev", "--config", "profile.dev.debug=0"];
    program::run(
        program::cargo()
            .args(how)
            .arg("--root")
            .arg(tree::tools())
            .env("CARGO_TARGET_DIR", tree::tools().join("build")),
    )?;
    fs::remove_dir_all(tree::tools().join("build")).context("could not delete what the build left")
}

/// Runs `install` unless `stamp` holds what `inputs` hold now.
fn once(stamp: &Path, inputs: &[&Path], install: impl FnOnce() -> Result<()>) -> Result<()> {
    let mut now = String::new();
    for input in inputs {
        now += &fs::read_to_string(input).with_context(|| format!("could not read {}", input.display()))?;
    }
    if fs::read_to_string(stamp).is_ok_and(|then| then == now) {
        return Ok(());
    }
    fs::create_dir_all(tree::clients())?;
    install()?;
    fs::write(stamp, now).with_context(|| format!("could not write {}", stamp.display()))
}
