//! `orders`: one item for each order that Commerce gave a UUID, with everything that followed it (feed map §9).
//!
//! Orders hold personal data, and the exporter sends them. Nothing of a row goes into a log or an error: a broken order is
//! named by its key alone.
//!
//! Each kind of record is a list of columns and one query for all orders of a page; records are put together by key in
//! memory. Lists are in the order of their keys; an empty one is null.
//!
//! | file | fields |
//! |---|---|
//! | `record` | none: rows as fields |
//! | `items` | items |
//! | `documents` | invoices, shipments, transactions |
//! | `credit_memos` | creditMemos |
//! | `notes` | additionalInformation: what payment methods and extensions noted down |
//!
//! A field whose column is NULL is absent; a list or an object without anything in it is null.
//!
//! This room must never know which orders are asked for, or what becomes of an item.

mod credit_memos;
mod documents;
mod items;
mod notes;
mod record;

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::super::{Broken, Collected};
use super::context::Context;
use crate::commerce::database::{DatabaseError, Snapshot};
use crate::feeds::content::Fields;
use crate::untrusted::SafeText;
use record::{Children, Column, Form, Reader, Record, list_or_null, put};

const UUID: &str = "orderId";
const STORE_VIEW: &str = "storeId";
const STATE: &str = "state";
const NUMBER: &str = "commerceOrderNumber";
const ID: &str = "commerceOrderId";
/// What the payment method noted down; put in another form.
const METHOD_NOTES: &str = "additionalInformation";

const ORDERS: &[Column] = &[
    (UUID, "o.entity_id", Form::Uuid("order")),
    (ID, "o.entity_id", Form::Text),
    (NUMBER, "o.increment_id", Form::Text),
    ("externalId/id", "o.entity_id", Form::Text),
    ("externalId/salesChannel", "'magento'", Form::Text),
    ("createdAt", "o.created_at", Form::Time),
    ("updatedAt", "o.updated_at", Form::Time),
    (STATE, "o.state", Form::Text),
    ("status", "o.status", Form::Text),
    ("totalInvoiced", "o.base_total_invoiced", Form::Number),
    ("totalQtyOrdered", "o.total_qty_ordered", Form::Number),
    ("isVirtual", "o.is_virtual", Form::Flag),
    ("subtotal", "o.base_subtotal", Form::Number),
    ("grandTotal", "o.base_grand_total", Form::Number),
    ("discountAmount", "o.base_discount_amount", Form::Number),
    ("currency", "o.base_currency_code", Form::Text),
    (STORE_VIEW, "o.store_id", Form::Whole),
    ("customerId", "o.customer_id", Form::Whole),
    ("customerEmail", "o.customer_email", Form::Text),
    ("customerNote", "o.customer_note", Form::Text),
    ("amountCapturedOnline", "p.base_amount_paid_online", Form::Number),
    ("amountRefundedOnline", "p.base_amount_refunded_online", Form::Number),
    ("amountAuthorized", "p.base_amount_authorized", Form::Number),
    ("amountPaid", "p.base_amount_paid", Form::Number),
    ("amountRefunded", "p.base_amount_refunded", Form::Number),
    ("amountCanceled", "p.base_amount_canceled", Form::Number),
    ("payment/paymentMethodCode", "p.method", Form::Text),
    (METHOD_NOTES, "p.additional_information", Form::Text),
    ("payment/totalAmount", "o.base_subtotal", Form::Number),
    ("payment/taxAmount", "o.base_tax_amount", Form::Number),
    ("payment/currency", "o.base_currency_code", Form::Text),
    ("shipping/shippingMethodCode", "o.shipping_method", Form::Text),
    ("shipping/shippingMethodName", "o.shipping_description", Form::Text),
    ("shipping/shippingAmount", "o.base_shipping_amount", Form::Number),
    ("shipping/shippingTax", "o.base_shipping_tax_amount", Form::Number),
];

