//! Names as people read and type them: punycode and look-alikes (UTS 39), and the `₿` in front.
//!
//! A [`Handle`](crate::Handle) is ASCII; other scripts stand in it as `xn--` labels (punycode).
//! Whether such a label may be shown as the text it stands for is decided here, label by label,
//! and every refusal says which characters, which scripts, and what they look like.

mod doubt;
mod label;
mod payee;
mod readable;
#[cfg(test)]
mod tests;

pub use doubt::Doubt;
pub use label::Label;
pub use payee::Payee;
pub(crate) use readable::advice;
pub use readable::{ReadableHandle, explain};
