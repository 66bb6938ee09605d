//! Tests of the precedence, of where a value came from, and of secrets; the database is tested in `tests/source/settings`.

use super::*;

const ENV: &str = "<?php
return [
    'crypt' => ['key' => '0123456789abcdef0123456789abcdef'],
    'MAGE_MODE' => 'developer',
    'system' => [
        'default' => [
            'web' => ['unsecure' => ['base_url' => 'https://env.example/']],
            'services_connector' => [
                'services_connector_integration' => [
                    'sandbox_api_key' => '0:3:AAECAwQFBgcICQoLnUc1VRcvmobkd5r5UPx8sFGiJxfD/yRQFUS/nkVMeZ5TN0pC',
                    'production_api_key' => '1:3:AAECAwQFBgcICQoLIvnU5WouZww0Au6mDebJpGITecWUnu8Hr/vPOMIpSCNsMeIx',
                ],
            ],
            'list' => ['of' => [7 => true]],
        ],
        'stores' => ['de' => ['general' => ['locale' => ['code' => 'de_DE']]]],
    ],
];
";
const CONFIG: &str = "<?php
return [
    'modules' => ['Magento_Store' => 1],
    'system' => ['default' => ['web' => ['unsecure' => ['base_url' => 'https://config.example/',
        'base_link_url' => 'https://link.example/']]]],
];
";
const KEY: &str = "services_connector/services_connector_integration";

fn settings(variables: &[(&str, &str)]) -> Settings {
    let root = tempfile::tempdir().expect("a directory");
    std::fs::create_dir_all(root.path().join("app/etc")).expect("directories");
    std::fs::write(root.path().join(env_php::PATH), ENV).expect("written");
    std::fs::write(root.path().join(env_php::CONFIG_PATH), CONFIG).expect("written");
    let mut settings = Settings::of_files(root.path(), variables.iter().copied().collect()).expect("settings");
    for path in ["web/unsecure/base_url", "web/unsecure/base_link_url", "web/seo/use_rewrites"] {
        settings.rows.insert(path.to_owned(), Some("row".to_owned()));
    }
    settings
}

fn shown(settings: &Settings, path: &str) -> (String, String, bool) {
    let found = settings.get(path).expect(path).expect(path);
    (found.text().to_owned(), found.origin.to_string(), found.locked)
}

#[test]
fn the_first_of_variable_files_and_database_wins() {
    let name = "CONFIG__DEFAULT__WEB__UNSECURE__BASE_URL";
    let variable =
        settings(&[(name, "https://variable.example/"), ("CONFIG__STORES__DE__WEB__SEO__USE_REWRITES", "0")]);
    let expected = |value: &str, origin: &str, locked| (value.to_owned(), origin.to_owned(), locked);
    assert_eq!(shown(&variable, "web/unsecure/base_url"), expected("https://variable.example/", name, true));
    let files = settings(&[]);
    assert_eq!(
        shown(&files, "web/unsecure/base_url"),
        expected("https://env.example/", "app/etc/env.php line 7", true)
    );
    assert_eq!(
        shown(&files, "web/unsecure/base_link_url"),
        expected("https://link.example/", "app/etc/config.php line 5", true)
    );
    assert_eq!(shown(&files, "web/seo/use_rewrites"), expected("row", "core_config_data", false));
    assert_eq!(shown(&files, "list/of/7"), expected("1", "app/etc/env.php line 14", true));
    assert_eq!(files.get("general/locale/code"), Ok(None), "what a store view has is not the installation's");
    assert_eq!(files.get("web/unsecure"), Ok(None), "a group is no value");
}

#[test]
fn secrets_are_plain_in_variables_and_encrypted_elsewhere() {
    let files = settings(&[]);
    let (secret, origin) = files.secret(&format!("{KEY}/sandbox_api_key")).expect("decrypted").expect("there");
    assert_eq!((secret.expose(), origin.to_string().as_str()), ("example-secret-value", "app/etc/env.php line 10"));
    assert_eq!(files.secret(&format!("{KEY}/sandbox_private_key")), Ok(None));

    let name = "CONFIG__DEFAULT__SERVICES_CONNECTOR__SERVICES_CONNECTOR_INTEGRATION__PRODUCTION_API_KEY";
    let (secret, origin) =
        settings(&[(name, "plain")]).secret(&format!("{KEY}/production_api_key")).expect("plain").expect("there");
    assert_eq!((secret.expose(), origin), ("plain", Origin::Variable(name.to_owned())));
}

#[test]
fn a_secret_that_cannot_be_decrypted_is_an_error_and_never_empty() {
    let mut settings = settings(&[]);
    let words =
        |settings: &Settings, name: &str| settings.secret(&format!("{KEY}/{name}")).expect_err("refused").to_string();
    assert_eq!(
        words(&settings, "production_api_key"),
        "cannot decrypt production_api_key of app/etc/env.php line 11: the value is encrypted with key 2, but there is only 1 key in app/etc/env.php"
    );
    let path = format!("{KEY}/production_private_key");
    settings
        .rows
        .insert(path.clone(), Some("0:3:AAECAwQFBgcICQoLemp70VKdLDyygPJ08iwlxoo8UYqKgDXHe4RRmGdyh3MI7QTg".to_owned()));
    assert_eq!(
        words(&settings, "production_private_key"),
        "cannot decrypt production_private_key with the only key in app/etc/env.php"
    );
    settings.rows.insert(path.clone(), Some("a key in plain text".to_owned()));
    let error = words(&settings, "production_private_key");
    assert!(error.ends_with("of core_config_data: the value is not in Commerce's encrypted format"), "{error}");
    assert!(!error.contains("plain text") && !format!("{settings:?}{:?}", settings.get(&path)).contains("plain text"));
    settings.rows.insert(path.clone(), Some(" ".to_owned()));
    assert_eq!(settings.secret(&path), Ok(None));
}

#[test]
fn a_broken_file_is_named_with_its_line() {
    let root = tempfile::tempdir().expect("a directory");
    std::fs::create_dir_all(root.path().join("app/etc")).expect("directories");
    let words = || Settings::of_files(root.path(), Variables::default()).expect_err("refused").to_string();
    std::fs::write(root.path().join(env_php::PATH), &ENV[..ENV.len() / 2]).expect("written");
    assert!(words().contains("app/etc/env.php line 10: "), "{}", words());
    std::fs::write(root.path().join(env_php::PATH), ENV).expect("written");
    std::fs::write(root.path().join(env_php::CONFIG_PATH), "<?php\nreturn [\n'a' => 1\n").expect("written");
    assert!(words().contains("app/etc/config.php line "), "{}", words());
}
