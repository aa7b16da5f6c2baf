//! Verdicts on live zones by validators that no one here wrote: Unbound and BIND's `delv`.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use payname_resolver::hickory_proto::op::{Message, ResponseCode};
use payname_resolver::hickory_proto::rr::{Name, Record, RecordType};
use payname_resolver::resolution::Question;
use serde_json::Value;

use crate::dns::over_tcp;
use crate::tools::tool;

/// What a validator says about a name and type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There are such records, proven.
    Secure,
    /// The name does not exist, proven.
    SecureNxDomain,
    /// The name has no such records, proven.
    SecureNoData,
    /// There may be records; the zone is not signed.
    Insecure,
    /// The proof fails.
    Bogus,
}

/// Asks a validating resolver and reads its verdict off the AD bit and the response code.
///
/// # Errors
/// It does not answer, or with something else than a verdict.
pub async fn ask_validator(server: SocketAddr, name: &str, kind: RecordType) -> Result<Verdict> {
    let question = Question::new(Name::from_ascii(name)?, kind);
    let (verdict, _) = hear_validator(server, &question).await?;
    Ok(verdict)
}

/// The same, with the response that it gave.
///
/// # Errors
/// As [`ask_validator`].
pub async fn hear_validator(server: SocketAddr, question: &Question) -> Result<(Verdict, Message)> {
    let mut message = question.to_message(4711);
    message[3] &= !0x10; // CD off: the resolver shall judge
    message[3] |= 0x20; // AD on: and say so
    let answer = over_tcp(server, &message).await?;
    let header = &answer.metadata;
    let is_wanted = |record: &Record| record.record_type() == question.record_type;
    let verdict = match (header.response_code, header.authentic_data) {
        (ResponseCode::ServFail, _) => Verdict::Bogus,
        (ResponseCode::NXDomain, true) => Verdict::SecureNxDomain,
        (ResponseCode::NoError, true) if answer.answers.iter().any(is_wanted) => Verdict::Secure,
        (ResponseCode::NoError, true) => Verdict::SecureNoData,
        (ResponseCode::NoError | ResponseCode::NXDomain, false) => Verdict::Insecure,
        (code, _) => bail!("{server} answered {question} with {code}"),
    };
    Ok((verdict, answer))
}

/// Lets `delv` validate what comes through a recursor, from `anchors` (one DS line of the root).
///
/// # Errors
/// `delv` is missing, or says something that is no verdict.
pub fn delv(server: SocketAddr, anchors: &str, name: &str, kind: RecordType) -> Result<Verdict> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("anchors.conf");
    fs::write(&file, bind_anchors(anchors)?)?;
    let output = Command::new(tool("delv")?)
        .arg(format!("@{}", server.ip()))
        .args(["-p", &server.port().to_string(), "-a"])
        .arg(&file)
        .args(["+root=.", "+vtrace", name])
        .arg(format!("TYPE{}", u16::from(kind)))
        .output()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let says = |words: &str| text.contains(words);
    if says("; fully validated") {
        Ok(Verdict::Secure)
    } else if says("negative response, fully validated") {
        let is_name_error = says("ncache nxdomain") || says("resolution failed: ncache nxdomain");
        Ok(if is_name_error {
            Verdict::SecureNxDomain
        } else {
            Verdict::SecureNoData
        })
    } else if says("; unsigned answer") || says("negative response, unsigned answer") {
        Ok(Verdict::Insecure)
    } else if says("resolution failed") {
        Ok(Verdict::Bogus)
    } else {
        bail!("delv gave no verdict:\n{text}")
    }
}

/// Whether `ldns-verify-zone` finds every signature and denial of a zone file in order.
///
/// # Errors
/// It does not, with its words; or it is missing.
pub fn ldns_verify_zone(folder: &Path, master_file: &str) -> Result<()> {
    let file = folder.join("zone");
    fs::write(&file, master_file)?;
    run(Command::new(tool("ldns-verify-zone")?).arg("-V2").arg(file))
}

/// Whether BIND's `dnssec-verify` finds a zone file in order; `-z`: one key may do everything.
///
/// # Errors
/// It does not, with its words; or it is missing.
pub fn dnssec_verify(folder: &Path, origin: &str, master_file: &str) -> Result<()> {
    let file = folder.join("zone");
    fs::write(&file, master_file)?;
    run(Command::new(tool("dnssec-verify")?)
        .args(["-z", "-o", origin])
        .arg(file))
}

/// Whether BIND's `named-checkzone` would load a zone file.
///
/// # Errors
/// It would not, with its words; or it is missing.
pub fn named_checkzone(folder: &Path, origin: &str, master_file: &str) -> Result<()> {
    let file = folder.join("zone");
    fs::write(&file, master_file)?;
    run(Command::new(tool("named-checkzone")?)
        .args(["-i", "local", origin])
        .arg(file))
}

