//! Exit codes: part of the interface, never renumbered.

/// How `payname` ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Everything happened as asked.
    Ok = 0,
    /// Something failed that no other code describes.
    Unexpected = 1,
    /// The command line is wrong, or a file named on it cannot be read.
    Usage = 2,
    /// The name is proven not to exist.
    Denied = 3,
    /// The record is not proven: unsigned, forged, expired.
    NotVerified = 4,
    /// The record is proven and breaks BIP-353 or BIP-321.
    BadRecord = 5,
    /// The record is proven, and nothing in it can be paid here.
    NothingPayable = 6,
    /// The payee is not who it was last time.
    PayeeChanged = 7,
    /// The payment was not confirmed, or there was nobody to ask.
    NotConfirmed = 8,
    /// The network failed before any payment began; safe to try again.
    Network = 9,
    /// The payment failed for good; no money moved.
    PaymentFailed = 10,
    /// The payment may still happen; do not try again.
    PaymentUnknown = 11,
    /// An amount or a fee is outside the limits.
    OutsideLimits = 12,
    /// The Lightning node cannot be reached, or refused.
    Node = 13,
    /// The doctor found errors.
    DoctorErrors = 20,
    /// The doctor found warnings.
    DoctorWarnings = 21,
}

impl Exit {
    /// All of them, in order.
    pub const ALL: [Self; 16] = [
        Self::Ok,
        Self::Unexpected,
        Self::Usage,
        Self::Denied,
        Self::NotVerified,
        Self::BadRecord,
        Self::NothingPayable,
        Self::PayeeChanged,
        Self::NotConfirmed,
        Self::Network,
        Self::PaymentFailed,
        Self::PaymentUnknown,
        Self::OutsideLimits,
        Self::Node,
        Self::DoctorErrors,
        Self::DoctorWarnings,
    ];

    /// The number the shell sees.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_the_documentation_promises() {
        let numbers = Exit::ALL.map(Exit::code);
        assert_eq!(
            numbers,
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 20, 21]
        );
    }
}
