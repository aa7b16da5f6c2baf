//! What each `tor` of a private network is told.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// How many seconds apart the first votes are.
const FIRST_INTERVAL: u64 = 5;
/// How many seconds from the authority's start the first consensus is good: time for the relays to
/// announce themselves, and four seconds for the vote.
const LEAD: u64 = 7;

/// How the authority is known to all others.
#[derive(Debug)]
pub(super) struct Authority {
    pub(super) relay: SocketAddr,
    pub(super) directory: SocketAddr,
    /// The fingerprint of the key that votes.
    pub(super) identity: String,
    /// The fingerprint of its key as a relay.
    pub(super) fingerprint: String,
}

/// What a `tor` is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Role {
    Authority,
    Exit {
        at: SocketAddr,
    },
    Client {
        socks: SocketAddr,
        control: SocketAddr,
    },
}

/// The text of a torrc(5).
pub(super) fn text(
    root: &Path,
    folder: &Path,
    name: &str,
    authority: &Authority,
    role: Role,
) -> String {
    let Authority {
        relay,
        directory,
        identity,
        fingerprint,
    } = authority;
    let (root, folder) = (root.display(), folder.display());
    let role = match role {
        Role::Authority => {
            let offset = voting_offset();
            // Asked for by all others, and no exit, so that every circuit begins here.
            format!(
                "Nickname {name}
ORPort {relay}
DirPort {directory}
Address 127.0.0.1
SocksPort 0
ContactInfo nobody@example.test
ExitPolicy reject *:*
AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
TestingV3AuthInitialVotingInterval {FIRST_INTERVAL}
TestingV3AuthInitialVoteDelay 2
TestingV3AuthInitialDistDelay 2
TestingV3AuthVotingStartOffset {offset}
V3AuthVotingInterval 10
V3AuthVoteDelay 2
V3AuthDistDelay 2
"
            )
        }
        // No cache of directories: it would be asked for what it does not have yet. Nor does it know
        // the other relays at once.
        Role::Exit { at } => format!(
            "Nickname {name}
ORPort {at}
Address 127.0.0.1
SocksPort 0
ContactInfo nobody@example.test
DirCache 0
ExitRelay 1
ExitPolicy accept *:*
ExitPolicyRejectPrivate 0
RefuseUnknownExits 0
ServerDNSResolvConfFile {root}/resolv.conf
ServerDNSDetectHijacking 0
ServerDNSTestAddresses
"
        ),
        // Without conflux, where one stream may take two circuits, and without guards: with one relay
        // to choose from, a client that finds it unfit at first waits for long.
        Role::Client { socks, control } => format!(
            "ClientOnly 1
SocksPort {socks}
ControlPort {control}
ConfluxEnabled 0
UseEntryGuards 0
"
        ),
    };
    format!(
        "{role}TestingTorNetwork 1
AssumeReachable 1
PathsNeededToBuildCircuits 0.67
TestingDirAuthVoteExit *
TestingDirAuthVoteGuard *
TestingMinExitFlagThreshold 0
V3AuthNIntervalsValid 2
DirAuthority authority orport={} v3ident={identity} {directory} {fingerprint}
DataDirectory {folder}
ShutdownWaitLength 0
SafeLogging 0
Log notice stdout
",
        relay.port()
    )
}

/// Votes happen at round times of the clock; this shifts them to suit the start.
fn voting_offset() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    (now.map_or(0, |now| now.as_secs()) + LEAD) % FIRST_INTERVAL
}
