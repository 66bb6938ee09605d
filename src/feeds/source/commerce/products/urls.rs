//! Where a product is found in a store view: `url` and `urlRewrites`.

use serde::Serialize;

use super::base::Base;
use super::base_attribute::BaseAttribute;
use super::batch::{Batch, PerProduct, Product};
use super::reader::Reader;
use super::view::View;
use super::{Joined, list_or_null};
use crate::commerce::database::{DatabaseError, in_list};
use crate::feeds::content::Content;

/// Segments of a target path before its parameters: `catalog/product/view`.
const ROUTE_SEGMENTS: usize = 3;

/// A row of `url_rewrite`.
#[derive(Debug)]
struct Rewrite {
    id: u64,
    store: u32,
    request_path: String,
    target_path: String,
    /// Neither a redirect, nor a path through a category.
    is_canonical: bool,
}

/// As read: the product, then the fields of [`Rewrite`].
type RewriteRow = (u64, u64, u32, Option<String>, Option<String>, i64);

/// The URL rewrites of a page of products, oldest first.
#[derive(Debug)]
pub(super) struct Urls {
    rewrites: PerProduct<Rewrite>,
}

impl Urls {
    pub(super) async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Option<Self>, DatabaseError> {
        if !reader.has_all(&["url_rewrite"]) {
            return Ok(None);
        }
        // The index over store and entity is in every version of the schema; one over the entity alone is not.
        let sql = format!(
            "SELECT entity_id, url_rewrite_id, store_id, request_path, target_path, \
             redirect_type = 0 AND metadata IS NULL FROM {table} \
             WHERE store_id IN ({stores}) AND {is_of_page} AND entity_type = 'product'",
            table = reader.table("url_rewrite"),
            stores = in_list(reader.shop.views.iter().map(|view| view.store.id)),
            is_of_page = batch.has_id("entity_id"),
        );
        let rows: Vec<RewriteRow> = reader.rows(&sql).await?;
        let mut rewrites = batch.by_id(rows, |(entity, id, store, request, target, is_canonical)| {
            let request_path = request.unwrap_or_default();
            let target_path = target.unwrap_or_default();
            (entity, Rewrite { id, store, request_path, target_path, is_canonical: is_canonical != 0 })
        });
        rewrites.sort_by_key(|rewrite| rewrite.id);
        Ok(Some(Self { rewrites }))
    }

    fn of_view(&self, index: usize, view: &View) -> impl DoubleEndedIterator<Item = &Rewrite> {
        self.rewrites.of(index).iter().filter(move |rewrite| rewrite.store == view.store.id)
    }
}

/// An entry of `urlRewrites`.
#[derive(Serialize)]
struct UrlRewrite<'a> {
    parameters: Option<&'a [Parameter<'a>]>,
    url: Joined<'a>,
}

/// A name and a value in the target path of a rewrite.
#[derive(Debug, PartialEq, Serialize)]
struct Parameter<'a> {
    name: &'a str,
    value: &'a str,
}

/// `url` is there even without rewrites: every product has its plain path.
pub(super) fn put(
    urls: Option<&Urls>,
    fields: &mut Content,
    base: &Base<'_>,
    product: &Product,
    index: usize,
    view: &View,
) {
    // Of several, the newest: it is the one that Commerce made last.
    let canonical = urls.and_then(|urls| urls.of_view(index, view).rfind(|rewrite| rewrite.is_canonical));
    if let Some(rewrite) = canonical {
        fields.put("url", Joined(&view.urls.link, &rewrite.request_path));
    } else {
        let url_key = base.get(BaseAttribute::UrlKey).unwrap_or_default();
        fields.put("url", format!("{}catalog/product/view/id/{}/s/{url_key}/", view.urls.link, product.id));
    }
    if let Some(urls) = urls {
        let rewrites: Vec<_> =
            urls.of_view(index, view).map(|rewrite| (rewrite, parameters(&rewrite.target_path))).collect();
        let rewrites: Vec<_> = rewrites
            .iter()
            .map(|(rewrite, parameters)| UrlRewrite {
                parameters: list_or_null(parameters),
                url: Joined(&view.urls.web, &rewrite.request_path),
            })
            .collect();
        fields.put("urlRewrites", list_or_null(&rewrites));
    }
}

/// The name and value pairs of a target path: `catalog/product/view/id/1/category/4` has `id` and `category`.
fn parameters(target_path: &str) -> Vec<Parameter<'_>> {
    let mut segments = target_path.trim_matches('/').split('/').skip(ROUTE_SEGMENTS);
    let pairs = std::iter::from_fn(|| Some((segments.next()?, segments.next()?)));
    pairs.map(|(name, value)| Parameter { name, value }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_pairs_after_the_route() {
        let id = || Parameter { name: "id", value: "1" };
        let category = Parameter { name: "category", value: "4" };
        assert_eq!(parameters("catalog/product/view/id/1/category/4"), [id(), category]);
        assert_eq!(parameters("catalog/product/view/id/1/category"), [id()]);
        assert_eq!(parameters("new-path.html"), []);
    }
}
