//! The headless commands, run as a script runs them: the real binary, a real sandbox gateway, exit codes and JSON lines.

use crate::support;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use support::home::{Home, stderr, stdout};
use support::process::Gateway;

fn set_sandbox_keys(home: &Home, api_key: &Path, private_key: &Path) {
    let (api_key, private_key) = (api_key.display().to_string(), private_key.display().to_string());
    let files = ["--api-key-file", &api_key, "--private-key-file", &private_key];
    home.ok(&[&["keys", "set", "--environment", "sandbox"], &files[..]].concat());
}

/// A home that is set up as far as the data space, with feed files as the source.
pub fn connected(home: &Home, gateway: &Gateway) -> String {
    home.write_config(&format!(
        "# kept\n[gateway]\nenvironment = \"sandbox\"\nsandbox_url = \"{url}\"\nproduction_url = \"{url}\"\nrequests_per_second = 0\n\n[source]\nkind = \"files\"\n",
        url = gateway.url()
    ));
    let api_key = home.path("api-key.txt");
    fs::write(&api_key, gateway.ready["sandbox"]["api_key"].as_str().expect("a key")).expect("written");
    set_sandbox_keys(home, &api_key, &gateway.private_key_file("sandbox"));
    let project = &home.json(&["projects", "create", "Test shop"])[0];
    let data_space = project["data_spaces"][1]["id"].as_str().expect("an id").to_owned();
    home.ok(&["data-spaces", "select", &data_space]);
    data_space
}

pub fn feeds_dir(home: &Home) -> PathBuf {
    let directory = home.path(".config/commerce-connector/feeds");
    fs::create_dir_all(&directory).expect("made");
    directory
}

pub fn product(sku: &str, name: &str) -> Value {
    json!({
        "sku": sku, "storeViewCode": "default", "storeCode": "main", "websiteCode": "base", "name": name,
        "type": "simple", "status": "Enabled", "url": "https://shop.example/p", "buyable": true, "displayable": true,
        "createdAt": "2026-01-01 00:00:00",
    })
}

pub fn write_products(directory: &Path, products: &[Value]) {
    let lines: Vec<String> = products.iter().map(Value::to_string).collect();
    fs::write(directory.join("products.ndjson"), lines.join("\n")).expect("written");
}

#[test]
fn figures_for_a_monitoring_system_are_written_after_each_run_and_never_stop_one() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &[]);
    connected(&home, &gateway);
    write_products(&feeds_dir(&home), &[product("A", "One"), product("B", "Two")]);
    let before = stdout(&home.run(&["metrics"]));
    assert!(before.contains("commerce_connector_running_exports 0\n"), "{before}");
    assert!(!before.contains("commerce_connector_items"), "nothing was sent: {before}");

    let file = home.path("metrics/connector.prom");
    let variable = ("COMMERCE_CONNECTOR_METRICS_FILE", file.display().to_string());
    let run = |args: &[&str]| home.command(args).env(variable.0, &variable.1).output().expect("it runs");
    let refused = run(&["export", "run", "--quiet"]);
    assert_eq!(refused.status.code(), Some(0), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("warning: the metrics file"), "{}", stderr(&refused));

    fs::create_dir_all(file.parent().expect("a directory")).expect("made");
    assert_eq!(run(&["export", "run", "--quiet"]).status.code(), Some(0));
    let written = fs::read_to_string(&file).expect("written");
    assert!(written.contains("commerce_connector_items{feed=\"products\",state=\"sent\"} 2\n"), "{written}");
    let names = fs::read_dir(file.parent().expect("a directory")).expect("read").count();
    assert_eq!(names, 1, "nothing is left beside the file");
    assert!(written.contains("commerce_connector_requests_total{outcome=\"ok\"} 0\n"), "{written}");
    let printed = stdout(&run(&["metrics"]));
    assert!(printed.lines().all(|line| written.contains(line)), "{printed}");
    assert!(!printed.contains("_requests_total"), "it has sent nothing itself: {printed}");
}

