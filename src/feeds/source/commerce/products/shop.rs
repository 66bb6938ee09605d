//! What products need to know of the shop, and what does not change from page to page: read once per feed.
//!
//! All of it is bounded by the shop's set-up (attributes, categories, store views), never by its number of products.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::base_urls::BaseUrls;
use super::super::context::Context;
use super::super::eav::{Attribute, Backend, Entity};
use super::super::scope::StoreView;
use super::super::setting::ShopSetting;
use super::super::url_path::UrlPaths;
use super::base_attribute::BaseAttribute;
use super::scoped::Scoped;
use super::view::{StockOf, View};
use crate::commerce::database::{DatabaseError, Snapshot};
use crate::domain::{MappedAttribute, Supply};
use crate::feeds::content::Fields;
use crate::untrusted::SafeText;

/// The stock that needs no table of its own.
const DEFAULT_STOCK: u32 = 1;
/// Where the stocks of the inventory modules are assigned to websites.
const SALES_CHANNELS: &str = "inventory_stock_sales_channel";
/// The type of the links from a grouped product to what it consists of.
pub(super) const GROUPED_LINK: u32 = 3;
/// The system attributes that are listed among a product's `attributes`, besides every attribute that the shop defined.
const LISTED_SYSTEM_ATTRIBUTES: [&str; 2] = ["news_from_date", "news_to_date"];
/// The attribute that says whether a bundle's price is its own.
const PRICE_TYPE: &str = "price_type";
/// The source model whose values are words of the feed rather than of the shop.
const YES_NO: &str = "Magento\\Eav\\Model\\Entity\\Attribute\\Source\\Boolean";

/// What an attribute is for.
#[derive(Debug, Default)]
pub(super) struct Role {
    /// The attribute's id.
    pub attribute: u32,
    /// It has a field of its own.
    pub base: Option<BaseAttribute>,
    /// It is listed among the `attributes`.
    pub listed: Option<Listed>,
}

/// An attribute that is listed among a product's `attributes`.
#[derive(Debug)]
pub(super) struct Listed {
    pub code: String,
    pub kind: AttributeKind,
}

/// What the values of an attribute are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AttributeKind {
    /// Text as stored.
    Plain,
    /// `0` or `1`.
    YesNo,
    /// Ids of options, separated by commas.
    Options,
}

/// The metadata of an attribute by which configurable products vary.
#[derive(Debug)]
pub(super) struct SuperAttribute {
    pub code: String,
    pub frontend_label: Option<String>,
    /// `catalog_eav_attribute.additional_data` as stored: JSON of the swatch module, or nothing.
    pub additional_data: Option<String>,
}

/// What products need to know of the shop.
#[derive(Debug)]
pub(in super::super) struct Shop {
    /// By store view id.
    pub(super) views: Vec<View>,
    /// Of the attributes whose values are read, in the order of their ids.
    pub(super) roles: Vec<Role>,
    /// Ids of the same attributes, by the value table that has them.
    pub(super) attributes_by_table: BTreeMap<Backend, Vec<u32>>,
    /// By attribute id; those of the whole shop, for few are used this way.
    pub(super) super_attributes: HashMap<u32, SuperAttribute>,
    /// Labels of attributes, by attribute and store view.
    pub(super) attribute_labels: Scoped<Option<String>>,
    pub(super) tax_classes: HashMap<u64, String>,
    /// By category, then in the order of `views`; `None` where no category of the path has a URL key.
    category_paths: HashMap<u64, Vec<Option<String>>>,
    pub(super) status: Option<u32>,
    pub(super) name: Option<u32>,
    pub(super) price_type: Option<u32>,
    pub(super) media_gallery: Option<u32>,
    /// Ids of the link attributes that say how many of a product, and in which place, belong to a grouped product.
    pub(super) grouped_qty: Vec<u32>,
    pub(super) grouped_position: Vec<u32>,
}

impl Shop {
    pub(super) async fn load(snapshot: &mut Snapshot, context: &Context) -> Result<Self, DatabaseError> {
        let stocks = stocks(snapshot, context).await?;
        let stores = context.scopes.store_views.iter().enumerate();
        let views: Vec<View> = stores.map(|(index, store)| view(context, index, store, stocks.as_ref())).collect();
        let category_paths = category_paths(snapshot, context).await?;
        let (grouped_qty, grouped_position) = grouped_attributes(snapshot, context).await?;
        let attribute = |code: &str| context.product_attributes.get(code).map(|attribute| attribute.id);
        let roles = roles(snapshot, context).await?;
        Ok(Self {
            attributes_by_table: by_table(context, &roles),
            roles,
            super_attributes: super_attributes(snapshot, context).await?,
            attribute_labels: attribute_labels(snapshot, context).await?,
            tax_classes: tax_classes(snapshot, context).await?,
            status: attribute("status"),
            name: attribute("name"),
            price_type: attribute(PRICE_TYPE),
            media_gallery: attribute("media_gallery"),
            views,
            category_paths,
            grouped_qty,
            grouped_position,
        })
    }
}

