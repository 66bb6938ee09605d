use std::path::PathBuf;

use super::*;
use crate::variables::Variables;

const WHOLE: &str = r#"<?php
// written by hand
$host = getenv('DB_HOST') ?: 'db';
if (isset($_ENV['PORT'])) { $host = "{$host}:{$_ENV['PORT']}"; }
return [
    'db' => array(
        'connection' => ['default' => ['host' => $host, 'dbname' => 'shop', 'username' => "sh\x6fp", 'password' => 'it\'s $ecret \n']],
    ),
    /* 'db' => [], */
    'x-frame-options' => NULL, 'n' => [-1, 1.5, 0x1F, 0b101, 0o17, 1_000, TRUE, ...array_merge([1], [2])],
    'doc' => <<<TEXT
      a $host
      TEXT,
];
"#;

fn file(text: &str) -> Result<PhpFile, (Option<usize>, String)> {
    PhpFile::parse(PathBuf::from("/srv/env.php"), PATH, text.as_bytes(), &Variables::default())
        .map_err(|error| (error.line, error.reason.to_string()))
}

/// The value of an expression as text.
fn value(expression: &str) -> Result<Option<String>, String> {
    let file =
        file(&format!("<?php return ['v' => {expression}];")).map_err(|(line, reason)| format!("{line:?} {reason}"))?;
    let plain = file.plain(["v"]).map_err(|error| error.reason.to_string())?;
    Ok(plain.expect("a plain value").text)
}

fn text(expression: &str) -> String {
    value(expression).expect(expression).unwrap_or_else(|| "null".to_owned())
}

#[test]
fn every_literal() {
    for (expression, expected) in [
        ("'a\\'b\\\\c\\d'", "a'b\\c\\d"),
        (r#""\t\101\x41\u{e4}\$x \q $5 { $""#, "\tAAä$x \\q $5 { $"),
        ("-017", "-15"),
        ("1e3", "1000"),
        ("0x1F", "31"),
        ("0b101", "5"),
        ("1_000", "1000"),
        ("0", "0"),
        ("\\true", "1"),
        ("False", ""),
        ("NULL", "null"),
        (".5", "0.5"),
        ("99999999999999999999 > 1", "1"),
    ] {
        assert_eq!(text(expression), expected, "{expression}");
    }
}

#[test]
fn operators_bind_as_in_php() {
    for (expression, expected) in [
        ("1 + 2 . '3' + 4", "37"),
        ("-2 ** 2", "-4"),
        ("2 ** 3 ** 0", "2"),
        ("!true || true", "1"),
        ("true ? 'a' : (false ? 'b' : 'c')", "a"),
        ("null ?? false ?: 'x'", "x"),
        ("null ?? 'a' . 'b'", "ab"),
        ("'1' == '01'", "1"),
        ("'1' === '01'", ""),
        ("0 == ''", ""),
        ("null == false", "1"),
        ("1 <=> 2", "-1"),
        ("true xor true", ""),
        ("(int) '12abc' + 1", "13"),
        ("5 % 3 * 2", "4"),
        ("7 . ''", "7"),
        ("[1, 2][1]", "2"),
        ("['a' => ['b' => 'c']]['a']['b']", "c"),
        ("array_merge(['a' => 1], ['a' => 2])['a']", "2"),
        ("(['a' => 1] + ['a' => 2, 'b' => 3])['a']", "1"),
    ] {
        assert_eq!(text(expression), expected, "{expression}");
    }
}

#[test]
fn what_would_have_to_run_is_unknown_and_named() {
    for (expression, words) in [
        ("foo('x')", "the function foo() is not supported"),
        ("$x", "the variable $x is not set"),
        ("\"a $x\"", "the variable $x is not set"),
        ("PHP_VERSION", "unknown constant PHP_VERSION"),
        ("hunter2", "unknown constant of that name"),
        ("`id`", "shell commands are not run"),
        ("new A(1)", "creating objects is not supported"),
        ("A::b(1)", "method and closure calls are not supported"),
        ("$x->y", "objects are not supported"),
        ("A::$b", "objects are not supported"),
        ("include 'x'", "the result of `include`"),
        ("[]['a']", "the array key a is not set"),
        ("1 / 0", "this calculation"),
        ("'a' * 2", "this calculation"),
        ("\"\\xff\"", "UTF-8"),
        ("[[] => 1]['x']", "a key must be text"),
    ] {
        let reason = value(expression).expect_err(expression);
        assert!(reason.contains(words), "{expression}: {reason}");
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
        ("<?php return ['a' = 'b'];", 1, "expected `,`"),
        ("<?php return [\n1", 2, "expected `,`"),
        ("<?php return []", 1, "expected `;`"),
        ("<?php return [1 +];", 1, "expected a value"),
        ("<?php return [12a];", 1, "not a number"),
        ("<?php if (1) {\nreturn [];", 2, "before this `}`"),
        ("<?php return ['a' => \"{$x\"];", 1, "no end"),
        ("<?php\n$a = 1;\n", 2, "expected `return`"),
        ("<?php return []; ?> text", 1, "end of the file"),
    ] {
        let (found, reason) = file(text).expect_err(text);
        assert!(found == Some(line) && reason.contains(words), "{text}: line {found:?}: {reason}");
    }
}

#[test]
fn nesting_and_copies_end_with_a_sentence() {
    let refused = |text: &str| file(text).expect_err("refused").1;
    for open in ["[", "(", "!", "- ", "(int) ", "fn () => ", "a(", "$a = ", "1 ** ", "$x ?? ", "true ? ", "\"{$a["] {
        assert!(refused(&format!("<?php return {}", open.repeat(3_000))).contains("nested"), "{open}");
    }
    assert!(refused(&format!("<?php {}", "{".repeat(3_000))).contains("nested"));
    assert!(refused(&format!("<?php {}", "if (1) ".repeat(3_000))).contains("nested"));
    let doubled = format!("<?php $a = ['x']; {} return $a;", "$a = array_merge($a, $a);".repeat(60));
    assert!(refused(&doubled).contains("computes more"));
    let deep = format!("<?php $a = ['x']; {} return $a;", "$a = [$a, $a];".repeat(5_000));
    assert!(file(&deep).is_ok(), "what is too deep is unknown");
}

/// Cuts, swaps and doubles bytes of a real file in a fixed pseudo-random order: whatever comes out, the parser answers.
#[test]
fn no_mutation_makes_it_panic() {
    const SIGNS: &[u8] = b"'\"\\[](){}$=>,;.#/*0x\n\xc3\xa4-_eu?:<";
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
        let lines = bytes.split(|byte| *byte == b'\n').count();
        match PhpFile::parse(PathBuf::from("/srv/env.php"), PATH, &bytes, &Variables::default()) {
            Ok(file) => accepted += u32::from(file.plain(["db", "connection", "default", "host"]).is_ok()),
            Err(error) => {
                let line = error.line.expect("a line");
                assert!((1..=lines).contains(&line), "line {line} of {lines}: {}", error.reason);
                assert!(!error.reason.as_str().contains("ecret"), "a value of the file: {}", error.reason);
            }
        }
    }
    assert!(accepted > 100, "some changes hit a comment or a value and must do no harm: {accepted}");
}
