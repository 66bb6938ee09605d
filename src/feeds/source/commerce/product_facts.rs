//! What decides in the shop's tables whether a product is shown: websites, status and visibility with where they come from,
//! children, parents, categories up the tree. For one product that a person asks about.

use std::collections::{BTreeMap, BTreeSet};

use super::super::SourceError;
use super::context::Context;
use super::eav::Entity;
use super::{Commerce, context_of};
use crate::commerce::database::{DatabaseError, Snapshot, in_list};
use crate::domain::Feed;
use crate::untrusted::SafeText;

/// The children and parents of products, whatever kind they are.
const RELATIONS: &str = "catalog_product_relation";
/// The categories that a product was put into.
const CATEGORIES: &str = "catalog_category_product";
/// `status` of an enabled product.
const ENABLED: i64 = 1;

/// A product in the shop's tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductFacts {
    /// `catalog_product_entity.entity_id`
    pub id: u64,
    /// As the shop spells it.
    pub sku: SafeText,
    /// `type_id`, such as `configurable`.
    pub kind: SafeText,
    /// In the order of store views.
    pub views: Vec<ViewFacts>,
    pub children: Vec<ChildFacts>,
    /// The SKUs of the products that it is part of.
    pub parents: Vec<SafeText>,
    pub categories: Vec<CategoryFacts>,
}

/// What a store view says of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewFacts {
    pub code: SafeText,
    pub website: SafeText,
    /// Whether the store view itself is open.
    pub is_active: bool,
    /// Whether the product is assigned to the website.
    pub is_assigned: bool,
    /// The value of `status`; `None` if nothing says it, which counts as disabled.
    pub status: Option<Scoped>,
    /// The value of `visibility`; `None` if nothing says it, which counts as hidden.
    pub visibility: Option<Scoped>,
}

/// A value of an attribute, and who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scoped {
    pub value: i64,
    /// Whether the store view has a value of its own; else it is that of all store views.
    pub is_own: bool,
}

/// A child of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildFacts {
    pub sku: SafeText,
    /// The store views in which it is enabled.
    pub enabled_in: BTreeSet<SafeText>,
}

/// A category of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryFacts {
    pub id: u64,
    /// `catalog_category_entity.path`
    pub path: SafeText,
    /// By store view in whose tree it is: the categories of its path, itself included, that are not active.
    pub inactive: BTreeMap<SafeText, Vec<u64>>,
}

impl Commerce {
    /// The product with this SKU; `None` if the shop has none.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn product_facts(&self, sku: &str) -> Result<Option<ProductFacts>, SourceError> {
        let databases = self.look_for(Feed::Products, &[RELATIONS, CATEGORIES]).await?;
        let cell = self.run(&databases.main, Feed::Products).await?;
        let Some(run) = cell.get() else { return Ok(None) };
        let read = || async {
            let context = context_of(&databases, run).await?;
            let mut snapshot = databases.main.snapshot().await?;
            let facts = read(&mut snapshot, &context, sku).await?;
            snapshot.end().await;
            Ok(facts)
        };
        databases.main.persist(read).await.map_err(|error| SourceError::of(Feed::Products, error))
    }
}

async fn read(snapshot: &mut Snapshot, context: &Context, sku: &str) -> Result<Option<ProductFacts>, DatabaseError> {
    let link = context.link(Entity::Product);
    let sql = format!(
        "SELECT e.entity_id, e.{link}, e.sku, e.type_id FROM {} e WHERE e.sku = ?{}",
        context.table("catalog_product_entity"),
        context.is_current(Entity::Product, "e"),
    );
    let rows: Vec<(u64, u64, String, String)> = snapshot.rows_with(&sql, (sku,)).await?;
    let Some((id, row, sku, kind)) = rows.into_iter().next() else { return Ok(None) };
    Ok(Some(ProductFacts {
        id,
        sku: SafeText::new(&sku),
        kind: SafeText::new(&kind),
        views: views(snapshot, context, id).await?,
        children: children(snapshot, context, row).await?,
        parents: parents(snapshot, context, id).await?,
        categories: categories(snapshot, context, id).await?,
    }))
}

/// The values of an attribute of some products: by product and store view, with 0 for all store views.
type Values = BTreeMap<(u64, u32), i64>;

async fn values(
    snapshot: &mut Snapshot,
    context: &Context,
    entity: Entity,
    code: &str,
    ids: &[u64],
) -> Result<Values, DatabaseError> {
    let attributes = match entity {
        Entity::Product => &context.product_attributes,
        Entity::Category => &context.category_attributes,
    };
    let Some(attribute) = attributes.get(code).filter(|_| !ids.is_empty()) else { return Ok(Values::new()) };
    let sql = format!(
        "SELECT e.entity_id, v.store_id, v.value FROM {value} v JOIN {entity} e ON e.{link} = v.{link} \
         WHERE v.attribute_id = {attribute} AND v.value IS NOT NULL AND e.entity_id IN ({ids}){is_current}",
        value = context.table(&format!("{}_int", entity.table())),
        entity = context.table(entity.table()),
        link = context.link(entity),
        attribute = attribute.id,
        ids = in_list(ids),
        is_current = context.is_current(entity, "e"),
    );
    let rows: Vec<(u64, u32, i64)> = snapshot.rows(&sql).await?;
    Ok(rows.into_iter().map(|(id, store, value)| ((id, store), value)).collect())
}

