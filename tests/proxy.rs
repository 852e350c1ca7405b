//! Real proxies, on every runtime: microsocks, tinyproxy and haproxy, where they are installed. What every reply and every
//! header means is tested beside the code, by scripted peers.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use wirework::codec::{Lines, ProxyHeader, ProxyVersion};
use wirework::proxy::{HttpProxy, ProxyError, Socks5Proxy};
use wirework::{
    Connection, Connector, Context, Framed, Listeners, Network, Proxied, ProxyProtocol, RunningServer, Server, connect,
};
use wirework_tests::on_each_runtime;

on_each_runtime![
    socks5_through_microsocks,
    http_through_tinyproxy,
    proxy_headers_from_and_to_haproxy,
];

/// A proxy's process, ended when dropped.
struct Proxy {
    process: Child,
    addr: SocketAddr,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Proxy {
    /// Starts a proxy on a free port and waits until it listens. `None` if it is not installed.
    async fn start<N: Network>(network: &N, command: impl Fn(u16) -> Command + Send + 'static) -> Option<Self> {
        network.blocking(move || Self::start_now(&command)).await.unwrap()
    }

    fn start_now(command: &impl Fn(u16) -> Command) -> Option<Self> {
        // One at a time: two that were given the same free port would take each other for themselves.
        static STARTING: Mutex<()> = Mutex::new(());
        let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let mut command = command(free.port());
            let spawned = command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            let process = match spawned {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    println!("skipped: {} is not installed", command.get_program().display());
                    return None;
                }
                process => process.unwrap(),
            };
            let mut proxy = Self { process, addr: free };
            // It ends at once if someone else got the port in between; then on to another one.
            while proxy.process.try_wait().unwrap().is_none() {
                if TcpStream::connect(proxy.addr).is_ok() {
                    return Some(proxy);
                }
                thread::sleep(Duration::from_millis(5));
            }
        }
    }

    async fn connect<N: Network>(&self, network: &N) -> N::TcpStream {
        connect(network, &self.addr.to_string()).await.unwrap()
    }
}

fn serve<N: Network>(network: &N, addr: &str) -> Option<RunningServer> {
    async fn answer<C: Connection>(mut framed: Framed<C, Lines>, _: Context) -> std::io::Result<()> {
        framed.send("welcome").await?;
        while let Some(line) = framed.next().await? {
            framed.send(line.to_uppercase()).await?;
        }
        Ok(())
    }
    let listener = network.listen_tcp(addr.parse().unwrap()).ok()?;
    Some(Server::new(network).serve_framed(listener, Lines::new(), answer))
}

/// The server speaks first, so a byte too many that was read for the proxy's answer would be missed here.
async fn converse<C: Connection>(connection: C) {
    let mut framed = Framed::new(connection, Lines::new());
    assert_eq!(framed.next().await.unwrap().unwrap(), "welcome");
    framed.send("hello").await.unwrap();
    assert_eq!(framed.next().await.unwrap().unwrap(), "HELLO");
}

async fn socks5_through_microsocks<N: Network>(network: N) {
    let start = Proxy::start(&network, |port| {
        let mut command = Command::new("microsocks");
        command.args(["-i", "127.0.0.1", "-p", &port.to_string(), "-u", "me", "-P", "secret"]);
        command
    });
    let Some(proxy) = start.await else { return };
    let server = serve(&network, "127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().ip().unwrap().port();
    let known = Socks5Proxy::new().credentials("me", "secret");

    // By an address, and by a name that the proxy resolves.
    for target in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        converse(known.tunnel(proxy.connect(&network).await, &target).await.unwrap()).await;
    }
    if let Some(server) = serve(&network, "[::1]:0") {
        let target = server.local_addr().unwrap().to_string();
        converse(known.tunnel(proxy.connect(&network).await, &target).await.unwrap()).await;
    }

    let unknown = Socks5Proxy::new().credentials("me", "wrong");
    for proxying in [Socks5Proxy::new(), unknown] {
        let error = proxying
            .tunnel(proxy.connect(&network).await, "127.0.0.1:1")
            .await
            .map(drop)
            .unwrap_err();
        assert!(matches!(error, ProxyError::Unauthorized(_)), "{error:?}");
    }
    let error = known
        .tunnel(proxy.connect(&network).await, "127.0.0.1:1")
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, ProxyError::Refused { code: 5, .. }), "{error:?}");
}

