//! Finds the file paths in a brief, so that callers can check or rewrite them.

use super::{BrandField, Brief, Logo, MediaFile};
use pytoon_vocabulary::MusicMood;

impl Brief {
    /// Returns a mutable reference to every file path in the brief, with the field that contains it.
    pub fn files_mut(&mut self) -> Vec<(String, &mut String)> {
        let mut files: Vec<(String, &mut String)> = Vec::new();
        for (index, media) in self.media_files.iter_mut().enumerate() {
            let path = match media {
                MediaFile::Path(path) => path,
                MediaFile::Detailed(entry) => &mut entry.path,
            };
            files.push((format!("media_files[{index}]"), path));
        }
        files.extend(self.voice_file.as_mut().map(|path| ("voice_file".to_owned(), path)));
        let music = self.music_source.as_mut();
        let music = music.filter(|name| *name != "none" && MusicMood::from_name(name).is_none());
        files.extend(music.map(|path| ("music_source".to_owned(), path)));
        if let Some(BrandField::Inline(kit)) = &mut self.brand {
            let font = kit.font.as_mut().filter(|font| is_file(font));
            files.extend(font.map(|path| ("brand.font".to_owned(), path)));
            files.extend(kit.logo.as_mut().map(|logo| match logo {
                Logo::Path(path) => ("brand.logo".to_owned(), path),
                Logo::Placed(placed) => ("brand.logo.path".to_owned(), &mut placed.path),
            }));
        }
        for (index, overlay) in self.overlays.iter_mut().enumerate() {
            let image = overlay.image.as_mut();
            files.extend(image.map(|path| (format!("overlays[{index}].image"), path)));
        }
        for (index, scene) in self.scenes.iter_mut().enumerate() {
            let media = scene.media.as_mut();
            files.extend(media.map(|path| (format!("scenes[{index}].media"), path)));
        }
        files
    }
}

/// Returns true if `font` is a path or a font file's name, not the name of a font family.
fn is_file(font: &str) -> bool {
    let lower = font.to_lowercase();
    font.contains('/') || [".ttf", ".otf", ".ttc", ".woff2"].iter().any(|end| lower.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_and_nothing_else() {
        let text = r#"{"media_files": ["a.png", {"path": "b.mp4", "keep_audio": true}],
            "voice_file": "v.wav", "music_source": "m.mp3",
            "brand": {"font": "Inter", "logo": {"path": "l.png"}},
            "overlays": [{"text": "x"}, {"image": "o.png"}],
            "scenes": [{"scene": 1, "media": "c.png"}, {"scene": 2}]}"#;
        let mut brief: Brief = serde_json::from_str(text).expect("a brief");
        let found: Vec<(String, String)> =
            brief.files_mut().into_iter().map(|(field, path)| (field, path.clone())).collect();
        let paths: Vec<&str> = found.iter().map(|(_, path)| path.as_str()).collect();
        assert_eq!(paths, ["a.png", "b.mp4", "v.wav", "m.mp3", "l.png", "o.png", "c.png"]);
        assert_eq!(found[5].0, "overlays[1].image");
        let mut plain: Brief =
            serde_json::from_str(r#"{"music_source": "calm", "brand": "shop"}"#).expect("a brief");
        assert!(plain.files_mut().is_empty());
        let mut font: Brief =
            serde_json::from_str(r#"{"brand": {"font": "own/Face.TTF"}}"#).expect("a brief");
        assert_eq!(font.files_mut().len(), 1);
    }
}
