//! One label: its ASCII form, the text it stands for, and whether that may be shown.

use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use idna::{
    AsciiDenyList, punycode,
    uts46::{DnsLength, Hyphens, Uts46},
};

use super::{Doubt, doubt};

/// What the ASCII form of a label of another script begins with (RFC 5890 §2.3.2.5).
const ACE: &str = "xn--";
/// The longest label DNS allows, in octets (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;

/// One label of a name, between two dots, in both of its forms.
///
/// ```
/// use payname_resolver::name::{Doubt, Label};
///
/// let label = Label::from_ascii("xn--mller-kva");
/// assert_eq!(label.shown(), "müller");
/// assert_eq!(label.scripts(), ["Latin"]);
///
/// // All of it Cyrillic, and yet it looks like the Latin `aepo`.
/// let label = Label::from_unicode("аеро");
/// assert_eq!(label.shown(), "xn--80ak1ah");
/// assert!(matches!(label.doubts(), [Doubt::LooksLike { text, .. }] if text == "aepo"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    ascii: Option<String>,
    unicode: String,
    doubts: Vec<Doubt>,
}

impl Label {
    /// A label as DNS has it; one that begins with `xn--` is decoded.
    pub fn from_ascii(text: &str) -> Self {
        let ascii = text.to_ascii_lowercase();
        let Some(encoded) = ascii.strip_prefix(ACE) else {
            return Self::plain(ascii);
        };
        // Decoding takes time that grows with the square of the length.
        if ascii.len() > MAX_LABEL {
            return Self {
                unicode: ascii.clone(),
                ascii: Some(ascii),
                doubts: vec![Doubt::NotALabel],
            };
        }
        let Some(unicode) = punycode::decode_to_string(encoded) else {
            return Self {
                unicode: ascii.clone(),
                ascii: Some(ascii),
                doubts: vec![Doubt::NotPunycode],
            };
        };
        let doubts = match to_ascii(&unicode) {
            Some(again) if again == ascii => doubt::doubts(&unicode),
            _ => invalid(&unicode, Doubt::NotPunycode),
        };
        Self {
            ascii: Some(ascii),
            unicode,
            doubts,
        }
    }

    /// A label as a person types it, in any script.
    pub fn from_unicode(text: &str) -> Self {
        if text.is_ascii() {
            return Self::from_ascii(text);
        }
        let unicode = text.to_lowercase();
        let Some(ascii) = to_ascii(&unicode) else {
            let doubts = invalid(&unicode, Doubt::NotALabel);
            return Self {
                ascii: None,
                unicode,
                doubts,
            };
        };
        let label = Self::from_ascii(&ascii);
        if label.unicode == unicode {
            return label;
        }
        let mut doubts = invalid(&unicode, Doubt::ReadAs(label.unicode));
        doubts.extend(label.doubts);
        Self {
            ascii: Some(ascii),
            unicode,
            doubts,
        }
    }

    /// A label of ASCII alone, which is what it seems to be.
    fn plain(ascii: String) -> Self {
        Self {
            unicode: ascii.clone(),
            ascii: Some(ascii),
            doubts: Vec::new(),
        }
    }

    /// What may be shown to a person: the text it stands for, or the ASCII form when in doubt.
    ///
    /// A text that has no ASCII form is escaped.
    pub fn shown(&self) -> Cow<'_, str> {
        match &self.ascii {
            _ if self.doubts.is_empty() => Cow::Borrowed(&self.unicode),
            Some(ascii) => Cow::Borrowed(ascii),
            None => Cow::Owned(doubt::escaped(&self.unicode)),
        }
    }

    /// The form for DNS, lower case; nothing when the text is no label.
    pub fn ascii(&self) -> Option<&str> {
        self.ascii.as_deref()
    }

    /// The text it stands for, which may imitate another. Show [`shown`](Self::shown) instead.
    pub fn unicode(&self) -> &str {
        &self.unicode
    }

    /// Whether it is of ASCII alone, without anything encoded in it.
    pub fn is_plain(&self) -> bool {
        self.doubts.is_empty() && self.unicode.is_ascii()
    }

    /// Why the text must not be shown; nothing when it may be.
    pub fn doubts(&self) -> &[Doubt] {
        &self.doubts
    }

    /// The doubts in one sentence for a person; empty when there are none.
    pub fn why(&self) -> String {
        let doubts: Vec<String> = self.doubts.iter().map(Doubt::to_string).collect();
        doubts.join("; ")
    }

    /// The scripts its letters are of, in their Unicode names, such as `Cyrillic`.
    pub fn scripts(&self) -> Vec<&'static str> {
        doubt::script_names(&self.unicode)
    }
}

/// The ASCII form of a lower-case label (UTS 46, without transitional processing).
fn to_ascii(text: &str) -> Option<String> {
    let uts46 = Uts46::new();
    let strict = (AsciiDenyList::EMPTY, Hyphens::Check, DnsLength::Verify);
    let ascii = uts46.to_ascii(text.as_bytes(), strict.0, strict.1, strict.2);
    // A full stop of another script would make two labels of one.
    let ascii = ascii.ok().filter(|ascii| !ascii.contains('.'))?;
    Some(ascii.into_owned())
}

/// The doubts about a text that is no valid label: the characters that are to blame, else `reason`.
fn invalid(text: &str, reason: Doubt) -> Vec<Doubt> {
    let mut doubts = doubt::doubts(text);
    if doubts.is_empty() || matches!(reason, Doubt::ReadAs(_)) {
        doubts.push(reason);
    }
    doubts
}
