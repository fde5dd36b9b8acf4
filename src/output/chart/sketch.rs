//! A chart as a list of marks in canvas units. Charts only make lists; `render` turns a list into SVG and PNG, so both always
//! show the same.

use super::theme::{self, Colour};
use plotters::style::{FontFamily, FontStyle, IntoFont};

/// A point in canvas units, the origin at the top left.
pub type Pixel = (f64, f64);

/// One thing that is drawn.
#[derive(Clone, Debug)]
pub enum Mark {
    /// A line through points.
    Line {
        /// At least two points.
        points: Vec<Pixel>,
        /// Colour.
        colour: Colour,
        /// Stroke width.
        width: f64,
    },
    /// A filled shape.
    Area {
        /// Its outline.
        points: Vec<Pixel>,
        /// Colour.
        colour: Colour,
        /// 0 (invisible) to 1.
        opacity: f64,
    },
    /// A filled circle.
    Dot {
        /// Centre.
        at: Pixel,
        /// Radius.
        radius: f64,
        /// Colour.
        colour: Colour,
    },
    /// One line of text.
    Text(Text),
}

/// Which end of a text stands at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The text begins there.
    Start,
    /// The text is centred there.
    Middle,
    /// The text ends there.
    End,
}

/// One line of text.
#[derive(Clone, Debug)]
pub struct Text {
    /// The words.
    pub words: String,
    /// Anchor on the baseline.
    pub at: Pixel,
    /// Which end stands there.
    pub anchor: Anchor,
    /// Font size.
    pub size: f64,
    /// Semibold instead of regular.
    pub bold: bool,
    /// Colour.
    pub colour: Colour,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Stroke {
    /// Colour.
    pub colour: Colour,
    /// Width.
    pub width: f64,
    /// Dash pattern, empty for a solid line.
    pub dash: &'static [f64],
}

impl Stroke {
    /// A solid line.
    #[must_use]
    pub const fn solid(colour: Colour, width: f64) -> Self {
        Self { colour, width, dash: &[] }
    }
}

/// Collects marks, in the order of drawing.
#[derive(Clone, Debug, Default)]
pub struct Sketch {
    marks: Vec<Mark>,
}

impl Sketch {
    /// The marks.
    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Draws a line through the points; a gap where a coordinate is not a number.
    pub fn line(&mut self, points: &[Pixel], stroke: Stroke) {
        for run in points.split(|(x, y)| !x.is_finite() || !y.is_finite()).filter(|run| run.len() > 1) {
            if stroke.dash.is_empty() {
                self.push_line(run.to_vec(), stroke);
            } else {
                dashes(run, stroke.dash).into_iter().for_each(|piece| self.push_line(piece, stroke));
            }
        }
    }

    fn push_line(&mut self, points: Vec<Pixel>, stroke: Stroke) {
        self.marks.push(Mark::Line { points, colour: stroke.colour, width: stroke.width });
    }

    /// Fills a shape.
    pub fn area(&mut self, points: Vec<Pixel>, colour: Colour, opacity: f64) {
        self.marks.push(Mark::Area { points, colour, opacity });
    }

    /// Fills a rectangle.
    pub fn rectangle(&mut self, (left, top): Pixel, (right, bottom): Pixel, colour: Colour, opacity: f64) {
        self.area(vec![(left, top), (right, top), (right, bottom), (left, bottom)], colour, opacity);
    }

    /// Fills a circle.
    pub fn dot(&mut self, at: Pixel, radius: f64, colour: Colour) {
        self.marks.push(Mark::Dot { at, radius, colour });
    }

    /// Writes regular text.
    pub fn text(&mut self, at: Pixel, anchor: Anchor, size: f64, colour: Colour, words: impl Into<String>) {
        self.marks.push(Mark::Text(Text { words: words.into(), at, anchor, size, bold: false, colour }));
    }

    /// Writes semibold text.
    pub fn bold(&mut self, at: Pixel, anchor: Anchor, size: f64, colour: Colour, words: impl Into<String>) {
        self.marks.push(Mark::Text(Text { words: words.into(), at, anchor, size, bold: true, colour }));
    }

