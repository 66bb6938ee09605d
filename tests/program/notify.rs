//! Notifications of failed runs: what each channel gets, and that nothing of it harms a run or shows a secret.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::file_shop::{Shop, product};
use super::support::home::{Home, stderr, stdout};

/// A configuration of a shop of files, which may be missing, and of notifications.
fn configure(home: &Home, directory: &str, notify: &str) {
    home.write_config(&format!(
        "[saas]\nenvironment_id = \"11111111-2222-4333-8444-555555555555\"\n[source]\nkind = \"files\"\n\
         [source.files]\ndirectory = \"{directory}\"\n[notify]\n{notify}\n"
    ));
}

/// Writes a shell script that can be run.
fn script(home: &Home, name: &str, text: &str) -> String {
    let path = home.path(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
    path.display().to_string()
}

/// A server that answers one request after the other like this, and gives what it got.
fn server(answers: &'static [&'static str]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let serve = move |answer: &&str| {
        let (mut stream, _) = listener.accept().expect("a request");
        let mut got = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let length = stream.read(&mut buffer).expect("readable");
            got.extend_from_slice(&buffer[..length]);
            let text = String::from_utf8_lossy(&got);
            let Some((headers, body)) = text.split_once("\r\n\r\n") else { continue };
            let expected = headers
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= expected.unwrap_or(0) {
                break;
            }
        }
        write!(stream, "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").expect("answered");
        String::from_utf8(got).expect("text")
    };
    (url, std::thread::spawn(move || answers.iter().map(serve).collect()))
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request
        .lines()
        .find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)))
        .map(|(_, value)| value)
}

/// What a command that writes each message into a file of its own was told, in order.
fn told(home: &Home) -> Vec<Value> {
    let text = fs::read_to_string(home.path("told")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn telling(home: &Home) -> String {
    let told = home.path("told");
    format!("command = \"{}\"", script(home, "tell", &format!("cat >> '{0}'; echo >> '{0}'", told.display())))
}

#[test]
fn a_failed_run_is_told_once_and_its_end_once() {
    let shop = Shop::new("");
    let home = &shop.home;
    shop.products(&[product("A")]);
    let config = fs::read_to_string(home.config()).expect("there");
    let feeds = home.path("feeds").display().to_string();
    let with = |text: &str| home.write_config(&format!("{text}\n[notify]\n{}\n", telling(home)));
    with(&config.replace(&feeds, "/nowhere"));
    for _ in 0..2 {
        let output = home.run(&["export", "run", "--quiet"]);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(!stderr(&output).contains("warning"), "{}", stderr(&output));
    }
    let failed = told(home);
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!((&failed[0]["event"], &failed[0]["work"]), (&json!("failure"), &json!("full export")));
    assert!(failed[0]["problem"]["message"].as_str().is_some_and(|what| what.contains("/nowhere")), "{failed:?}");
    assert_eq!(failed[0]["data_space"]["id"], shop.data_space.as_str());

    with(&config);
    home.ok(&["export", "run", "--dry-run", "--quiet"]);
    assert_eq!(told(home).len(), 1, "a dry run is nobody's concern");
    home.ok(&["export", "run", "--quiet"]);
    home.ok(&["export", "run", "--quiet"]);
    let all = told(home);
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!((&all[1]["event"], &all[1]["failures"]), (&json!("recovery"), &json!(2)));
    assert_eq!(all[1]["feeds"].as_array().map(Vec::len), Some(3), "{all:?}");
}

#[test]
fn a_watch_tells_that_items_need_a_fix_and_pings_after_a_pass() {
    let shop = Shop::new("seed = 1\n[[fault]]\nkind = \"refused-items\"\nshare = 1\nfeed = \"products\"\n");
    let home = &shop.home;
    shop.products(&[product("A")]);
    let (url, pinged) = server(&["200 OK"]);
    let config = fs::read_to_string(home.config()).expect("there");
    home.write_config(&format!("{config}\n[notify]\nping_url = \"{url}/alive\"\n{}\n", telling(home)));
    let mut watch = home.command(&["export", "watch", "--every", "3600"]);
    let mut watch = watch.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let ping = pinged.join().expect("a ping");
    assert!(ping[0].starts_with("GET /alive HTTP/1.1\r\n"), "{ping:?}");
    kill_process(Pid::from_raw(watch.id().cast_signed()).expect("a pid"), Signal::TERM).expect("it is there");
    assert_eq!(watch.wait().expect("it ends").code(), Some(0), "what is being told is told before it ends");
    let told = told(home);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["event"], &told[0]["needs_a_fix"]), (&json!("needs_fix"), &json!(2)), "in each store view");
}

