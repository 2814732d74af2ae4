//! Numbers without trials: the normal law, quadrature, roots, multivariate normal probabilities.
//!
//! | file | holds | accuracy |
//! |---|---|---|
//! | [`normal`] | density, distribution function, upper tail, quantiles | relative 1e-15 down to the last representable tail |
//! | [`gamma`] | gamma law: distribution function, tails, quantiles | relative 1e-12 |
//! | [`quadrature`] | Gauss–Legendre nodes, cached by order; Gauss–Hermite nodes for the normal law | nodes and weights to rounding |
//! | [`panels`] | piecewise-analytic functions of time: aligned panels, antiderivatives | rounding |
//! | [`roots`] | Brent's bracketed root finder; bracket expansion | as asked |
//! | [`bivariate`] | bivariate normal orthants and rectangles | absolute 1e-14 |
//! | [`sorting`] | keys that are the bits of numbers: bytes of the place, then neighbours | exact |
//! | [`lattice`] | rank-1 lattice rules of fixed size | nearly 1/N² for smooth integrands |
//! | [`mvn`] | rectangles of any dimension up to 25, singular correlation allowed | returned with the value |
//!
//! Exponentials come from `libm`, not from the platform, so that every figure has the same bits everywhere.

pub mod bivariate;
pub mod gamma;
pub mod lattice;
pub mod mvn;
pub mod normal;
pub mod panels;
pub mod quadrature;
pub mod roots;
pub mod sorting;
