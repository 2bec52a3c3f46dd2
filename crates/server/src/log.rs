//! What the server tells its operator, on standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::config::{ConfigError, Log, LogFormat};
use crate::http::report_panics;

/// Begins to log as the configuration says, panics included.
///
/// # Errors
/// `log.level` is not a filter, or the process logs already.
pub fn start(log: &Log) -> Result<(), ConfigError> {
    let wrong = |error: &dyn std::fmt::Display| ConfigError::value("log.level", None, error);
    let filter: EnvFilter = log.level.parse().map_err(|error| wrong(&error))?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Json => {
            subscriber.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
        }
        LogFormat::Text => subscriber.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
    };
    started.map_err(|error| wrong(&error))?;
    report_panics();
    Ok(())
}
