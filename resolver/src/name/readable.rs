//! A handle as it may be shown to a person.

use alloc::{borrow::ToOwned, boxed::Box, format, string::String, vec::Vec};
use core::fmt;

use super::Label;
use crate::handle::{Handle, HandleError};

/// A handle for reading: labels of other scripts decoded where that cannot mislead.
///
/// Prints with the `₿`. For reading only: what is copied, sent or stored is the [`Handle`], which
/// is ASCII.
///
/// ```
/// use payname_resolver::Handle;
///
/// let handle: Handle = "alice@xn--mnchen-3ya.example".parse()?;
/// assert_eq!(handle.readable().to_string(), "₿alice@münchen.example");
/// assert_eq!(handle.to_string(), "₿alice@xn--mnchen-3ya.example");
/// # Ok::<(), payname_resolver::HandleError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadableHandle {
    user: Vec<Label>,
    domain: Vec<Label>,
}

impl ReadableHandle {
    /// The labels of the user, in their order.
    pub fn user(&self) -> &[Label] {
        &self.user
    }

    /// The labels of the domain, in their order.
    pub fn domain(&self) -> &[Label] {
        &self.domain
    }

    /// The labels that are shown in their `xn--` form, whose doubts say why.
    pub fn doubtful(&self) -> impl Iterator<Item = &Label> {
        let labels = self.user.iter().chain(&self.domain);
        labels.filter(|label| !label.doubts().is_empty())
    }

    /// Whether it is of ASCII alone, so that there was nothing to decide.
    pub fn is_plain(&self) -> bool {
        let mut labels = self.user.iter().chain(&self.domain);
        labels.all(Label::is_plain)
    }

    /// The ASCII form, `user@domain`; nothing when some label has none.
    pub fn ascii(&self) -> Option<String> {
        let join = |labels: &[Label]| {
            let labels: Option<Vec<&str>> = labels.iter().map(Label::ascii).collect();
            labels.map(|labels| labels.join("."))
        };
        Some(format!("{}@{}", join(&self.user)?, join(&self.domain)?))
    }
}

impl Handle {
    /// The handle as it may be shown to a person (BIP-353, "Display").
    pub fn readable(&self) -> ReadableHandle {
        let labels = |text: &str| text.split('.').map(Label::from_ascii).collect();
        ReadableHandle {
            user: labels(self.user()),
            domain: labels(self.domain()),
        }
    }

    /// Reads a handle that may have labels of other scripts, as a person types them.
    ///
    /// Takes only what [`readable`](Self::readable) would show again as it was typed; for input
    /// from elsewhere, such as the clipboard, prefer [`str::parse`], which takes ASCII alone.
    ///
    /// ```
    /// use payname_resolver::{Handle, HandleError};
    ///
    /// assert_eq!(Handle::from_unicode("alice@münchen.example")?.domain(), "xn--mnchen-3ya.example");
    /// // The first letter is Cyrillic.
    /// let refused = Handle::from_unicode("аlice@example.com");
    /// assert!(matches!(refused, Err(HandleError::Doubtful { .. })));
    /// # Ok::<(), HandleError>(())
    /// ```
    ///
    /// # Errors
    /// As parsing; and a label could be taken for another.
    pub fn from_unicode(input: &str) -> Result<Self, HandleError> {
        let Some(readable) = explain(input).filter(|_| !input.is_ascii()) else {
            return input.parse();
        };
        if let Some(label) = readable.doubtful().next() {
            return Err(HandleError::Doubtful {
                handle: input.to_owned(),
                label: Box::new(label.clone()),
            });
        }
        match readable.ascii() {
            Some(ascii) => ascii.parse(),
            None => input.parse(),
        }
    }
}

/// Takes apart what was typed as a handle, label by label, whether it makes a handle or not.
///
/// Says which characters, which scripts and which look-alikes are in the way; nothing when there
/// is no `@`.
///
/// ```
/// use payname_resolver::name::{Doubt, explain};
///
/// let typed = explain("\u{430}lice@example.com").unwrap(); // the first letter is Cyrillic
/// let label = typed.doubtful().next().unwrap();
/// assert_eq!(label.doubts()[0], Doubt::MixedScripts(vec!["Cyrillic", "Latin"]));
/// assert!(matches!(&label.doubts()[1], Doubt::LooksLike { text, .. } if text == "alice"));
/// assert_eq!(typed.ascii().as_deref(), Some("xn--lice-43d@example.com"));
/// ```
pub fn explain(input: &str) -> Option<ReadableHandle> {
    let bare = input.strip_prefix('₿').unwrap_or(input);
    let (user, domain) = bare.split_once('@')?;
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let labels = |text: &str| text.split('.').map(Label::from_unicode).collect();
    Some(ReadableHandle {
        user: labels(user),
        domain: labels(domain),
    })
}

/// Longer than any handle is in any script, in bytes: what is longer gets no advice, which takes time.
const MAX_INPUT: usize = 2048;

/// What to write instead of a handle with characters beyond ASCII; begins with `; `.
pub(crate) fn advice(input: &str) -> String {
    const NONE: &str = "; write the name in its xn-- (punycode) form";
    let readable = (input.len() <= MAX_INPUT).then(|| explain(input)).flatten();
    let Some(readable) = readable else {
        return NONE.to_owned();
    };
    let ascii = readable
        .ascii()
        .filter(|ascii| ascii.parse::<Handle>().is_ok());
    let mut advice = match ascii {
        Some(ascii) => format!("; its xn-- (punycode) form is {ascii}"),
        None => NONE.to_owned(),
    };
    if let Some(label) = readable.doubtful().next() {
        let (shown, why) = (label.shown(), label.why());
        advice.push_str(&format!(", but beware of `{shown}`: {why}"));
    }
    advice
}

impl fmt::Display for ReadableHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |labels: &[Label]| {
            let labels: Vec<_> = labels.iter().map(Label::shown).collect();
            labels.join(".")
        };
        write!(f, "₿{}@{}", join(&self.user), join(&self.domain))
    }
}
