//! Intersection tests of the closed test.

/// How the p-value of an intersection hypothesis is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intersection {
    /// Dunnett's many-to-one test, for any allocation.
    Dunnett,
    /// Bonferroni.
    Bonferroni,
}

/// Every intersection test with its name in the file.
pub const INTERSECTIONS: &[(Intersection, &str)] =
    &[(Intersection::Dunnett, "dunnett"), (Intersection::Bonferroni, "bonferroni")];
