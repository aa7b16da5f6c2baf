//! What stands at a name, and what is to stand there: the rule that every provider shares, as a function.
//!
//! A name has one payment record or none (BIP-353), and whatever else somebody keeps there in TXT records
//! stays. A provider only carries out an [`Edit`]; it decides nothing.

use payname_resolver::hickory_proto::rr::{Name, rdata::TXT};

/// How every payment record begins, in whatever case.
const SCHEME: &[u8] = b"bitcoin:";

/// One TXT record as a provider has it, or is to have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Its strings; what they say is all of them together.
    pub strings: Vec<Vec<u8>>,
    /// Its TTL, in seconds.
    pub ttl: u32,
    /// What the provider calls it, where it gives each record a name of its own.
    pub id: Option<String>,
}

/// The TXT records at a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The name.
    pub owner: Name,
    /// Its records; none where the name does not exist.
    pub texts: Vec<Text>,
}

/// What is to be at a name in place of what was seen there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The name.
    pub owner: Name,
    /// What was seen. Who can, changes nothing unless just this is still there.
    pub before: Vec<Text>,
    /// What is to be there; none means no TXT record at all. A record that stays has the id it had.
    pub after: Vec<Text>,
    /// What was seen has been refused as untrue before, and seen again: it may come from a wildcard.
    pub is_doubted: bool,
}

impl Text {
    /// A record of these strings.
    pub fn new(txt: &TXT, ttl: u32) -> Self {
        Self {
            strings: txt.txt_data.iter().map(|string| string.to_vec()).collect(),
            ttl,
            id: None,
        }
    }

    /// What its strings say together.
    pub fn joined(&self) -> Vec<u8> {
        self.strings.concat()
    }

    /// Whether it is a payment record: what BIP-353 allows but one of at a name.
    pub fn is_payment(&self) -> bool {
        let text = self.joined();
        text.get(..SCHEME.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
    }

    /// Whether it says the same for as long.
    fn is_same(&self, other: &Self) -> bool {
        self.ttl == other.ttl && self.joined() == other.joined()
    }
}

impl Found {
    /// The payment records; more than one is none to a payer.
    pub fn payments(&self) -> impl Iterator<Item = &Text> {
        self.texts.iter().filter(|text| text.is_payment())
    }

    /// Whether just this payment record is here, or none if none is wanted.
    pub fn is_settled(&self, wanted: Option<&Text>) -> bool {
        let mut payments = self.payments();
        match (wanted, payments.next(), payments.next()) {
            (None, None, _) => true,
            (Some(wanted), Some(only), None) => only.is_same(wanted),
            _ => false,
        }
    }

    /// What is to be done for this payment record, or none, to be here; nothing where that is so.
    pub fn edit(&self, wanted: Option<&Text>) -> Option<Edit> {
        if self.is_settled(wanted) {
            return None;
        }
        let others = self.texts.iter().filter(|text| !text.is_payment());
        // Whoever comes at the same time keeps the same one.
        let kept = self.payments().min_by(|one, other| one.id.cmp(&other.id));
        let wanted = wanted.map(|wanted| Text {
            id: kept.and_then(|kept| kept.id.clone()),
            ..wanted.clone()
        });
        Some(Edit {
            owner: self.owner.clone(),
            before: self.texts.clone(),
            after: others.cloned().chain(wanted).collect(),
            is_doubted: false,
        })
    }
}

impl Edit {
    /// The TTL of all records together, where a provider knows no other.
    pub fn ttl(&self) -> u32 {
        let payment = self.after.iter().find(|text| text.is_payment());
        let text = payment.or(self.after.first());
        text.map_or(0, |text| text.ttl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(joined: &str, ttl: u32, id: &str) -> Text {
        let strings = joined.as_bytes().chunks(255).map(<[u8]>::to_vec).collect();
        Text {
            strings,
            ttl,
            id: Some(id.to_owned()),
        }
    }

    fn found(texts: &[Text]) -> Found {
        Found {
            owner: "alice.user._bitcoin-payment.example.test.".parse().unwrap(),
            texts: texts.to_vec(),
        }
    }

    /// What stands there once an edit is carried out, or what stood there where there is none.
    fn done(found: &Found, wanted: Option<&Text>) -> Found {
        let edit = found.edit(wanted);
        Found {
            owner: found.owner.clone(),
            texts: edit.map_or_else(|| found.texts.clone(), |edit| edit.after),
        }
    }

    #[test]
    fn whatever_was_there_one_payment_record_is_left_and_what_others_wrote() {
        let pieces = [
            text("bitcoin:?lno=lno1old", 300, "1"),
            text("BitCoin:?sp=sp1", 300, "2"),
            text("v=spf1 -all", 900, "3"),
            text("bitcoin", 300, "4"),
            text("", 300, "5"),
            text("bitcoin:?lno=lno1new", 300, "6"),
        ];
        let new = Text {
            id: None,
            ..text("bitcoin:?lno=lno1new", 300, "")
        };
        for chosen in 0..1_usize << pieces.len() {
            let here = pieces.iter().enumerate();
            let here = here.filter(|(place, _)| chosen >> place & 1 == 1);
            let before = found(&here.map(|(_, text)| text.clone()).collect::<Vec<_>>());
            for wanted in [None, Some(&new)] {
                let after = done(&before, wanted);
                let payments: Vec<_> = after.payments().map(Text::joined).collect();
                let expected: Vec<_> = wanted.iter().map(|wanted| wanted.joined()).collect();
                assert_eq!(payments, expected);
                let others = |found: &Found| {
                    let others = found.texts.iter().filter(|text| !text.is_payment());
                    others.cloned().collect::<Vec<_>>()
                };
                assert_eq!(others(&before), others(&after));
                assert_eq!(after.edit(wanted), None, "done twice is done once");
            }
        }
    }

    #[test]
    fn a_scheme_in_two_strings_and_any_case_is_a_payment() {
        let split = Text {
            strings: vec![b"BIT".to_vec(), b"coin:?lno=lno1".to_vec()],
            ttl: 300,
            id: None,
        };
        assert!(split.is_payment());
        assert!(!text("bitcoin", 300, "").is_payment());
        assert!(!text(" bitcoin:", 300, "").is_payment());
    }

    #[test]
    fn of_several_payment_records_everybody_keeps_the_same() {
        let before = found(&[
            text("bitcoin:?lno=lno1b", 60, "b"),
            text("bitcoin:?lno=lno1a", 300, "a"),
        ]);
        let wanted = Text {
            id: None,
            ..text("bitcoin:?lno=lno1b", 300, "")
        };
        let edit = before.edit(Some(&wanted)).unwrap();
        assert_eq!(edit.after, [text("bitcoin:?lno=lno1b", 300, "a")]);
        assert_eq!(edit.ttl(), 300);
        assert_eq!(found(&[]).edit(None), None);
    }
}
