//! `categories`: one item for each category and each store view whose root category it is or lies below (feed map §4).

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::super::{Collected, Remark};
use super::base_urls::BaseUrls;
use super::context::Context;
use super::directives::{Directives, LeftOut, escaped};
use super::eav::Entity;
use super::entity_values::Values;
use super::scope::StoreView;
use super::setting::ShopSetting;
use super::url_path::{UrlPaths, below_root};
use crate::commerce::database::{DatabaseError, Snapshot, in_list};
use crate::feeds::content::Fields;
use crate::untrusted::SafeText;

/// The texts of an item, each with the attribute it comes from. One without a value, or with NULL, is absent.
const TEXTS: [(&str, &str); 6] = [
    ("name", "name"),
    ("displayMode", "display_mode"),
    ("metaTitle", "meta_title"),
    ("metaKeywords", "meta_keywords"),
    ("metaDescription", "meta_description"),
    ("urlKey", "url_key"),
];
/// Text written in the page editor; both the field and the attribute.
const DESCRIPTION: &str = "description";
const IS_ACTIVE: &str = "is_active";
const IN_MENU: &str = "include_in_menu";
const IS_ANCHOR: &str = "is_anchor";
/// The flags of an item, 1 or 0, each with the attribute it comes from. One without a value, or with NULL, is absent.
const FLAGS: [(&str, &str); 3] = [("isActive", IS_ACTIVE), ("includeInMenu", IN_MENU), ("isAnchor", IS_ANCHOR)];
const IMAGE: &str = "image";
const DEFAULT_SORT: &str = "default_sort_by";
const AVAILABLE_SORT: &str = "available_sort_by";
/// The level of a store's root category; its `urlPath` is empty, and that is right.
const ROOT_LEVEL: i64 = 1;
/// Where category images are, below the media directory.
const IMAGE_DIRECTORY: &str = "catalog/category";

/// A row of `catalog_category_entity`.
struct Category {
    id: u64,
    created_at: Option<String>,
    updated_at: Option<String>,
    level: i64,
    position: i64,
    parent_id: u64,
    path: String,
}

/// The same in the query's order.
type CategoryRow = (u64, Option<String>, Option<String>, i64, i64, u64, String);

impl Category {
    fn is_below(&self, root: u64) -> bool {
        self.path.split('/').any(|id| id.parse() == Ok(root))
    }

    /// The category on the second level above this one: its state rules over everything below it.
    fn ancestor(&self) -> Option<u64> {
        below_root(&self.path).next().filter(|id| *id != self.id)
    }
}

/// What a page of categories is made of.
struct Data {
    values: Values,
    ancestors: Values,
    url_paths: UrlPaths,
    /// Direct children, by position.
    children: HashMap<u64, Vec<u64>>,
    children_values: Values,
    /// What products can be sorted by, `position` first.
    sortable: Vec<String>,
}

/// Items of a page of categories.
pub(super) async fn page(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
    remarks: &mut Vec<Remark>,
) -> Result<Vec<Collected>, DatabaseError> {
    let categories = categories(snapshot, context, ids).await?;
    let data = Data::load(snapshot, context, &categories).await?;
    let directives = context.once.get_or_try_init(|| Directives::load(&mut *snapshot, context)).await?;
    let description = Description::load(snapshot, context).await?;
    let mut left_out = LeftOut::default();
    let mut items = Vec::new();
    for category in &categories {
        for view in context.scopes.store_views.iter().filter(|view| category.is_below(view.root_category_id)) {
            let mut fields = data.fields(context, category, view);
            if let Some(text) = data.value(context, category, DESCRIPTION, view) {
                let text = description.shown(text, |text| directives.render(text, view.id, &mut left_out).into_owned());
                fields.insert(DESCRIPTION.to_owned(), json!(text));
            }
            let place = || SafeText::new(&format!("category {}, store view {}", category.id, view.code));
            remarks.extend(left_out.remarks(place));
            items.push(Collected::Item { source_id: Some(category.id), content: fields.into() });
        }
    }
    Ok(items)
}

async fn categories(snapshot: &mut Snapshot, context: &Context, ids: &[u64]) -> Result<Vec<Category>, DatabaseError> {
    let sql = format!(
        "SELECT e.entity_id, CAST(e.created_at AS CHAR), CAST(e.updated_at AS CHAR), e.level, e.position, e.parent_id, \
         e.path FROM {} e WHERE e.entity_id IN ({}){} ORDER BY e.entity_id",
        context.table(Entity::Category.table()),
        in_list(ids),
        context.is_current(Entity::Category, "e"),
    );
    let rows: Vec<CategoryRow> = snapshot.rows(&sql).await?;
    let category = |(id, created_at, updated_at, level, position, parent_id, path): CategoryRow| Category {
        id,
        created_at,
        updated_at,
        level,
        position,
        parent_id,
        path,
    };
    Ok(rows.into_iter().map(category).collect())
}

