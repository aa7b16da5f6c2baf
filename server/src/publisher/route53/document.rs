//! The XML documents of Route 53's API: written, and read by their elements.

use roxmltree::{Document, Node};

use crate::publisher::edit::Edit;

/// One record set of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) ttl: u32,
    pub(super) values: Vec<String>,
}

/// A list, or a page of one with where the next begins.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) sets: Vec<Set>,
    pub(super) next: Option<(String, String)>,
}

/// What a document says, or that it is none.
#[derive(Debug)]
pub(super) enum Answered<T> {
    Is(T),
    Broken(Broken),
}

/// Why a document cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("it is no XML document")]
    Xml(#[from] roxmltree::Error),
    #[error("it is another document than was asked for")]
    Other,
}

impl<T> From<Result<T, Broken>> for Answered<T> {
    fn from(read: Result<T, Broken>) -> Self {
        match read {
            Ok(read) => Self::Is(read),
            Err(broken) => Self::Broken(broken),
        }
    }
}

/// Reads a list.
pub(super) fn listed(text: &str) -> Answered<Listed> {
    read_list(text).into()
}

fn read_list(text: &str) -> Result<Listed, Broken> {
    let document = Document::parse(text)?;
    let root = root(&document, "ListResourceRecordSetsResponse")?;
    let sets = child(root, "ResourceRecordSets").ok_or(Broken::Other)?;
    let sets = children(sets, "ResourceRecordSet").map(|set| Set {
        name: text_of(set, "Name"),
        kind: text_of(set, "Type"),
        ttl: text_of(set, "TTL").parse().unwrap_or_default(),
        values: child(set, "ResourceRecords")
            .into_iter()
            .flat_map(|records| children(records, "ResourceRecord"))
            .map(|record| text_of(record, "Value"))
            .collect(),
    });
    let sets = sets.collect();
    let next = match text_of(root, "IsTruncated").as_str() {
        "true" => Some((
            text_of(root, "NextRecordName"),
            text_of(root, "NextRecordType"),
        )),
        "false" => None,
        _ => return Err(Broken::Other),
    };
    Ok(Listed { sets, next })
}

/// The DS records of the active keys; none where nothing is signed.
pub(super) fn dnssec(text: &str) -> Answered<Option<Vec<String>>> {
    read_dnssec(text).into()
}

fn read_dnssec(text: &str) -> Result<Option<Vec<String>>, Broken> {
    let document = Document::parse(text)?;
    let root = root(&document, "GetDNSSECResponse")?;
    let status = child(root, "Status").ok_or(Broken::Other)?;
    if text_of(status, "ServeSignature") != "SIGNING" {
        return Ok(None);
    }
    let keys = child(root, "KeySigningKeys").into_iter();
    let keys = keys.flat_map(|keys| children(keys, "KeySigningKey").collect::<Vec<_>>());
    let active = keys.filter(|key| text_of(*key, "Status") == "ACTIVE");
    Ok(Some(active.map(|key| text_of(key, "DSRecord")).collect()))
}

/// The code and the message of a refusal, as far as it is one.
pub(super) fn error(text: &str) -> (String, String) {
    let Ok(document) = Document::parse(text) else {
        return (String::new(), String::new());
    };
    let find = |name: &str| {
        let mut nodes = document.descendants();
        let node = nodes.find(|node| node.tag_name().name() == name);
        node.and_then(|node| node.text())
            .unwrap_or_default()
            .to_owned()
    };
    if document.root_element().tag_name().name() == "InvalidChangeBatch" {
        return ("InvalidChangeBatch".to_owned(), find("Message"));
    }
    (find("Code"), find("Message"))
}

/// The request that carries out edits, with the values that each sends.
pub(super) fn batch<'a>(edits: impl Iterator<Item = (&'a Edit, Vec<String>)>) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes>",
    );
    for (edit, values) in edits {
        let (action, ttl) = match edit.after.is_empty() {
            true => ("DELETE", edit.before.first().map_or(0, |text| text.ttl)),
            false => ("UPSERT", edit.ttl()),
        };
        let name = escaped(&edit.owner.to_ascii());
        text.push_str(&format!(
            "<Change><Action>{action}</Action><ResourceRecordSet><Name>{name}</Name><Type>TXT</Type><TTL>{ttl}</TTL><ResourceRecords>"
        ));
        for value in values {
            let value = escaped(&value);
            text.push_str(&format!(
                "<ResourceRecord><Value>{value}</Value></ResourceRecord>"
            ));
        }
        text.push_str("</ResourceRecords></ResourceRecordSet></Change>");
    }
    text.push_str("</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>");
    text
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
}

fn root<'a, 'i>(document: &'a Document<'i>, name: &str) -> Result<Node<'a, 'i>, Broken> {
    let root = document.root_element();
    (root.tag_name().name() == name)
        .then_some(root)
        .ok_or(Broken::Other)
}

fn children<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children()
        .filter(move |child| child.tag_name().name() == name)
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> Option<Node<'a, 'i>> {
    children(node, name).next()
}

fn text_of(node: Node<'_, '_>, name: &'static str) -> String {
    let child = child(node, name).and_then(|child| child.text());
    child.unwrap_or_default().to_owned()
}