#[test]
fn a_channel_that_fails_is_one_line_and_the_run_ends_as_it_would() {
    let home = Home::new();
    let (url, _served) = server(&["302 Found\r\nLocation: https://evil.example/x"]);
    let broken = script(&home, "broken", "echo 'no room' >&2; exit 3");
    let notify = format!(
        "command = \"{broken}\"\nwebhook_url = \"{url}/T0\"\nsendmail_to = \"ops@example.com\"\nsendmail_program = \"/nowhere/sendmail\""
    );
    configure(&home, "/nowhere", "");
    let plain = home.run(&["export", "run", "--quiet"]);
    configure(&home, "/nowhere", &notify);
    let output = home.run(&["export", "run", "--quiet"]);
    assert_eq!(output.status.code(), plain.status.code());
    let text = stderr(&output);
    let (warnings, rest): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("warning: "));
    assert_eq!(rest.join("\n"), stderr(&plain).trim_end());
    assert_eq!(
        warnings,
        [
            format!("warning: notification by command: {broken} ended with exit status: 3: no room"),
            "warning: notification by webhook: 127.0.0.1 redirects to evil.example (status 302), which is not followed"
                .to_owned(),
            "warning: notification by sendmail: /nowhere/sendmail does not exist, or what it is run by does not"
                .to_owned(),
        ]
    );
}

#[test]
fn a_webhook_is_signed_over_its_body() {
    let home = Home::new();
    let secret = home.path("secret");
    fs::write(&secret, "s3cret\n").expect("written");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("chmod");
    let (url, served) = server(&["204 No Content"]);
    configure(
        &home,
        "feeds",
        &format!("webhook_url = \"{url}/T0/x?token=y\"\nwebhook_secret_file = \"{}\"", secret.display()),
    );
    let lines = home.json(&["notify", "test"]);
    assert_eq!(
        (&lines[0]["channel"], &lines[0]["ok"], &lines[0]["to"]),
        (&json!("webhook"), &json!(true), &json!("127.0.0.1"))
    );
    let request = served.join().expect("a request").remove(0);
    assert!(request.starts_with("POST /T0/x?token=y HTTP/1.1\r\n"), "{request}");
    let (_, body) = request.split_once("\r\n\r\n").expect("a body");
    let signature = header(&request, "X-Commerce-Connector-Signature")
        .and_then(|value| value.strip_prefix("sha256="))
        .expect("signed");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"s3cret");
    let bytes: Vec<u8> = (0..signature.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&signature[at..at + 2], 16).expect("hex"))
        .collect();
    ring::hmac::verify(&key, body.as_bytes(), &bytes).expect("the signature is right");
    let message: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(
        (&message["event"], &message["id"]),
        (&json!("test"), &json!(header(&request, "X-Commerce-Connector-Id")))
    );
}

#[test]
fn sendmail_gets_its_recipients_as_arguments_and_a_mail() {
    let home = Home::new();
    let mail = home.path("mail");
    let program =
        script(&home, "sendmail", &format!("printf '%s|' \"$@\" > '{0}'; echo >> '{0}'; cat >> '{0}'", mail.display()));
    configure(
        &home,
        "feeds",
        &format!(
            "sendmail_to = \"ops@example.com, root\"\nsendmail_from = \"shop@example.com\"\nsendmail_program = \"{program}\""
        ),
    );
    let text = home.ok(&["notify", "test", "--channel", "sendmail"]);
    assert!(text.contains("ops@example.com, root") && text.contains("OK"), "{text}");
    let mail = fs::read_to_string(mail).expect("written");
    assert!(
        mail.starts_with(
            "-i|-f|shop@example.com|--|ops@example.com|root|\nTo: ops@example.com, root\nFrom: shop@example.com\n"
        ),
        "{mail}"
    );
}

