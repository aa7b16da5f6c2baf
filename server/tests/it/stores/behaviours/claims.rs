//! What every store does when a name is claimed: look-alikes, names under each other, invites, quotas.

use std::sync::Arc;

use ipnet::IpNet;
use payname_resolver::UnixTime;
use payname_server::{
    Act, OwnerKey,
    registration::{
        Access, By, Change, Entry, EntryRules, Invite, InviteHash, NameRules, Refusal, Terms, What,
    },
    store::Store,
};
use tokio::task::JoinSet;

use super::super::{ALICE, MALLORY, NOON, Open, change, refusal};

const DAY: u64 = 24 * 3600;

behaviours![
    a_name_that_looks_like_anothers_is_refused_until_that_is_free,
    of_look_alikes_that_are_claimed_at_once_one_is_given,
    nobody_gets_a_name_above_or_below_anothers,
    an_invite_is_good_for_so_many_names_however_many_come_at_once,
    an_invite_that_is_not_good_says_nothing_of_why,
    a_refused_claim_uses_up_no_invite,
    a_key_holds_no_more_names_than_it_may_however_many_it_claims_at_once,
    claims_are_counted_by_network_and_day,
    the_operator_gives_what_is_closed_and_takes_from_nobody,
];

fn claim(user: &str, owner: OwnerKey, rules: EntryRules) -> Change {
    let uri = format!("bitcoin:?lno={user}");
    Change {
        entry: Entry {
            rules: Arc::new(rules),
            ..Entry::default()
        },
        ..change(user, owner, What::Put { uri })
    }
}

fn open_claim(user: &str, owner: OwnerKey) -> Change {
    claim(user, owner, EntryRules::default())
}

fn invited(user: &str, owner: OwnerKey, invite: &Invite) -> Change {
    let rules = EntryRules {
        access: Access::Invite,
        ..EntryRules::default()
    };
    let mut change = claim(user, owner, rules);
    change.entry.invite = Some(invite.hash);
    change
}

fn invite(code: &str, uses: u32) -> Invite {
    Invite {
        hash: InviteHash::of(code),
        domain: "example.test".to_owned(),
        note: "for friends".to_owned(),
        uses,
        used: 0,
        created_at: NOON,
        expires_at: Some(NOON.plus(DAY)),
        revoked: false,
    }
}

fn act() -> Act {
    Act::by_command(NOON, "test", "invite")
}

async fn make(store: &dyn Store, change: Change) {
    store.change(change).await.unwrap();
}

/// How many of these claims are made at once by two servers.
async fn race(open: &Open, claims: Vec<Change>) -> (usize, Vec<Refusal>) {
    let (one, other) = (open().await, open().await);
    let mut racing = JoinSet::new();
    for (number, claim) in claims.into_iter().enumerate() {
        let store = if number % 2 == 0 {
            one.clone()
        } else {
            other.clone()
        };
        racing.spawn(async move { store.change(claim).await });
    }
    let outcomes = racing.join_all().await;
    let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    (made.len(), refused.into_iter().map(refusal).collect())
}

async fn a_name_that_looks_like_anothers_is_refused_until_that_is_free(open: Open) {
    let store = open().await;
    make(&*store, open_claim("bob", ALICE)).await;
    let refused = refusal(store.change(open_claim("b0b", MALLORY)).await);
    assert!(matches!(refused, Refusal::Confusable(_)), "{refused}");
    // Its owner may have both; and then each keeps strangers away.
    make(&*store, open_claim("b0b", ALICE)).await;
    make(&*store, open_claim("bobby", MALLORY)).await;
    // Where the domain does not mind, it is given.
    let lax = EntryRules {
        names: NameRules {
            confusables: false,
            ..NameRules::default()
        },
        ..EntryRules::default()
    };
    make(&*store, claim("bo-b", MALLORY, lax.clone())).await;
    make(&*store, claim("bo_b", ALICE, lax)).await;
    // A removed name is still in the way; one that is free is not.
    make(&*store, open_claim("carol", ALICE)).await;
    let removal = Change {
        terms: Terms {
            hold: Some(DAY),
            life: None,
        },
        ..change("carol", ALICE, What::Remove)
    };
    make(&*store, removal).await;
    let later = |at| Change {
        at,
        sure: at,
        ..open_claim("car0l", MALLORY)
    };
    let refused = refusal(store.change(later(NOON.plus(DAY - 1))).await);
    assert!(matches!(refused, Refusal::Confusable(_)), "{refused}");
    make(&*store, later(NOON.plus(DAY))).await;
}

