//! `payname uri build`: a `bitcoin:` URI put together, and read back as a payer would.

use payname_resolver::{
    Amount, Instructions,
    instructions::{InstructionsBuilder, SilentPaymentAddress},
    lightning::{
        bitcoin::{Address, Network, address::NetworkUnchecked},
        offers::offer::Offer,
    },
};

use crate::{
    command::resolve::instructions_json, context::Context, failure::Failure, report::Report, text,
};

/// Arguments of `uri build`.
#[derive(Debug, clap::Args)]
pub struct Build {
    /// A BOLT 12 offer
    #[arg(long, env = "PAYNAME_OFFER", value_name = "lno1…", value_parser = offer)]
    pub offer: Option<Offer>,
    /// An on-chain address; may be repeated
    #[arg(long, env = "PAYNAME_ADDRESS", value_name = "ADDRESS", value_parser = address)]
    pub address: Vec<Address<NetworkUnchecked>>,
    /// A silent payment address (BIP-352)
    #[arg(long, env = "PAYNAME_SILENT_PAYMENT", value_name = "sp1…")]
    pub silent_payment: Option<SilentPaymentAddress>,
    /// The amount asked for, such as 25000sat; not for names, which are paid any amount
    #[arg(long, env = "PAYNAME_AMOUNT", value_name = "AMOUNT")]
    pub amount: Option<Amount>,
    /// Who is paid
    #[arg(long, env = "PAYNAME_LABEL", value_name = "TEXT")]
    pub label: Option<String>,
    /// What is paid for
    #[arg(long, env = "PAYNAME_MESSAGE", value_name = "TEXT")]
    pub message: Option<String>,
    /// Another parameter; may be repeated
    #[arg(long, env = "PAYNAME_PARAMETER", value_name = "KEY=VALUE", value_parser = parameter)]
    pub parameter: Vec<(String, String)>,
    /// Forbid payers who do not know this parameter to use the URI; may be repeated
    #[arg(long, env = "PAYNAME_REQUIRE", value_name = "KEY")]
    pub require: Vec<String>,
}

impl Build {
    pub(super) fn run(self, context: &Context) -> Result<Report, Failure> {
        let network = Network::from(context.global.network);
        let instructions = self
            .builder()
            .build()
            .map_err(|error| Failure::usage("bad_uri", error))?;
        let methods = instructions.methods();
        if let Some(other) = methods.iter().find(|method| !method.supports(network)) {
            let message = format!(
                "`{}` is not for the network {network}; say which with --network",
                text::shorten(other.text())
            );
            return Err(Failure::usage("wrong_network", message));
        }
        Ok(Report::new(
            instructions.uri(),
            instructions_json(&instructions),
        ))
    }

    fn builder(self) -> InstructionsBuilder {
        let mut builder = Instructions::builder();
        for address in self.address {
            // The network is looked at when all is read back.
            builder = builder.address(&address.assume_checked());
        }
        if let Some(offer) = &self.offer {
            builder = builder.offer(offer);
        }
        if let Some(address) = &self.silent_payment {
            builder = builder.silent_payment(address);
        }
        for (key, value) in &self.parameter {
            builder = builder.parameter(key, value);
        }
        for key in &self.require {
            builder = builder.require(key);
        }
        if let Some(amount) = self.amount {
            builder = builder.amount(amount);
        }
        if let Some(label) = &self.label {
            builder = builder.label(label);
        }
        if let Some(message) = &self.message {
            builder = builder.message(message);
        }
        builder
    }
}

/// Reads an offer as it is given on the command line.
pub(in crate::command) fn offer(text: &str) -> Result<Offer, String> {
    text.parse().map_err(|_| {
        "it is no BOLT 12 offer, or is damaged or cut off; an offer begins with lno1, copy it whole"
            .to_owned()
    })
}

fn address(text: &str) -> Result<Address<NetworkUnchecked>, String> {
    text.parse().map_err(|error| {
        format!("it is no Bitcoin address ({error}); copy it whole, such as bc1q…")
    })
}

fn parameter(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .ok_or_else(|| {
            format!(
                "`{}` has no `=`; write it as key=value",
                text.escape_debug()
            )
        })
}
