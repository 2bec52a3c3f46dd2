//! What ID and access tokens say.

use cognate_shapes::error::Result;
use cognate_store::Tx;
use serde_json::{Map, Value, json};

use super::session::Session;
use crate::accounts::groups::{self, Group};
use crate::accounts::user::User;
use crate::context::Context;
use crate::directory::{Client, Pool};
use crate::triggers::pre_token_generation::{self, Token};

/// Groups read at a time; the service's default quota of groups a user may be in.
const PAGE: i64 = 100;

/// The groups of a user as tokens tell of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// In order of precedence, the strongest first; those without one last, by name.
    pub names: Vec<String>,
    /// The roles of the groups that have one, in the same order, each once.
    pub roles: Vec<String>,
    pub preferred_role: Option<String>,
}

/// The groups the user is in.
pub fn groups(tx: &mut Tx<'_>, pool: &Pool, user_id: &str) -> Result<Groups> {
    let mut found: Vec<Group> = Vec::new();
    loop {
        let after = found.last().map_or(String::new(), |group| group.name.clone());
        let page = groups::of_user(tx, pool, user_id, &after, PAGE)?;
        let whole = page.len() as i64 == PAGE;
        found.extend(page);
        if !whole {
            return Ok(ranked(found.into_iter().map(|group| (group.precedence, group.name, group.role_arn)).collect()));
        }
    }
}

/// Orders groups of (precedence, name, role) and picks the preferred role: that of the strongest group that has one,
/// unless groups of equal strength disagree.
fn ranked(mut groups: Vec<(Option<i64>, String, Option<String>)>) -> Groups {
    groups.sort_by(|a, b| (a.0.unwrap_or(i64::MAX), &a.1).cmp(&(b.0.unwrap_or(i64::MAX), &b.1)));
    let mut ranked = Groups::default();
    let mut strongest: Option<(Option<i64>, String)> = None;
    let mut disputed = false;
    for (precedence, name, role) in groups {
        ranked.names.push(name);
        let Some(role) = role else { continue };
        match &strongest {
            None => strongest = Some((precedence, role.clone())),
            Some((of, first)) => disputed |= *of == precedence && *first != role,
        }
        if !ranked.roles.contains(&role) {
            ranked.roles.push(role);
        }
    }
    ranked.preferred_role = strongest.map(|(_, role)| role).filter(|_| !disputed);
    ranked
}

/// What tokens say beside what the server says anyway.
#[derive(Clone, Debug, Default)]
pub struct Content {
    pub groups: Groups,
    /// What the pool's PreTokenGeneration changes.
    pub changes: Option<pre_token_generation::Answer>,
}

/// Whom tokens are about, and for whom they are.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub pool: &'a Pool,
    pub client: &'a Client,
    pub user: &'a User,
    pub content: &'a Content,
    pub session: &'a Session,
}

