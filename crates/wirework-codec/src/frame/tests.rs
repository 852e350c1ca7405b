//! Frames by value: their bytes, and where they lie.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::thread;

use bytes::{Buf, Bytes, BytesMut};

use super::Frame;
use super::slot::{MEDIUM_KEPT, SHORT_KEPT, kept};
use crate::{Deframer, LengthDelimited, WriteBuf};

/// One of each kind of memory, and lengths on both sides of where they change.
const LENGTHS: [usize; 12] = [0, 1, 15, 64, 255, 256, 257, 2047, 2048, 2049, 20_000, 300_000];

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251).to_le_bytes()[0]).collect()
}

#[test]
fn a_copy_is_one_whatever_its_length() {
    for len in LENGTHS {
        let bytes = pattern(len);
        let mut frame = Frame::copy_from_slice(&bytes);
        assert_eq!(frame, bytes);
        assert_eq!(frame.clone(), frame);
        assert_eq!(Bytes::from(frame.clone()), bytes);
        assert_eq!(Frame::from(Bytes::from(bytes.clone())), bytes);
        let half = len / 2;
        frame.advance(half);
        assert_eq!(frame, bytes[half..]);
        assert_eq!(frame.clone(), bytes[half..]);
        assert_eq!(Bytes::from(frame), bytes[half..]);
    }
}

#[test]
fn what_a_frame_held_before_is_not_seen() {
    drop(Frame::copy_from_slice(&[7; 200]));
    drop(Frame::copy_from_slice(&[7; 2000]));
    assert_eq!(Frame::copy_from_slice(b"ab"), "ab");
    let mut medium = Frame::copy_from_slice(&[1; 300]);
    medium.advance(299);
    drop(medium);
    assert_eq!(Frame::copy_from_slice(&[2; 301]), [2; 301]);
    drop(Frame::from(Bytes::from_static(b"shared")));
    assert_eq!(Frame::copy_from_slice(b""), "");
}

#[test]
fn slots_are_used_again_and_no_more_are_kept_than_a_few() {
    drop(Frame::copy_from_slice(&[0; 257]));
    drop(Frame::copy_from_slice(b"short"));
    assert_eq!(kept(), (1, 1));
    let both = (Frame::copy_from_slice(b"short"), Frame::copy_from_slice(&[0; 2048]));
    assert_eq!(kept(), (0, 0));
    drop(both);
    // What was shared or a block leaves but the slot.
    drop(Frame::from(vec![0; 100]));
    drop(Frame::copy_from_slice(&[0; 2049]));
    assert_eq!(kept(), (1, 1));
    for len in [1000, 10] {
        let frames = vec![Frame::copy_from_slice(&vec![0; len]); 200];
        drop(frames);
    }
    assert_eq!(kept(), (SHORT_KEPT, MEDIUM_KEPT));
}

#[test]
fn a_frame_may_be_dropped_by_another_thread() {
    for len in LENGTHS {
        let frame = Frame::copy_from_slice(&pattern(len));
        let elsewhere = thread::spawn(move || frame.len());
        assert_eq!(elsewhere.join().unwrap(), len);
    }
}

#[test]
fn a_frame_may_outlive_the_pool_of_its_thread() {
    thread_local! {
        static LAST: RefCell<Vec<Frame>> = const { RefCell::new(Vec::new()) };
    }
    let threads = thread::spawn(|| {
        // Taken down after the pool, as it was there first; then before it.
        LAST.with(|last| last.borrow_mut().push(Frame::new()));
        let frames = LENGTHS.map(|len| Frame::copy_from_slice(&pattern(len)));
        LAST.with(|last| last.borrow_mut().extend(frames));
    });
    threads.join().unwrap();
}

#[test]
fn a_frame_that_comes_alone_takes_the_memory_with_it_and_a_medium_one_is_a_copy() {
    for (len, is_copy) in [(256, true), (2048, true), (2049, false), (10_000, false)] {
        let mut deframer = Deframer::new(LengthDelimited::new());
        deframer.push(&u32::try_from(len).unwrap().to_be_bytes());
        deframer.push(&pattern(len));
        let held = deframer.memory();
        let frame = deframer.next().unwrap().unwrap();
        assert_eq!(frame, pattern(len));
        assert_eq!(deframer.memory(), if is_copy { held } else { 0 }, "{len}");
        let (at, bytes) = (frame.as_ptr(), Bytes::from(frame));
        assert_eq!(bytes.as_ptr() == at, !is_copy, "{len}");
        assert_eq!(bytes, pattern(len));
    }
}

