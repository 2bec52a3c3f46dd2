//! `cognate docs`: the pages of `docs/` that the program itself knows best.

use clap::{Args, ValueEnum};

use super::Failed;

/// Print a page of docs/ that is made from the program
#[derive(Debug, Args)]
pub(super) struct Docs {
    page: Page,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Page {
    Configuration,
    Operations,
}

impl Docs {
    pub(super) fn run(self) -> Result<(), Failed> {
        match self.page {
            Page::Configuration => print!("{}", crate::config::reference_markdown()?),
            Page::Operations => print!("{}", crate::api::reference_markdown()),
        }
        Ok(())
    }
}
