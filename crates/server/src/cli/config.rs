//! `cognate config`: what is in force.

use clap::Args;

use super::{Failed, Of};

const EXAMPLES: &str = "\
Examples:
  cognate config --config prod.toml        What `cognate serve --config prod.toml` would run with
  cognate config --dev                     What `cognate dev` would run with
  cognate config --set log.level=debug     With one key changed";

/// Print the configuration in force as TOML, with where each value comes from and secrets hidden
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Show {
    #[command(flatten)]
    of: Of,
}

impl Show {
    pub(super) fn run(self) -> Result<(), Failed> {
        print!("{}", self.of.config()?.effective());
        Ok(())
    }
}
