//! Keys and data space that one node saves in Commerce's settings are those of every node, without a file that they share.

use std::fs;

use commerce_connector::domain::Feed;

use super::world::NODES;
use crate::support::gateway::Gateway;
use crate::support::home::{Home, stderr};
use crate::support::mariadb::{Server, TestDatabase};

/// The key that encrypts what Commerce keeps secret: part of `env.php`, which every node has.
const CRYPT_KEY: &str = "0123456789abcdef0123456789abcdef";

/// A node: a home, a state directory and a copy of `env.php` of its own. No key and no data space is in its configuration.
fn node(gateway: &Gateway, shop: &TestDatabase) -> Home {
    let home = Home::new();
    let root = home.path("shop");
    fs::create_dir_all(root.join("app/etc")).expect("made");
    let env_php = format!(
        "<?php\nreturn ['crypt' => ['key' => '{CRYPT_KEY}'], 'db' => ['table_prefix' => '', 'connection' => ['default' => [\
         'host' => 'localhost', 'unix_socket' => '{}', 'username' => 'root', 'password' => '', 'dbname' => '{}']]]];\n",
        shop.socket().display(),
        shop.name
    );
    fs::write(root.join("app/etc/env.php"), env_php).expect("written");
    let url = &gateway.sandbox.ready.url;
    home.write_config(&format!(
        "[gateway]\nsandbox_url = \"{url}\"\nproduction_url = \"{url}\"\nrequests_per_second = 0\n\
         [instance]\nroot = \"{}\"\nkind = \"production\"\n\
         [state]\nledger = \"database\"\n[state.database]\nurl = \"mysql://root@localhost/{}_state?socket={}\"\n",
        root.display(),
        shop.name,
        shop.socket().display()
    ));
    home
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_data_space_that_one_node_saves_are_those_of_all() {
    let gateway = Gateway::new().await;
    let shop = Server::shared().product_shop();
    let nodes: Vec<Home> = (0..NODES).map(|_| node(&gateway, &shop)).collect();
    let run = ["export", "run", "--feed", "scopesWebsite,scopesCustomerGroup"];
    let production = &gateway.sandbox.ready.production;
    tokio::task::block_in_place(|| {
        for node in &nodes {
            assert!(!node.run(&run).status.success(), "no node has keys");
        }
        let (first, others) = nodes.split_first().expect("nodes");
        let api_key_file = first.path("api-key.txt");
        fs::write(&api_key_file, &production.api_key).expect("written");
        let [api_key_file, private_key_file] =
            [&api_key_file, &production.private_key_file].map(|path| path.display().to_string());
        let files = ["--api-key-file", &api_key_file, "--private-key-file", &private_key_file];
        first.ok(&[&["keys", "set", "--environment", "production"], &files[..]].concat());
        first.ok(&["data-spaces", "select", gateway.space.as_str()]);
        // From here on, the files of the first node are of no use to anybody.
        fs::remove_file(&api_key_file).expect("there");
        let saved =
            "SELECT value FROM core_config_data WHERE path LIKE 'services_connector/%key' AND scope = 'default'";
        let saved = shop.query(saved).concat();
        assert!(saved.len() == 2 && saved.iter().all(|value| value.starts_with("0:3:")), "both encrypted: {saved:?}");

        for node in others {
            node.ok(&["keys", "verify"]);
            let shown = node.json(&["config", "show"]);
            let origin = |key: &str| shown.iter().find(|line| line["key"] == key).map(|line| line["origin"].clone());
            for key in ["credentials.production.api_key", "saas.environment_id"] {
                assert_eq!(origin(key), Some("core_config_data".into()), "{key}");
            }
        }
        for node in &nodes {
            let output = node.run(&run);
            assert!(output.status.success(), "{}", stderr(&output));
        }
    });
    for (feed, items) in [(Feed::ScopesWebsite, 2), (Feed::ScopesCustomerGroup, 3)] {
        let received = gateway.received(feed).await;
        assert_eq!(received.len(), items, "{feed}");
        assert!(received.values().all(|item| item.deliveries == 1), "{feed}: the first node has sent it for all");
    }
}
