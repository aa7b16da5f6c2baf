//! A service as it should be, and the verdicts that lead to it.

use super::*;

pub(super) const NOW: UnixTime = UnixTime(1_800_000_000);
pub(super) const METADATA: &str = r#"[["text/plain","Pay alice"],["text/identifier","alice@example.com"],["image/png;base64","iVBO"]]"#;

pub(super) fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

pub(super) fn payee(text: &str) -> Payee {
    text.parse().unwrap()
}

pub(super) fn insecure() -> VerifyError {
    VerifyError::Insecure(Insecure {
        zone: name("example.com."),
        parent: name("com."),
        window: Window::ALWAYS,
        cache_ttl: 60,
        proof: any_proof(),
    })
}

/// Some proof: leave is given by what was judged of it, which the tests make up.
pub(super) fn any_proof() -> Proof {
    let proof = include_str!("../../../vectors/bip353-01-simple.hex");
    Proof::parse(&hex::decode(proof.trim()).unwrap()).unwrap()
}

pub(super) fn denied() -> VerifyError {
    VerifyError::Denied(Denial {
        kind: DenialKind::NxDomain,
        owner: name("alice.user._bitcoin-payment.example.com."),
        zone: name("example.com."),
        window: Window::ALWAYS,
        cache_ttl: 60,
        proof: any_proof(),
    })
}

pub(super) fn bogus(reason: Reason) -> VerifyError {
    VerifyError::Bogus(Bogus {
        record_set: RecordSetName {
            owner: name("example.com."),
            record_type: hickory_proto::rr::RecordType::TXT,
        },
        zone: None,
        reason,
    })
}

pub(super) fn downgrade() -> Downgrade {
    Downgrade::danger_accept_unproven(&payee("Alice@example.com"), &insecure()).unwrap()
}

/// What a service that behaves says first.
pub(super) fn offered() -> Value {
    json!({
        "tag": "payRequest",
        "callback": "https://pay.example/lnurlp/alice?id=7",
        "minSendable": 1_000,
        "maxSendable": 100_000_000_000_u64,
        "metadata": METADATA,
        "commentAllowed": 5,
        "payerData": {"name": {"mandatory": false}},
    })
}

pub(super) fn read(answer: &Value) -> Result<PayRequest, PayRequestError> {
    downgrade().receive(answer.to_string().as_bytes())
}

/// The same answer with one field changed.
pub(super) fn read_with(key: &str, value: Value) -> Result<PayRequest, PayRequestError> {
    let mut answer = offered();
    answer[key] = value;
    read(&answer)
}

pub(super) fn sat(sat: u64) -> Amount {
    Amount::from_sat(sat).unwrap()
}

/// The service's invoice.
pub(super) struct Invoice {
    pub(super) currency: Currency,
    pub(super) msat: Option<u64>,
    pub(super) description: Bolt11InvoiceDescription,
}

impl Default for Invoice {
    fn default() -> Self {
        Self {
            currency: Currency::Bitcoin,
            msat: Some(25_000_000),
            description: Bolt11InvoiceDescription::Hash(Sha256(sha256::Hash::hash(
                METADATA.as_bytes(),
            ))),
        }
    }
}

impl Invoice {
    pub(super) fn text(self) -> String {
        let builder = InvoiceBuilder::new(self.currency)
            .invoice_description(self.description)
            .payment_hash(sha256::Hash::hash(b"preimage"))
            .payment_secret(PaymentSecret([1; 32]))
            .duration_since_epoch(Duration::from_secs(NOW.0 - 600))
            .expiry_time(Duration::from_secs(600))
            .min_final_cltv_expiry_delta(144);
        let builder = match self.msat {
            Some(msat) => builder.amount_milli_satoshis(msat),
            None => builder,
        };
        let key = SecretKey::from_slice(&[7; 32]).unwrap();
        builder
            .build_signed(|hash| Secp256k1::new().sign_ecdsa_recoverable(hash, &key))
            .unwrap()
            .to_string()
    }

    /// What comes of it when 25,000 sat were asked for on mainnet.
    pub(super) fn received(
        self,
        now: UnixTime,
    ) -> Result<Unproven<crate::instructions::Bolt11Method>, InvoiceError> {
        let answer = json!({"pr": self.text(), "routes": []}).to_string();
        let request = read(&offered()).unwrap().ask(sat(25_000), None).unwrap();
        request.receive(answer.as_bytes(), Network::Bitcoin, now)
    }
}
