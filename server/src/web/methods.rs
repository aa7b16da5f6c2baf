//! The ways to pay that a URI offers, in words.

use payname_resolver::{Instructions, Method};

use super::moment::Moment;

/// A way to pay, to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// Which one it is, in the URI's order, from 0.
    pub(super) index: usize,
    /// What people call it.
    pub(super) title: &'static str,
    /// A word on it beside the title.
    pub(super) hint: &'static str,
    /// What it is, precisely.
    pub(super) kind: String,
    /// The code itself.
    pub(super) code: String,
    /// Its beginning and its end.
    pub(super) short: String,
    /// What the server makes of it.
    pub(super) facts: Vec<(&'static str, String)>,
    /// What its owner says in it; nobody has checked that.
    pub(super) words: Vec<(&'static str, String)>,
}

/// How much of a code is shown at each end.
const SHOWN: usize = 12;

/// The methods of a URI.
pub(super) fn ways(instructions: &Instructions) -> Vec<Way> {
    let methods = instructions.methods().iter().enumerate();
    methods.map(|(index, method)| way(index, method)).collect()
}

/// The text of a method's own QR code: the code alone, for wallets that do not read URIs of several
/// methods; upper case where that means the same and makes it smaller.
pub(super) fn qr_text(method: &Method) -> String {
    match method {
        Method::Offer(_) | Method::SilentPayment(_) => method.text().to_ascii_uppercase(),
        Method::OnChain(_) => format!("bitcoin:{}", method.text()),
        _ => method.text().to_owned(),
    }
}

fn way(index: usize, method: &Method) -> Way {
    let (mut facts, mut words) = (Vec::new(), Vec::new());
    if let Method::Offer(offer) = method {
        if let Some(amount) = offer.amount() {
            facts.push(("Amount", amount.to_string()));
        }
        if let Some(currency) = offer.currency() {
            facts.push(("Priced in", shown(&currency)));
        }
        words.extend(
            offer
                .description()
                .map(|text| ("Description", shown(&text))),
        );
        words.extend(offer.issuer().map(|text| ("Issuer", shown(&text))));
        let paths = offer.paths().len();
        let route = match paths {
            0 => "to its node, by its public key".to_owned(),
            1 => "by a blinded path, which hides the node".to_owned(),
            _ => format!("by {paths} blinded paths, which hide the node"),
        };
        facts.push(("Reached", route));
    }
    if let Some(at) = method.expires_at() {
        facts.push(("Good until", Moment(at).to_string()));
    }
    Way {
        index,
        title: title(method),
        hint: hint(method),
        kind: method.kind().to_string(),
        code: method.text().to_owned(),
        short: shortened(method.text()),
        facts,
        words,
    }
}

fn title(method: &Method) -> &'static str {
    match method {
        Method::Offer(_) | Method::Bolt11(_) => "Lightning",
        Method::SilentPayment(_) => "Silent payment",
        Method::OnChain(_) => "On chain",
        Method::Other(method) => match method.key() {
            "pay" | "payt" => "Private payment code",
            "ark" | "tark" => "Ark",
            "creq" => "Cashu request",
            "pj" => "Payjoin",
            _ => "Another way",
        },
        _ => "Another way",
    }
}

fn hint(method: &Method) -> &'static str {
    match method {
        Method::Offer(_) => "BOLT 12 offer",
        Method::Bolt11(_) => "BOLT 11 invoice",
        Method::SilentPayment(_) => "on chain, private",
        Method::OnChain(_) => "seen by everybody",
        _ => "",
    }
}

/// A code's beginning and end; all of it when it is short.
fn shortened(code: &str) -> String {
    let length = code.chars().count();
    if length <= SHOWN.saturating_mul(2) {
        return code.to_owned();
    }
    let start: String = code.chars().take(SHOWN).collect();
    let end: String = code.chars().skip(length.saturating_sub(SHOWN)).collect();
    format!("{start}…{end}")
}

/// A stranger's text, with whatever is not seen, or turns text round, written out.
///
/// HTML is escaped where it is written.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .flat_map(|character| {
            let is_unseen = matches!(character,
                '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
            if character.is_control() || is_unseen {
                character.escape_unicode().collect::<Vec<_>>()
            } else {
                vec![character]
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_written_out() {
        assert_eq!(
            shown("a\u{1b}[31m\u{202e}b\u{200b}"),
            "a\\u{1b}[31m\\u{202e}b\\u{200b}"
        );
        assert_eq!(shown("Grüße ₿ 支払い"), "Grüße ₿ 支払い");
    }

    #[test]
    fn codes_are_cut_in_the_middle() {
        assert_eq!(shortened("bc1qshort"), "bc1qshort");
        assert_eq!(
            shortened(&format!("lno1{}end", "q".repeat(400))),
            "lno1qqqqqqqq…qqqqqqqqqend"
        );
    }
}
