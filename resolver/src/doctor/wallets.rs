//! What some wallets cannot do though it is legal: data, so that a row goes when the wallet learns it.

use alloc::{format, string::String, vec::Vec};

use super::Code;

/// The finding, the wallet, the version it was seen in, and what it does.
const LIMITS: [(Code, &str, &str, &str); 3] = [
    (
        Code::Alias,
        "Phoenix",
        "13c8ddb6e (2026-03)",
        "refuses an answer under another name",
    ),
    (
        Code::OtherTexts,
        "Phoenix",
        "13c8ddb6e (2026-03)",
        "takes the first TXT record",
    ),
    (
        Code::OtherTexts,
        "twelve.cash",
        "f94aa97 (2026-05)",
        "wants exactly one TXT record",
    ),
];

/// Which wallets a finding is a trouble for, in one line.
pub(super) fn limited(code: Code) -> Option<String> {
    let of = LIMITS.iter().filter(|(limited, ..)| *limited == code);
    let of: Vec<_> = of
        .map(|(_, wallet, version, what)| format!("{wallet} {version} {what}"))
        .collect();
    (!of.is_empty()).then(|| of.join(", "))
}
