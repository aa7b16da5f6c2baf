//! The resolver that this machine is set up to use.

use std::{io, net::IpAddr};

use super::DnsServer;

/// Where Unix keeps the addresses of its resolvers (resolv.conf(5)).
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// The first nameserver of `/etc/resolv.conf`.
///
/// # Errors
/// The file cannot be read or names none.
pub fn default_server() -> Result<DnsServer, SystemServerError> {
    let text = std::fs::read_to_string(RESOLV_CONF).map_err(SystemServerError::Unreadable)?;
    first_nameserver(&text).ok_or(SystemServerError::NoNameserver)
}

/// The first nameserver in the text of a resolv.conf(5) that can be asked.
pub fn first_nameserver(text: &str) -> Option<DnsServer> {
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let is_nameserver = words.next() == Some("nameserver");
        let address: IpAddr = words.next().filter(|_| is_nameserver)?.parse().ok()?;
        address.to_string().parse().ok()
    })
}

/// Why this machine's resolver is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SystemServerError {
    /// The file is not there or cannot be read.
    #[error(
        "cannot read {RESOLV_CONF} to find this machine's DNS server; name one with --dns, such as --dns 9.9.9.9"
    )]
    Unreadable(#[source] io::Error),
    /// The file names no address.
    #[error("{RESOLV_CONF} names no DNS server; name one with --dns, such as --dns 9.9.9.9")]
    NoNameserver,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_nameserver_with_an_address_is_taken() {
        let text = "# nameserver 1.1.1.1\n; note\nsearch example\nnameserver\nnameserver fe80::1%eth0\n\
                    \tnameserver\t192.0.2.1 # here\nnameserver 192.0.2.2\n";
        assert_eq!(first_nameserver(text).unwrap().to_string(), "192.0.2.1:53");
        let sixth = first_nameserver("nameserver 2001:db8::1").unwrap();
        assert_eq!(sixth.to_string(), "[2001:db8::1]:53");
    }

    #[test]
    fn a_file_without_nameservers_gives_none() {
        assert_eq!(first_nameserver(""), None);
        assert_eq!(
            first_nameserver("options edns0\nnameservers 192.0.2.1"),
            None
        );
    }
}
