//! Lists the font files of the looks and of the fallback chain by script, for the caller that locates them and for a
//! health report.

/// A group of writing systems that share font files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum FontScript {
    /// Latin, Greek, Cyrillic and common punctuation.
    Latin,
    Arabic,
    Hebrew,
    Devanagari,
    Bengali,
    Gurmukhi,
    Gujarati,
    Tamil,
    Telugu,
    Kannada,
    Malayalam,
    Thai,
    Armenian,
    Georgian,
    Ethiopic,
    Syriac,
    Thaana,
    Nko,
    Oriya,
    Sinhala,
    Lao,
    Tibetan,
    Myanmar,
    Cherokee,
    CanadianAboriginal,
    Khmer,
    Mongolian,
    TaiTham,
    Balinese,
    Sundanese,
    OlChiki,
    Coptic,
    Tifinagh,
    Yi,
    Lisu,
    Javanese,
    Cham,
    MeeteiMayek,
    Adlam,
    /// Chinese, Japanese and Korean.
    Cjk,
    Emoji,
    /// Arrows, dingbats and mathematical signs.
    Symbols,
}

/// A font that the caller should locate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedFont {
    /// The family name in the font files.
    pub family: &'static str,
    /// The file names of the family's fonts. Every one that is installed is loaded.
    pub file_names: &'static [&'static str],
    /// The Debian package that contains the font files.
    pub package: &'static str,
    /// The script that needs the font.
    pub script: FontScript,
}

const fn font(
    family: &'static str,
    file_names: &'static [&'static str],
    package: &'static str,
    script: FontScript,
) -> WantedFont {
    WantedFont { family, file_names, package, script }
}

/// The monospaced family. Only a style that names it uses it for letters that another family has.
pub(crate) const MONOSPACED: &str = "Noto Sans Mono";

