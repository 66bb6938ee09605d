//! Tests of loading and saving the configuration.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::domain::Environment;

struct ConfigDir {
    dir: tempfile::TempDir,
}

impl ConfigDir {
    fn new(text: &str) -> Self {
        let place = Self { dir: tempfile::tempdir().expect("a directory") };
        private_file::write(&place.path(), text.as_bytes()).expect("written");
        place
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("config.toml")
    }

    fn load(&self) -> Result<Store, ConfigError> {
        Store::load(self.path(), true, [], Vec::new())
    }

    fn load_with(&self, name: &str, value: &str) -> Result<Store, ConfigError> {
        Store::load(self.path(), true, [(name.to_owned(), value.to_owned())], Vec::new())
    }
}

fn words(error: &ConfigError) -> String {
    format!("{error} | {}", error.hint().unwrap_or_default().command_line())
}

#[test]
fn the_example_states_every_key_with_its_default() {
    let text = include_str!("../../config.example.toml");
    // Keys without a default are there as comments; without the marks the whole file must load.
    let bare: String = text
        .lines()
        .map(|line| match line.strip_prefix("#") {
            Some(rest) if rest.contains(" = ") || rest.starts_with('[') => rest,
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n");
    let all = toml::from_str::<Table>(&bare).expect("the example with every key set is TOML");
    toml::from_str::<Config>(&bare).expect("every key of the example is known");
    for key in KEYS {
        assert!(get(&all, key.path).is_some(), "config.example.toml does not mention {}", key.path);
    }
    let as_written = toml::from_str::<Config>(text).expect("the example loads as it is");
    assert_eq!(as_written, Config::default(), "what is not a comment in the example is the default");
    let defaults = Table::try_from(Config::default()).expect("a table");
    let written = toml::from_str::<Table>(text).expect("TOML");
    // Which environment is used may be said in Commerce, so the example does not say it.
    for key in KEYS.iter().filter(|key| key.path != "gateway.environment") {
        assert_eq!(get(&written, key.path), get(&defaults, key.path), "the default of {}", key.path);
    }
}

#[test]
fn an_unknown_key_is_named_with_line_and_nearest() {
    let error = ConfigDir::new("[gateway]\n\nenviroment = \"sandbox\"\n").load().expect_err("unknown");
    let words = words(&error);
    assert!(words.contains("config.toml line 3: unknown key \"enviroment\""), "{words}");
    assert!(words.ends_with("did you mean environment?"), "{words}");
}

#[test]
fn a_wrong_type_is_named_with_line_and_key() {
    let error = ConfigDir::new("[export]\ndatabase_share = \"two\"\n").load().expect_err("wrong type");
    assert!(words(&error).contains("config.toml line 2: database_share: invalid type: string"), "{error}");
    for value in ["0", "33", "\"two\"", "\"\""] {
        let error = ConfigDir::new(&format!("[export]\nthread_count = {value}\n")).load().expect_err(value);
        assert!(words(&error).contains("line 2: thread_count: must be from 1 to 32, or auto"), "{error}");
    }
    let error = ConfigDir::new("[gateway]\nenvironment = \"prod\"\n").load().expect_err("wrong word");
    assert!(words(&error).contains("line 2: environment: unknown variant `prod`"), "{error}");
    let error = ConfigDir::new("[export.feeds.produkts]\nbatch_size = 5\n").load().expect_err("unknown feed");
    assert!(words(&error).contains("line 1"), "{error}");
}

#[test]
fn broken_toml_and_broken_rules_are_named() {
    let error = ConfigDir::new("[gateway\n").load().expect_err("broken");
    assert!(words(&error).contains("config.toml line 1"), "{error}");
    let error = ConfigDir::new("[export]\ndatabase_share = 0\n").load().expect_err("zero");
    assert!(words(&error).contains("export.database_share must be from 1 to 100"), "{error}");
    let inside = "[instance]\nroot = \"/var/www/shop\"\n[state]\ndirectory = \"/var/www/shop/var\"\n";
    assert!(words(&ConfigDir::new(inside).load().expect_err("inside")).contains("state.directory is inside"));
}

#[test]
fn numbers_out_of_bounds_are_refused_with_the_bounds() {
    for (section, key, refused, accepted, rule) in [
        (
            "gateway",
            "requests_per_second",
            ["-1", "1e-20", "1e20", "nan", "inf"].as_slice(),
            ["0", "0.01"],
            "from 0.01 to 10000",
        ),
        ("gateway", "graphql_requests_per_second", &["-1", "nan"], ["0", "0.01"], "from 0.01 to 10000"),
        (
            "gateway",
            "connect_timeout_seconds",
            &["0", "86401", "9223372036854775807"],
            ["1", "86400"],
            "from 1 to 86400",
        ),
        ("gateway", "read_timeout_seconds", &["0", "9223372036854775807"], ["1", "86400"], "from 1 to 86400"),
        ("gateway", "total_timeout_seconds", &["0", "9223372036854775807"], ["1", "86400"], "from 1 to 86400"),
        ("export", "max_batch_bytes", &["1023", "9223372036854775807"], ["1024", "104857600"], "from 1024 to"),
        ("export", "database_share", &["0", "101"], ["1", "100"], "from 1 to 100"),
        ("export.feeds.prices", "batch_size", &["0", "10001", "5000000"], ["1", "10000"], "from 1 to 10000"),
    ] {
        for value in refused {
            let error = ConfigDir::new(&format!("[{section}]\n{key} = {value}\n")).load().expect_err(value);
            let said = words(&error);
            assert!(said.contains(&format!("{section}.{key}")) && said.contains(rule), "{key} = {value}: {said}");
        }
        for value in accepted {
            assert!(ConfigDir::new(&format!("[{section}]\n{key} = {value}\n")).load().is_ok(), "{key} = {value}");
        }
    }
}

#[test]
fn the_environment_wins_over_the_file_and_is_named() {
    let place = ConfigDir::new("[gateway]\nenvironment = \"production\"\n");
    let store = place.load_with("COMMERCE_CONNECTOR_GATEWAY_ENVIRONMENT", "sandbox").expect("loaded");
    assert_eq!(store.config().gateway.environment, Environment::Sandbox);
    assert_eq!(store.origin("gateway.environment").to_string(), "COMMERCE_CONNECTOR_GATEWAY_ENVIRONMENT");
    assert_eq!(store.origin("gateway.registry_path"), &Origin::Default);

    let error = place.load_with("COMMERCE_CONNECTOR_EXPORT_DATABASE_SHARE", "many").expect_err("no number");
    assert!(
        words(&error).contains("COMMERCE_CONNECTOR_EXPORT_DATABASE_SHARE: export.database_share: expected a whole")
    );
    let error = place.load_with("COMMERCE_CONNECTOR_GATEWAY_ENVIROMENT", "sandbox").expect_err("unknown");
    assert!(words(&error).contains("did you mean COMMERCE_CONNECTOR_GATEWAY_ENVIRONMENT?"), "{}", words(&error));
}

#[test]
fn saving_keeps_comments_and_refuses_what_would_have_no_effect() {
    let place = ConfigDir::new("# my shop\n[saas]\nproject_id = \"old\" # chosen in May\n");
    let mut store = place.load().expect("loaded");
    store
        .save(&[("saas.project_id", Some("new".to_owned())), ("credentials.sandbox.api_key", Some("abc".to_owned()))])
        .expect("saved");
    let text = std::fs::read_to_string(place.path()).expect("readable");
    assert!(text.starts_with("# my shop\n[saas]\nproject_id = \"new\" # chosen in May\n"), "{text}");
    assert!(text.contains("[credentials.sandbox]\napi_key = \"abc\""), "{text}");
    assert_eq!(store.config().credentials.sandbox.api_key.as_deref(), Some("abc"));

    let mut locked = place.load_with("COMMERCE_CONNECTOR_SAAS_PROJECT_ID", "other").expect("loaded");
    let error = locked.save(&[("saas.project_id", Some("x".to_owned()))]).expect_err("locked");
    assert!(words(&error).contains("saas.project_id is set by COMMERCE_CONNECTOR_SAAS_PROJECT_ID"), "{error}");
    assert!(std::fs::read_to_string(place.path()).expect("readable").contains("\"new\""), "nothing saved is lost");
}

#[test]
fn a_file_with_a_database_password_must_be_private() {
    let place = ConfigDir::new("[source.commerce]\nurl = \"mysql://shop:pa55@localhost/shop\"\n");
    place.load().expect("0600 is fine");
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o644)).expect("chmod");
    assert!(words(&place.load().expect_err("open")).contains("chmod 600"));
}