impl Shop {
    /// The place of an attribute's role among the `roles`; `None` if its values are not read.
    pub(super) fn role_of(&self, attribute: u32) -> Option<usize> {
        self.roles.binary_search_by_key(&attribute, |role| role.attribute).ok()
    }

    /// The path of a category in a store view, such as `gear/bags`. `None` for a root, and where no category has a URL key.
    pub(super) fn category_path(&self, category: u64, view: &View) -> Option<&str> {
        self.category_paths.get(&category)?.get(view.index)?.as_deref()
    }
}

fn view(context: &Context, index: usize, store: &StoreView, stocks: Option<&HashMap<String, u32>>) -> View {
    let get = |setting| context.settings.get(setting, store);
    let mut codes = Fields::new();
    store.put_codes(&mut codes);
    let urls = BaseUrls::of(&context.settings, store);
    let stock = match stocks.map(|of_website| of_website.get(&store.website_code)) {
        // Without the inventory modules there is one stock for all.
        None | Some(Some(&DEFAULT_STOCK)) => StockOf::Default,
        Some(Some(&id)) if context.has_table(&format!("inventory_stock_{id}")) => StockOf::Own(id),
        Some(_) => StockOf::Nowhere,
    };
    View {
        index,
        image_base: format!("{}catalog/product", urls.media),
        urls,
        currency: get(ShopSetting::BaseCurrency).to_owned(),
        weight_unit: context.settings.get_or_null(ShopSetting::WeightUnit, store).map(str::to_owned),
        low_stock: get(ShopSetting::StockThreshold).trim().parse().unwrap_or_default(),
        stock,
        codes: codes.into(),
        store: store.clone(),
    }
}

/// The stock of each website, by website code; `None` without the inventory modules.
async fn stocks(snapshot: &mut Snapshot, context: &Context) -> Result<Option<HashMap<String, u32>>, DatabaseError> {
    if !context.has_table(SALES_CHANNELS) {
        return Ok(None);
    }
    let sql = format!("SELECT code, stock_id FROM {} WHERE type = 'website'", context.table(SALES_CHANNELS));
    Ok(Some(snapshot.rows(&sql).await?.into_iter().collect()))
}

/// The path of every category below a root, in every store view.
pub(in super::super) async fn category_paths(
    snapshot: &mut Snapshot,
    context: &Context,
) -> Result<HashMap<u64, Vec<Option<String>>>, DatabaseError> {
    let sql = format!(
        "SELECT e.entity_id, e.path FROM {} e WHERE e.level > 1{}",
        context.table("catalog_category_entity"),
        context.is_current(Entity::Category, "e")
    );
    let rows: Vec<(u64, String)> = snapshot.rows(&sql).await?;
    let paths = UrlPaths::load(snapshot, context, rows.iter().map(|(_, path)| path.as_str())).await?;
    let views = &context.scopes.store_views;
    let in_all_views = |path: &str| views.iter().map(|view| paths.path(path, view.id)).collect();
    Ok(rows.iter().map(|(id, path)| (*id, in_all_views(path))).collect())
}

async fn roles(snapshot: &mut Snapshot, context: &Context) -> Result<Vec<Role>, DatabaseError> {
    let mut with_options = HashSet::new();
    if context.has_table("eav_attribute_option") {
        let sql = format!("SELECT DISTINCT attribute_id FROM {}", context.table("eav_attribute_option"));
        with_options.extend(snapshot.rows::<u32>(&sql).await?);
    }
    let mut roles: BTreeMap<u32, Role> = BTreeMap::new();
    if let Some(attribute) = context.product_attributes.get(PRICE_TYPE) {
        // Neither a field nor listed, but it decides what a bundle is called.
        roles.insert(attribute.id, Role::default());
    }
    for base in BaseAttribute::ALL {
        if let Some(attribute) = context.product_attributes.get(base.code()) {
            roles.entry(attribute.id).or_default().base = Some(base);
        }
    }
    let mapped = mapped_codes(context)?;
    let is_listed = |attribute: &&Attribute| is_listed(attribute) || mapped.contains(attribute.code.as_str());
    for attribute in context.product_attributes.iter().filter(is_listed) {
        let kind = match &attribute.source_model {
            Some(model) if model.trim_start_matches('\\') == YES_NO => AttributeKind::YesNo,
            _ if with_options.contains(&attribute.id) => AttributeKind::Options,
            _ => AttributeKind::Plain,
        };
        roles.entry(attribute.id).or_default().listed = Some(Listed { code: attribute.code.clone(), kind });
    }
    Ok(roles.into_iter().map(|(attribute, role)| Role { attribute, ..role }).collect())
}

