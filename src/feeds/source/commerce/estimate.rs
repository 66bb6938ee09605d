//! How many items a feed will have, by count queries alone: nothing of an item is read.
//!
//! The counts leave out what only reading can tell (records that turn out broken), so they are an estimate; on a sound
//! catalogue they are exact but for catalog rules of websites whose day differs from the database's.

use crate::commerce::database::{Database, DatabaseError, LinkColumn, Snapshot};
use crate::domain::Feed;

/// The stock whose items come from the default source only (feed map §7).
const DEFAULT_STOCK: u64 = 1;

/// How many items the feed will have. `source_records` is what `count` said.
pub(super) async fn items(database: &Database, feed: Feed, source_records: u64) -> Result<u64, DatabaseError> {
    let mut snapshot = database.snapshot().await?;
    let counter = Counter { database, snapshot: &mut snapshot };
    let items = counter.items(feed, source_records).await;
    snapshot.end().await;
    items
}

struct Counter<'a> {
    database: &'a Database,
    snapshot: &'a mut Snapshot,
}

impl Counter<'_> {
    async fn items(mut self, feed: Feed, source_records: u64) -> Result<u64, DatabaseError> {
        match feed {
            Feed::ScopesWebsite | Feed::ScopesCustomerGroup | Feed::Orders => Ok(source_records),
            Feed::ProductAttributes => Ok(source_records * self.store_views().await?),
            Feed::Categories => self.categories().await,
            Feed::Products => self.products().await,
            Feed::Prices => self.prices().await,
            Feed::Variants => self.count("FROM {catalog_product_super_link}").await,
            Feed::InventoryStockStatus => self.stock_status().await,
            Feed::ProductOverrides => {
                let website = "JOIN {store} s ON s.store_id = i.store_id";
                let of = "SELECT DISTINCT i.product_id, i.customer_group_id, s.website_id";
                self.count(&format!("FROM ({of} FROM {{magento_catalogpermissions_index_product}} i {website}) t"))
                    .await
            }
            Feed::CategoryPermissions => self.count("FROM {magento_catalogpermissions_index}").await,
        }
    }

    async fn store_views(&mut self) -> Result<u64, DatabaseError> {
        self.count("FROM {store} WHERE store_id <> 0").await
    }

    /// A category has an item in each store view whose root it is, or lies under.
    async fn categories(&mut self) -> Result<u64, DatabaseError> {
        let rows = match self.database.schema().category_link {
            LinkColumn::EntityId => "{catalog_category_entity}",
            // Staged versions repeat a category.
            LinkColumn::RowId => "(SELECT DISTINCT entity_id, path FROM {catalog_category_entity})",
        };
        let root = "FIND_IN_SET(g.root_category_id, REPLACE(c.path, '/', ','))";
        self.count(&format!("FROM {rows} c JOIN {{store_group}} g ON {root} JOIN {{store}} s ON s.group_id = g.group_id WHERE s.store_id <> 0"))
            .await
    }

    /// A product has an item in each store view of each website that sells it.
    async fn products(&mut self) -> Result<u64, DatabaseError> {
        self.count(
            "FROM {catalog_product_website} w JOIN {store} s ON s.website_id = w.website_id WHERE s.store_id <> 0",
        )
        .await
    }

    /// One fallback price for each website that sells a product, and one for each customer group with a price of its own there.
    async fn prices(&mut self) -> Result<u64, DatabaseError> {
        let database = self.database;
        let link = database.schema().product_link.name();
        let priced = "p.type_id NOT IN ('configurable', 'giftcard')";
        let sold = "FROM {catalog_product_entity} p JOIN {catalog_product_website} w ON w.product_id = p.entity_id";
        let fallback =
            self.count(&format!("FROM (SELECT DISTINCT p.entity_id, w.website_id {sold} WHERE {priced}) t")).await?;
        let mut groups = Vec::new();
        if database.schema().has("catalog_product_entity_tier_price") {
            groups.push(format!(
                "SELECT p.entity_id, w.website_id, t.customer_group_id {sold} \
                 JOIN {{catalog_product_entity_tier_price}} t ON t.{link} = p.{link} \
                 WHERE {priced} AND t.all_groups = 0 AND t.website_id IN (0, w.website_id)"
            ));
        }
        if database.schema().has("catalogrule_product_price") {
            groups.push(format!(
                "SELECT p.entity_id, w.website_id, r.customer_group_id {sold} JOIN {{catalogrule_product_price}} r \
                 ON r.product_id = p.entity_id AND r.website_id = w.website_id WHERE {priced} AND r.rule_date = CURRENT_DATE"
            ));
        }
        if groups.is_empty() {
            return Ok(fallback);
        }
        // UNION, not UNION ALL: a group that has both kinds of price has one item.
        Ok(fallback + self.count(&format!("FROM ({}) g", groups.join(" UNION "))).await?)
    }

    async fn stock_status(&mut self) -> Result<u64, DatabaseError> {
        let database = self.database;
        let sql = format!("SELECT stock_id FROM {} ORDER BY stock_id", database.table("inventory_stock"));
        let stocks: Vec<u64> = self.snapshot.rows(&sql).await?;
        let mut items = 0;
        for stock in stocks {
            let index = format!("inventory_stock_{stock}");
            if !database.schema().has(&index) {
                continue;
            }
            let joined = if stock == DEFAULT_STOCK {
                "JOIN {cataloginventory_stock_item} i ON i.product_id = p.entity_id \
                 JOIN {inventory_source_item} s ON s.sku = p.sku AND s.source_code = 'default'"
            } else {
                ""
            };
            items += self
                .count(&format!(
                    "FROM (SELECT DISTINCT p.entity_id FROM {{catalog_product_entity}} p \
                     JOIN {{{index}}} x ON x.sku = p.sku {joined}) t"
                ))
                .await?;
        }
        Ok(items)
    }

    /// Counts rows; names in braces are tables without their prefix.
    async fn count(&mut self, from: &str) -> Result<u64, DatabaseError> {
        let mut sql = "SELECT COUNT(*) ".to_owned();
        for (at, part) in from.split(['{', '}']).enumerate() {
            // The parts between a pair of braces are those with an odd number.
            sql.push_str(&if at % 2 == 1 { self.database.table(part) } else { part.to_owned() });
        }
        Ok(self.snapshot.rows::<u64>(&sql).await?.first().copied().unwrap_or_default())
    }
}
