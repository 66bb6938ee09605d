//! What a downloadable product consists of: its links as an option, its samples, and both again as one attribute.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::base::{Base, is_true};
use super::super::batch::{Batch, DOWNLOADABLE, PerProduct, Product};
use super::super::list_or_null;
use super::super::reader::Reader;
use super::{object, uid};
use crate::commerce::database::DatabaseError;
use crate::feeds::source::commerce::products::base_attribute::BaseAttribute;
use crate::feeds::source::commerce::products::option_value::option_value;
use crate::feeds::source::commerce::products::scoped::Scoped;
use crate::feeds::source::commerce::products::view::View;

/// The type of the option of a downloadable product.
pub(super) const TYPE: &str = DOWNLOADABLE;
/// The attribute that holds links and samples as JSON.
const ATTRIBUTE: &str = "ac_downloadable";
/// Where a sample of a link, and a sample of the product, are downloaded; the id follows.
const LINK_SAMPLE_PATH: &str = "downloadable/download/linkSample/link_id/";
const SAMPLE_PATH: &str = "downloadable/download/sample/sample_id/";

/// A row of `downloadable_link`.
#[derive(Debug)]
struct LinkRow {
    id: u64,
    sort_order: i64,
    /// 0 is any number.
    downloads: i32,
    has_sample: bool,
}

/// The links of a page of downloadable products, in the order in which the shop sorts them, then of their ids.
#[derive(Debug)]
pub(super) struct Downloads {
    rows: PerProduct<LinkRow>,
    titles: Scoped<Option<String>>,
    /// By website.
    prices: Scoped<Option<f64>>,
}

/// A link, as a store view has it.
pub(super) struct Link<'a> {
    uid: String,
    label: Option<&'a str>,
    sort_order: i64,
    downloads: i32,
    price: f64,
    sample_url: Option<String>,
}

impl Downloads {
    pub(super) async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Option<Self>, DatabaseError> {
        let tables = ["downloadable_link", "downloadable_link_title", "downloadable_link_price"];
        if !reader.has_all(&tables) {
            return Ok(None);
        }
        let [link, title, price] = tables.map(|table| reader.table(table));
        let sql = format!(
            "SELECT product_id, link_id, sort_order, number_of_downloads, \
             COALESCE(sample_url, sample_file) IS NOT NULL FROM {link} WHERE {}",
            batch.has_link("product_id")
        );
        let rows: Vec<(u64, u64, i64, Option<i32>, i64)> = reader.rows(&sql).await?;
        let ids = rows.iter().map(|row| row.1).collect();
        let mut rows = batch.by_link(rows, |(of, id, sort_order, downloads, has_sample)| {
            (of, LinkRow { id, sort_order, downloads: downloads.unwrap_or_default(), has_sample: has_sample != 0 })
        });
        rows.sort_by_key(|row| (row.sort_order, row.id));
        let select = format!("SELECT link_id, store_id, title FROM {title}");
        let titles: Vec<(u64, u32, Option<String>)> = reader.rows_about(&select, "link_id", &ids, "").await?;
        // Nothing in the schema forbids two prices of one website: the newest comes last.
        let select = format!("SELECT link_id, website_id, price FROM {price}");
        let prices: Vec<(u64, u32, Option<f64>)> =
            reader.rows_about(&select, "link_id", &ids, " ORDER BY price_id").await?;
        Ok(Some(Self { rows, titles: titles.into_iter().collect(), prices: prices.into_iter().collect() }))
    }

    pub(super) fn values(&self, index: usize, view: &View) -> Vec<Link<'_>> {
        let link = |row: &LinkRow| Link {
            uid: uid(&[&TYPE, &row.id]),
            label: self.titles.laid_over(row.id, view.store.id).map(String::as_str),
            sort_order: row.sort_order,
            downloads: row.downloads,
            price: self.prices.laid_over(row.id, view.store.website_id).copied().unwrap_or_default(),
            sample_url: row.has_sample.then(|| format!("{}{LINK_SAMPLE_PATH}{}", view.urls.web, row.id)),
        };
        self.rows.of(index).iter().map(link).collect()
    }
}

