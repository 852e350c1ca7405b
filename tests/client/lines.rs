//! Clients that call with lines, and who answers them: a server, or the test itself.

use std::io;

use wirework::codec::Lines;
use wirework::{
    Client, ClientOptions, Connection, Context, Framed, Network, RunningServer, Runtime, Server, connect, memory,
};

pub(crate) fn serve_lines<N: Network>(network: &N) -> RunningServer {
    async fn answer<C: Connection>(mut framed: Framed<C, Lines>, _: Context) -> io::Result<()> {
        while let Some(line) = framed.next().await? {
            framed.send(format!("re: {line}")).await?;
        }
        Ok(())
    }
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    Server::new(network).serve_framed(listener, Lines::new(), answer)
}

pub(crate) async fn client_of<N: Network>(network: &N, server: &RunningServer) -> Client<String, String> {
    let stream = connect(network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    Client::pipelined(network, Framed::new(stream, Lines::new()), ClientOptions::new())
}

/// A client whose other end the test plays.
pub(crate) fn scripted<R: Runtime>(
    runtime: &R,
    options: ClientOptions,
) -> (Client<String, String>, Framed<memory::MemoryStream, Lines>) {
    let (near, far) = memory::pair(1024);
    let client = Client::pipelined(runtime, Framed::new(near, Lines::new()), options);
    (client, Framed::new(far, Lines::new()))
}
