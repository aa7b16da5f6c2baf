//! Text by strangers, made safe for a terminal, a log and a reader's eyes.

use std::fmt::Write;

/// Escapes what could move a cursor, colour a screen, reorder or hide text.
///
/// Control characters (C0, C1, ESC), bidirectional controls, zero-width and other invisible
/// characters, and line and paragraph separators come out as `\u{…}`; the rest stays as it is.
///
/// ```
/// assert_eq!(payname_cli::text::escape("a\u{1b}[31mb\u{202e}c"), "a\\u{1b}[31mb\\u{202e}c");
/// ```
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{{{:x}}}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Escapes each line of a text of our own making that quotes strangers, and keeps the lines.
pub fn escape_lines(text: &str) -> String {
    text.split('\n').map(escape).collect::<Vec<_>>().join("\n")
}

/// Escapes a text and cuts it to `length` characters, marked with `…`.
pub fn excerpt(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", escape(text.get(..end).unwrap_or_default())),
        None => escape(text),
    }
}

/// Shortens a long code in the middle, such as an offer; never use it for a name.
pub fn shorten(code: &str) -> String {
    let escaped = escape(code);
    let count = escaped.chars().count();
    if count <= 28 {
        return escaped;
    }
    let head: String = escaped.chars().take(16).collect();
    let tail: String = escaped.chars().skip(count.saturating_sub(8)).collect();
    format!("{head}…{tail}")
}

/// Whether [`escape`] replaces the character.
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_acts_on_a_terminal_is_escaped() {
        for hostile in [
            "\u{1b}",
            "\u{7}",
            "\r",
            "\n",
            "\u{9b}",
            "\u{7f}",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{feff}",
            "\u{2028}",
            "\u{e0041}",
        ] {
            let escaped = escape(hostile);
            assert!(
                escaped.starts_with("\\u{") && escaped.is_ascii(),
                "{hostile:?} → {escaped}"
            );
        }
    }

    #[test]
    fn ordinary_text_of_any_script_stays() {
        let text = "Zoë's café, 日本語, עברית ₿ 😀";
        assert_eq!(escape(text), text);
    }

    #[test]
    fn long_texts_are_cut_at_characters() {
        assert_eq!(excerpt("ééééé", 2), "éé…");
        assert_eq!(excerpt("éé", 2), "éé");
        let offer = format!("lno1{}", "q".repeat(300));
        assert_eq!(shorten(&offer), "lno1qqqqqqqqqqqq…qqqqqqqq");
    }
}
