//! `payname pay`: a proven name paid once, with the intent on the disk before anything is sent.

mod ask;
mod open;
mod recognise;
mod resume;
pub(super) mod told;

use clap_complete::engine::ArgValueCandidates;
use std::time::Duration;

use payname_resolver::{
    Amount, Instructions, Method, Payee, UnixTime, Verified,
    instructions::{Choice, MethodKind},
    known::Identity,
    lightning_address::Downgrade,
};

use self::{
    recognise::Acquaintance,
    told::{Plan, outcome_report},
};
use super::unproven::Unproven;
use crate::{
    command::completions,
    context::{Context, flag},
    exit::Exit,
    failure::Failure,
    known::KnownPayees,
    lookup::{Lookup, Proven},
    name::{self, Named},
    node::{self, NodeAddress, Order},
    payments::{IntentId, NewIntent, Run, RunError, Store},
    report::Report,
    text, time,
};

/// How long the node may take to be able to pay.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest payer's note, in bytes; longer ones are cut by payees (BOLT 12).
const MAX_NOTE: usize = 512;

/// Arguments of `pay`.
#[derive(Debug, clap::Args)]
pub struct Pay {
    /// The name, such as ₿alice@example.com, or a contact
    #[arg(required_unless_present = "resume", value_parser = name::named, add = ArgValueCandidates::new(completions::contacts))]
    pub name: Option<Named>,
    /// How much, with a unit: 25000sat, 0.00025btc; without it, what the recipient asks for
    pub amount: Option<Amount>,
    /// A note that the recipient will read
    #[arg(long, env = "PAYNAME_NOTE", value_name = "TEXT", value_parser = note)]
    pub note: Option<String>,
    /// The most that routing may cost [default: 1 % of the amount and 50 sat]
    #[arg(long, env = "PAYNAME_MAX_FEE", value_name = "AMOUNT")]
    pub max_fee: Option<Amount>,
    /// Pay without asking
    #[arg(long, env = "PAYNAME_YES", value_parser = flag())]
    pub yes: bool,
    /// Pay although the payee has other keys than the last time, and remember these
    #[arg(long, env = "PAYNAME_ACCEPT_CHANGE", value_parser = flag())]
    pub accept_change: bool,
    /// Prove and choose, show what would be paid, and stop
    #[arg(long, env = "PAYNAME_DRY_RUN", value_parser = flag())]
    pub dry_run: bool,
    /// How long to wait for the outcome; a payee that is off line is known after 120 s at the latest
    #[arg(
        long,
        env = "PAYNAME_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = 150
    )]
    pub timeout: u64,
    /// Whether to go on without a proof.
    #[command(flatten)]
    pub unproven: Unproven,
    /// Do not pay; find out what became of a payment that was cut off (of all, without an id)
    #[arg(long, env = "PAYNAME_RESUME", value_name = "ID", num_args = 0..=1,
          default_missing_value = "", conflicts_with_all = ["name", "amount", "dry_run"])]
    pub resume: Option<String>,
}

