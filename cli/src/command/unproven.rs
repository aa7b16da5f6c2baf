//! Names that nothing proves: what their Lightning Address says, if that was asked for by name.

use std::time::Duration;

use payname_resolver::{
    Amount, Payee, VerifyError,
    lightning_address::{Downgrade, DowngradeError, Fetcher, PayRequest},
    net::{ClientOptions, Timeouts},
};
use serde_json::{Map, Value, json};

use super::resolve::quoted;
use crate::{
    context::{Context, flag},
    exit::Exit,
    failure::Failure,
    http::root_cause,
    name,
    report::{Report, fields},
    text,
};

/// How long a Lightning Address service may take to answer, at least.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Whether to go on without a proof.
#[derive(Debug, clap::Args)]
pub struct Unproven {
    /// DANGER: take the unproven word of the domain's web server (Lightning Address, LNURL) where DNS
    /// proves that there is no payment record or that the domain is unsigned; never with the ₿
    #[arg(
        long,
        env = "PAYNAME_DANGER_ALLOW_LIGHTNING_ADDRESS",
        value_parser = flag()
    )]
    pub danger_allow_lightning_address: bool,
}

impl Unproven {
    /// The leave to ask for the Lightning Address of a name that is refused with `failure`.
    ///
    /// # Errors
    /// It was not asked for, or may not be given: the failure, with the reason.
    pub(super) fn downgrade(
        &self,
        payee: &Payee,
        refusal: Option<&VerifyError>,
        failure: Failure,
    ) -> Result<Downgrade, Failure> {
        let Some(error) = refusal.filter(|_| self.danger_allow_lightning_address) else {
            return Err(failure);
        };
        Downgrade::danger_accept_unproven(payee, error).map_err(|refused| {
            let (code, message) = match &refused {
                DowngradeError::NotProven { .. } => ("not_proven", refused.to_string()),
                DowngradeError::Sign(_) => ("sign", format!("{}; {refused}", failure.message)),
                _ => ("no_host", format!("{}; {refused}", failure.message)),
            };
            Failure { message, ..failure }.with("lightning_address_refused", code)
        })
    }
}

/// Asks a Lightning Address service what it takes. None of it is proven.
pub(super) fn ask(context: &Context, downgrade: Downgrade) -> Result<Report, Failure> {
    // Without the ₿, which stands for a proof.
    let name = downgrade.handle().as_str().to_owned();
    let failed = |exit, code, message: String| {
        Failure::new(exit, code, message)
            .with("name", name.as_str())
            .with("proven", false)
    };
    let url = downgrade.url().clone();
    context.warn(&format!(
        "{}; asking {} for a Lightning Address, which nothing proves",
        downgrade.cause(),
        url.host_str().unwrap_or_default()
    ));
    let options = context.connections()?;
    // Through a proxy there is as much time as names have there.
    let timeouts = Timeouts {
        total: options.timeouts.total.max(TIMEOUT),
        ..options.timeouts
    };
    let options = ClientOptions {
        timeouts,
        ..options
    };
    let fetching = async { Fetcher::with_options(options)?.fetch(&url).await };
    let body = context.block_on(fetching)?.map_err(|error| {
        let message = format!("{error}: {}", root_cause(&error));
        failed(Exit::Network, "lightning_address_unreachable", message)
    })?;
    let request = downgrade.receive(&body).map_err(|error| {
        let message = format!("{name} has no Lightning Address either: {error}");
        failed(Exit::NothingPayable, "no_lightning_address", message)
    })?;
    Ok(Report::new(told(&request), document(&request)))
}

fn told(request: &PayRequest) -> String {
    let amounts = request.limits();
    let amount = |amount: Option<Amount>, none: &str| {
        amount.map_or_else(|| none.to_owned(), |amount| amount.to_string())
    };
    let mut lines = vec![
        // Without the ₿, which stands for a proof.
        name::shown(request.handle()).replacen('₿', "", 1),
        "UNPROVEN  a web server's word, which it can change for every payer".to_owned(),
        format!("because   {}", request.cause()),
        format!(
            "pay with  Lightning Address, UNPROVEN, invoices by {}",
            text::escape(request.callback_host())
        ),
        format!(
            "amount    {} to {}",
            amount(amounts.minimum(), "any"),
            amount(amounts.maximum(), "any")
        ),
    ];
    if request.is_hosted_elsewhere() {
        lines.push(format!(
            "beware    the invoices come from {}, not from {}",
            text::escape(request.callback_host()),
            request.handle().domain()
        ));
    }
    lines.push(format!("says      {}", quoted(request.description())));
    lines.extend(
        request
            .identifier()
            .map(|identifier| format!("calls it  {}", quoted(identifier))),
    );
    lines.join("\n")
}

