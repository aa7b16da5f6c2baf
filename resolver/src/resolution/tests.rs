//! What a resolution asks for, and when it ends.

use hickory_proto::rr::{Name, RecordType};

use super::{gather::MAX_QUESTIONS, *};
use crate::{
    handle::Handle,
    proof::{ResourceRecord, TrustAnchors, write_name},
};

fn below(anchored: &[&str], owner: &str, record_type: RecordType) -> Vec<String> {
    let digest = "47005 13 2 2eb6e9f2480126691594d649a5a613de3052e37861634641bb568746f2ffc4d4";
    let lines: Vec<String> = anchored
        .iter()
        .map(|zone| format!("{zone} IN DS {digest}"))
        .collect();
    let anchors = TrustAnchors::parse(&lines.join("\n")).unwrap();
    let (_, questions) = Resolution::start_below(&anchors, &name(owner), record_type);
    questions.iter().map(Question::to_string).collect()
}

#[test]
fn what_lies_above_the_deepest_anchor_is_not_asked_for() {
    let owner = "alice.user._bitcoin-payment.pay.example.com.";
    let txt = format!("{owner} TXT");
    let own = "pay.example.com. DNSKEY";
    assert_eq!(
        below(&["pay.example.com."], owner, RecordType::TXT),
        [&txt, own]
    );
    assert_eq!(
        below(
            &["example.com.", "Pay.Example.com."],
            owner,
            RecordType::TXT
        ),
        [&txt, own]
    );
    assert_eq!(
        below(&["example.com."], owner, RecordType::TXT),
        [&txt, "example.com. DNSKEY", own, "pay.example.com. DS"]
    );
    let from_the_root: Vec<String> = Resolution::start_at(&name(owner), RecordType::TXT)
        .1
        .iter()
        .map(Question::to_string)
        .collect();
    for elsewhere in [".", "example.net."] {
        assert_eq!(
            below(&[elsewhere], owner, RecordType::TXT),
            from_the_root,
            "{elsewhere}"
        );
    }
}

