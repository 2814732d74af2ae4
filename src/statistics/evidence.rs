//! What a test statistic finds in data: effect and variance, added over strata, and the Z they make.

use crate::invalid::Invalid;
use crate::statistics::{Observations, RiskSet, TestStatistic};
use std::ops::AddAssign;

/// Effect estimate e and its variance v, of a stratum or added over strata; Z = e/√v.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Evidence {
    /// e, positive when it favours the experimental arm: −U of a score, or a weighted difference of survival or restricted means.
    pub effect: f64,
    /// v: the variance the test uses.
    pub variance: f64,
}

impl AddAssign for Evidence {
    fn add_assign(&mut self, other: Self) {
        self.effect += other.effect;
        self.variance += other.variance;
    }
}

impl Evidence {
    /// Z = e/√v; NaN without variance.
    #[inline]
    pub fn z(&self) -> f64 {
        if self.variance > 0.0 { self.effect / self.variance.sqrt() } else { f64::NAN }
    }
}

/// The test statistic of observations, stratified if they carry strata; the share of a stratum is that of its patients.
///
/// # Errors
/// [`Invalid`] when lengths differ or a time is not a number of at least 0.
///
/// ```
/// use seamline::registry::find;
/// use seamline::statistics::{Observations, TEST_STATISTICS, from_data};
/// let milestone = (find(TEST_STATISTICS, "milestone").unwrap().build)(&[2.5]);
/// // Control 1, 2, 3+, 4+; treated 2, 3+, 3+, 4+: survival at 2.5 is ½ and ¾, Greenwood ¼·(1/12 + 1/6) and 9/16·1/12.
/// let data = Observations {
///     time: &[1.0, 2.0, 3.0, 4.0, 2.0, 3.0, 3.0, 4.0],
///     event: &[true, true, false, false, true, false, false, false],
///     treated: &[false, false, false, false, true, true, true, true],
///     stratum: None,
/// };
/// let found = from_data(milestone.as_ref(), &data)?;
/// assert!((found.effect - 0.25).abs() < 1e-15 && (found.variance - (1.0 / 16.0 + 3.0 / 64.0)).abs() < 1e-15);
/// # Ok::<(), seamline::invalid::Invalid>(())
/// ```
pub fn from_data(statistic: &dyn TestStatistic, observations: &Observations) -> Result<Evidence, Invalid> {
    observations.check()?;
    let mut total = Evidence::default();
    for (sets, share) in strata(observations) {
        total += statistic.of_stratum(&sets, share);
    }
    Ok(total)
}

/// Risk sets and share of the patients of every stratum, in increasing order of the labels.
pub(crate) fn strata(observations: &Observations) -> Vec<(Vec<RiskSet>, f64)> {
    let mut counts = std::collections::BTreeMap::from_iter(observations.stratum.is_none().then_some((0, 0u32)));
    for i in 0..observations.time.len() {
        *counts.entry(observations.stratum.map_or(0, |stratum| stratum[i])).or_insert(0) += 1;
    }
    let patients = observations.time.len().max(1) as f64;
    let mut found: Vec<(Vec<RiskSet>, f64)> =
        counts.values().map(|&count| (Vec::new(), f64::from(count) / patients)).collect();
    observations.for_each_risk_set(|rank, set| found[rank].0.push(set));
    found
}
