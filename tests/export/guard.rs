//! The guard, by the real program over a gateway of its own process: a copy of a shop does not get into the production data space
//! by any label, who sends is written down when something arrived, and keys that lose sight of the data space need its name.

use crate::support;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output};

use serde_json::{Value, json};
use support::home::{Home, stderr, stdout};
use support::process::Gateway;
use support::terminal::{ORDINARY, Terminal, program_in};

/// A home with the sandbox pair of a gateway, a project, and two products in files.
struct Scene {
    home: Home,
    gateway: Gateway,
    project: Value,
}

/// What makes this installation a copy.
const STAGING: (&str, &str) = ("COMMERCE_CONNECTOR_INSTANCE_KIND", "staging");

impl Scene {
    fn new() -> Self {
        let home = Home::new();
        let gateway = Gateway::start(&home, &[]);
        let scene = Self { home, gateway, project: Value::Null };
        scene.configure(scene.gateway.url(), "");
        let pair = scene.pair("sandbox");
        scene.home.ok(&pair.iter().map(String::as_str).collect::<Vec<_>>());
        let project = scene.home.json(&["projects", "create", "Shop"]).remove(0);
        let feeds = scene.home.path(".config/commerce-connector/feeds");
        fs::create_dir_all(&feeds).expect("made");
        let product = |sku: &str| {
            json!({"sku": sku, "storeViewCode": "default", "storeCode": "main", "websiteCode": "base", "name": sku, "type": "simple",
                "status": "Enabled", "url": "https://shop.example/p", "buyable": true, "displayable": true,
                "createdAt": "2026-01-01 00:00:00"})
            .to_string()
        };
        fs::write(feeds.join("products.ndjson"), [product("a"), product("b")].join("\n")).expect("written");
        Self { project, ..scene }
    }

    /// `keys set` of the sandbox pair with the files of one of the gateway's pairs.
    fn pair(&self, of: &str) -> Vec<String> {
        let api_key = self.home.path(&format!("{of}.api-key.txt"));
        fs::write(&api_key, self.gateway.ready[of]["api_key"].as_str().expect("a key")).expect("written");
        let private_key = self.gateway.private_key_file(of).display().to_string();
        [
            "keys",
            "set",
            "--environment",
            "sandbox",
            "--api-key-file",
            &api_key.display().to_string(),
            "--private-key-file",
            &private_key,
        ]
        .map(str::to_owned)
        .to_vec()
    }

    /// The configuration, with the keys that were saved before.
    fn configure(&self, url: &str, saas: &str) {
        let credentials = self.home.config();
        let old = fs::read_to_string(&credentials).unwrap_or_default();
        let saved = old.find("[credentials").map_or("", |at| &old[at..]);
        let saved = saved.split("\n[saas]").next().unwrap_or_default();
        self.home.write_config(&format!(
            "[gateway]\nenvironment = \"sandbox\"\nsandbox_url = \"{url}\"\nrequests_per_second = 0\nconnect_timeout_seconds = 1\n\n\
             [source]\nkind = \"files\"\n\n{saved}\n[saas]\n{saas}\n"
        ));
    }

    /// Id and name of the project's production or testing data space.
    fn space(&self, kind: &str) -> (String, String) {
        let spaces = self.project["data_spaces"].as_array().expect("data spaces");
        let space = spaces.iter().find(|space| space["kind"] == kind).expect("one of that kind");
        (space["id"].as_str().expect("an id").to_owned(), space["name"].as_str().expect("a name").to_owned())
    }

    fn staging(&self, args: &[&str]) -> Output {
        self.home.command(args).env(STAGING.0, STAGING.1).output().expect("the program runs")
    }

    fn run(&self, more: &[&str]) -> Output {
        self.staging(&[&["export", "run", "--feed", "products"], more].concat())
    }
}

fn is_refused(output: &Output, code: i32, words: &[&str]) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

