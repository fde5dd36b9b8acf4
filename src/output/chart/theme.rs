//! What all charts look like: size, font, colours, line styles. One place, so that a deck made of them looks like one deck.
//!
//! The canvas is 1600 × 900 units, a 16:9 slide; text is never smaller than 19 units, about 11 point on a slide.

use plotters::style::{FontStyle, RGBColor};
use std::sync::Once;

/// A colour.
pub type Colour = RGBColor;

/// Width of the canvas in its own units.
pub const WIDTH: f64 = 1600.0;
/// Height of the canvas.
pub const HEIGHT: f64 = 900.0;
/// Free space at the left and the right.
pub const MARGIN: f64 = 64.0;

/// Size of a title.
pub const TITLE: f64 = 38.0;
/// Size of a subtitle.
pub const SUBTITLE: f64 = 23.0;
/// Size of labels in the chart.
pub const LABEL: f64 = 22.0;
/// Size of tick labels.
pub const TICK: f64 = 20.0;
/// Size of the line of provenance at the bottom.
pub const FOOTER: f64 = 17.0;

/// Title and value labels.
pub const INK: Colour = RGBColor(0x1A, 0x1D, 0x21);
/// Subtitle, axis titles, tick labels.
pub const MUTED: Colour = RGBColor(0x5A, 0x62, 0x6B);
/// Grid lines.
pub const GRID: Colour = RGBColor(0xE3, 0xE6, 0xEA);
/// Axis lines and the frame of shaded spans.
pub const AXIS: Colour = RGBColor(0xA4, 0xAC, 0xB5);
/// Shading of the warm-up.
pub const SHADE: Colour = RGBColor(0xF1, 0xF3, 0xF5);
/// Shading of a maintenance window.
pub const WINDOW: Colour = RGBColor(0xE4, 0xF1, 0xE9);
/// Background.
pub const PAPER: Colour = RGBColor(0xFF, 0xFF, 0xFF);
/// What should not happen: limits, demand not served. Okabe and Ito's vermillion, darkened to read as text.
pub const ALARM: Colour = RGBColor(0xB8, 0x3F, 0x00);

/// Colours of variants, readable with every common colour vision: Okabe and Ito, "Color Universal Design" (2008), without
/// yellow, which is too pale on white, and with orange and sky blue last for the same reason.
pub const PALETTE: [Colour; 6] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x56, 0xB4, 0xE9),
];

/// Dash patterns of variants (line, gap, …; empty for a solid line), so that colour is never the only difference.
pub const DASHES: [&[f64]; 6] =
    [&[], &[16.0, 8.0], &[4.0, 6.0], &[22.0, 6.0, 4.0, 6.0], &[10.0, 5.0], &[22.0, 6.0, 4.0, 6.0, 4.0, 6.0]];

/// The font family, as it stands in the SVG files: where Inter is missing, a metric neighbour takes its place.
pub const FAMILY: &str = "Inter, Helvetica, Arial, sans-serif";

/// Inter Regular, Latin subset; licence: `src/output/font/OFL.txt`.
pub const REGULAR: &[u8] = include_bytes!("../font/Inter-Regular.otf");
/// Inter SemiBold, Latin subset; licence: `src/output/font/OFL.txt`.
pub const SEMIBOLD: &[u8] = include_bytes!("../font/Inter-SemiBold.otf");

/// Makes the embedded fonts known to plotters; needed before any text is measured or drawn.
pub fn register_fonts() {
    static FONTS: Once = Once::new();
    FONTS.call_once(|| {
        for (style, font) in [(FontStyle::Normal, REGULAR), (FontStyle::Bold, SEMIBOLD)] {
            let known = plotters::style::register_font(FAMILY, style, font);
            assert!(known.is_ok(), "an embedded font cannot be read");
        }
    });
}