/// Whether Knot's `kzonecheck` finds a zone file and its DNSSEC in order.
///
/// # Errors
/// It does not, with its words; or it is missing.
pub fn kzonecheck(folder: &Path, origin: &str, master_file: &str) -> Result<()> {
    let file = folder.join("zone");
    fs::write(&file, master_file)?;
    run(Command::new(tool("kzonecheck")?)
        .args(["-o", origin, "-d", "on"])
        .arg(file))
}

/// Lets `drill -S` chase the signatures of a name, through a recursor, up to `anchors` (DS lines of the
/// root); what it says when it finds the tree of trust in order.
///
/// # Errors
/// It does not, with its words; or it is missing.
pub fn drill_chase(
    server: SocketAddr,
    anchors: &str,
    name: &str,
    kind: RecordType,
) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("anchors");
    fs::write(&file, format!("{anchors}\n"))?; // it does not read a last line that has no end
    let output = Command::new(tool("drill")?)
        .args(["-S", "-a", "-p", &server.port().to_string(), "-k"])
        .arg(&file)
        .args([name, &format!("@{}", server.ip()), &kind.to_string()])
        .output()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    if !output.status.success() || !text.contains(";; Chase successful") {
        bail!("drill -S {name} {kind}: {text}");
    }
    Ok(text)
}

/// One of the things that Zonemaster says of a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// `INFO`, `NOTICE`, `WARNING`, `ERROR` or `CRITICAL`.
    pub level: String,
    /// What it is about, such as `RRSIG_EXPIRED`.
    pub tag: String,
    /// All of it: names, addresses, times.
    pub json: Value,
}

impl Remark {
    /// Whether it says more than that something is as it should be.
    pub fn is_complaint(&self) -> bool {
        self.level != "INFO"
    }
}

/// What Zonemaster says of a zone that it reaches on port 53 from a root, whose servers stand in `hints`.
///
/// # Errors
/// It fails, or says something else than remarks; or it is missing.
pub fn zonemaster(hints: &Path, zone: &str) -> Result<Vec<Remark>> {
    let output = Command::new(tool("zonemaster-cli")?)
        .args(["--json-stream", "--no-progress", "--level", "INFO"])
        .arg("--hints")
        .arg(hints)
        .arg(zone)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        bail!("zonemaster-cli {zone}: {text}{error}");
    }
    let remarks = serde_json::Deserializer::from_str(&text).into_iter();
    remarks
        .map(|json| {
            let json: Value = json.with_context(|| text.clone().into_owned())?;
            let field = |key| json.get(key).and_then(Value::as_str).context(json.clone());
            Ok(Remark {
                level: field("level")?.to_owned(),
                tag: field("tag")?.to_owned(),
                json,
            })
        })
        .collect()
}

/// What DNSViz says of names that it reaches on port 53 from a root down: JSON, by name.
///
/// `servers` are the root's as `ns1=192.0.2.1,ns1=[2001:db8::1]`, and `key` is its DNSKEY record as a line of a
/// master file.
///
/// # Errors
/// It fails, or says something else than JSON; or it is missing.
pub fn dnsviz(folder: &Path, servers: &str, key: &str, names: &[&str]) -> Result<Value> {
    let [seen, trusted] = ["probe.json", "trusted"].map(|name| folder.join(name));
    fs::write(&trusted, format!("{key}\n"))?;
    let mut probe = Command::new(tool("dnsviz")?);
    probe.args(["probe", "-A", "-a", ".", "-x", &format!(".:{servers}")]);
    run(probe.arg("-o").arg(&seen).args(names))?;
    let mut grok = Command::new(tool("dnsviz")?);
    grok.args(["grok", "-l", "info", "-r"]).arg(&seen);
    let output = grok.arg("-t").arg(&trusted).args(names).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).with_context(|| {
        let error = String::from_utf8_lossy(&output.stderr);
        format!("dnsviz grok: {text}{error}")
    })
}

fn run(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .with_context(|| format!("starting {:?}", command.get_program()))?;
    if !output.status.success() {
        let text = [output.stdout, output.stderr].concat();
        bail!(
            "{:?}: {}",
            command.get_program(),
            String::from_utf8_lossy(&text)
        );
    }
    Ok(())
}

/// `. 3600 IN DS 1 13 2 AB…` as BIND's configuration writes it.
fn bind_anchors(master_file: &str) -> Result<String> {
    let (_, data) = master_file
        .split_once(" DS ")
        .context("the anchor is no DS record")?;
    let fields: Vec<&str> = data.split_whitespace().collect();
    let [tag, algorithm, digest_type, digest @ ..] = fields.as_slice() else {
        bail!("the anchor is no whole DS record");
    };
    let digest = digest.concat();
    Ok(format!(
        "trust-anchors {{ . static-ds {tag} {algorithm} {digest_type} \"{digest}\"; }};\n"
    ))
}
