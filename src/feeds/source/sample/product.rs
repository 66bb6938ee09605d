//! The sample products. In every ten, the last is configurable and the three before it are its children.

use serde_json::{Value, json};

use super::Question::{Colour, Leaf as LeafOf, Material, Model, Noun, Origin, Related, Stock, Weight};
use super::shop::{self, BASE_URL, MADE_AT, View};
use super::text::{COLOURS, Leaf, MODELS, ORIGINS, SIZES, TOPS, Text};
use super::{choose, fields, pick};
use crate::feeds::content::Fields;

/// The id of the first product.
pub(super) const FIRST_ID: u64 = 1;
/// One configurable product in so many.
const TEN: u64 = 10;
const CHILDREN: u64 = SIZES.len() as u64;
/// One disabled product in so many.
const DISABLED_EVERY: u64 = 50;
/// One product without stock in so many.
const SOLD_OUT_EVERY: usize = 17;
/// Stock below this is low, as Commerce's setting would say.
const LOW_STOCK: usize = 5;
const MAX_STOCK: usize = 400;
/// In hundredths of a kilogram.
const MAX_WEIGHT: usize = 900;

/// What a product is within its ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It stands for itself.
    Simple,
    /// It stands for its children.
    Configurable,
    /// It is a size of the configurable product with this index.
    Child { parent: u64, size: usize },
}

/// The role of a product in a catalogue of so many.
pub(super) fn role(index: u64, products: u64) -> Role {
    let parent = index / TEN * TEN + TEN - 1;
    if parent >= products {
        return Role::Simple;
    }
    let before_parent = parent - index;
    if before_parent == 0 {
        Role::Configurable
    } else if before_parent <= CHILDREN {
        Role::Child { parent, size: usize::try_from(CHILDREN - before_parent).unwrap_or_default() }
    } else {
        Role::Simple
    }
}

/// How many children there are in a catalogue of so many products.
pub(super) fn child_count(products: u64) -> u64 {
    products / TEN * CHILDREN
}

/// The product index of the n-th child.
pub(super) fn child_index(number: u64) -> u64 {
    number / CHILDREN * TEN + (TEN - 1 - CHILDREN) + number % CHILDREN
}

/// Which child a product index is; `None` if it is none.
pub(super) fn child_number(index: u64) -> Option<u64> {
    let place = (index % TEN).checked_sub(TEN - 1 - CHILDREN)?;
    (place < CHILDREN).then_some(index / TEN * CHILDREN + place)
}

/// What a product shares with its family: a child looks like its parent.
struct Family {
    /// The index of the product that decides.
    index: u64,
    top: usize,
    leaf: usize,
    noun: &'static Text,
    model: &'static str,
    material: &'static Text,
}

impl Family {
    fn of(index: u64) -> Self {
        let place = choose(index, LeafOf, TOPS.len() * 3);
        let (top, leaf) = (place / 3, place % 3);
        let words: &'static Leaf = &TOPS[top].leaves[leaf];
        Self {
            index,
            top,
            leaf,
            noun: pick(words.nouns, index, Noun),
            model: pick::<&str>(&MODELS, index, Model),
            material: pick(words.materials, index, Material),
        }
    }

    fn sku(&self) -> String {
        format!("{}-{:06}", TOPS[self.top].leaves[self.leaf].prefix, FIRST_ID + self.index)
    }

    fn name(&self, view: &View) -> String {
        let (noun, material) = (view.text(self.noun), view.text(self.material));
        view.text_of([format!("{} {noun} in {material}", self.model), format!("{noun} {} aus {material}", self.model)])
    }
}

/// The SKU of a product.
pub(super) fn sku(index: u64, role: Role) -> String {
    match role {
        Role::Child { parent, size } => format!("{}-{}", Family::of(parent).sku(), SIZES[size]),
        Role::Simple | Role::Configurable => Family::of(index).sku(),
    }
}

/// How many pieces there are.
pub(super) fn stock(index: u64) -> usize {
    match choose(index, Stock, MAX_STOCK) {
        drawn if drawn % SOLD_OUT_EVERY == 0 => 0,
        drawn => drawn,
    }
}

