//! Who else has zones: what one zone still says of others depends on it.

use std::collections::BTreeSet;

use payname_resolver::hickory_proto::rr::{Name, RecordType};
use payname_zones::{Zone, ZoneFile};

/// Who serves zones beside those that are signed here. The default is nobody.
#[derive(Debug, Clone, Default)]
pub struct Neighbours {
    /// The apexes of zones that are fetched from others who sign them, and served here.
    pub mirrors: BTreeSet<Name>,
    /// Whether other servers share the store; they may serve zones that are not configured here.
    pub share_store: bool,
}

impl Neighbours {
    /// Whether a zone that others sign lies above this child and below that zone.
    pub(super) fn lie_between(&self, above: &Name, child: &Name) -> bool {
        let mut mirrors = self.mirrors.iter();
        mirrors.any(|mirror| is_below(mirror, above) && is_below(child, mirror))
    }

    /// What a zone delegates of its own accord and is not to delegate any more; the file of its records has
    /// not said it. `served` are the zones that are signed here.
    ///
    /// That is what nobody serves any more, and what lies in a zone that is served now, deeper down. Where
    /// the store is shared, others may serve what is not known here: only what is in the way is taken back.
    pub(super) fn abandoned(
        &self,
        zone: &Zone,
        file: &ZoneFile,
        served: &BTreeSet<Name>,
    ) -> Vec<Name> {
        let known: BTreeSet<&Name> = served.iter().chain(&self.mirrors).collect();
        let lies_deeper = |child: &Name| {
            let mut known = known.iter();
            known.any(|other| is_below(other, zone.origin()) && is_below(child, other))
        };
        let is_in_the_way = |child: &Name| known.iter().any(|other| is_below(other, child));
        let mut children = zone.delegations();
        children.retain(|child| {
            let is_left = !known.contains(child) && (!self.share_store || is_in_the_way(child));
            let is_ours = file.line_of(child, RecordType::NS).is_none();
            is_ours && (is_left || lies_deeper(child))
        });
        children
    }
}

/// Whether a name lies in a zone, and is not its apex.
fn is_below(name: &Name, zone: &Name) -> bool {
    name != zone && zone.zone_of(name)
}
