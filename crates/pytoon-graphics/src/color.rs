//! Colour conversions and contrast: hex, BT.709 Y'CbCr, OKLab.
//!
//! Guarantees: sRGB-coded R'G'B' is used directly as BT.709 R'G'B' (no transfer change), as in editors and on
//! platforms; out-of-gamut OKLCH colours lose chroma, never hue or lightness.
//!
//! This module does not read ICC profiles or support HDR.

use crate::error::GraphicsError;

/// An 8-bit gamma-encoded colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rgb {
    /// The red component.
    pub r: u8,
    /// The green component.
    pub g: u8,
    /// The blue component.
    pub b: u8,
}

/// A colour in OKLCH: lightness 0..1, chroma, hue in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oklch {
    /// The lightness, from 0 (black) to 1 (white).
    pub l: f32,
    /// The chroma. sRGB reaches roughly 0.3.
    pub c: f32,
    /// The hue in degrees.
    pub h: f32,
}

impl Rgb {
    /// Pure white.
    pub const WHITE: Self = Self::new(255, 255, 255);
    /// Pure black.
    pub const BLACK: Self = Self::new(0, 0, 0);

    /// Creates a colour from its components.
    pub const fn new(r: u8, g: u8, b: u8) -> Self {
        Self { r, g, b }
    }

