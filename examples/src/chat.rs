//! A chat room, as a protocol: lines of text, in which the server's own begin with `*`.
//!
//! One task a member reads what that member says and writes what is said to it. Between the members are bounded queues and
//! no waiting: who does not keep up is out, and nobody else notices more than the message that says so.
//!
//! | a member sends | and |
//! |---|---|
//! | a nickname, as the first line | is in |
//! | a line | all others get `nickname: line` |
//! | `/who` | gets the nicknames of those who are in |
//! | `/quit`, or closes | is out |

mod room;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future::or;
use wirework::codec::Lines;
use wirework::time::timeout;
use wirework::{Connection, Context, Framed, Handler, Next};

use self::room::{Member, Room};

/// The longest line, in bytes.
const MAX_LINE: usize = 1024;

/// How long a newcomer may take to tell a nickname.
const INTRODUCTION: Duration = Duration::from_mins(1);

/// Its codec: lines of up to 1024 bytes.
#[must_use]
pub const fn codec() -> Lines {
    Lines::new().max_len(MAX_LINE)
}

/// The handler, with the room that all its connections share.
#[derive(Debug, Default)]
pub struct Chat {
    room: Arc<Room>,
}

impl Chat {
    /// A chat with nobody in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<C: Connection> Handler<Framed<C, Lines>> for Chat {
    type Error = io::Error;

    async fn handle(&self, mut lines: Framed<C, Lines>, cx: Context) -> io::Result<()> {
        if let Some(member) = timeout(&cx, INTRODUCTION, self.introduce(&mut lines)).await?? {
            // Whoever is thrown out may well be stuck in the middle of a line that its peer does not read. The
            // connection is just dropped then: there is no use in a last word.
            or(member.thrown_out(), converse(&mut lines, &member)).await?;
        }
        if cx.shutdown().has_begun() {
            lines.send("* the server shuts down; goodbye").await?;
        }
        lines.finish(&cx).await
    }
}

impl Chat {
    /// Asks for a nickname until there is one that will do. `None` if the newcomer leaves.
    async fn introduce<C: Connection>(&self, lines: &mut Framed<C, Lines>) -> io::Result<Option<Member>> {
        lines.send("* your nickname?").await?;
        while let Some(nickname) = lines.next().await? {
            match self.room.join(nickname.trim()) {
                Ok(member) => {
                    let who = self.room.nicknames().join(", ");
                    lines.send(format!("* welcome; here are: {who}")).await?;
                    return Ok(Some(member));
                }
                Err(refusal) => lines.send(format!("* {refusal}")).await?,
            }
        }
        Ok(None)
    }
}

/// Passes on what is said, in both directions, until the member leaves or the server shuts down.
async fn converse<C: Connection>(lines: &mut Framed<C, Lines>, member: &Member) -> io::Result<()> {
    loop {
        match lines.next_or(member.hear()).await? {
            Next::Other(news) => lines.send(&*news).await?,
            Next::End => return Ok(()),
            Next::Frame(line) => match line.trim() {
                "" => {}
                "/quit" => return lines.send("* goodbye").await.map_err(Into::into),
                "/who" => {
                    let who = member.room().nicknames().join(", ");
                    lines.send(format!("* here are: {who}")).await?;
                }
                command if command.starts_with('/') => {
                    lines
                        .send(format!("* unknown command {command:?}; there are /who and /quit"))
                        .await?;
                }
                // They would be carried out by the terminals of the others.
                text if text.contains(char::is_control) => lines.send("* no control characters, please").await?,
                text => member.say(text),
            },
        }
    }
}
