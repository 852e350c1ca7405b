//! tokio meets the contract of wirework's traits.

wirework_testkit::conformance!(wirework_tokio::run);