#[test]
fn paths_are_relative_to_the_file() {
    let place = ConfigDir::new("");
    let store = place.load().expect("loaded");
    assert_eq!(store.resolve(Path::new("a.pem")), place.dir.path().join("a.pem"));
    assert_eq!(store.resolve(Path::new("/a.pem")), Path::new("/a.pem"));
}

#[test]
fn what_is_true_or_false_is_saved_and_overlaid_as_such() {
    let place = ConfigDir::new("[ui]\ntheme = \"mono\" # kept\n");
    let mut store = place.load().expect("loads");
    store.save(&[("ui.read_only", Some("true".to_owned()))]).expect("saved");
    let text = std::fs::read_to_string(place.path()).expect("there");
    assert!(text.contains("read_only = true\n") && text.contains("# kept"), "{text}");
    assert!(store.config().ui.read_only);
    assert_eq!(store.config().ui.theme, crate::config::ThemeName::Mono);
    let overlaid = place.load_with("COMMERCE_CONNECTOR_UI_READ_ONLY", "false").expect("loads");
    assert!(!overlaid.config().ui.read_only);
    let wrong = place.load_with("COMMERCE_CONNECTOR_UI_READ_ONLY", "maybe").expect_err("neither");
    assert!(words(&wrong).contains("expected true or false"), "{wrong}");
}

