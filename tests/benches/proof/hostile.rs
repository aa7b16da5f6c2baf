//! Hostile proofs: how many checks, how much time and how much memory they get out of the verifier.

use std::hint::black_box;
use std::rc::Rc;

use payname_resolver::hickory_proto::rr::{Name, RecordType};
use payname_resolver::proof::{ChainCache, MAX_PROOF_BYTES};
use payname_resolver::{Outcome, Proof, TrustAnchors, UnixTime};

use crate::contest::{Contest, Times};
use crate::forge::{ALICE, Key, NOW, Rr, World, Zone, chain, rrsig, txt};
use crate::matt::Matt;
use crate::table::Row;

/// A proof and the question that it is judged for.
pub(crate) struct Scene {
    name: &'static str,
    bytes: Vec<u8>,
    owner: Name,
    anchors: TrustAnchors,
    now: UnixTime,
}

impl Scene {
    fn new(name: &'static str, records: &[Rr], owner: &str, root: &Zone) -> Self {
        Self {
            name,
            bytes: records.iter().flat_map(Rr::wire).collect(),
            owner: Name::from_ascii(owner).unwrap(),
            anchors: root.anchor(),
            now: UnixTime(NOW),
        }
    }

    fn judge(&self) -> Outcome {
        let proof = Proof::parse(black_box(&self.bytes)).unwrap();
        proof.judge(&self.owner, RecordType::TXT, &self.anchors, self.now)
    }

    fn is_secure(&self) -> bool {
        matches!(self.judge(), Outcome::Secure(_))
    }

    /// How many signature checks the verifier makes.
    fn checks(&self) -> u64 {
        let mut cache = ChainCache::new(1);
        let proof = Proof::parse(&self.bytes).unwrap();
        let _ = proof.judge_cached(
            &self.owner,
            RecordType::TXT,
            &self.anchors,
            self.now,
            &mut cache,
        );
        cache.signature_checks()
    }

    /// The most memory that is held at one time, in bytes.
    fn memory(&self) -> u64 {
        allocation_counter::measure(|| drop(black_box(self.judge()))).bytes_max
    }
}

/// All scenes, those that are hostile each with the honest one to compare with.
pub(crate) struct Hostile {
    /// A changed proof or a flood, and the honest proof of the same length.
    pairs: Vec<(Rc<Scene>, Rc<Scene>)>,
    /// Floods of other things than signatures.
    others: Vec<Rc<Scene>>,
}

impl Hostile {
    pub(crate) fn forge(matt: &Matt) -> Self {
        let recorded = Rc::new(recorded(matt));
        let short = recorded.bytes.len();
        let flipped = flipped(&recorded);
        let chain = Rc::new(deepest("a chain", short));
        let long_chain = Rc::new(deepest("a long chain", MAX_PROOF_BYTES));
        let small = key_trap("KeyTrap, as long as the recorded proof", short, p256);
        let large = key_trap("KeyTrap, as long as a proof may be", MAX_PROOF_BYTES, p256);
        let rsa = key_trap("KeyTrap with RSA of 4096 bits", MAX_PROOF_BYTES, rsa_4096);
        Self {
            pairs: vec![
                (Rc::new(flipped), recorded),
                (Rc::new(small), chain),
                (Rc::new(large), Rc::clone(&long_chain)),
                (Rc::new(rsa), long_chain),
            ],
            others: vec![Rc::new(hash_trap()), Rc::new(tiny_sets())],
        }
    }

    fn scenes(&self) -> impl Iterator<Item = &Rc<Scene>> {
        let pairs = self
            .pairs
            .iter()
            .flat_map(|(hostile, honest)| [hostile, honest]);
        pairs.chain(&self.others)
    }

    pub(crate) fn enter(&self, contest: &mut Contest) {
        for scene in self.scenes() {
            let scene = Rc::clone(scene);
            contest.enter(scene.name, move || drop(black_box(scene.judge())));
        }
    }

