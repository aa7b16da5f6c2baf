//! What a master file holds, set by set, and how a zone takes it.

use std::collections::BTreeMap;

use hickory_proto::dnssec::rdata::{DNSSECRData, DS};
use hickory_proto::rr::{Name, RData, RecordType};
use payname_resolver::UnixTime;

use crate::check::ZoneError;
use crate::edit::Edit;
use crate::import::{FileRecord, MasterFileError, read_master_file};
use crate::names::{canonical, presentation};
use crate::nodes::Changed;
use crate::record_data::canonical_data;
use crate::settings::{NameServer, Settings};
use crate::zone::{Change, Zone};

/// The record sets of a master file.
///
/// ```
/// use payname_zones::ZoneFile;
///
/// let text = "@ 300 SOA ns host 7 1 1 1 60\n@ 300 NS ns\nns 300 A 192.0.2.53\n";
/// let origin = "example.com.".parse()?;
/// let (settings, serial) = ZoneFile::read(text, &origin)?.settings()?;
/// assert_eq!(serial, 7);
/// assert_eq!(settings.name_servers[0].name.to_string(), "ns.example.com.");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ZoneFile {
    origin: Name,
    sets: BTreeMap<(Name, RecordType), Vec<FileRecord>>,
}

impl ZoneFile {
    /// A file without records.
    pub fn empty(origin: &Name) -> Self {
        Self {
            origin: canonical(origin),
            sets: BTreeMap::new(),
        }
    }

    /// Reads a file; names without a final dot lie in `origin`.
    ///
    /// # Errors
    /// As [`read_master_file`], and where the records of one set have different TTLs.
    pub fn read(text: &str, origin: &Name) -> Result<Self, MasterFileError> {
        let mut file = Self::empty(origin);
        for record in read_master_file(text, origin)? {
            let key = (record.owner.clone(), record.data.record_type());
            let set = file.sets.entry(key).or_default();
            // RFC 2181 §5.2; signatures are no set, each has the TTL of what it covers.
            let is_set = record.data.record_type() != RecordType::RRSIG;
            if is_set && set.first().is_some_and(|first| first.ttl != record.ttl) {
                return Err(MasterFileError::Ttl { line: record.line });
            }
            set.push(record);
        }
        Ok(file)
    }

    /// Owner, type and first line of every record set.
    pub fn sets(&self) -> impl Iterator<Item = (&Name, RecordType, usize)> {
        self.sets
            .iter()
            .map(|((owner, kind), records)| (owner, *kind, first_line(records)))
    }

    /// The line where records of a name and type begin; none without any.
    pub fn line_of(&self, owner: &Name, kind: RecordType) -> Option<usize> {
        let records = self.sets.get(&(canonical(owner), kind))?;
        Some(first_line(records))
    }

    /// What to make the zone of that the whole file is of, and the serial of its SOA record.
    ///
    /// The servers are those of its NS records, that of the SOA record first where it is one of
    /// them. The SOA's own TTL becomes that of all records that a zone keeps by itself; its refresh,
    /// retry and expire times are the zone's.
    ///
    /// # Errors
    /// [`MasterFileError::NoApex`] where it is of no whole zone.
    pub fn settings(&self) -> Result<(Settings, u32), MasterFileError> {
        let missing = |kind| MasterFileError::NoApex {
            kind,
            origin: presentation(&self.origin),
        };
        let at_apex = |kind| self.sets.get(&(self.origin.clone(), kind));
        let soa = at_apex(RecordType::SOA).and_then(|records| records.first());
        let soa = soa.and_then(|record| match &record.data {
            RData::SOA(soa) => Some((soa, record.ttl)),
            _ => None,
        });
        let (soa, ttl) = soa.ok_or_else(|| missing(RecordType::SOA))?;
        let servers = at_apex(RecordType::NS).ok_or_else(|| missing(RecordType::NS))?;
        let mut servers = self.servers_of(servers);
        let primary = canonical(&soa.mname);
        servers.sort_by_key(|server| server.name != primary);
        let settings = Settings {
            contact: canonical(&soa.rname),
            infrastructure_ttl: ttl,
            negative_ttl: soa.minimum,
            ..Settings::new(self.origin.clone(), servers)
        };
        Ok((settings, soa.serial))
    }

