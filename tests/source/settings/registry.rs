//! Project and data space: checked with the registry, then saved with names and type where Commerce reads them; and routes.

use super::kit::{IDS, KEYS, PRIVATE_KEY, Shop, decrypted};
use super::support::gateway::Gateway;
use super::support::home::stderr;
use commerce_connector::domain::Feed;

/// A shop that is connected to this gateway as far as its keys.
fn connected(gateway: &Gateway) -> Shop {
    let shop = Shop::new().with_php("");
    let url = &gateway.sandbox.ready.url;
    shop.configure(&format!("[gateway]\nsandbox_url = \"{url}\"\nproduction_url = \"{url}\"\nrequests_per_second = 0"));
    shop.set_row("magento_saas/environment", "production");
    let output = shop.set_pair("production", &gateway.sandbox.ready.production.api_key);
    assert!(output.status.success(), "{}", stderr(&output));
    let saved = shop.row(&format!("{KEYS}/production_private_key")).expect("saved");
    let pem = decrypted(&saved, super::kit::KEY_B).expect("decrypted");
    assert_eq!(super::body(&pem), super::body(PRIVATE_KEY), "the gateway's key is the fixture's");
    shop
}

fn ids(shop: &Shop) -> [Option<String>; 5] {
    ["project_id", "project_name", "environment_id", "environment_name", "environment"]
        .map(|name| shop.row(&format!("{IDS}/{name}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_space_is_checked_and_saved_with_names_and_type() {
    let gateway = Gateway::new().await;
    let projects = gateway.client.projects().await.expect("projects");
    let (project, space) = (&projects[0], projects[0].data_spaces.last().expect("a data space"));
    tokio::task::block_in_place(|| {
        let shop = connected(&gateway);
        shop.ok(&["keys", "verify"]);
        let output = shop.run(&["data-spaces", "select", "00000000-0000-0000-0000-000000000000"]);
        assert!(!output.status.success());
        assert_eq!(ids(&shop), [None, None, None, None, None], "what the registry does not know is not saved");

        shop.ok(&["data-spaces", "select", space.id.as_str()]);
        let expected = [project.id.as_str(), "Shop", space.id.as_str(), space.name.as_str(), "Testing"];
        assert_eq!(ids(&shop), expected.map(|value| Some(value.to_owned())));
        assert_eq!(shop.php_calls().len(), 2, "after the keys, and after the data space");

        shop.ok(&["data-spaces", "rename", space.id.as_str(), "Renamed"]);
        assert_eq!(shop.row(&format!("{IDS}/environment_name")).as_deref(), Some("Renamed"));
        let status = shop.ok(&["export", "status"]);
        let text = String::from_utf8(status.stdout).expect("UTF-8");
        assert!(text.contains(&format!("Data space Renamed (Testing, {})", space.id)), "{text}");

        // A deployment that decides which data space it is: another cannot be chosen, the same may.
        let other = project.data_spaces[0].id.as_str();
        let shop = shop.with_system(&format!(
            "'services_connector' => ['services_id' => ['environment_id' => '{}', 'project_id' => '{}']],",
            space.id, project.id
        ));
        let output = shop.run(&["data-spaces", "select", other]);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            stderr(&output).contains("environment_id is locked: it is set by app/etc/env.php line 13"),
            "{}",
            stderr(&output)
        );
        assert_eq!(ids(&shop)[2].as_deref(), Some(space.id.as_str()));
        shop.ok(&["data-spaces", "select", space.id.as_str()]);

        // The id is the deployment's, name and type in the database are of who knows which: the dangerous type is assumed.
        let status = shop.ok(&["export", "status"]);
        let text = String::from_utf8(status.stdout).expect("UTF-8");
        assert!(text.contains(&format!("Data space {0} (Production, {0})", space.id)), "{text}");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ims_organization_is_saved_where_commerce_reads_it_unless_that_is_locked() {
    const ACADEMY: &str = "7F31B2C45D6E8A90B1C2D3E4@AdobeOrg";
    const HARBOUR: &str = "5A9D0C1E6B2F4873A1C0D2E4@AdobeOrg";
    let gateway = Gateway::new().await;
    tokio::task::block_in_place(|| {
        let ready = &gateway.sandbox.ready;
        let shop = Shop::new().with_php("");
        shop.configure(&format!("[ims]\nhost = \"{}\"\nclient_id = \"{}\"", ready.url, ready.production.api_key));
        let secret = ready.production.client_secret_file.display().to_string();
        shop.ok(&["ims", "login", "--client-credentials", "--client-secret-file", &secret]);
        shop.ok(&["ims", "select", ACADEMY]);
        assert_eq!(shop.row(&format!("{IDS}/ims_organization_id")).as_deref(), Some(ACADEMY));
        assert_eq!(shop.php_calls().len(), 1, "Commerce's cache was cleaned");

        let locked = format!("'services_connector' => ['services_id' => ['ims_organization_id' => '{ACADEMY}']],");
        let shop = shop.with_system(&locked);
        let output = shop.run(&["ims", "select", HARBOUR]);
        assert_eq!(output.status.code(), Some(2));
        let words = "ims_organization_id is locked: it is set by app/etc/env.php line 13";
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
        assert_eq!(shop.row(&format!("{IDS}/ims_organization_id")).as_deref(), Some(ACADEMY));
    });
}

#[test]
fn a_route_of_commerce_wins_over_the_configuration_and_says_where_it_came_from() {
    let shop = Shop::new();
    shop.configure(
        "[export.routes]\nproducts = \"from/config\"\ncategories = \"also/config\"\nprices = \"prices/config\"",
    );
    shop.set_row("magento_saas/routes/products", "old/place");
    shop.set_row("commerce_data_export/routes/products", "/new/place/");
    shop.set_row("magento_saas/routes/categories", "old/categories");
    shop.set_row("commerce_data_export/routes/prices", "https://elsewhere.example/prices");
    let output = shop.ok(&["feeds", "list", "--json"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let of = |feed: Feed| {
        let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        let line = lines.into_iter().find(|line| line["feed"] == feed.to_string()).expect("the feed");
        [&line["route"], &line["route_from"]].map(|value| value.as_str().expect("text").to_owned())
    };
    assert_eq!(of(Feed::Products), ["new/place", "core_config_data (commerce_data_export/routes/products)"]);
    assert_eq!(of(Feed::Categories), ["old/categories", "core_config_data (magento_saas/routes/categories)"]);
    assert_eq!(of(Feed::Prices), ["prices/config", "configuration"]);
    assert_eq!(of(Feed::ScopesWebsite)[1], "Adobe's documentation");
    assert_eq!(of(Feed::Orders)[1], "not public, so not part of `all`");
}
