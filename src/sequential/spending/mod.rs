//! Spending functions: one file each, listed in [`SPENDING_FUNCTIONS`].

mod beta_distribution;
mod between;
mod exponential;
mod hwang_shih_decani;
mod kim_demets;
mod location_scale;
mod obrien_fleming;
mod pocock;
mod points;
mod xi_gallo;

pub use between::Between;

use crate::invalid::Invalid;
use crate::registry::{Entry, Parameter};
use std::fmt::Debug;
use std::sync::Arc;

/// A cumulative error-spending function.
pub trait SpendingFunction: Debug + Send + Sync {
    /// Error spent by spending time `time` in [0, 1], of `total` in (0, 1): 0 at 0, `total` at 1, non-decreasing.
    fn spent(&self, total: f64, time: f64) -> f64;
}

/// Every spending function that parameters fix.
pub const SPENDING_FUNCTIONS: &[Entry<dyn SpendingFunction>] = &[
    obrien_fleming::ENTRY,
    pocock::ENTRY,
    hwang_shih_decani::ENTRY,
    kim_demets::ENTRY,
    exponential::ENTRY,
    beta_distribution::ENTRY,
    location_scale::LOGISTIC,
    location_scale::NORMAL,
    location_scale::CAUCHY,
    location_scale::EXTREME_VALUE,
    location_scale::EXTREME_VALUE_2,
    location_scale::T,
    xi_gallo::FIRST,
    xi_gallo::SECOND,
    xi_gallo::THIRD,
];

/// A spending function that points of its course fix.
#[derive(Debug)]
pub struct ThroughPoints {
    /// Name in the scenario file.
    pub name: &'static str,
    /// One sentence for the schema and the book.
    pub summary: &'static str,
    /// Fewest and most points.
    pub points: (usize, usize),
    /// Parameters beside the points, in the order `build` takes them.
    pub parameters: &'static [Parameter],
    /// Makes the function from checked points (spending time in (0, 1), increasing; share of the error in [0, 1], not falling)
    /// and parameter values.
    pub build: PointsBuilder,
}

/// How [`ThroughPoints`] makes its function; [`Invalid`] when none goes through the points.
pub type PointsBuilder = fn(&[(f64, f64)], &[f64]) -> Result<Arc<dyn SpendingFunction>, Invalid>;

/// Every spending function that points fix.
pub const SPENDING_THROUGH_POINTS: &[ThroughPoints] = &[
    points::PIECEWISE_LINEAR,
    points::STEP,
    beta_distribution::THROUGH,
    location_scale::LOGISTIC_THROUGH,
    location_scale::NORMAL_THROUGH,
    location_scale::CAUCHY_THROUGH,
    location_scale::EXTREME_VALUE_THROUGH,
    location_scale::EXTREME_VALUE_2_THROUGH,
    location_scale::T_THROUGH,
];

#[cfg(test)]
mod tests {
    use super::{Between, SPENDING_FUNCTIONS, SPENDING_THROUGH_POINTS, SpendingFunction};
    use crate::registry::find;
    use proptest::prelude::*;

    /// `tables.md` A23: α = 0.025 at t = ¼, ½, ¾, gsDesign 3.11.
    #[test]
    fn a23_spending_values() {
        let cases: [(&str, &[f64], [f64; 3]); 12] = [
            ("obrien_fleming", &[1.5], [2.302_962_27e-10, 1.635_257_41e-4, 0.005_416_719_93]),
            ("beta_distribution", &[1.0, 2.0], [0.010_937_5, 0.018_75, 0.023_437_5]),
            ("xi_gallo_1", &[0.6], [8.583_271_76e-7, 6.189_552_8e-4, 0.006_249_047_69]),
            ("xi_gallo_2", &[0.6], [1.157_215_03e-6, 8.111_386_87e-4, 0.007_784_328_09]),
            ("xi_gallo_3", &[0.6], [2.178_136_51e-6, 0.001_057_510_48, 0.008_605_482_83]),
            ("obrien_fleming", &[], [7.366_808_44e-6, 0.001_525_322_76, 0.009_649_324_95]),
            ("pocock", &[], [0.008_934_350_49, 0.015_502_862_7, 0.020_699_723_5]),
            ("hwang_shih_decani", &[-4.0], [8.014_650_82e-4, 0.002_980_073_05, 0.008_902_143_5]),
            ("hwang_shih_decani", &[1.0], [0.008_748_300_22, 0.015_561_483_3, 0.020_867_595_6]),
            ("kim_demets", &[3.0], [3.906_25e-4, 0.003_125, 0.010_546_875]),
            ("exponential", &[0.5], [6.25e-4, 0.005_424_316_63, 0.014_128_643_5]),
            ("exponential", &[0.75], [2.942_321_09e-5, 0.002_021_468_57, 0.010_283_799_1]),
        ];
        for (name, parameters, expected) in cases {
            let function = (find(SPENDING_FUNCTIONS, name).unwrap().build)(parameters);
            for (time, value) in [0.25, 0.5, 0.75].into_iter().zip(expected) {
                let spent = function.spent(0.025, time);
                // Half a unit of the last digit printed, and the rounding of R's 2 - 2Φ.
                let tolerance = 5e-9 * value + f64::EPSILON;
                assert!((spent - value).abs() < tolerance, "{name} {parameters:?} at {time}: {spent} {value}");
            }
        }
    }

