//! Sweeps that fail on purpose: what they say, and whether it leads back to the failure.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wirework::Runtime;
use wirework::time::sleep;
use wirework_sim::{
    Config, Family, HostOptions, Link, Swarm, SweepConfig, Trial, assert_same_in_fresh_processes, sweep,
};

const SEC: Duration = Duration::from_secs(1);

/// What the sweep panics with.
fn message(sweeping: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(sweeping)).unwrap_err();
    payload.downcast_ref::<String>().unwrap().clone()
}

/// Fails when `b` was paused for at least a tenth of a second; nothing else matters.
async fn dislikes_pauses(trial: Trial) {
    let _hosts = (trial.host("a"), trial.host("b"));
    let runtime = trial.host("b").runtime();
    let clock = runtime.clone();
    let ticking = runtime.spawn(async move {
        for _ in 0..900 {
            let before = clock.now();
            sleep(&clock, SEC / 10).await;
            assert!(clock.now() - before < SEC / 5, "the clock stood still");
        }
    });
    ticking.await.unwrap();
}

fn swarm() -> Swarm {
    Swarm::new(["a", "b"])
        .families([Family::Pause, Family::Partition, Family::Clog, Family::Clock])
        .max_faults(20)
}

/// Not a test of its own: the one that those below start again, in a process whose environment they set.
#[test]
fn a_planted_failure() {
    if std::env::var_os("PLANT_A_FAILURE").is_some() {
        sweep(SweepConfig::new().swarm(swarm()), "nobody is paused", dislikes_pauses);
    }
}