async fn http_through_tinyproxy<N: Network>(network: N) {
    let name = format!(
        "wirework-tinyproxy-{}-{}.conf",
        std::process::id(),
        network.random_u64()
    );
    let path = std::env::temp_dir().join(name);
    let config_path = path.clone();
    let start = Proxy::start(&network, move |port| {
        let mut config = std::fs::File::create(&config_path).unwrap();
        writeln!(
            config,
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nAllow 127.0.0.1\nBasicAuth me secret"
        )
        .unwrap();
        let mut command = Command::new("tinyproxy");
        command.arg("-d").arg("-c").arg(&config_path);
        command
    });
    let proxy = start.await;
    std::fs::remove_file(&path).unwrap();
    let Some(proxy) = proxy else { return };
    let server = serve(&network, "127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().ip().unwrap().port();
    let known = HttpProxy::new().credentials("me", "secret");

    for target in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        converse(known.tunnel(proxy.connect(&network).await, &target).await.unwrap()).await;
    }
    let unknown = HttpProxy::new().credentials("me", "wrong");
    for proxying in [HttpProxy::new(), unknown] {
        let error = proxying
            .tunnel(proxy.connect(&network).await, "127.0.0.1:1")
            .await
            .map(drop)
            .unwrap_err();
        assert!(matches!(error, ProxyError::Unauthorized(_)), "{error:?}");
    }
    let error = known
        .tunnel(proxy.connect(&network).await, "127.0.0.1:1")
        .await
        .map(drop)
        .unwrap_err();
    assert!(
        matches!(error, ProxyError::Refused { code: 500..=599, .. }),
        "{error:?}"
    );
}

/// Says who the client is and what the proxy told of it.
async fn introduce<C: Connection>(mut lines: Framed<Proxied<C>, Lines>, cx: Context) -> std::io::Result<()> {
    while lines.next().await?.is_some() {
        let header = lines.connection().header().expect("a header is required").clone();
        let version = if header.version() == ProxyVersion::V1 { 1 } else { 2 };
        let id = header.unique_id().map(String::from_utf8_lossy);
        let id = id.as_deref().unwrap_or("-");
        lines.send(format!("{} {version} {id}", cx.peer())).await?;
    }
    Ok(())
}

async fn proxy_headers_from_and_to_haproxy<N: Network>(network: N) {
    let proxy = ProxyProtocol::trusting(["127.0.0.1".parse().unwrap()]);
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let server = Server::new(&network).serve_framed(listener.upgrade(proxy), Lines::new(), introduce);
    let backend = server.local_addr().unwrap();
    // Each passes connections on in its way; the last one takes headers as well.
    for (bind, send, version, id) in [
        ("", "send-proxy", 1, "-"),
        ("", "send-proxy-v2 proxy-v2-options unique-id,crc32c", 2, "id-7"),
        ("accept-proxy", "send-proxy-v2", 2, "-"),
    ] {
        let name = format!("wirework-haproxy-{}-{}.cfg", std::process::id(), network.random_u64());
        let path = std::env::temp_dir().join(name);
        let (config_path, backend) = (path.clone(), backend.clone());
        let start = Proxy::start(&network, move |port| {
            let config = format!(
                "defaults\n mode tcp\n timeout connect 10s\n timeout client 1m\n timeout server 1m\n\
                 frontend f\n bind 127.0.0.1:{port} {bind}\n unique-id-format id-7\n default_backend b\n\
                 backend b\n server s {backend} {send}\n"
            );
            std::fs::write(&config_path, config).unwrap();
            let mut command = Command::new("haproxy");
            command.arg("-db").arg("-f").arg(&config_path);
            command
        });
        let proxy = start.await;
        std::fs::remove_file(&path).unwrap();
        let Some(proxy) = proxy else { return };
        let connector = Connector::new(&network);
        let target = proxy.addr.to_string();
        if bind.is_empty() {
            let mut client = Framed::new(connector.connect(&target).await.unwrap(), Lines::new());
            let own = client.connection().local_addr().unwrap();
            client.send("who am I?").await.unwrap();
            assert_eq!(client.next().await.unwrap().unwrap(), format!("{own} {version} {id}"));
            continue;
        }
        for (source, destination) in [
            ("192.0.2.7:50000", "198.51.100.1:443"),
            ("[2001:db8::7]:50000", "[2001:db8::1]:443"),
        ] {
            let header = ProxyHeader::new(source.parse().unwrap(), destination.parse().unwrap());
            for header in [header.clone().v1(), header.clone(), header.with_checksum()] {
                let stream = connector.clone().announce(header).connect(&target).await.unwrap();
                let mut client = Framed::new(stream, Lines::new());
                client.send("who am I?").await.unwrap();
                assert_eq!(
                    client.next().await.unwrap().unwrap(),
                    format!("{source} {version} {id}")
                );
            }
        }
    }
}
