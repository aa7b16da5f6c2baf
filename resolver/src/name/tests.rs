//! Names of other scripts, honest and imitating.

use proptest::prelude::*;

use super::*;
use crate::handle::{Handle, HandleError};

/// The codes of what speaks against a label, typed as it is.
fn doubts(text: &str) -> Vec<&'static str> {
    let label = Label::from_unicode(text);
    label.doubts().iter().map(Doubt::code).collect()
}

#[test]
fn honest_names_of_one_script_are_shown_as_they_are_written() {
    for (ascii, text) in [
        ("xn--mller-kva", "müller"),
        ("xn--caf-dma", "café"),
        ("xn--80aswg", "сайт"),
        ("xn--e1afmkfd", "пример"),
        ("xn--jxalpdlp", "δοκιμή"),
        ("xn--fsqu00a", "例子"),
        ("xn--q9jyb4c", "みんな"),
        ("xn--r8jz45g", "例え"),
        ("xn--3e0b707e", "한국"),
        ("xn--h2brj9c", "भारत"),
        ("xn--o3cw4h", "ไทย"),
    ] {
        let (decoded, encoded) = (Label::from_ascii(ascii), Label::from_unicode(text));
        let decoded_doubts = decoded.doubts();
        assert_eq!(decoded.unicode(), text, "{ascii}");
        assert!(
            decoded_doubts.is_empty() || ascii.contains("12c1"),
            "{text}: {decoded_doubts:?}"
        );
        assert_eq!(encoded, decoded);
    }
}

#[test]
fn a_latin_name_with_one_cyrillic_letter_mixes_scripts() {
    let label = Label::from_unicode("\u{430}lice");
    assert_eq!(label.shown(), "xn--lice-43d");
    assert_eq!(label.scripts(), ["Cyrillic", "Latin"]);
    assert_eq!(
        label.doubts()[0],
        Doubt::MixedScripts(vec!["Cyrillic", "Latin"])
    );
}

#[test]
fn a_name_all_of_cyrillic_look_alikes_is_told_what_it_looks_like() {
    // The letters of "apple" as Cyrillic has them, palochka for the l.
    let label = Label::from_ascii("xn--80ak6aa92e");
    assert_eq!(label.unicode(), "\u{430}\u{440}\u{440}\u{4cf}\u{435}");
    let [Doubt::LooksLike { text, characters }] = label.doubts() else {
        panic!("{:?}", label.doubts());
    };
    assert_eq!(characters.len(), 4);
    assert_eq!(
        (text.as_str(), label.shown().as_ref()),
        ("apple", "xn--80ak6aa92e")
    );
}

#[test]
fn latin_letters_beyond_ascii_that_look_like_ascii_are_look_alikes() {
    for text in ["l\u{131}dl", "\u{e6}on", "fa\u{17f}t", "\u{251}lice"] {
        assert!(!doubts(text).is_empty(), "{text}");
    }
    assert_eq!(doubts("l\u{131}dl"), ["looks_like"]);
}

#[test]
fn look_alikes_of_other_scripts_than_latin_are_found() {
    // Katakana that is read as Han, and Greek as Latin.
    assert_eq!(doubts("\u{30cb}\u{30ed}"), ["looks_like"]);
    assert_eq!(doubts("\u{3bf}\u{3bd}\u{3bf}"), ["looks_like"]);
    assert_eq!(doubts("\u{441}\u{451}"), ["looks_like"]);
}

#[test]
fn invisible_characters_and_direction_marks_are_never_shown() {
    for (text, character) in [
        ("ali\u{200d}ce", '\u{200d}'),
        ("ali\u{200c}ce", '\u{200c}'),
        ("\u{915}\u{94d}\u{200d}\u{937}", '\u{200d}'),
        ("alice\u{202e}", '\u{202e}'),
        ("ali\u{200b}ce", '\u{200b}'),
        ("ali\u{ad}ce", '\u{ad}'),
        ("\u{2066}alice\u{2069}", '\u{2066}'),
        ("ali\u{34f}ce", '\u{34f}'),
        ("ali\u{a0}ce", '\u{a0}'),
    ] {
        let label = Label::from_unicode(text);
        let is_blamed = label.doubts().iter().any(
            |doubt| matches!(doubt, Doubt::Characters(characters) if characters.contains(&character)),
        );
        assert!(is_blamed, "{text:?}: {:?}", label.doubts());
        assert!(label.shown().is_ascii(), "{text:?}: {}", label.shown());
        for doubt in label.doubts() {
            assert!(!doubt.to_string().contains(character), "{text:?}: {doubt}");
        }
    }
}

#[test]
fn hidden_characters_inside_punycode_are_never_shown() {
    for text in [
        "ali\u{200d}ce",
        "alice\u{202e}",
        "a b\u{fc}",
        "a.\u{fc}",
        "\u{dc}",
    ] {
        let ascii = format!("xn--{}", idna::punycode::encode_str(text).unwrap());
        let label = Label::from_ascii(&ascii);
        assert_eq!(label.shown(), ascii.to_ascii_lowercase(), "{text:?}");
        assert!(!label.doubts().is_empty(), "{text:?}");
    }
}

#[test]
fn right_to_left_names_are_shown_in_ascii_since_they_reorder_their_surroundings() {
    for text in ["\u{5d0}\u{5d1}\u{5d2}", "\u{645}\u{62b}\u{627}\u{644}"] {
        assert!(doubts(text).contains(&"right_to_left"), "{text}");
        assert!(Label::from_unicode(text).shown().starts_with("xn--"));
    }
}

