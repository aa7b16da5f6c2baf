//! What both stores do for a claim.

use ipnet::IpNet;
use payname_resolver::UnixTime;
use ring::hmac;

use crate::registration::{By, Change, above, lies_under, skeleton_of};

const DAY: u64 = 24 * 3600;
/// How many names are reckoned at once that were given before there were skeletons.
pub(super) const RECKONED: usize = 1000;

/// The names that a claim is compared with.
pub(super) struct Kin<'a> {
    /// What it looks like.
    pub(super) skeleton: String,
    /// The names it would lie under.
    pub(super) above: Vec<&'a str>,
    /// The label that all names below it have last.
    pub(super) last: &'a str,
    /// What all names below it end with.
    pub(super) suffix: String,
}

impl<'a> Kin<'a> {
    pub(super) fn of(change: &'a Change) -> Self {
        let user = change.handle.user();
        Self {
            skeleton: skeleton_of(user),
            above: above(user).collect(),
            last: lies_under(user).unwrap_or(user),
            suffix: format!(".{user}"),
        }
    }
}

/// The day that claims are counted in.
pub(super) fn day(at: UnixTime) -> u64 {
    at.0.checked_div(DAY).unwrap_or(0)
}

/// The last day that may be forgotten.
pub(super) fn forgotten_day(now: UnixTime) -> u64 {
    day(now).saturating_sub(2)
}

/// A network, so that nobody without the salt of the day can tell which.
pub(super) fn mark(salt: &[u8], network: &IpNet) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, salt);
    let mut mark = [0; 32];
    mark.copy_from_slice(hmac::sign(&key, network.to_string().as_bytes()).as_ref());
    mark
}

/// The network whose claims are counted, if they are.
pub(super) fn counted(change: &Change) -> Option<&IpNet> {
    let is_limited = change.entry.rules.claims_per_network.is_some();
    let network = change.entry.network.as_ref();
    network.filter(|_| is_limited && matches!(change.by, By::Key(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_told_from_others_only_by_who_has_the_salt_of_the_day() {
        let network: IpNet = "192.0.2.0/24".parse().unwrap();
        let other: IpNet = "198.51.100.0/24".parse().unwrap();
        assert_eq!(mark(b"monday", &network), mark(b"monday", &network));
        assert_ne!(mark(b"monday", &network), mark(b"monday", &other));
        assert_ne!(mark(b"monday", &network), mark(b"tuesday", &network));
    }

    #[test]
    fn days_are_forgotten_once_no_clock_within_a_day_of_ours_counts_in_them() {
        let noon = UnixTime(20_000 * DAY + DAY / 2);
        assert_eq!(day(noon), 20_000);
        assert_eq!(forgotten_day(noon), 19_998);
        assert_eq!(day(UnixTime(noon.0 + DAY / 2)), 20_001);
    }
}
