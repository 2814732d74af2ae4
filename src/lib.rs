//! `seamline` answers, for a scenario file, what a group-sequential or seamless phase II/III trial will do:
//! power, type I error, sample size, duration, and which transition rule deserves to be in the protocol.
//!
//! The whole house hangs on one idea:
//!
//! ```text
//! Truth      what nature does          hazards, delay, immune response, correlation, drop-out, enrolment
//! Protocol   what is fixed in advance  arms, looks, tests, bounds, transition rule, combination, sample size
//! Engine     (Protocol, Truth) -> OperatingCharacteristics
//! ```
//!
//! # Words
//!
//! Time is in months. Probabilities are one-sided unless a name says two-sided. A hazard ratio below 1 favours the
//! experimental arm; a standardised statistic is positive when it favours the experimental arm. Arm 0 is the control.
//!
//! # Map, lowest floor first (a room imports only from floors below it)
//!
//! | room | holds |
//! |---|---|
//! | [`invalid`], [`registry`] | the shared error for impossible numbers; how named parts are listed |
//! | [`numerics`] | normal law, quadrature, roots, multivariate normal probabilities |
//! | [`survival`] | piecewise-constant hazards, the illness–death course and its laws |
//! | [`truth`] | enrolment, drop-out, strata, delayed effects, immune response and assays |
//! | [`statistics`] | every statistic from data and in expectation |
//! | [`sequential`] | spending functions, boundaries, crossing probabilities |
//! | [`adaptive`] | combination functions, closed testing, intersection tests |
//! | [`transition`] | when to look, what to compute, whom to keep |
//! | [`protocol`] | puts the three above together |
//! | [`engine`] | `analytic`, `asymptotic`, `simulation`; operating characteristics |
//! | [`search`] | sample size: call an engine, move a number |
//! | [`scenario`] | the file format: raw, checked, patched, described by a JSON Schema |
//! | [`study`] | candidates × truths × points; parts and stores |
//! | [`report`] | tables, figures, the page in two languages; the dictionary of names, units and formats |
//! | [`cli`] | verbs and flags |

pub mod adaptive;
pub mod cli;
pub mod engine;
pub mod invalid;
pub mod numerics;
pub mod protocol;
pub mod registry;
pub mod report;
pub mod scenario;
pub mod search;
pub mod sequential;
pub mod statistics;
pub mod study;
pub mod survival;
pub mod transition;
pub mod truth;
