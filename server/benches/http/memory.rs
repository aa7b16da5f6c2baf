//! What a name takes of a server's memory, the zone and everything else.

use payname_resolver::Handle;
use payname_zones::payment_record;

use crate::{fill::uri, process::Paynamed};

/// What a server with so many names takes for each, beside one with none; both as after a restart, when what
/// signing took has been given back.
pub(crate) async fn measure(names: u32) {
    let none = Paynamed::start(0).await.restart().await.memory();
    let some = Paynamed::start(names).await.restart().await.memory();
    let each = some.saturating_sub(none) / u64::from(names.max(1));
    let handle = Handle::new("user500000", "bench.test").expect("a name");
    let record = payment_record(&handle, &uri(500_000)).expect("a record");
    let strings = record.txt().txt_data.iter();
    let text: usize = strings.map(|string| string.len() + 1).sum();
    let record = (text + record.owner().len()) as u64;
    println!(
        "memory: {} MB with {names} names, {} MB with none: {each} bytes a name, {} beyond its record's {record} (owner name and TXT data)",
        some >> 20,
        none >> 20,
        each.saturating_sub(record)
    );
}
