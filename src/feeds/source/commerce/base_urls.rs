//! The base URLs of a store view, made of its settings.
//!
//! Never the secure ones: Commerce chooses those for a request that came by https, and its exporter has no request.

use super::effective::Settings;
use super::scope::StoreView;
use super::setting::ShopSetting;

/// What stands for the address of a shop that was never given one; Commerce's own command line says the same.
const UNCONFIGURED_URL: &str = "http://localhost/";
/// Placeholders may lead to placeholders; two that lead to each other would never end.
const MOST_PLACEHOLDERS: usize = 10;

/// The base URLs of a store view; each ends with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BaseUrls {
    /// What the shop's addresses begin with, without entry point or store view.
    pub web: String,
    /// What page links begin with.
    pub link: String,
    /// What media files begin with.
    pub media: String,
    /// What the files of themes begin with.
    pub static_files: String,
}

impl BaseUrls {
    pub(super) fn of(settings: &Settings, view: &StoreView) -> Self {
        let has_store_code =
            settings.is_on(ShopSetting::StoreCodeInUrls, view) && !settings.is_on(ShopSetting::SingleStoreMode, view);
        Self::made(has_store_code.then_some(view.code.as_str()), |setting| settings.get(setting, view))
    }

    /// `store_code`: what links hold of the store view.
    fn made<'a>(store_code: Option<&str>, get: impl Fn(ShopSetting) -> &'a str) -> Self {
        let web = url(ShopSetting::UnsecureBaseUrl, &get);
        let mut direct_link = url(ShopSetting::UnsecureLinkUrl, &get);
        if !is_yes(get(ShopSetting::UseRewrites)) {
            direct_link.push_str("index.php/");
        }
        let mut link = direct_link;
        if let Some(code) = store_code {
            link.push_str(code);
            link.push('/');
        }
        let or_below_web = |setting, directory: &str| {
            if is_yes(get(setting)) { url(setting, &get) } else { format!("{web}{directory}/") }
        };
        let media = or_below_web(ShopSetting::UnsecureMediaUrl, "media");
        let static_files = or_below_web(ShopSetting::UnsecureStaticUrl, "static");
        Self { web, link, media, static_files }
    }
}

/// A URL with its placeholders filled in and exactly one slash at its end.
fn url<'a>(setting: ShopSetting, get: &impl Fn(ShopSetting) -> &'a str) -> String {
    format!("{}/", filled(get(setting), get).trim_end_matches('/'))
}

/// A URL with its placeholders filled in.
pub(super) fn filled<'a>(text: &str, get: &impl Fn(ShopSetting) -> &'a str) -> String {
    let mut text = text.to_owned();
    for _ in 0..MOST_PLACEHOLDERS {
        let filled = text
            .replace("{{unsecure_base_url}}", get(ShopSetting::UnsecureBaseUrl))
            .replace("{{secure_base_url}}", get(ShopSetting::SecureBaseUrl));
        if filled == text {
            break;
        }
        text = filled;
    }
    text.replace("{{base_url}}", UNCONFIGURED_URL)
}

fn is_yes(value: &str) -> bool {
    !matches!(value, "" | "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The base URLs of a store view with these settings, and Commerce's own for the rest.
    fn urls(store_code: Option<&str>, values: &[(ShopSetting, &'static str)]) -> BaseUrls {
        BaseUrls::made(store_code, |setting| {
            let set = values.iter().find(|(of, _)| *of == setting).map(|(_, value)| *value);
            set.unwrap_or(match setting {
                ShopSetting::UnsecureBaseUrl => "{{base_url}}",
                ShopSetting::UnsecureLinkUrl | ShopSetting::SecureBaseUrl => "{{unsecure_base_url}}",
                _ => "",
            })
        })
    }

    #[test]
    fn placeholders_are_filled_in() {
        let made = urls(None, &[(ShopSetting::UnsecureBaseUrl, "http://shop.example")]);
        assert_eq!(made.link, "http://shop.example/index.php/");
        assert_eq!(made.media, "http://shop.example/media/");
        assert_eq!(urls(None, &[]).media, "http://localhost/media/");
    }

    #[test]
    fn placeholders_may_lead_to_others_but_not_in_a_circle() {
        let made = urls(
            None,
            &[
                (ShopSetting::UnsecureBaseUrl, "http://shop.example/"),
                (ShopSetting::UnsecureMediaUrl, "{{secure_base_url}}files"),
            ],
        );
        assert_eq!(made.media, "http://shop.example/files/");
        let circle = urls(None, &[(ShopSetting::UnsecureBaseUrl, "{{secure_base_url}}")]);
        assert!(circle.web.ends_with("_base_url}}/"), "{}", circle.web);
    }

    #[test]
    fn a_shop_with_rewrites_store_codes_and_media_elsewhere_is_never_secure() {
        let made = urls(
            Some("de"),
            &[
                (ShopSetting::UseRewrites, "1"),
                (ShopSetting::UnsecureBaseUrl, "http://shop.example/"),
                (ShopSetting::SecureBaseUrl, "https://shop.example/"),
                (ShopSetting::UnsecureMediaUrl, "https://cdn.example/m"),
            ],
        );
        assert_eq!(
            (made.web.as_str(), made.static_files.as_str()),
            ("http://shop.example/", "http://shop.example/static/")
        );
        assert_eq!(made.link, "http://shop.example/de/");
        assert_eq!(made.media, "https://cdn.example/m/");
    }
}
