//! What people paste, and what they should not have pasted.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rsa::RsaPublicKey;
use rsa::pkcs1::UintRef;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey as _;
use rsa::pkcs8::der::Encode as _;
use rsa::signature::Verifier as _;

use super::*;
use crate::private_file::{PrivateFileError, safe};

const PKCS8: &str = include_str!("fixtures/rsa-2048.pem");
const PKCS1: &str = include_str!("fixtures/rsa-2048-pkcs1.pem");
const SMALL: &str = include_str!("fixtures/rsa-1024.pem");
const PUBLIC: &str = include_str!("fixtures/public.pem");
const CERTIFICATE: &str = include_str!("fixtures/certificate.pem");
/// `openssl pkey -pubout -outform der | openssl dgst -sha256 -binary | base64`
const FINGERPRINT: &str = "SHA256:XQ3d/YYRj2PRMZSk2WDaU5iW+hg9LW54ZdpZ88KmCaA";

fn mistake(pasted: &str) -> KeyError {
    PrivateKey::parse(pasted).expect_err("a mistake")
}

/// The base64 between the PEM lines.
fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

#[test]
fn every_shape_that_people_paste_is_the_same_key() {
    let indented: String = format!("    {}", PKCS8.replace('\n', "  \n    "));
    let trimmed = PKCS8.trim_end();
    let shapes = [
        PKCS8.to_owned(),
        PKCS1.to_owned(),
        PKCS8.replace('\n', "\r\n"),
        PKCS8.replace('\n', "\r"),
        trimmed.to_owned(),
        indented.clone(),
        format!("private_key: |\n{indented}"),
        trimmed.replace('\n', "\\n"),
        trimmed.replace('\n', "\\r\\n"),
        format!("\"{}\"", trimmed.replace('\n', "\\n")),
        format!("  '{trimmed}'  \n"),
        format!("{{\"key\": \"{}\"}}", trimmed.replace('/', "\\/").replace('\n', "\\n")),
        format!("PRIVATE_KEY=\"{}\"", trimmed.replace('\n', "\\\\n")),
        PKCS8.replace('\n', " "),
        PKCS1.replace('\n', " "),
        PKCS8.replace('\n', "\n\n"),
        format!("\u{feff}{PKCS8}"),
        format!("Bag Attributes\n    friendlyName: shop\n{PKCS8}\nbye"),
        format!("{PUBLIC}{PKCS8}"),
        format!("{CERTIFICATE}{PKCS1}"),
        PKCS1.replace("KEY-----\nM", "KEY-----\nComment: made by hand\n\nM"),
        // People relabel.
        PKCS1.replace("RSA PRIVATE", "PRIVATE"),
        PKCS8.replace("PRIVATE", "RSA PRIVATE"),
        body(PKCS8),
        body(PKCS1),
        format!("\"{}\"", body(PKCS8)),
        PKCS8.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\r\n  "),
        // As Adobe's own pages print the frame, and as text processors do.
        PKCS8.replace("-----BEGIN", "----BEGIN").replace("KEY-----", "KEY---"),
        PKCS8.replace("-----", "\u{2014}\u{2014}"),
        PKCS8[2..].to_owned(),
        trimmed.trim_end_matches('-').to_owned(),
        PKCS8.replace("KEY-----\nMII", "KEY\nMII"),
        // Without its END line.
        PKCS8.lines().take(27).collect::<Vec<_>>().join("\n"),
        PKCS8.lines().map(|line| format!("> {line}\n")).collect::<Vec<_>>().concat(),
        PKCS8.lines().map(|line| format!(">> > {line}\r\n")).collect::<Vec<_>>().concat(),
        PKCS8
            .lines()
            .enumerate()
            .map(|(number, line)| format!("{:>4}  {line}\n", number + 1))
            .collect::<Vec<_>>()
            .concat(),
        PKCS8
            .lines()
            .enumerate()
            .map(|(number, line)| format!("{}: {line}\n", number + 7))
            .collect::<Vec<_>>()
            .concat(),
        PKCS8
            .lines()
            .enumerate()
            .map(|(number, line)| format!("{:>6}\t{line}\n", number + 1))
            .collect::<Vec<_>>()
            .concat(),
        PKCS8.replace(' ', "\u{a0}").replace('\n', "\u{a0}\n"),
        PKCS8.replace("MII", "M\u{200b}II").replace("-----\n", "\u{200d}-----\n\u{2060}"),
        PKCS8.replace('\n', "<br>"),
        PKCS8.replace('\n', "<BR />\r\n"),
    ];
    for shape in shapes {
        let key = PrivateKey::parse(&shape).unwrap_or_else(|error| panic!("{error}\n{shape}"));
        assert_eq!(key.fingerprint(), FINGERPRINT, "{shape}");
        assert_eq!(key.bits(), 2048);
    }
}

