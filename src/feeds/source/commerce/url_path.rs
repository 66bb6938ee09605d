//! The path of a category, made of the URL keys of the categories above it (feed map §2, `categoryData`).

use std::collections::BTreeSet;

use super::context::Context;
use super::eav::{Attribute, Entity};
use super::entity_values::Values;
use crate::commerce::database::{DatabaseError, Snapshot};

/// The URL keys of some categories, in every store view.
#[derive(Debug, Default)]
pub(super) struct UrlPaths {
    values: Values,
    url_key: Option<Attribute>,
}

impl UrlPaths {
    /// Reads the URL keys that these `catalog_category_entity.path` values need: one query.
    pub(super) async fn load<'a>(
        snapshot: &mut Snapshot,
        context: &Context,
        paths: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, DatabaseError> {
        let ids: BTreeSet<u64> = paths.into_iter().flat_map(below_root).collect();
        let ids: Vec<u64> = ids.into_iter().collect();
        let url_key = context.category_attributes.get("url_key").cloned();
        let values = Values::load(snapshot, context, Entity::Category, &ids, url_key.as_ref()).await?;
        Ok(Self { values, url_key })
    }

    /// The path in a store view, such as `gear/bags`; `None` if no category below the root has a URL key.
    ///
    /// Unlike elsewhere, a NULL of the store view lets the default key through. An empty key is a segment of its own.
    pub(super) fn path(&self, path: &str, store_id: u32) -> Option<String> {
        let url_key = self.url_key.as_ref()?;
        let keys: Vec<&str> = below_root(path).filter_map(|id| self.values.laid_over(id, url_key, store_id)).collect();
        (!keys.is_empty()).then(|| keys.join("/"))
    }
}

/// The ids of a path from the third on: the first is the tree's root, the second the store's root category.
pub(super) fn below_root(path: &str) -> impl Iterator<Item = u64> {
    path.split('/').skip(2).filter_map(|id| id.parse().ok())
}
