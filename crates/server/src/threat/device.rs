//! What a user's program is called: for people to read, and to know it again.

/// Longest name kept, in characters.
const LONGEST: usize = 100;

/// A program as it names itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// `Chrome 120, Windows 10`.
    pub name: String,
    /// The same without what changes with every update: two of one kind are one device.
    pub kind: String,
}

impl Device {
    /// What a User-Agent says; `None` if it says nothing.
    pub fn of(user_agent: &str) -> Option<Self> {
        if let Some(read) = woothee::parser::Parser::new().parse(user_agent)
            && read.name != "UNKNOWN"
        {
            let version = read.version.split('.').next().unwrap_or_default();
            let known = |word: &str| (word != "UNKNOWN" && !word.is_empty()).then(|| word.to_owned());
            let name = [Some(read.name.to_owned()), known(version)].into_iter().flatten().collect::<Vec<_>>().join(" ");
            let os = known(read.os);
            return Some(Self {
                name: plain(&os.as_ref().map_or_else(|| name.clone(), |os| format!("{name}, {os}"))),
                kind: plain(&os.map_or_else(|| read.name.to_owned(), |os| format!("{}, {os}", read.name))),
            });
        }
        let product = user_agent.split_ascii_whitespace().next()?;
        let kind = product.split('/').next().unwrap_or(product);
        Some(Self { name: plain(product), kind: plain(kind) })
    }
}

/// The text without control characters, cut to what is worth keeping.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::Device;

    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";

    #[test]
    fn an_update_makes_no_new_device() {
        let (before, after) = (Device::of(CHROME).unwrap(), Device::of(&CHROME.replace("120", "121")).unwrap());
        assert_eq!(before.name, "Chrome 120, Windows 10");
        assert_eq!((before.kind.as_str(), &after.kind), ("Chrome, Windows 10", &before.kind));
        assert_ne!(Device::of(&CHROME.replace("Windows NT 10.0; Win64; x64", "Macintosh")).unwrap().kind, before.kind);
    }

    /// SECURITY 29: whatever the header holds is a name or nothing, and never an error.
    #[test]
    fn any_header_is_a_name_or_nothing() {
        assert_eq!(Device::of("aws-sdk-rust/1.3 os/linux").unwrap().kind, "aws-sdk-rust");
        assert_eq!(Device::of("  "), None);
        let odd = Device::of(&format!("\u{7}{}/1", "x".repeat(5000))).unwrap();
        assert_eq!((odd.kind.chars().count(), odd.kind.contains('\u{7}')), (100, false));
    }
}
