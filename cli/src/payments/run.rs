//! One payment from intent to outcome, and the finding of those that were cut off.

use std::time::Duration;

use payname_resolver::UnixTime;

use super::{Intent, IntentId, NewIntent, State, Store, StoreError};
use crate::node::{Found, Node, NodeError, Order, Outcome, PaymentId, Trace};

/// Pays and finds out, with a node and the store of payments.
///
/// Only one process may do so in one data folder at a time: hold its [`Lock`](super::Lock).
pub struct Run<'a> {
    /// Where intents are kept.
    pub store: &'a Store,
    /// The time, asked whenever something ends.
    pub clock: &'a dyn Fn() -> UnixTime,
}

impl Run<'_> {
    /// Writes the intent, pays, and writes what became of it.
    ///
    /// # Errors
    /// The intent cannot be written, or the node refused to begin; nothing was paid then.
    pub fn pay(
        &self,
        node: &dyn Node,
        meant: &NewIntent,
        order: &Order,
    ) -> Result<Outcome, RunError> {
        self.store.insert(meant)?;
        self.store.mark_sending(&meant.id)?;
        // If its id cannot be stored, a payment that goes on nevertheless is found again by its offer.
        let mut begun = |payment: &PaymentId| self.store.mark_sent(&meant.id, payment).is_ok();
        match node.pay(order, &mut begun) {
            Ok(outcome) => {
                // The payment has happened or not, whether or not that can be written.
                let _ = self.store.finish(&meant.id, &outcome, (self.clock)());
                Ok(outcome)
            }
            Err(error) => {
                self.store
                    .fail(&meant.id, "refused_by_node", (self.clock)())?;
                Err(error.into())
            }
        }
    }

    /// Ends the intents that no node has heard of; returns the others that are unfinished.
    ///
    /// # Errors
    /// The store fails.
    pub fn unfinished(&self) -> Result<Vec<Intent>, StoreError> {
        let mut left = Vec::new();
        for intent in self.store.unfinished()? {
            match intent.state {
                State::Intended => {
                    self.store
                        .fail(&intent.meant.id, "never_sent", (self.clock)())?;
                }
                _ => left.push(intent),
            }
        }
        Ok(left)
    }

    /// Asks the node what became of an unfinished intent, and writes it down. Never pays.
    ///
    /// # Errors
    /// It is another node than the one that was to pay, it cannot be asked, or the store fails.
    pub fn reconcile(
        &self,
        node: &dyn Node,
        intent: &Intent,
        within: Duration,
    ) -> Result<Resolved, RunError> {
        let id = &intent.meant.id;
        if intent.meant.node != node.identity() {
            return Err(RunError::OtherNode {
                id: id.clone(),
                node: intent.meant.node.clone(),
            });
        }
        let others = self
            .store
            .intents()?
            .into_iter()
            .filter(|other| other.meant.id != *id);
        let trace = Trace {
            payment_id: intent.payment_id.clone(),
            offer: intent.meant.offer.clone(),
            amount: intent.meant.amount,
            intended_at: intent.meant.intended_at,
            others: others.filter_map(|other| other.payment_id).collect(),
        };
        match node.look_up(&trace, within)? {
            Found::Payment {
                id: payment,
                outcome,
            } => {
                self.store.mark_sent(id, &payment)?;
                self.store.finish(id, &outcome, (self.clock)())?;
                Ok(Resolved::Ended(outcome))
            }
            Found::NeverSent => {
                self.store.fail(id, "never_sent", (self.clock)())?;
                Ok(Resolved::NeverSent)
            }
            Found::Unclear => {
                self.store.finish(id, &Outcome::Unknown, (self.clock)())?;
                Ok(Resolved::Ended(Outcome::Unknown))
            }
        }
    }
}

/// What became of an intent that was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Resolved {
    /// The node began it; this became of it.
    Ended(Outcome),
    /// The node never began it and never will.
    NeverSent,
}

