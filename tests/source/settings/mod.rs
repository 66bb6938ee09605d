//! Settings that live in a Commerce installation: the real binary, an installation's root, and a real MariaDB.

mod kit;
mod places;
mod registry;

use crate::support;

use std::fs;

use kit::{BY_KEY_A, BY_KEY_B, IDS, KEY_A, KEY_B, KEYS, PLAIN, PRIVATE_KEY, Shop, decrypted, shown};
use support::home::{stderr, stdout};

/// Collapses a PEM text to its base64, so that line lengths do not matter.
fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect()
}

#[test]
fn keys_are_saved_encrypted_and_commerce_is_told() {
    let shop = Shop::new().with_php("");
    let output = shop.set_keys("sandbox-api-key-0001");
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.contains("core_config_data of the database small_") && said.contains("both encrypted"), "{said}");
    assert!(!said.contains("sandbox-api-key"), "{said}");

    let [api_key, private_key] =
        ["sandbox_api_key", "sandbox_private_key"].map(|name| shop.row(&format!("{KEYS}/{name}")).expect(name));
    for value in [&api_key, &private_key] {
        assert!(value.starts_with("1:3:"), "the last of two keys encrypts: {value}");
        assert_eq!(decrypted(value, KEY_A), None);
    }
    assert_eq!(decrypted(&api_key, KEY_B).as_deref(), Some("sandbox-api-key-0001"));
    let pem = decrypted(&private_key, KEY_B).expect("decrypted");
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----") && pem.trim_end().ends_with("-----END PRIVATE KEY-----"));
    assert_eq!(body(&pem), body(PRIVATE_KEY));

    let call = format!("{} bin/magento cache:clean config --no-interaction", shop.root().display());
    assert_eq!(shop.php_calls(), [call]);
    let config = fs::read_to_string(shop.home.config()).expect("there");
    assert!(!config.contains("credentials"), "{config}");
    let files = fs::read_dir(shop.home.path(".config/commerce-connector")).expect("readable").count();
    assert_eq!(files, 1, "no key file is left beside the configuration");

    let shown = shop.shown();
    let of_commerce = |value: &str| (value.to_owned(), "core_config_data".to_owned());
    assert_eq!(shown["credentials.sandbox.api_key"], of_commerce("••••0001"));
    assert!(shown["credentials.sandbox.private_key_file"].0.starts_with("RSA 2048 bits SHA256:"), "{shown:?}");
    assert!(!shown.contains_key("credentials.production.api_key"), "{shown:?}");
    // The pair is whole: what is missing for `keys verify` is only a gateway.
    shop.configure("[gateway]\nenvironment = \"sandbox\"\nsandbox_url = \"http://127.0.0.1:9\"");
    let verify = shop.run(&["keys", "verify"]);
    assert_eq!(verify.status.code(), Some(5), "{}", stderr(&verify));
}

#[test]
fn what_commerce_saved_is_read() {
    let shop = Shop::new();
    shop.set_row(&format!("{KEYS}/production_api_key"), BY_KEY_A);
    shop.set_row(&format!("{KEYS}/sandbox_api_key"), BY_KEY_B);
    shop.set_row("magento_saas/environment", "sandbox");
    shop.set_row(&format!("{IDS}/project_id"), "p-1");
    shop.set_row(&format!("{IDS}/ims_organization_id"), "ABC@AdobeOrg");
    let shown = shop.shown();
    let masked = format!("••••{}", &PLAIN[PLAIN.len() - 4..]);
    for (key, value) in [
        ("credentials.production.api_key", masked.as_str()),
        ("credentials.sandbox.api_key", &masked),
        ("gateway.environment", "sandbox"),
        ("saas.project_id", "p-1"),
        ("saas.ims_organization_id", "ABC@AdobeOrg"),
    ] {
        assert_eq!(shown[key], (value.to_owned(), "core_config_data".to_owned()), "{key}");
    }
}

#[test]
fn without_php_the_one_command_is_said() {
    let by_hand = |shop: &Shop| format!("run `cd '{}' && php bin/magento cache:clean config`", shop.root().display());
    let shop = Shop::new();
    let output = shop.set_keys("key-without-magento");
    assert!(output.status.success() && stderr(&output).contains(&by_hand(&shop)), "{}", stderr(&output));

    let shop = shop.with_php("");
    fs::remove_file(shop.home.path("programs/php")).expect("removed");
    let output = shop.set_keys("key-without-php-0002");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("php is not in PATH") && stderr(&output).contains(&by_hand(&shop)));

    let shop = shop.with_php("echo 'There are no commands defined' >&2; exit 1");
    let output = shop.set_keys("key-with-broken-php");
    let words = stderr(&output);
    assert!(output.status.success() && words.contains("There are no commands defined"), "{words}");
    assert!(words.contains(&by_hand(&shop)), "{words}");
    let api_key = shop.row(&format!("{KEYS}/sandbox_api_key")).expect("saved");
    assert_eq!(decrypted(&api_key, KEY_B).as_deref(), Some("key-with-broken-php"));
}

