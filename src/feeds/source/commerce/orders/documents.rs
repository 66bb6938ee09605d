//! What followed an order: invoices, shipments and payment transactions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::super::base_urls::BaseUrls;
use super::super::context::Context;
use super::record::{Children, Column, Form, Reader, Record};
use crate::commerce::database::DatabaseError;

const INVOICES: &[Column] = &[
    ("entityId", "n.entity_id", Form::Text),
    ("isUsedForRefund", "n.is_used_for_refund", Form::Flag),
    ("grandTotal", "n.base_grand_total", Form::Number),
    ("createdAt", "n.created_at", Form::Time),
    ("commerceInvoiceNumber", "n.increment_id", Form::Text),
];
const INVOICE_ITEMS: &[Column] =
    &[("orderItemId", "i.order_item_id", Form::Uuid("order_item")), ("qtyInvoiced", "i.qty", Form::Number)];
const SHIPMENTS: &[Column] = &[
    ("shipmentId", "n.entity_id", Form::Uuid("order_shipment")),
    ("createdAt", "n.created_at", Form::Time),
    ("updatedAt", "n.updated_at", Form::Time),
    ("commerceShipmentNumber", "n.increment_id", Form::Text),
];
const SHIPMENT_ITEMS: &[Column] =
    &[("orderItemId", "i.order_item_id", Form::Uuid("order_item")), ("qtyShipped", "i.qty", Form::Number)];
const TRACKS: &[Column] = &[
    ("shippingCarrier", "t.carrier_code", Form::Text),
    ("shippingMethod", "o.shipping_method", Form::Text),
    ("trackingNumber", "t.track_number", Form::Text),
    (PROTECT_CODE, "o.protect_code", Form::Text),
];
/// Taken out again: what the address of a track is made of.
const PROTECT_CODE: &str = "protectCode";
const TRACKING_URL: &str = "trackingUrl";
const TRANSACTIONS: &[Column] = &[
    ("entityId", "t.transaction_id", Form::Text),
    ("txnId", "t.txn_id", Form::Text),
    ("type", "t.txn_type", Form::Text),
    ("createdAt", "t.created_at", Form::Time),
];

/// The invoices of these orders, with what each was for.
pub(super) async fn load_invoices(reader: &mut Reader<'_>) -> Result<Children, DatabaseError> {
    let context = reader.context;
    if !context.has_table("sales_invoice") {
        return Ok(Children::default());
    }
    let document = context.table("sales_invoice");
    let mut items = load_lines(reader, "sales_invoice", INVOICE_ITEMS).await?;
    let from = format!("{document} n WHERE n.order_id IN ({}) ORDER BY n.entity_id", reader.ids);
    let mut invoices = reader.load("n.order_id", "n.entity_id", INVOICES, &from).await?;
    for invoice in &mut invoices {
        invoice.put("invoiceItems", items.take(invoice.id));
    }
    Ok(Children::of(invoices))
}

/// The shipments of these orders, with what each held and how it is tracked. The feed has room for one track: the newest.
pub(super) async fn load_shipments(reader: &mut Reader<'_>) -> Result<Children, DatabaseError> {
    let context = reader.context;
    if !context.has_table("sales_shipment") {
        return Ok(Children::default());
    }
    let document = context.table("sales_shipment");
    let mut items = load_lines(reader, "sales_shipment", SHIPMENT_ITEMS).await?;
    let mut tracks = Children::default();
    if context.has_table("sales_shipment_track") {
        let from = format!(
            "{track} t JOIN {document} n ON n.entity_id = t.parent_id JOIN {order} o ON o.entity_id = n.order_id \
             WHERE n.order_id IN ({ids}) ORDER BY t.entity_id",
            track = context.table("sales_shipment_track"),
            order = context.table("sales_order"),
            ids = reader.ids,
        );
        let mut found = reader.load("t.parent_id", "t.entity_id", TRACKS, &from).await?;
        for track in &mut found {
            put_url(track, context);
        }
        tracks = Children::of(found);
    }
    let from = format!("{document} n WHERE n.order_id IN ({}) ORDER BY n.entity_id", reader.ids);
    let mut shipments = reader.load("n.order_id", "n.entity_id", SHIPMENTS, &from).await?;
    for shipment in &mut shipments {
        shipment.put("items", items.take(shipment.id));
        shipment.put("trackingInfo", tracks.take_last(shipment.id));
    }
    Ok(Children::of(shipments))
}

/// Where a customer follows a track: a page that believes whoever knows the order's secret.
///
/// Its address is that of the first store view, whichever the order's is: the exporter makes it without a request, and then
/// Commerce takes the shop's own.
fn put_url(track: &mut Record, context: &Context) {
    let code = track.take_text(PROTECT_CODE);
    if let Some(view) = context.scopes.store_views.first() {
        let hash = tracking_hash(track.id, &code);
        let url = format!("{}shipping/tracking/popup?hash={hash}", BaseUrls::of(&context.settings, view).link);
        track.put(TRACKING_URL, json!(url));
    }
}

/// Base64 in Commerce's own alphabet for addresses, in which `~` is the padding, which a query escapes.
fn tracking_hash(track: u64, code: &str) -> String {
    STANDARD.encode(format!("track_id:{track}:{code}")).replace('+', "-").replace('/', "_").replace('=', "%7E")
}

/// The payment transactions of these orders.
pub(super) async fn load_transactions(reader: &mut Reader<'_>) -> Result<Children, DatabaseError> {
    let context = reader.context;
    if !context.has_table("sales_payment_transaction") {
        return Ok(Children::default());
    }
    let table = context.table("sales_payment_transaction");
    let from = format!("{table} t WHERE t.order_id IN ({}) ORDER BY t.transaction_id", reader.ids);
    Ok(Children::of(reader.load("t.order_id", "t.transaction_id", TRANSACTIONS, &from).await?))
}

/// The lines of the documents of a kind, each with its document and the UUID of the ordered line it is about.
async fn load_lines(reader: &mut Reader<'_>, document: &str, columns: &[Column]) -> Result<Children, DatabaseError> {
    let context = reader.context;
    let lines = format!("{document}_item");
    if !context.has_table(&lines) {
        return Ok(Children::default());
    }
    let from = format!(
        "{line} i JOIN {document} n ON n.entity_id = i.parent_id WHERE n.order_id IN ({ids}) ORDER BY i.entity_id",
        line = context.table(&lines),
        document = context.table(document),
        ids = reader.ids,
    );
    Ok(Children::of(reader.load("i.parent_id", "i.entity_id", columns, &from).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_track_can_stand_in_a_query() {
        assert_eq!(tracking_hash(7, "ab"), "dHJhY2tfaWQ6NzphYg%7E%7E");
        assert_eq!(tracking_hash(1, "ÿÿ>"), "dHJhY2tfaWQ6MTrDv8O_Pg%7E%7E");
    }
}