fn document(request: &PayRequest) -> Map<String, Value> {
    let limits = request.limits();
    fields(json!({
        "name": request.handle().as_str(),
        "readable": request.handle().readable().to_string().replacen('₿', "", 1),
        "proven": false,
        "outcome": request.cause().code(),
        "reason": request.cause().to_string(),
        "uri": null,
        "methods": [],
        "lightning_address": {
            "callback_host": request.callback_host(),
            "hosted_elsewhere": request.is_hosted_elsewhere(),
            "minimum_msat": limits.minimum().map(Amount::msat),
            "maximum_msat": limits.maximum().map(Amount::msat),
            "description": request.description(),
            "identifier": request.identifier(),
            "comment_limit": request.comment_limit(),
        },
    }))
}

#[cfg(test)]
mod tests {
    use payname_resolver::{
        Proof, UnixTime, Window,
        hickory_proto::rr::Name,
        proof::{Denial, DenialKind, ResourceRecord},
    };

    use super::*;

    const BODY: &[u8] = br#"{"tag":"payRequest","callback":"https://hosted.example/cb",
        "minSendable":1000,"maxSendable":5000000,"commentAllowed":10,
        "metadata":"[[\"text/plain\",\"tips \\u001b[31mfor Alice\"]]"}"#;

    fn denied() -> VerifyError {
        let name = |text: &str| Name::from_ascii(text).unwrap();
        let record = ResourceRecord::new(
            &name("example.com."),
            payname_resolver::hickory_proto::rr::RecordType::NSEC,
            60,
            vec![0, 0],
        );
        VerifyError::Denied(Denial {
            kind: DenialKind::NxDomain,
            owner: name("alice.user._bitcoin-payment.example.com."),
            zone: name("example.com."),
            window: Window {
                valid_from: UnixTime(0),
                valid_until: UnixTime(9),
            },
            cache_ttl: 60,
            proof: Proof::from_records(vec![record]).unwrap(),
        })
    }

    fn allowed() -> Unproven {
        Unproven {
            danger_allow_lightning_address: true,
        }
    }

    fn failure() -> Failure {
        Failure::new(Exit::Denied, "denied", "alice is denied")
    }

    #[test]
    fn what_a_service_says_is_marked_as_unproven_and_never_bears_the_sign() {
        let payee = "alice@example.com".parse().unwrap();
        let downgrade = allowed().downgrade(&payee, Some(&denied()), failure());
        let request = downgrade.unwrap().receive(BODY).unwrap();
        let text = told(&request);
        assert!(text.starts_with("alice@example.com\nUNPROVEN"), "{text}");
        assert!(!text.contains('₿'), "{text}");
        assert!(text.contains("amount    1 sat to 5,000 sat"), "{text}");
        assert!(text.contains("come from hosted.example, not from example.com"));
        assert!(!text.contains('\u{1b}'), "{text}");
        let json = document(&request);
        assert_eq!(json["proven"], false);
        assert_eq!(json["name"], "alice@example.com");
        assert_eq!(json["lightning_address"]["maximum_msat"], 5_000_000);
        assert_eq!(json["methods"], json!([]));
    }

    #[test]
    fn without_being_asked_for_or_with_the_sign_the_refusal_stands() {
        let plain: Payee = "alice@example.com".parse().unwrap();
        let not_asked = Unproven {
            danger_allow_lightning_address: false,
        };
        let refused = not_asked.downgrade(&plain, Some(&denied()), failure());
        assert_eq!(refused.unwrap_err().message, "alice is denied");
        let signed = "₿alice@example.com".parse().unwrap();
        let refused = allowed().downgrade(&signed, Some(&denied()), failure());
        let refused = refused.unwrap_err();
        assert_eq!((refused.exit, refused.code), (Exit::Denied, "denied"));
        assert_eq!(refused.fields["lightning_address_refused"], "sign");
        // A proven name is never refused for this.
        assert!(allowed().downgrade(&plain, None, failure()).is_err());
    }
}