fn by_table(context: &Context, roles: &[Role]) -> BTreeMap<Backend, Vec<u32>> {
    let mut by_table: BTreeMap<Backend, Vec<u32>> = BTreeMap::new();
    for attribute in context.product_attributes.iter() {
        if roles.binary_search_by_key(&attribute.id, |role| role.attribute).is_ok() {
            by_table.entry(attribute.backend).or_default().push(attribute.id);
        }
    }
    by_table
}

/// The codes of the attributes of the shop that the configuration adds to those that are listed.
///
/// # Errors
/// [`DatabaseError::NoAttribute`] for one that has no values of its own.
fn mapped_codes(context: &Context) -> Result<HashSet<&str>, DatabaseError> {
    let is_own = |mapped: &&MappedAttribute| mapped.supply == Supply::Attribute;
    let codes = context.attributes.iter().filter(is_own).map(|mapped| {
        let found = context.product_attributes.get(&mapped.code);
        let has_values = found.is_some_and(|attribute| attribute.backend != Backend::Static);
        let missing = || DatabaseError::NoAttribute { code: SafeText::new(&mapped.code) };
        if has_values { Ok(mapped.code.as_str()) } else { Err(missing()) }
    });
    codes.collect()
}

fn is_listed(attribute: &Attribute) -> bool {
    let is_wanted = attribute.is_user_defined || LISTED_SYSTEM_ATTRIBUTES.contains(&attribute.code.as_str());
    is_wanted && attribute.backend != Backend::Static
}

async fn super_attributes(
    snapshot: &mut Snapshot,
    context: &Context,
) -> Result<HashMap<u32, SuperAttribute>, DatabaseError> {
    if !context.has_table("catalog_product_super_attribute") {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT attribute_id, additional_data FROM {} WHERE additional_data IS NOT NULL",
        context.table("catalog_eav_attribute")
    );
    let mut additional: BTreeMap<u32, String> = snapshot.rows(&sql).await?.into_iter().collect();
    let attributes = context.product_attributes.iter().map(|attribute| {
        let code = attribute.code.clone();
        let frontend_label = attribute.frontend_label.clone();
        (attribute.id, SuperAttribute { code, frontend_label, additional_data: additional.remove(&attribute.id) })
    });
    Ok(attributes.collect())
}

async fn attribute_labels(snapshot: &mut Snapshot, context: &Context) -> Result<Scoped<Option<String>>, DatabaseError> {
    if !context.has_table("eav_attribute_label") {
        return Ok(Scoped::default());
    }
    // Nothing in the schema forbids two labels of one store view: the newest comes last.
    let sql = format!(
        "SELECT attribute_id, store_id, value FROM {} ORDER BY attribute_label_id",
        context.table("eav_attribute_label")
    );
    Ok(snapshot.rows::<(u64, u32, Option<String>)>(&sql).await?.into_iter().collect())
}

async fn tax_classes(snapshot: &mut Snapshot, context: &Context) -> Result<HashMap<u64, String>, DatabaseError> {
    if !context.has_table("tax_class") {
        return Ok(HashMap::new());
    }
    let sql = format!("SELECT class_id, class_name FROM {}", context.table("tax_class"));
    Ok(snapshot.rows(&sql).await?.into_iter().collect())
}

async fn grouped_attributes(snapshot: &mut Snapshot, context: &Context) -> Result<(Vec<u32>, Vec<u32>), DatabaseError> {
    if !context.has_table("catalog_product_link_attribute") {
        return Ok((Vec::new(), Vec::new()));
    }
    let sql = format!(
        "SELECT product_link_attribute_id, product_link_attribute_code FROM {} \
         WHERE link_type_id = {GROUPED_LINK} AND product_link_attribute_code IN ('qty', 'position')",
        context.table("catalog_product_link_attribute")
    );
    let rows: Vec<(u32, String)> = snapshot.rows(&sql).await?;
    let of = |code: &str| rows.iter().filter(|(_, found)| found == code).map(|(id, _)| *id).collect();
    Ok((of("qty"), of("position")))
}
