//! What a file keeps of a key set.

use super::*;

#[test]
fn a_set_in_the_middle_of_a_roll_is_read_back_as_it_was() {
    for scheme in [Scheme::Single, Scheme::Split] {
        let mut scene = Scene::new(KeyPolicy {
            algorithm: KeyAlgorithm::Ed25519,
            ..policy(scheme)
        });
        scene.set.roll(Duty::Entry).unwrap();
        let mut texts = BTreeSet::new();
        for _ in 0..8 {
            let text = scene.set.to_text();
            let read = KeySet::from_text(&text, scene.set.policy().clone()).unwrap();
            assert_eq!(read.to_text(), text);
            assert_eq!(read.keys(), scene.set.keys());
            texts.insert(text);
            scene.after(DAY);
            scene.obey();
        }
        assert_eq!(texts.len(), 8);
    }
}

#[test]
fn what_was_asked_for_survives_even_before_it_is_begun() {
    let mut scene = Scene::new(policy(Scheme::Split));
    scene.set.roll(Duty::Zone).unwrap();
    scene.set.note_followed("7a");
    scene.set.note_followed(""); // of an earlier release
    scene.set = KeySet::from_text(&scene.set.to_text(), policy(Scheme::Split)).unwrap();
    assert!(matches!(
        scene.after(0)[..],
        [KeyChange::Made(Role::Zsk, _)]
    ));
    assert!(scene.set.has_followed("7a"));
    assert!(!scene.set.has_followed("7b") && !scene.set.has_followed(""));
}

#[test]
fn damaged_later_and_senseless_states_are_refused_with_the_reason() {
    let text = Scene::new(policy(Scheme::Single)).set.to_text();
    let read = |text: &str| KeySet::from_text(text, policy(Scheme::Single)).unwrap_err();
    assert!(matches!(read(&text[..100]), StoredKeysError::Syntax(_)));
    let later = text.replace("\"version\": 3", "\"version\": 4");
    assert!(matches!(read(&later), StoredKeysError::Version(4)));
    let other_tag = text.replace("\"tag\": ", "\"tag\": 1");
    assert!(!matches!(read(&other_tag), StoredKeysError::Version(_)));
    for (from, to) in [("csk", "zsk"), ("\"algorithm\": 13", "\"algorithm\": 8")] {
        let error = read(&text.replace(from, to));
        assert!(matches!(error, StoredKeysError::Senseless(_)), "{error:?}");
    }
    let idle = text.replace("\"active\"", "\"gone\"");
    assert!(read(&idle).to_string().contains("active"));
    let unknown = text.replacen('{', "{\"colour\": 1,", 1);
    assert!(matches!(read(&unknown), StoredKeysError::Syntax(_)));
}

#[test]
fn a_state_of_the_forms_before_is_read() {
    let set = Scene::new(policy(Scheme::Split)).set;
    let second = set.to_text().replace("\"version\": 3", "\"version\": 2");
    let read = KeySet::from_text(&second, policy(Scheme::Split)).unwrap();
    assert_eq!(read.to_text(), set.to_text());
    let text = second.replace("\"version\": 2", "\"version\": 1");
    let first = text.replace("  \"roll_algorithm\": false,\n", "");
    assert_eq!(first.lines().count() + 1, text.lines().count());
    let mut read = KeySet::from_text(&first, policy(Scheme::Split)).unwrap();
    assert_eq!(read.to_text(), set.to_text());
    read.roll(Duty::Zone).unwrap();
}

#[test]
fn no_private_key_is_in_the_text() {
    let (set, made) =
        KeySet::new(&zone(), policy(Scheme::Single), START, &SystemRandom::new()).unwrap();
    let text = set.to_text();
    let pkcs8 = data_encoding::BASE64.encode(&made[0].pkcs8);
    assert!(!text.contains(&pkcs8[60..100]));
    assert!(text.contains("\"public\""));
}
