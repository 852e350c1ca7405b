//! In a world in which nothing goes wrong.

conformance!(wirework_sim::run);
