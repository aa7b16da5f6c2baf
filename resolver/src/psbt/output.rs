//! An output of a PSBT, and whose it is proven to be.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use lightning::bitcoin::{
    Amount, Network, Psbt, Script, ScriptBuf,
    psbt::{Output, raw},
};

use super::{FieldError, PSBT_OUT_DNSSEC_PROOF, ProofField};
use crate::{
    handle::Handle,
    instructions::{Instructions, Method, OnChainMethod, SilentPaymentMethod, UriError},
    proof::{Proof, Reason, TrustAnchors, Verified, VerifyError},
    record::Record,
    time::{UnixTime, Window},
};

/// How often a judgement goes back to an earlier expiry; honest proofs need it once or twice.
const MAX_STEPS_BACK: usize = 16;

/// How late a proof may be.
///
/// Between building a transaction and signing it some time may pass, in which signatures on DNS
/// records expire. BIP-353 lets signers take proofs that expired up to an hour ago.
///
/// ```
/// use payname_resolver::psbt::Grace;
///
/// assert_eq!((Grace::default(), Grace::default().seconds()), (Grace::None, 0));
/// assert_eq!(Grace::OneHour.seconds(), 3_600);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grace {
    /// It must be valid now.
    #[default]
    None,
    /// It may have expired up to an hour ago. For signers that get transactions with a delay.
    OneHour,
}

impl Grace {
    /// The time in seconds.
    pub fn seconds(self) -> u64 {
        match self {
            Self::None => 0,
            Self::OneHour => 3_600,
        }
    }
}

/// Writes the proof into an output's map, in place of one that may be there.
///
/// ```
/// use payname_resolver::{
///     Handle, Proof, TrustAnchors, UnixTime,
///     lightning::bitcoin::psbt::Output,
///     psbt::{PSBT_OUT_DNSSEC_PROOF, attach},
/// };
///
/// # let bytes = hex::decode(include_str!("../../vectors/bip353-01-simple.hex").trim())?;
/// let handle: Handle = "₿simple@dnssec_proof_tests.bitcoin.ninja".parse()?;
/// let now = UnixTime(1_754_700_000);
/// let record = Proof::parse(&bytes)?.verify(&handle, &TrustAnchors::iana(), now)?;
/// let mut output = Output::default(); // of the transaction that pays it
/// attach(&mut output, &record);
/// assert!(output.unknown.keys().any(|key| key.type_value == PSBT_OUT_DNSSEC_PROOF));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn attach<T>(output: &mut Output, verified: &Verified<T>) {
    let field = ProofField::new(verified);
    output.unknown.insert(key(), field.to_bytes());
}

/// Proves whose the output at `index` is; nothing when it carries no proof.
///
/// ```
/// use payname_resolver::{
///     TrustAnchors, UnixTime, lightning::bitcoin::{Network, Psbt},
///     psbt::{Grace, Recipient, proven_output},
/// };
///
/// /// What to show before signing.
/// fn describe(psbt: &Psbt, index: usize, now: UnixTime) -> String {
///     let anchors = TrustAnchors::iana();
///     match proven_output(psbt, index, Network::Bitcoin, &anchors, now, Grace::OneHour) {
///         Ok(None) => "an address without a name".to_owned(),
///         Ok(Some(proven)) => match proven.recipient() {
///             Recipient::Address(_) => format!("{}", proven.handle().readable()),
///             Recipient::NotCheckable(_) => format!("{}, unchecked", proven.handle().readable()),
///         },
///         Err(error) => format!("do not sign: {error}"),
///     }
/// }
/// ```
///
/// # Errors
/// There is no such output, the field is malformed, or it does not prove that the output's script
/// is paid under that name.
pub fn proven_output(
    psbt: &Psbt,
    index: usize,
    network: Network,
    anchors: &TrustAnchors,
    now: UnixTime,
    grace: Grace,
) -> Result<Option<ProvenOutput>, OutputError> {
    let no_output = || OutputError::NoOutput {
        index,
        outputs: psbt.unsigned_tx.output.len(),
    };
    let output = psbt.outputs.get(index).ok_or_else(no_output)?;
    let paid = psbt.unsigned_tx.output.get(index).ok_or_else(no_output)?;
    let fields = output.unknown.iter();
    let mut fields = fields.filter(|(key, _)| key.type_value == PSBT_OUT_DNSSEC_PROOF);
    let Some((found, value)) = fields.next() else {
        return Ok(None);
    };
    if *found != key() || fields.next().is_some() {
        return Err(FieldError::KeyData.into());
    }
    let field = ProofField::parse(value)?;
    let proven = field.verify(&paid.script_pubkey, network, anchors, now, grace)?;
    Ok(Some(proven))
}

