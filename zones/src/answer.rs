//! What a zone answers: data, a referral, or a proof that there is nothing (RFC 1034 §4.3.2,
//! RFC 4035 §3.1, RFC 5155 §7.2).

mod signed;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::CNAME;
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::denial::{Missing, NXNAME, Next, Witness};
use crate::names::{canonical, label_count, substitute, suffix, wildcard_of};
use crate::node::Node;
use crate::on_demand::OnDemand;
use crate::packed::Stored;
use crate::record_data::dname_target;
use crate::zone::Zone;

/// How many CNAME and DNAME steps one answer follows inside the zone.
const MAX_HOPS: usize = 8;

/// The parts of a response that the zone decides.
#[derive(Debug, Clone)]
pub struct Answer {
    /// `NoError`, `NXDomain`, or `YXDomain` when a DNAME makes a name too long.
    pub response_code: ResponseCode,
    /// The AA bit: false in a referral.
    pub authoritative: bool,
    /// The answer section.
    pub answers: Vec<Record>,
    /// The authority section: SOA and denial, or the NS records of a referral.
    pub authorities: Vec<Record>,
    /// The additional section: addresses of name servers.
    pub additionals: Vec<Record>,
    /// Whether signatures are missing that the budget did not allow: to be asked for over TCP.
    pub truncated: bool,
}

impl Zone {
    /// Answers a question about a name in this zone.
    ///
    /// The name is compared without regard to case, and answers repeat it as it was asked. With
    /// `dnssec_ok`, signatures and denial records are included. CNAME and DNAME are followed as
    /// long as they stay in the zone. A name outside the zone gets `Refused`. Where names are denied
    /// by [`crate::Denial::Compact`], the response code is what it would be without: a response
    /// that goes to who wants DNSSEC has `NoError` for `NXDomain`, unless he says that he knows.
    pub fn answer(&self, name: &Name, record_type: RecordType, dnssec_ok: bool) -> Answer {
        let mut unlimited = OnDemand::unlimited();
        self.answer_on(&mut unlimited, false, name, record_type, dnssec_ok)
    }

    /// The same, with a budget for what is signed on demand, if it is to be spared.
    pub(crate) fn answer_on(
        &self,
        on_demand: &mut OnDemand,
        spare: bool,
        name: &Name,
        record_type: RecordType,
        dnssec_ok: bool,
    ) -> Answer {
        let mut reply = Reply::new(self, on_demand, spare, dnssec_ok);
        if self.origin().zone_of(name) {
            reply.resolve(name, record_type);
        } else {
            reply.answer.response_code = ResponseCode::Refused;
            reply.answer.authoritative = false;
        }
        reply.answer
    }
}