fn planted(variables: &[(&str, &str)]) -> (Output, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_planted_failure"])
        .env("PLANT_A_FAILURE", "1")
        .env("RUST_BACKTRACE", "0")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

#[test]
fn a_failure_fits_one_screen_and_its_command_reproduces_it() {
    let (output, text) = planted(&[]);
    assert!(!output.status.success());
    // All that the test prints, as rows of a screen of 120 columns.
    let rows = text.lines().map(|line| line.chars().count().div_ceil(120).max(1));
    assert!(rows.sum::<usize>() <= 50, "{text}");
    assert!(text.contains(r#"sweep "nobody is paused" failed at seed"#), "{text}");
    assert!(
        text.contains("plan: 1 of "),
        "shrunk to the one fault that matters: {text}"
    );
    let command = text.lines().find(|line| line.contains("WIREWORK_SIM_REPLAY=")).unwrap();
    assert!(
        command.contains("cargo test -p wirework-sim --test sweep -- --exact a_planted_failure"),
        "{command}"
    );
    let value = |name: &str| {
        let rest = command.split_once(&format!("{name}=")).unwrap().1;
        let (quote, rest) = rest.strip_prefix('\'').map_or((' ', rest), |rest| ('\'', rest));
        rest.split_once(quote).unwrap().0.to_owned()
    };
    let (seed, plan) = (value("WIREWORK_SIM_SEED"), value("WIREWORK_SIM_REPLAY"));
    assert!(plan.contains("pause b for") && !plan.contains(';'), "{plan}");

    let (output, again) = planted(&[("WIREWORK_SIM_SEED", &seed), ("WIREWORK_SIM_REPLAY", &plan)]);
    assert!(!output.status.success());
    let failed = |text: &str| {
        text.lines()
            .skip_while(|line| !line.starts_with("sweep"))
            .take(2)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(failed(&again), failed(&text));

    // And without the fault it passes.
    let (output, text) = planted(&[("WIREWORK_SIM_SEED", &seed), ("WIREWORK_SIM_REPLAY", "none")]);
    assert!(output.status.success(), "{text}");
}

#[test]
fn the_number_of_seeds_can_be_set_from_outside() {
    let (output, text) = planted(&[("WIREWORK_SIM_SEEDS", "0")]);
    assert!(output.status.success(), "{text}");
    let (output, text) = planted(&[("WIREWORK_SIM_SEEDS", "many")]);
    assert!(
        !output.status.success() && text.contains("WIREWORK_SIM_SEEDS is \"many\""),
        "{text}"
    );
}

#[test]
fn a_check_that_does_not_hold_fails_the_sweep_at_its_lowest_seed() {
    let text = message(|| {
        sweep(SweepConfig::new(), "small dice", |trial| async move {
            trial.sleep(SEC).await;
            let thrown = trial.dice("die").below(10);
            trial.always(thrown < 9, || format!("threw a {thrown}"));
        });
    });
    let lowest = (0..200)
        .find(|seed| wirework_sim::Choices::seeded(*seed).at("die", &[]).below(10) == 9)
        .unwrap();
    assert!(
        text.contains(&format!(
            "failed at seed {lowest}, after 1s of virtual time:\n  threw a 9\n"
        )),
        "{text}"
    );
}

#[test]
fn a_deadlock_is_a_failure() {
    let text = message(|| sweep(SweepConfig::new(), "waits", |_| std::future::pending()));
    assert!(text.contains("deadlock"), "{text}");
}

#[test]
fn a_claim_that_no_seed_meets_fails_the_sweep() {
    let config = || SweepConfig::new().seeds(50).claims(["never mentioned"]);
    let text = message(|| {
        sweep(config(), "claims", |trial| async move {
            trial.sometimes("impossible", false);
            trial.sometimes("possible", trial.dice("die").below(10) == 0);
        });
    });
    assert!(
        text.contains(r#"none reached ["impossible", "never mentioned"]"#),
        "{text}"
    );
    sweep(config(), "claims", |trial| async move {
        trial.sometimes("never mentioned", true);
    });
}

#[test]
fn an_impossible_world_is_named() {
    let link = Link::new().bandwidth(0);
    let text = message(|| {
        sweep(
            SweepConfig::new().world(Config::new().link(link)),
            "no way",
            |_| async {},
        );
    });
    assert!(
        text.contains(r#"sweep "no way": impossible link"#) && text.contains("its bandwidth is 0"),
        "{text}"
    );
    let text = message(|| {
        sweep(SweepConfig::new(), "no room", |trial| async move {
            trial.host_with("narrow", HostOptions::new().send_buffer(0)).unwrap();
        });
    });
    assert!(
        text.contains(r#"Host { name: "narrow", wrong: "its send buffer is 0" }"#),
        "{text}"
    );
}

#[test]
fn a_swarm_of_hosts_that_there_are_not_is_named() {
    let config = SweepConfig::new().swarm(Swarm::new(["server"]).families([Family::Kill]));
    let text = message(|| {
        sweep(config, "a slip of the pen", |trial| async move {
            let _host = trial.host("sever");
            trial.calm().await;
        });
    });
    assert!(
        text.contains(r#"the plan cannot be carried out: there is no host "server" among ["sever"]"#),
        "{text}"
    );
}

#[test]
fn a_fault_may_begin_with_the_world() {
    let plan: wirework_sim::Plan = "0ns: pause a for 1s".parse().unwrap();
    // The scenario makes its hosts before the first fault is carried out.
    let (output, text) = planted(&[("WIREWORK_SIM_SEED", "0"), ("WIREWORK_SIM_REPLAY", &plan.to_line())]);
    assert!(output.status.success(), "{text}");
}

#[test]
fn what_depends_on_more_than_the_seed_is_told() {
    let runs = AtomicU64::new(0);
    let text = message(|| {
        sweep(SweepConfig::new().seeds(1), "not deterministic", |_| async {
            assert!(runs.fetch_add(1, Ordering::Relaxed) > 0, "the first run is another");
        });
    });
    assert!(text.contains("seed 0 is not deterministic"), "{text}");
}

#[test]
fn seeds_are_the_same_in_fresh_processes() {
    let config = SweepConfig::new().seeds(20).swarm(swarm());
    assert_same_in_fresh_processes(config, "ticking", 3, |trial| async move {
        let _hosts = (trial.host("a"), trial.host("b"));
        let runtime = trial.host("b").runtime();
        for _ in 0..10 {
            let limit = Duration::from_nanos(runtime.random_u64() % 1_000_000_000);
            sleep(&runtime, limit).await;
        }
        trial.calm().await;
    });
}

#[test]
fn a_difference_between_processes_is_told() {
    if std::env::var_os("WIREWORK_SIM_HASHES").is_none() {
        let config = SweepConfig::new().seeds(5);
        let result = catch_unwind(|| assert_same_in_fresh_processes(config, "process", 1, by_process));
        let text = result.unwrap_err().downcast_ref::<String>().unwrap().clone();
        assert!(text.contains("seed 0 is another run in process 1"), "{text}");
    } else {
        assert_same_in_fresh_processes(SweepConfig::new().seeds(5), "process", 1, by_process);
    }
}

async fn by_process(trial: Trial) {
    trial.sleep(Duration::from_nanos(u64::from(std::process::id()))).await;
}
