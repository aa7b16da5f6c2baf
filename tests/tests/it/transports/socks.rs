//! A small SOCKS 5 proxy, which tells what it was shown.

use std::sync::Mutex;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// A SOCKS 5 proxy as Tor is one: any credentials, names looked up behind it.
pub(super) struct Socks {
    pub(super) address: SocketAddr,
    /// Credentials and host of each connection.
    seen: Arc<Mutex<Vec<(String, String)>>>,
}

impl Socks {
    pub(super) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let log = log.clone();
                tokio::spawn(async move {
                    // A client that gives up in between ends its connection only.
                    let _ = Self::serve(stream, target, log).await;
                });
            }
        });
        Self { address, seen }
    }

    async fn serve(
        mut stream: TcpStream,
        target: SocketAddr,
        log: Arc<Mutex<Vec<(String, String)>>>,
    ) -> std::io::Result<()> {
        async fn text(stream: &mut TcpStream) -> std::io::Result<String> {
            let mut text = vec![0; usize::from(stream.read_u8().await?)];
            stream.read_exact(&mut text).await?;
            Ok(String::from_utf8_lossy(&text).into_owned())
        }
        assert_eq!(stream.read_u8().await?, 5);
        assert!(text(&mut stream).await?.contains('\u{2}'));
        stream.write_all(&[5, 2]).await?;
        assert_eq!(stream.read_u8().await?, 1);
        let credentials = format!("{}:{}", text(&mut stream).await?, text(&mut stream).await?);
        stream.write_all(&[1, 0]).await?;
        let mut request = [0; 4];
        stream.read_exact(&mut request).await?;
        assert_eq!(request, [5, 1, 0, 3], "a connection to a name");
        let host = text(&mut stream).await?;
        stream.read_u16().await?;
        log.lock().unwrap().push((credentials, host));
        let mut onward = TcpStream::connect(target).await?;
        stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
        copy_bidirectional(&mut stream, &mut onward).await?;
        Ok(())
    }
}

#[tokio::test]
async fn unbound_is_asked_over_tls_and_https_through_a_proxy_that_sees_no_two_names_together() {
    let world = world().await;
    let certificate = Certificate::new(SERVER).unwrap();
    let unbound = world.encrypted_unbound(&certificate).await.unwrap();
    for (to, server) in [
        (unbound.tls_address(), "tls://dns.example.test"),
        (
            unbound.https_address(),
            "https://dns.example.test/dns-query",
        ),
    ] {
        let socks = Socks::to(to).await;
        let options = ClientOptions {
            proxy: Some(format!("socks5://{}", socks.address).parse().unwrap()),
            ..options(&certificate)
        };
        let client = Client::with_options(server.parse().unwrap(), options).unwrap();
        both_names_are_judged(&world, &client).await;
        let seen = socks.seen.lock().unwrap().clone();
        let [(alice, host), (nobody, other)] = &seen[..] else {
            panic!("{server}: one connection for each name: {seen:?}");
        };
        assert_eq!([host.as_str(), other], [SERVER; 2]);
        assert_ne!(alice, nobody, "{server}");
    }
}
