//! The attributes that have a field of their own in an item.

use serde::Serialize;

use super::base_attribute::BaseAttribute;
use super::shop::Shop;
use super::view::View;
use super::{Joined, Words};
use crate::feeds::content::Content;

/// `tax_class_id` without a class of that id.
const NO_TAX_CLASS: &str = "no";

/// Whether a product is enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Enabled,
    Disabled,
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
        }
    }
}

/// Fields that are the stored text.
const TEXTS: [(&str, BaseAttribute); 6] = [
    ("name", BaseAttribute::Name),
    ("metaTitle", BaseAttribute::MetaTitle),
    ("metaKeyword", BaseAttribute::MetaKeyword),
    ("metaDescription", BaseAttribute::MetaDescription),
    ("urlKey", BaseAttribute::UrlKey),
    ("weightType", BaseAttribute::WeightType),
];
/// Fields that are text written in the page editor.
const EDITED_TEXTS: [(&str, BaseAttribute); 2] =
    [("description", BaseAttribute::Description), ("shortDescription", BaseAttribute::ShortDescription)];
/// Fields that are an image, with its label. The exporter's list has no label for the swatch image, so it never has
/// one.
const IMAGES: [(&str, BaseAttribute, Option<BaseAttribute>); 4] = [
    ("image", BaseAttribute::Image, Some(BaseAttribute::ImageLabel)),
    ("smallImage", BaseAttribute::SmallImage, Some(BaseAttribute::SmallImageLabel)),
    ("thumbnail", BaseAttribute::Thumbnail, Some(BaseAttribute::ThumbnailLabel)),
    ("swatchImage", BaseAttribute::SwatchImage, None),
];

/// An image and its label.
#[derive(Serialize)]
struct Image<'a> {
    label: Option<&'a str>,
    url: Joined<'a>,
}

/// The values of the base attributes of one product in one store view.
#[derive(Debug, Default)]
pub(super) struct Base<'a> {
    values: [Option<&'a str>; BaseAttribute::ALL.len()],
    /// Whether there is any row at all, be its value NULL.
    is_present: bool,
}

impl<'a> Base<'a> {
    pub(super) fn set(&mut self, attribute: BaseAttribute, value: Option<&'a str>) {
        self.is_present = true;
        self.values[attribute as usize] = value;
    }

    /// Whether the store view knows none of the attributes.
    pub(super) fn is_absent(&self) -> bool {
        !self.is_present
    }

    pub(super) fn get(&self, attribute: BaseAttribute) -> Option<&'a str> {
        self.values[attribute as usize]
    }

    /// What no row says counts as disabled.
    ///
    /// # Errors
    /// What is stored, if Commerce knows no such status.
    pub(super) fn status(&self) -> Result<Status, &'a str> {
        match self.get(BaseAttribute::Status) {
            Some("1") => Ok(Status::Enabled),
            None | Some("2") => Ok(Status::Disabled),
            Some(unknown) => Err(unknown),
        }
    }

    /// What no row says counts as hidden; what no word stands for has none.
    fn visibility(&self) -> Option<&'static str> {
        match self.get(BaseAttribute::Visibility) {
            None | Some("1") => Some("Not Visible Individually"),
            Some("2") => Some("Catalog"),
            Some("3") => Some("Search"),
            Some("4") => Some("Catalog, Search"),
            Some(_) => None,
        }
    }

    fn is_displayable(&self, status: Status) -> bool {
        status == Status::Enabled && matches!(self.get(BaseAttribute::Visibility), Some("2" | "3" | "4"))
    }

    /// Every field of these attributes. One whose value is NULL is absent, as in the exporter.
    pub(super) fn put(&self, fields: &mut Content, shop: &Shop, words: &mut Words<'_>, view: &View, status: Status) {
        for (name, attribute) in TEXTS {
            if let Some(text) = self.get(attribute) {
                fields.put(name, text);
            }
        }
        for (name, attribute) in EDITED_TEXTS {
            if let Some(text) = self.get(attribute) {
                fields.put(name, words.directives.render(text, view.store.id, words.left_out));
            }
        }
        for (name, image, label) in IMAGES {
            if let Some(path) = self.get(image) {
                let label = label.and_then(|label| self.get(label));
                fields.put(name, Image { label, url: Joined(&view.image_base, path) });
            }
        }
        if let Some(flag) = self.get(BaseAttribute::LinksPurchasedSeparately) {
            fields.put("linksPurchasedSeparately", is_true(flag));
        }
        if let Some(visibility) = self.visibility() {
            fields.put("visibility", visibility);
        }
        fields.put("displayable", self.is_displayable(status));
        match self.get(BaseAttribute::PriceView) {
            Some("0") => fields.put("priceView", "price_range"),
            Some("1") => fields.put("priceView", "as_low_as"),
            _ => {}
        }
        let tax_class = self.get(BaseAttribute::TaxClassId).and_then(|id| shop.tax_classes.get(&id.parse().ok()?));
        fields.put("taxClassId", tax_class.map_or(NO_TAX_CLASS, String::as_str));
        fields.put("currency", view.currency.as_str());
        let weight = self.get(BaseAttribute::Weight).and_then(|text| text.parse::<f64>().ok());
        fields.put("weightUnit", weight.and(view.weight_unit.as_deref()));
        if let Some(weight) = weight {
            fields.put("weight", weight);
        }
    }
}

/// Commerce's idea of a flag that is on.
pub(super) fn is_true(flag: &str) -> bool {
    !matches!(flag, "" | "0")
}
