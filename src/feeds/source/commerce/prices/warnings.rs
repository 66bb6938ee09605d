//! What looks like a mistake in the prices of a shop, and is sent all the same, as Adobe's exporter sends it.

use super::super::context::Context;
use super::super::eav::Entity;
use super::super::setting::ShopSetting;
use super::batch::attribute;
use crate::commerce::database::{DatabaseError, Snapshot, in_list};
use crate::untrusted::SafeText;

/// The days on which special prices begin and end; a shop may have no such table.
const DATES: &str = "catalog_product_entity_datetime";

/// What a person should know of the prices, with counts: one sentence each.
pub(in super::super) async fn warnings(
    snapshot: &mut Snapshot,
    context: &Context,
) -> Result<Vec<SafeText>, DatabaseError> {
    let mut warnings = Vec::new();
    if !context.settings.is_on_everywhere(ShopSetting::PricesOfWebsites) {
        let count = left_over(snapshot, context).await?;
        if count > 0 {
            warnings.push(match count {
                1 => "1 product has store-view prices although prices are global, sent anyway".into(),
                _ => format!("{count} products have store-view prices although prices are global, sent anyway").into(),
            });
        }
    }
    let count = outside_dates(snapshot, context).await?;
    if count > 0 {
        warnings.push(match count {
            1 => "1 special price is outside its dates, sent anyway".into(),
            _ => format!("{count} special prices are outside their dates, sent anyway").into(),
        });
    }
    Ok(warnings)
}

/// Products with a price of a store view.
async fn left_over(snapshot: &mut Snapshot, context: &Context) -> Result<u64, DatabaseError> {
    let prices = ["price", "special_price"].into_iter().filter_map(|code| attribute(context, code));
    let sql = format!(
        "SELECT COUNT(DISTINCT e.entity_id) FROM {value} v JOIN {entity} e ON e.{link} = v.{link} \
         WHERE v.attribute_id IN ({prices}) AND v.store_id <> 0{is_current}",
        value = context.table("catalog_product_entity_decimal"),
        entity = context.table(Entity::Product.table()),
        link = context.link(Entity::Product),
        prices = in_list(prices),
        is_current = context.is_current(Entity::Product, "e"),
    );
    Ok(snapshot.rows(&sql).await?.first().copied().unwrap_or_default())
}

/// Special prices that begin after today or ended before: a store view without a day of its own has that of all.
async fn outside_dates(snapshot: &mut Snapshot, context: &Context) -> Result<u64, DatabaseError> {
    let codes = ["special_price", "special_from_date", "special_to_date"];
    let [Some(special), Some(from), Some(to)] = codes.map(|code| attribute(context, code)) else { return Ok(0) };
    if !context.has_table(DATES) {
        return Ok(0);
    }
    let link = context.link(Entity::Product);
    let join = |alias: &str, attribute: u32, store: &str| {
        format!(
            "LEFT JOIN {dates} {alias} ON {alias}.{link} = v.{link} AND {alias}.attribute_id = {attribute} \
             AND {alias}.store_id = {store}",
            dates = context.table(DATES),
        )
    };
    let joins = [
        join("own_from", from, "v.store_id"),
        join("all_from", from, "0"),
        join("own_to", to, "v.store_id"),
        join("all_to", to, "0"),
    ];
    let today = context.now.to_zoned(context.settings.time_zone(None)).date();
    let sql = format!(
        "SELECT COUNT(*) FROM {value} v JOIN {entity} e ON e.{link} = v.{link} {joins} \
         WHERE v.attribute_id = {special} AND v.value IS NOT NULL{is_current} \
         AND (DATE(IF(own_from.value_id IS NULL, all_from.value, own_from.value)) > '{today}' \
         OR DATE(IF(own_to.value_id IS NULL, all_to.value, own_to.value)) < '{today}')",
        value = context.table("catalog_product_entity_decimal"),
        entity = context.table(Entity::Product.table()),
        joins = joins.join(" "),
        is_current = context.is_current(Entity::Product, "e"),
    );
    Ok(snapshot.rows(&sql).await?.first().copied().unwrap_or_default())
}
