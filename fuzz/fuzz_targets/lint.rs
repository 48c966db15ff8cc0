#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bareboat_fuzz::lint(data));
