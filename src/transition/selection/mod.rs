//! Selection rules: whom to keep among the arms that pass the go criterion. One file a rule, listed in [`SELECTION_RULES`].

mod all;
mod all_passing;
mod best;
mod best_r;
mod within;

use crate::registry::Entry;
use std::fmt::Debug;

/// Keeps arms by their ranking statistic.
pub trait SelectionRule: Debug + Send + Sync {
    /// Marks the arms kept. `merit` holds one number per experimental arm, larger is better (NaN ranks last); `passing`
    /// says which passed the go criterion; `kept` comes in all false and has the same length. Ties go to the first arm.
    fn keep(&self, merit: &[f64], passing: &[bool], kept: &mut [bool]);

    /// Arms kept when every arm passes and none is tied, of `arms`; used to plan the events of stage 2.
    fn planned_kept(&self, arms: usize) -> usize;

    /// Whether the rule looks at the merit at all.
    fn ranks(&self) -> bool {
        true
    }
}

/// Every selection rule of the scenario file.
pub const SELECTION_RULES: &[Entry<dyn SelectionRule>] =
    &[best::ENTRY, best_r::ENTRY, within::ENTRY, all_passing::ENTRY, all::ENTRY];

/// The passing arm with the largest merit that is not yet kept; NaN ranks last.
fn next_best(merit: &[f64], passing: &[bool], kept: &[bool]) -> Option<usize> {
    let mut found: Option<usize> = None;
    for arm in 0..merit.len() {
        if passing[arm]
            && !kept[arm]
            && found.is_none_or(|best| merit[arm] > merit[best] || (merit[best].is_nan() && !merit[arm].is_nan()))
        {
            found = Some(arm);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::registry::find;

    fn keep(rule: &str, parameters: &[f64], merit: &[f64], passing: &[bool]) -> Vec<bool> {
        let mut kept = vec![false; merit.len()];
        (find(super::SELECTION_RULES, rule).unwrap().build)(parameters).keep(merit, passing, &mut kept);
        kept
    }

    #[test]
    fn each_rule_keeps_whom_it_says() {
        let merit = [0.2, 0.5, 0.45];
        assert_eq!(keep("best", &[], &merit, &[true; 3]), [false, true, false]);
        assert_eq!(keep("best", &[], &merit, &[true, false, true]), [false, false, true]);
        assert_eq!(keep("best_r", &[2.0], &merit, &[true; 3]), [false, true, true]);
        assert_eq!(keep("best_r", &[2.0], &merit, &[true, false, false]), [true, false, false]);
        assert_eq!(keep("within", &[0.1], &merit, &[true; 3]), [false, true, true]);
        assert_eq!(keep("within", &[0.1], &merit, &[true, false, true]), [false, false, true]);
        assert_eq!(keep("all_passing", &[], &merit, &[true, false, true]), [true, false, true]);
        assert_eq!(keep("all", &[], &merit, &[true, false, true]), [true, false, true]);
    }

    #[test]
    fn ties_go_to_the_first_and_nan_ranks_last() {
        assert_eq!(keep("best", &[], &[0.5, 0.5], &[true; 2]), [true, false]);
        assert_eq!(keep("best", &[], &[f64::NAN, -3.0], &[true; 2]), [false, true]);
        assert_eq!(keep("best", &[], &[f64::NAN, f64::NAN], &[true; 2]), [true, false]);
        assert_eq!(keep("best", &[], &[0.5, 0.6], &[false; 2]), [false, false]);
    }
}
