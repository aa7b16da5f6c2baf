//! The codes of findings: part of the interface, never given another meaning.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use core::{fmt, str::FromStr};

/// What is wrong; the hundreds tell where: 1 the name as it is written, 2 the place of the record, 3 the chain of
/// DNSSEC, 4 the TXT record, 5 the URI in it, 6 operation, 7 a server of ours.
///
/// ```
/// use payname_resolver::doctor::Code;
///
/// let code: Code = "d302".parse()?;
/// assert_eq!((code, code.as_str()), (Code::NoDs, "D302"));
/// assert!(code.meaning().contains("the zone above does not vouch for them"));
/// # Ok::<(), payname_resolver::doctor::CodeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// A text is no payment name.
    NotAName,
    /// A name is longer than DNS allows.
    TooLong,
    /// A name is not plain ASCII.
    OtherScript,
    /// A name has characters that senders do not take.
    Characters,
    /// A name is written with upper case.
    UpperCase,
    /// A name can be mistaken for another one, or for an office.
    LookAlike,
    /// A user part has dots.
    Dotted,
    /// The record stands at another name of the same domain.
    WrongOwner,
    /// The record stands below the domain twice.
    DomainDoubled,
    /// The record stands at another domain than the name says.
    OtherDomain,
    /// Some nameservers do not have the record.
    MissingSomewhere,
    /// A resolver remembers that there was no record.
    DenialCached,
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
    /// An algorithm that small verifiers lack.
    RareAlgorithm,
    /// The nameservers differ in what they serve.
    ServersDiffer,
    /// An alias leads to where nothing can be proven.
    AliasUnsigned,
    /// The name is an alias.
    Alias,
    /// A record comes from a wildcard, and nothing denies the name itself.
    WildcardUnproven,
    /// The record comes from a wildcard.
    Wildcard,
    /// A nameserver denies the names above the record.
    EmptyNonTerminal,
    /// How the zone denies names costs or tells more than it should.
    DenialParameters,
    /// A nameserver does not answer over TCP.
    NoTcp,
    /// A nameserver does not serve the zone.
    Lame,
    /// Keys are being replaced, and the parent is behind.
    ParentBehind,
    /// The chain is broken for another reason.
    Broken,
    /// No TXT record begins with `bitcoin:`.
    NoPaymentText,
    /// Several TXT records begin with `bitcoin:`.
    SeveralPaymentTexts,
    /// A URI is split over several TXT records.
    SplitOverRecords,
    /// A URI holds quotes, backslashes or other marks of a form.
    Escaped,
    /// A URI was broken where it was split.
    Spaced,
    /// The strings of a record are in another order elsewhere.
    Order,
    /// There are other TXT records at the name.
    OtherTexts,
    /// The TTL is too long or too short.
    Ttl,
    /// A resolver still has an old record.
    OldElsewhere,
    /// The text is no payment URI.
    NotBip321,
    /// An offer cannot be paid, or not by all.
    Offer,
    /// A BOLT 11 invoice stands in the record.
    Invoice,
    /// An on-chain address stands in the record.
    Address,
    /// A way to pay stands under the wrong key.
    WrongKey,
    /// A parameter of the URI is wrong.
    Parameters,
    /// The URI tries something that wallets do not do.
    Callback,
    /// Common wallets find no way to pay.
    FewCanPay,
    /// The URI has keys that nobody knows.
    UnknownKeys,
    /// What a proof of the name is made of.
    ProofFacts,
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
    pub const ALL: [Self; 62] = [
        Self::NotAName,
        Self::TooLong,
        Self::OtherScript,
        Self::Characters,
        Self::UpperCase,
        Self::LookAlike,
        Self::Dotted,
        Self::WrongOwner,
        Self::DomainDoubled,
        Self::OtherDomain,
        Self::MissingSomewhere,
        Self::DenialCached,
        Self::UnsignedAbove,
        Self::NoDs,
        Self::StaleDs,
        Self::SignatureTime,
        Self::SignatureEndsSoon,
        Self::Algorithm,
        Self::RareAlgorithm,
        Self::ServersDiffer,
        Self::AliasUnsigned,
        Self::Alias,
        Self::WildcardUnproven,
        Self::Wildcard,
        Self::EmptyNonTerminal,
        Self::DenialParameters,
        Self::NoTcp,
        Self::Lame,
        Self::ParentBehind,
        Self::Broken,
        Self::NoPaymentText,
        Self::SeveralPaymentTexts,
        Self::SplitOverRecords,
        Self::Escaped,
        Self::Spaced,
        Self::Order,
        Self::OtherTexts,
        Self::Ttl,
        Self::OldElsewhere,
        Self::NotBip321,
        Self::Offer,
        Self::Invoice,
        Self::Address,
        Self::WrongKey,
        Self::Parameters,
        Self::Callback,
        Self::FewCanPay,
        Self::UnknownKeys,
        Self::ProofFacts,
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
            Self::NotAName => "D101",
            Self::TooLong => "D102",
            Self::OtherScript => "D103",
            Self::Characters => "D104",
            Self::UpperCase => "D105",
            Self::LookAlike => "D106",
            Self::Dotted => "D107",
            Self::WrongOwner => "D201",
            Self::DomainDoubled => "D202",
            Self::OtherDomain => "D203",
            Self::MissingSomewhere => "D204",
            Self::DenialCached => "D205",
            Self::UnsignedAbove => "D301",
            Self::NoDs => "D302",
            Self::StaleDs => "D303",
            Self::SignatureTime => "D304",
            Self::SignatureEndsSoon => "D305",
            Self::Algorithm => "D306",
            Self::RareAlgorithm => "D307",
            Self::ServersDiffer => "D308",
            Self::AliasUnsigned => "D309",
            Self::Alias => "D310",
            Self::WildcardUnproven => "D311",
            Self::Wildcard => "D312",
            Self::EmptyNonTerminal => "D313",
            Self::DenialParameters => "D314",
            Self::NoTcp => "D315",
            Self::Lame => "D316",
            Self::ParentBehind => "D317",
            Self::Broken => "D318",
            Self::NoPaymentText => "D401",
            Self::SeveralPaymentTexts => "D402",
            Self::SplitOverRecords => "D403",
            Self::Escaped => "D404",
            Self::Spaced => "D405",
            Self::Order => "D406",
            Self::OtherTexts => "D407",
            Self::Ttl => "D408",
            Self::OldElsewhere => "D409",
            Self::NotBip321 => "D501",
            Self::Offer => "D502",
            Self::Invoice => "D503",
            Self::Address => "D504",
            Self::WrongKey => "D505",
            Self::Parameters => "D506",
            Self::Callback => "D507",
            Self::FewCanPay => "D508",
            Self::UnknownKeys => "D509",
            Self::ProofFacts => "D605",
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

impl FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let mut all = Self::ALL.into_iter();
        all.find(|code| code.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| CodeError(text.to_owned()))
    }
}

/// A text that is no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no code of the doctor; they are letters and digits such as D302", .0.escape_debug())]
pub struct CodeError(String);
