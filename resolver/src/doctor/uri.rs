//! The URI in a payment record (BIP-321): what cannot be paid, and by whom.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString as _},
    vec,
    vec::Vec,
};

use lightning::{bitcoin::Network, offers::offer::Quantity};

use super::{Code, Finding, Severity};
use crate::{
    Instructions, Method,
    instructions::{MethodError, MethodKind, OfferMethod, UriError},
    text::shown,
    time::UnixTime,
};

/// Offers that end within this are told about, in seconds: 30 days.
const SOON: u64 = 30 * 24 * 3600;
/// Keys that stand for something that is not proven, or has another key now.
const OLD_KEYS: [&str; 3] = ["b12", "lnurl", "lightningaddress"];

/// What is wrong with a payment URI that stands at `subject`, for payers on `network`.
///
/// ```
/// use payname_resolver::{UnixTime, doctor::{Code, judge_uri}, lightning::bitcoin::Network};
///
/// let address = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";
/// let findings = judge_uri("alice@example.com", address, Network::Bitcoin, UnixTime(1_786_000_000));
/// let codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
/// assert_eq!(codes, [Code::Address, Code::FewCanPay]);
/// ```
pub fn judge_uri(subject: &str, uri: &str, network: Network, now: UnixTime) -> Vec<Finding> {
    let judge = Judge {
        subject,
        network,
        now,
    };
    match Instructions::parse(uri) {
        Err(error) => vec![judge.refused(uri, &error)],
        Ok(instructions) => judge.read(&instructions),
    }
}

struct Judge<'a> {
    subject: &'a str,
    network: Network,
    now: UnixTime,
}

