//! What a zone says for other zones of its operator, so that their parents can secure them without
//! anybody's help (RFC 9615).
//!
//! A parent does not believe the CDS and CDNSKEY records of a child that has no DS record yet: nothing
//! signs them. So the operator repeats them below the names of the child's nameservers, in a zone
//! that is signed: what only the operator can have put there.

use std::collections::BTreeMap;

use hickory_proto::rr::{Name, RData, RecordType};
use payname_resolver::UnixTime;

use crate::check::ZoneError;
use crate::edit::Edit;
use crate::keys::{DsRequest, request_records};
use crate::names::{canonical, presentation};
use crate::nodes::Changed;
use crate::record_set::RecordSet;
use crate::zone::{Change, Zone};

/// The records by which a nameserver's zone speaks for a child.
///
/// ```
/// use payname_zones::{DsRequest, Signal, SigningKey};
/// use ring::rand::SystemRandom;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = SigningKey::from_pkcs8(&SigningKey::generate_pkcs8(&SystemRandom::new())?)?;
/// let request = DsRequest::Keys(vec![key.dnskey().clone()]);
/// let (child, server) = ("example.com.".parse()?, "ns1.example.net.".parse()?);
/// let signal = Signal::new(&child, &server, &request).unwrap();
/// assert_eq!(signal.owner().to_string(), "_dsboot.example.com._signal.ns1.example.net.");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    owner: Name,
    sets: Vec<(RecordType, Vec<RData>)>,
}

impl Signal {
    /// The records for a child at the name of one of its nameservers, from what the child asks its
    /// parent for.
    ///
    /// None where there are none to be: the server's name lies in the child itself, so that nothing
    /// secure could hold them (RFC 9615 §2); the child asks for no DS records; or the name
    /// would be too long.
    pub fn new(child: &Name, server: &Name, request: &DsRequest) -> Option<Self> {
        let (child, server) = (canonical(child), canonical(server));
        if child.zone_of(&server) || !matches!(request, DsRequest::Keys(_)) {
            return None;
        }
        let labels = [b"_dsboot".as_slice()].into_iter().chain(child.iter());
        let labels = labels.chain([b"_signal".as_slice()]).chain(server.iter());
        let mut owner = Name::from_labels(labels).ok()?;
        owner.set_fqdn(true);
        Some(Self {
            owner,
            sets: request_records(&child, request),
        })
    }

    /// `_dsboot.<child>._signal.<server>` (RFC 9615 §3).
    pub fn owner(&self) -> &Name {
        &self.owner
    }
}

impl Zone {
    /// Shows these signals and no others; those that the zone has no place for are left out. None
    /// when nothing changes.
    ///
    /// As all that tells of keys, they are signed by the key that signs the DNSKEY records.
    ///
    /// # Errors
    /// [`ZoneError`] when records cannot be made or signed; the zone is then as it was.
    pub fn set_signals(
        &mut self,
        signals: &[Signal],
        now: UnixTime,
    ) -> Result<Option<Change>, ZoneError> {
        let ttl = self.settings().infrastructure_ttl;
        let mut wanted = BTreeMap::new();
        for signal in signals {
            if self.check_place(&signal.owner).is_ok() {
                for (kind, data) in &signal.sets {
                    let set = RecordSet::new(*kind, ttl, data.clone())
                        .map_err(|error| ZoneError::Records(presentation(&signal.owner), error))?;
                    wanted.insert((signal.owner.clone(), *kind), set);
                }
            }
        }
        let mut edit = Edit::default();
        for (owner, kind) in self.signals() {
            let shown = self.record_set(&owner, kind);
            let as_shown = |set: &RecordSet| {
                let is_same = |shown: &RecordSet| shown.ttl() == ttl && shown.data() == set.data();
                shown.as_ref().is_some_and(is_same)
            };
            match wanted.get(&(owner.clone(), kind)) {
                Some(set) if as_shown(set) => {
                    wanted.remove(&(owner, kind));
                }
                Some(_) => {}
                None => edit.remove.push((owner, kind)),
            }
        }
        if wanted.is_empty() && edit.remove.is_empty() {
            return Ok(None);
        }
        let signer = self.signer(now)?;
        for ((owner, _), mut set) in wanted {
            signer.sign(&owner, &mut set)?;
            edit.insert.push((owner, set.pack()));
        }
        let made = signer.made();
        let change = self.commit(now, made, |nodes, changed: &mut Changed| {
            edit.apply(nodes, changed);
        })?;
        Ok(Some(change))
    }

    /// Names and types of the signals that are shown: nobody else sets such records but at the apex.
    fn signals(&self) -> Vec<(Name, RecordType)> {
        let below = self.nodes.iter().filter(|node| !node.key().is_empty());
        let kinds = [RecordType::CDS, RecordType::CDNSKEY];
        let shown = below.flat_map(|node| {
            let shown = kinds.into_iter().filter(|kind| node.has(*kind));
            shown.map(|kind| (self.nodes.name(node.key()), kind))
        });
        shown.collect()
    }
}
