//! asynchronous-codec's `Framed` on smol, the framing layer that smol's users take.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use asynchronous_codec::{BytesMut, Decoder, Encoder, Framed};
use bytes::{Buf, BufMut, Bytes};
use futures_util::StreamExt;
use smol::net::{TcpListener, TcpStream};

use super::smol_raw::{accept, executor};
use super::{Running, unsupported};
use crate::protocol::{HEADER, Protocol};

pub(super) fn start(protocol: Protocol, listen: SocketAddr, threads: usize) -> Result<Running> {
    if protocol != Protocol::FramedOwned {
        return unsupported(protocol);
    }
    let executor = executor(threads)?;
    let listener = smol::block_on(TcpListener::bind(listen))?;
    let addr = listener.local_addr()?;
    let accepting = accept(Arc::clone(&executor), listener, serve);
    Ok(Running::new(addr, executor.spawn(accepting)))
}

async fn serve(stream: TcpStream) -> io::Result<()> {
    let (sink, stream) = Framed::new(stream, Lengths).split();
    stream.forward(sink).await
}

/// Frames behind a four-byte length; the library's own codec has eight.
#[derive(Debug)]
struct Lengths;

impl Decoder for Lengths {
    type Item = Bytes;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Bytes>> {
        let Some(header) = src.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let len = u32::from_be_bytes(*header) as usize;
        if src.len() < HEADER + len {
            src.reserve(HEADER + len - src.len());
            return Ok(None);
        }
        src.advance(HEADER);
        Ok(Some(src.split_to(len).freeze()))
    }
}

impl Encoder for Lengths {
    type Item<'a> = Bytes;
    type Error = io::Error;

    fn encode(&mut self, item: Bytes, dst: &mut BytesMut) -> io::Result<()> {
        dst.put_u32(u32::try_from(item.len()).map_err(io::Error::other)?);
        dst.put_slice(&item);
        Ok(())
    }
}
