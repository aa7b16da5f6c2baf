//! The resolver's core without std, as a module that any WebAssembly host can call.
//!
//! `make wasm` builds it for wasm32 with `core` and `alloc` alone, lets Node.js judge every vector with
//! it, and compares the verdicts with those of this very code compiled for the machine at hand.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

use alloc::{
    format,
    string::{String, ToString},
};

use payname_resolver::{
    Handle, Proof, TrustAnchors, UnixTime,
    hickory_proto::rr::{Name, RecordType},
};

#[cfg(target_arch = "wasm32")]
mod guest;

/// Judges a proof, and says all that there is to say about it.
///
/// The question is a text of lines: a handle, or a name and the number of a record type; a time in
/// seconds since 1970; the proof in hex; then trust anchors in master-file form, IANA's if none.
pub fn verdict(question: &str) -> String {
    judge(question).unwrap_or_else(|problem| format!("not judged: {problem}"))
}

fn judge(question: &str) -> Result<String, String> {
    let mut lines = question.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (name, time, proof, anchors) = (line(), line(), line(), line());
    let now = UnixTime(time.parse().map_err(text)?);
    let proof = data_encoding::HEXLOWER.decode(proof.as_bytes());
    let proof = Proof::parse(&proof.map_err(text)?).map_err(text)?;
    let anchors = match anchors {
        "" => TrustAnchors::iana(),
        anchors => TrustAnchors::parse(anchors).map_err(text)?,
    };
    if let Some((owner, number)) = name.split_once(' ') {
        let owner = Name::from_ascii(owner).map_err(text)?;
        let record_type = RecordType::from(number.parse::<u16>().map_err(text)?);
        let outcome = proof.judge(&owner, record_type, &anchors, now);
        return Ok(format!("{outcome:?}"));
    }
    let handle: Handle = name.parse().map_err(text)?;
    let record = proof.verify(&handle, &anchors, now).map_err(text)?;
    let instructions = record.instructions().map_err(text)?;
    Ok(format!("{instructions:?}"))
}

fn text(problem: impl ToString) -> String {
    problem.to_string()
}
