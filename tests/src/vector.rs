//! The recorded proofs under `resolver/vectors`.

use payname_resolver::hickory_proto::rr::Name;
use payname_resolver::{Proof, UnixTime};
use serde_json::Value;

use crate::tools::workspace;

/// A recorded proof with what the index says of it.
#[derive(Debug, Clone)]
pub struct Vector {
    /// Its name in the index.
    pub name: String,
    /// The name whose TXT (or TLSA) records it proves.
    pub owner: Name,
    /// The proof.
    pub bytes: Vec<u8>,
    /// Whether the records are proven.
    pub is_valid: bool,
    /// Whether IANA's anchors are the ones it starts from.
    pub is_public: bool,
    /// A second in which its signatures are valid.
    pub inside: UnixTime,
}

impl Vector {
    /// Every recorded proof.
    ///
    /// # Panics
    /// The index or a file is missing or malformed.
    pub fn all() -> Vec<Self> {
        let folder = workspace().join("resolver/vectors");
        let read = |file: &str| {
            let file = folder.join(file);
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file:?}: {error}"))
        };
        let index: Vec<Value> = serde_json::from_str(&read("index.json")).unwrap();
        index
            .iter()
            .map(|entry| {
                let text = |key: &str| entry[key].as_str().unwrap();
                let number = |key: &str| entry[key].as_u64().unwrap();
                Self {
                    name: text("name").to_owned(),
                    owner: Name::from_ascii(text("query_name")).unwrap(),
                    bytes: hex::decode(read(text("file")).trim()).unwrap(),
                    is_valid: entry["valid"] == true,
                    is_public: entry.get("root_anchor").is_none_or(Value::is_null),
                    inside: UnixTime(u64::midpoint(number("valid_from"), number("valid_until"))),
                }
            })
            .collect()
    }

    /// The recorded proof of `matt@mattcorallo.com`: two RSA and four P-256 signatures.
    ///
    /// # Panics
    /// It is missing.
    pub fn matt() -> Self {
        let name = "dnssec-prover-0.6.10-034-check_single_txt_proof";
        Self::all()
            .into_iter()
            .find(|vector| vector.name == name)
            .unwrap()
    }

    /// The proof.
    ///
    /// # Panics
    /// The bytes are no proof.
    pub fn proof(&self) -> Proof {
        Proof::parse(&self.bytes).unwrap()
    }
}
