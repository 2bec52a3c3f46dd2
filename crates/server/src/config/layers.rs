//! How values are laid over one another: which keys there are, what kind each is, and where each value comes from.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// Keys whose values are hidden wherever a configuration is shown.
const SECRET: [&str; 6] = [
    "keys.master_key",
    "mail.smtp_password",
    "mail.webhook_secret",
    "sms.webhook_secret",
    "aws_credentials.secret_access_key",
    "aws_credentials.session_token",
];

/// What the tools of AWS call the credentials in the environment, and what the keys are called here.
const AWS_CREDENTIALS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "aws_credentials.access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "aws_credentials.secret_access_key"),
    ("AWS_SESSION_TOKEN", "aws_credentials.session_token"),
];

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Default,
    DevDefault,
    File(PathBuf),
    /// The variable's name.
    Environment(String),
    /// The flag as it is typed, such as `--port`.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::DevDefault => f.write_str("default of dev"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A configuration that cannot be used, in words for the person who wrote it. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(String);

impl ConfigError {
    /// A key whose value cannot be used.
    pub fn value(key: &str, origin: Option<&Origin>, message: impl fmt::Display) -> Self {
        match origin {
            None | Some(Origin::Default | Origin::DevDefault) => Self(format!("{key}: {message}")),
            Some(origin) => Self(format!("{key} (from {origin}): {message}")),
        }
    }

    fn unknown(key: &str, origin: &Origin, nearest: Option<&str>) -> Self {
        let hint = nearest.map_or_else(
            || "`cognate config` lists the keys there are".to_owned(),
            |nearest| format!("did you mean {nearest}?"),
        );
        Self(format!("there is no key {key} (from {origin}); {hint}"))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// Values by section and key, and where each came from. The defaults say which keys there are and of what kind.
#[derive(Clone, Default)]
pub(super) struct Layers {
    values: Table,
    origins: BTreeMap<String, Origin>,
}

impl Layers {
    pub(super) fn defaults(text: &str) -> Result<Self, ConfigError> {
        let values = parse(text, &Origin::Default)?;
        let origins = keys(&values).map(|key| (key, Origin::Default)).collect();
        Ok(Self { values, origins })
    }

    pub(super) fn overlay_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError(format!("cannot read the configuration {}: {error}", path.display())))?;
        self.overlay_toml(&text, &Origin::File(path.to_owned()))
    }

    pub(super) fn overlay_toml(&mut self, text: &str, origin: &Origin) -> Result<(), ConfigError> {
        for (section, content) in parse(text, origin)? {
            let Value::Table(content) = content else {
                return Err(self.unknown(&section, origin));
            };
            if !self.values.contains_key(&section) {
                return Err(self.unknown(&section, origin));
            }
            for (name, value) in content {
                let key = format!("{section}.{name}");
                let known = self.known(&key, origin)?;
                if std::mem::discriminant(known) != std::mem::discriminant(&value) {
                    return Err(ConfigError::value(&key, Some(origin), format!("takes {}", kind(known))));
                }
                self.put(key, value, origin);
            }
        }
        Ok(())
    }

    pub(super) fn overlay_environment(&mut self, variables: &[(String, String)]) -> Result<(), ConfigError> {
        let named = |wanted: &str| variables.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        // All three or none: a key's id from here with another one's secret would help nobody.
        if named(AWS_CREDENTIALS[0].0).is_some_and(|id| !id.is_empty()) {
            for (name, key) in AWS_CREDENTIALS {
                self.set(key, named(name).unwrap_or_default(), &Origin::Environment(name.to_owned()))?;
            }
        }
        for (name, value) in variables {
            let origin = Origin::Environment(name.clone());
            if name == "COGNATE_MASTER_KEY" {
                self.set("keys.master_key", value, &origin)?;
            }
            // Names without a double underscore are left alone: Kubernetes makes COGNATE_PORT_… for a service "cognate".
            let Some((section, key)) = name.strip_prefix("COGNATE_").and_then(|rest| rest.split_once("__")) else {
                continue;
            };
            self.set(&format!("{}.{}", section.to_lowercase(), key.to_lowercase()), value, &origin)?;
        }
        Ok(())
    }

    /// Sets a key from text, which is read as the kind of value that the key's default is.
    pub(super) fn set(&mut self, key: &str, text: &str, origin: &Origin) -> Result<(), ConfigError> {
        let known = self.known(key, origin)?;
        let value = match known {
            Value::Integer(_) => text.parse().map(Value::Integer).ok(),
            Value::Boolean(_) => text.parse().map(Value::Boolean).ok(),
            Value::Table(_) => inline_table(text),
            _ => Some(Value::String(text.to_owned())),
        };
        let Some(value) = value else {
            return Err(ConfigError::value(key, Some(origin), format!("takes {}", kind(known))));
        };
        self.put(key.to_owned(), value, origin);
        Ok(())
    }