/// All fonts of the looks and of the fallback chain, best first.
pub const WANTED_FONTS: &[WantedFont] = &[
    font(
        "Inter",
        &[
            "Inter-Medium.otf",
            "Inter-SemiBold.otf",
            "Inter-Bold.otf",
            "Inter-ExtraBold.otf",
            "Inter-Black.otf",
        ],
        "fonts-inter",
        FontScript::Latin,
    ),
    font(
        "Open Sans",
        &["OpenSans-Semibold.ttf", "OpenSans-ExtraBold.ttf"],
        "fonts-open-sans",
        FontScript::Latin,
    ),
    font("Lato", &["Lato-Semibold.ttf", "Lato-Black.ttf"], "fonts-lato", FontScript::Latin),
    font("Noto Sans", &["NotoSans-Bold.ttf"], "fonts-noto-core", FontScript::Latin),
    font(MONOSPACED, &["NotoSansMono-SemiBold.ttf"], "fonts-noto-extra", FontScript::Latin),
    font(
        "Noto Sans",
        &["NotoSans-SemiBold.ttf", "NotoSans-Black.ttf"],
        "fonts-noto-extra",
        FontScript::Latin,
    ),
    font("Noto Sans Arabic", &["NotoSansArabic-Bold.ttf"], "fonts-noto-core", FontScript::Arabic),
    font(
        "Noto Sans Arabic",
        &["NotoSansArabic-SemiBold.ttf", "NotoSansArabic-Black.ttf"],
        "fonts-noto-extra",
        FontScript::Arabic,
    ),
    font("Noto Sans Hebrew", &["NotoSansHebrew-Bold.ttf"], "fonts-noto-core", FontScript::Hebrew),
    font(
        "Noto Sans Devanagari",
        &["NotoSansDevanagari-Bold.ttf"],
        "fonts-noto-core",
        FontScript::Devanagari,
    ),
    font(
        "Noto Sans Devanagari",
        &["NotoSansDevanagari-SemiBold.ttf", "NotoSansDevanagari-Black.ttf"],
        "fonts-noto-extra",
        FontScript::Devanagari,
    ),
    font(
        "Noto Sans Bengali",
        &["NotoSansBengali-Bold.ttf"],
        "fonts-noto-core",
        FontScript::Bengali,
    ),
    font(
        "Noto Sans Gurmukhi",
        &["NotoSansGurmukhi-Bold.ttf"],
        "fonts-noto-core",
        FontScript::Gurmukhi,
    ),
    font(
        "Noto Sans Gujarati",
        &["NotoSansGujarati-Bold.ttf"],
        "fonts-noto-core",
        FontScript::Gujarati,
    ),
    font("Noto Sans Tamil", &["NotoSansTamil-Bold.ttf"], "fonts-noto-core", FontScript::Tamil),
    font("Noto Sans Telugu", &["NotoSansTelugu-Bold.ttf"], "fonts-noto-core", FontScript::Telugu),
    font(
        "Noto Sans Kannada",
        &["NotoSansKannada-Bold.ttf"],
        "fonts-noto-core",
        FontScript::Kannada,
    ),
    font(
        "Noto Sans Malayalam",
        &["NotoSansMalayalam-Bold.ttf"],
        "fonts-noto-core",
        FontScript::Malayalam,
    ),
    font("Noto Sans Thai", &["NotoSansThai-Bold.ttf"], "fonts-noto-core", FontScript::Thai),
    font(
        "Noto Sans Armenian",
        &["NotoSansArmenian-Bold.ttf"],
        "fonts-noto-core",
        FontScript::Armenian,
    ),
    font(
        "Noto Sans Georgian",
        &["NotoSansGeorgian-Bold.ttf"],
        "fonts-noto-core",
        FontScript::Georgian,
    ),
    font(
        "Noto Sans Ethiopic",
        &["NotoSansEthiopic-Bold.ttf"],
        "fonts-noto-core",
        FontScript::Ethiopic,
    ),
    font(
        "Noto Sans Syriac",
        &["NotoSansSyriac-Black.ttf", "NotoSansSyriac-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Syriac,
    ),
    font(
        "Noto Sans Thaana",
        &["NotoSansThaana-Bold.ttf", "NotoSansThaana-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Thaana,
    ),
    font("Noto Sans NKo", &["NotoSansNKo-Regular.ttf"], "fonts-noto-core", FontScript::Nko),
    font(
        "Noto Sans Oriya",
        &["NotoSansOriya-Bold.ttf", "NotoSansOriya-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Oriya,
    ),
    font(
        "Noto Sans Sinhala",
        &["NotoSansSinhala-Bold.ttf", "NotoSansSinhala-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Sinhala,
    ),
    font(
        "Noto Sans Lao",
        &["NotoSansLao-Bold.ttf", "NotoSansLao-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Lao,
    ),
    font(
        "Noto Serif Tibetan",
        &["NotoSerifTibetan-Bold.ttf", "NotoSerifTibetan-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Tibetan,
    ),
    font(
        "Noto Sans Myanmar",
        &["NotoSansMyanmar-Bold.ttf", "NotoSansMyanmar-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Myanmar,
    ),
    font(
        "Noto Sans Cherokee",
        &["NotoSansCherokee-Bold.ttf", "NotoSansCherokee-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Cherokee,
    ),
    font(
        "Noto Sans Canadian Aboriginal",
        &["NotoSansCanadianAboriginal-Bold.ttf", "NotoSansCanadianAboriginal-Regular.ttf"],
        "fonts-noto-core",
        FontScript::CanadianAboriginal,
    ),
    font(
        "Noto Sans Khmer",
        &["NotoSansKhmer-Bold.ttf", "NotoSansKhmer-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Khmer,
    ),
    font(
        "Noto Sans Mongolian",
        &["NotoSansMongolian-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Mongolian,
    ),
    font(
        "Noto Sans Tai Tham",
        &["NotoSansTaiTham-Bold.ttf", "NotoSansTaiTham-Regular.ttf"],
        "fonts-noto-core",
        FontScript::TaiTham,
    ),
    font(
        "Noto Sans Balinese",
        &["NotoSansBalinese-Bold.ttf", "NotoSansBalinese-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Balinese,
    ),
    font(
        "Noto Sans Sundanese",
        &["NotoSansSundanese-Bold.ttf", "NotoSansSundanese-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Sundanese,
    ),
    font(
        "Noto Sans Ol Chiki",
        &["NotoSansOlChiki-Bold.ttf", "NotoSansOlChiki-Regular.ttf"],
        "fonts-noto-core",
        FontScript::OlChiki,
    ),
    font(
        "Noto Sans Coptic",
        &["NotoSansCoptic-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Coptic,
    ),
    font(
        "Noto Sans Tifinagh",
        &["NotoSansTifinagh-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Tifinagh,
    ),
    font("Noto Sans Yi", &["NotoSansYi-Regular.ttf"], "fonts-noto-core", FontScript::Yi),
    font(
        "Noto Sans Lisu",
        &["NotoSansLisu-Bold.ttf", "NotoSansLisu-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Lisu,
    ),
    font(
        "Noto Sans Javanese",
        &["NotoSansJavanese-Bold.ttf", "NotoSansJavanese-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Javanese,
    ),
    font(
        "Noto Sans Cham",
        &["NotoSansCham-Bold.ttf", "NotoSansCham-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Cham,
    ),
    font(
        "Noto Sans Meetei Mayek",
        &["NotoSansMeeteiMayek-Bold.ttf", "NotoSansMeeteiMayek-Regular.ttf"],
        "fonts-noto-core",
        FontScript::MeeteiMayek,
    ),
    font(
        "Noto Sans Adlam",
        &["NotoSansAdlam-Bold.ttf", "NotoSansAdlam-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Adlam,
    ),
    font("Noto Sans CJK", &["NotoSansCJK-Bold.ttc"], "fonts-noto-cjk", FontScript::Cjk),
    font("Noto Sans CJK", &["NotoSansCJK-Black.ttc"], "fonts-noto-cjk-extra", FontScript::Cjk),
    font("Noto Color Emoji", &["NotoColorEmoji.ttf"], "fonts-noto-color-emoji", FontScript::Emoji),
    font(
        "Noto Sans Symbols",
        &["NotoSansSymbols-Bold.ttf"],
        "fonts-noto-core",
        FontScript::Symbols,
    ),
    font(
        "Noto Sans Symbols 2",
        &["NotoSansSymbols2-Regular.ttf"],
        "fonts-noto-core",
        FontScript::Symbols,
    ),
    font("Noto Sans Math", &["NotoSansMath-Regular.ttf"], "fonts-noto-core", FontScript::Symbols),
];
