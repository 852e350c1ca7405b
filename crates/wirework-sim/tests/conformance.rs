//! A simulated host meets the contract of wirework's traits.

wirework_testkit::conformance!(
    wirework_sim::run,
    except = [
        (blocking::tasks_run_meanwhile, "a simulation has one thread"),
        (
            blocking::a_started_function_runs_to_its_end,
            "a simulation has one thread"
        ),
        (
            foreign_thread::a_connection_can_be_used_there,
            "a simulation does not wait for other threads"
        ),
        (
            foreign_thread::tcp_can_be_made_there,
            "a simulation does not wait for other threads"
        ),
        (
            foreign_thread::unix_can_be_made_there,
            "a simulation does not wait for other threads"
        ),
        (
            foreign_thread::udp_can_be_made_there,
            "a simulation does not wait for other threads"
        ),
        (
            foreign_thread::names_can_be_resolved_there,
            "a simulation does not wait for other threads"
        ),
        (
            foreign_thread::timers_work_there,
            "a simulation does not wait for other threads"
        ),
        (
            foreign_thread::tasks_can_be_spawned_there,
            "a simulation does not wait for other threads"
        ),
        (
            foreign_thread::functions_can_block_there,
            "a simulation does not wait for other threads"
        ),
        (
            foreign_thread::a_task_is_woken_from_there,
            "a simulation does not wait for other threads"
        ),
        (
            foreign_thread::the_main_future_is_woken_from_there,
            "a simulation does not wait for other threads"
        ),
    ]
);
