//! A simulated host meets the contract of wirework's traits, in friendly worlds and in hostile ones.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

/// The suite, with what applies to no simulation, and what does not apply to these worlds.
macro_rules! conformance {
    ($run:path $(, except = [$($more:tt),* $(,)?])?) => {
        wirework_testkit::conformance!(
            $run,
            except = [
                (blocking::tasks_run_meanwhile, "a simulation has one thread"),
                (blocking::a_started_function_runs_to_its_end, "a simulation has one thread"),
                (foreign_thread::a_connection_can_be_used_there, "a simulation does not wait for other threads"),
                (foreign_thread::tcp_can_be_made_there, "a simulation does not wait for other threads"),
                (foreign_thread::unix_can_be_made_there, "a simulation does not wait for other threads"),
                (foreign_thread::udp_can_be_made_there, "a simulation does not wait for other threads"),
                (foreign_thread::names_can_be_resolved_there, "a simulation does not wait for other threads"),
                (foreign_thread::timers_work_there, "a simulation does not wait for other threads"),
                (foreign_thread::tasks_can_be_spawned_there, "a simulation does not wait for other threads"),
                (foreign_thread::functions_can_block_there, "a simulation does not wait for other threads"),
                (foreign_thread::a_task_is_woken_from_there, "a simulation does not wait for other threads"),
                (foreign_thread::the_main_future_is_woken_from_there, "a simulation does not wait for other threads"),
                $($($more,)*)?
            ]
        );
    };
}

mod friendly;
mod hostile;
