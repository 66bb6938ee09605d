"""A plain exporter of products, as one would write it in an afternoon: pymysql, PyJWT, requests, 100 items a batch.

It keeps no ledger, compares nothing and repeats nothing, and its items have fewer fields. It reads 100 products at a time, each store
view by itself, and sends every item. Run by the bench in a process of its own; prints the number of items.

    exporter.py SOCKET DATABASE URL DATA_SPACE API_KEY PRIVATE_KEY_FILE
"""

import collections
import gzip
import json
import sys
import time

import jwt
import pymysql
import requests

BATCH = 100
ROUTE = "/feeds/catalog/v2/products/"
KINDS = ("datetime", "decimal", "int", "text", "varchar")


def rows(database, sql, *values):
    with database.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


class Sender:
    def __init__(self, url, data_space, api_key, key_file):
        self.address = url + ROUTE + data_space
        self.api_key, self.key = api_key, open(key_file).read()
        self.session, self.expires = requests.Session(), 0

    def send(self, items):
        if time.time() > self.expires - 60:
            self.expires = int(time.time()) + 600
            token = jwt.encode({"exp": self.expires}, self.key, "RS256")
            self.session.headers.update({"x-api-key": self.api_key, "x-gw-signature": token, "Content-Type": "application/json",
                                         "Content-Encoding": "gzip"})
        self.session.post(self.address, data=gzip.compress(json.dumps(items).encode(), 6), timeout=60).raise_for_status()


class Shop:
    """What all items share, read once."""

    def __init__(self, database):
        self.views = rows(database, """SELECT s.store_id, s.code, g.code, w.website_id, w.code FROM store s
            JOIN store_group g USING (group_id) JOIN store_website w ON w.website_id = s.website_id WHERE s.store_id > 0""")
        self.codes = dict(rows(database, "SELECT attribute_id, attribute_code FROM eav_attribute WHERE entity_type_id = 4"))
        self.selects = {code for code, in rows(database, """SELECT attribute_code FROM eav_attribute
            WHERE entity_type_id = 4 AND frontend_input IN ('select', 'multiselect') AND backend_type <> 'static'""")}
        self.labels = collections.defaultdict(dict)
        for option, store, label in rows(database, "SELECT option_id, store_id, value FROM eav_attribute_option_value"):
            self.labels[store][str(option)] = label
        self.categories = dict(rows(database, """SELECT entity_id, value FROM catalog_category_entity_varchar WHERE store_id = 0 AND
            attribute_id = (SELECT attribute_id FROM eav_attribute WHERE attribute_code = 'url_path' AND entity_type_id = 3)"""))


def page(database, shop, website, last):
    return rows(database, """SELECT e.entity_id, e.sku, e.type_id, e.created_at, e.updated_at FROM catalog_product_entity e
        JOIN catalog_product_website w ON w.product_id = e.entity_id AND w.website_id = %s
        WHERE e.entity_id > %s ORDER BY e.entity_id LIMIT %s""", website, last, BATCH)


def items(database, shop, view, products):
    store, view_code, store_code, _, website_code = view
    ids = tuple(product[0] for product in products)
    values = collections.defaultdict(dict)
    for kind in KINDS:
        for entity, attribute, value in rows(database, """SELECT entity_id, attribute_id, value FROM catalog_product_entity_%s
                WHERE entity_id IN %%s AND store_id IN (0, %%s) ORDER BY store_id""" % kind, ids, store):
            values[entity][shop.codes.get(attribute)] = value
    categories, images, stock, parents = (collections.defaultdict(list) for _ in range(4))
    for entity, category in rows(database, "SELECT product_id, category_id FROM catalog_category_product WHERE product_id IN %s", ids):
        categories[entity].append(shop.categories.get(category))
    for entity, value, label, position in rows(database, """SELECT t.entity_id, g.value, v.label, v.position
            FROM catalog_product_entity_media_gallery_value_to_entity t JOIN catalog_product_entity_media_gallery g USING (value_id)
            LEFT JOIN catalog_product_entity_media_gallery_value v ON v.value_id = t.value_id AND v.store_id = 0
            WHERE t.entity_id IN %s""", ids):
        images[entity].append({"resource": {"url": value, "label": label}, "sortOrder": position})
    for entity, status in rows(database, "SELECT product_id, stock_status FROM cataloginventory_stock_status WHERE product_id IN %s", ids):
        stock[entity].append(status)
    for entity, sku in rows(database, """SELECT l.product_id, p.sku FROM catalog_product_super_link l
            JOIN catalog_product_entity p ON p.entity_id = l.parent_id WHERE l.product_id IN %s""", ids):
        parents[entity].append({"sku": sku, "productType": "configurable"})
    labels = {**shop.labels[0], **shop.labels[store]}
    for entity, sku, kind, created, updated in products:
        own = values[entity]
        attributes = [{"attributeCode": code, "value": [labels.get(str(value), str(value)) if code in shop.selects else str(value)]}
                      for code, value in own.items() if value is not None]
        yield {"sku": sku, "productId": entity, "type": kind, "storeViewCode": view_code, "storeCode": store_code,
               "websiteCode": website_code, "name": own.get("name"), "urlKey": own.get("url_key"), "description": own.get("description"),
               "shortDescription": own.get("short_description"), "metaTitle": own.get("meta_title"),
               "status": "Enabled" if own.get("status") == 1 else "Disabled", "visibility": str(own.get("visibility")),
               "displayable": own.get("status") == 1 and own.get("visibility") != 1, "inStock": 1 in stock[entity],
               "weight": float(own["weight"]) if own.get("weight") is not None else None, "categories": categories[entity],
               "images": images[entity], "parents": parents[entity], "attributes": attributes,
               "createdAt": str(created), "modifiedAt": str(updated)}


def main(socket, name, url, data_space, api_key, key_file):
    database = pymysql.connect(unix_socket=socket, user="root", database=name, charset="utf8mb4")
    shop, sender, sent = Shop(database), Sender(url, data_space, api_key, key_file), 0
    for view in shop.views:
        last = 0
        while products := page(database, shop, view[3], last):
            batch = list(items(database, shop, view, products))
            sender.send(batch)
            sent, last = sent + len(batch), products[-1][0]
    print(sent)


main(*sys.argv[1:])
