//! All that a browser sends, written down on the way to the server.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A way to a server that remembers every byte it carries there.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    sent: Arc<Mutex<Vec<u8>>>,
    carrying: JoinHandle<()>,
}

impl Wire {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&sent);
        let carrying = tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                tokio::spawn(carry(browser, server, Arc::clone(&kept)));
            }
        });
        Self {
            address,
            sent,
            carrying,
        }
    }

    /// What was sent so far.
    pub(crate) fn sent(&self) -> Vec<u8> {
        self.sent.lock().unwrap().clone()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

async fn carry(mut browser: TcpStream, server: SocketAddr, sent: Arc<Mutex<Vec<u8>>>) {
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    let (mut from_browser, mut to_browser) = browser.split();
    let (mut from_server, mut to_server) = server.split();
    let up = async {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = from_browser.read(&mut buffer).await {
            sent.lock().unwrap().extend(&buffer[..length]);
            if to_server.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = up => {}
        _ = copy(&mut from_server, &mut to_browser) => {}
    }
}
