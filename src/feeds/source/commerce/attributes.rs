//! `productAttributes`: one item for each product attribute and store view (feed map §3).

use std::collections::HashMap;

use serde_json::{Value, json};

use super::super::Collected;
use super::context::Context;
use super::eav::Entity;
use super::scope::StoreView;
use crate::commerce::database::{DatabaseError, Snapshot, in_list};
use crate::feeds::content::Fields;

/// Attributes that are yes or no although their columns do not say so; with [`BOOLEAN_PREFIX`], the exporter's own list.
const BOOLEAN_CODES: [&str; 3] = ["is_redeemable", "allow_message", "has_options"];
/// The gift card attributes that take their value from the configuration.
const BOOLEAN_PREFIX: &str = "use_config_";
/// The one attribute that is a number although its columns do not say so.
const NUMERIC_CODE: &str = "required_options";
/// Carries the links and samples of downloadable products as JSON; the exporter overrides what its row says (feed map §11).
const DOWNLOADABLE_CODE: &str = "ac_downloadable";

/// What `eav_attribute` says of an attribute, in the query's order.
type EavRow = (u64, String, String, Option<String>, Option<String>, Option<String>, u8, u8, u8);
/// What `catalog_eav_attribute` says of it, in the query's order.
type CatalogRow = (u64, u8, u8, u8, u8, u8, u8, u8, u8, u8, f64, u8);

/// One attribute, without what a store view adds.
struct Attribute {
    id: u64,
    /// Its row in `eav_attribute`; `None` if there is none yet.
    row: Option<u64>,
    /// The label where a store view has none of its own.
    label: Option<String>,
    fields: Fields,
}

/// Items of a page of attributes.
pub(super) async fn page(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
) -> Result<Vec<Collected>, DatabaseError> {
    let attributes = attributes(snapshot, context, ids).await?;
    let labels = labels(snapshot, context, ids).await?;
    let mut items = Vec::with_capacity(attributes.len() * context.scopes.store_views.len());
    let missing = missing_downloadable(snapshot, context, ids).await?;
    for attribute in attributes.iter().chain(&missing) {
        for view in &context.scopes.store_views {
            let own = labels.get(&(attribute.id, view.id));
            items.push(item(attribute, own.or(attribute.label.as_ref()), view));
        }
    }
    Ok(items)
}

fn item(attribute: &Attribute, label: Option<&String>, view: &StoreView) -> Collected {
    let mut fields = attribute.fields.clone();
    if let Some(label) = label {
        fields.insert("label".to_owned(), json!(label));
    }
    view.put_codes(&mut fields);
    Collected::Item { source_id: attribute.row, content: fields.into() }
}

/// What the exporter would make of [`DOWNLOADABLE_CODE`] where the shop does not have it yet: the exporter creates it when it
/// is installed. Products name it, so the service must know it; nothing is written. It comes with the first attribute.
async fn missing_downloadable(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
) -> Result<Option<Attribute>, DatabaseError> {
    let first = context.product_attributes.iter().map(|attribute| u64::from(attribute.id)).min();
    let is_missing =
        context.has_table("downloadable_link") && context.product_attributes.get(DOWNLOADABLE_CODE).is_none();
    if !is_missing || !first.is_some_and(|first| ids.contains(&first)) {
        return Ok(None);
    }
    // The server may tell the next id from memory, as it was hours ago; no id is given twice.
    let sql = format!(
        "SELECT GREATEST(COALESCE((SELECT auto_increment FROM information_schema.tables \
         WHERE table_schema = DATABASE() AND table_name = '{}'), 0), COALESCE(MAX(attribute_id), 0) + 1) FROM {}",
        context.table("eav_attribute").trim_matches('`'),
        context.table("eav_attribute")
    );
    let next: Option<u64> = snapshot.rows(&sql).await?.first().copied();
    let next = next.unwrap_or_default();
    let (input, label) = ("textarea".to_owned(), "AC Downloadable product".to_owned());
    let eav = (next, DOWNLOADABLE_CODE.to_owned(), "static".to_owned(), Some(input), Some(label), None, 0, 0, 0);
    Ok(Some(Attribute { row: None, ..attribute(eav, &(next, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1.0, 0)) }))
}

async fn attributes(snapshot: &mut Snapshot, context: &Context, ids: &[u64]) -> Result<Vec<Attribute>, DatabaseError> {
    let ids = in_list(ids);
    let sql = format!(
        "SELECT attribute_id, is_global, is_visible, is_searchable, is_filterable, is_comparable, \
         used_in_product_listing, used_for_sort_by, is_visible_on_front, is_filterable_in_search, search_weight, \
         is_used_for_price_rules FROM {} WHERE attribute_id IN ({ids})",
        context.table("catalog_eav_attribute")
    );
    let catalog: Vec<CatalogRow> = snapshot.rows(&sql).await?;
    let mut catalog: HashMap<u64, CatalogRow> = catalog.into_iter().map(|row| (row.0, row)).collect();
    let sql = format!(
        "SELECT attribute_id, attribute_code, backend_type, frontend_input, frontend_label, frontend_class, \
         is_required, is_unique, is_user_defined FROM {} WHERE attribute_id IN ({ids}) ORDER BY attribute_id",
        context.table("eav_attribute")
    );
    let eav: Vec<EavRow> = snapshot.rows(&sql).await?;
    // An attribute without a catalogue row is none of the catalogue's.
    Ok(eav.into_iter().filter_map(|row| catalog.remove(&row.0).map(|catalog| attribute(row, &catalog))).collect())
}

