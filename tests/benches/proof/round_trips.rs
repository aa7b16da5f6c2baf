//! How many times one waits for the network, cold and warm, in a private world 120 ms away.

use payname_resolver::hickory_proto::rr::RecordType;
use payname_resolver::proof::ChainCache;
use payname_resolver::{Handle, Resolution};
use payname_tests::waves::{Cost, far_world, ours, theirs};

use crate::table::Row;

const NAMES: [(&str, &str); 2] = [
    ("alice@example.test", "`alice@example.test`"),
    ("pay@shop.test", "an alias into another zone"),
];

/// Gathers each name with an empty cache, with a full one, and with `dnssec-prover`'s builder.
pub(crate) async fn rows() -> Vec<Row> {
    let world = far_world().await;
    let (anchors, now) = (world.anchors(), world.now());
    let mut cache = ChainCache::new(16);
    let mut colds = Vec::new();
    for (name, shown) in NAMES {
        let handle: Handle = name.parse().unwrap();
        let (gathered, cold) = ours(&world, Resolution::start(&handle)).await;
        let verified = gathered
            .proof
            .verify_cached(&handle, &anchors, now, &mut cache);
        verified.unwrap();
        colds.push((shown, cold, theirs(&world, &handle).await, handle));
    }
    let mut rows = Vec::new();
    for (shown, cold, theirs, handle) in colds {
        let start = Resolution::start_warm(handle.owner_name(), RecordType::TXT, &cache, now);
        let (gathered, warm) = ours(&world, start).await;
        gathered.proof.verify(&handle, &anchors, now).unwrap();
        rows.push(row(shown, cold, warm, theirs));
    }
    rows
}

fn row(name: &str, cold: Cost, warm: Cost, theirs: Cost) -> Row {
    Row::goal(
        format!("round trips, {name}"),
        "at most 2 cold, 1 with the zones above cached",
        format!(
            "{} cold ({} ms), {} warm ({} ms); `dnssec-prover`'s builder {} ({} ms)",
            cold.waves,
            cold.took.as_millis(),
            warm.waves,
            warm.took.as_millis(),
            theirs.waves,
            theirs.took.as_millis()
        ),
        cold.waves <= 2 && warm.waves <= 1,
    )
}