#[test]
fn each_mistake_has_its_own_sentence() {
    let not_rsa = |algorithm: &str| KeyError::NotRsa { algorithm: algorithm.to_owned() };
    let ec = not_rsa("an elliptic curve (EC) key");
    let encrypted_pkcs8 = include_str!("fixtures/encrypted-pkcs8.pem");
    let ed25519 = include_str!("fixtures/ed25519.pem");
    let ec_pkcs8 = include_str!("fixtures/ec-pkcs8.pem");
    let ec_sec1 = include_str!("fixtures/ec-sec1.pem");
    for (pasted, expected) in [
        ("", KeyError::Empty),
        (" \"\n\" ", KeyError::Empty),
        (ed25519, not_rsa("an Ed25519 key")),
        (&body(ed25519), not_rsa("an Ed25519 key")),
        (ec_pkcs8, ec.clone()),
        (ec_sec1, ec.clone()),
        (&body(ec_sec1), ec),
        (PUBLIC, KeyError::PublicKey),
        (&body(PUBLIC), KeyError::PublicKey),
        (include_str!("fixtures/public-pkcs1.pem"), KeyError::PublicKey),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ me@shop", KeyError::PublicKey),
        (SMALL, KeyError::TooSmall { bits: 1024 }),
        (encrypted_pkcs8, KeyError::Encrypted),
        (&body(encrypted_pkcs8), KeyError::Encrypted),
        (include_str!("fixtures/encrypted-legacy.pem"), KeyError::Encrypted),
        (&include_str!("fixtures/encrypted-legacy.pem").replace('\n', " "), KeyError::Encrypted),
        (CERTIFICATE, KeyError::Certificate),
        (&body(CERTIFICATE), KeyError::Certificate),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----", KeyError::OpenSsh),
        ("-----BEGIN THING-----\nb3Bl\n-----END THING-----", KeyError::OtherPem { label: "THING".into() }),
        (
            "-----BEGIN PRIVATE KEY MIIEvAIBADANBgkqhkiG9w0B-----\nAQEFAASC\n-----END PRIVATE KEY-----",
            KeyError::Damaged("its first line is not -----BEGIN PRIVATE KEY-----".into()),
        ),
        ("0:3:AAECAwQFBgcICQoLnUc1VRcvmobkd5r5UPx8sFGiJxfD/yRQFUS/nkVMeZ5TN0pC", KeyError::DatabaseValue),
        ("'1:2:AAECAwQF'", KeyError::DatabaseValue),
        ("c0ffee00c0ffee00c0ffee00c0ffee00", KeyError::ApiKeyAsPrivateKey),
        ("no key at all, just words", KeyError::Unrecognised),
        ("hello", KeyError::Unrecognised),
        ("file:///home/ann/gateway-2026.pem", KeyError::Unrecognised),
        (&format!("{PKCS8}{PKCS1}"), KeyError::SeveralKeys { count: 2 }),
    ] {
        assert_eq!(mistake(pasted), expected, "{pasted}");
    }
}

#[test]
fn a_text_file_of_windows_is_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("key.pem");
    for (mark, is_little) in [(true, true), (true, false), (false, true), (false, false)] {
        let text = format!("{}{}", if mark { "\u{feff}" } else { "" }, PKCS8.replace('\n', "\r\n"));
        let bytes: Vec<u8> = text
            .encode_utf16()
            .flat_map(|unit| if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect();
        fs::write(&path, bytes).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
        assert_eq!(PrivateKey::read(&path).expect("a key").fingerprint(), FINGERPRINT);
    }
}

#[test]
fn what_is_meant_to_be_a_key_is_known_in_every_frame() {
    for meant in ["----BEGIN PRIVATE KEY---\nMII", "> -----BEGIN RSA PRIVATE\u{a0}KEY-----", PKCS8] {
        assert!(PrivateKey::is_meant(meant), "{meant}");
    }
    assert!(!PrivateKey::is_meant("my private key is in the safe") && !PrivateKey::is_meant(PUBLIC));
}

