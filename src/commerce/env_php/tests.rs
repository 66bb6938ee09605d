use super::parser::{Entry, Key, Value, parse};
use super::*;

const WHOLE: &str = r#"<?php
// written by hand
return [
    'backend' => ['frontName' => 'admin'],
    'db' => array(
        'table_prefix' => 'shop_', # a prefix
        'connection' => [
            'default' => [
                'host' => 'db.example:3307',
                'dbname' => 'shop',
                'username' => "sh\x6fp",
                'password' => 'it\'s $ecret \n',
                'model' => 'mysql4',
                'initStatements' => 'SET NAMES utf8;',
                'active' => '1',
                'driver_options' => [1014 => false, '1009' => '/etc/ca.pem'],
            ],
        ],
    ),
    /* 'db' => [], */
    'x-frame-options' => NULL, 'n' => [-1, 1.5, 0x1F, 0b101, 0o17, 1_000, TRUE],
];
"#;

fn refused(text: &str) -> (usize, String) {
    let error = parse(text).expect_err("this must be refused");
    (error.line, error.reason)
}

fn value(literal: &str) -> Value {
    parse(&format!("<?php return {literal};")).expect(literal).value
}

fn settings_of(text: &str) -> Result<DatabaseSettings, (Option<usize>, String)> {
    settings(&parse(text).expect("literal PHP")).map_err(|wrong| (wrong.line, wrong.reason))
}

#[test]
fn a_whole_file() {
    let settings = settings_of(WHOLE).expect("settings");
    assert_eq!(settings.address, Address::Tcp { host: "db.example".to_owned(), port: 3307 });
    assert_eq!((settings.user.as_str(), settings.database.as_str()), ("shop", "shop"));
    assert_eq!(settings.password.expose(), "it's $ecret \\n");
    assert_eq!(settings.table_prefix, "shop_");
    let tls = Tls { ca_file: Some(PathBuf::from("/etc/ca.pem")), client: None, verify: TlsVerify::Ca };
    assert_eq!(settings.tls, Some(tls));
}

#[test]
fn the_file_is_found_below_the_root_and_named_when_it_is_not_there() {
    let root = tempfile::tempdir().expect("a directory");
    let error = database_settings(root.path()).expect_err("no file");
    assert!(error.to_string().contains("app/etc/env.php: "), "{error}");
    std::fs::create_dir_all(root.path().join("app/etc")).expect("directories");
    std::fs::write(root.path().join(PATH), WHOLE).expect("a file");
    assert_eq!(database_settings(root.path()).expect("settings").database, "shop");
    std::fs::write(root.path().join(PATH), "<?php\nreturn [\n'db' => getenv('DB'),\n];").expect("a file");
    let error = database_settings(root.path()).expect_err("a call");
    assert!(error.to_string().contains("env.php line 3: only literal values"), "{error}");
}