impl Data {
    async fn load(snapshot: &mut Snapshot, context: &Context, categories: &[Category]) -> Result<Self, DatabaseError> {
        let ids: Vec<u64> = categories.iter().map(|category| category.id).collect();
        let states = [IS_ACTIVE, IN_MENU];
        let codes: Vec<&str> = TEXTS
            .iter()
            .map(|(_, code)| *code)
            .chain(states)
            .chain([DESCRIPTION, IS_ANCHOR, IMAGE, DEFAULT_SORT, AVAILABLE_SORT])
            .collect();
        let attributes = &context.category_attributes;
        let values = Values::load(snapshot, context, Entity::Category, &ids, attributes.of_codes(&codes)).await?;

        let ancestor_ids: BTreeSet<u64> = categories.iter().filter_map(Category::ancestor).collect();
        let ancestor_ids: Vec<u64> = ancestor_ids.into_iter().collect();
        let ancestors =
            Values::load(snapshot, context, Entity::Category, &ancestor_ids, attributes.of_codes(&states)).await?;

        let paths = categories.iter().map(|category| category.path.as_str());
        let url_paths = UrlPaths::load(snapshot, context, paths).await?;
        let (children, child_ids) = children(snapshot, context, &ids).await?;
        let children_values =
            Values::load(snapshot, context, Entity::Category, &child_ids, attributes.of_codes(&[IS_ACTIVE])).await?;
        let sortable = sortable(snapshot, context).await?;
        Ok(Self { values, ancestors, url_paths, children, children_values, sortable })
    }

    fn fields(&self, context: &Context, category: &Category, view: &StoreView) -> Fields {
        let mut fields = Fields::new();
        view.put_codes(&mut fields);
        let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        put("categoryId", json!(category.id.to_string()));
        put("createdAt", json!(category.created_at));
        put("updatedAt", json!(category.updated_at));
        put("level", json!(category.level));
        put("position", json!(category.position));
        put("parentId", json!(category.parent_id.to_string()));
        put("path", json!(category.path));
        for (name, code) in TEXTS {
            if let Some(text) = self.value(context, category, code, view) {
                put(name, json!(text));
            }
        }
        for (name, code) in FLAGS {
            let own = self.value(context, category, code, view).and_then(|value| value.parse::<i64>().ok());
            let is_allowed = code == IS_ANCHOR || self.is_allowed_by_ancestor(context, category, code, view);
            if let Some(flag) = if is_allowed { own } else { Some(0) } {
                put(name, json!(flag));
            }
        }

        let children = self.active_children(context, category, view);
        put("children", if children.is_empty() { Value::Null } else { json!(children) });
        let available = self.available_sort_by(context, category, view);
        put("defaultSortBy", json!(self.default_sort_by(context, category, view, &available)));
        put("availableSortBy", if available.is_empty() { Value::Null } else { json!(available) });
        let media = BaseUrls::of(&context.settings, view).media;
        put("image", json!(self.value(context, category, IMAGE, view).map(|image| image_url(image, &media))));

        if category.level == ROOT_LEVEL {
            put("urlPath", json!(""));
        } else if let Some(url_path) = self.url_paths.path(&category.path, view.id) {
            put("urlPath", json!(url_path));
        }
        fields
    }

    fn value(&self, context: &Context, category: &Category, code: &str, view: &StoreView) -> Option<&str> {
        let attribute = context.category_attributes.get(code)?;
        self.values.get(category.id, attribute, view.id)
    }

    /// Whether the second-level ancestor leaves this alone: it does if nothing at all is stored for it.
    fn is_allowed_by_ancestor(&self, context: &Context, category: &Category, code: &str, view: &StoreView) -> bool {
        let Some((ancestor, attribute)) = category.ancestor().zip(context.category_attributes.get(code)) else {
            return true;
        };
        !self.ancestors.has_any(ancestor, view.id)
            || !matches!(self.ancestors.get(ancestor, attribute, view.id), None | Some("0" | ""))
    }

    fn active_children(&self, context: &Context, category: &Category, view: &StoreView) -> Vec<String> {
        let Some(is_active) = context.category_attributes.get(IS_ACTIVE) else { return Vec::new() };
        let children = self.children.get(&category.id).into_iter().flatten();
        children
            .filter(|child| self.children_values.get(**child, is_active, view.id) == Some("1"))
            .map(u64::to_string)
            .collect()
    }

    fn available_sort_by(&self, context: &Context, category: &Category, view: &StoreView) -> Vec<&str> {
        let list = self.value(context, category, AVAILABLE_SORT, view).unwrap_or_default();
        list.split(',').filter(|code| !code.is_empty()).collect()
    }

    /// The category's own choice, else the shop's; where that is not allowed here, the first that is.
    fn default_sort_by<'a>(
        &'a self,
        context: &'a Context,
        category: &Category,
        view: &StoreView,
        available: &[&'a str],
    ) -> Option<&'a str> {
        let is_sortable = |code: &str| self.sortable.iter().any(|known| known == code);
        let own: Vec<&str> = available.iter().copied().filter(|code| is_sortable(code)).collect();
        let allowed = if own.is_empty() { self.sortable.iter().map(String::as_str).collect() } else { own };
        let wanted = self
            .value(context, category, DEFAULT_SORT, view)
            .unwrap_or_else(|| context.settings.get(ShopSetting::DefaultSortBy, view));
        if allowed.contains(&wanted) {
            allowed.iter().copied().find(|code| *code == wanted)
        } else {
            allowed.first().copied()
        }
    }
}

