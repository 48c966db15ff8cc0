#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bareboat_fuzz::root_fs(data));
