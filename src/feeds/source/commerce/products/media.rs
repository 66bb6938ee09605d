//! The images and videos of a product: `images`, `videos`, and both again in the old form, `media_gallery`.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Map, Value};
use sha1::{Digest, Sha1};

use super::base::Base;
use super::base_attribute::BaseAttribute;
use super::batch::{Batch, PerProduct, Product};
use super::reader::Reader;
use super::scoped::{DEFAULT, Scoped};
use super::view::View;
use super::{Joined, list_or_null};
use crate::commerce::database::DatabaseError;
use crate::feeds::content::Content;

const IMAGE: &str = "image";
const VIDEO: &str = "external-video";
/// The role of a file that the product's own page must not show.
const HIDDEN: &str = "hide_from_pdp";
/// The roles, by the attributes that give them.
const ROLES: [(&str, BaseAttribute); 4] = [
    ("image", BaseAttribute::Image),
    ("small_image", BaseAttribute::SmallImage),
    ("thumbnail", BaseAttribute::Thumbnail),
    ("swatch_image", BaseAttribute::SwatchImage),
];
/// The parts of a video: `provider`, `url`, `title`, `description` and `metadata` of its row.
const VIDEO_PARTS: [&str; 5] = ["videoProvider", "videoUrl", "videoTitle", "videoDescription", "videoMetadata"];

/// A file of a product.
#[derive(Debug)]
struct GalleryEntry {
    value_id: u64,
    file: String,
    is_video: bool,
}

/// What a store view, or the default, says of a file of a product.
#[derive(Debug)]
struct Caption {
    record_id: u64,
    /// Of the file; it may belong to several products, and each has captions of its own.
    value_id: u64,
    store: u32,
    label: Option<String>,
    position: Option<i64>,
    is_disabled: bool,
}

/// As read: the product's link column, then the fields of [`Caption`].
type CaptionRow = (u64, u64, u64, u32, Option<String>, Option<i64>, i64);

/// The parts of a video, in the order of [`VIDEO_PARTS`].
type Video = [Option<String>; VIDEO_PARTS.len()];

/// As read: value id and store, then the parts.
type VideoRow = (u64, u32, Option<String>, Option<String>, Option<String>, Option<String>, Option<String>);

/// The files of a page of products.
#[derive(Debug)]
pub(super) struct Media {
    entries: PerProduct<GalleryEntry>,
    /// Oldest first.
    captions: PerProduct<Caption>,
    /// By value id.
    videos: Scoped<Video>,
}

impl Media {
    /// `None` if products have no gallery at all.
    pub(super) async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Option<Self>, DatabaseError> {
        let tables = [
            "catalog_product_entity_media_gallery",
            "catalog_product_entity_media_gallery_value",
            "catalog_product_entity_media_gallery_value_to_entity",
        ];
        let Some(attribute) = reader.shop.media_gallery.filter(|_| reader.has_all(&tables)) else { return Ok(None) };
        let [gallery, value, value_to_entity] = tables.map(|table| reader.table(table));
        let link = reader.link();
        let sql = format!(
            "SELECT t.{link}, g.value_id, g.value, g.media_type = '{VIDEO}' \
             FROM {value_to_entity} t JOIN {gallery} g ON g.value_id = t.value_id \
             WHERE {is_of_page} AND g.attribute_id = {attribute} AND g.media_type IN ('{IMAGE}', '{VIDEO}')",
            is_of_page = batch.has_link(&format!("t.{link}"))
        );
        let rows: Vec<(u64, u64, Option<String>, i64)> = reader.many_rows(&sql).await?;
        let mut entries = batch.by_link(rows, |(link, value_id, file, is_video)| {
            (link, GalleryEntry { value_id, file: file.unwrap_or_default(), is_video: is_video != 0 })
        });
        entries.sort_by_key(|entry| entry.value_id);
        let sql = format!(
            "SELECT {link}, record_id, value_id, store_id, label, position, disabled FROM {value} WHERE {is_of_page}",
            is_of_page = batch.has_link(link)
        );
        let rows: Vec<CaptionRow> = reader.many_rows(&sql).await?;
        let mut captions = batch.by_link(rows, |(link, record_id, value_id, store, label, position, disabled)| {
            (link, Caption { record_id, value_id, store, label, position, is_disabled: disabled != 0 })
        });
        captions.sort_by_key(|caption| caption.record_id);
        let of_videos = entries.all().filter(|entry| entry.is_video).map(|entry| entry.value_id).collect();
        let videos = videos(reader, &of_videos).await?;
        Ok(Some(Self { entries, captions, videos }))
    }

