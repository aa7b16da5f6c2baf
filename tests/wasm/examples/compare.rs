//! Lets Node.js judge every vector with the WebAssembly module, and compares with this machine's verdicts.
//!
//! `… --example compare -- target/wasm/…/payname_wasm.wasm`; `make wasm` builds the module first.

use std::{
    env,
    error::Error,
    io::Write,
    process::{Command, ExitCode, Stdio},
};

use payname_fuzz::vector::Vector;
use payname_wasm::verdict;

/// TLSA, which RFC 9102's vectors prove, and TXT.
const TYPES: [u16; 2] = [16, 52];
/// The root of RFC 9102's vectors.
const RFC_9102: &str =
    ". DS 47005 13 2 2eb6e9f2480126691594d649a5a613de3052e37861634641bb568746f2ffc4d4";
const MIDDLE: &str = ".user._bitcoin-payment.";

fn main() -> ExitCode {
    match compare() {
        Ok(count) => {
            println!("{count} verdicts of the WebAssembly module are those of this machine");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> Result<usize, Box<dyn Error>> {
    let module = env::args().nth(1).ok_or("usage: compare MODULE.wasm")?;
    let questions: Vec<String> = Vector::all().iter().flat_map(questions_about).collect();
    let theirs = ask(&module, &questions)?;
    if theirs.len() != questions.len() {
        let (asked, told) = (questions.len(), theirs.len());
        return Err(format!("{asked} questions got {told} verdicts").into());
    }
    let mut secure = 0usize;
    for (question, theirs) in questions.iter().zip(&theirs) {
        let ours = verdict(question);
        if ours != *theirs {
            let name = question.lines().next().unwrap_or_default();
            return Err(format!("{name}\n  here: {ours}\n  wasm: {theirs}").into());
        }
        secure = secure.saturating_add(usize::from(ours.starts_with("Secure")));
    }
    // A module that refuses everything would agree with one that does so here.
    if secure < 8 {
        return Err(format!("only {secure} vectors are secure").into());
    }
    Ok(questions.len())
}

/// A vector at its time and long after, under its own anchors and IANA's, by name and by handle.
fn questions_about(vector: &Vector) -> Vec<String> {
    let owner = vector.owner.to_string();
    let mut names: Vec<String> = TYPES
        .iter()
        .map(|number| format!("{owner} {number}"))
        .collect();
    if let Some((user, domain)) = owner.split_once(MIDDLE) {
        names.push(format!("{user}@{}", domain.trim_end_matches('.')));
    }
    let proof = hex::encode(&vector.bytes);
    let mut questions = Vec::new();
    for name in &names {
        for time in [vector.inside.0, 2_000_000_000] {
            questions.push(format!("{name}\n{time}\n{proof}\n"));
            if !vector.is_public {
                questions.push(format!("{name}\n{time}\n{proof}\n{RFC_9102}"));
            }
        }
    }
    questions
}

/// The module's verdicts. Questions and verdicts travel as hex, one a line.
fn ask(module: &str, questions: &[String]) -> Result<Vec<String>, Box<dyn Error>> {
    let mut node = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/host.mjs"))
        .arg(module)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("Node.js (`node`) does not start: {error}"))?;
    let lines: String = questions
        .iter()
        .map(|question| hex::encode(question) + "\n")
        .collect();
    if let Some(mut stdin) = node.stdin.take() {
        stdin.write_all(lines.as_bytes())?;
    }
    let output = node.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("Node.js ended with {}", output.status).into());
    }
    let verdicts = String::from_utf8(output.stdout)?;
    let verdicts = verdicts
        .lines()
        .map(|line| Ok(String::from_utf8(hex::decode(line)?)?));
    verdicts.collect()
}
