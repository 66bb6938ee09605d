//! Tests of env.php files as people write them (`tests/fixtures/env_php`), and of what takes the place of parts of them.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::*;
use crate::commerce::database::{Address, Tls};
use crate::domain::TlsVerify;

struct Shop {
    directory: tempfile::TempDir,
}

impl Shop {
    fn new(env: &[u8]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(directory.path().join("app/etc")).expect("directories");
        std::fs::write(directory.path().join(env_php::PATH), env).expect("written");
        Self { directory }
    }

    fn root(&self) -> PathBuf {
        self.directory.path().canonicalize().expect("a path")
    }

    fn read(&self, variables: &[(&str, &str)]) -> Result<Deployment, String> {
        Deployment::read(&self.root(), variables.iter().copied().collect()).map_err(|error| error.to_string())
    }
}

fn deployment(env: &str, variables: &[(&str, &str)]) -> Deployment {
    Shop::new(env.as_bytes()).read(variables).expect("a deployment")
}

fn settings(env: &str, variables: &[(&str, &str)]) -> Result<DatabaseSettings, String> {
    deployment(env, variables).database_settings(&Connection::Default).map_err(|error| error.to_string())
}

/// What a file of the corpus expects of itself, in its comments, against what is read: one line for each difference.
fn differences(name: &str, bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let marked =
        |mark: &str| text.lines().filter_map(move |line| line.trim_end().strip_prefix(mark)).collect::<Vec<_>>();
    let pair = |line: &str, sign: &str| {
        let (first, rest) = line.split_once(sign).unwrap_or((line, ""));
        (first.trim().to_owned(), rest.strip_prefix(' ').unwrap_or(rest).to_owned())
    };
    let variables: Vec<(String, String)> = marked("//env ").iter().map(|line| pair(line, "=")).collect();
    let shop = Shop::new(bytes);
    let mut differences = String::new();
    let mut differ = |what: String| {
        let _ = writeln!(differences, "{name}: {what}");
    };
    let read = Deployment::read(&shop.root(), variables.into_iter().collect());
    let read = match (read, marked("//refused ").first()) {
        (Ok(read), None) => read,
        (Ok(_), Some(words)) => {
            differ(format!("is read, though it should be refused: {words}"));
            return differences;
        }
        (Err(error), words) => {
            if !words.is_some_and(|words| error.to_string().contains(*words)) {
                differ(format!("is refused: {error}"));
            }
            return differences;
        }
    };
    for line in marked("//= ") {
        let (path, wanted) = pair(line, ":");
        let wanted = wanted.replace("{root}", &shop.root().to_string_lossy()).replace("\\n", "\n").replace("\\t", "\t");
        match read.value(&path) {
            Ok(Some(found)) if found.text == wanted => {}
            Ok(found) => differ(format!("{path} is {:?}, not {wanted:?}", found.map(|found| found.text))),
            Err(error) => differ(format!("{path} is not known: {error}")),
        }
    }
    for line in marked("//! ") {
        let (path, words) = pair(line, ":");
        match read.value(&path) {
            Err(error) if error.to_string().contains(&words) => {}
            Err(error) => differ(format!("{path} is refused, but not by {words:?}: {error}")),
            Ok(found) => differ(format!("{path} should be unknown, and is {:?}", found.map(|found| found.text))),
        }
    }
    for path in marked("//- ") {
        if read.value(path).map(|found| found.map(|found| found.text)) != Ok(None) {
            differ(format!("{path} should not be there"));
        }
    }
    let missing: Vec<&str> = read.missing_variables().into_iter().map(|(_, _, name)| name).collect();
    if missing != marked("//? ") {
        differ(format!("misses {missing:?}"));
    }
    differences
}

#[test]
fn every_file_of_the_corpus_is_read_as_it_says() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/env_php");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(corpus).expect("the corpus").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    assert!(files.len() >= 40, "{}", files.len());
    let found: String = files
        .iter()
        .map(|file| {
            differences(&file.file_stem().expect("a name").to_string_lossy(), &std::fs::read(file).expect("a file"))
        })
        .collect();
    assert!(found.is_empty(), "\n{found}");
}

const WHOLE: &str = r#"<?php
return [
    'db' => array(
        'table_prefix' => 'shop_', # a prefix
        'connection' => [
            'default' => [
                'host' => 'db.example:3307',
                'dbname' => 'shop',
                'username' => "sh\x6fp",
                'password' => 'it\'s $ecret \n',
                'driver_options' => [1014 => false, '1009' => '/etc/ca.pem'],
            ],
            'sales' => ['host' => '/run/s.sock', 'dbname' => 'sales', 'username' => 'u', 'password' => 5],
        ],
        'slave_connection' => ['default' => ['host' => 'slave', 'port' => 3308, 'dbname' => 'shop', 'username' => 'reader']],
    ),
    'resource' => ['default_setup' => ['connection' => 'default'], 'sales' => ['connection' => 'sales']],
    'crypt' => ['key' => 'of the file'],
];
"#;

#[test]
fn every_connection_of_a_file() {
    let read = deployment(WHOLE, &[]);
    let settings = read.database_settings(&Connection::Default).expect("settings");
    assert_eq!(settings.address, Address::Tcp { host: "db.example".to_owned(), port: 3307 });
    assert_eq!((settings.user.as_str(), settings.database.as_str()), ("shop", "shop"));
    assert_eq!((settings.password.expose(), settings.table_prefix.as_str()), ("it's $ecret \\n", "shop_"));
    let tls = Tls { ca_file: Some(PathBuf::from("/etc/ca.pem")), client: None, verify: TlsVerify::Ca };
    assert_eq!(settings.tls, Some(tls));
    let slave = read.database_settings(&Connection::Slave).expect("settings");
    assert_eq!((slave.address, slave.user.as_str()), (Address::Tcp { host: "slave".to_owned(), port: 3308 }, "reader"));
    let sales = read.connection_of("sales").expect("known").expect("another");
    let sales = read.database_settings(&sales).expect("settings");
    assert_eq!((sales.address, sales.password.expose()), (Address::Socket(PathBuf::from("/run/s.sock")), "5"));
    assert_eq!(read.connection_of("checkout"), Ok(None));
}

