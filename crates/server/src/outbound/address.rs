//! Which addresses may be called.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far a request may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Addresses of the public internet, over https: for what a caller of the API named.
    Public,
    /// The operator's own network as well, http included: for what the operator wrote into the configuration.
    Configured,
}

impl Reach {
    /// Whether that address is within reach.
    pub fn includes(self, address: IpAddr) -> bool {
        match self {
            Self::Public => is_public(address),
            Self::Configured => !is_nobodys(address),
        }
    }
}

/// Addresses that no service of an operator has, those where clouds keep a machine's credentials among them.
fn is_nobodys(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_unspecified() || address.is_link_local() || address.is_multicast() || address.is_broadcast()
        }
        IpAddr::V6(address) => {
            const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);
            address.is_unspecified()
                || address.is_unicast_link_local()
                || address.is_multicast()
                || address == METADATA
                || translated(address).is_some_and(|inner| is_nobodys(inner.into()))
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// The IANA special-purpose registry (RFC 6890) with what is reserved for the future left out as well.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

/// Of IPv6 only the global unicast block, without its special parts, and IPv4 behind a translator (RFC 6052). What maps
/// or tunnels IPv4 in other ways is refused whatever it holds: no name's records need it.
fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = translated(address) {
        return is_public_v4(inner);
    }
    let [a, b, ..] = address.segments();
    let special = matches!(
        (a, b),
        (0x2001, 0x0000..=0x01ff | 0x0db8) // protocol assignments with Teredo, documentation
            | (0x2002, _) // 6to4
            | (0x3fff, 0x0000..=0x0fff) // documentation
    );
    a & 0xe000 == 0x2000 && !special
}

/// The IPv4 address inside one of 64:ff9b::/96.
fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = address.segments() else { return None };
    Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
}