/// Where following a name down from the apex ends.
enum Found<'a> {
    /// The name exists, perhaps as an empty non-terminal.
    Node(&'a Node),
    /// Authority passes to a child zone at this name.
    Cut(Name),
    /// A DNAME at this name redirects what is below.
    Dname(Name, Stored<'a>),
    /// Nothing exists at the name.
    Missing(Box<Missing>),
}

/// An answer under construction.
struct Reply<'a, 'd> {
    zone: &'a Zone,
    on_demand: &'d mut OnDemand,
    spare: bool,
    dnssec_ok: bool,
    /// Whether what is answered stands at a wildcard.
    expanding: bool,
    answer: Answer,
}

impl<'a, 'd> Reply<'a, 'd> {
    fn new(zone: &'a Zone, on_demand: &'d mut OnDemand, spare: bool, dnssec_ok: bool) -> Self {
        let answer = Answer {
            response_code: ResponseCode::NoError,
            authoritative: true,
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
            truncated: false,
        };
        Self {
            zone,
            on_demand,
            spare,
            dnssec_ok,
            expanding: false,
            answer,
        }
    }

    /// Follows a name through the aliases of the zone until it is answered.
    fn resolve(&mut self, name: &Name, record_type: RecordType) {
        let mut followed = vec![name.clone()];
        while let Some(name) = followed.last() {
            let Some(next) = self.step(name, record_type) else {
                return;
            };
            let is_loop = followed.contains(&next); // no record is said twice
            if is_loop || followed.len() > MAX_HOPS || !self.zone.origin().zone_of(&next) {
                return;
            }
            followed.push(next);
        }
    }

    /// Answers for one name; the name to go on with when it is an alias.
    fn step(&mut self, name: &Name, record_type: RecordType) -> Option<Name> {
        match self.find(&canonical(name), record_type) {
            Found::Cut(cut) => {
                self.refer(&cut);
                None
            }
            Found::Dname(owner, dname) => self.redirect(name, &owner, &dname, record_type),
            Found::Node(node) => {
                if let Some(next) = self.data(name, node, record_type) {
                    return next;
                }
                let proof = self.zone.denial.no_data(&canonical(name));
                self.negative(proof);
                self.attest(name, &node.listed(), next_of(node));
                None
            }
            Found::Missing(missing) => self.missing(name, &missing, record_type),
        }
    }

    /// Walks from the apex towards a name, as far as the zone knows the way.
    fn find(&self, name: &Name, record_type: RecordType) -> Found<'a> {
        let nodes = &self.zone.nodes;
        let apex = label_count(self.zone.origin());
        let full = label_count(name);
        let mut closest = (self.zone.origin().clone(), nodes.get(self.zone.origin()));
        for labels in apex..=full {
            let here = suffix(name, labels);
            let Some(node) = nodes.get(&here) else {
                return Found::Missing(Box::new(Missing {
                    name: name.clone(),
                    wildcard: wildcard_of(&closest.0).unwrap_or_else(|| name.clone()),
                    closest_encloser: closest.0,
                    next_closer: here,
                }));
            };
            // The DS records at a cut are the parent's (RFC 4035 §3.1.4.1).
            let asks_parent = labels == full && record_type == RecordType::DS;
            if node.is_cut() && !asks_parent {
                return Found::Cut(here);
            }
            if let Some(dname) = node.set(RecordType::DNAME).filter(|_| labels < full) {
                return Found::Dname(here, dname);
            }
            closest = (here, Some(node));
        }
        match closest.1 {
            Some(node) => Found::Node(node),
            None => Found::Cut(closest.0), // the apex always exists
        }
    }

    /// Adds what a node holds for the question. `None`: it holds nothing; `Some(Some(_))`: it is
    /// an alias for that name.
    fn data(
        &mut self,
        name: &Name,
        node: &'a Node,
        record_type: RecordType,
    ) -> Option<Option<Name>> {
        if record_type == RecordType::ANY {
            // One record set instead of all of them (RFC 8482 §4.1).
            let set = node.sets().next()?;
            self.add_answer(name, &set);
            return Some(None);
        }
        if record_type == RecordType::RRSIG {
            let rrsig = node.sets().find_map(|set| set.rrsigs().next())?;
            let ttl = rrsig.input().original_ttl;
            let data = hickory_proto::dnssec::rdata::DNSSECRData::RRSIG(rrsig);
            let record = Record::from_rdata(name.clone(), ttl, RData::DNSSEC(data));
            self.answer.answers.push(record);
            return Some(None);
        }
        if record_type == RecordType::NSEC && self.zone.denial.is_compact() {
            self.answer_nsec(name, &node.listed());
            return Some(None);
        }
        if record_type == RecordType::NSEC {
            let link = self.zone.denial.nsec_at(&canonical(name))?;
            self.add_answer(name, &link.set);
            return Some(None);
        }
        if let Some(set) = node.set(record_type) {
            self.add_answer(name, &set);
            if record_type == RecordType::NS {
                self.add_addresses(&set);
            }
            return Some(None);
        }
        let alias = node.set(RecordType::CNAME)?;
        self.add_answer(name, &alias);
        Some(alias.data().into_iter().next().and_then(|data| match data {
            RData::CNAME(target) => Some(target.0),
            _ => None,
        }))
    }

    /// Answers for a name that does not exist: from a wildcard, or with the proof that none does.
    fn missing(&mut self, name: &Name, missing: &Missing, record_type: RecordType) -> Option<Name> {
        let zone = self.zone;
        let Some(wildcard) = zone.nodes.get(&missing.wildcard) else {
            let types = [RecordType::RRSIG.into(), RecordType::NSEC.into(), NXNAME];
            if record_type == RecordType::NSEC && zone.denial.is_compact() {
                self.answer_nsec(name, &types);
                return None;
            }
            self.answer.response_code = ResponseCode::NXDomain;
            self.negative(zone.denial.name_error(missing));
            self.attest(name, &types, Next::Successor);
            return None;
        };
        // An NSEC is not expanded: it speaks of the wildcard itself.
        let expandable = record_type != RecordType::NSEC || zone.denial.is_compact();
        self.expanding = true;
        let found = expandable
            .then(|| self.data(name, wildcard, record_type))
            .flatten();
        self.expanding = false;
        if let Some(next) = found {
            self.prove(zone.denial.expansion(missing));
            return next;
        }
        self.negative(zone.denial.wildcard_no_data(missing));
        self.attest(name, &wildcard.listed(), Next::Successor);
        None
    }

    /// Follows a DNAME by the CNAME it implies (RFC 6672 §3.1).
    fn redirect(
        &mut self,
        name: &Name,
        owner: &Name,
        dname: &Stored<'_>,
        record_type: RecordType,
    ) -> Option<Name> {
        self.add_answer(owner, dname);
        let target = dname.data().first().and_then(dname_target)?;
        let Some(next) = substitute(name, owner, &target) else {
            self.answer.response_code = ResponseCode::YXDomain;
            return None;
        };
        let alias = RData::CNAME(CNAME(next.clone()));
        let record = Record::from_rdata(name.clone(), dname.ttl(), alias);
        self.answer.answers.push(record);
        let follow = !matches!(record_type, RecordType::CNAME | RecordType::ANY);
        follow.then_some(next)
    }

    /// Sends the asker to a child zone, with its DS records or the proof that it has none.
    fn refer(&mut self, cut: &Name) {
        let zone = self.zone;
        // After an alias the answer section is authoritative still (RFC 1034 §4.3.2 step 3).
        self.answer.authoritative = !self.answer.answers.is_empty();
        if let Some(servers) = zone.nodes.set(cut, RecordType::NS) {
            servers.append_to(&mut self.answer.authorities, cut, u32::MAX, false);
            self.add_addresses(&servers);
        }
        match zone.nodes.set(cut, RecordType::DS) {
            Some(ds) if self.dnssec_ok => {
                ds.append_to(&mut self.answer.authorities, cut, u32::MAX, true);
            }
            Some(_) => {}
            None => {
                self.prove(zone.denial.no_data(cut));
                if let Some(node) = zone.nodes.get(cut) {
                    self.attest(cut, &node.listed(), Next::Sibling);
                }
            }
        }
    }

    /// The SOA, by which the absence may be cached (RFC 2308 §3), and its proof.
    fn negative(&mut self, proof: Vec<Witness<'a>>) {
        let zone = self.zone;
        let origin = zone.origin();
        if let Some(soa) = zone.nodes.set(origin, RecordType::SOA) {
            let max_ttl = zone.settings.negative_ttl;
            let section = &mut self.answer.authorities;
            soa.append_to(section, origin, max_ttl, self.dnssec_ok);
        }
        self.prove(proof);
    }

    /// Adds denial records, each once.
    fn prove(&mut self, witnesses: Vec<Witness<'a>>) {
        if !self.dnssec_ok {
            return;
        }
        for witness in witnesses {
            let Witness { owner, set } = witness;
            let record_type = set.record_type();
            let section = &mut self.answer.authorities;
            let known =
                |record: &Record| record.record_type() == record_type && record.name == owner;
            if !section.iter().any(known) {
                set.append_to(section, &owner, u32::MAX, true);
            }
        }
    }

    /// Adds a record set to the answer section, once.
    fn add_answer(&mut self, owner: &Name, set: &Stored<'_>) {
        let section = &mut self.answer.answers;
        let known =
            |record: &Record| record.record_type() == set.record_type() && record.name == *owner;
        if section.iter().any(known) {
            return;
        }
        if self.expanding && self.dnssec_ok && self.zone.denial.is_compact() {
            self.add_expanded(owner, set);
        } else {
            set.append_to(section, owner, u32::MAX, self.dnssec_ok);
        }
    }

    /// Adds the addresses the zone holds for name servers, glue included.
    fn add_addresses(&mut self, servers: &Stored<'_>) {
        for server in servers.data() {
            let RData::NS(target) = server else {
                continue;
            };
            for record_type in [RecordType::A, RecordType::AAAA] {
                if let Some(set) = self.zone.nodes.set(&target.0, record_type) {
                    let section = &mut self.answer.additionals;
                    set.append_to(section, &target.0, u32::MAX, self.dnssec_ok);
                }
            }
        }
    }
}

/// Where a made NSEC leads to from an existing name.
fn next_of(node: &Node) -> Next {
    if node.is_cut() {
        Next::Sibling
    } else {
        Next::Successor
    }
}
