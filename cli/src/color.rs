//! Colours, where there is somebody to see them; never the only sign of anything.

use std::io::IsTerminal;

use clap::ValueEnum;

/// Whether to colour what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// What is meant for a stream, by the environment's conventions (<https://no-color.org>).
    pub fn applies_to(self, stream: &impl IsTerminal) -> bool {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        self.decide(
            stream.is_terminal(),
            is_set("NO_COLOR"),
            is_set("CLICOLOR_FORCE"),
        )
    }

    fn decide(self, is_terminal: bool, no_color: bool, forced: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => !no_color && (forced || is_terminal),
        }
    }
}

/// The words at the beginning of a line that are coloured, and how (SGR, ECMA-48).
const WORDS: [(&str, &str); 7] = [
    ("error:", "1;31"),
    ("warning:", "1;33"),
    ("ERROR ", "31"),
    ("WARN ", "33"),
    ("INFO ", "36"),
    ("CHANGED ", "1;31"),
    ("proven ", "32"),
];

/// Colours the first word of each line, of a text that was escaped before.
pub fn paint(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let mut words = WORDS.iter();
        let found =
            words.find_map(|(word, how)| line.strip_prefix(word).map(|rest| (word, how, rest)));
        match found {
            Some((word, how, rest)) => format!("\u{1b}[{how}m{word}\u{1b}[0m{rest}"),
            None => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_wins_then_no_color_then_the_terminal() {
        for (color, is_terminal, no_color, forced, expected) in [
            (Color::Auto, true, false, false, true),
            (Color::Auto, false, false, false, false),
            (Color::Auto, true, true, false, false),
            (Color::Auto, false, false, true, true),
            (Color::Auto, true, true, true, false),
            (Color::Always, false, true, false, true),
            (Color::Never, true, false, true, false),
        ] {
            assert_eq!(color.decide(is_terminal, no_color, forced), expected);
        }
    }

    #[test]
    fn only_our_own_first_words_are_coloured() {
        assert_eq!(paint("ERROR D402 x"), "\u{1b}[31mERROR \u{1b}[0mD402 x");
        assert_eq!(paint("says      “ERROR x”\nx"), "says      “ERROR x”\nx");
    }
}