    pub(crate) fn rows(&self, times: &Times) -> Vec<Row> {
        let checked = self.pairs.iter().map(|(hostile, honest)| {
            assert!(
                honest.is_secure() && !hostile.is_secure(),
                "{}",
                hostile.name
            );
            let (most, made) = (honest.checks(), hostile.checks());
            Row::goal(
                format!("{} ({} bytes)", hostile.name, hostile.bytes.len()),
                format!(
                    "at most the {most} signature checks of an honest proof of {} bytes",
                    honest.bytes.len()
                ),
                format!(
                    "{made} checks, {:.1} µs; the honest one {:.1} µs",
                    times.of(hostile.name),
                    times.of(honest.name)
                ),
                made <= most,
            )
        });
        let timed = self.others.iter().map(|scene| {
            Row::plain(
                format!("{} ({} bytes)", scene.name, scene.bytes.len()),
                format!("{} checks, {:.1} µs", scene.checks(), times.of(scene.name)),
            )
        });
        checked.chain(timed).chain([self.memory()]).collect()
    }

    /// The scene that takes the most memory.
    fn memory(&self) -> Row {
        let (bytes, scene) = self
            .scenes()
            .map(|scene| (scene.memory(), scene))
            .max_by_key(|(bytes, _)| *bytes)
            .unwrap();
        Row::goal(
            format!("memory, at most, of the worst of these: {}", scene.name),
            format!("bounded: at most {MEMORY_LIMIT} KiB"),
            format!("{} KiB", bytes / 1024),
            bytes <= MEMORY_LIMIT * 1024,
        )
    }
}

/// What the largest proof may take at one time, in KiB: 64 times its own size.
const MEMORY_LIMIT: u64 = 4096;

/// The recorded proof.
fn recorded(matt: &Matt) -> Scene {
    Scene {
        name: "the recorded proof",
        bytes: matt.vector.bytes.clone(),
        owner: matt.vector.owner.clone(),
        anchors: matt.anchors.clone(),
        now: matt.vector.inside,
    }
}

/// The recorded proof with one bit of the payment record changed.
fn flipped(recorded: &Scene) -> Scene {
    let mut bytes = recorded.bytes.clone();
    let uri = b"bitcoin:";
    let at = bytes.windows(uri.len()).position(|bytes| bytes == uri);
    bytes[at.unwrap() + 40] ^= 1;
    Scene {
        name: "one flipped bit in the record",
        bytes,
        owner: recorded.owner.clone(),
        anchors: recorded.anchors.clone(),
        now: recorded.now,
    }
}

/// The longest honest chain of zones with one P-256 key each: the most checks that bytes can need.
fn deepest(name: &'static str, length: usize) -> Scene {
    let mut deepest = None;
    let mut zones = vec![Zone::new(".")];
    loop {
        let last = zones.last().unwrap();
        let owner = format!("a.{}", last.name.trim_start_matches('.'));
        let records = [chain(&zones.iter().collect::<Vec<_>>()), last.pays(&owner)].concat();
        let scene = Scene::new(name, &records, &owner, &zones[0]);
        if scene.bytes.len() > length || !scene.is_secure() {
            return deepest.unwrap();
        }
        deepest = Some(scene);
        zones.push(Zone::new(&owner));
    }
}

/// A key of P-256 with a wanted tag. The point is a good one, so that checks with it are made to the
/// end; flags without a meaning make up the difference.
fn p256(tag: u16) -> Key {
    const ZONE_AND_REVOKE: u16 = 0x0180;
    loop {
        let key = Key::p256();
        let flags = key.flags.wrapping_add(tag.wrapping_sub(key.tag()));
        let key = key.flagged(flags);
        if key.tag() == tag && flags & ZONE_AND_REVOKE == 0x0100 {
            return key;
        }
    }
}