#[test]
fn what_is_wanted_itself_is_asked_for_wherever_the_anchors_are() {
    let asked = below(&["example.com."], "example.com.", RecordType::DS);
    assert_eq!(asked, ["example.com. DS", "example.com. DNSKEY"]);
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn answer(question: &Question, records: Vec<ResourceRecord>) -> Response {
    Response {
        question: question.clone(),
        records,
    }
}

fn signature(owner: &str, covered: RecordType, signer: &str) -> ResourceRecord {
    let mut rdata = u16::from(covered).to_be_bytes().to_vec();
    rdata.extend([0; 16]);
    write_name(&name(signer), &mut rdata);
    rdata.push(0);
    ResourceRecord::new(&name(owner), RecordType::RRSIG, 60, rdata)
}

/// Answers every question with nothing until the end, but these with the given records.
fn run(
    owner: &str,
    answers: &[(&str, RecordType, Vec<ResourceRecord>)],
) -> (Vec<Vec<Question>>, Result<Gathered, ResolutionError>) {
    let (mut resolution, first) = Resolution::start_at(&name(owner), RecordType::TXT);
    let mut rounds = vec![first];
    loop {
        let round = rounds.last().unwrap().clone();
        let mut next = Vec::new();
        for question in &round {
            let records = answers
                .iter()
                .find(|(owner, record_type, _)| {
                    name(owner) == question.name && *record_type == question.record_type
                })
                .map(|(_, _, records)| records.clone())
                .unwrap_or_default();
            match resolution.receive(answer(question, records)) {
                Ok(Step::Ask {
                    resolution: again,
                    questions,
                }) => {
                    resolution = again;
                    next.extend(questions);
                }
                Ok(Step::Done(gathered)) => return (rounds, Ok(gathered)),
                Err(error) => return (rounds, Err(error)),
            }
        }
        rounds.push(next);
    }
}

#[test]
fn the_whole_ancestor_chain_is_asked_for_at_once() {
    let handle: Handle = "alice@example.com".parse().unwrap();
    let (_, questions) = Resolution::start(&handle);
    let texts: Vec<String> = questions.iter().map(Question::to_string).collect();
    assert_eq!(
        texts,
        [
            "alice.user._bitcoin-payment.example.com. TXT",
            ". DNSKEY",
            "com. DNSKEY",
            "com. DS",
            "example.com. DNSKEY",
            "example.com. DS",
        ]
    );
}

#[test]
fn an_ordinary_name_needs_one_round() {
    let owner = "alice.user._bitcoin-payment.example.com.";
    let answers = [(
        owner,
        RecordType::TXT,
        vec![signature(owner, RecordType::TXT, "example.com.")],
    )];
    let (rounds, gathered) = run(owner, &answers);
    assert_eq!(rounds.len(), 1);
    assert_eq!(gathered.unwrap().ttl, 60);
}

#[test]
fn a_zone_cut_that_nobody_guesses_needs_a_second_round() {
    let owner = "alice.user._bitcoin-payment.example.com.";
    let cut = "user._bitcoin-payment.example.com.";
    let answers = [(
        owner,
        RecordType::TXT,
        vec![signature(owner, RecordType::TXT, cut)],
    )];
    let (rounds, _) = run(owner, &answers);
    let second: Vec<String> = rounds[1].iter().map(Question::to_string).collect();
    assert_eq!(second, [format!("{cut} DNSKEY"), format!("{cut} DS")]);
}

#[test]
fn aliases_are_followed_even_when_the_resolver_does_not() {
    let alias = |owner: &str, record_type, target: &str| {
        let mut rdata = Vec::new();
        write_name(&name(target), &mut rdata);
        ResourceRecord::new(&name(owner), record_type, 60, rdata)
    };
    let answers = [
        (
            "a.x.",
            RecordType::TXT,
            vec![alias("a.x.", RecordType::CNAME, "b.c.y.")],
        ),
        (
            "b.c.y.",
            RecordType::TXT,
            vec![alias("c.y.", RecordType::DNAME, "z.")],
        ),
    ];
    let (rounds, _) = run("a.x.", &answers);
    assert!(rounds[1].contains(&Question::new(name("b.c.y."), RecordType::TXT)));
    assert!(rounds[2].contains(&Question::new(name("b.z."), RecordType::TXT)));
}

#[test]
fn an_alias_that_leads_in_a_circle_ends() {
    let mut rdata = Vec::new();
    write_name(&name("a.x."), &mut rdata);
    let circle = ResourceRecord::new(&name("a.x."), RecordType::CNAME, 60, rdata);
    let (rounds, gathered) = run("a.x.", &[("a.x.", RecordType::TXT, vec![circle])]);
    assert_eq!(rounds.len(), 1);
    assert!(gathered.is_ok());
}

#[test]
fn a_resolver_that_names_signers_without_end_is_asked_48_questions_at_most() {
    let signers: Vec<ResourceRecord> = (0..500)
        .map(|index| signature("a.x.", RecordType::TXT, &format!("s{index}.")))
        .collect();
    let (rounds, _) = run("a.x.", &[("a.x.", RecordType::TXT, signers)]);
    assert_eq!(rounds.iter().map(Vec::len).sum::<usize>(), MAX_QUESTIONS);
}

#[test]
fn answers_of_thousands_of_records_are_taken_in_without_scanning_them_all_again() {
    let owner = format!("{}x.", "a.".repeat(110));
    let (mut resolution, questions) = Resolution::start_at(&name(&owner), RecordType::TXT);
    let start = std::time::Instant::now();
    for (round, question) in questions.iter().enumerate() {
        let records = (0..2000)
            .map(|index| signature(&format!("r{round}.i{index}."), RecordType::A, "x."))
            .collect();
        match resolution.receive(answer(question, records)) {
            Ok(Step::Ask {
                resolution: again, ..
            }) => resolution = again,
            done => {
                assert!(matches!(done, Err(ResolutionError::Proof(_))));
                break;
            }
        }
    }
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn a_resolver_that_strips_everything_is_an_error_and_not_an_empty_proof() {
    let (_, gathered) = run("a.x.", &[]);
    assert!(matches!(gathered, Err(ResolutionError::Nothing(_))));
}