/// Why nothing was paid, or nothing was found out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node refuses or cannot be asked.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// Only the node that was to pay can say what became of it.
    #[error(
        "the payment {id} was begun with the node {node}, which alone knows what became of it; name that node with --node"
    )]
    OtherNode {
        /// The payment.
        id: IntentId,
        /// The node that was to pay.
        node: String,
    },
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use payname_resolver::{Method, Proof, TrustAnchors, Verified};

    use super::*;
    use crate::{
        node::{FailureReason, fake::Fake},
        payments::{IntentId, store::tests::meant},
    };

    const PROOF: &str = include_str!(
        "../../../resolver/vectors/dnssec-prover-0.6.10-034-check_single_txt_proof.hex"
    );
    const NOW: UnixTime = UnixTime(1_786_000_000);

    /// A data folder and a clock.
    struct Scene {
        _folder: tempfile::TempDir,
        store: Store,
    }

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path()).unwrap();
            Self {
                _folder: folder,
                store,
            }
        }

        fn run(&self) -> Run<'_> {
            Run {
                store: &self.store,
                clock: &|| NOW,
            }
        }

        fn state(&self, id: &IntentId) -> State {
            self.store.intent(id).unwrap().unwrap().state
        }
    }

    fn order() -> Order {
        let proof = Proof::parse(&hex::decode(PROOF.trim()).unwrap()).unwrap();
        let handle = "matt@mattcorallo.com".parse().unwrap();
        let record = proof.verify(&handle, &TrustAnchors::iana(), NOW).unwrap();
        let is_offer = |method: &Verified<Method>| matches!(method.value(), Method::Offer(_));
        let mut methods = record.instructions().unwrap().methods().into_iter();
        Order {
            method: methods.find(is_offer).unwrap(),
            amount: "25000sat".parse().unwrap(),
            max_fee: "300sat".parse().unwrap(),
            note: None,
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn the_fake_node_keeps_the_contract_of_all_nodes() {
        crate::node::contract::holds_for(&Fake::settling(), &order(), NOW);
    }

    #[test]
    fn a_settled_payment_is_written_with_its_evidence() {
        let (scene, node, meant) = (Scene::new(), Fake::settling(), meant(1));
        let outcome = scene.run().pay(&node, &meant, &order()).unwrap();
        assert!(matches!(outcome, Outcome::Settled(_)));
        let intent = scene.store.intent(&meant.id).unwrap().unwrap();
        assert_eq!(intent.state, State::Settled);
        assert_eq!(intent.payment_id, Some(PaymentId("payment-1".into())));
        assert!(intent.settlement.is_some());
    }

    #[test]
    fn the_intent_is_on_the_disk_before_the_node_hears_of_it_and_its_id_at_once() {
        /// Looks at the store at the moments a crash could come.
        struct Looking<'a>(&'a Store, Cell<u32>);
        impl Node for Looking<'_> {
            fn capabilities(&self) -> crate::node::Capabilities {
                Fake::settling().capabilities()
            }
            fn identity(&self) -> &str {
                "fake"
            }
            fn wait_ready(&self, _: Duration) -> Result<(), NodeError> {
                Ok(())
            }
            fn pay(
                &self,
                _: &Order,
                begun: &mut dyn FnMut(&PaymentId) -> bool,
            ) -> Result<Outcome, NodeError> {
                let state = || self.0.intents().unwrap()[0].state;
                assert_eq!(state(), State::Sending);
                assert!(begun(&PaymentId("p".into())));
                assert_eq!(state(), State::Sent);
                self.1.set(self.1.get() + 1);
                Ok(Outcome::Unknown)
            }
            fn look_up(&self, _: &Trace, _: Duration) -> Result<Found, NodeError> {
                Ok(Found::Unclear)
            }
        }
        let scene = Scene::new();
        let node = Looking(&scene.store, Cell::new(0));
        let meant = meant(1);
        assert_eq!(
            scene.run().pay(&node, &meant, &order()).unwrap(),
            Outcome::Unknown
        );
        assert_eq!(node.1.get(), 1);
        assert_eq!(scene.state(&meant.id), State::Unknown);
    }

    #[test]
    fn a_refusal_before_the_start_ends_the_intent() {
        let (scene, meant) = (Scene::new(), meant(1));
        let node = Fake {
            outcome: Err(NodeError::NoChannel),
            ..Fake::settling()
        };
        let error = scene.run().pay(&node, &meant, &order()).unwrap_err();
        assert!(matches!(error, RunError::Node(NodeError::NoChannel)));
        assert_eq!(scene.state(&meant.id), State::Failed);
        assert!(scene.run().unfinished().unwrap().is_empty());
    }

    #[test]
    fn a_crash_before_the_node_was_called_ends_the_intent_without_asking() {
        let (scene, meant) = (Scene::new(), meant(1));
        scene.store.insert(&meant).unwrap();
        assert!(scene.run().unfinished().unwrap().is_empty());
        let intent = scene.store.intent(&meant.id).unwrap().unwrap();
        assert_eq!(intent.failure.as_deref(), Some("never_sent"));
    }

    #[test]
    fn a_payment_cut_off_is_asked_for_and_never_paid_again() {
        let settled = Fake::settling().outcome.unwrap();
        let failed = Outcome::Failed(FailureReason::NoInvoice);
        let id = PaymentId("found".into());
        let payment = |outcome: &Outcome| Found::Payment {
            id: id.clone(),
            outcome: outcome.clone(),
        };
        let rows = [
            (
                payment(&settled),
                State::Settled,
                Resolved::Ended(settled.clone()),
            ),
            (
                payment(&failed),
                State::Failed,
                Resolved::Ended(failed.clone()),
            ),
            (
                payment(&Outcome::Unknown),
                State::Unknown,
                Resolved::Ended(Outcome::Unknown),
            ),
            (Found::NeverSent, State::Failed, Resolved::NeverSent),
            (
                Found::Unclear,
                State::Unknown,
                Resolved::Ended(Outcome::Unknown),
            ),
        ];
        for (found, state, expected) in rows {
            let (scene, meant) = (Scene::new(), meant(1));
            scene.store.insert(&meant).unwrap();
            scene.store.mark_sending(&meant.id).unwrap();
            let node = Fake {
                found,
                ..Fake::settling()
            };
            let unfinished = scene.run().unfinished().unwrap();
            let resolved = scene
                .run()
                .reconcile(&node, &unfinished[0], Duration::ZERO)
                .unwrap();
            assert_eq!(resolved, expected);
            assert_eq!(scene.state(&meant.id), state);
            assert!(node.begun.borrow().is_empty());
        }
    }

    #[test]
    fn another_node_is_not_believed_about_a_payment_that_it_does_not_have() {
        let scene = Scene::new();
        let meant = NewIntent {
            node: "cln:02aa".into(),
            ..meant(1)
        };
        scene.store.insert(&meant).unwrap();
        scene.store.mark_sending(&meant.id).unwrap();
        let node = Fake {
            found: Found::NeverSent,
            ..Fake::settling()
        };
        let unfinished = scene.run().unfinished().unwrap();
        let error = scene
            .run()
            .reconcile(&node, &unfinished[0], Duration::ZERO)
            .unwrap_err();
        assert!(matches!(error, RunError::OtherNode { .. }), "{error}");
        assert_eq!(scene.state(&meant.id), State::Sending);
    }

    #[test]
    fn a_receipt_of_the_recorded_proof_is_checked_and_every_change_of_it_is_refused() {
        use payname_resolver::lightning::bitcoin::hashes::{Hash, sha256};

        use crate::payments::{Receipt, ReceiptError};
        let order = order();
        let preimage = [7; 32];
        let good = Receipt {
            receipt: 1,
            id: "0707070707070707".into(),
            name: order.method.handle().to_string(),
            uri: order.method.uri().into(),
            proof: hex::encode(order.method.proof().to_bytes()),
            offer: order.method.value().text().into(),
            amount_msat: 25_000_000,
            fee_msat: None,
            note: None,
            network: "bitcoin".into(),
            payment_hash: hex::encode(sha256::Hash::hash(&preimage).to_byte_array()),
            preimage: hex::encode(preimage),
            intended_at: NOW.0,
            settled_at: None,
        };
        let anchors = TrustAnchors::iana();
        assert_eq!(good.check(&anchors).unwrap().at, NOW);
        let changed = |change: &dyn Fn(&mut Receipt)| {
            let mut receipt = good.clone();
            change(&mut receipt);
            receipt.check(&anchors).unwrap_err()
        };
        assert_eq!(changed(&|r| r.uri.push('x')), ReceiptError::OtherUri);
        assert_eq!(
            changed(&|r| r.offer = "lno1".into()),
            ReceiptError::OtherOffer
        );
        assert_eq!(
            changed(&|r| r.preimage = "08".repeat(32)),
            ReceiptError::OtherPreimage
        );
        assert_eq!(changed(&|r| r.receipt = 2), ReceiptError::Layout(2));
        assert_eq!(
            changed(&|r| r.proof = "zz".into()),
            ReceiptError::Field("proof")
        );
        assert!(matches!(
            changed(&|r| r.intended_at = 1),
            ReceiptError::NotVerified(_)
        ));
        assert!(matches!(
            changed(&|r| r.name = "tim@mattcorallo.com".into()),
            ReceiptError::NotVerified(_)
        ));
    }
}