/// A key of RSA of 4096 bits with a wanted tag and an exponent of 33 bits, the largest that is taken.
fn rsa_4096(tag: u16) -> Key {
    let mut public = vec![5, 1, 0xff, 0xff, 0xff, 0xff];
    public.extend(Key::p256().public.repeat(8));
    public[6] |= 0x80;
    let mut key = Key::hollow(8, public);
    loop {
        key = key.retagged(tag);
        if key.public.last().unwrap() % 2 == 1 {
            return key;
        }
        key.public[101] = key.public[101].wrapping_add(1);
    }
}

/// As many keys of one tag and wrong signatures as fit: each signature is to be tried with each key
/// (CVE-2023-50387).
fn key_trap(name: &'static str, length: usize, make: fn(u16) -> Key) -> Scene {
    const TAG: u16 = 12_345;
    let liar = make(TAG);
    let forged = |i: usize| {
        let mut rrsig = rrsig(
            "pay.test.",
            &liar,
            ALICE,
            RecordType::TXT,
            &[txt(&["bitcoin:x"])],
            |_| {},
        );
        // As long as the keys make them, and each another one.
        let head = rrsig.rdata.len() - 64;
        let size = if liar.algorithm == 8 { 512 } else { 64 };
        rrsig.rdata.resize(head + size, 0x5a);
        rrsig.rdata[head + 2..head + 4].copy_from_slice(&(i as u16).to_be_bytes());
        rrsig
    };
    let size = |records: &[Rr]| -> usize { records.iter().map(|rr| rr.wire().len()).sum() };
    let scene = |keys: usize| {
        let mut all = vec![Key::p256()];
        all.extend((0..keys).map(|_| make(TAG)));
        let world = World::with_zone(Zone::with_keys("pay.test.", all));
        let record = Rr::new(ALICE, RecordType::TXT, txt(&["bitcoin:x"]));
        ([world.chain(), vec![record]].concat(), world)
    };
    // Half of the room for keys, the other half for signatures.
    let chain = size(&scene(0).0);
    let key = liar.record("pay.test.").wire().len();
    let (mut records, world) = scene((length - chain) / 2 / key);
    let mut left = length - size(&records);
    for i in 0.. {
        let next = forged(i);
        match left.checked_sub(next.wire().len()) {
            Some(rest) => left = rest,
            None => break,
        }
        records.push(next);
    }
    Scene::new(name, &records, ALICE, &world.root)
}

/// As many keys of one tag and DS records for it as fit: each key is to be hashed for each of them.
fn hash_trap() -> Scene {
    const TAG: u16 = 12_345;
    let keys = (0..300).map(|seed| Key::with_tag(13, 64, seed as u8, TAG));
    let zone = Zone::with_keys("pay.test.", keys.collect());
    let (root, tld) = (Zone::new("."), Zone::new("test."));
    let digests: Vec<Vec<u8>> = (0..500u16)
        .map(|i| {
            let mut ds = zone.keys[0].ds("pay.test.", 4);
            ds[4..6].copy_from_slice(&i.to_be_bytes());
            ds
        })
        .collect();
    let records = [
        chain(&[&root, &tld]),
        tld.set("pay.test.", RecordType::DS, &digests),
        zone.dnskeys(),
        zone.pays(ALICE),
    ]
    .concat();
    Scene::new("many DS records for many keys", &records, ALICE, &root)
}

/// As many record sets as fit: the smallest records there are, each of another type.
fn tiny_sets() -> Scene {
    let world = World::new();
    let mut records = world.chain();
    let mut left = MAX_PROOF_BYTES - records.iter().map(|rr| rr.wire().len()).sum::<usize>();
    for number in 10_000.. {
        let next = Rr::new(".", RecordType::Unknown(number), vec![]);
        match left.checked_sub(next.wire().len()) {
            Some(rest) => left = rest,
            None => break,
        }
        records.push(next);
    }
    Scene::new(
        "thousands of tiny record sets",
        &records,
        ALICE,
        &world.root,
    )
}
