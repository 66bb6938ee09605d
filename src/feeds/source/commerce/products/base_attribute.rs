//! The attributes that have a field of their own in an item, or are part of one.

/// An attribute that has a field of its own, or is part of one (feed map §2: the exporter's list of attribute codes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum BaseAttribute {
    Description,
    Image,
    ImageLabel,
    LinksPurchasedSeparately,
    LinksTitle,
    MetaDescription,
    MetaKeyword,
    MetaTitle,
    Name,
    NewsFromDate,
    NewsToDate,
    ShortDescription,
    SmallImage,
    SmallImageLabel,
    Status,
    SwatchImage,
    TaxClassId,
    Thumbnail,
    ThumbnailLabel,
    UrlKey,
    Visibility,
    Weight,
    WeightType,
    PriceView,
}

impl BaseAttribute {
    pub(super) const ALL: [Self; 24] = [
        Self::Description,
        Self::Image,
        Self::ImageLabel,
        Self::LinksPurchasedSeparately,
        Self::LinksTitle,
        Self::MetaDescription,
        Self::MetaKeyword,
        Self::MetaTitle,
        Self::Name,
        Self::NewsFromDate,
        Self::NewsToDate,
        Self::ShortDescription,
        Self::SmallImage,
        Self::SmallImageLabel,
        Self::Status,
        Self::SwatchImage,
        Self::TaxClassId,
        Self::Thumbnail,
        Self::ThumbnailLabel,
        Self::UrlKey,
        Self::Visibility,
        Self::Weight,
        Self::WeightType,
        Self::PriceView,
    ];

    /// `eav_attribute.attribute_code`
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Description => "description",
            Self::Image => "image",
            Self::ImageLabel => "image_label",
            Self::LinksPurchasedSeparately => "links_purchased_separately",
            Self::LinksTitle => "links_title",
            Self::MetaDescription => "meta_description",
            Self::MetaKeyword => "meta_keyword",
            Self::MetaTitle => "meta_title",
            Self::Name => "name",
            Self::NewsFromDate => "news_from_date",
            Self::NewsToDate => "news_to_date",
            Self::ShortDescription => "short_description",
            Self::SmallImage => "small_image",
            Self::SmallImageLabel => "small_image_label",
            Self::Status => "status",
            Self::SwatchImage => "swatch_image",
            Self::TaxClassId => "tax_class_id",
            Self::Thumbnail => "thumbnail",
            Self::ThumbnailLabel => "thumbnail_label",
            Self::UrlKey => "url_key",
            Self::Visibility => "visibility",
            Self::Weight => "weight",
            Self::WeightType => "weight_type",
            Self::PriceView => "price_view",
        }
    }
}
