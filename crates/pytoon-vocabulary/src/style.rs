//! Named styles of briefs and presets. Other crates draw or play them.

/// Declares an enum whose variants have names in files.
#[macro_export]
macro_rules! named_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident => $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// All variants, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the variant's name as written in files.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Returns the variant with the given name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|member| member.as_str() == name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

named_enum! {
    /// A caption look.
    CaptionLook {
        /// A dark bar with up to nine words.
        Classic => "classic",
        /// Up to six words with a chip behind the active one.
        Karaoke => "karaoke",
        /// Up to three large words that pop in with the voice.
        Pop => "pop",
        /// Up to four capital words with a dark outline; the active one is in the accent colour.
        Bold => "bold",
        /// Dark words on a white box for each line, with a mark behind the active word.
        Boxed => "boxed",
        /// One very large word at a time.
        Single => "single",
        /// Monospaced words that appear with the voice, and a caret.
        Typewriter => "typewriter",
        /// Quiet words over a soft shade, which turn white as they are spoken.
        Minimal => "minimal",
    }
}

named_enum! {
    /// A drawn background.
    Background {
        /// Soft colour fields that drift.
        Mesh => "mesh",
        /// Curtains of light.
        Aurora => "aurora",
        /// Discs of light and a warm light leak.
        BokehLeak => "bokeh_leak",
        /// Torn sheets of paper.
        Paper => "paper",
        /// Circles and lines on a grid.
        Swiss => "swiss",
        /// Points of light.
        Particles => "particles",
        /// Merging drops.
        Blobs => "blobs",
        /// A raster of dots.
        Halftone => "halftone",
    }
}

named_enum! {
    /// A mood of generated music.
    MusicMood {
        /// Bright music with claps, for products and companies.
        UpbeatCorporate => "upbeat_corporate",
        /// Soft piano and pads.
        Calm => "calm",
        /// Strings that swell.
        Cinematic => "cinematic",
        /// Swung electric piano with drums and vinyl noise.
        Lofi => "lofi",
        /// A four-on-the-floor beat.
        Energetic => "energetic",
    }
}

named_enum! {
    /// A sound effect that follows the picture.
    SoundEffect {
        /// A rush of air, for a picture that moves in.
        Whoosh => "whoosh",
        /// A soft bubble, for a label that appears.
        Pop => "pop",
        /// A rising tone that ends where the last scene begins.
        Riser => "riser",
        /// A dry tick, for a figure that reaches its value.
        Click => "click",
    }
}

named_enum! {
    /// A way to set a spoken sentence as moving type.
    Treatment {
        /// Words appear one by one with the voice, as large as the page allows.
        WordByWord => "word_by_word",
        /// Lines rise from a clip edge and are wiped in with the voice.
        LineBuild => "line_build",
        /// A number or a sum of money counts up, and the other words support it.
        CountUp => "count_up",
        /// The items of an enumeration build one under another, each with a bullet.
        List => "list",
        /// A calm setting under a large quotation mark, with a smaller attribution.
        Quotation => "quotation",
        /// Two opposed parts as two blocks, of which one is dimmed or struck through.
        Contrast => "contrast",
    }
}
