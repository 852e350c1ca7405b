//! ntex's dispatcher: its own reactor, its own workers, a service that answers each frame.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread;

use anyhow::Result;
use ntex::codec::{Decoder, Encoder};
use ntex::fn_service;
use ntex::io::{DispatchItem, Dispatcher, Io};
use ntex::rt::{DefaultRuntime, System};
use ntex::util::{Buf, BufMut, BytePages, Bytes, BytesMut};

use super::{Running, unsupported};
use crate::protocol::{HEADER, Protocol};

pub(super) fn start(protocol: Protocol, listen: SocketAddr, threads: usize) -> Result<Running> {
    if protocol != Protocol::FramedOwned {
        return unsupported(protocol);
    }
    let listener = TcpListener::bind(listen)?;
    let addr = listener.local_addr()?;
    thread::Builder::new().spawn(move || {
        if let Err(error) = System::new("wirework-bench", DefaultRuntime).block_on(serve(listener, threads)) {
            eprintln!("wirework-bench: ntex: {error}");
        }
    })?;
    Ok(Running::new(addr, ()))
}

async fn serve(listener: TcpListener, threads: usize) -> io::Result<()> {
    let connection = async |_| fn_service(|io: Io| Dispatcher::new(io, Lengths, fn_service(answer)));
    let server = ntex::server::build().workers(threads).maxconn(1_000_000);
    server
        .disable_signals()
        .listen("framed", listener, connection)?
        .run()
        .await
}

async fn answer(item: DispatchItem<Lengths>) -> io::Result<Option<Bytes>> {
    match item {
        DispatchItem::Item(frame) => Ok(Some(frame)),
        DispatchItem::Control(_) | DispatchItem::Stop(_) => Ok(None),
    }
}

/// Frames behind a four-byte length; the library brings no such codec.
#[derive(Debug)]
struct Lengths;

impl Decoder for Lengths {
    type Item = Bytes;
    type Error = io::Error;

    fn decode(&self, src: &mut BytesMut) -> io::Result<Option<Bytes>> {
        let Some(header) = src.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let len = u32::from_be_bytes(*header) as usize;
        if src.len() < HEADER + len {
            src.reserve(HEADER + len - src.len());
            return Ok(None);
        }
        src.advance(HEADER);
        Ok(Some(src.split_to(len)))
    }
}

impl Encoder for Lengths {
    type Item = Bytes;
    type Error = io::Error;

    fn encodev(&self, item: Bytes, dst: &mut BytePages) -> io::Result<()> {
        dst.put_u32(u32::try_from(item.len()).map_err(io::Error::other)?);
        dst.append(item);
        Ok(())
    }
}
