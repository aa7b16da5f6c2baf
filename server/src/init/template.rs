//! The example configuration with values put in, its comments left as they are.

/// The file that documents every key.
const EXAMPLE: &str = include_str!("../../paynamed.example.toml");

/// A text of TOML in which keys and whole tables may be commented out.
#[derive(Debug)]
pub(super) struct Template {
    lines: Vec<String>,
}

impl Template {
    /// The example that is shipped.
    pub(super) fn example() -> Self {
        Self::new(EXAMPLE)
    }

    fn new(text: &str) -> Self {
        Self {
            lines: text.lines().map(str::to_owned).collect(),
        }
    }

    /// Gives a key a value, in the table with this header (`""` before the first one); both are in
    /// effect then, even if they were commented out.
    pub(super) fn set(
        &mut self,
        table: &'static str,
        key: &'static str,
        value: impl Into<toml::Value>,
    ) -> Result<(), TemplateError> {
        let missing = TemplateError { table, key };
        let mut header = None;
        let mut inside = table.is_empty();
        let mut found = None;
        for (number, line) in self.lines.iter().enumerate() {
            let bare = bare(line);
            if is_header(bare) {
                if inside {
                    break;
                }
                inside = bare == table;
                header = inside.then_some(number);
            } else if inside && key_of(bare) == Some(key) {
                found = Some(number);
                break;
            }
        }
        let line = found.and_then(|number| self.lines.get_mut(number));
        let line = line.ok_or(missing)?;
        let note = note(bare(line)).map(|note| format!("    {note}"));
        *line = format!("{key} = {}{}", value.into(), note.unwrap_or_default());
        if let Some(line) = header.and_then(|number| self.lines.get_mut(number)) {
            *line = table.to_owned();
        }
        Ok(())
    }

    pub(super) fn into_string(self) -> String {
        let mut text = self.lines.join("\n");
        text.push('\n');
        text
    }
}

/// A line as it is when it is not commented out.
fn bare(line: &str) -> &str {
    line.trim_start_matches(['#', ' ']).trim_end()
}

/// `[table]` or `[[table]]`, and nothing else.
fn is_header(bare: &str) -> bool {
    let name = bare
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '[' | ']');
    name.is_some_and(|name| !name.is_empty() && name.chars().all(plain))
}

fn key_of(bare: &str) -> Option<&str> {
    bare.split_once(" = ").map(|(key, _)| key)
}

/// The comment behind a value.
fn note(bare: &str) -> Option<&str> {
    let mut quoted = false;
    for (at, c) in bare.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted => return bare.get(at..),
            _ => {}
        }
    }
    None
}

/// The template has no such key.
#[derive(Debug, thiserror::Error)]
#[error("the template of the configuration has no `{key}` under `{table}`")]
pub struct TemplateError {
    table: &'static str,
    key: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# What it is.
name = \"old\"   # a \"note\"

[one]
# name = \"commented\"

# A table that is off.
#
# [two]
# name = \"off\"
# other = 1
";

    #[test]
    fn a_value_takes_its_place_and_comments_stay() {
        let mut template = Template::new(TEXT);
        template.set("", "name", "a \"new\" one").unwrap();
        template.set("[two]", "name", vec!["x", "y"]).unwrap();
        let text = template.into_string();
        let read: toml::Table = text.parse().unwrap();
        assert_eq!(read["name"].as_str(), Some("a \"new\" one"));
        assert_eq!(read["two"]["name"].as_array().unwrap().len(), 2);
        assert!(read["one"].as_table().unwrap().is_empty());
        assert!(text.contains("# a \"note\"") && text.contains("# What it is."));
        assert!(text.contains("# other = 1"), "{text}");
    }

    #[test]
    fn a_key_of_another_table_is_not_taken_for_it() {
        let mut template = Template::new(TEXT);
        let error = template.set("[one]", "other", 1).unwrap_err();
        assert!(error.to_string().contains("`other` under `[one]`"));
        assert_eq!(template.into_string(), TEXT);
    }
}
