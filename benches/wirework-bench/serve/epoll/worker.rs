//! One thread of the epoll server.

use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use anyhow::Result;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{Errno, read, write};
use slab::Slab;

use super::connection::{Buffers, Connection, Wants};
use crate::protocol::Protocol;

/// What stands for the inbox among the connections' numbers.
const INBOX: u64 = u64::MAX;

/// Waits for events and serves the connections that have them.
pub(super) struct Worker {
    epoll: OwnedFd,
    bell: Arc<OwnedFd>,
    arrivals: Receiver<TcpStream>,
    connections: Slab<Connection>,
    buffers: Buffers,
    protocol: Protocol,
}

/// Where a worker gets its connections from.
pub(super) struct Inbox {
    bell: Arc<OwnedFd>,
    arrivals: Sender<TcpStream>,
}

impl Inbox {
    pub(super) fn put(&self, stream: TcpStream) {
        // A worker that is gone has told why; its connections close.
        if self.arrivals.send(stream).is_ok() {
            let _ = write(&*self.bell, &1u64.to_ne_bytes());
        }
    }
}

impl Worker {
    pub(super) fn new(protocol: Protocol) -> Result<(Self, Inbox)> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        epoll::add(&epoll, &*bell, EventData::new_u64(INBOX), EventFlags::IN)?;
        let (sender, arrivals) = mpsc::channel();
        let inbox = Inbox {
            bell: Arc::clone(&bell),
            arrivals: sender,
        };
        let worker = Self {
            epoll,
            bell,
            arrivals,
            connections: Slab::new(),
            buffers: Buffers::default(),
            protocol,
        };
        Ok((worker, inbox))
    }

    pub(super) fn run(mut self) {
        if let Err(error) = self.serve() {
            eprintln!("wirework-bench: a thread of the epoll server failed: {error}");
        }
    }

    fn serve(&mut self) -> Result<()> {
        let mut events = Vec::with_capacity(1024);
        loop {
            events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in &events {
                self.handle(*event)?;
            }
        }
    }

    fn handle(&mut self, event: Event) -> Result<()> {
        let number = event.data.u64();
        if number == INBOX {
            return self.take_arrivals();
        }
        let key = usize::try_from(number)?;
        let connection = &mut self.connections[key];
        let before = connection.wants();
        match connection.serve(self.protocol, &mut self.buffers) {
            Ok(wants) if wants == before => {}
            Ok(wants) => {
                let number = EventData::new_u64(number);
                epoll::modify(&self.epoll, connection.stream(), number, interest(wants))?;
            }
            // The peer has gone, or has sent what cannot be answered: closing ends the interest as well.
            Err(_) => drop(self.connections.remove(key)),
        }
        Ok(())
    }

    fn take_arrivals(&mut self) -> Result<()> {
        read(&*self.bell, &mut [0; 8])?;
        while let Ok(stream) = self.arrivals.try_recv() {
            let entry = self.connections.vacant_entry();
            let number = EventData::new_u64(entry.key() as u64);
            epoll::add(&self.epoll, &stream, number, interest(Wants::Requests))?;
            entry.insert(Connection::new(stream));
        }
        Ok(())
    }
}

fn interest(wants: Wants) -> EventFlags {
    match wants {
        Wants::Requests => EventFlags::IN,
        Wants::Room => EventFlags::OUT,
    }
}