async fn of_look_alikes_that_are_claimed_at_once_one_is_given(open: Open) {
    for round in 0..5 {
        let users = ["bob", "b0b", "bo.b", "bo-b", "b0_b", "bo_b"];
        let claims = users.iter().enumerate().map(|(number, user)| {
            let owner = OwnerKey([u8::try_from(number).unwrap(); 32]);
            open_claim(&format!("{user}{round}2"), owner)
        });
        // `bob` and `b0b` are one kind, and those with a separator another, dotted or not.
        let (made, refused) = race(&open, claims.collect()).await;
        assert_eq!(made, 2, "{refused:?}");
        let alike = |refused: &Refusal| matches!(refused, Refusal::Confusable(_));
        assert!(refused.iter().all(alike), "{refused:?}");
    }
}

async fn nobody_gets_a_name_above_or_below_anothers(open: Open) {
    let store = open().await;
    make(&*store, open_claim("alice", ALICE)).await;
    make(&*store, open_claim("deep.down.here", ALICE)).await;
    for user in [
        "x.alice",
        "y.x.alice",
        "here",
        "down.here",
        "very.deep.down.here",
    ] {
        let refused = refusal(store.change(open_claim(user, MALLORY)).await);
        assert!(matches!(refused, Refusal::Shadows(_)), "{user}: {refused}");
        make(&*store, open_claim(user, ALICE)).await;
    }
    // Names that only look so in text, and brothers, are others.
    for user in ["malice", "alice.x", "up.here2", "a-alice"] {
        make(&*store, open_claim(user, MALLORY)).await;
    }
    let brother = refusal(store.change(open_claim("up.here", MALLORY)).await);
    assert!(matches!(brother, Refusal::Shadows(_)), "below `here`");
    let racing = vec![open_claim("top", MALLORY), open_claim("x.top", ALICE)];
    let (made, refused) = race(&open, racing).await;
    assert_eq!(made, 1);
    assert!(matches!(refused[0], Refusal::Shadows(_)), "{refused:?}");
}

async fn an_invite_is_good_for_so_many_names_however_many_come_at_once(open: Open) {
    let store = open().await;
    let code = invite("code", 3);
    store.add_invite(code.clone(), act()).await.unwrap();
    let claims = (0..10).map(|number| {
        let owner = OwnerKey([number + 9; 32]);
        invited(&format!("user{}", number + 20), owner, &code)
    });
    let (made, refused) = race(&open, claims.collect()).await;
    assert_eq!(made, 3);
    assert!(
        refused
            .iter()
            .all(|refused| *refused == Refusal::InviteInvalid)
    );
    let [kept] = &store.invites().await.unwrap()[..] else {
        panic!("one invite");
    };
    assert_eq!(*kept, Invite { used: 3, ..code });
}

async fn an_invite_that_is_not_good_says_nothing_of_why(open: Open) {
    let store = open().await;
    let rules = || EntryRules {
        access: Access::Invite,
        ..EntryRules::default()
    };
    let refused = refusal(store.change(claim("alice", ALICE, rules())).await);
    assert!(matches!(refused, Refusal::InviteNeeded(_)), "{refused}");
    let revoked = invite("revoked", 9);
    let foreign = Invite {
        domain: "other.test".to_owned(),
        ..invite("foreign", 9)
    };
    let ended = Invite {
        expires_at: Some(NOON),
        ..invite("ended", 9)
    };
    for invite in [&revoked, &foreign, &ended] {
        store.add_invite(invite.clone(), act()).await.unwrap();
    }
    assert!(store.revoke_invite(revoked.hash, act()).await.unwrap());
    let unknown = invite("unknown", 9);
    assert!(!store.revoke_invite(unknown.hash, act()).await.unwrap());
    for invite in [revoked, foreign, ended, unknown] {
        let refused = refusal(store.change(invited("alice", ALICE, &invite)).await);
        assert_eq!(refused, Refusal::InviteInvalid);
    }
    let good = Invite {
        expires_at: None,
        ..invite("good", 1)
    };
    store.add_invite(good.clone(), act()).await.unwrap();
    make(&*store, invited("alice", ALICE, &good)).await;
    // Who has a name needs none for what comes after.
    make(&*store, claim("alice", ALICE, rules())).await;
    make(&*store, change("alice", ALICE, What::Remove)).await;
    make(&*store, claim("alice", ALICE, rules())).await;
}

async fn a_refused_claim_uses_up_no_invite(open: Open) {
    let store = open().await;
    let code = invite("code", 1);
    store.add_invite(code.clone(), act()).await.unwrap();
    make(&*store, open_claim("bob", ALICE)).await;
    for user in ["bob", "b0b", "x.bob"] {
        refusal(store.change(invited(user, MALLORY, &code)).await);
    }
    make(&*store, invited("mallory", MALLORY, &code)).await;
    let refused = refusal(store.change(invited("again", MALLORY, &code)).await);
    assert_eq!(refused, Refusal::InviteInvalid);
}

