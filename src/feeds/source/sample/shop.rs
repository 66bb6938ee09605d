//! The sample shop around the products: its scopes, attributes and categories.

use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use super::fields;
use super::text::{TOPS, Text};
use crate::feeds::content::Fields;
use crate::feeds::item::Sha1Hash;

/// The one website.
pub(super) const WEBSITE: &str = "base";
pub(super) const WEBSITE_ID: u64 = 1;
const STORE: &str = "main_store";
/// Customer groups 0 ‥ 3: not logged in, general, wholesale, retailer.
pub(super) const CUSTOMER_GROUPS: u64 = 4;
pub(super) const FIRST_ATTRIBUTE_ID: u64 = 73;
pub(super) const ROOT_CATEGORY_ID: u64 = 2;
/// Where the shop would be; `.example` is nobody's.
pub(super) const BASE_URL: &str = "https://shop.example";
/// Nothing in the sample shop changes by itself, so everything was made at once.
pub(super) const MADE_AT: &str = "2026-01-05 08:00:00";

/// A store view.
pub(super) struct View {
    pub(super) id: u64,
    pub(super) code: &'static str,
    /// Which half of a [`Text`] it shows.
    language: usize,
}

pub(super) const VIEWS: [View; 2] =
    [View { id: 1, code: "default", language: 0 }, View { id: 2, code: "de", language: 1 }];

impl View {
    /// A text in the language of this view.
    pub(super) fn text(&self, text: &Text) -> &'static str {
        text[self.language]
    }

    /// The same for texts that are sample on the way.
    pub(super) fn text_of(&self, [english, german]: [String; 2]) -> String {
        if self.language == 0 { english } else { german }
    }

    /// The codes that every item of this view carries.
    pub(super) fn scope(&self) -> [(String, Value); 3] {
        [("storeViewCode", self.code), ("storeCode", STORE), ("websiteCode", WEBSITE)]
            .map(|(name, code)| (name.to_owned(), Value::from(code)))
    }
}

/// `scopesWebsite`.
pub(super) fn website() -> Fields {
    let views: Vec<Value> =
        VIEWS.iter().map(|view| json!({"storeViewId": view.id, "storeViewCode": view.code})).collect();
    fields(json!({"website": {
        "websiteId": WEBSITE_ID,
        "websiteCode": WEBSITE,
        "stores": [{"storeId": 1, "storeCode": STORE, "storeViews": views}],
    }}))
}

/// `scopesCustomerGroup`.
pub(super) fn customer_group(id: u64) -> Fields {
    fields(json!({"customerGroup": {
        "customerGroupId": id,
        "customerGroupCode": customer_group_code(id),
        "websites": [{"websiteCode": WEBSITE}],
    }}))
}

/// The sha1 of the group's id as text, as Commerce does it.
pub(super) fn customer_group_code(id: u64) -> String {
    Sha1Hash(Sha1::digest(id.to_string()).into()).to_string()
}

/// What is particular about an attribute.
struct Attribute {
    code: &'static str,
    label: Text,
    input: &'static str,
    data_type: &'static str,
    is_searchable: bool,
    is_filterable: bool,
    is_user_defined: bool,
}

const fn system(code: &'static str, label: Text, input: &'static str, data_type: &'static str) -> Attribute {
    Attribute { code, label, input, data_type, is_searchable: false, is_filterable: false, is_user_defined: false }
}

const fn searchable(code: &'static str, label: Text, input: &'static str, data_type: &'static str) -> Attribute {
    Attribute { is_searchable: true, ..system(code, label, input, data_type) }
}

const fn own(code: &'static str, label: Text, input: &'static str, data_type: &'static str) -> Attribute {
    Attribute {
        is_searchable: true,
        is_filterable: true,
        is_user_defined: true,
        ..system(code, label, input, data_type)
    }
}

/// The place of `size` among the attributes: variants refer to its id.
const SIZE: usize = 16;

const ATTRIBUTES: [Attribute; 20] = [
    searchable("name", ["Product name", "Produktname"], "text", "varchar"),
    searchable("sku", ["SKU", "Artikelnummer"], "text", "static"),
    searchable("description", ["Description", "Beschreibung"], "textarea", "text"),
    searchable("short_description", ["Short description", "Kurzbeschreibung"], "textarea", "text"),
    system("price", ["Price", "Preis"], "price", "decimal"),
    system("special_price", ["Special price", "Sonderpreis"], "price", "decimal"),
    system("weight", ["Weight", "Gewicht"], "weight", "decimal"),
    system("status", ["Enabled", "Aktiv"], "select", "int"),
    system("visibility", ["Visibility", "Sichtbarkeit"], "select", "int"),
    system("tax_class_id", ["Tax class", "Steuerklasse"], "select", "int"),
    system("url_key", ["URL key", "URL-Schlüssel"], "text", "varchar"),
    system("image", ["Image", "Bild"], "media_image", "varchar"),
    system("meta_title", ["Meta title", "Meta-Titel"], "text", "varchar"),
    system("meta_description", ["Meta description", "Meta-Beschreibung"], "textarea", "varchar"),
    own("material", ["Material", "Material"], "select", "int"),
    own("color", ["Colour", "Farbe"], "select", "int"),
    own("size", ["Size", "Größe"], "select", "int"),
    own("origin", ["Made in", "Hergestellt in"], "select", "int"),
    own("care", ["Care", "Pflege"], "multiselect", "varchar"),
    own("handmade", ["Handmade", "Handgemacht"], "boolean", "int"),
];

pub(super) fn attribute_count() -> u64 {
    ATTRIBUTES.len() as u64
}

