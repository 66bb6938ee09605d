//! Products that a product points to (`links`, and what a grouped product consists of) and that it is part of
//! (`parents`).

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use serde_json::{Value, json};

use super::batch::{BUNDLE, Batch, PerProduct, type_name};
use super::list_or_null;
use super::option_value::option_value;
use super::reader::{Reader, filter};
use super::shop::GROUPED_LINK;
use super::view::View;
use crate::commerce::database::{DatabaseError, in_list};
use crate::feeds::content::Content;

/// The links of the feed, by `link_type_id`; the words are those of Commerce's own link types, not of its table.
const LINK_TYPES: [(u32, &str); 3] = [(1, "related"), (4, "upsell"), (5, "crosssell")];

/// As read: whose link, then the fields of [`Link`].
type LinkRow = (u64, u64, u32, u64, Option<String>, u32, Option<f64>, Option<i64>);

/// A link, as seen in one website of the product that it points to.
#[derive(Debug)]
struct Link {
    id: u64,
    kind: u32,
    product: u64,
    sku: Option<String>,
    website: u32,
    qty: Option<f64>,
    position: Option<i64>,
}

/// An entry of `links`.
#[derive(Serialize)]
struct LinkTo<'a> {
    sku: Option<&'a str>,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// An entry of `parents`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ParentOf<'a> {
    product_type: &'a str,
    sku: Option<&'a str>,
}

/// The links of a page of products, in the order of link ids.
#[derive(Debug)]
pub(super) struct Links {
    links: PerProduct<Link>,
}

impl Links {
    pub(super) async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Option<Self>, DatabaseError> {
        let tables =
            ["catalog_product_link", "catalog_product_link_attribute_decimal", "catalog_product_link_attribute_int"];
        if !reader.has_all(&tables) {
            return Ok(None);
        }
        let [link_table, decimal, int] = tables.map(|table| reader.table(table));
        let kinds = LINK_TYPES.map(|(kind, _)| kind).into_iter().chain([GROUPED_LINK]);
        let sql = format!(
            "SELECT l.product_id, l.link_id, l.link_type_id, e.entity_id, e.sku, w.website_id, q.value, p.value \
             FROM {link_table} l JOIN {entity} e ON e.entity_id = l.linked_product_id \
             JOIN {website} w ON w.product_id = l.linked_product_id \
             LEFT JOIN {decimal} q ON q.link_id = l.link_id AND {is_qty} \
             LEFT JOIN {int} p ON p.link_id = l.link_id AND {is_position} \
             WHERE {is_of_page} AND {is_wanted}{is_current}",
            entity = reader.table("catalog_product_entity"),
            website = reader.table("catalog_product_website"),
            is_qty = filter("q.product_link_attribute_id", &reader.shop.grouped_qty),
            is_position = filter("p.product_link_attribute_id", &reader.shop.grouped_position),
            is_of_page = batch.has_link("l.product_id"),
            is_wanted = filter("l.link_type_id", kinds),
            is_current = reader.is_current("e"),
        );
        let rows: Vec<LinkRow> = reader.rows(&sql).await?;
        let mut links = batch.by_link(rows, |(of, id, kind, product, sku, website, qty, position)| {
            (of, Link { id, kind, product, sku, website, qty, position })
        });
        links.sort_by_key(|link| link.id);
        Ok(Some(Self { links }))
    }

    /// A link counts where the product that it points to is sold as well.
    fn in_website(&self, index: usize, view: &View) -> impl Iterator<Item = &Link> {
        self.links.of(index).iter().filter(move |link| link.website == view.store.website_id)
    }

    /// In the exporter's order: of the words of their types, then of SKUs.
    pub(super) fn put(&self, fields: &mut Content, index: usize, view: &View) {
        let links = self.in_website(index, view).filter_map(|link| {
            let (_, word) = LINK_TYPES.into_iter().find(|(kind, _)| *kind == link.kind)?;
            Some(LinkTo { sku: link.sku.as_deref(), kind: word })
        });
        let mut links: Vec<_> = links.collect();
        links.sort_by_key(|link| (link.kind, link.sku));
        fields.put("links", list_or_null(&links));
    }