impl ProofField {
    /// Proves that paying `script_pubkey` on `network` pays the handle, at time `now`.
    ///
    /// All signatures must be valid at one and the same time: now, or, where `grace` allows, when
    /// the first of them expired.
    ///
    /// # Errors
    /// The proof does not hold, or what it proves is not paid by that script.
    pub fn verify(
        &self,
        script_pubkey: &Script,
        network: Network,
        anchors: &TrustAnchors,
        now: UnixTime,
        grace: Grace,
    ) -> Result<ProvenOutput, OutputError> {
        let (verified, judged_at) = verify_late(self.proof(), self.handle(), anchors, now, grace)?;
        let instructions = Instructions::parse(verified.uri())?;
        let recipient = recipient(&instructions, script_pubkey, network, self.handle())?;
        Ok(ProvenOutput {
            handle: self.handle().clone(),
            instructions,
            window: verified.window(),
            late_by: judged_at.until(now),
            recipient,
        })
    }
}

/// An output that is proven to belong to a handle.
///
/// Deliberately no [`Verified`]: it answers whose an output is, also of a proof that has expired
/// within the [`Grace`], and nothing new may be paid by it.
///
/// ```
/// use payname_resolver::{
///     TrustAnchors, UnixTime, lightning::bitcoin::{Address, Network},
///     psbt::{Grace, ProofField, ProvenOutput},
/// };
///
/// # let hex = include_str!("../../vectors/bip353-01-simple.psbt-field.hex");
/// # let bytes = hex::decode(hex.trim())?;
/// let field = ProofField::parse(&bytes)?; // the value of the PSBT's field
/// let address: Address<_> = "bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l".parse().unwrap();
/// let script = address.assume_checked().script_pubkey(); // that of the output
/// let (anchors, now) = (TrustAnchors::iana(), UnixTime(1_754_700_000));
/// let proven: ProvenOutput =
///     field.verify(&script, Network::Bitcoin, &anchors, now, Grace::None)?;
/// assert_eq!(proven.handle().as_str(), "simple@dnssec_proof_tests.bitcoin.ninja");
/// assert_eq!(proven.late_by(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ProvenOutput {
    handle: Handle,
    instructions: Instructions,
    window: Window,
    late_by: u64,
    recipient: Recipient,
}

impl ProvenOutput {
    /// The handle.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// What the handle's proven URI says.
    pub fn instructions(&self) -> &Instructions {
        &self.instructions
    }

    /// When all signatures of the proof were valid.
    pub fn window(&self) -> Window {
        self.window
    }

    /// How many seconds ago the proof expired; 0 for one that is valid.
    pub fn late_by(&self) -> u64 {
        self.late_by
    }

    /// By which of the URI's methods the output pays.
    pub fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// Whether the output's amount is what the URI asks for, if it asks for any.
    pub fn takes(&self, amount: Amount) -> bool {
        let asked = self.instructions.amount();
        asked.is_none_or(|asked| asked.sat_rounded_up() == amount.to_sat())
    }
}

/// The method by which an output pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// The output's script is that of this proven address.
    Address(OnChainMethod),
    /// The handle has this silent payment address, and the script is of the right kind. Whether it
    /// pays that address cannot be checked here: it takes the keys of the transaction's inputs, or
    /// BIP-375's proofs.
    NotCheckable(SilentPaymentMethod),
}

