//! The recorded proofs under `resolver/vectors`.

use std::path::{Path, PathBuf};

use payname_resolver::hickory_proto::rr::Name;
use payname_resolver::{Proof, UnixTime};
use serde_json::Value;

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
    /// The `bitcoin:` URI in it, if there is exactly one.
    pub uri: Option<String>,
}

impl Vector {
    /// Every recorded proof.
    ///
    /// # Panics
    /// The index or a file is missing or malformed.
    pub fn all() -> Vec<Self> {
        let folder = folder("resolver/vectors");
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
                    uri: entry["expected_uri"].as_str().map(str::to_owned),
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

/// A folder of the checkout.
pub(crate) fn folder(path: &str) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let checkout = here.ancestors().nth(2).unwrap_or(here);
    checkout.join(path)
}
