//! The judge of our captures: tshark, where it is installed.
//!
//! The ports are ones that tshark connects with no protocol.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use wirework_sim::{Capture, Segment};

/// What tshark says of the file, one line a packet: the protocols, and what its experts and checksums complain of.
fn tshark(file_bytes: &[u8]) -> Option<String> {
    let file = tempfile::Builder::new().suffix(".pcapng").tempfile().unwrap();
    std::fs::write(file.path(), file_bytes).unwrap();
    let output = Command::new("tshark")
        .args([
            "-o",
            "tcp.check_checksum:TRUE",
            "-o",
            "udp.check_checksum:TRUE",
            "-o",
            "ip.check_checksum:TRUE",
        ])
        .args([
            "-n",
            "-T",
            "fields",
            "-e",
            "frame.protocols",
            "-e",
            "_ws.expert.severity",
            "-e",
            "_ws.expert.message",
        ])
        .args([
            "-e",
            "tcp.checksum.status",
            "-e",
            "udp.checksum.status",
            "-e",
            "ip.checksum.status",
            "-r",
        ])
        .arg(file.path())
        .output();
    let Ok(output) = output else {
        eprintln!("tshark is not installed: nothing was checked");
        return None;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<&str> = errors
        .lines()
        .filter(|line| !line.starts_with("Running as user"))
        .collect();
    assert!(output.status.success() && complaints.is_empty(), "tshark: {errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Severities of tshark's experts from "warning" on, and the status of a bad checksum.
fn assert_clean(fields: &str, packets: u64) {
    assert_eq!(fields.lines().count() as u64, packets, "{fields}");
    for line in fields.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let severities = columns[1].split(',').filter(|severity| !severity.is_empty());
        let worst = severities
            .map(|severity| severity.parse::<u32>().unwrap())
            .max()
            .unwrap_or(0);
        assert!(worst < 0x0060_0000, "{line}");
        assert!(
            columns[3..6]
                .iter()
                .all(|status| !status.split(',').any(|status| status == "0")),
            "{line}"
        );
    }
}

fn conversation(capture: &mut Capture, client: SocketAddr, server: SocketAddr) {
    let mut now = Duration::ZERO;
    let mut next = || {
        now += Duration::from_micros(300);
        now
    };
    capture.tcp(next(), client, server, Segment::Syn, b"");
    capture.tcp(next(), server, client, Segment::SynAck, b"");
    for length in [1, 100, 1460, 200_000] {
        capture.tcp(next(), client, server, Segment::Data, &vec![b'x'; length]);
        capture.tcp(next(), server, client, Segment::Data, &vec![b'y'; length / 2 + 1]);
    }
    capture.tcp(next(), client, server, Segment::Fin, b"the last");
    capture.tcp(next(), server, client, Segment::Data, b"a late reply");
    capture.tcp(next(), server, client, Segment::Fin, b"");
    capture.tcp(next(), client, server, Segment::Data, b"");
}

#[test]
fn tshark_reads_conversations_without_a_warning() {
    let mut capture = Capture::new();
    conversation(
        &mut capture,
        "10.0.0.1:49152".parse().unwrap(),
        "10.0.0.2:50001".parse().unwrap(),
    );
    conversation(
        &mut capture,
        "[fd00::1]:49152".parse().unwrap(),
        "[fd00::2]:50001".parse().unwrap(),
    );
    capture.udp(
        Duration::from_secs(1),
        "10.0.0.1:50005".parse().unwrap(),
        "10.0.0.2:50006".parse().unwrap(),
        b"odd",
    );
    capture.udp(
        Duration::from_secs(1),
        "[fd00::1]:50005".parse().unwrap(),
        "[fd00::2]:50006".parse().unwrap(),
        b"",
    );
    if let Some(fields) = tshark(capture.bytes()) {
        assert_clean(&fields, capture.packets());
        let count = |protocol: &str| {
            fields
                .lines()
                .filter(|line| line.split('\t').next().unwrap().contains(protocol))
                .count()
        };
        assert_eq!(
            (count("udp"), count("tcp") as u64),
            (2, capture.packets() - 2),
            "{fields}"
        );
    }
}

#[test]
fn tshark_reads_a_refusal_and_a_new_connection_between_the_same_ports() {
    let (client, server) = ("10.0.0.1:49152".parse().unwrap(), "10.0.0.2:50001".parse().unwrap());
    let mut capture = Capture::new();
    capture.tcp(Duration::from_millis(1), client, server, Segment::Syn, b"");
    capture.tcp(Duration::from_millis(2), server, client, Segment::Rst, b"");
    capture.tcp(Duration::from_secs(90), client, server, Segment::Syn, b"");
    capture.tcp(Duration::from_secs(91), server, client, Segment::SynAck, b"");
    capture.tcp(Duration::from_secs(92), client, server, Segment::Data, b"hello");
    if let Some(fields) = tshark(capture.bytes()) {
        // "Connection reset" is a warning that is meant.
        let fields = fields
            .lines()
            .filter(|line| !line.contains("(RST)"))
            .collect::<Vec<_>>()
            .join("\n");
        assert_clean(&fields, capture.packets() - 1);
    }
}

#[test]
fn the_judge_would_notice_a_byte() {
    let (client, server) = ("10.0.0.1:49152".parse().unwrap(), "10.0.0.2:50001".parse().unwrap());
    let mut capture = Capture::new();
    capture.tcp(Duration::from_millis(1), client, server, Segment::Syn, b"");
    capture.tcp(Duration::from_millis(2), server, client, Segment::SynAck, b"");
    capture.tcp(Duration::from_millis(3), client, server, Segment::Data, b"hello");
    let mut broken = capture.bytes().to_vec();
    let payload = broken.windows(5).position(|window| window == b"hello").unwrap();
    broken[payload] = b'j';
    if let Some(fields) = tshark(&broken) {
        assert!(
            std::panic::catch_unwind(|| assert_clean(&fields, capture.packets())).is_err(),
            "{fields}"
        );
    }
}
