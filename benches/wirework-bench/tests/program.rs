//! The program as people run it.

use std::env;
use std::error::Error;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{self, Command, Output, Stdio};
use std::thread;

use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const PROGRAM: &str = env!("CARGO_BIN_EXE_wirework-bench");

#[test]
fn compares_with_the_limit() -> Outcome {
    let Some(results) = compare("limit", &[])? else {
        return Ok(());
    };
    assert_eq!(results["opponent"], "the epoll loop");
    let scenario = &results["scenarios"][0];
    assert_eq!(scenario["limit"]["runtime"], "epoll");
    // Once in a duel with each of the two.
    assert_eq!(scenario["limit"]["rounds"], 4);
    check_rows(scenario);
    Ok(())
}

#[test]
fn compares_with_another_build() -> Outcome {
    // The other build is this one, and notes what it is asked to serve.
    let script = env::temp_dir().join(format!("wirework-bench-other-{}", process::id()));
    let log = script.with_extension("log");
    let text = format!(
        "#!/bin/sh\necho \"$*\" >> '{}'\nexec '{PROGRAM}' \"$@\"\n",
        log.display()
    );
    fs::write(&script, text)?;
    fs::set_permissions(&script, Permissions::from_mode(0o755))?;
    let other = script.to_string_lossy();
    let Some(results) = compare("baseline", &["--baseline", &other])? else {
        return Ok(());
    };
    let served = fs::read_to_string(&log)?;
    for protocol in ["--protocol framed ", "--protocol framed-owned "] {
        assert_eq!(served.matches(protocol).count(), 2, "{served}");
    }
    assert_eq!(served.matches("--runtime tokio ").count(), 4, "{served}");
    fs::remove_file(&log)?;
    fs::remove_file(&script)?;
    assert_eq!(results["opponent"], format!("the same server of {other}"));
    let scenario = &results["scenarios"][0];
    assert!(scenario["limit"].is_null());
    check_rows(scenario);
    Ok(())
}

#[test]
fn another_build_has_to_be_there() -> Outcome {
    let output = Command::new(PROGRAM)
        .args(["compare", "--baseline", "/nowhere/wirework-bench"])
        .output()?;
    assert!(!output.status.success());
    assert_eq!(
        String::from_utf8(output.stderr)?,
        "wirework-bench: --baseline: there is no program /nowhere/wirework-bench\n"
    );
    Ok(())
}

/// Both ways of wirework on tokio have served two rounds.
fn check_rows(scenario: &Value) {
    let rows = scenario["rows"].as_array().map_or(&[][..], Vec::as_slice);
    let names: Vec<_> = rows.iter().map(|row| row["name"].as_str()).collect();
    assert_eq!(names, [Some("wirework on tokio"), Some("wirework on tokio, owned")]);
    for row in rows {
        assert_eq!(row["rounds"], 2);
        for figure in [&row["cpu_ns"], &row["replies_per_second"], &row["ratio"]["median"]] {
            assert!(figure.as_f64().is_some_and(|figure| figure > 0.0), "{row}");
        }
        // What is counted is everything, so there are a few per turn of what the runtime makes.
        let allocations = row["allocations"].as_f64();
        assert!(allocations.is_some_and(|each| each < 0.5), "{row}");
    }
}

/// The results of a short comparison, or `None` on a machine with one core, which says why it cannot.
fn compare(name: &str, more: &[&str]) -> Outcome<Option<Value>> {
    let dir = env::temp_dir().join(format!("wirework-bench-{name}-{}", process::id()));
    let mut command = Command::new(PROGRAM);
    command
        .args(["compare", "--only", "tokio", "--scenarios", "depth-1", "--rounds", "2"])
        .args(["--window", "50", "--accept-busy", "--out"])
        .arg(&dir)
        .args(more);
    let Output { status, stdout, stderr } = command.output()?;
    let said = String::from_utf8_lossy(&stderr);
    if thread::available_parallelism()?.get() < 2 {
        assert!(said.contains("a core for the server and one for the client"), "{said}");
        return Ok(None);
    }
    assert!(status.success(), "{said}");
    let tables = String::from_utf8(stdout)?;
    let results = serde_json::from_slice(&fs::read(dir.join("results.json"))?)?;
    let page = fs::read_to_string(dir.join("report.html"))?;
    fs::remove_dir_all(&dir)?;
    for text in [&tables, &page] {
        assert!(text.contains("wirework on tokio, owned"), "{text}");
    }
    Ok(Some(results))
}

#[test]
fn holds_connections_until_its_input_ends() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut child = Command::new(PROGRAM)
        .args(["hold", "--connections", "3", "--connect"])
        .arg(listener.local_addr()?.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = String::new();
    BufReader::new(child.stdout.take().ok_or("standard output is piped")?).read_line(&mut said)?;
    assert_eq!(said, "holding 3 connections\n");
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(listener.accept()?.0);
    }
    drop(child.stdin.take());
    for mut connection in held {
        let error = connection.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    assert!(child.wait()?.success());
    Ok(())
}
