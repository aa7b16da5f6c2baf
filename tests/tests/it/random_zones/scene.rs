//! Zones nobody thought of, and questions about them, both from a seed.

use payname_resolver::Handle;
use payname_resolver::hickory_proto::rr::rdata::{A, CNAME, MX, TXT};
use payname_resolver::hickory_proto::rr::{Name, RData, RecordType};
use payname_resolver::resolution::Question;
use payname_tests::World;
use payname_zones::Denial;

/// The zones: every way to deny, twice, so that aliases lead from each to each; the last is not signed for.
pub(crate) const ZONES: [(&str, Denial); 7] = [
    ("one.test", Denial::Nsec3),
    ("two.test", Denial::Nsec3),
    ("three.test", Denial::Nsec),
    ("four.test", Denial::Nsec),
    ("five.test", Denial::Compact),
    ("six.test", Denial::Compact),
    ("unsigned.test", Denial::Nsec3),
];
/// How many record sets each zone is given; some it refuses.
const RECORD_SETS: u32 = 24;
/// Few, so that names meet: one below the other, beside a wildcard, at a DNAME.
const LABELS: [&str; 4] = ["a", "b", "c", "d"];

/// The same numbers for the same seed (an LCG: good enough to choose, and nothing else).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x353)
    }

    fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(sides)) as u32
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len() as u32) as usize]
    }
}

/// Builds the world of a seed.
pub(crate) async fn world(dice: &mut Dice) -> World {
    let mut builder = World::empty();
    for (zone, denial) in ZONES {
        builder = builder.and_zone(zone).denial(denial);
        if zone == "unsigned.test" {
            builder = builder.insecure();
        }
    }
    let world = builder.start().await.unwrap();
    for (zone, _) in ZONES {
        for _ in 0..RECORD_SETS {
            let (owner, data) = (owner(dice, zone), data(dice));
            let kind = data[0].record_type();
            // What cannot stand beside what is there, the zone refuses; the rest stays.
            let _ = world.set_records(zone, &owner, kind, data);
        }
        if dice.roll(2) == 0 {
            let (from, to) = (owner(dice, zone), target(dice));
            let _ = world.change_zone(zone, |zone, now| {
                zone.set_dname(&Name::from_ascii(&from)?, &to, 300, now)?;
                Ok(())
            });
        }
    }
    world
}

/// A question that any resolver can be asked.
pub(crate) fn question(dice: &mut Dice) -> Question {
    let (zone, _) = dice.pick(&ZONES);
    let name = match dice.roll(12) {
        0 => format!("{zone}."),
        1 => format!("user._bitcoin-payment.{zone}."),
        2 => format!("_bitcoin-payment.{zone}."),
        _ => format!("{}.user._bitcoin-payment.{zone}.", user(dice)),
    };
    let kind = *dice.pick(&[
        RecordType::TXT,
        RecordType::A,
        RecordType::MX,
        RecordType::CNAME,
        RecordType::DNAME,
        RecordType::NS,
        RecordType::DS,
        RecordType::SOA,
        RecordType::DNSKEY,
        RecordType::TLSA,
    ]);
    Question::new(Name::from_ascii(name).unwrap(), kind)
}

/// A name that somebody might pay.
pub(crate) fn handle(dice: &mut Dice) -> Handle {
    let (zone, _) = dice.pick(&ZONES);
    Handle::new(&user(dice), zone).unwrap()
}

fn user(dice: &mut Dice) -> String {
    let labels = (0..=dice.roll(3)).map(|_| *dice.pick(&LABELS));
    labels.collect::<Vec<_>>().join(".")
}

fn owner(dice: &mut Dice, zone: &str) -> String {
    let user = match dice.roll(8) {
        0 => "*".to_owned(),
        1 => format!("*.{}", user(dice)),
        _ => user(dice),
    };
    format!("{user}.user._bitcoin-payment.{zone}.")
}

fn target(dice: &mut Dice) -> Name {
    let (zone, _) = dice.pick(&ZONES);
    let target = match dice.roll(6) {
        0 => format!("user._bitcoin-payment.{zone}."),
        _ => format!("{}.user._bitcoin-payment.{zone}.", user(dice)),
    };
    Name::from_ascii(target).unwrap()
}

fn data(dice: &mut Dice) -> Vec<RData> {
    let number = dice.roll(1000);
    let text = |text: String| RData::TXT(TXT::new(vec![text]));
    match dice.roll(10) {
        0 => vec![text(format!("no payment {number}"))],
        1 => vec![
            text(format!("v=spf1 {number}")),
            text(format!("bitcoin:?lno={number}")),
        ],
        2 => vec![RData::A(A::new(192, 0, 2, 1))],
        3 => vec![RData::MX(MX::new(10, target(dice)))],
        4 | 5 => vec![RData::CNAME(CNAME(target(dice)))],
        _ => vec![text(format!("bitcoin:?lno={number}"))],
    }
}