    /// Writes text on a patch of paper, so that lines below do not run through it.
    pub fn text_on_paper(&mut self, at: Pixel, anchor: Anchor, size: f64, colour: Colour, words: &str) {
        let width = text_width(words, size, true);
        let left = match anchor {
            Anchor::Start => at.0,
            Anchor::Middle => at.0 - width / 2.0,
            Anchor::End => at.0 - width,
        };
        self.rectangle((left - 6.0, at.1 - size), (left + width + 6.0, at.1 + size * 0.35), theme::PAPER, 0.85);
        self.bold(at, anchor, size, colour, words);
    }
}

/// Width of a text in canvas units.
#[must_use]
pub fn text_width(words: &str, size: f64, bold: bool) -> f64 {
    theme::register_fonts();
    let style = if bold { FontStyle::Bold } else { FontStyle::Normal };
    // Measured large and scaled down, because plotters answers in whole pixels.
    let font = (FontFamily::Name(theme::FAMILY), 10.0 * size * EM, style).into_font();
    let (width, _) = font.box_size(words).expect("the embedded font is registered");
    f64::from(width) / 10.0
}

/// Plotters' font size for a font size of 1: it draws a size as the height from ascent to descent, which for Inter is 1.21 em, and
/// writes SVG font sizes divided by 1.24.
pub const EM: f64 = 1.22;

/// The text, cut with an ellipsis where it is wider than `width`.
#[must_use]
pub fn cut_to(words: &str, size: f64, bold: bool, width: f64) -> String {
    if text_width(words, size, bold) <= width {
        return words.to_owned();
    }
    let mut kept: Vec<char> = words.chars().collect();
    while kept.len() > 1 && text_width(&format!("{}…", kept.iter().collect::<String>()), size, bold) > width {
        kept.pop();
    }
    format!("{}…", kept.iter().collect::<String>().trim_end())
}

/// Cuts a line into dashes.
fn dashes(points: &[Pixel], pattern: &[f64]) -> Vec<Vec<Pixel>> {
    let mut pieces = Vec::new();
    let (mut part, mut left) = (0, pattern[0]);
    let mut piece = vec![points[0]];
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        let mut length = distance(from, to);
        while length > left {
            let cut = between(from, to, left / length);
            finish(&mut pieces, &mut piece, part, cut);
            length -= left;
            from = cut;
            part = (part + 1) % pattern.len();
            left = pattern[part];
        }
        left -= length;
        piece.push(to);
    }
    let end = *points.last().expect("a line has points");
    finish(&mut pieces, &mut piece, part, end);
    pieces
}

/// Ends the current piece at `cut`; it is a dash when its place in the pattern is even, and a gap otherwise.
fn finish(pieces: &mut Vec<Vec<Pixel>>, piece: &mut Vec<Pixel>, part: usize, cut: Pixel) {
    let mut done = std::mem::replace(piece, vec![cut]);
    done.push(cut);
    if part.is_multiple_of(2) {
        pieces.push(done);
    }
}

fn distance(a: Pixel, b: Pixel) -> f64 {
    libm::hypot(a.0 - b.0, a.1 - b.1)
}

fn between(a: Pixel, b: Pixel, share: f64) -> Pixel {
    (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dashed_line_covers_its_share_of_the_way_around_corners() {
        let pieces = dashes(&[(0.0, 0.0), (15.0, 0.0), (15.0, 15.0)], &[10.0, 5.0]);
        let drawn: f64 = pieces.iter().flat_map(|piece| piece.windows(2)).map(|pair| distance(pair[0], pair[1])).sum();
        assert_eq!(pieces.len(), 2);
        assert!((drawn - 20.0).abs() < 1e-9, "{drawn}");
    }

    #[test]
    fn a_line_has_a_gap_where_there_is_no_number() {
        let mut sketch = Sketch::default();
        let points = [(0.0, 0.0), (1.0, 1.0), (2.0, f64::NAN), (3.0, 1.0), (4.0, 0.0)];
        sketch.line(&points, Stroke::solid(theme::INK, 1.0));
        assert_eq!(sketch.marks().len(), 2);
    }

    #[test]
    fn a_long_text_is_cut_to_its_place() {
        assert_eq!(cut_to("short", 20.0, false, 400.0), "short");
        let cut = cut_to("a very long name of a very long variant", 20.0, false, 100.0);
        assert!(cut.ends_with('…') && text_width(&cut, 20.0, false) <= 100.0, "{cut}");
    }
}
