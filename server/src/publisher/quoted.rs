//! TXT data as text: `"…" "…"`, each string quoted, on one line (RFC 1035 §5.1).
//!
//! This is how master files have it, and the interfaces of most providers.

/// The most that one string holds, in octets.
pub(super) const STRING: usize = 255;

/// The strings quoted, with a space in between; what is not printable ASCII as `\DDD`.
pub(crate) fn quoted(strings: &[Vec<u8>]) -> String {
    quoted_with(strings, |byte| format!("\\{byte:03}"))
}

/// The same with octal digits, as Route 53 has it.
pub(crate) fn quoted_octal(strings: &[Vec<u8>]) -> String {
    quoted_with(strings, |byte| format!("\\{byte:03o}"))
}

fn quoted_with(strings: &[Vec<u8>], escape: impl Fn(u8) -> String) -> String {
    let mut text = String::new();
    for string in strings {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push('"');
        for &byte in string {
            match byte {
                b'"' | b'\\' => {
                    text.push('\\');
                    text.push(byte.into());
                }
                b' '..=b'~' => text.push(byte.into()),
                _ => text.push_str(&escape(byte)),
            }
        }
        text.push('"');
    }
    text
}

/// The strings that such a text has; what stands there without quotes is read as well.
///
/// A string that is longer than DNS has them, as some interfaces take and give them, is cut into several.
pub(crate) fn unquoted(text: &str) -> Option<Vec<Vec<u8>>> {
    unquoted_with(text, 10)
}

/// The same with octal digits, as Route 53 has it.
pub(crate) fn unquoted_octal(text: &str) -> Option<Vec<Vec<u8>>> {
    unquoted_with(text, 8)
}

fn unquoted_with(text: &str, radix: u32) -> Option<Vec<Vec<u8>>> {
    let mut strings = Vec::new();
    let mut bytes = text.trim().bytes().peekable();
    while let Some(first) = bytes.next() {
        let is_quoted = first == b'"';
        let mut string = Vec::new();
        let mut next = if is_quoted { bytes.next() } else { Some(first) };
        loop {
            match next {
                None if is_quoted => return None,
                None => break,
                Some(b'"') if is_quoted => break,
                Some(b' ' | b'\t') if !is_quoted => break,
                Some(b'\\') => string.push(unescaped(&mut bytes, radix)?),
                Some(byte) => string.push(byte),
            }
            next = bytes.next();
        }
        while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
        if string.is_empty() {
            strings.push(string);
        } else {
            strings.extend(string.chunks(STRING).map(<[u8]>::to_vec));
        }
    }
    Some(strings)
}

/// What stands behind a `\`.
fn unescaped(bytes: &mut impl Iterator<Item = u8>, radix: u32) -> Option<u8> {
    let first = bytes.next()?;
    if !first.is_ascii_digit() {
        return Some(first);
    }
    let digits = [first, bytes.next()?, bytes.next()?];
    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_450_bytes_is_two_quoted_strings_on_one_line() {
        let strings = [vec![b'a'; 255], vec![b'b'; 195]];
        let text = quoted(&strings);
        assert_eq!(
            text,
            format!("\"{}\" \"{}\"", "a".repeat(255), "b".repeat(195))
        );
        assert_eq!(unquoted(&text).unwrap(), strings);
    }

    #[test]
    fn whatever_octets_there_are_come_back_as_they_were() {
        let all: Vec<u8> = (0..=255).filter(|byte| *byte != 7).collect();
        let strings = [all, Vec::new(), b"a \"b\" \\c\\ 1;".to_vec()];
        assert_eq!(unquoted(&quoted(&strings)).unwrap(), strings);
        let octal = quoted_octal(&strings);
        assert!(octal.contains("\\377"), "{octal}");
        assert_eq!(unquoted_octal(&octal).unwrap(), strings);
        let text = quoted(&[b"\"\\\x07\xff".to_vec()]);
        assert_eq!(text, r#""\"\\\007\255""#);
    }

    #[test]
    fn other_forms_are_read_too() {
        let read = |text| unquoted(text).map(|strings| strings.concat());
        assert_eq!(
            read("bitcoin:?lno=lno1"),
            Some(b"bitcoin:?lno=lno1".to_vec())
        );
        assert_eq!(read(r#""a""b" c"#), Some(b"abc".to_vec()));
        let long = "x".repeat(450);
        let strings = unquoted(&format!("\"{long}\"")).unwrap();
        assert_eq!(strings.iter().map(Vec::len).collect::<Vec<_>>(), [255, 195]);
        for broken in ["\"open", "\"\\", "\"\\25\"", "\"\\999\""] {
            assert_eq!(unquoted(broken), None, "{broken}");
        }
    }
}
