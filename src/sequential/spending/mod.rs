//! Spending functions: one file each, listed in [`SPENDING_FUNCTIONS`].

mod exponential;
mod hwang_shih_decani;
mod kim_demets;
mod obrien_fleming;
mod pocock;

use crate::registry::Entry;
use std::fmt::Debug;

/// A cumulative error-spending function.
pub trait SpendingFunction: Debug + Send + Sync {
    /// Error spent by spending time `time` in [0, 1], of `total` in (0, 1): 0 at 0, `total` at 1, non-decreasing.
    fn spent(&self, total: f64, time: f64) -> f64;
}

/// Every spending function of the scenario file.
pub const SPENDING_FUNCTIONS: &[Entry<dyn SpendingFunction>] =
    &[obrien_fleming::ENTRY, pocock::ENTRY, hwang_shih_decani::ENTRY, kim_demets::ENTRY, exponential::ENTRY];

#[cfg(test)]
mod tests {
    use super::SPENDING_FUNCTIONS;
    use crate::registry::find;
    use proptest::prelude::*;

    /// `tables.md` A23: α = 0.025 at t = ¼, ½, ¾, gsDesign 3.11.
    #[test]
    fn a23_spending_values() {
        let cases: [(&str, &[f64], [f64; 3]); 7] = [
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
                assert!((spent / value - 1.0).abs() < 5e-9, "{name} {parameters:?} at {time}: {spent} {value}");
            }
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
