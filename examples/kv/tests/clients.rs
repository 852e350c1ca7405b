//! Clients that people use, unchanged: installed by their names, and left out, with a word, where that cannot be.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use crate::on_each_runtime;
use crate::process::Server;

on_each_runtime![redis_cli, redis_benchmark, redis_py, ioredis];

/// Where clients are installed; they stay there for the next time.
fn directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients")
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

/// Runs a command, and returns what it said if it succeeded.
fn try_run(command: &mut Command) -> Option<Output> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output.status.success().then_some(output)
}

/// Runs a client that is there, and must succeed.
fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    text
}

fn is_there(program: &str) -> bool {
    let there = try_run(Command::new(program).arg("--version")).is_some();
    if !there {
        println!("skipped: {program} is not installed (apt-get install redis-tools)");
    }
    there
}

fn redis_cli(runtime: &str) {
    if !is_there("redis-cli") {
        return;
    }
    let server = Server::kv(runtime);
    let cli = |args: &[&str]| {
        let port = server.addr.port().to_string();
        run(Command::new("redis-cli").args(["-p", &port]).args(args))
    };
    assert_eq!(cli(&["set", "greeting", "hello world"]), "OK\n");
    assert_eq!(cli(&["get", "greeting"]), "hello world\n");
    assert_eq!(cli(&["rpush", "list", "a", "b"]), "2\n");
    assert_eq!(cli(&["--no-raw", "lrange", "list", "0", "-1"]), "1) \"a\"\n2) \"b\"\n");
    assert_eq!(cli(&["-3", "--no-raw", "hset", "h", "f", "v"]), "(integer) 1\n");
    assert_eq!(cli(&["-3", "--no-raw", "hgetall", "h"]), "1# \"f\" => \"v\"\n");
    assert_eq!(cli(&["-n", "3", "dbsize"]), "0\n");
    let scanned = cli(&["--scan", "--pattern", "g*"]);
    assert_eq!(scanned, "greeting\n");
    assert!(cli(&["--bigkeys"]).contains("Sampled 3 keys in the keyspace!"));
    assert!(cli(&["--no-raw", "nonsense"]).contains("ERR unknown command 'nonsense'"));
    assert!(cli(&["info", "server"]).contains("redis_version:"));
}

fn redis_benchmark(runtime: &str) {
    if !is_there("redis-benchmark") {
        return;
    }
    let server = Server::kv(runtime);
    let port = server.addr.port().to_string();
    for depth in ["1", "16"] {
        // All of its default tests: it stops at the first reply that is an error.
        let mut benchmark = Command::new("redis-benchmark");
        benchmark.args(["-p", &port, "-n", "2000", "-r", "100", "-P", depth, "--csv"]);
        let text = run(&mut benchmark);
        for test in ["PING_INLINE", "GET", "LRANGE_600", "ZPOPMIN", "MSET (10 keys)"] {
            assert!(text.contains(&format!("\"{test}")), "{text}");
        }
    }
}

fn redis_py(runtime: &str) {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let venv = directory().join("python");
        let python = venv.join("bin/python");
        let installed = || try_run(Command::new(&python).args(["-c", "import redis"])).is_some();
        if !installed() {
            try_run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
            try_run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "redis"]))?;
        }
        installed().then_some(python)
    });
    let Some(python) = python else {
        println!("skipped: redis-py cannot be installed (python3 -m venv, pip install redis)");
        return;
    };
    let server = Server::kv(runtime);
    let port = server.addr.port().to_string();
    println!("{}", run(Command::new(python).arg(script("redis_py.py")).arg(port)));
}

fn ioredis(runtime: &str) {
    static MODULES: OnceLock<Option<PathBuf>> = OnceLock::new();
    let modules = MODULES.get_or_init(|| {
        let directory = directory().join("node");
        std::fs::create_dir_all(&directory).ok()?;
        if !directory.join("node_modules/ioredis").exists() {
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-fund", "--no-audit", "--prefix"])
                .arg(&directory)
                .arg("ioredis");
            try_run(&mut npm)?;
        }
        try_run(Command::new("node").arg("--version"))?;
        Some(directory.join("node_modules"))
    });
    let Some(modules) = modules else {
        println!("skipped: ioredis cannot be installed (npm install ioredis)");
        return;
    };
    let server = Server::kv(runtime);
    let port = server.addr.port().to_string();
    let mut node = Command::new("node");
    println!(
        "{}",
        run(node.env("NODE_PATH", modules).arg(script("ioredis.js")).arg(port))
    );
}