#[test]
fn emoji_foreign_digits_and_loose_accents_are_no_part_of_a_name() {
    for text in ["\u{1f600}", "\u{663}\u{664}", "a\u{335}", "q\u{301}\u{301}"] {
        assert!(
            doubts(text).contains(&"characters"),
            "{text}: {:?}",
            doubts(text)
        );
    }
}

#[test]
fn a_text_that_normalisation_changes_says_what_it_becomes() {
    let wide = Label::from_unicode("\u{ff41}lice");
    assert!(wide.doubts().contains(&Doubt::ReadAs("alice".to_owned())));
    let two = Label::from_unicode("a\u{3002}b");
    assert!(!two.doubts().is_empty() && two.ascii().is_none());
}

#[test]
fn broken_punycode_is_shown_as_it_stands() {
    for ascii in ["xn--", "xn--99999999", "xn--abc-", "xn--a-"] {
        let label = Label::from_ascii(ascii);
        assert_eq!(
            (label.shown().as_ref(), label.doubts()),
            (ascii, &[Doubt::NotPunycode][..])
        );
    }
}

#[test]
fn a_handle_is_shown_label_by_label() {
    let handle: Handle = "xn--mller-kva@XN--80ak6aa92e.xn--e1afmkfd.com"
        .parse()
        .unwrap();
    let readable = handle.readable();
    assert_eq!(readable.to_string(), "₿müller@xn--80ak6aa92e.пример.com");
    assert_eq!(readable.doubtful().count(), 1);
    assert!(!readable.is_plain());
    let plain: Handle = "alice@example.com".parse().unwrap();
    assert!(plain.readable().is_plain());
    assert_eq!(plain.readable().to_string(), plain.to_string());
}

#[test]
fn a_typed_name_is_taken_only_when_it_would_be_shown_again_as_typed() {
    let handle = Handle::from_unicode("₿Müller@Пример.com").unwrap();
    assert_eq!(handle.as_str(), "xn--mller-kva@xn--e1afmkfd.com");
    assert_eq!(handle.readable().to_string(), "₿müller@пример.com");
    assert_eq!(
        Handle::from_unicode("alice@example.com").unwrap().user(),
        "alice"
    );
    for text in [
        "\u{430}lice@example.com",
        "alice@ex\u{200d}ample.com",
        "alice@\u{ff45}xample.com",
    ] {
        let refused = Handle::from_unicode(text).unwrap_err();
        assert!(matches!(refused, HandleError::Doubtful { .. }), "{text}");
    }
    assert!(matches!(
        Handle::from_unicode("ü"),
        Err(HandleError::MissingAt(_))
    ));
}

#[test]
fn a_parsed_name_that_is_not_ascii_is_refused_with_its_punycode_and_a_warning() {
    let message = |text: &str| text.parse::<Handle>().unwrap_err().to_string();
    let honest = message("alice@münchen.example");
    assert!(
        honest.ends_with("; its xn-- (punycode) form is alice@xn--mnchen-3ya.example"),
        "{honest}"
    );
    let imitation = message("\u{430}lice@example.com");
    assert!(
        imitation.contains("xn--lice-43d@example.com"),
        "{imitation}"
    );
    assert!(
        imitation.contains("mixes letters of Cyrillic and Latin"),
        "{imitation}"
    );
    let hidden = message("ali\u{202e}ce@example.com");
    assert!(
        hidden.contains("U+202E") && !hidden.contains('\u{202e}'),
        "{hidden}"
    );
}

#[test]
fn who_writes_the_sign_insists_on_a_proof() {
    let written: Payee = "₿Alice@example.com".parse().unwrap();
    let bare: Payee = "Alice@example.com".parse().unwrap();
    assert!(written.insists_on_proof() && !bare.insists_on_proof());
    assert_eq!(written.handle(), bare.handle());
    assert_eq!(
        (written.to_string().as_str(), bare.to_string().as_str()),
        ("₿alice@example.com", "alice@example.com")
    );
}

proptest! {
    #[test]
    fn what_is_shown_of_any_label_leads_back_to_the_same_name(text in "\\PC{1,12}") {
        let label = Label::from_unicode(&text);
        if label.doubts().is_empty() {
            let again = Label::from_unicode(&label.shown());
            prop_assert_eq!(again.ascii(), label.ascii());
        } else {
            prop_assert!(label.shown().is_ascii());
        }
    }

    #[test]
    fn any_punycode_is_decoded_or_shown_as_it_stands(text in "xn--[a-z0-9-]{0,20}") {
        let label = Label::from_ascii(&text);
        if label.doubts().is_empty() {
            let again = Label::from_unicode(&label.shown());
            prop_assert_eq!(again.ascii(), Some(text.as_str()));
        } else {
            prop_assert_eq!(label.shown(), text);
        }
    }
}

#[test]
fn what_is_longer_than_a_label_is_not_decoded() {
    // With 200,000 letters that would take a minute.
    let long = format!("xn--{}", "a".repeat(200_000));
    assert_eq!(Label::from_ascii(&long).doubts(), [Doubt::NotALabel]);
    let whole = format!("{long}.\u{e9}@a.test");
    let error = whole.parse::<Handle>().unwrap_err().to_string();
    assert!(error.ends_with("write the name in its xn-- (punycode) form"));
}
