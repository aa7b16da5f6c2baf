//! The keys of a zone as an operator reads about them.

use std::fmt;

use payname_resolver::hickory_proto::{dnssec::rdata::DS, rr::Name};
use payname_zones::{EntryStage, Key, KeySet, ParentView, ZoneStage};

/// What stands about a zone's keys, in sentences.
#[derive(Debug)]
pub struct KeyReport {
    pub(crate) set: KeySet,
    /// What the parent serves; why that is not known, if it was asked; none if it was not.
    pub(crate) parent: Option<Result<ParentView, String>>,
}

impl fmt::Display for KeyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.set.zone().to_ascii())?;
        for key in self.set.keys() {
            writeln!(f, "  {}", key_line(key, self.set.time().lived()))?;
        }
        match &self.parent {
            None => writeln!(
                f,
                "  the parent is not asked; write a [prove] table to have it watched"
            ),
            Some(Err(why)) => writeln!(f, "  the parent cannot be seen now: {why}"),
            Some(Ok(view)) => {
                for line in advice_lines(&self.set, view) {
                    writeln!(f, "  {line}")?;
                }
                Ok(())
            }
        }
    }
}

/// What is to be done at the parent, or that nothing is.
pub(super) fn advice_lines(set: &KeySet, view: &ParentView) -> Vec<String> {
    let advice = set.advice(view);
    if advice.is_empty() {
        return vec!["the parent has the right DS records; nothing is to be done there".to_owned()];
    }
    let mut lines = Vec::new();
    if advice.urgent {
        let urgent = "nobody can prove names of this zone until the parent has this DS record:";
        lines.push(urgent.to_owned());
    }
    lines.extend(advice.add.iter().map(|ds| line("add", set.zone(), ds)));
    let remove = |ds| line("remove", set.zone(), ds);
    lines.extend(advice.remove.iter().map(remove));
    lines
}

fn line(what: &str, zone: &Name, ds: &DS) -> String {
    format!("at the parent, {what}: {} IN DS {ds}", zone.to_ascii())
}

fn key_line(key: &Key, lived: u64) -> String {
    let mut line = format!(
        "{} {} (algorithm {})",
        key.role,
        key.key_tag,
        key.algorithm.number()
    );
    if let Some(track) = key.entry {
        let stage = match track.stage {
            EntryStage::Announced => "the parent is asked for its DS record",
            EntryStage::Trusted => "its DS record is on its way into all caches",
            EntryStage::Active => "signs the DNSKEY records",
            EntryStage::Retired => "the DNSKEY records that it signed are leaving the caches",
            EntryStage::Withdrawn => "the parent may take its DS record away",
            EntryStage::Gone => "the parent does not know it any more",
            EntryStage::Waiting => "waits until every cache has records that its algorithm signed",
            EntryStage::Joined => "signs the DNSKEY records beside the algorithm before",
            EntryStage::Requested => "the parent is asked for its DS record, and for no other",
            EntryStage::Named => {
                "its DS record is on its way into all caches, in place of the other"
            }
            EntryStage::Superseded => "signs the DNSKEY records beside the next algorithm",
        };
        line.push_str(&format!(", {stage} ({})", since(track.since, lived)));
    }
    if let Some(track) = key.zone {
        let stage = match track.stage {
            ZoneStage::Published => "is on its way into all caches before it signs the zone",
            ZoneStage::Active => "signs the zone",
            ZoneStage::Retired => "signatures it made are being replaced",
            ZoneStage::Spent => "signatures it made are leaving the caches",
            ZoneStage::Gone => "no longer signs the zone",
            ZoneStage::Joining => "signs the zone beside the algorithm before, not everywhere yet",
            ZoneStage::Joined => "its signatures are on their way into all caches",
            ZoneStage::Beside => "signs the zone beside the algorithm before",
            ZoneStage::Leaving => "signs the zone until its DNSKEY record has left all caches",
        };
        line.push_str(&format!(", {stage} ({})", since(track.since, lived)));
    }
    line
}

/// `for 3 days`, counted in time that a server ran.
fn since(since: u64, lived: u64) -> String {
    let seconds = lived.saturating_sub(since);
    let (count, unit) = match seconds {
        0..=7199 => (seconds.checked_div(60), "minutes"),
        7200..=172_799 => (seconds.checked_div(3600), "hours"),
        _ => (seconds.checked_div(86_400), "days"),
    };
    format!("for {} {unit}", count.unwrap_or(0))
}

impl KeyReport {
    /// The zone.
    pub fn zone(&self) -> &Name {
        self.set.zone()
    }
}
