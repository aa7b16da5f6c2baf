//! The codes of findings: part of the interface, never given another meaning.

use core::fmt;

/// What is wrong; the hundreds tell where: 3 the chain of DNSSEC, 6 operation, 7 a server of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// A zone on the way is proven not to be signed.
    UnsignedAbove,
    /// The zone is signed, and its parent has no DS record.
    NoDs,
    /// The parent's DS records match no key of the zone.
    StaleDs,
    /// A signature has ended, or has not begun.
    SignatureTime,
    /// A signature ends soon.
    SignatureEndsSoon,
    /// An algorithm or a key that is not accepted.
    Algorithm,
    /// The nameservers differ in what they serve.
    ServersDiffer,
    /// A nameserver does not serve the zone.
    Lame,
    /// Keys are being replaced, and the parent is behind.
    ParentBehind,
    /// The chain is broken for another reason.
    Broken,
    /// The configuration cannot be used.
    Configuration,
    /// The data directory, or a file in it, is missing or open to others.
    DataDirectory,
    /// The keys of a zone cannot be used.
    Keys,
    /// The registry cannot be reached.
    Database,
    /// A port of this server gives no answer.
    Silent,
    /// The parent names other nameservers.
    NameServers,
    /// The parent, or its zone, has other addresses for a nameserver.
    Addresses,
    /// The clock is wrong, or nobody keeps it right.
    Clock,
    /// The zone does not ask its parent for the keys that it has (CDS).
    ChildDs,
    /// The public URL does not lead to this server.
    PublicUrl,
    /// Something could not be looked at.
    NotSeen,
    /// Who serves the zone for us refuses us.
    Provider,
    /// Who serves the zone for us does not sign it.
    ProviderUnsigned,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::UnsignedAbove,
        Self::NoDs,
        Self::StaleDs,
        Self::SignatureTime,
        Self::SignatureEndsSoon,
        Self::Algorithm,
        Self::ServersDiffer,
        Self::Lame,
        Self::ParentBehind,
        Self::Broken,
        Self::Configuration,
        Self::DataDirectory,
        Self::Keys,
        Self::Database,
        Self::Silent,
        Self::NameServers,
        Self::Addresses,
        Self::Clock,
        Self::ChildDs,
        Self::PublicUrl,
        Self::NotSeen,
        Self::Provider,
        Self::ProviderUnsigned,
    ];

    /// The code as it is shown, such as `D302`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnsignedAbove => "D301",
            Self::NoDs => "D302",
            Self::StaleDs => "D303",
            Self::SignatureTime => "D304",
            Self::SignatureEndsSoon => "D305",
            Self::Algorithm => "D306",
            Self::ServersDiffer => "D308",
            Self::Lame => "D316",
            Self::ParentBehind => "D317",
            Self::Broken => "D318",
            Self::Configuration => "D701",
            Self::DataDirectory => "D702",
            Self::Keys => "D703",
            Self::Database => "D704",
            Self::Silent => "D705",
            Self::NameServers => "D706",
            Self::Addresses => "D707",
            Self::Clock => "D708",
            Self::ChildDs => "D709",
            Self::PublicUrl => "D710",
            Self::NotSeen => "D711",
            Self::Provider => "D712",
            Self::ProviderUnsigned => "D713",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