const ADDRESS_TYPE: &str = "addressType";
const ADDRESSES: &[Column] = &[
    (ADDRESS_TYPE, "a.address_type", Form::Text),
    ("phone", "a.telephone", Form::Text),
    ("region", "a.region", Form::Text),
    ("postcode", "a.postcode", Form::Text),
    ("street", "a.street", Form::Text),
    ("city", "a.city", Form::Text),
    ("country", "a.country_id", Form::Text),
    ("firstname", "a.firstname", Form::Text),
    ("lastname", "a.lastname", Form::Text),
];

/// Items of these orders, by key.
pub(super) async fn page(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
) -> Result<Vec<Collected>, DatabaseError> {
    let mut reader = Reader::new(snapshot, context, ids).await?;
    let orders = load_orders(&mut reader).await?;
    let mut parts = Parts::load(&mut reader).await?;
    reader.end().await;
    Ok(orders.into_values().map(|order| parts.item(order)).collect())
}

/// The orders that have a UUID and a payment. Of several payments, the newest counts, and what each noted down is kept.
async fn load_orders(reader: &mut Reader<'_>) -> Result<BTreeMap<u64, Record>, DatabaseError> {
    let context = reader.context;
    let from = format!(
        "{order} o JOIN {payment} p ON p.parent_id = o.entity_id \
         WHERE o.entity_id IN ({ids}) ORDER BY o.entity_id, p.entity_id",
        order = context.table("sales_order"),
        payment = context.table("sales_order_payment"),
        ids = reader.ids,
    );
    let codes = load_codes(reader).await?;
    let mut orders: BTreeMap<u64, Record> = BTreeMap::new();
    for mut order in reader.load("o.entity_id", "o.entity_id", ORDERS, &from).await? {
        if order.fields.get(UUID).is_none_or(Value::is_null) {
            continue;
        }
        let store_view = order.fields.get(STORE_VIEW).and_then(Value::as_u64);
        if let Some(codes) = store_view.and_then(|id| codes.get(&id)) {
            codes.put(&mut order);
        }
        let text = order.take_text(METHOD_NOTES);
        if let Some(title) = notes::title(&text) {
            order.put("payment/paymentMethodName", json!(title));
        }
        let earlier = orders.remove(&order.id).and_then(|mut order| order.fields.remove(METHOD_NOTES));
        let mut entries = earlier.and_then(|entries| entries.as_array().cloned()).unwrap_or_default();
        entries.extend(notes::entries(&text));
        order.put(METHOD_NOTES, list_or_null(entries));
        orders.insert(order.id, order);
    }
    Ok(orders)
}

/// The codes of a store view, its store and its website.
struct Codes([Option<String>; 3]);

impl Codes {
    fn put(&self, order: &mut Record) {
        for (field, code) in ["storeViewCode", "storeCode", "websiteCode"].into_iter().zip(&self.0) {
            if let Some(code) = code {
                order.put(field, json!(code));
            }
        }
    }
}

/// A store view and the codes of its own, its store and its website.
type CodesRow = (u64, Option<String>, Option<String>, Option<String>);

/// The codes of every store view, also the admin's. One that is gone has none, and its orders stay.
async fn load_codes(reader: &mut Reader<'_>) -> Result<HashMap<u64, Codes>, DatabaseError> {
    let sql = format!(
        "SELECT s.store_id, s.code, g.code, w.code FROM {store} s LEFT JOIN {group} g ON g.group_id = s.group_id \
         LEFT JOIN {website} w ON w.website_id = s.website_id",
        store = reader.context.table("store"),
        group = reader.context.table("store_group"),
        website = reader.context.table("store_website"),
    );
    let rows: Vec<CodesRow> = reader.rest().rows(&sql).await?;
    Ok(rows.into_iter().map(|(id, view, store, website)| (id, Codes([view, store, website]))).collect())
}

