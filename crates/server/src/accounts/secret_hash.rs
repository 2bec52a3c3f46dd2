//! Whether a request shows that its client knows the client's secret. Checked before any user is looked up.

use cognate_crypto::{ct_eq, secret_hash};
use cognate_shapes::error::{Error, Result};

use crate::directory::{Client, Secret};

/// Checks the `SecretHash` member of SignUp, ForgotPassword and their kin; `username` is the one in the request.
pub fn of_request(client: &Client, presented: Option<&str>, username: &str) -> Result<()> {
    check(client, presented, &[username], Error::secret_missing)
}

/// Checks `SECRET_HASH` of a sign-in. `usernames` are the one sent and, after SRP, the stored one that clients echo.
pub fn of_sign_in(client: &Client, presented: Option<&str>, usernames: &[&str]) -> Result<()> {
    check(client, presented, usernames, Error::secret_hash_missing)
}

/// Checks a plain `ClientSecret`.
pub fn of_secret(client: &Client, presented: Option<&str>) -> Result<()> {
    match presented {
        None if client.is_confidential() => Err(Error::secret_missing(&client.id)),
        None => Ok(()),
        Some(presented) => {
            let mut found = false;
            for secret in &client.secrets {
                found |= ct_eq(secret.expose().as_bytes(), presented.as_bytes());
            }
            if found { Ok(()) } else { Err(Error::secret_hash_mismatch(&client.id)) }
        }
    }
}

fn check(client: &Client, presented: Option<&str>, usernames: &[&str], missing: fn(&str) -> Error) -> Result<()> {
    match presented {
        None if client.is_confidential() => Err(missing(&client.id)),
        None => Ok(()),
        Some(presented) => {
            let secrets: Vec<&str> = client.secrets.iter().map(Secret::expose).collect();
            if secret_hash::verify(presented, &secrets, usernames, &client.id) {
                Ok(())
            } else {
                Err(Error::secret_hash_mismatch(&client.id))
            }
        }
    }
}