#[test]
fn long_frames_that_come_together_share_memory() {
    let mut deframer = Deframer::new(LengthDelimited::new());
    for first in [1, 2, 3] {
        deframer.push(&3000_u32.to_be_bytes());
        deframer.push(&[first; 3000]);
    }
    let [one, two, three] = [(); 3].map(|()| deframer.next().unwrap().unwrap());
    assert_eq!((one[0], two[0], three[0]), (1, 2, 3));
    assert_eq!(two.as_ptr() as usize - one.as_ptr() as usize, 3004);
    assert_eq!(three.as_ptr() as usize - two.as_ptr() as usize, 3004);
    assert_eq!(two.clone().as_ptr(), two.as_ptr());
    drop((one, two));
    assert_eq!(three, [3; 3000]);
}

#[test]
fn a_frame_that_would_keep_a_thousand_times_its_length_alive_is_a_copy() {
    for (rest, is_copy) in [(3000, false), (700_000, true)] {
        let mut deframer = Deframer::new(LengthDelimited::new());
        for len in [300, 300, rest] {
            deframer.push(&u32::try_from(len).unwrap().to_be_bytes());
            deframer.push(&pattern(len));
        }
        let [first, second] = [(); 2].map(|()| deframer.next().unwrap().unwrap());
        assert_eq!((&first, &second), (&pattern(300).into(), &pattern(300).into()));
        let apart = (second.as_ptr() as usize).wrapping_sub(first.as_ptr() as usize);
        assert_eq!(apart != 304, is_copy, "beside {rest} bytes");
    }
}

#[test]
fn a_long_frame_is_sent_uncopied() {
    let frame = Frame::copy_from_slice(&pattern(4096));
    let at = frame.as_ptr();
    let mut out = WriteBuf::new();
    out.put_frame(frame);
    assert_eq!(out.chunk().as_ptr(), at);
    out.advance(4000);
    assert_eq!(out.to_vec(), pattern(4096)[4000..]);
}

#[test]
fn it_is_a_slice_in_all_but_name() {
    let frame = Frame::from("a'\n\0\"\\");
    assert_eq!(format!("{frame:?}"), r#"b"a\'\n\x00\"\\""#);
    assert!(frame.starts_with(b"a"));
    assert_eq!(frame[1], b'\'');

    let by_frame = BTreeMap::from([(Frame::from("key"), 1)]);
    assert_eq!(by_frame.get(&b"key"[..]), Some(&1));
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    assert_eq!(hasher.hash_one(Frame::from("key")), hasher.hash_one(&b"key"[..]));
    let ordered: Vec<Frame> = BTreeSet::from(["b", "", "ab"].map(Frame::from)).into_iter().collect();
    assert_eq!(ordered, ["", "ab", "b"]);

    assert_eq!(Frame::new(), "");
    assert_eq!(Frame::new(), Frame::default().clone());
    assert_eq!(Bytes::from(Frame::new()), "");
    assert_eq!(Bytes::from_static(b"x"), Frame::from(b"x"));
    assert_eq!(vec![1, 2], Frame::from(&[1, 2][..]));
    assert_eq!(*b"x".as_slice(), Frame::from("x".to_string()));
    assert_eq!(Frame::from(BytesMut::from("x")), "x");
    assert_ne!(Frame::from("x"), "y");
}

#[test]
fn numbers_are_read_off_its_front() {
    let mut frame = Frame::from(&[0, 1, 2, 0, 0, 0]);
    assert_eq!(frame.get_u16(), 1);
    assert_eq!(frame.get_u8(), 2);
    assert_eq!(frame.remaining(), 3);
    assert!(frame.try_get_u32().is_err());
    assert_eq!(frame.copy_to_bytes(3), vec![0; 3]);
    assert!(frame.is_empty());
}

#[test]
#[should_panic(expected = "cannot advance by 1 bytes of 0")]
fn it_cannot_be_advanced_beyond_its_end() {
    Frame::new().advance(1);
}
