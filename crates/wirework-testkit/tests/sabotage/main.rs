//! The conformance suite notices what it is there for.
//!
//! A check that cannot fail is worse than none. So here is an adapter that is right but for one fault at a time, each of
//! them the mistake of some real adapter or one that is easily made, and the check that must notice it.

mod adapter;

use std::panic::{AssertUnwindSafe, catch_unwind};

use wirework_testkit::conformance::*;
use wirework_testkit::transport::{Tcp, Unix};

use adapter::{Fault, Sabotaged};

/// Without a fault the adapter passes: what is noticed below is the fault and nothing else.
mod without_a_fault {
    use super::{Fault, Sabotaged};

    fn run<F: Future>(main: impl FnOnce(Sabotaged) -> F) -> F::Output {
        Sabotaged::run(Fault::None, main)
    }

    wirework_testkit::conformance!(run);
}

/// One test for each line: a fault, and a check that fails because of it.
macro_rules! noticed {
    ($($name:ident: $fault:ident => $check:expr;)*) => {$(
        #[test]
        fn $name() {
            assert_noticed(Fault::$fault, $check);
        }
    )*};
}

noticed! {
    close_sends_no_end: CloseSendsNoEnd => |rt| half_close::client_first(Tcp(rt));
    close_ends_both_directions: CloseEndsBoth => |rt| half_close::client_first(Unix(rt));
    close_ends_both_directions_of_the_server: CloseEndsBoth => |rt| half_close::server_first(Tcp(rt));
    close_fails_the_second_time: SecondCloseFails => |rt| half_close::close_is_idempotent(Tcp(rt));
    close_fails_after_a_reset: CloseAfterResetFails => |rt| half_close::close_after_a_reset_succeeds(Tcp(rt));
    close_forgets_bytes: BytesAreHeldBack => |rt| half_close::close_sends_everything_first(Tcp(rt));
    drop_forgets_bytes: BytesAreHeldBack => |rt| half_close::drop_sends_everything_first(Unix(rt));
    flush_does_nothing: BytesAreHeldBack => |rt| transfer::what_is_flushed_arrives(Tcp(rt));
    drop_leaks: DropLeaks => |rt| wakers::a_dropped_peer_wakes_a_reader(Tcp(rt));
    write_after_close_is_accepted: LateWritesAreAccepted => |rt| half_close::a_write_after_close_fails(Tcp(rt));
    write_after_reset_is_accepted: LateWritesAreAccepted => |rt| reset::writes_after_a_reset_fail(Tcp(rt));

    reset_reads_as_the_end: ResetIsTheEnd => |rt| reset::a_reset_is_not_the_end(Tcp(rt));
    reset_peeks_as_the_end: ResetIsTheEnd => |rt| reset::a_peek_reports_the_reset(Unix(rt));
    reset_discards_what_came: ResetDiscards => |rt| reset::bytes_before_a_reset_are_readable(Tcp(rt));
    reset_is_used_up_by_readiness: ReadableTakesTheError => |rt| reset::readiness_leaves_the_reset_to_the_read(Tcp(rt));
    end_reads_as_a_reset: EndIsAReset => |rt| transfer::the_end_stays(Tcp(rt));

    first_piece_only_is_written: GathersNothing => |rt| vectored::gathers(Tcp(rt));
    half_writes_the_first_piece_only: HalfGathersNothing => |rt| vectored::the_write_half_gathers(Tcp(rt));
    empty_piece_is_written: FirstPieceMayBeEmpty => |rt| vectored::an_empty_piece_is_skipped(Tcp(rt));
    many_pieces_are_an_error: ManyPiecesFail => |rt| vectored::more_pieces_than_the_system_takes(Tcp(rt));

    writes_are_buffered_without_bound: WritesWithoutBound => |rt| backpressure::a_writer_waits_and_goes_on(Tcp(rt));
    pending_write_happens: PendingWriteHappens => |rt| backpressure::a_dropped_write_sends_nothing(Tcp(rt));
    waiting_writer_is_forgotten: WriterIsForgotten => |rt| backpressure::a_waiting_writer_is_woken(Tcp(rt));
    pending_read_happens: PendingReadHappens => |rt| transfer::a_dropped_read_loses_nothing(Tcp(rt));

    readers_wake_each_other: ReadersWakeEachOther => |rt| wakers::two_readers_do_not_spin(Tcp(rt));
    first_waker_stays: FirstWakerStays => |rt| wakers::the_last_reader_is_woken(Tcp(rt));
    directions_share_a_waker: DirectionsShareAWaker => |rt| wakers::directions_wait_apart(Tcp(rt));
    waiting_reader_is_busy: ReaderIsBusy => |rt| wakers::an_idle_connection_wakes_nobody(Tcp(rt));

    peek_consumes: PeekConsumes => |rt| peek::the_same_bytes_come_again(Tcp(rt));
    peeked_bytes_are_lost_in_the_split: SplitForgetsPeeked => |rt| peek::what_was_peeked_survives_a_split(Tcp(rt));
    readable_is_always_ready: AlwaysReadable => |rt| peek::readable_waits_for_data(Tcp(rt));

    write_half_is_dropped_in_silence: WriteHalfDropIsSilent => |rt| split::a_dropped_write_half_ends_the_stream(Tcp(rt));
    read_half_is_dropped_aloud: ReadHalfDropTells => |rt| split::a_dropped_read_half_tells_nothing(Unix(rt));
    halves_leak: DropLeaks => |rt| split::two_dropped_halves_end_the_connection(Tcp(rt));

    accept_loses_connections: AcceptLoses => tcp::a_dropped_accept_loses_no_connection;
    accept_loses_unix_connections: AcceptLoses => unix::a_dropped_accept_loses_no_connection;
    accept_spins: AcceptorsWakeEachOther => tcp::two_tasks_accepting_do_not_spin;
    port_is_reported_as_zero: PortIsZero => tcp::port_zero_becomes_a_real_port;
    refusal_names_nobody: ErrorsNameNothing => tcp::refused_names_the_address;
    tcp_address_in_use_is_not_named: ErrorsNameNothing => tcp::in_use_names_the_address;
    udp_address_in_use_is_not_named: ErrorsNameNothing => udp::in_use_names_the_address;
    missing_path_is_not_named: ErrorsNameNothing => unix::not_found_names_the_path;
    unknown_host_is_not_named: ErrorsNameNothing => dns::unknown_names_the_host;
    lookup_forgets_the_port: LookupForgetsPort => dns::localhost_is_loopback;
    another_listener_is_adopted: AdoptsAnother => tcp::a_listener_can_be_adopted;
    path_is_removed_with_its_listener: PathIsRemoved => unix::in_use_names_the_path;

    udp_rest_comes_later: RestComesLater => udp::what_does_not_fit_is_cut_off;
    udp_skips_empty_messages: EmptyMessagesAreSkipped => udp::boundaries_are_kept;
    udp_pending_receive_happens: PendingReadHappens => udp::a_dropped_receive_loses_nothing;
    udp_receivers_wake_each_other: ReadersWakeEachOther => udp::two_tasks_receiving_do_not_spin;
    udp_cuts_big_messages: BigMessagesAreCut => udp::too_big_is_an_error;

    drop_detaches_a_waiting_task: DropDetaches => task::drop_cancels_a_waiting_task;
    drop_detaches_a_sleeping_task: DropDetaches => task::drop_cancels_a_sleeping_task;
    drop_detaches_a_busy_task: DropDetaches => task::drop_cancels_a_busy_task;
    drop_detaches_a_new_task: DropDetaches => task::drop_cancels_a_new_task;
    dropped_task_goes_on: DropDetaches => task::a_cancelled_task_does_nothing_more;
    detach_cancels: DetachCancels => task::detach_runs_on;
    panic_loses_its_message: PanicsAreCancellations => task::a_panic_is_an_error;
    blocking_functions_run_on_the_executor: BlockingOnTheExecutor => blocking::tasks_run_meanwhile;

    timer_is_early: TimerIsEarly => timer::never_early;
    timer_cannot_be_moved: ResetIsIgnored => timer::reset_to_earlier;
    timer_cannot_be_moved_later: ResetIsIgnored => timer::reset_to_later;
    complete_timer_waits_again: CompleteOnlyOnce => timer::complete_stays_complete;
    dropped_timer_wakes: DroppedTimerWakes => timer::a_dropped_timer_wakes_nobody;
    timer_keeps_its_first_waker: FirstWakerStays => timer::the_last_task_is_woken;
    far_future_has_come: FarFutureIsNow => timer::the_far_future_is_no_problem;
    past_waits: PastIsNeverComplete => timer::the_past_is_complete_at_once;
    dice_are_loaded: RandomIsConstant => clock::random_numbers_differ;
    clock_goes_back: ClockGoesBack => clock::never_goes_back;
}

fn assert_noticed<F: Future<Output = ()>>(fault: Fault, check: impl FnOnce(Sabotaged) -> F) {
    let run = || Sabotaged::run_fast(fault, |rt| in_time("the check", rt, check));
    let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("the check must notice the fault");
    let message = panic.downcast_ref::<String>().map(String::as_str);
    println!(
        "noticed: {}",
        message.or(panic.downcast_ref().copied()).unwrap_or_default()
    );
}
