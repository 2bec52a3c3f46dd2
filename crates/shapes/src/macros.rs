//! `scalars!` and `enums!`: a constraint belongs to a type and is stated once.

/// Declares scalar, list and map shapes with their constraints.
///
/// ```text
/// ClientId: text(1..=128) = r"[\w+]+", sensitive;   // lengths count characters
/// QueryLimit: int(0..=60);
/// Scopes: list[Scope](..=50);
/// AuthParameters: map[Text, Text](..), sensitive;
/// ```
#[macro_export]
macro_rules! scalars {
    () => {};
    ($name:ident: text($($range:tt)*) = $pattern:literal, sensitive; $($rest:tt)*) => {
        $crate::scalars!(@text $name [$($range)*] [Some($pattern)] true);
        $crate::scalars!($($rest)*);
    };
    ($name:ident: text($($range:tt)*) = $pattern:literal; $($rest:tt)*) => {
        $crate::scalars!(@text $name [$($range)*] [Some($pattern)] false);
        $crate::scalars!($($rest)*);
    };
    ($name:ident: text($($range:tt)*), sensitive; $($rest:tt)*) => {
        $crate::scalars!(@text $name [$($range)*] [None] true);
        $crate::scalars!($($rest)*);
    };
    ($name:ident: text($($range:tt)*); $($rest:tt)*) => {
        $crate::scalars!(@text $name [$($range)*] [None] false);
        $crate::scalars!($($rest)*);
    };
    ($name:ident: int($($range:tt)*); $($rest:tt)*) => {
        $crate::scalars!(@int $name [$($range)*]);
        $crate::scalars!($($rest)*);
    };
    ($name:ident: list[$of:ty]($($range:tt)*); $($rest:tt)*) => {
        $crate::scalars!(@list $name [$of] [$($range)*]);
        $crate::scalars!($($rest)*);
    };
    ($name:ident: map[$key:ty, $value:ty]($($range:tt)*), sensitive; $($rest:tt)*) => {
        $crate::scalars!(@map $name [$key] [$value] [$($range)*] true);
        $crate::scalars!($($rest)*);
    };
    ($name:ident: map[$key:ty, $value:ty]($($range:tt)*); $($rest:tt)*) => {
        $crate::scalars!(@map $name [$key] [$value] [$($range)*] false);
        $crate::scalars!($($rest)*);
    };

    (@text $name:ident [$($range:tt)*] [$pattern:expr] $sensitive:literal) => {
        #[doc = concat!("The `", stringify!($name), "` shape: text of ", stringify!($($range)*), " characters.")]
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            const PATTERN: Option<&'static str> = $pattern;

            /// Wraps text the server made or stored itself, unchecked.
            pub fn trusted(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl std::ops::Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                if $sensitive { f.write_str("***") } else { self.0.fmt(f) }
            }
        }

        impl $crate::Described for $name {
            fn shape() -> $crate::Shape {
                let (min, max) = $crate::range::unsigned($($range)*);
                $crate::Shape::Text { min, max, pattern: Self::PATTERN, values: &[], sensitive: $sensitive }
            }
        }

        impl $crate::Input for $name {
            fn parse(
                value: serde_json::Value,
                at: &$crate::Path<'_>,
                found: &mut $crate::Violations,
            ) -> Result<Option<Self>, $crate::Malformed> {
                static PATTERN: std::sync::LazyLock<Option<$crate::pattern::Regex>> =
                    std::sync::LazyLock::new(|| $name::PATTERN.map($crate::pattern::compile));
                let serde_json::Value::String(text) = value else {
                    return Err($crate::Malformed::conversion(&value, "String"));
                };
                let shown = (!$sensitive).then_some(text.as_str());
                let mut fits = true;
                let (min, max) = $crate::range::unsigned($($range)*);
                $crate::input::bounds(text.chars().count() as u64, min, max, &mut |constraint| {
                    fits = false;
                    found.add(shown, at, &constraint);
                });
                if let (Some(pattern), Some(source)) = (PATTERN.as_ref(), Self::PATTERN) {
                    // A text beyond its length is not worth matching, and may be megabytes.
                    if max.is_none_or(|max| text.len() as u64 <= max * 4) && !pattern.is_match(&text) {
                        fits = false;
                        found.add(shown, at, &format!("Member must satisfy regular expression pattern: {source}"));
                    }
                }
                Ok(fits.then_some(Self(text)))
            }

            fn is_scalar() -> bool {
                true
            }
        }
    };

    (@int $name:ident [$($range:tt)*]) => {
        #[doc = concat!("The `", stringify!($name), "` shape: a whole number in ", stringify!($($range)*), ".")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl $crate::Described for $name {
            fn shape() -> $crate::Shape {
                let (min, max) = $crate::range::signed($($range)*);
                $crate::Shape::Integer { min, max }
            }
        }

        impl $crate::Input for $name {
            fn parse(
                value: serde_json::Value,
                at: &$crate::Path<'_>,
                found: &mut $crate::Violations,
            ) -> Result<Option<Self>, $crate::Malformed> {
                let number = $crate::input::integer(&value)?;
                let (min, max) = $crate::range::signed($($range)*);
                let mut fits = true;
                if let Some(max) = max.filter(|max| number > *max) {
                    fits = false;
                    let constraint = format!("Member must have value less than or equal to {max}");
                    found.add(Some(&number.to_string()), at, &constraint);
                }
                if let Some(min) = min.filter(|min| number < *min) {
                    fits = false;
                    let constraint = format!("Member must have value greater than or equal to {min}");
                    found.add(Some(&number.to_string()), at, &constraint);
                }
                Ok(fits.then_some(Self(number)))
            }

            fn is_scalar() -> bool {
                true
            }
        }
    };

    (@list $name:ident [$of:ty] [$($range:tt)*]) => {
        #[doc = concat!("The `", stringify!($name), "` shape: a list of ", stringify!($($range)*), " members.")]
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(pub Vec<$of>);

        impl std::ops::Deref for $name {
            type Target = [$of];

            fn deref(&self) -> &[$of] {
                &self.0
            }
        }

        impl $crate::Described for $name {
            fn shape() -> $crate::Shape {
                let (min, max) = $crate::range::unsigned($($range)*);
                $crate::Shape::List { min, max, of: Box::new(<$of as $crate::Described>::shape()) }
            }
        }

        impl $crate::Input for $name {
            fn parse(
                value: serde_json::Value,
                at: &$crate::Path<'_>,
                found: &mut $crate::Violations,
            ) -> Result<Option<Self>, $crate::Malformed> {
                let (min, max) = $crate::range::unsigned($($range)*);
                Ok($crate::input::list(value, at, found, min, max)?.map(Self))
            }
        }
    };

    (@map $name:ident [$key:ty] [$value:ty] [$($range:tt)*] $sensitive:literal) => {
        #[doc = concat!("The `", stringify!($name), "` shape: a map.")]
        #[derive(Clone, Default, PartialEq, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(pub std::collections::BTreeMap<$key, $value>);

        impl std::ops::Deref for $name {
            type Target = std::collections::BTreeMap<$key, $value>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                if $sensitive { f.write_str("***") } else { self.0.fmt(f) }
            }
        }

        impl $crate::Described for $name {
            fn shape() -> $crate::Shape {
                let (min, max) = $crate::range::unsigned($($range)*);
                $crate::Shape::Map {
                    min,
                    max,
                    key: Box::new(<$key as $crate::Described>::shape()),
                    value: Box::new(<$value as $crate::Described>::shape()),
                    sensitive: $sensitive,
                }
            }
        }

        impl $crate::Input for $name {
            fn parse(
                value: serde_json::Value,
                at: &$crate::Path<'_>,
                found: &mut $crate::Violations,
            ) -> Result<Option<Self>, $crate::Malformed> {
                let (min, max) = $crate::range::unsigned($($range)*);
                let read = if $sensitive { $crate::input::sensitive_map } else { $crate::input::map };
                Ok(read(value, at, found, min, max)?.map(Self))
            }
        }
    };
}