    /// Parses `#rgb` or `#rrggbb`, with or without `#`.
    pub fn from_hex(text: &str) -> Result<Self, GraphicsError> {
        let bad = || GraphicsError::BadColour { text: text.to_owned() };
        let digits = text.trim().trim_start_matches('#');
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad());
        }
        let wide: String = match digits.len() {
            3 => digits.chars().flat_map(|c| [c, c]).collect(),
            6 => digits.to_owned(),
            _ => return Err(bad()),
        };
        let value = u32::from_str_radix(&wide, 16).map_err(|_| bad())?;
        Ok(Self::new((value >> 16) as u8, (value >> 8) as u8, value as u8))
    }

    /// Returns the colour as `#RRGGBB`.
    pub fn to_hex(self) -> String {
        format!("#{:02X}{:02X}{:02X}", self.r, self.g, self.b)
    }

    /// Returns the gamma-encoded components in 0..1.
    pub fn to_float(self) -> [f32; 3] {
        [self.r, self.g, self.b].map(|v| f32::from(v) / 255.0)
    }

    /// Creates a colour from gamma-encoded components in 0..1, clamped.
    pub fn from_float(rgb: [f32; 3]) -> Self {
        let [r, g, b] = rgb.map(|v| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8);
        Self::new(r, g, b)
    }

    /// Converts the colour to BT.709 limited-range Y', Cb, Cr, rounded to 8-bit codes.
    pub fn to_ycc(self) -> [u8; 3] {
        rgb_to_ycc(self.to_float()).map(|v| (v + 0.5) as u8)
    }

    /// Returns the WCAG 2.x relative luminance.
    pub fn luminance(self) -> f32 {
        let [r, g, b] = self.to_float().map(srgb_to_linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// Converts the colour to OKLCH.
    pub fn to_oklch(self) -> Oklch {
        let [l, a, b] = linear_to_oklab(self.to_float().map(srgb_to_linear));
        Oklch { l, c: a.hypot(b), h: b.atan2(a).to_degrees().rem_euclid(360.0) }
    }

    /// Mixes two colours linearly in gamma-encoded values. `t` = 0 gives `self`.
    pub fn mix(self, other: Self, t: f32) -> Self {
        let (a, b) = (self.to_float(), other.to_float());
        Self::from_float([0, 1, 2].map(|i| a[i] + (b[i] - a[i]) * t))
    }
}

impl Oklch {
    /// Creates a colour from its components.
    pub const fn new(l: f32, c: f32, h: f32) -> Self {
        Self { l, c, h }
    }

    /// Returns OKLab coordinates.
    pub fn to_oklab(self) -> [f32; 3] {
        let (sin, cos) = self.h.to_radians().sin_cos();
        [self.l, self.c * cos, self.c * sin]
    }

    /// Converts the colour to 8-bit sRGB. Reduces the chroma of an out-of-gamut colour by bisection.
    pub fn to_rgb(self) -> Rgb {
        let l = self.l.clamp(0.0, 1.0);
        let linear = |c: f32| oklab_to_linear(Self { l, c, h: self.h }.to_oklab());
        let fits = |rgb: [f32; 3]| rgb.iter().all(|v| (-1e-4..=1.0001).contains(v));
        let mut best = linear(self.c);
        if !fits(best) {
            let (mut low, mut high) = (0.0, self.c);
            for _ in 0..20 {
                let mid = 0.5 * (low + high);
                if fits(linear(mid)) { low = mid } else { high = mid }
            }
            best = linear(low);
        }
        Rgb::from_float(best.map(linear_to_srgb))
    }
}

/// Returns the WCAG contrast ratio, 1 to 21.
pub fn contrast(a: Rgb, b: Rgb) -> f32 {
    let (a, b) = (a.luminance(), b.luminance());
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Converts gamma-encoded R'G'B' in 0..1 to BT.709 limited-range Y', Cb, Cr in 8-bit codes, not rounded. The
/// coefficients are from ITU-R BT.709-6, item 3; the ranges are from item 4.
pub fn rgb_to_ycc([r, g, b]: [f32; 3]) -> [f32; 3] {
    let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    [16.0 + 219.0 * y, 128.0 + 224.0 * (b - y) / 1.8556, 128.0 + 224.0 * (r - y) / 1.5748]
}

/// Converts BT.709 Y'CbCr codes back to R'G'B': the inverse of [`rgb_to_ycc`], clamped to 0..1.
pub fn ycc_to_rgb([y, cb, cr]: [f32; 3]) -> [f32; 3] {
    let y = (y - 16.0) / 219.0;
    let b = y + 1.8556 * (cb - 128.0) / 224.0;
    let r = y + 1.5748 * (cr - 128.0) / 224.0;
    let g = (y - 0.2126 * r - 0.0722 * b) / 0.7152;
    [r, g, b].map(|v| v.clamp(0.0, 1.0))
}

/// Decodes an sRGB value to linear light (IEC 61966-2-1).
pub fn srgb_to_linear(v: f32) -> f32 {
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// Encodes linear light as an sRGB value (IEC 61966-2-1).
pub fn linear_to_srgb(v: f32) -> f32 {
    let v = v.clamp(0.0, 1.0);
    if v <= 0.003_130_8 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 }
}

/// Converts linear sRGB to OKLab (B. Ottosson, "A perceptual color space for image processing", 2020).
pub fn linear_to_oklab([r, g, b]: [f32; 3]) -> [f32; 3] {
    let l = (0.412_221_46 * r + 0.536_332_55 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

/// Converts OKLab to linear sRGB: the inverse of [`linear_to_oklab`]. Components may exceed 0..1.
pub fn oklab_to_linear([l, a, b]: [f32; 3]) -> [f32; 3] {
    let cube = |v: f32| v * v * v;
    let lc = cube(l + 0.396_337_78 * a + 0.215_803_76 * b);
    let mc = cube(l - 0.105_561_346 * a - 0.063_854_17 * b);
    let sc = cube(l - 0.089_484_18 * a - 1.291_485_5 * b);
    [
        4.076_741_7 * lc - 3.307_711_6 * mc + 0.230_969_94 * sc,
        -1.268_438 * lc + 2.609_757_4 * mc - 0.341_319_38 * sc,
        -0.004_196_086_3 * lc - 0.703_418_6 * mc + 1.707_614_7 * sc,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pure_colours_survive_8_bit_ycc() {
        for hex in ["#FF0000", "#00FF00", "#0000FF", "#FFFFFF", "#000000", "#FFD60A"] {
            let rgb = Rgb::from_hex(hex).unwrap();
            let back = Rgb::from_float(ycc_to_rgb(rgb.to_ycc().map(f32::from)));
            for (a, b) in [(rgb.r, back.r), (rgb.g, back.g), (rgb.b, back.b)] {
                assert!(a.abs_diff(b) <= 2, "{hex} came back as {back:?}");
            }
        }
        // BT.709 limited-range red is 63, 102, 240.
        assert_eq!(Rgb::new(255, 0, 0).to_ycc(), [63, 102, 240]);
        let red = Rgb::from_float(ycc_to_rgb([63.0, 102.0, 240.0]));
        assert!(red.r >= 254 && red.g <= 1 && red.b <= 1, "{red:?}");
    }

    #[test]
    fn hex_is_read_and_refused() {
        assert_eq!(Rgb::from_hex("#fd0").unwrap(), Rgb::new(255, 221, 0));
        assert_eq!(Rgb::from_hex("FFD60A").unwrap().to_hex(), "#FFD60A");
        for bad in ["", "#12", "#12345", "red", "#ÿÿÿ", "+12345"] {
            assert!(Rgb::from_hex(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn oklch_round_trips_and_stays_in_gamut() {
        let c = Rgb::new(200, 90, 40);
        let back = c.to_oklch().to_rgb();
        assert!(
            c.r.abs_diff(back.r) <= 1 && c.g.abs_diff(back.g) <= 1 && c.b.abs_diff(back.b) <= 1
        );
        let wild = Oklch::new(0.8, 0.5, 145.0).to_rgb().to_oklch();
        assert!((wild.l - 0.8).abs() < 0.02 && (wild.h - 145.0).abs() < 6.0, "{wild:?}");
    }

    #[test]
    fn contrast_matches_published_pairs() {
        let plate = Rgb::from_hex("#111111").unwrap();
        assert!((contrast(Rgb::WHITE, plate) - 18.9).abs() < 0.1);
        assert!((contrast(Rgb::from_hex("#FFD60A").unwrap(), plate) - 13.4).abs() < 0.1);
    }
}
