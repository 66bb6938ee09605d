//! A shop of files, connected to a sandbox gateway of its own that also shows what it was sent.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::home::Home;
use crate::support::process::Gateway;

/// Its store views.
pub const VIEWS: [&str; 2] = ["default", "de"];

/// A shop of files, connected to a sandbox gateway of its own.
pub struct Shop {
    pub home: Home,
    pub gateway: Gateway,
    /// Testing, and selected.
    pub data_space: String,
}

impl Shop {
    pub fn new(script: &str) -> Self {
        let home = Home::new();
        let faults = home.path("faults.toml");
        fs::write(&faults, script).expect("written");
        let gateway = Gateway::start(&home, &["--faults", &faults.display().to_string()]);
        home.write_config(&format!(
            "[gateway]\nenvironment = \"sandbox\"\nsandbox_url = \"{url}\"\nrequests_per_second = 0\n\
             graphql_url = \"{url}/graphql\"\ngraphql_requests_per_second = 0\n\
             [source]\nkind = \"files\"\n[source.files]\ndirectory = \"{}\"\n",
            home.path("feeds").display(),
            url = gateway.url(),
        ));
        let mut shop = Self { home, gateway, data_space: String::new() };
        shop.set_keys();
        let project = &shop.home.json(&["projects", "create", "Test shop"])[0];
        project["data_spaces"][1]["id"].as_str().expect("an id").clone_into(&mut shop.data_space);
        shop.home.ok(&["data-spaces", "select", &shop.data_space]);
        let views: Vec<Value> = VIEWS.iter().map(|view| json!({"storeViewCode": view})).collect();
        shop.feed(
            "scopesWebsite",
            [json!({"website": {"websiteId": 1, "websiteCode": "base",
            "stores": [{"storeCode": "main", "storeViews": views}]}})],
        );
        shop
    }

    fn set_keys(&self) {
        let api_key = self.home.path("api-key.txt");
        fs::write(&api_key, self.gateway.ready["sandbox"]["api_key"].as_str().expect("a key")).expect("written");
        let private_key = self.home.path("private.pem");
        fs::copy(self.gateway.private_key_file("sandbox"), &private_key).expect("copied");
        fs::set_permissions(&private_key, fs::Permissions::from_mode(0o600)).expect("chmod");
        let [api_key, private_key] = [api_key, private_key].map(|path| path.display().to_string());
        let files = ["--api-key-file", &api_key, "--private-key-file", &private_key];
        self.home.ok(&[["keys", "set", "--environment", "sandbox"].as_slice(), &files].concat());
    }

    pub fn feed(&self, name: &str, items: impl IntoIterator<Item = Value>) {
        let directory = self.home.path("feeds");
        fs::create_dir_all(&directory).expect("made");
        let lines: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
        fs::write(directory.join(format!("{name}.ndjson")), lines.join("\n")).expect("written");
    }

    /// Products, each in both store views, with a price.
    pub fn products(&self, products: &[Value]) {
        let in_views = |product: &Value| {
            VIEWS.map(|view| {
                let mut item = product.clone();
                item["storeViewCode"] = json!(view);
                item
            })
        };
        self.feed("products", products.iter().flat_map(in_views));
        let price = |product: &Value| {
            json!({"sku": product["sku"], "customerGroupCode": "0", "websiteCode": "base", "regular": 20.5,
                   "discounts": [{"code": "special_price", "price": 18}]})
        };
        self.feed("prices", products.iter().map(price));
    }

    pub fn export(&self) {
        self.home.ok(&["export", "run", "--quiet", "--max-delete", "1000", "--max-change", "10000"]);
    }
}

pub fn product(sku: &str) -> Value {
    json!({"sku": sku, "storeCode": "main", "websiteCode": "base", "type": "simple", "name": format!("Bag {sku}"),
           "urlKey": sku.to_lowercase(), "currency": "EUR", "displayable": true, "status": "Enabled", "inStock": true,
           "attributes": [{"attributeCode": "color", "value": ["red"]}]})
}

pub fn sku(number: usize) -> String {
    format!("P{number:03}")
}
