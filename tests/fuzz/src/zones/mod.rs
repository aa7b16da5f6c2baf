//! What must hold for any bytes that reach a zone: queries, transfers, and what was stored.

mod scene;
mod target;

pub use target::{query, restore, transfer};

/// Inputs to begin with, for each of the targets.
pub(crate) fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    if target == "query" {
        // The first octet tells which zone is asked, and over what.
        let queries = scene::queries().into_iter().zip(0_u8..);
        return queries
            .map(|((name, query), how)| (name, [&[how], query.as_slice()].concat()))
            .collect();
    }
    let kinds = 0..8_u8;
    let untouched = kinds.map(|kind| (format!("untouched-{kind}"), vec![kind]));
    let changed = (0..24).map(|seed| {
        let bytes = crate::mutation::bytes_of(seed).to_vec();
        (format!("seed-{seed}"), bytes)
    });
    untouched.chain(changed).collect()
}
