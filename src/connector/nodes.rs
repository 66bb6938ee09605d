//! The nodes that share a ledger: connecting to its database, working among them, and moving the ledger there and back.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::database;
use super::{Connector, explained};
use crate::cluster::{Claimed, Cluster, RENEW_EVERY, Worker, WorkerKind, blocking};
use crate::commerce::database::{DatabaseSettings, Tls};
use crate::config::LedgerPlace;
use crate::domain::DataSpaceId;
use crate::error::Problem;
use crate::export::ledger;
use crate::export::nodes::name_of;
use crate::export::owner::Owner;
use crate::export::{move_ledger_to_database, move_ledger_to_file};
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// The database of a shared ledger on the shop's own server.
const DATABASE: &str = "commerce_connector";

/// The claim of the one watch.
const WATCH: &str = "watch";

/// For how long this node's copy of a shared ledger counts as fresh for who looks into it.
const FRESH: Duration = Duration::from_secs(1);

/// The database that this process is connected to, and when this node's copy was last brought up to date.
#[derive(Debug, Default)]
pub(super) struct Shared {
    cluster: Option<(DatabaseSettings, Cluster)>,
    refreshed: Option<(DataSpaceId, Instant)>,
}

impl Connector {
    /// Whether the ledger is in a database that nodes share.
    pub fn has_shared_ledger(&self) -> bool {
        self.config().state.ledger == LedgerPlace::Database
    }

    /// The database of the shared ledger; `None` while the ledger is in a file.
    pub(super) async fn cluster(&self) -> Result<Option<Cluster>, Problem> {
        if self.has_shared_ledger() { self.connected_cluster().await.map(Some) } else { Ok(None) }
    }

    async fn connected_cluster(&self) -> Result<Cluster, Problem> {
        let settings = self.cluster_settings()?;
        let known = self.shared.nodes.lock().unwrap_or_else(PoisonError::into_inner).cluster.clone();
        if let Some((of, cluster)) = known
            && of == settings
        {
            return Ok(cluster);
        }
        let lease = Duration::from_secs(self.config().state.database.lease_seconds.into());
        let cluster = Cluster::open(&settings, lease).await.map_err(explained)?;
        self.shared.nodes.lock().unwrap_or_else(PoisonError::into_inner).cluster = Some((settings, cluster.clone()));
        Ok(cluster)
    }

    /// `[state.database]`, or the shop's server.
    fn cluster_settings(&self) -> Result<DatabaseSettings, Problem> {
        let layers = self.layers();
        let section = &layers.file.config().state.database;
        let tls = section
            .tls_ca_file
            .as_deref()
            .map(|path| Tls { ca_file: Some(layers.file.resolve(path)), ..Tls::default() });
        if let Some(url) = &section.url {
            return DatabaseSettings::from_url(url, "", tls)
                .map_err(|error| Problem::usage(format!("[state.database]: {error}")));
        }
        let shop = database::main_settings(&layers.file)
            .map_err(|problem| problem.hint("set [state.database] url, or state.ledger = \"file\""))?;
        Ok(DatabaseSettings {
            database: DATABASE.to_owned(),
            table_prefix: String::new(),
            tls: tls.or(shop.tls.clone()),
            ..shop
        })
    }

    /// Registers this process among the nodes that share the ledger of a data space; `None` while the ledger is in a file.
    pub(super) async fn begin_worker(
        &self,
        data_space: &DataSpaceId,
        kind: WorkerKind,
        request: &str,
    ) -> Result<Option<Arc<Worker>>, Problem> {
        let Some(cluster) = self.cluster().await? else { return Ok(None) };
        refuse_moved(&cluster, data_space).await?;
        register(&cluster, data_space, kind, request).await.map(Some)
    }

    /// The watches on other nodes that share the ledger of the chosen data space.
    ///
    /// # Errors
    /// A [`Problem`] if the database cannot be asked.
    pub async fn watches_of_nodes(&self) -> Result<Vec<Owner>, Problem> {
        let (Some(data_space), Some(cluster)) = (self.config().saas.environment_id, self.cluster().await?) else {
            return Ok(Vec::new());
        };
        let here = Owner::this_process().host;
        let workers = cluster.workers(&data_space).await.map_err(explained)?;
        let watches = workers.into_iter().filter(|worker| worker.kind == WorkerKind::Watch && !worker.has_ended);
        let owners = watches.filter_map(|worker| serde_json::from_str::<Owner>(&worker.owner).ok());
        Ok(owners.filter(|owner| owner.host != here).collect())
    }

    /// Brings this node's copy of a shared ledger up to date for who looks into it. Blocking.
    pub(super) fn refresh_copy(&self, data_space: &DataSpaceId) -> Result<(), Problem> {
        if !self.has_shared_ledger() {
            return Ok(());
        }
        let is_fresh = |(of, at): &(DataSpaceId, Instant)| of == data_space && at.elapsed() < FRESH;
        if self.shared.nodes.lock().unwrap_or_else(PoisonError::into_inner).refreshed.as_ref().is_some_and(is_fresh) {
            return Ok(());
        }
        let cluster = blocking(async {
            let cluster = self.connected_cluster().await?;
            refuse_moved(&cluster, data_space).await?;
            Ok::<_, Problem>(cluster)
        })?;
        ledger::refresh(&self.shared.state_dir, data_space, &cluster).map_err(explained)?;
        self.shared.nodes.lock().unwrap_or_else(PoisonError::into_inner).refreshed =
            Some((data_space.clone(), Instant::now()));
        Ok(())
    }

