//! The overlays of titles, end cards and logos.

use pytoon_core::brief::{
    BrandKit, Brief, Corner, END_CARD_MS, Logo, LogoShow, OverlayMove, Position, TITLE_MS,
};
use pytoon_core::note::{self, Note};
use pytoon_core::timeline::OverlayRequest;
use pytoon_core::timeline::{OverlayContent, logo_place};
use pytoon_media::picture;
use std::path::Path;

/// Returns the overlays of a brief's title and end card, and of the brand's logo. The positions of titles are chosen with
/// the layout.
pub(crate) fn overlays(brief: &Brief, kit: &BrandKit) -> (Vec<OverlayRequest>, Option<Note>) {
    let mut out = cards(brief, kit);
    let Some(logo) = &kit.logo else { return (out, None) };
    let (path, show, corner) = match logo {
        Logo::Path(path) => (path, LogoShow::Watermark, None),
        Logo::Placed(placed) => (&placed.path, placed.show, placed.corner),
    };
    // A watermark would be in the way of the card.
    let before_card = brief.end_card.as_ref().map(|_| -END_CARD_MS);
    let logo = logo_overlay(path, LogoShow::Watermark, corner);
    let share = share_of_corner(path, logo.width);
    let width = logo.width * share;
    let watermark = OverlayRequest { end_ms: before_card, width, ..logo };
    let is_shown = show == LogoShow::Watermark || brief.brand_safe == Some(true);
    let note = (share < 1.0 && is_shown).then(|| Note::LogoReduced {
        file: note::file_name(path),
        percent: (share * 100.0).round() as u32,
    });
    match show {
        LogoShow::Watermark => out.push(watermark),
        LogoShow::Outro => {
            out.push(logo_overlay(path, show, corner));
            // A brand-safe film carries its mark after the first seconds, whatever its outro is.
            if brief.brand_safe == Some(true) {
                out.push(watermark);
            }
        }
    }
    (out, note)
}

/// Returns the factor, at most 1, by which a logo must be narrower than `width` so that it is not higher than a corner of
/// the frame has room for.
fn share_of_corner(path: &str, width: f64) -> f64 {
    /// The largest height of a logo in a corner, as a fraction of the frame's shorter side.
    const HIGHEST: f64 = 0.22;
    let size = picture::stored_size(Path::new(path));
    let height = size.map_or(0.0, |(w, h)| width * f64::from(h) / f64::from(w.max(1)));
    if height > HIGHEST { HIGHEST / height } else { 1.0 }
}

/// Returns the overlays of the title and the end card. Their positions are chosen with the layout.
fn cards(brief: &Brief, kit: &BrandKit) -> Vec<OverlayRequest> {
    let card = |text: &str, detail: Option<String>, start_ms: i64, end_ms: Option<i64>| {
        let content = OverlayContent::Title { text: text.trim().to_owned(), detail };
        let position = Position::Top;
        OverlayRequest {
            content,
            position,
            width: 1.0,
            opacity: 1.0,
            start_ms,
            end_ms,
            scene: None,
            animation: OverlayMove::Fade,
            is_free: false,
        }
    };
    let title = brief.title.iter().map(|title| card(title, None, 0, Some(TITLE_MS)));
    let mut out: Vec<OverlayRequest> = title.collect();
    let Some(end) = &brief.end_card else { return out };
    if end.call_to_action.is_some() || end.address.is_some() {
        let words = end.call_to_action.as_deref().unwrap_or_default();
        let address = end.address.as_ref().map(|address| address.trim().to_owned());
        out.push(card(words, address, -END_CARD_MS, None));
    }
    // A logo that the kit shows at the end is already there.
    let path = match &kit.logo {
        Some(Logo::Path(path)) => Some(path),
        Some(Logo::Placed(placed)) if placed.show == LogoShow::Watermark => Some(&placed.path),
        _ => None,
    };
    if let Some(path) = path.filter(|_| end.logo) {
        let logo = logo_overlay(path, LogoShow::Outro, None);
        out.push(OverlayRequest { start_ms: -END_CARD_MS, ..logo });
    }
    out
}

/// Creates the overlay of a logo. It appears after the first three seconds or, as an outro, in the last two.
fn logo_overlay(path: &str, show: LogoShow, corner: Option<Corner>) -> OverlayRequest {
    let (position, width, opacity) = logo_place(show);
    let corner = corner.filter(|_| show == LogoShow::Watermark);
    let position = corner.map_or(position, Position::from);
    OverlayRequest {
        content: OverlayContent::Image { asset: path.to_owned() },
        position,
        width,
        opacity,
        start_ms: if show == LogoShow::Outro { -2000 } else { 3000 },
        end_ms: None,
        scene: None,
        animation: OverlayMove::Fade,
        is_free: show == LogoShow::Watermark && corner.is_none(),
    }
}
