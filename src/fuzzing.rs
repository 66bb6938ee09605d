//! Doors for fuzzing: each takes any bytes to one parser of text from outside, as far as that parser goes.
//!
//! A door holds if it returns, and if whatever would be said of the bytes is safe to show and repeats nothing that could be a
//! secret. The fuzz targets in `fuzz/` and the test below go through the same doors, and nothing else does: this file is compiled
//! for them only.
#![allow(clippy::expect_used, clippy::panic, reason = "a door that does not hold says so by a panic")]

use std::path::{Path, PathBuf};

use crate::client::{shown_of_feed_answer, shown_of_registry};
use crate::commerce::deployment::{Connection, Deployment};
use crate::commerce::env_php::{self, EnvPhpError, PhpFile};
use crate::commerce::settings::{Scope, Sources};
use crate::config::store::parse_file;
use crate::export::shown_of_log;
use crate::feeds::source::files::shown_of_records;
use crate::keys::{ApiKey, PrivateKey};
use crate::untrusted::SafeText;
use crate::variables::Variables;

/// Takes any bytes.
pub type Door = fn(&[u8]);

/// Every door, by the name of its fuzz target.
pub const DOORS: [(&str, Door); 7] = [
    ("env_php", env_php),
    ("private_key", private_key),
    ("config_toml", config_toml),
    ("records", records),
    ("feed_answer", feed_answer),
    ("registry_answer", registry_answer),
    ("change_log", change_log),
];

/// A piece of input that is at least so long, in bytes, could be a secret when it is repeated.
const SECRET_LENGTH: usize = 24;

/// `app/etc/env.php` and `app/etc/config.php`.
///
/// # Panics
/// If a line is named that the input does not have.
pub fn env_php(bytes: &[u8]) {
    let variables: Variables = [("DB_HOST", "db.example"), ("CONFIG__DEFAULT__A__B__C", "1")].into_iter().collect();
    let said = match PhpFile::parse(PathBuf::from("/srv/shop/app/etc/env.php"), env_php::PATH, bytes, &variables) {
        Ok(file) => {
            for (name, line) in file.missing_variables() {
                assert!(*line <= bytes.len() + 1, "{name}: line {line}");
            }
            asked_of(Deployment::of_file(file, variables))
        }
        Err(error) => vec![error],
    };
    for error in said {
        is_safe(&error.to_string());
        is_discreet(&error.to_string(), &without_names(bytes));
    }
}

/// Everything that the program asks of the file.
fn asked_of(deployment: Deployment) -> Vec<EnvPhpError> {
    let connections = [Connection::Default, Connection::Slave, Connection::Named("sales".to_owned())];
    let mut said: Vec<EnvPhpError> =
        connections.iter().filter_map(|connection| deployment.database_settings(connection).err()).collect();
    said.extend(deployment.crypt_key().err());
    said.extend(deployment.mage_mode().err());
    said.extend(deployment.enabled_modules().err());
    said.extend(deployment.connection_of("sales").err());
    match Sources::of(deployment) {
        Ok(sources) => {
            for scope in [Scope::Default, Scope::website("base"), Scope::store("de")] {
                said.extend(sources.locked(&scope, "web/unsecure/base_url").err());
            }
        }
        Err(error) => said.push(error),
    }
    said
}

/// The input with names in capitals blanked: those of constants and environment variables may be repeated.
fn without_names(bytes: &[u8]) -> Vec<u8> {
    let is_of_name = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    bytes.iter().map(|byte| if is_of_name(byte) { b' ' } else { *byte }).collect()
}

/// Keys as people paste them.
pub fn private_key(bytes: &[u8]) {
    let pasted = String::from_utf8_lossy(bytes);
    for error in [PrivateKey::parse(&pasted).err(), ApiKey::parse(&pasted).err()].into_iter().flatten() {
        is_safe(&error.to_string());
        is_discreet(&error.to_string(), bytes);
    }
}

/// `config.toml`.
pub fn config_toml(bytes: &[u8]) {
    if let Err(error) = parse_file(Path::new("config.toml"), &String::from_utf8_lossy(bytes)) {
        is_safe(&error.to_string());
    }
}

