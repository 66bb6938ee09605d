//! Feed items from a Commerce database: keyset pages, each read in one short read-only snapshot.
//!
//! How a feed is read: `walk` takes the next ids of the feed's source table (keyset, never an offset), and the feed's own
//! file turns these ids into items with a fixed number of queries, whatever the page size:
//!
//! ```text
//! pub(super) async fn page(snapshot: &mut Snapshot, context: &Context, ids: &[u64]) -> Result<Vec<Collected>, DatabaseError>
//! ```
//!
//! All products are walked by `product_walk` instead, which reads ahead: they are most of a shop.
//!
//! What the feeds share, all of it in `context::Context`, which is read once per feed:
//!
//! | file | for |
//! |---|---|
//! | `context` | table names, link columns, current staged version; holds the three below |
//! | `databases` | the shop's database, and that of its orders where they have one of their own |
//! | `scope` | websites, stores, store views; the scope triple of an item |
//! | `setting`, `effective` | the settings that feeds need; what is in force of variables, files, database and modules |
//! | `base_urls` | the base URLs of a store view |
//! | `directives` | the directives of the page editor in descriptions |
//! | `eav` | attribute metadata; attribute values of a page of entities, row presence deciding |
//! | `url_path` | the path of a category, made of URL keys |
//! | `keys` | the keys of a page, as a condition of its queries |
//! | `page_size` | how much is in a page |
//!
//! This room must never know what happens to an item after it is collected.

mod attributes;
mod base_urls;
mod categories;
mod category_permissions;
mod change_log;
mod context;
mod databases;
mod dependents;
mod directives;
mod eav;
mod effective;
mod entity_values;
mod estimate;
mod fingerprints;
mod following;
mod keys;
mod once;
mod orders;
mod page;
mod page_size;
mod permissions;
mod prices;
mod product_facts;
mod product_overrides;
mod product_walk;
mod products;
mod scope;
mod scopes;
mod setting;
mod shapes;
mod stock_status;
mod tables;
mod url_path;
mod variants;
mod walk;

pub(super) use walk::why_unknown;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OnceCell, mpsc};

use super::{IdKind, Page, Resolved, Selection, SourceError};
use context::Run;
use databases::Databases;
use effective::Settings;

use crate::bounds::DEFAULT_ORDER_DAYS;
use crate::commerce::database::{Database, DatabaseError, DatabaseSettings};
use crate::commerce::settings::Sources;
use crate::domain::{Feed, MappedAttribute};
use crate::untrusted::SafeText;
use crate::variables::Variables;

pub use effective::{InForce, SettingError};
pub use product_facts::{CategoryFacts, ChildFacts, ProductFacts, Scoped, ViewFacts};

/// A connected Commerce database. Clones share the pool.
#[derive(Debug, Clone)]
pub struct Commerce {
    /// With their schemas as they were looked at last.
    databases: Arc<Mutex<Databases>>,
    /// The tables that must have rows.
    expected: BTreeSet<String>,
    /// The tables that each feed was read from.
    used: Arc<Mutex<HashMap<Feed, BTreeSet<String>>>>,
    order_days: u32,
    /// What counts as now; the clock's own time unless [`Self::at`] says otherwise.
    now: Option<Timestamp>,
    /// The installation whose files and variables count beside the database.
    installation: Installation,
    /// What products have besides their own.
    attributes: Arc<[MappedAttribute]>,
    /// What is the same for every feed of the run that has begun.
    run: Option<Arc<OnceCell<Run>>>,
}

/// Where settings are set besides the database. Read again for each run: files may change while a shop is watched.
#[derive(Debug, Clone, Default)]
pub struct Installation {
    /// Its root directory, if it is on this server.
    pub root: Option<PathBuf>,
    /// The environment variables of this process.
    pub variables: Variables,
}

/// The table that Adobe Commerce has for gift cards.
const GIFT_CARDS: &str = "magento_giftcard_amount";
const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