async fn a_key_holds_no_more_names_than_it_may_however_many_it_claims_at_once(open: Open) {
    let rules = || EntryRules {
        names_per_key: Some(3),
        ..EntryRules::default()
    };
    let claims = (0..10).map(|number| claim(&format!("user{}", number + 20), ALICE, rules()));
    let (made, refused) = race(&open, claims.collect()).await;
    assert_eq!(made, 3);
    let alike = |refused: &Refusal| *refused == Refusal::TooManyNames { most: 3 };
    assert!(refused.iter().all(alike), "{refused:?}");
    let store = open().await;
    make(&*store, claim("mallory", MALLORY, rules())).await;
    // What is removed and held counts, or else one key could hold any number.
    let live = store.live("example.test", None, 9).await.unwrap();
    let mine = live.iter().find(|found| found.owner == ALICE).unwrap();
    let removal = |hold| Change {
        terms: Terms { hold, life: None },
        ..change(mine.handle.user(), ALICE, What::Remove)
    };
    make(&*store, removal(Some(DAY))).await;
    let refused = refusal(store.change(claim("more", ALICE, rules())).await);
    assert_eq!(refused, Refusal::TooManyNames { most: 3 });
    let later = Change {
        at: NOON.plus(DAY),
        sure: NOON.plus(DAY),
        ..claim("more", ALICE, rules())
    };
    make(&*store, later).await;
}

async fn claims_are_counted_by_network_and_day(open: Open) {
    let from = |user: &str, network: &str, at: UnixTime| {
        let rules = EntryRules {
            claims_per_network: Some(2),
            ..EntryRules::default()
        };
        let network: IpNet = network.parse().unwrap();
        let mut claim = claim(user, ALICE, rules);
        (claim.entry.network, claim.at, claim.sure) = (Some(network), at, at);
        claim
    };
    let (here, there) = ("192.0.2.0/24", "2001:db8::/64");
    let claims = (0..6).map(|number| from(&format!("user{}", number + 20), here, NOON));
    let (made, refused) = race(&open, claims.collect()).await;
    assert_eq!(made, 2);
    let alike = |refused: &Refusal| *refused == Refusal::TooManyClaims { most: 2 };
    assert!(refused.iter().all(alike), "{refused:?}");
    let store = open().await;
    make(&*store, from("elsewhere", there, NOON)).await;
    let tomorrow = NOON.plus(DAY);
    make(&*store, from("tomorrow", here, tomorrow)).await;
    // Neither is counted again what nobody has to be counted for.
    let mut exempt = from("exempt", here, NOON);
    exempt.entry.network = None;
    make(&*store, exempt).await;
    store.forget_events(tomorrow.plus(2 * DAY)).await.unwrap();
    make(&*store, from("later", here, tomorrow)).await;
}

async fn the_operator_gives_what_is_closed_and_takes_from_nobody(open: Open) {
    let store = open().await;
    let rules = || EntryRules {
        names: NameRules::reserving([]),
        access: Access::Closed,
        names_per_key: Some(1),
        ..EntryRules::default()
    };
    let refused = refusal(store.change(claim("alice", ALICE, rules())).await);
    assert!(matches!(refused, Refusal::Closed(_)), "{refused}");
    let grant = |user: &str, to: OwnerKey| Change {
        by: By::Operator("ops".to_owned()),
        what: What::Grant {
            to,
            uri: "bitcoin:?lno=x".to_owned(),
        },
        ..claim(user, ALICE, rules())
    };
    for user in ["alice", "a1ice", "admin"] {
        make(&*store, grant(user, ALICE)).await;
    }
    let refused = refusal(store.change(grant("alice", MALLORY)).await);
    assert!(matches!(refused, Refusal::NotOwner { .. }), "{refused}");
    let refused = refusal(store.change(grant("x.alice", MALLORY)).await);
    assert!(matches!(refused, Refusal::Shadows(_)), "{refused}");
    let refused = refusal(store.change(grant("a--b", MALLORY)).await);
    assert!(matches!(refused, Refusal::Form { .. }), "{refused}");
    // It is then its owner's like any other.
    make(&*store, claim("alice", ALICE, rules())).await;
    make(&*store, change("alice", ALICE, What::Remove)).await;
    let refused = refusal(store.change(grant("alice", MALLORY)).await);
    assert!(
        matches!(refused, Refusal::NotOwner { removed: true, .. }),
        "{refused}"
    );
}
