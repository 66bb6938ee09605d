//! `variants`: which child stands for which option values of its configurable parent (feed map §5).
//!
//! As Adobe's exporter has it: of no store view and no website, disabled children included. What a store view says is listed
//! beside the default, not laid over it: an option with a translated label is listed once for each label.

use std::fmt::{Display, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use super::super::{Broken, Collected};
use super::context::Context;
use super::eav::Entity;
use crate::commerce::database::{DatabaseError, Snapshot, in_list};
use crate::feeds::content::Fields;
use crate::untrusted::SafeText;

/// The labels of options; without them, options go without.
const LABELS: &str = "eav_attribute_option_value";

/// A child's value of an attribute by which a parent of it varies, with one label.
struct VariantRow {
    child: u64,
    parent: u64,
    child_sku: String,
    parent_sku: String,
    attribute: u32,
    code: String,
    option: i64,
    label: Option<String>,
}

/// The same in the query's order, with SKUs that may be NULL.
type Columns = (u64, u64, Option<String>, Option<String>, u32, String, i64, Option<String>);

/// Items of a page of children, in the order of child and parent ids: one for each parent that a child has option values for.
pub(super) async fn page(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
) -> Result<Vec<Collected>, DatabaseError> {
    let rows = rows(snapshot, context, ids).await?;
    let of_one_item = |a: &VariantRow, b: &VariantRow| (a.child, a.parent) == (b.child, b.parent);
    Ok(rows.chunk_by(of_one_item).filter_map(item).collect())
}

async fn rows(snapshot: &mut Snapshot, context: &Context, ids: &[u64]) -> Result<Vec<VariantRow>, DatabaseError> {
    let link = context.link(Entity::Product);
    let (label, label_join, label_order) = if context.has_table(LABELS) {
        let join = format!("LEFT JOIN {} t ON t.option_id = v.value ", context.table(LABELS));
        ("t.value", join, ", t.store_id, t.value_id")
    } else {
        ("NULL", String::new(), "")
    };
    // The order is that of the parent's options, so that an unchanged variant has an unchanged hash; the exporter has none.
    let sql = format!(
        "SELECT c.entity_id, p.entity_id, c.sku, p.sku, \
         a.attribute_id, a.attribute_code, v.value, {label} FROM {entity} c \
         JOIN {super_link} l ON l.product_id = c.entity_id JOIN {entity} p ON p.{link} = l.parent_id \
         JOIN {super_attribute} s ON s.product_id = p.{link} \
         JOIN {int} v ON v.{link} = c.{link} AND v.attribute_id = s.attribute_id \
         JOIN {attribute} a ON a.attribute_id = v.attribute_id {label_join}\
         WHERE c.entity_id IN ({ids}) AND v.value IS NOT NULL{is_current_child}{is_current_parent} \
         ORDER BY c.entity_id, p.entity_id, s.position, a.attribute_id, v.store_id{label_order}",
        entity = context.table("catalog_product_entity"),
        super_link = context.table("catalog_product_super_link"),
        super_attribute = context.table("catalog_product_super_attribute"),
        int = context.table("catalog_product_entity_int"),
        attribute = context.table("eav_attribute"),
        ids = in_list(ids),
        is_current_child = context.is_current(Entity::Product, "c"),
        is_current_parent = context.is_current(Entity::Product, "p"),
    );
    let rows: Vec<Columns> = snapshot.rows(&sql).await?;
    let row = |(child, parent, child_sku, parent_sku, attribute, code, option, label): Columns| VariantRow {
        child,
        parent,
        child_sku: child_sku.unwrap_or_default(),
        parent_sku: parent_sku.unwrap_or_default(),
        attribute,
        code,
        option,
        label,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// The item of the rows of one child and parent.
fn item(rows: &[VariantRow]) -> Option<Collected> {
    let VariantRow { child, parent, child_sku, parent_sku, .. } = rows.first()?;
    for (product, sku) in [(child, child_sku), (parent, parent_sku)] {
        if sku.trim().is_empty() {
            return Some(Collected::Broken(Broken {
                source_id: Some(*child),
                place: SafeText::new(&format!("variant {child} of product {parent}")),
                reason: SafeText::new(&format!(
                    "product {product} has no SKU; set one in the Admin, or remove the variant from its product"
                )),
                known: None,
            }));
        }
    }
    let fields = Fields::from_iter([
        ("id".to_owned(), json!(id(parent_sku, child_sku))),
        ("optionValues".to_owned(), rows.iter().map(option_value).collect()),
        ("parentId".to_owned(), Value::from(parent.to_string())),
        ("productId".to_owned(), Value::from(child.to_string())),
        ("parentSku".to_owned(), Value::from(parent_sku.as_str())),
        ("productSku".to_owned(), Value::from(child_sku.as_str())),
    ]);
    Some(Collected::Item { source_id: Some(*child), content: fields.into() })
}

fn option_value(row: &VariantRow) -> Value {
    json!({
        "attributeCode": row.code,
        "uid": uid(row.attribute, row.option),
        "label": row.label,
        "valueIndex": row.option.to_string(),
    })
}

/// The id of a variant. Made here: not every server has an `MD5()`.
fn id(parent_sku: &str, child_sku: &str) -> String {
    let digest = Md5::digest(format!("configurable/{parent_sku}/{child_sku}"));
    digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The same id as the option's value has among the parent's `optionsV2` in the products feed.
fn uid(attribute: impl Display, option: impl Display) -> String {
    STANDARD.encode(format!("configurable/{attribute}/{option}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_md5_of_both_skus() {
        assert_eq!(id("MH01", "MH01-XS-Black"), "4c3206d5168cde6e7630e082b3e39feb");
    }

    #[test]
    fn a_uid_is_that_of_the_published_example() {
        assert_eq!(uid(700, 832), "Y29uZmlndXJhYmxlLzcwMC84MzI=");
    }
}
