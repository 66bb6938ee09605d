//! What was ordered: the lines of an order.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::super::eav::Entity;
use super::notes;
use super::record::{Children, Column, Form, Reader, Record, list_or_null};
use crate::commerce::database::{DatabaseError, in_list};

const COLUMNS: &[Column] = &[
    ("itemId", "i.item_id", Form::Uuid("order_item")),
    ("entityId", "i.item_id", Form::Text),
    ("parentEntityId", "i.parent_item_id", Form::Text),
    ("isVirtual", "i.is_virtual", Form::Flag),
    ("qtyInvoiced", "i.qty_invoiced", Form::Number),
    ("qtyShipped", "i.qty_shipped", Form::Number),
    ("qtyBackordered", "i.qty_backordered", Form::Number),
    ("qtyOrdered", "i.qty_ordered", Form::Number),
    ("qtyRefunded", "i.qty_refunded", Form::Number),
    ("qtyCanceled", "i.qty_canceled", Form::Number),
    ("productType", "i.product_type", Form::Text),
    ("productOptions", "i.product_options", Form::Text),
    ("sku", "i.sku", Form::Text),
    (PRODUCT_SKU, "i.sku", Form::TextOrNull),
    (PRODUCT_ID, "i.product_id", Form::Whole),
    ("name", "i.name", Form::Text),
    ("qty", "i.qty_ordered", Form::Whole),
    ("unitPrice", "i.base_price", Form::Number),
    ("itemPrice", "i.base_row_total", Form::Number),
    ("discountAmount", "i.base_discount_amount", Form::Number),
    ("taxAmount", "i.base_tax_amount", Form::Number),
    ("totalAmount", "i.base_row_total_incl_tax", Form::Number),
    ("weight", "i.weight", Form::Number),
    ("updatedAt", "i.updated_at", Form::Time),
    (ADDITIONAL, "i.additional_data", Form::Text),
];
const PRODUCT_SKU: &str = "productSku";
/// Taken out again: which product was ordered.
const PRODUCT_ID: &str = "productId";
const ADDITIONAL: &str = "additionalInformation";
const TOGETHER: &str = "itemsShippedTogether";

/// The lines of these orders, each with its order.
pub(super) async fn load_items(reader: &mut Reader<'_>) -> Result<Children, DatabaseError> {
    let context = reader.context;
    let from = format!(
        "{item} i WHERE i.order_id IN ({ids}) ORDER BY i.item_id",
        item = context.table("sales_order_item"),
        ids = reader.ids,
    );
    let mut items = reader.load("i.order_id", "i.item_id", COLUMNS, &from).await?;
    let parents: Vec<Option<u64>> = items.iter_mut().map(parent_product).collect();
    let skus = load_skus(reader, &parents).await?;
    for (item, parent) in items.iter_mut().zip(parents) {
        if let Some(sku) = parent.and_then(|parent| skus.get(&parent)) {
            item.put(PRODUCT_SKU, json!(sku));
        }
        let entries = notes::entries(&item.take_text(ADDITIONAL));
        item.put(ADDITIONAL, list_or_null(entries));
        let together = are_shipped_together(item.fields.get("productType"), item.fields.get("productOptions"));
        item.put(TOGETHER, json!(together));
    }
    Ok(Children::of(items))
}

/// The product whose SKU stands for the line: that of a parent product has its child's.
fn parent_product(item: &mut Record) -> Option<u64> {
    let id = item.fields.remove(PRODUCT_ID).and_then(|id| id.as_u64());
    let product_type = item.fields.get("productType").and_then(Value::as_str);
    id.filter(|_| matches!(product_type, Some("configurable" | "bundle")))
}

/// The SKUs of these products. One that is gone has none.
async fn load_skus(reader: &mut Reader<'_>, products: &[Option<u64>]) -> Result<HashMap<u64, String>, DatabaseError> {
    let ids: BTreeSet<u64> = products.iter().copied().flatten().collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT p.entity_id, p.sku FROM {product} p WHERE p.entity_id IN ({ids}){is_current}",
        product = reader.context.table(Entity::Product.table()),
        ids = in_list(ids),
        is_current = reader.context.is_current(Entity::Product, "p"),
    );
    let skus: Vec<(u64, Option<String>)> = reader.rest().rows(&sql).await?;
    Ok(skus.into_iter().filter_map(|(id, sku)| Some((id, sku?))).collect())
}

/// A configurable product is one thing. What a bundle consists of is shipped together if its options say so. A line without options
/// says nothing.
fn are_shipped_together(product_type: Option<&Value>, options: Option<&Value>) -> bool {
    let Some(options) = options.and_then(Value::as_str) else { return false };
    match product_type.and_then(Value::as_str) {
        Some("configurable") => true,
        Some("bundle") => {
            let options: Value = serde_json::from_str(options).unwrap_or_default();
            match &options["shipment_type"] {
                Value::Number(number) => number.as_i64() == Some(0),
                Value::String(text) => text.trim().parse() == Ok(0),
                _ => false,
            }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn together(product_type: &str, options: &str) -> bool {
        are_shipped_together(Some(&json!(product_type)), Some(&json!(options)))
    }

    #[test]
    fn what_is_shipped_together() {
        assert!(together("configurable", "{}"));
        assert!(together("bundle", r#"{"shipment_type": "0"}"#));
        assert!(together("bundle", r#"{"shipment_type": 0}"#));
        assert!(!together("bundle", r#"{"shipment_type": "1"}"#));
        assert!(!together("bundle", "{}"));
        assert!(!together("bundle", "a:1:{s:3:\"old\";i:0;}"));
        assert!(!together("simple", r#"{"shipment_type": 0}"#));
        assert!(!are_shipped_together(Some(&json!("configurable")), None));
        assert!(!are_shipped_together(None, None));
    }
}