#[test]
fn without_configuration_and_terminal_it_says_what_to_run_first() {
    let home = Home::new();
    for args in [&[][..], &["projects", "list"], &["export", "run"]] {
        let output = home.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains("commerce-connector demo"), "{}", stderr(&output));
        assert!(stderr(&output).contains("commerce-connector config init"), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn a_mistake_in_the_configuration_is_named_and_ends_with_2() {
    let home = Home::new();
    home.write_config("[export]\nthread_cont = 2\n");
    let output = home.run(&["feeds", "list"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("config.toml line 2: unknown key \"thread_cont\""), "{}", stderr(&output));
    assert!(stderr(&output).contains("did you mean thread_count?"), "{}", stderr(&output));
}

#[test]
fn config_init_writes_a_private_file_once_and_show_names_origins() {
    let home = Home::new();
    home.ok(&["config", "init"]);
    let path = PathBuf::from(home.ok(&["config", "path"]).trim());
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(home.run(&["config", "init"]).status.code(), Some(2), "never over an existing file");

    let shown = home.json(&["config", "show", "--state-dir", "/tmp/elsewhere"]);
    let setting = |key: &str| shown.iter().find(|line| line["key"] == key).expect("listed").clone();
    assert_eq!(setting("gateway.registry_path")["origin"], "file");
    // The example leaves it to Commerce where there is one.
    assert_eq!(setting("gateway.environment")["origin"], "default");
    assert_eq!(setting("state.directory")["origin"], "--state-dir");
    assert_eq!(setting("saas.project_id")["origin"], "not set");
}

#[test]
fn what_changes_something_is_refused_with_7_where_the_installation_is_read_only() {
    let home = Home::new();
    let changing: [&[&str]; 7] = [
        &["keys", "set", "--environment", "sandbox", "--api-key-file", "a", "--private-key-file", "b"],
        &["projects", "create", "Test shop"],
        &["data-spaces", "select", "d-1"],
        &["data-spaces", "rename", "d-1", "Other"],
        &["export", "run"],
        &["export", "retry"],
        &["export", "watch"],
    ];
    home.write_config("[ui]\nread_only = true\n");
    for args in changing {
        let output = home.run(args);
        assert_eq!(output.status.code(), Some(7), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("config.toml); nothing was changed"), "{}", stderr(&output));
        assert!(stderr(&output).contains("--read-only=false"), "{}", stderr(&output));
        let output = home.run(&[args, &["--read-only=false"]].concat());
        assert_ne!(output.status.code(), Some(7), "{args:?} is let through: {}", stderr(&output));
    }
    assert_eq!(home.run(&["config", "show"]).status.code(), Some(0), "looking is not refused");
    let output = home.run(&["export", "run", "--dry-run"]);
    assert_ne!(output.status.code(), Some(7), "counting is not refused: {}", stderr(&output));
    let other = Home::new();
    let output = other.run(&["--read-only", "config", "init"]);
    assert_eq!(output.status.code(), Some(7), "{}", stderr(&output));
    assert!(stderr(&output).contains("(--read-only)"), "{}", stderr(&output));
}

#[test]
fn a_proxy_that_asks_for_a_login_stops_a_run_soon_and_is_named_without_its_password() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &[]);
    connected(&home, &gateway);
    write_products(&feeds_dir(&home), &[product("a", "first")]);
    let config = home.config();
    let authority = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls/ca.pem");
    let elsewhere = format!("https://gateway.invalid\"\nca_file = \"{}", authority.display());
    let text = fs::read_to_string(&config).expect("readable").replacen(gateway.url(), &elsewhere, 1);
    fs::write(&config, text).expect("written");

    let proxy = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = proxy.local_addr().expect("an address");
    std::thread::spawn(move || {
        for mut stream in proxy.incoming().map_while(Result::ok) {
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 407 Login\r\ncontent-length: 0\r\n\r\n");
        }
    });
    let mut command = home.command(&["export", "run", "--feed", "products"]);
    let output = command.env("HTTPS_PROXY", format!("http://clerk:secret-word@{address}")).output().expect("it runs");
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(5), "{told}");
    assert!(told.contains("error: products: the gateway accepts no batches now: the proxy requires a login"), "{told}");
    assert!(told.contains("put user and password into HTTPS_PROXY"), "{told}");
    assert!(!told.contains("secret-word") && !stdout(&output).contains("secret-word"), "{told}");
}

