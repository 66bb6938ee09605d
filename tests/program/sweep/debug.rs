//! What `Debug` prints of everything that holds a secret: none of it.

use std::fs;

use commerce_connector::cli::Global;
use commerce_connector::commands::Invocation;
use commerce_connector::config::store::Store;
use commerce_connector::connector::Connector;
use commerce_connector::keys::{ApiKey, KeyPair, PrivateKey};

use super::secrets::{API_KEY, CRYPT_KEY, DATABASE_PASSWORD, KEY, PROXY_PASSWORD, is_silent, write_private};
use super::support::home::Home;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_prints_a_secret_by_debug() {
    let home = Home::new();
    let root = home.path("shop");
    let socket = home.path("no.sock").display().to_string();
    write_private(
        &root.join("app/etc/env.php"),
        &format!(
            "<?php return ['crypt' => ['key' => '{CRYPT_KEY}'], 'db' => ['connection' => ['default' => [\n\
             'host' => '{socket}', 'dbname' => 'shop', 'username' => 'shop', 'password' => '{DATABASE_PASSWORD}']]]];"
        ),
    );
    write_private(&home.path("production.pem"), KEY);
    let config = home.path("config.toml");
    write_private(
        &config,
        &format!(
            "[credentials.production]\napi_key = \"{API_KEY}\"\nprivate_key_file = \"production.pem\"\n\n\
             [source.commerce]\nurl = \"mysql://shop:{DATABASE_PASSWORD}@localhost/shop?socket={socket}\"\n\n\
             [instance]\nroot = \"{}\"\n",
            root.display()
        ),
    );
    let private_key = "CONFIG__DEFAULT__SERVICES_CONNECTOR__SERVICES_CONNECTOR_INTEGRATION__SANDBOX_PRIVATE_KEY";
    let variables = vec![
        ("HTTPS_PROXY".to_owned(), format!("http://clerk:{PROXY_PASSWORD}@proxy.example")),
        ("COMMERCE_CONNECTOR_CREDENTIALS_SANDBOX_API_KEY".to_owned(), API_KEY.to_owned()),
        (private_key.to_owned(), KEY.to_owned()),
    ];
    let setting = Invocation { global: Global::default(), variables: variables.clone(), context: None };
    let store = Store::load(config, true, variables, Vec::new()).expect("a configuration");
    assert_eq!(store.config().credentials.production.api_key.as_deref(), Some(API_KEY), "the canary is there");
    let connector = Connector::new(store.clone(), home.path("state"), None);
    connector.load().await;
    let pair = KeyPair {
        api_key: ApiKey::parse(API_KEY).expect("an API key"),
        private_key: PrivateKey::parse(KEY).expect("a private key"),
    };
    let printed = [
        format!("{setting:?}"),
        format!("{store:?}"),
        format!("{:?}", store.config()),
        format!("{connector:?}"),
        format!("{:?}", connector.settings()),
        format!("{:?}", connector.overview()),
        format!("{:?}", tokio::task::block_in_place(|| connector.pairs())),
        format!("{:?}", connector.client()),
        format!("{:?}", connector.source().await),
        format!("{pair:?}"),
    ];
    for text in printed {
        is_silent("Debug", text.as_bytes());
        assert!(!text.contains(&KEY[60..120]), "{text}");
    }
    fs::remove_dir_all(root).expect("removed");
}
