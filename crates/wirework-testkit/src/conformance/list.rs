//! The list of checks, from which the tests of every adapter are made.
//!
//! Its own file, for it is the one place where a check is named: what is not here does not run, and a test of this crate
//! finds a check that was forgotten.

/// Makes one `#[test]` of each check of the conformance suite.
///
/// The first argument is what runs a check: a function that gives a runtime to a closure and runs the future that the
/// closure returns. Each adapter has one; the future is `Send`.
///
/// ```
/// wirework_testkit::conformance!(wirework_smol::run);
/// ```
///
/// A check that cannot hold on a runtime is declared, with the reason. Its test is still there, and prints it:
///
/// ```
/// wirework_testkit::conformance!(wirework_smol::run, except = [
///     (blocking::tasks_run_meanwhile, "a simulation has one thread"),
///     (over_unix::reset::bytes_before_a_reset_are_readable, "the system discards them"),
/// ]);
/// ```
///
/// It makes modules of its own, so a file that calls it more than once does so in a module each.
#[macro_export]
macro_rules! conformance {
    ($run:path $(, except = [$(($check:path, $reason:expr)),* $(,)?])? $(,)?) => {
        use $run as conformance_run;
        const CONFORMANCE_EXCEPTIONS: &[(&str, &str)] = &[$($((stringify!($check), $reason)),*)?];
        $crate::__conformance_list!(__conformance_tests);

        #[test]
        fn exceptions_name_checks() {
            const CHECKS: &[&str] = $crate::__conformance_list!(__conformance_names);
            $crate::conformance::assert_exceptions_exist(CHECKS, CONFORMANCE_EXCEPTIONS);
        }
    };
}

