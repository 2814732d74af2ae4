//! Adaptive testing: combination functions, closed testing, intersection tests.
//!
//! | file | holds |
//! |---|---|
//! | [`combination`] | combination functions of two stages, one file each: inverse normal, Fisher, conditional error; their bounds |
//! | [`fisher`] | Fisher's product over several stages with futility stops; Bauer–Köhne; overall p-value |
//! | [`intersection`] | p-values of intersection hypotheses: Dunnett, Bonferroni, Šidák, Simes, one file each |
//! | [`closed`] | the closed test over experimental arms |
//! | [`conditional_error`] | conditional error functions: group-sequential, circular |
//! | [`graph`] | graphical procedures: shares of the level passed on when a hypothesis falls |
//! | [`mams`] | several arms, two stages, every arm above a lower bound goes on |
//! | [`populations`] | a stratum inside the full population: Spiessens and Debois |
//! | [`prospect`] | conditional and predictive power of the final test, seen from the transition |
//! | [`select_best`] | group-sequential designs that keep the best arm at their first look |
//!
//! Sets of experimental arms are bit masks: bit j is the j-th experimental arm (arm j + 1 of the protocol).

pub mod closed;
pub mod combination;
pub mod conditional_error;
pub mod fisher;
pub mod graph;
pub mod intersection;
pub mod mams;
pub mod populations;
pub mod prospect;
pub mod select_best;

pub use combination::{COMBINATION_FUNCTIONS, CombinationFunction, Combining};
pub use intersection::{Bonferroni, Dunnett, INTERSECTIONS, Intersection, IntersectionTest, MAX_ARMS};
pub use prospect::{Prospect, Seen};
