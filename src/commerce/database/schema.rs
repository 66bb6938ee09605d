//! What kind of Commerce schema a database holds: found from its columns, never from an edition's name.

use std::collections::{BTreeMap, BTreeSet};

use super::error::DatabaseError;
use super::settings::DatabaseSettings;
use super::snapshot::Snapshot;
use crate::untrusted::SafeText;

/// Without these, no feed can be read.
pub(super) const OF_A_SHOP: &[&str] = &[
    "store",
    "store_group",
    "store_website",
    "core_config_data",
    "eav_attribute",
    "catalog_product_entity",
    "catalog_category_entity",
];

/// The column by which value tables point to their entity (feed map, head).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkColumn {
    /// `entity_id`: one row for each entity.
    #[default]
    EntityId,
    /// `row_id`: one row for each staged version of an entity.
    RowId,
}

impl LinkColumn {
    /// The column's name.
    pub fn name(self) -> &'static str {
        match self {
            LinkColumn::EntityId => "entity_id",
            LinkColumn::RowId => "row_id",
        }
    }
}

/// What kind of Commerce schema this is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// How product value tables point to `catalog_product_entity`.
    pub product_link: LinkColumn,
    /// How category value tables point to `catalog_category_entity`.
    pub category_link: LinkColumn,
    /// The names of all tables and views, without the prefix.
    tables: BTreeSet<String>,
    /// Whether a table that is not listed is not there. A user with rights on single tables sees no others.
    pub(super) sees_all: bool,
    /// Who the server says we are: `shop@%`.
    pub(super) account: String,
}

impl Schema {
    /// Whether there is such a table or view; the name is without the prefix.
    pub fn has(&self, table: &str) -> bool {
        self.tables.contains(table)
    }

    pub(super) async fn detect(
        snapshot: &mut Snapshot,
        settings: &DatabaseSettings,
        required: &[&'static str],
    ) -> Result<Self, DatabaseError> {
        let prefix = &settings.table_prefix;
        let names: Vec<String> =
            snapshot.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()").await?;
        let tables: BTreeSet<String> =
            names.iter().filter_map(|name| name.strip_prefix(prefix.as_str())).map(str::to_owned).collect();
        let missing: Vec<&str> = required.iter().copied().filter(|name| !tables.contains(*name)).collect();
        if let Some(first) = missing.first() {
            let (is_elsewhere, reason) = reason(&names, &missing, prefix);
            // A table that this user may not read is not listed either.
            if !is_elsewhere
                && let Err(denied @ DatabaseError::Denied { .. }) = readable(snapshot, &settings.table(first)).await
            {
                return Err(denied);
            }
            return Err(DatabaseError::NotCommerce {
                address: settings.address_text(),
                database: SafeText::new(&settings.database),
                reason,
            });
        }
        let columns: Vec<(String, String)> = snapshot
            .rows_with(
                "SELECT table_name, column_name FROM information_schema.columns \
                 WHERE table_schema = DATABASE() AND column_name IN ('row_id', 'entity_id') AND table_name IN (?, ?)",
                (format!("{prefix}catalog_product_entity_int"), format!("{prefix}catalog_category_entity_int")),
            )
            .await?;
        let mut links: BTreeMap<&str, LinkColumn> = BTreeMap::new();
        for (table, column) in &columns {
            if column == LinkColumn::RowId.name() {
                links.insert(table.strip_prefix(prefix.as_str()).unwrap_or(table), LinkColumn::RowId);
            }
        }
        let link = |table| links.get(table).copied().unwrap_or_default();
        let nobodys = readable(snapshot, &settings.table(Self::NOBODYS_TABLE)).await;
        let account = snapshot.rows("SELECT CURRENT_USER()").await?.into_iter().next().unwrap_or_default();
        Ok(Self {
            sees_all: !matches!(nobodys, Err(DatabaseError::Denied { .. })),
            account,
            product_link: link("catalog_product_entity_int"),
            category_link: link("catalog_category_entity_int"),
            tables,
        })
    }
}

/// Whether a table can be read; `table` is a quoted name.
pub(super) async fn readable(snapshot: &mut Snapshot, table: &str) -> Result<(), DatabaseError> {
    snapshot.rows::<u64>(&format!("SELECT 1 FROM {table} LIMIT 0")).await.map(|_| ())
}

/// Whether what is missing is there under another prefix, and what is missing.
fn reason(names: &[String], missing: &[&str], prefix: &str) -> (bool, SafeText) {
    let listed = missing.iter().map(|name| format!("{prefix}{name}")).collect::<Vec<_>>().join(", ");
    let other = names.iter().find_map(|name| name.strip_suffix("catalog_product_entity"));
    let (is_elsewhere, text) = match other {
        Some(found) if found != prefix => {
            (true, format!("the tables {listed} are missing, but some exist with the prefix {found:?}"))
        }
        _ if names.is_empty() => (false, "it has no tables that this user may see".to_owned()),
        _ => (false, format!("the tables {listed} are missing")),
    };
    (is_elsewhere, SafeText::new(&text))
}
