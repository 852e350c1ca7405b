//! What holds of any values and commands: they come back, and it does not matter how the bytes are cut.

use std::fmt::Write as _;

use proptest::collection::vec;
use proptest::prelude::*;
use wirework_codec::bytes::Bytes;
use wirework_codec::{Decoder, Deframer, Encoder, WriteBuf};
use wirework_resp::{
    Attributed, CmdEncoder, CommandDecoder, ReplyEncoder, ServerError, Value, ValueDecoder, Version, cmd,
};

/// Decodes `bytes`, which come in pieces of these sizes, over and over.
fn decode<D: Decoder>(decoder: D, mut bytes: &[u8], sizes: &[usize]) -> Result<Vec<D::Item>, TestCaseError> {
    let mut deframer = Deframer::new(decoder);
    let mut frames = Vec::new();
    for size in sizes.iter().cycle() {
        let (chunk, rest) = bytes.split_at((*size).min(bytes.len()));
        deframer.push(chunk);
        while let Some(frame) = deframer.next()? {
            frames.push(frame);
        }
        deframer.release();
        bytes = rest;
        if bytes.is_empty() {
            break;
        }
    }
    deframer.finish();
    prop_assert!(deframer.next()?.is_none());
    Ok(frames)
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![1]), Just(vec![8192]), vec(1..100_usize, 1..10)]
}

fn bytes() -> impl Strategy<Value = Bytes> {
    let byte = prop_oneof![any::<u8>(), proptest::sample::select(&b"\r\n$*:+-_0 "[..])];
    prop_oneof![8 => vec(byte, 0..80), 1 => vec(any::<u8>(), 200..6000)].prop_map(Bytes::from)
}

/// A line of a simple string.
fn text() -> impl Strategy<Value = Bytes> {
    "[^\r\n]{0,40}".prop_map(Bytes::from)
}

fn values() -> impl Strategy<Value = Value> {
    let double = any::<f64>().prop_filter("not a number is not equal to itself", |value| !value.is_nan());
    let leaf = prop_oneof![
        Just(Value::Null),
        text().prop_map(Value::Simple),
        bytes().prop_map(|text| Value::Error(ServerError::new(text))),
        any::<i64>().prop_map(Value::Integer),
        bytes().prop_map(Value::Bulk),
        double.prop_map(Value::Double),
        any::<bool>().prop_map(Value::Boolean),
        "[-+]?[0-9]{1,40}".prop_map(|digits| Value::BigNumber(digits.into())),
        (any::<[u8; 3]>(), bytes()).prop_map(|(format, text)| Value::Verbatim { format, text }),
    ];
    let nested = leaf.prop_recursive(4, 40, 6, |inner| {
        let pairs = vec((inner.clone(), inner.clone()), 0..4);
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::Array),
            vec(inner.clone(), 0..6).prop_map(Value::Set),
            pairs.clone().prop_map(Value::Map),
            (pairs, inner)
                .prop_map(|(attributes, value)| { Value::Attributed(Box::new(Attributed { attributes, value })) }),
        ]
    });
    prop_oneof![8 => nested.clone(), 1 => vec(nested, 0..4).prop_map(Value::Push)]
}

/// What a client gets of a value in RESP2.
fn in_resp2(value: &Value) -> Value {
    let all = |values: &[Value]| Value::Array(values.iter().map(in_resp2).collect());
    match value {
        Value::Null | Value::Simple(_) | Value::Integer(_) | Value::Bulk(_) => value.clone(),
        Value::Error(error) => {
            let line: Vec<u8> = error
                .as_bytes()
                .iter()
                .map(|byte| if b"\r\n".contains(byte) { b' ' } else { *byte })
                .collect();
            Value::Error(ServerError::new(line))
        }
        Value::Double(value) => {
            let Value::Bulk(text) = in_resp2_double(*value) else {
                unreachable!()
            };
            Value::Bulk(text)
        }
        Value::Boolean(value) => Value::Integer(i64::from(*value)),
        Value::BigNumber(text) | Value::Verbatim { text, .. } => Value::Bulk(text.clone()),
        Value::Array(values) | Value::Set(values) | Value::Push(values) => all(values),
        Value::Map(pairs) => Value::Array(
            pairs
                .iter()
                .flat_map(|(key, value)| [in_resp2(key), in_resp2(value)])
                .collect(),
        ),
        Value::Attributed(attributed) => in_resp2(&attributed.value),
        other => panic!("{other:?} has no form in RESP2"),
    }
}

/// The text of a double is what RESP3 has on its line.
fn in_resp2_double(value: f64) -> Value {
    let mut dst = WriteBuf::new();
    ReplyEncoder::of(Version::Resp3)
        .encode(Value::Double(value), &mut dst)
        .unwrap();
    let line = dst.to_vec();
    Value::Bulk(Bytes::copy_from_slice(&line[1..line.len() - 2]))
}

proptest! {
    #[test]
    fn values_come_back(values in vec(values(), 0..6), cuts in cuts()) {
        let mut dst = WriteBuf::new();
        for value in &values {
            ReplyEncoder::of(Version::Resp3).encode(value, &mut dst)?;
        }
        let decoded = decode(ValueDecoder::new(), &dst.to_vec(), &cuts)?;
        prop_assert_eq!(decoded, values);
    }

    #[test]
    fn values_come_back_as_resp2_has_them(values in vec(values(), 0..6), cuts in cuts()) {
        let mut dst = WriteBuf::new();
        for value in &values {
            ReplyEncoder::of(Version::Resp2).encode(value, &mut dst)?;
        }
        let decoded = decode(ValueDecoder::new(), &dst.to_vec(), &cuts)?;
        prop_assert_eq!(decoded, values.iter().map(in_resp2).collect::<Vec<_>>());
    }

    #[test]
    fn commands_come_back(commands in vec(("[A-Z]{1,12}", vec(bytes(), 0..5)), 0..6), cuts in cuts()) {
        let mut dst = WriteBuf::new();
        for (name, args) in &commands {
            CmdEncoder::new().encode(cmd(name).args(args), &mut dst)?;
        }
        let decoded = decode(CommandDecoder::new(), &dst.to_vec(), &cuts)?;
        prop_assert_eq!(decoded.len(), commands.len());
        for (decoded, (name, args)) in decoded.iter().zip(&commands) {
            let decoded = decoded.as_ref();
            prop_assert_eq!(decoded.name(), name.as_bytes());
            prop_assert!(decoded.args().eq(args.iter().map(|arg| &arg[..])));
        }
    }

    #[test]
    fn lines_are_split_as_they_were_quoted(words in vec(bytes(), 1..6), cuts in cuts()) {
        let line = words.iter().map(|word| format!("\"{}\"", escaped(word))).collect::<Vec<_>>().join(" ");
        let decoded = decode(CommandDecoder::new().max_inline(1 << 20), format!("{line}\r\n").as_bytes(), &cuts)?;
        prop_assert!(decoded[0].as_ref().args_from(0).eq(words.iter().map(|word| &word[..])));
    }

    #[test]
    fn no_bytes_do_harm(bytes in vec(proptest::sample::select(&b"*$+-:_#,(!=~%>|;.?0123ab\"'\\ \r\n\r\n"[..]), 0..200)) {
        wirework_testkit::verify_decoder(CommandDecoder::new, &bytes);
        let no_nan = |value: Value| format!("{value:?}");
        wirework_testkit::verify_decoder(|| ValueDecoder::new().map(no_nan), &bytes);
    }
}

/// As Redis shows bytes between quotes.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "\\x{byte:02x}");
    }
    text
}