impl Pay {
    /// Runs the command.
    ///
    /// # Errors
    /// As the exit codes say; only those of 10 and 11 come after a payment began.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        if let Some(id) = &self.resume {
            return resume::run(context, id, Duration::from_secs(self.timeout));
        }
        let Some(named) = &self.name else {
            return Err(Failure::usage(
                "usage",
                "name whom to pay, such as ₿alice@example.com",
            ));
        };
        if self.yes && self.amount.is_none() {
            return Err(Failure::usage(
                "no_amount",
                "--yes needs an amount, such as 25000sat",
            ));
        }
        let payee = named.payee(context)?;
        let plan = self.plan(context, &payee, time::now())?;
        if self.dry_run {
            return Ok(plan.report());
        }
        let is_asked = context.is_interactive() && !self.yes;
        if !self.accept_change && !is_asked {
            plan.payee.refuse_change(payee.handle())?;
        }
        let store_folder = context.data_dir()?;
        let _lock = open::lock(&store_folder)?;
        let store = Store::open(&store_folder)?;
        let node = resume::before_paying(context, &store, payee.handle())?;
        ask::confirm(context, &plan, self.yes, self.accept_change)?;
        let node = match node {
            Some(node) => node,
            None => open::node(context)?,
        };
        node.wait_ready(READY_TIMEOUT)?;
        self.carry_out(context, &store, node.as_ref(), &plan)
    }

    /// Everything up to the point where money would move, and nothing that changes anything.
    fn plan(&self, context: &Context, payee: &Payee, now: UnixTime) -> Result<Plan, Failure> {
        let handle = payee.handle();
        let lookup = Lookup::ask(context, handle, now)?;
        let Proven {
            instructions: proven,
            opinion,
        } = lookup.proven().map_err(|failure| {
            let refusal = lookup.refusal();
            match self.unproven.downgrade(payee, refusal, failure) {
                Ok(downgrade) => not_paid_unproven(&downgrade),
                Err(failure) => failure,
            }
        })?;
        let choice = proven.choose(context.global.network.into(), can_pay, now);
        let method = chosen(&proven, &choice)?;
        let known = KnownPayees::of(&context.data_dir()?).find(handle)?;
        let payee = Acquaintance::with(known, Identity::of(&proven), method.value());
        let amount = method
            .value()
            .limits()
            .settle_on(self.amount)
            .map_err(|error| {
                Failure::new(Exit::OutsideLimits, "amount", format!("{handle}: {error}"))
                    .with("name", handle.to_string())
            })?;
        let max_fee = match self.max_fee {
            Some(fee) => fee,
            None => default_max_fee(amount),
        };
        let node = &context.global.node;
        self.suits(node, amount)?;
        Ok(Plan {
            node: node.clone(),
            instructions: proven.value().clone(),
            method,
            payee,
            passed_over: choice.passed_over,
            amount,
            max_fee,
            note: self.note.clone(),
            network: context.global.network,
            opinion,
            decided_at: now,
        })
    }

    /// Refuses what the node cannot be asked for, rather than leave it out.
    fn suits(&self, node: &NodeAddress, amount: Amount) -> Result<(), Failure> {
        let (name, can) = (node.name(), node.capabilities());
        let refuse = |code, what: &str| Err(Failure::usage(code, format!("{name} {what}")));
        if self.note.is_some() && !can.notes {
            return refuse("no_notes", "sends no notes; leave --note out");
        }
        if self.max_fee.is_some() && !can.limits_fee {
            return refuse(
                "no_fee_limit",
                "chooses the fee by itself and takes no limit; leave --max-fee out",
            );
        }
        if amount.whole_sat().is_none() && !can.millisatoshis {
            return refuse("no_millisatoshis", "pays whole satoshis only");
        }
        Ok(())
    }

    /// Writes the intent, pays, tells the outcome.
    fn carry_out(
        &self,
        context: &Context,
        store: &Store,
        node: &dyn node::Node,
        plan: &Plan,
    ) -> Result<Report, Failure> {
        // Time has passed since it was proven: a person was asked, a node was started.
        if !plan.method.window().contains(time::now()) {
            let message = format!("{}: the proof expired meanwhile; try again", plan.handle());
            return Err(Failure::new(Exit::NotVerified, "expired", message));
        }
        let known = KnownPayees::of(&context.data_dir()?);
        plan.payee.remember(&known, plan.handle(), time::now())?;
        let meant = plan.intent(new_id()?, node.identity());
        let order = Order {
            method: plan.method.clone(),
            amount: plan.amount,
            max_fee: plan.max_fee,
            note: plan.note.clone(),
            timeout: Duration::from_secs(self.timeout),
        };
        context.progress(&format!("paying {} to {}", plan.amount, plan.handle()));
        let run = Run {
            store,
            clock: &time::now,
        };
        let outcome = run.pay(node, &meant, &order)?;
        outcome_report(store, &meant, &outcome)
    }
}

/// Whether a node of this program pays such methods.
fn can_pay(method: &Method) -> bool {
    method.kind() == MethodKind::Offer
}

/// A name that could be asked for a Lightning Address, which is not paid.
fn not_paid_unproven(downgrade: &Downgrade) -> Failure {
    let handle = downgrade.handle();
    let name = handle.as_str();
    let message = format!(
        "{name} has nothing proven to pay: {}; `pay` pays what is proven and nothing else, see `payname resolve {name} --danger-allow-lightning-address` for what its Lightning Address says",
        downgrade.cause()
    );
    Failure::new(Exit::NothingPayable, "unproven_is_not_paid", message)
        .with("name", name)
        .with("proven", false)
}

/// The chosen method, or why there is none.
fn chosen(proven: &Verified<Instructions>, choice: &Choice) -> Result<Verified<Method>, Failure> {
    choice.chosen.clone().ok_or_else(|| {
        let reasons: Vec<String> = choice
            .passed_over
            .iter()
            .map(|passed| format!("`{}`: {}", text::escape(&passed.key), passed.reason))
            .collect();
        let handle = proven.handle();
        let message = format!(
            "{handle} is proven, but nothing it names can be paid here: {}",
            reasons.join("; ")
        );
        Failure::new(Exit::NothingPayable, "nothing_payable", message)
            .with("name", handle.to_string())
            .with("passed_over", told::passed_over_json(&choice.passed_over))
    })
}

/// One percent and 50 sat.
fn default_max_fee(amount: Amount) -> Amount {
    let percent = amount.msat().checked_div(100).unwrap_or_default();
    Amount::from_msat(percent.saturating_add(50_000)).unwrap_or(amount)
}

fn new_id() -> Result<IntentId, Failure> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| Failure::unexpected("no_randomness", error))?;
    Ok(IntentId::new(random))
}

fn note(text: &str) -> Result<String, String> {
    match text.len() {
        0 => Err("the note is empty; leave it out".to_owned()),
        length if length > MAX_NOTE => Err(format!(
            "the note has {length} bytes; at most {MAX_NOTE} are sent"
        )),
        _ => Ok(text.to_owned()),
    }
}

impl Plan {
    fn intent(&self, id: IntentId, node: &str) -> NewIntent {
        NewIntent {
            id,
            handle: self.handle().clone(),
            uri: self.method.uri().to_owned(),
            proof: self.method.proof().to_bytes(),
            offer: self.method.value().text().to_owned(),
            amount: self.amount,
            max_fee: self.max_fee,
            note: self.note.clone(),
            network: self.network.to_string(),
            node: node.to_owned(),
            intended_at: self.decided_at,
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Node(error) => error.into(),
            RunError::Store(error) => error.into(),
            RunError::OtherNode { ref id, ref node } => {
                let (id, node) = (id.as_str(), node.as_str());
                Self::new(Exit::PaymentUnknown, "other_node", &error)
                    .with("id", id)
                    .with("node", node)
            }
        }
    }
}