#[test]
fn variables_take_the_place_of_parts_for_reading_and_for_the_key() {
    let variables = [
        ("MAGENTO_DC_DB__CONNECTION__DEFAULT__HOST", "dc.example"),
        ("MAGENTO_DC_DB__TABLE_PREFIX", "dc_"),
        ("MAGENTO_DC_CRYPT__KEY", "of the variable"),
    ];
    let read = deployment(WHOLE, &variables);
    let settings = read.database_settings(&Connection::Default).expect("settings");
    assert_eq!(settings.address_text().as_str(), "dc.example:3306");
    assert_eq!((settings.table_prefix.as_str(), settings.database.as_str()), ("dc_", "shop"));
    let (key, place) = read.crypt_key().expect("known").expect("a key");
    assert_eq!((key.expose(), place.as_str()), ("of the variable", "MAGENTO_DC_CRYPT__KEY"));

    let json = r#"{"db":{"connection":{"default":{"host":"json","dbname":"d","username":"u"}}}}"#;
    let read = deployment(WHOLE, &[("MAGENTO_DC__OVERRIDE", json)]);
    let settings = read.database_settings(&Connection::Default).expect("settings");
    assert_eq!(
        (settings.address_text().as_str(), settings.table_prefix.as_str()),
        ("json:3306", ""),
        "sections are replaced"
    );
    assert_eq!(read.crypt_key().expect("known").expect("a key").0.expose(), "of the file");
    let error = Shop::new(WHOLE.as_bytes()).read(&[("MAGENTO_DC__OVERRIDE", "{db")]).expect_err("no JSON");
    assert!(error.contains("MAGENTO_DC__OVERRIDE") && error.contains("JSON"), "{error}");
}

#[test]
fn the_cloud_names_the_database_where_the_file_does_not() {
    use base64::Engine as _;
    let json = r#"{"database":[{"host":"database.internal","port":"3306","path":"main","username":"user","password":"x"}],
        "database-slave":[{"host":"slave.internal","port":3304,"path":"main","username":"user","password":""}]}"#;
    let encoded = base64::engine::general_purpose::STANDARD.encode(json);
    let read = deployment("<?php return [];", &[("MAGENTO_CLOUD_RELATIONSHIPS", &encoded)]);
    let settings = read.database_settings(&Connection::Default).expect("settings");
    assert_eq!((settings.address_text().as_str(), settings.database.as_str()), ("database.internal:3306", "main"));
    let slave = read.database_settings(&Connection::Slave).expect("settings");
    assert_eq!(slave.address_text().as_str(), "slave.internal:3304");
    let read = deployment(WHOLE, &[("MAGENTO_CLOUD_RELATIONSHIPS", &encoded)]);
    let own = read.database_settings(&Connection::Default).expect("settings");
    assert_eq!(own.address_text().as_str(), "db.example:3307", "what the file names counts");
    let read = deployment("<?php return [];", &[("MAGENTO_CLOUD_RELATIONSHIPS", "%")]);
    let error = read.database_settings(&Connection::Default).expect_err("refused").to_string();
    assert!(error.contains("MAGENTO_CLOUD_RELATIONSHIPS: it must hold base64"), "{error}");
}

#[test]
fn what_is_missing_is_named_without_any_value() {
    let words = |env: &str| settings(env, &[]).expect_err("refused");
    assert!(words("<?php return [];").ends_with("app/etc/env.php: it has no 'db' section"));
    let none = "<?php return [\n'db' => ['connection' => ['indexer' => []]]];";
    assert!(words(none).ends_with("'db' has no connection named 'default'"));
    let text = "<?php return ['db' => ['connection' => ['default' => ['username' => 'u', 'password' => 'hush']]]];";
    let reason = words(text);
    assert!(reason.contains("'dbname'") && !reason.contains("hush"), "{reason}");
    let unknown = "<?php return ['db' => ['connection' => ['default' => ['dbname' => 'd', 'username' => 'u',\n'password' => secret()]]]];";
    assert!(words(unknown).contains("env.php line 2: the function secret() is not supported"));
    let missing = "<?php return ['db' => ['connection' => ['default' => ['dbname' => 'd', 'username' => 'u',\n'password' => getenv('DB_PASS')]]]];";
    assert!(words(missing).contains("env.php line 2: the environment variable DB_PASS is not set"));
    let half = "<?php return ['db' => ['connection' => ['default' => ['dbname' => 'd', 'username' => 'u', 'driver_options' => [\n1007 => 'k']]]]];";
    assert!(words(half).contains("line 2: client certificate (1008) and client key (1007) go together"));
    assert!(
        Deployment::read(Path::new("/nowhere"), Variables::default())
            .expect_err("no file")
            .to_string()
            .contains("app/etc/env.php: ")
    );
}

#[test]
fn the_mode_of_the_environment_wins() {
    let env = "<?php return ['MAGE_MODE' => 'developer'];";
    let mode = |variables: &[(&str, &str)]| {
        deployment(env, variables).mage_mode().expect("known").map(|mode| mode.to_string())
    };
    assert_eq!(mode(&[]).as_deref(), Some("developer"));
    assert_eq!(mode(&[("MAGE_MODE", "production")]).as_deref(), Some("production"));
}