/// Nothing is written, and one sentence says where the setting is locked.
fn assert_refused(shop: &Shop, output: &std::process::Output, words: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is missing in: {said}");
    }
    assert_eq!(shop.row(&format!("{KEYS}/sandbox_api_key")), None);
    assert_eq!(shop.row(&format!("{KEYS}/sandbox_private_key")), None);
    assert_eq!(shop.php_calls(), Vec::<String>::new());
}

#[test]
fn what_a_file_or_the_environment_sets_is_shown_as_locked_and_refused() {
    let nested = |name: &str, value: &str| {
        format!("'services_connector' => ['services_connector_integration' => [\n'{name}' => '{value}']],")
    };
    let shop = Shop::new().with_php("").with_system(&nested("sandbox_api_key", BY_KEY_B));
    let masked = "••••alue".to_owned();
    assert_eq!(
        shop.shown()["credentials.sandbox.api_key"],
        (masked.clone(), "app/etc/env.php line 14 (locked)".to_owned())
    );
    let output = shop.set_keys("another-key-000001");
    assert_refused(&shop, &output, &[&format!("{KEYS}/sandbox_api_key is locked"), "app/etc/env.php line 14"]);

    let shop = shop.with_system("");
    shop.write_config_php(&nested("sandbox_private_key", BY_KEY_A));
    let output = shop.set_keys("another-key-000001");
    assert_refused(&shop, &output, &[&format!("{KEYS}/sandbox_private_key is locked"), "app/etc/config.php line 5"]);
    fs::remove_file(shop.root().join("app/etc/config.php")).expect("removed");

    let name = "CONFIG__DEFAULT__SERVICES_CONNECTOR__SERVICES_CONNECTOR_INTEGRATION__SANDBOX_API_KEY";
    let of_variable = shown(shop.command(&["config", "show", "--json"]).env(name, "plain-example-value"));
    assert_eq!(of_variable["credentials.sandbox.api_key"], (masked, format!("{name} (locked)")));
    let files = [shop.home.path("api-key.txt"), shop.home.path("private.pem")].map(|path| path.display().to_string());
    let args =
        ["keys", "set", "--environment", "sandbox", "--api-key-file", &files[0], "--private-key-file", &files[1]];
    let output = shop.command(&args).env(name, "plain-example-value").output().expect("the program runs");
    assert_refused(&shop, &output, &["is locked", name]);

    shop.configure("[credentials.sandbox]\napi_key = \"key-of-the-file-0001\"");
    assert_eq!(shop.shown()["credentials.sandbox.api_key"], ("••••0001".to_owned(), "file".to_owned()));
    let output = shop.set_keys("another-key-000001");
    assert_refused(&shop, &output, &["credentials.sandbox.api_key is locked", "config.toml", "instance.settings"]);

    // The same installation, but settings are kept in the file.
    shop.configure("[credentials.sandbox]\napi_key = \"key-of-the-file-0001\"");
    let output =
        shop.command(&args).env("COMMERCE_CONNECTOR_INSTANCE_SETTINGS", "file").output().expect("the program runs");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("mode 0600"), "{}", stdout(&output));
    assert_eq!(shop.row(&format!("{KEYS}/sandbox_api_key")), None);
}