/// Gives all checks to a macro of this crate: first those that take a runtime, then those that take a transport.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_list {
    ($stamp:ident) => {
        $crate::$stamp! {
            runtime {
                tcp {
                    port_zero_becomes_a_real_port,
                    addresses_agree,
                    ipv6_loopback,
                    refused_names_the_address,
                    in_use_names_the_address,
                    #[cfg(unix)]
                    a_port_can_be_reused_after_a_restart,
                    accepts_in_order,
                    a_dropped_accept_loses_no_connection,
                    a_dropped_connect_harms_nobody,
                    a_dropped_listener_keeps_its_connections,
                    a_thousand_connections,
                    two_tasks_accepting_do_not_spin,
                    a_reset_connection_has_no_peer,
                    a_listener_can_be_adopted,
                    the_last_task_to_accept_is_woken,
                }
                udp {
                    echo,
                    port_zero_becomes_a_real_port,
                    in_use_names_the_address,
                    boundaries_are_kept,
                    what_does_not_fit_is_cut_off,
                    too_big_is_an_error,
                    a_dropped_receive_loses_nothing,
                    both_directions_at_once,
                    an_undelivered_message_harms_nothing,
                    the_last_task_to_receive_is_woken,
                    two_tasks_receiving_do_not_spin,
                }
                dns {
                    localhost_is_loopback,
                    an_address_is_itself,
                    unknown_names_the_host,
                    a_dropped_lookup_harms_nobody,
                }
                foreign_thread {
                    a_connection_can_be_used_there,
                    tcp_can_be_made_there,
                    #[cfg(unix)]
                    unix_can_be_made_there,
                    udp_can_be_made_there,
                    names_can_be_resolved_there,
                    timers_work_there,
                    tasks_can_be_spawned_there,
                    functions_can_block_there,
                    a_task_is_woken_from_there,
                    the_main_future_is_woken_from_there,
                }
                timer {
                    never_early,
                    in_the_order_of_their_deadlines,
                    reset_to_earlier,
                    reset_to_later,
                    reset_after_completion,
                    reset_before_the_first_poll,
                    reset_to_the_past,
                    the_past_is_complete_at_once,
                    complete_stays_complete,
                    a_dropped_timer_wakes_nobody,
                    the_last_task_is_woken,
                    the_far_future_is_no_problem,
                    ten_thousand,
                    the_same_deadline_many_times,
                    the_nearer_one_wins,
                }
                task {
                    gives_its_result,
                    keeps_its_result,
                    a_panic_is_an_error,
                    the_runtime_survives_panics,
                    drop_cancels_a_waiting_task,
                    drop_cancels_a_busy_task,
                    drop_cancels_a_sleeping_task,
                    drop_cancels_a_new_task,
                    a_cancelled_task_does_nothing_more,
                    a_panic_while_cancelled_harms_nobody,
                    detach_runs_on,
                    nests,
                    a_handle_can_be_given_away,
                    ten_thousand,
                    a_busy_task_starves_nobody,
                }
                blocking {
                    gives_its_result,
                    a_panic_is_an_error,
                    tasks_run_meanwhile,
                    a_started_function_runs_to_its_end,
                    detach_runs_on,
                    can_spawn_tasks,
                }
                clock {
                    never_goes_back,
                    goes_on,
                    random_numbers_differ,
                    random_numbers_use_all_bits,
                }
                #[cfg(unix)]
                unix {
                    addresses_are_the_path,
                    in_use_names_the_path,
                    not_found_names_the_path,
                    refused_names_the_path,
                    a_listener_can_be_adopted,
                    accepts_in_order,
                    a_dropped_accept_loses_no_connection,
                }
            }
            transport {
                transfer {
                    echo,
                    both_ways_at_once,
                    many_small_writes,
                    an_empty_buffer_reads_nothing,
                    the_end_stays,
                    a_dropped_read_loses_nothing,
                    a_scattered_read_keeps_the_order,
                    what_is_flushed_arrives,
                }
                half_close {
                    client_first,
                    server_first,
                    both_at_once,
                    close_is_idempotent,
                    close_after_a_reset_succeeds,
                    close_before_a_reset_is_seen_succeeds,
                    close_sends_everything_first,
                    drop_sends_everything_first,
                    a_write_after_close_fails,
                    shutdown_write_ends_one_direction,
                    shutdown_read_ends_one_direction,
                    shutdown_both_ends_everything,
                }
                reset {
                    a_reset_is_not_the_end,
                    bytes_before_a_reset_are_readable,
                    writes_after_a_reset_fail,
                    writes_after_a_reset_was_read_fail,
                    readiness_leaves_the_reset_to_the_read,
                    a_peek_reports_the_reset,
                    wakes_a_waiting_reader,
                    wakes_a_waiting_writer,
                }
                vectored {
                    gathers,
                    the_write_half_gathers,
                    an_empty_piece_is_skipped,
                    more_pieces_than_the_system_takes,
                }
                backpressure {
                    a_writer_waits_and_goes_on,
                    a_waiting_writer_is_woken,
                    a_dropped_write_sends_nothing,
                    a_full_connection_can_be_read,
                }
                peek {
                    the_same_bytes_come_again,
                    a_peek_goes_on_where_the_read_stopped,
                    the_end_is_zero,
                    a_waiting_peek_is_woken,
                    what_was_peeked_survives_a_split,
                    readable_with_data,
                    readable_at_the_end,
                    readable_waits_for_data,
                }
                split {
                    full_duplex_on_four_tasks,
                    a_dropped_write_half_ends_the_stream,
                    a_closed_write_half_ends_the_stream,
                    a_dropped_read_half_tells_nothing,
                    two_dropped_halves_end_the_connection,
                    halves_wait_apart,
                    the_end_of_one_half_leaves_the_other_waiting,
                }
                wakers {
                    the_last_reader_is_woken,
                    the_end_wakes_a_reader,
                    a_dropped_peer_wakes_a_reader,
                    a_reader_is_woken_each_time,
                    two_readers_do_not_spin,
                    two_readiness_waiters_do_not_spin,
                    directions_wait_apart,
                    an_idle_connection_wakes_nobody,
                }
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    (runtime $runtime:tt transport $transport:tt) => {
        $crate::__conformance_runtime_tests! $runtime
        $crate::__conformance_transport_tests! { over_tcp Tcp $transport }
        #[cfg(unix)]
        $crate::__conformance_transport_tests! { over_unix Unix $transport }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_runtime_tests {
    ($($(#[$group_cfg:meta])* $group:ident { $($(#[$cfg:meta])* $check:ident,)* })*) => {$(
        $(#[$group_cfg])*
        mod $group {$(
            $(#[$cfg])*
            #[test]
            fn $check() {
                const NAME: &str = concat!(stringify!($group), "::", stringify!($check));
                $crate::conformance::unless_excepted(NAME, super::CONFORMANCE_EXCEPTIONS, || {
                    super::conformance_run(|runtime| {
                        $crate::conformance::in_time(NAME, runtime, $crate::conformance::$group::$check)
                    })
                })
            }
        )*}
    )*};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_transport_tests {
    ($over:ident $transport:ident { $($group:ident { $($check:ident,)* })* }) => {
        mod $over {$(
            mod $group {$(
                #[test]
                fn $check() {
                    const NAME: &str = concat!(stringify!($over), "::", stringify!($group), "::", stringify!($check));
                    $crate::conformance::unless_excepted(NAME, super::super::CONFORMANCE_EXCEPTIONS, || {
                        super::super::conformance_run(|runtime| {
                            $crate::conformance::in_time(NAME, runtime, |runtime| {
                                $crate::conformance::$group::$check($crate::transport::$transport(runtime))
                            })
                        })
                    })
                }
            )*}
        )*}
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_names {
    (
        runtime { $($(#[$group_cfg:meta])* $group:ident { $($(#[$cfg:meta])* $check:ident,)* })* }
        transport { $($over_group:ident { $($over_check:ident,)* })* }
    ) => {
        &[
            $($(concat!(stringify!($group), "::", stringify!($check)),)*)*
            $($(concat!("over_tcp::", stringify!($over_group), "::", stringify!($over_check)),)*)*
            $($(concat!("over_unix::", stringify!($over_group), "::", stringify!($over_check)),)*)*
        ]
    };
}