impl Commerce {
    /// Connects and finds out what kind of schema this is.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, SourceError> {
        // The error's feed is only named by a query, and the first feed is what anyone would read first.
        let main = Database::connect(settings).await.map_err(|error| SourceError::of(Feed::ScopesWebsite, error))?;
        Ok(Self {
            databases: Arc::new(Mutex::new(Databases { main, orders: None })),
            expected: BTreeSet::new(),
            used: Arc::default(),
            order_days: DEFAULT_ORDER_DAYS,
            now: None,
            installation: Installation::default(),
            attributes: Arc::default(),
            run: None,
        })
    }

    /// The same, with orders that changed within so many days in a full sync; 0 = all orders.
    #[must_use]
    pub fn with_order_days(self, order_days: u32) -> Self {
        Self { order_days, ..self }
    }

    /// The same, with the settings that this installation's files and variables have.
    #[must_use]
    pub fn with_installation(self, installation: Installation) -> Self {
        Self { installation, ..self }
    }

    /// The same, with attributes that products have besides their own.
    #[must_use]
    pub fn with_attributes(self, attributes: Vec<MappedAttribute>) -> Self {
        Self { attributes: attributes.into(), ..self }
    }

    /// The same with the orders' tables in a database of their own (a split database): those in the first are old, if there are any.
    pub async fn with_orders_in(self, settings: &DatabaseSettings) -> Result<Self, SourceError> {
        let connected = Database::connect_to(settings, databases::ORDER_TABLES).await;
        let orders = connected.map_err(|error| SourceError::of(Feed::Orders, error))?;
        let databases = Databases { orders: Some(orders), ..self.databases() };
        Ok(Self { databases: Arc::new(Mutex::new(databases)), ..self })
    }

    /// The same for one run: every feed sees the same settings and the same moment.
    #[must_use]
    pub fn for_run(&self) -> Self {
        Self { run: Some(Arc::default()), ..self.clone() }
    }

    /// The moment that counts as now: that of the run that has begun, if one has.
    fn moment_of_run(&self) -> Timestamp {
        let of_run = self.run.as_ref().and_then(|run| run.get()).map(|run| run.now);
        of_run.or(self.now).unwrap_or_else(Timestamp::now)
    }

    /// The settings in force and the moment: those of the run that has begun, or else of now.
    async fn run(&self, database: &Database, feed: Feed) -> Result<Arc<OnceCell<Run>>, SourceError> {
        let cell = self.run.clone().unwrap_or_default();
        cell.get_or_try_init(|| async {
            let now = self.moment_of_run();
            let settings = self.settings_now(database).await.map_err(|error| SourceError::of_setting(feed, error))?;
            let attributes = Arc::clone(&self.attributes);
            Ok::<_, SourceError>(Run { now, settings: Arc::new(settings), attributes })
        })
        .await?;
        Ok(cell)
    }

    async fn settings_now(&self, database: &Database) -> Result<Settings, SettingError> {
        let Installation { root, variables } = self.installation.clone();
        let sources = tokio::task::spawn_blocking(move || Sources::read_if_there(root.as_deref(), variables)).await;
        let sources =
            sources.map_err(|error| SettingError::Interrupted { reason: SafeText::new(&error.to_string()) })??;
        Settings::load(database, &sources).await
    }

    /// Every setting that shapes items, as it is in force now, with its origin.
    ///
    /// # Errors
    /// [`SettingError`] if one of them cannot be known.
    pub async fn settings_in_force(&self) -> Result<Vec<InForce>, SettingError> {
        Ok(self.settings_now(&self.databases().main).await?.in_force())
    }

    /// The same database, read as if it were another moment: which of the prices that are good for one day only are today's.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        Self { now: Some(now), ..self }
    }

    /// The same database, of which a feed is only read while these tables have rows.
    #[must_use]
    pub fn expecting(&self, filled: BTreeSet<String>) -> Self {
        Self { expected: filled, ..self.clone() }
    }

    /// The database with its schema as it is now: a pass of a watch may find another than the one before.
    async fn look(&self, feed: Feed) -> Result<Databases, SourceError> {
        self.look_for(feed, tables::tables(feed)).await
    }

    async fn look_for(&self, feed: Feed, needed: &[&str]) -> Result<Databases, SourceError> {
        let databases = self.databases().look_again(&self.expected, needed).await;
        let databases = databases.map_err(|error| SourceError::of(feed, error))?;
        *self.databases.lock().unwrap_or_else(PoisonError::into_inner) = databases.clone();
        Ok(databases)
    }

    fn databases(&self) -> Databases {
        self.databases.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the tables that the feed depends on are as they should be.
    ///
    /// # Errors
    /// [`SourceError::Reading`] if they are not.
    pub async fn check_tables(&self, feed: Feed) -> Result<(), SourceError> {
        let databases = self.look(feed).await?;
        let database = databases.of(feed);
        let check = || async {
            let mut snapshot = database.snapshot().await?;
            databases.check_tables(feed, database, &mut snapshot).await?;
            snapshot.end().await;
            Ok(())
        };
        database.persist(check).await.map_err(|error| SourceError::of(feed, error))
    }

    /// The tables that the feed was read from and that have rows, and those that were expected; `None` if nothing was read.
    pub async fn filled(&self, feed: Feed) -> Result<Option<BTreeSet<String>>, SourceError> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner).get(&feed).cloned();
        let Some(mut tables) = used else { return Ok(None) };
        tables.extend(self.expected.iter().cloned());
        let databases = self.databases();
        let filled = databases.main.persist(|| databases.filled_tables(&tables)).await;
        filled.map(Some).map_err(|error| SourceError::of(feed, error))
    }

    /// The base URL of the whole installation; `None` if none is set.
    pub async fn base_url(&self) -> Result<Option<String>, SourceError> {
        let run = self.run(&self.databases().main, Feed::ScopesWebsite).await?;
        Ok(run.get().and_then(|run| run.settings.base_url()).map(str::to_owned))
    }

    /// What it is connected to.
    pub fn settings(&self) -> DatabaseSettings {
        self.databases().main.settings().clone()
    }

    /// The feeds that are built for this schema: those whose tables are there.
    pub async fn feeds(&self) -> Result<Vec<Feed>, SourceError> {
        let needed: Vec<&str> = Feed::ALL.into_iter().flat_map(tables::tables).copied().collect();
        self.look_for(Feed::ScopesWebsite, &needed).await?;
        Ok(Feed::ALL.into_iter().filter(|feed| self.has(*feed)).collect())
    }

    /// The feeds that are not built for this schema, and why: one sentence each.
    pub fn absent(&self) -> Vec<(Feed, SafeText)> {
        Feed::ALL.into_iter().filter_map(|feed| Some((feed, self.reason_of_absence(feed)?))).collect()
    }

    /// Whether the catalogue has a gift card. Without Adobe Commerce's table for them there is none.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn has_gift_cards(&self) -> Result<bool, SourceError> {
        let database = self.databases().main;
        if !database.schema().has(GIFT_CARDS) {
            return Ok(false);
        }
        let sql =
            format!("SELECT 1 FROM {} WHERE type_id = 'giftcard' LIMIT 1", database.table("catalog_product_entity"));
        let look = || async {
            let mut snapshot = database.snapshot().await?;
            let found: Vec<u64> = snapshot.rows(&sql).await?;
            snapshot.end().await;
            Ok(!found.is_empty())
        };
        database.persist(look).await.map_err(|error| SourceError::of(Feed::Products, error))
    }

    /// How many source records a feed has: one count query.
    ///
    /// # Errors
    /// If the database does not answer, or [`SourceError::NoSuchFeed`].
    pub async fn count(&self, feed: Feed) -> Result<Option<u64>, SourceError> {
        let databases = self.look(feed).await?;
        self.check(feed)?;
        let since = self.orders_since();
        let count = databases.main.persist(|| walk::count(&databases, feed, since)).await;
        count.map(Some).map_err(|error| SourceError::of(feed, error))
    }

    /// How many items a feed has, by count queries alone.
    ///
    /// # Errors
    /// If the database does not answer, or [`SourceError::NoSuchFeed`].
    pub async fn estimate(&self, feed: Feed) -> Result<u64, SourceError> {
        let count = self.count(feed).await?.unwrap_or_default();
        let database = self.databases().main;
        database.persist(|| estimate::items(&database, feed, count)).await.map_err(|error| SourceError::of(feed, error))
    }

    /// The next source keys of a feed above `after`, in order; at most `limit`.
    ///
    /// # Errors
    /// If the database does not answer, or [`SourceError::NoSuchFeed`].
    pub async fn keys_after(&self, feed: Feed, after: Option<u64>, limit: usize) -> Result<Vec<u64>, SourceError> {
        self.check(feed)?;
        let databases = self.databases();
        let since = self.orders_since();
        let keys = databases.main.persist(|| walk::keys_after(&databases, feed, since, after, limit)).await;
        keys.map_err(|error| SourceError::of(feed, error))
    }

    /// How long the server took for all queries of this program so far.
    pub fn query_time(&self) -> Duration {
        self.databases().query_time()
    }

    /// Streams the records of a feed.
    ///
    /// # Errors
    /// If the database does not answer, or [`SourceError::NoSuchFeed`].
    pub async fn read(&self, feed: Feed, selection: &Selection, pages: mpsc::Sender<Page>) -> Result<(), SourceError> {
        let databases = self.look(feed).await?;
        self.check(feed)?;
        self.check_category_index(&databases.main, feed).await?;
        let cell = self.run(&databases.main, feed).await?;
        let Some(run) = cell.get() else { return Ok(()) };
        let read = Box::pin(walk::read(&databases, feed, self.orders_since(), run, selection, &pages)).await;
        read.map_err(|error| SourceError::of(feed, error))?;
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.entry(feed).or_default().extend(databases.used_tables());
        Ok(())
    }

    /// What looks like a mistake in what a feed is made of, and is sent all the same: one sentence each, with counts.
    ///
    /// # Errors
    /// If the database does not answer, or [`SourceError::NoSuchFeed`].
    pub async fn warnings(&self, feed: Feed) -> Result<Vec<SafeText>, SourceError> {
        let databases = self.look(feed).await?;
        self.check(feed)?;
        let cell = self.run(&databases.main, feed).await?;
        let Some(run) = cell.get() else { return Ok(Vec::new()) };
        walk::warnings(&databases, feed, run).await.map_err(|error| SourceError::of(feed, error))
    }

    /// The records that a person's words stand for.
    ///
    /// # Errors
    /// If the database does not answer, or [`SourceError::NoSuchFeed`].
    pub async fn resolve(&self, feed: Feed, words: &[String], kind: IdKind) -> Result<Resolved, SourceError> {
        let databases = self.look(feed).await?;
        self.check(feed)?;
        databases
            .main
            .persist(|| walk::resolve(&databases, feed, words, kind))
            .await
            .map_err(|error| SourceError::of(feed, error))
    }

    /// These keys, and those of the records that show something of the records with these keys.
    ///
    /// # Errors
    /// If the database does not answer, or [`SourceError::NoSuchFeed`].
    pub async fn with_dependents(&self, feed: Feed, keys: Vec<u64>) -> Result<Vec<u64>, SourceError> {
        let database = self.look(feed).await?.main;
        self.check(feed)?;
        database
            .persist(|| dependents::with_dependents(&database, feed, keys.clone()))
            .await
            .map_err(|error| SourceError::of(feed, error))
    }

    /// When an order must have changed at the latest to be part of a full sync; `None` for all orders.
    fn orders_since(&self) -> Option<Timestamp> {
        let seconds = i64::from(self.order_days) * SECONDS_PER_DAY;
        let since = Timestamp::from_second(self.moment_of_run().as_second() - seconds);
        since.ok().filter(|_| self.order_days > 0)
    }

    fn has(&self, feed: Feed) -> bool {
        self.reason_of_absence(feed).is_none()
    }

    /// Which of a feed's tables are missing, in one sentence; `None` if none is.
    fn reason_of_absence(&self, feed: Feed) -> Option<SafeText> {
        let databases = self.databases();
        let missing: Vec<&str> = tables::tables(feed).iter().copied().filter(|table| !databases.lists(table)).collect();
        match missing[..] {
            [] => None,
            [table] => Some(SafeText::new(&format!("its table {table} is missing"))),
            _ => Some(SafeText::new(&format!("its tables {} are missing", missing.join(", ")))),
        }
    }

    fn check(&self, feed: Feed) -> Result<(), SourceError> {
        self.reason_of_absence(feed).map_or(Ok(()), |reason| Err(self.no_such_feed(feed, reason)))
    }

    /// Without the category index of a store view, its products would be sent as if they were in no category.
    async fn check_category_index(&self, database: &Database, feed: Feed) -> Result<(), SourceError> {
        if feed != Feed::Products {
            return Ok(());
        }
        let missing = products::missing_category_index(database).await;
        match missing.map_err(|error| SourceError::of(feed, error))? {
            None => Ok(()),
            Some(table) => Err(self.no_such_feed(
                feed,
                SafeText::new(&format!(
                    "its table {table} is missing; bin/magento indexer:reindex catalog_category_product creates it"
                )),
            )),
        }
    }

    fn no_such_feed(&self, feed: Feed, reason: SafeText) -> SourceError {
        let source_name = SafeText::new(&format!("the database {}", self.databases().of(feed).settings().database));
        SourceError::NoSuchFeed { feed, source_name, reason }
    }
}

/// What every page of a feed shares, as it is now.
async fn context_of(databases: &Databases, run: &Run) -> Result<context::Context, DatabaseError> {
    let mut snapshot = databases.main.snapshot().await?;
    let context = context::Context::load(databases, &mut snapshot, run).await?;
    snapshot.end().await;
    Ok(context)
}

impl SourceError {
    /// A setting that is not known.
    fn of_setting(feed: Feed, error: SettingError) -> Self {
        match error {
            SettingError::Database(error) => Self::of(feed, error),
            error => Self::Setting(error),
        }
    }

    /// A database's error while `feed` was read.
    fn of(feed: Feed, error: DatabaseError) -> Self {
        match error {
            DatabaseError::Unreachable { .. } | DatabaseError::NotCommerce { .. } | DatabaseError::TlsFile { .. } => {
                Self::Database(error)
            }
            error => Self::Reading { feed, error },
        }
    }
}