/// `products`.
pub(super) fn product(index: u64, products: u64, view: &View) -> Fields {
    let role = role(index, products);
    let family = Family::of(match role {
        Role::Child { parent, .. } => parent,
        Role::Simple | Role::Configurable => index,
    });
    let sku = sku(index, role);
    let id = FIRST_ID + index;
    let (mut name, mut url_key) = (family.name(view), sku.to_lowercase());
    if let Role::Child { size, .. } = role {
        name = format!("{name}, {}", SIZES[size]);
    }
    url_key = format!("{}-{url_key}", family.model.to_lowercase());
    let (noun, material) = (view.text(family.noun), view.text(family.material));
    let is_enabled = !id.is_multiple_of(DISABLED_EVERY);
    let is_visible = !matches!(role, Role::Child { .. });
    let stock = stock(index);
    let is_in_stock = stock > 0;
    let prefix = if view.id == 1 { String::new() } else { format!("/{}", view.code) };
    let url = format!("{BASE_URL}{prefix}/{url_key}.html");

    let mut item = fields(json!({
        "sku": sku,
        "productId": id,
        "name": name,
        "description": view.text_of([
            format!("<p>A {noun} that lasts: made of {material}, finished by hand, and repaired by us when it needs it.</p>"),
            format!("<p>{noun} für lange Zeit: aus {material}, von Hand vollendet, und wir reparieren, was nötig ist.</p>"),
        ]),
        "shortDescription": view.text_of([format!("Made of {material}"), format!("Aus {material}")]),
        "metaTitle": name,
        "metaDescription": format!("{name} · {BASE_URL}"),
        "metaKeyword": format!("{noun}, {material}, {}", family.model),
        "type": if role == Role::Configurable { "configurable" } else { "simple" },
        "status": if is_enabled { "Enabled" } else { "Disabled" },
        "visibility": if is_visible { "Catalog, Search" } else { "Not Visible Individually" },
        "displayable": is_enabled && is_visible,
        "buyable": is_enabled && is_in_stock,
        "inStock": is_in_stock,
        "lowStock": stock < LOW_STOCK,
        "taxClassId": "Taxable Goods",
        "currency": "EUR",
        "weight": (choose(index, Weight, MAX_WEIGHT) + 10) as f64 / 100.0,
        "weightUnit": "kgs",
        "createdAt": MADE_AT,
        "updatedAt": MADE_AT,
        "urlKey": url_key,
        "url": url,
        "urlRewrites": [{"url": url, "parameters": [{"name": "id", "value": id.to_string()}]}],
        "links": links(index, products),
    }));
    item.extend(images(&sku, &name));
    item.extend(categories(&family, index, view));
    item.insert("attributes".to_owned(), attributes(&family, role, index, view));
    item.insert("parents".to_owned(), parents(role));
    if role == Role::Configurable {
        item.insert("optionsV2".to_owned(), options(view));
    }
    item.extend(view.scope());
    item
}

fn images(sku: &str, label: &str) -> Fields {
    let folder = sku.to_lowercase();
    let url = |shot: &str| format!("{BASE_URL}/media/catalog/product/{folder}/{shot}.jpg");
    let front = json!({"url": url("front"), "label": label});
    fields(json!({
        "image": front, "smallImage": front, "thumbnail": front,
        "images": [
            {"resource": {"url": url("front"), "label": label, "roles": ["image", "small_image", "thumbnail"]},
             "sortOrder": 1},
            {"resource": {"url": url("detail"), "label": label, "roles": []}, "sortOrder": 2},
        ],
    }))
}

fn categories(family: &Family, index: u64, view: &View) -> Fields {
    let places = [None, Some(family.leaf)];
    let paths = places.map(|leaf| shop::url_path(family.top, leaf, view));
    let data: Vec<Value> = places
        .iter()
        .zip(&paths)
        .map(|(leaf, path)| {
            let id = shop::category_id(family.top, *leaf).to_string();
            json!({"categoryId": id, "categoryPath": path, "productPosition": index})
        })
        .collect();
    fields(json!({"categories": paths, "categoryData": data}))
}

fn attributes(family: &Family, role: Role, index: u64, view: &View) -> Value {
    let yes_or_no = if index.is_multiple_of(3) { "yes" } else { "no" };
    let mut attributes = vec![
        json!({"attributeCode": "material", "value": [view.text(family.material)]}),
        json!({"attributeCode": "color", "value": [view.text(pick(&COLOURS, family.index, Colour))]}),
        json!({"attributeCode": "origin", "value": [view.text(pick(&ORIGINS, family.index, Origin))]}),
        json!({"attributeCode": "handmade", "value": [yes_or_no]}),
    ];
    if let Role::Child { size, .. } = role {
        attributes.push(json!({"attributeCode": "size", "value": [SIZES[size]]}));
    }
    Value::from(attributes)
}

fn parents(role: Role) -> Value {
    match role {
        Role::Child { parent, .. } => json!([{"sku": sku(parent, Role::Configurable), "productType": "configurable"}]),
        Role::Simple | Role::Configurable => Value::Null,
    }
}

fn links(index: u64, products: u64) -> Value {
    let other = choose(index, Related, usize::try_from(products).unwrap_or(usize::MAX)) as u64;
    if other == index {
        return Value::Null;
    }
    json!([{"sku": sku(other, role(other, products)), "type": "related"}])
}

fn options(view: &View) -> Value {
    let values: Vec<Value> = SIZES
        .iter()
        .enumerate()
        .map(|(size, label)| json!({"id": shop::size_uid(size_option(size)), "label": label, "sortOrder": size}))
        .collect();
    json!([{
        "id": "size", "type": "configurable", "label": shop::size_label(view), "sortOrder": 0, "required": true,
        "values": values,
    }])
}

/// The option id of a size.
pub(super) fn size_option(size: usize) -> u64 {
    201 + size as u64
}
