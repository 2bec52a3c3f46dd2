//! Are the generated pages of docs/ what the server itself says?

use std::process::Command;

use anyhow::{Result, bail};

use crate::{program, tree};

/// The pages that `cognate docs <page>` prints.
const PAGES: [&str; 2] = ["operations", "configuration"];

pub fn run(check: bool) -> Result<()> {
    program::run(program::cargo().args(["build", "--quiet", "--package", "cognate-server", "--bin", "cognate"]))?;
    let mut stale = Vec::new();
    for page in PAGES {
        let text = program::output(Command::new(tree::binary("debug", "cognate")).args(["docs", page]))?;
        let path = tree::root().join("docs").join(page).with_extension("md");
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        if check {
            stale.push(format!("docs/{page}.md"));
        } else {
            std::fs::write(&path, text)?;
            println!("wrote docs/{page}.md");
        }
    }
    if stale.is_empty() { Ok(()) } else { bail!("{} out of date: run `cargo xtask docs`", stale.join(" and ")) }
}
