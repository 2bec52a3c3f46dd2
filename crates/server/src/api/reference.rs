//! `docs/operations.md`, written from the table of operations.

use std::fmt::Write as _;

use cognate_shapes::error::Code;

use super::OPERATIONS;
use super::open::OPEN;
use super::operation::CallerKind;

/// Where the service documents an operation: its name follows.
const DOCUMENTATION: &str = "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_";

/// Errors that nearly every operation declares; the tables leave them out.
const COMMON: &[Code] = &[
    Code::InternalError,
    Code::InvalidParameter,
    Code::NotAuthorized,
    Code::OperationNotEnabled,
    Code::ResourceNotFound,
    Code::TooManyRequests,
];

/// The page that lists every operation, who may call it and what it may answer.
pub fn reference_markdown() -> String {
    let mut page = String::from(
        "# Operations\n\n<!-- Made by `cargo xtask docs` from the table in crates/server/src/api/mod.rs. -->\n\n",
    );
    let (built, open) = (OPERATIONS.len(), OPEN.len());
    let _ = write!(
        page,
        "{built} of the model's {} operations are built. Each links to the service's own page, which tells its parameters; \
         here stand who may call it and the errors that AWS's model declares for it.\n\n\
         - *anyone*: the request carries its own proof (a password, a code, a token) or needs none; a signature on it is \
         ignored.\n\
         - *access token*: who holds an access token of the user, in the request.\n\
         - *signature*: who signs with an access key whose policies allow `cognito-idp:` and the operation's name. `cognate \
         dev` takes any signature, or none.\n\n\
         Left out below, because nearly every operation declares them: {}. Every operation also answers the errors of the \
         protocol, such as `SerializationException`, and a signed one those of signatures and policies, such as \
         `AccessDeniedException`.\n",
        built + open,
        codes(COMMON.iter()),
    );
    let mut family = "";
    for entry in OPERATIONS {
        if entry.family != family {
            family = entry.family;
            let _ = write!(page, "\n## {}\n\n| operation | caller | errors |\n|---|---|---|\n", title(family));
        }
        let caller = match entry.caller {
            CallerKind::Public => "anyone",
            CallerKind::TokenHolder => "access token",
            CallerKind::Iam => "signature",
        };
        let errors = codes(entry.errors.iter().filter(|code| !COMMON.contains(code)));
        let _ = writeln!(page, "| {} | {caller} | {errors} |", link(entry.name));
    }
    let _ = write!(
        page,
        "\n## Not built yet\n\n{open} operations answer `UnsupportedOperationException`, with words that say so:\n\n"
    );
    for name in OPEN {
        let _ = writeln!(page, "- {}", link(name));
    }
    page
}

fn link(operation: &str) -> String {
    format!("[{operation}]({DOCUMENTATION}{operation}.html)")
}

fn codes<'a>(codes: impl Iterator<Item = &'a Code>) -> String {
    codes.map(|code| format!("`{}`", code.as_str())).collect::<Vec<_>>().join(", ")
}

/// `sign_up` as `Sign up`.
fn title(family: &str) -> String {
    let words = family.replace('_', " ");
    let (first, rest) = words.split_at(1);
    first.to_uppercase() + rest
}