#[test]
fn truncated_text_is_told_as_such_wherever_it_was_cut() {
    let der = rsa_der();
    let cut_der = STANDARD.encode(&der[..900]);
    let lines: Vec<&str> = PKCS8.lines().collect();
    for pasted in [
        lines[..lines.len() - 2].join("\n"),
        format!("{}\nbye, Ann.", lines[..lines.len() - 1].join("\n")),
        lines[1..].join("\n"),
        "-----BEGIN PRIVATE KEY".to_owned(),
        "-----BEGIN PRIVATE KEY-----".to_owned(),
        format!("{}\n{PKCS8}", lines[..3].join("\n")),
        PKCS8.replace("-----BEGIN", "BEGIN").replace("-----END", "END"),
        body(PKCS8)[..1001].to_owned(),
        cut_der.clone(),
        format!("-----BEGIN PRIVATE KEY-----\n{cut_der}\n-----END PRIVATE KEY-----"),
    ] {
        assert!(matches!(mistake(&pasted), KeyError::Truncated(_)), "{:?}\n{pasted}", mistake(&pasted));
    }
}

#[test]
fn damaged_text_is_told_without_quoting_it() {
    let swapped = PKCS8.replace("-----END PRIVATE", "-----END RSA PRIVATE");
    let not_base64 = PKCS8.replacen("MII", "M*I", 1);
    for pasted in [swapped, not_base64] {
        let KeyError::Damaged(reason) = mistake(&pasted) else { panic!("{:?}", mistake(&pasted)) };
        assert!(!reason.as_str().contains("MI"), "{reason}");
    }
}

fn rsa_der() -> Vec<u8> {
    STANDARD.decode(body(PKCS8)).expect("base64")
}

#[test]
fn numbers_that_would_make_arithmetic_panic_or_crawl_are_refused() {
    let big = vec![0xff; 256];
    let make = |modulus: &[u8], exponent: &[u8], prime: &[u8]| {
        let number = |bytes| UintRef::new(bytes).expect("a number");
        let (modulus, exponent, prime) = (number(modulus), number(exponent), number(prime));
        let key = rsa::pkcs1::RsaPrivateKey {
            modulus,
            public_exponent: exponent,
            private_exponent: exponent,
            prime1: prime,
            prime2: prime,
            exponent1: prime,
            exponent2: prime,
            coefficient: prime,
            other_prime_infos: None,
        };
        PrivateKey::parse(&STANDARD.encode(key.to_der().expect("DER"))).expect_err("refused")
    };
    for prime in [&[0_u8][..], &[1], &[2], &big] {
        for exponent in [&[0_u8][..], &[1], &[2], &[3], &big] {
            assert!(matches!(make(&big, exponent, prime), KeyError::Damaged(_)));
        }
    }
    assert_eq!(make(&[0], &[3], &[3]), KeyError::TooSmall { bits: 0 });
    assert_eq!(make(&vec![0xff; 40_000], &[3], &[3]), KeyError::TooLarge { bits: 320_000 });
}

#[test]
fn random_damage_gives_the_same_key_or_an_error_and_never_a_panic() {
    for seed in 0..3_000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let source = if rng.bool() { PKCS8 } else { PKCS1 };
        let mut text: Vec<char> = source.chars().collect();
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(..text.len());
            let odd = ['\n', '\\', '-', ' ', '"', ':', '=', '\u{0}', 'ß', '\u{202e}', 'A', '/', '\r'];
            match rng.u8(..6) {
                0 => text[at] = odd[rng.usize(..odd.len())],
                1 => text.insert(at, odd[rng.usize(..odd.len())]),
                2 => drop(text.remove(at)),
                3 => text.truncate(at.max(1)),
                4 => drop(text.drain(at..(at + rng.usize(..200)).min(text.len()))),
                _ => text[at] = rng.alphanumeric(),
            }
            if text.is_empty() {
                text.push('M');
            }
        }
        let pasted: String = text.into_iter().collect();
        if let Ok(key) = PrivateKey::parse(&pasted) {
            assert_eq!(key.fingerprint(), FINGERPRINT, "seed {seed}\n{pasted}");
        }
        let _ = ApiKey::parse(&pasted);
    }
}

