//! `cognate breach-list`: makes the file of breached passwords that threat protection looks into.

use std::io::BufRead as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Failed;
use crate::threat::breach;

const EXAMPLES: &str = "\
Examples:
  cognate breach-list build pwned-passwords.txt breached.list
  cognate breach-list build - breached.list < pwned-passwords.txt
  cognate breach-list check breached.list < passwords.txt

The source has the SHA-1 of a password in hexadecimal a line, alone or followed by :<count>, as Pwned Passwords is
published. Name the list in threat.breach_list; a server reads it when it starts.";

const BUILD_EXAMPLES: &str = "\
Examples:
  cognate breach-list build pwned-passwords.txt breached.list
  cognate breach-list build - breached.list < pwned-passwords.txt";

const CHECK_EXAMPLES: &str = "\
Examples:
  cognate breach-list check breached.list < passwords.txt
  cognate breach-list check breached.list < /dev/null  Is it undamaged?";

/// Make and check the list of passwords known from breaches
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct BreachList {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a list: about 2.3 bytes a password, in a file that takes about 12 bytes of memory a password to make
    #[command(after_help = BUILD_EXAMPLES)]
    Build {
        /// File with a SHA-1 in hexadecimal a line; `-` for standard input
        source: PathBuf,
        /// The list to write
        out: PathBuf,
    },
    /// Check a list, and count how many of the passwords on standard input, one a line, it holds
    #[command(after_help = CHECK_EXAMPLES)]
    Check {
        /// The list
        list: PathBuf,
    },
}

impl BreachList {
    pub(super) fn run(self) -> Result<(), Failed> {
        match self.verb {
            Verb::Build { source, out } => {
                let built =
                    breach::build(&source, &out, |read| eprintln!("{read} passwords read")).map_err(Failed::new)?;
                println!("{}: {} passwords in {} bytes", out.display(), built.passwords, built.bytes);
            }
            Verb::Check { list } => {
                let opened = breach::BreachList::open(&list).map_err(Failed::new)?;
                let (mut all, mut held) = (0_u64, 0_u64);
                // A password is bytes here, in whatever encoding it was written down.
                for line in std::io::stdin().lock().split(b'\n') {
                    let line = line.map_err(Failed::new)?;
                    all += 1;
                    held += u64::from(opened.contains(line.strip_suffix(b"\r").unwrap_or(&line)));
                }
                println!("{}: {} passwords, undamaged; holds {held} of {all} given", list.display(), opened.keys());
            }
        }
        Ok(())
    }
}
