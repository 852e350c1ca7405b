//! async-std meets the contract of wirework's traits.

wirework_testkit::conformance!(wirework_async_std::run);
