//! The rows of a page of products, and what a product costs by them.
//!
//! Of several store views of a website with prices of their own, the one with the highest id decides. A tier price of one website
//! goes before that of all websites.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::super::context::Context;
use super::super::eav::Entity;
use super::price::{Amount, Code, NoNumber, Price, number};
use super::websites::{Website, Websites};
use super::{BUNDLE, type_name};
use crate::commerce::database::{DatabaseError, Snapshot, in_list};

/// The types that the exporter leaves out: SQL. The service makes a configurable product's price of its children's.
const WITHOUT_PRICE: &str = "'configurable','giftcard'";
/// The store and the website that stand for all of them.
const ALL: u32 = 0;
/// Prices of catalogue rules by day; a shop may have left out the module.
const RULE_PRICES: &str = "catalogrule_product_price";
/// Which product is part of which; likewise.
const RELATIONS: &str = "catalog_product_relation";

/// A product that is assigned to a website at least, in its current version.
#[derive(Debug)]
pub(super) struct Product {
    pub id: u64,
    /// Empty if it has none.
    pub sku: String,
    type_id: String,
    /// Of a bundle: whether its price is its own, rather than that of its parts.
    has_fixed_price: bool,
    /// In the order of their ids.
    pub websites: Vec<u32>,
    /// In the order of their stores.
    regular: Vec<ValueRow>,
    /// In the order of their stores.
    special: Vec<ValueRow>,
    /// Those of all websites before those of one.
    tiers: Vec<TierRow>,
    rules: Vec<RuleRow>,
    /// In the order of their ids.
    parents: Vec<ParentRow>,
}

/// A value of a price attribute.
#[derive(Debug)]
struct ValueRow {
    store: u32,
    value: Option<String>,
}

impl ValueRow {
    fn is_of(&self, website: &Website) -> bool {
        website.store_views.contains(&self.store)
    }
}

/// A tier price: from a quantity on, for all groups or one, in all websites or one.
#[derive(Debug)]
struct TierRow {
    /// `None`: all of them.
    group: Option<u64>,
    website: u32,
    quantity: String,
    value: Option<String>,
    percentage: Option<String>,
}

/// The same in the query's order, after the product's link.
type TierColumns = (u64, u8, u64, u32, String, Option<String>, Option<String>);

impl TierRow {
    fn is_in(&self, website: &Website) -> bool {
        self.website == ALL || self.website == website.id
    }

    /// From how many pieces on. Less than one piece is not a tier.
    fn quantity(&self) -> Result<Option<f64>, NoNumber> {
        number("tier price's quantity", &self.quantity)
            .map(|quantity| Some(quantity).filter(|quantity| *quantity >= 1.0))
    }

    /// Each row says for itself whether it is a price or a percentage. The exporter asks that once for all tiers of a group,
    /// and a mixed group loses some of them, depending on the server.
    fn amount(&self) -> Result<Option<Amount>, NoNumber> {
        match (&self.percentage, &self.value) {
            (Some(text), _) => number("tier price's percentage", text).map(|number| Some(Amount::Percentage(number))),
            (None, Some(text)) => number("tier price", text).map(|number| Some(Amount::Price(number))),
            (None, None) => Ok(None),
        }
    }

    fn apply(&self, price: &mut Price) -> Result<(), NoNumber> {
        let (Some(quantity), Some(amount)) = (self.quantity()?, self.amount()?) else { return Ok(()) };
        if quantity > 1.0 {
            price.add_tier(quantity, amount);
        } else {
            price.add_discount(Code::Group, amount);
        }
        Ok(())
    }
}

/// Today's price of a catalogue rule.
#[derive(Debug)]
struct RuleRow {
    group: u64,
    website: u32,
    price: String,
}

/// A product that the product is part of, as seen in one website of the parent.
#[derive(Debug)]
struct ParentRow {
    website: u32,
    type_id: String,
    sku: Option<String>,
}

impl Product {
    /// What the feed calls its type.
    pub(super) fn feed_type(&self) -> String {
        match (self.type_id == BUNDLE, self.has_fixed_price) {
            (true, true) => "BUNDLE_FIXED".to_owned(),
            (true, false) => "BUNDLE_DYNAMIC".to_owned(),
            (false, _) => type_name(&self.type_id),
        }
    }

    /// The products that it is part of, where they are sold as well. Any bundle is a `BUNDLE` here, as in the exporter.
    pub(super) fn parents(&self, website: &Website) -> Vec<Value> {
        let parents = self.parents.iter().filter(|parent| parent.website == website.id);
        parents.map(|parent| json!({"type": type_name(&parent.type_id), "sku": parent.sku})).collect()
    }

    /// The price in a website for everybody.
    pub(super) fn fallback(&self, website: &Website) -> Result<Price, NoNumber> {
        let mut price = Price::of(self.regular(website)?);
        if let Some(text) = self.special(website) {
            let special = number("special price", text)?;
            // Of a bundle, it is what is left out of a hundred: the service knows that by its type.
            let is_bundle = self.type_id == BUNDLE;
            let amount = if is_bundle { Amount::Percentage(special) } else { Amount::Price(special) };
            price.add_discount(Code::Special, amount);
        }
        for tier in self.tiers.iter().filter(|tier| tier.group.is_none() && tier.is_in(website)) {
            tier.apply(&mut price)?;
        }
        Ok(price)
    }