#[test]
fn the_whole_journey_in_a_script() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &[]);
    let data_space = connected(&home, &gateway);
    assert_eq!(home.json(&["keys", "verify"])[0]["accepted"], true);
    let config = fs::read_to_string(home.config()).expect("there");
    assert!(config.starts_with("# kept\n"), "saving keeps comments");

    let products = [product("A", "one"), product("B", "two"), product("C", "three")];
    write_products(&feeds_dir(&home), &products);
    let preview = home.ok(&["feeds", "items", "products", "--limit", "2"]);
    assert_eq!(preview.lines().count(), 2);
    let first: Value = serde_json::from_str(preview.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&first["sku"], &first["deleted"]), (&json!("A"), &json!(false)));

    let dry = home.json(&["export", "run", "--dry-run"]);
    let [.., report, lint] = dry.as_slice() else { panic!("{dry:?}") };
    assert_eq!((&report["type"], &report["feeds"][0]["new"]), (&json!("export"), &json!(3)));
    // Three visible products without an image; prices and the like are not in the source.
    assert_eq!((&lint["type"], &lint["errors"], &lint["warnings"]), (&json!("lint"), &json!(0), &json!(3)));
    assert_eq!(gateway.received(&data_space, "products")["received"], 0, "a dry run sends nothing");

    let sent = home.json(&["export", "run", "--batch-size", "2"]);
    assert_eq!(sent.last().expect("a report")["feeds"][0]["submitted"], 3);
    let received = gateway.received(&data_space, "products");
    assert_eq!((&received["live"], &received["received"]), (&json!(3), &json!(3)));

    let again = home.json(&["export", "run"]);
    assert_eq!(again.last().expect("a report")["feeds"][0]["unchanged"], 3);
    assert_eq!(gateway.received(&data_space, "products")["received"], 3, "a second run sends nothing");

    write_products(&feeds_dir(&home), &[product("A", "one"), product("B", "zwei")]);
    home.ok(&["export", "run"]);
    let received = gateway.received(&data_space, "products");
    assert_eq!((&received["live"], &received["deleted"], &received["received"]), (&json!(2), &json!(1), &json!(5)));

    let status = home.json(&["export", "status"]);
    assert_eq!((&status[0]["submitted"], &status[0]["needs_attention"]), (&json!(2), &json!(0)));
    assert!(home.ok(&["export", "status"]).contains("SENT"));
    assert_eq!(home.ok(&["export", "run", "--quiet"]), "", "cron mail stays empty");
}

#[test]
fn a_broken_line_is_reported_and_the_rest_is_sent() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &[]);
    let data_space = connected(&home, &gateway);
    let file = feeds_dir(&home).join("products.ndjson");
    fs::write(&file, format!("{}\n{{\"sku\": \n{}\n", product("A", "a"), product("B", "b"))).expect("written");
    let output = home.run(&["export", "run"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("products.ndjson line 2"), "{}", stderr(&output));
    assert_eq!(gateway.received(&data_space, "products")["live"], 2);
}

#[test]
fn refused_keys_end_with_4_and_name_pair_and_gateway() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &[]);
    connected(&home, &gateway);
    // The production private key does not belong to the sandbox API key.
    let api_key = home.path("api-key.txt");
    set_sandbox_keys(&home, &api_key, &gateway.private_key_file("production"));
    write_products(&feeds_dir(&home), &[product("A", "a")]);
    for args in [&["keys", "verify"][..], &["projects", "list"], &["export", "run"]] {
        let output = home.run(args);
        assert_eq!(output.status.code(), Some(4), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("JWT is invalid"), "the gateway's words: {}", stderr(&output));
    }
    let output = home.run(&["keys", "verify"]);
    let place = gateway.url().strip_prefix("http://").expect("http");
    let host = place.split(':').next().expect("a host");
    assert!(stderr(&output).contains("sandbox keys") && stderr(&output).contains(host), "{}", stderr(&output));
}

#[test]
fn a_gateway_that_is_not_there_ends_with_5() {
    let home = Home::new();
    {
        let gateway = Gateway::start(&home, &[]);
        connected(&home, &gateway);
    }
    let output = home.run(&["keys", "verify"]);
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
}

#[test]
fn an_edition_decides_how_many_data_spaces_a_project_gets() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &["--edition", "opensource"]);
    home.write_config(&format!(
        "[gateway]\nenvironment = \"sandbox\"\nsandbox_url = \"{}\"\n[credentials.sandbox]\napi_key = {}\nprivate_key_file = \"{}\"\n",
        gateway.url(),
        gateway.ready["sandbox"]["api_key"],
        gateway.private_key_file("sandbox").display(),
    ));
    let project = &home.json(&["projects", "create", "Small shop"])[0];
    assert_eq!(project["data_spaces"].as_array().map(Vec::len), Some(1));
    assert_eq!(project["data_spaces"][0]["kind"], "Production");
}