/// Feed files; the first byte is how long a record may be.
pub fn records(bytes: &[u8]) {
    let Some((limit, bytes)) = bytes.split_first() else { return };
    are_safe(&shown_of_records(bytes, usize::from(*limit) * 16));
}

/// The gateway's answer to a batch: two bytes are its status, a line is its `Retry-After`, the rest is its body.
pub fn feed_answer(bytes: &[u8]) {
    let [first, second, rest @ ..] = bytes else { return };
    let status = 200 + u16::from_be_bytes([*first, *second]) % 400;
    let (retry_after, body) = rest.split_at(rest.iter().position(|byte| *byte == b'\n').unwrap_or(0));
    are_safe(&shown_of_feed_answer(status, retry_after, body));
}

/// The registry's answer.
pub fn registry_answer(bytes: &[u8]) {
    are_safe(&shown_of_registry(bytes));
}

/// Where a change log stands, where it was left, and versions that are read: numbers of eight bytes each.
pub fn change_log(bytes: &[u8]) {
    let mut numbers = bytes.as_chunks::<8>().0.iter().map(|chunk| u64::from_be_bytes(*chunk));
    let stands = std::array::from_fn(|_| numbers.next().unwrap_or_default());
    let mut versions: Vec<u64> = numbers.collect();
    versions.sort_unstable();
    for name in ["a_cl", "b_cl"] {
        are_safe(&shown_of_log(stands, name, &versions));
    }
}

fn are_safe(texts: &[String]) {
    for text in texts {
        is_safe(text);
    }
}

/// Nothing in it reaches a terminal as anything but text. An error of several lines may end a line.
fn is_safe(text: &str) {
    for line in text.lines() {
        assert_eq!(SafeText::new(line).as_str(), line, "not safe to show");
    }
}

/// No long run of characters of the input is repeated.
fn is_discreet(text: &str, input: &[u8]) {
    let is_within = |piece: &[u8]| input.windows(SECRET_LENGTH).any(|window| window == piece);
    let reported = text.as_bytes().windows(SECRET_LENGTH).find(|piece| !piece.contains(&b' ') && is_within(piece));
    assert_eq!(reported.map(String::from_utf8_lossy), None, "{text}");
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;

    /// Changed copies of each seed, and of all seeds of a door.
    const COPIES: usize = 300;
    const MOST_COPIES: usize = 1_500;
    /// No copy grows beyond this, in bytes.
    const LONGEST: usize = 4_096;

    /// What a fuzzer does first: bytes go, come, change and change places.
    fn changed(seed: &[u8], random: &mut Rng) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(..=bytes.len());
            let to = random.usize(at..=bytes.len().min(at + 40));
            match random.u8(..5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, random.u8(..)),
                2 => drop(bytes.drain(at..to)),
                3 => bytes.extend_from_within(at..to),
                _ => bytes[at..to].reverse(),
            }
        }
        bytes.truncate(LONGEST);
        bytes
    }

    #[test]
    fn every_door_holds_for_its_corpus_and_for_what_is_near_it() {
        let mut random = Rng::with_seed(7);
        for (name, door) in DOORS {
            let corpora = [format!("fuzz/corpus/{name}"), format!("tests/fixtures/{name}")];
            let mut seeds: Vec<PathBuf> = corpora
                .iter()
                .map(|corpus| Path::new(env!("CARGO_MANIFEST_DIR")).join(corpus))
                .filter_map(|corpus| std::fs::read_dir(corpus).ok())
                .flat_map(|entries| entries.map(|entry| entry.expect(name).path()))
                .collect();
            seeds.sort();
            assert!(!seeds.is_empty(), "{name} has no corpus");
            let copies = COPIES.min(MOST_COPIES / seeds.len());
            for seed in seeds {
                let seed = std::fs::read(seed).expect(name);
                door(&seed);
                (0..copies).for_each(|_| door(&changed(&seed, &mut random)));
            }
            door(b"");
        }
    }
}