impl Judge<'_> {
    fn say(&self, severity: Severity, code: Code, evidence: impl Into<String>) -> Finding {
        Finding::new(severity, code, self.subject, evidence)
    }

    /// A URI that no payer takes.
    fn refused(&self, uri: &str, error: &UriError) -> Finding {
        let (code, fix) = match error {
            UriError::NotBitcoin(_) => (Code::NotBip321, "write bitcoin:?lno=lno1…"),
            UriError::ForbiddenCallback(_) => (Code::Callback, "remove it"),
            UriError::NothingToPay => (Code::FewCanPay, "add an offer: bitcoin:?lno=lno1…"),
            UriError::Required { reason, .. } | UriError::NoGoodMethod { reason, .. } => {
                reasoned(reason)
            }
            _ if uri
                .get(..10)
                .is_some_and(|start| start.eq_ignore_ascii_case("bitcoin://")) =>
            {
                (Code::NotBip321, "write bitcoin: without the slashes")
            }
            UriError::UnknownRequired(_) => {
                (Code::Parameters, "remove it, or the `req-` before it")
            }
            _ => (Code::Parameters, "correct it, or remove it"),
        };
        self.say(Severity::Error, code, error.to_string()).fix(fix)
    }

    fn read(&self, instructions: &Instructions) -> Vec<Finding> {
        let mut findings = Vec::new();
        let methods = instructions.methods();
        for bad in instructions.rejected() {
            let (code, fix) = reasoned(&bad.reason);
            let evidence = format!(
                "`{}={}` is no good: {}",
                bad.key,
                shown(&bad.value),
                bad.reason
            );
            findings.push(self.say(Severity::Error, code, evidence).fix(fix));
        }
        for method in methods {
            match method {
                Method::Offer(offer) => findings.extend(self.offer(offer)),
                Method::Bolt11(_) => findings.push(self.invoice(methods)),
                Method::OnChain(address) if address.is_valid_for(self.network) => {
                    let evidence = format!("everybody sees all payments to {}", address.text());
                    let fix = "use a silent payment address (sp=), or change the address after each payment";
                    findings.push(
                        self.say(Severity::Warning, Code::Address, evidence)
                            .fix(fix),
                    );
                }
                _ => {}
            }
            if !method.supports(self.network) && !matches!(method, Method::Offer(_)) {
                let evidence = format!(
                    "`{}` is of another network than {}",
                    shown(method.text()),
                    self.network
                );
                let fix = "write it under the key of its network, such as `tb=` for test networks";
                findings.push(self.say(Severity::Error, Code::WrongKey, evidence).fix(fix));
            }
        }
        findings.extend(self.whole(instructions));
        findings
    }

    fn offer(&self, method: &OfferMethod) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut say = |severity, evidence: String, fix: &str| {
            findings.push(self.say(severity, Code::Offer, evidence).fix(fix));
        };
        if !method.supports(self.network) {
            let evidence = format!("the offer is of another network than {}", self.network);
            say(
                Severity::Error,
                evidence,
                "make it with a node of this network",
            );
        }
        match method.expires_at() {
            Some(end) if method.is_expired_at(self.now) => {
                say(
                    Severity::Error,
                    format!("the offer ended at {end}"),
                    "make a new one, without an end",
                );
            }
            Some(end) if self.now.until(end) < SOON => {
                let days = self.now.until(end).checked_div(24 * 3600).unwrap_or(0);
                say(
                    Severity::Warning,
                    format!("the offer ends in {days} days, at {end}"),
                    "make a new one, without an end",
                );
            }
            _ => {}
        }
        if method.requires_unknown_features() {
            let evidence = "the offer requires features that are not known here".to_owned();
            say(
                Severity::Warning,
                evidence,
                "make it without them; wallets that do not know them cannot pay",
            );
        }
        if let Some(amount) = method.amount() {
            let fix = "make one without an amount, unless everybody is to pay the same";
            say(
                Severity::Warning,
                format!("the offer asks for {amount}"),
                fix,
            );
        } else if let Some(currency) = method.currency() {
            let evidence = format!("the offer is priced in {}", shown(&currency));
            say(
                Severity::Warning,
                evidence,
                "price it in bitcoin, or not; few wallets convert",
            );
        }
        if method.quantity() != Quantity::One {
            let fix = "make one without quantities; few wallets ask for them";
            say(
                Severity::Warning,
                "the offer is for a quantity of something".to_owned(),
                fix,
            );
        }
        if method.description().is_none_or(|text| text.is_empty()) {
            let fix = "make one that says who is paid; payers read it before they pay";
            say(
                Severity::Info,
                "the offer has no description".to_owned(),
                fix,
            );
        }
        findings
    }

    fn invoice(&self, methods: &[Method]) -> Finding {
        let (severity, evidence) = match methods.len() {
            1 => (
                Severity::Error,
                "the only way to pay is a BOLT 11 invoice, which is good once and ends",
            ),
            _ => (
                Severity::Warning,
                "a BOLT 11 invoice stands beside the rest; it is good once and ends",
            ),
        };
        self.say(severity, Code::Invoice, evidence)
            .fix("publish a BOLT 12 offer: lno=lno1…")
    }

    /// What concerns the URI as a whole.
    fn whole(&self, instructions: &Instructions) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(amount) = instructions.amount() {
            let evidence = format!("the URI asks for {amount}, from everybody and every time");
            findings.push(
                self.say(Severity::Warning, Code::Parameters, evidence)
                    .fix("leave `amount` out"),
            );
        }
        if let Some(pop) = instructions
            .proof_of_payment()
            .filter(|pop| !pop.may_be_opened())
        {
            let evidence = format!("`pop={}` is never opened (BIP-321)", shown(pop.text()));
            findings.push(
                self.say(Severity::Warning, Code::Callback, evidence)
                    .fix("remove it"),
            );
        }
        for (key, text) in [
            ("label", instructions.label()),
            ("message", instructions.message()),
        ] {
            let Some(text) = text.filter(|text| text.chars().any(is_hidden)) else {
                continue;
            };
            let evidence = format!(
                "`{key}` has characters that move or hide text: {}",
                shown(text)
            );
            findings.push(
                self.say(Severity::Warning, Code::Callback, evidence)
                    .fix("write it again without them"),
            );
        }
        findings.extend(self.who_can_pay(instructions.methods()));
        for parameter in instructions.unknown() {
            let key = parameter.key.as_str();
            let (severity, fix) = match OLD_KEYS.contains(&key) {
                true => (Severity::Warning, "publish an offer: lno=lno1…"),
                false => (Severity::Info, "remove it if nobody uses it"),
            };
            let evidence = format!("`{}` is not known here, and passed over", shown(key));
            findings.push(self.say(severity, Code::UnknownKeys, evidence).fix(fix));
        }
        findings
    }

    fn who_can_pay(&self, methods: &[Method]) -> Option<Finding> {
        let has = |kind| methods.iter().any(|method| method.kind() == kind);
        let lightning = has(MethodKind::Offer);
        let on_chain = has(MethodKind::OnChain) || has(MethodKind::SilentPayment);
        let (severity, evidence, fix) = match (lightning, on_chain) {
            (true, true) => return None,
            (true, false) => (
                Severity::Info,
                "on-chain wallets, such as Sparrow, find nothing to pay",
                "add a silent payment address: sp=sp1…",
            ),
            (false, _) => (
                Severity::Warning,
                "Lightning wallets, such as Phoenix, Zeus and Core Lightning, find no offer",
                "add one: lno=lno1…",
            ),
        };
        Some(self.say(severity, Code::FewCanPay, evidence).fix(fix))
    }
}

