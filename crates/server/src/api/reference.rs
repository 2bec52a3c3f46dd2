//! `docs/operations.md`, written from the table of operations.

use std::fmt::Write as _;

use super::OPERATIONS;
use super::open::OPEN;
use super::operation::CallerKind;

/// The page that lists every operation, who may call it and what it may answer.
pub fn reference_markdown() -> String {
    let mut page = String::from(
        "# Operations\n\nMade by `cargo xtask docs` from the table in `crates/server/src/api/mod.rs`.\n\n\
         Every operation also answers the errors of the protocol itself, such as `SerializationException`; an IAM \
         operation those of signatures and policies, such as `AccessDeniedException`.\n",
    );
    let mut family = "";
    for entry in OPERATIONS {
        if entry.family != family {
            family = entry.family;
            let _ =
                write!(page, "\n## `{family}`\n\n| operation | caller | IAM action | errors |\n|---|---|---|---|\n");
        }
        let (caller, action) = match entry.caller {
            CallerKind::Public => ("anyone", String::new()),
            CallerKind::TokenHolder => ("access token", String::new()),
            CallerKind::Iam => ("signature", format!("`cognito-idp:{}`", entry.name)),
        };
        let errors: Vec<_> = entry.errors.iter().map(|code| code.as_str().trim_end_matches("Exception")).collect();
        let _ = writeln!(page, "| {} | {caller} | {action} | {} |", entry.name, errors.join(", "));
    }
    let _ = write!(
        page,
        "\n## Not built yet\n\n{} of the model's operations answer `UnsupportedOperationException`:\n\n",
        OPEN.len()
    );
    for name in OPEN {
        let _ = writeln!(page, "- {name}");
    }
    page
}
