#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| commerce_connector::fuzzing::feed_answer(bytes));
