//! What can be wrong with an adapter.

/// The one thing that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,

    CloseSendsNoEnd,
    CloseEndsBoth,
    SecondCloseFails,
    CloseAfterResetFails,
    /// The last byte of each write is kept until the next one.
    BytesAreHeldBack,
    DropLeaks,
    LateWritesAreAccepted,
    ResetIsTheEnd,
    ResetDiscards,
    ReadableTakesTheError,
    EndIsAReset,
    GathersNothing,
    HalfGathersNothing,
    FirstPieceMayBeEmpty,
    ManyPiecesFail,
    WritesWithoutBound,
    PendingWriteHappens,
    WriterIsForgotten,
    PendingReadHappens,
    /// async-io's readiness.
    ReadersWakeEachOther,
    FirstWakerStays,
    DirectionsShareAWaker,
    ReaderIsBusy,
    PeekConsumes,
    SplitForgetsPeeked,
    AlwaysReadable,
    WriteHalfDropIsSilent,
    ReadHalfDropTells,

    AcceptLoses,
    AcceptorsWakeEachOther,
    PortIsZero,
    ErrorsNameNothing,
    LookupForgetsPort,
    PathIsRemoved,
    AdoptsAnother,

    RestComesLater,
    EmptyMessagesAreSkipped,
    BigMessagesAreCut,

    /// As tokio's and async-std's handles do.
    DropDetaches,
    DetachCancels,
    PanicsAreCancellations,
    BlockingOnTheExecutor,

    TimerIsEarly,
    ResetIsIgnored,
    /// As async-io's timer.
    CompleteOnlyOnce,
    DroppedTimerWakes,
    FarFutureIsNow,
    PastIsNeverComplete,
    RandomIsConstant,
    ClockGoesBack,
}
