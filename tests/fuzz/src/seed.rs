//! Inputs to begin with: every recorded proof, in the form that each target takes.

use std::fs;
use std::path::Path;

use payname_resolver::lightning::bitcoin::absolute::LockTime;
use payname_resolver::lightning::bitcoin::address::NetworkUnchecked;
use payname_resolver::lightning::bitcoin::psbt::raw::Key;
use payname_resolver::lightning::bitcoin::transaction::Version;
use payname_resolver::lightning::bitcoin::{Address, Amount, Psbt, Transaction, TxIn, TxOut};
use payname_resolver::psbt::PSBT_OUT_DNSSEC_PROOF;

use crate::mutation::bytes_of;
use crate::raw::Raw;
use crate::vector::{Vector, folder};
use crate::zones;

/// A name and the bytes.
pub type Seed = (String, Vec<u8>);

/// Well-formed texts that the vectors do not hold, one of each notation.
const URIS: [&str; 8] = [
    "bitcoin:1andreas3batLhQa2FawWjeyjCqyBzypd?amount=20.3&label=Luke-Jr",
    "bitcoin:?lno=lno1pg257enxv4ezqcneype82um50ynhxgrwdajx283qfwdpl28qqmc78ymlvhmxcsywdk5wrjnj36jryg488qwlrnzyjczs",
    "bitcoin:?sp=sp1qqgste7k9hx0qftg6qmwlkqtwuy6cycyavzmzj85c6qdfhjdpdjtdgqjuexzk6murw56suy3e0rd2cgqvycxttddwsvgxe2usfpxumr70xc9pkqwv",
    "bitcoin:?bc=bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l&tb=tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx&req-pop=app%3apaid%3f",
    "BITCOIN:?BC=BC1QYYQ734DCNHHCWYW8YJXSWXG4P7K9NXU0QT84QZ&AMOUNT=.00000001",
    "bitcoin:?pop=https%3A%2F%2Fexample.com&lno=x&label=%F0%9F%8D%BA&message=%00",
    "bitcoin:?creq=creqApWF0gA&pj=https://example.com/pj&ark=ark1qqqq&req-unknown=1",
    "bitcoin:?amount=21000000.00000000001&amount=0&lightning=lnbc1",
];
const HANDLES: [&str; 7] = [
    "₿alice@example.com",
    "alice@xn--bcher-kva.example.",
    "a.b-c_d@sub.domain.example",
    "₿₿alice@example.com",
    "@example.com",
    "alice@example..com",
    "ALICE@EXAMPLE.COM",
];
const ANCHORS: [&str; 3] = [
    ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n\
     . IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16\n",
    "; a comment\nexample. 3600 IN DS 1 13 2 (\n 00112233445566778899AABBCCDDEEFF\n 00112233445566778899AABBCCDDEEFF ) ; end\n",
    ". DNSKEY 257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq\n",
];

/// The seeds of a target, with the inputs that once broke it.
///
/// # Panics
/// There is no such target.
pub fn of(target: &str) -> Vec<Seed> {
    let vectors = Vector::all();
    let each = |make: &dyn Fn(&Vector) -> Vec<u8>| -> Vec<Seed> {
        let seeds = vectors.iter().map(|v| (v.name.clone(), make(v)));
        seeds.collect()
    };
    let texts = |texts: &[&str]| -> Vec<Seed> {
        let numbered = texts.iter().enumerate();
        numbered
            .map(|(number, text)| (format!("text-{number}"), text.as_bytes().to_vec()))
            .collect()
    };
    let mut seeds = match target {
        "message" => each(&answer),
        "proof" => each(&|vector| vector.bytes.clone()),
        "verifier" => (0..64)
            .map(|seed| (format!("seed-{seed}"), bytes_of(seed).to_vec()))
            .collect(),
        "name" => {
            let handles = vectors.iter().map(|vector| {
                let owner = vector.owner.to_ascii();
                let handle = owner.replacen(".user._bitcoin-payment.", "@", 1);
                (vector.name.clone(), handle.into_bytes())
            });
            texts(&HANDLES).into_iter().chain(handles).collect()
        }
        "uri" => {
            let recorded = vectors.iter().filter_map(|vector| {
                let uri = vector.uri.clone()?;
                Some((vector.name.clone(), uri.into_bytes()))
            });
            texts(&URIS).into_iter().chain(recorded).collect()
        }
        "anchors" => texts(&ANCHORS),
        "psbt" => {
            let fields = each(&field);
            let outputs = vectors.iter().map(|vector| {
                let name = format!("{}-in-an-output", vector.name);
                (name, in_an_output(&field(vector)))
            });
            let outputs: Vec<Seed> = outputs.collect();
            fields.into_iter().chain(outputs).collect()
        }
        "transfer" | "restore" | "query" => zones::seeds(target),
        other => panic!("there is no target `{other}`"),
    };
    seeds.extend(found(target));
    seeds
}

/// Inputs that once broke a target, kept in `found/TARGET`.
fn found(target: &str) -> Vec<Seed> {
    let Ok(files) = fs::read_dir(folder("tests/fuzz/found").join(target)) else {
        return Vec::new(); // nothing has broken it yet
    };
    files
        .map(|file| {
            let file = file.unwrap().path();
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(&file).unwrap())
        })
        .collect()
}

/// Writes the seeds of a target into a folder, one file each.
///
/// # Errors
/// A file cannot be written.
pub fn write(target: &str, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, bytes) in of(target) {
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}

/// A message that answers with all records of a proof.
fn answer(vector: &Vector) -> Vec<u8> {
    let records = Raw::of(&vector.bytes);
    let mut message = vec![0x12, 0x34, 0x81, 0xa0, 0, 1];
    message.extend(u16::try_from(records.len()).unwrap().to_be_bytes());
    message.extend([0; 4]);
    for label in vector.owner.iter() {
        message.push(u8::try_from(label.len()).unwrap());
        message.extend(label);
    }
    message.extend([0, 0, 16, 0, 1]);
    message.extend(&vector.bytes);
    message
}

/// The value of `PSBT_OUT_DNSSEC_PROOF` for a recorded proof.
fn field(vector: &Vector) -> Vec<u8> {
    let owner = vector.owner.to_ascii();
    let handle = owner.replacen(".user._bitcoin-payment.", "@", 1);
    let handle = handle.trim_end_matches('.').as_bytes();
    let length = u8::try_from(handle.len()).unwrap();
    [&[length], handle, &vector.bytes].concat()
}

/// A PSBT with one output, which pays the address of `bip353-01-simple` and has this field.
fn in_an_output(field: &[u8]) -> Vec<u8> {
    let address = "bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";
    let address: Address<NetworkUnchecked> = address.parse().unwrap();
    let transaction = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn::default()],
        output: vec![TxOut {
            value: Amount::from_sat(1_000),
            script_pubkey: address.assume_checked().script_pubkey(),
        }],
    };
    let mut psbt = Psbt::from_unsigned_tx(transaction).unwrap();
    let key = Key {
        type_value: PSBT_OUT_DNSSEC_PROOF,
        key: Vec::new(),
    };
    psbt.outputs[0].unknown.insert(key, field.to_vec());
    psbt.serialize()
}
