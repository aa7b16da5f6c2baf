//! Three validators say the same of zones that nobody thought of: Unbound, hickory and ours.
//!
//! Each seed is a world of its own. `make test` asks a few hundred questions in two of them;
//! `PAYNAME_QUESTIONS=10000` (`make differential`) goes on with further seeds.

mod hickory;
mod reason;
mod scene;

use payname_resolver::Handle;
use payname_resolver::hickory_proto::op::Message;
use payname_resolver::hickory_proto::rr::{RData, RecordType};
use payname_resolver::resolution::Question;
use payname_tests::judge::{Verdict, hear_validator};
use payname_tests::{Unbound, World};

use hickory::Hickory;
use reason::Reason;
use scene::Dice;

/// How many questions are asked about the world of one seed; half of them are names to be paid.
const QUESTIONS: usize = 400;

/// One world and those who judge it.
struct Court {
    world: World,
    unbound: Unbound,
    hickory: Hickory,
}

impl Court {
    async fn open(world: World) -> Self {
        Self {
            unbound: world.unbound().await.unwrap(),
            hickory: Hickory::start(&world).await.unwrap(),
            world,
        }
    }

    /// What is wrong, if the judges differ about any question.
    async fn hear(&self, question: &Question) -> Result<(Verdict, Message), String> {
        let (unbound, response) = hear_validator(self.unbound.address(), question)
            .await
            .map_err(|error| format!("{question}: {error:#}"))?;
        let hickory = self.hickory.ask(question).await;
        let hickory = hickory.map_err(|error| format!("{question}: {error:#}"))?;
        let is_excused = hickory == Verdict::Bogus && Reason::of(question, &response).is_some();
        if unbound != hickory && !is_excused {
            return Err(format!(
                "{question}: Unbound {unbound:?}, hickory {hickory:?}"
            ));
        }
        Ok((unbound, response))
    }

    /// The same for a name to be paid, which our resolver judges too.
    async fn hear_name(&self, handle: &Handle) -> Result<Verdict, String> {
        let question = Question::new(handle.owner_name().clone(), RecordType::TXT);
        let (verdict, response) = self.hear(&question).await?;
        let ours = self.world.resolve(&handle.to_string()).await;
        let agreed = match (verdict, &ours) {
            (Verdict::Secure, Ok(record)) => payments(&response) == [record.uri()],
            (Verdict::Secure, Err(error)) => {
                error.code() == "no_payment_record" && payments(&response).len() != 1
            }
            (Verdict::SecureNxDomain | Verdict::SecureNoData, Err(error)) => {
                error.code() == "denied"
            }
            (Verdict::Insecure, Err(error)) => error.code() == "insecure",
            // Unbound calls aliases that go in a circle bogus, through an unsigned zone too.
            (Verdict::Bogus, Err(error)) => error.code() != "denied",
            (_, Ok(_)) => false,
        };
        if agreed {
            return Ok(verdict);
        }
        let ours = ours.map(|record| record.uri().to_owned());
        Err(format!("{question}: Unbound {verdict:?}, ours {ours:?}"))
    }
}

/// The texts that pay somebody.
fn payments(response: &Message) -> Vec<String> {
    let texts = response
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            RData::TXT(txt) => String::from_utf8(txt.txt_data.concat()).ok(),
            _ => None,
        });
    texts.filter(|text| text.starts_with("bitcoin:")).collect()
}

/// Asks all questions of a seed; how often each verdict was agreed on, and what was not.
async fn judge(seed: u64) -> (Vec<Verdict>, Vec<String>) {
    let mut dice = Dice::new(seed);
    let court = Court::open(scene::world(&mut dice).await).await;
    let (mut verdicts, mut differences) = (Vec::new(), Vec::new());
    for number in 0..QUESTIONS {
        let heard = if number % 2 == 0 {
            court.hear_name(&scene::handle(&mut dice)).await
        } else {
            let heard = court.hear(&scene::question(&mut dice)).await;
            heard.map(|(verdict, _)| verdict)
        };
        match heard {
            Ok(verdict) => verdicts.push(verdict),
            Err(difference) => differences.push(format!("seed {seed}: {difference}")),
        }
    }
    (verdicts, differences)
}

#[tokio::test(flavor = "multi_thread")]
async fn unbound_hickory_and_ours_say_the_same_of_zones_that_nobody_thought_of() {
    let questions = std::env::var("PAYNAME_QUESTIONS");
    let questions = questions.map_or(2 * QUESTIONS, |count| count.parse().unwrap());
    let (mut verdicts, mut differences) = (Vec::new(), Vec::new());
    for seed in 0..questions.div_ceil(QUESTIONS) as u64 {
        let (agreed, not) = judge(seed).await;
        verdicts.extend(agreed);
        differences.extend(not);
    }
    let count = |wanted| {
        verdicts
            .iter()
            .filter(|verdict| **verdict == wanted)
            .count()
    };
    let counts = [
        Verdict::Secure,
        Verdict::SecureNxDomain,
        Verdict::SecureNoData,
        Verdict::Insecure,
    ]
    .map(|verdict| (verdict, count(verdict)));
    println!("{counts:?}, bogus {}", count(Verdict::Bogus));
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(
        counts.iter().all(|(_, count)| *count > questions / 40),
        "{counts:?}"
    );
}

#[test]
fn every_reason_of_hickory_is_told_in_the_documentation() {
    let page = include_str!("../../../../docs/oracles.md");
    for reason in Reason::ALL {
        let row = format!("| `{reason:?}` | {} |", reason.why());
        assert!(page.contains(&row), "docs/oracles.md does not say: {row}");
    }
}
