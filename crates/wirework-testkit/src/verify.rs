//! Checks that a decoder keeps its contract, however its input is cut.
//!
//! What breaks decoders in the field is not their happy path but a read that ends in the middle of a length, a delimiter or an
//! escape. No author tries every cut by hand; these functions do.

use std::error::Error;
use std::fmt::{self, Debug, Write};

use wirework::codec::{BorrowDecoder, DecodeError, Decoder, Deframer, Encoder, Fault, WriteBuf};

/// Inputs up to this long are cut at every place; longer ones at this many.
const CUTS: usize = 512;

/// How often an input is cut at random into many pieces.
const ROUNDS: u64 = 16;

/// Memory that may be held whatever was sent: the smallest buffer to read into.
const SLACK: usize = 8 * 1024;

/// What became of an input: its frames, and the error after them if there was one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<T> {
    /// The frames, in order.
    pub frames: Vec<T>,
    /// Why there are no more of them; `None` if the stream ended between frames.
    pub failure: Option<Failure>,
}

/// An error, as far as it can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Where in the stream the faulty frame starts, in bytes.
    pub offset: u64,
    /// The error and its causes, one behind another.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (frame at byte {})", self.message, self.offset)
    }
}

/// Checks that a decoder's contract holds for `input`, and returns what the decoder makes of it.
///
/// The input is decoded whole, byte by byte, cut in two at every place, cut at random (from fixed seeds) and cut off at every
/// place; `make` makes a decoder for each run. It must not matter how the input was cut, neither for the frames nor for the
/// error; a stream that was cut off must end in an error or between frames; each frame must consume something; what is not
/// decoded must not be lost when there is an error; and memory must stay in proportion to what was sent.
///
/// ```
/// use wirework::codec::Lines;
/// use wirework_testkit::verify_decoder;
///
/// let outcome = verify_decoder(Lines::new, b"one\ntwo\r\nthr");
/// assert_eq!(outcome.frames, ["one", "two"]);
/// let failure = outcome.failure.unwrap();
/// assert_eq!(failure.message, "stream ended inside a frame at byte 9: 3 bytes left over");
/// ```
///
/// # Panics
/// Panics when the decoder breaks its contract, and says how.
pub fn verify_decoder<D>(make: impl Fn() -> D, input: &[u8]) -> Outcome<D::Item>
where
    D: Decoder,
    D::Item: PartialEq + Debug,
{
    verify(&make, &|deframer: &mut Deframer<D>| deframer.next(), input)
}

