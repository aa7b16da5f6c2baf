//! To which of a machine's addresses a datagram came, so that its answer goes out from there.
//!
//! A socket that is bound to no address in particular sends from whichever the way back has, and who asked
//! another one takes no answer from there (RFC 1123 §6.1.3.2; `IP_PKTINFO`, and `IPV6_RECVPKTINFO` of RFC 3542 §6).

use std::{io, os::fd::AsFd};

use nix::{
    cmsg_space,
    libc::{in_addr, in_pktinfo, in6_pktinfo},
    sys::socket::{
        ControlMessageOwned, RecvMsg, SockaddrStorage, setsockopt,
        sockopt::{Ipv4PacketInfo, Ipv6RecvPacketInfo},
    },
};

/// One of this machine's addresses, as the system wants it with a datagram that goes out from there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Local {
    V4(in_pktinfo),
    /// IPv4 addresses of a socket that has both are among these.
    V6(in6_pktinfo),
}

/// Has the system tell with each datagram to which address it came.
pub(super) fn ask_for_locals(socket: &impl AsFd, is_ipv4: bool) -> io::Result<()> {
    let asked = match is_ipv4 {
        true => setsockopt(socket, Ipv4PacketInfo, &true),
        false => setsockopt(socket, Ipv6RecvPacketInfo, &true),
    };
    Ok(asked?)
}

/// Room for what the system tells of one datagram.
///
/// No more than one message has: how much was used is where the system begins to count the next time. The
/// longer of both is that of IPv6, and one of IPv4 is followed by zeros.
pub(super) fn room() -> Vec<u8> {
    cmsg_space!(in6_pktinfo)
}

impl Local {
    /// Where a datagram came to, if the system has told.
    pub(super) fn of(datagram: &RecvMsg<'_, '_, SockaddrStorage>) -> Option<Self> {
        datagram.cmsgs().ok()?.find_map(|told| match told {
            // The address of this machine, also where the datagram came to all of them.
            ControlMessageOwned::Ipv4PacketInfo(info) => Some(Self::V4(in_pktinfo {
                ipi_ifindex: 0, // the way back may be another one
                ipi_spec_dst: info.ipi_spec_dst,
                ipi_addr: in_addr { s_addr: 0 },
            })),
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                let [first, second, ..] = info.ipi6_addr.s6_addr;
                let is_of_link = first == 0xfe && second & 0xc0 == 0x80; // fe80::/10
                Some(Self::V6(in6_pktinfo {
                    ipi6_addr: info.ipi6_addr,
                    // Only there it is known which of several is meant.
                    ipi6_ifindex: if is_of_link { info.ipi6_ifindex } else { 0 },
                }))
            }
            _ => None,
        })
    }

    fn parts(&self) -> ([u8; 16], u32) {
        match self {
            Self::V4(info) => (u128::from(info.ipi_spec_dst.s_addr).to_ne_bytes(), 0),
            Self::V6(info) => (info.ipi6_addr.s6_addr, info.ipi6_ifindex),
        }
    }
}

impl PartialEq for Local {
    fn eq(&self, other: &Self) -> bool {
        let of_one_kind = matches!(self, Self::V4(_)) == matches!(other, Self::V4(_));
        of_one_kind && self.parts() == other.parts()
    }
}
