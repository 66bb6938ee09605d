//! Where a product is found in a store view: `url` and `urlRewrites`.

use serde_json::Value;

use super::base::{Base, BaseAttribute};
use super::batch::{Batch, PerProduct, Product};
use super::reader::Reader;
use super::shop::View;
use super::{Draft, list_or_null, object};
use crate::commerce::database::{DatabaseError, in_list};

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

/// `url` is there even without rewrites: every product has its plain path.
pub(super) fn put(
    urls: Option<&Urls>,
    fields: &mut Draft,
    base: &Base<'_>,
    product: &Product,
    index: usize,
    view: &View,
) {
    // Of several, the newest: it is the one that Commerce made last.
    let canonical = urls.and_then(|urls| urls.of_view(index, view).rfind(|rewrite| rewrite.is_canonical));
    let path = canonical.map_or_else(
        || {
            let url_key = base.get(BaseAttribute::UrlKey).unwrap_or_default();
            format!("catalog/product/view/id/{}/s/{url_key}/", product.id)
        },
        |rewrite| rewrite.request_path.clone(),
    );
    super::put(fields, "url", [view.urls.link.as_str(), &path].concat());
    if let Some(urls) = urls {
        let rewrites = urls.of_view(index, view).map(|rewrite| {
            object([
                ("url", [view.urls.web.as_str(), &rewrite.request_path].concat().into()),
                ("parameters", list_or_null(parameters(&rewrite.target_path))),
            ])
        });
        super::put(fields, "urlRewrites", list_or_null(rewrites.collect()));
    }
}

/// The name and value pairs of a target path: `catalog/product/view/id/1/category/4` has `id` and `category`.
fn parameters(target_path: &str) -> Vec<Value> {
    let mut segments = target_path.trim_matches('/').split('/').skip(ROUTE_SEGMENTS);
    let pairs = std::iter::from_fn(|| Some((segments.next()?, segments.next()?)));
    pairs.map(|(name, value)| object([("name", name.into()), ("value", value.into())])).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_are_pairs_after_the_route() {
        assert_eq!(
            parameters("catalog/product/view/id/1/category/4"),
            [json!({"name": "id", "value": "1"}), json!({"name": "category", "value": "4"})]
        );
        assert_eq!(parameters("catalog/product/view/id/1/category"), [json!({"name": "id", "value": "1"})]);
        assert_eq!(parameters("new-path.html"), Vec::<Value>::new());
    }
}
