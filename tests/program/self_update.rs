//! `self-update`: a signed archive takes the place of the program; anything else changes nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::Compression;
use flate2::write::GzEncoder;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use sha2::{Digest as _, Sha256};

use crate::support::home::{Home, stderr, stdout};

/// What stands before the point of a P-256 key (RFC 5480).
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A copy of the program, and a publisher with packages.
struct Scene {
    home: Home,
    key: EcdsaKeyPair,
}

impl Scene {
    fn new() -> Self {
        let rng = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &rng).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &rng).expect("a key");
        let home = Home::new();
        let public = [&P256[..], key.public_key().as_ref()].concat();
        fs::write(home.path("public.pem"), pem::encode(&pem::Pem::new("PUBLIC KEY", public))).expect("written");
        fs::create_dir(home.path("bin")).expect("made");
        fs::create_dir(home.path("packages")).expect("made");
        let scene = Self { home, key };
        fs::copy(env!("CARGO_BIN_EXE_commerce-connector"), scene.program()).expect("copied");
        scene
    }

    fn program(&self) -> PathBuf {
        self.home.path("bin/commerce-connector")
    }

    /// An archive of this version whose program says that it is of another.
    fn publish(&self, version: &str, machine: &str, says: &str) {
        let program = format!("#!/bin/sh\necho commerce-connector {says}\n");
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(program.len() as u64);
        header.set_mode(0o755);
        let name = format!("commerce-connector-{version}-{machine}");
        archive.append_data(&mut header, format!("{name}/bin/commerce-connector"), program.as_bytes()).expect("added");
        let bytes = archive.into_inner().and_then(GzEncoder::finish).expect("an archive");
        let sum = format!("{:x}", Sha256::digest(&bytes));
        fs::write(self.packages().join(format!("{name}-linux.tar.gz")), bytes).expect("written");
        let sums = format!("{sum}  {name}-linux.tar.gz\n");
        let signature = self.key.sign(&SystemRandom::new(), sums.as_bytes()).expect("signed");
        fs::write(self.packages().join("SHA256SUMS"), sums).expect("written");
        fs::write(self.packages().join("SHA256SUMS.sig"), signature.as_ref()).expect("written");
    }

    fn packages(&self) -> PathBuf {
        self.home.path("packages")
    }

    fn update(&self, more: &[&str]) -> Output {
        let [packages, key] = [self.packages(), self.home.path("public.pem")].map(|path| path.display().to_string());
        let args = [&["self-update", &packages, "--key", &key], more].concat();
        Command::new(self.program()).args(args).env_clear().env("HOME", self.home.dir.path()).output().expect("it runs")
    }

    /// Holds the program to what it was, and says what was said.
    fn refused(&self, more: &[&str], exit: i32) -> String {
        let size = |path: &Path| fs::metadata(path).expect("there").len();
        let before = size(&self.program());
        let output = self.update(more);
        assert_eq!((output.status.code(), size(&self.program())), (Some(exit), before), "{}", stderr(&output));
        assert_eq!(fs::read_dir(self.home.path("bin")).expect("read").count(), 1, "nothing is left beside it");
        stderr(&output)
    }
}

#[test]
fn a_newer_version_takes_its_place_and_the_old_one_stays_beside_it() {
    let scene = Scene::new();
    scene.publish("99.0.0", std::env::consts::ARCH, "99.0.0");
    let old = fs::metadata(scene.program()).expect("there").len();
    let output = scene.update(&[]);
    assert!(stdout(&output).starts_with("Updated from "), "{}{}", stdout(&output), stderr(&output));
    let said = Command::new(scene.program()).arg("--version").output().expect("it runs");
    assert_eq!(stdout(&said), "commerce-connector 99.0.0\n");
    let mode = fs::metadata(scene.program()).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    assert_eq!(fs::metadata(scene.home.path("bin/commerce-connector.previous")).expect("kept").len(), old);
}

#[test]
fn whatever_is_not_as_published_changes_nothing() {
    let scene = Scene::new();
    let machine = std::env::consts::ARCH;
    assert!(scene.refused(&[], 2).contains("SHA256SUMS cannot be read"));

    scene.publish("99.0.0", machine, "99.0.0");
    let sums = scene.packages().join("SHA256SUMS");
    let text = fs::read_to_string(&sums).expect("text");
    fs::write(&sums, format!("{text}\n")).expect("written");
    assert!(scene.refused(&[], 7).starts_with("error: bad signature: SHA256SUMS in "));
    fs::write(&sums, text).expect("written");
    let archive = scene.packages().join(format!("commerce-connector-99.0.0-{machine}-linux.tar.gz"));
    fs::write(&archive, "another").expect("written");
    assert!(scene.refused(&[], 7).starts_with("error: wrong checksum: "));
    fs::write(scene.home.path("public.pem"), "no key").expect("written");
    assert!(scene.refused(&[], 2).contains("is not a public key in PEM"));

    let scene = Scene::new();
    scene.publish("99.0.0", "s390x", "99.0.0");
    assert!(scene.refused(&[], 2).contains("has no archive for this machine"));
    let scene = Scene::new();
    scene.publish("99.0.0", machine, "1.2.3");
    assert!(scene.refused(&[], 1).contains("does not run here, or is of another version"));
    let scene = Scene::new();
    scene.publish("0.0.9", machine, "0.0.9");
    assert!(scene.refused(&[], 7).contains("fix: add --force to go back to it"));
    assert_eq!(scene.update(&["--force"]).status.code(), Some(0));
}
