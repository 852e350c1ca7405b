//! Keeps the panics of simulations out of the output, and remembers where the last of them was.
//!
//! A scenario may let handlers panic on purpose, and shrinking repeats a failing run hundreds of times: what the default
//! hook prints about each would bury the one report that counts.

use std::cell::{Cell, RefCell};
use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `function` with panics of this thread unprinted.
pub(super) fn quietly<T>(function: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(
            move |info| if QUIET.get() { note(info) } else { before(info) },
        ));
    });
    let _reset = Reset(QUIET.replace(true));
    LAST.take();
    function()
}

/// The place of the last panic of this thread since it became quiet.
pub(super) fn last_panic() -> Option<String> {
    LAST.with_borrow(Clone::clone)
}

/// Makes the thread as loud as it was.
struct Reset(bool);

impl Drop for Reset {
    fn drop(&mut self) {
        QUIET.set(self.0);
    }
}

fn note(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string);
    LAST.with_borrow_mut(|last| *last = place);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_panic_is_remembered() {
        let line = line!() + 1;
        assert!(quietly(|| std::panic::catch_unwind(|| panic!("on purpose")).is_err()));
        assert!(last_panic().unwrap().contains(&format!("quiet.rs:{line}:")));
        assert_eq!(quietly(|| 7), 7);
        assert_eq!(last_panic(), None);
        assert!(!QUIET.get());
    }
}
