//! The chain as a tree of text: zones inside zones, and in each what it signed.

use payname_resolver::{
    Outcome,
    hickory_proto::rr::Name,
    proof::{DenialKind, Detail, Digest, Explanation, Key, Link, Shown, Voucher},
};

use super::{algorithm, digest, is_of_zone, zones};
use crate::judgement;

/// Draws a chain, from the trust anchors down to the answer or to where it breaks.
///
/// ```text
/// . (root)
/// │  key 20326 RSASHA256, a trust anchor
/// │  …
/// └─ com.
///    └─ example.com.
///       └─ alice.user._bitcoin-payment.example.com. TXT
/// ```
pub fn picture(explanation: &Explanation) -> String {
    let zones = zones(explanation);
    let tree = Tree { explanation, zones };
    let tops = tree.zones.iter().filter(|zone| tree.above(zone).is_none());
    let mut branches: Vec<Branch> = tops.map(|zone| tree.zone(zone)).collect();
    if branches.is_empty() {
        branches.extend(tree.end());
    }
    let mut lines = Vec::new();
    for branch in &branches {
        branch.draw("", "", &mut lines);
    }
    lines.join("\n")
}

/// A line, what is known about it, and what hangs below it.
struct Branch {
    title: String,
    facts: Vec<String>,
    below: Vec<Branch>,
}

impl Branch {
    /// Adds the lines; the first begins with `first` and the others with `rest`.
    fn draw(&self, first: &str, rest: &str, lines: &mut Vec<String>) {
        lines.push(format!("{first}{}", self.title));
        let bar = if self.below.is_empty() {
            "   "
        } else {
            "│  "
        };
        let facts = self.facts.iter();
        lines.extend(facts.map(|fact| format!("{rest}{bar}{fact}")));
        for (index, branch) in self.below.iter().enumerate() {
            let is_last = index.saturating_add(1) == self.below.len();
            let (knot, stem) = if is_last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            branch.draw(&format!("{rest}{knot}"), &format!("{rest}{stem}"), lines);
        }
    }
}

struct Tree<'a> {
    explanation: &'a Explanation,
    zones: Vec<&'a Name>,
}

impl Tree<'_> {
    /// The nearest proven zone above a name, other than the name itself.
    fn above(&self, name: &Name) -> Option<&Name> {
        let above = |zone: &&&Name| **zone != name && zone.zone_of(name);
        let zones = self.zones.iter().filter(above);
        zones.max_by_key(|zone| zone.num_labels()).copied()
    }

    /// A zone: how its keys are known, what it signed, and the zones below it.
    fn zone(&self, zone: &Name) -> Branch {
        let links = &self.explanation.links;
        let facts = links.iter().filter(|link| is_of_zone(link, zone));
        let signed = links
            .iter()
            .filter(|link| link.zone == *zone && !self.zones.iter().any(|z| is_of_zone(link, z)));
        let children = self.zones.iter().filter(|z| self.above(z) == Some(zone));
        let end = self.end().filter(|_| self.breaks_in() == Some(zone));
        Branch {
            title: match zone.is_root() {
                true => ". (root)".to_owned(),
                false => zone.to_ascii(),
            },
            facts: facts.flat_map(|link| self.facts(link)).collect(),
            below: signed
                .map(|link| Branch {
                    title: link.record_set.to_string(),
                    facts: self.facts(link),
                    below: Vec::new(),
                })
                .chain(children.map(|zone| self.zone(zone)))
                .chain(end)
                .collect(),
        }
    }

    /// What a signed set says, and whose signature it is.
    fn facts(&self, link: &Link) -> Vec<String> {
        let mut facts: Vec<String> = match &link.detail {
            Detail::Keys(keys) => {
                let (vouched, others): (Vec<&Key>, _) =
                    keys.iter().partition(|key| key.voucher.is_some());
                vouched.into_iter().chain(others).map(key).collect()
            }
            Detail::Delegation(digests) => digests.iter().map(ds).collect(),
            Detail::Alias(target) => vec![format!("leads to {}", target.to_ascii())],
            Detail::Denial(shown) => shown.iter().map(|shown| self.shown(shown)).collect(),
            Detail::Records(1) => vec!["1 record".to_owned()],
            Detail::Records(count) => vec![format!("{count} records")],
            _ => Vec::new(),
        };
        let wildcard = link.wildcard.iter();
        facts.extend(
            wildcard.map(|wildcard| format!("made from the wildcard {}", wildcard.to_ascii())),
        );
        facts.push(format!(
            "signed by {} {} {}, {}, TTL {} s",
            link.zone.to_ascii(),
            link.key_tag,
            algorithm(link.algorithm),
            judgement::window_text(link.window),
            link.original_ttl
        ));
        facts
    }

    /// What a denial shows of a name, said of what was asked where it is that.
    fn shown(&self, shown: &Shown) -> String {
        match (shown, &self.explanation.outcome) {
            (Shown::Covers(name), _) => format!("{} does not exist", name.to_ascii()),
            (Shown::Matches(name), Outcome::Insecure(insecure)) if *name == insecure.zone => {
                format!("{} has no DS record: it is not signed", name.to_ascii())
            }
            (Shown::Matches(name), Outcome::Denied(denial))
                if *name == denial.owner && denial.kind == DenialKind::NoData =>
            {
                format!(
                    "{} exists, and has no records of this type",
                    name.to_ascii()
                )
            }
            (Shown::Matches(name), _) => format!("{} exists", name.to_ascii()),
        }
    }

    /// The zone in which the chain breaks, if it does below a proven one.
    fn breaks_in(&self) -> Option<&Name> {
        let Outcome::Bogus(bogus) = &self.explanation.outcome else {
            return None;
        };
        let owner = &bogus.record_set.owner;
        let own = self.zones.iter().find(|zone| **zone == owner).copied();
        own.or_else(|| self.above(owner))
    }

    /// Where and why the chain breaks.
    fn end(&self) -> Option<Branch> {
        let Outcome::Bogus(bogus) = &self.explanation.outcome else {
            return None;
        };
        Some(Branch {
            title: format!("✗ {}", bogus.record_set),
            facts: vec![bogus.reason.to_string()],
            below: Vec::new(),
        })
    }
}

fn key(key: &Key) -> String {
    let role = match key.voucher {
        Some(Voucher::Anchor) => ", a trust anchor",
        Some(Voucher::Ds) => ", as the DS record says",
        None => "",
    };
    format!("key {} {}{role}", key.key_tag, algorithm(key.algorithm))
}

fn ds(ds: &Digest) -> String {
    format!(
        "DS {} {} {}",
        ds.key_tag,
        algorithm(ds.algorithm),
        digest(ds.digest_type)
    )
}
