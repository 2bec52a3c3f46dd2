//! How many codes go out in an hour: to one user, and by text message to one area.
//!
//! Whoever has codes sent to numbers that earn them money asks as many users as they like; what such numbers share is
//! how they begin.

use cognate_shapes::enums::VerifiedAttribute;
use cognate_shapes::error::Result;
use cognate_store::Tx;

use super::attempts::{Allowance, Tried, allowance};
use crate::context::Context;

/// How many characters of a number name its area: the plus sign and five digits, a country with a part of it.
const AREA: usize = 6;

/// What may be sent still.
#[derive(Clone, Debug)]
pub struct Sending {
    to_user: Allowance,
    to_area: Option<(Allowance, String)>,
}

/// What the configuration allows now, for a code that goes there.
pub fn sending(cx: &Context, attribute: VerifiedAttribute, to: &str) -> Sending {
    let to_area = (attribute == VerifiedAttribute::PhoneNumber).then(|| {
        let area: String = to.chars().take(AREA).collect();
        (allowance(cx, Tried::TextMessageToArea), format!("area:{area}"))
    });
    Sending { to_user: allowance(cx, Tried::Code), to_area }
}

impl Sending {
    /// Counts one code for the user (or [`super::unknown::subject`]); refuses those over a limit.
    pub fn spend(&self, tx: &mut Tx<'_>, pool_id: &str, user_id: &str) -> Result<()> {
        self.to_user.spend(tx, pool_id, user_id)?;
        if let Some((allowance, area)) = &self.to_area {
            allowance.spend(tx, pool_id, area).inspect_err(|_| {
                tracing::warn!(pool = pool_id, %area, "text messages to one area are over the limit of an hour");
            })?;
        }
        Ok(())
    }
}