/// What belongs to the orders of a page.
struct Parts {
    billing: HashMap<u64, Value>,
    shipping: HashMap<u64, Value>,
    items: Children,
    invoices: Children,
    shipments: Children,
    credit_memos: Children,
    transactions: Children,
}

impl Parts {
    async fn load(reader: &mut Reader<'_>) -> Result<Self, DatabaseError> {
        let (billing, shipping) = load_addresses(reader).await?;
        Ok(Self {
            billing,
            shipping,
            items: items::load_items(reader).await?,
            invoices: documents::load_invoices(reader).await?,
            shipments: documents::load_shipments(reader).await?,
            credit_memos: credit_memos::load_credit_memos(reader).await?,
            transactions: documents::load_transactions(reader).await?,
        })
    }

    fn item(&mut self, mut order: Record) -> Collected {
        let id = order.id;
        if !matches!(order.fields.get(NUMBER), Some(Value::String(number)) if !number.is_empty()) {
            return Collected::Broken(without_number(id));
        }
        let state = state_number(&order.take_text(STATE));
        order.put(STATE, json!(state));
        order.put("payment/billingAddress", self.billing.remove(&id).unwrap_or_default());
        order.put("shipping/shippingAddress", self.shipping.remove(&id).unwrap_or_default());
        order.put("items", self.items.take(id));
        order.put("invoices", self.invoices.take(id));
        order.put("shipments", self.shipments.take(id));
        order.put("creditMemos", self.credit_memos.take(id));
        order.put("transactions", self.transactions.take(id));
        Collected::Item { source_id: Some(id), content: order.fields.into() }
    }
}

/// What is known of it is its identity, so that it is not mistaken for a deleted one.
fn without_number(id: u64) -> Broken {
    let mut fields = Fields::new();
    put(&mut fields, ID, json!(id.to_string()));
    Broken {
        source_id: Some(id),
        place: SafeText::new(&format!("order with entity_id {id}")),
        reason: SafeText::new("it has no number: increment_id in sales_order is empty"),
        known: Some(fields.into()),
    }
}

/// Billing and shipping addresses by order. Of several of a kind, the newest counts.
async fn load_addresses(reader: &mut Reader<'_>) -> Result<(HashMap<u64, Value>, HashMap<u64, Value>), DatabaseError> {
    let context = reader.context;
    let (mut billing, mut shipping) = (HashMap::new(), HashMap::new());
    if !context.has_table("sales_order_address") {
        return Ok((billing, shipping));
    }
    let table = context.table("sales_order_address");
    let from = format!("{table} a WHERE a.parent_id IN ({}) ORDER BY a.entity_id", reader.ids);
    for mut address in reader.load("a.parent_id", "a.entity_id", ADDRESSES, &from).await? {
        let lines = match address.fields.get("street").and_then(Value::as_str) {
            Some(street) => json!(street.split('\n').collect::<Vec<_>>()),
            None => Value::Null,
        };
        let kind = address.take_text(ADDRESS_TYPE);
        address.put("multiLineStreet", lines);
        match kind.as_str() {
            "billing" => billing.insert(address.owner, Value::Object(address.fields)),
            "shipping" => shipping.insert(address.owner, Value::Object(address.fields)),
            _ => None,
        };
    }
    Ok((billing, shipping))
}

/// How the feed numbers the states of an order; 0 for one of an extension.
fn state_number(state: &str) -> u8 {
    match state {
        "new" => 1,
        "pending_payment" => 2,
        "processing" => 3,
        "complete" => 4,
        "closed" => 5,
        "canceled" => 6,
        "holded" => 7,
        "payment_review" => 8,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_numbers() {
        let states =
            ["new", "pending_payment", "processing", "complete", "closed", "canceled", "holded", "payment_review"];
        assert_eq!(states.map(state_number), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!((state_number("fraud"), state_number("")), (0, 0));
    }
}
