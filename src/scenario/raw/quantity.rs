//! Numbers that know their range: each is checked where it is read, and the schema states the same range.

use crate::scenario::limits::{HAZARD, Interval, MONTHS, PATIENTS, POINTS};
use crate::scenario::raw::shape::Short;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error};
use std::borrow::Cow;

macro_rules! quantities {
    ($($(#[$meta:meta])* $name:ident $interval:expr;)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $name(f64);

        impl $name {
            /// Admissible values.
            pub const INTERVAL: Interval = $interval;

            /// The number.
            pub fn get(self) -> f64 {
                self.0
            }
        }

        impl From<$name> for f64 {
            fn from(quantity: $name) -> Self {
                quantity.0
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = f64::deserialize(deserializer)?;
                if Self::INTERVAL.holds(value) { Ok(Self(value)) } else { Err(D::Error::custom(Self::INTERVAL.rule())) }
            }
        }

        impl Short for $name {
            const WORDS: &'static str = "a number";

            fn from_number<E: Error>(number: f64) -> Option<Result<Self, E>> {
                Some(if Self::INTERVAL.holds(number) { Ok(Self(number)) } else { Err(E::custom(Self::INTERVAL.rule())) })
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                Self::INTERVAL.schema()
            }
        }
    )*};
}

quantities! {
    /// A hazard per month.
    Hazard Interval::closed(0.0, HAZARD, " per month");
    /// A time in months, 0 allowed.
    Months Interval::closed(0.0, MONTHS, " months");
    /// A duration in months.
    Duration Interval::above(0.0, MONTHS, " months");
    /// A hazard ratio.
    Ratio Interval::closed(0.001, 1000.0, "");
    /// A probability.
    Probability Interval::closed(0.0, 1.0, "");
    /// A share of patients or of survival, not zero.
    Share Interval::above(0.0, 1.0, "");
    /// A share that is neither nothing nor all.
    Fraction Interval::open(0.0, 1.0);
    /// A cured fraction.
    CuredFraction Interval { high_open: true, ..Interval::closed(0.0, 1.0, "") };
    /// A one-sided level.
    Level Interval::open(0.0, 0.5);
    /// A correlation.
    Correlation Interval::closed(-1.0, 1.0, "");
    /// A standard deviation of a log hazard.
    LogHazardSd Interval::closed(0.0, 5.0, "");
    /// A shape parameter.
    Shape Interval::closed(0.1, 10.0, "");
    /// Patients per month.
    PerMonth Interval::closed(0.0, 10_000.0, " patients per month");
    /// A shift on the latent standard normal scale.
    Shift Interval::closed(-10.0, 10.0, "");
    /// A standard normal bound.
    ZBound Interval::closed(-20.0, 20.0, "");
    /// Wang and Tsiatis's Δ.
    Delta Interval::closed(-1.0, 1.0, "");
    /// Part of an allocation.
    Part Interval::above(0.0, 1000.0, "");
    /// A number of patients or events.
    Count Interval::whole(1.0, PATIENTS, "");
    /// A number of replicates.
    Replicates Interval::whole(1.0, 1e9, "");
    /// One side or two.
    Sides Interval::whole(1.0, 2.0, "");
    /// A small whole number.
    Small Interval::whole(1.0, 100.0, "");
    /// A number of sweep points.
    Points Interval::whole(1.0, POINTS as f64, "");
    /// Any number of a size that trials have.
    Number Interval::closed(-1e6, 1e6, "");
    /// A number of at least zero of a size that trials have.
    NonNegative Interval::closed(0.0, 1e6, "");
    /// A number above zero of a size that trials have.
    Positive Interval::above(0.0, 1e6, "");
}

impl Small {
    /// The number.
    pub fn index(self) -> usize {
        self.get() as usize
    }
}
