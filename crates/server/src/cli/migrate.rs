//! `cognate migrate`: brings the database to this program's version.

use clap::Args;
use cognate_store::{Options, Store};

use super::{Failed, Of};

const EXAMPLES: &str = "\
Examples:
  cognate migrate --config prod.toml

`serve` and `dev` migrate when they start; run this first where the server's own database user may not change tables.
Nodes that race apply each migration once.";

/// Bring the database's schema to this version
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Migrate {
    #[command(flatten)]
    of: Of,
}

impl Migrate {
    pub(super) async fn run(self) -> Result<(), Failed> {
        let config = self.of.config()?;
        if config.store.is_memory() {
            return Err(Failed::new(
                "store.url is sqlite::memory:, which is new at every start: there is nothing to migrate",
            ));
        }
        let store = Store::open(config.store.url.expose(), &Options::default()).map_err(Failed::new)?;
        let applied = store.migrate().await.map_err(Failed::new)?;
        for name in &applied {
            println!("applied {name}");
        }
        if applied.is_empty() {
            println!("nothing to do: the database is at this version");
        }
        store.close().await;
        Ok(())
    }
}
