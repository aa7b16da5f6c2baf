//! An UPDATE message (RFC 2136): what must stand at the names, and what is to stand there instead.
//!
//! One message is one change: a server shows all of it at once, or, where a single prerequisite does not hold,
//! nothing. So what is deleted and what takes its place are never seen apart.

use payname_resolver::hickory_proto::rr::Name;

use crate::{
    publisher::edit::{Edit, Text},
    transfer::{code, push_name},
};

/// Class IN.
const IN: u16 = 1;
/// Class NONE: "there is no such set" among the prerequisites.
const NONE: u16 = 254;
/// Class ANY: "delete the whole set" among the updates.
const ANY: u16 = 255;
/// A pointer to the zone's name, which follows the header.
const TO_ZONE: [u8; 2] = [0xc0, 12];
/// The longest message, with room left for a signature.
const LONGEST: usize = 64_000;

/// The messages that carry out edits, in their order, each with how many it carries.
///
/// An edit never spans two; one that is too large for any is in one alone, which cannot be sent.
pub(super) fn updates(zone: &Name, edits: &[Edit], most: usize) -> Vec<(usize, Vec<u8>)> {
    let mut messages = Vec::new();
    let mut draft = Draft::default();
    for edit in edits {
        let mut one = Draft::default();
        one.add(zone, edit);
        if draft.edits > 0
            && (draft.edits >= most || draft.length().saturating_add(one.length()) > LONGEST)
        {
            messages.push((draft.edits, draft.message(zone)));
            draft = Draft::default();
        }
        draft.append(one);
    }
    if draft.edits > 0 {
        messages.push((draft.edits, draft.message(zone)));
    }
    messages
}

/// A message that is being put together.
#[derive(Default)]
struct Draft {
    edits: usize,
    prerequisites: (u16, Vec<u8>),
    changes: (u16, Vec<u8>),
}

impl Draft {
    fn add(&mut self, zone: &Name, edit: &Edit) {
        self.edits = 1;
        // What a wildcard gives is not at the name.
        let before = if edit.is_doubted {
            &[][..]
        } else {
            &edit.before
        };
        let after = edit.after.iter();
        let after = after.filter(|text| !edit.is_doubted || text.is_payment());
        let owner = relative(zone, &edit.owner);
        if before.is_empty() {
            push(&mut self.prerequisites, &owner, NONE, 0, None);
        }
        for text in before {
            push(&mut self.prerequisites, &owner, IN, 0, Some(text));
        }
        if !before.is_empty() {
            push(&mut self.changes, &owner, ANY, 0, None);
        }
        for text in after {
            push(&mut self.changes, &owner, IN, edit.ttl(), Some(text));
        }
    }

    fn append(&mut self, other: Self) {
        self.edits = self.edits.saturating_add(other.edits);
        for (to, from) in [
            (&mut self.prerequisites, other.prerequisites),
            (&mut self.changes, other.changes),
        ] {
            to.0 = to.0.saturating_add(from.0);
            to.1.extend(from.1);
        }
    }

    fn length(&self) -> usize {
        let lengths = [self.prerequisites.1.len(), self.changes.1.len(), 512];
        lengths.into_iter().fold(0, usize::saturating_add)
    }

    fn message(&self, zone: &Name) -> Vec<u8> {
        let mut message = vec![0, 0, code::UPDATE << 3, 0, 0, 1];
        message.extend(self.prerequisites.0.to_be_bytes());
        message.extend(self.changes.0.to_be_bytes());
        message.extend([0, 0]);
        push_name(&mut message, zone);
        message.extend(code::SOA.to_be_bytes());
        message.extend(IN.to_be_bytes());
        message.extend(&self.prerequisites.1);
        message.extend(&self.changes.1);
        message
    }
}

/// A name by its labels below the zone and a pointer to that.
fn relative(zone: &Name, owner: &Name) -> Vec<u8> {
    let below = usize::from(owner.num_labels()).saturating_sub(zone.num_labels().into());
    let mut wire = Vec::new();
    for label in owner.iter().take(below) {
        wire.push(label.len() as u8);
        wire.extend(label);
    }
    wire.extend(TO_ZONE);
    wire
}

/// One TXT record, or a word about the whole set where there is no text.
fn push(to: &mut (u16, Vec<u8>), owner: &[u8], class: u16, ttl: u32, text: Option<&Text>) {
    let (count, bytes) = to;
    *count = count.saturating_add(1);
    bytes.extend(owner);
    bytes.extend(code::TXT.to_be_bytes());
    bytes.extend(class.to_be_bytes());
    bytes.extend(ttl.to_be_bytes());
    let mut data = Vec::new();
    for string in text.iter().flat_map(|text| &text.strings) {
        data.push(string.len() as u8);
        data.extend(string);
    }
    bytes.extend((data.len() as u16).to_be_bytes());
    bytes.extend(data);
}

