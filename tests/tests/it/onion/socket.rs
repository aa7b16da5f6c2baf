//! The same over real sockets: two peer managers, one TCP connection, tasks that do the work.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lightning_net_tokio::{SocketDescriptor, connect_outbound, setup_inbound};
use payname_resolver::hickory_proto::rr::RecordType;
use payname_resolver::lightning::ln::peer_handler::{
    ErroringMessageHandler, IgnoringMessageHandler, MessageHandler, PeerManager,
};
use payname_resolver::lightning::onion_message::messenger::Destination;
use payname_resolver::lightning::sign::KeysManager;
use payname_resolver::net::{Client, ProofSource as _};
use payname_resolver::onion::{Finding, OnionSource};
use payname_resolver::{Handle, TrustAnchors, UnixTime};
use payname_tests::World;
use payname_tests::world::RECORD_TTL;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::URI;
use super::node::{Messenger, Node, Quiet, Route};

type Peers = PeerManager<
    SocketDescriptor,
    Arc<ErroringMessageHandler>,
    IgnoringMessageHandler,
    Arc<Messenger>,
    Arc<Quiet>,
    IgnoringMessageHandler,
    Arc<KeysManager>,
    IgnoringMessageHandler,
>;

/// A node with sockets; whenever its handler has something to send, a task sends it.
fn online(seed: u8) -> (Arc<Node>, Arc<Peers>) {
    let something = Arc::new(Notify::new());
    let told = Arc::clone(&something);
    let now = UnixTime::from(SystemTime::now());
    let node = Node::along(seed, now, Route::default(), |handler| {
        handler.when_sending(move || told.notify_one())
    });
    let handlers = MessageHandler {
        chan_handler: Arc::new(ErroringMessageHandler::new()),
        route_handler: IgnoringMessageHandler {},
        onion_message_handler: Arc::clone(&node.messenger),
        custom_message_handler: IgnoringMessageHandler {},
        send_only_message_handler: IgnoringMessageHandler {},
    };
    let keys = Arc::clone(&node.keys);
    let peers = PeerManager::new(handlers, 0, &[seed; 32], Arc::new(Quiet), keys);
    let peers = Arc::new(peers);
    let sending = Arc::downgrade(&peers);
    tokio::spawn(async move {
        loop {
            something.notified().await;
            match sending.upgrade() {
                Some(peers) => peers.process_events(),
                None => return,
            }
        }
    });
    (Arc::new(node), peers)
}

/// Answers every job from a world, as a node that serves others would.
async fn serve(node: Arc<Node>, client: Client, anchors: TrustAnchors) {
    loop {
        let job = node.handler.next_job().await;
        let owner = job.name().name();
        let now = SystemTime::now().into();
        let finding = match client.gather_at(owner, RecordType::TXT).await {
            Ok(gathered) => Finding::sort(&gathered.proof, owner, &anchors, now),
            Err(_) => Finding::Failed,
        };
        node.handler.finish(&job, &finding);
    }
}

#[tokio::test]
async fn a_name_is_proven_over_a_lightning_connection() {
    let world = World::with_zone("example.test")
        .record("alice", URI)
        .start()
        .await
        .unwrap();
    let (asker, asking) = online(1);
    let (resolver, resolving) = online(2);
    let client = Client::new(world.recursor().address().into()).unwrap();
    tokio::spawn(serve(Arc::clone(&resolver), client, world.anchors()));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepting = Arc::clone(&resolving);
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        setup_inbound(accepting, stream.into_std().unwrap()).await;
    });
    let connected = connect_outbound(Arc::clone(&asking), resolver.id(), address).await;
    tokio::spawn(connected.unwrap());
    let shaken_hands = async {
        while asking.list_peers().is_empty() || resolving.list_peers().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), shaken_hands)
        .await
        .unwrap();

    let alice: Handle = "alice@example.test".parse().unwrap();
    let now = UnixTime::from(SystemTime::now());
    let asked = [resolver.asked_by(&asker)];
    let mut lookup = asker.handler.ask(&alice, asked, now.plus(20));
    let proof = tokio::time::timeout(Duration::from_secs(10), lookup.next()).await;
    let proof = proof.unwrap().unwrap();
    let verified = proof.verify(&alice, &world.anchors(), now).unwrap();
    assert_eq!(verified.uri(), URI);

    // The same node as one of several sources; nobody else knows this name.
    let patience = Duration::from_secs(10);
    let node = Destination::Node(resolver.id());
    let source = OnionSource::new(Arc::clone(&asker.handler), node, patience);
    let gathered = source.gather(&alice).await.unwrap();
    assert_eq!(gathered.proof, proof);
    assert_eq!(gathered.ttl, RECORD_TTL);
    let stranger = Destination::Node(asker.id());
    let nobody = OnionSource::new(
        Arc::clone(&asker.handler),
        stranger,
        Duration::from_millis(50),
    );
    let silence = nobody.gather(&alice).await.unwrap_err();
    assert!(silence.to_string().starts_with("1 of 1 Lightning nodes"));
}
