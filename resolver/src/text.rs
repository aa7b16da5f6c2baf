//! Strangers' text in our errors.

use alloc::{format, string::String};

/// How many characters of it an error repeats.
const SHOWN: usize = 48;

/// A stranger's text, with control, bidi and zero-width characters escaped, and cut when long.
pub(crate) fn shown(text: &str) -> String {
    let cut = text.char_indices().nth(SHOWN).map(|(index, _)| index);
    let start = text.get(..cut.unwrap_or(text.len())).unwrap_or(text);
    let end = if cut.is_some() { "…" } else { "" };
    format!("{}{end}", start.escape_debug())
}

/// The same of a URL, without the user and password it may hold.
#[cfg(feature = "blocking")]
pub(crate) fn shown_url(text: &str) -> String {
    let Some((before, rest)) = text.rsplit_once('@') else {
        return shown(text);
    };
    match before.split_once("://") {
        Some((scheme, _)) => shown(&format!("{scheme}://…@{rest}")),
        None => shown(&format!("…@{rest}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "blocking")]
    #[test]
    fn the_credentials_in_a_url_are_left_out() {
        assert_eq!(shown_url("ftp://me:a/b@c@h:x/"), "ftp://…@h:x/");
        assert_eq!(shown_url("ftp://h/\u{7}"), "ftp://h/\\u{7}");
        assert_eq!(shown_url("me:secret@h"), "…@h");
    }

    #[test]
    fn invisible_characters_are_escaped_and_long_texts_cut() {
        assert_eq!(
            shown("a\u{1b}\u{202e}\u{200b}ü₿"),
            "a\\u{1b}\\u{202e}\\u{200b}ü₿"
        );
        assert_eq!(shown(&"ü".repeat(48)), "ü".repeat(48));
        assert_eq!(shown(&"ü".repeat(49)), format!("{}…", "ü".repeat(48)));
    }
}