    /// What a grouped product consists of, as values of its option.
    pub(super) fn grouped(&self, index: usize, view: &View) -> Vec<Value> {
        let links = self.in_website(index, view).filter(|link| link.kind == GROUPED_LINK);
        let value = |link: &Link| {
            option_value(json!({
                "id": link.product.to_string(),
                "sku": link.sku,
                "qty": link.qty.unwrap_or_default(),
                "sortOrder": link.position,
                "qtyMutability": true,
            }))
        };
        links.map(value).collect()
    }
}

/// A product of which others are part.
#[derive(Debug)]
struct Parent {
    id: u64,
    sku: Option<String>,
    type_id: String,
    has_fixed_price: bool,
    websites: Vec<u32>,
}

/// The parents of a page of products.
#[derive(Debug)]
pub(super) struct Parents {
    /// The link columns of each product's parents, in the order of the parents' ids.
    of_product: PerProduct<u64>,
    /// By link column: many products have the same parent.
    parents: HashMap<u64, Parent>,
}

impl Parents {
    pub(super) async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Option<Self>, DatabaseError> {
        if !reader.has_all(&["catalog_product_relation"]) {
            return Ok(None);
        }
        let sql = format!(
            "SELECT child_id, parent_id FROM {} WHERE {}",
            reader.table("catalog_product_relation"),
            batch.has_id("child_id")
        );
        let rows: Vec<(u64, u64)> = reader.many_rows(&sql).await?;
        let parents = parents(reader, &rows.iter().map(|(_, parent)| *parent).collect()).await?;
        let rows = rows.into_iter().filter(|(_, parent)| parents.contains_key(parent)).collect();
        let mut of_product = batch.by_id(rows, |row| row);
        of_product.sort_by_key(|link| parents.get(link).map(|parent| parent.id));
        Ok(Some(Self { of_product, parents }))
    }

    /// A parent counts where it is sold as well.
    pub(super) fn put(&self, fields: &mut Content, index: usize, view: &View) {
        let parents = self.of_product.of(index).iter().filter_map(|link| self.parents.get(link));
        let parents = parents.filter(|parent| parent.websites.contains(&view.store.website_id));
        let parents = parents.map(|parent| ParentOf {
            product_type: type_name(&parent.type_id, parent.has_fixed_price),
            sku: parent.sku.as_deref(),
        });
        fields.put("parents", list_or_null(&parents.collect::<Vec<_>>()));
    }
}

/// The parents with these link columns, in their current versions, by link column.
async fn parents(reader: &mut Reader<'_>, links: &BTreeSet<u64>) -> Result<HashMap<u64, Parent>, DatabaseError> {
    let link = reader.link();
    let select =
        format!("SELECT p.{link}, p.entity_id, p.sku, p.type_id FROM {} p", reader.table("catalog_product_entity"));
    let is_current = reader.is_current("p");
    let rows: Vec<(u64, u64, Option<String>, String)> =
        reader.rows_about(&select, &format!("p.{link}"), links, &is_current).await?;
    let select = format!("SELECT product_id, website_id FROM {}", reader.table("catalog_product_website"));
    let ids = rows.iter().map(|row| row.1).collect();
    let mut websites: HashMap<u64, Vec<u32>> = HashMap::new();
    for (id, website) in reader.rows_about::<(u64, u32)>(&select, "product_id", &ids, "").await? {
        websites.entry(id).or_default().push(website);
    }
    // Only a bundle's price may be its own.
    let bundles = rows.iter().filter(|row| row.3 == BUNDLE).map(|row| row.0).collect();
    let select = format!("SELECT v.{link} FROM {} v", reader.table("catalog_product_entity_int"));
    let is_fixed = format!(" AND v.attribute_id IN ({}) AND v.value = 1", in_list(reader.shop.price_type));
    let fixed: Vec<u64> = reader.rows_about(&select, &format!("v.{link}"), &bundles, &is_fixed).await?;
    let parent = |(link, id, sku, type_id)| {
        let has_fixed_price = fixed.contains(&link);
        (link, Parent { id, sku, type_id, has_fixed_price, websites: websites.remove(&id).unwrap_or_default() })
    };
    Ok(rows.into_iter().map(parent).collect())
}
