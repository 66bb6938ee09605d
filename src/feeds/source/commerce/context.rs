//! What every page of a feed shares: table names, scopes, settings, attribute metadata. Read once per feed.

use std::sync::Arc;

use jiff::Timestamp;

use super::databases::Databases;
use super::eav::{Attributes, Entity};
use super::effective::Settings;
use super::once::Once;
use super::scope::Scopes;
use crate::commerce::database::{Database, DatabaseError, LinkColumn, Snapshot};
use crate::domain::MappedAttribute;

/// What every page of a feed shares.
#[derive(Debug)]
pub(super) struct Context {
    /// Websites, stores and store views, without the admin's.
    pub scopes: Scopes,
    /// What the shop configured, with its fallbacks.
    pub settings: Arc<Settings>,
    /// Every attribute of products.
    pub product_attributes: Attributes,
    /// Every attribute of categories.
    pub category_attributes: Attributes,
    /// What products have besides their own.
    pub attributes: Arc<[MappedAttribute]>,
    /// When the run began, by this machine's clock rather than the database server's: Commerce takes the date
    /// of its prices from the clock of the machine it runs on, and that is this one. One moment for all pages, so that a feed
    /// that is read over midnight is of one day.
    pub now: Timestamp,
    /// What some feeds need besides, read with the first page that needs it.
    pub once: Once,
    /// Where the tables are.
    pub databases: Databases,
    /// The staged version that the shop shows now; `None` without staging.
    version: Option<u64>,
}

impl Context {
    /// Reads it: a fixed number of queries, once per feed.
    pub(super) async fn load(databases: &Databases, snapshot: &mut Snapshot, run: &Run) -> Result<Self, DatabaseError> {
        let database = &databases.main;
        let scopes = Scopes::load(database, snapshot).await?;
        let product_attributes = Attributes::load(database, snapshot, Entity::Product).await?;
        let category_attributes = Attributes::load(database, snapshot, Entity::Category).await?;
        let version = current_version(database, run.now);
        Ok(Self {
            scopes,
            settings: Arc::clone(&run.settings),
            attributes: Arc::clone(&run.attributes),
            product_attributes,
            category_attributes,
            now: run.now,
            once: Once::default(),
            databases: databases.clone(),
            version,
        })
    }

    /// The full, quoted name of a table.
    pub(super) fn table(&self, name: &str) -> String {
        self.databases.table(name)
    }

    /// Whether there is such a table; the name is without the prefix.
    pub(super) fn has_table(&self, name: &str) -> bool {
        self.databases.has(name)
    }

    /// The column by which this entity's value tables (and bundle, downloadable, option, tier price tables, for products)
    /// point to it: `entity_id` or `row_id`.
    pub(super) fn link(&self, entity: Entity) -> &'static str {
        entity.link(&self.databases.main).name()
    }

    /// What must be in the `WHERE` of every query that reads the entity table as `alias`: with staging, an entity has a row
    /// for each version, and only the current one is the shop's. Begins with ` AND `; empty without staging.
    pub(super) fn is_current(&self, entity: Entity, alias: &str) -> String {
        match (entity.link(&self.databases.main), self.version) {
            (LinkColumn::RowId, Some(version)) => {
                format!(" AND {alias}.created_in <= {version} AND {alias}.updated_in > {version}")
            }
            _ => String::new(),
        }
    }
}

/// What is the same for every feed of a run.
#[derive(Debug)]
pub(super) struct Run {
    /// When it began, by this machine's clock.
    pub now: Timestamp,
    /// The settings in force.
    pub settings: Arc<Settings>,
    /// What products have besides their own.
    pub attributes: Arc<[MappedAttribute]>,
}

/// Staged versions are numbered by the second at which they begin, so the current one began at or before now.
fn current_version(database: &Database, now: Timestamp) -> Option<u64> {
    let schema = database.schema();
    let has_versions = schema.product_link != LinkColumn::EntityId || schema.category_link != LinkColumn::EntityId;
    u64::try_from(now.as_second()).ok().filter(|_| has_versions)
}
