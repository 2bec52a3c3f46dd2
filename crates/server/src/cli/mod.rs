//! The command line: a file a verb.

mod breach_list;
mod config;
mod dev;
mod docs;
mod doctor;
mod keys;
mod migrate;
mod serve;
mod threat;
mod triggers;

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, ConfigError, DevData, Overlay};

const EXAMPLES: &str = "\
Examples:
  cognate dev                          Develop: nothing to configure, mail and texts in an inbox page
  cognate dev --memory --port 0        Test: no files, a free port
  cognate keys create --name deployer  Make the first access key of a server
  cognate serve --config prod.toml     Run a production server
  cognate doctor --config prod.toml    Explain what is right and wrong with a server's surroundings

Settings come from config.default.toml, a file (--config), the environment (COGNATE_SERVER__LISTEN) and flags.
`cognate config` prints those in force.";

/// An identity server that every client of Amazon Cognito user pools can talk to.
#[derive(Debug, Parser)]
#[command(name = "cognate", version, after_help = EXAMPLES, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Dev(dev::Dev),
    Serve(serve::Serve),
    Keys(keys::Keys),
    Migrate(migrate::Migrate),
    Doctor(doctor::Doctor),
    Triggers(triggers::Triggers),
    Config(config::Show),
    BreachList(breach_list::BreachList),
    Threat(threat::Threat),
    #[command(hide = true)]
    Docs(docs::Docs),
}

/// Which configuration a verb works with.
#[derive(Debug, Clone, Args)]
pub(crate) struct Settings {
    /// Configuration file (TOML); every key is described in docs/configuration.md
    #[arg(long, value_name = "FILE", env = "COGNATE_CONFIG")]
    config: Option<PathBuf>,

    /// Set one key, as in --set log.level=debug
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
}

impl Settings {
    /// File, environment and `--set`, for flags to come on top.
    fn overlay(&self) -> Overlay {
        let mut overlay = Overlay::from_process(self.config.clone());
        for (key, value) in &self.set {
            overlay.flag("--set", key, value);
        }
        overlay
    }
}

/// The configuration of a server that another command runs: `serve`, or `dev` with `--dev`.
#[derive(Debug, Clone, Args)]
pub(crate) struct Of {
    #[command(flatten)]
    settings: Settings,

    /// Work with what `cognate dev` works with, instead of `cognate serve`
    #[arg(long)]
    dev: bool,

    /// Directory that `cognate dev` keeps its data in
    #[arg(long, value_name = "DIRECTORY", default_value = ".cognate", requires = "dev")]
    data: PathBuf,
}

impl Of {
    /// The configuration, checked.
    pub(crate) fn config(&self) -> Result<Config, ConfigError> {
        let overlay = self.settings.overlay();
        if self.dev { Config::dev(&DevData::Directory(self.data.clone()), &overlay) } else { Config::serve(&overlay) }
    }
}

/// Why a verb did not do what it was asked, in words for the one who asked.
#[derive(Debug)]
pub(crate) struct Failed {
    message: String,
    code: u8,
}

impl Failed {
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), code: 1 }
    }

    /// The verb has said what is wrong itself.
    fn silent() -> Self {
        Self { message: String::new(), code: 1 }
    }
}

impl From<ConfigError> for Failed {
    fn from(error: ConfigError) -> Self {
        Self { message: error.to_string(), code: 2 }
    }
}

/// Runs the program and says how it ended: 0 well, 1 badly, 2 wrong usage or configuration.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(async {
        match cli.verb {
            Verb::Dev(dev) => dev.run().await,
            Verb::Serve(serve) => serve.run().await,
            Verb::Keys(keys) => keys.run().await,
            Verb::Migrate(migrate) => migrate.run().await,
            Verb::Doctor(doctor) => doctor.run().await,
            Verb::Triggers(triggers) => triggers.run().await,
            Verb::Config(show) => show.run(),
            Verb::BreachList(list) => list.run(),
            Verb::Threat(threat) => threat.run().await,
            Verb::Docs(docs) => docs.run(),
        }
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed { message, code }) => {
            if !message.is_empty() {
                eprintln!("error: {message}");
            }
            ExitCode::from(code)
        }
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("takes KEY=VALUE, such as log.level=debug")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_teaches_by_example() {
        let mut command = Cli::command();
        assert!(command.render_long_help().to_string().contains("Examples:"));
        for verb in command.get_subcommands_mut().filter(|verb| !verb.is_hide_set() && verb.get_name() != "help") {
            let help = verb.render_long_help().to_string();
            assert!(help.contains("Example"), "{} has no example", verb.get_name());
            for inner in verb.get_subcommands_mut().filter(|inner| inner.get_name() != "help") {
                let help = inner.render_long_help().to_string();
                assert!(help.contains("Example"), "{} has no example", inner.get_name());
            }
        }
    }

    /// The words of a line as a shell would take them, up to what is for the shell or for the reader.
    fn words(line: &str) -> Vec<String> {
        let line = line.split("  ").next().unwrap_or_default();
        let mut words = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '\'' => quoted = !quoted,
                '<' | '>' | '|' if !quoted => break,
                ' ' if !quoted => words.push(String::new()),
                c => words.last_mut().unwrap().push(c),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_example_is_a_command_that_is_taken() {
        fn helps(command: &mut clap::Command, all: &mut String) {
            *all += &command.render_long_help().to_string();
            command.get_subcommands_mut().for_each(|verb| helps(verb, all));
        }
        let mut all = String::new();
        helps(&mut Cli::command(), &mut all);
        let joined = all.split("\\\n").map(str::trim_start).collect::<String>();
        let examples: Vec<&str> =
            joined.lines().map(str::trim_start).filter(|line| line.starts_with("cognate ")).collect();
        assert!(examples.len() > 30, "{examples:?}");
        for example in examples {
            let line = words(example);
            assert!(Cli::try_parse_from(&line).is_ok(), "{line:?}");
        }
    }
}