    pub(super) fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins.get(key)
    }

    pub(super) fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.origins.values()
    }

    pub(super) fn deserialize<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        T::deserialize(Value::Table(self.values.clone())).map_err(|error| {
            // toml names the key only in its Display: "message\nin `section.key`".
            let text = error.to_string();
            let key = text.trim_end().rsplit_once("in `").and_then(|(_, key)| key.strip_suffix('`'));
            match key {
                Some(key) => {
                    let value = lookup(&self.values, key);
                    let range = value.and_then(|value| out_of_range(value, error.message()));
                    ConfigError::value(key, self.origin(key), range.as_deref().unwrap_or(error.message()))
                }
                None => ConfigError(error.message().to_owned()),
            }
        })
    }

    pub(super) fn effective(&self) -> String {
        let mut out = String::new();
        for (section, content) in &self.values {
            let separator = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{separator}[{section}]");
            for (name, value) in content.as_table().into_iter().flatten() {
                let key = format!("{section}.{name}");
                let shown = shown(&key, value);
                match &self.origins[&key] {
                    Origin::Default => _ = writeln!(out, "{name} = {shown}"),
                    origin => _ = writeln!(out, "{name} = {shown}  # {origin}"),
                }
            }
        }
        out
    }

    fn known(&self, key: &str, origin: &Origin) -> Result<&Value, ConfigError> {
        lookup(&self.values, key).ok_or_else(|| self.unknown(key, origin))
    }

    fn unknown(&self, key: &str, origin: &Origin) -> ConfigError {
        let nearest = self
            .origins
            .keys()
            .map(|known| (distance(key, known), known))
            .min()
            .filter(|(distance, known)| *distance <= known.len().max(6) / 3);
        ConfigError::unknown(key, origin, nearest.map(|(_, known)| known.as_str()))
    }

    fn put(&mut self, key: String, value: Value, origin: &Origin) {
        if let Some((section, name)) = key.split_once('.')
            && let Some(Value::Table(content)) = self.values.get_mut(section)
        {
            content.insert(name.to_owned(), value);
            self.origins.insert(key, origin.clone());
        }
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layers").field("origins", &self.origins).finish_non_exhaustive()
    }
}

fn parse(text: &str, origin: &Origin) -> Result<Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| {
        // The error's own Display quotes the line, which may hold a password.
        let line = error.span().map_or(0, |span| text[..span.start].lines().count().max(1));
        ConfigError(format!("{origin}, line {line}: {}", error.message()))
    })
}

/// A table as it stands behind a key: `{ "name" = "value" }`.
fn inline_table(text: &str) -> Option<Value> {
    let mut parsed: Table = format!("table = {text}").parse().ok()?;
    parsed.remove("table").filter(Value::is_table)
}

fn keys(values: &Table) -> impl Iterator<Item = String> + '_ {
    values.iter().flat_map(|(section, content)| {
        content
            .as_table()
            .into_iter()
            .flat_map(move |content| content.keys().map(move |name| format!("{section}.{name}")))
    })
}

fn lookup<'a>(values: &'a Table, key: &str) -> Option<&'a Value> {
    let (section, name) = key.split_once('.')?;
    values.get(section)?.as_table()?.get(name)
}

/// What to say of a number that does not fit its type, of which the error tells the name alone.
fn out_of_range(value: &Value, error: &str) -> Option<String> {
    let number = value.as_integer()?;
    let most = match error.rsplit_once("expected ")?.1 {
        "u16" => u16::MAX.to_string(),
        "u32" => u32::MAX.to_string(),
        _ => i64::MAX.to_string(),
    };
    Some(format!("{number} is not a whole number from 0 to {most}"))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "a whole number",
        Value::Boolean(_) => "true or false",
        Value::Table(_) => "a table",
        _ => "a text",
    }
}

fn shown(key: &str, value: &Value) -> String {
    match value {
        Value::String(text) if SECRET.contains(&key) && !text.is_empty() => "\"[redacted]\"".to_owned(),
        Value::Table(table) => Value::Table(without_secrets(table)).to_string(),
        Value::String(text) => Value::String(without_password(text)).to_string(),
        value => value.to_string(),
    }
}

/// A table of tables with what they call `secret`, and what is secret in URLs, hidden.
fn without_secrets(table: &Table) -> Table {
    let mut table = table.clone();
    for (name, value) in &mut table {
        match value {
            Value::Table(inner) => *inner = without_secrets(inner),
            value if name == "secret" => *value = Value::String("[redacted]".to_owned()),
            Value::String(text) => *text = without_password(text),
            _ => {}
        }
    }
    table
}

/// A URL with its password and its query hidden, for showing to people; any other text as it is.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((user, _)) => format!("{user}:[redacted]@{host}"),
            None => format!("{user}@{host}"),
        },
        None => authority.to_owned(),
    };
    // A password or a token may also be given as a query parameter.
    let path = path.split_once('?').map_or_else(|| path.to_owned(), |(path, _)| format!("{path}?[redacted]"));
    format!("{scheme}://{authority}{path}")
}

/// Levenshtein's distance, for naming the key that was probably meant.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
