//! hickory-server over UDP, TCP, TLS, HTTPS and QUIC, which tells how long queries are.

use std::sync::Mutex;

use hickory_server::net::runtime::Time;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo, Server};
use hickory_server::zone_handler::MessageResponseBuilder;
use payname_resolver::net::Proxy;
use payname_tests::dns::over_tcp;
use payname_tests::port;
use tokio::net::UdpSocket;

use super::*;
use crate::socks::Socks;

/// Answers with what another server answers over TCP, and keeps the length of every query.
#[derive(Clone)]
struct Forward {
    to: SocketAddr,
    lengths: Arc<Mutex<Vec<usize>>>,
}

#[async_trait::async_trait]
impl RequestHandler for Forward {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut handle: R,
    ) -> ResponseInfo {
        let query = request.as_slice();
        self.lengths.lock().unwrap().push(query.len());
        let answer = over_tcp(self.to, query).await.unwrap();
        let builder = MessageResponseBuilder::from_message_request(request);
        let response = builder.build(
            answer.metadata,
            &answer.answers,
            &answer.authorities,
            [],
            &answer.additionals,
        );
        handle.send_response(response).await.unwrap()
    }
}

/// A server of every kind.
struct Hickory {
    server: Server<Forward>,
    forward: Forward,
    certificate: Certificate,
    plain: SocketAddr,
    tls: SocketAddr,
    https: SocketAddr,
    quic: SocketAddr,
}

impl Hickory {
    async fn start(world: &World) -> Self {
        const PATIENCE: Duration = Duration::from_secs(5);
        let certificate = Certificate::new(SERVER).unwrap();
        let forward = Forward {
            to: world.recursor().address(),
            lengths: Arc::default(),
        };
        let mut server = Server::new(forward.clone());
        let stream = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
        let plain = port::free().unwrap();
        server.register_socket(UdpSocket::bind(plain).await.unwrap());
        let listener = TcpListener::bind(plain).await.unwrap();
        server.register_listener(listener, PATIENCE, 1024);
        let listener = stream().await;
        let tls = listener.local_addr().unwrap();
        server
            .register_tls_listener(listener, PATIENCE, certificate.resolver().unwrap())
            .unwrap();
        let listener = stream().await;
        let https = listener.local_addr().unwrap();
        let resolver = certificate.resolver().unwrap();
        server
            .register_https_listener(listener, PATIENCE, resolver, None, "/dns-query".to_owned())
            .unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let quic = socket.local_addr().unwrap();
        server
            .register_quic_listener(socket, PATIENCE, certificate.resolver().unwrap())
            .unwrap();
        Self {
            server,
            forward,
            certificate,
            plain,
            tls,
            https,
            quic,
        }
    }

    /// The lengths of the queries since this was asked last.
    fn lengths(&self) -> Vec<usize> {
        std::mem::take(&mut self.forward.lengths.lock().unwrap())
    }
}

#[tokio::test]
async fn hickory_is_asked_over_quic() {
    let world = world().await;
    let mut hickory = Hickory::start(&world).await;
    let url = format!("quic://{}#{SERVER}", hickory.quic);
    let options = options(&hickory.certificate);
    let client = Client::with_options(url.parse().unwrap(), options).unwrap();
    both_names_are_judged(&world, &client).await;

    let stranger = Client::with_timeouts(url.parse().unwrap(), TIMEOUTS).unwrap();
    let error = stranger.gather(&ALICE.parse().unwrap()).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    hickory.server.shutdown_gracefully().await.unwrap();
}

#[tokio::test]
async fn queries_are_padded_to_128_bytes_where_they_are_encrypted_and_only_there() {
    let world = world().await;
    let mut hickory = Hickory::start(&world).await;
    let Hickory {
        plain,
        tls,
        https,
        quic,
        ..
    } = hickory;
    let socks = Socks::to(tls).await;
    let proxy: Proxy = format!("socks5://{}", socks.address).parse().unwrap();
    let direct = options(&hickory.certificate);
    let proxied = ClientOptions {
        proxy: Some(proxy),
        ..direct.clone()
    };
    for (server, options, is_padded) in [
        (format!("udp://{plain}"), &direct, false),
        (format!("tcp://{plain}"), &direct, false),
        (format!("tls://{tls}"), &direct, true),
        (format!("https://{https}/dns-query"), &direct, true),
        (format!("quic://{quic}"), &direct, true),
        (format!("tls://{SERVER}"), &proxied, true),
    ] {
        let client = Client::with_options(server.parse().unwrap(), options.clone()).unwrap();
        both_names_are_judged(&world, &client).await;
        let lengths = hickory.lengths();
        assert!(lengths.len() >= 10, "{server}: {lengths:?}");
        let whole = lengths.iter().filter(|length| **length % 128 == 0).count();
        let expected = if is_padded { lengths.len() } else { 0 };
        assert_eq!(whole, expected, "{server}: {lengths:?}");
    }
    hickory.server.shutdown_gracefully().await.unwrap();
}
