//! What may be published under a name: the URI's methods, judged before anything is stored.

use payname_resolver::{
    Instructions, Method, UnixTime,
    instructions::{MethodError, UriError},
    lightning::bitcoin::Network,
};

/// What a server lets its users publish.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// The network that every method must be for.
    pub network: Network,
    /// Whether plain on-chain addresses may be published.
    pub allow_onchain: bool,
}

impl Policy {
    /// Judges a URI that is to be published with this TTL, in seconds.
    ///
    /// Stricter than a payer: a method that a payer would pass over would never be paid, so its
    /// owner is told now.
    ///
    /// # Errors
    /// [`PolicyError`] names the method and the remedy.
    pub fn check(&self, uri: &str, ttl: u32, now: UnixTime) -> Result<(), PolicyError> {
        let instructions = Instructions::parse(uri)?;
        if let Some(rejected) = instructions.rejected().first() {
            return Err(PolicyError::Rejected {
                key: rejected.key.clone(),
                reason: rejected.reason.clone(),
            });
        }
        if instructions.methods().is_empty() {
            return Err(PolicyError::Nothing);
        }
        instructions
            .methods()
            .iter()
            .try_for_each(|method| self.check_method(method, ttl, now))
    }

    fn check_method(&self, method: &Method, ttl: u32, now: UnixTime) -> Result<(), PolicyError> {
        let key = || method.key().to_owned();
        match method {
            Method::Bolt11(_) => return Err(PolicyError::Invoice),
            Method::OnChain(_) if !self.allow_onchain => return Err(PolicyError::OnChain),
            _ => {}
        }
        if !method.supports(self.network) {
            return Err(PolicyError::Network {
                key: key(),
                network: self.network,
            });
        }
        match method.expires_at() {
            Some(at) if at < now => Err(PolicyError::Expired { key: key(), at }),
            // Who looked the name up just before would still pay by it until its TTL ends.
            Some(at) if at < now.plus(ttl.into()) => Err(PolicyError::ExpiresTooSoon {
                key: key(),
                at,
                ttl,
            }),
            _ => Ok(()),
        }
    }
}

/// Why a URI is not published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// It is no payment URI.
    #[error("{0}")]
    Unreadable(#[from] UriError),
    /// One of its methods is broken.
    #[error("`{}` in the URI cannot be paid: {reason}", key.escape_debug())]
    Rejected {
        /// The method's key.
        key: String,
        /// What is wrong with it.
        reason: MethodError,
    },
    /// There is no method at all.
    #[error("the URI says no way to pay; add an offer: bitcoin:?lno=lno1…")]
    Nothing,
    /// It has a BOLT 11 invoice.
    #[error(
        "`lightning` is a BOLT 11 invoice, which can be paid only once; publish an offer instead (`lno`)"
    )]
    Invoice,
    /// It has an on-chain address, and these are not allowed here.
    #[error(
        "plain on-chain addresses are not allowed here, since everybody would see all payments; publish an offer (`lno`) or a silent payment address (`sp`)"
    )]
    OnChain,
    /// A method is for another network.
    #[error(
        "`{key}` is not for the network {network} that this server is for; make it with a wallet on {network}"
    )]
    Network {
        /// The method's key.
        key: String,
        /// The server's network.
        network: Network,
    },
    /// A method has expired.
    #[error("`{key}` expired at {at}; make one that does not expire")]
    Expired {
        /// The method's key.
        key: String,
        /// When it expired.
        at: UnixTime,
    },
    /// A method expires while payers may still remember it.
    #[error(
        "`{key}` expires at {at}, which is sooner than the {ttl} seconds for which payers may remember it; make one that does not expire"
    )]
    ExpiresTooSoon {
        /// The method's key.
        key: String,
        /// When it expires.
        at: UnixTime,
        /// The TTL of the record, in seconds.
        ttl: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_785_988_800);
    const OFFER: &str = "lno1zr5qyugqgskrk70kqmuq7v3dnr2fnmhukps9n8hut48vkqpqnskt2svsqwjakp7k6pyhtkuxw7y2kqmsxlwruhzqv0zsnhh9q3t9xhx39suc6qsr07ekm5esdyum0w66mnx8vdquwvp7dp5jp7j3v5cp6aj0w329fnkqqv60q96sz5nkrc5r95qffx002q53tqdk8x9m2tmt85jtpmcycvfnrpx3lr45h2g7na3sec7xguctfzzcm8jjqtj5ya27te60j03vpt0vq9tm2n9yxl2hngfnmygesa25s4u4zlxewqpvp94xt7rur4rhxunwkthk9vly3lm5hh0pqv4aymcqejlgssnlpzwlggykkajp7yjs5jvr2agkyypcdlj280cy46jpynsezrcj2kwa2lyr8xvd6lfkph4xrxtk2xc3lpq";

    fn check(uri: &str) -> Result<(), PolicyError> {
        Policy {
            network: Network::Bitcoin,
            allow_onchain: false,
        }
        .check(uri, 300, NOW)
    }

    #[test]
    fn an_offer_of_the_servers_network_is_taken() {
        check(&format!("bitcoin:?lno={OFFER}")).unwrap();
        let regtest = Policy {
            network: Network::Regtest,
            allow_onchain: true,
        };
        let refused = regtest.check(&format!("bitcoin:?lno={OFFER}"), 300, NOW);
        assert!(matches!(
            refused,
            Err(PolicyError::Network {
                network: Network::Regtest,
                ..
            })
        ));
    }

    #[test]
    fn one_broken_method_beside_a_good_one_is_refused() {
        let refused = check(&format!("bitcoin:?lno={OFFER}&sp=sp1broken"));
        assert!(matches!(refused, Err(PolicyError::Rejected { key, .. }) if key == "sp"));
    }

    #[test]
    fn what_can_be_paid_once_or_never_or_in_public_is_refused() {
        assert!(matches!(
            check("bitcoin:?colour=red"),
            Err(PolicyError::Nothing)
        ));
        assert!(matches!(
            check("lightning:lno1"),
            Err(PolicyError::Unreadable(_))
        ));
        let address = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";
        assert!(matches!(check(address), Err(PolicyError::OnChain)));
        let open = Policy {
            network: Network::Bitcoin,
            allow_onchain: true,
        };
        open.check(address, 300, NOW).unwrap();
    }
}