    /// The customer groups that have a price of their own in a website.
    pub(super) fn groups(&self, website: &Website) -> BTreeSet<u64> {
        // A quantity that is not a number counts: the group's item is reported instead of deleted.
        let is_tier = |tier: &&TierRow| tier.is_in(website) && tier.quantity() != Ok(None);
        let of_tiers = self.tiers.iter().filter(is_tier).filter_map(|tier| tier.group);
        let of_rules = self.rules.iter().filter(|rule| rule.website == website.id).map(|rule| rule.group);
        of_tiers.chain(of_rules).collect()
    }

    /// The price in a website for a customer group: `price`, everybody's, with the group's own laid over it.
    pub(super) fn of_group(&self, mut price: Price, website: &Website, group: u64) -> Result<Price, NoNumber> {
        for tier in self.tiers.iter().filter(|tier| tier.group == Some(group) && tier.is_in(website)) {
            tier.apply(&mut price)?;
        }
        for rule in self.rules.iter().filter(|rule| rule.group == group && rule.website == website.id) {
            price.add_discount(Code::CatalogRule, Amount::Price(number("catalogue rule's price", &rule.price)?));
        }
        Ok(price)
    }

    /// The website's own price, else that of all websites, else nothing. A NULL says nothing.
    fn regular(&self, website: &Website) -> Result<f64, NoNumber> {
        let last = |is_wanted: &dyn Fn(&ValueRow) -> bool| {
            self.regular.iter().rev().filter(|row| is_wanted(row)).find_map(|row| row.value.as_deref())
        };
        let own = last(&|row| row.is_of(website));
        own.or_else(|| last(&|row| row.store == ALL)).map_or(Ok(0.0), |text| number("price", text))
    }

    /// The website's own special price, else that of all websites. A NULL of the website takes away the one of all websites.
    ///
    /// Odd, and the exporter's: so does a NULL of the website's regular price. It reads each regular price together with each
    /// special price, and forgets the discounts at every NULL; what is left is what came after the last of them.
    fn special(&self, website: &Website) -> Option<&str> {
        let is_null = |row: &ValueRow| row.is_of(website) && row.value.is_none();
        if self.regular.last().is_some_and(is_null) {
            return self.special.last().filter(|row| row.is_of(website))?.value.as_deref();
        }
        match self.special.iter().rev().find(|row| row.is_of(website)) {
            Some(own) => own.value.as_deref(),
            None if self.regular.iter().any(is_null) => None,
            None => self.special.iter().find(|row| row.store == ALL)?.value.as_deref(),
        }
    }
}

/// The products of a page.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// In the order of their ids.
    pub products: Vec<Product>,
    by_id: HashMap<u64, usize>,
    by_link: HashMap<u64, usize>,
}

impl Batch {
    pub(super) async fn load(
        snapshot: &mut Snapshot,
        context: &Context,
        websites: &Websites,
        ids: &[u64],
    ) -> Result<Self, DatabaseError> {
        let mut batch = Self::default();
        batch.load_products(snapshot, context, ids).await?;
        batch.load_values(snapshot, context).await?;
        batch.load_tiers(snapshot, context).await?;
        if context.has_table(RULE_PRICES) {
            batch.load_rules(snapshot, context, websites).await?;
        }
        if context.has_table(RELATIONS) {
            batch.load_parents(snapshot, context).await?;
        }
        Ok(batch)
    }

    async fn load_products(
        &mut self,
        snapshot: &mut Snapshot,
        context: &Context,
        ids: &[u64],
    ) -> Result<(), DatabaseError> {
        let link = context.link(Entity::Product);
        let sql = format!(
            "SELECT e.entity_id, e.{link}, e.sku, e.type_id, w.website_id, e.type_id = '{BUNDLE}' AND EXISTS (SELECT 1 FROM {int} v \
             WHERE v.{link} = e.{link} AND v.attribute_id IN ({price_type}) AND v.store_id = {ALL} AND v.value = 1) \
             FROM {entity} e JOIN {website} w ON w.product_id = e.entity_id \
             WHERE e.entity_id IN ({ids}) AND e.type_id NOT IN ({WITHOUT_PRICE}){is_current} \
             ORDER BY e.entity_id, w.website_id",
            int = context.table("catalog_product_entity_int"),
            price_type = in_list(attribute(context, "price_type")),
            entity = context.table("catalog_product_entity"),
            website = context.table("catalog_product_website"),
            ids = in_list(ids),
            is_current = context.is_current(Entity::Product, "e"),
        );
        let rows: Vec<(u64, u64, Option<String>, String, u32, i64)> = snapshot.rows(&sql).await?;
        for (id, link, sku, type_id, website, has_fixed_price) in rows {
            let index = *self.by_id.entry(id).or_insert_with(|| {
                self.products.push(Product {
                    id,
                    sku: sku.unwrap_or_default(),
                    type_id,
                    has_fixed_price: has_fixed_price != 0,
                    websites: Vec::new(),
                    regular: Vec::new(),
                    special: Vec::new(),
                    tiers: Vec::new(),
                    rules: Vec::new(),
                    parents: Vec::new(),
                });
                self.products.len() - 1
            });
            self.by_link.insert(link, index);
            self.products[index].websites.push(website);
        }
        Ok(())
    }

