//! Replays the fuzzers' corpora, without a fuzzer.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

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
