//! libFuzzer's way into [`payname_fuzz::target::psbt`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| payname_fuzz::target::psbt(bytes));
