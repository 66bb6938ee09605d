use super::*;
use crate::domain::Feed;

/// An installation with a file in every place that matters.
struct Installation {
    dir: tempfile::TempDir,
}

/// A module's `etc/di.xml` with this in it, from line 2 on.
fn di(inner: &str) -> String {
    format!("<config xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n{inner}\n</config>")
}

impl Installation {
    /// With these modules listed in config.php.
    fn new(modules: &[(&str, u8)]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let listed: Vec<String> = modules.iter().map(|(name, on)| format!("'{name}' => {on}")).collect();
        let new = Self { dir };
        new.write("app/etc/config.php", &format!("<?php return ['modules' => [{}]];", listed.join(", ")));
        new
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.dir.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    fn module(&self, directory: &str, name: &str) {
        self.write(&format!("{directory}/etc/module.xml"), &format!("<config><module name=\"{name}\"/></config>"));
    }

    fn find(&self) -> Extensions {
        let deployment = Deployment::read_if_there(self.dir.path(), crate::variables::Variables::default());
        Extensions::find(&deployment.expect("a deployment")).expect("config.php")
    }

    /// Place, change and feeds of all that is found.
    fn found(&self) -> Vec<(String, String, Vec<Feed>)> {
        let extensions = self.find();
        assert_eq!(extensions.unread, []);
        let line = |found: Extension| (found.place(), found.change.to_string(), found.feeds);
        extensions.found.into_iter().map(line).collect()
    }
}

#[test]
fn every_extension_point_is_found_with_its_file_and_line() {
    let shop = Installation::new(&[("Acme_Feeds", 1), ("Acme_Prices", 1)]);
    shop.module("app/code/Acme/Feeds", "Acme_Feeds");
    shop.write(
        "app/code/Acme/Feeds/etc/di.xml",
        &di(r#"<preference for="\Magento\SaaSCommon\Model\DataFilter" type="Acme\Feeds\Filter"/>
<type name="Magento\CatalogDataExporter\Model\Query\ProductAttributeQuery"><arguments>
<argument name="systemAttributes" xsi:type="array">
<item name="cost" xsi:type="string">cost</item>
<item name="tier"/>
</argument></arguments></type>
<type name="Magento\CatalogDataExporter\Model\Provider\ProductMetadata">
<plugin name="acme" type="Acme\Feeds\Metadata"/>
</type>
<type name="Magento\DataExporter\Export\Processor"><plugin name="ours" disabled="true" type="Acme\Off"/>
<plugin name="adobes" disabled="true"/></type>
<virtualType name="Magento\CatalogDataExporter\Model\Provider\Product\MediaGallery\Images">
<arguments><argument name="mediaType">x</argument></arguments></virtualType>
<type name="Magento\Catalog\Model\Product"><plugin name="x" type="Acme\X"/></type>"#),
    );
    shop.write(
        "app/code/Acme/Feeds/etc/et_schema.xml",
        "<config>\n<record name=\"Product\">\n<field name=\"badge\" type=\"String\"/></record>\n<record name=\"Export\">\n\
         <field name=\"acmeStores\" type=\"AcmeStore\"/>\n<field name=\"Prices\" type=\"ProductPriceV2\"/></record>\n\
         <record name=\"AcmeStore\"><field name=\"id\" type=\"ID\"/></record></config>",
    );
    shop.write("app/code/Acme/Feeds/etc/query.xml", "<config>\n\n<query name=\"scopesWebsite\"/></config>");
    shop.module("vendor/acme/prices/src/Module", "Acme_Prices");
    shop.write(
        "vendor/acme/prices/src/Module/etc/crontab/di.xml",
        &di(r#"<type name="Magento\ProductPriceDataExporter\Model\Provider\ProductPrice"><plugin name="p" type="Acme\P"/></type>"#),
    );
    shop.write(
        "composer.lock",
        "{\"packages\": [\n{\n\"name\": \"adobe-commerce/module-extra-product-attributes\",\n\"version\": \"1.0.0\"},\n{\n\
         \"name\": \"adobe-commerce/commerce-data-export-aco-adapter\", \"version\": \"1\"}]}",
    );
    let expected: Vec<(&str, &str, Vec<Feed>)> = vec![
        ("di.xml line 2", r"Acme\Feeds\Filter replaces Magento\SaaSCommon\Model\DataFilter", Feed::ALL.to_vec()),
        ("di.xml line 5", "adds the attribute cost", vec![Feed::Products]),
        ("di.xml line 6", "adds the attribute tier", vec![Feed::Products]),
        (
            "di.xml line 9",
            r"plugin Acme\Feeds\Metadata on Magento\CatalogDataExporter\Model\Provider\ProductMetadata",
            vec![Feed::ProductAttributes],
        ),
        (
            "di.xml line 12",
            r"switches off the plugin adobes of Magento\DataExporter\Export\Processor",
            Feed::ALL.to_vec(),
        ),
        (
            "di.xml line 14",
            r"sets mediaType of Magento\CatalogDataExporter\Model\Provider\Product\MediaGallery\Images",
            vec![Feed::Products],
        ),
        ("et_schema.xml line 3", "field badge of Product", vec![Feed::Products]),
        ("et_schema.xml line 6", "field Prices of Export", vec![Feed::Prices]),
        ("query.xml line 3", "query scopesWebsite", vec![Feed::ScopesWebsite]),
    ];
    let mut expected: Vec<(String, String, Vec<Feed>)> = expected
        .into_iter()
        .map(|(place, change, feeds)| (format!("app/code/Acme/Feeds/etc/{place}"), change.to_owned(), feeds))
        .collect();
    expected.push((
        "vendor/acme/prices/src/Module/etc/crontab/di.xml line 2".to_owned(),
        r"plugin Acme\P on Magento\ProductPriceDataExporter\Model\Provider\ProductPrice".to_owned(),
        vec![Feed::Prices],
    ));
    expected.push((
        "composer.lock line 3".to_owned(),
        "adds ac_tax_class, ac_attribute_set, ac_inventory".to_owned(),
        vec![Feed::Products],
    ));
    expected.push((
        "composer.lock line 6".to_owned(),
        "feeds Commerce Optimizer, whose items have another shape".to_owned(),
        Feed::ALL.to_vec(),
    ));
    assert_eq!(shop.found(), expected);
}

#[test]
fn a_clean_installation_has_none_and_neither_has_what_is_off_or_adobes() {
    let plugin = di(r#"<type name="Magento\DataExporter\Export\Processor"><plugin name="p" type="X"/></type>"#);
    let shop = Installation::new(&[("Acme_Off", 0), ("Acme_Clean", 1), ("Magento_A", 1), ("AdobeCommerce_X", 0)]);
    shop.module("app/code/Acme/Clean", "Acme_Clean");
    shop.write("app/code/Acme/Clean/etc/di.xml", &di("<preference for=\"Magento\\Catalog\\Api\\X\" type=\"Y\"/>"));
    for (directory, name) in [
        ("app/code/Acme/Off", "Acme_Off"),
        ("app/code/Acme/Unlisted", "Acme_Unlisted"),
        ("vendor/magento/module-a", "Magento_A"),
        ("vendor/adobe-commerce/module-extra-product-attributes", "AdobeCommerce_X"),
    ] {
        shop.module(directory, name);
        shop.write(&format!("{directory}/etc/di.xml"), &plugin);
    }
    shop.write(
        "composer.lock",
        "{\"packages\": [{\"name\": \"adobe-commerce/module-extra-product-attributes\", \"version\": \"1\"}]}",
    );
    assert_eq!(shop.found(), []);
    // A name proves nothing.
    let copied = Installation::new(&[("Magento_A", 1)]);
    copied.module("app/code/Magento/A", "Magento_A");
    copied.write("app/code/Magento/A/etc/di.xml", &plugin);
    assert_eq!(copied.found().len(), 1);
}

#[test]
fn a_file_that_cannot_be_looked_into_costs_one_finding() {
    let shop = Installation::new(&[("Acme_A", 1), ("Acme_B", 1)]);
    shop.module("app/code/Acme/A", "Acme_A");
    shop.write("app/code/Acme/A/etc/di.xml", "<config>\n<type name=\"x\"></config>");
    shop.write("app/code/Acme/A/etc/query.xml", "<!DOCTYPE a [<!ENTITY a \"a\">]><config>&a;&a;</config>");
    std::fs::create_dir_all(shop.dir.path().join("app/code/Acme/A/etc/et_schema.xml")).expect("made");
    std::os::unix::fs::symlink(".", shop.dir.path().join("app/code/Acme/A/etc/loop")).expect("a link");
    shop.module("app/code/Acme/B", "Acme_B");
    shop.write("app/code/Acme/B/etc/di.xml", &di("<preference for=\"Magento\\SaaSCommon\\X\" type=\"Y\u{1b}[2J\"/>"));
    let extensions = shop.find();
    let unread: Vec<(&str, Option<usize>)> =
        extensions.unread.iter().map(|file| (file.file.as_str(), file.line)).collect();
    let at = |name: &str| format!("app/code/Acme/A/etc/{name}");
    let expected = [(at("di.xml"), Some(2)), (at("et_schema.xml"), None), (at("query.xml"), Some(1))];
    let expected: Vec<(&str, Option<usize>)> = expected.iter().map(|(file, line)| (file.as_str(), *line)).collect();
    assert_eq!(unread, expected);
    assert!(!extensions.found[0].change.to_string().contains('\u{1b}'), "{extensions:?}");
}

/// A shop's whole tree: 20,000 files in packages of Adobe's and of others, and in libraries.
#[test]
#[ignore = "makes 20,000 files"]
fn a_whole_tree_is_looked_at_in_under_two_seconds() {
    let names: Vec<String> = (0..400).map(|number| format!("Acme_M{number}")).collect();
    let listed: Vec<(&str, u8)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let shop = Installation::new(&listed);
    let plugin = di(r#"<type name="Magento\DataExporter\Export\Processor"><plugin name="p" type="X"/></type>"#);
    let mut files = 0;
    for (number, name) in names.iter().enumerate() {
        let directory = match number % 4 {
            0 => format!("app/code/Acme/M{number}"),
            1 => format!("vendor/acme/m{number}/src"),
            _ => format!("vendor/magento/m{number}"),
        };
        shop.module(&directory, name);
        for area in ["etc", "etc/graphql", "etc/adminhtml", "etc/crontab"] {
            shop.write(&format!("{directory}/{area}/di.xml"), &plugin);
        }
        for file in 0..15 {
            shop.write(&format!("{directory}/Model/Class{file}.php"), "<?php\n");
        }
        files += 20;
    }
    for library in 0..300 {
        for file in 0..40 {
            shop.write(&format!("vendor/lib/l{library}/src/d{}/f{file}.php", file % 8), "<?php\n");
        }
        files += 40;
    }
    assert_eq!(files, 20_000);
    let begun = std::time::Instant::now();
    let found = shop.find().found.len();
    let took = begun.elapsed();
    println!("{files} files: {took:?}");
    assert_eq!(found, 200 * 4);
    assert!(took < std::time::Duration::from_secs(2), "{took:?}");
}
