//! What reaches only some records of a feed and has no log: what it is now, and which records another state of it reaches.

use std::collections::BTreeSet;

use sha1::{Digest, Sha1};

use super::super::changes::{Before, Details, IndexLog, NewRows, Shape};
use super::context::Context;
use super::eav::Entity;
use super::products;
use crate::commerce::database::{Database, DatabaseError, LinkColumn, Snapshot, in_list};
use crate::domain::Feed;

/// Keys in one query.
const AT_ONCE: usize = 1_000;

/// The tables of attribute options.
const OPTIONS: [&str; 3] = ["eav_attribute_option", "eav_attribute_option_value", "eav_attribute_option_swatch"];

/// The server's own checksums of these tables, in their order.
pub(super) async fn checksums(
    database: &Database,
    snapshot: &mut Snapshot,
    tables: &[&str],
) -> Result<Vec<String>, DatabaseError> {
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<String> = tables.iter().map(|table| database.table(table)).collect();
    let rows: Vec<(String, Option<u64>)> = snapshot.rows(&format!("CHECKSUM TABLE {}", names.join(", "))).await?;
    Ok(rows.into_iter().map(|(_, checksum)| checksum.unwrap_or_default().to_string()).collect())
}

/// One hash of many.
pub(super) fn fingerprint(details: &Details) -> String {
    let parts = details.iter().map(|(key, hash)| format!("{key} {hash}"));
    format!("{:016x}", hash_of(parts))
}

