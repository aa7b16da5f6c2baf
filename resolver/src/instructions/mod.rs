//! Payment instructions: what a `bitcoin:` URI says to pay (BIP-321).

/// Instructions.
#[derive(Debug, Clone)]
pub struct Instructions {}
/// Method.
#[derive(Debug, Clone)]
pub struct Method {}