#[test]
fn the_demo_without_a_terminal_makes_the_same_journey() {
    let home = Home::new();
    let state = home.path("state");
    let state_dir = state.display().to_string();
    let first = home.ok(&["demo", "--products", "20", "--state-dir", &state_dir]);
    for words in ["accepted by the gateway", "Demo shop", "products: done", "Export complete"] {
        assert!(first.contains(words), "{words:?} is missing in:\n{first}");
    }
    assert!(
        home.ok(&["demo", "--products", "5", "--state-dir", &state_dir]).contains("Deleted the last demo's state"),
        "and again"
    );
    let names: Vec<_> =
        fs::read_dir(home.dir.path()).expect("there").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(names, ["state"], "nothing is left behind but the state directory");

    let other = home.path("other/demo");
    fs::create_dir_all(&other).expect("made");
    fs::write(other.join("precious.txt"), "mine").expect("written");
    let output = home.run(&["demo", "--state-dir", &home.path("other").display().to_string()]);
    assert_eq!(output.status.code(), Some(2), "a directory that is not a demo's is left alone");
    assert!(other.join("precious.txt").exists());
}

#[test]
fn ids_that_do_not_exist_are_listed_and_the_others_are_sent_again() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &[]);
    let data_space = connected(&home, &gateway);
    write_products(&feeds_dir(&home), &[product("A", "a"), product("B", "b")]);
    home.ok(&["export", "run"]);
    assert_eq!(home.run(&["export", "run", "--by-ids", "A"]).status.code(), Some(2), "of which feed?");
    let file = home.path("ids.txt");
    fs::write(&file, "A\nnowhere\n").expect("written");
    let file = format!("@{}", file.display());
    let output = home.run(&["export", "run", "--feed", "products", "--by-ids", &file, "--id-type", "sku"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stdout(&output).contains("Not found in the source or the ledger: nowhere"), "{}", stdout(&output));
    let received = gateway.received(&data_space, "products");
    let deliveries: Vec<u64> =
        received["items"].as_array().expect("items").iter().filter_map(|item| item["deliveries"].as_u64()).collect();
    assert_eq!(deliveries, [2, 1]);
    let output = home.run(&["export", "run", "--feed", "products", "--by-ids", "gone", "--json"]);
    let report = stdout(&output).lines().last().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    assert_eq!(report.expect("a line")["unknown_ids"], json!(["gone"]));
}

#[test]
fn a_cleanup_needs_the_names_typed_once_more() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &[]);
    let data_space = connected(&home, &gateway);
    let feeds = feeds_dir(&home);
    write_products(&feeds, &[product("A", "a"), product("B", "b"), product("C", "c")]);
    home.ok(&["export", "run"]);
    write_products(&feeds, &[product("A", "a"), product("B", "b")]);
    let before = gateway.received(&data_space, "products");
    let ask = ["export", "run", "--feed", "products", "--cleanup-feed"];
    for confirm in [&[][..], &["--confirm", "prices"]] {
        let output = home.run(&[&ask[..], confirm].concat());
        assert_eq!(output.status.code(), Some(7), "{}", stderr(&output));
        for words in [
            "3 items would be forgotten and 2 items sent",
            "1 item deleted from the shop would stay in the service: deletions will not propagate",
            "Would send 1 request, ",
        ] {
            assert!(stdout(&output).contains(words), "{words:?} is missing in:\n{}", stdout(&output));
        }
        assert!(stderr(&output).contains("nothing was changed"), "{}", stderr(&output));
        assert!(stderr(&output).contains("--confirm products"), "{}", stderr(&output));
    }
    assert_eq!(gateway.received(&data_space, "products"), before);
    let output = home.run(&["export", "run", "--feed", "all", "--cleanup-feed"]);
    assert_eq!(output.status.code(), Some(2), "each feed by its name");
    home.ok(&[&ask[..], &["--confirm", "products", "--quiet"]].concat());
    let after = gateway.received(&data_space, "products");
    let items = after["items"].as_array().expect("items");
    assert_eq!(items.len(), 3, "the third was never deleted: {after}");
    assert!(items.iter().filter(|item| item["deliveries"] == 2).count() == 2, "{after}");
}

