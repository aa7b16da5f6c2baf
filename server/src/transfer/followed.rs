//! A zone that is fetched from another server: whom it is fetched from, and when.

use std::net::IpAddr;

use payname_resolver::hickory_proto::rr::Name;
use tokio::sync::Notify;

use crate::config::{Peer, Secondary};

/// A zone that is fetched from another server.
pub(crate) struct Followed {
    secondary: Secondary,
    /// A primary has said that there is something new.
    news: Notify,
}

impl Followed {
    pub(crate) fn new(secondary: Secondary) -> Self {
        Self {
            secondary,
            news: Notify::new(),
        }
    }

    pub(super) fn apex(&self) -> &Name {
        &self.secondary.zone
    }

    pub(super) fn primaries(&self) -> &[Peer] {
        &self.secondary.primaries
    }

    /// Whether a NOTIFY from this address, with this key, is one of a primary.
    pub(super) fn is_primary(&self, client: IpAddr, key: Option<&Name>) -> bool {
        let client = client.to_canonical();
        self.primaries().iter().any(|primary| {
            let wanted = primary.key.as_ref().map(|key| key.name());
            primary.address.ip().to_canonical() == client && (wanted.is_none() || wanted == key)
        })
    }

    /// Has the zone looked after now.
    pub(super) fn wake(&self) {
        self.news.notify_one();
    }

    /// Waits for [`Followed::wake`]; one that came before counts.
    pub(super) async fn woken(&self) {
        self.news.notified().await;
    }
}
