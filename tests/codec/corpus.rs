//! Replays the fuzzers' corpora, without a fuzzer; and tries a few inputs that nobody chose.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

#[test]
fn no_input_of_a_corpus_is_a_finding() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for (name, target) in targets::TARGETS {
        let inputs: Vec<_> = fs::read_dir(corpora.join(name)).unwrap().collect();
        assert!(!inputs.is_empty(), "the corpus of {name} is empty");
        for input in inputs {
            target(&fs::read(input.unwrap().path()).unwrap());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_input_at_random_is_a_finding(
        input in vec(prop_oneof![any::<u8>(), select(&b"\0\x01\x02\x05\r\n;,:aab05\xc0\xdb"[..])], 0..400),
    ) {
        for (_, target) in targets::TARGETS {
            target(&input);
        }
    }
}