/// As [`verify_decoder`], of borrowed frames; `own` makes something of a frame that can be kept and compared.
///
/// ```
/// use wirework::codec::Lines;
/// use wirework_testkit::verify_borrow_decoder;
///
/// let outcome = verify_borrow_decoder(Lines::new, |line: &str| line.len(), b"one\nthree\n");
/// assert_eq!(outcome.frames, [3, 5]);
/// ```
///
/// # Panics
/// Panics when the decoder breaks its contract, and says how.
pub fn verify_borrow_decoder<D, T>(make: impl Fn() -> D, own: impl Fn(D::Frame<'_>) -> T, input: &[u8]) -> Outcome<T>
where
    D: BorrowDecoder + 'static,
    T: PartialEq + Debug,
{
    let next = |deframer: &mut Deframer<D>| Ok(deframer.next_ref()?.map(&own));
    verify(&make, &next, input)
}

/// Checks that what a codec encodes, it decodes again; then as [`verify_decoder`], on the bytes of all `frames`.
///
/// # Panics
/// Panics when a frame cannot be encoded, or comes back as another.
pub fn verify_round_trip<D, T>(make: impl Fn() -> D, frames: &[T])
where
    D: Decoder<Item = T> + Encoder<T>,
    T: Clone + PartialEq + Debug,
{
    let mut codec = make();
    let mut bytes = WriteBuf::new();
    for frame in frames {
        if let Err(error) = codec.encode(frame.clone(), &mut bytes) {
            panic!("{frame:?} cannot be encoded: {}", chain(&error));
        }
    }
    let outcome = verify_decoder(make, &bytes.to_vec());
    if let Some(failure) = outcome.failure {
        panic!("what was encoded cannot be decoded: {failure}");
    }
    assert_eq!(outcome.frames, frames, "frames come back as others");
}

fn verify<D, T, E>(make: &impl Fn() -> D, next: &Next<'_, D, T, E>, input: &[u8]) -> Outcome<T>
where
    T: PartialEq + Debug,
    E: Error + 'static,
{
    let whole = decode(make, next, &[input]);
    let same = |cut: &[&[u8]], how: &dyn Debug| {
        assert_eq!(
            decode(make, next, cut),
            whole,
            "it matters how the input is cut: {how:?}"
        );
    };
    same(&input.chunks(1).collect::<Vec<_>>(), &"byte by byte");
    for split in cuts(input.len()) {
        same(&[&input[..split], &input[split..]], &split);
        truncated(&decode(make, next, &[&input[..split]]), &whole, split);
    }
    for seed in 0..ROUNDS {
        let pieces = random_pieces(input, seed);
        same(&pieces, &pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>());
    }
    whole
}

type Next<'a, D, T, E> = dyn Fn(&mut Deframer<D>) -> Result<Option<T>, DecodeError<E>> + 'a;

/// Decodes what comes in `chunks`, to the end, as a connection does it.
fn decode<D, T, E>(make: &impl Fn() -> D, next: &Next<'_, D, T, E>, chunks: &[&[u8]]) -> Outcome<T>
where
    E: Error + 'static,
{
    let mut deframer = Deframer::new(make());
    let mut frames = Vec::new();
    let mut sent = Vec::new();
    for chunk in chunks {
        deframer.push(chunk);
        sent.extend_from_slice(chunk);
        if let Some(failure) = drain(&mut deframer, next, &mut frames, &sent) {
            return Outcome {
                frames,
                failure: Some(failure),
            };
        }
        deframer.release();
        let (held, buffered) = (deframer.memory(), deframer.buffered());
        let is_bounded = if buffered <= 1024 {
            held <= 2 * buffered
        } else {
            held <= 4 * buffered + SLACK
        };
        assert!(is_bounded, "{held} bytes of memory are held for {buffered} bytes");
    }
    deframer.finish();
    let failure = drain(&mut deframer, next, &mut frames, &sent);
    Outcome { frames, failure }
}

/// Decodes all that there is, and returns the error if there is one.
fn drain<D, T, E>(
    deframer: &mut Deframer<D>,
    next: &Next<'_, D, T, E>,
    frames: &mut Vec<T>,
    sent: &[u8],
) -> Option<Failure>
where
    E: Error + 'static,
{
    loop {
        let before = deframer.offset();
        match next(deframer) {
            Ok(None) => return None,
            Ok(Some(frame)) => frames.push(frame),
            Err(error) => {
                let message = chain(&error);
                assert!(!matches!(error.fault(), Fault::NoProgress), "{message}");
                assert!(
                    error.offset() >= before,
                    "an error lies before frames that were decoded: {message}"
                );
                assert!(
                    sent.ends_with(error.unread()),
                    "undecoded bytes are lost or changed: {message}"
                );
                assert!(
                    matches!(next(deframer), Ok(None)),
                    "something follows an error, which is the end: {message}"
                );
                return Some(Failure {
                    offset: error.offset(),
                    message,
                });
            }
        }
    }
}

/// A stream that is cut off must give the frames that are complete. At most the last one may differ, if the decoder takes
/// whatever is left for a frame.
fn truncated<T: PartialEq + Debug>(cut: &Outcome<T>, whole: &Outcome<T>, at: usize) {
    let extra = cut.frames.len().saturating_sub(whole.frames.len());
    assert!(extra <= 1, "cut off at {at}, the input has more frames than whole");
    let sure = cut.frames.len().saturating_sub(1);
    assert_eq!(
        cut.frames[..sure],
        whole.frames[..sure],
        "cut off at {at}, the input has other frames than whole"
    );
}

/// The places to cut an input of `len` bytes at.
fn cuts(len: usize) -> impl Iterator<Item = usize> {
    (0..=len).step_by(len / CUTS + 1)
}

/// Cuts `input` into pieces of random length, some of them empty.
fn random_pieces(mut input: &[u8], seed: u64) -> Vec<&[u8]> {
    let mut state = seed;
    let mut pieces = Vec::new();
    while !input.is_empty() {
        let longest = usize::try_from(split_mix(&mut state) % 64).unwrap_or(0) + 1;
        let len = usize::try_from(split_mix(&mut state)).unwrap_or(1) % longest;
        let (piece, rest) = input.split_at(len.min(input.len()));
        pieces.push(piece);
        input = rest;
    }
    pieces
}

/// The generator of Steele, Lea and Flood, 2014: enough for a test, and the same everywhere.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// An error and its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let _ = write!(text, ": {source}");
        cause = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use wirework::codec::bytes::{Buf, BytesMut};

    use super::*;

    /// A decoder made of a function.
    struct Custom<F>(F);

    impl<F: FnMut(&mut BytesMut) -> Option<Vec<u8>>> Decoder for Custom<F> {
        type Item = Vec<u8>;
        type Error = Infallible;

        fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Vec<u8>>, Infallible> {
            Ok((self.0)(src))
        }
    }

    #[test]
    #[should_panic(expected = "it matters how the input is cut")]
    fn a_decoder_that_takes_what_is_there_is_caught() {
        verify_decoder(
            || Custom(|src: &mut BytesMut| (!src.is_empty()).then(|| src.split().to_vec())),
            b"abc",
        );
    }

    #[test]
    #[should_panic(expected = "without consuming any bytes")]
    fn a_decoder_that_consumes_nothing_is_caught() {
        verify_decoder(|| Custom(|_: &mut BytesMut| Some(Vec::new())), b"abc");
    }

    #[test]
    #[should_panic(expected = "it matters how the input is cut")]
    fn a_decoder_that_forgets_the_first_half_of_a_delimiter_is_caught() {
        let make = || {
            let mut searched = 0;
            Custom(move |src: &mut BytesMut| {
                let found = src[searched..].windows(2).position(|pair| pair == b"\r\n");
                let Some(at) = found else {
                    searched = src.len();
                    return None;
                };
                let frame = src.split_to(searched + at).to_vec();
                src.advance(2);
                searched = 0;
                Some(frame)
            })
        };
        verify_decoder(make, b"abc\r\n");
    }

    #[test]
    fn pieces_are_random_and_complete() {
        let input: Vec<u8> = (0..=255).collect();
        let pieces = random_pieces(&input, 1);
        assert_eq!(pieces.concat(), input);
        assert!(pieces.len() > 4);
        assert_ne!(pieces, random_pieces(&input, 2));
    }
}
