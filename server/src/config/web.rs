//! `[web]`: whether there are pages, and what they look like.

use std::path::{Path, PathBuf};

use super::{ConfigError, check::Checker, written::WrittenWeb};

/// The accent of pages that name none: burnt orange.
const ACCENT: Colour = Colour {
    red: 0x8f,
    green: 0x3d,
    blue: 0x00,
};
/// The paper that the accent is written on, when it is light.
const PAPER: Colour = Colour {
    red: 0xfa,
    green: 0xf8,
    blue: 0xf4,
};
/// The contrast that text needs (WCAG 2.2, 1.4.3).
const CONTRAST: f64 = 4.5;
/// The lightest surface that the accent is written on, when it is dark.
const DARK: Colour = Colour {
    red: 0x1f,
    green: 0x1d,
    blue: 0x1a,
};
/// The longest name that is shown at the top of pages.
const MAX_NAME: usize = 60;
/// The largest logo, in bytes.
const MAX_LOGO: usize = 128 * 1024;

/// The pages, as the operator wants them.
#[derive(Debug, Clone, PartialEq)]
pub struct Web {
    /// Whether there are any.
    pub enabled: bool,
    /// What they call the service; its domain without it.
    pub name: Option<String>,
    /// The colour of links and buttons.
    pub accent: Colour,
    /// The picture at the top.
    pub logo: Option<Logo>,
}

/// A picture, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// Its media type.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// A colour of the screen (sRGB).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            enabled: true,
            name: None,
            accent: ACCENT,
            logo: None,
        }
    }
}

impl Checker<'_> {
    /// The pages.
    pub(super) fn web(&self, written: &WrittenWeb) -> Result<Web, ConfigError> {
        if let Some(name) = &written.name
            && (name.trim().is_empty()
                || name.chars().count() > MAX_NAME
                || name.chars().any(char::is_control))
        {
            let remedy = format!("write 1 to {MAX_NAME} characters, such as \"Example Names\"");
            return Err(self.invalid("web.name", name, remedy));
        }
        Ok(Web {
            enabled: written.enabled,
            name: written.name.clone(),
            accent: match &written.colour {
                Some(text) => self.accent(text)?,
                None => ACCENT,
            },
            logo: written
                .logo
                .as_ref()
                .map(|file| self.logo(file))
                .transpose()?,
        })
    }

    fn accent(&self, text: &str) -> Result<Colour, ConfigError> {
        let colour = Colour::parse(text).ok_or_else(|| {
            let remedy = "write a colour as \"#8f3d00\"";
            self.invalid("web.colour", text, remedy)
        })?;
        let contrast = colour.contrast(PAPER);
        if contrast < CONTRAST {
            let remedy = format!(
                "text of this colour cannot be read well on light paper (its contrast is {contrast:.1}, and {CONTRAST} is needed); choose a darker one"
            );
            return Err(self.invalid("web.colour", text, remedy));
        }
        Ok(colour)
    }

    fn logo(&self, file: &PathBuf) -> Result<Logo, ConfigError> {
        let file = self.directory.join(file);
        let shown = file.display().to_string();
        let invalid = |remedy: String| self.invalid("web.logo", &shown, remedy);
        let media_type = media_type(&file)
            .ok_or_else(|| invalid("it must be a .svg, .png, .jpg or .webp".to_owned()))?;
        let bytes =
            std::fs::read(&file).map_err(|error| invalid(format!("it cannot be read: {error}")))?;
        if bytes.len() > MAX_LOGO {
            return Err(invalid(format!(
                "it has {} bytes, and at most {MAX_LOGO} are taken; make it smaller",
                bytes.len()
            )));
        }
        Ok(Logo { media_type, bytes })
    }
}

impl Colour {
    /// Reads `#8f3d00`.
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| {
            digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        })?;
        let [_, red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
        Some(Self { red, green, blue })
    }

    /// The same colour for dark paper: mixed with as much white as it needs to be read well.
    pub(crate) fn on_dark(self) -> Self {
        let mut mixed = (0..=100).map(|white| self.with_white(f64::from(white) / 100.0));
        mixed
            .find(|colour| colour.contrast(DARK) >= CONTRAST + 1.0)
            .unwrap_or(self)
    }

    fn with_white(self, white: f64) -> Self {
        let mix = |part: u8| (f64::from(part) * (1.0 - white) + 255.0 * white).round() as u8;
        Self {
            red: mix(self.red),
            green: mix(self.green),
            blue: mix(self.blue),
        }
    }

    /// The contrast of two colours, from 1 to 21 (WCAG 2.2).
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

fn media_type(file: &Path) -> Option<&'static str> {
    Some(match file.extension()?.to_str()? {
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_standard() {
        let [black, white, grey] = ["#000000", "#ffffff", "#767676"].map(Colour::parse);
        let white = white.unwrap();
        assert!((black.unwrap().contrast(white) - 21.0).abs() < 0.01);
        assert!((grey.unwrap().contrast(white) - 4.54).abs() < 0.01);
    }

    #[test]
    fn every_accent_that_is_taken_can_be_read_on_dark_paper_too() {
        for text in ["#000000", "#8f3d00", "#0000ff", "#006400", "#7a0019"] {
            let accent = Colour::parse(text).unwrap();
            assert!(accent.contrast(PAPER) >= CONTRAST, "{text}");
            assert!(accent.on_dark().contrast(DARK) >= CONTRAST, "{text}");
        }
    }

    #[test]
    fn only_six_digits_are_a_colour() {
        for wrong in ["8f3d00", "#8f3d0", "#8f3d000", "#8f3dxy", "red", "#+f3d00"] {
            assert_eq!(Colour::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Colour::parse("#8F3d00").unwrap().to_string(), "#8f3d00");
    }
}