#[test]
fn no_label_lets_a_copy_into_the_production_data_space() {
    let scene = Scene::new();
    let (id, name) = scene.space("Production");
    let labels = [
        "",
        "environment_type = \"Testing\"",
        "environment_name = \"Testing 1\"\nenvironment_type = \"Testing\"",
        "environment_type = \"Production\"",
    ];
    for label in labels {
        scene.configure(scene.gateway.url(), &format!("environment_id = \"{id}\"\n{label}"));
        is_refused(&scene.run(&[]), 7, &["staging installation", "is a production data space: nothing was sent"]);
    }
    // The id from elsewhere than its label.
    scene.configure(scene.gateway.url(), "environment_type = \"Testing\"");
    let mut command = scene.home.command(&["export", "run", "--feed", "products"]);
    let output = command.env(STAGING.0, STAGING.1).env("COMMERCE_CONNECTOR_SAAS_ENVIRONMENT_ID", &id).output();
    is_refused(&output.expect("the program runs"), 7, &["is a production data space"]);
    assert_eq!(scene.gateway.received(&id, "products")["received"], 0, "nothing arrived");

    // Without an answer nothing is sent either, unless the label is reason enough, or the name is typed.
    let nowhere = "http://127.0.0.1:1";
    for label in ["", "environment_type = \"Testing\""] {
        scene.configure(nowhere, &format!("environment_id = \"{id}\"\n{label}"));
        let words = ["it is unknown whether", "so nothing was sent", "--i-know"];
        is_refused(&scene.run(&[]), 5, &words);
    }
    scene.configure(nowhere, &format!("environment_id = \"{id}\"\nenvironment_type = \"Production\""));
    is_refused(&scene.run(&[]), 7, &["is a production data space"]);
    scene.configure(scene.gateway.url(), &format!("environment_id = \"{id}\"\nenvironment_name = \"{name}\""));
    assert_eq!(scene.run(&["--i-know", &name]).status.code(), Some(0));

    // A wrong label does not keep a copy out of a testing data space: the registry knows better.
    let (testing, _) = scene.space("Testing");
    scene.configure(scene.gateway.url(), &format!("environment_id = \"{testing}\"\nenvironment_type = \"Production\""));
    let output = scene.run(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn who_sends_is_written_down_when_something_was_accepted_and_not_before() {
    let scene = Scene::new();
    let (id, name) = scene.space("Testing");
    let saas = format!("environment_id = \"{id}\"\nenvironment_name = \"{name}\"");
    let elsewhere = scene.home.path("other-feeds");
    fs::create_dir(&elsewhere).expect("made");
    fs::copy(scene.home.path(".config/commerce-connector/feeds/products.ndjson"), elsewhere.join("products.ndjson"))
        .expect("copied");
    let from = |directory: &str, api_key: Option<&str>| {
        let mut command = scene.home.command(&["export", "run", "--feed", "products"]);
        command
            .env("COMMERCE_CONNECTOR_SOURCE_FILES_DIRECTORY", directory)
            .env("COMMERCE_CONNECTOR_INSTANCE_KIND", "production");
        if let Some(api_key) = api_key {
            command.env("COMMERCE_CONNECTOR_CREDENTIALS_SANDBOX_API_KEY", api_key);
        }
        command.output().expect("the program runs")
    };
    let (first, second) = ("feeds", elsewhere.display().to_string());
    scene.configure(scene.gateway.url(), &saas);
    // The gateway takes nothing of this one, so the other installation may still be the one.
    let unknown = "0123456789abcdef0123456789abcdef";
    assert_eq!(from(first, Some(unknown)).status.code(), Some(4));
    let output = from(&second, None);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    is_refused(&from(first, None), 7, &["another installation of this server", "nothing was sent"]);
}

#[test]
fn a_copy_chooses_a_production_data_space_by_its_name_only() {
    let scene = Scene::new();
    let (id, name) = scene.space("Production");
    let select = ["data-spaces", "select", &id];
    is_refused(&scene.staging(&select), 7, &["staging installation", "not selected", "--i-know"]);
    is_refused(&scene.staging(&[&select[..], &["--i-know", "another"]].concat()), 7, &["\"another\" is not the name"]);
    assert!(!scene.home.ok(&["config", "show"]).contains(&id), "nothing was saved");

    // On a terminal the name is asked for.
    let mut command = program_in(scene.home.dir.path(), &select);
    command.env(STAGING.0, STAGING.1);
    let mut terminal = Terminal::start(command, ORDINARY);
    terminal.wait_for("Type its name to select it:");
    terminal.press("something else\r");
    terminal.wait_for("is not the name of the data space");
    drop(terminal);
    let mut command = program_in(scene.home.dir.path(), &select);
    command.env(STAGING.0, STAGING.1);
    let mut terminal = Terminal::start(command, ORDINARY);
    terminal.wait_for("Type its name to select it:");
    terminal.press(&format!("{name}\r"));
    terminal.wait_for("Now exporting to");
    assert_eq!(terminal.ends_restored(), 0);

    // Not asked: a testing data space, and the production shop itself.
    let (testing, _) = scene.space("Testing");
    assert_eq!(scene.staging(&["data-spaces", "select", &testing]).status.code(), Some(0));
    let mut command = scene.home.command(&select);
    let output = command.env(STAGING.0, "production").output().expect("the program runs");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let chosen = scene.staging(&[&["data-spaces", "select", &id][..], &["--i-know", &name]].concat());
    assert_eq!(chosen.status.code(), Some(0), "{}", stderr(&chosen));
}

#[test]
fn keys_that_do_not_see_the_data_space_in_use_replace_nothing_without_its_name() {
    let scene = Scene::new();
    let (id, name) = scene.space("Testing");
    scene.home.ok(&["data-spaces", "select", &id]);
    let set = scene.pair("production");
    let with = |verb: &str, more: &[&str]| {
        let mut words: Vec<&str> = set.iter().map(String::as_str).collect();
        words[1] = verb;
        words.extend(more);
        scene.home.run(&words)
    };
    for verb in ["set", "rotate"] {
        let words = ["have no access to the data space in use", name.as_str(), "nothing changed", "--i-know"];
        is_refused(&with(verb, &[]), 7, &words);
        is_refused(&with(verb, &["--i-know", "no"]), 7, &["\"no\" is not the name of the data space in use"]);
        scene.home.ok(&["projects", "list"]);
        assert!(scene.home.ok(&["data-spaces", "list"]).contains(&id), "the old pair is still there");
    }
    // The same pair once more sees it.
    let same = scene.pair("sandbox");
    scene.home.ok(&same.iter().map(String::as_str).collect::<Vec<_>>());
    let output = with("rotate", &["--i-know", &name]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(!scene.home.ok(&["data-spaces", "list"]).contains(&id), "other keys see other projects");
    // Where the gateway cannot be asked, `keys set` saves all the same, and says so.
    scene.configure("http://127.0.0.1:1", &format!("environment_id = \"{id}\""));
    let output = scene.home.run(&same.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("Access of the new keys to the data space in use was not checked"),
        "{}",
        stderr(&output)
    );
    assert!(stdout(&output).contains("Saved the sandbox keys"));
}

#[test]
fn a_second_user_of_the_shop_is_told_of_the_first_before_everything_is_sent_again() {
    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        // Only root can be two users.
        return;
    }
    let scene = Scene::new();
    let (id, name) = scene.space("Testing");
    let saas = format!("environment_id = \"{id}\"\nenvironment_name = \"{name}\"");
    let shop = tempfile::tempdir().expect("a directory");
    fs::create_dir(shop.path().join("var")).expect("made");
    fs::set_permissions(shop.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
    fs::set_permissions(shop.path().join("var"), fs::Permissions::from_mode(0o755)).expect("chmod");
    let instance =
        format!("\n[instance]\nroot = \"{}\"\nsettings = \"file\"\nkind = \"production\"", shop.path().display());
    scene.configure(scene.gateway.url(), &format!("{saas}{instance}"));
    let run = ["export", "run", "--feed", "products"];
    scene.home.ok(&run);
    scene.home.ok(&run);

    let other = Home::new();
    let copied =
        Command::new("cp").arg("-a").arg(scene.home.path(".config")).arg(other.dir.path()).status().expect("cp");
    let given = Command::new("chown").args(["-R", "65534:65534"]).arg(other.dir.path()).status().expect("chown");
    assert!(copied.success() && given.success());
    let as_nobody = |more: &[&str]| {
        let args = [&run[..], more].concat();
        other.command(&args).uid(NOBODY).gid(NOBODY).output().expect("the program runs")
    };
    let state = scene.home.path(".local/state/commerce-connector").display().to_string();
    is_refused(
        &as_nobody(&[]),
        7,
        &["the user root of this server already sends this shop into the data space", &state, "nothing was sent"],
    );
    let output = as_nobody(&["--i-know", &name]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    // Whoever has sent once knows of it.
    assert_eq!(as_nobody(&[]).status.code(), Some(0));
}