fn scoped(values: &Values, id: u64, store: u32) -> Option<Scoped> {
    let of = |store, is_own| values.get(&(id, store)).map(|value| Scoped { value: *value, is_own });
    of(store, true).or_else(|| of(0, false))
}

async fn views(snapshot: &mut Snapshot, context: &Context, id: u64) -> Result<Vec<ViewFacts>, DatabaseError> {
    let sql = format!("SELECT website_id FROM {} WHERE product_id = {id}", context.table("catalog_product_website"));
    let websites: BTreeSet<u32> = snapshot.rows(&sql).await?.into_iter().collect();
    let sql = format!("SELECT store_id FROM {} WHERE is_active = 0", context.table("store"));
    let closed: BTreeSet<u32> = snapshot.rows(&sql).await?.into_iter().collect();
    let status = values(snapshot, context, Entity::Product, "status", &[id]).await?;
    let visibility = values(snapshot, context, Entity::Product, "visibility", &[id]).await?;
    let facts = context.scopes.store_views.iter().map(|view| ViewFacts {
        code: SafeText::new(&view.code),
        website: SafeText::new(&view.website_code),
        is_active: !closed.contains(&view.id),
        is_assigned: websites.contains(&view.website_id),
        status: scoped(&status, id, view.id),
        visibility: scoped(&visibility, id, view.id),
    });
    Ok(facts.collect())
}

async fn children(snapshot: &mut Snapshot, context: &Context, row: u64) -> Result<Vec<ChildFacts>, DatabaseError> {
    if !context.has_table(RELATIONS) {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT DISTINCT e.entity_id, e.sku FROM {relation} r JOIN {entity} e ON e.entity_id = r.child_id{is_current} \
         WHERE r.parent_id = {row} ORDER BY e.entity_id",
        relation = context.table(RELATIONS),
        entity = context.table("catalog_product_entity"),
        is_current = context.is_current(Entity::Product, "e"),
    );
    let rows: Vec<(u64, String)> = snapshot.rows(&sql).await?;
    let ids: Vec<u64> = rows.iter().map(|(id, _)| *id).collect();
    let status = values(snapshot, context, Entity::Product, "status", &ids).await?;
    let child = |(id, sku): (u64, String)| {
        let is_enabled = |store| scoped(&status, id, store).is_some_and(|status| status.value == ENABLED);
        let views = context.scopes.store_views.iter().filter(|view| is_enabled(view.id));
        ChildFacts { sku: SafeText::new(&sku), enabled_in: views.map(|view| SafeText::new(&view.code)).collect() }
    };
    Ok(rows.into_iter().map(child).collect())
}

async fn parents(snapshot: &mut Snapshot, context: &Context, id: u64) -> Result<Vec<SafeText>, DatabaseError> {
    if !context.has_table(RELATIONS) {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT DISTINCT e.sku FROM {relation} r JOIN {entity} e ON e.{link} = r.parent_id{is_current} \
         WHERE r.child_id = {id} ORDER BY e.sku",
        relation = context.table(RELATIONS),
        entity = context.table("catalog_product_entity"),
        link = context.link(Entity::Product),
        is_current = context.is_current(Entity::Product, "e"),
    );
    let rows: Vec<String> = snapshot.rows(&sql).await?;
    Ok(rows.iter().map(|sku| SafeText::new(sku)).collect())
}

async fn categories(snapshot: &mut Snapshot, context: &Context, id: u64) -> Result<Vec<CategoryFacts>, DatabaseError> {
    if !context.has_table(CATEGORIES) {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT DISTINCT c.entity_id, c.path FROM {assigned} p JOIN {category} c ON c.entity_id = p.category_id{is_current} \
         WHERE p.product_id = {id} ORDER BY c.entity_id",
        assigned = context.table(CATEGORIES),
        category = context.table("catalog_category_entity"),
        is_current = context.is_current(Entity::Category, "c"),
    );
    let rows: Vec<(u64, Option<String>)> = snapshot.rows(&sql).await?;
    let ids_of = |path: &str| -> Vec<u64> { path.split('/').filter_map(|id| id.parse().ok()).collect() };
    let all: BTreeSet<u64> = rows.iter().flat_map(|(_, path)| ids_of(path.as_deref().unwrap_or_default())).collect();
    let all: Vec<u64> = all.into_iter().collect();
    let active = values(snapshot, context, Entity::Category, "is_active", &all).await?;
    let category = |(id, path): (u64, Option<String>)| {
        let path = path.unwrap_or_default();
        let ids = ids_of(&path);
        let in_tree = context.scopes.store_views.iter().filter(|view| ids.contains(&view.root_category_id));
        let inactive = in_tree.map(|view| {
            // The first is the root of all trees, which has no state.
            let is_off = |id: &&u64| scoped(&active, **id, view.id).is_none_or(|active| active.value != 1);
            (SafeText::new(&view.code), ids.iter().skip(1).filter(is_off).copied().collect())
        });
        CategoryFacts { id, path: SafeText::new(&path), inactive: inactive.collect() }
    };
    Ok(rows.into_iter().map(category).collect())
}
