//! Adaptive testing: combination functions, closed testing, intersection tests.
//!
//! | file | holds |
//! |---|---|
//! | [`combination`] | inverse normal combination, its conditional error; Fisher's product |
//! | [`fisher`] | Fisher's product over several stages with futility stops; Bauer–Köhne; overall p-value |
//! | [`intersection`] | p-values of intersection hypotheses: Dunnett, Bonferroni, Šidák, Simes, one file each |
//! | [`closed`] | the closed test over experimental arms |
//!
//! Sets of experimental arms are bit masks: bit j is the j-th experimental arm (arm j + 1 of the protocol).

pub mod closed;
pub mod combination;
pub mod fisher;
pub mod intersection;

pub use intersection::{Bonferroni, Dunnett, INTERSECTIONS, Intersection, IntersectionTest, MAX_ARMS};
