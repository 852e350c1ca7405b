//! Values of every type, however they are cut.

use wirework_codec::{Encoder, WriteBuf};
use wirework_resp::{Attributed, ReplyEncoder, ReplyWriter, ServerError, Value, ValueDecoder, Version};
use wirework_testkit::verify_decoder;

fn decoded(input: &[u8]) -> Vec<Value> {
    let outcome = verify_decoder(ValueDecoder::new, input);
    assert_eq!(outcome.failure, None);
    outcome.frames
}

fn encoded(value: &Value, version: Version) -> String {
    let mut dst = WriteBuf::new();
    ReplyEncoder::of(version).encode(value, &mut dst).unwrap();
    String::from_utf8(dst.to_vec()).unwrap()
}

/// Each type: the value, and its bytes in both versions.
fn every_type() -> Vec<(Value, &'static str, &'static str)> {
    let pair = || vec![(Value::Simple("a".into()), Value::Integer(1))];
    let two = || vec![Value::Bulk("x".into()), Value::Null];
    vec![
        (Value::Null, "$-1\r\n", "_\r\n"),
        (Value::Simple("PONG".into()), "+PONG\r\n", "+PONG\r\n"),
        (Value::Error(ServerError::new("ERR no")), "-ERR no\r\n", "-ERR no\r\n"),
        (
            Value::Error(ServerError::new("ERR a\r\nb")),
            "-ERR a  b\r\n",
            "!8\r\nERR a\r\nb\r\n",
        ),
        (Value::Integer(-7), ":-7\r\n", ":-7\r\n"),
        (Value::Bulk("a\r\nb".into()), "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n"),
        (Value::Bulk("".into()), "$0\r\n\r\n", "$0\r\n\r\n"),
        (Value::Double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"),
        (Value::Double(f64::NEG_INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n"),
        (Value::Boolean(true), ":1\r\n", "#t\r\n"),
        (Value::Boolean(false), ":0\r\n", "#f\r\n"),
        (
            Value::BigNumber("-123456789012345678901".into()),
            "$22\r\n-123456789012345678901\r\n",
            "(-123456789012345678901\r\n",
        ),
        (
            Value::Verbatim {
                format: *b"txt",
                text: "hi".into(),
            },
            "$2\r\nhi\r\n",
            "=6\r\ntxt:hi\r\n",
        ),
        (
            Value::Array(two()),
            "*2\r\n$1\r\nx\r\n$-1\r\n",
            "*2\r\n$1\r\nx\r\n_\r\n",
        ),
        (Value::Array(vec![]), "*0\r\n", "*0\r\n"),
        (Value::Set(two()), "*2\r\n$1\r\nx\r\n$-1\r\n", "~2\r\n$1\r\nx\r\n_\r\n"),
        (Value::Push(two()), "*2\r\n$1\r\nx\r\n$-1\r\n", ">2\r\n$1\r\nx\r\n_\r\n"),
        (Value::Map(pair()), "*2\r\n+a\r\n:1\r\n", "%1\r\n+a\r\n:1\r\n"),
        (
            Value::Attributed(Box::new(Attributed {
                attributes: pair(),
                value: Value::Integer(2),
            })),
            ":2\r\n",
            "|1\r\n+a\r\n:1\r\n:2\r\n",
        ),
    ]
}

#[test]
fn every_type_is_written_in_both_versions() {
    for (value, resp2, resp3) in every_type() {
        assert_eq!(encoded(&value, Version::Resp2), resp2);
        assert_eq!(encoded(&value, Version::Resp3), resp3);
        assert_eq!(decoded(resp3.as_bytes()), [value]);
        assert_eq!(decoded(resp2.as_bytes()).len(), 1);
    }
    let all: String = every_type().iter().map(|(_, _, resp3)| *resp3).collect();
    let values: Vec<_> = every_type().into_iter().map(|(value, ..)| value).collect();
    assert_eq!(decoded(all.as_bytes()), values);
}

#[test]
fn streamed_types_are_values_like_any_other() {
    let hello = || Value::Bulk("Hello word".into());
    for (input, value) in [
        (&b"$?\r\n;4\r\nHell\r\n;6\r\no word\r\n;0\r\n"[..], hello()),
        (b"$?\r\n;0\r\n", Value::Bulk("".into())),
        (
            b"*?\r\n:1\r\n$?\r\n;10\r\nHello word\r\n;0\r\n.\r\n",
            Value::Array(vec![Value::Integer(1), hello()]),
        ),
        (b"*?\r\n.\r\n", Value::Array(vec![])),
        (
            b"~?\r\n*?\r\n.\r\n#t\r\n.\r\n",
            Value::Set(vec![Value::Array(vec![]), Value::Boolean(true)]),
        ),
        (
            b"%?\r\n+a\r\n%?\r\n.\r\n.\r\n",
            Value::Map(vec![(Value::Simple("a".into()), Value::Map(vec![]))]),
        ),
        (
            b"*1\r\n*?\r\n*-1\r\n.\r\n",
            Value::Array(vec![Value::Array(vec![Value::Null])]),
        ),
    ] {
        assert_eq!(decoded(input), [value], "{}", input.escape_ascii());
    }
}

#[test]
fn attributes_belong_to_the_value_behind_them() {
    let input = b"*2\r\n|1\r\n+ttl\r\n:3600\r\n:1\r\n|0\r\n|1\r\n+a\r\n*0\r\n+b\r\n";
    let [Value::Array(values)] = &decoded(input)[..] else {
        panic!("it is an array")
    };
    assert_eq!(values.len(), 2);
    assert_eq!(values[0].clone().without_attributes(), Value::Integer(1));
    assert_eq!(values[1].clone().without_attributes(), Value::Simple("b".into()));
}

#[test]
fn numbers_are_read_in_every_form() {
    let input = b":+5\r\n,10\r\n,1.5e-7\r\n,+inf\r\n,-0\r\n(+10\r\n";
    let expected = [
        Value::Integer(5),
        Value::Double(10.0),
        Value::Double(1.5e-7),
        Value::Double(f64::INFINITY),
        Value::Double(-0.0),
        Value::BigNumber("+10".into()),
    ];
    assert_eq!(decoded(input), expected);
    let mut deframer = wirework_codec::Deframer::new(ValueDecoder::new());
    deframer.push(b",nan\r\n");
    assert!(matches!(deframer.next(), Ok(Some(Value::Double(value))) if value.is_nan()));
}

#[test]
fn the_deepest_value_is_built_and_dropped() {
    let depth = 512;
    let input = [b"*1\r\n".repeat(depth), b":1\r\n".to_vec()].concat();
    let mut deframer = wirework_codec::Deframer::new(ValueDecoder::new().max_depth(depth));
    deframer.push(&input);
    let mut value = deframer.next().unwrap().unwrap();
    for _ in 0..depth {
        value = value.as_values().unwrap()[0].clone();
    }
    assert_eq!(value, Value::Integer(1));
}

#[test]
fn what_turns_out_to_be_an_error_is_taken_back() {
    let (mut buf, mut version) = (WriteBuf::new(), Version::Resp3);
    let mut reply = ReplyWriter::new(&mut buf, &mut version);
    let outer = reply.begin();
    reply.integer(1);
    let inner = reply.begin();
    reply.bulk("x");
    reply.bulk_bytes(vec![b'y'; 5000].into());
    reply.finish_map(inner, 1);
    let wrong = reply.begin();
    reply.bulk_bytes(vec![b'z'; 5000].into());
    reply.roll_back(wrong);
    reply.finish_array(outer, 2);
    let y = "y".repeat(5000);
    let expected = format!("*2\r\n:1\r\n%1\r\n$1\r\nx\r\n$5000\r\n{y}\r\n");
    assert_eq!(buf.to_vec(), expected.as_bytes());
}

#[test]
fn the_version_changes_in_the_reply_that_says_so() {
    let mut encoder = ReplyEncoder::new();
    let mut dst = WriteBuf::new();
    let hello = |reply: &mut ReplyWriter<'_>| {
        reply.set_version(Version::Resp3);
        reply.map(1);
        reply.bulk("proto");
        reply.integer(3);
    };
    encoder
        .encode(|reply: &mut ReplyWriter<'_>| reply.null(), &mut dst)
        .unwrap();
    encoder.encode(hello, &mut dst).unwrap();
    encoder.encode(Value::Null, &mut dst).unwrap();
    assert_eq!(dst.to_vec(), b"$-1\r\n%1\r\n$5\r\nproto\r\n:3\r\n_\r\n");
    assert_eq!(encoder.version(), Version::Resp3);
}

#[test]
fn streamed_replies_are_the_same_values_in_both_versions() {
    let write = |reply: &mut ReplyWriter<'_>| {
        reply.streamed_map(|reply| {
            reply.bulk("text");
            reply.streamed_bulk(|chunks| {
                for chunk in ["Hell", "", "o"] {
                    chunks.put(chunk);
                }
            });
            reply.bulk("list");
            reply.streamed_array(|reply| {
                reply.integer(1);
                reply.streamed_set(|_| 0);
                2
            });
            2
        });
    };
    let (text, list) = (Value::Bulk("text".into()), Value::Bulk("list".into()));
    let hello = Value::Bulk("Hello".into());
    for version in [Version::Resp2, Version::Resp3] {
        let mut dst = WriteBuf::new();
        ReplyEncoder::of(version).encode(write, &mut dst).unwrap();
        let value = decoded(&dst.to_vec()).remove(0);
        let (text, list, hello) = (text.clone(), list.clone(), hello.clone());
        let expected = if version == Version::Resp3 {
            let one = Value::Array(vec![Value::Integer(1), Value::Set(vec![])]);
            Value::Map(vec![(text, hello), (list, one)])
        } else {
            let one = Value::Array(vec![Value::Integer(1), Value::Array(vec![])]);
            Value::Array(vec![text, hello, list, one])
        };
        assert_eq!(value, expected);
    }
}
