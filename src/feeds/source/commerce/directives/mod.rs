//! The directives of the page editor in descriptions: `{{media url="a.jpg"}}`, `{{block id="sizes"}}` and so on, rendered as
//! Commerce's template filter does (docs/directives.md).
//!
//! What only Commerce's own code can render (most widgets, other blocks, layouts) is left out and named. What Commerce leaves
//! as it is stays; so does what makes Commerce give up on the whole text.
//!
//! | file | for |
//! |---|---|
//! | `parser` | where directives are, and their parameters |
//! | `site` | blocks, variables, themes: what directives need of the shop |
//! | `link` | `store`: addresses of pages |
//! | `phrase` | `trans`: phrases with variables |
//! | `html` | escaping |
//!
//! This room must never know which field of which item a text is of.

mod html;
mod link;
mod parser;
mod phrase;
mod site;

pub(super) use html::escaped;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::base_urls::{self, BaseUrls};
use super::context::Context;
use super::scope::StoreView;
use super::setting::ShopSetting;
use crate::commerce::database::{DatabaseError, Snapshot};
use crate::feeds::source::Remark;
use crate::untrusted::SafeText;
use parser::{Directive, Parameters};
use site::{Block, Site};

/// Blocks within blocks, at most. One that contains itself would never end.
const DEEPEST: usize = 10;
/// Blocks in one text, at most: blocks of blocks of blocks would be as many as one likes.
const MOST_BLOCKS: usize = 200;
/// The block classes that show a CMS block, and the widget that does, with its template.
const BLOCK_CLASSES: [&str; 2] = [r"Magento\Cms\Block\Block", r"Magento\Cms\Block\BlockByIdentifier"];
const BLOCK_WIDGET: &str = r"Magento\Cms\Block\Widget\Block";
const BLOCK_TEMPLATE: &str = "widget/static_block/default.phtml";
/// The settings that a text may show, by their paths.
const SHOWN_SETTINGS: [(&str, ShopSetting); 20] = [
    ("trans_email/ident_general/name", ShopSetting::GeneralContactName),
    ("trans_email/ident_general/email", ShopSetting::GeneralContactEmail),
    ("trans_email/ident_sales/name", ShopSetting::SalesContactName),
    ("trans_email/ident_sales/email", ShopSetting::SalesContactEmail),
    ("trans_email/ident_support/name", ShopSetting::SupportContactName),
    ("trans_email/ident_support/email", ShopSetting::SupportContactEmail),
    ("trans_email/ident_custom1/name", ShopSetting::FirstContactName),
    ("trans_email/ident_custom1/email", ShopSetting::FirstContactEmail),
    ("trans_email/ident_custom2/name", ShopSetting::SecondContactName),
    ("trans_email/ident_custom2/email", ShopSetting::SecondContactEmail),
    ("general/store_information/name", ShopSetting::StoreName),
    ("general/store_information/phone", ShopSetting::StorePhone),
    ("general/store_information/hours", ShopSetting::StoreHours),
    (COUNTRY, ShopSetting::StoreCountry),
    (REGION, ShopSetting::StoreRegion),
    ("general/store_information/postcode", ShopSetting::StorePostcode),
    ("general/store_information/city", ShopSetting::StoreCity),
    ("general/store_information/street_line1", ShopSetting::StoreStreet),
    ("general/store_information/street_line2", ShopSetting::StoreSecondStreet),
    ("general/store_information/merchant_vat_number", ShopSetting::StoreVatNumber),
];
/// The base URLs that a text may show; their placeholders are filled in.
const SHOWN_URLS: [(&str, ShopSetting); 2] =
    [("web/unsecure/base_url", ShopSetting::UnsecureBaseUrl), ("web/secure/base_url", ShopSetting::SecureBaseUrl)];
const COUNTRY: &str = "general/store_information/country_id";
const REGION: &str = "general/store_information/region_id";

/// The directives that a text needed and only Commerce's own code can render.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    directives: BTreeSet<String>,
}

impl LeftOut {
    /// A remark for each of them, and none is left.
    pub(super) fn remarks(&mut self, place: impl Fn() -> SafeText) -> Vec<Remark> {
        let directives = std::mem::take(&mut self.directives);
        let remark = |directive: String| Remark {
            place: place(),
            text: SafeText::from(format!("{directive} needs Commerce's own code; left out of a description")),
        };
        directives.into_iter().map(remark).collect()
    }
}

/// Renders directives, in every store view.
#[derive(Debug)]
pub(super) struct Directives {
    site: Site,
    scopes: HashMap<u32, Scope>,
    /// What page links of a store view begin with, by its code and by its id.
    links: HashMap<String, String>,
}

/// What directives need of a store view.
#[derive(Debug)]
struct Scope {
    urls: BaseUrls,
    settings: HashMap<&'static str, String>,
    /// The path of its theme; `None` if the theme has none.
    theme: Option<String>,
    locale: String,
}

