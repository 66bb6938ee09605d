//! The shop that is exported: files or a database, edited between two runs; and what a gateway must have of it in the end.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use commerce_connector::domain::Feed;
use fastrand::Rng;
use serde_json::json;

use super::support::edited::EditedShop;
use super::support::mariadb::Server;

/// Products in a shop: several batches of a few items each.
const PRODUCTS: u64 = 40;
/// Categories in a shop of files.
const CATEGORIES: u64 = 12;

/// Feed and the gateway's key of an item.
pub type Key = (Feed, String);

/// What is exported.
pub enum Shop {
    Files(FileShop),
    Database(EditedShop),
}

impl Shop {
    pub fn of_files(directory: &Path) -> Self {
        let shop = FileShop {
            directory: directory.to_owned(),
            products: (0..PRODUCTS).map(|number| Some(Product::new(format!("as it began {number}")))).collect(),
            categories: (0..CATEGORIES).map(|number| Some(format!("path-{number}"))).collect(),
        };
        fs::create_dir(directory).expect("made");
        shop.write();
        Shop::Files(shop)
    }

    pub fn of_database() -> Self {
        Shop::Database(EditedShop::new(Server::shared(), PRODUCTS))
    }

    /// The part of the configuration that says where it is.
    pub fn config(&self) -> String {
        match self {
            Shop::Files(shop) => {
                format!("[source]\nkind = \"files\"\n[source.files]\ndirectory = \"{}\"", shop.directory.display())
            }
            Shop::Database(shop) => format!("[source.commerce]\nurl = \"{}\"", shop.database.url()),
        }
    }

    /// How it is exported.
    pub fn command(&self) -> &'static [&'static str] {
        match self {
            Shop::Files(_) => &["export", "run", "--feed", "products,categories", "--json"],
            Shop::Database(_) => &["export", "run", "--feed", "products", "--partial", "--json"],
        }
    }

    /// Changes, removes and adds a few.
    pub fn edit(&mut self, random: &mut Rng) {
        match self {
            Shop::Files(shop) => shop.edit(random),
            Shop::Database(shop) => drop(shop.edit(random)),
        }
    }

    /// Mends what a gateway would refuse.
    pub fn mend(&mut self) {
        if let Shop::Files(shop) = self {
            shop.products.iter_mut().flatten().for_each(|product| product.is_whole = true);
            shop.write();
        }
    }

    /// What is there, with the name of each.
    pub fn state(&self) -> BTreeMap<Key, String> {
        match self {
            Shop::Files(shop) => shop.state(),
            Shop::Database(shop) => shop.state().into_iter().map(|(key, name)| ((Feed::Products, key), name)).collect(),
        }
    }
}

/// Feed files, replaced whole.
pub struct FileShop {
    directory: PathBuf,
    products: Vec<Option<Product>>,
    /// The path of each category; a moved one is the same item.
    categories: Vec<Option<String>>,
}

#[derive(Clone)]
struct Product {
    name: String,
    /// The gateway refuses one that is not.
    is_whole: bool,
}

impl Product {
    fn new(name: String) -> Self {
        Self { name, is_whole: true }
    }
}

impl FileShop {
    fn edit(&mut self, random: &mut Rng) {
        for _ in 0..random.usize(1..=12) {
            // Few names: an edit often brings back what was there before, which a wrong ledger would take for nothing to do.
            let name = format!("name {}", random.u8(..4));
            let place = random.usize(..self.products.len());
            self.products[place] = match random.u8(..10) {
                0 | 1 => None,
                2 => Some(Product { is_whole: false, name }),
                _ => Some(Product::new(name)),
            };
            let place = random.usize(..self.categories.len());
            self.categories[place] = match random.u8(..4) {
                0 => None,
                _ => Some(format!("path-{place}-{}", random.u8(..3))),
            };
        }
        self.write();
    }

    fn write(&self) {
        let products = self.products.iter().enumerate().filter_map(|(number, product)| {
            let Product { name, is_whole } = product.as_ref()?;
            let mut item = json!({
                "sku": format!("SKU-{number}"), "storeViewCode": "default", "storeCode": "main", "websiteCode": "base",
                "productId": number.to_string(), "name": name, "type": "simple",
            });
            if !is_whole {
                item.as_object_mut().expect("an object").remove("type");
            }
            Some(item.to_string())
        });
        self.replace("products.ndjson", &products.collect::<Vec<_>>());
        let categories = self.categories.iter().enumerate().filter_map(|(number, path)| {
            let path = path.as_ref()?;
            let item = json!({
                "categoryId": number.to_string(), "storeViewCode": "default", "storeCode": "main", "websiteCode": "base",
                "name": path, "urlPath": path, "isActive": 1,
            });
            Some(item.to_string())
        });
        self.replace("categories.ndjson", &categories.collect::<Vec<_>>());
    }

    fn replace(&self, name: &str, lines: &[String]) {
        let new = self.directory.join(format!(".{name}"));
        fs::write(&new, lines.join("\n")).expect("written");
        fs::rename(new, self.directory.join(name)).expect("renamed");
    }

    fn state(&self) -> BTreeMap<Key, String> {
        let products = self.products.iter().enumerate().filter_map(|(number, product)| {
            let key = json!([format!("SKU-{number}"), "default"]).to_string();
            Some(((Feed::Products, key), product.as_ref()?.name.clone()))
        });
        let categories = self.categories.iter().enumerate().filter_map(|(number, path)| {
            Some(((Feed::Categories, json!([number.to_string(), "default"]).to_string()), path.clone()?))
        });
        products.chain(categories).collect()
    }
}