#[test]
fn a_watch_holds_no_lock_between_its_passes_and_ends_when_it_is_told_to() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &[]);
    connected(&home, &gateway);
    write_products(&feeds_dir(&home), &[product("A", "a")]);
    let args = ["export", "watch", "--every", "86400", "--json"];
    let mut watch = home.command(&args).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(watch.stdout.take().expect("piped")).lines();
    let mut next = || -> Value {
        let line = lines.next().expect("a line").expect("UTF-8");
        serde_json::from_str(&line).expect("JSON")
    };
    let types = [(); 3].map(|()| next()["type"].clone());
    assert_eq!(types, ["watch_started", "first_sync", "note"]);
    let pass = next();
    assert_eq!((&pass["type"], &pass["feeds"][0]["submitted"]), (&json!("watch_pass"), &json!(1)));
    home.ok(&["export", "run"]);
    let pid = rustix::process::Pid::from_child(&watch);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    assert_eq!(watch.wait().expect("it ends").code(), Some(0));
    assert!(lines.next().is_none(), "nothing more was said");
}

#[test]
fn a_watch_goes_on_with_settings_and_a_data_space_that_changed_and_says_so() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &[]);
    let first = connected(&home, &gateway);
    write_products(&feeds_dir(&home), &[product("A", "a")]);
    let mut watch =
        home.command(&["export", "watch", "--every", "1", "--json"]).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(watch.stdout.take().expect("piped")).lines();
    let mut next = |kind: &str| loop {
        let line: Value = serde_json::from_str(&lines.next().expect("a line").expect("UTF-8")).expect("JSON");
        if line["type"] == kind {
            return line;
        }
    };
    next("watch_pass");
    assert_eq!(gateway.received(&first, "products")["items"].as_array().map(Vec::len), Some(1));

    let config = fs::read_to_string(home.config()).expect("the configuration");
    home.write_config(&config.replace("requests_per_second = 0", "requests_per_second = 50"));
    let changed = next("watch_settings");
    assert!(changed["changed"].as_str().is_some_and(|text| !text.is_empty()), "{changed}");

    let project = &home.json(&["projects", "create", "Another shop"])[0];
    let second = project["data_spaces"][1]["id"].as_str().expect("an id");
    home.ok(&["data-spaces", "select", second]);
    let changed = next("watch_settings");
    assert!(changed["changed"].as_str().is_some_and(|text| text.contains("data space")), "{changed}");
    next("watch_pass");
    assert_eq!(gateway.received(second, "products")["items"].as_array().map(Vec::len), Some(1), "sent there, too");

    let pid = rustix::process::Pid::from_child(&watch);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    assert_eq!(watch.wait().expect("it ends").code(), Some(0));
}

#[test]
fn failures_are_counted_and_listed_over_all_feeds() {
    let home = Home::new();
    let faults = home.path("faults.toml");
    fs::write(&faults, "[[fault]]\nkind = \"refused-items\"\nshare = 1.0\n").expect("written");
    let gateway = Gateway::start(&home, &["--faults", &faults.display().to_string()]);
    connected(&home, &gateway);
    let products: Vec<Value> = (0..25).map(|number| product(&format!("sku-{number:02}"), "x")).collect();
    write_products(&feeds_dir(&home), &products);
    assert_eq!(home.run(&["export", "run"]).status.code(), Some(3));
    let status = home.run(&["export", "status"]);
    assert_eq!(status.status.code(), Some(3), "{}", stderr(&status));
    assert!(stdout(&status).contains("20 of 25 failures shown"), "{}", stdout(&status));
    let list = home.ok(&["export", "items", "--state", "needs-attention", "--limit", "10"]);
    assert!(list.contains("FEED") && list.contains("10 of 25 items"), "{list}");
    // The next pages begin where the first one ended, and the last one says that there is no other.
    let mut after: Vec<String> = Vec::new();
    let mut seen = 0;
    loop {
        let more: Vec<&str> = after.iter().map(String::as_str).collect();
        let lines = home.json(&[&["export", "items", "--limit", "10"], &more[..]].concat());
        let (listed, closing) = lines.split_at(lines.len() - 1);
        seen += listed.len();
        assert!(listed.iter().all(|item| item["feed"] == "products"), "{lines:?}");
        match closing[0]["after"].as_i64() {
            Some(number) => after = vec!["--after".to_owned(), number.to_string()],
            None => break,
        }
    }
    assert_eq!(seen, 25);
}
