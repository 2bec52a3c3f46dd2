//! The world an operation may reach: the store, the clock, randomness, keys, messages.

use std::fmt;
use std::sync::{Arc, Weak};

use cognate_crypto::srp;
use cognate_store::{MISSED, Options, Store};

use crate::accounts::lockout::Lanes;
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::Directory;
use crate::inbox::Inbox;
use crate::master_key;
use crate::messages::email::Mailer;
use crate::messages::sms::Texter;
use crate::outbound::Outbound;
use crate::rng::Rng;
use crate::seals::Seals;
use crate::threat::Threat;
use crate::tokens::keys::SigningKeys;
use crate::tokens::prune;
use crate::tokens::verify::Verified;
use crate::triggers::Targets;
use crate::triggers::encryption_sdk::WrappingKey;
use crate::workers::Workers;

/// Jobs that may wait for a worker before requests are shed.
const WORKER_QUEUE: usize = 4096;

/// Everything below the API reaches the world through this.
#[derive(Debug)]
pub struct Context {
    pub config: Config,
    pub store: Store,
    pub clock: Clock,
    pub rng: Rng,
    pub seals: Seals,
    pub workers: Workers,
    pub directory: Directory,
    pub signing_keys: SigningKeys,
    /// Access tokens whose signature was checked.
    pub verified: Verified,
    pub mailer: Mailer,
    pub texter: Texter,
    /// The messages captured in `dev`.
    pub inbox: Inbox,
    /// Requests that the server makes itself.
    pub outbound: Outbound,
    /// Where a pool's functions are.
    pub targets: Targets,
    /// What encrypts codes for custom senders.
    pub wrapping_key: WrappingKey,
    /// Whose password is being tried right now.
    pub lockout: Lanes,
    /// What threat protection looks into.
    pub threat: Threat,
    /// Itself, for work that outlives a request.
    itself: Weak<Context>,
}

/// Why a server cannot start, in words that say what to do.
#[derive(Debug)]
pub struct Unready(String);

impl Unready {
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for Unready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unready {}

impl Context {
    /// Opens and migrates the store, checks the master key, starts the workers.
    pub async fn new(config: &Config) -> Result<Arc<Self>, Unready> {
        Self::with(config, Clock::System, Rng::System).await
    }

    /// The same with a clock and randomness of one's own, as tests have them.
    pub async fn with(config: &Config, clock: Clock, rng: Rng) -> Result<Arc<Self>, Unready> {
        let store = open_store(config)?;
        store
            .migrate()
            .await
            .map_err(|error| Unready::new(format!("The database cannot be brought up to date: {error}")))?;
        let master = master_key::load(config, &rng)?;
        master_key::check(&store, &master).await?;
        let threads = match config.workers.crypto_threads {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            threads => threads,
        };
        let workers = Workers::start(threads, WORKER_QUEUE)
            .map_err(|error| Unready::new(format!("The worker threads cannot be started: {error}")))?;
        srp::prepare();
        let inbox = Inbox::default();
        let mailer = Mailer::new(&config.mail, &inbox).map_err(|error| Unready::new(error.to_string()))?;
        let texter = Texter::new(&config.sms, &inbox).map_err(|error| Unready::new(error.to_string()))?;
        let outbound = Outbound::new(config).map_err(|error| Unready::new(error.to_string()))?;
        let targets = Targets::new(config).map_err(|error| Unready::new(error.to_string()))?;
        let wrapping_key = WrappingKey::new(config).map_err(|error| Unready::new(error.to_string()))?;
        let threat = Threat::load(config)?;
        let cx = Arc::new_cyclic(|itself| Self {
            outbound,
            targets,
            wrapping_key,
            texter,
            seals: Seals::new(&master),
            config: config.clone(),
            store,
            clock,
            rng,
            workers,
            directory: Directory::default(),
            signing_keys: SigningKeys::default(),
            verified: Verified::default(),
            mailer,
            inbox,
            lockout: Lanes::default(),
            itself: Weak::clone(itself),
            threat,
        });
        listen_for_changes(&cx);
        prune::keep_pruned(&cx);
        Ok(cx)
    }

    /// A share of the context, for work that outlives a request.
    pub fn shared(&self) -> Arc<Self> {
        self.itself.upgrade().expect("whoever borrows the context keeps a share of it alive")
    }
}

/// Opens the store the configuration names.
pub fn open_store(config: &Config) -> Result<Store, Unready> {
    Store::open(config.store.url.expose(), &Options::default())
        .map_err(|error| Unready::new(format!("The database cannot be opened: {error}. Check store.url.")))
}

/// Forgets what another node changed, for as long as the context lives.
fn listen_for_changes(cx: &Arc<Context>) {
    let mut changes = cx.store.subscribe();
    let cx = Arc::downgrade(cx);
    tokio::spawn(async move {
        loop {
            let message = match changes.recv().await {
                Ok(message) => Some(message).filter(|message| message != MISSED),
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => None,
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
            };
            let Some(cx) = cx.upgrade() else { return };
            cx.directory.forget(message.as_deref());
            cx.threat.forget(message.as_deref());
        }
    });
}