/// The labels of store views, by attribute and store. No index keeps a store view from having two: the newest row wins.
async fn labels(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
) -> Result<HashMap<(u64, u32), String>, DatabaseError> {
    let sql = format!(
        "SELECT attribute_id, store_id, value FROM {} \
         WHERE attribute_id IN ({}) AND store_id <> 0 AND value IS NOT NULL ORDER BY attribute_label_id",
        context.table("eav_attribute_label"),
        in_list(ids)
    );
    let rows: Vec<(u64, u32, String)> = snapshot.rows(&sql).await?;
    Ok(rows.into_iter().map(|(attribute, store, label)| ((attribute, store), label)).collect())
}

fn attribute(eav: EavRow, catalog: &CatalogRow) -> Attribute {
    let (id, code, backend, input, label, class, required, unique, user_defined) = eav;
    let (_, scope, visible, searchable, filterable, comparable, listing, sortable, on_front, in_search, weight, rules) =
        *catalog;
    let input_is = |inputs: &[&str]| input.as_deref().is_some_and(|input| inputs.contains(&input));
    let boolean = is_boolean(&code, &backend, input.as_deref());
    let numeric = !boolean && is_numeric(&code, &backend, input.as_deref(), class.as_deref());
    let mut fields = Fields::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("id", json!(id.to_string()));
    put("attributeType", json!(Entity::Product.type_code()));
    put("dataType", json!(backend));
    put("multi", json!(input_is(&["multiline", "multiselect"])));
    if let Some(input) = &input {
        put("frontendInput", json!(input));
    }
    put("required", json!(required != 0));
    put("unique", json!(unique != 0));
    // Scope codes are 0 store view, 1 global, 2 website; the exporter calls the last two global (feed map §11).
    put("global", json!(scope != 0));
    put("visible", json!(visible != 0));
    put("searchable", json!(searchable != 0));
    put("filterable", json!(filterable != 0));
    put("visibleInCompareList", json!(comparable != 0));
    put("visibleInListing", json!(listing != 0));
    put("sortable", json!(sortable != 0));
    put("visibleInSearch", json!(on_front != 0));
    put("filterableInSearch", json!(in_search != 0));
    put("searchWeight", json!(weight));
    put("usedForRules", json!(rules != 0));
    put("boolean", json!(boolean));
    put("numeric", json!(numeric));
    // As stored: the field says "system" and means "user defined" (feed map §3).
    put("systemAttribute", json!(user_defined != 0));
    if code == DOWNLOADABLE_CODE {
        put("dataType", json!("OBJECT"));
        put("visible", json!(true));
        put("visibleInSearch", json!(false));
    }
    put("attributeCode", json!(code));
    Attribute { id, row: Some(id), label, fields }
}

fn is_boolean(code: &str, backend: &str, input: Option<&str>) -> bool {
    (input == Some("boolean") && backend == "int") || BOOLEAN_CODES.contains(&code) || code.starts_with(BOOLEAN_PREFIX)
}

fn is_numeric(code: &str, backend: &str, input: Option<&str>, class: Option<&str>) -> bool {
    let input_is_number = matches!(input, Some("price" | "weight" | "text")) && matches!(backend, "decimal" | "int");
    input_is_number || matches!(class, Some("validate-number" | "validate-digits")) || code == NUMERIC_CODE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_and_numbers_are_told_by_input_backend_class_and_code() {
        assert!(is_boolean("gift", "int", Some("boolean")));
        assert!(!is_boolean("gift", "varchar", Some("boolean")));
        assert!(is_boolean("use_config_lifetime", "int", Some("text")));
        assert!(is_boolean("has_options", "static", Some("text")));
        assert!(is_numeric("price", "decimal", Some("price"), None));
        assert!(!is_numeric("name", "varchar", Some("text"), None));
        assert!(is_numeric("size", "varchar", Some("text"), Some("validate-digits")));
        assert!(is_numeric("required_options", "static", Some("text"), None));
    }

    #[test]
    fn a_yes_or_no_attribute_is_no_number() {
        let eav = (7, "has_options".into(), "int".into(), Some("text".into()), None, None, 0, 0, 0);
        let made = attribute(eav, &(7, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1.0, 0));
        assert_eq!((&made.fields["boolean"], &made.fields["numeric"]), (&json!(true), &json!(false)));
        assert_eq!(made.fields["global"], json!(true), "website scope counts as global");
    }

    #[test]
    fn the_downloadable_attribute_is_an_object() {
        let eav = (157, "ac_downloadable".into(), "static".into(), Some("textarea".into()), None, None, 0, 0, 0);
        let made = attribute(eav, &(157, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1.0, 0));
        assert_eq!(made.fields["dataType"], json!("OBJECT"));
        assert_eq!((&made.fields["visible"], &made.fields["visibleInSearch"]), (&json!(true), &json!(false)));
    }
}