#[test]
fn a_channel_that_is_not_configured_is_named() {
    let home = Home::new();
    configure(&home, "feeds", "");
    let output = home.run(&["notify", "test"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no notifications are configured"), "{}", stderr(&output));
    configure(&home, "feeds", "command = \"/bin/true\"");
    let output = home.run(&["notify", "test", "--channel", "webhook"]);
    assert!(stderr(&output).contains("set notify.webhook_url"), "{}", stderr(&output));
}

#[test]
fn mistakes_in_the_section_are_one_sentence_each() {
    let home = Home::new();
    for (line, says) in [
        ("webhook_url = \"http://hooks.example/x\"", "notify.webhook_url must be an https:// URL"),
        ("ping_url = \"https://ann:canary@ping.example\"", "notify.ping_url contains a user or a password (hidden)"),
        ("webhook_secret_file = \"x\"", "notify.webhook_secret_file signs nothing without notify.webhook_url"),
        ("sendmail_to = \"-oQ/tmp\"", "notify.sendmail_to must be mail addresses"),
        ("sendmail_from = \"a@b, c@d\"", "notify.sendmail_from must be one mail address"),
        ("repeat_after = \"off\"", "notify.repeat_after must be a time of at least 1m"),
        ("timeout_seconds = 0", "notify.timeout_seconds must be from 1 to 60"),
        ("after_failures = 0", "notify.after_failures must be from 1 to 1000"),
        ("digest = \"25:00\"", "expected a time of the day such as 07:30, or off"),
    ] {
        configure(&home, "feeds", line);
        let output = home.run(&["config", "validate"]);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{line}: {text}");
        assert!(text.contains(says) && !text.contains("canary"), "{line}: {text}");
    }
}

#[test]
fn neither_the_url_nor_the_secret_is_shown_anywhere() {
    const URL: &str = "canary-of-the-url";
    const SECRET: &str = "canary-of-the-secret";
    let home = Home::new();
    let secret = home.path("webhook.secret");
    fs::write(&secret, SECRET).expect("written");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("chmod");
    let answers: &[&str] =
        &["404 Not Found", "302 Found\r\nLocation: /canary-of-the-url", "404 Not Found", "404 Not Found"];
    let (url, _served) = server(answers);
    configure(
        &home,
        "/nowhere",
        &format!(
            "webhook_url = \"{url}/{URL}\"\nping_url = \"{url}/{URL}\"\nwebhook_secret_file = \"{}\"",
            secret.display()
        ),
    );
    for words in [
        &["config", "show"][..],
        &["config", "show", "--json"],
        &["notify", "test"],
        &["export", "run", "--quiet"],
        &["support-bundle", "--print"],
    ] {
        let output = home.run(words);
        for text in [stdout(&output), stderr(&output)] {
            assert!(!text.contains(URL) && !text.contains(SECRET), "{words:?}: {text}");
        }
    }
    assert!(stdout(&home.run(&["config", "show"])).contains("http://127.0.0.1"), "its host is shown");
    let refused = home.run(&["config", "set", "notify.webhook_url", "https://hooks.example/canary-of-the-url"]);
    assert_eq!(refused.status.code(), Some(2), "others see the arguments");
    for name in ["logs", "notify"] {
        let kept = fs::read_dir(home.path(".local/state/commerce-connector").join(name)).expect("there");
        for file in kept {
            let text = fs::read_to_string(file.expect("an entry").path()).expect("text");
            assert!(!text.contains(URL) && !text.contains(SECRET), "{text}");
        }
    }
    fs::set_permissions(home.config(), fs::Permissions::from_mode(0o644)).expect("chmod");
    let open = home.run(&["config", "validate"]);
    assert!(stderr(&open).contains("readable by other users"), "{}", stderr(&open));
}
