//! A frame, or something else that happens: for servers that also speak when nobody has asked.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use wirework_codec::Decoder;

use super::inbound::Inbound;
use super::{Framed, ReadError};
use crate::Connection;

/// What [`Framed::next_or`] has waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next<F, T> {
    /// A frame of the peer.
    Frame(F),
    /// What the other future gave.
    Other(T),
    /// There will be no more frames: what [`next`](Framed::next) gives as `None`.
    End,
}

impl<C: Connection, D, E> Framed<C, D, E> {
    /// Receives the next frame, or what `other` gives, whichever comes first: an item of a queue, a tick, a signal.
    ///
    /// This is the loop of a connection on which both ends speak when they like. Sending goes on as with
    /// [`next`](Self::next): what was sent leaves when neither a frame nor `other` is there, so the items of a queue
    /// that is full leave together.
    ///
    /// # Who goes first
    /// `other` does, where both are there: a peer that never pauses cannot silence it. Once it has been first for a whole
    /// [`budget`](Self::budget) (256) without a wait, other tasks get a turn, and then a frame goes first.
    ///
    /// [`Next::End`] also comes when the server shuts down, as for [`next`](Self::next). From then on it is returned at
    /// once whenever `other` is not ready: to go on sending, wait for the rest of the queue alone.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    ///
    /// # Cancel safety
    /// Dropping the future loses no frame. `other` is dropped with it, and when a frame comes first, so it should lose
    /// nothing then: `recv` of a channel, [`Interval::tick`](crate::time::Interval::tick) and
    /// [`ShutdownSignal::wait`](crate::ShutdownSignal::wait) do not.
    ///
    /// ```
    /// use std::io;
    /// use async_channel::Receiver;
    /// use wirework::{Connection, Framed, Next, codec::Lines};
    ///
    /// /// Passes the news on until the peer leaves, and answers what it asks in between.
    /// async fn tell<C: Connection>(mut lines: Framed<C, Lines>, news: Receiver<String>) -> io::Result<()> {
    ///     loop {
    ///         match lines.next_or(news.recv()).await? {
    ///             Next::Frame(question) => lines.send(format!("you asked: {question}")).await?,
    ///             Next::Other(Ok(item)) => lines.send(item).await?,
    ///             // There will be no more news; or no more questions.
    ///             Next::Other(Err(_)) | Next::End => return lines.close().await,
    ///         }
    ///     }
    /// }
    /// # futures_lite::future::block_on(async {
    /// # let (here, there) = wirework::memory::pair(1024);
    /// # let (sender, news) = async_channel::bounded(8);
    /// # sender.send("rain".to_owned()).await.unwrap();
    /// # sender.close();
    /// # tell(Framed::new(there, Lines::new()), news).await?;
    /// # let mut lines = Framed::new(here, Lines::new());
    /// # assert_eq!(lines.next().await?.as_deref(), Some("rain"));
    /// # assert_eq!(lines.next().await?, None);
    /// # io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn next_or<T>(&mut self, other: impl Future<Output = T>) -> Result<Next<D::Item, T>, ReadError<D::Error>>
    where
        D: Decoder,
    {
        let mut other = pin!(other);
        let mut frame_first = false;
        poll_fn(|cx| {
            if !frame_first {
                if self.inbound().has_budget() {
                    if let Poll::Ready(output) = other.as_mut().poll(cx) {
                        self.inbound().has_handed_out_other();
                        return Poll::Ready(Ok(Next::Other(output)));
                    }
                } else {
                    // What comes of this is a turn for other tasks, and a budget for the next one.
                    frame_first = true;
                    if self.inbound().poll_budget(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
            }
            if let Poll::Ready(frame) = self.poll_next_frame(cx)? {
                return Poll::Ready(Ok(frame.map_or(Next::End, Next::Frame)));
            }
            if frame_first && let Poll::Ready(output) = other.as_mut().poll(cx) {
                self.inbound().has_handed_out_other();
                return Poll::Ready(Ok(Next::Other(output)));
            }
            Poll::Pending
        })
        .await
    }

    fn inbound(&mut self) -> &mut Inbound<D> {
        &mut self.sides.inbound
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::task::{Context, Waker};

    use futures_lite::future::{block_on, poll_once};
    use wirework_codec::Lines;

    use super::*;
    use crate::memory::{MemoryStream, pair};

    fn lines() -> (Framed<MemoryStream, Lines>, Framed<MemoryStream, Lines>) {
        let (here, there) = pair(1 << 16);
        (Framed::new(here, Lines::new()), Framed::new(there, Lines::new()))
    }

    async fn say(lines: &mut Framed<MemoryStream, Lines>, count: usize) {
        for _ in 0..count {
            lines.send("frame").await.unwrap();
        }
        lines.flush().await.unwrap();
    }

    #[test]
    fn whichever_comes_first() {
        block_on(async {
            let (mut here, mut there) = lines();
            assert_eq!(poll_once(here.next_or(pending::<()>())).await.map(Result::unwrap), None);
            assert_eq!(here.next_or(ready(7)).await.unwrap(), Next::Other(7));
            say(&mut there, 1).await;
            assert_eq!(
                here.next_or(pending::<()>()).await.unwrap(),
                Next::Frame("frame".to_owned())
            );
            there.close().await.unwrap();
            assert_eq!(here.next_or(ready(8)).await.unwrap(), Next::Other(8));
            assert_eq!(here.next_or(pending::<()>()).await.unwrap(), Next::End);
            assert_eq!(here.next_or(pending::<()>()).await.unwrap(), Next::End);
        });
    }

    /// Neither side goes without for longer than a budget, however much the other has to say.
    #[test]
    fn nobody_is_kept_waiting_for_ever() {
        block_on(async {
            let (mut here, mut there) = lines();
            here = here.budget(4);
            say(&mut there, 20).await;
            let mut turns = String::new();
            for _ in 0..100 {
                turns.push(match here.next_or(ready(())).await.unwrap() {
                    Next::Frame(_) => 'f',
                    Next::Other(()) => 'o',
                    Next::End => unreachable!("the peer is still there"),
                });
            }
            assert_eq!(turns.matches('f').count(), 20, "{turns}");
            assert!(turns.starts_with("oooof"), "{turns}");
            let (contended, _) = turns.split_at(turns.rfind('f').expect("there are frames"));
            assert!(!contended.contains("ooooo"), "{turns}");
        });
    }

    #[test]
    fn other_tasks_get_a_turn() {
        let (mut here, _there) = lines();
        here = here.budget(4);
        let mut endless = pin!(async {
            loop {
                here.next_or(ready(())).await.unwrap();
            }
        });
        // Were there no turn for others, this would not return.
        let poll = endless.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending());
    }

    /// The items of a full queue leave in one write, which a peer with as small a buffer notices.
    #[test]
    fn a_queue_leaves_when_it_is_empty() {
        block_on(async {
            let (mut here, mut there) = lines();
            for item in ["one", "two"] {
                assert_eq!(here.next_or(ready(item)).await.unwrap(), Next::Other(item));
                here.send(item).await.unwrap();
            }
            assert!(
                poll_once(there.next()).await.is_none(),
                "it left before the queue was empty"
            );
            assert!(poll_once(here.next_or(pending::<()>())).await.is_none());
            assert_eq!(there.next().await.unwrap().as_deref(), Some("one"));
            assert_eq!(there.next().await.unwrap().as_deref(), Some("two"));
        });
    }

    #[test]
    fn a_dropped_one_loses_nothing() {
        block_on(async {
            let (mut here, mut there) = lines();
            let (sender, queue) = async_channel::bounded(1);
            assert!(poll_once(here.next_or(queue.recv())).await.is_none());
            say(&mut there, 1).await;
            sender.send(()).await.unwrap();
            assert_eq!(here.next_or(queue.recv()).await.unwrap(), Next::Other(Ok(())));
            assert_eq!(
                here.next_or(queue.recv()).await.unwrap(),
                Next::Frame("frame".to_owned())
            );
        });
    }
}