    /// Moves the ledger of the chosen data space into the database that nodes share, or back into a file of this server; `false` if there
    /// was nothing to move. Blocking.
    ///
    /// # Errors
    /// A [`Problem`] if an export is running on any node, if there is a ledger already, or if it cannot be read or written. The ledger
    /// then is where it was.
    pub fn move_ledger(&self, to: LedgerPlace) -> Result<bool, Problem> {
        let data_space = self.destination()?;
        let state_dir = &self.shared.state_dir;
        blocking(async {
            let cluster = self.connected_cluster().await?;
            let moved_to = cluster.moved_to(&data_space).await.map_err(explained)?;
            let head = cluster.head(&data_space).await.map_err(explained)?;
            let here = format!("{}:{}", Owner::this_process().host, crate::private_file::safe(state_dir));
            match to {
                LedgerPlace::Database if head.seq > 0 && moved_to.is_none() => {
                    return Err(Problem::usage("the database has a ledger of this data space already").hint(
                        "set state.ledger = \"database\" to use it; move a ledger file of this server away first",
                    ));
                }
                LedgerPlace::File if moved_to.as_ref().is_some_and(|place| *place != here) => {
                    refuse_moved(&cluster, &data_space).await?;
                }
                _ => {}
            }
            let worker = register(&cluster, &data_space, WorkerKind::Task, "move the ledger").await?;
            let moved = match to {
                LedgerPlace::Database => move_ledger_to_database(state_dir, &worker).map_err(explained),
                LedgerPlace::File => {
                    // Other nodes first: from then on they refuse to write.
                    cluster.move_to(&data_space, Some(&here)).await.map_err(explained)?;
                    let moved = move_ledger_to_file(state_dir, &worker).map_err(explained);
                    if moved.is_err() {
                        cluster.move_to(&data_space, None).await.map_err(explained)?;
                    }
                    moved
                }
            };
            if to == LedgerPlace::Database && moved.is_ok() {
                cluster.move_to(&data_space, None).await.map_err(explained)?;
            }
            worker.end(None).await.map_err(explained)?;
            moved
        })
    }
}

/// What asking to be the one watch of all nodes came to.
pub(super) enum TakenWatch {
    /// The ledger is not shared.
    Alone,
    /// This watch is the one.
    Taken(WatchPlace),
    /// Another one is.
    Held {
        /// Whose.
        holder: SafeText,
    },
}

/// The place of the one watch, for as long as its lease is renewed; it is free once this is dropped.
pub(super) struct WatchPlace {
    data_space: DataSpaceId,
    renewing: tokio::task::JoinHandle<()>,
    worker: Arc<Worker>,
}

impl WatchPlace {
    fn hold(worker: Arc<Worker>) -> Self {
        let renewed = Arc::clone(&worker);
        let renewing = tokio::spawn(async move {
            while renewed.renew(None).await.is_ok() {
                tokio::time::sleep(RENEW_EVERY).await;
            }
        });
        Self { data_space: worker.data_space().clone(), renewing, worker }
    }

    /// Whether it is held, for this data space.
    pub fn holds(&self, data_space: &DataSpaceId) -> bool {
        self.data_space == *data_space && !self.renewing.is_finished()
    }
}

impl Drop for WatchPlace {
    fn drop(&mut self) {
        self.renewing.abort();
        let worker = Arc::clone(&self.worker);
        // If that fails, or the program ends first, the lease runs out.
        tokio::spawn(async move { drop(worker.end(None).await) });
    }
}

impl Connector {
    /// Asks to be the one watch of all nodes that share the ledger.
    pub(super) async fn take_watch(&self, data_space: &DataSpaceId) -> Result<TakenWatch, Problem> {
        let Some(worker) = self.begin_worker(data_space, WorkerKind::Watch, "Watch").await? else {
            return Ok(TakenWatch::Alone);
        };
        match worker.claim(WATCH, false).await.map_err(explained)? {
            Claimed::Got { .. } => Ok(TakenWatch::Taken(WatchPlace::hold(worker))),
            Claimed::Held(holder) => {
                worker.end(None).await.map_err(explained)?;
                Ok(TakenWatch::Held { holder: name_of(&holder.owner) })
            }
        }
    }
}

async fn register(
    cluster: &Cluster,
    data_space: &DataSpaceId,
    kind: WorkerKind,
    request: &str,
) -> Result<Arc<Worker>, Problem> {
    // Names and numbers always serialize.
    let owner = serde_json::to_string(&Owner::this_process()).unwrap_or_default();
    cluster.begin_worker(data_space, kind, &owner, request).await.map(Arc::new).map_err(explained)
}

/// Refuses to use the shared ledger of a data space that is in a file of one node.
async fn refuse_moved(cluster: &Cluster, data_space: &DataSpaceId) -> Result<(), Problem> {
    let Some(place) = cluster.moved_to(data_space).await.map_err(explained)? else { return Ok(()) };
    let what = format!("the ledger of this data space was moved out of the database, to {place}");
    let hint = Hint::from("on that server, set state.ledger = \"file\", or run ")
        .and(Remedy::MoveLedger { to: "database".into() });
    Err(Problem::usage(what).hint(hint))
}