/// How descriptions are shown: as the attribute's own settings say.
struct Description {
    is_html: bool,
    is_edited: bool,
}

impl Description {
    async fn load(snapshot: &mut Snapshot, context: &Context) -> Result<Self, DatabaseError> {
        let Some(attribute) = context.category_attributes.get(DESCRIPTION) else {
            return Ok(Self { is_html: true, is_edited: true });
        };
        let sql = format!(
            "SELECT is_html_allowed_on_front, is_wysiwyg_enabled FROM {} WHERE attribute_id = {}",
            context.table("catalog_eav_attribute"),
            attribute.id
        );
        let rows: Vec<(u8, u8)> = snapshot.rows(&sql).await?;
        let (is_html, is_edited) = rows.first().copied().unwrap_or((1, 1));
        Ok(Self { is_html: is_html != 0, is_edited: is_edited != 0 })
    }

    /// Text of an editor is rendered; text that is neither of an editor nor HTML is escaped.
    fn shown(&self, text: &str, render: impl FnOnce(&str) -> String) -> String {
        match (self.is_html, self.is_edited) {
            (true, true) => render(text),
            (false, false) => escaped(text),
            _ => text.to_owned(),
        }
    }
}

/// The direct children of these categories by position, and the ids of all of them.
async fn children(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u64],
) -> Result<(HashMap<u64, Vec<u64>>, Vec<u64>), DatabaseError> {
    let sql = format!(
        "SELECT e.parent_id, e.entity_id FROM {} e WHERE e.parent_id IN ({}){} ORDER BY e.position, e.entity_id",
        context.table(Entity::Category.table()),
        in_list(ids),
        context.is_current(Entity::Category, "e"),
    );
    let rows: Vec<(u64, u64)> = snapshot.rows(&sql).await?;
    let mut children: HashMap<u64, Vec<u64>> = HashMap::new();
    for (parent, child) in &rows {
        children.entry(*parent).or_default().push(*child);
    }
    Ok((children, rows.into_iter().map(|(_, child)| child).collect()))
}

/// What products can be sorted by: `position`, which is not an attribute, and the attributes marked so.
async fn sortable(snapshot: &mut Snapshot, context: &Context) -> Result<Vec<String>, DatabaseError> {
    let sql = format!(
        "SELECT a.attribute_code FROM {} a JOIN {} t ON t.entity_type_id = a.entity_type_id \
         JOIN {} c ON c.attribute_id = a.attribute_id \
         WHERE t.entity_type_code = '{}' AND c.used_for_sort_by = 1 ORDER BY a.attribute_id",
        context.table("eav_attribute"),
        context.table("eav_entity_type"),
        context.table("catalog_eav_attribute"),
        Entity::Product.type_code(),
    );
    let attributes: Vec<String> = snapshot.rows(&sql).await?;
    Ok(std::iter::once("position".to_owned()).chain(attributes).collect())
}

/// The URL of an image: a path below the media directory keeps it, another path is left as it is, a bare name is one of the
/// category images.
fn image_url(image: &str, media: &str) -> String {
    let in_media =
        ["/pub/media/", "/media/", "pub/media/", "media/"].iter().find_map(|start| image.strip_prefix(start));
    match in_media {
        Some(relative) => format!("{media}{relative}"),
        None if image.starts_with('/') => image.to_owned(),
        None => {
            let name = image.rsplit('/').next().unwrap_or(image);
            format!("{media}{IMAGE_DIRECTORY}/{name}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(id: u64, path: &str) -> Category {
        let path = path.to_owned();
        Category { id, created_at: None, updated_at: None, level: 2, position: 0, parent_id: 0, path }
    }

    #[test]
    fn only_what_is_deeper_than_the_second_level_has_an_ancestor() {
        assert_eq!(category(2, "1/2").ancestor(), None);
        assert_eq!(category(3, "1/2/3").ancestor(), None);
        assert_eq!(category(4, "1/2/3/4").ancestor(), Some(3));
        assert_eq!(category(5, "1/2/3/4/5").ancestor(), Some(3));
    }

    #[test]
    fn a_category_is_below_a_root_by_whole_ids() {
        assert!(category(2, "1/2").is_below(2));
        assert!(category(4, "1/2/3/4").is_below(2));
        assert!(!category(23, "1/20/23").is_below(2));
    }

    #[test]
    fn images_become_urls() {
        let media = "https://shop.example/media/";
        assert_eq!(image_url("a.png", media), "https://shop.example/media/catalog/category/a.png");
        assert_eq!(image_url("/media/wysiwyg/a.png", media), "https://shop.example/media/wysiwyg/a.png");
        assert_eq!(image_url("/elsewhere/a.png", media), "/elsewhere/a.png");
    }
}
