//! The products feed: one item for each product × store view of a website that the product is assigned to (feed map
//! §2).
//!
//! A page is read as a whole: each part of an item asks its own question about all products of the page at once, so the
//! number of queries does not depend on the page size. An item is then put together from the parts in memory.
//!
//! | file | fields |
//! |---|---|
//! | `batch` | the products of a page: sku, productId, type, dates, websites |
//! | `shop` | nothing of its own: what does not change from page to page, read once per feed |
//! | `values`, `value_table`, `base` | everything that is an attribute with a field of its own |
//! | `attributes`, `labels` | attributes |
//! | `mapped` | attributes that the configuration adds |
//! | `categories` | categoryData, categories |
//! | `media` | images, videos, `media_gallery` |
//! | `links` | links, parents, and what a grouped product consists of |
//! | `urls` | url, urlRewrites |
//! | `stock` | inStock, lowStock, buyable |
//! | `options/` | optionsV2, shopperInputOptions, samples |
//!
//! Adobe's exporter leaves the order of lists to the database. Here every list has an order, named where it is made, so
//! that an unchanged product has an unchanged hash.
//!
//! This room must never know how pages are walked, or what becomes of an item.

mod attributes;
mod base;
mod base_attribute;
mod batch;
mod categories;
mod labels;
mod links;
mod mapped;
mod media;
mod option_value;
mod options;
mod reader;
mod scoped;
mod shop;
mod stock;
mod urls;
mod value_table;
mod values;
mod view;

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use super::super::{Broken, Collected, Remark};
use super::context::Context;
use super::directives::{Directives, LeftOut};
use super::keys::Keys;
use crate::commerce::database::{DatabaseError, Snapshot};
use crate::feeds::content::Content;
use crate::untrusted::SafeText;
use base::Status;
use base_attribute::BaseAttribute;
use batch::{Batch, Product};
pub(super) use categories::missing_index as missing_category_index;
use reader::Reader;
pub(super) use shop::{Shop, category_paths};
use view::View;

/// A list as the feed has it: `null` when there is nothing in it.
fn list_or_null<T: Serialize>(list: &[T]) -> Option<&[T]> {
    (!list.is_empty()).then_some(list)
}

/// Two texts as one: most of an item's URLs are a base and a path, and need not be put together in memory.
#[derive(Debug, Clone, Copy)]
struct Joined<'a>(&'a str, &'a str);

impl Serialize for Joined<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}{}", self.0, self.1))
    }
}

/// The items of these products, in the order of product and store view ids.
pub(super) async fn page(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
    remarks: &mut Vec<Remark>,
) -> Result<Vec<Collected>, DatabaseError> {
    let products = Products::load(snapshot, context, &Keys::List(ids.to_vec())).await?;
    let places = 0..products.places(context);
    Ok(products.items(places, usize::MAX, remarks).0)
}

/// Products, and everything that their items are made of.
pub(super) struct Products {
    batch: Batch,
    parts: Parts,
    shop: Arc<Shop>,
    directives: Arc<Directives>,
}

impl Products {
    pub(super) async fn load(snapshot: &mut Snapshot, context: &Context, keys: &Keys) -> Result<Self, DatabaseError> {
        let shop = context.once.get_or_try_init(|| Shop::load(&mut *snapshot, context)).await?;
        let mut reader = Reader { snapshot, context, shop: &shop };
        let batch = Batch::load(&mut reader, keys).await?;
        let directives = context.once.get_or_try_init(|| Directives::load(&mut *reader.snapshot, context)).await?;
        let parts = Parts::load(&mut reader, &batch).await?;
        Ok(Self { batch, parts, shop, directives })
    }

    /// How many there are: those of the keys that have a current version.
    pub(super) fn len(&self) -> usize {
        self.batch.products.len()
    }

    /// One for each product and store view: a product has one after the other, in the order of their ids.
    pub(super) fn places(&self, context: &Context) -> usize {
        self.len() * context.scopes.store_views.len()
    }

    /// The items at these places, with remarks on them. Stops when the items have so many bytes, and says where. CPU work.
    pub(super) fn items(
        &self,
        places: Range<usize>,
        most_bytes: usize,
        remarks: &mut Vec<Remark>,
    ) -> (Vec<Collected>, usize) {
        let (shop, directives) = (&*self.shop, &*self.directives);
        let mut left_out = LeftOut::default();
        let mut collected = Vec::with_capacity(places.len());
        let mut bytes = 0;
        for at in places.clone() {
            let (index, view) = (at / shop.views.len(), &shop.views[at % shop.views.len()]);
            let product = &self.batch.products[index];
            if product.websites.contains(&view.store.website_id) {
                let mut words = Words { directives, left_out: &mut left_out };
                let item = self.parts.item(shop, &mut words, product, index, view);
                remarks.extend(left_out.remarks(|| place(product, view)));
                bytes += item.bytes();
                collected.push(item);
                if bytes >= most_bytes {
                    return (collected, at + 1);
                }
            }
        }
        (collected, places.end)
    }
}