/// Declares enumerations with the spelling each variant has on the wire.
#[macro_export]
macro_rules! enums {
    ($($name:ident { $($variant:ident = $wire:literal),+ $(,)? })*) => {$(
        #[doc = concat!("The `", stringify!($name), "` enumeration.")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $wire, "`")] $variant,)+
        }

        impl $name {
            /// Every variant, in the model's order.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];
            const VALUES: &'static [&'static str] = &[$($wire,)+];

            /// The spelling on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $wire,)+
                }
            }

            /// Reads the spelling of the wire; anything else is `None`.
            pub fn from_wire(text: &str) -> Option<Self> {
                match text {
                    $($wire => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::from_wire(&text).ok_or_else(|| serde::de::Error::unknown_variant(&text, Self::VALUES))
            }
        }

        impl $crate::Described for $name {
            fn shape() -> $crate::Shape {
                $crate::Shape::Text { min: None, max: None, pattern: None, values: Self::VALUES, sensitive: false }
            }
        }

        impl $crate::Input for $name {
            fn parse(
                value: serde_json::Value,
                at: &$crate::Path<'_>,
                found: &mut $crate::Violations,
            ) -> Result<Option<Self>, $crate::Malformed> {
                let serde_json::Value::String(text) = value else {
                    return Err($crate::Malformed::conversion(&value, "String"));
                };
                let read = Self::from_wire(&text);
                if read.is_none() {
                    let values = Self::VALUES.join(", ");
                    found.add(Some(&text), at, &format!("Member must satisfy enum value set: [{values}]"));
                }
                Ok(read)
            }

            fn is_scalar() -> bool {
                true
            }
        }
    )*};
}
