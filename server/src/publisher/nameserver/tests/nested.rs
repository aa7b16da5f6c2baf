//! Zones that lie in one another: who delegates what.

use std::collections::BTreeSet;

use super::*;

#[tokio::test]
async fn a_zone_in_another_one_is_delegated_by_it_with_its_ds_record() {
    let scene = Scene::new().await;
    for names in [
        ["example.test", "shop.example.test"],
        ["shop.example.test", "example.test"],
    ] {
        let embedded = scene.load_domains(&names).await;
        let shop = Name::from_ascii("shop.example.test.").unwrap();
        let delegated = |zone: &Zone| {
            let has = |record_type| zone.record_set(&shop, record_type).is_some();
            has(RecordType::NS) && has(RecordType::DS)
        };
        assert!(look(&embedded, delegated));
        let zones = names.map(|name| Name::from_ascii(format!("{name}.")).unwrap());
        let tops = embedded.served.top_ds_records(&zones);
        assert!(tops.len() == 1 && tops[0].starts_with("example.test. "));
    }
}

#[tokio::test]
async fn what_is_served_no_more_is_no_longer_delegated_and_what_a_file_says_stays() {
    let scene = Scene::new().await;
    let file = scene.directory.path().join("records");
    let outer = format!(
        "[[domain]]\nname = \"example.test\"\nnameservers = [\"ns.other.test\"]\nrecords = \"{}\"\n",
        file.display()
    );
    let inner = "[[domain]]\nname = \"shop.example.test\"\nnameservers = [\"ns.other.test\"]\n";
    let both = format!("{outer}{inner}");
    let elsewhere = "elsewhere 300 NS ns.elsewhere.test.\n";
    let moved = format!("{elsewhere}shop 300 NS ns.moved.test.\n");
    // What is configured, what the file says, and then the servers and DS records of the shop.
    for (domains, records, servers, ds) in [
        (&both, elsewhere, vec!["ns.other.test."], 1),
        (&outer, elsewhere, vec![], 0),
        (&both, elsewhere, vec!["ns.other.test."], 1),
        (&outer, moved.as_str(), vec!["ns.moved.test."], 0),
        (&both, elsewhere, vec!["ns.other.test."], 1),
    ] {
        std::fs::write(&file, records).unwrap();
        let embedded = scene.load_text(domains).await;
        let shown = |owner: &str, kind| {
            let owner = Name::from_ascii(owner).unwrap();
            let set = look(&embedded, |zone| zone.record_set(&owner, kind));
            set.map_or(vec![], |set| {
                set.data().iter().map(ToString::to_string).collect()
            })
        };
        assert_eq!(shown("shop.example.test.", RecordType::NS), servers);
        assert_eq!(shown("shop.example.test.", RecordType::DS).len(), ds);
        let kept = shown("elsewhere.example.test.", RecordType::NS);
        assert_eq!(kept, ["ns.elsewhere.test."]);
    }
}

fn tables(names: &[&str]) -> String {
    let table =
        |name| format!("[[domain]]\nname = \"{name}\"\nnameservers = [\"ns.other.test\"]\n");
    names.iter().map(table).collect()
}

/// What a zone delegates, by name.
fn delegates(embedded: &Embedded, zone: &str) -> BTreeSet<String> {
    let zone = Name::from_ascii(format!("{zone}.")).unwrap();
    let names = embedded.served.zone(&zone, Zone::delegations).unwrap();
    names.iter().map(ToString::to_string).collect()
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(|name| format!("{name}.")).into()
}

#[tokio::test]
async fn a_zone_between_two_others_takes_over_what_the_outer_one_delegated_and_gives_it_back() {
    for share_store in [false, true] {
        let scene = Scene::new().await;
        let load = async |names: &[&str]| {
            let neighbours = Neighbours {
                share_store,
                ..Neighbours::default()
            };
            let tables = tables(names);
            scene.load_beside(&tables, scene.clock(), neighbours).await
        };
        let (outer, between, inner) = ("example.test", "a.example.test", "b.a.example.test");
        for _ in 0..2 {
            let embedded = load(&[outer, inner]).await;
            assert_eq!(delegates(&embedded, outer), set([inner]));
            let embedded = load(&[outer, between, inner]).await;
            assert_eq!(delegates(&embedded, outer), set([between]));
            assert_eq!(delegates(&embedded, between), set([inner]));
        }
    }
}

#[tokio::test]
async fn what_others_may_serve_stays_delegated() {
    let (outer, inner) = ("example.test", "a.example.test");
    let mirrors = BTreeSet::from([Name::from_ascii("a.example.test.").unwrap()]);
    let signed_elsewhere = Neighbours {
        mirrors,
        ..Neighbours::default()
    };
    let shared = Neighbours {
        share_store: true,
        ..Neighbours::default()
    };
    for (neighbours, stays) in [
        (&signed_elsewhere, set([inner])),
        (&shared, set([inner])),
        (&Neighbours::default(), set([])),
    ] {
        let scene = Scene::new().await;
        drop(scene.load_domains(&[outer, inner]).await);
        let (tables, neighbours) = (tables(&[outer]), neighbours.clone());
        let embedded = scene.load_beside(&tables, scene.clock(), neighbours).await;
        assert_eq!(delegates(&embedded, outer), stays);
    }

    // What lies in a zone that is signed elsewhere is delegated by its signer.
    let scene = Scene::new().await;
    let deepest = "b.a.example.test";
    drop(scene.load_domains(&[outer, inner, deepest]).await);
    let (tables, neighbours) = (tables(&[outer, deepest]), signed_elsewhere);
    let embedded = scene.load_beside(&tables, scene.clock(), neighbours).await;
    assert_eq!(delegates(&embedded, outer), set([inner]));
}
