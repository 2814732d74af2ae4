//! Plots as SVG text: axes with units, lines told apart by colour, dash and marker alike, so that they read in black and white.
//!
//! Own code because it must be small and give the same bytes on every machine: plotting libraries stamp their version or measure
//! installed fonts. Colours are those of Okabe and Ito (2008), told apart by every common kind of colour vision.

mod axis;
mod bars;
mod chart;
mod svg;

pub use axis::Axis;
pub use bars::{Bar, Bars};
pub use chart::{Chart, Kind, Rule, Series};
pub use svg::escape;
