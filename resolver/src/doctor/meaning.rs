//! What each code means, at length.

use super::Code;

impl Code {
    /// What the code stands for, in one line.
    pub fn title(self) -> &'static str {
        match self {
            Self::NotAName => "a text is no payment name",
            Self::TooLong => "a name is longer than DNS allows",
            Self::OtherScript => "a name is not plain ASCII",
            Self::Characters => "a name has characters that senders do not take",
            Self::UpperCase => "a name is written with upper case",
            Self::LookAlike => "a name can be mistaken for another one, or for an office",
            Self::Dotted => "a user part has dots",
            Self::WrongOwner => "the record stands at another name of the same domain",
            Self::DomainDoubled => "the record stands below the domain twice",
            Self::OtherDomain => "the record stands at another domain than the name says",
            Self::MissingSomewhere => "some nameservers do not have the record",
            Self::DenialCached => "a resolver remembers that there was no record",
            Self::UnsignedAbove => "a zone on the way is proven not to be signed",
            Self::NoDs => "the zone is signed, and its parent has no DS record",
            Self::StaleDs => "the parent's DS records match no key of the zone",
            Self::SignatureTime => "a signature has ended, or has not begun",
            Self::SignatureEndsSoon => "a signature ends soon",
            Self::Algorithm => "an algorithm or a key that is not accepted",
            Self::RareAlgorithm => "an algorithm that small verifiers lack",
            Self::ServersDiffer => "the nameservers differ in what they serve",
            Self::AliasUnsigned => "an alias leads to where nothing can be proven",
            Self::Alias => "the name is an alias",
            Self::WildcardUnproven => {
                "a record comes from a wildcard, and nothing denies the name itself"
            }
            Self::Wildcard => "the record comes from a wildcard",
            Self::EmptyNonTerminal => "a nameserver denies the names above the record",
            Self::DenialParameters => {
                "how the zone denies names costs or tells more than it should"
            }
            Self::NoTcp => "a nameserver does not answer over TCP",
            Self::Lame => "a nameserver does not serve the zone",
            Self::ParentBehind => "keys are being replaced, and the parent is behind",
            Self::Broken => "the chain is broken for another reason",
            Self::NoPaymentText => "no TXT record begins with `bitcoin:`",
            Self::SeveralPaymentTexts => "several TXT records begin with `bitcoin:`",
            Self::SplitOverRecords => "a URI is split over several TXT records",
            Self::Escaped => "a URI holds quotes, backslashes or other marks of a form",
            Self::Spaced => "a URI was broken where it was split",
            Self::Order => "the strings of a record are in another order elsewhere",
            Self::OtherTexts => "there are other TXT records at the name",
            Self::Ttl => "the TTL is too long or too short",
            Self::OldElsewhere => "a resolver still has an old record",
            Self::NotBip321 => "the text is no payment URI",
            Self::Offer => "an offer cannot be paid, or not by all",
            Self::Invoice => "a BOLT 11 invoice stands in the record",
            Self::Address => "an on-chain address stands in the record",
            Self::WrongKey => "a way to pay stands under the wrong key",
            Self::Parameters => "a parameter of the URI is wrong",
            Self::Callback => "the URI tries something that wallets do not do",
            Self::FewCanPay => "common wallets find no way to pay",
            Self::UnknownKeys => "the URI has keys that nobody knows",
            Self::ProofFacts => "what a proof of the name is made of",
            Self::Configuration => "the configuration cannot be used",
            Self::DataDirectory => {
                "the data directory, or a file in it, is missing or open to others"
            }
            Self::Keys => "the keys of a zone cannot be used",
            Self::Database => "the registry cannot be reached",
            Self::Silent => "a port of this server gives no answer",
            Self::NameServers => "the parent names other nameservers",
            Self::Addresses => "the parent, or its zone, has other addresses for a nameserver",
            Self::Clock => "the clock is wrong, or nobody keeps it right",
            Self::ChildDs => "the zone does not ask its parent for the keys that it has (CDS)",
            Self::PublicUrl => "the public URL does not lead to this server",
            Self::NotSeen => "something could not be looked at",
            Self::Provider => "who serves the zone for us refuses us",
            Self::ProviderUnsigned => "who serves the zone for us does not sign it",
        }
    }

    /// What it means, why it matters and what to do: the long form, in two lines.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::NotAName => {
                "A payment name is written user@domain, such as alice@example.com: one `@`, and something on both sides of it.\nWallets refuse anything else before they ask DNS."
            }
            Self::TooLong => {
                "DNS allows 63 bytes between two dots and 253 in all, and `.user._bitcoin-payment.` takes 23 of them.\nChoose a shorter name; no server can publish this one."
            }
            Self::OtherScript => {
                "Names of other scripts are published in their `xn--` form (IDNA), and wallets should avoid them: some show the `xn--` form, some refuse it, since letters of two scripts can look the same.\nOffer a name in plain ASCII beside it."
            }
            Self::Characters => {
                "Senders take letters, digits, `-`, `_` and `.`; a space, `+`, `/`, a quote, two dots in a row, or a dot at either end makes them refuse the name.\nChoose another name."
            }
            Self::UpperCase => {
                "DNS does not tell cases apart, so `Alice@…` and `alice@…` are one name. People who compare letters may think otherwise.\nShow and print the name in lower case."
            }
            Self::LookAlike => {
                "`paypa1` looks like `paypal`, `rn` like `m`; a stranger who has one of them is paid in place of the other. Names such as `admin` or `support` make people believe that the domain itself asks for money.\nGive such names to nobody but yourself."
            }
            Self::Dotted => {
                "A dot makes the user part several labels of DNS. That is legal; but wildcards, delegations and records at the labels above apply to it too.\nNothing has to be done if that is meant."
            }
            Self::WrongOwner => {
                "BIP-353 looks at USER.user._bitcoin-payment.DOMAIN and nowhere else. A record without `.user`, with an underscore for the hyphen, without the leading underscore or at the domain itself is not found by anybody.\nMove the record to the right name."
            }
            Self::DomainDoubled => {
                "Many control panels append the domain to what is entered, and so alice.user._bitcoin-payment.example.com becomes ….example.com.example.com.\nEnter the name without the domain, or end it with a dot."
            }
            Self::OtherDomain => {
                "The name is advertised at one domain and published at another, such as a sub-domain for the web or for LNURL.\nPublish it at the domain behind the `@`, or advertise the other one; a CNAME record works too, for most wallets."
            }
            Self::MissingSomewhere => {
                "Whoever asks one of these servers is told that there is no such name, and whether a payment works is a matter of luck.\nSee why those servers do not transfer the zone, or whether the DNS provider refused or rewrote the underscore labels."
            }
            Self::DenialCached => {
                "The record is there, but somebody asked before it was, and resolvers remember a denial for as long as the last number of the SOA record says (RFC 2308).\nWait; and publish before you tell people the name."
            }
            Self::UnsignedAbove => {
                "Without DNSSEC nothing about the name can be proven, and wallets must not pay it (BIP-353).\nSwitch DNSSEC on at whoever hosts the zone's DNS, then enter the DS record at the registrar. Many do both at once when they are the same company."
            }
            Self::NoDs => {
                "The zone has keys, but the zone above does not vouch for them, so nobody can tell them from an attacker's.\nEnter the DS record at the registrar; the fix shows it."
            }
            Self::StaleDs => {
                "This happens when the DNS host was changed and the DS record of the old one stayed: validating resolvers answer SERVFAIL for the whole domain, mail and web included.\nReplace the DS record at the registrar, or remove it for the time of the change."
            }
            Self::SignatureTime => {
                "Signatures have a first and a last second. Ended ones mean that the signer stopped; ones that have not begun mean that a clock is wrong.\nStart the signer, or set the clocks."
            }
            Self::SignatureEndsSoon => {
                "A zone is signed again long before its signatures end. Less than a quarter of their life left means that the signer may have stopped; and a proof that ends sooner than its TTL is kept too long by caches.\nSee whether the signer runs."
            }
            Self::Algorithm => {
                "SHA-1 signatures and RSA keys under 1024 bits can be forged, and BIP-353 forbids them.\nSign with algorithm 13 (ECDSA P-256), and use DS records of digest type 2."
            }
            Self::RareAlgorithm => {
                "Hardware signers and some wallets verify proofs with a small library that knows algorithms 8, 10, 13 and 14. With Ed25519 (15) or Ed448 (16) they cannot.\nSign with algorithm 13."
            }
            Self::ServersDiffer => {
                "One server has an older zone, another record, or no signatures.\nSee why it does not transfer the zone; a primary that signs must be transferred from signed."
            }
            Self::AliasUnsigned => {
                "A CNAME or DNAME record may lead to another zone, and then that zone must be signed as well, and the chain of aliases short and without a circle.\nPublish the record in a signed zone."
            }
            Self::Alias => {
                "CNAME and DNAME are legal, and payers must follow them (BIP-353). Some wallets compare the name in the answer with the one they asked for, and refuse.\nPublish the TXT record itself if such wallets matter to you."
            }
            Self::WildcardUnproven => {
                "A wildcard may only be used where the name itself is proven not to exist. The answer lacks that proof, and so anybody could have put the wildcard's record in place of the name's own.\nAsk the DNS host; its server breaks RFC 4035."
            }
            Self::Wildcard => {
                "Every name of the domain is payable, misspelt ones included, and payers can tell that it is a wildcard.\nPublish each name by itself."
            }
            Self::EmptyNonTerminal => {
                "The server says that user._bitcoin-payment.DOMAIN does not exist, though there are names below it. Resolvers that know RFC 8020 then deny everything below as well.\nAsk the DNS host; until then a TXT record at that name helps."
            }
            Self::DenialParameters => {
                "NSEC3 with iterations is slow, and beyond a limit not followed (RFC 9276: 0 iterations, no salt). Opt-out leaves gaps. With NSEC, anybody can list all your users.\nUse NSEC3 with 0 iterations, or a server that makes compact denials."
            }
            Self::NoTcp => {
                "Answers with signatures can be longer than a datagram is safe for (1232 bytes). Without TCP such answers are lost in some networks and not in others.\nOpen port 53 for TCP on the server and every firewall before it (RFC 7766)."
            }
            Self::Lame => {
                "It is named in the zone's NS records and does not answer for it, or not at all.\nConfigure the zone there, or take it out of the NS records here and at the registrar."
            }
            Self::ParentBehind => {
                "The zone's CDS records say which DS records it wants, and the parent has others. In a roll-over that is normal for some days.\nIf the registrar does not read CDS records, enter what the fix says."
            }
            Self::Broken => {
                "A record or signature on the way from the root is missing or wrong. It may be the domain, the zones above it, or something between you and them.\nAsk another resolver; then compare what each nameserver serves."
            }
            Self::NoPaymentText => {
                "Payers look for the one TXT record that begins with `bitcoin:` and pass all others over.\nPublish the payment URI: bitcoin:?lno=lno1…"
            }
            Self::SeveralPaymentTexts => {
                "With two there is no telling which one is meant, so payers must refuse both (BIP-353). It happens when a new record is added and the old one is not removed.\nLeave exactly one."
            }
            Self::SplitOverRecords => {
                "A long URI is several strings of at most 255 bytes in one record. Several records have no order, and payers never join them.\nEnter it as one record: the strings in quotes, on one line, separated by a space."
            }
            Self::Escaped => {
                "The form of the control panel was taken for part of the value: quotes, `\\\"`, `\\;`, `&amp;`, `%3F` for `?`, a space or a byte order mark at the beginning.\nEnter the URI alone; panels add the quotes themselves, or want them only around the whole."
            }
            Self::Spaced => {
                "There is white space where two strings meet, or the value ends after exactly 255 bytes: the panel put a space in, or cut the rest off.\nEnter it again as strings of at most 255 bytes without spaces inside."
            }
            Self::Order => {
                "The strings of a TXT record are joined in their order. A server that sorts them makes another URI of it.\nTell the DNS host; a URI of at most 255 bytes is one string and has no order."
            }
            Self::OtherTexts => {
                "That is legal. Some wallets and checkers look at the first record only, or want exactly one.\nMove the others elsewhere if they do not have to be here."
            }
            Self::Ttl => {
                "Payers may keep a record for its TTL: with an on-chain address that means paying an old one for hours, with an offer that ends, paying a dead one. Below a minute, every payment waits for DNS.\nSet it to between 300 and 3600 seconds."
            }
            Self::OldElsewhere => {
                "The nameservers have another record than this resolver remembers.\nWait until its TTL is over; keep the old offer alive until then."
            }
            Self::NotBip321 => {
                "BIP-353 wants a `bitcoin:` URI (BIP-321). A bare offer, `lightning:…`, `bitcoin://…` or an old key such as `b12` is not one.\nWrite bitcoin:?lno=lno1…"
            }
            Self::Offer => {
                "The offer does not parse, is for another network, has ended or ends soon, or limits what can be paid with it.\nMake a new one at the node: without an end, an amount or a quantity."
            }
            Self::Invoice => {
                "An invoice is good for one payment and ends after a while; a name is paid many times.\nPublish a BOLT 12 offer (`lno=`)."
            }
            Self::Address => {
                "Everybody who looks the name up sees what was ever paid to the address, and all payers see each other. A wrong checksum or network makes it unpayable.\nUse a silent payment address (`sp=`), or change the address after each payment."
            }
            Self::WrongKey => {
                "Silent payment addresses belong behind `sp=`, addresses of test networks behind `tb=`, and only mainnet addresses into the path.\nWrite it under its own key."
            }
            Self::Parameters => {
                "A parameter that is required and unknown, that stands twice, or an amount that is not in BTC makes payers refuse the URI (BIP-321). A fixed amount in a name that is paid many times is rarely meant.\nCorrect or remove it."
            }
            Self::Callback => {
                "A `pop` callback to the web, a file or a script is never opened; characters that move or hide text are shown as escapes.\nRemove it."
            }
            Self::FewCanPay => {
                "Lightning wallets need an offer (`lno=`), on-chain wallets a silent payment address (`sp=`) or an address.\nAdd what is missing if those wallets matter to you."
            }
            Self::UnknownKeys => {
                "They are kept and passed over. A Lightning Address or LNURL there is not proven and not paid.\nRemove what nobody uses."
            }
            Self::ProofFacts => {
                "For devices without a network: how large the proof is, how many zones and which algorithms it has, and until when it is good.\nNothing has to be done."
            }
            Self::Configuration => {
                "`paynamed` cannot start with this file.\nCorrect it; server/paynamed.example.toml explains every key."
            }
            Self::DataDirectory => {
                "Keys and registry are there. Others who can read them can sign and register in your place.\nMake them the server's own: chmod go=."
            }
            Self::Keys => {
                "Without them the zone cannot be signed again, and its names stop working when the signatures end.\nRestore them from a backup; docs/keys.md has the rest."
            }
            Self::Database => {
                "Names cannot be registered or changed; those that are published stay.\nStart the database, or restore it from a backup."
            }
            Self::Silent => {
                "The server does not run, or something else has its port.\nStart it, and see its log."
            }
            Self::NameServers => {
                "What the parent's NS records say decides who is asked.\nMake both lists the same."
            }
            Self::Addresses => {
                "A nameserver inside its own zone is found by the addresses that the parent has (glue).\nCorrect them at the registrar."
            }
            Self::Clock => {
                "Signatures are good from a second to another; with a wrong clock they are made for the wrong time.\nRun an NTP client."
            }
            Self::ChildDs => {
                "A registrar that reads CDS records would take the wrong DS records.\nRestart the server."
            }
            Self::PublicUrl => {
                "Requests are signed for the public URL, and pages are linked by it.\nCorrect `public_url`, or the proxy in front of the server."
            }
            Self::NotSeen => {
                "What it would have shown is unknown: a resolver or server did not answer.\nTry again, or ask another resolver."
            }
            Self::Provider => {
                "The DNS host whose interface `paynamed` uses does not let it in, or does not have the zone.\nCorrect the token or key in [domain.publish]."
            }
            Self::ProviderUnsigned => {
                "The DNS host serves the zone without DNSSEC, so nothing in it can be proven.\nSwitch DNSSEC on there, then enter the DS record at the registrar."
            }
        }
    }
}