#[test]
fn damage_below_the_base64_gives_the_same_key_or_an_error() {
    let der = rsa_der();
    for seed in 0..2_000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut bytes = der.clone();
        // The first bytes hold the structure, so they are hit more often.
        let at = if rng.bool() { rng.usize(..40) } else { rng.usize(..bytes.len()) };
        bytes[at] ^= rng.u8(1..);
        if let Ok(key) = PrivateKey::parse(&STANDARD.encode(&bytes)) {
            assert_eq!(key.fingerprint(), FINGERPRINT, "seed {seed}");
        }
    }
}

#[test]
fn megabytes_of_garbage_are_refused_at_once() {
    let start = Instant::now();
    for part in ["-----BEGIN ", "\\n", "\"", "MII", "0:3:", "-----BEGIN A----------END A-----", "-"] {
        for size in [MAX_INPUT_BYTES, 8 * 1024 * 1024] {
            let text = part.repeat(size / part.len());
            assert!(PrivateKey::parse(&text).is_err());
            assert!(PrivateKey::parse_or_read(&text).is_err());
            assert!(ApiKey::parse(&text).is_err());
        }
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn a_signature_verifies_with_the_public_half() {
    let key = PrivateKey::parse(PKCS8).expect("a key");
    assert_eq!(key.public_key_pem(), PUBLIC);
    let public = pem::parse(key.public_key_pem()).expect("PEM");
    let public = RsaPublicKey::from_public_key_der(public.contents()).expect("a public key");
    let signature = key.sign(b"message").expect("signed");
    let signature = Signature::try_from(signature.as_slice()).expect("a signature");
    let verifier = VerifyingKey::<Sha256>::new(public);
    verifier.verify(b"message", &signature).expect("it verifies");
    verifier.verify(b"another", &signature).expect_err("another message");
}

#[test]
fn a_new_key_survives_being_kept() {
    let key = PrivateKey::generate().expect("a key");
    assert_eq!(key.bits(), MIN_BITS);
    let pem = key.to_pem().expect("PEM");
    assert!(pem.expose().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert!(pem.expose().ends_with("-----END PRIVATE KEY-----\n"));
    assert!(!pem.expose().contains('\r'));
    assert_eq!(PrivateKey::parse(pem.expose()).expect("a key").fingerprint(), key.fingerprint());
    assert_eq!(PrivateKey::parse(PKCS8).expect("a key").to_pem().expect("PEM").expose(), PKCS8);
}

#[test]
fn nothing_prints_a_key() {
    let pair = KeyPair {
        api_key: ApiKey::parse("c0ffee00c0ffee00c0ffee00c0ffee01").expect("a key"),
        private_key: PrivateKey::parse(PKCS8).expect("a key"),
    };
    assert_eq!(format!("{pair:?}"), "KeyPair { api_key: ApiKey(Secret(…)), private_key: PrivateKey(…) }");
    assert_eq!(pair.api_key.masked(), "••••ee01");
}

#[test]
fn api_keys_are_tidied_or_refused_with_a_sentence() {
    for pasted in ["abc123", " abc123\r\n", "\"abc123\"", "'abc123' ", "\u{feff}abc123"] {
        assert_eq!(ApiKey::parse(pasted).expect("a key").expose(), "abc123");
    }
    for (pasted, expected) in [
        ("", KeyError::Empty),
        ("''", KeyError::Empty),
        (PKCS8, KeyError::PemAsApiKey),
        (PUBLIC, KeyError::PemAsApiKey),
        (&body(PKCS8), KeyError::PemAsApiKey),
        ("0:3:AAECAwQFBgcICQoLjEQcuFsDU0gUB+89Rw66sw==", KeyError::DatabaseValue),
        ("abc 123", KeyError::ApiKeySpace),
        ("abc\n123", KeyError::ApiKeySpace),
        ("abc\u{7}123", KeyError::ApiKeyCharacter),
        ("abc\u{200b}123", KeyError::ApiKeyCharacter),
        ("äbc123", KeyError::ApiKeyCharacter),
        (&"a".repeat(129), KeyError::ApiKeyTooLong { length: 129, limit: 128 }),
    ] {
        assert_eq!(ApiKey::parse(pasted).expect_err("a mistake"), expected, "{pasted:?}");
    }
}

/// A directory with a key file of this mode.
fn key_file(content: &[u8], mode: u32) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("key.pem");
    fs::write(&path, content).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("mode set");
    (dir, path)
}

#[test]
fn a_file_of_ones_own_is_read_as_pem_or_der() {
    for content in [PKCS8.as_bytes(), &rsa_der(), format!("\u{feff}{PKCS1}").as_bytes()] {
        let (_dir, path) = key_file(content, 0o600);
        assert_eq!(PrivateKey::read(&path).expect("a key").fingerprint(), FINGERPRINT);
    }
}

#[test]
fn a_file_open_to_others_is_refused_with_the_command_that_helps() {
    for mode in [0o640, 0o604, 0o620, 0o601] {
        let (_dir, path) = key_file(PKCS8.as_bytes(), mode);
        let error = PrivateKey::read(&path).expect_err("refused");
        assert_eq!(error, KeyError::File(PrivateFileError::Exposed { path: safe(&path), mode, right: 0o600 }));
        assert_eq!(error.hint_text(), format!("run `chmod 600 '{}'`", path.display()));
    }
}

fn not_plain(path: &Path) -> KeyError {
    KeyError::File(PrivateFileError::NotPlain { path: safe(path) })
}

#[test]
fn symlinks_directories_pipes_and_missing_files_are_refused_without_waiting() {
    let (dir, path) = key_file(PKCS8.as_bytes(), 0o600);
    let link = dir.path().join("link.pem");
    symlink(&path, &link).expect("linked");
    assert_eq!(PrivateKey::read(&link).expect_err("a link"), not_plain(&link));

    let directory = dir.path().to_owned();
    assert_eq!(PrivateKey::read(&directory).expect_err("a directory"), not_plain(&directory));

    let pipe = dir.path().join("pipe");
    let made = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&pipe).status().expect("mkfifo runs");
    assert!(made.success());
    assert_eq!(PrivateKey::read(&pipe).expect_err("a pipe"), not_plain(&pipe));

    let missing = dir.path().join("missing\u{1b}.pem");
    let error = PrivateKey::read(&missing).expect_err("missing");
    assert!(matches!(error, KeyError::File(PrivateFileError::Io { .. })));
    assert!(error.to_string().contains("missing\\x1b.pem: No such file"), "{error}");
}

#[test]
fn a_foreign_file_is_refused() {
    // Only root can give a file away or read one that is not its own; for others the system refuses first.
    if !rustix::process::geteuid().is_root() {
        let error = PrivateKey::read(Path::new("/etc/passwd")).expect_err("refused");
        assert!(
            matches!(
                error,
                KeyError::File(PrivateFileError::Foreign { owner: 0, .. } | PrivateFileError::Exposed { .. })
            ),
            "{error}"
        );
        return;
    }
    let (_dir, path) = key_file(PKCS8.as_bytes(), 0o600);
    std::os::unix::fs::chown(&path, Some(12_345), None).expect("given away");
    let error = PrivateKey::read(&path).expect_err("refused");
    assert_eq!(error, KeyError::File(PrivateFileError::Foreign { path: safe(&path), owner: 12_345 }));
}

#[test]
fn a_file_that_is_too_long_is_refused() {
    let (_dir, path) = key_file(&vec![b' '; MAX_INPUT_BYTES + 1], 0o600);
    assert_eq!(PrivateKey::read(&path).expect_err("refused"), KeyError::TooLong);
}

#[test]
fn a_pasted_path_is_read_and_pasted_text_is_parsed() {
    let (_dir, path) = key_file(PKCS8.as_bytes(), 0o600);
    let shown = path.display();
    for pasted in [format!("{shown}"), format!(" '{shown}'\r\n"), format!("file://{shown}"), PKCS8.to_owned()] {
        assert_eq!(PrivateKey::parse_or_read(&pasted).expect("a key").fingerprint(), FINGERPRINT, "{pasted}");
    }
    for pasted in ["/no/such/key.pem", "./no-such-key.pem", "~/no/such/key.pem"] {
        assert!(
            matches!(PrivateKey::parse_or_read(pasted), Err(KeyError::File(PrivateFileError::Io { .. }))),
            "{pasted}"
        );
    }
    assert_eq!(PrivateKey::parse_or_read("").expect_err("empty"), KeyError::Empty);
    // Tests run in the directory of the crate.
    assert!(matches!(
        PrivateKey::parse_or_read("Cargo.toml"),
        Err(KeyError::File(PrivateFileError::Exposed { .. }) | KeyError::Unrecognised)
    ));
}

impl KeyError {
    fn hint_text(&self) -> String {
        crate::error::Explain::hint(self).unwrap_or_default().command_line()
    }
}
