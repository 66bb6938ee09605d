//! The real binary and the database: where it finds it, and what it says when it cannot use it.

use std::fs;

use serde_json::Value;

use super::support::home::{Home, stderr, stdout};
use super::support::mariadb::Server;

/// A home with this database address in its configuration.
fn home_with(url: &str) -> Home {
    let home = Home::new();
    home.write_config(&format!("[source.commerce]\nurl = \"{url}\"\n"));
    home
}

/// What the program says about this database, ending with this code: a person on stderr, and a script in JSON.
fn complaint(url: &str, code: u8) -> String {
    let home = home_with(url);
    let told = home.run(&["feeds", "items", "products"]);
    assert_eq!((told.status.code(), stdout(&told).as_str()), (Some(code.into()), ""));
    let listed = home.run(&["feeds", "list", "--json"]);
    assert_eq!(
        (listed.status.code(), stderr(&listed)),
        (Some(code.into()), stderr(&told)),
        "one sentence for one trouble"
    );
    let error: Value = serde_json::from_str(&stdout(&listed)).expect("one JSON object");
    let [what, hint] = ["message", "hint"].map(|name| error[name].as_str().expect("text"));
    assert_eq!((error["type"].as_str(), error["exit"].as_u64()), (Some("error"), Some(code.into())));
    assert_eq!(stderr(&told), format!("error: {what}\n  fix: {hint}\n"));
    stderr(&told)
}

fn assert_says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in: {text}");
    }
}

#[test]
fn a_database_that_is_not_there() {
    let text = complaint("mysql://clerk:secret-word@localhost/shop?socket=/nowhere/s.sock", 5);
    assert_says(&text, &["/nowhere/s.sock", "\"clerk\"", "No such file or directory", "check the socket's path"]);
    assert!(!text.contains("secret-word"), "{text}");
}

#[test]
fn a_wrong_password() {
    let shop = Server::shared().small_shop();
    shop.execute("CREATE USER clerk@localhost IDENTIFIED BY 'right'");
    let url = shop.url().replace("root@", "clerk:secret-word@");
    let text = complaint(&url, 1);
    assert_says(
        &text,
        &["s.sock", "\"clerk\"", "Access denied for user 'clerk'@'localhost'", "check the user and the password"],
    );
    assert!(!text.contains("secret-word"), "{text}");
}

#[test]
fn a_database_that_is_not_of_commerce() {
    let blog = Server::shared().empty("blog");
    blog.execute("CREATE TABLE posts (id INT PRIMARY KEY)");
    let text = complaint(&blog.url(), 1);
    assert_says(
        &text,
        &[&format!("{:?}", blog.name), "s.sock", "not a Commerce database", "store_website", "table_prefix"],
    );
}

#[test]
fn the_installations_own_configuration_is_enough() {
    let shop = Server::shared().staged_shop();
    let home = Home::new();
    let root = home.path("shop");
    fs::create_dir_all(root.join("app/etc")).expect("made");
    let socket = Server::shared().socket();
    let env_php = format!(
        "<?php\nreturn [\n    'db' => [\n        'table_prefix' => '{}',\n        'connection' => ['default' => [\n            \
         'host' => 'localhost', 'unix_socket' => '{}', 'username' => 'root', 'password' => '', 'dbname' => '{}',\n        \
         ]],\n    ],\n];\n",
        shop.table_prefix,
        socket.display(),
        shop.name
    );
    fs::write(root.join("app/etc/env.php"), env_php).expect("written");
    home.write_config(&format!("[instance]\nroot = \"{}\"\n", root.display()));

    let items = home.ok(&["feeds", "items", "categories", "--limit", "3"]);
    let items: Vec<Value> = items.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(items.len(), 3);
    assert!(items.iter().all(|item| item["urlPath"].is_string() && item["deleted"] == false), "{items:?}");

    let feeds = home.json(&["feeds", "list"]);
    let records =
        |name: &str| feeds.iter().find(|line| line["feed"] == name).map(|line| line["source_records"].clone());
    assert_eq!((records("categories"), records("products")), (Some(9.into()), Some(3.into())));
}
