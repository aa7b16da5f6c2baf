//! Forged chains of every shape, judged by us and by Unbound from the very same records.
//!
//! `dnssec-prover` knows IANA's root only, so for private chains Unbound is the oracle: it stands
//! behind a recursor that answers from the records of the proof. The two must say the same, but for
//! the reasons in [`Difference`].

mod answers;
mod delegations;
mod denials;

use payname_resolver::hickory_proto::rr::{Name, RecordType};
use payname_resolver::{Proof, UnixTime};
use payname_tests::Unbound;
use payname_tests::dns::{Canned, Claim};
use payname_tests::judge::{Verdict, ask_validator};
use payname_tests::tools::workspace;

use crate::forge::{self, NOW, Rr, World, Zone, proof};

/// Why Unbound may say something else of the same records, and no other reasons are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Difference {
    WeakRsa,
    Sha1Signature,
    RevokedKey,
    OneDigestIsEnough,
    UnknownDigest,
    UnknownAlgorithm,
    Iterations,
    OptOutBesideWildcard,
}

impl Difference {
    /// All of them: what Unbound says, and why we do not.
    const TABLE: [(Self, Verdict, &'static str); 8] = [
        (
            Self::WeakRsa,
            Verdict::Secure,
            "Unbound takes RSA keys of 512 bits; BIP-353 forbids RSA below 1024, which can be factored",
        ),
        (
            Self::Sha1Signature,
            Verdict::Secure,
            "this Unbound still validates RSASHA1; BIP-353 forbids SHA-1 in signatures",
        ),
        (
            Self::RevokedKey,
            Verdict::Secure,
            "Unbound minds the REVOKE bit at trust anchors only; a key that its owner has revoked \
             signs nothing here (RFC 5011 §2.1), as in `dnssec-prover`",
        ),
        (
            Self::OneDigestIsEnough,
            Verdict::Bogus,
            "Unbound looks at the strongest digest type alone; RFC 4035 §5.2 asks for one DS record \
             that matches, and only SHA-1 is put aside when there is better (RFC 4509 §3)",
        ),
        (
            Self::UnknownDigest,
            Verdict::Insecure,
            "RFC 4035 §5.2 lets a zone with unknown digest types pass as unsigned; for us that would \
             open a weaker way to pay, so it is a failure with its own code",
        ),
        (
            Self::UnknownAlgorithm,
            Verdict::Insecure,
            "RFC 4035 §5.2 lets a zone with unknown algorithms pass as unsigned; for us that would \
             open a weaker way to pay, so it is a failure with its own code",
        ),
        (
            Self::Iterations,
            Verdict::Insecure,
            "above 150 iterations Unbound calls the zone unsigned (RFC 9276 §3.2 allows that or a \
             failure); a failure opens no weaker way",
        ),
        (
            Self::OptOutBesideWildcard,
            Verdict::Insecure,
            "an opt-out span does not show that the name is missing (RFC 5155 §8.8); Unbound answers \
             without AD, we say that the wildcard is unproven",
        ),
    ];

    fn verdict(self) -> Verdict {
        let row = Self::TABLE.iter().find(|(known, _, _)| *known == self);
        row.unwrap().1
    }
}

/// A chain, a question, and what both must say.
struct Scene {
    title: &'static str,
    root: Zone,
    records: Vec<Rr>,
    owner: String,
    record_type: RecordType,
    now: u64,
    /// Our verdict in one word, as the forge writes it.
    expected: &'static str,
    difference: Option<Difference>,
}

impl Scene {
    /// The honest chain of a world and more records, asked for TXT records.
    fn new(
        title: &'static str,
        world: World,
        more: &[Vec<Rr>],
        owner: &str,
        expected: &'static str,
    ) -> Self {
        let records = [world.chain(), more.concat()].concat();
        Self::bare(title, world.root, records, owner, expected)
    }

    /// These records alone.
    fn bare(
        title: &'static str,
        root: Zone,
        records: Vec<Rr>,
        owner: &str,
        expected: &'static str,
    ) -> Self {
        Self {
            title,
            root,
            records,
            owner: owner.to_owned(),
            record_type: RecordType::TXT,
            now: NOW,
            expected,
            difference: None,
        }
    }

    fn asked_for(self, record_type: RecordType) -> Self {
        Self {
            record_type,
            ..self
        }
    }

    fn at(self, now: u64) -> Self {
        Self { now, ..self }
    }

    fn but(self, difference: Difference) -> Self {
        Self {
            difference: Some(difference),
            ..self
        }
    }

    /// What Unbound makes of the records: what it believes of the two claims, if any.
    async fn unbound(&self, proof: &Proof) -> Verdict {
        let anchor = anchor(&self.root);
        let now = UnixTime(self.now);
        let mut verdict = Verdict::Bogus;
        for claim in [Claim::NxDomain, Claim::NoData] {
            let canned = Canned::start(proof, self.record_type, claim).await.unwrap();
            let unbound = Unbound::start_behind_at(&anchor, canned.address(), now)
                .await
                .unwrap();
            verdict = ask_validator(unbound.address(), &self.owner, self.record_type)
                .await
                .unwrap();
            if verdict != Verdict::Bogus {
                break;
            }
        }
        verdict
    }
}

/// Judges every scene twice; says everything that is wrong at once.
async fn play(scenes: Vec<Scene>) {
    let mut wrong = Vec::new();
    for scene in scenes {
        let proof = proof(&[&scene.records]);
        let owner = Name::from_ascii(&scene.owner).unwrap();
        let now = UnixTime(scene.now);
        let outcome = proof.judge(&owner, scene.record_type, &scene.root.anchor(), now);
        let ours = forge::verdict(&outcome);
        if ours != scene.expected {
            wrong.push(format!("{}: we say {ours}", scene.title));
        }
        let same = match ours {
            "secure" => Verdict::Secure,
            "nxdomain" => Verdict::SecureNxDomain,
            "nodata" => Verdict::SecureNoData,
            "insecure" => Verdict::Insecure,
            _ => Verdict::Bogus,
        };
        let expected = scene.difference.map_or(same, Difference::verdict);
        let theirs = scene.unbound(&proof).await;
        if theirs != expected {
            wrong.push(format!(
                "{}: we say {ours}, Unbound {theirs:?} ({expected:?} was expected)",
                scene.title
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The anchor of a root in master-file form.
fn anchor(root: &Zone) -> String {
    let key = root.keys.first().unwrap();
    let digest = hex::encode(&key.ds(&root.name, 2)[4..]);
    format!(". IN DS {} {} 2 {digest}\n", key.tag(), key.algorithm)
}

#[test]
fn the_documentation_lists_every_difference_from_unbound() {
    let page = std::fs::read_to_string(workspace().join("docs/oracles.md")).unwrap();
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for (difference, _, why) in Difference::TABLE {
        assert!(
            page.contains(&format!("`{difference:?}`")),
            "{difference:?}"
        );
        assert!(page.contains(why), "docs/oracles.md does not say: {why}");
    }
}
