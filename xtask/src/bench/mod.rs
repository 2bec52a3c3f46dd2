//! How fast is the release server beside what this machine could do at best?

use anyhow::Result;

#[derive(Debug, clap::Args)]
pub struct Plan {}

pub fn run(_: &Plan) -> Result<()> {
    Ok(())
}
