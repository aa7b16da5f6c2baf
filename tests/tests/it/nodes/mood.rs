//! How a stand-in behaves, and what it remembers: payments, and what it was asked.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use payname_resolver::UnixTime;

use super::payee::{Payee, Request};

/// How a node and the payee behind it behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mood {
    /// As documented.
    #[default]
    Fair,
    /// The payee asks for one satoshi more.
    OtherAmount,
    /// The invoice is of another offer, signed by that one's key.
    OtherOffer,
    /// The invoice has expired.
    Expired,
    /// The invoice's signature is wrong.
    Forged,
    /// The invoice repeats another note.
    OtherNote,
    /// No invoice comes.
    NoInvoice,
    /// The payee is asked and never answers.
    SilentFetch,
    /// There is no route.
    NoRoute,
    /// It pays, and the answer breaks off.
    HalfAnswer,
    /// It pays, and never answers.
    Silence,
    /// The payment stays on its way, and there is no answer.
    Pending,
    /// It hears of the payment, does nothing, and never answers.
    Nothing,
}

/// How a payment of the stand-in stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Pending,
    Settled,
}

/// A payment of the stand-in.
#[derive(Debug, Clone)]
pub(super) struct Payment {
    pub(super) invoice: String,
    pub(super) preimage: [u8; 32],
    pub(super) amount_msat: u64,
    pub(super) standing: Standing,
    pub(super) external_id: Option<String>,
    pub(super) made_at: u64,
}

/// What every stand-in has.
pub(super) struct Books {
    pub(super) payee: Payee,
    mood: Mutex<Mood>,
    payments: Mutex<Vec<Payment>>,
    calls: Mutex<Vec<(String, serde_json::Value)>>,
}

/// What paying costs at a stand-in, in millisatoshis.
pub(super) const FEE_MSAT: u64 = 4_000;

impl Books {
    pub(super) fn new() -> Self {
        Self {
            payee: Payee::new(3),
            mood: Mutex::default(),
            payments: Mutex::default(),
            calls: Mutex::default(),
        }
    }

    pub(super) fn mood(&self) -> Mood {
        *self.mood.lock().unwrap()
    }

    pub(super) fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(super) fn note_call(&self, method: &str, parameters: serde_json::Value) {
        let call = (method.to_owned(), parameters);
        self.calls.lock().unwrap().push(call);
    }

    /// With what a method was called.
    pub(super) fn calls(&self, method: &str) -> Vec<serde_json::Value> {
        let calls = self.calls.lock().unwrap();
        let own = calls.iter().filter(|(name, _)| name == method);
        own.map(|(_, parameters)| parameters.clone()).collect()
    }

    pub(super) fn payments(&self) -> Vec<Payment> {
        self.payments.lock().unwrap().clone()
    }

    /// What has arrived at the payee, in millisatoshis.
    pub(super) fn arrived(&self) -> Vec<u64> {
        let payments = self.payments();
        let arrived = payments.iter().filter(|p| p.standing == Standing::Settled);
        arrived.map(|payment| payment.amount_msat).collect()
    }

    pub(super) fn pay(&self, payment: Payment) {
        self.payments.lock().unwrap().push(payment);
    }

    /// Lets everything arrive that is on its way.
    pub(super) fn settle(&self) {
        for payment in self.payments.lock().unwrap().iter_mut() {
            payment.standing = Standing::Settled;
        }
    }

    /// The invoice that comes for a question, as the mood is.
    pub(super) fn invoice(&self, amount_msat: u64, note: Option<String>) -> (String, [u8; 32]) {
        let mood = self.mood();
        let request = Request {
            amount_msat: match mood {
                Mood::OtherAmount => amount_msat + 1000,
                _ => amount_msat,
            },
            note: match mood {
                Mood::OtherNote => Some("another".to_owned()),
                _ => note,
            },
            made_at: match mood {
                Mood::Expired => now() - 7200,
                _ => now(),
            },
            lifetime: Duration::from_secs(3600),
        };
        match mood {
            Mood::OtherOffer => Payee::new(4).invoice(&request),
            Mood::Forged => {
                let (invoice, preimage) = self.payee.invoice(&request);
                (super::payee::forged(&invoice), preimage)
            }
            _ => self.payee.invoice(&request),
        }
    }
}

/// The time, in seconds.
pub(super) fn now() -> u64 {
    UnixTime::from(SystemTime::now()).0
}