#[test]
fn every_literal() {
    assert_eq!(value("'a\\'b\\\\c\\d'"), Value::Text("a'b\\c\\d".to_owned()));
    assert_eq!(value(r#""\t\101\x41\u{e4}\$x \q $5""#), Value::Text("\tAAä$x \\q $5".to_owned()));
    assert_eq!(value("-017"), Value::Int(-15));
    assert_eq!(value("1e3"), Value::Float(1000.0));
    assert_eq!(value("0"), Value::Int(0));
    assert_eq!(value("\\true"), Value::Bool(true));
    let Value::Array(entries) = value("[5 => 'a', 'b', '7' => 'c', 'd',]") else { panic!("an array") };
    let keys: Vec<Key> = entries.into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [Key::Number(5), Key::Number(6), Key::Number(7), Key::Number(8)]);
}

#[test]
fn the_last_of_two_equal_keys_counts() {
    let entry = parse("<?php return ['a' => 1, 'a' => 2];").expect("literal PHP");
    assert_eq!(entry.get("a"), Some(&Entry { line: 1, value: Value::Int(2) }));
}

#[test]
fn what_would_have_to_run_is_refused_with_its_line() {
    for (text, line, words) in [
        ("<?php\nreturn ['a' => 'b' . 'c'];", 2, "concatenation"),
        ("<?php return [\n\n'a' => getenv('x')];", 3, "literal"),
        ("<?php return ['a' => $x];", 1, "variables"),
        ("<?php return [\"$x\"];", 1, "variables in strings"),
        ("<?php return [\"{$x}\"];", 1, "variables in strings"),
        ("<?php return ['a' => PHP_EOL];", 1, "constants"),
        ("<?php return 'a'('b');", 1, "calls"),
        ("<?php $a = 1; return [];", 1, "return"),
        ("<?php return []; echo 1;", 1, "one `return`"),
        ("<?php return array_merge([], []);", 1, "literal"),
    ] {
        let (found, reason) = refused(text);
        assert!(found == line && reason.contains(words), "{text}: line {found}: {reason}");
    }
}

#[test]
fn what_is_broken_is_refused_with_its_line() {
    for (text, line, words) in [
        ("", 1, "<?php"),
        ("return [];", 1, "<?php"),
        ("<?php return [\n'a' => 'b\n\n", 2, "no end"),
        ("<?php return [ /* ", 1, "no end"),
        ("<?php return ['a' 'b'];", 1, "expected `,`"),
        ("<?php return ['a' = 'b'];", 1, "=>"),
        ("<?php return [\n1", 2, "expected `,`"),
        ("<?php return [99999999999999999999];", 1, "number"),
        ("<?php return [\"\\xff\"];", 1, "UTF-8"),
        ("<?php return [[] => 1];", 1, "key"),
    ] {
        let (found, reason) = refused(text);
        assert!(found == line && reason.contains(words), "{text}: line {found}: {reason}");
    }
}

#[test]
fn deep_nesting_ends_with_a_sentence() {
    let text = format!("<?php return {}", "[".repeat(200_000));
    assert!(refused(&text).1.contains("nested"));
}

#[test]
fn what_is_missing_is_named_without_any_value() {
    assert_eq!(settings_of("<?php return [];"), Err((None, "it has no 'db' section".to_owned())));
    let none = "<?php return [\n'db' => ['connection' => ['indexer' => []]]];";
    assert_eq!(settings_of(none), Err((Some(2), "'db' has no connection named 'default'".to_owned())));
    let text = "<?php return ['db' => ['connection' => ['default' => ['username' => 'u', 'password' => 'hush']]]];";
    let (_, reason) = settings_of(text).expect_err("no database");
    assert!(reason.contains("'dbname'") && !reason.contains("hush"), "{reason}");
    let text = text.replace("'username' => 'u'", "'dbname' => 'd', 'username' => ['u']");
    assert!(settings_of(&text).expect_err("user is no text").1.contains("'username' must be text"));
}

#[test]
fn hosts_and_sockets() {
    let with = |host: &str| {
        let text = format!(
            "<?php return ['db' => ['connection' => ['default' => ['dbname' => 'd', 'username' => 'u', {host}]]]];"
        );
        settings_of(&text).expect("settings").address
    };
    assert_eq!(with("'host' => '/run/s.sock'"), Address::Socket(PathBuf::from("/run/s.sock")));
    assert_eq!(
        with("'host' => 'localhost', 'unix_socket' => '/run/s.sock'"),
        Address::Socket(PathBuf::from("/run/s.sock"))
    );
    assert_eq!(with("'host' => 'db'"), Address::Tcp { host: "db".to_owned(), port: 3306 });
    assert_eq!(with("'password' => 5"), Address::Tcp { host: "localhost".to_owned(), port: 3306 });
}

/// Cuts, swaps and doubles bytes of a real file in a fixed pseudo-random order: whatever comes out, the parser answers.
#[test]
fn no_mutation_makes_it_panic() {
    const SIGNS: &[u8] = b"'\"\\[](){}$=>,;.#/*0x\n\xc3\xa4-_eu";
    let mut random = fastrand::Rng::with_seed(20);
    let mut accepted = 0_u32;
    for _ in 0..20_000 {
        let mut bytes = WHOLE.as_bytes().to_vec();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..bytes.len());
            match random.u8(..4) {
                0 => bytes.truncate(at.max(1)),
                1 => bytes[at] = SIGNS[random.usize(..SIGNS.len())],
                2 => bytes.insert(at, SIGNS[random.usize(..SIGNS.len())]),
                _ => drop(bytes.remove(at)),
            }
            if bytes.is_empty() {
                break;
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        match parse(&text) {
            Ok(entry) => accepted += u32::from(settings(&entry).is_ok()),
            Err(error) => {
                let lines = text.matches('\n').count() + 1;
                assert!((1..=lines).contains(&error.line), "line {} of {lines}: {}\n{text}", error.line, error.reason);
                assert!(!error.reason.contains("ecret"), "a value of the file: {}", error.reason);
            }
        }
    }
    assert!(accepted > 100, "some changes hit a comment or a value and must do no harm: {accepted}");
}
