//! `payname receipt`: what was paid, and the evidence that others can check.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::pay::told::{fee_text, intent_json, intent_line};
use crate::{
    context::Context,
    exit::Exit,
    failure::Failure,
    input,
    payments::{IntentId, Receipt as Evidence, ReceiptError, Store},
    report::{Report, fields},
};

/// What can be done with receipts.
#[derive(Debug, clap::Subcommand)]
pub enum Receipt {
    /// List all payments, the newest first
    List,
    /// Show a payment and its evidence; with --json, the receipt to hand on
    Show(Show),
    /// Check a receipt offline, whoever made it
    Verify(Verify),
}

/// Arguments of `receipt show`.
#[derive(Debug, clap::Args)]
pub struct Show {
    /// The payment's id, as `receipt list` shows it
    pub id: IntentId,
}

/// Arguments of `receipt verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The receipt as JSON; - is standard input
    pub file: PathBuf,
}

impl Receipt {
    /// Runs the command.
    ///
    /// # Errors
    /// There is no such payment, a file cannot be read, or the receipt shows nothing.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        match self {
            Self::List => list(context),
            Self::Show(show) => show.run(context),
            Self::Verify(verify) => verify.run(context),
        }
    }
}

fn list(context: &Context) -> Result<Report, Failure> {
    let intents = Store::open(&context.data_dir()?)?.intents()?;
    let lines: Vec<String> = intents.iter().map(intent_line).collect();
    let text = if lines.is_empty() {
        "nothing was paid yet".to_owned()
    } else {
        lines.join("\n")
    };
    let payments: Vec<Value> = intents.iter().map(intent_json).collect();
    Ok(Report::new(text, fields(json!({ "payments": payments }))))
}

impl Show {
    fn run(self, context: &Context) -> Result<Report, Failure> {
        let intent = Store::open(&context.data_dir()?)?
            .intent(&self.id)?
            .ok_or_else(|| {
                Failure::usage(
                    "no_such_payment",
                    format!("there is no payment {}", self.id),
                )
            })?;
        let Some(receipt) = Evidence::of(&intent) else {
            return Ok(Report::new(
                intent_line(&intent),
                fields(intent_json(&intent)),
            ));
        };
        let mut lines = vec![
            format!("paid      {}", intent.meant.amount),
            format!("to        {}", intent.meant.handle),
            format!("fee       {}", fee_text(receipt.fee_msat)),
            format!("begun     {}", intent.meant.intended_at),
        ];
        lines.extend(intent.ended_at.map(|time| format!("settled   {time}")));
        lines.push(format!("hash      {}", receipt.payment_hash));
        lines.push(format!("preimage  {}", receipt.preimage));
        lines.push(format!("uri       {}", crate::text::escape(&receipt.uri)));
        lines.push(format!("proof     {}", receipt.proof));
        Ok(Report::new(lines.join("\n"), fields(json!(receipt))))
    }
}

impl Verify {
    fn run(self, context: &Context) -> Result<Report, Failure> {
        let anchors = context.anchors()?;
        let text = input::text(&self.file)?;
        // Both `receipt show --json` and `pay --json` are taken.
        let document: Value = serde_json::from_str(&text).map_err(|error| unreadable(&error))?;
        let document = document
            .get("receipt")
            .filter(|inner| inner.is_object())
            .unwrap_or(&document);
        let receipt: Evidence =
            serde_json::from_value(document.clone()).map_err(|error| unreadable(&error))?;
        let shown = receipt.check(&anchors).map_err(refused)?;
        let text = format!(
            "{} is shown to have published this offer at {}, and the preimage fits the payment hash.\n\
             Not shown: that the hash came from that offer (the node hands out no signed invoice), how much was paid ({} is claimed), and by whom.",
            shown.handle, shown.at, shown.amount
        );
        let fields = fields(json!({
            "name": shown.handle.to_string(),
            "at": shown.at.0,
            "claimed_amount_msat": shown.amount.msat(),
            "shown": ["name_published_offer_at_time", "preimage_fits_payment_hash"],
            "not_shown": ["payment_hash_is_of_offer", "amount", "payer"],
        }));
        Ok(Report::new(text, fields))
    }
}

fn unreadable(error: &serde_json::Error) -> Failure {
    Failure::usage(
        "bad_receipt",
        format!("this is no receipt of payname: {error}"),
    )
}

fn refused(error: ReceiptError) -> Failure {
    let exit = match error {
        ReceiptError::Layout(_) | ReceiptError::Field(_) => Exit::Usage,
        ReceiptError::Uri(_) => Exit::BadRecord,
        _ => Exit::NotVerified,
    };
    Failure::new(exit, "receipt_refused", error)
}