/// The label of the attribute `size`.
pub(super) fn size_label(view: &View) -> &'static str {
    view.text(&ATTRIBUTES[SIZE].label)
}

/// The uid of a value of `size`, as Commerce makes it: base64 of its place, the attribute's id and the option's id.
pub(super) fn size_uid(option_id: u64) -> String {
    use base64::Engine as _;
    let attribute_id = FIRST_ATTRIBUTE_ID + SIZE as u64;
    base64::engine::general_purpose::STANDARD.encode(format!("configurable/{attribute_id}/{option_id}"))
}

/// `productAttributes`.
pub(super) fn attribute(number: u64, view: &View) -> Fields {
    let attribute = usize::try_from(number).map_or(&ATTRIBUTES[0], |at| &ATTRIBUTES[at % ATTRIBUTES.len()]);
    let is_name_or_sku = matches!(attribute.code, "name" | "sku");
    let is_localised = attribute.is_searchable && !attribute.is_user_defined && attribute.code != "sku";
    let mut item = fields(json!({
        "id": (FIRST_ATTRIBUTE_ID + number).to_string(),
        "attributeCode": attribute.code,
        "attributeType": "catalog_product",
        "dataType": attribute.data_type,
        "multi": attribute.input == "multiselect",
        "label": view.text(&attribute.label),
        "frontendInput": attribute.input,
        "required": is_name_or_sku,
        "unique": attribute.code == "sku",
        "global": !is_localised,
        "visible": true,
        "searchable": attribute.is_searchable,
        "filterable": attribute.is_filterable,
        "visibleInCompareList": attribute.is_user_defined,
        "visibleInListing": matches!(attribute.code, "name" | "price" | "special_price" | "image"),
        "sortable": matches!(attribute.code, "name" | "price"),
        "visibleInSearch": attribute.is_user_defined,
        "filterableInSearch": attribute.is_filterable,
        "searchWeight": if is_name_or_sku { 5 } else { 1 },
        "usedForRules": attribute.is_user_defined,
        "boolean": attribute.input == "boolean",
        "numeric": matches!(attribute.input, "price" | "weight"),
        "systemAttribute": attribute.is_user_defined,
    }));
    item.extend(view.scope());
    item
}

/// Categories of one top category: itself and its leaves.
const TOP_SPAN: u64 = 4;

/// The root, the top categories and their leaves.
pub(super) fn category_count() -> u64 {
    1 + TOPS.len() as u64 * TOP_SPAN
}

/// The id of a top category, or of one of its leaves.
pub(super) fn category_id(top: usize, leaf: Option<usize>) -> u64 {
    ROOT_CATEGORY_ID + 1 + top as u64 * TOP_SPAN + leaf.map_or(0, |leaf| leaf as u64 + 1)
}

/// The URL path of a top category, or of one of its leaves.
pub(super) fn url_path(top: usize, leaf: Option<usize>, view: &View) -> String {
    let category = &TOPS[top];
    let top_key = view.text(&category.url_key);
    match leaf {
        Some(leaf) => format!("{top_key}/{}", view.text(&category.leaves[leaf].url_key)),
        None => top_key.to_owned(),
    }
}

/// `categories`: the root, then each top category with its leaves.
pub(super) fn category(number: u64, view: &View) -> Fields {
    let place = number.checked_sub(1).and_then(|below_root| {
        let top = usize::try_from(below_root / TOP_SPAN).ok().filter(|top| *top < TOPS.len())?;
        Some((top, usize::try_from(below_root % TOP_SPAN).ok()?.checked_sub(1)))
    });
    let specific = match place {
        None => {
            let children: Vec<String> = (0..TOPS.len()).map(|top| category_id(top, None).to_string()).collect();
            json!({
                "name": view.text(&["All products", "Alle Produkte"]), "urlKey": "all-products", "urlPath": "",
                "level": 1, "position": 1, "parentId": "1", "path": format!("1/{ROOT_CATEGORY_ID}"),
                "children": children,
            })
        }
        Some((top, None)) => {
            let children: Vec<String> =
                (0..TOPS[top].leaves.len()).map(|leaf| category_id(top, Some(leaf)).to_string()).collect();
            json!({
                "name": view.text(&TOPS[top].name), "urlKey": view.text(&TOPS[top].url_key),
                "urlPath": url_path(top, None, view),
                "level": 2, "position": top + 1, "parentId": ROOT_CATEGORY_ID.to_string(),
                "path": format!("1/{ROOT_CATEGORY_ID}/{}", category_id(top, None)), "children": children,
            })
        }
        Some((top, Some(leaf))) => {
            let (parent, id) = (category_id(top, None), category_id(top, Some(leaf)));
            let words = &TOPS[top].leaves[leaf];
            json!({
                "name": view.text(&words.name), "urlKey": view.text(&words.url_key),
                "urlPath": url_path(top, Some(leaf), view),
                "level": 3, "position": leaf + 1, "parentId": parent.to_string(),
                "path": format!("1/{ROOT_CATEGORY_ID}/{parent}/{id}"), "children": null,
            })
        }
    };
    let mut item = fields(json!({
        "categoryId": (ROOT_CATEGORY_ID + number).to_string(),
        "isActive": 1, "isAnchor": 1, "includeInMenu": 1, "displayMode": "PRODUCTS", "image": null,
        "defaultSortBy": "position", "availableSortBy": null, "createdAt": MADE_AT, "updatedAt": MADE_AT,
    }));
    item.extend(fields(specific));
    item.extend(view.scope());
    item
}
