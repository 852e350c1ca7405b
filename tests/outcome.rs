//! What a test can give: nothing, or an error.

use std::fmt::Debug;

/// What a test gives in the end.
pub trait Outcome {
    /// Panics if it is an error.
    fn check(self);
}

impl Outcome for () {
    fn check(self) {}
}

impl<E: Debug> Outcome for Result<(), E> {
    #[track_caller]
    fn check(self) {
        if let Err(error) = self {
            panic!("the test gave an error: {error:?}");
        }
    }
}