/// What is wrong with a product of which the store view knows no attribute at all.
const NO_VALUES: &str = "it has no attribute values; save it in the Admin, or delete it";

/// What edited texts are rendered with, and what could not be.
struct Words<'a> {
    directives: &'a Directives,
    left_out: &'a mut LeftOut,
}

/// Everything about a page of products, by part.
struct Parts {
    values: values::Values,
    labels: labels::Labels,
    categories: Option<categories::Categories>,
    media: Option<media::Media>,
    links: Option<links::Links>,
    parents: Option<links::Parents>,
    urls: Option<urls::Urls>,
    stock: Option<stock::Stocks>,
    mapped: mapped::Mapped,
    options: options::Options,
}

impl Parts {
    async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Self, DatabaseError> {
        let values = values::Values::load(reader, batch).await?;
        let options = options::Options::load(reader, batch).await?;
        let mut option_ids = values.option_ids(reader.shop);
        option_ids.extend(options.option_ids());
        Ok(Self {
            labels: labels::Labels::load(reader, &option_ids).await?,
            categories: categories::Categories::load(reader, batch).await?,
            media: media::Media::load(reader, batch).await?,
            links: links::Links::load(reader, batch).await?,
            parents: links::Parents::load(reader, batch).await?,
            urls: urls::Urls::load(reader, batch).await?,
            stock: stock::Stocks::load(reader, batch).await?,
            mapped: mapped::Mapped::load(reader, batch).await?,
            values,
            options,
        })
    }

    fn item(&self, shop: &Shop, words: &mut Words<'_>, product: &Product, index: usize, view: &View) -> Collected {
        let mut fields = Content::roomy();
        product.put(&mut fields, view);
        let (base, mut attributes) = self.values.of_view(shop, &self.labels, index, view.store.id);
        if base.is_absent() {
            return Collected::Broken(broken(product, view, fields, NO_VALUES.to_owned()));
        }
        let status = match base.status() {
            Ok(status) => status,
            Err(unknown) => return Collected::Broken(broken(product, view, fields, unknown_status(unknown))),
        };
        let is_fixed_price = product.is_bundle() && self.values.has_fixed_price(shop, index);
        fields.put("type", batch::type_name(&product.type_id, is_fixed_price));
        base.put(&mut fields, shop, words, view, status);
        fields.put("status", status.word());
        self.put_stock(&mut fields, status, index, view);
        if let Some(categories) = &self.categories {
            categories.put(&mut fields, shop, index, view);
        }
        if let Some(media) = &self.media {
            media.put(&mut fields, &base, product, index, view);
        }
        if let Some(links) = &self.links {
            links.put(&mut fields, index, view);
        }
        if let Some(parents) = &self.parents {
            parents.put(&mut fields, index, view);
        }
        urls::put(self.urls.as_ref(), &mut fields, &base, product, index, view);
        let made_of = options::MadeOf {
            shop,
            labels: &self.labels,
            links: self.links.as_ref(),
            base: &base,
            links_title: self.links_title(shop, product, index),
        };
        attributes.extend(
            self.options.put(&mut fields, &made_of, product, index, view).map(attributes::AttributeEntry::Made),
        );
        self.mapped.put(&mut attributes, index);
        fields.put("attributes", list_or_null(&attributes));
        // Declared by the exporter, and never filled: variants have a feed of their own.
        fields.put("variants", ());
        Collected::Item { source_id: Some(product.id), content: fields }
    }

    /// What a downloadable product calls its links. As Adobe's exporter has it: in all of its store views what the last of
    /// them calls them.
    fn links_title(&self, shop: &Shop, product: &Product, index: usize) -> Option<&str> {
        let last = shop.last_view(product).filter(|_| product.is_downloadable())?;
        self.values.base_text(shop, index, last.store.id, BaseAttribute::LinksTitle)
    }

    /// A product can be bought where it is enabled and, if stock is known at all, in stock.
    fn put_stock(&self, fields: &mut Content, status: Status, index: usize, view: &View) {
        let is_in_stock = self.stock.as_ref().map(|stock| stock.put(fields, index, view));
        fields.put("buyable", (status == Status::Enabled) && is_in_stock.unwrap_or(true));
    }
}

/// A product that is half written, or left over. What is known is its identity, so that it is not mistaken for a deleted
/// one.
fn broken(product: &Product, view: &View, known: Content, reason: String) -> Broken {
    Broken {
        source_id: Some(product.id),
        place: place(product, view),
        reason: SafeText::from(reason),
        known: Some(known),
    }
}

fn place(product: &Product, view: &View) -> SafeText {
    let sku = product.sku.as_deref().unwrap_or("no SKU");
    SafeText::new(&format!("product {} ({sku}), store view {}", product.id, view.store.code))
}

fn unknown_status(status: &str) -> String {
    format!("its status is {status:?}, neither 1 (enabled) nor 2 (disabled); save it in the Admin")
}
