//! What a server that is written by hand does with the bytes it has read.
//!
//! Shared by the epoll loop, which is the limit, and by the hand-written loops on tokio and smol: they differ in the
//! runtime alone.

use anyhow::{Result, ensure};

use crate::protocol::{HEADER, Protocol};

/// The longest frame, as in wirework's codecs.
const MAX_LEN: usize = 1024 * 1024;

/// Appends the replies to all whole requests in `input` to `replies`; returns how many bytes these requests take.
#[inline]
pub(crate) fn answer(protocol: Protocol, input: &[u8], replies: &mut Vec<u8>) -> Result<usize> {
    match protocol {
        Protocol::Echo => {
            replies.extend_from_slice(input);
            Ok(input.len())
        }
        Protocol::Framed | Protocol::FramedOwned => frames(input, replies),
        Protocol::Lines => lines(input, replies),
    }
}

fn frames(input: &[u8], replies: &mut Vec<u8>) -> Result<usize> {
    let mut at = 0;
    while let Some(header) = input[at..].first_chunk::<HEADER>() {
        let len = u32::from_be_bytes(*header) as usize;
        ensure!(len <= MAX_LEN, "frame of {len} bytes is longer than {MAX_LEN}");
        let Some(payload) = input.get(at + HEADER..at + HEADER + len) else {
            break;
        };
        replies.extend_from_slice(header);
        replies.extend_from_slice(payload);
        at += HEADER + len;
    }
    Ok(at)
}

fn lines(input: &[u8], replies: &mut Vec<u8>) -> Result<usize> {
    let mut at = 0;
    while let Some(len) = memchr::memchr(b'\n', &input[at..]) {
        let line = std::str::from_utf8(&input[at..at + len])?;
        replies.extend_from_slice(line.as_bytes());
        replies.push(b'\n');
        at += len + 1;
    }
    ensure!(input.len() - at <= MAX_LEN, "line is longer than {MAX_LEN} bytes");
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_requests_are_answered_and_no_others() {
        for protocol in [Protocol::Framed, Protocol::Lines] {
            let one = protocol.request(5, 0);
            let input = [&one[..], &one, &one[..4]].concat();
            let mut replies = Vec::new();
            assert_eq!(answer(protocol, &input, &mut replies).unwrap(), 2 * one.len());
            assert_eq!(replies, input[..2 * one.len()]);
        }
    }

    #[test]
    fn a_length_beyond_the_limit_is_an_error() {
        assert!(answer(Protocol::Framed, b"\xff\0\0\0", &mut Vec::new()).is_err());
    }
}
