//! The real program in a real terminal, against a sandbox gateway of its own process: from an empty configuration to a finished
//! export by keyboard alone, a data space created, chosen and renamed, and the guard.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use support::home::Home;
use support::process::Gateway;
use support::terminal::{ORDINARY, Terminal, program_in};

use crate::support;

/// A home without any configuration, a gateway that only the environment names, and a directory of feed files.
struct Scene {
    home: Home,
    gateway: Gateway,
}

impl Scene {
    fn new() -> Self {
        let home = Home::new();
        let gateway = Gateway::start(&home, &[]);
        Self { home, gateway }
    }

    /// The screen. `more` are further settings, as variables of the environment.
    fn open(&self, more: &[(&str, &str)]) -> Terminal {
        let mut command = program_in(self.home.dir.path(), &[]);
        for name in ["COMMERCE_CONNECTOR_GATEWAY_SANDBOX_URL", "COMMERCE_CONNECTOR_GATEWAY_PRODUCTION_URL"] {
            command.env(name, self.gateway.url());
        }
        for (name, value) in more {
            command.env(name, value);
        }
        Terminal::start(command, ORDINARY)
    }

    fn api_key(&self) -> String {
        self.gateway.ready["sandbox"]["api_key"].as_str().expect("a key").to_owned()
    }

    fn private_key(&self) -> String {
        fs::read_to_string(self.gateway.private_key_file("sandbox")).expect("a key")
    }

    /// A directory with so many products.
    fn feeds(&self, products: usize) -> PathBuf {
        let directory = self.home.path("feed-files");
        fs::create_dir_all(&directory).expect("made");
        let lines: Vec<String> = (0..products)
            .map(|number| {
                json!({
                    "sku": format!("sku-{number}"), "storeViewCode": "default", "storeCode": "main", "websiteCode": "base",
                    "name": format!("Product {number}"), "type": "simple", "status": "Enabled", "buyable": true,
                    "displayable": true, "url": "https://shop.example/p", "createdAt": "2026-01-01 00:00:00",
                })
                .to_string()
            })
            .collect();
        fs::write(directory.join("products.ndjson"), lines.join("\n")).expect("written");
        directory
    }

    /// What the program itself says is in use.
    fn data_space_in_use(&self) -> String {
        let mut command = self.home.command(&["data-spaces", "list", "--json"]);
        let output =
            command.env("COMMERCE_CONNECTOR_GATEWAY_SANDBOX_URL", self.gateway.url()).output().expect("it runs");
        let project: Value = serde_json::from_slice(&output.stdout).expect("one project");
        let spaces = project["data_spaces"].as_array().expect("data spaces");
        let in_use = spaces.iter().find(|space| space["in_use"] == true).expect("one in use");
        in_use["id"].as_str().expect("an id").to_owned()
    }

    /// Pastes the sandbox pair into the pane of keys, has it verified and saved, and uses it.
    fn enter_keys(&self, terminal: &mut Terminal) {
        terminal.press("1");
        terminal.wait_for("Production pair");
        terminal.press("j");
        terminal.wait_for("▸  Sandbox pair");
        terminal.press("A");
        terminal.wait_for("API key of the sandbox pair");
        terminal.paste(&self.api_key());
        terminal.press("\r");
        terminal.wait_for("now the private key");
        terminal.press("p");
        terminal.wait_for("Private key of the sandbox pair");
        terminal.paste(&self.private_key());
        terminal.wait_for("RSA private key, 2048 bits");
        terminal.press("\r");
        terminal.wait_for("complete but not saved");
        terminal.press("\r");
        terminal.wait_for("the gateway accepts the sandbox pair");
        terminal.press("\r");
        terminal.wait_for("Use the sandbox environment");
        terminal.press("y");
        terminal.wait_for("now using the sandbox pai");
    }

    /// Creates a project by the keyboard, which leaves the cursor on its first testing data space.
    fn create_project(terminal: &mut Terminal, name: &str) {
        terminal.press("2");
        terminal.wait_for("No projects yet");
        terminal.press("C");
        terminal.wait_for("Create a SaaS project");
        terminal.press("Live Search\r");
        terminal.wait_for("is the name of a service");
        terminal.press(&"\x7f".repeat("Live Search".len()));
        terminal.press(&format!("{name}\r"));
        terminal.wait_for(&format!("project {name} created"));
        terminal.wait_for("▸   Testing 1");
    }
}

#[test]
fn first_run_to_first_export_by_keyboard_alone() {
    let scene = Scene::new();
    let feeds = scene.feeds(30);
    let mut terminal = scene.open(&[]);
    terminal.wait_for("Welcome");
    terminal.wait_for("commerce-connector demo");

    terminal.press("\r");
    terminal.wait_for("Shop location");
    terminal.press("/nowhere\r");
    terminal.wait_for("/nowhere does not exist");
    terminal.press(&"\x7f".repeat("/nowhere".len()));
    terminal.paste(&feeds.display().to_string());
    terminal.press("\r");
    terminal.wait_for("items come from files in");

    scene.enter_keys(&mut terminal);
    Scene::create_project(&mut terminal, "My shop");
    terminal.press("\r");
    terminal.wait_for("Testing data space");
    terminal.wait_for("cannot count them in advance");
    terminal.press("y");
    terminal.wait_for("Now exporting to");

    terminal.press("4");
    terminal.wait_for("products");
    terminal.press("a");
    terminal.wait_for("Export done at");
    terminal.press("0");
    terminal.wait_for("30 items sent, ");
    terminal.press("2");
    terminal.wait_for("Last received from here");
    terminal.wait_gone("Last received from here: never");
    terminal.press("0");
    terminal.wait("no step that is still to be done", |screen| !screen.contains("→ next"));
    terminal.press("q");
    assert_eq!(terminal.ends_restored(), 0);

    assert_eq!(scene.gateway.received(&scene.data_space_in_use(), "products")["live"], 30);
}

