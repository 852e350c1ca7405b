//! The conformance suite: one check for each sentence that wirework's traits promise.
//!
//! Written once and run on every runtime, since an abstraction that is only tested on one of them holds on that one only.
//!
//! Each check is an `async fn` that takes a runtime, or a [`Transport`](crate::transport::Transport) to be run over TCP and
//! over Unix sockets, and panics with the sentence that does not hold. The list of them is in `conformance/list.rs`, and
//! nowhere else; [`conformance!`](crate::conformance!) makes a `#[test]` of each.

#![expect(clippy::missing_panics_doc, reason = "a panic is how a check says that it failed")]
#![expect(
    clippy::unused_async,
    reason = "checks are all of one shape, though some have nothing to wait for"
)]

pub mod backpressure;
pub mod blocking;
pub mod clock;
pub mod dns;
pub mod foreign_thread;
pub mod half_close;
mod list;
pub mod peek;
pub mod reset;
pub mod split;
pub mod task;
pub mod tcp;
pub mod timer;
pub mod transfer;
pub mod udp;
#[cfg(unix)]
pub mod unix;
pub mod vectored;
pub mod wakers;

use std::time::Duration;

use futures_lite::future::or;
use wirework::Runtime;

/// How long a check may take on the runtime's own clock. It takes milliseconds, or at most a second or two; but machines are
/// busy.
const DEADLINE: Duration = Duration::from_mins(2);

/// The body of each test that [`conformance!`](crate::conformance!) makes: runs the check called `name` unless it is among
/// the exceptions, whose reason is printed instead.
#[doc(hidden)]
pub fn unless_excepted(name: &str, exceptions: &[(&str, &str)], check: impl FnOnce()) {
    match exceptions.iter().find(|(excepted, _)| is_named(excepted, name)) {
        Some((_, reason)) => println!("{name} does not apply here: {reason}"),
        None => check(),
    }
}

/// The check called `name` on `runtime`, which panics when it is not done in time: a hang is a failure like any other.
#[doc(hidden)]
pub async fn in_time<R: Runtime, F: Future<Output = ()>>(name: &str, runtime: R, check: impl FnOnce(R) -> F) {
    let deadline = runtime.timer(runtime.now() + DEADLINE);
    let hung = async {
        deadline.await;
        panic!("{name} hung: it was not done after {DEADLINE:?}");
    };
    or(check(runtime), hung).await;
}

/// The body of the test that guards against exceptions to nothing.
#[doc(hidden)]
pub fn assert_exceptions_exist(checks: &[&str], exceptions: &[(&str, &str)]) {
    for (excepted, _) in exceptions {
        assert!(
            checks.iter().any(|check| is_named(excepted, check)),
            "there is no check called {excepted} to be excepted"
        );
    }
}

/// Whether an exception is that of the check called `name`. The compiler puts spaces into a path that came through another
/// macro, as it does for whoever runs the suite in several ways with the same exceptions.
fn is_named(excepted: &str, name: &str) -> bool {
    excepted.split_whitespace().collect::<String>() == name
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    const CHECKS: &[&str] = crate::__conformance_list!(__conformance_names);

    /// A check that is not in the list would never run.
    #[test]
    fn every_check_is_in_the_list() {
        let listed: BTreeSet<_> = CHECKS.iter().map(|name| without_transport(name).to_owned()).collect();
        assert_eq!(listed, written());
    }

    #[test]
    fn an_excepted_check_is_not_run() {
        let exceptions = &[("tcp::echo", "it has no sockets"), ("dns :: echo", "nor names")];
        unless_excepted("tcp::echo", exceptions, || panic!("it was run"));
        unless_excepted("dns::echo", exceptions, || panic!("it was run"));
        let mut ran = false;
        unless_excepted("udp::echo", exceptions, || ran = true);
        assert!(ran);
    }

    #[test]
    #[should_panic(expected = "there is no check called tcp::eco to be excepted")]
    fn an_exception_to_nothing_is_found() {
        assert_exceptions_exist(CHECKS, &[("tcp::eco", "a slip of the pen")]);
    }

    fn without_transport(name: &str) -> &str {
        name.strip_prefix("over_tcp::")
            .or(name.strip_prefix("over_unix::"))
            .unwrap_or(name)
    }

    /// The checks that there are in the source, as `module::name`.
    fn written() -> BTreeSet<String> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/conformance");
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let module = path.file_stem().unwrap().to_str().unwrap();
            let source = fs::read_to_string(&path).unwrap();
            let functions = source.lines().filter_map(|line| line.strip_prefix("pub async fn "));
            names.extend(functions.map(|function| {
                let name = function.split(['<', '(']).next().unwrap();
                format!("{module}::{name}")
            }));
        }
        names
    }
}