#[test]
fn a_credential_counts_where_its_value_is_of_use() {
    let place = ConfigDir::new("");
    let directory = place.dir.path().join("credentials");
    for name in ["database-password", "webhook-secret", "production-private-key", "somebody-elses"] {
        private_file::write(&directory.join(name), b"canary").expect("written");
    }
    let load = |text: &str, variable: &str| {
        private_file::write(&place.path(), text.as_bytes()).expect("written");
        place.load_with(variable, directory.to_str().expect("a path")).expect("loads")
    };
    let plain = load("", "CREDENTIALS_DIRECTORY");
    assert_eq!(plain.config().source.commerce.password_file, None, "env.php has its own");
    assert_eq!(plain.config().notify.webhook_secret_file, None, "there is no webhook");
    let key = plain.config().credentials.production.private_key_file.clone();
    assert_eq!(key, Some(directory.join("production-private-key")));
    let text = "[source.commerce]\nurl = \"mysql://reader@db/shop\"\npassword_file = \"other\"\n\
                [notify]\nwebhook_url = \"https://hooks.example/x\"\n";
    let used = load(text, "CREDENTIALS_DIRECTORY");
    assert_eq!(used.config().source.commerce.password_file, Some(directory.join("database-password")));
    assert_eq!(*used.origin("source.commerce.password_file"), Origin::Credential("database-password"));
    assert_eq!(used.secrecy_of("notify.webhook_secret_file"), Secrecy::Credential);
    assert_eq!(*load(text, "ELSEWHERE").origin("source.commerce.password_file"), Origin::File);
}
