//! How a sign-in may begin, a flow a file. A new flow is a new file and a line in [`FLOWS`].

mod admin_user_password_auth;
mod custom_auth;
mod refresh_token_auth;
mod user_auth;
mod user_password_auth;
mod user_srp_auth;

use std::future::Future;
use std::pin::Pin;

use cognate_shapes::enums::AuthFlow;
use cognate_shapes::error::{Error, Result};

use super::{Attempt, Door, Step};

/// One way to begin.
trait Flow: 'static {
    /// Its names on the wire.
    const NAMES: &'static [AuthFlow];
    const DOORS: &'static [Door];

    /// The service's words where the client does not allow the flow.
    fn not_enabled(door: Door) -> &'static str {
        let _ = door;
        "Auth flow not enabled for this client"
    }

    /// Begins by the flow under that one of its names.
    fn begin(attempt: &Attempt<'_>, name: AuthFlow) -> impl Future<Output = Result<Step>> + Send;
}

type Beginning<'a> = Pin<Box<dyn Future<Output = Result<Step>> + Send + 'a>>;

/// A flow as the table holds it.
struct Entry {
    names: &'static [AuthFlow],
    doors: &'static [Door],
    not_enabled: fn(Door) -> &'static str,
    begin: for<'a> fn(&'a Attempt<'a>, AuthFlow) -> Beginning<'a>,
}

impl Entry {
    const fn of<F: Flow>() -> Self {
        Self {
            names: F::NAMES,
            doors: F::DOORS,
            not_enabled: F::not_enabled,
            begin: |attempt, name| Box::pin(F::begin(attempt, name)),
        }
    }
}

static FLOWS: &[Entry] = &[
    Entry::of::<user_srp_auth::UserSrpAuth>(),
    Entry::of::<user_password_auth::UserPasswordAuth>(),
    Entry::of::<admin_user_password_auth::AdminUserPasswordAuth>(),
    Entry::of::<refresh_token_auth::RefreshTokenAuth>(),
    Entry::of::<user_auth::UserAuth>(),
    Entry::of::<custom_auth::CustomAuth>(),
];

/// Begins by the flow of that name, if it goes by this door and the client allows it.
pub async fn begin(attempt: &Attempt<'_>, name: AuthFlow) -> Result<Step> {
    let flow = FLOWS.iter().find(|flow| flow.names.contains(&name));
    let flow = flow.ok_or_else(|| Error::internal("a flow is not in the table"))?;
    if !flow.doors.contains(&attempt.door) {
        return Err(Error::flow_not_supported());
    }
    if !attempt.client.allows(name) {
        return Err(Error::invalid((flow.not_enabled)(attempt.door)));
    }
    (flow.begin)(attempt, name).await
}
