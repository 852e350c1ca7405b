//! Tests of wirework as a whole: one behaviour, every runtime.
//!
//! What holds on all runtimes is written once, as a generic function, and stamped out by [`on_each_runtime!`]. This library
//! also compiles and runs the code in the README and the guide.

#[doc = include_str!("../README.md")]
#[expect(dead_code, reason = "it carries the README's doctests")]
struct Readme;

#[doc = include_str!("../docs/facing-the-internet.md")]
#[expect(dead_code, reason = "it carries the chapter's doctests")]
struct FacingTheInternet;

#[doc = include_str!("../docs/your-first-protocol.md")]
#[expect(dead_code, reason = "it carries the chapter's doctests")]
struct YourFirstProtocol;

#[doc = include_str!("../docs/codecs.md")]
#[expect(dead_code, reason = "it carries the chapter's doctests")]
struct Codecs;

#[doc = include_str!("../docs/a-client-that-survives.md")]
#[expect(dead_code, reason = "it carries the chapter's doctests")]
struct AClientThatSurvives;

#[doc = include_str!("../docs/redis.md")]
#[expect(dead_code, reason = "it carries the chapter's doctests")]
struct BothSidesOfRedis;
#[doc = include_str!("../docs/speaking-first.md")]
#[expect(dead_code, reason = "it carries the chapter's doctests")]
struct SpeakingFirst;

#[doc = include_str!("../docs/break-your-protocol.md")]
#[expect(dead_code, reason = "it carries the chapter's doctests")]
struct BreakYourProtocol;

mod busy;
mod clock;
mod outcome;

use std::time::Duration;

pub use clock::{ManualClock, ManualTimer};
pub use outcome::Outcome;
pub use {wirework_async_std, wirework_smol, wirework_tokio};

/// How long a test waits for what must come: long, for it only tells a hang from a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Makes of each `async fn name<N: Network>(network: N)` a test on every runtime. It may give a `Result`, whose error is a
/// failure.
#[macro_export]
macro_rules! on_each_runtime {
    ($($check:ident),+ $(,)?) => {
        $crate::on_each_runtime!(@ smol wirework_smol $($check)+);
        $crate::on_each_runtime!(@ async_std wirework_async_std $($check)+);
        $crate::on_each_runtime!(@ tokio wirework_tokio $($check)+);
    };
    (@ $runtime:ident $adapter:ident $($check:ident)+) => {
        mod $runtime {
            $(
                #[test]
                fn $check() {
                    $crate::Outcome::check($crate::$adapter::run(|network| super::$check(network)));
                }
            )+
        }
    };
}
