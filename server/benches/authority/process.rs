//! What the system says about a process and its children.

use std::{collections::BTreeMap, fs};

/// A process and all that it started.
pub(super) fn family(root: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").expect("Linux").flatten() {
        let Some(process) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let parent = field(process, 1).unwrap_or(0) as u32;
        children.entry(parent).or_default().push(process);
    }
    let mut family = vec![root];
    let mut at = 0;
    while let Some(process) = family.get(at) {
        family.extend(
            children
                .get(process)
                .into_iter()
                .flatten()
                .copied()
                .collect::<Vec<_>>(),
        );
        at += 1;
    }
    family
}

/// CPU time in hundredths of a second.
pub(super) fn cpu(process: u32) -> u64 {
    field(process, 11).unwrap_or(0) + field(process, 12).unwrap_or(0)
}

/// Memory in bytes, what is shared counted in part (PSS).
pub(super) fn memory(process: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let number = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    number.unwrap_or(0) * 1024
}

/// A field of `/proc/PID/stat`, counted from the one behind the name.
fn field(process: u32, at: usize) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields = stat.rsplit(')').next()?.trim();
    fields.split(' ').nth(at)?.parse().ok()
}