impl Directives {
    pub(super) async fn load(snapshot: &mut Snapshot, context: &Context) -> Result<Self, DatabaseError> {
        let views = &context.scopes.store_views;
        let region = |view: &StoreView| context.settings.get(ShopSetting::StoreRegion, view).parse().ok();
        let regions: BTreeSet<u32> = views.iter().filter_map(region).collect();
        let regions: Vec<u32> = regions.into_iter().collect();
        let site = Site::load(snapshot, context, &regions).await?;
        let scopes: HashMap<u32, Scope> = views.iter().map(|view| (view.id, Scope::of(context, &site, view))).collect();
        let links = views.iter().filter_map(|view| Some((view, &scopes.get(&view.id)?.urls.link)));
        let links =
            links.flat_map(|(view, link)| [(view.code.clone(), link.clone()), (view.id.to_string(), link.clone())]);
        Ok(Self { links: links.collect(), site, scopes })
    }

    /// A text as a store view shows it.
    pub(super) fn render<'t>(&self, text: &'t str, store: u32, left_out: &mut LeftOut) -> Cow<'t, str> {
        let Some(scope) = self.scopes.get(&store) else { return Cow::Borrowed(text) };
        let mut rendering = Rendering { of: self, scope, store, within: Vec::new(), blocks: 0, left_out };
        rendering.text(text)
    }
}

impl Scope {
    fn of(context: &Context, site: &Site, view: &StoreView) -> Self {
        let get = |setting| context.settings.get(setting, view);
        let filled = |setting| base_urls::filled(get(setting), &get);
        let mut settings: HashMap<&'static str, String> =
            SHOWN_SETTINGS.iter().map(|(path, setting)| (*path, get(*setting).to_owned())).collect();
        settings.extend(SHOWN_URLS.iter().map(|(path, setting)| (*path, filled(*setting))));
        let region = settings.get(REGION).and_then(|id| site.regions.get(&id.parse().ok()?)).cloned();
        settings.extend(region.map(|name| (REGION, name)));
        let theme = get(ShopSetting::Theme);
        let theme = match theme.parse::<u32>() {
            Ok(id) => site.themes.get(&id).cloned(),
            Err(_) => Some(theme.trim_start_matches("frontend/").to_owned()),
        };
        Self {
            urls: BaseUrls::of(&context.settings, view),
            settings,
            theme,
            locale: get(ShopSetting::Locale).to_owned(),
        }
    }
}

/// What becomes of a directive.
enum Output {
    Text(String),
    /// Nothing, since only Commerce's own code knows; the directive as a person sees it.
    LeftOut(String),
    /// What stands there.
    AsItIs,
}

impl From<Option<String>> for Output {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::AsItIs, Self::Text)
    }
}

/// A text that is being rendered.
struct Rendering<'a> {
    of: &'a Directives,
    scope: &'a Scope,
    store: u32,
    /// The blocks around it.
    within: Vec<u64>,
    /// How many blocks it has so far.
    blocks: usize,
    left_out: &'a mut LeftOut,
}