#[test]
fn create_choose_and_rename() {
    let scene = Scene::new();
    let mut terminal = scene.open(&[]);
    terminal.wait_for("Welcome");
    scene.enter_keys(&mut terminal);
    Scene::create_project(&mut terminal, "First name");

    // Choosing the production data space asks for its name, and survives another size of the terminal.
    terminal.press("k\r");
    terminal.wait_for("Type its name to select it: ");
    terminal.resize((40, 120));
    terminal.wait_for("Type its name to select it: ");
    terminal.resize((24, 80));
    terminal.press("wrong\r");
    terminal.wait_for("that is not its name");
    terminal.escape_from("that is not its name");

    terminal.press("j");
    terminal.press("\r");
    terminal.wait_for("All exports will go into it");
    terminal.press("y");
    terminal.wait_for("Now exporting to");
    terminal.wait_for("● in use");

    terminal.press("R");
    terminal.wait_for("A name is only a label");
    terminal.press(&"\x7f".repeat(40));
    terminal.press("Rehearsal\r");
    terminal.wait_for("renamed; ids, data and services stay as they are");
    terminal.wait("the new name in header and list", |screen| screen.text().matches("Rehearsal").count() >= 2);
    terminal.press("q");
    assert_eq!(terminal.ends_restored(), 0);
}

#[test]
fn the_guard_refuses_a_copy_and_is_passed_by_the_name() {
    let scene = Scene::new();
    let feeds = scene.feeds(5);
    let mut terminal = scene.open(&[
        ("COMMERCE_CONNECTOR_INSTANCE_KIND", "staging"),
        ("COMMERCE_CONNECTOR_SOURCE_KIND", "files"),
        ("COMMERCE_CONNECTOR_SOURCE_FILES_DIRECTORY", &feeds.display().to_string()),
    ]);
    terminal.wait_for("0 Overview");
    scene.enter_keys(&mut terminal);
    Scene::create_project(&mut terminal, "Copy");
    // The choice says beforehand what the guard will say.
    terminal.press("k\r");
    terminal.wait_for("this is a staging installation");
    let name = terminal.text();
    let name = name.split("Type its name to select it: ").nth(1).and_then(|rest| rest.split_whitespace().next());
    let name = name.expect("its name").trim_end_matches('│').to_owned();
    terminal.press(&format!("{name}\r"));
    terminal.wait_for("Now exporting to");

    terminal.press("4");
    terminal.wait_for("products");
    terminal.press("a");
    terminal.wait_for("Type its name to start");
    terminal.press(&format!("{name}\r"));
    terminal.wait_for("Run stopped by the guard");
    terminal.press("no\r");
    terminal.wait_for("that is not its name");
    terminal.press("\x7f\x7f");
    terminal.press(&format!("{name}\r"));
    terminal.wait_for("Export done at");
    terminal.press("q");
    assert_eq!(terminal.ends_restored(), 0);
}

#[test]
fn a_support_bundle_is_written_and_data_spaces_are_compared_by_keyboard() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut terminal = Terminal::demo(20, dir.path());
    terminal.wait_for("Export done at");
    terminal.press("T");
    terminal.wait_for("exporter-errors.txt");
    terminal.wait_for("No secrets, orders or customer data.");
    let path = dir.path().join("ticket.tar.gz");
    // Ctrl-U: another path than the one that is proposed.
    terminal.press(&format!("\x15{}\r", path.display()));
    terminal.wait_for("wrote ");
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    let mut unpacked = tar::Archive::new(GzDecoder::new(fs::File::open(&path).expect("there")));
    let mut whoami = String::new();
    for entry in unpacked.entries().expect("a tar") {
        let mut entry = entry.expect("an entry");
        if entry.path().expect("a name").ends_with("whoami.txt") {
            entry.read_to_string(&mut whoami).expect("text");
        }
    }
    assert!(whoami.contains("Demo shop") && whoami.ends_with("(exit code 0)\n"), "{whoami}");
    // The first data space is the other one, into which nothing was sent.
    terminal.press("2");
    terminal.wait_for("in use");
    terminal.press("gj=");
    terminal.wait_for("Compare data spaces");
    terminal.press("\r");
    terminal.wait_for("B is Production");
    terminal.wait_for("only in A");
    terminal.escape_from("B is Production");
    terminal.press("4d");
    terminal.wait_for("Lint: no problems");
    terminal.press("q");
    assert_eq!(terminal.ends_restored(), 0);
}
