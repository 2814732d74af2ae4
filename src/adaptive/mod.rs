//! Adaptive testing: combination functions, closed testing, intersection tests.

mod intersection;

pub use intersection::{INTERSECTIONS, Intersection};