/// The option to choose among the links.
pub(super) fn option(product: &Product, title: Option<&str>, links: &[Link<'_>]) -> Value {
    let value = |link: &Link<'_>| {
        option_value(json!({
            "id": link.uid,
            "label": link.label,
            "sortOrder": link.sort_order,
            "infoUrl": link.sample_url,
            "price": link.price,
            "qty": f64::from(link.downloads),
        }))
    };
    object(json!({
        "id": format!("link:{}", product.id),
        "label": title,
        "type": TYPE,
        "values": list_or_null(&links.iter().map(value).collect::<Vec<_>>()),
    }))
}

/// The samples of a page of products, in the order in which the shop sorts them, then of their ids.
#[derive(Debug)]
pub(super) struct Samples {
    rows: PerProduct<(u64, i64)>,
    titles: Scoped<Option<String>>,
}

/// A sample, as a store view has it.
pub(super) struct Sample<'a> {
    url: String,
    label: Option<&'a str>,
    sort_order: i64,
}

impl Samples {
    pub(super) async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Option<Self>, DatabaseError> {
        let tables = ["downloadable_sample", "downloadable_sample_title"];
        if !reader.has_all(&tables) {
            return Ok(None);
        }
        let [sample, title] = tables.map(|table| reader.table(table));
        let is_of_page = batch.has_link("product_id");
        let sql = format!("SELECT product_id, sample_id, sort_order FROM {sample} WHERE {is_of_page}");
        let rows: Vec<(u64, u64, i64)> = reader.rows(&sql).await?;
        let ids = rows.iter().map(|row| row.1).collect();
        let mut rows = batch.by_link(rows, |(of, id, sort_order)| (of, (id, sort_order)));
        rows.sort_by_key(|(id, sort_order)| (*sort_order, *id));
        let select = format!("SELECT sample_id, store_id, title FROM {title}");
        let titles: Vec<(u64, u32, Option<String>)> = reader.rows_about(&select, "sample_id", &ids, "").await?;
        Ok(Some(Self { rows, titles: titles.into_iter().collect() }))
    }

    pub(super) fn of_view(&self, index: usize, view: &View) -> Vec<Sample<'_>> {
        let sample = |&(id, sort_order): &(u64, i64)| Sample {
            url: format!("{}{SAMPLE_PATH}{id}", view.urls.web),
            label: self.titles.laid_over(id, view.store.id).map(String::as_str),
            sort_order,
        };
        self.rows.of(index).iter().map(sample).collect()
    }
}

impl Sample<'_> {
    pub(super) fn value(&self) -> Value {
        json!({ "resource": { "url": self.url, "label": self.label, "roles": null }, "sortOrder": self.sort_order.to_string() })
    }
}

/// What [`ATTRIBUTE`] holds, with its keys in the exporter's order.
#[derive(Serialize)]
struct Content<'a> {
    purchase_separately: bool,
    samples: Vec<ContentSample<'a>>,
    links: Vec<ContentLink<'a>>,
}

#[derive(Serialize)]
struct ContentSample<'a> {
    label: Option<&'a str>,
    url: &'a str,
}

#[derive(Serialize)]
struct ContentLink<'a> {
    uid: &'a str,
    label: String,
    price: f64,
    number_of_downloads: i32,
    sample_url: Option<&'a str>,
}

/// The entry of `attributes` that says what the product consists of.
pub(super) fn attribute(base: &Base<'_>, samples: &[Sample<'_>], links: &[Link<'_>]) -> Value {
    let samples = samples.iter().map(|sample| ContentSample { label: sample.label, url: &sample.url }).collect();
    let links = links.iter().enumerate().map(|(place, link)| ContentLink {
        uid: &link.uid,
        label: link.label.map_or_else(|| format!("Link {place}"), str::to_owned),
        price: link.price,
        number_of_downloads: link.downloads,
        sample_url: link.sample_url.as_deref(),
    });
    let content = Content {
        purchase_separately: base.get(BaseAttribute::LinksPurchasedSeparately).is_some_and(is_true),
        samples,
        links: links.collect(),
    };
    // Texts, numbers and lists always serialize.
    let text = serde_json::to_string(&content).unwrap_or_default();
    json!({ "attributeCode": ATTRIBUTE, "value": [text] })
}