    /// The delegated name that a name is at or below.
    fn cut_of(&self, owner: &Name) -> Option<Name> {
        let mut here = Some(owner.clone());
        while let Some(name) = here {
            let is_cut = |name: &Name| {
                let key = (name.clone(), RecordType::NS);
                *name != self.origin && self.sets.contains_key(&key)
            };
            if is_cut(&name) {
                return Some(name);
            }
            here = (name.num_labels() > self.origin.num_labels()).then(|| name.base_name());
        }
        None
    }

    /// The servers that NS records name, with the addresses that the file gives them.
    fn servers_of(&self, records: &[FileRecord]) -> Vec<NameServer> {
        let names = records.iter().filter_map(|record| match &record.data {
            RData::NS(ns) => Some(canonical(&ns.0)),
            _ => None,
        });
        let server = |name: Name| {
            let of = |kind| self.sets.get(&(name.clone(), kind)).into_iter().flatten();
            let addresses = of(RecordType::A).chain(of(RecordType::AAAA));
            let addresses: Vec<_> = addresses
                .filter_map(|record| record.data.ip_addr())
                .collect();
            NameServer::new(name, addresses)
        };
        names.map(server).collect()
    }

    fn ds_of(&self, owner: &Name) -> Vec<DS> {
        let records = self.sets.get(&(owner.clone(), RecordType::DS));
        let records = records.into_iter().flatten();
        let ds = records.filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::DS(ds)) => Some(ds.clone()),
            _ => None,
        });
        ds.collect()
    }

    /// What a zone takes of the file, with the line where each part begins.
    fn parts(&self, zone: &Zone) -> Result<BTreeMap<Part, (usize, Content)>, MasterFileError> {
        let mut parts = BTreeMap::new();
        for ((owner, kind), records) in &self.sets {
            if zone.keeps(owner, *kind) {
                continue;
            }
            let line = first_line(records);
            let ttl = records.first().map_or(0, |record| record.ttl);
            match (self.cut_of(owner), *kind) {
                (Some(cut), RecordType::NS) if cut == *owner => {
                    let content =
                        Content::Delegation(ttl, self.servers_of(records), self.ds_of(owner));
                    parts.insert(Part::Delegation(cut), (line, content));
                }
                (Some(cut), RecordType::DS) if cut == *owner => {} // comes with it
                (Some(_), RecordType::A | RecordType::AAAA) => {}  // glue, likewise
                (Some(cut), _) => {
                    let source = ZoneError::Delegated {
                        owner: presentation(owner),
                        cut: presentation(&cut),
                    };
                    return Err(MasterFileError::Refused { line, source });
                }
                (None, RecordType::DS) => return Err(MasterFileError::DsWithoutNs { line }),
                (None, kind) => {
                    let data = records.iter().map(|record| record.data.clone());
                    let mut data: Vec<RData> = data.map(canonical_data).collect();
                    data.sort();
                    parts.insert(
                        Part::Set(owner.clone(), kind),
                        (line, Content::Data(ttl, data)),
                    );
                }
            }
        }
        Ok(parts)
    }
}

/// What stands or falls together.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Set(Name, RecordType),
    /// NS, DS and glue records.
    Delegation(Name),
}

/// What a part says, with its TTL.
#[derive(Debug, PartialEq)]
enum Content {
    Data(u32, Vec<RData>),
    Delegation(u32, Vec<NameServer>, Vec<DS>),
}

