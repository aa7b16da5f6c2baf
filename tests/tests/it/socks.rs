//! A small SOCKS 5 proxy, which tells what it was shown.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A SOCKS 5 proxy as Tor is one: any credentials, names looked up behind it.
pub(crate) struct Socks {
    pub(crate) address: SocketAddr,
    log: Log,
}

/// Credentials and host of each connection.
type Log = Arc<Mutex<Vec<(String, String)>>>;

impl Socks {
    /// One behind which all names lead to `target`.
    pub(crate) async fn to(target: SocketAddr) -> Self {
        Self::by(move |_| target).await
    }

    /// One behind which a name leads to what `route` says.
    pub(crate) async fn by(
        route: impl Fn(&str) -> SocketAddr + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = Log::default();
        let kept = log.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, route) = (log.clone(), route.clone());
                tokio::spawn(async move {
                    // A client that gives up in between ends its connection only.
                    let _ = serve(stream, route, &log).await;
                });
            }
        });
        Self { address, log: kept }
    }

    /// The credentials and the host of each connection since the last look.
    pub(crate) fn seen(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

async fn serve(
    mut stream: TcpStream,
    route: impl Fn(&str) -> SocketAddr,
    log: &Log,
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
    let target = route(&host);
    log.lock().unwrap().push((credentials, host));
    let mut onward = TcpStream::connect(target).await?;
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    copy_bidirectional(&mut stream, &mut onward).await?;
    Ok(())
}