impl Subject<'_> {
    /// The claims of an ID token: who the user is, as far as the client may read it.
    pub fn id_claims(&self, cx: &Context) -> Vec<u8> {
        let mut claims = Map::new();
        for (name, value) in &self.user.profile.attributes {
            if self.client.may_read(name) && !value.is_empty() {
                claims.insert(name.clone(), claim(name, value));
            }
        }
        self.common(cx, "id", self.client.id_token_life_s(), &mut claims);
        claims.insert("aud".to_owned(), json!(self.client.id));
        claims.insert("cognito:username".to_owned(), json!(self.user.username));
        if !self.content.groups.roles.is_empty() {
            claims.insert("cognito:roles".to_owned(), json!(self.content.groups.roles));
        }
        if let Some(role) = &self.content.groups.preferred_role {
            claims.insert("cognito:preferred_role".to_owned(), json!(role));
        }
        if let Some(changes) = &self.content.changes {
            changes.id.apply(Token::Id, &self.client.id, &mut claims);
        }
        Value::Object(claims).to_string().into_bytes()
    }

    /// The claims of an access token: what its holder may do.
    pub fn access_claims(&self, cx: &Context) -> Vec<u8> {
        let mut claims = Map::new();
        self.common(cx, "access", self.client.access_token_life_s(), &mut claims);
        claims.insert("client_id".to_owned(), json!(self.client.id));
        claims.insert("username".to_owned(), json!(self.user.username));
        let scopes = match &self.content.changes {
            Some(changes) => {
                changes.access.apply(Token::Access, &self.client.id, &mut claims);
                changes.scopes(&self.session.scopes).join(" ")
            }
            None => self.session.scopes.join(" "),
        };
        claims.insert("scope".to_owned(), json!(scopes));
        if let Some(key) = &self.session.device_key {
            claims.insert("device_key".to_owned(), json!(key));
        }
        Value::Object(claims).to_string().into_bytes()
    }

    fn common(&self, cx: &Context, token_use: &str, life_s: i64, claims: &mut Map<String, Value>) {
        let now_s = cx.clock.now_ms().div_euclid(1000);
        let mut claim = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        claim("sub", json!(self.user.id));
        claim("iss", json!(self.pool.issuer(&cx.config)));
        claim("token_use", json!(token_use));
        claim("auth_time", json!(self.session.auth_time_s));
        claim("iat", json!(now_s));
        claim("exp", json!(now_s + life_s));
        claim("event_id", json!(self.session.event_id));
        if let Some(acr) = &self.session.acr {
            claim("acr", json!(acr));
        }
        if !self.session.amr.is_empty() {
            claim("amr", json!(self.session.amr));
        }
        if self.client.revokes_tokens() {
            claim("jti", json!(cx.rng.uuid()));
            claim("origin_jti", json!(self.session.id));
        }
        if !self.content.groups.names.is_empty() {
            claim("cognito:groups", json!(self.content.groups.names));
        }
    }
}

/// An attribute as a claim (OpenID Connect Core §5.1): flags are booleans, the address is an object, the time of the
/// last update a number; everything else, custom numbers as well, is text.
fn claim(name: &str, value: &str) -> Value {
    match name {
        "email_verified" | "phone_number_verified" => json!(value == "true"),
        "address" => json!({ "formatted": value }),
        "updated_at" => value.parse::<i64>().map_or_else(|_| json!(value), |seconds| json!(seconds)),
        _ => json!(value),
    }
}

#[cfg(test)]
mod tests {
    use super::ranked;

    fn group(precedence: Option<i64>, name: &str, role: Option<&str>) -> (Option<i64>, String, Option<String>) {
        (precedence, name.to_owned(), role.map(str::to_owned))
    }

    #[test]
    fn the_strongest_group_with_a_role_is_preferred() {
        let groups = ranked(vec![
            group(None, "all", Some("arn:c")),
            group(Some(5), "editors", Some("arn:b")),
            group(Some(0), "plain", None),
            group(Some(2), "admins", Some("arn:a")),
        ]);
        assert_eq!(groups.names, ["plain", "admins", "editors", "all"]);
        assert_eq!(groups.roles, ["arn:a", "arn:b", "arn:c"]);
        assert_eq!(groups.preferred_role.as_deref(), Some("arn:a"));
    }

    #[test]
    fn equals_that_disagree_prefer_nothing() {
        let tied = |second| ranked(vec![group(Some(1), "a", Some("arn:a")), group(Some(1), "b", Some(second))]);
        assert_eq!(tied("arn:b").preferred_role, None);
        assert_eq!(tied("arn:a").preferred_role.as_deref(), Some("arn:a"));
        assert_eq!(tied("arn:a").roles, ["arn:a"]);
        let unranked = ranked(vec![group(None, "a", Some("arn:a")), group(None, "b", Some("arn:b"))]);
        assert_eq!(unranked.preferred_role, None);
    }
}
