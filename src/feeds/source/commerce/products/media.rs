//! The images and videos of a product: `images`, `videos`, and both again in the old form, `media_gallery`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use sha1::{Digest, Sha1};

use super::base::{Base, BaseAttribute};
use super::batch::{Batch, PerProduct, Product};
use super::reader::{DEFAULT, Reader, Scoped};
use super::shop::View;
use super::{Draft, list_or_null, object, put};
use crate::commerce::database::DatabaseError;

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
struct Entry {
    value_id: u64,
    /// The product's link column: a file may belong to several products.
    link: u64,
    file: String,
    is_video: bool,
}

/// What a store view, or the default, says of a file of a product.
#[derive(Debug)]
struct Caption {
    label: Option<String>,
    position: Option<i64>,
    is_disabled: bool,
}

/// As read: link column, value id and store, then the fields of [`Caption`].
type CaptionRow = (u64, u64, u32, Option<String>, Option<i64>, i64);

/// The parts of a video, in the order of [`VIDEO_PARTS`].
type Video = [Option<String>; VIDEO_PARTS.len()];

/// As read: value id and store, then the parts.
type VideoRow = (u64, u32, Option<String>, Option<String>, Option<String>, Option<String>, Option<String>);

/// The files of a page of products.
#[derive(Debug)]
pub(super) struct Media {
    entries: PerProduct<Entry>,
    /// By value id and the product's link column.
    captions: Scoped<Caption, (u64, u64)>,
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
            (link, Entry { value_id, link, file: file.unwrap_or_default(), is_video: is_video != 0 })
        });
        entries.sort_by_key(|entry| entry.value_id);
        // Nothing in the schema forbids two captions of one file in one scope: the newest comes last.
        let sql = format!(
            "SELECT {link}, value_id, store_id, label, position, disabled FROM {value} \
             WHERE {is_of_page} ORDER BY record_id",
            is_of_page = batch.has_link(link)
        );
        let rows: Vec<CaptionRow> = reader.many_rows(&sql).await?;
        let captions = rows.into_iter().map(|(link, value_id, store, label, position, disabled)| {
            ((value_id, link), store, Caption { label, position, is_disabled: disabled != 0 })
        });
        let captions = captions.collect();
        let of_videos = entries.all().filter(|entry| entry.is_video).map(|entry| entry.value_id).collect();
        let videos = videos(reader, &of_videos).await?;
        Ok(Some(Self { entries, captions, videos }))
    }

    pub(super) fn put(&self, fields: &mut Draft, base: &Base<'_>, product: &Product, index: usize, view: &View) {
        let store = view.store.id;
        let entries = self.entries.of(index);
        let mut files: Vec<File<'_>> = Vec::with_capacity(entries.len());
        for entry in entries {
            let key = (entry.value_id, entry.link);
            let captions = [self.captions.own(key, store), self.captions.own(key, DEFAULT)];
            let captions = || captions.into_iter().flatten();
            let position = captions().find_map(|caption| caption.position).unwrap_or_default();
            files.push(File {
                entry,
                url: [view.image_base.as_str(), &entry.file].concat(),
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
        put(fields, "images", list_or_null(of(false).map(File::image).collect()));
        put(fields, "videos", list_or_null(of(true).map(File::video).collect()));
        put(fields, "media_gallery", list_or_null(files.iter().map(File::old_form).collect()));
    }

    /// The parts that are not empty, each laid over its default.
    fn video(&self, entry: &Entry, store: u32) -> Option<Value> {
        let rows = [self.videos.own(entry.value_id, store), self.videos.own(entry.value_id, DEFAULT)];
        let mut parts = Map::new();
        for (place, name) in VIDEO_PARTS.into_iter().enumerate() {
            let text = rows.into_iter().flatten().find_map(|row| row[place].as_deref()).unwrap_or_default();
            // To the exporter's language "0" is as empty as nothing.
            if !matches!(text, "" | "0") {
                parts.insert(name.to_owned(), Value::from(text));
            }
        }
        if parts.is_empty() {
            return None;
        }
        parts.insert("mediaType".to_owned(), Value::from(VIDEO));
        Some(Value::Object(parts))
    }
}

/// A file as a store view has it.
struct File<'a> {
    entry: &'a Entry,
    url: String,
    label: &'a str,
    position: i64,
    roles: Vec<&'static str>,
    is_hidden: bool,
    order: [u8; 20],
    video: Option<Value>,
}

impl File<'_> {
    fn image(&self) -> Value {
        object([("resource", self.resource()), ("sortOrder", self.position.to_string().into())])
    }

    fn video(&self) -> Value {
        object([
            ("preview", self.resource()),
            ("video", self.video.clone().into()),
            ("sortOrder", self.position.to_string().into()),
        ])
    }

    fn resource(&self) -> Value {
        let mut roles = self.roles.clone();
        if self.is_hidden {
            roles.push(HIDDEN);
        }
        object([("url", self.url.as_str().into()), ("label", self.label.into()), ("roles", words(&roles))])
    }

    fn old_form(&self) -> Value {
        let types = words(&self.roles);
        let mut form = object([
            ("url", self.url.as_str().into()),
            ("label", self.label.into()),
            ("types", types),
            ("sort_order", self.position.into()),
        ]);
        if let Some(video) = &self.video {
            form["video_attributes"] = video.clone();
        }
        form
    }
}

fn words(words: &[&str]) -> Value {
    list_or_null(words.iter().map(|word| Value::from(*word)).collect())
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