#[cfg(test)]
mod tests {
    use payname_resolver::hickory_proto::{
        op::{Message, OpCode},
        rr::{DNSClass, Record},
    };

    use super::*;

    fn text(string: &str) -> Text {
        Text {
            strings: vec![string.as_bytes().to_vec()],
            ttl: 300,
            id: None,
        }
    }

    fn edit(user: usize, before: &[Text], after: &[Text]) -> Edit {
        let owner = format!("user{user}.user._bitcoin-payment.example.test.");
        Edit {
            owner: owner.parse().unwrap(),
            before: before.to_vec(),
            after: after.to_vec(),
            is_doubted: false,
        }
    }

    fn read(zone: &Name, edits: &[Edit]) -> Vec<Message> {
        let messages = updates(zone, edits, 100);
        let carried: usize = messages.iter().map(|(count, _)| count).sum();
        assert_eq!(carried, edits.len());
        let messages = messages.iter();
        messages
            .map(|(_, message)| Message::from_vec(message).unwrap())
            .collect()
    }

    #[test]
    fn others_read_a_change_as_one_message_that_deletes_and_adds_under_conditions() {
        let zone: Name = "example.test.".parse().unwrap();
        let edits = [
            edit(1, &[], &[text("bitcoin:?a")]),
            edit(
                2,
                &[text("bitcoin:?old"), text("v=spf1")],
                &[text("v=spf1"), text("bitcoin:?new")],
            ),
            edit(3, &[text("bitcoin:?gone")], &[]),
        ];
        let [message] = &read(&zone, &edits)[..] else {
            panic!("not one message");
        };
        assert_eq!(message.metadata.op_code, OpCode::Update);
        assert_eq!(message.queries[0].name(), &zone);
        let told = |record: &Record| {
            let user = record.name.iter().next().unwrap().to_vec();
            (
                String::from_utf8(user).unwrap(),
                record.dns_class,
                record.ttl,
            )
        };
        let conditions: Vec<_> = message.answers.iter().map(told).collect();
        let user = |user: &str| user.to_owned();
        assert_eq!(
            conditions,
            [
                (user("user1"), DNSClass::NONE, 0),
                (user("user2"), DNSClass::IN, 0),
                (user("user2"), DNSClass::IN, 0),
                (user("user3"), DNSClass::IN, 0),
            ]
        );
        let changes: Vec<_> = message.authorities.iter().map(told).collect();
        assert_eq!(
            changes,
            [
                (user("user1"), DNSClass::IN, 300),
                (user("user2"), DNSClass::ANY, 0),
                (user("user2"), DNSClass::IN, 300),
                (user("user2"), DNSClass::IN, 300),
                (user("user3"), DNSClass::ANY, 0),
            ]
        );
    }

    #[test]
    fn what_may_come_from_a_wildcard_is_not_asked_to_be_at_the_name() {
        let zone: Name = "example.test.".parse().unwrap();
        let mut edit = edit(
            1,
            &[text("bitcoin:?wild"), text("wild")],
            &[text("wild"), text("bitcoin:?new")],
        );
        edit.is_doubted = true;
        let messages = read(&zone, &[edit]);
        assert_eq!(messages[0].answers.len(), 1);
        assert_eq!(messages[0].answers[0].dns_class, DNSClass::NONE);
        assert_eq!(messages[0].authorities.len(), 1);
    }

    #[test]
    fn many_edits_go_into_as_few_messages_as_can_be_sent() {
        let zone: Name = "example.test.".parse().unwrap();
        let long = Text {
            strings: vec![vec![b'x'; 255], vec![b'x'; 200]],
            ttl: 300,
            id: None,
        };
        let adding: Vec<_> = (0..250)
            .map(|user| edit(user, &[], std::slice::from_ref(&long)))
            .collect();
        assert_eq!(read(&zone, &adding).len(), 3, "100 names each");
        let changing: Vec<_> = (0..100)
            .map(|user| {
                let old = std::slice::from_ref(&long);
                edit(user, old, old)
            })
            .collect();
        let messages = updates(&zone, &changing, 100);
        assert_eq!(messages.len(), 2);
        assert!(messages.iter().all(|(_, bytes)| bytes.len() < 65_000));
    }
}
