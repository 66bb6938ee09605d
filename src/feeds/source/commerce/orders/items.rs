//! What was ordered: the lines of an order.

use serde_json::{Value, json};

use super::super::context::Context;
use super::super::eav::Entity;
use super::record::{Children, Column, Form, list_or_null, load};
use super::{Batch, notes};
use crate::commerce::database::{DatabaseError, Snapshot};

const COLUMNS: &[Column] = &[
    ("itemId", "u.uuid", Form::Uuid),
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
    // The line of a parent product has its child's SKU; a parent that is gone leaves that one.
    ("productSku", "COALESCE(p.sku, i.sku)", Form::TextOrNull),
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
const ADDITIONAL: &str = "additionalInformation";
const TOGETHER: &str = "itemsShippedTogether";

/// The lines of these orders, each with its order.
pub(super) async fn load_items(
    snapshot: &mut Snapshot,
    context: &Context,
    batch: &Batch,
) -> Result<Children, DatabaseError> {
    let from = format!(
        "{item} i LEFT JOIN {uuid} u ON u.entity_id = i.item_id AND u.type = 'order_item' \
         LEFT JOIN {product} p ON p.entity_id = i.product_id AND i.product_type IN ('configurable', 'bundle'){is_current} \
         WHERE i.order_id IN ({ids}) ORDER BY i.item_id",
        item = context.table("sales_order_item"),
        uuid = context.table("data_exporter_uuid"),
        product = context.table(Entity::Product.table()),
        is_current = context.is_current(Entity::Product, "p"),
        ids = batch.ids,
    );
    let mut items = load(snapshot, "i.order_id", "i.item_id", COLUMNS, &from).await?;
    for item in &mut items {
        let entries = notes::entries(&item.take_text(ADDITIONAL));
        item.put(ADDITIONAL, list_or_null(entries));
        let together = are_shipped_together(item.fields.get("productType"), item.fields.get("productOptions"));
        item.put(TOGETHER, json!(together));
    }
    Ok(Children::of(items))
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