impl Rendering<'_> {
    fn text<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        let Some(mut found) = parser::first(text) else { return Cow::Borrowed(text) };
        let mut rendered = String::with_capacity(text.len());
        loop {
            let (before, directive, after) = found;
            rendered.push_str(before);
            match self.directive(&directive) {
                Output::Text(text) => rendered.push_str(&text),
                Output::LeftOut(what) => {
                    self.left_out.directives.insert(what);
                }
                Output::AsItIs => rendered.push_str(directive.whole),
            }
            let Some(next) = parser::first(after) else {
                rendered.push_str(after);
                return Cow::Owned(rendered);
            };
            found = next;
        }
    }

    fn directive(&mut self, directive: &Directive<'_>) -> Output {
        let parameters = || Parameters::read(directive.rest);
        match directive.name.to_ascii_lowercase().as_str() {
            "media" => self.media(&Parameters::read(&html::unescaped(directive.rest))).into(),
            "store" => {
                link::address(&parameters(), &self.scope.urls, |store| self.of.links.get(store).map(String::as_str))
                    .into()
            }
            "view" => self.view(&parameters()),
            "config" => self.config(&parameters()),
            "protocol" => self.protocol(&parameters()).into(),
            "trans" => Output::Text(phrase::phrase(directive.rest)),
            "customvar" => Output::Text(self.variable(&parameters())),
            "block" => self.block(&parameters()),
            "widget" => self.widget(&parameters()),
            "template" => Output::Text("{Error in template processing}".to_owned()),
            name @ ("layout" | "css" | "inlinecss") => Output::LeftOut(format!("{{{{{name}}}}}")),
            // Among them those that work with variables, of which these texts have none.
            _ => Output::AsItIs,
        }
    }

    fn media(&self, parameters: &Parameters) -> Option<String> {
        let url = parameters.get("url").unwrap_or_default();
        parameters.has("url").then(|| format!("{}{url}", self.scope.urls.media))
    }

    /// A file of a theme. Without the version that Commerce may put in: the web server takes it out again.
    fn view(&self, parameters: &Parameters) -> Output {
        if !parameters.has("url") {
            return Output::AsItIs;
        }
        let url = parameters.get("url").unwrap_or_default();
        let (module, file) = url.split_once("::").unwrap_or((parameters.get("module").unwrap_or_default(), url));
        let area = parameters.truthy("area").unwrap_or("frontend");
        let theme = match parameters.truthy("theme") {
            Some(theme) => {
                theme.parse::<u32>().map_or(Some(theme), |id| self.of.site.themes.get(&id).map(String::as_str))
            }
            None => self.scope.theme.as_deref().filter(|_| area == "frontend"),
        };
        let Some(theme) = theme else { return Output::LeftOut("{{view}} of an unknown theme".to_owned()) };
        let locale = parameters.truthy("locale").unwrap_or(&self.scope.locale);
        let parts = [area, theme, locale, module, file].into_iter().filter(|part| !part.is_empty());
        Output::Text(format!("{}{}", self.scope.urls.static_files, parts.collect::<Vec<_>>().join("/")))
    }

    /// A setting, if it is one of those that a text may show.
    fn config(&self, parameters: &Parameters) -> Output {
        let path = parameters.get("path").unwrap_or_default();
        let value = self.scope.settings.get(path).cloned().unwrap_or_default();
        if path == COUNTRY && !value.is_empty() {
            // Its name comes with Commerce's language.
            return Output::LeftOut(format!("{{{{config path=\"{COUNTRY}\"}}}}"));
        }
        Output::Text(value)
    }

    /// An exporter has no request that could be secure. `None` where Commerce fails.
    fn protocol(&self, parameters: &Parameters) -> Option<String> {
        if parameters.get("store").is_some_and(|store| !self.of.links.contains_key(store)) {
            return None;
        }
        match (parameters.get("url"), parameters.get("http"), parameters.get("https")) {
            (Some(url), _, _) => Some(format!("http://{url}")),
            (None, Some(http), Some(https)) => {
                (http.starts_with("http:") && https.starts_with("https:")).then(|| http.to_owned())
            }
            _ => Some("http".to_owned()),
        }
    }

    fn variable(&self, parameters: &Parameters) -> String {
        let value = parameters.get("code").and_then(|code| self.of.site.variable(code, self.store));
        value.unwrap_or_default()
    }

    fn block(&mut self, parameters: &Parameters) -> Output {
        let Some(class) = parameters.get("class") else {
            return Output::Text(self.content(parameters.get("id")));
        };
        let class = class.trim_start_matches('\\');
        let [by_id, by_identifier] = BLOCK_CLASSES;
        let id = match class {
            _ if class == by_id => parameters.get("block_id"),
            _ if class == by_identifier => parameters.get("identifier"),
            _ => return Output::LeftOut(format!("{{{{block class=\"{class}\"}}}}")),
        };
        Output::Text(self.content(id))
    }

    fn widget(&mut self, parameters: &Parameters) -> Output {
        let Some(class) = parameters.truthy("type").map(|class| class.trim_start_matches('\\')) else {
            return match parameters.truthy("id") {
                Some(_) => Output::LeftOut("{{widget id=…}}".to_owned()),
                None => Output::Text(String::new()),
            };
        };
        let template = parameters.get("template").map(|template| template.trim_start_matches("Magento_Cms::"));
        match (class, template) {
            (BLOCK_WIDGET, None) => Output::Text(String::new()),
            (BLOCK_WIDGET, Some(BLOCK_TEMPLATE)) => {
                let content = self.content(parameters.get("block_id"));
                Output::Text(format!("<div class=\"widget block block-static-block\">\n    {content}</div>\n"))
            }
            _ => Output::LeftOut(format!("{{{{widget type=\"{class}\"}}}}")),
        }
    }

    /// What a CMS block shows; nothing where it is not active, not of this store view, or around itself.
    fn content(&mut self, id: Option<&str>) -> String {
        let of = self.of;
        let block = id.and_then(|id| of.site.block(id, self.store));
        let is_within_bounds = self.within.len() < DEEPEST && self.blocks < MOST_BLOCKS;
        let is_allowed = |block: &&Block| is_within_bounds && !self.within.contains(&block.id);
        let Some(block) = block.filter(is_allowed) else { return String::new() };
        self.blocks += 1;
        self.within.push(block.id);
        let content = self.text(&block.content).into_owned();
        self.within.pop();
        content
    }
}
