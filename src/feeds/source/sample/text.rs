//! The words of the sample shop, in the languages of its two store views.

/// A text in English and in German.
pub(super) type Text = [&'static str; 2];

/// A category below a top category: where products are.
pub(super) struct Leaf {
    pub(super) name: Text,
    pub(super) url_key: Text,
    /// How SKUs of its products begin.
    pub(super) prefix: &'static str,
    pub(super) nouns: &'static [Text],
    pub(super) materials: &'static [Text],
}

/// A top category with its leaves.
pub(super) struct Top {
    pub(super) name: Text,
    pub(super) url_key: Text,
    pub(super) leaves: [Leaf; 3],
}

const CERAMIC: &[Text] = &[["stoneware", "Steinzeug"], ["porcelain", "Porzellan"], ["terracotta", "Terrakotta"]];
const METAL: &[Text] = &[["cast iron", "Gusseisen"], ["copper", "Kupfer"], ["stainless steel", "Edelstahl"]];
const WOOD: &[Text] = &[["oak", "Eiche"], ["walnut", "Nussbaum"], ["ash", "Esche"], ["olive wood", "Olivenholz"]];
const CLOTH: &[Text] = &[["linen", "Leinen"], ["wool", "Wolle"], ["cotton", "Baumwolle"], ["felt", "Filz"]];
const TOUGH: &[Text] = &[["canvas", "Segeltuch"], ["waxed cotton", "Wachstuch"], ["leather", "Leder"]];

const fn leaf(
    prefix: &'static str,
    name: Text,
    url_key: Text,
    nouns: &'static [Text],
    materials: &'static [Text],
) -> Leaf {
    Leaf { name, url_key, prefix, nouns, materials }
}

/// The tree below the root category.
pub(super) const TOPS: [Top; 6] = [
    Top {
        name: ["Kitchen", "Küche"],
        url_key: ["kitchen", "kueche"],
        leaves: [
            leaf(
                "KC",
                ["Cups and jugs", "Tassen und Krüge"],
                ["cups-jugs", "tassen-kruege"],
                &[["mug", "Becher"], ["jug", "Krug"], ["teapot", "Teekanne"]],
                CERAMIC,
            ),
            leaf(
                "KP",
                ["Pots and pans", "Töpfe und Pfannen"],
                ["pots-pans", "toepfe-pfannen"],
                &[["pan", "Pfanne"], ["stockpot", "Suppentopf"], ["kettle", "Kessel"]],
                METAL,
            ),
            leaf(
                "KB",
                ["Boards and bowls", "Bretter und Schalen"],
                ["boards-bowls", "bretter-schalen"],
                &[["cutting board", "Schneidebrett"], ["salad bowl", "Salatschale"], ["tray", "Tablett"]],
                WOOD,
            ),
        ],
    },
    Top {
        name: ["Living", "Wohnen"],
        url_key: ["living", "wohnen"],
        leaves: [
            leaf(
                "LT",
                ["Throws and cushions", "Decken und Kissen"],
                ["throws-cushions", "decken-kissen"],
                &[["throw", "Decke"], ["cushion", "Kissen"], ["curtain", "Vorhang"]],
                CLOTH,
            ),
            leaf(
                "LV",
                ["Vases", "Vasen"],
                ["vases", "vasen"],
                &[["vase", "Vase"], ["planter", "Übertopf"], ["candle holder", "Kerzenhalter"]],
                CERAMIC,
            ),
            leaf(
                "LS",
                ["Stools and shelves", "Hocker und Regale"],
                ["stools-shelves", "hocker-regale"],
                &[["stool", "Hocker"], ["wall shelf", "Wandregal"], ["side table", "Beistelltisch"]],
                WOOD,
            ),
        ],
    },
    Top {
        name: ["Garden", "Garten"],
        url_key: ["garden", "garten"],
        leaves: [
            leaf(
                "GT",
                ["Garden tools", "Gartengeräte"],
                ["garden-tools", "gartengeraete"],
                &[["trowel", "Pflanzkelle"], ["hand rake", "Handharke"], ["secateurs", "Gartenschere"]],
                METAL,
            ),
            leaf(
                "GP",
                ["Plant pots", "Pflanztöpfe"],
                ["plant-pots", "pflanztoepfe"],
                &[["plant pot", "Pflanztopf"], ["herb box", "Kräuterkasten"], ["saucer", "Untersetzer"]],
                CERAMIC,
            ),
            leaf(
                "GF",
                ["Garden furniture", "Gartenmöbel"],
                ["garden-furniture", "gartenmoebel"],
                &[["bench", "Bank"], ["folding chair", "Klappstuhl"], ["bird table", "Vogelhaus"]],
                WOOD,
            ),
        ],
    },
    Top {
        name: ["Travel", "Reise"],
        url_key: ["travel", "reise"],
        leaves: [
            leaf(
                "TB",
                ["Bags", "Taschen"],
                ["bags", "taschen"],
                &[["rucksack", "Rucksack"], ["holdall", "Reisetasche"], ["tote bag", "Umhängetasche"]],
                TOUGH,
            ),
            leaf(
                "TC",
                ["Cases and pouches", "Etuis und Beutel"],
                ["cases-pouches", "etuis-beutel"],
                &[["wash bag", "Kulturbeutel"], ["pencil case", "Federmappe"], ["passport case", "Passhülle"]],
                TOUGH,
            ),
            leaf(
                "TF",
                ["Flasks", "Flaschen"],
                ["flasks", "flaschen"],
                &[["flask", "Trinkflasche"], ["lunch box", "Brotdose"], ["camping mug", "Campingbecher"]],
                METAL,
            ),
        ],
    },
    Top {
        name: ["Wardrobe", "Kleidung"],
        url_key: ["wardrobe", "kleidung"],
        leaves: [
            leaf(
                "WS",
                ["Shirts", "Hemden"],
                ["shirts", "hemden"],
                &[["shirt", "Hemd"], ["work shirt", "Arbeitshemd"], ["nightshirt", "Nachthemd"]],
                CLOTH,
            ),
            leaf(
                "WJ",
                ["Jackets", "Jacken"],
                ["jackets", "jacken"],
                &[["jacket", "Jacke"], ["waistcoat", "Weste"], ["rain coat", "Regenmantel"]],
                TOUGH,
            ),
            leaf(
                "WA",
                ["Accessories", "Accessoires"],
                ["accessories", "accessoires"],
                &[["scarf", "Schal"], ["cap", "Mütze"], ["gloves", "Handschuhe"]],
                CLOTH,
            ),
        ],
    },
    Top {
        name: ["Workshop", "Werkstatt"],
        url_key: ["workshop", "werkstatt"],
        leaves: [
            leaf(
                "HT",
                ["Hand tools", "Handwerkzeug"],
                ["hand-tools", "handwerkzeug"],
                &[["hammer", "Hammer"], ["bevel", "Schmiege"], ["marking gauge", "Streichmaß"]],
                METAL,
            ),
            leaf(
                "HA",
                ["Aprons and rolls", "Schürzen und Rollen"],
                ["aprons-rolls", "schuerzen-rollen"],
                &[["apron", "Schürze"], ["tool roll", "Werkzeugrolle"], ["knee pads", "Knieschoner"]],
                TOUGH,
            ),
            leaf(
                "HB",
                ["Boxes", "Kisten"],
                ["boxes", "kisten"],
                &[["tool box", "Werkzeugkiste"], ["drawer", "Schublade"], ["crate", "Stiege"]],
                WOOD,
            ),
        ],
    },
];

/// Invented model names, the same in every language.
pub(super) const MODELS: [&str; 32] = [
    "Alvar", "Brenna", "Corvin", "Dalby", "Elwin", "Fjora", "Grendal", "Hesper", "Ildra", "Jorun", "Kelda", "Lowen",
    "Marrow", "Nessa", "Orla", "Perrin", "Quill", "Rowanne", "Selby", "Tarn", "Ulfa", "Verran", "Wend", "Yarrow",
    "Zella", "Askel", "Birk", "Cairn", "Dorrit", "Eskil", "Fenna", "Gorm",
];

/// Values of the attribute `color`.
pub(super) const COLOURS: [Text; 8] = [
    ["Slate", "Schiefer"],
    ["Moss", "Moos"],
    ["Ochre", "Ocker"],
    ["Chalk", "Kreide"],
    ["Rust", "Rost"],
    ["Ink", "Tinte"],
    ["Sand", "Sand"],
    ["Plum", "Pflaume"],
];

/// Values of the attribute `origin`.
pub(super) const ORIGINS: [Text; 5] = [
    ["Portugal", "Portugal"],
    ["Germany", "Deutschland"],
    ["Scotland", "Schottland"],
    ["Denmark", "Dänemark"],
    ["Slovenia", "Slowenien"],
];

/// Values of the attribute `size`, the one that variants differ in.
pub(super) const SIZES: [&str; 3] = ["S", "M", "L"];