/// What to do about a method that is no good.
fn reasoned(reason: &MethodError) -> (Code, &'static str) {
    match reason {
        MethodError::Offer(_) => (Code::Offer, "copy the whole offer from the node again"),
        MethodError::Invoice { .. } => {
            (Code::Invoice, "publish a BOLT 12 offer instead: lno=lno1…")
        }
        MethodError::SilentPayment(_) | MethodError::OtherNetwork => (
            Code::WrongKey,
            "write each address under its own key: sp=, tb=, bc=",
        ),
        MethodError::Address { hint } if !hint.is_empty() => (
            Code::WrongKey,
            "write each address under its own key: sp=, tb=, bc=",
        ),
        MethodError::Address { .. } => (Code::Address, "copy the address again"),
        _ => (Code::Parameters, "correct it, or remove it"),
    }
}

/// Characters that move, reorder or hide text.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether payers may keep a record for too long, or hardly at all (BIP-353).
///
/// ```
/// use payname_resolver::{UnixTime, doctor::judge_ttl};
///
/// let uri = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";
/// assert!(judge_ttl("alice@example.com", 3600, uri, UnixTime(0)).is_none());
/// assert!(judge_ttl("alice@example.com", 86_400, uri, UnixTime(0)).is_some());
/// ```
pub fn judge_ttl(subject: &str, ttl: u32, uri: &str, now: UnixTime) -> Option<Finding> {
    let instructions = Instructions::parse(uri).ok()?;
    let mut methods = instructions.methods().iter();
    let ends = methods.clone().filter_map(Method::expires_at).min();
    let (evidence, fix) = if ttl < 60 {
        (
            "every payment has to wait for DNS".to_owned(),
            "set it to 300 or more",
        )
    } else if ttl > 3600 && methods.any(|method| method.kind() == MethodKind::OnChain) {
        (
            "an on-chain address is paid for that long after it was changed".to_owned(),
            "set it to 3600 or less",
        )
    } else if let Some(end) = ends.filter(|end| now.until(*end) < u64::from(ttl) && now < *end) {
        (
            format!("it is kept beyond the end of what it holds, at {end}"),
            "publish what does not end, or a lower TTL",
        )
    } else {
        return None;
    };
    let evidence = format!("the TTL is {ttl} s: {evidence}");
    Some(Finding::new(Severity::Warning, Code::Ttl, subject, evidence).fix(fix))
}
