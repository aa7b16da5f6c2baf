//! Why a label must not be shown as the text it stands for (UTS 39).

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use unicode_script::{Script, UnicodeScript};
use unicode_security::{
    GeneralSecurityProfile, MixedScript, general_security_profile::IdentifierType, skeleton,
};

/// The scripts in common use that are written from right to left.
const RIGHT_TO_LEFT: [Script; 5] = [
    Script::Arabic,
    Script::Hebrew,
    Script::Syriac,
    Script::Thaana,
    Script::Nko,
];

/// A reason to show the `xn--` form of a label, and not the text it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// It begins with `xn--`, and what follows stands for no text, or for one that is written
    /// otherwise (RFC 5891 §5.4).
    NotPunycode,
    /// It cannot be written in ASCII at all.
    NotALabel,
    /// Names are normalised, and this one becomes another text.
    ReadAs(String),
    /// Characters that no name needs: controls, joiners, direction marks, spaces, punctuation,
    /// symbols, digits of other scripts, loose accents, letters out of use (UTS 39 §3.1).
    Characters(Vec<char>),
    /// Letters of scripts that no language mixes (UTS 39 §5.1).
    MixedScripts(Vec<&'static str>),
    /// It looks like another text (UTS 39 §4).
    LooksLike {
        /// What it looks like; not always a text that someone would write.
        text: String,
        /// The characters that look like others.
        characters: Vec<char>,
    },
    /// It is written from right to left, and would reorder what stands around it.
    RightToLeft(&'static str),
}

impl Doubt {
    /// A stable name for programs, such as `looks_like`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotPunycode => "not_punycode",
            Self::NotALabel => "not_a_label",
            Self::ReadAs(_) => "read_as",
            Self::Characters(_) => "characters",
            Self::MixedScripts(_) => "mixed_scripts",
            Self::LooksLike { .. } => "looks_like",
            Self::RightToLeft(_) => "right_to_left",
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPunycode => f.write_str("what follows `xn--` stands for no name"),
            Self::NotALabel => f.write_str("it cannot be part of a name"),
            Self::ReadAs(text) => write!(
                f,
                "names are normalised, and it becomes `{}`",
                escaped(text)
            ),
            Self::Characters(characters) => {
                write!(f, "it has {}, which no name needs", Listed(characters))
            }
            Self::MixedScripts(scripts) => {
                write!(f, "it mixes letters of {}", scripts.join(" and "))
            }
            Self::LooksLike { text, characters } => {
                write!(
                    f,
                    "it looks like `{}` because of {}",
                    escaped(text),
                    Listed(characters)
                )
            }
            Self::RightToLeft(script) => write!(
                f,
                "it is written from right to left ({script}), which would reorder the name around it"
            ),
        }
    }
}

/// Everything that speaks against showing `text`, a label in lower case.
pub(super) fn doubts(text: &str) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    let needless = distinct(text.chars().filter(|c| !is_of_names(*c)));
    if !needless.is_empty() {
        doubts.push(Doubt::Characters(needless));
    }
    let scripts = scripts(text);
    if !text.is_single_script() {
        doubts.push(Doubt::MixedScripts(script_names(text)));
    }
    let right_to_left = scripts.iter().find(|script| RIGHT_TO_LEFT.contains(script));
    if let Some(script) = right_to_left {
        doubts.push(Doubt::RightToLeft(script.full_name()));
    }
    doubts.extend(look_alike(text, &scripts));
    doubts
}

/// The scripts of the letters, in the order in which they appear, each once.
fn scripts(text: &str) -> Vec<Script> {
    let scripts = text.chars().map(|c| c.script());
    distinct(scripts.filter(|script| is_of_letters(*script)))
}

/// The Unicode names of the scripts of the letters.
pub(super) fn script_names(text: &str) -> Vec<&'static str> {
    scripts(text).into_iter().map(Script::full_name).collect()
}

/// Whether letters are of this script, rather than marks and digits of all.
fn is_of_letters(script: Script) -> bool {
    !matches!(script, Script::Common | Script::Inherited | Script::Unknown)
}

/// Whether a name may need the character.
fn is_of_names(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_lowercase()
            || character.is_ascii_digit()
            || matches!(character, '-' | '_');
    }
    let is_recommended = character.identifier_type() == Some(IdentifierType::Recommended);
    // What IDNA leaves as a mark of its own stacks on any letter, and digits imitate letters.
    is_recommended && character.script() != Script::Inherited && !character.is_numeric()
}

/// What the label looks like, when that is something else.
///
/// Where all letters are Latin, none beyond ASCII may look like ASCII. In other scripts such letters
/// may stand, but not alone: some letter must look like nothing that a name of another script has.
fn look_alike(text: &str, scripts: &[Script]) -> Option<Doubt> {
    let is_foreign = |c: &char| !c.is_ascii();
    let characters: Vec<char> = match scripts {
        [Script::Latin] | [] => distinct(text.chars().filter(is_foreign).filter(|c| {
            let mut buffer = [0; 4];
            skeleton(c.encode_utf8(&mut buffer)).all(|c| c.is_ascii())
        })),
        _ => {
            let is_own = |c: char| !c.is_ascii() && scripts.contains(&c.script());
            let is_imitation = |c: char| c.script() == Script::Inherited || is_of_names(c);
            let keeps_its_script = skeleton(text).any(|c| is_own(c) || !is_imitation(c));
            match keeps_its_script {
                true => Vec::new(),
                false => distinct(text.chars().filter(is_foreign)),
            }
        }
    };
    if characters.is_empty() {
        return None;
    }
    let resembled = |c: char| -> String {
        match characters.contains(&c) {
            true => skeleton(c.encode_utf8(&mut [0; 4])).collect(),
            false => c.to_string(),
        }
    };
    Some(Doubt::LooksLike {
        text: text.chars().map(resembled).collect(),
        characters,
    })
}

/// The items, each once, in their order.
fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for item in items {
        if !found.contains(&item) {
            found.push(item);
        }
    }
    found
}

/// A text with everything that is not an ordinary letter or digit of ASCII escaped.
pub(super) fn escaped(text: &str) -> String {
    text.escape_default().to_string()
}

/// Characters for a message: escaped where they cannot be seen, each with its code and script.
struct Listed<'a>(&'a [char]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, character) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write!(f, "U+{:04X}", u32::from(*character))?;
            if is_of_letters(character.script()) {
                write!(f, " ({})", character.script().full_name())?;
            }
        }
        Ok(())
    }
}
