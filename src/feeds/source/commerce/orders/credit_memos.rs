//! What was given back: credit memos with their lines, comments and taxes.

use std::collections::HashMap;

use serde_json::Value;

use super::super::context::Context;
use super::record::{Children, Column, Form, Reader, list_or_null};
use crate::commerce::database::DatabaseError;

const MEMOS: &[Column] = &[
    ("creditMemoId", "m.entity_id", Form::Uuid("credit_memo")),
    ("entityId", "m.entity_id", Form::Text),
    ("state", "m.state", Form::Whole),
    ("createdAt", "m.created_at", Form::Time),
    ("shippingAmount", "m.base_shipping_amount", Form::Number),
    ("shippingTaxAmount", "m.base_shipping_tax_amount", Form::Number),
    ("adjustment", "m.base_adjustment", Form::Number),
    ("currency", "m.base_currency_code", Form::Text),
    ("subtotal", "m.base_subtotal", Form::Number),
    ("productsTaxAmount", "m.base_tax_amount", Form::Number),
    ("grandTotal", "m.base_grand_total", Form::Number),
    ("commerceCreditMemoNumber", "m.increment_id", Form::Text),
];
const ITEMS: &[Column] = &[
    ("orderItemId", "i.order_item_id", Form::Uuid("order_item")),
    ("qtyRefunded", "i.qty", Form::Number),
    ("basePrice", "i.base_price", Form::Number),
    (
        "baseRowTotal",
        "COALESCE(i.qty, 0) * COALESCE(i.base_price, 0) - COALESCE(i.base_discount_amount, 0)",
        Form::Number,
    ),
];
const COMMENTS: &[Column] = &[("comment", "c.comment", Form::Text)];
const ORDER_TAXES: &[Column] = &[
    ("taxName", "t.title", Form::Text),
    ("taxType", "x.taxable_item_type", Form::Text),
    ("taxAmount", "t.base_amount", Form::Number),
];
const LINE_TAXES: &[Column] = &[
    ("taxName", "t.title", Form::Text),
    ("taxType", "x.taxable_item_type", Form::Text),
    ("taxAmount", "x.amount", Form::Number),
];

/// The credit memos of these orders.
pub(super) async fn load_credit_memos(reader: &mut Reader<'_>) -> Result<Children, DatabaseError> {
    let context = reader.context;
    if !context.has_table("sales_creditmemo") {
        return Ok(Children::default());
    }
    let from = format!(
        "{memo} m WHERE m.order_id IN ({ids}) ORDER BY m.entity_id",
        memo = context.table("sales_creditmemo"),
        ids = reader.ids,
    );
    let memos = reader.load("m.order_id", "m.entity_id", MEMOS, &from).await?;
    let mut items = load_items(reader).await?;
    let mut comments = load_comments(reader).await?;
    let mut taxes = load_taxes(reader).await?;
    let mut list = Children::default();
    for mut memo in memos {
        let (comments, count) = comments.remove(&memo.id).unwrap_or_default();
        memo.put("refundItems", items.take(memo.id));
        memo.put("creditMemoComments", list_or_null(comments));
        memo.put("refundTaxes", taxes.take(memo.id));
        // Odd, and the exporter's: a memo is there once for each of its comments.
        for _ in 0..count.max(1) {
            list.add(memo.owner, Value::Object(memo.fields.clone()));
        }
    }
    Ok(list)
}

/// What each memo gives back, line by line, with the taxes of the ordered line.
async fn load_items(reader: &mut Reader<'_>) -> Result<Children, DatabaseError> {
    let context = reader.context;
    if !context.has_table("sales_creditmemo_item") {
        return Ok(Children::default());
    }
    let line = context.table("sales_creditmemo_item");
    let memo = context.table("sales_creditmemo");
    let ids = reader.ids.clone();
    let from = format!(
        "{line} i JOIN {memo} m ON m.entity_id = i.parent_id WHERE m.order_id IN ({ids}) ORDER BY i.entity_id",
    );
    let mut items = reader.load("i.parent_id", "i.entity_id", ITEMS, &from).await?;
    let mut taxes = Children::default();
    if has_taxes(context) {
        // By the ordered line: Adobe's exporter compares it with the key of the memo's own line, which is another table's.
        let from = format!(
            "{line} i JOIN {memo} m ON m.entity_id = i.parent_id JOIN {tax} t ON t.order_id = m.order_id \
             JOIN {tax_item} x ON x.tax_id = t.tax_id AND x.item_id = i.order_item_id \
             WHERE m.order_id IN ({ids}) ORDER BY i.entity_id, x.tax_item_id",
            tax = context.table("sales_order_tax"),
            tax_item = context.table("sales_order_tax_item"),
        );
        taxes = Children::of(reader.load("i.entity_id", "x.tax_item_id", LINE_TAXES, &from).await?);
    }
    for item in &mut items {
        item.put("productTaxes", taxes.take(item.id));
    }
    Ok(Children::of(items))
}

/// The texts of each memo's comments, and how many comments there are: one may have no text.
async fn load_comments(reader: &mut Reader<'_>) -> Result<HashMap<u64, (Vec<Value>, usize)>, DatabaseError> {
    let context = reader.context;
    let mut comments: HashMap<u64, (Vec<Value>, usize)> = HashMap::new();
    if context.has_table("sales_creditmemo_comment") {
        let from = format!(
            "{comment} c JOIN {memo} m ON m.entity_id = c.parent_id \
             WHERE m.order_id IN ({ids}) ORDER BY c.entity_id",
            comment = context.table("sales_creditmemo_comment"),
            memo = context.table("sales_creditmemo"),
            ids = reader.ids,
        );
        for mut comment in reader.load("c.parent_id", "c.entity_id", COMMENTS, &from).await? {
            let (texts, count) = comments.entry(comment.owner).or_default();
            texts.extend(comment.fields.remove("comment"));
            *count += 1;
        }
    }
    Ok(comments)
}

/// The taxes of the order, once for each kind of thing that was taxed.
async fn load_taxes(reader: &mut Reader<'_>) -> Result<Children, DatabaseError> {
    let context = reader.context;
    if !has_taxes(context) {
        return Ok(Children::default());
    }
    let from = format!(
        "{memo} m JOIN {tax} t ON t.order_id = m.order_id \
         JOIN (SELECT DISTINCT tax_id, taxable_item_type FROM {tax_item} WHERE tax_id IN \
         (SELECT o.tax_id FROM {tax} o WHERE o.order_id IN ({ids}))) x ON x.tax_id = t.tax_id \
         WHERE m.order_id IN ({ids}) ORDER BY m.entity_id, t.tax_id, x.taxable_item_type",
        memo = context.table("sales_creditmemo"),
        tax = context.table("sales_order_tax"),
        tax_item = context.table("sales_order_tax_item"),
        ids = reader.ids,
    );
    Ok(Children::of(reader.load("m.entity_id", "t.tax_id", ORDER_TAXES, &from).await?))
}

fn has_taxes(context: &Context) -> bool {
    context.has_table("sales_order_tax") && context.has_table("sales_order_tax_item")
}
