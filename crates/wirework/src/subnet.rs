//! A range of IP addresses by their leading bits.

use std::fmt;
use std::net::{AddrParseError, IpAddr, Ipv6Addr};
use std::num::ParseIntError;
use std::str::FromStr;

use thiserror::Error;

/// IP addresses that share their leading bits, as `192.0.2.0/24` or `2001:db8::/32`.
///
/// An IPv4 address and the same one mapped into IPv6 (`::ffff:192.0.2.1`) are one address.
///
/// ```
/// use wirework::Subnet;
///
/// let subnet: Subnet = "10.0.0.0/8".parse()?;
/// assert!(subnet.contains("10.1.2.3".parse()?));
/// assert!(subnet.contains("::ffff:10.1.2.3".parse()?));
/// assert!(!subnet.contains("192.0.2.1".parse()?));
/// assert_eq!("::1".parse::<Subnet>()?.to_string(), "::1/128");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subnet {
    /// The first address, where IPv4 is mapped into IPv6.
    first: Ipv6Addr,
    /// How many of its 128 bits count.
    bits: u8,
}

impl Subnet {
    /// The addresses whose first `prefix` bits are those of `ip`.
    ///
    /// # Panics
    /// Panics if `prefix` is more than 32 for IPv4, or 128 for IPv6.
    #[must_use]
    pub fn new(ip: IpAddr, prefix: u8) -> Self {
        let most = if ip.is_ipv4() { 32 } else { 128 };
        assert!(
            prefix <= most,
            "the prefix of {ip} has at most {most} bits, not {prefix}"
        );
        let (address, bits) = match ip {
            IpAddr::V4(ip) => (ip.to_ipv6_mapped(), 96 + prefix),
            IpAddr::V6(ip) => (ip, prefix),
        };
        Self {
            first: masked(address, bits),
            bits,
        }
    }

    /// The first of its addresses; for IPv4, mapped into IPv6.
    pub(crate) fn first(&self) -> Ipv6Addr {
        self.first
    }

    /// Whether `ip` is one of them.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let address = match ip {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        masked(address, self.bits) == self.first
    }
}

fn masked(address: Ipv6Addr, bits: u8) -> Ipv6Addr {
    let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0);
    Ipv6Addr::from_bits(address.to_bits() & mask)
}

impl From<IpAddr> for Subnet {
    /// That address alone.
    fn from(ip: IpAddr) -> Self {
        Self::new(ip, if ip.is_ipv4() { 32 } else { 128 })
    }
}

impl FromStr for Subnet {
    type Err = SubnetError;

    /// Parses `address/prefix`, or an address alone.
    fn from_str(text: &str) -> Result<Self, SubnetError> {
        let Some((ip, prefix)) = text.split_once('/') else {
            return Ok(text.parse::<IpAddr>()?.into());
        };
        let (ip, prefix): (IpAddr, u8) = (ip.parse()?, prefix.parse()?);
        if prefix > if ip.is_ipv4() { 32 } else { 128 } {
            return Err(SubnetError::TooLong { ip, prefix });
        }
        Ok(Self::new(ip, prefix))
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first.to_ipv4_mapped() {
            Some(first) if self.bits >= 96 => write!(f, "{first}/{}", self.bits - 96),
            _ => write!(f, "{}/{}", self.first, self.bits),
        }
    }
}

impl fmt::Debug for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that names no [`Subnet`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SubnetError {
    /// The part before the slash is no IP address.
    #[error("not an IP address")]
    Address(#[from] AddrParseError),
    /// The part behind it is no number.
    #[error("not the length of a prefix")]
    Prefix(#[from] ParseIntError),
    /// The prefix is longer than the address.
    #[error("the prefix of {ip} cannot have {prefix} bits")]
    TooLong {
        /// The address.
        ip: IpAddr,
        /// How many bits of it were to count.
        prefix: u8,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_may_be_of_any_length() {
        let contains = |subnet: &str, ip: &str| subnet.parse::<Subnet>().unwrap().contains(ip.parse().unwrap());
        assert!(contains("0.0.0.0/0", "255.255.255.255"));
        assert!(!contains("0.0.0.0/0", "::1"));
        assert!(contains("::/0", "192.0.2.1"));
        assert!(contains("192.0.2.128/25", "192.0.2.255"));
        assert!(!contains("192.0.2.128/25", "192.0.2.127"));
        assert!(contains("2001:db8::/33", "2001:db8:7fff::"));
        assert!(!contains("2001:db8::/33", "2001:db8:8000::"));
        assert!(contains("::1", "::1") && !contains("::1", "::2"));
    }

    #[test]
    fn bad_texts_are_refused() {
        for text in [
            "",
            "/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "10.0.0.0/-1",
            "10.0.0.0/256",
        ] {
            assert!(text.parse::<Subnet>().is_err(), "{text}");
        }
        assert_eq!("10.9.8.7/8".parse::<Subnet>().unwrap().to_string(), "10.0.0.0/8");
        assert_eq!("::ffff:1.2.3.4/96".parse::<Subnet>().unwrap().to_string(), "0.0.0.0/0");
    }
}