/// Verifies at `now`, or at the moment within the grace at which the first signature expired.
fn verify_late(
    proof: &Proof,
    handle: &Handle,
    anchors: &TrustAnchors,
    now: UnixTime,
    grace: Grace,
) -> Result<(Verified<Record>, UnixTime), VerifyError> {
    let first = match proof.verify(handle, anchors, now) {
        Ok(verified) => return Ok((verified, now)),
        Err(error) => error,
    };
    let mut expiry = expired_at(&first);
    let mut judged_at = now;
    for _ in 0..MAX_STEPS_BACK {
        let Some(at) = expiry.filter(|at| *at < judged_at && at.until(now) <= grace.seconds())
        else {
            break;
        };
        judged_at = at;
        match proof.verify(handle, anchors, at) {
            Ok(verified) => return Ok((verified, at)),
            // What is proven and refused is refused for that reason, not for being late.
            Err(error @ VerifyError::Record(_)) => return Err(error),
            Err(error) => expiry = expired_at(&error),
        }
    }
    Err(first)
}

/// When the signature that spoils the proof expired, if that is what spoils it.
fn expired_at(error: &VerifyError) -> Option<UnixTime> {
    match error {
        VerifyError::Bogus(bogus) => match bogus.reason {
            Reason::Expired { at } => Some(at),
            _ => None,
        },
        _ => None,
    }
}

/// The method of the URI that a script pays.
pub(super) fn recipient(
    instructions: &Instructions,
    script_pubkey: &Script,
    network: Network,
    handle: &Handle,
) -> Result<Recipient, OutputError> {
    let mut expected = Vec::new();
    let mut silent = None;
    for method in instructions.methods() {
        match method {
            Method::OnChain(method) if method.is_valid_for(network) => {
                let address = method.address().assume_checked_ref();
                if address.matches_script_pubkey(script_pubkey) {
                    return Ok(Recipient::Address(method.clone()));
                }
                expected.push(method.text().to_owned());
            }
            Method::SilentPayment(method) if method.supports(network) => {
                silent = silent.or(Some(method));
            }
            _ => {}
        }
    }
    // Silent payments are always made to Taproot outputs (BIP-352).
    match silent.filter(|_| script_pubkey.is_p2tr()) {
        Some(method) => Ok(Recipient::NotCheckable(method.clone())),
        None => Err(OutputError::PaysAnother {
            handle: handle.clone(),
            script_pubkey: script_pubkey.to_owned(),
            expected,
        }),
    }
}

/// The key of the field.
fn key() -> raw::Key {
    raw::Key {
        type_value: PSBT_OUT_DNSSEC_PROOF,
        key: Vec::new(),
    }
}

/// Why an output is not proven to belong to the handle it names.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The PSBT has no such output.
    #[error("the PSBT has no output {index}; it has {outputs}, counted from 0")]
    NoOutput {
        /// The output asked for, counted from 0.
        index: usize,
        /// How many there are.
        outputs: usize,
    },
    /// The field is malformed.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The proof does not hold.
    #[error(transparent)]
    Proof(#[from] VerifyError),
    /// The proven record gives no payment instructions.
    #[error("proven, but no payment instructions: {0}")]
    Uri(#[from] UriError),
    /// The handle is proven, and the output pays something else. Do not sign.
    #[error(
        "the output does not pay {handle}: its script is `{script_pubkey}`, and the name stands for {}",
        listed(expected)
    )]
    PaysAnother {
        /// The handle that the field names.
        handle: Handle,
        /// What the output pays.
        script_pubkey: ScriptBuf,
        /// The handle's addresses on this network, as they were written.
        expected: Vec<String>,
    },
}

/// The addresses, for a message.
fn listed(expected: &[String]) -> String {
    match expected {
        [] => "no address of this network".to_owned(),
        _ => expected.join(" or "),
    }
}
