//! smol meets the contract of wirework's traits.

wirework_testkit::conformance!(wirework_smol::run);