    async fn load_values(&mut self, snapshot: &mut Snapshot, context: &Context) -> Result<(), DatabaseError> {
        let link = context.link(Entity::Product);
        let special = attribute(context, "special_price");
        let sql = format!(
            "SELECT {link}, attribute_id, store_id, CAST(value AS CHAR) FROM {table} \
             WHERE {link} IN ({links}) AND attribute_id IN ({attributes}) ORDER BY store_id",
            table = context.table("catalog_product_entity_decimal"),
            links = in_list(self.by_link.keys()),
            attributes = in_list(attribute(context, "price").into_iter().chain(special)),
        );
        let rows: Vec<(u64, u32, u32, Option<String>)> = snapshot.rows(&sql).await?;
        for (link, attribute, store, value) in rows {
            if let Some(product) = self.of_link(link) {
                let rows = if Some(attribute) == special { &mut product.special } else { &mut product.regular };
                rows.push(ValueRow { store, value });
            }
        }
        Ok(())
    }

    async fn load_tiers(&mut self, snapshot: &mut Snapshot, context: &Context) -> Result<(), DatabaseError> {
        let link = context.link(Entity::Product);
        let sql = format!(
            "SELECT {link}, all_groups, customer_group_id, website_id, CAST(qty AS CHAR), CAST(value AS CHAR), \
             CAST(percentage_value AS CHAR) FROM {table} WHERE {link} IN ({links}) ORDER BY website_id, value_id",
            table = context.table("catalog_product_entity_tier_price"),
            links = in_list(self.by_link.keys()),
        );
        let rows: Vec<TierColumns> = snapshot.rows(&sql).await?;
        for (link, all_groups, group, website, quantity, value, percentage) in rows {
            if let Some(product) = self.of_link(link) {
                let group = (all_groups == 0).then_some(group);
                product.tiers.push(TierRow { group, website, quantity, value, percentage });
            }
        }
        Ok(())
    }

    async fn load_rules(
        &mut self,
        snapshot: &mut Snapshot,
        context: &Context,
        websites: &Websites,
    ) -> Result<(), DatabaseError> {
        let sql = format!(
            "SELECT product_id, website_id, customer_group_id, CAST(rule_date AS CHAR), CAST(rule_price AS CHAR) \
             FROM {table} WHERE product_id IN ({ids}) AND rule_date IN ({dates}) AND customer_group_id IS NOT NULL \
             ORDER BY rule_product_price_id",
            table = context.table(RULE_PRICES),
            ids = in_list(self.by_id.keys()),
            dates = in_list(websites.dates().iter().map(|date| format!("'{date}'"))),
        );
        let rows: Vec<(u64, u32, u64, String, String)> = snapshot.rows(&sql).await?;
        for (id, website, group, date, price) in rows {
            let is_today = websites.get(website).is_some_and(|website| website.today.to_string() == date);
            if let Some(product) = self.of_id(id).filter(|_| is_today) {
                product.rules.push(RuleRow { group, website, price });
            }
        }
        Ok(())
    }

    async fn load_parents(&mut self, snapshot: &mut Snapshot, context: &Context) -> Result<(), DatabaseError> {
        let sql = format!(
            "SELECT r.child_id, w.website_id, p.type_id, p.sku FROM {relation} r \
             JOIN {entity} p ON p.{link} = r.parent_id JOIN {website} w ON w.product_id = p.entity_id \
             WHERE r.child_id IN ({ids}){is_current} ORDER BY p.entity_id, w.website_id",
            relation = context.table(RELATIONS),
            entity = context.table("catalog_product_entity"),
            website = context.table("catalog_product_website"),
            link = context.link(Entity::Product),
            ids = in_list(self.by_id.keys()),
            is_current = context.is_current(Entity::Product, "p"),
        );
        let rows: Vec<(u64, u32, String, Option<String>)> = snapshot.rows(&sql).await?;
        for (id, website, type_id, sku) in rows {
            if let Some(product) = self.of_id(id) {
                product.parents.push(ParentRow { website, type_id, sku });
            }
        }
        Ok(())
    }

    fn of_id(&mut self, id: u64) -> Option<&mut Product> {
        self.by_id.get(&id).and_then(|index| self.products.get_mut(*index))
    }

    fn of_link(&mut self, link: u64) -> Option<&mut Product> {
        self.by_link.get(&link).and_then(|index| self.products.get_mut(*index))
    }
}

/// The id of a product attribute, if the shop has it.
pub(super) fn attribute(context: &Context, code: &str) -> Option<u32> {
    context.product_attributes.get(code).map(|attribute| attribute.id)
}