/// A hash of texts that stays the same from one version of this program to the next.
pub(super) fn hash_of<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> u64 {
    let mut sha1 = Sha1::new();
    for part in parts {
        let part = part.as_ref();
        sha1.update((part.len() as u64).to_be_bytes());
        sha1.update(part);
    }
    let digest: [u8; 20] = sha1.finalize().into();
    digest[..8].iter().fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

/// The attributes of products or categories: a hash of what they are called and where their values lie.
pub(super) async fn attributes(
    database: &Database,
    snapshot: &mut Snapshot,
    entity: Entity,
) -> Result<String, DatabaseError> {
    let sql = format!(
        "SELECT CONCAT_WS(' ', a.attribute_id, QUOTE(a.attribute_code), QUOTE(a.backend_type)) FROM {attribute} a \
         JOIN {entity_type} t ON t.entity_type_id = a.entity_type_id WHERE t.entity_type_code = '{code}' \
         ORDER BY a.attribute_id",
        attribute = database.table("eav_attribute"),
        entity_type = database.table("eav_entity_type"),
        code = entity.type_code()
    );
    let lines: Vec<Option<String>> = snapshot.rows(&sql).await?;
    Ok(format!("{:016x}", hash_of(lines.into_iter().flatten())))
}

/// Whether the records of a feed are staged.
pub(super) fn is_staged(database: &Database, feed: Feed) -> bool {
    entity_of(feed).is_some_and(|entity| entity.link(database) == LinkColumn::RowId)
}

fn entity_of(feed: Feed) -> Option<Entity> {
    match feed {
        Feed::Products | Feed::Prices | Feed::Variants | Feed::InventoryStockStatus => Some(Entity::Product),
        Feed::Categories => Some(Entity::Category),
        _ => None,
    }
}

/// The checksum of all attribute options.
pub(super) async fn options_checksum(database: &Database, snapshot: &mut Snapshot) -> Result<String, DatabaseError> {
    let tables: Vec<&str> = OPTIONS.into_iter().filter(|table| database.schema().has(table)).collect();
    Ok(checksums(database, snapshot, &tables).await?.join(" "))
}

/// The path of every category in every store view, as products show it.
pub(super) async fn category_paths(snapshot: &mut Snapshot, context: &Context) -> Result<Details, DatabaseError> {
    let paths = products::category_paths(snapshot, context).await?;
    // A path that is not there is distinguished from every other by its marker.
    let parts = |paths: Vec<Option<String>>| {
        paths.into_iter().map(|path| path.map_or_else(String::new, |path| format!("/{path}")))
    };
    Ok(paths.into_iter().map(|(category, paths)| (category, hash_of(parts(paths)))).collect())
}

/// The highest number in a table; `None` if there is no such table.
pub(super) async fn highest(
    database: &Database,
    snapshot: &mut Snapshot,
    rows: NewRows,
) -> Result<Option<u64>, DatabaseError> {
    let (table, number) = table_of(rows);
    if !database.schema().has(table) {
        return Ok(None);
    }
    let sql = format!("SELECT COALESCE(MAX({number}), 0) FROM {}", database.table(table));
    Ok(snapshot.rows::<u64>(&sql).await?.first().copied())
}

fn table_of(rows: NewRows) -> (&'static str, &'static str) {
    match rows {
        NewRows::UrlRewrites => ("url_rewrite", "url_rewrite_id"),
        NewRows::Options => ("catalog_product_option", "option_id"),
        NewRows::OptionValues => ("catalog_product_option_type_value", "option_type_id"),
        NewRows::Links => ("catalog_product_link", "link_id"),
    }
}

/// What is kept of a shape, so that another state of it can be distinguished record by record.
pub(super) async fn details(
    database: &Database,
    snapshot: &mut Snapshot,
    context: &Context,
    shape: Shape,
) -> Result<Details, DatabaseError> {
    match shape {
        Shape::Options => options(database, snapshot).await,
        Shape::CategoryPaths => category_paths(snapshot, context).await,
        Shape::NewRows(_) | Shape::Versions | Shape::Indexed(_) => Ok(Details::new()),
    }
}

/// Everything about each option, as a hash.
async fn options(database: &Database, snapshot: &mut Snapshot) -> Result<Details, DatabaseError> {
    let mut details = Details::new();
    let has = |table: &&str| database.schema().has(table);
    for table in OPTIONS.into_iter().filter(has) {
        let columns = match table {
            "eav_attribute_option" => "attribute_id, sort_order",
            "eav_attribute_option_value" => "store_id, value_id, QUOTE(value)",
            _ => "store_id, swatch_id, type, QUOTE(value)",
        };
        let sql =
            format!("SELECT option_id, CONCAT_WS(',', {columns}) FROM {} ORDER BY option_id", database.table(table));
        for (option, text) in snapshot.rows::<(u64, Option<String>)>(&sql).await? {
            // Several rows of one option, in whatever order the server gives them.
            let entry = details.entry(option).or_insert(0_u64);
            *entry = entry.wrapping_add(hash_of([table, text.as_deref().unwrap_or_default()]));
        }
    }
    Ok(details)
}

/// The records of a feed that another state of a shape reaches.
pub(super) async fn reached(
    database: &Database,
    snapshot: &mut Snapshot,
    context: &Context,
    feed: Feed,
    shape: Shape,
    before: &Before,
    now: &Before,
) -> Result<Vec<u64>, DatabaseError> {
    let number = |value: &str| value.parse::<u64>().unwrap_or_default();
    match shape {
        Shape::Options => with_options(database, snapshot, &differing(&before.details, &now.details)).await,
        Shape::CategoryPaths => {
            in_categories(database, snapshot, context, &differing(&before.details, &now.details)).await
        }
        Shape::NewRows(rows) => owners(database, snapshot, rows, number(&before.value)).await,
        Shape::Versions => begun_or_ended(database, snapshot, feed, number(&before.value), number(&now.value)).await,
        Shape::Indexed(log) => indexed(database, snapshot, context, log, number(&before.value)).await,
    }
}

/// The keys whose hashes differ, or that only one of the two has.
fn differing(before: &Details, now: &Details) -> Vec<u64> {
    let keys: BTreeSet<u64> = before.keys().chain(now.keys()).copied().collect();
    keys.into_iter().filter(|key| before.get(key) != now.get(key)).collect()
}

/// Products that have one of these options, as one value or among several.
async fn with_options(
    database: &Database,
    snapshot: &mut Snapshot,
    options: &[u64],
) -> Result<Vec<u64>, DatabaseError> {
    let mut found = BTreeSet::new();
    let link = Entity::Product.link(database).name();
    let product = database.table("catalog_product_entity");
    for options in options.chunks(AT_ONCE) {
        let listed = in_list(options);
        let attributes = format!(
            "SELECT DISTINCT attribute_id FROM {} WHERE option_id IN ({listed})",
            database.table("eav_attribute_option")
        );
        let attributes: Vec<u64> = snapshot.rows(&attributes).await?;
        let one = format!(
            "SELECT DISTINCT p.entity_id FROM {} v JOIN {product} p ON p.{link} = v.{link} WHERE v.value IN ({listed}) \
             AND v.attribute_id IN (SELECT attribute_id FROM {} WHERE frontend_input IN ('select', 'multiselect') \
             OR attribute_id IN ({}))",
            database.table("catalog_product_entity_int"),
            database.table("eav_attribute"),
            in_list(&attributes)
        );
        found.extend(snapshot.rows::<u64>(&one).await?);
        for table in ["catalog_product_entity_varchar", "catalog_product_entity_text"] {
            let several = format!(
                "SELECT DISTINCT p.entity_id FROM {} v JOIN {product} p ON p.{link} = v.{link} \
                 WHERE v.attribute_id IN ({}) AND CONCAT(',', v.value, ',') REGEXP ',({}),'",
                database.table(table),
                in_list(&attributes),
                options.iter().map(u64::to_string).collect::<Vec<_>>().join("|")
            );
            found.extend(snapshot.rows::<u64>(&several).await?);
        }
    }
    Ok(found.into_iter().collect())
}

/// Products that are shown in one of these categories, or assigned to it.
async fn in_categories(
    database: &Database,
    snapshot: &mut Snapshot,
    context: &Context,
    categories: &[u64],
) -> Result<Vec<u64>, DatabaseError> {
    let mut tables = vec!["catalog_category_product".to_owned()];
    tables.extend(
        context.scopes.store_views.iter().map(|view| format!("catalog_category_product_index_store{}", view.id)),
    );
    tables.retain(|table| database.schema().has(table));
    let mut found = BTreeSet::new();
    for categories in categories.chunks(AT_ONCE) {
        for table in &tables {
            let sql = format!(
                "SELECT DISTINCT product_id FROM {} WHERE category_id IN ({})",
                database.table(table),
                in_list(categories)
            );
            found.extend(snapshot.rows::<u64>(&sql).await?);
        }
    }
    Ok(found.into_iter().collect())
}

/// The products to which rows belong that were added.
async fn owners(
    database: &Database,
    snapshot: &mut Snapshot,
    rows: NewRows,
    above: u64,
) -> Result<Vec<u64>, DatabaseError> {
    let (table, number) = table_of(rows);
    let table = database.table(table);
    let product = database.table("catalog_product_entity");
    let link = Entity::Product.link(database).name();
    let sql = match rows {
        NewRows::UrlRewrites => {
            format!("SELECT DISTINCT entity_id FROM {table} WHERE {number} > {above} AND entity_type = 'product'")
        }
        NewRows::Options | NewRows::Links => format!(
            "SELECT DISTINCT p.entity_id FROM {table} r JOIN {product} p ON p.{link} = r.product_id WHERE r.{number} > {above}"
        ),
        NewRows::OptionValues => format!(
            "SELECT DISTINCT p.entity_id FROM {table} r JOIN {options} o ON o.option_id = r.option_id \
             JOIN {product} p ON p.{link} = o.product_id WHERE r.{number} > {above}",
            options = database.table("catalog_product_option")
        ),
    };
    snapshot.rows(&sql).await
}

/// The products that the log of an index names above a version.
async fn indexed(
    database: &Database,
    snapshot: &mut Snapshot,
    context: &Context,
    log: IndexLog,
    above: u64,
) -> Result<Vec<u64>, DatabaseError> {
    let named = format!(
        "SELECT DISTINCT entity_id FROM {} WHERE version_id > {above}",
        database.table(&format!("{}_cl", log.view()))
    );
    match log {
        IndexLog::Products(_) => snapshot.rows(&named).await,
        IndexLog::SourceItems(_) => {
            let sql = format!(
                "SELECT DISTINCT p.entity_id FROM {items} i JOIN {product} p ON p.sku = i.sku \
                 WHERE i.source_item_id IN ({named})",
                items = database.table("inventory_source_item"),
                product = database.table("catalog_product_entity")
            );
            snapshot.rows(&sql).await
        }
        IndexLog::Categories(_) => {
            let category = database.table("catalog_category_entity");
            let sql = format!(
                "SELECT DISTINCT below.entity_id FROM {category} c JOIN {category} below \
                 ON below.entity_id = c.entity_id OR below.path LIKE CONCAT(c.path, '/%') WHERE c.entity_id IN ({named})"
            );
            let categories: Vec<u64> = snapshot.rows(&sql).await?;
            in_categories(database, snapshot, context, &categories).await
        }
    }
}

/// Records of which a staged version began or ended between two moments: what is current is decided by the clock alone.
async fn begun_or_ended(
    database: &Database,
    snapshot: &mut Snapshot,
    feed: Feed,
    from: u64,
    to: u64,
) -> Result<Vec<u64>, DatabaseError> {
    let Some(entity) = entity_of(feed) else { return Ok(Vec::new()) };
    // A clock that was put back makes versions current again.
    let (from, to) = (from.min(to), from.max(to));
    let sql = format!(
        "SELECT DISTINCT entity_id FROM {} WHERE (created_in > {from} AND created_in <= {to}) \
         OR (updated_in > {from} AND updated_in <= {to})",
        database.table(entity.table())
    );
    snapshot.rows(&sql).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_went_or_changed_differs() {
        let before = Details::from([(1, 10), (2, 20), (3, 30)]);
        let now = Details::from([(1, 10), (2, 21), (4, 40)]);
        assert_eq!(differing(&before, &now), [2, 3, 4]);
        assert_eq!(differing(&now, &now), [0_u64; 0]);
    }
}
