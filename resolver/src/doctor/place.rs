//! Where a record was put by mistake.

use alloc::{format, string::String, vec::Vec};

use hickory_proto::rr::Name;

use super::{Code, Finding, Severity};
use crate::Handle;

/// Sub-domains at which names are published that are advertised without them.
const SUBDOMAINS: [&str; 4] = ["pay", "ln", "www", "bitcoin"];

/// A name at which a payment record is found that should stand elsewhere.
///
/// ```
/// use payname_resolver::{Handle, doctor::WrongPlace};
///
/// let alice: Handle = "alice@example.com".parse()?;
/// let places = WrongPlace::all(&alice);
/// let place = places.iter().find(|place| place.owner.to_ascii() == "alice._bitcoin-payment.example.com.");
/// let finding = place.unwrap().finding(&alice);
/// assert!(finding.fix.contains("alice.user._bitcoin-payment.example.com."));
/// # Ok::<(), payname_resolver::HandleError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongPlace {
    /// Where to look.
    pub owner: Name,
    /// What it means if there is a record that begins with `bitcoin:`.
    pub code: Code,
    what: &'static str,
}

impl WrongPlace {
    /// The places where the record of a name is put by mistake, the likeliest first.
    pub fn all(handle: &Handle) -> Vec<Self> {
        let (user, domain) = (handle.user(), handle.domain());
        let mut places = Vec::new();
        let mut add = |owner: String, code, what| {
            // A name that is too long for DNS is no place.
            if let Ok(owner) = Name::from_ascii(owner) {
                places.push(Self { owner, code, what });
            }
        };
        let owner = Code::WrongOwner;
        add(
            format!("{user}._bitcoin-payment.{domain}."),
            owner,
            "`user` is missing",
        );
        add(
            format!("{user}.user._bitcoin_payment.{domain}."),
            owner,
            "an underscore stands for the hyphen",
        );
        add(
            format!("{user}.user.bitcoin-payment.{domain}."),
            owner,
            "the underscore is missing",
        );
        add(
            format!("_bitcoin-payment.{user}.{domain}."),
            owner,
            "the labels are in another order",
        );
        add(
            format!("{user}.{domain}."),
            owner,
            "the labels between user and domain are missing",
        );
        add(format!("{domain}."), owner, "it is the domain itself");
        let doubled = format!("{user}.user._bitcoin-payment.{domain}.{domain}.");
        add(
            doubled,
            Code::DomainDoubled,
            "the domain was appended twice",
        );
        for sub in SUBDOMAINS {
            let owner = format!("{user}.user._bitcoin-payment.{sub}.{domain}.");
            add(
                owner,
                Code::OtherDomain,
                "it is another domain than the name's",
            );
        }
        places
    }

    /// What to say when a payment record was found here.
    pub fn finding(&self, handle: &Handle) -> Finding {
        let evidence = format!(
            "the record stands at {}: {}",
            self.owner.to_ascii(),
            self.what
        );
        let finding = Finding::new(Severity::Error, self.code, handle.as_str(), evidence);
        finding.fix(format!("move it to {}", handle.owner_name().to_ascii()))
    }
}
