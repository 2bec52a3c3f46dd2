//! Turns the defaults and their comments into the reference for people, `docs/configuration.md`.

use std::fmt::Write as _;

use super::{ConfigError, DEFAULTS, DEV_DEFAULTS};
use toml::Table;

/// The configuration reference as Markdown, made from `config.default.toml` and `config.dev.toml`.
///
/// # Errors
/// A default has no comment above it, or the defaults are not what the server reads.
pub fn reference_markdown() -> Result<String, ConfigError> {
    // What cannot be read must not be documented.
    super::Config::serve(&super::Overlay::default())?;
    let broken = |what: &str| ConfigError::value("config.default.toml", None, what);
    let dev: Table = DEV_DEFAULTS.parse().map_err(|_| broken("the defaults of dev are not TOML"))?;

    let mut out = String::from(
        "# Configuration\n\n<!-- Made by `cargo xtask docs` from crates/server/config.default.toml: edit that file. -->\n",
    );
    let mut section = String::new();
    let mut comment = String::new();
    for line in DEFAULTS.lines() {
        if let Some(text) = line.strip_prefix('#') {
            comment.push_str(text.trim_start());
            comment.push('\n');
        } else if line.is_empty() {
            // A comment with nothing below it speaks for the whole file.
            if !comment.is_empty() {
                let _ = write!(out, "\n{comment}");
                comment.clear();
            }
        } else if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            name.clone_into(&mut section);
            let _ = write!(out, "\n## `[{section}]`\n\n{comment}");
            comment.clear();
        } else if let Some((name, value)) = line.split_once(" = ") {
            if comment.is_empty() {
                return Err(broken(&format!("{section}.{name} has no comment above it")));
            }
            let environment = format!("COGNATE_{}__{}", section.to_uppercase(), name.to_uppercase());
            let _ = write!(out, "\n### `{section}.{name}`\n\n{comment}\nDefault `{value}`");
            if let Some(value) = dev.get(&section).and_then(|s| s.get(name)) {
                let _ = write!(out, ", under `cognate dev` `{value}`");
            }
            let _ = writeln!(out, " · environment `{environment}`");
            comment.clear();
        }
    }
    Ok(out)
}
