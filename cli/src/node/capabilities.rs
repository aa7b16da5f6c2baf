//! What nodes can do, and what they cannot be asked for.

/// What a node can pay, and what it does with an [`Order`](super::Order).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// BOLT 12 offers.
    pub offers: bool,
    /// Whether a note goes along.
    pub notes: bool,
    /// Whether it keeps the limit of what routing may cost.
    pub limits_fee: bool,
    /// Whether it pays amounts that are no whole number of satoshis.
    pub millisatoshis: bool,
    /// Whether the invoice request can name the handle (BOLT 12 `invreq_bip_353_name`).
    pub names_handle: bool,
    /// Whether the invoice is looked at before it is paid.
    pub fetches_first: bool,
}

impl Capabilities {
    /// The node in this program.
    pub const EMBEDDED: Self = Self {
        offers: true,
        notes: true,
        limits_fee: true,
        millisatoshis: true,
        names_handle: false,
        fetches_first: false,
    };
    /// Core Lightning, by `fetchinvoice` and `xpay`.
    pub const CORE_LIGHTNING: Self = Self {
        names_handle: true,
        fetches_first: true,
        ..Self::EMBEDDED
    };
    /// phoenixd, which has one peer and chooses the fee by itself.
    pub const PHOENIXD: Self = Self {
        limits_fee: false,
        millisatoshis: false,
        ..Self::EMBEDDED
    };
    /// Eclair, whose `payoffer` takes no note.
    pub const ECLAIR: Self = Self {
        notes: false,
        ..Self::EMBEDDED
    };
}