impl Zone {
    /// Takes the records of a master file into the zone, in place of the sets of the same owner
    /// and type; all or none, under one serial.
    ///
    /// What the zone keeps by itself is passed over: the SOA and NS records of its apex and the
    /// addresses of its own servers, its keys, signatures and denials. NS, DS and glue records of
    /// a name below make a delegation. None when the file holds nothing else.
    ///
    /// # Errors
    /// [`MasterFileError`] tells where and why; the zone is then as it was.
    pub fn import(&mut self, text: &str, now: UnixTime) -> Result<Option<Change>, MasterFileError> {
        let file = ZoneFile::read(text, self.origin())?;
        self.set_file(&ZoneFile::empty(self.origin()), &file, now)
    }

    /// Puts the records of a master file in the place of those of another that the zone took
    /// before; only what differs is signed. Otherwise as [`Zone::import`].
    ///
    /// # Errors
    /// As [`Zone::import`].
    pub fn set_file(
        &mut self,
        before: &ZoneFile,
        after: &ZoneFile,
        now: UnixTime,
    ) -> Result<Option<Change>, MasterFileError> {
        let (old, new) = (before.parts(self)?, after.parts(self)?);
        let mut next = self.clone(); // its names only: denial and SOA follow once
        let mut changed = Changed::new();
        let mut signatures = 0_usize;
        for (part, (_, content)) in &old {
            if new.get(part).is_some_and(|(_, wanted)| wanted == content) {
                continue;
            }
            let edit = next.without(part, now).map_err(MasterFileError::Unsigned)?;
            signatures = signatures.saturating_add(edit.signatures);
            edit.apply(&mut next.nodes, &mut changed);
        }
        for (part, (line, wanted)) in &new {
            if old.get(part).is_some_and(|(_, content)| content == wanted) {
                continue;
            }
            let edit = next.with(part, wanted, now);
            let edit = edit.map_err(|source| MasterFileError::Refused {
                line: *line,
                source,
            })?;
            signatures = signatures.saturating_add(edit.signatures);
            edit.apply(&mut next.nodes, &mut changed);
        }
        if changed.is_empty() {
            return Ok(None);
        }
        let change = self.commit(now, signatures, |nodes, all| {
            *nodes = next.nodes;
            all.extend(changed);
        });
        change.map(Some).map_err(MasterFileError::Unsigned)
    }

    /// What taking a part of a file out changes.
    fn without(&self, part: &Part, now: UnixTime) -> Result<Edit, ZoneError> {
        match part {
            Part::Delegation(child) if self.is_delegated(child) => self.undelegation(child, now),
            Part::Delegation(_) => Ok(Edit::default()),
            Part::Set(owner, kind) => Ok(Edit {
                remove: vec![(owner.clone(), *kind)],
                ..Edit::default()
            }),
        }
    }

    /// What putting a part of a file in changes.
    fn with(&self, part: &Part, content: &Content, now: UnixTime) -> Result<Edit, ZoneError> {
        match (part, content) {
            (Part::Set(owner, kind), Content::Data(ttl, data)) => {
                let signer = self.signer(now)?;
                let set = self.prepare(owner, *kind, *ttl, data.clone(), &signer)?;
                Ok(Edit {
                    insert: vec![(owner.clone(), set.1)],
                    signatures: signer.made(),
                    ..Edit::default()
                })
            }
            (Part::Delegation(child), Content::Delegation(ttl, servers, ds)) => {
                self.delegation(child, servers, ds, *ttl, now)
            }
            _ => Ok(Edit::default()), // a part has content of its own kind
        }
    }

    /// Whether the zone keeps such records by itself.
    fn keeps(&self, owner: &Name, kind: RecordType) -> bool {
        let mut servers = self.settings().name_servers.iter();
        match kind {
            RecordType::SOA | RecordType::NS => owner == self.origin(),
            RecordType::DNSKEY
            | RecordType::CDS
            | RecordType::CDNSKEY
            | RecordType::NSEC3PARAM
            | RecordType::RRSIG
            | RecordType::NSEC
            | RecordType::NSEC3 => true,
            RecordType::A | RecordType::AAAA => {
                servers.any(|server| canonical(&server.name) == *owner)
            }
            _ => false,
        }
    }
}

fn first_line(records: &[FileRecord]) -> usize {
    records.first().map_or(0, |record| record.line)
}