#[test]
fn a_wrong_crypt_key_is_said_and_no_empty_key_is_used() {
    let shop = Shop::new();
    shop.set_row(&format!("{KEYS}/production_api_key"), BY_KEY_A);
    let output = shop.set_keys("sandbox-api-key-0001");
    assert!(output.status.success(), "{}", stderr(&output));
    let shop =
        shop.with_crypt_key("ffffffffffffffffffffffffffffffff base6435j3/Lp3lLxkfZqTGpgOPReWR2deRiJQ9tdwBzNDKbo=");
    let output = shop.run(&["keys", "verify", "--environment", "production"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let sentence = "error: cannot decrypt production_api_key with any of the 2 keys in app/etc/env.php\n";
    assert!(stderr(&output).starts_with(sentence), "{}", stderr(&output));
    let shown = shop.shown();
    let (value, origin) = &shown["credentials.sandbox.private_key_file"];
    assert_eq!(value, "unusable: cannot decrypt sandbox_private_key with any of the 2 keys in app/etc/env.php");
    assert_eq!(origin, "core_config_data");

    let shop = shop.with_crypt_key(KEY_A);
    let output = shop.run(&["keys", "verify", "--environment", "sandbox"]);
    let words = "the value is encrypted with key 2, but there is only 1 key in app/etc/env.php";
    assert!(stderr(&output).contains(words), "{}", stderr(&output));
    let shop = shop.with_crypt_key("too short");
    let output = shop.set_keys("another-key-000001");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("cannot encrypt sandbox_api_key: key 1 of crypt/key is invalid"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_user_who_may_only_read_is_told_which_grant_helps_and_reading_goes_on() {
    let shop = Shop::new().with_php("");
    let name = shop.database.name.clone();
    shop.database.execute(&format!(
        "CREATE USER reader_{name}@localhost IDENTIFIED BY 'pw'; GRANT SELECT ON {name}.* TO reader_{name}@localhost"
    ));
    let shop = shop.with_user(&format!("reader_{name}"), "pw");
    shop.set_row(&format!("{KEYS}/sandbox_api_key"), BY_KEY_A);
    let output = shop.set_keys("another-key-000001");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("may not write to the table core_config_data; nothing was saved"), "{said}");
    let grant = format!("GRANT INSERT, UPDATE ON {name}.core_config_data TO 'reader_{name}'@'localhost'");
    assert!(said.contains(&grant), "{said}");
    assert_eq!(shop.row(&format!("{KEYS}/sandbox_api_key")).as_deref(), Some(BY_KEY_A));
    assert_eq!(shop.shown()["credentials.sandbox.api_key"].0, "••••alue");
    assert_eq!(shop.php_calls(), Vec::<String>::new());

    // The very statement that was named helps.
    shop.database.execute(&grant);
    let output = shop.set_keys("another-key-000001");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(shop.php_calls().len(), 1);
}

#[test]
fn a_write_that_fails_half_way_leaves_every_old_value() {
    let shop = Shop::new().with_php("");
    assert!(shop.set_keys("the-old-api-key-01").status.success());
    let rows = "SELECT config_id, scope, scope_id, path, value FROM core_config_data ORDER BY config_id";
    let before = shop.database.query(rows);
    shop.database.execute(
        "DELIMITER //\n\
         CREATE TRIGGER no_private_keys BEFORE UPDATE ON core_config_data FOR EACH ROW \
         IF NEW.path LIKE '%private_key' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the disk is full'; END IF//\n\
         DELIMITER ;",
    );
    let output = shop.set_keys("the-new-api-key-02");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("the disk is full"), "{}", stderr(&output));
    assert_eq!(shop.database.query(rows), before);
    assert_eq!(shop.php_calls().len(), 1, "nothing was saved, so there is nothing to forget");

    // A database that keeps something else than what it was given.
    shop.database.execute(
        "DROP TRIGGER no_private_keys; CREATE TRIGGER mangled BEFORE UPDATE ON core_config_data FOR EACH ROW SET NEW.value = 'x'",
    );
    let output = shop.set_keys("the-new-api-key-02");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("sandbox_api_key reads back"), "{}", stderr(&output));
    assert_eq!(shop.database.query(rows), before);
}

#[test]
fn a_database_that_is_away_or_a_broken_file_is_told_and_the_rest_goes_on() {
    let shop = Shop::new().with_system(&format!(
        "'services_connector' => ['services_connector_integration' => ['sandbox_api_key' => '{BY_KEY_A}']],"
    ));
    let shop = shop.with_user("nobody", "wrong");
    let output = shop.ok(&["config", "show"]);
    assert!(stderr(&output).contains("Commerce's settings: cannot connect to the database at "), "{}", stderr(&output));
    assert_eq!(shop.shown()["credentials.sandbox.api_key"].1, "app/etc/env.php line 13 (locked)");
    let output = shop.run(&["keys", "verify", "--environment", "sandbox"]);
    let told = stderr(&output);
    let is_refused = told.contains("cannot connect to the database at ") && told.contains(" as user \"nobody\"");
    assert!(is_refused, "not `no keys`: {told}");

    let path = shop.root().join("app/etc/env.php");
    let text = fs::read_to_string(&path).expect("readable");
    fs::write(&path, &text[..text.find("'MAGE_MODE'").expect("there") + 4]).expect("written");
    let output = shop.ok(&["config", "show"]);
    assert!(stderr(&output).contains("app/etc/env.php line 10: this string has no end"), "{}", stderr(&output));
}