    pub(super) fn put(&self, fields: &mut Content, base: &Base<'_>, product: &Product, index: usize, view: &View) {
        let store = view.store.id;
        let entries = self.entries.of(index);
        let mut files: Vec<File<'_>> = Vec::with_capacity(entries.len());
        for entry in entries {
            let captions = [store, DEFAULT].map(|scope| self.caption(index, entry, scope));
            let captions = || captions.into_iter().flatten();
            let position = captions().find_map(|caption| caption.position).unwrap_or_default();
            files.push(File {
                entry,
                url: Joined(&view.image_base, &entry.file),
                label: captions().find_map(|caption| caption.label.as_deref()).unwrap_or_default(),
                position,
                roles: roles(base, &entry.file),
                is_hidden: captions().next().is_some_and(|caption| caption.is_disabled),
                // One file is in order anyway, and most products have one.
                order: if entries.len() > 1 {
                    order(&view.store.code, product.id, position, &entry.file)
                } else {
                    [0; 20]
                },
                video: self.video(entry, store),
            });
        }
        // The exporter's order, and its answer to one file listed twice at one place: the later row alone.
        files.reverse();
        files.sort_by_key(|file| file.order);
        files.dedup_by_key(|file| file.order);
        let of = |is_video: bool| files.iter().filter(move |file| file.entry.is_video == is_video);
        fields.put("images", list_or_null(&of(false).map(File::image).collect::<Vec<_>>()));
        fields.put("videos", list_or_null(&of(true).map(File::video).collect::<Vec<_>>()));
        fields.put("media_gallery", list_or_null(&files.iter().map(File::old_form).collect::<Vec<_>>()));
    }

    /// What exactly this scope says of a file. Nothing in the schema forbids two captions of one scope: the newest counts.
    fn caption(&self, index: usize, entry: &GalleryEntry, scope: u32) -> Option<&Caption> {
        let is_wanted = |caption: &&Caption| (caption.value_id, caption.store) == (entry.value_id, scope);
        self.captions.of(index).iter().rev().find(is_wanted)
    }

    /// The parts, each laid over its default; `None` if all are empty.
    fn video(&self, entry: &GalleryEntry, store: u32) -> Option<Value> {
        let rows = [self.videos.own(entry.value_id, store), self.videos.own(entry.value_id, DEFAULT)];
        let mut parts = Map::new();
        for (place, name) in VIDEO_PARTS.into_iter().enumerate() {
            let text = rows.into_iter().flatten().find_map(|row| row[place].as_deref()).unwrap_or_default();
            // To the exporter's language "0" is as empty as nothing.
            let text = Some(text).filter(|text| !matches!(*text, "" | "0"));
            parts.insert(name.to_owned(), text.into());
        }
        if parts.values().all(Value::is_null) {
            return None;
        }
        parts.insert("mediaType".to_owned(), Value::from(VIDEO));
        Some(Value::Object(parts))
    }
}

/// A file as a store view has it.
struct File<'a> {
    entry: &'a GalleryEntry,
    url: Joined<'a>,
    label: &'a str,
    position: i64,
    roles: Vec<&'static str>,
    is_hidden: bool,
    order: [u8; 20],
    video: Option<Value>,
}

/// An entry of `images`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Image<'a> {
    resource: Resource<'a>,
    sort_order: String,
}

/// An entry of `videos`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VideoEntry<'a> {
    preview: Resource<'a>,
    sort_order: String,
    video: Option<&'a Value>,
}

/// A file, where it is and what it is for.
#[derive(Serialize)]
struct Resource<'a> {
    label: &'a str,
    roles: Option<Vec<&'static str>>,
    url: Joined<'a>,
}

/// An entry of `media_gallery`.
#[derive(Serialize)]
struct OldForm<'a> {
    label: &'a str,
    sort_order: i64,
    types: Option<&'a [&'static str]>,
    url: Joined<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_attributes: Option<&'a Value>,
}

impl File<'_> {
    fn image(&self) -> Image<'_> {
        Image { resource: self.resource(), sort_order: self.position.to_string() }
    }

    fn video(&self) -> VideoEntry<'_> {
        VideoEntry { preview: self.resource(), sort_order: self.position.to_string(), video: self.video.as_ref() }
    }

    fn resource(&self) -> Resource<'_> {
        let mut roles = self.roles.clone();
        if self.is_hidden {
            roles.push(HIDDEN);
        }
        Resource { label: self.label, roles: (!roles.is_empty()).then_some(roles), url: self.url }
    }

    fn old_form(&self) -> OldForm<'_> {
        OldForm {
            label: self.label,
            sort_order: self.position,
            types: list_or_null(&self.roles),
            url: self.url,
            video_attributes: self.video.as_ref(),
        }
    }
}

fn roles(base: &Base<'_>, file: &str) -> Vec<&'static str> {
    let given = ROLES.into_iter().filter(|(_, attribute)| !file.is_empty() && base.get(*attribute) == Some(file));
    given.map(|(role, _)| role).collect()
}

/// What the exporter sorts by: any order would do for the service, which has the positions, but hashes need one.
fn order(view_code: &str, product: u64, position: i64, file: &str) -> [u8; 20] {
    Sha1::digest(format!("{view_code}-{product}-{position}-{file}")).into()
}

async fn videos(reader: &mut Reader<'_>, value_ids: &BTreeSet<u64>) -> Result<Scoped<Video>, DatabaseError> {
    if !reader.has_all(&["catalog_product_entity_media_gallery_value_video"]) {
        return Ok(Scoped::default());
    }
    let select = format!(
        "SELECT value_id, store_id, provider, url, title, description, metadata FROM {}",
        reader.table("catalog_product_entity_media_gallery_value_video")
    );
    let rows: Vec<VideoRow> = reader.rows_about(&select, "value_id", value_ids, "").await?;
    let video = |(value_id, store, provider, url, title, description, metadata)| {
        (value_id, store, [provider, url, title, description, metadata])
    };
    Ok(rows.into_iter().map(video).collect())
}