    fn through(name: &str, points: &[(f64, f64)], values: &[f64]) -> std::sync::Arc<dyn SpendingFunction> {
        let entry = SPENDING_THROUGH_POINTS.iter().find(|entry| entry.name == name).unwrap();
        (entry.build)(points, values).unwrap()
    }

    /// `tables.md` A23: families through (¼, 0.1 α) and (½, 0.3 α), what they spend by ¾, and their a and b.
    #[test]
    fn a23_families_through_two_points() {
        let points = [(0.25, 0.1), (0.5, 0.3)];
        let cases: [(&str, &[f64], [f64; 2], f64); 7] = [
            ("beta_distribution", &[], [1.544_044_07, 0.866_979_178], 0.014_600_925_7),
            ("logistic", &[], [-0.847_297_86, 1.228_756_25], 0.015_576_923_1),
            ("normal", &[], [-0.524_400_513, 1.122_553_83], 0.014_800_561),
            ("cauchy", &[], [-0.726_542_528, 2.351_141_01], 0.020_609_191_3),
            ("extreme_value", &[], [-0.528_481_882, 0.935_451_668], 0.014_731_637_8),
            ("extreme_value_2", &[], [-0.522_690_397, 1.386_690_64], 0.015_162_037_5),
            ("t_distribution", &[3.0], [-0.584_389_727, 1.377_127_98], 0.016_611_616_7),
        ];
        for (name, values, fitted, expected) in cases {
            let function = through(name, &points, values);
            for (time, share) in points {
                assert!((function.spent(0.025, time) - 0.025 * share).abs() < 1e-13, "{name} {time}");
            }
            // gsDesign's fit of the beta family is good to about 1e-8.
            assert!((function.spent(0.025, 0.75) - expected).abs() < 2e-10, "{name} {}", function.spent(0.025, 0.75));
            let given = [&fitted[..], values].concat();
            let same = (find(SPENDING_FUNCTIONS, name).unwrap().build)(&given);
            assert!((same.spent(0.025, 0.75) - expected).abs() < 2e-10, "{name} {}", same.spent(0.025, 0.75));
        }
    }

    /// `tables.md` A23: truncated and linear; a step by hand.
    #[test]
    fn a23_courses() {
        let hsd = (find(SPENDING_FUNCTIONS, "hwang_shih_decani").unwrap().build)(&[-4.0]);
        let truncated = Between { inner: hsd, from: 0.2, until: 0.8 };
        let linear = through("piecewise_linear", &[(0.2, 0.1), (0.6, 0.5)], &[]);
        let step = through("step", &[(0.25, 0.1), (0.5, 0.4)], &[]);
        let expected =
            [[1.845_270_89e-4, 0.002_980_073_05, 0.017_781_063_3], [0.003_75, 0.01, 0.017_187_5], [0.0025, 0.01, 0.01]];
        for (function, row) in [&truncated as &dyn SpendingFunction, &*linear, &*step].into_iter().zip(expected) {
            for (time, value) in [0.25, 0.5, 0.75].into_iter().zip(row) {
                assert!((function.spent(0.025, time) / value - 1.0).abs() < 5e-9, "{function:?} at {time}");
            }
            assert_eq!([function.spent(0.025, 0.0), function.spent(0.025, 1.0)], [0.0, 0.025]);
        }
    }

    /// The family of t has the Cauchy family at one degree of freedom and comes near the normal one at many.
    #[test]
    fn the_t_family_joins_its_neighbours() {
        for time in [1e-6, 0.01, 0.3, 0.5, 0.7, 0.999] {
            let of =
                |name: &str, values: &[f64]| (find(SPENDING_FUNCTIONS, name).unwrap().build)(values).spent(1.0, time);
            let (cauchy, t) = (of("cauchy", &[-0.5, 1.5]), of("t_distribution", &[-0.5, 1.5, 1.0]));
            assert!((cauchy / t - 1.0).abs() < 1e-10, "{time} {cauchy} {t}");
            let (normal, t) = (of("normal", &[-0.5, 1.5]), of("t_distribution", &[-0.5, 1.5, 1000.0]));
            assert!((normal - t).abs() < 1e-3, "{time} {normal} {t}");
        }
    }

    proptest! {
        #[test]
        fn spending_rises_from_nothing_to_everything(
            which in 0..SPENDING_FUNCTIONS.len(), share in 0.0..=1.0_f64, exponent in -12.0..-0.31_f64,
            early in 0.0..=1.0_f64, late in 0.0..=1.0_f64,
        ) {
            let entry = &SPENDING_FUNCTIONS[which];
            let values: Vec<f64> = entry.parameters.iter().map(|p| (p.low + share * (p.high - p.low)).max(if p.low_open { 1e-9 } else { p.low })).collect();
            for (parameter, &value) in entry.parameters.iter().zip(&values) {
                prop_assert!(parameter.check(value).is_ok());
            }
            let function = (entry.build)(&values);
            let total = 10_f64.powf(exponent);
            prop_assert_eq!(function.spent(total, 0.0), 0.0);
            prop_assert!((function.spent(total, 1.0) / total - 1.0).abs() < 1e-14);
            let (early, late) = (early.min(late), early.max(late));
            let (a, b) = (function.spent(total, early), function.spent(total, late));
            prop_assert!(a >= 0.0 && a <= b * (1.0 + 1e-12) && b <= total * (1.0 + 1e-12), "{} {} {}", a, b, total);
        }
    }
}
